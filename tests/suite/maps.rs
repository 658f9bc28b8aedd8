//! Contract: a map that a recipe makes of patterns holds what the plain computation gives, however it is asked.

#![expect(clippy::float_cmp, reason = "parts of a map must equal the whole exactly")]

use crate::parity::{fixtures, run_ids, storyteller_run};
use mnemoscope::engine::{self, Job, ModelSource};
use mnemoscope::kernels::linear;
use mnemoscope::model::{Model, Side, Token};
use mnemoscope::render::tiles::{self, TileKey};
use mnemoscope::render::{Scale, Watched, rank};
use mnemoscope::trace::{
    Combine, FirstToken, Groups, HeadId, Level, Map, MapError, MapRecipe, Steps, Trace, Weigh, snapped,
};
use proptest::prelude::*;
use std::ops::ControlFlow;
use std::sync::OnceLock;

const GO_ON: fn() -> ControlFlow<()> = || ControlFlow::Continue(());

/// A text with words of several tokens, three lines and four sentences, on the embedded model.
fn run() -> &'static (Model, Trace) {
    static RUN: OnceLock<(Model, Trace)> = OnceLock::new();
    RUN.get_or_init(|| {
        storyteller_run(
            "Mary has an extraordinarily reddish ball. Tom doesn't!\nWhere is it?\nNobody knows, he said.",
        )
    })
}

/// The groups of a level, said here by letters and marks alone.
fn groups(trace: &Trace, level: Level) -> Vec<Vec<usize>> {
    let groups = trace.groups(Side::Target, level);
    (0..groups.len()).map(|group| groups.tokens(group..group + 1).collect()).collect()
}

/// The whole map by the textbook, in double precision, [row][column].
fn plain(model: &Model, trace: &Trace, recipe: &MapRecipe) -> Vec<Vec<f64>> {
    let n = trace.n_tokens();
    let (rows, columns) = (groups(trace, recipe.steps.queries), groups(trace, recipe.steps.keys));
    let one = |head: HeadId| -> Vec<Vec<f64>> {
        let whole = trace.pattern(head).tile(0..n, 0..n);
        let mut cells: Vec<Vec<f64>> =
            whole.chunks(n).map(|row| row.iter().map(|&p| f64::from(p)).collect()).collect();
        if recipe.steps.weigh == Weigh::Values {
            let written = linear(&trace.v(head), &model.network.head_output(head.layer, head.head), None);
            for row in &mut cells {
                for (value, vector) in row.iter_mut().zip(written.chunks(trace.spec.width)) {
                    // The length of the product, not the product of lengths
                    let square: f64 = vector.iter().map(|&x| (f64::from(x) * *value).powi(2)).sum();
                    *value = square.sqrt();
                }
            }
        }
        for row in &mut cells {
            if recipe.steps.first != FirstToken::Keep {
                row[0] = 0.0;
            }
            let sum: f64 = row.iter().sum();
            if recipe.steps.first == FirstToken::Renormalise && sum > 0.0 {
                for value in row {
                    *value /= sum;
                }
            }
        }
        let mean = |group: &Vec<usize>, keys: &Vec<usize>| -> f64 {
            let sum: f64 = group.iter().map(|&q| keys.iter().map(|&k| cells[q][k]).sum::<f64>()).sum();
            sum / group.len() as f64
        };
        rows.iter().map(|group| columns.iter().map(|keys| mean(group, keys)).collect()).collect()
    };
    let all: Vec<Vec<Vec<f64>>> = recipe.heads.iter().map(|&head| one(head)).collect();
    let cell = |q: usize, k: usize| {
        let values = all.iter().map(|map| map[q][k]);
        match recipe.combine {
            Combine::Mean => values.sum::<f64>() / all.len() as f64,
            Combine::Max => values.fold(f64::MIN, f64::max),
            Combine::Min => values.fold(f64::MAX, f64::min),
            Combine::Difference => all[0][q][k] - all[1][q][k],
        }
    };
    (0..rows.len()).map(|q| (0..columns.len()).map(|k| cell(q, k)).collect()).collect()
}

fn any_level() -> impl Strategy<Value = Level> {
    prop::sample::select(vec![Level::Token, Level::Word, Level::Line, Level::Sentence])
}

