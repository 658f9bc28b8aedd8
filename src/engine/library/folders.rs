//! Models in a folder that the user named, at any place in it that is not too deep.

use super::{Candidate, Place, entries, file_name, header};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// Levels below the folder that are looked into.
const DEEPEST: usize = 4;
/// Folders that one look visits at most.
const MOST_FOLDERS: usize = 2_000;

/// Every model in a folder: Hugging Face folders, and single files.
pub(super) fn user(root: &Path) -> Vec<Candidate> {
    let mut found = Vec::new();
    walk(root, root, 0, &mut HashSet::new(), &mut found);
    found
}

fn walk(root: &Path, folder: &Path, depth: usize, seen: &mut HashSet<PathBuf>, found: &mut Vec<Candidate>) {
    // Links may lead back up
    let place = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    if seen.len() >= MOST_FOLDERS || !seen.insert(place) {
        return;
    }
    let name = |path: &Path| {
        let inside = path.strip_prefix(root).ok().filter(|inside| !inside.as_os_str().is_empty());
        inside.map_or_else(|| file_name(path), |inside| inside.display().to_string())
    };
    if let Some(weights) = header::folder(folder) {
        let (name, path) = (name(folder), folder.to_owned());
        found.push(Candidate { name, path, place: Place::Folder, weights });
        return;
    }
    let paths = entries(folder);
    for (path, weights) in header::gguf_models(&paths) {
        found.push(Candidate { name: name(&path), path, place: Place::Folder, weights });
    }
    for path in &paths {
        let hidden = file_name(path).starts_with('.');
        if path.is_dir() && depth < DEEPEST && !hidden {
            walk(root, path, depth + 1, seen, found);
        }
        // PyTorch and safetensors files say too little without the folder around them
        if header::container(path) == Some("Keras")
            && let Some(weights) = header::weigh("Keras", std::slice::from_ref(path))
        {
            found.push(Candidate { name: name(path), path: path.clone(), place: Place::Folder, weights });
        }
    }
}
