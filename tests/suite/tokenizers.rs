//! Contract: every kind of tokenizer gives the ids that Transformers gives, on two hundred hard lines.

use crate::files::{only, write};
use crate::parity::fixtures;
use mnemoscope::model::gguf::Metadata;
use mnemoscope::model::{Tokenizer, Words};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[derive(Deserialize)]
struct Cases {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    /// Name in the folder → name here
    #[serde(default)]
    files: BTreeMap<String, String>,
    #[serde(default)]
    config: serde_json::Value,
    gguf: Option<String>,
    /// A trained model's folder, which is not part of the project
    real: Option<String>,
    /// One a line; none where the reference differs for a reason that the maker tells
    ids: Vec<Option<Vec<u32>>>,
}

fn folder() -> PathBuf {
    fixtures().join("tokenizers")
}

fn lines() -> Vec<String> {
    let bytes = std::fs::read(folder().join("lines.json")).expect("a committed file");
    serde_json::from_slice(&bytes).expect("a list of texts")
}

fn cases() -> Vec<Case> {
    let bytes = std::fs::read(folder().join("cases.json")).expect("a committed file");
    serde_json::from_slice::<Cases>(&bytes).expect("the maker's fields").cases
}

/// Where a trained model lies: with the others, or where their `get_more.sh` was told to put it.
fn real(name: &str) -> PathBuf {
    let usual = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/models");
    let more = std::env::var_os("MNEMOSCOPE_MODELS").map(|folder| PathBuf::from(folder).join(name));
    more.filter(|folder| folder.is_dir()).unwrap_or_else(|| usual().join(name))
}

fn inside(file: &Path) -> Tokenizer {
    let keys = Metadata::open(file).expect("a sound file");
    Tokenizer::from_gguf(&keys, file).expect("a known kind").expect("a tokenizer")
}

impl Case {
    /// `None`, and a word about it, for a trained model that is not here.
    fn open(&self) -> Option<Tokenizer> {
        if let Some(name) = &self.real {
            let folder = real(name);
            if !folder.is_dir() {
                println!("skipped: {} is not here", folder.display());
                return None;
            }
            if let Some(name) = &self.gguf {
                return Some(inside(&folder.join(name)));
            }
            return Some(Tokenizer::from_folder(&folder).expect("a sound tokenizer").expect("a tokenizer"));
        }
        Some(self.open_fixture())
    }

    fn open_fixture(&self) -> Tokenizer {
        if let Some(name) = &self.gguf {
            return inside(&folder().join(name));
        }
        let opened = Tokenizer::from_folder(self.lay().path());
        opened.unwrap_or_else(|error| panic!("{}: {error}", self.name)).expect("a tokenizer")
    }

    /// A folder with the files of a fixture.
    fn lay(&self) -> tempfile::TempDir {
        let place = tempfile::tempdir().expect("a folder");
        for (to, from) in &self.files {
            std::fs::copy(folder().join(from), place.path().join(to)).expect("a copy");
        }
        if self.config.as_object().is_some_and(|config| !config.is_empty()) {
            write(&place.path().join("tokenizer_config.json"), self.config.to_string().as_bytes());
        }
        place
    }
}

/// A folder for each tokenizer that lies in files of its own.
pub(crate) fn folders() -> Vec<tempfile::TempDir> {
    let mut folders: Vec<_> =
        cases().iter().filter(|case| case.gguf.is_none() && case.real.is_none()).map(Case::lay).collect();
    folders.push(only(&fixtures().join("llama-tied"), &["tokenizer.json", "tokenizer_config.json"]));
    folders
}

#[test]
fn every_kind_gives_the_ids_that_transformers_gives() {
    let (lines, mut wrong) = (lines(), Vec::new());
    assert!(lines.len() >= 200);
    for case in cases() {
        let Some(tokenizer) = case.open() else { continue };
        let (mut apart, mut compared) = (0, 0);
        for (line, expected) in lines.iter().zip(&case.ids) {
            let tokens =
                tokenizer.encode(line).unwrap_or_else(|error| panic!("{} {line:?}: {error}", case.name));
            let ids: Vec<u32> = tokens.iter().map(|token| token.id).collect();
            let Some(expected) = expected else { continue };
            compared += 1;
            if ids != *expected {
                apart += 1;
                let at = ids.iter().zip(expected).position(|(a, b)| a != b).unwrap_or(0);
                let from = at.saturating_sub(2);
                let part = |ids: &[u32]| -> Vec<String> {
                    ids.iter()
                        .skip(from)
                        .take(8)
                        .map(|&id| format!("{id} {:?}", tokenizer.text(id)))
                        .collect()
                };
                if apart <= 6 {
                    wrong.push(format!(
                        "{}: {line:?}\n  {:?}\n  {:?}",
                        case.name,
                        part(&ids),
                        part(expected)
                    ));
                }
            }
        }
        assert!(compared > 150, "{}: only {compared} lines compared", case.name);
        if apart > 0 {
            wrong.push(format!("{}: {apart} lines of {}", case.name, lines.len()));
        }
    }
    assert!(wrong.is_empty(), "ours above, theirs below\n{}", wrong.join("\n"));
}

