//! Where other programs keep their models, and how.

use super::{Candidate, Library, Place, entries, file_name, header};
use std::path::{Path, PathBuf};

/// No manifest or reference is longer.
const LONGEST_NOTE: u64 = 1 << 18;

fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

fn home() -> Option<PathBuf> {
    Some(directories::BaseDirs::new()?.home_dir().to_owned())
}

/// Hugging Face's own folder: `HF_HOME`, else `~/.cache/huggingface`.
pub(in crate::engine) fn hugging_face_home() -> Option<PathBuf> {
    let usual =
        || Some(variable("XDG_CACHE_HOME").or_else(|| Some(home()?.join(".cache")))?.join("huggingface"));
    variable("HF_HOME").or_else(usual)
}

/// Where Hugging Face keeps models: `HF_HUB_CACHE`, else `hub` in its folder.
pub(in crate::engine) fn hub_folder() -> Option<PathBuf> {
    let older = || variable("HUGGINGFACE_HUB_CACHE");
    variable("HF_HUB_CACHE").or_else(older).or_else(|| Some(hugging_face_home()?.join("hub")))
}

/// The places that the variables and habits of other programs name.
pub(super) fn usual(folders: Vec<PathBuf>) -> Library {
    let home = home();
    let at_home = |path: &str| home.as_ref().map(|home| home.join(path));
    // LM Studio notes where it was told to live
    let moved = at_home(".lmstudio-home-pointer").and_then(|file| note(&file));
    let moved = moved.map(|place| PathBuf::from(place.trim()).join("models"));
    let lm_studio = [moved, at_home(".lmstudio/models"), at_home(".cache/lm-studio/models")];
    let cache = || Some(directories::BaseDirs::new()?.cache_dir().join("llama.cpp"));
    // Installed as a service, Ollama keeps its models with its own user
    let service = || Some(PathBuf::from("/usr/share/ollama/.ollama/models")).filter(|folder| folder.is_dir());
    let own = at_home(".ollama/models").filter(|folder| folder.is_dir());
    let mut unique: Vec<PathBuf> = Vec::new();
    for folder in lm_studio.into_iter().flatten() {
        if !unique.contains(&folder) {
            unique.push(folder);
        }
    }
    Library {
        hub: hub_folder(),
        ollama: variable("OLLAMA_MODELS").or(own).or_else(service),
        lm_studio: unique,
        llama_cpp: variable("LLAMA_CACHE").or_else(cache),
        folders,
    }
}

/// A short text file.
pub(in crate::engine) fn note(file: &Path) -> Option<String> {
    if std::fs::metadata(file).ok()?.len() > LONGEST_NOTE {
        return None;
    }
    std::fs::read_to_string(file).ok()
}

/// `models--OWNER--NAME/snapshots/REVISION`, of which `refs/main` names the one in use.
pub(super) fn hub(folder: &Path) -> Vec<Candidate> {
    let mut found = Vec::new();
    for repository in entries(folder) {
        if let Some((name, snapshot)) = snapshot(&repository) {
            repository_at(snapshot, name, Place::HuggingFace, &mut found);
        }
    }
    found
}

/// A repository's name, and its snapshot that `refs/main` names, else the one that was written last.
pub(in crate::engine) fn snapshot(repository: &Path) -> Option<(String, PathBuf)> {
    let name = file_name(repository).strip_prefix("models--")?.replacen("--", "/", 1);
    let main = note(&repository.join("refs/main"));
    let main = main.map(|revision| repository.join("snapshots").join(revision.trim()));
    let newest = || {
        let time = |path: &PathBuf| std::fs::metadata(path).and_then(|about| about.modified()).ok();
        entries(&repository.join("snapshots")).into_iter().filter(|path| path.is_dir()).max_by_key(time)
    };
    Some((name, main.filter(|path| path.is_dir()).or_else(newest)?))
}

/// A published repository: a Hugging Face folder, or GGUF files that are a model each.
fn repository_at(folder: PathBuf, name: String, place: Place, found: &mut Vec<Candidate>) {
    if let Some(weights) = header::folder(&folder) {
        found.push(Candidate { name, path: folder, place, weights });
        return;
    }
    let files = entries(&folder);
    let mut models = header::gguf_models(&files);
    // Larger ones come in parts, a folder for each way of packing
    for inner in files.iter().filter(|path| path.is_dir()) {
        models.extend(header::gguf_models(&entries(inner)));
    }
    let only = models.len() == 1;
    for (path, weights) in models {
        let inside = path.strip_prefix(&folder).unwrap_or(&path).display();
        let name = if only { name.clone() } else { format!("{name}/{inside}") };
        found.push(Candidate { name, path, place, weights });
    }
}

/// `manifests/REGISTRY/NAMESPACE/MODEL/TAG`, each naming a blob that is a GGUF file.
pub(super) fn ollama(folder: &Path) -> Vec<Candidate> {
    let mut found = Vec::new();
    let below = |folders: Vec<PathBuf>| folders.iter().flat_map(|folder| entries(folder)).collect::<Vec<_>>();
    let tags = below(below(below(entries(&folder.join("manifests")))));
    for tag in tags {
        let manifest = note(&tag).and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok());
        let layers = manifest.as_ref().and_then(|manifest| manifest["layers"].as_array());
        let model = |layer: &&serde_json::Value| layer["mediaType"] == "application/vnd.ollama.image.model";
        let digest =
            layers.and_then(|layers| layers.iter().find(model)).and_then(|layer| layer["digest"].as_str());
        let Some(digest) =
            digest.filter(|digest| digest.chars().all(|c| c.is_ascii_alphanumeric() || c == ':'))
        else {
            continue;
        };
        let path = folder.join("blobs").join(digest.replace(':', "-"));
        let Some(weights) = header::weigh("GGUF", std::slice::from_ref(&path)) else { continue };
        let parts: Vec<String> =
            tag.iter().rev().take(4).map(|part| part.to_string_lossy().into_owned()).collect();
        let [tag, model, namespace, registry] = &parts[..] else { continue };
        let name = match (registry.as_str(), namespace.as_str()) {
            ("registry.ollama.ai", "library") => format!("{model}:{tag}"),
            ("registry.ollama.ai", _) => format!("{namespace}/{model}:{tag}"),
            _ => format!("{registry}/{namespace}/{model}:{tag}"),
        };
        found.push(Candidate { name, path, place: Place::Ollama, weights });
    }
    found
}

/// `PUBLISHER/REPOSITORY`, with GGUF files or a Hugging Face folder in it.
pub(super) fn lm_studio(folder: &Path) -> Vec<Candidate> {
    let mut found = Vec::new();
    for publisher in entries(folder) {
        for repository in entries(&publisher) {
            let name = format!("{}/{}", file_name(&publisher), file_name(&repository));
            repository_at(repository, name, Place::LmStudio, &mut found);
        }
    }
    found
}

/// Files beside each other, named after where they came from.
pub(super) fn llama_cpp(folder: &Path) -> Vec<Candidate> {
    let models = header::gguf_models(&entries(folder)).into_iter();
    models
        .map(|(path, weights)| {
            let name = file_name(&path);
            let name = name.strip_suffix(".gguf").unwrap_or(&name).to_owned();
            Candidate { name, path, place: Place::LlamaCpp, weights }
        })
        .collect()
}
