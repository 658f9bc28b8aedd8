//! Contract: models that mark their texts with languages take them by code, from every door, and each code does what its
//! token does.

use crate::cli::{complains, object, program};
use crate::files::{copy_into, copy_of, write};
use crate::parity::{fixtures, open};
use crate::window::{until, window_on};
use egui_kittest::{Harness, kittest::Queryable as _};
use mnemoscope::app::{Window, command::Command, settings::Settings};
use mnemoscope::engine::{self, Job, Languages, LogitRows, ModelSource, Prompt, RunError, RunOptions};
use mnemoscope::model::{Mark, Model};
use mnemoscope::trace::Trace;
use std::path::Path;
use std::process::Output;

/// A fixture with a tokenizer of its 97 ids, some of which are languages.
fn lay(folder: &Path, fixture: &str, class: &str, codes: &[&str], frame: &[&str]) {
    copy_into(&fixtures().join("seq2seq").join(fixture), folder);
    let first = 96 - codes.len();
    let name = |id: usize| id.checked_sub(first).and_then(|at| codes.get(at)).map(|code| (*code).to_owned());
    let word = |id: usize| if id == 2 { "</s>".to_owned() } else { format!("w{id}") };
    let names: Vec<String> = (0..97).map(|id| name(id).unwrap_or_else(|| word(id))).collect();
    let id_of = |name: &str| names.iter().position(|known| known == name).expect("one of them");
    let special = |name: &&str| {
        (*name != "$A").then(|| {
            (
                (*name).to_owned(),
                serde_json::json!(
                    { "id": name, "ids": [id_of(name)], "tokens": [name] }
                ),
            )
        })
    };
    let piece = |name: &&str| match *name {
        "$A" => serde_json::json!({ "Sequence": { "id": "A", "type_id": 0 } }),
        name => serde_json::json!({ "SpecialToken": { "id": name, "type_id": 0 } }),
    };
    let vocab: serde_json::Map<_, _> =
        names.iter().enumerate().map(|(id, name)| (name.clone(), id.into())).collect();
    let tokenizer = serde_json::json!({
        "version": "1.0",
        "pre_tokenizer": { "type": "Whitespace" },
        "post_processor": {
            "type": "TemplateProcessing",
            "single": frame.iter().map(piece).collect::<Vec<_>>(),
            "pair": frame.iter().map(piece).collect::<Vec<_>>(),
            "special_tokens": frame.iter().filter_map(special).collect::<serde_json::Map<_, _>>(),
        },
        "model": { "type": "WordLevel", "vocab": vocab, "unk_token": "w3" },
    });
    write(&folder.join("tokenizer.json"), tokenizer.to_string());
    let config = serde_json::json!({ "tokenizer_class": class, "language_codes": "wmt21" });
    write(&folder.join("tokenizer_config.json"), config.to_string());
}

const MBART: &[&str] = &[
    "ar_AR", "cs_CZ", "de_DE", "en_XX", "es_XX", "et_EE", "fi_FI", "fr_XX", "gu_IN", "hi_IN", "it_IT",
    "ja_XX", "ro_RO", "zh_CN",
];
const WMT21: &[&str] = &["__en__", "__ha__", "__is__", "__ja__", "__cs__", "__ru__", "__zh__", "__de__"];

fn mbart(folder: &Path) {
    lay(folder, "mbart", "MBartTokenizer", MBART, &["$A", "</s>", "en_XX"]);
}

fn m2m100(folder: &Path) {
    lay(folder, "m2m100", "M2M100Tokenizer", WMT21, &["__en__", "$A", "</s>"]);
}

fn run(
    model: &Model,
    prompt: &Prompt,
    target: Option<Prompt>,
    source: &str,
    into: &str,
) -> Result<Trace, RunError> {
    let code = |code: &str| (!code.is_empty()).then(|| code.to_owned());
    let languages = Languages { source: code(source), target: code(into) };
    let options = RunOptions { target, languages, logits: LogitRows::All, ..RunOptions::default() };
    engine::run(model, prompt, &options, &Job::new(), &mut |_| {})
}

