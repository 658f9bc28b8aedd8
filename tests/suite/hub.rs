//! Contract: a model comes from the hub whole or not at all, goes on where it was cut off, and nobody else is asked.
//!
//! The hub is a server on this machine that speaks its protocol, and cuts, refuses and lies as told.

use crate::parity::fixtures;
use mnemoscope::engine::{Hub, HubError, Job};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

const REVISION: &str = "0123456789abcdef0123456789abcdef01234567";

/// How the hub behaves.
#[derive(Clone, Default)]
pub(crate) struct Manners {
    /// Status for everything, in place of an answer
    pub(crate) refuse: Option<u16>,
    /// The weights' connection ends after so many bytes, this many times
    pub(crate) cut_after: usize,
    pub(crate) cuts: usize,
    /// How long the weights' connection rests before it ends so, as a slow one would
    pub(crate) rest: std::time::Duration,
    /// Weights are sent with a changed byte
    pub(crate) lie: bool,
    /// A range is answered with the whole file
    pub(crate) no_ranges: bool,
    /// Several GGUF files instead
    pub(crate) ggufs: bool,
}

pub(crate) struct Server {
    pub(crate) address: String,
    log: Arc<Mutex<Vec<String>>>,
}

fn files() -> BTreeMap<String, Vec<u8>> {
    let folder = fixtures().join("gpt2-odd");
    let read = |name: &str| std::fs::read(folder.join(name)).expect("a committed file");
    ["config.json", "generation_config.json", "model.safetensors"]
        .iter()
        .map(|name| ((*name).to_owned(), read(name)))
        .chain([("onnx/model.onnx".to_owned(), vec![0; 9]), ("training_args.bin".to_owned(), vec![1; 9])])
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

fn about(manners: &Manners) -> String {
    let siblings: Vec<serde_json::Value> = if manners.ggufs {
        let gguf = |name: &str| {
            let lfs = serde_json::json!({ "sha256": hex(name.as_bytes()), "size": name.len() });
            serde_json::json!({ "rfilename": name, "size": name.len(), "lfs": lfs })
        };
        vec![gguf("a.Q4_0.gguf"), gguf("a.Q8_0.gguf"), gguf("mmproj-a.gguf")]
    } else {
        let sibling = |(name, bytes): (String, Vec<u8>)| {
            let mut one =
                serde_json::json!({ "rfilename": name, "size": bytes.len(), "blobId": &hex(&bytes)[..40] });
            if name.ends_with(".safetensors") {
                one["lfs"] = serde_json::json!({ "sha256": hex(&bytes), "size": bytes.len() });
            }
            one
        };
        files().into_iter().map(sibling).collect()
    };
    serde_json::json!({
        "id": "owner/tiny", "sha": REVISION, "cardData": { "license": "apache-2.0" }, "siblings": siblings,
    })
    .to_string()
}

impl Server {
    /// Two of them: the hub, and the host that large files lie on.
    pub(crate) fn start(manners: &Manners) -> Self {
        let log = Arc::new(Mutex::new(Vec::new()));
        let cuts = Arc::new(Mutex::new(manners.cuts));
        let listen = || TcpListener::bind("127.0.0.1:0").expect("a free port");
        let (hub, store) = (listen(), listen());
        let port = |listener: &TcpListener| listener.local_addr().expect("an address").port();
        let address = format!("http://127.0.0.1:{}", port(&hub));
        let elsewhere = format!("http://localhost:{}", port(&store));
        for listener in [hub, store] {
            let (manners, log, cuts, elsewhere) =
                (manners.clone(), log.clone(), cuts.clone(), elsewhere.clone());
            let serve = move || {
                for stream in listener.incoming().flatten() {
                    answer(&stream, &manners, &log, &cuts, &elsewhere);
                }
            };
            std::thread::Builder::new().name("hub".into()).spawn(serve).expect("a thread");
        }
        Self { address, log }
    }

    fn hub(&self, folder: &Path) -> Hub {
        Hub {
            endpoint: self.address.clone(),
            token: Some("secret".into()),
            folder: folder.to_owned(),
            offline: false,
        }
    }

    pub(crate) fn asked(&self, part: &str) -> usize {
        self.log.lock().expect("no panic").iter().filter(|line| line.contains(part)).count()
    }
}

fn answer(
    mut stream: &TcpStream,
    manners: &Manners,
    log: &Mutex<Vec<String>>,
    cuts: &Mutex<usize>,
    elsewhere: &str,
) {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let request = lines.next().unwrap_or_default();
    let headers: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    let header = |name: &str| {
        headers.iter().find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then(|| value.to_owned())
        })
    };
    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
    let (token, range) = (header("authorization"), header("range"));
    log.lock().expect("no panic").push(format!("{path} token={token:?} range={range:?}"));
    let mut send = |head: String, body: &[u8]| {
        let head = format!("HTTP/1.1 {head}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
        // The other side may be gone, as it may be told to
        let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
    };
    if let Some(status) = manners.refuse {
        return send(format!("{status} No"), b"");
    }
    if path.starts_with("/api/models/owner/tiny") {
        return send("200 OK".into(), about(manners).as_bytes());
    }
    let files = files();
    let name = path.rsplit('/').next().unwrap_or_default();
    let Some(bytes) = files.get(name) else { return send("404 Not Found".into(), b"") };
    if path.contains("/resolve/") && name.ends_with(".safetensors") {
        return send(format!("302 Found\r\nLocation: {elsewhere}/blob/{name}"), b"");
    }
    let mut bytes = bytes.clone();
    if manners.lie && name.ends_with(".safetensors") {
        bytes[5000] ^= 1;
    }
    let asked: usize = range.and_then(|range| range[6..].trim_end_matches('-').parse().ok()).unwrap_or(0);
    let from = if manners.no_ranges { 0 } else { asked };
    if from > 0 && from >= bytes.len() {
        return send("416 Range Not Satisfiable".into(), b"");
    }
    let status = if from > 0 {
        format!("206 Partial Content\r\nContent-Range: bytes {from}-{}/{}", bytes.len() - 1, bytes.len())
    } else {
        "200 OK".into()
    };
    let rest = &bytes[from..];
    let mut left = cuts.lock().expect("no panic");
    if name.ends_with(".safetensors") && *left > 0 && rest.len() > manners.cut_after {
        *left -= 1;
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n", rest.len());
        let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&rest[..manners.cut_after]));
        std::thread::sleep(manners.rest);
        return;
    }
    send(status, rest);
}

