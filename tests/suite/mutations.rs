//! Contract: no bytes of any container end the program, hang it, or take memory that the file gives no reason for.
//!
//! A test a container, each with its own random changes. In the suite each makes a few; with
//! `MNEMOSCOPE_MUTATION_SECONDS=600 cargo test --test suite mutations -- --test-threads 1 --nocapture` each goes on for
//! ten minutes, and memory is watched too. What fails stays in `target/tmp/mutations`.

use crate::containers::containers;
use crate::files::write;
use crate::parity::{fixtures, folders_in};
use crate::tokenizers;
use mnemoscope::engine::{self, Job, Prompt, RunOptions};
use mnemoscope::model::{Model, Tokenizer, gguf};
use mnemoscope::trace::saved;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::Value;
use std::ops::ControlFlow;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Files changed in the suite, where nobody asks for more.
const CASES: u64 = 60;
/// No file of these sizes is worth more, on a slow machine with other work and without optimisation.
const LONGEST: Duration = Duration::from_mins(1);
/// The victims have less than half a megabyte.
const MOST_BYTES: u64 = 192 << 20;

/// A folder of files of which one is changed.
struct Victim {
    files: Vec<(PathBuf, String)>,
    changed: usize,
    /// What is opened: a file of the folder, or the folder itself
    opened: Option<String>,
}

impl Victim {
    /// One file, which is opened as such, beside a `config.json` where the container has none.
    fn file(file: PathBuf, config: Option<&str>) -> Self {
        let name = file.file_name().expect("a name").to_string_lossy().into_owned();
        let mut files = vec![(file, name.clone())];
        files.extend(config.map(|of| (fixtures().join(of).join("config.json"), "config.json".to_owned())));
        Self { files, changed: 0, opened: Some(name) }
    }

    /// A folder as it is, of which one file is changed.
    fn folder(folder: &Path, changed: &str) -> Self {
        let entries =
            std::fs::read_dir(folder).expect("a fixture").map(|entry| entry.expect("an entry").path());
        let mut files: Vec<_> = entries
            .filter(|path| path.is_file())
            .map(|path| (path.clone(), path.file_name().expect("a name").to_string_lossy().into_owned()))
            .filter(|(_, name)| !name.starts_with("expected"))
            .collect();
        files.sort();
        let changed = files.iter().position(|(_, name)| name == changed).expect("the file to change");
        Self { files, changed, opened: None }
    }

    /// Lays the files into `place`, the changed one as `bytes`, and says what to open.
    fn lay(&self, place: &Path, bytes: &[u8]) -> PathBuf {
        std::fs::create_dir_all(place).expect("a folder");
        for (at, (source, name)) in self.files.iter().enumerate() {
            let target = place.join(name);
            if at == self.changed {
                write(&target, bytes);
            } else {
                std::fs::copy(source, target).expect("a copy");
            }
        }
        self.opened.as_ref().map_or(place.to_owned(), |name| place.join(name))
    }
}

/// What opens must also run, whatever comes of it.
fn opens(path: &Path) {
    if let Ok(metadata) = gguf::Metadata::open(path) {
        for key in metadata.keys() {
            let _ = (metadata.texts(key), metadata.numbers(key), metadata.len_of(key));
        }
        let _ = Tokenizer::from_gguf(&metadata, path).map(|tokenizer| tokenizer.map(|it| reads(&it)));
    }
    let Ok(model) = Model::open(path) else { return };
    let ids = (1..4).map(|id| id % model.spec().vocab.max(1) as u32).collect();
    let _ = engine::run(&model, &Prompt::Ids(ids), &RunOptions::default(), &Job::new(), &mut |_| {});
}

fn tokenizer_opens(folder: &Path) {
    for opened in [Tokenizer::from_folder(folder), Tokenizer::target_from_folder(folder)] {
        let _ = opened.map(|tokenizer| tokenizer.map(|it| reads(&it)));
    }
}

fn reads(tokenizer: &Tokenizer) {
    let Ok(tokens) = tokenizer.encode("Two  héllos, 世界 🙂\n\tfn f() {}") else { return };
    for token in tokens {
        tokenizer.text(token.id);
    }
}

