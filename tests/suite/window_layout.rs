//! Contract: panes are docked, tabbed, alone, in windows of their own; layouts are kept by name; everything is found
//! by a few letters; the window speaks two languages.

use crate::parity::fixtures;
use crate::window::{send, still, until, window_on, window_with};
use egui_kittest::{
    Harness,
    kittest::{NodeT as _, Queryable as _},
};
use mnemoscope::{
    analysis::MEASURES,
    app::{
        Dialog, Window,
        command::{Command, CommandKind},
        exporting::Piece,
        layout::{self, Pane, Preset},
        state::State,
        words::Language,
    },
    engine::{ModelSource, View},
    model::HeadId,
    render::Scale,
};
use strum::IntoEnumIterator as _;

const PROMPT: &str = "Mary has a red ball. Tom has a blue kite.";

fn window() -> Harness<'static, Window> {
    window_with(PROMPT)
}

fn in_sight(harness: &Harness<'_, Window>, pane: Pane) -> bool {
    layout::in_sight(harness.state().tree(), pane)
}

#[test]
fn every_pane_can_be_closed_and_comes_back_and_undo_knows() {
    let mut harness = window();
    for pane in Pane::iter() {
        send(&mut harness, Command::ShowPane(pane));
        assert!(in_sight(&harness, pane), "{pane:?} comes to the front");
        send(&mut harness, Command::ClosePane(pane));
        assert!(!in_sight(&harness, pane), "{pane:?} is closed");
        send(&mut harness, Command::Undo);
        assert!(in_sight(&harness, pane), "{pane:?} is back");
        send(&mut harness, Command::ClosePane(pane));
        send(&mut harness, Command::ShowPane(pane));
        assert!(in_sight(&harness, pane), "{pane:?} is put in again");
    }
    send(&mut harness, Command::ResetLayout);
    assert!(harness.state().state.arranged.is_empty());
    harness.get_by_label("attention of head 0.0");
}

#[test]
fn tiles_that_are_no_tree_give_way_to_the_layout_as_it_comes() {
    let mut harness = window();
    let usual = harness.state().tree().clone();
    assert!(layout::is_sound(&usual));
    let within = |from: egui_tiles::TileId, to: egui_tiles::TileId, tree: &mut egui_tiles::Tree<Pane>| {
        if let Some(egui_tiles::Tile::Container(container)) = tree.tiles.get_mut(from) {
            container.add_child(to);
        }
    };
    let (mut itself, mut twice, mut apart) = (usual.clone(), usual.clone(), usual.clone());
    let tile = itself.tiles.insert_tab_tile(Vec::new());
    within(tile, tile, &mut itself);
    itself.root = Some(tile);
    let pane = twice.tiles.find_pane(&Pane::Head).expect("it is there");
    let tile = twice.tiles.insert_tab_tile(vec![pane]);
    within(twice.root.expect("a root"), tile, &mut twice);
    let [a, b] = [0, 1].map(|_| apart.tiles.insert_tab_tile(Vec::new()));
    within(a, b, &mut apart);
    within(b, a, &mut apart);
    for broken in [itself, twice, apart] {
        assert!(!layout::is_sound(&broken));
        let name = harness.state().state.layout.clone();
        harness.state_mut().state.arranged.insert(name, broken);
        harness.run_ok();
        assert!(layout::is_sound(harness.state().tree()) && in_sight(&harness, Pane::Head));
        send(&mut harness, Command::ShowPane(Pane::Lens));
        assert!(in_sight(&harness, Pane::Lens));
        send(&mut harness, Command::ResetLayout);
    }
}

#[test]
fn the_last_pane_can_go_too() {
    let mut harness = window();
    for pane in Pane::iter() {
        send(&mut harness, Command::ClosePane(pane));
    }
    send(&mut harness, Command::ShowPane(Pane::Lens));
    assert!(in_sight(&harness, Pane::Lens));
}

#[test]
fn one_pane_fills_the_window_and_gives_it_back() {
    let mut harness = window();
    send(&mut harness, Command::Maximise(Some(Pane::Heads)));
    assert!(harness.query_by_label("attention of head 0.0").is_none());
    harness.get_by_label("head 3.5");
    send(&mut harness, Command::Maximise(None));
    harness.get_by_label("attention of head 0.0");
}

#[test]
fn a_pane_in_a_window_of_its_own_follows_and_docks_again() {
    let mut harness = window();
    send(&mut harness, Command::TearOff(Pane::Head));
    assert!(!in_sight(&harness, Pane::Head));
    send(&mut harness, Command::SelectHead(HeadId { layer: 1, head: 2 }));
    harness.get_by_label("attention of head 1.2");
    send(&mut harness, Command::Dock(Pane::Head));
    assert!(in_sight(&harness, Pane::Head) && harness.state().state.torn.is_empty());
}

