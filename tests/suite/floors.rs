//! Contract: a folder of `src/` names only the floors below it, and every file says what it is.

use std::path::{Path, PathBuf};

const FLOORS: &[(&str, u8)] = &[
    ("kernels", 0),
    ("model", 1),
    ("trace", 2),
    ("render", 3),
    ("train", 3),
    ("analysis", 4),
    ("export", 4),
    ("engine", 5),
    ("cli", 6),
    ("app", 6),
];

fn rust_files(folder: &Path, files: &mut Vec<(PathBuf, String)>) {
    for entry in std::fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("a readable entry").path();
        if path.is_dir() {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = std::fs::read_to_string(&path).expect("a readable file");
            files.push((path, text));
        }
    }
}

fn files_under(folder: &str) -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    rust_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut files);
    files
}

#[test]
fn every_folder_looks_down_only() {
    for &(folder, floor) in FLOORS {
        let files = files_under(&format!("src/{folder}"));
        assert!(!files.is_empty(), "src/{folder} is empty");
        for &(other, _) in FLOORS.iter().filter(|&&(other, level)| other != folder && level >= floor) {
            for (file, text) in &files {
                // The command line opens the window: the one look sideways
                if (folder, other) == ("cli", "app") {
                    continue;
                }
                let reaches = text.contains(&format!("crate::{other}"));
                assert!(!reaches, "{}: {folder} reaches up to {other}", file.display());
            }
        }
    }
}

#[test]
fn every_file_says_what_it_is() {
    for (file, text) in files_under("src").iter().chain(&files_under("tests")).chain(&files_under("benches"))
    {
        assert!(text.starts_with("//! "), "{} does not begin with //!", file.display());
    }
}

#[test]
fn no_family_is_named_outside_its_file() {
    for (file, text) in files_under("src") {
        if file.to_string_lossy().contains("families") {
            continue;
        }
        for branch in ["family ==", "family.as_str()", "match family", "match spec.family"] {
            assert!(!text.contains(branch), "{} branches on a family", file.display());
        }
    }
}

#[test]
fn no_test_hides_in_the_source_where_none_is_run() {
    for (file, text) in files_under("src") {
        for mark in ["#[test]", "cfg(test)", "//! ```", "/// ```"] {
            assert!(!text.contains(mark), "{}: {mark}: tests belong into tests/suite", file.display());
        }
    }
}
