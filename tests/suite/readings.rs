//! Contract: what the lens and the strip of tokens say of each token follows the formulae in their doc comments.

use crate::cli::program;
use crate::parity::{fixtures, open, run_ids};
use mnemoscope::{
    analysis::{LensOptions, LensTint, Said, heads_over, lens, losses, predicted, received},
    engine::{self, Job, ModelSource, Prompt, RunOptions},
    model::{Hook, Model, Token},
    trace::{Side, Trace},
};
use serde_json::Value;
use std::ops::ControlFlow;

const PROMPT: &str = "Mary has a red ball. Tom has a blue kite. Mary plays with the";

fn run() -> (Model, Trace) {
    let model = engine::load(&ModelSource::Embedded, &Job::new()).expect("the embedded model");
    let prompt = Prompt::Text(PROMPT.into());
    let trace =
        engine::run(&model, &prompt, &RunOptions::default(), &Job::new(), &mut |_| {}).expect("a run");
    (model, trace)
}

fn go(_: f32) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Probabilities of logits, in f64.
fn softmax(logits: &[f32]) -> Vec<f64> {
    let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let parts: Vec<f64> = logits.iter().map(|&x| f64::from(x - max).exp()).collect();
    let sum: f64 = parts.iter().sum();
    parts.into_iter().map(|part| part / sum).collect()
}

#[track_caller]
fn near(found: f64, wanted: f64) {
    assert!((found - wanted).abs() < 1e-5 * wanted.abs().max(1.0), "{found} is not {wanted}");
}

#[test]
fn a_layer_is_measured_against_the_models_own_answer() {
    let (model, trace) = run();
    let width = trace.spec.width;
    let token = trace.n_tokens() - 1;
    let rows = |layer: usize| &trace.resid(layer)[token * width..(token + 1) * width];
    let own = softmax(&model.network.logits(rows(trace.n_layers())));
    let answer = (0..own.len()).max_by(|&a, &b| own[a].total_cmp(&own[b])).expect("a vocabulary");
    let word = trace.next[1].id;
    for raw in [false, true] {
        let options = LensOptions { raw, word: Some(word), ..LensOptions::new(token..token + 1, 1) };
        let lens = lens(&model, &trace, &options, &mut go).expect("a lens");
        assert_eq!(lens.layers.len(), trace.n_layers() + 1);
        for (layer, found) in lens.layers.iter().enumerate() {
            let logits =
                if raw { model.network.raw_logits(rows(layer)) } else { model.network.logits(rows(layer)) };
            let p = softmax(&logits);
            let said: Said = found.said[0];
            near(said.entropy, -p.iter().map(|p| if *p > 0.0 { p * p.log2() } else { 0.0 }).sum::<f64>());
            near(said.kl, own.iter().zip(&p).map(|(own, p)| own * (own / p).log2()).sum());
            assert_eq!(said.rank, 1 + p.iter().filter(|other| **other > p[answer]).count());
            let (rank, probability) = said.word.expect("asked for");
            assert_eq!(rank, 1 + p.iter().filter(|other| **other > p[word as usize]).count());
            near(probability, p[word as usize]);
            near(f64::from(found.tokens[0][0].p), p.iter().copied().fold(0.0, f64::max));
        }
        let last = lens.layers.last().expect("a layer").said[0];
        if raw {
            assert!(last.kl > 1e-3, "without its norm the last layer is another");
        } else {
            assert!((last.rank, last.kl < 1e-6) == (1, true), "with it, it is the model's own: {last:?}");
        }
    }
}

#[test]
fn a_tint_is_a_share_of_its_range() {
    let said = Said { entropy: 2.0, kl: 3.0, rank: 1, word: None };
    assert!((LensTint::Probability.share(0.25, &said, 16, 6.0) - 0.25).abs() < 1e-6);
    assert!((LensTint::Rank.share(0.25, &said, 16, 6.0) - 1.0).abs() < 1e-6);
    assert!(LensTint::Rank.share(0.25, &Said { rank: 16, ..said }, 16, 6.0).abs() < 1e-6);
    assert!((LensTint::Entropy.share(0.25, &said, 16, 6.0) - 0.5).abs() < 1e-6, "2 of 4 bits");
    assert!((LensTint::Kl.share(0.25, &said, 16, 6.0) - 0.5).abs() < 1e-6);
    assert_eq!(LensTint::Kl.share(0.25, &said, 16, 0.0).to_bits(), 0);
}