fn place() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

fn weights_are_right(folder: &Path) {
    let expected = &files()["model.safetensors"];
    assert!(std::fs::read(folder.join("model.safetensors")).expect("fetched") == *expected, "other bytes");
}

#[test]
fn an_offer_says_size_and_licence_and_fetches_nothing() {
    let (server, place) = (Server::start(&Manners::default()), place());
    let offer = server.hub(place.path()).look_up("owner/tiny", None, &Job::new()).expect("an offer");
    let bytes: usize = files()
        .iter()
        .filter(|(name, _)| !name.contains('/') && !name.contains("args"))
        .map(|(_, b)| b.len())
        .sum();
    assert_eq!(offer.licence.as_deref(), Some("apache-2.0"));
    assert_eq!((offer.bytes, offer.missing), (bytes as u64, bytes as u64));
    assert_eq!(offer.files, ["config.json", "generation_config.json", "model.safetensors"]);
    assert_eq!(server.asked(""), 1);
    assert_eq!(std::fs::read_dir(place.path()).expect("a folder").count(), 0);
}

#[test]
fn a_model_comes_whole_and_lies_where_hugging_face_looks() {
    let (server, place) = (Server::start(&Manners::default()), place());
    let hub = server.hub(place.path());
    let offer = hub.look_up("owner/tiny", None, &Job::new()).expect("an offer");
    let folder = hub.fetch(&offer, &Job::new()).expect("fetched");
    let repository = place.path().join("models--owner--tiny");
    assert_eq!(folder, repository.join("snapshots").join(REVISION));
    assert_eq!(std::fs::read_to_string(repository.join("refs/main")).expect("a reference"), REVISION);
    let blob = repository.join("blobs").join(hex(&files()["model.safetensors"]));
    assert!(blob.is_file(), "the blob is named by its sum");
    weights_are_right(&folder);
    mnemoscope::model::Model::open(&folder).expect("it opens");
    // The token is for the hub, and no business of the host that files lie on
    assert!(server.asked("token=Some(\"Bearer secret\")") >= 3);
    assert_eq!(server.asked("/blob/model.safetensors token=None"), 1);
    // A second time nothing is missing, and no file is asked for
    let again = hub.look_up("owner/tiny", None, &Job::new()).expect("an offer");
    assert_eq!(again.missing, 0);
    let before = server.asked("/resolve/");
    hub.fetch(&again, &Job::new()).expect("all there");
    assert_eq!(server.asked("/resolve/"), before);
}

