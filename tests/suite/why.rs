//! Contract: a score is the sum of its parts, and so is a logit, in every family; the parts are what they claim to be.

use crate::interventions::{MODELS, SINKS, changed, expected};
use crate::parity::{Expected, fixtures, folders_in, none, open, run_ids, storyteller_run};
use mnemoscope::analysis::{
    Attribution, Cell, CellName, Component, Question, Why, WhyError, attribute, logits_at, why,
};
use mnemoscope::engine::{self, Job, LogitRows, Prompt, RunOptions};
use mnemoscope::model::{HeadId, HeadName, HeadSpec, Hook, Model, Part};
use mnemoscope::trace::Trace;
use std::ops::ControlFlow;
use std::path::Path;

fn cell_of(model: &Model, trace: &Trace, cell: Cell) -> Why {
    let network = Some(&model.network);
    why(network, trace, cell, &mut |_| ControlFlow::Continue(()))
        .unwrap_or_else(|error| panic!("{cell}: {error}"))
}

fn says(model: &Model, trace: &Trace, question: Question) -> Attribution {
    attribute(&model.network, trace, question, &mut |_| ControlFlow::Continue(()))
        .unwrap_or_else(|error| panic!("{question:?}: {error}"))
}

/// How far a sum is off, in units of what it should be; where its terms cancel out, of a twentieth of their size.
fn off(sum: f64, expected: f64, terms: impl IntoIterator<Item = f64>) -> f64 {
    let size = terms.into_iter().map(f64::abs).sum::<f64>();
    (sum - expected).abs() / expected.abs().max(size / 20.0).max(1e-6)
}

/// Every head's first, middle and last query, each with the first, middle and last key it sees.
fn cells(trace: &Trace) -> Vec<Cell> {
    let ends = |n: usize| {
        let mut ends = vec![0, n / 2, n - 1];
        ends.dedup();
        ends
    };
    let of_head = |head: HeadId| {
        let pattern = trace.pattern(head);
        let of_query = |query: usize| {
            let keys = trace.pattern(head).keys(query);
            let all = ends(keys.len()).into_iter().map(move |key| keys.start + key);
            all.map(move |key| Cell { head, query, key }).collect::<Vec<_>>()
        };
        ends(pattern.n_queries()).into_iter().flat_map(of_query).collect::<Vec<_>>()
    };
    trace.head_ids().flat_map(of_head).collect()
}

fn check_cells(model: &Model, trace: &Trace, cells: &[Cell], place: &str) -> Vec<String> {
    let mut problems = Vec::new();
    for &cell in cells {
        let why = cell_of(model, trace, cell);
        let table = why.table.as_ref().expect("a model is there");
        let mut expect = |what: &str, off: f64, limit: f64| {
            if off.is_nan() || off > limit {
                problems.push(format!("{place} {cell}: {what} is off by {off:e}"));
            }
        };
        let whole = why.product + why.distance;
        let terms = why.dimensions.iter().chain(&table.values).copied();
        expect("the table", off(table.sum(), whole, terms.clone()), 1e-4);
        let dimensions: f64 = why.dimensions.iter().sum();
        expect("the dimensions", off(dimensions, why.product, terms.clone()), 1e-4);
        let margin = |query| (0..table.keys.len()).map(|key| table.at(query, key)).sum::<f64>();
        let sums: f64 = (0..table.queries.len()).map(margin).sum();
        expect("the margin", off(sums, whole, terms.clone()), 1e-4);
        for most in [0, 3, 8, 1000] {
            let folded = table.folded(most);
            expect("the folded table", off(folded.values.iter().sum(), whole, terms.clone()), 1e-4);
            let (rows, columns) = (folded.queries.len(), folded.keys.len());
            assert!(
                folded.values.len() == rows * columns && rows.max(columns) <= most.max(1) + 1 || most == 1000
            );
        }
        let score = why.cap.map_or(whole, |cap| cap * (whole / cap).tanh()) + why.bias;
        if !why.changed {
            expect("the way to the score", (score - why.score).abs(), 1e-4);
        }
        expect("the weight", ((why.score - why.lse).exp() - why.weight).abs(), 1e-5);
    }
    problems
}

fn check_words(model: &Model, trace: &Trace, place: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if !matches!(trace.spec.head, HeadSpec::NextToken | HeadSpec::MaskedToken { .. }) {
        return problems;
    }
    for token in [0, trace.n_tokens() - 1] {
        let logits = logits_at(&model.network, trace, token);
        let best = (0..logits.len()).max_by(|&a, &b| logits[a].total_cmp(&logits[b])).expect("words") as u32;
        for against in [None, Some((best + 1) % trace.spec.vocab as u32)] {
            let said = says(model, trace, Question { token, word: best, against });
            let off = off(said.logit() + said.residual(), said.logit(), said.parts.iter().map(|part| part.1));
            if off.is_nan() || off > 1e-4 {
                problems.push(format!("{place} token {token}: the logit is off by {off:e}"));
            }
            for &(component, value) in &said.parts {
                let Component::Head(head) = component else { continue };
                if trace.changes.touches(Hook::Z, head.layer) {
                    continue; // what the head gave was changed behind what it read
                }
                let sources = said.sources(trace, head);
                let off = self::off(sources.iter().sum(), value, said.parts.iter().map(|part| part.1));
                if off.is_nan() || off > 1e-4 {
                    problems.push(format!("{place} token {token}: what {head} reads is off by {off:e}"));
                }
            }
        }
    }
    problems
}

