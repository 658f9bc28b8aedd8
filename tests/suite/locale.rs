//! Contract: another language changes every word on screen, at once, and nothing else; what a screen reader says in each
//! is kept in `tests/snapshots/words-*.txt` (`UPDATE_SNAPSHOTS=1` writes them anew).

use crate::window::{send, window_on};
use egui_kittest::{
    Harness,
    kittest::{NodeT as _, Queryable as _},
};
use mnemoscope::app::{Window, command::Command, layout::Preset, settings::Settings, words::Language};
use mnemoscope::engine::ModelSource;
use mnemoscope::model::HeadId;
use std::collections::BTreeSet;
use std::path::Path;
use strum::IntoEnumIterator as _;

fn window() -> Harness<'static, Window> {
    let settings = Settings { live: false, dark: Some(false), hints: u8::MAX, ..Settings::default() };
    let model = crate::parity::fixtures().join("induction-by-hand");
    let mut harness = window_on(
        ModelSource::Path(model),
        [1440.0, 900.0],
        settings,
        Some("3 9 5 14 7 11 2 3 9 5 14 7 11 2"),
    );
    send(&mut harness, Command::SelectHead(HeadId { layer: 1, head: 1 }));
    send(&mut harness, Command::PinCell { query: 9, key: 3 });
    harness
}

/// What is said of everything in sight, numbers aside: they tell times, and sizes of memory.
fn words(harness: &Harness<'_, Window>) -> BTreeSet<String> {
    let nodes = harness.query_all_by(|node| node.label().is_some());
    let label = |text: String| {
        let mut shown = String::new();
        for c in text.chars() {
            let digit = c.is_ascii_digit() || (c == '.' && shown.ends_with('#'));
            match digit {
                true if shown.ends_with('#') => {}
                true => shown.push('#'),
                false => shown.push(if c == '\n' { '⏎' } else { c }),
            }
        }
        shown
    };
    nodes.filter_map(|node| node.accesskit_node().label()).map(label).collect()
}

/// Every layout's words, those of panes that wait for work left out: they come when they come.
fn of_language(harness: &mut Harness<'_, Window>, language: Language) -> BTreeSet<String> {
    send(harness, Command::SetLanguage(language));
    let mut all = BTreeSet::new();
    for preset in [Preset::Inspect, Preset::Train] {
        send(harness, Command::SetLayout(preset.id().to_owned()));
        for _ in 0..30 {
            harness.step();
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        all.extend(words(harness));
    }
    all
}

fn is_chinese(c: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&c)
}

#[test]
fn the_table_of_gestures_is_the_same_in_every_language() {
    let [english, chinese] = [Language::English, Language::Chinese].map(|language| language.words().gestures);
    assert_eq!(english.len(), chinese.len());
    for (own, theirs) in english.iter().zip(chinese) {
        assert_eq!(own.all.len(), theirs.all.len(), "{} and {}", own.place, theirs.place);
        assert!(theirs.place.chars().any(is_chinese) && !own.place.chars().any(is_chinese));
    }
    let said = |words: &str| {
        english.iter().flat_map(|own| own.all).any(|(gesture, _)| gesture.to_lowercase().contains(words))
    };
    for words in ["shift and drag", "double click", "ctrl and wheel", "right click", "drop"] {
        assert!(said(words), "{words}");
    }
}

#[test]
fn every_word_is_in_the_language_that_is_chosen() {
    let mut harness = window();
    let state = harness.state().state.clone();
    for language in Language::iter() {
        let found = of_language(&mut harness, language);
        let name = if language == Language::English { "words-en.txt" } else { "words-zh.txt" };
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots").join(name);
        let text = found.iter().fold(String::new(), |text, label| text + label + "\n");
        if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
            crate::files::write(&path, text.as_bytes());
        }
        let kept = std::fs::read_to_string(&path).expect("a snapshot; UPDATE_SNAPSHOTS=1 makes it");
        let kept: BTreeSet<String> = kept.lines().map(str::to_owned).collect();
        let new: Vec<&String> = found.difference(&kept).collect();
        let gone: Vec<&String> = kept.difference(&found).collect();
        assert!(new.is_empty() && gone.is_empty(), "{language:?}: new {new:?}, gone {gone:?}");
        let chinese = found.iter().filter(|label| label.chars().any(is_chinese)).count();
        match language {
            // Its own name stands in the menu of languages alone
            Language::English => assert!(chinese <= 1, "English has Chinese words"),
            Language::Chinese => {
                assert!(chinese * 2 > found.len(), "{chinese} of {} are Chinese", found.len());
            }
        }
    }
    send(&mut harness, Command::SetLanguage(Language::English));
    send(&mut harness, Command::SetLayout(state.layout.clone()));
    assert_eq!(harness.state().state, state, "the language is no part of what is shown");
}