#[test]
fn every_token_covers_whole_characters_in_order() {
    for case in cases() {
        let Some(tokenizer) = case.open() else { continue };
        for line in lines() {
            let tokens = tokenizer.encode(&line).expect("checked above");
            let mut reached = 0;
            for token in tokens.iter().filter(|token| !token.span.is_empty()) {
                assert!(line.get(token.span.clone()).is_some(), "{} {line:?}: {token:?}", case.name);
                assert!(token.span.start >= reached, "{} {line:?}: {token:?} goes back", case.name);
                reached = token.span.start;
            }
        }
    }
}

#[test]
fn bytes_and_spaces_read_as_what_they_are() {
    let tokenizer = cases().into_iter().find(|case| case.name == "bpe-bytes").expect("a case").open_fixture();
    let tokens = tokenizer.encode("the 🫨 cat").expect("bytes spell everything");
    let texts: Vec<&str> = tokens.iter().map(|token| token.text.as_str()).collect();
    assert!(texts.contains(&"‹F0›") && texts.contains(&"‹A8›"), "{texts:?}");
    assert_eq!(texts.first(), Some(&" the"));
    assert_eq!(tokens[0].span, 0..3);
    let ids: Vec<u32> = tokens.iter().map(|token| token.id).collect();
    assert_eq!(tokenizer.decode(&ids), "the 🫨 cat");
}

#[test]
fn a_gguf_splits_as_the_model_it_was_made_from() {
    let folder = real("stories260k");
    let file = folder.join("stories260K.gguf");
    if !file.is_file() {
        println!("skipped: {} is not here", file.display());
        return;
    }
    let inside = inside(&file);
    let beside = Tokenizer::from_folder(&folder).expect("a sound tokenizer").expect("a tokenizer");
    for line in lines() {
        assert_eq!(inside.encode(&line).expect("bytes"), beside.encode(&line).expect("bytes"), "{line:?}");
    }
}

#[test]
fn languages_mark_the_text() {
    let tokenizer = cases().into_iter().find(|case| case.name == "nllb").expect("a case").open_fixture();
    let id = |tokenizer: &Tokenizer, code: &str| {
        tokenizer.languages().iter().find(|(known, _)| known == code).map(|(_, id)| *id)
    };
    assert_eq!(tokenizer.languages().len(), 202);
    let ids = |language| {
        let tokens = tokenizer.encode_as("the cat", language).expect("spelled");
        tokens.into_iter().map(|token| token.id).collect::<Vec<_>>()
    };
    assert_eq!(tokenizer.usual_language(), Some("deu_Latn"));
    assert_eq!(Some(ids(None)[0]), id(&tokenizer, "deu_Latn"));
    let french = tokenizer.language("fra_latn").expect("French is one of them, however it is spelled");
    assert_eq!(Some(french), id(&tokenizer, "fra_Latn"));
    assert_eq!(ids(Some(french)), [&[french], &ids(None)[1..]].concat());
    assert_eq!(tokenizer.language_among(&ids(Some(french))), Some("fra_Latn"));
    let error = tokenizer.language("fr_Latin").expect_err("no such language");
    assert!(error.known.len() == 202 && error.known[..8].contains(&"fra_Latn".to_owned()), "{error}");
}

#[test]
fn a_list_of_words_is_read_as_keras_reads_it() {
    let words = ["the", "cat", "sat"].map(str::to_owned).to_vec();
    let tokenizer = Tokenizer::from_words(Words::new(words), Path::new("vocabulary.txt")).expect("a list");
    let tokens = tokenizer.encode("The cat,\n SAT elsewhere! É").expect("unknown words have an id");
    assert_eq!(tokens.iter().map(|token| token.id).collect::<Vec<_>>(), [2, 3, 4, 1, 1]);
    assert_eq!(tokens[2].span, 10..13);
    assert_eq!(tokens[1].text, "cat");
}

