//! Contract: what a model surely remembers is found at every depth, and what cannot be asked says why.

use crate::{
    files::write_words,
    parity::{fixtures, open, storyteller},
    timeline::by_hand,
};
use mnemoscope::engine::{
    self, Job, Recall, RecallError, RecallOptions, RunError, Template, among_others, carriers, recall,
};
use mnemoscope::model::Model;
use mnemoscope::trace::Intervention;

fn options(template: Option<Template>, lengths: &[usize], depths: &[f64]) -> RecallOptions {
    let (lengths, depths) = (lengths.to_vec(), depths.to_vec());
    RecallOptions {
        template,
        lengths,
        depths,
        trials: 4,
        seed: 1,
        memory_budget: None,
        interventions: Vec::new(),
        distractors: None,
    }
}

fn ask(model: &Model, options: &RecallOptions) -> Recall {
    recall(model, options, &Job::new()).expect("it can be asked")
}

#[test]
fn the_storyteller_knows_who_has_what() {
    let recall = ask(&storyteller(), &options(None, &[32, 64], &[0.0, 0.5, 1.0]));
    assert_eq!(recall.template, Template::Toys);
    assert_eq!(recall.cells.len(), 6);
    for cell in &recall.cells {
        assert!(cell.tokens < cell.length as f64 && cell.tokens > cell.length as f64 * 0.6, "{cell:?}");
        assert!(cell.right >= 0.75 && cell.p > 0.5, "{cell:?}");
        assert!((cell.right >= 1.0) == (cell.rank <= 1.0), "{cell:?}");
    }
    // What stands at the beginning is farther away
    assert!(recall.cells[3].distance > recall.cells[5].distance + 20.0);
}

#[test]
fn the_induction_model_by_hand_repeats_from_everywhere() {
    let model = open(&fixtures().join("induction-by-hand"));
    let recall = ask(&model, &options(None, &[8, 12, 18], &[0.0, 0.3, 0.6, 1.0]));
    assert_eq!(recall.template, Template::Repeat);
    for cell in &recall.cells {
        assert!(cell.right >= 1.0 && cell.rank <= 1.0, "{cell:?}");
        assert_eq!(cell.tokens as usize, cell.length);
    }
}

#[test]
fn every_template_is_asked_in_words() {
    let model = storyteller();
    for template in [Template::Passkey, Template::Pairs, Template::Repeat] {
        let recall = ask(&model, &options(Some(template), &[96], &[0.0, 1.0]));
        for cell in &recall.cells {
            assert!(cell.p > 0.0 && cell.p <= 1.0 && cell.rank >= 1.0, "{template:?}: {cell:?}");
            assert!(cell.tokens <= 96.0 && cell.tokens > 60.0, "{template:?}: {cell:?}");
        }
        assert!(recall.cells[0].distance > recall.cells[1].distance, "{template:?}");
    }
    let again = options(Some(Template::Pairs), &[64], &[0.5]);
    assert_eq!(ask(&model, &again), ask(&model, &again), "a seed repeats its questions");
}

/// A vocabulary that lacks the pass key's words is asked with what it has, and says so.
#[test]
fn where_the_pass_key_cannot_be_read_tokens_are_repeated() {
    let folder = tempfile::tempdir().expect("a folder");
    by_hand(folder.path(), &[]);
    write_words(folder.path(), (0..16).map(|id| format!("t{id}")), "t0");
    let model = open(folder.path());
    let found = ask(&model, &options(None, &[12], &[0.0, 1.0]));
    assert_eq!((found.template, found.unread), (Template::Repeat, Some(Template::Passkey)));
    assert!(found.cells.iter().all(|cell| cell.right > 0.999), "{:?}", found.cells);
    let known = ask(&model, &options(Some(Template::Repeat), &[12], &[0.0]));
    assert_eq!(known.unread, None, "it was asked for");
    assert_eq!(ask(&storyteller(), &options(None, &[32], &[0.0])).unread, None);
    let asked = std::process::Command::new(env!("CARGO_BIN_EXE_mnemoscope"))
        .args(["recall", folder.path().to_str().expect("a path"), "--lengths", "12", "--depths", "0"])
        .output()
        .expect("the binary runs");
    assert!(asked.status.success());
    let (told, said) = (String::from_utf8_lossy(&asked.stdout), String::from_utf8_lossy(&asked.stderr));
    assert!(told.contains("template repeat") && said.contains("cannot read the words of passkey"), "{said}");
}