/// Numbers that lengths, offsets and counts break at.
const WORDS: &[u64] = &[
    0,
    1,
    2,
    7,
    8,
    0x7f,
    0x80,
    0xff,
    0x100,
    0xffff,
    1 << 20,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    1 << 40,
    !0,
];

fn bytes_changed(rng: &mut StdRng, sound: &[u8]) -> Vec<u8> {
    let mut bytes = sound.to_vec();
    for _ in 0..rng.random_range(1..6) {
        if bytes.is_empty() {
            break;
        }
        // Headers are at the start, and an archive's directory at the end
        let near = bytes.len().min(4096);
        let at = match rng.random_range(0..4) {
            0 => rng.random_range(0..bytes.len()),
            1 => bytes.len() - 1 - rng.random_range(0..near),
            _ => rng.random_range(0..near),
        };
        let left = bytes.len() - at;
        let run = rng.random_range(1..=left.min(64));
        match rng.random_range(0..9) {
            0 => bytes[at] ^= 1 << rng.random_range(0..8),
            1 => bytes[at] = rng.random(),
            2 | 3 => {
                let word = WORDS[rng.random_range(0..WORDS.len())].to_le_bytes();
                let n = [1, 2, 4, 8][rng.random_range(0..4)].min(left);
                bytes[at..at + n].copy_from_slice(&word[..n]);
            }
            4 => bytes[at..at + run].fill(rng.random()),
            5 => drop(bytes.drain(at..at + run)),
            6 => {
                let again = bytes[at..at + run].to_vec();
                bytes.splice(at..at, again);
            }
            7 => {
                let from = rng.random_range(0..=bytes.len() - run);
                bytes.copy_within(from..from + run, at);
            }
            _ if rng.random_range(0..4) == 0 => bytes.truncate(at),
            _ => bytes[at] = bytes[at].wrapping_add(1),
        }
    }
    bytes
}

/// What may stand where a configuration has something else.
const ODD: &[&str] = &[
    "0",
    "1",
    "2",
    "3",
    "5",
    "8",
    "64",
    "4096",
    "1048576",
    "99999999999",
    "-1",
    "1e30",
    "1e-30",
    "0.5",
    "true",
    "false",
    "null",
    "\"\"",
    "\"gelu\"",
    "\"c2p\"",
    "\"yarn\"",
    "[]",
    "{}",
    "[0]",
    "[\"full_attention\"]",
    "[1, 2, 3]",
    "{\"rope_type\": \"dynamic\"}",
];

fn json_changed(rng: &mut StdRng, sound: &[u8]) -> Vec<u8> {
    let Ok(mut value) = serde_json::from_slice::<Value>(sound) else { return bytes_changed(rng, sound) };
    if rng.random_range(0..8) == 0 {
        return bytes_changed(rng, sound);
    }
    for _ in 0..rng.random_range(1..4) {
        change_below(rng, &mut value);
    }
    serde_json::to_vec(&value).expect("JSON")
}

/// Goes down at random, and puts something odd where it stops.
fn change_below(rng: &mut StdRng, value: &mut Value) {
    let odd = |rng: &mut StdRng| serde_json::from_str(ODD[rng.random_range(0..ODD.len())]).expect("JSON");
    match value {
        Value::Object(map) if !map.is_empty() => {
            let key = map.keys().nth(rng.random_range(0..map.len())).expect("a key").clone();
            match rng.random_range(0..6) {
                0 => drop(map.remove(&key)),
                1 => drop(map.insert(key, odd(rng))),
                _ => change_below(rng, map.get_mut(&key).expect("its value")),
            }
        }
        Value::Array(list) if !list.is_empty() => {
            let at = rng.random_range(0..list.len());
            match rng.random_range(0..6) {
                0 => drop(list.remove(at)),
                1 => list.push(list[at].clone()),
                _ => change_below(rng, &mut list[at]),
            }
        }
        Value::Number(number) if rng.random() => {
            let now = number.as_f64().unwrap_or_default();
            let other = [now + 1.0, now - 1.0, now * 2.0, now / 2.0, -now][rng.random_range(0..5)];
            *value =
                if other.fract() == 0.0 && other.abs() < 1e15 { (other as i64).into() } else { other.into() };
        }
        other => *other = odd(rng),
    }
}

