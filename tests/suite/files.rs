//! Files that contracts lay down: written, or copied from the fixtures.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use tempfile::TempDir;

/// Writes a file; its folder is made where it is missing.
#[track_caller]
pub(crate) fn write(file: &Path, bytes: impl AsRef<[u8]>) {
    std::fs::create_dir_all(file.parent().expect("a folder")).expect("made");
    File::create(file).and_then(|mut file| file.write_all(bytes.as_ref())).expect("written");
}

/// Puts the files of one folder into another, which is there.
#[track_caller]
pub(crate) fn copy_into(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).expect("a readable folder") {
        let file = entry.expect("a readable entry").path();
        if file.is_file() {
            std::fs::copy(&file, to.join(file.file_name().expect("a name"))).expect("a copy");
        }
    }
}

/// A copy of a folder's files that may be changed.
#[track_caller]
pub(crate) fn copy_of(folder: &Path) -> TempDir {
    let copy = tempfile::tempdir().expect("a folder for the copy");
    copy_into(folder, copy.path());
    copy
}

/// Writes a tokenizer that reads words between spaces, each by its place in `words`; others are read as `unknown`.
#[track_caller]
pub(crate) fn write_words(folder: &Path, words: impl Iterator<Item = String>, unknown: &str) {
    let vocab: serde_json::Map<_, _> = words.enumerate().map(|(id, word)| (word, id.into())).collect();
    let tokenizer = serde_json::json!({
        "version": "1.0",
        "pre_tokenizer": { "type": "Whitespace" },
        "model": { "type": "WordLevel", "vocab": vocab, "unk_token": unknown },
    });
    write(&folder.join("tokenizer.json"), tokenizer.to_string());
}

/// Some files of a folder, in a new one.
#[track_caller]
pub(crate) fn only(folder: &Path, files: &[&str]) -> TempDir {
    let copy = tempfile::tempdir().expect("a folder for the copy");
    for file in files {
        std::fs::copy(folder.join(file), copy.path().join(file)).expect("a copy");
    }
    copy
}
