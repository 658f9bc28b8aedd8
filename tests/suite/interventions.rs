//! Contract: an intervention gives what the same edit made with PyTorch hooks gives, however the run is asked for.

use crate::files::write;
use crate::parity::{fixtures, open, run_ids, storyteller_run};
use mnemoscope::engine::{self, InterveneError, Job, Prompt, RunError, RunOptions, intervene};
use mnemoscope::model::{HeadId, Hook, Model, Sampling};
use mnemoscope::trace::{Intervention, Pool, Trace};
use safetensors::SafeTensors;
use strum::IntoEnumIterator as _;

pub(crate) const MODELS: [&str; 3] = ["gpt2-odd", "llama-gqa", "bert-hub-layout"];
/// One whose heads leave a share of each row to a sink.
pub(crate) const SINKS: &str = "gpt-oss-odd";

#[derive(serde::Deserialize)]
pub(crate) struct Expected {
    pub(crate) tokens: Vec<u32>,
    pub(crate) cases: Vec<String>,
}

/// Reads `a;b;c`; `@/` stands for the folder of the fixtures' files.
fn parse(texts: &str) -> Vec<Intervention> {
    let folder = format!("{}/", fixtures().join("interventions").display());
    let one = |text: &str| text.replace("@/", &folder).parse().expect("a sound intervention");
    texts.split(';').map(one).collect()
}

pub(crate) fn changed(model: &Model, clean: &Trace, texts: &str) -> Trace {
    intervene(model, clean, &parse(texts), &Job::new(), &mut |_| {})
        .unwrap_or_else(|error| panic!("{texts}: {error}"))
}

#[track_caller]
fn refused(model: &Model, clean: &Trace, text: &str) -> InterveneError {
    intervene(model, clean, &parse(text), &Job::new(), &mut |_| {}).expect_err(text)
}

fn patterns(trace: &Trace) -> Vec<f32> {
    let whole = |head| {
        let pattern = trace.pattern(head);
        pattern.tile(0..pattern.n_queries(), 0..pattern.n_keys())
    };
    trace.head_ids().flat_map(whole).collect()
}

fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[track_caller]
fn same(a: &Trace, b: &Trace, tolerance: f32) {
    let off = largest_difference(&patterns(a), &patterns(b));
    assert!(off <= tolerance, "patterns differ by {off:e}");
    let off = largest_difference(&a.logits, &b.logits);
    assert!(off <= 10.0 * tolerance, "logits differ by {off:e}");
}

pub(crate) fn expected(model: &str) -> Expected {
    let file = fixtures().join(format!("interventions/{model}.json"));
    serde_json::from_slice(&std::fs::read(file).expect("a readable file")).expect("the maker's fields")
}

#[test]
fn every_kind_equals_pytorch_hooks() {
    for name in MODELS.into_iter().chain([SINKS]) {
        let Expected { tokens, cases } = expected(name);
        let file = fixtures().join(format!("interventions/{name}.safetensors"));
        let bytes = std::fs::read(file).expect("a readable file");
        let arrays = SafeTensors::deserialize(&bytes).expect("sound safetensors");
        let floats = |name: &str| -> Vec<f32> {
            let data = arrays.tensor(name).expect("an array a case").data();
            data.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
        };
        let model = open(&fixtures().join(name));
        let clean = run_ids(&model, &tokens);
        for (index, case) in cases.iter().enumerate() {
            let trace = changed(&model, &clean, case);
            let off = largest_difference(&patterns(&trace), &floats(&format!("{index}.patterns")));
            assert!(off <= 2e-5, "{name}, {case}: patterns differ by {off:e}");
            // Every second word's are kept
            let rows = trace.logits.chunks(model.spec().vocab);
            let own: Vec<f32> = rows.flat_map(|row| row.iter().step_by(2)).copied().collect();
            let off = largest_difference(&own, &floats(&format!("{index}.logits")));
            assert!(off <= 2e-4, "{name}, {case}: logits differ by {off:e}");
            let whole: Vec<String> = trace.interventions().iter().map(ToString::to_string).collect();
            assert_eq!(parse(case), parse(&whole.join(";")), "the trace records {case}");
        }
        assert!(cases.len() >= if name == SINKS { 5 } else { 33 });
    }
}