fn any_recipe() -> impl Strategy<Value = MapRecipe> {
    let trace = &run().1;
    let heads = prop::sample::subsequence(trace.head_ids().collect::<Vec<_>>(), 1..5);
    let combine = prop::sample::select(vec![Combine::Mean, Combine::Max, Combine::Min, Combine::Difference]);
    let weigh = prop::sample::select(vec![Weigh::Weights, Weigh::Values]);
    let first = prop::sample::select(vec![FirstToken::Keep, FirstToken::Hide, FirstToken::Renormalise]);
    (heads, combine, weigh, first, any_level(), any_level()).prop_map(
        |(mut heads, combine, weigh, first, queries, keys)| {
            if combine == Combine::Difference {
                heads.resize(2, HeadId { layer: 1, head: 1 });
            }
            MapRecipe { heads, combine, steps: Steps { weigh, first, queries, keys } }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_map_is_the_plain_computation(recipe in any_recipe(), cut in (0.0..1.0, 0.0..1.0, 0.0..1.0, 0.0..1.0)) {
        let (model, trace) = run();
        let expected = plain(model, trace, &recipe);
        let map = Map::new(trace, Some(&model.network), recipe).expect("a map");
        let (rows, columns) = (map.n_queries(), map.n_keys());
        prop_assert_eq!((rows, columns), (expected.len(), expected[0].len()));
        let whole = map.tile(0..rows, 0..columns, &GO_ON).expect("nobody breaks off");
        for (index, &value) in whole.iter().enumerate() {
            let exact = expected[index / columns][index % columns];
            let near = (f64::from(value) - exact).abs() <= 2e-6 * exact.abs().max(1.0);
            prop_assert!(near, "{}, {}: {value}, not {exact}", index / columns, index % columns);
            if !map.seen(index / columns).contains(&(index % columns)) {
                prop_assert_eq!(value, 0.0);
            }
        }
        // Parts equal the whole to the bit
        let share = |a: f64, b: f64, n: usize| {
            let (a, b) = ((a * n as f64) as usize, (b * n as f64) as usize);
            a.min(b)..a.max(b) + 1
        };
        let (q, k) = (share(cut.0, cut.1, rows), share(cut.2, cut.3, columns));
        let part = map.tile(q.clone(), k.clone(), &GO_ON).expect("nobody breaks off");
        for (row, values) in q.zip(part.chunks(k.len())) {
            prop_assert_eq!(values, &whole[row * columns + k.start..row * columns + k.end]);
            prop_assert_eq!(map.cell(row, k.start).to_bits(), whole[row * columns + k.start].to_bits());
            prop_assert_eq!(&map.row(row)[..], &whole[row * columns..(row + 1) * columns]);
        }
    }

    #[test]
    fn tiles_and_surveys_are_of_the_same_map(recipe in any_recipe(), threshold in 0.0001_f32..0.9) {
        let (model, trace) = run();
        let map = Map::new(trace, Some(&model.network), recipe).expect("a map");
        let (rows, columns) = (map.n_queries(), map.n_keys());
        let whole = map.tile(0..rows, 0..columns, &GO_ON).expect("nobody breaks off");
        let surface = Watched { map: &map, go_on: &GO_ON };
        let key = TileKey { level: 0, row: 0, column: 0 };
        let tile = tiles::tile(&surface, key, Scale::Rank).expect("nobody breaks off");
        prop_assert_eq!(&tile.values, &whole);
        let ranks: Vec<f32> =
            whole.chunks(columns).flat_map(|row| rank::of_row(row, map.is_signed())).collect();
        prop_assert_eq!(tile.ranks.as_ref(), Some(&ranks));
        let coarse = tiles::tile(&surface, TileKey { level: 1, ..key }, Scale::Linear).expect("it goes on");
        for (index, &value) in coarse.values.iter().enumerate() {
            let (row, column) = (index / coarse.columns, index % coarse.columns);
            prop_assert!(value == 0.0 || whole.contains(&value), "{row}, {column}: {value} is no cell");
        }
        let farthest = |values: &[f32]| values.iter().fold(0.0_f32, |far, value| far.max(value.abs()));
        prop_assert_eq!(farthest(&coarse.values), farthest(&whole));

        let survey = map.survey(&|_| ControlFlow::Continue(())).expect("it goes on");
        let from = snapped(threshold);
        prop_assert!(from <= threshold && from > threshold * 0.99);
        let left = whole.iter().filter(|value| value.abs() >= from).count() as u64;
        prop_assert_eq!(survey.from(from), left);
        prop_assert_eq!(survey.cells, whole.iter().filter(|value| **value != 0.0).count() as u64);
        let kept = (0..rows).filter(|&row| !map.is_alone(row));
        let reach = kept.map(|row| farthest(&whole[row * columns..(row + 1) * columns])).fold(0.0, f32::max);
        prop_assert_eq!(survey.reach, reach);
    }
}

#[test]
fn rows_of_every_level_sum_to_one() {
    let (_, trace) = run();
    for level in [Level::Token, Level::Word, Level::Line, Level::Sentence] {
        for first in [FirstToken::Keep, FirstToken::Renormalise] {
            let steps = Steps { queries: level, keys: level, first, ..Steps::default() };
            let heads = trace.head_ids().collect();
            let map =
                Map::new(trace, None, MapRecipe { heads, combine: Combine::Mean, steps }).expect("a map");
            // The first token sees itself alone, which is left out
            let from = usize::from(first == FirstToken::Renormalise && level == Level::Token);
            for row in from..map.n_queries() {
                let n = map.queries().tokens(row..row + 1);
                let empty = if first == FirstToken::Renormalise && n.contains(&0) { 1.0 } else { 0.0 };
                let expected = 1.0 - empty / n.len() as f64;
                let sum: f64 = map.row(row).iter().map(|&value| f64::from(value)).sum();
                assert!((sum - expected).abs() < 1e-5, "{level:?}, {first:?}, row {row}: {sum}");
            }
        }
    }
}

fn token(text: &str, span: std::ops::Range<usize>) -> Token {
    Token { id: 0, text: text.to_owned(), span }
}

/// Tokens that stand one after another in a prompt.
fn tokens(texts: &[&str]) -> Vec<Token> {
    let mut at = 0;
    let mut next = |text: &&str| {
        at += text.len();
        token(text, at - text.len()..at)
    };
    texts.iter().map(&mut next).collect()
}

#[track_caller]
fn check(texts: &[&str], level: Level, expected: &[&str]) {
    let tokens = tokens(texts);
    let groups = Groups::of(&tokens, "", level);
    assert_eq!(groups.labels(&tokens, ""), expected, "{level:?} of {texts:?}");
}

#[test]
fn words_lines_and_sentences_are_those_of_the_text() {
    check(&["don", "'t", " stop", "!"], Level::Word, &["don't", "stop", "!"]);
    check(&["an", " ext", "ra", "ord", ".", " It"], Level::Word, &["an", "extraord", ".", "It"]);
    check(&["c", "a", "t", " ", "i", "s"], Level::Word, &["cat", "·", "is"]);
    check(&["我们", "看", "见", "。"], Level::Word, &["我们", "看", "见", "。"]);
    // Characters whose bytes are tokens of their own
    check(&["‹E5›", "‹A5›", "‹B9›", "‹E6›", "‹9C›", "‹89›"], Level::Word, &["她", "有"]);
    check(&["a", " ‹E4›", "‹BD A0›好", "‹FF›", "b"], Level::Word, &["a", "你好", "‹FF›", "b"]);
    check(&["One", ".", " Two", " two", "?", " Three"], Level::Sentence, &["One.", "Two two?", "Three"]);
    check(&["他来了", "。", "她", "没来", "！"], Level::Sentence, &["他来了。", "她没来！"]);
    check(&["a", " b", "\n", "c", "\n\n", "d", " e"], Level::Line, &["a b", "c", "d e"]);
    check(&["a\n", "b", " c"], Level::Line, &["a", "b c"]);
}

#[test]
fn what_the_tokenizer_added_stands_alone_and_left_out_spaces_part_words() {
    let mut all = vec![token("[CLS]", 0..0), token("play", 0..4), token("ing", 4..7), token("now", 8..11)];
    all.extend([token("then", 12..16), token("[SEP]", 0..0)]);
    let text = "playing now\nthen";
    let words = Groups::of(&all, text, Level::Word);
    assert_eq!(words.labels(&all, text), ["[CLS]", "playing", "now", "then", "[SEP]"]);
    let lines = Groups::of(&all, text, Level::Line);
    assert_eq!(lines.labels(&all, text), ["[CLS]", "playing now", "then", "[SEP]"]);
    assert_eq!((lines.group(1), lines.group(3), lines.group(4)), (1, 1, 2));
    assert_eq!(lines.covering(1..5), 1..3);
}

#[test]
fn a_row_of_ranks_is_its_order() {
    let ranks = rank::of_row(&[0.0, 0.2, 0.5, 0.2, 0.9], false);
    assert_eq!(ranks, [f32::NEG_INFINITY, 1.0 / 6.0, 2.0 / 3.0, 1.0 / 6.0, 1.0]);
    assert_eq!(rank::of_row(&[0.0, 0.3], false), [f32::NEG_INFINITY, 1.0]);
    assert_eq!(rank::of_row(&[-0.3, 0.1, 0.2], true), [-1.0, 0.0, 1.0]);
}

#[test]
fn maps_that_make_no_sense_say_why() {
    let (model, trace) = run();
    let head = |layer, head| HeadId { layer, head };
    let of = |heads: &[HeadId], combine, steps| MapRecipe { heads: heads.to_vec(), combine, steps };
    let new = |trace, recipe| Map::new(trace, None, recipe).expect_err("no such map");
    let plain = Steps::default();
    assert_eq!(new(trace, of(&[], Combine::Mean, plain)), MapError::NoHead);
    assert_eq!(new(trace, of(&[head(99, 0)], Combine::Mean, plain)), MapError::Missing(head(99, 0)));
    assert_eq!(new(trace, of(&[head(0, 0)], Combine::Difference, plain)), MapError::NotTwo(1));
    let values = Steps { weigh: Weigh::Values, ..plain };
    assert_eq!(new(trace, of(&[head(0, 0)], Combine::Mean, values)), MapError::NeedsWeights);
    assert!(Map::new(trace, Some(&model.network), of(&[head(0, 0)], Combine::Mean, values)).is_ok());
    let model = engine::load(&ModelSource::Path(fixtures().join("seq2seq/bart")), &Job::new())
        .expect("the fixture reads");
    let trace = run_ids(&model, &[1, 2, 3]);
    let cross = trace.n_layers() - 1;
    let mixed = new(&trace, of(&[head(0, 0), head(cross, 0)], Combine::Mean, plain));
    assert_eq!(mixed, MapError::Mixed(head(0, 0), head(cross, 0)));
}

#[test]
fn a_difference_of_runs_is_the_difference_of_their_maps() {
    let (model, trace) = run();
    let change = "zero=0.*".parse().expect("an intervention");
    let changed = engine::intervene(model, trace, &[change], &Job::new(), &mut |_| {}).expect("it runs");
    let steps = Steps { queries: Level::Word, keys: Level::Word, ..Steps::default() };
    let recipe = MapRecipe { heads: trace.head_ids().collect(), combine: Combine::Max, steps };
    let of = |trace: &Trace| Map::new(trace, None, recipe.clone()).expect("a map");
    let (clean, other) = (of(trace), of(&changed));
    let difference = of(&changed).less(of(trace));
    assert!(difference.is_signed());
    let mut most = 0.0_f32;
    for row in 0..clean.n_queries() {
        for (key, value) in difference.row(row).into_iter().enumerate() {
            assert_eq!(value.to_bits(), (other.cell(row, key) - clean.cell(row, key)).to_bits());
            most = most.max(value.abs());
        }
    }
    assert!(most > 0.01, "the change is seen: {most}");
}

#[test]
fn nobody_waits_for_a_map_that_is_given_up() {
    let (_, trace) = run();
    let map = Map::new(trace, None, MapRecipe::plain(HeadId { layer: 0, head: 0 })).expect("a map");
    let stop = || ControlFlow::Break(());
    assert_eq!(map.tile(0..4, 0..4, &stop), None);
    assert_eq!(map.pooled(0..8, 0..8, 2, 2, &stop), None);
    assert_eq!(map.sketch(4, 4, &stop), None);
    assert_eq!(map.survey(&|_| ControlFlow::Break(())), None);
}

/// What the command line writes beside a figure: (query, key, value) of each cell.
fn figure(recipe: &str) -> Vec<(usize, usize, f32)> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("map.toml");
    mnemoscope::export::atomic::write(&path, |out| Ok(std::io::Write::write_all(out, recipe.as_bytes())?))
        .expect("written");
    let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_mnemoscope"));
    let output = program.args(["figure", "--quiet"]).arg(&path).output().expect("the binary runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut table = csv::Reader::from_path(folder.path().join("map.csv")).expect("its numbers");
    let number = |record: &csv::StringRecord, at: usize| record[at].parse().expect("a number");
    let line = |record: csv::StringRecord| {
        (number(&record, 2), number(&record, 3), record[6].parse().expect("a value"))
    };
    table.records().map(|record| line(record.expect("a line"))).collect()
}

#[test]
fn a_figure_holds_the_map_that_its_recipe_says() {
    let (model, trace) = run();
    let prompt = serde_json::to_string(&trace.prompt).expect("a string");
    let cells = figure(&format!(
        "out = \"map.svg\"\nprompt = {prompt}\nheads = [\"0.1\", \"2.3\"]\ncombine = \"difference\"\nweigh = \
         \"values\"\nfirst_token = \"hide\"\nlevel = \"word\"\nquery_level = \"sentence\"\nthreshold = 0.01\n\
         [style]\nscale = \"rank\"\n"
    ));
    let steps =
        Steps { weigh: Weigh::Values, first: FirstToken::Hide, queries: Level::Sentence, keys: Level::Word };
    let heads = vec![HeadId { layer: 0, head: 1 }, HeadId { layer: 2, head: 3 }];
    let recipe = MapRecipe { heads, combine: Combine::Difference, steps };
    let map = Map::new(trace, Some(&model.network), recipe).expect("a map");
    let seen: usize = (0..map.n_queries()).map(|row| map.seen(row).len()).sum();
    assert_eq!(cells.len(), seen);
    for (query, key, value) in cells {
        assert!((value - map.cell(query, key)).abs() < 1e-5, "{query}, {key}: {value}");
    }
}