#[test]
fn what_cannot_be_asked_says_why() {
    let model = storyteller();
    let fails =
        |model: &Model, options: &RecallOptions| recall(model, options, &Job::new()).expect_err("refused");
    let learned = open(&fixtures().join("gpt2-odd"));
    let limit = learned.spec().context.expect("a table of positions");
    let far = fails(&learned, &options(None, &[8, 5000], &[0.0]));
    assert!(
        matches!(far, RecallError::Run(RunError::TooLong { found: 5000, limit: l }) if l == limit),
        "{far}"
    );
    let short = fails(&model, &options(None, &[5], &[0.0]));
    assert!(matches!(short, RecallError::TooShort { length: 5, .. }), "{short}");
    assert!(short.hint().is_some());
    let by_hand = open(&fixtures().join("induction-by-hand"));
    let wordless = fails(&by_hand, &options(Some(Template::Passkey), &[16], &[0.0]));
    assert!(matches!(wordless, RecallError::Run(RunError::NoTokenizer)), "{wordless}");
    let many = fails(&by_hand, &options(None, &[32], &[0.0]));
    assert!(matches!(many, RecallError::TooFewWords { words: 16, .. }), "{many}");
    let reads = open(&fixtures().join("bert-mlm"));
    assert!(matches!(fails(&reads, &options(None, &[16], &[0.0])), RecallError::NoAnswer(_)));
    let job = Job::new();
    job.cancel();
    let cancelled = recall(&model, &options(None, &[64], &[0.0]), &job);
    assert!(matches!(cancelled, Err(RecallError::Run(RunError::Cancelled))));
}

#[test]
fn what_carries_recall_can_be_cut_on_the_same_questions() {
    let model = storyteller();
    let cut: Vec<Intervention> =
        ["zero=4.0", "zero=4.1", "zero=4.5"].map(|cut| cut.parse().expect("one")).into();
    let clean = ask(&model, &options(None, &[32, 64], &[0.5]));
    let both = ask(&model, &RecallOptions { interventions: cut, ..options(None, &[32, 64], &[0.5]) });
    assert_eq!(both.cells, clean.cells);
    for (clean, cut) in both.cells.iter().zip(both.changed.as_ref().expect("asked twice")) {
        assert_eq!((clean.length, clean.tokens, clean.distance), (cut.length, cut.tokens, cut.distance));
        assert!(cut.p < clean.p / 2.0, "without its heads the fact is gone: {clean:?} {cut:?}");
    }
    let far = RecallOptions {
        interventions: vec!["zero=99.0".parse().expect("one")],
        ..options(None, &[32], &[0.5])
    };
    assert!(matches!(recall(&model, &far, &Job::new()), Err(RecallError::Intervene(_))));
}

#[test]
fn the_heads_that_carry_recall_are_found() {
    // Only the induction head by hand repeats; the head that looks one back feeds it
    let model = open(&fixtures().join("induction-by-hand"));
    let found =
        carriers(&model, &options(None, &[12, 18], &[0.0, 0.6]), &Job::new()).expect("it can be asked");
    assert_eq!((found.questions, found.heads.len()), (16, 4));
    let dearest: Vec<String> = found.heads.iter().take(2).map(|own| own.head().to_string()).collect();
    assert!(dearest.contains(&"0.0".to_owned()) && dearest.contains(&"1.1".to_owned()), "{dearest:?}");
    assert!(found.p > 0.9 && found.heads[1].cut.p < 0.5 && found.heads[2].cut.p > 0.9, "{found:?}");
    assert!(found.top.p < 0.5 && found.top.heads.len() == 3 && found.control.heads.len() == 1);
    // Cutting one by name is the same
    let cut = vec!["zero=1.1".parse().expect("one")];
    let named = ask(&model, &RecallOptions { interventions: cut, ..options(None, &[12, 18], &[0.0, 0.6]) });
    let named = named.changed.expect("asked twice").iter().map(|cell| cell.p).sum::<f64>() / 4.0;
    let own = found.heads.iter().find(|own| own.head().to_string() == "1.1").expect("there");
    assert!((own.cut.p - named).abs() < 1e-9);
}