/// Lines of a vocabulary in another order, missing, twice, or broken.
fn lines_changed(rng: &mut StdRng, sound: &[u8]) -> Vec<u8> {
    if rng.random() {
        return bytes_changed(rng, sound);
    }
    let mut lines: Vec<&[u8]> = sound.split(|&byte| byte == b'\n').collect();
    for _ in 0..rng.random_range(1..20) {
        let (at, to) = (rng.random_range(0..lines.len()), rng.random_range(0..lines.len()));
        match rng.random_range(0..3) {
            0 => lines.swap(at, to),
            1 => lines.insert(at, lines[to]),
            _ if lines.len() > 1 => drop(lines.remove(at)),
            _ => {}
        }
    }
    lines.join(&b'\n')
}

/// Reads a size of this process from the kernel, in bytes; none elsewhere.
fn memory(field: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}

type Change = fn(&mut StdRng, &[u8]) -> Vec<u8>;

#[track_caller]
fn survives(name: &str, victims: &[(Victim, Change)], open: fn(&Path)) {
    let seconds = std::env::var("MNEMOSCOPE_MUTATION_SECONDS").ok();
    let seconds = seconds.map(|text| Duration::from_secs(text.parse().expect("whole seconds")));
    let start = Instant::now();
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mutations");
    let place = root.join(format!("{name}-now-{}", std::process::id()));
    let mut findings: Vec<String> = Vec::new();
    let goes_on = |case: u64| seconds.map_or(case < CASES, |seconds| start.elapsed() < seconds);
    let mut case = 0;
    while goes_on(case) && findings.len() < 20 {
        let mut rng = StdRng::seed_from_u64(case);
        let (victim, change) = &victims[rng.random_range(0..victims.len())];
        let sound = std::fs::read(&victim.files[victim.changed].0).expect("a fixture");
        let path = victim.lay(&place, &change(&mut rng, &sound));
        // Time and memory are looked at where the run is asked for by itself; the kernel forgets its high-water mark
        if seconds.is_some() && Path::new("/proc/self/clear_refs").exists() {
            write(Path::new("/proc/self/clear_refs"), b"5");
        }
        let (before, began) = (memory("VmRSS").unwrap_or_default(), Instant::now());
        let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| open(&path)));
        let taken = memory("VmHWM").filter(|_| seconds.is_some()).unwrap_or_default().saturating_sub(before);
        let wrong = match outcome {
            Err(panic) => {
                let text = panic.downcast_ref::<String>().map(String::as_str);
                Some(text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic").to_owned())
            }
            Ok(()) if seconds.is_some() && began.elapsed() > LONGEST => {
                Some(format!("took {:.0} s", began.elapsed().as_secs_f32()))
            }
            Ok(()) if taken > MOST_BYTES => Some(format!("took {} MB", taken >> 20)),
            Ok(()) => None,
        };
        if let Some(wrong) = wrong
            && !findings.iter().any(|known| known.ends_with(&wrong))
        {
            let kept = root.join(format!("{name}-{case}"));
            let _ = std::fs::remove_dir_all(&kept);
            std::fs::rename(&place, &kept).expect("renamed");
            println!("{}: {wrong}", kept.display());
            findings.push(format!("{}: {wrong}", kept.display()));
        }
        let _ = std::fs::remove_dir_all(&place);
        case += 1;
    }
    println!("{name}: {case} files in {:.0} s, {} findings", start.elapsed().as_secs_f32(), findings.len());
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

/// Victims of one kind of change.
fn all(victims: impl IntoIterator<Item = Victim>, change: Change) -> Vec<(Victim, Change)> {
    victims.into_iter().map(|victim| (victim, change)).collect()
}

#[test]
fn safetensors() {
    let folders =
        ["gpt2-one-head-one-layer", "f8-scaled", "gpt-oss-mxfp4", "mixtral-odd", "bert-class", "deepseek-v3"];
    let mut victims =
        all(folders.map(|name| Victim::folder(&fixtures().join(name), "model.safetensors")), bytes_changed);
    let sharded = fixtures().join("llama-f16-sharded");
    victims.extend(all([Victim::folder(&sharded, "model.safetensors.index.json")], json_changed));
    survives("safetensors", &victims, opens);
}

