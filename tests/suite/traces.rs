//! Contract: a saved trace opens without its model and says what the run said; a broken one is a clear error.

use crate::files::write;
use crate::parity::{fixtures, open, run_ids, storyteller_run};
use mnemoscope::engine::{self, Job, Prompt, RunOptions};
use mnemoscope::export::{Options, Source, export};
use mnemoscope::trace::{Trace, TraceError, saved};
use proptest::prelude::*;
use safetensors::{SafeTensors, tensor::TensorView};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

pub(crate) fn read(file: &Path) -> Result<Trace, TraceError> {
    saved::open(file, &|_| ControlFlow::Continue(()))
}

/// Writes a trace as the export does.
pub(crate) fn save(trace: &Trace, file: &Path) {
    let source = Source { model: None, trace, watch: &|_| ControlFlow::Continue(()) };
    export(&source, &Options::default(), file).expect("written");
}

pub(crate) fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("run.trace.safetensors");
    (folder, file)
}

#[track_caller]
pub(crate) fn same(found: &Trace, run: &Trace, tolerance: f32) {
    assert_eq!(found.ids(), run.ids());
    for head in run.head_ids() {
        let (n, n_keys) = (run.query_tokens(head.layer).len(), run.key_tokens(head.layer).len());
        let tile = |trace: &Trace| trace.pattern(head).tile(0..n, 0..n_keys);
        let (a, b) = (tile(found), tile(run));
        assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() <= tolerance), "pattern of {head}");
        assert_eq!(found.v(head).len(), run.v(head).len());
        let (a, b) = (found.thumbnail(head), run.thumbnail(head));
        assert_eq!((a.rows, a.columns), (b.rows, b.columns));
        assert!(
            a.values.iter().zip(&b.values).all(|(a, b)| (a - b).abs() <= tolerance.max(1e-6)),
            "thumbnail of {head}"
        );
        let (a, b) = (found.measures(head), run.measures(head));
        for measure in mnemoscope::analysis::MEASURES {
            let (a, b) = ((measure.value)(&a), (measure.value)(&b));
            assert!((a - b).abs() <= 1e-4 * b.abs().max(0.1), "{} of {head}: {a}, not {b}", measure.id);
        }
    }
    assert_eq!(found.source_output().len(), run.source_output().len());
    for layer in 0..=run.n_layers() {
        let (a, b) = (found.resid(layer), run.resid(layer));
        assert_eq!(a.len(), b.len());
        assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() <= tolerance * 10.0), "stream before {layer}");
    }
}

#[test]
fn what_was_saved_comes_back() {
    for name in [
        "llama-gqa",
        "gpt2-odd",
        "bert-mlm",
        "bert-bare",
        "bert-tags",
        "qwen2-window",
        "llama-one-token",
        "seq2seq/t5-gated",
        "seq2seq/bart",
        "deberta-class",
        "deberta-mlm",
    ] {
        let model = open(&fixtures().join(name));
        let spec = model.spec();
        let (vocab, context) =
            spec.encoder.as_ref().map_or((spec.vocab, spec.context), |own| (own.vocab, own.context));
        let (vocab, n) = (vocab as u32, context.unwrap_or(40).min(40) as u32);
        let ids: Vec<u32> = (0..n).map(|i| i % 11 % vocab).collect();
        let prompt = Prompt::Ids(ids);
        let run =
            engine::run(&model, &prompt, &RunOptions::default(), &Job::new(), &mut |_| {}).expect("runs");
        let (_folder, file) = place();
        save(&run, &file);
        let found = read(&file).expect("it opens");
        same(&found, &run, 0.0);
        assert_eq!((&found.tokens, &found.source), (&run.tokens, &run.source));
        assert_eq!((&found.next, found.answer_at), (&run.next, run.answer_at));
        assert_eq!(found.classes.len(), run.classes.len());
        assert_eq!(found.model_name, run.model_name);
        // What was opened is saved as it was
        let again = file.with_file_name("again.trace.safetensors");
        save(&found, &again);
        assert!(std::fs::read(&file).expect("there") == std::fs::read(&again).expect("there"), "{name}");
    }
}

#[test]
fn the_text_of_the_prompt_and_of_candidates_comes_back() {
    let (_, run) = storyteller_run("Tom has a blue kite. Tom plays with the");
    let (_folder, file) = place();
    save(&run, &file);
    let found = read(&file).expect("it opens");
    assert_eq!(found.prompt, run.prompt);
    assert_eq!(found.next[0].text, " blue");
    assert_eq!(found.tokens, run.tokens);
}