fn ids(tokens: &[mnemoscope::model::Token]) -> Vec<u32> {
    tokens.iter().map(|token| token.id).collect()
}

fn text(text: &str) -> Prompt {
    Prompt::Text(text.to_owned())
}

/// What a code gives, against the same ids given as they are.
#[track_caller]
fn check(model: &Model, into: &str, source_ids: &[u32], start: &[u32], (from, to): (&str, &str)) {
    let marked = run(model, &text("w7 w9 w11"), Some(text("w8 w10")), from, to).expect(into);
    assert_eq!(ids(&marked.source), source_ids, "{into}");
    assert_eq!(marked.ids(), [start, &[8, 10]].concat(), "{into}");
    let own = model.spec().encoder.as_ref().expect("an encoder").start.len();
    if start.len() >= own && start[..own] == model.spec().encoder.as_ref().expect("an encoder").start {
        let rest = [&start[own..], &[8, 10]].concat();
        let given =
            run(model, &Prompt::Ids(source_ids.to_vec()), Some(Prompt::Ids(rest)), "", "").expect("a run");
        assert_eq!(given.logits, marked.logits, "{into}: the numbers of the same tokens");
    }
    let written = run(model, &text("w7 w9 w11"), None, from, to).expect("a run");
    assert_eq!(written.ids()[..start.len()], *start, "{into}: what is written begins so too");
}

#[test]
fn a_language_before_a_text() {
    let folder = tempfile::tempdir().expect("a folder");
    m2m100(folder.path());
    let model = open(folder.path());
    let tokenizer = model.tokenizer.as_ref().expect("a tokenizer");
    assert_eq!((tokenizer.mark(), tokenizer.usual_language()), (Mark::Before, Some("en")));
    assert_eq!(tokenizer.languages().len(), 8);
    check(&model, "as the files say", &[88, 7, 9, 11, 2], &[2], ("", ""));
    check(&model, "Russian into German", &[93, 7, 9, 11, 2], &[2, 95], ("ru", "de"));
    check(&model, "into Chinese", &[88, 7, 9, 11, 2], &[2, 94], ("", "zh"));
}

#[test]
fn a_language_behind_a_text() {
    let folder = tempfile::tempdir().expect("a folder");
    mbart(folder.path());
    let model = open(folder.path());
    let tokenizer = model.tokenizer.as_ref().expect("a tokenizer");
    assert_eq!((tokenizer.mark(), tokenizer.usual_language()), (Mark::Behind, Some("en_XX")));
    check(&model, "as the files say", &[7, 9, 11, 2, 85], &[2], ("", ""));
    // The target's language stands in the place of its start token, as Transformers' `shift_tokens_right` lays it
    check(&model, "German into Romanian", &[7, 9, 11, 2, 84], &[94], ("de_DE", "ro_RO"));
}

#[test]
fn mbart_50_has_its_language_in_front() {
    let folder = tempfile::tempdir().expect("a folder");
    let more =
        ["kk_KZ", "ko_KR", "lt_LT", "lv_LV", "my_MM", "ne_NP", "nl_XX", "ru_RU", "si_LK", "tr_TR", "vi_VN"];
    let codes = [MBART, &more, &["af_ZA", "az_AZ", "gl_ES", "sl_SI"]].concat();
    lay(folder.path(), "mbart", "MBart50Tokenizer", &codes, &["en_XX", "$A", "</s>"]);
    let model = open(folder.path());
    let tokenizer = model.tokenizer.as_ref().expect("a tokenizer");
    assert_eq!((tokenizer.mark(), tokenizer.usual_language()), (Mark::Before, Some("en_XX")));
    assert_eq!(tokenizer.languages().len(), 29);
    check(&model, "as the files say", &[70, 7, 9, 11, 2], &[2], ("", ""));
    // As Transformers' `forced_bos_token_id` puts it, behind the start token
    check(&model, "German into Slovene", &[69, 7, 9, 11, 2], &[2, 95], ("de_DE", "sl_SI"));
}