#[test]
fn a_cut_connection_goes_on_where_it_was() {
    let server = Server::start(&Manners { cut_after: 20_000, cuts: 3, ..Manners::default() });
    let place = place();
    let hub = server.hub(place.path());
    let offer = hub.look_up("owner/tiny", None, &Job::new()).expect("an offer");
    weights_are_right(&hub.fetch(&offer, &Job::new()).expect("fetched in pieces"));
    assert!(server.asked("range=Some(\"bytes=20000-\")") >= 1);
    assert!(server.asked("range=Some(\"bytes=60000-\")") >= 1);
}

#[test]
fn a_hub_without_ranges_starts_over() {
    let server =
        Server::start(&Manners { cut_after: 20_000, cuts: 1, no_ranges: true, ..Manners::default() });
    let place = place();
    let hub = server.hub(place.path());
    let offer = hub.look_up("owner/tiny", None, &Job::new()).expect("an offer");
    weights_are_right(&hub.fetch(&offer, &Job::new()).expect("fetched from the start"));
}

#[test]
fn a_connection_that_never_gives_anything_is_given_up() {
    let server = Server::start(&Manners { cut_after: 0, cuts: usize::MAX, ..Manners::default() });
    let place = place();
    let hub = server.hub(place.path());
    let offer = hub.look_up("owner/tiny", None, &Job::new()).expect("an offer");
    let error = hub.fetch(&offer, &Job::new()).expect_err("nothing comes");
    assert!(matches!(error, HubError::Connection { .. }), "{error}");
}

#[test]
fn cancelling_keeps_what_came_and_a_later_try_goes_on() {
    let (server, place) = (Server::start(&Manners::default()), place());
    let hub = server.hub(place.path());
    let offer = hub.look_up("owner/tiny", None, &Job::new()).expect("an offer");
    let slot: Arc<Mutex<Option<Job>>> = Arc::default();
    let inside = slot.clone();
    let job = Job::with_progress(move |progress| {
        if progress.done > 0.3
            && let Some(job) = inside.lock().expect("no panic").as_ref()
        {
            job.cancel();
        }
    });
    *slot.lock().expect("no panic") = Some(job.clone());
    let error = hub.fetch(&offer, &job).expect_err("cancelled half-way");
    assert!(matches!(error, HubError::Cancelled), "{error}");
    let offer = hub.look_up("owner/tiny", None, &Job::new()).expect("an offer");
    assert!(offer.missing > 0 && offer.missing < offer.bytes, "{} of {}", offer.missing, offer.bytes);
    weights_are_right(&hub.fetch(&offer, &Job::new()).expect("the rest"));
    assert!(server.asked("range=Some(") >= 1, "it went on");
}

#[test]
fn a_wrong_sum_is_told_and_leaves_nothing() {
    let (server, place) = (Server::start(&Manners { lie: true, ..Manners::default() }), place());
    let hub = server.hub(place.path());
    let offer = hub.look_up("owner/tiny", None, &Job::new()).expect("an offer");
    let error = hub.fetch(&offer, &Job::new()).expect_err("another byte");
    assert!(matches!(&error, HubError::Checksum { file, .. } if file == "model.safetensors"), "{error}");
    let repository = place.path().join("models--owner--tiny");
    assert!(!repository.join("refs/main").exists());
    let blobs = std::fs::read_dir(repository.join("blobs")).expect("a folder").flatten();
    assert!(blobs.into_iter().all(|blob| !blob.path().to_string_lossy().ends_with(".incomplete")));
}

#[test]
fn refusals_say_what_to_do() {
    let place = place();
    let look = |status: u16, token: Option<&str>| {
        let server = Server::start(&Manners { refuse: Some(status), ..Manners::default() });
        let hub = Hub { token: token.map(str::to_owned), ..server.hub(place.path()) };
        hub.look_up("owner/tiny", None, &Job::new()).expect_err("refused")
    };
    assert!(matches!(look(404, None), HubError::NotFound(_)));
    assert!(matches!(look(401, None), HubError::NotFound(_)), "the hub hides private models so");
    for status in [401, 403] {
        let error = look(status, Some("secret"));
        assert!(matches!(error, HubError::Gated(_)), "{status}: {error}");
        assert!(error.hint().is_some_and(|hint| hint.contains("terms")));
    }
    assert!(matches!(look(500, None), HubError::Status { status: 500, .. }));
}