#[test]
fn what_transformers_and_numpy_wrote_opens() {
    let file = fixtures().join("traces/transformers.trace.safetensors");
    let found = read(&file).expect("it opens");
    let run = run_ids(&open(&fixtures().join("llama-gqa")), &found.ids());
    same(&found, &run, 1e-5);
    let last = &run.logits[(run.n_tokens() - 1) * run.spec.vocab..];
    assert!(found.logits.iter().zip(last).all(|(a, b)| (a - b).abs() < 1e-4));

    let found = read(&fixtures().join("traces/numpy.trace.safetensors")).expect("it opens");
    assert_eq!(found.model_name, "numpy");
    assert_eq!(found.tokens[2].text, "word4");
    for head in found.head_ids() {
        for query in 0..found.n_tokens() {
            let sum: f32 = found.pattern(head).row(query).iter().sum();
            assert!((sum - 1.0).abs() < 1e-5, "{head} gives out {sum}");
        }
    }
}

#[test]
fn a_trace_that_is_not_named_as_one_is_known_by_its_metadata() {
    let folder = tempfile::tempdir().expect("a folder");
    let plain = folder.path().join("anything.safetensors");
    std::fs::copy(fixtures().join("traces/numpy.trace.safetensors"), &plain).expect("copied");
    assert!(saved::is_saved(&plain));
    assert!(!saved::is_saved(&fixtures().join("llama-gqa/model.safetensors")));
    assert!(!saved::is_saved(&fixtures().join("llama-gqa")));
    assert_eq!(read(&plain).expect("it opens").model_name, "anything");
}

#[test]
fn half_a_trace_is_not_written() {
    let run = read(&fixtures().join("traces/numpy.trace.safetensors")).expect("it opens");
    let (_folder, file) = place();
    let selection = mnemoscope::export::Selection { layers: "0".parse().ok(), heads: None };
    let source = Source { model: None, trace: &run, watch: &|_| ControlFlow::Continue(()) };
    let options = Options { selection, ..Options::default() };
    let error = export(&source, &options, &file).expect_err("a selection");
    assert!(error.to_string().contains("some layers"), "{error}");
    let cancel = Source { watch: &|_| ControlFlow::Break(()), ..source };
    assert!(export(&cancel, &Options::default(), &file).is_err());
    assert!(!file.exists(), "nothing is left behind");
}

/// A file that another program wrote for a model with all that changes scores: the pattern is the textbook's.
#[test]
fn caps_biases_and_sinks_enter_the_pattern() {
    let (scale, cap, sink) = (0.5_f64, 2.0_f64, [0.3_f64, -0.7]);
    let cases = [
        json!({ "softcap": cap }),
        json!({ "sinks": true }),
        json!({ "bias": { "Alibi": { "slopes": [0.5, 0.25], "rounded": false, "factor": 1.0 } } }),
        json!({ "bias": { "Buckets": { "count": 8, "max_distance": 20, "two_sided": false } } }),
        json!({ "window": { "Sliding": 2 } }),
        json!({ "value_dim": 3 }),
    ];
    for case in cases {
        let mut parts = Parts::new();
        parts.spec(|spec| {
            let own = spec["blocks"][0]["attention"].as_object_mut().expect("an object");
            own.extend(case.as_object().expect("an object").clone());
        });
        let floats = |name: &str| -> Vec<f64> {
            let bytes = parts.arrays[name].2.as_chunks().0;
            bytes.iter().map(|&bytes| f64::from(f32::from_le_bytes(bytes))).collect()
        };
        let (q, k) = (floats("blocks.0.attn.hook_rot_q"), floats("blocks.0.attn.hook_rot_k"));
        let table: Vec<f64> = (0..16).map(|i| f64::from(i) / 8.0 - 1.0).collect();
        let mut lse = vec![0.0; 10];
        let mut expected = vec![0.0; 50];
        for (head, i) in (0..2).flat_map(|head| (0..5_usize).map(move |i| (head, i))) {
            let score = |j: usize| {
                let dot: f64 = (0..4).map(|d| q[(i * 2 + head) * 4 + d] * k[j * 4 + d]).sum();
                let mut score = scale * dot;
                if case.get("softcap").is_some() {
                    score = cap * (score / cap).tanh();
                }
                match case.get("bias") {
                    Some(bias) if bias.get("Alibi").is_some() => score - [0.5, 0.25][head] * (i - j) as f64,
                    // Distances below half of the buckets have one each, and 4 the first that several share
                    Some(_) => score + table[(i - j) * 2 + head],
                    None => score,
                }
            };
            let first = if case.get("window").is_some() { i.saturating_sub(1) } else { 0 };
            let mut sum: f64 = (first..=i).map(|j| score(j).exp()).sum();
            if case.get("sinks").is_some() {
                sum += sink[head].exp();
            }
            lse[head * 5 + i] = sum.ln();
            for j in first..=i {
                expected[(head * 5 + i) * 5 + j] = score(j).exp() / sum;
            }
        }
        let mut put = |name: &str, shape: &[usize], values: &[f64]| {
            let bytes = values.iter().flat_map(|&value| (value as f32).to_le_bytes()).collect();
            parts.arrays.insert(name.into(), (safetensors::Dtype::F32, shape.to_vec(), bytes));
        };
        put("blocks.0.attn.lse", &[2, 5], &lse);
        if case.get("sinks").is_some() {
            put("blocks.0.attn.sinks", &[2], &sink);
        }
        if case.get("bias").is_some_and(|bias| bias.get("Buckets").is_some()) {
            put("blocks.0.attn.W_rel", &[8, 2], &table);
        }
        if case.get("value_dim").is_some() {
            put("blocks.0.attn.hook_v", &[5, 1, 3], &[0.5; 15]);
        }
        let trace = parts.open().unwrap_or_else(|error| panic!("{case}: {error}"));
        let found: Vec<f32> =
            trace.head_ids().flat_map(|head| trace.pattern(head).tile(0..5, 0..5)).collect();
        for (found, expected) in found.iter().zip(&expected) {
            assert!((f64::from(*found) - expected).abs() < 1e-5, "{case}: {found}, not {expected}");
        }
        let (_folder, file) = place();
        save(&trace, &file);
        same(&read(&file).expect("it opens"), &trace, 0.0);
    }
}

