//! Contract: a head's circuits are what the whole matrices say, whatever the family, and find what was built by hand.

use crate::by_hand::{close, json};
use crate::parity::{fixtures, open, run_ids};
use mnemoscope::analysis::atlas::Vocabulary;
use mnemoscope::analysis::circuits::{
    CircuitOptions, Composition, Entry, HeadCircuits, Kind, LeftOut, NoCircuit, Scan, WordTable, compose,
    head_circuits, random_composition,
};
use mnemoscope::engine::{self, Job};
use mnemoscope::model::{HeadId, Model, Part, Positions, Side};
use mnemoscope::trace::Intervention;
use serde_json::Value;
use std::ops::ControlFlow;
use strum::IntoEnumIterator as _;

const PLAIN: CircuitOptions = CircuitOptions { after_mlp: false, plain: true };

fn go_on(_: f32) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

#[track_caller]
fn of(model: &Model, head: HeadId, options: CircuitOptions) -> HeadCircuits {
    head_circuits(&model.network, head, options, &mut go_on).unwrap_or_else(|error| panic!("{head}: {error}"))
}

fn scan(table: &WordTable) -> Scan {
    table.scan(8, &mut go_on).expect("nobody stops it")
}

fn composed(model: &Model, kind: Kind, folded: bool) -> Composition {
    compose(&model.network, kind, folded, &mut go_on).expect("nobody stops it")
}

fn fixture_models() -> Vec<(String, Model)> {
    let entries = std::fs::read_dir(fixtures()).expect("fixtures are committed");
    let folders = entries.map(|entry| entry.expect("a readable entry").path());
    let mut folders: Vec<_> = folders.filter(|folder| folder.join("config.json").is_file()).collect();
    folders.sort();
    let name = |folder: &std::path::Path| folder.file_name().expect("a name").to_string_lossy().into_owned();
    folders.iter().map(|folder| (name(folder), open(folder))).collect()
}

fn entries(value: &Value) -> Vec<(u32, u32, f64)> {
    let one = |entry: &Value| {
        let at = |index: usize| entry[index].as_u64().expect("a word") as u32;
        (at(0), at(1), entry[2].as_f64().expect("a number"))
    };
    value.as_array().expect("a list").iter().map(one).collect()
}

#[track_caller]
fn same_entries(found: &[Entry], expected: &[(u32, u32, f64)]) {
    assert_eq!(found.len(), expected.len());
    for (found, &(row, column, value)) in found.iter().zip(expected) {
        close(found.value, value, 1e-5 * value.abs().max(0.01));
        assert_eq!((found.row, found.column), (row, column), "{value}");
    }
}

#[track_caller]
fn same_table(found: &WordTable, expected: &Value) {
    let all = scan(found);
    same_entries(&all.ends.most, &entries(&expected["most"]));
    same_entries(&all.ends.least, &entries(&expected["least"]));
    let words = |value: &Value| -> Vec<u32> {
        value.as_array().expect("words").iter().map(|word| word.as_u64().expect("a word") as u32).collect()
    };
    let (row, column) = (words(&expected["row"]), words(&expected["column"]));
    let found_row: Vec<u32> = found.row(row[0], 8).most.iter().map(|entry| entry.column).collect();
    assert_eq!(found_row, row[1..]);
    let found_column: Vec<u32> = found.column(column[0], 8).most.iter().map(|entry| entry.row).collect();
    assert_eq!(found_column, column[1..]);
    let own = all.own.expect("the same words on both sides");
    close(own.first, expected["first"].as_f64().expect("a share"), 1e-9);
    close(own.among_first, expected["among_first"].as_f64().expect("a share"), 1e-9);
}

#[test]
fn circuits_equal_numpy() {
    for name in ["llama-gqa", "gpt1-odd"] {
        let expected = &json("circuits.json")[name];
        let model = open(&fixtures().join(name));
        for own in expected["heads"].as_array().expect("heads") {
            let at = |key: &str| own[key].as_u64().expect("a number") as usize;
            let head = HeadId { layer: at("layer"), head: at("head") };
            let found = of(&model, head, CircuitOptions::default());
            same_table(&found.looks, &own["looks"]);
            same_table(found.writes.as_ref().expect("it writes words"), &own["writes"]);
            same_table(&of(&model, head, PLAIN).looks, &own["looks_plain"]);
            let share = |key: &str| own[key].as_f64().expect("a number");
            close(found.matching.expect("a square table"), share("matching"), 1e-4);
            close(found.copying.expect("it gives a next word"), share("copying"), 1e-4);
        }
    }
}