fn pytorch(cases: &[&str]) -> Vec<(Victim, Change)> {
    let victim = |case: &&str| {
        let fixture = case.split('@').next().expect("FIXTURE@CASE");
        Victim::file(containers().join(format!("{case}.pth")), Some(fixture))
    };
    all(cases.iter().map(victim), bytes_changed)
}

#[test]
fn pytorch_zip() {
    let gpt2 = ["zip", "nested", "protocol-4", "views"].map(|case| format!("gpt2-one-head-one-layer@{case}"));
    let mut cases: Vec<&str> = gpt2.iter().map(String::as_str).collect();
    cases.push("llama-bf16@zip");
    survives("pytorch-zip", &pytorch(&cases), opens);
}

#[test]
fn pytorch_legacy() {
    let cases = [
        "gpt2-one-head-one-layer@legacy",
        "gpt2-one-head-one-layer@legacy-views",
        "llama-f16-sharded@legacy",
    ];
    survives("pytorch-legacy", &pytorch(&cases), opens);
}

#[test]
fn saved_traces() {
    let files =
        ["numpy", "transformers"].map(|name| fixtures().join(format!("traces/{name}.trace.safetensors")));
    let victims = all(files.map(|file| Victim::file(file, None)), bytes_changed);
    survives("traces", &victims, |path| drop(saved::open(path, &|_| ControlFlow::Continue(()))));
}

#[test]
fn gguf() {
    let converted = ["llama3-rope", "gpt2-odd", "falcon-40b", "olmoe-odd", "phi3-longrope"];
    let mut files: Vec<PathBuf> =
        converted.iter().map(|name| containers().join(format!("{name}.gguf"))).collect();
    let whole = [
        "gguf-bert",
        "gguf-blocks-of-256",
        "gguf-deepseek-v2",
        "gguf-gemma3",
        "gguf-gpt-oss",
        "seq2seq/gguf-t5-gated",
    ];
    files.extend(whole.iter().map(|name| fixtures().join(name).join("model.gguf")));
    let words = ["bpe-llama-bpe", "bpe-bytes", "unigram-t5", "uncased"];
    files.extend(words.iter().map(|name| fixtures().join("tokenizers").join(format!("{name}.gguf"))));
    survives("gguf", &all(files.into_iter().map(|file| Victim::file(file, None)), bytes_changed), opens);
}

fn keras(files: &[&str]) -> Vec<(Victim, Change)> {
    all(files.iter().map(|file| Victim::file(fixtures().join("keras").join(file), None)), bytes_changed)
}

#[test]
fn keras_archive() {
    let files =
        ["classify", "functional", "gpt", "keras2-classify", "nested", "pre-norm", "tagging", "words"];
    let files = files.map(|case| format!("{case}/model.keras"));
    survives("keras", &keras(&files.each_ref().map(String::as_str)), opens);
}

#[test]
fn keras_weights() {
    let files = [
        "classify/chunked.weights.h5",
        "classify/latest.weights.h5",
        "gpt/model.weights.h5",
        "hub-gpt2/backbone.weights.h5",
        "keras2-classify/model.weights.h5",
    ];
    survives("keras-weights", &keras(&files), opens);
}

#[test]
fn keras_legacy() {
    let files =
        ["classify/model.h5", "functional/model.h5", "keras2-classify/weights-2.h5", "keras2-gpt/model.h5"];
    survives("keras-legacy", &keras(&files), opens);
}

#[test]
fn config_json() {
    let mut folders = folders_in(&fixtures(), "config.json");
    folders.extend(folders_in(&fixtures().join("seq2seq"), "config.json"));
    assert!(folders.len() > 100);
    let victims = folders.iter().map(|folder| Victim::folder(folder, "config.json"));
    survives("config", &all(victims, json_changed), opens);
}

#[test]
fn tokenizer_files() {
    let folders = tokenizers::folders();
    let mut victims = Vec::new();
    for folder in &folders {
        for file in std::fs::read_dir(folder.path()).expect("a folder").flatten() {
            let name = file.file_name().to_string_lossy().into_owned();
            let change: Change = match Path::new(&name).extension().and_then(|ending| ending.to_str()) {
                Some("json") => json_changed,
                Some("txt") => lines_changed,
                _ => bytes_changed,
            };
            victims.push((Victim::folder(folder.path(), &name), change));
        }
    }
    survives("tokenizers", &victims, tokenizer_opens);
}
