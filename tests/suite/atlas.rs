//! Contract: the atlas finds the heads whose roles are known, by formulae that stand in papers.

use crate::files::write;
use crate::parity::{fixtures, open, run_ids, storyteller};
use mnemoscope::analysis::atlas::{Apart, Atlas, HeadEntry, Probe, Tally, Vocabulary};
use mnemoscope::engine::{self, AtlasError, AtlasOptions, Corpus, CorpusError, Job, RunError, Texts};
use mnemoscope::export::Lang;
use mnemoscope::kernels::{Matrix, linear};
use mnemoscope::model::{HeadId, Model};
use std::ops::ControlFlow;
use std::path::Path;

pub(crate) fn atlas_of(model: &Model, options: &AtlasOptions) -> Atlas {
    engine::atlas(model, options, &Job::new()).expect("the atlas is made")
}

fn with_role(atlas: &Atlas, id: &str) -> Vec<String> {
    let has = |entry: &&HeadEntry| entry.roles().any(|role| role.id == id);
    atlas.heads.iter().filter(has).map(|entry| entry.head.to_string()).collect()
}

#[test]
fn the_storytellers_circuit_is_found() {
    let model = storyteller();
    let atlas = atlas_of(&model, &AtlasOptions { probes: 3, ..AtlasOptions::default() });
    assert_eq!(with_role(&atlas, "induction"), ["4.0", "4.1", "4.5"]);
    let previous = with_role(&atlas, "previous_token");
    for head in ["3.1", "2.0", "2.3"] {
        assert!(previous.iter().any(|found| found == head), "{head} is not among {previous:?}");
    }
    // What an induction head looks at, it says
    let copying = with_role(&atlas, "copying");
    assert!(
        ["4.0", "4.1", "4.5"].iter().all(|head| copying.iter().any(|found| found == head)),
        "{copying:?}"
    );
    assert!(with_role(&atlas, "sink").contains(&"4.0".to_owned()));
    assert!(with_role(&atlas, "positional").contains(&"3.1".to_owned()));
    for entry in &atlas.heads {
        assert!(!entry.keys.is_empty() && !entry.queries.is_empty(), "{}", entry.head);
        assert!(!entry.sequences.is_empty() && entry.sequences.is_sorted_by(|a, b| a.max >= b.max));
    }
}

#[test]
fn the_induction_model_by_hand_has_the_roles_it_was_made_for() {
    let model = open(&fixtures().join("induction-by-hand"));
    let atlas = atlas_of(&model, &AtlasOptions::default());
    assert_eq!(with_role(&atlas, "previous_token"), ["0.0"]);
    assert_eq!(with_role(&atlas, "induction"), ["1.1"]);
    assert_eq!(with_role(&atlas, "duplicate_token"), Vec::<String>::new());
    assert_eq!(with_role(&atlas, "copying"), ["1.1"]);
    let copying = atlas.heads[3].scores.copying.expect("a head that writes");
    assert!((copying - 1.0).abs() < 1e-6, "a head that copies scores 1, not {copying}");
}

#[test]
fn even_attention_has_no_profile_and_reaches_as_far_as_even_attention() {
    let model = open(&fixtures().join("uniform-by-hand"));
    let atlas = atlas_of(&model, &AtlasOptions::default());
    let (s, n) = (atlas.ran.period as f64, 2.0 * atlas.ran.period as f64);
    let harmonic = |n: f64| (1..=n as usize).map(|i| 1.0 / i as f64).sum::<f64>();
    for entry in &atlas.heads {
        let scores = &entry.scores;
        assert!((scores.previous_stripe.expect("probes") - (harmonic(n) - 1.0) / (n - 1.0)).abs() < 1e-6);
        assert!(
            (scores.duplicate_stripe.expect("probes") - (harmonic(n) - harmonic(s)) / (n - s)).abs() < 1e-6
        );
        assert!((scores.reach.expect("off the first token") - 1.0).abs() < 1e-5);
        assert!(scores.positional.expect("probes") < 0.05, "{:?}", scores.positional);
    }
}