#[test]
fn composition_equals_numpy() {
    for name in ["llama-gqa", "gpt1-odd"] {
        let model = open(&fixtures().join(name));
        for (key, folded) in [("composition", false), ("composition_folded", true)] {
            for kind in Kind::iter() {
                let word: &str = kind.into();
                let expected = &json("circuits.json")[name][key][word];
                let expected = expected.as_array().expect("a list");
                let found = composed(&model, kind, folded);
                assert_eq!(found.links.len(), expected.len());
                for (link, entry) in found.links.iter().zip(expected) {
                    let at = |index: usize| entry[index].as_u64().expect("a number") as usize;
                    assert_eq!(link.from, HeadId { layer: at(0), head: at(1) });
                    assert_eq!(link.to, HeadId { layer: at(2), head: at(3) });
                    close(link.score, entry[4].as_f64().expect("a number"), 1e-5);
                }
            }
        }
    }
}

#[test]
fn the_induction_circuit_made_by_hand_is_found() {
    let model = open(&fixtures().join("induction-by-hand"));
    let (previous, induction) = (HeadId { layer: 0, head: 0 }, HeadId { layer: 1, head: 1 });
    let keys = composed(&model, Kind::K, false);
    let best = keys.strongest(2);
    assert_eq!((best[0].from, best[0].to), (previous, induction), "its keys read what the other wrote");
    // Both maps are the identity on 16 directions and nothing else: no two of that rank can score more
    close(best[0].score, 1.0 / 16_f64.sqrt(), 1e-6);
    assert!(best[1].score < 1e-6 && keys.random < best[0].score / 1.9, "{best:?}");
    for kind in [Kind::Q, Kind::V] {
        let other = composed(&model, kind, false).strongest(1)[0].score;
        assert!(other < 0.5 * best[0].score, "{kind:?} is no part of it: {other}");
    }

    let circuits = of(&model, induction, CircuitOptions::default());
    close(circuits.copying.expect("it gives a next word"), 1.0, 1e-6);
    let writes = circuits.writes.as_ref().expect("it writes words");
    let own = scan(writes).own.expect("the same words");
    close(own.first, 1.0, 0.0);
    for word in 0..16 {
        assert_eq!(writes.row(word, 1).most[0].column, word, "it writes what it reads");
        assert!(writes.value(word, word) > 0.0 && writes.value(word, (word + 1) % 16) < 0.0);
    }
    // What a key follows is written by the other head: words alone do not match
    assert!(scan(&circuits.looks).ends.most[0].value < 1e-3);
    // The previous-token head moves words to where nothing reads them as words
    let moves = of(&model, previous, CircuitOptions::default());
    assert!(scan(moves.writes.as_ref().expect("words")).ends.most[0].value.abs() < 1e-5);
}

/// The plain table of every head of the first block is what a pass over one word computes, where positions come later.
#[test]
fn one_word_alone_scores_as_in_the_pass() {
    let (mut compared, words) = (0, [3, 17]);
    for (name, model) in fixture_models() {
        let spec = model.spec().clone();
        if spec.embedding.positions != Positions::None || spec.encoder.is_some() {
            continue;
        }
        let traces = words.map(|word| run_ids(&model, &[word]));
        for head in (0..spec.heads(0)).map(|head| HeadId { layer: 0, head }) {
            let circuits = of(&model, head, PLAIN);
            let kv_head = spec.blocks[0].attention.kv_head(head.head);
            for (word, trace) in words.into_iter().zip(&traces) {
                if spec.blocks[0].attention.rotary.as_ref().is_some_and(|own| own.changes_at(1)) {
                    continue;
                }
                let product = f64::from(trace.pattern(head).product(0, 0));
                let off = (circuits.looks.value(word, word) - product).abs();
                assert!(off <= 1e-4 * product.abs().max(0.1), "{name} {head}: {off:e} of {product}");
                compared += 1;
            }
            // What it would write differs between two words as their values do
            if let Ok(writes) = &circuits.writes {
                let values =
                    traces.each_ref().map(|trace| trace.layer(0).state.values[kv_head].row(0).to_vec());
                let z: Vec<f32> = values[0].iter().zip(&values[1]).map(|(a, b)| a - b).collect();
                let added = model.network.head_result(0, head.head, &z);
                let size = added.iter().map(|x| x.abs()).fold(0.0, f32::max);
                let differ = (0..spec.vocab as u32)
                    .any(|to| (writes.value(words[0], to) - writes.value(words[1], to)).abs() > 1e-9);
                assert_eq!(differ, size > 0.0, "{name} {head}");
            }
        }
    }
    assert!(compared > 60, "only {compared} compared");
}

