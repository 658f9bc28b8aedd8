//! Contract: models of other programs are found by header alone, newest first, and open by the listed name.

use crate::files::write;
use crate::parity::fixtures;
use mnemoscope::engine::{Found, Job, Library, Place};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

fn copy(from: &Path, to: &Path) {
    write(to, std::fs::read(from).expect("a committed file"));
}

fn model(to: &Path) {
    for file in ["config.json", "model.safetensors"] {
        copy(&fixtures().join("gpt2-odd").join(file), &to.join(file));
    }
}

fn gguf(to: &Path) {
    copy(&fixtures().join("tokenizers/bpe-gpt-2.gguf"), to);
}

fn age(file: &Path, days: u64) {
    let time = SystemTime::now() - Duration::from_secs(days * 86_400);
    std::fs::File::options().write(true).open(file).and_then(|file| file.set_modified(time)).expect("dated");
}

fn named<'a>(found: &'a [Found], name: &str) -> &'a Found {
    let names: Vec<&str> = found.iter().map(|one| one.name.as_str()).collect();
    found.iter().find(|one| one.name == name).unwrap_or_else(|| panic!("{name} is not in {names:?}"))
}

fn scan(library: &Library) -> Vec<Found> {
    library.scan(&Job::new())
}

#[test]
fn hugging_faces_cache() {
    let place = tempfile::tempdir().expect("a folder");
    let hub = place.path().to_owned();
    let repository = hub.join("models--owner--name");
    model(&repository.join("snapshots/old"));
    model(&repository.join("snapshots/new"));
    write(&repository.join("refs/main"), b"old");
    model(&hub.join("models--solo/snapshots/x"));
    gguf(&hub.join("models--a--b-gguf/snapshots/x/b.Q4_0.gguf"));
    gguf(&hub.join("models--a--two/snapshots/x/one.gguf"));
    gguf(&hub.join("models--a--two/snapshots/x/two.gguf"));
    gguf(&hub.join("models--a--two/snapshots/x/mmproj-two.gguf"));
    let large = hub.join("models--a--large/snapshots/x");
    for part in 1..=2 {
        gguf(&large.join(format!("Q4/large-Q4-0000{part}-of-00002.gguf")));
    }
    gguf(&large.join("Q8/large-Q8.gguf"));
    copy(&fixtures().join("gpt2-odd/config.json"), &large.join("config.json"));
    write(&hub.join("datasets--a--b/snapshots/x/data.bin"), b"data");
    write(&hub.join("models--empty--one/refs/main"), b"gone");
    let found = scan(&Library { hub: Some(hub), ..Library::default() });
    assert_eq!(named(&found, "owner/name").path, Some(repository.join("snapshots/old")), "refs/main decides");
    assert_eq!(named(&found, "owner/name").family.as_deref(), Some("gpt2"));
    assert_eq!(named(&found, "solo").container, "safetensors");
    assert_eq!(named(&found, "a/b-gguf").family.as_deref(), Some("llama"));
    assert_eq!(named(&found, "a/two/two.gguf").container, "GGUF");
    let packed = named(&found, "a/large/Q4/large-Q4-00001-of-00002.gguf");
    assert_eq!(packed.bytes, 2 * named(&found, "a/large/Q8/large-Q8.gguf").bytes, "parts count together");
    assert_eq!(found.len(), 8, "and the embedded one");
    assert!(found.iter().all(|one| one.fits && one.bytes > 0));
}

#[test]
fn ollamas_manifests() {
    let place = tempfile::tempdir().expect("a folder");
    let root = place.path().to_owned();
    let manifest = |digest: &str| {
        serde_json::json!({ "layers": [
            { "mediaType": "application/vnd.ollama.image.license", "digest": "sha256:00" },
            { "mediaType": "application/vnd.ollama.image.model", "digest": digest },
        ]})
        .to_string()
    };
    let manifests = root.join("manifests/registry.ollama.ai");
    write(&manifests.join("library/llama3.2/1b"), manifest("sha256:ab12").as_bytes());
    write(&manifests.join("library/llama3.2/latest"), manifest("sha256:ab12").as_bytes());
    write(&manifests.join("someone/own/latest"), manifest("sha256:cd34").as_bytes());
    write(&manifests.join("library/gone/latest"), manifest("sha256:ef56").as_bytes());
    write(&manifests.join("library/evil/latest"), manifest("../../../etc/passwd").as_bytes());
    write(&manifests.join("library/broken/latest"), b"{");
    gguf(&root.join("blobs/sha256-ab12"));
    gguf(&root.join("blobs/sha256-cd34"));
    let library = Library { ollama: Some(root.clone()), ..Library::default() };
    let found = scan(&library);
    assert_eq!(found.len(), 4, "{found:?}");
    assert_eq!(
        named(&found, "llama3.2:latest").path,
        named(&found, "llama3.2:1b").path,
        "two tags, one file"
    );
    let model = named(&found, "llama3.2:1b");
    assert_eq!(model.path, Some(root.join("blobs/sha256-ab12")));
    assert_eq!((model.place, model.family.as_deref()), (Place::Ollama, Some("llama")));
    assert_eq!(library.find("someone/own:latest").map(|one| one.name), Some("someone/own:latest".into()));
    assert_eq!(
        library.find("own").map(|one| one.name),
        Some("someone/own:latest".into()),
        "latest is implied"
    );
}