/// Thumbnails, tiles and activations asked for afterwards are those of the changed run.
#[test]
fn what_is_asked_afterwards_is_what_flowed() {
    for name in MODELS {
        let Expected { tokens, cases } = expected(name);
        let model = open(&fixtures().join(name));
        let clean = run_ids(&model, &tokens);
        for case in &cases {
            let trace = changed(&model, &clean, case);
            let n = trace.n_tokens();
            for head in trace.head_ids() {
                let kept = trace.thumbnail(head);
                let again = trace.pattern(head).pooled(0..n, 0..n, kept.rows, kept.columns, Pool::Max);
                let off = largest_difference(&kept.values, &again);
                assert!(off <= 1e-5, "{name}, {case}: head {head} is off by {off:e}");
            }
            for layer in 0..trace.n_layers() {
                let get = |hook| trace.activation(&model.network, hook, layer).map(|array| array.data);
                let (pre, attn, mlp) = (get(Hook::ResidPre), get(Hook::AttnOut), get(Hook::MlpOut));
                let (Ok(pre), Ok(attn), Ok(mlp)) = (pre, attn, mlp) else { panic!("{name}: {case}") };
                if name == "bert-hub-layout" || case.contains("hook_resid_mid") {
                    continue; // a norm or an edit stands between the sums
                }
                let post = get(Hook::ResidPost).expect("every block has one");
                let sum: Vec<f32> =
                    pre.iter().zip(&attn).zip(&mlp).map(|((pre, attn), mlp)| pre + attn + mlp).collect();
                assert!(largest_difference(&sum, &post) <= 1e-4, "{name}, {case}: layer {layer}");
            }
        }
    }
}

#[test]
fn layers_before_the_first_change_are_not_run_again() {
    let model = open(&fixtures().join("llama-gqa"));
    let clean = run_ids(&model, &expected("llama-gqa").tokens);
    let mut seen = 0;
    let trace = intervene(&model, &clean, &parse("zero=1.0"), &Job::new(), &mut |_| seen += 1).expect("runs");
    assert_eq!(seen, 1, "of two layers");
    assert!(std::ptr::eq(trace.layer(0), clean.layer(0)), "the first is shared");
    assert!(!std::ptr::eq(trace.layer(1), clean.layer(1)));
}

#[test]
fn identities_hold() {
    for name in MODELS {
        let model = open(&fixtures().join(name));
        let clean = run_ids(&model, &expected(name).tokens);
        let n = clean.n_tokens();
        for nothing in ["scale=1.1:1", "temperature=0.*:1", "pattern=*.*:clean", "scale=mlp.0:1"] {
            same(&changed(&model, &clean, nothing), &clean, 2e-6);
        }
        let (zero, scale) = (changed(&model, &clean, "zero=0.1"), changed(&model, &clean, "scale=0.1:0"));
        same(&zero, &scale, 0.0);
        same(
            &changed(&model, &clean, "zero=attn.1;zero=mlp.1"),
            &changed(&model, &clean, "zero=layer.1"),
            0.0,
        );
        // A row with a key knocked out shares out what it gave to that key in proportion
        let (query, key) = (6, 2);
        let head = HeadId { layer: 0, head: 1 };
        let row = clean.pattern(head).row(query);
        let left: f32 = row.iter().enumerate().filter(|&(k, _)| k != key).map(|(_, p)| p).sum();
        let knocked = changed(&model, &clean, "knockout=0.1:q6->k2").pattern(head).row(query);
        for k in 0..n {
            let expected = if k == key { 0.0 } else { row[k] / left };
            assert!((knocked[k] - expected).abs() <= 1e-6, "{name}: key {k}");
        }
        assert_eq!(knocked[key].to_bits(), 0, "exactly nothing");
        let scores = changed(&model, &clean, "knockout=0.1:q6->k2").pattern(head).score(query, key);
        assert_eq!(scores.total_cmp(&f32::NEG_INFINITY), std::cmp::Ordering::Equal);
    }
}

#[test]
fn a_prompt_patched_in_whole_is_that_prompt() {
    for name in MODELS {
        let model = open(&fixtures().join(name));
        let clean = run_ids(&model, &expected(name).tokens);
        let text =
            std::fs::read_to_string(fixtures().join(format!("interventions/{name}.txt"))).expect("text");
        let ids: Vec<u32> = text.split_whitespace().map(|id| id.parse().expect("an id")).collect();
        let patched = changed(&model, &clean, &format!("patch=blocks.0.hook_resid_pre@*<-@/{name}.txt"));
        same(&patched, &run_ids(&model, &ids), 1e-6);
    }
}

