//! What every target does: put a file into a folder of its own, and open the model there.

use mnemoscope::model::Model;
use std::path::Path;

/// A small model's parts, to stand beside what is fuzzed.
pub const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/gpt2-one-head-one-layer");

/// Opens a folder that holds `bytes` under a name, and the fixture's `others`.
pub fn open(name: &str, bytes: &[u8], others: &[&str]) {
    let folder = tempfile::tempdir().expect("a folder");
    for other in others {
        std::fs::copy(Path::new(FIXTURE).join(other), folder.path().join(other)).expect("a fixture");
    }
    std::fs::write(folder.path().join(name), bytes).expect("written");
    let _ = Model::open(folder.path());
}