fn check_folder(folder: &Path) -> Vec<String> {
    let place = folder.file_name().expect("a name").to_string_lossy();
    let expected = Expected::read(&folder.join("expected.safetensors"));
    let model = open(folder);
    let trace = match &model.spec().encoder {
        None => run_ids(&model, &expected.ids("tokens")),
        Some(encoder) => {
            let target = expected.ids("target_tokens")[encoder.start.len()..].to_vec();
            let options = RunOptions {
                logits: LogitRows::All,
                target: Some(Prompt::Ids(target)),
                ..RunOptions::default()
            };
            engine::run(&model, &Prompt::Ids(expected.ids("tokens")), &options, &Job::new(), &mut |_| {})
                .expect("a run")
        }
    };
    let mut problems = check_cells(&model, &trace, &cells(&trace), &place);
    problems.extend(check_words(&model, &trace, &place));
    problems
}

#[test]
fn every_family_adds_up() {
    let mut folders = folders_in(&fixtures(), "expected.safetensors");
    folders.extend(folders_in(&fixtures().join("seq2seq"), "expected.safetensors"));
    none(&folders.iter().flat_map(|folder| check_folder(folder)).collect::<Vec<_>>());
}

/// Norms behind rotary, rotary that turns the other way, queries that grow with their position.
#[test]
fn rare_arithmetic_adds_up() {
    let names = ["nanochat", "hunyuan", "ministral3-growing"];
    let folders = names.map(|name| fixtures().join("unusual").join(name));
    none(&folders.iter().flat_map(|folder| check_folder(folder)).collect::<Vec<_>>());
}

#[test]
fn a_changed_run_adds_up_too() {
    let mut problems = Vec::new();
    for name in MODELS.into_iter().chain([SINKS]) {
        let cases = expected(name);
        let model = open(&fixtures().join(name));
        let clean = run_ids(&model, &cases.tokens);
        for case in &cases.cases {
            let trace = changed(&model, &clean, case);
            let place = format!("{name}, {case}");
            let last = |cell: &Cell| cell.head.layer + 1 == trace.n_layers();
            let cells: Vec<Cell> = cells(&trace).into_iter().filter(last).collect();
            problems.extend(check_cells(&model, &trace, &cells, &place));
            problems.extend(check_words(&model, &trace, &place));
        }
    }
    none(&problems);
}

#[test]
fn the_embedded_model_adds_up() {
    let (model, trace) = storyteller_run("Mia has a red ball. Tom has a blue kite. Mia has a");
    let last = |cell: &Cell| cell.query + 1 == trace.n_tokens() && cell.head.layer % 2 == 1;
    let cells: Vec<Cell> = cells(&trace).into_iter().filter(last).collect();
    let mut problems = check_cells(&model, &trace, &cells, "storyteller");
    problems.extend(check_words(&model, &trace, "storyteller"));
    none(&problems);
}

#[derive(serde::Deserialize)]
struct Probe {
    period: usize,
    tokens: Vec<u32>,
    induction_head: [usize; 2],
}

/// The second layer's head finds a key by what the first layer's wrote there: the token before.
#[test]
fn the_induction_model_says_why_it_looks_back() {
    let model = open(&fixtures().join("induction-by-hand"));
    let file = std::fs::read(fixtures().join("induction-by-hand/probe.json")).expect("a readable file");
    let probe: Probe = serde_json::from_slice(&file).expect("the maker's fields");
    let (period, tokens) = (probe.period, probe.tokens);
    let trace = run_ids(&model, &tokens);
    let head = HeadId { layer: probe.induction_head[0], head: probe.induction_head[1] };
    for query in period..2 * period - 1 {
        let why = cell_of(&model, &trace, Cell { head, query, key: query + 1 - period });
        assert!(why.weight > 0.9, "{}: {}", why.cell, why.weight);
        let table = why.table.expect("a model is there");
        let (asks, found, value) = table.largest()[0];
        let names = (table.queries[asks], table.keys[found]);
        assert_eq!(names, (Component::Embedding, Component::Head(HeadId { layer: 0, head: 0 })));
        assert!(value > 0.9 * table.sum(), "{value} of {}", table.sum());
        let said =
            says(&model, &trace, Question { token: query, word: tokens[query - period + 1], against: None });
        let best = said.parts.iter().max_by(|a, b| a.1.total_cmp(&b.1)).expect("parts");
        assert_eq!(best.0, Component::Head(head), "what the answer is read from");
        let sources = said.sources(&trace, head);
        let read = (0..sources.len()).max_by(|&a, &b| sources[a].total_cmp(&sources[b]));
        assert_eq!(read, Some(query + 1 - period), "and where");
    }
}