/// Feeding tokens one by one gives what one pass over all of them gives.
#[test]
fn decoding_is_under_the_same_interventions() {
    for name in ["gpt2-odd", "llama-gqa"] {
        let model = open(&fixtures().join(name));
        let Expected { tokens, cases } = expected(name);
        let half = run_ids(&model, &tokens[..6]);
        let elsewhere = ["mean", "patch", "@/", "clean", "q7", "q3-8", "q6"];
        let cases = cases.iter().filter(|case| !elsewhere.iter().any(|word| case.contains(word)));
        for case in cases.map(String::as_str).chain(["knockout=1.*:*->k0-1;pattern=0.0:uniform"]) {
            if case == "knockout=1.*:*->k0-1;pattern=0.0:uniform" {
                let error = refused(&model, &half, case);
                assert!(matches!(error, InterveneError::Run(RunError::EmptyRow { query: 0, .. })), "{error}");
                continue;
            }
            let mut grown = changed(&model, &half, case);
            engine::generate(&model, &mut grown, &Sampling::default(), 5, &Job::new(), &mut |_, _| true)
                .expect("generation succeeds");
            let whole = changed(&model, &run_ids(&model, &grown.ids()), case);
            let off = largest_difference(&patterns(&grown), &patterns(&whole));
            assert!(off <= 2e-6, "{name}, {case}: patterns differ by {off:e}");
            let last = &whole.logits[whole.logits.len() - grown.logits.len()..];
            let off = largest_difference(&grown.logits, last);
            assert!(off <= 2e-4, "{name}, {case}: logits differ by {off:e}");
        }
    }
}

/// What is shared with the clean run is what running all of it again gives, encoder and decoder alike.
#[test]
fn encoder_decoders_are_changed_from_any_layer_on() {
    let model = open(&fixtures().join("seq2seq/t5-gated"));
    let options = RunOptions {
        target: Some(Prompt::Ids(vec![5, 9, 4])),
        logits: engine::LogitRows::All,
        ..RunOptions::default()
    };
    let source = Prompt::Ids(vec![3, 8, 5, 11, 6, 1]);
    let clean = engine::run(&model, &source, &options, &Job::new(), &mut |_| {}).expect("runs");
    let decoder = model.spec().decoder_start();
    assert!(decoder > 0 && clean.n_layers() > decoder + 1);
    for layer in 0..clean.n_layers() {
        for text in [format!("zero={layer}.1"), format!("knockout={layer}.*:q1->k0;zero=layer.{layer}")] {
            // A second change that changes nothing has the whole run again
            let whole = changed(&model, &clean, &format!("{text};scale=0.0:1"));
            same(&changed(&model, &clean, &text), &whole, 0.0);
            assert!(largest_difference(&whole.logits, &clean.logits) > 1e-4, "{text}");
        }
    }
    let cross = changed(&model, &clean, &format!("forget={}:k2-3", decoder + 1));
    let row = cross.pattern(HeadId { layer: decoder + 1, head: 0 }).row(1);
    assert_eq!(row.len(), 6, "the source's tokens");
    assert_eq!((row[2].to_bits(), row[3].to_bits()), (0, 0));
    let mut grown = changed(&model, &clean, "zero=3.0;mean=2.1");
    let long = Sampling::default();
    engine::generate(&model, &mut grown, &long, 3, &Job::new(), &mut |_, _| true)
        .expect("generation succeeds");
    assert!(grown.n_tokens() > clean.n_tokens());
}

/// Patched from the prompt itself, any hook point is as it was: the sink keeps its share, the norm its divisor.
#[test]
fn patching_from_itself_changes_nothing() {
    for (name, ids) in [(SINKS, "5 1 7 3 9"), ("gpt2-odd", "5 1 7 3 9"), ("bert-hub-layout", "5 1 7 3 9")] {
        let model = open(&fixtures().join(name));
        let clean = run_ids(&model, &Prompt::of_ids(ids).map(ids_of).expect("ids"));
        for hook in Hook::iter() {
            let text = format!("patch={}@*<-text:{ids}", clean.spec.hook_name(hook, 1));
            let outcome = intervene(&model, &clean, &parse(&text), &Job::new(), &mut |_| {});
            match outcome {
                Ok(run) => same(&run, &clean, 3e-6),
                Err(error) => {
                    let there = clean.lacks(hook, 1).is_none() && hook != Hook::Tokens;
                    let learned = hook == Hook::PosEmbed && name == SINKS;
                    assert!(!there || learned, "{name}: {text}: {error}");
                }
            }
        }
    }
}