/// The diagonals of TransformerLens's notebooks, ours without the one cell that is no induction step.
#[test]
fn stripes_are_the_means_of_diagonals() {
    let model = open(&fixtures().join("gpt2-odd"));
    let period = 6;
    let vocab = model.spec().vocab as u32;
    let once: Vec<u32> = (0..period as u32).map(|i| (i * 13 + 3) % vocab).collect();
    let trace = run_ids(&model, &[&once[..], &once].concat());
    let mut tally = Tally::new(trace.head_ids(), 0, 0);
    tally.add_probe(&trace, Probe { prefix: 0, period });
    let n = 2 * period;
    let chosen = tally.choose();
    for entry in tally.finish(chosen, &Apart::default(), &|id| id.to_string()).1 {
        let tile = trace.pattern(entry.head).tile(0..n, 0..n);
        let diagonal = |below: usize| -> Vec<f64> {
            (below..n).map(|query| f64::from(tile[query * n + query - below])).collect()
        };
        let mean = |cells: &[f64]| cells.iter().sum::<f64>() / cells.len() as f64;
        let scores = &entry.scores;
        for (found, expected) in [
            (scores.previous_stripe, mean(&diagonal(1))),
            (scores.duplicate_stripe, mean(&diagonal(period))),
            (scores.induction_stripe, mean(&diagonal(period - 1)[1..])),
        ] {
            let found = found.expect("probes");
            assert!((found - expected).abs() < 1e-9, "{}: {found}, not {expected}", entry.head);
        }
    }
}

/// Against the eigenvalues of the whole vocabulary × vocabulary matrix.
#[test]
fn copying_scores_equal_those_of_the_whole_circuit() {
    for name in ["gpt2-one-head-one-layer", "llama-mqa-headdim"] {
        let model = open(&fixtures().join(name));
        let network = &model.network;
        let vocabulary = Vocabulary::new(network, &mut |_| ControlFlow::Continue(())).expect("it writes");
        let dense = |matrix: &Matrix<'_>| {
            let identity: Vec<f64> = (0..matrix.inputs.pow(2))
                .map(|i| if i / matrix.inputs == i % matrix.inputs { 1.0 } else { 0.0 })
                .collect();
            nalgebra::DMatrix::from_row_iterator(
                matrix.inputs,
                matrix.outputs,
                linear::<f64>(&identity, matrix, None),
            )
        };
        let embed = dense(&network.weights.matrix("embed.W_E"));
        let unembed = dense(&network.weights.matrix("unembed.W_U"));
        for layer in 0..model.spec().layers() {
            for head in 0..model.spec().heads(layer) {
                let attention = &model.spec().blocks[layer].attention;
                let dim = attention.value_dim();
                let values = network.weights.matrix(&format!("{}.attn.W_V", model.spec().prefix(layer)));
                let value = values.columns(attention.kv_head(head) * dim, dim);
                let output = network.head_output(layer, head);
                let whole = &embed * dense(&value) * dense(&output) * &unembed;
                let values = whole.complex_eigenvalues();
                let size: f64 = values.iter().map(|value| value.re.hypot(value.im)).sum();
                let expected = values.iter().map(|value| value.re).sum::<f64>() / size;
                let found = vocabulary.copying(network, HeadId { layer, head }).expect("finite");
                assert!((found - expected).abs() < 1e-3, "{name} {layer}.{head}: {found}, not {expected}");
            }
        }
    }
    let reads = open(&fixtures().join("bert-mlm"));
    assert!(Vocabulary::new(&reads.network, &mut |_| ControlFlow::Continue(())).is_none());
}

