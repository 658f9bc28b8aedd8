//! Getting a model by name from a hub that speaks Hugging Face's protocol: the only part of the program that connects.
//!
//! `hf-hub` 1.0 would do the protocol, but it neither resumes a file nor checks its sum nor stops when asked, and it
//! brings an asynchronous runtime and some 280 crates. `ureq` with rustls, blocking, is what this needs.

mod client;
mod error;
mod store;

use super::{Job, Preferences, library};
use client::Client;
pub use error::HubError;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use store::Store;

static FORBIDDEN: AtomicBool = AtomicBool::new(false);

/// Forbids every connection for as long as this process lives.
pub fn forbid_connections() {
    FORBIDDEN.store(true, Ordering::Relaxed);
}

/// A hub, and where its models are kept on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hub {
    /// Where it is: `https://huggingface.co`
    pub endpoint: String,
    /// Who asks, for models that want to know
    pub token: Option<String>,
    /// The cache's `hub` folder
    pub folder: PathBuf,
    /// Nothing may be asked at all
    pub offline: bool,
}

/// What a name stands for on the hub: shown before anything is downloaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// `OWNER/NAME`
    pub name: String,
    /// As the model's card says it: `apache-2.0`
    pub licence: Option<String>,
    /// Bytes of all files that would be fetched
    pub bytes: u64,
    /// Bytes of those that are not here yet
    pub missing: u64,
    /// Their names
    pub files: Vec<String>,
    revision: String,
    parts: Vec<Part>,
}

/// One file of an offer.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Part {
    file: String,
    /// Its name among the blobs: the SHA-256 of large files, Git's own sum of small ones
    etag: String,
    sha256: Option<String>,
    bytes: u64,
}

/// What the hub says of a model, as far as we ask.
#[derive(Deserialize)]
struct About {
    id: String,
    sha: String,
    #[serde(default)]
    siblings: Vec<Sibling>,
    #[serde(default, rename = "cardData")]
    card: Option<Card>,
    #[serde(default)]
    tags: Vec<String>,
}

#[derive(Deserialize)]
struct Card {
    license: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Sibling {
    rfilename: String,
    size: Option<u64>,
    #[serde(rename = "blobId")]
    blob: Option<String>,
    lfs: Option<Lfs>,
}

#[derive(Deserialize)]
struct Lfs {
    sha256: String,
    size: u64,
}

impl Hub {
    /// The hub, token and cache that this machine's variables and files name.
    pub fn usual() -> Option<Self> {
        let set = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
        let forbidden =
            set("HF_HUB_OFFLINE").is_some_and(|value| !["0", "false", "no"].contains(&value.as_str()));
        let token = set("HF_TOKEN").or_else(|| set("HUGGING_FACE_HUB_TOKEN")).or_else(|| {
            let file = std::env::var_os("HF_TOKEN_PATH").map(PathBuf::from);
            let file = file.or_else(|| Some(library::hugging_face_home()?.join("token")))?;
            std::fs::read_to_string(file).ok()
        });
        let endpoint = set("HF_ENDPOINT").unwrap_or_else(|| "https://huggingface.co".to_owned());
        Some(Self {
            endpoint: endpoint.trim_end_matches('/').to_owned(),
            token: token.map(|token| token.trim().to_owned()).filter(|token| !token.is_empty()),
            folder: library::hub_folder()?,
            offline: forbidden || Preferences::load().offline,
        })
    }

    /// Asks what a name stands for. `file` picks one of several GGUF files.
    pub fn look_up(&self, name: &str, file: Option<&str>, job: &Job) -> Result<Offer, HubError> {
        job.report("Asking the hub", 0.0);
        let client = Client::new(self)?;
        let name = checked_name(name)?;
        let about: About = client.model(name)?;
        let licence = about.card.and_then(|card| card.license).and_then(|licence| match licence {
            serde_json::Value::String(licence) => Some(licence),
            serde_json::Value::Array(all) => all.first()?.as_str().map(str::to_owned),
            _ => None,
        });
        let tagged = || about.tags.iter().find_map(|tag| tag.strip_prefix("license:")).map(str::to_owned);
        let licence = licence.or_else(tagged);
        let parts = wanted(&about.siblings, file, name)?;
        if !is_checksum(&about.sha) {
            return Err(HubError::Answer {
                url: self.endpoint.clone(),
                reason: "no revision is named".into(),
            });
        }
        // A renamed model answers under its new name
        let name = checked_name(&about.id).unwrap_or(name).to_owned();
        let store = Store::new(&self.folder, &name, &about.sha);
        let missing = parts.iter().map(|part| part.bytes.saturating_sub(store.have(part))).sum();
        Ok(Offer {
            bytes: parts.iter().map(|part| part.bytes).sum(),
            files: parts.iter().map(|part| part.file.clone()).collect(),
            revision: about.sha,
            name,
            licence,
            missing,
            parts,
        })
    }