/// Every number the tables give equals the one that whole matrices give.
#[test]
fn thin_products_equal_the_whole_matrix() {
    let model = open(&fixtures().join("qwen3-odd"));
    let circuits = of(&model, HeadId { layer: 1, head: 2 }, CircuitOptions::default());
    for table in [&circuits.looks, circuits.writes.as_ref().expect("it writes words")] {
        let (n, m) = table.size();
        let mut all: Vec<Entry> = (0..n as u32)
            .flat_map(|row| (0..m as u32).map(move |column| (row, column)))
            .map(|(row, column)| Entry { row, column, value: table.value(row, column) })
            .collect();
        let mean: f64 = (0..m as u32).map(|column| table.value(5, column)).sum::<f64>() / m as f64;
        assert!(mean.abs() < 1e-5, "a row is told from its mean: {mean}");
        all.sort_by(|a, b| b.value.total_cmp(&a.value));
        let found = scan(table);
        for (found, expected) in found.ends.most.iter().zip(&all) {
            close(found.value, expected.value, 1e-7);
        }
        for (found, expected) in found.ends.least.iter().zip(all.iter().rev()) {
            close(found.value, expected.value, 1e-7);
        }
    }
}

/// Both ways to a copying score are the same number, also where values come of latent vectors.
#[test]
fn copying_is_what_the_atlas_says() {
    let mut compared = 0;
    for (name, model) in fixture_models() {
        let Some(vocabulary) = Vocabulary::new(&model.network, &mut go_on) else { continue };
        for layer in 0..model.spec().layers() {
            let head = HeadId { layer, head: 0 };
            let own = of(&model, head, CircuitOptions::default()).copying;
            let theirs = vocabulary.copying(&model.network, head);
            if let Some((own, theirs)) = own.zip(theirs) {
                assert!((own - theirs).abs() < 1e-3, "{name} {head}: {own} and {theirs}");
                compared += 1;
            }
        }
    }
    assert!(compared > 80, "only {compared} compared");
}

#[test]
fn every_fixture_answers_or_says_why_not() {
    for (name, model) in fixture_models() {
        let spec = model.spec();
        for layer in [0, spec.layers() - 1] {
            let head = HeadId { layer, head: 0 };
            let circuits = of(&model, head, CircuitOptions::default());
            let part = spec.blocks[layer].part;
            let (rows, columns) = circuits.looks.size();
            let encoder = spec.encoder.as_ref().map(|encoder| encoder.vocab);
            let words = |side| encoder.filter(|_| side == Side::Source).unwrap_or(spec.vocab);
            assert_eq!((rows, columns), (words(part.rows()), words(part.columns())), "{name}");
            let best = scan(&circuits.looks).ends.most;
            assert!(best.iter().all(|entry| entry.value.is_finite()) && !best.is_empty(), "{name}");
            match &circuits.writes {
                Ok(writes) => assert!(scan(writes).ends.most[0].value.is_finite(), "{name}"),
                Err(NoCircuit::Encoder) => assert_eq!(part, Part::Encoder, "{name}"),
                Err(why) => assert!(matches!(why, NoCircuit::NoWords | NoCircuit::Gated), "{name}: {why}"),
            }
            assert!(
                !circuits.left_out.contains(&LeftOut::Rotary)
                    || spec.blocks[layer].attention.rotary.is_some()
            );
        }
        for kind in Kind::iter() {
            let found = composed(&model, kind, true);
            for link in &found.links {
                assert!((0.0..=1.0 + 1e-6).contains(&link.score), "{name} {link:?}");
                let from = spec.blocks[link.from.layer].part.rows();
                let to = spec.blocks[link.to.layer].part;
                let read = if kind == Kind::Q { to.rows() } else { to.columns() };
                assert_eq!(from, read, "{name}: a head reads the stream that another writes into");
            }
        }
    }
}