#[test]
fn a_wanted_language_is_a_prefix_of_the_source() {
    let folder = copy_of(&fixtures().join("seq2seq/marian"));
    for name in ["source.spm", "target.spm"] {
        let pieces = fixtures().join("tokenizers/unigram-plain.model");
        std::fs::copy(pieces, folder.path().join(name)).expect("copied");
    }
    let listed =
        r#"{"</s>": 0, "<unk>": 1, "▁the": 5, "▁cat": 6, "▁": 7, ">>fra<<": 94, ">>deu<<": 95, "<pad>": 3}"#;
    write(&folder.path().join("vocab.json"), listed);
    write(&folder.path().join("tokenizer_config.json"), r#"{"tokenizer_class": "MarianTokenizer"}"#);
    let model = open(folder.path());
    let tokenizer = model.tokenizer.as_ref().expect("a tokenizer");
    assert_eq!(tokenizer.mark(), Mark::Wanted);
    let target = || Some(Prompt::Ids(vec![8, 10]));
    let plain = run(&model, &text("the cat"), target(), "", "").expect("a run");
    let marked = run(&model, &text("the cat"), target(), "", "deu").expect("a run");
    assert_eq!(ids(&marked.source), [&[95], &ids(&plain.source)[..]].concat(), "German is wanted");
    assert_eq!(marked.ids(), plain.ids(), "and the target begins as ever");
    assert_ne!(marked.logits, plain.logits);
    let typed = run(&model, &text(">>deu<< the cat"), target(), "", "").expect("a run");
    assert_eq!((ids(&typed.source), &typed.logits), (ids(&marked.source), &marked.logits), "as if typed");
    let place = folder.path().display().to_string();
    let out = call(&["run", &place, "--prompt", "the cat", "--source-lang", "fra"]);
    complains(&out, &["does not mark its texts with this language", "mark only the one to translate into"]);
}

#[test]
fn a_question_takes_no_language() {
    let folder = tempfile::tempdir().expect("a folder");
    m2m100(folder.path());
    let place = folder.path().display().to_string();
    for option in ["--source-lang", "--target-lang"] {
        let out = call(&["run", &place, "--prompt", "w7 w9", "--question", "w8", option, "de"]);
        complains(
            &out,
            &["a question and its text take no language", "leave --source-lang and --target-lang out"],
        );
    }
}

#[test]
fn a_forced_first_token_gives_way() {
    let folder = tempfile::tempdir().expect("a folder");
    m2m100(folder.path());
    let file = folder.path().join("generation_config.json");
    write(&file, br#"{"decoder_start_token_id": 2, "forced_bos_token_id": 92}"#);
    let model = open(folder.path());
    check(&model, "Czech, as the file says", &[88, 7, 9, 11, 2], &[2, 92], ("", ""));
    check(&model, "Japanese instead", &[88, 7, 9, 11, 2], &[2, 91], ("", "ja"));
}

#[test]
fn another_run_in_the_same_languages_is_comparable() {
    let folder = tempfile::tempdir().expect("a folder");
    mbart(folder.path());
    let model = open(folder.path());
    let like = run(&model, &text("w7 w9 w11"), Some(text("w8 w10")), "de_DE", "ro_RO").expect("a run");
    let file = folder.path().join("other.txt");
    write(&file, b"w7 w9 w11");
    let again = engine::run_like(&model, &like, &file, &Job::new()).expect("a run");
    assert_eq!((ids(&again.source), again.ids()), (ids(&like.source), like.ids()));
}

fn call(arguments: &[&str]) -> Output {
    program().args(arguments).output().expect("the program runs")
}

#[test]
fn unknown_languages_are_refused_with_those_there_are() {
    let folder = tempfile::tempdir().expect("a folder");
    mbart(folder.path());
    let place = folder.path().display().to_string();
    let out = call(&["run", &place, "--prompt", "w7 w9", "--target-lang", "ro"]);
    complains(&out, &["`ro` is no language of this model", "nearest first: ro_RO, ", "zh_CN"]);
    let out = call(&["generate", &place, "--prompt", "w7 w9", "--source-lang", "German"]);
    complains(&out, &["`German` is no language of this model", "de_DE", "give one of these codes"]);
    complains(&call(&["run", "--prompt", "Tom", "--source-lang", "en"]), &["does not mark its texts"]);
}

#[test]
fn the_command_line_takes_them() {
    let folder = tempfile::tempdir().expect("a folder");
    m2m100(folder.path());
    let place = folder.path().display().to_string();
    let languages = ["--source-lang", "cs", "--target-lang", "de"];
    let arguments =
        [&["run", &place, "--prompt", "w7 w9", "--target", "w8", "--json"], &languages[..]].concat();
    let out = object(&call(&arguments));
    let first = |key: &str, at: usize| out[key][at]["id"].as_u64();
    assert_eq!((first("source", 0), first("tokens", 1)), (Some(92), Some(95)), "{out}");
    let file = folder.path().join("map.safetensors");
    let file = file.display().to_string();
    object(&call(
        &[&["export", &place, "--prompt", "w7 w9", "--json", "-o", &file], &languages[..]].concat(),
    ));
    let bytes = std::fs::read(&file).expect("written");
    let arrays = safetensors::SafeTensors::deserialize(&bytes).expect("sound");
    let tokens = arrays.tensor("tokens").expect("tokens").data().to_vec();
    assert_eq!(tokens.chunks(8).nth(1).map(|id| id[0]), Some(95));
}

#[test]
fn a_long_list_is_narrowed_by_typing() {
    let folder = tempfile::tempdir().expect("a folder");
    // More than half of M2M100's, so that the vocabulary is taken for its own
    let codes: Vec<String> =
        "af am ar ast az ba be bg bn br bs ca ceb cs cy da de el en es et fa ff fi fr fy ga gd gl \
        gu ha he hi hr ht hu hy id ig ilo is it ja jv ka kk km kn ko lb lg ln lo lt lv mg zh zu"
            .split_whitespace()
            .map(|code| format!("__{code}__"))
            .collect();
    let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
    lay(folder.path(), "m2m100", "M2M100Tokenizer", &codes, &["__en__", "$A", "</s>"]);
    let mut harness = window(folder.path());
    harness.get_by_label("Into default").click();
    harness.run_ok();
    harness.get_by_label("de");
    harness.get_by_role_and_label(egui::Role::TextInput, "Find a language").focus();
    harness.run_ok();
    harness.get_by_role_and_label(egui::Role::TextInput, "Find a language").type_text("Z");
    harness.run_ok();
    assert!(harness.query_by_label("de").is_none(), "another language");
    harness.get_by_label("zh").click();
    harness.run_ok();
    assert_eq!(harness.state().state.languages.target.as_deref(), Some("zh"));
    assert!(harness.query_by_label("zu").is_none(), "a choice closes the list");
}

fn window(folder: &Path) -> Harness<'static, Window> {
    let settings = Settings { live: false, dark: Some(true), ..Settings::default() };
    let source = ModelSource::Path(folder.to_owned());
    window_on(source, [1280.0, 900.0], settings, Some("w7 w9 w11"))
}

#[test]
fn the_window_offers_them() {
    let folder = tempfile::tempdir().expect("a folder");
    m2m100(folder.path());
    let mut harness = window(folder.path());
    let begins = |harness: &Harness<'_, Window>| {
        let trace = harness.state().session.trace.as_ref().expect("it ran");
        (trace.source[0].id, trace.ids()[1])
    };
    assert_eq!(begins(&harness).0, 88);
    harness.get_by_label("From en (default)").click();
    harness.run_ok();
    harness.get_by_label("ru").click();
    harness.run_ok();
    until(&mut harness, |window| window.session.busy.is_none());
    harness.get_by_label("Into default").click();
    harness.run_ok();
    harness.get_by_label("ja").click();
    harness.run_ok();
    until(&mut harness, |window| window.session.busy.is_none());
    assert_eq!(begins(&harness), (93, 91));
    harness.get_by_label("From ru");
    let ctx = harness.ctx.clone();
    harness.state_mut().apply(&ctx, Command::Undo);
    until(&mut harness, |window| window.session.busy.is_none());
    assert_eq!(begins(&harness).0, 93);
    assert_eq!(harness.state().state.languages.target, None);
}