fn ids_of(prompt: Prompt) -> Vec<u32> {
    let Prompt::Ids(ids) = prompt else { return Vec::new() };
    ids
}

#[test]
fn what_cannot_be_is_refused_before_running() {
    let model = open(&fixtures().join("llama-gqa"));
    let clean = run_ids(&model, &expected("llama-gqa").tokens);
    for text in [
        "zero=2.0",
        "zero=1.6",
        "knockout=0.0:q12->k0",
        "forget=1.2:k0",
        "zero=mlp.7",
        "paint=0.0:q1:k40",
        "patch=blocks.0.hook_none@1<-x",
        "patch=blocks.9.hook_resid_pre@1<-x",
    ] {
        assert!(matches!(refused(&model, &clean, text), InterveneError::Missing { .. }), "{text}");
    }
    let read_only = "patch=tokens@1<-@/llama-gqa.txt";
    assert!(refused(&model, &clean, read_only).to_string().contains("not changed"));
    for (text, says) in [
        ("patch=blocks.0.attn.hook_pattern[6]@1<-@/llama-gqa.txt", "has 6 heads"),
        ("patch=blocks.0.attn.hook_pattern@12<-@/llama-gqa.txt", "12 and 12 tokens"),
        ("pattern=0.0:unifrom", "nor uniform"),
    ] {
        let said = refused(&model, &clean, text).to_string();
        assert!(said.contains(says), "{text}: {said}");
    }
    let counted = "knockout=0.0:q-1->k0".parse::<Intervention>().expect_err("no position").to_string();
    assert!(counted.contains("counted from 0"), "{counted}");
    for text in [
        "knockout=0.0:q3->*",
        "knockout=0.*:*->k0-11",
        "paint=0.0:q1:k5",
        "pattern=0.0:identity;knockout=0.0:q4->k4",
    ] {
        let error = refused(&model, &clean, text);
        assert!(matches!(error, InterveneError::Run(RunError::EmptyRow { .. })), "{text}: {error}");
        assert!(error.hint().is_some());
    }
    for text in [
        "patch=blocks.0.hook_resid_pre@2<-@/absent.txt",
        "add=blocks.0.hook_resid_pre@2:@/llama-gqa.json",
        "add=blocks.0.hook_resid_pre@2:@/llama-gqa.pattern.npy",
        "pattern=0.0:@/llama-gqa.vector.npy",
        "mean=1.0:@/llama-gqa.npz",
    ] {
        assert!(matches!(refused(&model, &clean, text), InterveneError::File { .. }), "{text}");
    }
    let again = changed(&model, &clean, "zero=0.0");
    assert_eq!(refused(&model, &again, "zero=0.1"), InterveneError::NotClean);
    let cancelled = Job::new();
    cancelled.cancel();
    let error =
        intervene(&model, &clean, &parse("zero=0.0"), &cancelled, &mut |_| {}).expect_err("cancelled");
    assert_eq!(error, InterveneError::Run(RunError::Cancelled));
}

#[test]
fn arrays_from_strangers_give_errors() {
    let model = open(&fixtures().join("llama-gqa"));
    let clean = run_ids(&model, &expected("llama-gqa").tokens);
    let folder = tempfile::tempdir().expect("a folder");
    let sound = std::fs::read(fixtures().join("interventions/llama-gqa.vector.npy")).expect("readable");
    for at in 0..sound.len().min(140) {
        for byte in [0_u8, 0xFF, b'9', b'('] {
            let mut broken = sound.clone();
            broken[at] = byte;
            let file = folder.path().join("x.npy");
            write(&file, &broken[..broken.len() - at % 3]);
            let text = format!("add=blocks.0.hook_resid_pre@2:{}", file.display());
            // Sound or not, it must come back
            let _ = intervene(&model, &clean, &parse(&text), &Job::new(), &mut |_| {});
        }
    }
}