#[test]
fn random_weights_compose_as_foretold() {
    use rand::{Rng as _, SeedableRng as _};
    let mut random = rand::rngs::StdRng::seed_from_u64(7);
    let (width, dim, draws) = (24, 4, 200);
    let mut gauss = || {
        let sum: f64 = (0..12).map(|_| random.random::<f64>()).sum();
        sum - 6.0
    };
    let mut squares = 0.0;
    for _ in 0..draws {
        let mut thin = |rows, columns| nalgebra::DMatrix::from_fn(rows, columns, |_, _| gauss());
        let (a, b) = (thin(width, dim) * thin(dim, width), thin(width, dim) * thin(dim, width));
        squares += ((&a * &b).norm() / (a.norm() * b.norm())).powi(2) / f64::from(draws);
    }
    let foretold = random_composition(width);
    assert!((squares.sqrt() / foretold - 1.0).abs() < 0.05, "{} is not {foretold}", squares.sqrt());
}

#[test]
fn what_is_not_there_is_said() {
    let model = open(&fixtures().join("llama-gqa"));
    let ask = |layer, options| {
        head_circuits(&model.network, HeadId { layer, head: 0 }, options, &mut go_on).map(|_| ())
    };
    let after = CircuitOptions { after_mlp: true, plain: false };
    assert_eq!(ask(9, after), Err(NoCircuit::NoHead(HeadId { layer: 9, head: 0 })));
    assert_eq!(ask(0, after), Err(NoCircuit::NoMlp), "the first block's heads are before its MLP");
    assert_eq!(ask(1, after), Ok(()));
    let stopped =
        head_circuits(&model.network, HeadId { layer: 0, head: 0 }, CircuitOptions::default(), &mut |_| {
            ControlFlow::Break(())
        });
    assert!(matches!(stopped, Err(NoCircuit::Cancelled)));
}

/// Adding a word's vector to the last stream changes the logits as plain arithmetic on the file's tensors says.
#[test]
fn a_words_vector_is_added() {
    let folder = fixtures().join("llama-gqa");
    let model = open(&folder);
    let clean = run_ids(&model, &[5, 1, 7, 3]);
    let bytes = std::fs::read(folder.join("model.safetensors")).expect("committed");
    let tensors = safetensors::SafeTensors::deserialize(&bytes).expect("sound safetensors");
    let numbers = |name: &str| -> Vec<f64> {
        let view = tensors.tensor(name).expect("it is there");
        view.data().as_chunks::<4>().0.iter().map(|bytes| f64::from(f32::from_le_bytes(*bytes))).collect()
    };
    let (embed, norm, unembed) =
        (numbers("model.embed_tokens.weight"), numbers("model.norm.weight"), numbers("lm_head.weight"));
    let width = norm.len();
    let made = |said: &str| {
        let change: Intervention = said.parse().expect("it is one");
        assert_eq!(change.to_string(), said);
        engine::intervene(&model, &clean, &[change], &Job::new(), &mut |_| {})
    };
    for (word, by) in [(9, 3.0), (40, -0.5)] {
        let said = format!("add=blocks.1.hook_resid_post@2<-token:#{word}*{by}");
        let changed = made(&said).expect("it can be made");
        for token in 0..4 {
            let resid = &clean.resid(2)[token * width..(token + 1) * width];
            let add = if token == 2 { by } else { 0.0 };
            let vector = &embed[word * width..(word + 1) * width];
            let x: Vec<f64> = resid.iter().zip(vector).map(|(&x, e)| f64::from(x) + add * e).collect();
            let size = (x.iter().map(|x| x * x).sum::<f64>() / width as f64 + 1e-6).sqrt();
            for (at, row) in unembed.chunks_exact(width).enumerate() {
                let logit: f64 = row.iter().zip(&x).zip(&norm).map(|((w, x), n)| w * x / size * n).sum();
                close(f64::from(changed.logits[token * 97 + at]), logit, 1e-4);
            }
        }
    }
    let refused = |said: &str| made(said).expect_err("it cannot be made").to_string();
    assert!(refused("add=blocks.1.hook_resid_post@2<-token:#97*1").contains("not one token"));
    assert!(refused("add=blocks.1.attn.hook_z@2<-token:#9*1").contains("residual stream"));
    assert!("add=blocks.1.hook_resid_post@2<-token:".parse::<Intervention>().is_err());
}