/// The fixture's arrays and metadata, to be changed and written again.
struct Parts {
    arrays: BTreeMap<String, (safetensors::Dtype, Vec<usize>, Vec<u8>)>,
    metadata: HashMap<String, String>,
}

impl Parts {
    fn new() -> Self {
        let bytes = std::fs::read(fixtures().join("traces/numpy.trace.safetensors")).expect("a fixture");
        let tensors = SafeTensors::deserialize(&bytes).expect("sound");
        let (_, header) = SafeTensors::read_metadata(&bytes).expect("sound");
        let own = |(name, view): (String, TensorView<'_>)| {
            (name, (view.dtype(), view.shape().to_vec(), view.data().to_vec()))
        };
        let arrays = tensors.tensors().into_iter().map(own).collect();
        Self { arrays, metadata: header.metadata().clone().unwrap_or_default() }
    }

    fn open(&self) -> Result<Trace, TraceError> {
        let mut views = Vec::new();
        for (name, (dtype, shape, data)) in &self.arrays {
            views.push((name.clone(), TensorView::new(*dtype, shape.clone(), data).expect("it fits")));
        }
        let bytes = safetensors::serialize(views, Some(self.metadata.clone())).expect("sound");
        let (_folder, file) = place();
        write(&file, &bytes);
        read(&file)
    }

    fn spec(&mut self, change: impl Fn(&mut Value)) {
        let mut spec: Value = serde_json::from_str(&self.metadata["spec"]).expect("JSON");
        change(&mut spec);
        self.metadata.insert("spec".into(), spec.to_string());
    }
}

#[track_caller]
fn refused(outcome: Result<Trace, TraceError>, words: &[&str]) {
    let error = outcome.expect_err("a broken trace");
    let text = format!("{error} ({})", error.hint().unwrap_or_default());
    for word in words.iter().chain([&"trace.safetensors"]) {
        assert!(text.contains(word), "`{text}` does not say `{word}`");
    }
    assert!(!text.contains('\n'), "one line: {text}");
}

#[test]
fn missing_arrays_and_entries_are_named() {
    for name in Parts::new().arrays.keys() {
        let mut parts = Parts::new();
        parts.arrays.remove(name);
        refused(parts.open(), &[name, "is missing", "docs/trace-format.md"]);
    }
    for key in ["mnemoscope", "spec", "tokens"] {
        let mut parts = Parts::new();
        parts.metadata.remove(key);
        refused(parts.open(), &[key, "is missing"]);
    }
}

#[test]
fn arrays_of_the_wrong_shape_or_type_are_named() {
    for name in Parts::new().arrays.keys() {
        let mut parts = Parts::new();
        let (_, shape, _) = parts.arrays.get_mut(name).expect("there");
        shape.insert(0, 1);
        refused(parts.open(), &[name, "expected"]);
        let mut parts = Parts::new();
        parts.arrays.get_mut(name).expect("there").0 = safetensors::Dtype::I32;
        refused(parts.open(), &[name, "I32", "BF16"]);
    }
}

#[test]
fn a_version_that_is_not_known_is_named() {
    let mut parts = Parts::new();
    parts.metadata.insert("mnemoscope".into(), "77".into());
    refused(parts.open(), &["version `77`", "newer"]);
}