#[test]
fn layouts_are_saved_by_name_and_survive_a_file() {
    let mut harness = window();
    send(&mut harness, Command::ClosePane(Pane::Heads));
    send(&mut harness, Command::SaveLayout("mine".into()));
    send(&mut harness, Command::SetLayout("inspect".into()));
    send(&mut harness, Command::ResetLayout);
    assert!(in_sight(&harness, Pane::Heads));
    harness.get_by_label("mine").click();
    harness.run_steps(2);
    assert!(!in_sight(&harness, Pane::Heads));
    let text = serde_json::to_string(&harness.state().state).expect("plain data");
    let again: State = serde_json::from_str(&text).expect("its own file");
    assert_eq!(again, harness.state().state);
    send(&mut harness, Command::DeleteLayout("mine".into()));
    assert_eq!(harness.state().state.layout, Preset::Inspect.id());
    assert!(harness.query_by_label("mine").is_none());
}

/// Types into the palette and takes the first answer.
fn search(harness: &mut Harness<'_, Window>, query: &str) {
    send(harness, Command::Palette);
    harness.get_by_label("Search views, heads, commands").type_text(query);
    harness.run_steps(2);
    harness.key_press(egui::Key::Enter);
    harness.run_steps(3);
}

#[test]
fn the_palette_finds_heads_tokens_measures_and_commands() {
    let mut harness = window();
    search(&mut harness, "3.5");
    assert_eq!(harness.state().state.head, HeadId { layer: 3, head: 5 });
    assert_eq!(harness.state().dialog, Dialog::None);
    search(&mut harness, "L1H2");
    assert_eq!(harness.state().state.head, HeadId { layer: 1, head: 2 });
    search(&mut harness, "blue");
    let query = harness.state().state.query.expect("pinned");
    assert!(harness.state().session.labels.texts[query].contains("blue"));
    search(&mut harness, "entropy");
    assert_eq!(harness.state().state.look.tint, "entropy");
    search(&mut harness, "log scale");
    assert_eq!(harness.state().state.look.scale, mnemoscope::render::Scale::Log);
    search(&mut harness, "no such thing at all");
    harness.get_by_label("Nothing is called that");
}

#[test]
fn the_palette_finds_heads_by_their_part() {
    // Two layers of the encoder, one of the decoder, and its cross-attention
    let source = ModelSource::Path(fixtures().join("seq2seq/t5-gated"));
    let mut harness = window_on(source, [1280.0, 800.0], still(), Some("5 9 4"));
    for (typed, layer, head) in
        [("cross 0.2", 3, 2), ("decoder.0.1", 2, 1), ("encoder L1H0", 1, 0), ("0.1", 0, 1), ("3.0", 3, 0)]
    {
        search(&mut harness, typed);
        assert_eq!(harness.state().state.head, HeadId { layer, head }, "{typed}");
    }
    send(&mut harness, Command::Palette);
    harness.get_by_label("Search views, heads, commands").type_text("0.1");
    harness.run_steps(2);
    for name in ["encoder 0.1", "decoder 0.1", "cross 0.1"] {
        assert!(harness.query_all_by_label_contains(name).next().is_some(), "{name} is offered");
    }
}

#[test]
fn the_palette_finds_what_a_command_does_and_does_what_was_typed() {
    let mut harness = window();
    search(&mut harness, "every word in the other language");
    assert_eq!(harness.state().settings.language, Some(Language::Chinese), "no name holds these words");
    let ctx = harness.ctx.clone();
    harness.state_mut().apply(&ctx, Command::SetLanguage(Language::English));
    // A window that was busy hears a name and Enter in the same frame
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::K);
    harness.run_steps(3);
    harness.event(egui::Event::Text("3.5".to_owned()));
    harness.key_press(egui::Key::Enter);
    harness.run_steps(3);
    assert_eq!(harness.state().state.head, HeadId { layer: 3, head: 5 });
    assert_eq!(harness.state().dialog, Dialog::None);
}

#[test]
fn the_palette_exports_any_view_by_name() {
    let mut harness = window();
    for (query, view) in [("export logit lens", View::Lens), ("export Flow", View::Flow)] {
        search(&mut harness, query);
        let dialog = &harness.state().dialog;
        assert!(
            matches!(dialog, Dialog::Export { piece: Piece::View(own), .. } if *own == view),
            "{query}: {dialog:?}"
        );
        send(&mut harness, Command::CloseDialog);
    }
}

