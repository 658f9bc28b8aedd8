//! Contract: whatever is run, every pane of every layout draws it: no panic, no two widgets of one id, no word that is cut
//! off at the side of its pane; at one, two and three tokens, with one head, without a tokenizer, with letters from right
//! to left, with combining marks, with a token of two hundred characters; in both languages and themes.

use crate::files::{copy_of, write_words};
use crate::parity::fixtures;
use crate::window::{send, until, window_on};
use egui::epaint::Shape;
use egui_kittest::Harness;
use mnemoscope::app::{
    Window,
    command::Command,
    layout::{Pane, Preset},
    settings::Settings,
    words::Language,
};
use mnemoscope::engine::ModelSource;
use mnemoscope::model::HeadId;
use mnemoscope::trace::Trace;
use std::collections::BTreeSet;
use strum::IntoEnumIterator as _;

/// Panes that scroll sideways: words at their side may be cut.
const SIDEWAYS: [Pane; 3] = [Pane::Log, Pane::Weights, Pane::Lens];

fn window(source: ModelSource, prompt: &str, dark: bool, language: Language) -> Harness<'static, Window> {
    let settings = Settings {
        live: false,
        dark: Some(dark),
        language: Some(language),
        hints: u8::MAX,
        ..Settings::default()
    };
    window_on(source, [1280.0, 720.0], settings, Some(prompt))
}

/// Frames for workers to bring what they have.
fn settle(harness: &mut Harness<'_, Window>, frames: usize) {
    for _ in 0..frames {
        harness.step();
        std::thread::sleep(std::time::Duration::from_millis(6));
    }
}

/// What egui paints where two widgets have one id; and words that their pane's side cuts off.
fn faults(harness: &Harness<'_, Window>) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut clashes, mut cut) = (BTreeSet::new(), BTreeSet::new());
    let mut see = |shape: &Shape, clip: egui::Rect| {
        let Shape::Text(text) = shape else { return };
        let words = text.galley.text();
        if words.contains(" use of ") && words.contains(" ID ") {
            clashes.insert(words.to_owned());
        }
        let own = text.visual_bounding_rect();
        let seen = own.intersect(clip);
        // Upright text of which a part shows, and a part lies to the side
        let inside = seen.is_positive() && seen.height() > own.height() * 0.5;
        let past = own.right() > clip.right() + 1.5 || own.left() < clip.left() - 1.5;
        if inside && past && text.angle == 0.0 && clip.width() > 40.0 && !words.trim().is_empty() {
            cut.insert(format!("`{words}` at {own:?} in {clip:?}"));
        }
    };
    for clipped in &harness.output().shapes {
        match &clipped.shape {
            Shape::Vec(shapes) => shapes.iter().for_each(|shape| see(shape, clipped.clip_rect)),
            shape => see(shape, clipped.clip_rect),
        }
    }
    (clashes, cut)
}

/// What is wrong with what is drawn now.
fn wrong(harness: &Harness<'_, Window>, what: &str, long_lines: bool) -> Vec<String> {
    let (clashes, cut) = faults(harness);
    let cut = cut.into_iter().filter(|_| !long_lines).map(|text| format!("cut off: {text}"));
    let banner = harness.state().session.banner.as_ref().map(|banner| &banner.what);
    let broken = banner.filter(|said| said.contains("error of the program")).cloned();
    clashes.into_iter().chain(cut).chain(broken).map(|fault| format!("{what}: {fault}")).collect()
}

/// Every layout, then every pane alone.
#[track_caller]
fn everywhere(source: &ModelSource, prompt: &str, what: &str) {
    let mut all = Vec::new();
    for (dark, language) in [(true, Language::English), (false, Language::Chinese)] {
        let mut harness = window(source.clone(), prompt, dark, language);
        let run = harness.state().session.trace.as_ref().is_some_and(Trace::is_complete);
        assert!(run, "{what}: {:?}", harness.state().session.banner.as_ref().map(|banner| &banner.what));
        send(&mut harness, Command::SelectHead(HeadId { layer: 0, head: 0 }));
        send(&mut harness, Command::PinCell { query: 0, key: 0 });
        // With itself, so that what compares two runs has some to draw
        send(&mut harness, Command::SetLayout(Preset::Compare.id().to_owned()));
        send(&mut harness, Command::EditSecond(prompt.to_owned()));
        send(&mut harness, Command::RunSecond);
        until(&mut harness, |window| window.session.comparing.pair.get().is_some());
        for preset in Preset::iter() {
            send(&mut harness, Command::SetLayout(preset.id().to_owned()));
            settle(&mut harness, 4);
            all.extend(wrong(&harness, &format!("{what}, {language:?}, {preset:?}"), false));
        }
        for pane in Pane::iter() {
            send(&mut harness, Command::Maximise(Some(pane)));
            settle(&mut harness, 4);
            all.extend(wrong(&harness, &format!("{what}, {language:?}, {pane:?}"), SIDEWAYS.contains(&pane)));
        }
    }
    assert!(all.is_empty(), "{all:#?}");
}

fn fixture(name: &str) -> ModelSource {
    ModelSource::Path(fixtures().join(name))
}

#[test]
fn one_two_and_three_tokens() {
    for (prompt, n) in [("Mary", 1), ("Mary has", 2), ("Mary has a", 3)] {
        everywhere(&ModelSource::Embedded, prompt, &format!("{n} tokens"));
    }
}

#[test]
fn one_head_in_one_layer_without_a_tokenizer() {
    everywhere(&fixture("gpt2-one-head-one-layer"), "5", "one head, one token");
    everywhere(&fixture("gpt2-one-head-one-layer"), "5 17 23 5 17", "one head");
}

#[test]
fn an_encoder_and_a_translator_without_a_tokenizer() {
    everywhere(&fixture("bert-mlm"), "5 17 23", "encoder");
    everywhere(&ModelSource::Path(fixtures().join("seq2seq/bart")), "5 17 23", "translator");
}

#[test]
fn letters_from_right_to_left_and_combining_marks() {
    everywhere(&ModelSource::Embedded, "مرحبا بالعالم \u{200f}\u{202e}שלום", "right to left");
    everywhere(
        &ModelSource::Embedded,
        "e\u{301}\u{301}\u{301}\u{301} a\u{308} न\u{94d}दी 👩‍👩‍👧",
        "combining marks",
    );
}

#[test]
fn a_token_of_two_hundred_characters() {
    let long = long_token_model();
    let word = "a".repeat(200);
    let model = ModelSource::Path(long.path().to_owned());
    everywhere(&model, &format!("{word} b {word}"), "200 characters");
}

/// A model whose vocabulary has one word of two hundred characters.
fn long_token_model() -> tempfile::TempDir {
    let folder = copy_of(&fixtures().join("induction-by-hand"));
    let config = std::fs::read_to_string(folder.path().join("config.json")).expect("a config");
    let config: serde_json::Value = serde_json::from_str(&config).expect("JSON");
    let vocab = config["vocab_size"].as_u64().expect("a size") as usize;
    let word = |id: usize| match id {
        3 => "a".repeat(200),
        4 => "b".to_owned(),
        _ => format!("w{id}"),
    };
    write_words(folder.path(), (0..vocab).map(word), "w0");
    folder
}
