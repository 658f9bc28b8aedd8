//! Contract: no file, however broken, ends the program or makes it take more memory than the file gives reason for.

use crate::containers::{bare, containers};
use crate::files::write;
use crate::parity::{fixtures, run_ids};
use mnemoscope::model::{Model, gguf};
use proptest::prelude::*;
use std::path::{Path, PathBuf};

/// Opens what may be broken; what opens must also run.
fn survives(path: &Path) {
    if let Ok(model) = Model::open(path) {
        run_ids(&model, &[1, 2]);
    }
}

#[track_caller]
fn refused(path: &Path, words: &[&str]) {
    let error = Model::open(path).expect_err("a broken file").to_string();
    for word in words {
        assert!(error.contains(word), "`{word}` is not in `{error}`");
    }
}

/// A GGUF header: counts, then whatever follows.
pub(crate) fn gguf_file(version: u32, tensors: u64, keys: u64, rest: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("model.gguf");
    let mut bytes = b"GGUF".to_vec();
    bytes.extend(version.to_le_bytes());
    bytes.extend(tensors.to_le_bytes());
    bytes.extend(keys.to_le_bytes());
    bytes.extend(rest);
    write(&file, &bytes);
    (folder, file)
}

pub(crate) fn text(text: &str) -> Vec<u8> {
    let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
    bytes.extend(text.as_bytes());
    bytes
}

pub(crate) fn key(name: &str, kind: u32, value: &[u8]) -> Vec<u8> {
    [text(name), kind.to_le_bytes().to_vec(), value.to_vec()].concat()
}

fn tensor(name: &str, shape: &[u64], kind: u32, offset: u64) -> Vec<u8> {
    let mut bytes = text(name);
    bytes.extend((shape.len() as u32).to_le_bytes());
    bytes.extend(shape.iter().flat_map(|n| n.to_le_bytes()));
    bytes.extend(kind.to_le_bytes());
    bytes.extend(offset.to_le_bytes());
    bytes
}

#[test]
fn versions_of_gguf_are_told_apart() {
    for (version, words) in [(1, "version 1"), (7, "version 7"), (3_u32.swap_bytes(), "big-endian")] {
        let (_folder, file) = gguf_file(version, 0, 0, &[]);
        refused(&file, &[words, "model.gguf"]);
    }
}

#[test]
fn lying_counts_of_gguf_are_refused() {
    let array = |kind: u32, len: u64| [kind.to_le_bytes().to_vec(), len.to_le_bytes().to_vec()].concat();
    let deep: Vec<u8> = (0..10_000).flat_map(|_| array(9, 1)).collect();
    for (tensors, keys, rest, words) in [
        (u64::MAX, 0, vec![], "ends"),
        (0, u64::MAX, vec![], "ends"),
        (0, 1, u64::MAX.to_le_bytes().to_vec(), "left"),
        (0, 1, key("a", 8, &u64::MAX.to_le_bytes()), "left"),
        (0, 1, key("a", 9, &array(0, u64::MAX)), "left"),
        (0, 1, key("a", 9, &array(12, u64::MAX)), "longer"),
        (0, 1, key("a", 9, &array(8, u64::MAX)), "ends"),
        (0, 1, key("a", 9, &deep), "deep"),
        (0, 1, key("a", 99, &[]), "kind 99"),
        (0, 2, [key("a", 7, &[1]), key("a", 7, &[1])].concat(), "twice"),
        (0, 1, key("general.alignment", 4, &3_u32.to_le_bytes()), "power of two"),
        (1, 0, tensor("t", &[1; 5], 0, 0), "5 dimensions"),
        (1, 0, tensor("t", &[1 << 40, 1 << 40], 0, 0), "cannot be"),
        (1, 0, tensor("t", &[1 << 20, 1 << 20], 0, 0), "end of the file"),
        (1, 0, tensor("t", &[33], 2, 0), "cannot be"),
        (1, 0, tensor("t", &[4], 0, u64::MAX), "cannot be"),
        (2, 0, [tensor("t", &[4], 0, 0), tensor("u", &[4], 0, 0)].concat(), "over another"),
    ] {
        let numbers = if words == "over another" { 96 } else { 0 };
        let (_folder, file) = gguf_file(3, tensors, keys, &[rest, vec![0; numbers]].concat());
        refused(&file, &["GGUF", words]);
    }
}

#[test]
fn an_architecture_without_a_table_is_named() {
    let (_folder, file) = gguf_file(3, 0, 1, &key("general.architecture", 8, &text("rwkv7")));
    refused(&file, &["unknown architecture `rwkv7`"]);
}

#[test]
fn parts_of_a_split_model_are_asked_for() {
    let split =
        [key("split.count", 2, &2_u16.to_le_bytes()), key("split.no", 2, &0_u16.to_le_bytes())].concat();
    let (folder, file) = gguf_file(3, 0, 2, &split);
    refused(&file, &["2 parts", "-of-00002.gguf"]);
    let named = folder.path().join("model-00001-of-00002.gguf");
    std::fs::rename(&file, &named).expect("renamed");
    refused(&named, &["model-00002-of-00002.gguf"]);
}

/// A legacy file's first pickles, and a fourth.
fn legacy(object: &[u8]) -> Vec<u8> {
    let magic = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.\x80\x02}.";
    [magic, object, b"\x80\x02]."].concat()
}