#[test]
fn attention_received_is_the_mean_over_those_that_may_look() {
    let (_, trace) = run();
    let heads = heads_over(&trace, Side::Target);
    assert_eq!(heads.len(), trace.head_ids().count());
    let found = received(&trace, &heads, Side::Target, &mut go).expect("added up");
    let n = trace.n_tokens();
    for key in [0, 3, n - 1] {
        let mean = |head| (key..n).map(|query| f64::from(trace.pattern(head).cell(query, key))).sum::<f64>();
        let wanted =
            heads.iter().map(|&head| mean(head) / (n - key) as f64).sum::<f64>() / heads.len() as f64;
        near(found[key], wanted);
    }
    // Uniform attention over what came before: of the last token itself 1/n, of the first H_n / n
    let model = open(&fixtures().join("uniform-by-hand"));
    let trace = run_ids(&model, &[1, 2, 3, 4]);
    let heads = heads_over(&trace, Side::Target);
    let found = received(&trace, &heads, Side::Target, &mut go).expect("added up");
    near(found[3], 0.25);
    near(found[0], (1.0 + 0.5 + 1.0 / 3.0 + 0.25) / 4.0);
    assert_eq!(received(&trace, &heads, Side::Target, &mut |_| ControlFlow::Break(())), None);
}

#[test]
fn an_encoder_and_its_decoder_are_read_apart() {
    let folder = std::fs::read_dir(fixtures().join("seq2seq")).expect("fixtures");
    let mut seen = 0;
    for entry in folder.filter_map(Result::ok).filter(|entry| entry.path().join("config.json").is_file()) {
        let Ok(model) = engine::load(&ModelSource::Path(entry.path()), &Job::new()) else { continue };
        let options = RunOptions { target: Some(Prompt::Ids(vec![7, 8])), ..RunOptions::default() };
        let prompt = Prompt::Ids(vec![5, 6, 9, 4]);
        let Ok(trace) = engine::run(&model, &prompt, &options, &Job::new(), &mut |_| {}) else { continue };
        seen += 1;
        for side in [Side::Source, Side::Target] {
            let heads = heads_over(&trace, side);
            assert!(!heads.is_empty());
            let found = received(&trace, &heads, side, &mut go).expect("added up");
            assert_eq!(found.len(), trace.tokens_of(side).len());
            assert!(found.iter().all(|share| (0.0..=1.0).contains(share)));
        }
    }
    assert!(seen > 0, "no encoder–decoder fixture was run");
}

#[test]
fn loss_and_entropy_are_those_of_the_models_own_words() {
    let (model, trace) = run();
    let found = predicted(&model.network, &trace, &mut go).expect("it speaks");
    assert_eq!(found.loss[0], None, "nothing comes before the first token");
    let known = losses(&model.network, &trace, &mut go).expect("it speaks");
    for (loss, known) in found.loss[1..].iter().zip(known) {
        near(loss.expect("a loss"), known);
    }
    let width = trace.spec.width;
    let last = trace.n_tokens() - 1;
    let p = softmax(&model.network.logits(&trace.resid(trace.n_layers())[last * width..]));
    near(found.entropy[last], -p.iter().map(|p| p * p.log2()).sum::<f64>());
    let class = open(&fixtures().join("bert-class"));
    assert_eq!(predicted(&class.network, &run_ids(&class, &[2, 5, 3]), &mut go), None);
}

#[test]
fn a_token_knows_its_bytes() {
    let token = |text: &str| Token { id: 0, text: text.to_owned(), span: 0..0 }.bytes();
    assert_eq!(token(" ball"), b" ball");
    assert_eq!(token("‹E4 BD›"), [0xE4, 0xBD], "stray bytes");
    assert_eq!(token("é‹FF›x"), [0xC3, 0xA9, 0xFF, b'x']);
    assert_eq!(token("‹no bytes›"), "‹no bytes›".as_bytes());
    assert_eq!(token(""), b"");
    let (model, _) = run();
    let tokenizer = model.tokenizer.as_ref().expect("it reads");
    let text = "小红 has 🎈";
    let tokens = tokenizer.encode_bare(text).expect("it reads");
    let bytes: Vec<u8> = tokens.iter().flat_map(Token::bytes).collect();
    assert!(String::from_utf8_lossy(&bytes).ends_with(text), "{bytes:?}");
}