#[test]
fn a_corpus_is_read_in_passages_of_bounded_size() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("more")).expect("made");
    write(&folder.path().join("b.txt"), b"one two\nthree\n\n\nfour \xff five\n");
    write(&folder.path().join("more/c.md"), [b'x'; 1000]);
    write(&folder.path().join("a.bin"), b"not a text");
    let mut corpus = Corpus::open(folder.path(), 300).expect("a folder of texts");
    let mut passages = Vec::new();
    while let Some(passage) = corpus.next_passage().expect("readable") {
        passages.push(passage);
    }
    assert_eq!(passages[..2], ["one two\nthree", "four \u{fffd} five"]);
    assert_eq!(passages[2..].iter().map(String::len).collect::<Vec<_>>(), [300, 300, 300, 100]);
    assert!((corpus.done() - 1.0).abs() < 1e-6);
    let chinese = "小明有一个红球。".repeat(9);
    write(&folder.path().join("one.txt"), &chinese);
    for room in [4, 10, 11, 12, 100] {
        let mut corpus = Corpus::open(&folder.path().join("one.txt"), room).expect("a text");
        let passages = std::iter::from_fn(|| corpus.next_passage().expect("readable"));
        assert_eq!(
            passages.collect::<String>(),
            chinese,
            "no character is cut in two, {room} bytes at a time"
        );
    }
    let empty = tempfile::tempdir().expect("a folder");
    assert!(Corpus::open(empty.path(), 300).is_err());
    assert!(Corpus::open(Path::new("/no/such/corpus"), 300).is_err());
    let binary = tempfile::tempdir().expect("a folder");
    write(&binary.path().join("a.txt"), "a text");
    write(&binary.path().join("b.txt"), "\u{0}\u{1}no text");
    let refused = Corpus::open(binary.path(), 300).expect_err("zero bytes");
    assert!(matches!(&refused, CorpusError::Binary(path) if path.ends_with("b.txt")), "{refused}");
}

#[test]
fn means_over_a_corpus_are_those_of_its_passages() {
    let model = storyteller();
    let folder = tempfile::tempdir().expect("a folder");
    let texts = ["Tom has a kite, a ball and a hat.", "Once upon a time there was a fox."];
    write(&folder.path().join("text.txt"), texts.join("\n\n").as_bytes());
    let texts_of = Texts::Corpus(folder.path().to_owned());
    let atlas = atlas_of(&model, &AtlasOptions { texts: texts_of, probes: 1, ..AtlasOptions::default() });
    assert_eq!(atlas.ran.passages, 2);
    let runs: Vec<_> = texts
        .iter()
        .map(|text| {
            let prompt = engine::Prompt::Text((*text).to_owned());
            engine::run(&model, &prompt, &engine::RunOptions::default(), &Job::new(), &mut |_| {})
                .expect("runs")
        })
        .collect();
    assert_eq!(atlas.ran.tokens, runs.iter().map(mnemoscope::trace::Trace::n_tokens).sum::<usize>());
    for entry in &atlas.heads {
        for measure in mnemoscope::analysis::MEASURES {
            let expected =
                runs.iter().map(|run| (measure.value)(&run.measures(entry.head))).sum::<f64>() / 2.0;
            assert!((entry.measures[measure.id] - expected).abs() < 1e-6, "{} of {}", measure.id, entry.head);
        }
    }
}

#[test]
fn an_atlas_can_be_cancelled_and_says_why_it_cannot_be_made() {
    let model = open(&fixtures().join("llama-gqa"));
    let job = Job::new();
    job.cancel();
    let outcome = engine::atlas(&model, &AtlasOptions::default(), &job);
    assert!(matches!(outcome, Err(AtlasError::Run(RunError::Cancelled))));
    let texts = Texts::Corpus(fixtures().join("README.md"));
    let outcome = engine::atlas(&model, &AtlasOptions { texts, ..AtlasOptions::default() }, &Job::new());
    assert!(matches!(outcome, Err(AtlasError::Run(RunError::NoTokenizer))));
}

#[test]
fn a_page_escapes_what_others_wrote() {
    let model = open(&fixtures().join("induction-by-hand"));
    let mut atlas = atlas_of(&model, &AtlasOptions { probes: 1, ..AtlasOptions::default() });
    let evil = "</td><script>alert(1)</script>\"";
    atlas.model = evil.to_owned();
    atlas.heads[0].keys[0].text = evil.to_owned();
    atlas.passages[0].tokens[0] = evil.to_owned();
    let page = engine::atlas_page(&atlas, Lang::En);
    let (inert, data) = page.split_once("<script type=\"application/json\"").expect("data");
    assert!(!inert.contains("<script") && inert.contains("&lt;script&gt;"));
    assert!(!data.contains("<script>alert") && data.contains("\\u003cscript>alert(1)"));
    assert_eq!(data.matches("</script").count(), 2, "a text cannot end the data");
}