    /// Fetches what is missing of an offer, each file checked. Returns the folder that the model lies in.
    ///
    /// What was fetched stays: a later call goes on where this one was cut off or cancelled.
    pub fn fetch(&self, offer: &Offer, job: &Job) -> Result<PathBuf, HubError> {
        let client = Client::new(self)?;
        let store = Store::new(&self.folder, &offer.name, &offer.revision);
        let mut done = 0;
        for part in &offer.parts {
            let url = client.file(&offer.name, &offer.revision, &part.file);
            let report = |bytes: u64| {
                job.report("Downloading", (done + bytes) as f32 / offer.bytes.max(1) as f32);
            };
            store.fetch(part, &client, &url, job, &report)?;
            done += part.bytes;
        }
        store.finish()?;
        job.report("Downloading", 1.0);
        let folder = store.snapshot();
        // One GGUF file is a model by itself
        match &offer.parts[..] {
            [only] if ends(&only.file, "gguf") => Ok(folder.join(&only.file)),
            _ => Ok(folder),
        }
    }
}

/// `OWNER/NAME` or `NAME`, of letters that cannot lead out of a folder.
fn checked_name(name: &str) -> Result<&str, HubError> {
    let part = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && !part.contains("--")
            && part.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
    };
    let name = name.trim().trim_start_matches("https://huggingface.co/").trim_end_matches('/');
    let good = name.len() < 200 && name.split('/').count() <= 2 && name.split('/').all(part);
    if good { Ok(name) } else { Err(HubError::Name(name.chars().take(200).collect())) }
}

fn is_checksum(text: &str) -> bool {
    (16..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn ends(file: &str, ending: &str) -> bool {
    Path::new(file).extension().is_some_and(|found| found == ending)
}

/// Small files that say what the weights are and how text is read.
fn describes(file: &str) -> bool {
    let names = [
        "config.json",
        "generation_config.json",
        "model.safetensors.index.json",
        "pytorch_model.bin.index.json",
        "special_tokens_map.json",
        "added_tokens.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "vocab.json",
        "vocab.txt",
        "merges.txt",
        "source.spm",
        "target.spm",
        "target_vocab.json",
        "chat_template.jinja",
        "README.md",
        "LICENSE",
    ];
    names.contains(&file) || ends(file, "model")
}

/// The files that make the model: what describes it, and the weights in the best container there is.
fn wanted(siblings: &[Sibling], gguf: Option<&str>, name: &str) -> Result<Vec<Part>, HubError> {
    // Other formats of the same weights lie in folders of their own
    let flat: Vec<&Sibling> = siblings.iter().filter(|one| !one.rfilename.contains(['/', '\\'])).collect();
    let of = |good: &dyn Fn(&str) -> bool| -> Vec<&Sibling> {
        flat.iter().filter(|one| good(&one.rfilename)).copied().collect()
    };
    let index = flat.iter().any(|one| one.rfilename == "model.safetensors.index.json");
    let safetensors = of(&|file| {
        let sharded = file.starts_with("model-") && ends(file, "safetensors");
        if index { sharded } else { file == "model.safetensors" }
    });
    let pytorch = of(&|file| file.starts_with("pytorch_model") && ends(file, "bin"));
    let keras = of(&|file| ends(file, "keras") || file.ends_with(".weights.h5"));
    let ggufs = of(&|file| ends(file, "gguf") && !file.starts_with("mmproj"));
    let weights = if let Some(file) = gguf {
        of(&|name| name == file)
    } else {
        let best = [safetensors, pytorch, keras].into_iter().find(|files| !files.is_empty());
        match best {
            Some(files) => files,
            None if ggufs.len() > 1 => {
                let files =
                    ggufs.iter().map(|one| (one.rfilename.clone(), one.bytes().unwrap_or(0))).collect();
                return Err(HubError::Choose { name: name.to_owned(), files });
            }
            None => ggufs,
        }
    };
    if weights.is_empty() {
        return Err(HubError::NoWeights(name.to_owned()));
    }
    // A GGUF says everything itself
    let alone = weights.iter().all(|one| ends(&one.rfilename, "gguf"));
    let mut all = if alone { Vec::new() } else { of(&describes) };
    all.extend(weights);
    all.into_iter().map(Sibling::part).collect()
}

impl Sibling {
    fn bytes(&self) -> Option<u64> {
        self.lfs.as_ref().map(|lfs| lfs.size).or(self.size)
    }
    fn part(&self) -> Result<Part, HubError> {
        let sha256 = self.lfs.as_ref().map(|lfs| lfs.sha256.to_lowercase());
        let etag = sha256.clone().or_else(|| self.blob.clone()).filter(|etag| is_checksum(etag));
        let (Some(etag), Some(bytes)) = (etag, self.bytes()) else {
            let reason = "the file has no checksum or no size".to_owned();
            return Err(HubError::Answer { url: self.rfilename.clone(), reason });
        };
        Ok(Part { file: self.rfilename.clone(), etag, sha256, bytes })
    }
}