fn json(args: &[&str]) -> Value {
    let output = program().args(args).args(["--json", "--quiet"]).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("one object")
}

#[test]
fn the_command_line_says_the_same() {
    let (model, trace) = run();
    let tokens = json(&["tokens", "--prompt", PROMPT]);
    let all = tokens["tokens"].as_array().expect("tokens");
    assert_eq!(all.len(), trace.n_tokens());
    assert_eq!(all[0]["loss"], Value::Null);
    let said = predicted(&model.network, &trace, &mut go).expect("it speaks");
    near(all[5]["loss"].as_f64().expect("a loss"), said.loss[5].expect("a loss"));
    near(all[5]["entropy"].as_f64().expect("an entropy"), said.entropy[5]);
    assert_eq!(all[5]["id"], trace.tokens[5].id);
    let one = json(&["tokens", "--prompt", PROMPT, "--pick", "3.5"]);
    let head = "3.5".parse().expect("a head");
    let wanted = received(&trace, &[head], Side::Target, &mut go).expect("added up");
    near(one["tokens"][2]["received"].as_f64().expect("a share"), wanted[2]);
    let output = program().args(["tokens", "--prompt", "a", "--pick", "99.0"]).output().expect("it runs");
    assert_eq!(output.status.code(), Some(1), "there is no such head");
    let output = program().args(["tokens", "--prompt", PROMPT]).output().expect("it runs");
    assert!(String::from_utf8_lossy(&output.stdout).contains("entropy"));

    let word = format!("#{}", trace.next[1].id);
    let lens = json(&["lens", "--prompt", PROMPT, "--last", "1", "--raw", "--word", &word]);
    let layers = lens["layers"].as_array().expect("layers");
    assert_eq!(layers.len(), trace.n_layers() + 1);
    let first = &layers[0]["said"][0];
    assert!(first["word"]["rank"].as_u64().expect("a rank") >= 1);
    assert!(first["kl"].as_f64().expect("bits") > 0.0);
    let output = program().args(["lens", "--prompt", PROMPT, "--tint", "rank"]).output().expect("it runs");
    assert!(String::from_utf8_lossy(&output.stdout).contains("#1"));
}

#[test]
fn hidden_states_are_drawn_from_any_activation() {
    let (model, trace) = run();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("states.csv");
    let draw = |more: &[&str]| {
        let args = ["export", "--prompt", PROMPT, "--view", "states", "-o"];
        program().args(args).arg(&path).args(more).output().expect("it runs")
    };
    let output = draw(&["--hook", "blocks.2.mlp.hook_post"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let table = std::fs::read_to_string(&path).expect("written");
    let (hook, layer) = trace.spec.hook("blocks.2.mlp.hook_post").expect("a hook");
    let array = trace.activation(&model.network, hook, layer).expect("computed");
    assert_eq!(table.lines().count() - 1, array.data.len());
    let place = table.lines().next().and_then(|head| head.split(',').position(|name| name == "value"));
    let place = place.expect("a column of values");
    let first = table.lines().nth(1).and_then(|row| row.split(',').nth(place)).expect("a row");
    near(first.parse().expect("a number"), f64::from(array.data[0]));
    let output = draw(&["--hook", "blocks.0.hook_attn_out", "--by-variance"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for (name, why) in [("blocks.9.hook_attn_out", "no activation"), ("blocks.0.attn.hook_pattern", "no row")]
    {
        let output = draw(&["--hook", name]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(why), "{name}: {said}");
    }
    let args = ["export", "--prompt", PROMPT, "--view", "norms", "--norms-of", "mlp", "-o"];
    let output = program().args(args).arg(&path).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let table = std::fs::read_to_string(&path).expect("written");
    assert_eq!(table.lines().count() - 1, trace.n_layers() * trace.n_tokens());
    let added = trace.activation(&model.network, Hook::MlpOut, 0).expect("computed");
    let norm = added.data[..trace.spec.width].iter().map(|x| x * x).sum::<f32>().sqrt();
    let first = table.lines().nth(1).and_then(|row| row.rsplit(',').next()).expect("a row");
    near(first.parse().expect("a number"), f64::from(norm));
    let args = ["export", "--prompt", PROMPT, "--view", "similarity", "--between-layers", "--at", "3", "-o"];
    let output = program().args(args).arg(&path).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let streams = trace.n_layers() + 1;
    assert_eq!(std::fs::read_to_string(&path).expect("written").lines().count() - 1, streams * streams);
}