#[test]
fn nonsense_in_the_metadata_is_named() {
    for (key, value) in [
        ("spec", "no JSON"),
        ("spec", "{}"),
        ("tokens", "[]"),
        ("tokens", "[{\"id\": 99}]"),
        ("tokens", "[{\"id\": -1}]"),
        ("answer_at", "5"),
        ("answer_at", "last"),
        ("texts", "[1]"),
        ("interventions", "7"),
        ("run", "{\"threads\": -1}"),
    ] {
        let mut parts = Parts::new();
        parts.metadata.insert(key.into(), value.into());
        refused(parts.open(), &[key]);
    }
    for (key, value) in [
        ("heads", json!(0)),
        ("kv_heads", json!(0)),
        ("kv_heads", json!(3)),
        ("head_dim", json!(0)),
        ("head_dim", json!(1_u64 << 62)),
        ("heads", json!(1_u64 << 62)),
        ("window", json!({ "Sliding": 0 })),
        ("window", json!({ "Chunk": 1_u64 << 62 })),
        ("softcap", json!(0.0)),
        ("value_dim", json!(0)),
        ("sinks", json!(true)),
        ("bias", json!({ "Alibi": { "slopes": [1.0], "rounded": false, "factor": 1.0 } })),
        ("bias", json!({ "Buckets": { "count": 0, "max_distance": 9, "two_sided": true } })),
        ("bias", json!({ "Buckets": { "count": 8, "max_distance": 1_u64 << 40, "two_sided": true } })),
        ("bias", json!({ "Buckets": { "count": 8, "max_distance": 20, "two_sided": true } })),
    ] {
        let mut parts = Parts::new();
        parts.spec(|spec| spec["blocks"][0]["attention"][key] = value.clone());
        refused(parts.open(), &[]);
    }
    let mut parts = Parts::new();
    parts.spec(|spec| spec["blocks"] = json!([]));
    refused(parts.open(), &["no block"]);
}

#[test]
fn log_sum_exps_that_are_none_are_named() {
    for (value, word) in [(f32::NAN, "NaN"), (f32::NEG_INFINITY, "-inf"), (-3e38, "does not fit q and k")] {
        let mut parts = Parts::new();
        let (_, _, lse) = parts.arrays.get_mut("blocks.0.attn.lse").expect("there");
        lse[4 * 7..4 * 8].copy_from_slice(&value.to_le_bytes());
        refused(parts.open(), &["blocks.0.attn.lse", word, "query", "log-sum-exp"]);
    }
}

#[test]
fn nan_elsewhere_opens_and_says_so() {
    let mut parts = Parts::new();
    let (_, _, logits) = parts.arrays.get_mut("logits").expect("there");
    logits[..4].copy_from_slice(&f32::NAN.to_le_bytes());
    assert!(parts.open().expect("it opens").has_nan);
}

#[test]
fn files_that_are_cut_or_lie_are_refused() {
    let whole = std::fs::read(fixtures().join("traces/numpy.trace.safetensors")).expect("a fixture");
    let mut huge = whole.clone();
    huge[..8].copy_from_slice(&(1_u64 << 60).to_le_bytes());
    for broken in [&whole[..whole.len() - 1], &whole[..100], &whole[..7], b"".as_slice(), &huge] {
        let (_folder, file) = place();
        write(&file, broken);
        refused(read(&file), &["not a sound safetensors file"]);
    }
    refused(read(Path::new("/no/such/run.trace.safetensors")), &["cannot read"]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// No mutation panics, aborts or allocates without bound; what opens can be asked everything.
    #[test]
    fn mutated_traces_never_panic(
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = std::fs::read(fixtures().join("traces/numpy.trace.safetensors")).expect("a fixture");
        for (at, value) in edits {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let (_folder, file) = place();
        write(&file, &bytes);
        if let Ok(trace) = read(&file) {
            let again = file.with_file_name("again.trace.safetensors");
            for head in trace.head_ids() {
                let _ = (trace.pattern(head).row(0), trace.measures(head));
            }
            let source = Source { model: None, trace: &trace, watch: &|_| ControlFlow::Continue(()) };
            let _ = export(&source, &Options::default(), &again);
        }
    }

    /// The same for numbers and words of the specification, which decide what is allocated.
    #[test]
    fn mutated_specifications_never_panic(
        edits in proptest::collection::vec((any::<prop::sample::Index>(), b' '..b'~'), 1..4),
    ) {
        let mut parts = Parts::new();
        let mut spec = parts.metadata["spec"].clone().into_bytes();
        for (at, value) in edits {
            let at = at.index(spec.len());
            spec[at] = value;
        }
        parts.metadata.insert("spec".into(), String::from_utf8(spec).expect("ASCII"));
        let _ = parts.open();
    }
}