#[test]
fn offline_means_no_connection() {
    let (server, place) = (Server::start(&Manners::default()), place());
    let hub = Hub { offline: true, ..server.hub(place.path()) };
    assert!(matches!(hub.look_up("owner/tiny", None, &Job::new()), Err(HubError::Offline)));
    assert_eq!(server.asked(""), 0);
}

#[test]
fn names_cannot_lead_out_of_the_cache() {
    let (server, place) = (Server::start(&Manners::default()), place());
    for name in ["", "../up", "a/b/c", "a/..", "a b", "a/b?x", "-x--y/z", "a\\b"] {
        let found = server.hub(place.path()).look_up(name, None, &Job::new());
        assert!(matches!(found, Err(HubError::Name(_))), "{name}: {found:?}");
    }
    assert_eq!(server.asked(""), 0);
}

#[test]
fn of_several_gguf_files_one_is_chosen() {
    let (server, place) = (Server::start(&Manners { ggufs: true, ..Manners::default() }), place());
    let hub = server.hub(place.path());
    let error = hub.look_up("owner/tiny", None, &Job::new()).expect_err("which?");
    assert!(matches!(&error, HubError::Choose { files, .. } if files.len() == 2), "{error}");
    let offer = hub.look_up("owner/tiny", Some("a.Q8_0.gguf"), &Job::new()).expect("this one");
    assert_eq!(offer.files, ["a.Q8_0.gguf"]);
}

#[test]
fn the_command_line_asks_first_and_opens_by_name() {
    let (server, place) = (Server::start(&Manners::default()), place());
    let run = |arguments: &[&str]| {
        std::process::Command::new(env!("CARGO_BIN_EXE_mnemoscope"))
            .args(arguments)
            .env("HF_ENDPOINT", &server.address)
            .env("HF_HOME", place.path())
            .env("HOME", place.path())
            .env("MNEMOSCOPE_CONFIG_DIR", place.path().join("settings"))
            .env_remove("HF_HUB_CACHE")
            .env_remove("HF_TOKEN")
            .env_remove("HF_HUB_OFFLINE")
            .stdin(std::process::Stdio::null())
            .output()
            .expect("the binary runs")
    };
    let get = ["models", "--get", "owner/tiny"];
    let asked = run(&get);
    let told = String::from_utf8_lossy(&asked.stderr).into_owned();
    assert_eq!(asked.status.code(), Some(1), "{told}");
    assert!(told.contains("apache-2.0") && told.contains("--yes"), "{told}");
    let refused = run(&["--offline", "models", "--get", "owner/tiny", "--yes"]);
    assert_eq!(refused.status.code(), Some(1));
    assert_eq!(server.asked("/resolve/"), 0);
    assert!(run(&["models", "--forbid"]).status.success());
    assert_eq!(run(&["models", "--get", "owner/tiny", "--yes"]).status.code(), Some(1));
    assert!(run(&["models", "--online"]).status.success());
    let fetched = run(&["models", "--get", "owner/tiny", "--yes", "--json"]);
    assert!(fetched.status.success(), "{}", String::from_utf8_lossy(&fetched.stderr));
    let opened = run(&["info", "owner/tiny", "--json"]);
    let info: serde_json::Value = serde_json::from_slice(&opened.stdout).expect("one object");
    assert_eq!(info["name"], "owner/tiny", "{info}");
    let requests = server.asked("");
    let listed = run(&["models", "--json"]);
    let list: serde_json::Value = serde_json::from_slice(&listed.stdout).expect("one object");
    let model = &list["models"][0];
    assert_eq!((&model["name"], &model["place"]), (&"owner/tiny".into(), &"hugging-face".into()), "{list}");
    assert_eq!((&model["container"], &model["family"]), (&"safetensors".into(), &"gpt2".into()));
    assert_eq!(server.asked(""), requests, "a list asks nobody");
}

/// Nothing but the hub's own folder may speak to a network.
#[test]
fn no_other_part_of_the_program_can_connect() {
    fn look(folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).expect("a readable folder").flatten() {
            let path = entry.path();
            if path.is_dir() && !path.ends_with("engine/hub") {
                look(&path, found);
            } else if path.is_file() {
                let text = std::fs::read_to_string(&path).expect("a readable file");
                if ["ureq::", "TcpStream", "UdpSocket", "std::net", "ToSocketAddrs"]
                    .iter()
                    .any(|way| text.contains(way))
                {
                    found.push(path.display().to_string());
                }
            }
        }
    }
    let mut found = Vec::new();
    look(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    assert!(found.is_empty(), "{found:?}");
}
