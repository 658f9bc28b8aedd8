//! Contract: the window lists models that are not open, asks before it fetches one, and shows a filled-in template.

use crate::files::{only, write};
use crate::parity::fixtures;
use crate::window::{send, still, until, window_on, window_with};
use egui_kittest::{Harness, kittest::Queryable as _};
use mnemoscope::app::{Dialog, Window, command::Command};
use mnemoscope::engine::{self, Found, Job, ModelSource, Place, Prompt, RunOptions};
use mnemoscope::model::Model;
use std::path::PathBuf;

fn window() -> Harness<'static, Window> {
    window_with("Mary has a red ball.")
}

#[test]
fn a_listed_model_opens_by_one_click() {
    let mut harness = window();
    send(&mut harness, Command::AskForModel);
    until(&mut harness, |window| window.session.shelf.models.is_some());
    let folder = fixtures().join("llama-tied");
    let listed = Found {
        name: folder.display().to_string(),
        path: Some(folder.clone()),
        place: Place::Folder,
        family: Some("llama".into()),
        container: "safetensors",
        bytes: 1 << 40,
        fits: false,
        modified: None,
    };
    let elsewhere = PathBuf::from("/nowhere/twin");
    let twin = |path: &PathBuf| Found { name: "twin".into(), path: Some(path.clone()), ..listed.clone() };
    harness.state_mut().session.shelf.models = Some(vec![listed.clone(), twin(&elsewhere), twin(&folder)]);
    harness.run_ok();
    let facts = "llama · safetensors · 1099.5 GB · folder · does not fit in memory";
    assert_eq!(harness.get_all_by_label(facts).count(), 3);
    // Of two that are called the same, the one that was meant
    harness.get_all_by_label("twin").nth(1).expect("two of them").click();
    until(&mut harness, |window| window.session.source == Some(ModelSource::Path(folder.clone())));
    send(&mut harness, Command::OpenEmbedded);
    until(&mut harness, |window| window.session.source == Some(ModelSource::Embedded));
    send(&mut harness, Command::AskForModel);
    harness.state_mut().session.shelf.models = Some(vec![listed]);
    harness.run_ok();
    // It is among those opened before by now, too
    harness.get_all_by_label(&folder.display().to_string()).next().expect("listed").click();
    until(&mut harness, |window| {
        window.session.source == Some(ModelSource::Path(folder.clone())) && window.session.busy.is_none()
    });
    assert_eq!(harness.state().dialog, Dialog::None);
}

#[test]
fn the_embedded_model_is_on_the_list() {
    let mut harness = window();
    send(&mut harness, Command::AskForModel);
    until(&mut harness, |window| {
        let models = window.session.shelf.models.as_deref().unwrap_or_default();
        models.last().is_some_and(|model| model.place == Place::Embedded)
    });
}

#[test]
fn a_name_is_asked_for_before_anything_is_fetched() {
    let mut harness = window();
    send(&mut harness, Command::AskForHub);
    until(&mut harness, |window| window.session.shelf.models.is_some());
    harness.state_mut().session.shelf.offline = false;
    harness.get_by_role_and_label(egui::Role::TextInput, "OWNER/NAME").type_text("../no/name");
    harness.run_ok();
    assert!(harness.query_by_label("Fetch").is_none(), "there is nothing to fetch yet");
    harness.get_by_label("Look it up").click();
    until(&mut harness, |window| window.session.banner.is_some() && window.session.exporting.is_none());
    let banner = harness.state().session.banner.clone().expect("a word about it");
    assert!(banner.error && banner.what.contains("no name of a model"), "{}", banner.what);
}

#[test]
fn a_prompt_becomes_a_turn_where_the_model_has_a_template() {
    let mut harness = window();
    assert!(harness.query_by_label("as chat").is_none(), "the embedded model has none");
    let files = ["config.json", "model.safetensors", "tokenizer.json"];
    let place = only(&fixtures().join("llama-tied"), &files);
    let template = "{% for m in messages %}{{ m.role }}: {{ m.content }}{% endfor %}";
    write(&place.path().join("chat_template.jinja"), template);
    send(&mut harness, Command::OpenModel(place.path().to_owned()));
    until(&mut harness, |window| {
        window.session.busy.is_none()
            && window.session.model.as_ref().is_some_and(|model| model.chat_template.is_some())
    });
    harness.get_by_label("as chat").click();
    until(&mut harness, |window| {
        window.session.busy.is_none()
            && window.session.trace.as_ref().is_some_and(|trace| trace.prompt.starts_with("user: Mary"))
    });
    let trace = harness.state().session.trace.clone().expect("a run");
    let text: String = trace.tokens.iter().map(|token| token.text.as_str()).collect();
    assert!(text.contains("user: Mary"), "the strip shows the filled-in template: {text}");
}

/// Of models that were trained on masked words and on pairs of texts: both heads answer.
#[test]
fn what_is_said_of_two_texts_stands_beside_the_words() {
    let source = ModelSource::Path(fixtures().join("classifiers/BertForPreTraining"));
    let mut harness = window_on(source, [1280.0, 1300.0], still(), Some("5 9 17 6"));
    until(&mut harness, |window| {
        window.session.trace.as_ref().is_some_and(mnemoscope::trace::Trace::is_complete)
    });
    harness.run_steps(3);
    harness.get_by_label_contains("THE TWO TEXTS");
    harness.get_by_label_contains("IsNext");
    harness.get_by_label_contains("NotNext");
    harness.get_by_label_contains("Write one text, then ||| and another");
}

/// Without a tokenizer both texts are ids, and what is run is what `--ids … --second` runs.
#[test]
fn two_texts_are_ids_where_there_is_no_tokenizer() {
    let folder = fixtures().join("classifiers/BertForPreTraining");
    let source = ModelSource::Path(folder.clone());
    let mut harness = window_on(source, [1280.0, 1300.0], still(), Some("5 9 17 ||| 6 8"));
    let complete = |window: &Window| {
        window.session.busy.is_none()
            && window.session.trace.as_ref().is_some_and(mnemoscope::trace::Trace::is_complete)
    };
    until(&mut harness, complete);
    let shown = harness.state().session.trace.clone().expect("a run");
    let options = RunOptions { second: Some(3), ..RunOptions::default() };
    let model = Model::open(&folder).expect("a fixture");
    let prompt = Prompt::Ids(vec![5, 9, 17, 6, 8]);
    let run = |options: &RunOptions| {
        engine::run(&model, &prompt, options, &Job::new(), &mut |_| {}).expect("it runs")
    };
    let (two, one) = (run(&options), run(&RunOptions::default()));
    assert_eq!((shown.second, shown.tokens.len()), (Some(3), 5));
    assert_eq!(shown.resid(1), two.resid(1));
    assert_ne!(two.resid(1), one.resid(1), "the second text is told apart from the first");
    // Beside another pair, which is asked the same way
    send(&mut harness, Command::SetLayout("compare".into()));
    send(&mut harness, Command::EditSecond("5 9 ||| 17 6 8".into()));
    harness.get_by_label("Run second").click();
    until(&mut harness, |window| window.session.comparing.second.get().is_some());
    let second = &harness.state().session.comparing.second;
    assert_eq!(second.get().map(|second| second.trace.second), Some(Some(2)));
}