#[test]
fn broken_vocabularies_are_errors() {
    use rand::{Rng as _, SeedableRng as _};
    let mut rng = rand::rngs::StdRng::seed_from_u64(7);
    let lines: Vec<String> = lines().into_iter().step_by(17).collect();
    let (mut refused, mut read) = (0, 0);
    for case in cases().into_iter().filter(|case| case.real.is_none() && case.name != "t5-json") {
        let place = tempfile::tempdir().expect("a folder");
        let files: Vec<(String, Vec<u8>)> = match &case.gguf {
            Some(name) => vec![(name.clone(), std::fs::read(folder().join(name)).expect("a file"))],
            None => case
                .files
                .iter()
                .map(|(to, from)| (to.clone(), std::fs::read(folder().join(from)).expect("a file")))
                .collect(),
        };
        for (name, bytes) in &files {
            write(&place.path().join(name), bytes);
        }
        write(&place.path().join("tokenizer_config.json"), case.config.to_string().as_bytes());
        for _ in 0..12 {
            let (name, bytes) = &files[rng.random_range(0..files.len())];
            let mut broken = bytes.clone();
            for _ in 0..rng.random_range(1..20) {
                let at = rng.random_range(0..broken.len());
                broken[at] = rng.random();
            }
            broken.truncate(rng.random_range(broken.len() / 2..=broken.len() * 2).min(broken.len()));
            let file = place.path().join(name);
            write(&file, &broken);
            let opened = match &case.gguf {
                Some(_) => Metadata::open(&file).and_then(|keys| Tokenizer::from_gguf(&keys, &file)),
                None => Tokenizer::from_folder(place.path()),
            };
            match opened {
                Ok(Some(tokenizer)) => {
                    read += 1;
                    for line in &lines {
                        for token in tokenizer.encode(line).unwrap_or_default() {
                            assert!(line.get(token.span.clone()).is_some(), "{}: {token:?}", case.name);
                        }
                    }
                }
                Ok(None) => {}
                Err(error) => {
                    refused += 1;
                    assert!(!error.to_string().contains('\n'), "{error}");
                }
            }
            write(&file, bytes);
        }
    }
    assert!(refused > 100 && read > 20, "{refused} refused, {read} read");
}

#[test]
fn rules_that_blow_a_text_up_are_refused() {
    let place = tempfile::tempdir().expect("a folder");
    let open = |content: &str, times: usize| {
        let rule = serde_json::json!({"type": "Replace", "pattern": {"String": "h"}, "content": content});
        let json = serde_json::json!({
            "version": "1.0", "added_tokens": [],
            "normalizer": {"type": "Sequence", "normalizers": vec![rule; times]},
            "model": {"type": "WordLevel", "vocab": {"h": 0, "hh": 1}, "unk_token": "h"},
        });
        write(&place.path().join("tokenizer.json"), json.to_string());
        Tokenizer::from_folder(place.path())
    };
    let sound = open("hh", 1).expect("as published rules do").expect("a tokenizer");
    assert_eq!(sound.encode("h").expect("a word")[0].id, 1);
    for (content, times) in [("h".repeat(1000), 1), ("hh".to_owned(), 9)] {
        let error = open(&content, times).expect_err("too much").to_string();
        assert!(error.contains("256 times as long"), "{error}");
    }
}

#[test]
fn a_letter_outside_the_vocabulary_is_an_error() {
    let place = tempfile::tempdir().expect("a folder");
    let json = r#"{"version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
        "pre_tokenizer": {"type": "Split", "pattern": {"Regex": "."}, "behavior": "Isolated", "invert": false},
        "post_processor": null, "decoder": null,
        "model": {"type": "WordLevel", "vocab": {"A": 0, "B": 1}, "unk_token": "?"}}"#;
    write(&place.path().join("tokenizer.json"), json.as_bytes());
    let tokenizer = Tokenizer::from_folder(place.path()).expect("sound").expect("a tokenizer");
    assert_eq!(tokenizer.encode("ABBA").expect("its letters").len(), 4);
    assert!(tokenizer.encode("ABC").is_err());
}

#[test]
fn switches_beside_a_tokenizer_json_count() {
    let place = only(&fixtures().join("llama-tied"), &["tokenizer.json", "tokenizer_config.json"]);
    let ids = |switches: &str| {
        let config =
            format!(r#"{{"bos_token": "<|begin_of_text|>", "eos_token": "<|end_of_text|>"{switches}}}"#);
        write(&place.path().join("tokenizer_config.json"), config.as_bytes());
        let tokenizer = Tokenizer::from_folder(place.path()).expect("sound").expect("a tokenizer");
        let tokens = tokenizer.encode("the cat").expect("bytes");
        tokens.into_iter().map(|token| token.id).collect::<Vec<_>>()
    };
    let usual = ids("");
    let (bos, eos) = (usual[0], 299);
    assert_eq!(ids(r#", "add_bos_token": true"#), usual);
    assert_eq!(ids(r#", "add_bos_token": false"#), usual[1..]);
    assert_eq!(ids(r#", "add_eos_token": true"#), [&usual[..], &[eos]].concat());
    assert_ne!(ids(r#", "add_prefix_space": true"#), usual);
    assert_eq!(ids(r#", "add_prefix_space": true"#)[0], bos);
}