#[test]
fn the_head_that_copies_has_the_retrieval_score() {
    // By hand: 1.1 looks at what followed, and is the only one that does
    let model = open(&fixtures().join("induction-by-hand"));
    let found =
        carriers(&model, &options(None, &[12, 18], &[0.0, 0.6]), &Job::new()).expect("it can be asked");
    assert_eq!(found.answered, found.questions);
    for own in &found.heads {
        let copies = own.head().to_string() == "1.1";
        assert_eq!(own.retrieval > 0.99, copies, "{own:?}");
        assert!(copies || own.retrieval < 0.5, "{own:?}");
        assert_eq!(own.retrieval_cells.len(), 4);
        let cells: f64 = own.retrieval_cells.iter().flatten().sum();
        assert!((cells / 4.0 - own.retrieval).abs() < 1e-9, "every cell was answered alike");
    }
    let masked: Vec<usize> = found.masked.iter().map(|masked| masked.top.heads.len()).collect();
    assert_eq!(masked, [1, 2], "half of four heads at most");
    assert_eq!(found.masked[0].top.heads[0].to_string(), "1.1");
    assert!(found.masked.iter().all(|masked| masked.top.p < 0.5), "{:?}", found.masked);
    for masked in &found.masked {
        let mean = masked.control.iter().map(|cut| cut.p).sum::<f64>() / 3.0;
        assert!((masked.control_p - mean).abs() < 1e-12);
        let disjoint = |cut: &engine::HeadsCut| cut.heads.iter().all(|head| !masked.top.heads.contains(head));
        assert!(masked.control.iter().all(disjoint));
    }
}

#[test]
fn heads_that_look_at_the_fact_are_those_that_are_needed() {
    let model = storyteller();
    let asked = RecallOptions { trials: 1, ..options(None, &[32], &[0.2, 0.8]) };
    let found = carriers(&model, &asked, &Job::new()).expect("it can be asked");
    let best = found.by_retrieval();
    assert!(best[0].retrieval > 0.5, "somebody looks at it: {:?}", best[0]);
    let dearest: Vec<_> = found.heads.iter().take(4).map(engine::Carrier::head).collect();
    assert!(dearest.contains(&best[0].head()), "{} is not among {dearest:?}", best[0].head());
    let three = found.masked.iter().find(|masked| masked.top.heads.len() == 3).expect("three are masked");
    assert!(three.top.p < found.p / 2.0, "without them the fact is gone: {three:?}");
    assert!(three.control_p > three.top.p + 0.2, "it is they, not any three: {three:?}");
}

#[test]
fn facts_about_others_are_told_as_they_are_asked_for() {
    let model = storyteller();
    let asked = RecallOptions { trials: 2, ..options(None, &[96], &[0.5]) };
    let counts = [0, 2, 7];
    let found = among_others(&model, &asked, Some(&counts), &Job::new()).expect("it can be asked");
    assert_eq!(found.iter().map(|point| point.distractors).collect::<Vec<_>>(), counts);
    // Two are what the story usually has
    let usual = ask(&model, &asked);
    assert!((found[1].p - usual.cells[0].p).abs() < 1e-12, "{found:?} {usual:?}");
    assert!(found[0].p >= found[2].p - 0.05, "others do not help: {found:?}");
    let many = RecallOptions { distractors: Some(8), ..asked.clone() };
    let many = recall(&model, &many, &Job::new()).expect_err("refused");
    assert!(matches!(many, RecallError::TooManyDistractors { found: 8, most: 7 }), "{many}");
    for template in [Template::Passkey, Template::Pairs] {
        let some = RecallOptions { distractors: Some(3), ..options(Some(template), &[96], &[0.5]) };
        assert!(ask(&model, &some).cells[0].p > 0.0);
    }
    let repeat = RecallOptions { template: Some(Template::Repeat), ..asked };
    let refused = among_others(&model, &repeat, None, &Job::new()).expect_err("it tells no facts");
    assert!(refused.hint().is_some());
}
