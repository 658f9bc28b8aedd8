//! Contract: another language changes every word on screen, at once, and nothing else; what a screen reader says in each
//! is kept in `tests/snapshots/words-*.txt` (`UPDATE_SNAPSHOTS=1` writes them anew).

use crate::window::{send, window_on};
use egui::{Role, epaint::Shape};
use egui_kittest::{
    Harness,
    kittest::{NodeT as _, Queryable as _},
};
use mnemoscope::analysis::{Filter, MEASURES, atlas::ROLES};
use mnemoscope::app::{
    Dialog, Window,
    charting::AtlasPath,
    command::Command,
    drafting::{Answers, Draft},
    editing::Splice,
    exporting::{Finish, Piece},
    layout::{Pane, Preset},
    settings::Settings,
    words::{Language, errors},
};
use mnemoscope::engine::ModelSource;
use mnemoscope::export::{FORMATS, Lang};
use mnemoscope::model::{Assumption, Described, HeadId, NormKind, Placement, PositionKind, Warning};
use mnemoscope::trace::{Heads, Output, Span};
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
    nodes.filter_map(|node| node.accesskit_node().label()).map(|label| without_numbers(&label)).collect()
}

/// A text with a mark for every number, on one line.
fn without_numbers(text: &str) -> String {
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

/// What is painted and what is said, in every layout, every pane alone, every dialog and every menu.
fn everywhere(harness: &mut Harness<'_, Window>) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for preset in Preset::iter() {
        send(harness, Command::SetLayout(preset.id().to_owned()));
        see(harness, &mut all);
    }
    for pane in Pane::iter() {
        send(harness, Command::Maximise(Some(pane)));
        see(harness, &mut all);
    }
    send(harness, Command::Maximise(None));
    for dialog in dialogs() {
        harness.state_mut().dialog = dialog;
        see(harness, &mut all);
    }
    harness.state_mut().dialog = Dialog::None;
    harness.run_ok();
    menus(harness, &mut all);
    all
}

/// Every dialog, with nothing typed.
pub(crate) fn dialogs() -> Vec<Dialog> {
    let path = String::new();
    let hook = "blocks.0.hook_resid_pre".to_owned();
    let tokens = Span::one(0);
    let head = HeadId { layer: 0, head: 0 };
    let drafts = [
        Draft::Mean { output: Output::Heads(Heads::from(head)) },
        Draft::Pattern { heads: Heads::from(head) },
        Draft::Forget { layer: 0, key: 0 },
        Draft::Patch { hook: hook.clone(), tokens },
        Draft::AddWord { hook: hook.clone(), tokens },
        Draft::AddTexts { hook: hook.clone(), tokens },
        Draft::AddFile { hook, tokens },
    ];
    let drafts = drafts.map(|draft| Dialog::Change { draft, answers: Answers::default() });
    let pieces = Piece::all().chain([Piece::Trace]).map(|piece| Dialog::Export {
        path: "figure.png".to_owned(),
        piece,
        finish: Finish { lang: Lang::Zh, ..Finish::default() },
    });
    let atlas = [AtlasPath::Text, AtlasPath::Open, AtlasPath::Save]
        .map(|what| Dialog::Atlas { what, path: String::new() });
    let others = [
        Dialog::Open { path: path.clone() },
        Dialog::Second { path: path.clone() },
        Dialog::Hub { name: String::new() },
        Dialog::Checks,
        Dialog::Session { path: path.clone() },
        Dialog::Token { at: Splice::Replace(0), text: String::new() },
        Dialog::Token { at: Splice::Insert(0), text: String::new() },
        Dialog::Note { text: String::new() },
        Dialog::Layout { name: String::new(), of: None },
        Dialog::Layout { name: String::new(), of: Some("mine".to_owned()) },
        Dialog::SaveTraining { path: path.clone() },
        Dialog::Text { path },
        Dialog::Palette { query: String::new(), at: 0 },
        Dialog::Help,
    ];
    others.into_iter().chain(atlas).chain(drafts).chain(pieces).collect()
}

/// The menus, opened one after the other.
fn menus(harness: &mut Harness<'_, Window>, all: &mut BTreeSet<String>) {
    let words = harness.state().settings.language().words();
    let export = format!("{} ▾", words.export);
    for _ in 0..2 {
        harness.get_by_label(&export).click();
        see(harness, all);
    }
    for name in [words.file, words.edit, words.view, words.panes, words.head, words.model, words.help] {
        if entry(harness, words.file).is_none() {
            harness.get_by_label(words.menu).click();
            harness.run_ok();
        }
        let at = entry(harness, name).unwrap_or_else(|| panic!("no menu {name}"));
        harness.hover_at(at);
        harness.run_ok();
        harness.drag_at(at);
        harness.drop_at(at);
        see(harness, all);
    }
}