#[test]
fn the_palette_finds_tensors_and_settings() {
    let mut harness = window();
    search(&mut harness, "blocks.3 w_q");
    assert_eq!(harness.state().state.tensor.as_deref(), Some("blocks.3.attn.W_Q"));
    assert!(in_sight(&harness, Pane::Weights), "where it can be seen");
    search(&mut harness, "Size 150");
    assert_eq!(harness.state().settings.percent, 150);
    search(&mut harness, "Size 100");
    assert_eq!(harness.state().settings.percent, 100);
    search(&mut harness, "colours viridis");
    assert_eq!(harness.state().state.look.map(true), mnemoscope::render::ColorMap::Viridis);
    search(&mut harness, "light theme");
    assert_eq!(harness.state().settings.dark, Some(false));
}

#[test]
fn the_palette_knows_the_words_of_the_language_and_the_english_ones() {
    let mut harness = window();
    search(&mut harness, "chinese");
    assert_eq!(harness.state().settings.language(), Language::Chinese);
    let words = Language::Chinese.words();
    for query in ["log scale", (words.command)(CommandKind::ScaleRank).0] {
        send(&mut harness, Command::Palette);
        harness.get_by_role_and_label(egui::Role::TextInput, words.search).type_text(query);
        harness.run_steps(2);
        harness.key_press(egui::Key::Enter);
        harness.run_steps(3);
        let expected = if query == "log scale" { Scale::Log } else { Scale::Rank };
        assert_eq!(harness.state().state.look.scale, expected, "{query}");
    }
}

#[test]
fn the_palette_follows_what_happens_while_it_is_open() {
    let mut harness = window();
    send(&mut harness, Command::Palette);
    harness.get_by_label("Search views, heads, commands").type_text("undo");
    harness.run_steps(2);
    let disabled = |harness: &Harness<'_, Window>| {
        harness.get_by_role_and_label(egui::Role::Button, "Undo").accesskit_node().is_disabled()
    };
    assert!(disabled(&harness), "there is nothing to undo");
    send(&mut harness, Command::SetTint("entropy".into()));
    harness.run_steps(2);
    assert!(!disabled(&harness));
}

#[test]
fn arrows_choose_in_the_palette_and_refused_commands_say_why() {
    let mut harness = window();
    send(&mut harness, Command::Palette);
    harness.get_by_label("Search views, heads, commands").type_text("undo");
    harness.run_steps(2);
    harness.get_by_role_and_label(egui::Role::Button, "Undo");
    harness.key_press(egui::Key::Enter);
    harness.run_steps(2);
    assert!(matches!(harness.state().dialog, Dialog::Palette { .. }), "there is nothing to undo");
    send(&mut harness, Command::Palette);
    harness.key_press(egui::Key::ArrowDown);
    harness.run_steps(2);
    assert!(matches!(harness.state().dialog, Dialog::Palette { at: 1, .. }));
}

#[test]
fn the_window_speaks_chinese() {
    let mut harness = window();
    send(&mut harness, Command::SetLanguage(Language::Chinese));
    harness.get_by_label("注意力头 1.2").click();
    harness.run_steps(2);
    harness.get_by_label("注意力头 1.2 的注意力");
    harness.get_by_label("运行");
    let title = harness.state().examples()[0].title_zh.clone();
    harness.get_by_label(&title);
    send(&mut harness, Command::SetLanguage(Language::English));
    until(&mut harness, |_| true);
    harness.get_by_label("Run");
}

#[test]
fn nothing_is_left_untranslated() {
    let chinese = |text: &str| text.chars().any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter));
    let (english, other) = (Language::English.words(), Language::Chinese.words());
    for kind in CommandKind::iter().filter(|&kind| kind != CommandKind::ToggleLanguage) {
        let (label, explanation) = (other.command)(kind);
        assert!(chinese(label) && chinese(explanation), "{kind:?}: {label}, {explanation}");
    }
    for measure in MEASURES {
        let (label, sentence) = (other.measure)(measure);
        assert!(chinese(label) && chinese(sentence), "{}", measure.id);
    }
    // Every plain text of the catalogue, as the derived `Debug` prints it
    let fields = |words: &mnemoscope::app::words::Words| {
        let text = format!("{words:#?}");
        let pairs = text.lines().filter_map(|line| line.trim().split_once(": \""));
        pairs
            .map(|(name, text)| (name.to_owned(), text.trim_end_matches([',', '"']).to_owned()))
            .collect::<Vec<_>>()
    };
    let both = fields(english).into_iter().zip(fields(other));
    let same = both.filter(|((_, english), (_, other))| english == other).map(|((name, _), _)| name);
    assert_eq!(same.collect::<Vec<_>>(), ["languages"], "the same in both languages");
}