#[test]
fn the_grammar_reads_what_it_writes() {
    let texts = [
        "zero=3.5",
        "zero=mlp.2",
        "zero=attn.0",
        "zero=layer.4",
        "mean=3.*",
        "mean=3.5:corpus.npz",
        "scale=*.*:0.5",
        "knockout=3.5:q7->k2",
        "knockout=3.*:*->k2",
        "knockout=0.0:q4-22->*",
        "temperature=1.0:2.5",
        "pattern=1.0:uniform",
        "pattern=1.0:clean",
        "pattern=1.0:some folder/a.npy",
        "paint=1.0:q5:k1*0.25,k3*0.75",
        "forget=2:k3",
        "forget=2.1:k3-5@9",
        "patch=blocks.2.hook_resid_post@5<-other.txt",
        "patch=blocks.2.attn.hook_z[1]@*<-text:\"He said: \\\"no\\\"\\n<-* \"",
        "add=blocks.2.hook_resid_pre@3-5<-texts:[\"a*2\",\"]* b\\n\"]*-0.5",
        "add=hook_embed@*:C:\\x.npy*-1.5",
    ];
    for text in texts {
        let read: Intervention = text.parse().unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(read.to_string(), text);
        let json = serde_json::to_string(&read).expect("JSON");
        assert_eq!(serde_json::from_str::<Intervention>(&json).expect("read back"), read);
    }
    let same = [("knockout=3.5:7->2", "knockout=3.5:q7->k2"), ("knockout=3.5:q*->k*", "knockout=3.5:*->*")];
    for (loose, strict) in same {
        assert_eq!(loose.parse::<Intervention>().expect("read").to_string(), strict);
    }
    for wrong in [
        "",
        "zero",
        "zero=3",
        "cut=3.5",
        "temperature=1.0:0",
        "temperature=1.0:-1",
        "scale=1.0:inf",
        "knockout=1.0:q9-3->k1",
        "knockout=1.0:q1",
        "paint=0.0:q1:k1*-1",
        "patch=@1<-x",
        "patch=blocks.1.hook_resid_pre@1<-",
        "patch=blocks.1.hook_resid_pre@1<-text:",
        "patch=blocks.1.hook_resid_pre@1<-text:\"open",
        "add=blocks.1.hook_resid_pre@1<-texts:[\"one\"]",
        "zero=99999999999.0",
    ] {
        let error = wrong.parse::<Intervention>().expect_err(wrong);
        assert!(error.hint().is_some(), "{wrong}");
    }
    for name in MODELS {
        let spec = open(&fixtures().join(name)).network.spec;
        for hook in Hook::iter() {
            let layer = usize::from(hook.per_layer());
            assert_eq!(spec.hook(&spec.hook_name(hook, layer)), Some((hook, layer)));
        }
    }
}

#[test]
fn a_row_and_its_sink_are_one_whole() {
    let model = open(&fixtures().join("gpt-oss-odd"));
    let clean = run_ids(&model, &[5, 1, 7, 3, 5, 1, 2]);
    let run = changed(&model, &clean, "pattern=0.0:uniform;temperature=0.1:2");
    for trace in [&clean, &run] {
        for head in trace.head_ids() {
            let pattern = trace.pattern(head);
            for query in 0..pattern.n_queries() {
                let keys: f64 = pattern.row(query).iter().map(|&weight| f64::from(weight)).sum();
                let all = keys + pattern.sink_share(query);
                assert!((all - 1.0).abs() < 1e-5, "{head}, query {query}: {all}");
            }
        }
    }
    let share = |trace: &Trace| trace.pattern(HeadId::default()).sink_share(3);
    assert!(share(&clean) > 0.0 && share(&run) == 0.0, "given weights leave the sink nothing");
}

/// The figures of `assets/storyteller/README.md`: with the three recall heads cut, the fact is gone.
#[test]
fn cutting_the_recall_heads_takes_the_memory_away() {
    let (model, clean) = storyteller_run("Tom has a red ball. Anna has a green cup. Tom plays with the");
    let p = |trace: &Trace| trace.next.iter().find(|next| next.text == " red").map_or(0.0, |next| next.p);
    let cut = changed(&model, &clean, "zero=4.0;zero=4.1;zero=4.5");
    let control = changed(&model, &clean, "zero=4.2;zero=4.3;zero=4.4");
    assert!(p(&clean) > 0.5, "{}", p(&clean));
    assert!(p(&control) > 0.5, "{}", p(&control));
    assert!(p(&cut) < 0.2, "{}", p(&cut));
}