#[test]
fn hostile_pickles_are_refused() {
    let folder = bare("gpt2-one-head-one-layer");
    let file = folder.path().join("pytorch_model.bin");
    let deep = [vec![b'('; 1_000_000], vec![b't'; 1_000_000], b".".to_vec()].concat();
    let nested =
        [b"}X\x05\0\0\0model".repeat(100_000), b"}".to_vec(), b"s".repeat(100_000), b".".to_vec()].concat();
    // A list that holds itself, as a dictionary's value under a usual key
    let cycle = b"}q\x00X\x0a\0\0\0state_dicth\x00s.".to_vec();
    let doubling = [b"]".to_vec(), b"2\x86".repeat(60), b".".to_vec()].concat();
    // Dictionaries made of one long dictionary, again and again
    let copies = [
        b"}q\x00(".to_vec(),
        b"NN".repeat(50_000),
        b"u0".to_vec(),
        b"ccollections\nOrderedDict\nq\x01h\x00\x85q\x020".to_vec(),
        b"h\x01h\x02R0".repeat(100_000),
        b"h\x00.".to_vec(),
    ]
    .concat();
    for object in [deep, nested, cycle, doubling, copies, b"a.".to_vec(), b"R.".to_vec(), b"h\x07.".to_vec()]
    {
        write(&file, legacy(&object));
        refused(folder.path(), &["PyTorch"]);
    }
    write(&file, b"\x80\x02}.");
    refused(folder.path(), &["none of PyTorch's"]);
}

#[test]
fn compressed_archives_are_refused_without_unpacking() {
    let folder = bare("gpt2-one-head-one-layer");
    let file = folder.path().join("pytorch_model.bin");
    let sound = std::fs::read(containers().join("gpt2-one-head-one-layer@zip.pth")).expect("a fixture");
    // The central directory says that the pickle is deflated (method 8)
    let entry = b"PK\x01\x02";
    let at = sound.windows(4).position(|window| window == entry).expect("a central directory");
    let mut deflated = sound.clone();
    deflated[at + 10] = 8;
    write(&file, &deflated);
    refused(folder.path(), &["PyTorch"]);
    write(&file, &sound[..sound.len() / 2]);
    refused(folder.path(), &["PyTorch"]);
}

/// The victims of mutation: a file, the name under which it is opened, and how many of its first bytes to change.
fn victims() -> Vec<(PathBuf, &'static str)> {
    let file = |name: &str| containers().join(name);
    vec![
        (file("llama3-rope.gguf"), "model.gguf"),
        (fixtures().join("gguf-blocks-of-256/model.gguf"), "model.gguf"),
        (file("gpt2-one-head-one-layer@zip.pth"), "pytorch_model.bin"),
        (file("gpt2-one-head-one-layer@legacy.pth"), "pytorch_model.bin"),
        (file("gpt2-one-head-one-layer@legacy-views.pth"), "pytorch_model.bin"),
    ]
}

proptest! {
    // More with PROPTEST_CASES
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(400), ..ProptestConfig::default() })]

    #[test]
    fn mutated_files_never_panic(
        victim in 0..5_usize,
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in proptest::option::of(any::<prop::sample::Index>()),
        at_the_end in any::<bool>(),
    ) {
        let (file, name) = victims().swap_remove(victim);
        let mut bytes = std::fs::read(&file).expect("a fixture");
        let folder = bare("gpt2-one-head-one-layer");
        // Headers are at the start, and an archive's directory at the end
        let span = bytes.len().min(4096);
        let first = if at_the_end { bytes.len() - span } else { 0 };
        for (at, value) in edits {
            bytes[first + at.index(span)] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let copy = folder.path().join(name);
        write(&copy, &bytes);
        survives(&copy);
        // A file of another kind has no keys
        if let Ok(metadata) = gguf::Metadata::open(&copy) {
            for key in metadata.keys() {
                let (texts, numbers) = (metadata.texts(key), metadata.numbers(key));
                let len = texts.map(|texts| texts.len()).or(numbers.map(|numbers| numbers.len()));
                prop_assert!(len.is_none() || len == metadata.len_of(key));
            }
        }
    }

    #[test]
    fn mutated_scales_never_panic(
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let folder = bare("f8-scaled");
        let mut bytes = std::fs::read(fixtures().join("f8-scaled/model.safetensors")).expect("a fixture");
        let header = 8 + u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")) as usize;
        for (at, value) in edits {
            bytes[at.index(header)] = value;
        }
        write(&folder.path().join("model.safetensors"), &bytes);
        survives(folder.path());
    }

    /// Random opcodes, of the kinds that pickles of models are made of.
    #[test]
    fn random_pickles_never_panic(
        opcodes in proptest::collection::vec(
            prop::sample::select(&b"N(.)]}ae20st1lduR\x81\x85\x86\x87\x88\x89\x93\x94bQK\x01q\x00h\x00M\x02\x00"[..]), 0..200)
    ) {
        let folder = bare("gpt2-one-head-one-layer");
        let file = folder.path().join("pytorch_model.bin");
        let names = b"ctorch._utils\n_rebuild_tensor_v2\nq\x01ctorch\nFloatStorage\nq\x02X\x07\0\0\0storageq\x00".to_vec();
        write(&file, legacy(&[names, opcodes, b".".to_vec()].concat()));
        survives(folder.path());
    }
}