/// Where the entry of the open menu lies that is called so.
fn entry(harness: &Harness<'_, Window>, name: &str) -> Option<egui::Pos2> {
    let called = |label: &str| label.trim_end_matches([' ', '⏵']) == name;
    let buttons = harness.query_all_by_role(Role::Button);
    // Menus are drawn after what they lie over
    let mut named = buttons.filter(|node| node.accesskit_node().label().is_some_and(|label| called(&label)));
    named.next_back().map(|node| node.rect().center())
}

/// What is painted and said now, once workers have had a moment.
fn see(harness: &mut Harness<'_, Window>, all: &mut BTreeSet<String>) {
    for _ in 0..12 {
        harness.step();
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    all.extend(words(harness));
    for clipped in &harness.output().shapes {
        painted(&clipped.shape, all);
    }
}

fn painted(shape: &Shape, all: &mut BTreeSet<String>) {
    match shape {
        Shape::Vec(shapes) => shapes.iter().for_each(|shape| painted(shape, all)),
        Shape::Text(text) => {
            all.insert(without_numbers(text.galley.text()));
        }
        _ => {}
    }
}

/// A text that has English in it: no Chinese at all, or two English words in a row.
fn is_english(text: &str) -> bool {
    let word = |word: &str| word.len() > 2 && word.chars().all(|c| c.is_ascii_lowercase());
    let some = text.split(|c: char| !c.is_ascii_alphabetic()).any(|part| part.len() > 2);
    let words: Vec<&str> = text.split(' ').collect();
    some && !text.chars().any(is_chinese) || words.windows(2).any(|pair| pair.iter().all(|own| word(own)))
}

/// A caption ends with a command line.
fn own_words(text: &str) -> &str {
    text.split("由 Mnemoscope").next().unwrap_or(text)
}

/// A model's spec is JSON, and paths are the machine's.
fn is_data(text: &str) -> bool {
    text.starts_with('{') || text.contains('/') && !text.contains(' ')
}

#[test]
fn no_layout_pane_dialog_or_menu_keeps_english_in_chinese() {
    let mut harness = window();
    send(&mut harness, Command::SetLanguage(Language::Chinese));
    let found: BTreeSet<String> = everywhere(&mut harness)
        .into_iter()
        .filter(|text| is_english(own_words(text)) && !is_data(text))
        .collect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots/words-both.txt");
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        let text = found.iter().fold(String::new(), |text, label| text + label + "\n");
        crate::files::write(&path, text.as_bytes());
    }
    // Names of formats, measures in files, arrays and keys are the same in every language
    let kept = std::fs::read_to_string(&path).expect("a snapshot; UPDATE_SNAPSHOTS=1 makes it");
    let kept: BTreeSet<String> = kept.lines().map(str::to_owned).collect();
    let new: Vec<&String> = found.difference(&kept).collect();
    assert!(new.is_empty(), "in English: {new:#?}");
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

#[test]
fn what_is_to_be_known_of_a_model_is_in_the_language_too() {
    use Assumption as A;
    let assumed = [
        A::BareNorms,
        A::NormsAfterSums,
        A::SharedNorm,
        A::FusedInTurn,
        A::TanhGelu,
        A::Activation("silu"),
        A::Epsilon(1e-6),
        A::UnitOffset("Gemma"),
        A::FalconAlibi,
        A::Rotary { interleaved: true },
        A::Rotary { interleaved: false },
        A::Window(64),
        A::NoPositionsWithoutWindow,
        A::PositionsEverywhere,
        A::ScaledEmbedding,
        A::NoOtherPositions,
        A::TiedHead,
        A::NormsBehind,
        A::NormsBefore,
        A::Causal(true),
        A::Causal(false),
        A::BetweenDense("ReLU"),
        A::BetweenClassifiers,
        A::LastActivation { one: true },
        A::LastActivation { one: false },
        A::BlockOrder(vec!["blocks/a".into(), "blocks/b".into()]),
        A::Positions { of: "embedding".into(), not: "embedding_1".into() },
        A::ScaleOnly,
        A::FirstToken,
        A::MeanOfTokens,
    ];
    let described = Described {
        class: Some("NobodysModel".into()),
        blocks: 2,
        heads: 4,
        kv_heads: 2,
        gated: true,
        placement: Placement::Pre,
        norm: NormKind::Rms,
        positions: PositionKind::Rotary,
    };
    let class = || "BertForNextSentencePrediction".to_owned();
    let mut all = vec![
        Warning::NoTokenizer,
        Warning::UnreadTokenizer { file: "7.json".into(), reason: "0".into() },
        Warning::LargerVocabulary { known: 9, vocab: 8 },
        Warning::UnknownCutting(Some("own".into())),
        Warning::UnknownCutting(None),
        Warning::StrangeKeys(vec!["llama.shine".into()]),
        Warning::Padded { tokens: 8, before: true },
        Warning::WithoutHead { class: class(), base: "BertModel".into(), unread: 2 },
        Warning::Inferred(described.clone()),
        Warning::Inferred(Described { class: None, ..described }),
        Warning::Granted(assumed.to_vec()),
    ];
    all.extend(assumed.into_iter().map(Warning::Assumed));
    let mut said = BTreeSet::new();
    for own in &all {
        let [english, chinese] =
            [Language::English, Language::Chinese].map(|language| errors::warning(own, language));
        assert_eq!(english, own.to_string());
        assert!(!english.chars().any(is_chinese), "{english}");
        let text = chinese.split("，例如").next().unwrap_or_default();
        assert!(!is_english(text), "{chinese}");
        assert!(said.insert(chinese), "two say the same: {english}");
    }
}

#[test]
fn a_model_that_does_not_say_everything_opens_in_chinese() {
    let model = crate::parity::fixtures().join("keras/classify/model.keras");
    let settings = Settings { live: false, language: Some(Language::Chinese), ..Settings::default() };
    let harness = window_on(ModelSource::Path(model), [1440.0, 900.0], settings, None);
    let model = harness.state().session.model.as_ref().expect("it is open");
    assert!(!model.warnings.is_empty());
    for warning in &model.warnings {
        harness.get_by_label(&errors::warning(warning, Language::Chinese));
        assert!(harness.query_by_label(&warning.to_string()).is_none(), "{warning}");
    }
}

#[test]
fn formats_formulas_and_the_filter_speak_chinese_where_one_points() {
    let words = Language::Chinese.words();
    for format in FORMATS {
        let said = (words.figures.format)(format);
        assert!(said.chars().any(is_chinese) && said != format.sentence, "{}: {said}", format.ending);
    }
    let measures = MEASURES.iter().map(|measure| (measure.id, measure.formula));
    for (id, formula) in measures.chain(ROLES.iter().map(|role| (role.score, role.formula))) {
        let said = (words.atlas.formula)(id).unwrap_or(formula);
        assert!(!is_english(said), "{id}: {said}");
    }
    // Every place where an expression may stop to make sense
    let texts =
        ["entropy >", "entropy", "nothing > 1", "(entropy > 1", "role > 1", "role = nobody", "3.", "x"];
    let errors = texts.iter().filter_map(|text| text.parse::<Filter>().err());
    let said: BTreeSet<String> = errors
        .map(|error| {
            let said = (words.choosing.filter_expected)(&error);
            assert!(said.contains("此处应为") && !is_english(&said.replace(&error.text, "")), "{said}");
            said.split("此处应为").nth(1).unwrap_or_default().to_owned()
        })
        .collect();
    assert!(said.len() >= 5, "{said:?}");
}

#[test]
fn chinese_is_set_in_a_sans_face_where_the_system_has_one() {
    use egui::epaint::text::{FallbackRequest, FontProvider as _};
    use mnemoscope::app::fonts::{EastAsian, SANS};
    let ask = |cluster: &str| {
        EastAsian.font_for(&FallbackRequest { cluster, family: &egui::FontFamily::Proportional })
    };
    assert!(ask("a").is_none() && ask("ع").is_none(), "others are left to the system");
    let mut system = resvg::usvg::fontdb::Database::new();
    system.load_system_fonts();
    let has = |name: &str| system.faces().any(|face| face.families.iter().any(|(family, _)| family == name));
    let wanted = SANS.into_iter().find(|name| has(name));
    for cluster in ["头", "注", "。"] {
        let found = ask(cluster).map(|font| font.name);
        match wanted {
            Some(name) => assert!(
                found.as_ref().is_some_and(|found| found.starts_with(&format!("system:{name}:"))),
                "{cluster}: {found:?} instead of {name}"
            ),
            None => assert_eq!(found, None),
        }
    }
}