/// Each part of a logit equals what the kept activations give by the textbook: (x − mean)·w/σ·W_U.
#[test]
fn parts_of_a_logit_are_what_was_written() {
    let folder = fixtures().join("gpt2-odd");
    let model = open(&folder);
    let ids = Expected::read(&folder.join("expected.safetensors")).ids("tokens");
    let trace = run_ids(&model, &ids);
    let (token, word, width) = (ids.len() - 1, 3, trace.spec.width);
    let said = says(&model, &trace, Question { token, word, against: None });
    let weights = &model.network.weights;
    let unembed: Vec<f64> = weights.matrix("unembed.W_U").dense::<f64>();
    let scale: Vec<f64> = weights.vector("ln_final.w").expect("a weight");
    let norm = trace.spec.final_norm.expect("a norm");
    let resid = &trace.resid(trace.n_layers())[token * width..(token + 1) * width];
    let mean = |x: &[f32]| x.iter().map(|&x| f64::from(x)).sum::<f64>() / x.len() as f64;
    let centre = mean(resid);
    let variance = resid.iter().map(|&x| (f64::from(x) - centre).powi(2)).sum::<f64>() / width as f64;
    let sigma = (variance + norm.eps).sqrt();
    let part = |row: &[f32]| -> f64 {
        let mean = mean(row);
        let vocab = trace.spec.vocab;
        (0..width)
            .map(|d| (f64::from(row[d]) - mean) * scale[d] / sigma * unembed[d * vocab + word as usize])
            .sum()
    };
    for &(component, value) in &said.parts {
        let array = |hook, layer| trace.activation(&model.network, hook, layer).expect("an activation").data;
        let row = match component {
            Component::Embedding => array(Hook::Embed, 0)[token * width..][..width].to_vec(),
            Component::Position => array(Hook::PosEmbed, 0)[token * width..][..width].to_vec(),
            Component::Mlp(layer) => array(Hook::MlpOut, layer)[token * width..][..width].to_vec(),
            Component::Head(HeadId { layer, head }) => {
                let heads = trace.heads(layer);
                array(Hook::Result, layer)[(token * heads + head) * width..][..width].to_vec()
            }
            _ => continue,
        };
        assert!((value - part(&row)).abs() < 1e-5, "{component:?}: {value} is not {}", part(&row));
    }
}

#[test]
fn what_cannot_be_taken_apart_says_so() {
    let model = open(&fixtures().join("gpt2-odd"));
    let trace = run_ids(&model, &[1, 2, 3]);
    let ask = |layer, query, key| {
        let cell = Cell { head: HeadId { layer, head: 0 }, query, key };
        why(None, &trace, cell, &mut |_| ControlFlow::Continue(()))
    };
    assert!(matches!(ask(0, 1, 2), Err(WhyError::Masked { .. })));
    assert!(matches!(ask(0, 3, 0), Err(WhyError::NoToken { n: 3, .. })));
    assert!(matches!(ask(99, 0, 0), Err(WhyError::NoHead(_))));
    let without_model = ask(0, 2, 1).expect("dimensions need no model");
    assert!(without_model.table.is_none() && without_model.residual().abs() < 1e-4);
    let mut stop = |_| ControlFlow::Break(());
    let cell = Cell { head: HeadId { layer: 1, head: 0 }, query: 1, key: 0 };
    assert_eq!(why(Some(&model.network), &trace, cell, &mut stop), Err(WhyError::Cancelled));

    let classifier = open(&fixtures().join("bert-class"));
    let trace = run_ids(&classifier, &[1, 2, 3]);
    let question = Question { token: 0, word: 0, against: None };
    let error = attribute(&classifier.network, &trace, question, &mut |_| ControlFlow::Continue(()));
    assert!(error.is_err_and(|error| error.to_string().contains("scores no words")));
}

#[test]
fn cells_are_read_as_they_are_written() {
    let head = HeadId { layer: 3, head: 5 };
    let name = |part| CellName { head: HeadName { part, head }, query: 22, key: 5 };
    assert_eq!("3.5:q22->k5".parse(), Ok(name(None)));
    assert_eq!("3.5:22->5".parse(), Ok(name(None)));
    assert_eq!(Cell { head, query: 22, key: 5 }.to_string().parse(), Ok(name(None)));
    assert_eq!("cross.3.5:q22->k5".parse(), Ok(name(Some(Part::Cross))));
    assert_eq!("encoder 3.5:22->5".parse(), Ok(name(Some(Part::Encoder))));
    for wrong in ["3.5", "3.5:22", "3:q1->k2", "3.5:k1->q2", "3.5:q-1->k2", ""] {
        assert!(wrong.parse::<CellName>().is_err(), "{wrong}");
    }
}