#[test]
fn lm_studio_and_llama_cpp() {
    let place = tempfile::tempdir().expect("a folder");
    let (studio, cache) = (place.path().join("models"), place.path().join("llama.cpp"));
    gguf(&studio.join("bartowski/Some-Model-GGUF/Some-Model-Q4_K_M.gguf"));
    model(&studio.join("mlx-community/other"));
    for part in 1..=3 {
        gguf(&cache.join(format!("big-0000{part}-of-00003.gguf")));
    }
    write(&cache.join("big.gguf.json"), b"{}");
    let library = Library { lm_studio: vec![studio], llama_cpp: Some(cache), ..Library::default() };
    let found = scan(&library);
    assert_eq!(named(&found, "bartowski/Some-Model-GGUF").place, Place::LmStudio);
    assert_eq!(named(&found, "mlx-community/other").family.as_deref(), Some("gpt2"));
    let big = named(&found, "big-00001-of-00003");
    let one = std::fs::metadata(fixtures().join("tokenizers/bpe-gpt-2.gguf")).expect("a file").len();
    assert_eq!(big.bytes, 3 * one, "parts count together");
    assert_eq!(found.len(), 4);
}

#[test]
fn folders_of_the_user_newest_first() {
    let place = tempfile::tempdir().expect("a folder");
    let root = place.path().to_owned();
    model(&root.join("a"));
    model(&root.join("deep/er/b"));
    model(&root.join("1/2/3/4/5/6/too-deep"));
    model(&root.join(".hidden"));
    gguf(&root.join("files/c.gguf"));
    write(&root.join("files/notes.bin"), b"none of ours");
    write(&root.join("files/d.keras"), b"PK");
    age(&root.join("a/model.safetensors"), 3);
    age(&root.join("deep/er/b/model.safetensors"), 1);
    age(&root.join("files/c.gguf"), 2);
    age(&root.join("files/d.keras"), 4);
    let found = scan(&Library { folders: vec![root], ..Library::default() });
    let names: Vec<String> = found.iter().map(|one| one.name.replace('\\', "/")).collect();
    assert_eq!(names, ["deep/er/b", "files/c.gguf", "a", "files/d.keras", "storyteller"]);
}

#[test]
fn what_is_not_there_is_no_error() {
    let nowhere = || PathBuf::from("/nowhere/at/all");
    let library = Library {
        hub: Some(nowhere()),
        ollama: Some(nowhere()),
        lm_studio: vec![nowhere()],
        llama_cpp: Some(nowhere()),
        folders: vec![nowhere()],
    };
    let found = scan(&library);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].place, found[0].path.as_ref()), (Place::Embedded, None));
    assert!(library.find("nothing").is_none());
}

#[test]
fn circles_of_links_end() {
    let place = tempfile::tempdir().expect("a folder");
    let root = place.path().to_owned();
    model(&root.join("a"));
    #[cfg(unix)]
    std::os::unix::fs::symlink(&root, root.join("again")).expect("a link");
    let start = std::time::Instant::now();
    let found = scan(&Library { folders: vec![root], ..Library::default() });
    assert_eq!(found.iter().filter(|one| one.place == Place::Folder).count(), 1, "{found:?}");
    named(&found, "a");
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_folder_is_added_listed_opened_and_forgotten() {
    let place = tempfile::tempdir().expect("a folder");
    let models = place.path().join("my models");
    model(&models.join("tiny"));
    let run = |arguments: &[&str]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_mnemoscope"))
            .args(arguments)
            .env("HOME", place.path())
            .env("MNEMOSCOPE_CONFIG_DIR", place.path().join("settings"))
            .env_remove("XDG_CACHE_HOME")
            .env_remove("HF_HOME")
            .env_remove("HF_HUB_CACHE")
            .output()
            .expect("the binary runs");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let folder = models.display().to_string();
    let (status, list) = run(&["models", "--add-folder", &folder]);
    assert_eq!(status, Some(0));
    let lines: Vec<&str> = list.lines().collect();
    assert!(lines[1].starts_with("tiny") && lines[1].contains("gpt2") && lines[1].contains("fits"), "{list}");
    assert!(lines[2].starts_with("storyteller") && lines[2].contains("embedded"), "{list}");
    assert_eq!(run(&["info", "tiny"]).0, Some(0));
    assert_eq!(run(&["info", "storyteller"]).0, Some(0));
    assert_eq!(run(&["info", "nothing-of-that-name"]).0, Some(1));
    assert_eq!(run(&["models", "--forget-folder", &folder]).0, Some(0));
    assert_eq!(run(&["models", "--forget-folder", &folder]).0, Some(1));
    assert_eq!(run(&["info", "tiny"]).0, Some(1));
}
