//! Contract: trained models open, run and do what is known of them. They are no part of the project: each test says
//! so where its model is not under `../shared/models` or `$MNEMOSCOPE_MODELS`.

use super::parity::{Expected, fixtures, open};
use mnemoscope::engine::{self, Job, LogitRows, Prompt, RunOptions};
use mnemoscope::model::{HeadId, HeadSpec, Hook, Model};
use mnemoscope::trace::Trace;
use std::path::{Path, PathBuf};

/// Where a trained model is, if it is on this machine.
fn place_of(name: &str) -> Option<PathBuf> {
    let own = std::env::var_os("MNEMOSCOPE_MODELS").map(PathBuf::from);
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/models");
    let found = own.into_iter().chain([shared]).map(|root| root.join(name)).find(|folder| folder.exists());
    if found.is_none() {
        println!("skipped: {name} is neither in ../shared/models nor in $MNEMOSCOPE_MODELS");
    }
    found
}

fn trained(name: &str) -> Option<Model> {
    place_of(name).map(|folder| open(&folder))
}

fn run(model: &Model, prompt: &str) -> Trace {
    let options = RunOptions { logits: LogitRows::All, ..RunOptions::default() };
    engine::run(model, &Prompt::Text(prompt.into()), &options, &Job::new(), &mut |_| {}).expect("a run")
}

/// Rows of every head, and what the model says, against what Transformers computed of the same prompt.
fn equals_transformers(name: &str, prompt: &str) -> Option<(Model, Trace)> {
    let model = trained(name)?;
    let expected = Expected::read(&fixtures().join(format!("real/{name}.safetensors")));
    let trace = run(&model, prompt);
    assert_eq!(trace.ids(), expected.ids("tokens"), "{name}: tokens");
    let query = trace.n_tokens() / 2;
    let (shape, rows) = expected.floats("rows").expect("rows");
    assert_eq!(shape, [trace.n_layers(), trace.heads(0), trace.n_tokens()], "{name}");
    for (index, wanted) in rows.chunks_exact(trace.n_tokens()).enumerate() {
        let head = HeadId { layer: index / shape[1], head: index % shape[1] };
        let found = trace.pattern(head).row(query);
        let worst = found.iter().zip(wanted).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 1e-5, "{name} {head}: off by {worst:e}");
    }
    let (_, said) = expected.floats("said").expect("said");
    let hook = match trace.spec.head {
        HeadSpec::Sentence(_) => Hook::NormalizedResidPost,
        _ => Hook::Logits,
    };
    let found = trace.activation(&model.network, hook, trace.n_layers() - 1).expect("an activation");
    let found = &found.data[query * said.len()..(query + 1) * said.len()];
    let spread = said.iter().fold(0.0, |most, x| x.abs().max(most));
    let worst = found.iter().zip(&said).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst / spread < 1e-4, "{name}: what it says is off by {worst:e}");
    Some((model, trace))
}

#[test]
fn minilm_knows_what_it_stands_for() {
    let prompt = "The animal didn't cross the street because it was too tired.";
    let Some((model, trace)) = equals_transformers("all-minilm-l6-v2", prompt) else { return };
    let at =
        |word: &str| trace.tokens.iter().position(|token| token.text == word).expect("a word of the prompt");
    let weight = trace.pattern(HeadId { layer: 3, head: 1 }).cell(at("it"), at("animal"));
    assert!(weight > 0.4, "3.1 gives {weight}");
    // Sentences of one subject lie close, of two far apart
    let vector = |text: &str| run(&model, text).vector.to_vec();
    let cosine = |a: &[f32], b: &[f32]| {
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
    };
    let (cat, kitten) = (vector("A cat sits on the mat."), vector("A kitten is sitting on a rug."));
    let stocks = vector("Stocks fell sharply on Wall Street.");
    let (near, far) = (cosine(&cat, &kitten), cosine(&cat, &stocks));
    assert!(near > 0.5 && far < 0.2, "cat and kitten {near}, cat and stocks {far}");
}

#[test]
fn a_bert_without_a_pooler_gives_a_vector() {
    let prompt = "A kitten sleeps on the warm stones of the wall.";
    let Some((_, trace)) = equals_transformers("paraphrase-minilm-l3", prompt) else { return };
    assert_eq!(trace.vector.len(), trace.spec.width);
}

#[test]
fn a_head_of_rxnmapper_maps_every_atom_of_a_reaction() {
    let prompt = "CC(=O)Cl.OCc1ccccc1>>CC(=O)OCc1ccccc1";
    let Some((_, trace)) = equals_transformers("rxnmapper-albert", prompt) else { return };
    let arrow = trace.tokens.iter().position(|token| token.text == ">>").expect("an arrow");
    let is_atom = |&index: &usize| trace.tokens[index].text.chars().all(char::is_alphabetic);
    let reactants: Vec<usize> = (1..arrow).filter(is_atom).collect();
    let products: Vec<usize> = (arrow + 1..trace.n_tokens() - 1).filter(is_atom).collect();
    let pattern = trace.pattern(HeadId { layer: 10, head: 5 });
    let source_of = |&product: &usize| {
        let row = pattern.row(product);
        let best = (0..row.len()).max_by(|&a, &b| row[a].total_cmp(&row[b])).expect("a key");
        reactants.iter().position(|&reactant| reactant == best).expect("an atom of a reactant")
    };
    // The acid chloride's chlorine (3) leaves; all other atoms come through, in order
    let mapped: Vec<usize> = products.iter().map(source_of).collect();
    assert_eq!(mapped, [0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11]);
}

#[test]
fn rxnmapper_fills_in_a_hidden_atom() {
    let Some(model) = trained("rxnmapper-albert") else { return };
    let trace = run(&model, "CC(=O)Cl.OCc1ccccc1>>CC(=O)[MASK]Cc1ccccc1");
    assert_eq!(trace.next[0].text, "O");
    assert!(trace.next[0].p > 0.99, "{}", trace.next[0].p);
}

#[test]
fn a_tagger_finds_what_is_wrong_with_a_sentence() {
    let prompt = "They has three cat .";
    let Some((_, trace)) = equals_transformers("distilbert-grammar-tagger", prompt) else { return };
    let tag = |word: &str| {
        let at = trace.tokens.iter().position(|token| token.text == word).expect("a word of the prompt");
        trace.classes[at][0].text.clone()
    };
    assert_eq!(tag("They"), "$KEEP");
    assert_eq!(tag("has"), "$REPLACE_have");
}
