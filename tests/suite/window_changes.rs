//! Contract: what is seen can be changed where it is seen; every change that is offered can be made, and taken back.

use crate::{
    parity::fixtures,
    window::{cell_of, click_at, send, still, until, window_of, window_on, window_with},
};
use egui_kittest::{
    Harness,
    kittest::{NodeT as _, Queryable as _},
};
use mnemoscope::{
    app::{Window, command::Command, layout::Pane, panes::dialogs::Dialog, state::State, words::Language},
    engine::{self, Job, ModelSource},
    trace::{Intervention, OtherPrompt},
};

const PROMPT: &str = "Mary has a red ball. Tom has a blue kite. Mary plays with the";
const OTHER: &str = "Mary has a green ball. Tom has a blue kite. Mary plays with the";

fn window() -> Harness<'static, Window> {
    window_with(PROMPT)
}

fn right_click(harness: &mut Harness<'_, Window>, pos: egui::Pos2) {
    click_at(harness, pos, egui::PointerButton::Secondary);
}

/// How the entries of the menus in sight are spelled.
fn spelled(harness: &Harness<'_, Window>) -> Vec<String> {
    let kinds = [
        "zero=",
        "mean=",
        "scale=",
        "knockout=",
        "temperature=",
        "pattern=",
        "paint=",
        "forget=",
        "patch=",
        "add=",
    ];
    let label = |node: egui_kittest::Node<'_>| node.accesskit_node().label();
    let buttons = harness.query_all_by_role(egui::Role::Button).filter_map(label);
    let entry = |text: String| {
        let from = kinds.iter().filter_map(|kind| text.find(kind)).min()?;
        Some(text[from..].to_owned())
    };
    buttons.filter(|text| !text.starts_with("Remove")).filter_map(entry).collect()
}

fn close(harness: &mut Harness<'_, Window>) {
    harness.key_press(egui::Key::Escape);
    harness.run_steps(4);
}

/// Opens the menus that belong to what was pointed at, one after the other; gives back what they hold.
fn whole_menu(harness: &mut Harness<'_, Window>, titles: &[&str]) -> Vec<String> {
    let mut all = spelled(harness);
    assert!(!all.is_empty(), "no menu is open");
    for title in titles {
        open_submenu(harness, title);
        all.extend(spelled(harness));
    }
    all.sort();
    all.dedup();
    close(harness);
    all
}

fn open_submenu(harness: &mut Harness<'_, Window>, title: &str) {
    let named = |node: &egui_kittest::Node<'_>| {
        node.accesskit_node().label().is_some_and(|label| label.starts_with(title) && !label.contains('='))
    };
    let button = harness.query_all_by_role(egui::Role::Button).rfind(named);
    button.unwrap_or_else(|| panic!("no menu is called {title}")).click();
    harness.run_steps(6);
}

/// Each can be made on its own.
#[track_caller]
fn possible(harness: &Harness<'_, Window>, offers: &[String]) {
    let session = &harness.state().session;
    let (model, clean) = (session.model.as_ref().expect("a model"), session.trace.as_ref().expect("a run"));
    for offer in offers.iter().filter(|offer| !offer.ends_with('…')) {
        let change: Intervention = offer.parse().unwrap_or_else(|error| panic!("{error}"));
        let made = engine::intervene(model, clean, &[change], &Job::new(), &mut |_| {});
        assert!(made.is_ok(), "{offer}: {}", made.err().map_or_else(String::new, |error| error.to_string()));
    }
}

fn has(offers: &[String], what: &str) {
    assert!(offers.iter().any(|offer| offer.starts_with(what)), "no {what} among {offers:?}");
}

fn n_tokens(harness: &Harness<'_, Window>) -> usize {
    harness.state().session.trace.as_ref().map_or(0, mnemoscope::trace::Trace::n_tokens)
}

fn listed(state: &State) -> Vec<String> {
    state.interventions.iter().map(|switch| switch.what.to_string()).collect()
}

#[test]
fn a_cell_offers_its_row_its_column_its_head_its_layer_and_its_stream() {
    let mut harness = window();
    let (head, n) = (harness.state().state.head, n_tokens(&harness));
    let map = harness.get_by_label(&format!("attention of head {head}")).rect();
    right_click(&mut harness, cell_of(map, (9, n), (4, n)));
    let layer = format!("layer {}", head.layer);
    let titles = ["Row of 9", "Column of 4", &head.label(), &layer, "Residual stream"];
    let offers = whole_menu(&mut harness, &titles);
    for what in [
        format!("knockout={head}:q9->k4"),
        format!("knockout={}.*:q9->k4", head.layer),
        format!("knockout={head}:q9->k0-8"),
        format!("knockout={}.*:q5-{}->k4", head.layer, n - 1),
        format!("paint={head}:q9:k4*1"),
        format!("forget={}:k4", head.layer),
        format!("zero={head}"),
        format!("mean={head}:…"),
        format!("pattern={head}:uniform"),
        format!("pattern={head}:…"),
        format!("zero=mlp.{}", head.layer),
        "patch=".to_owned(),
        "add=".to_owned(),
    ] {
        has(&offers, &what);
    }
    possible(&harness, &offers);
}

#[test]
fn every_view_offers_what_makes_sense_there() {
    let mut harness = window();
    let n = n_tokens(&harness);
    let layers = harness.state().session.trace.as_ref().map_or(0, mnemoscope::trace::Trace::n_layers);
    // The grid
    harness.get_by_label("head 4.0").click_secondary();
    harness.run_ok();
    let offers = whole_menu(&mut harness, &["layer 4"]);
    has(&offers, "temperature=4.0:2");
    has(&offers, "scale=mlp.4:0.5");
    // A token
    let chip = harness.get_by(|node| node.label().is_some_and(|label| label.starts_with("token 3 ")));
    chip.click_secondary();
    harness.run_ok();
    let offers = whole_menu(&mut harness, &["Row of 3", "Column of 3"]);
    has(&offers, "add=blocks.0.hook_resid_pre@3<-token:…");
    has(&offers, "forget=");
    possible(&harness, &offers);
    for (pane, name, (row, rows), (column, columns), what) in [
        (Pane::Stream, "Hidden states", (5, n), (7, 32), "patch=blocks.0.hook_resid_pre@5<-…"),
        (Pane::Norms, "Norms", (2, layers + 1), (6, n), "patch=blocks.2.hook_resid_pre@6<-…"),
    ] {
        send(&mut harness, Command::ShowPane(pane));
        let mut rect = None;
        for _ in 0..400 {
            harness.step();
            rect =
                harness.query_all_by_role_and_label(egui::Role::Image, name).next().map(|node| node.rect());
            if rect.is_some() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        let rect = rect.unwrap_or_else(|| panic!("{name} is drawn"));
        right_click(&mut harness, cell_of(rect, (row, rows), (column, columns)));
        has(&spelled(&harness), what);
        close(&mut harness);
    }
    // The lens: the first row below the name is the last stream
    send(&mut harness, Command::ShowPane(Pane::Lens));
    until(&mut harness, |window| window.session.lens.get().is_some());
    let name = "lens of token 14";
    let column = harness.get_by(|node| node.label().is_some_and(|label| label.to_lowercase().contains(name)));
    let rect = column.rect();
    right_click(&mut harness, egui::pos2(rect.center().x, rect.top() + 22.0 * 1.5));
    has(&spelled(&harness), &format!("add=blocks.{}.hook_resid_post@14<-texts:…", layers - 1));
    close(&mut harness);
    // What speaks for a word: a head, an MLP
    send(&mut harness, Command::ShowPane(Pane::Attribution));
    until(&mut harness, |window| window.session.reasons.said().is_some());
    let mlp = harness
        .query_all_by_role(egui::Role::Button)
        .find(|node| node.accesskit_node().label().is_some_and(|label| label.starts_with("mlp")));
    mlp.expect("an MLP has a line").click_secondary();
    harness.run_ok();
    has(&spelled(&harness), "zero=mlp.");
    close(&mut harness);
    // Lines between tokens
    send(&mut harness, Command::ShowPane(Pane::Flow));
    harness.run_steps(8);
    let query = harness.get_by(|node| node.label().is_some_and(|label| label.starts_with("flow query 9 ")));
    query.click_secondary();
    harness.run_ok();
    let head = harness.state().state.head;
    has(&spelled(&harness), &format!("knockout={head}:q9->k0-8"));
    close(&mut harness);
    // The cache
    send(&mut harness, Command::SetLayout("memory".into()));
    until(&mut harness, |window| window.session.memory.cache.get().is_some());
    let cache = harness.get_by_role_and_label(egui::Role::Image, "KV cache").rect();
    right_click(&mut harness, cell_of(cache, (1, layers), (4, n)));
    let offers = spelled(&harness);
    has(&offers, "forget=1:k4");
    has(&offers, "forget=1.0:k4");
    has(&offers, "forget=1:k4@…");
    possible(&harness, &offers);
}

#[test]
fn models_that_look_both_ways_or_share_keys_offer_what_they_have() {
    for (name, causal) in [("bert-mlm", false), ("llama-gqa", true)] {
        let source = ModelSource::Path(fixtures().join(name));
        let mut harness = window_on(source, [1280.0, 800.0], still(), None);
        send(&mut harness, Command::EditTokens(vec![5, 1, 7, 3, 2]));
        until(&mut harness, |window| {
            window.session.busy.is_none()
                && window.session.trace.as_ref().is_some_and(|trace| trace.n_tokens() == 5)
        });
        let (head, n) = (harness.state().state.head, n_tokens(&harness));
        let map = harness.get_by_label(&format!("attention of head {head}")).rect();
        right_click(&mut harness, cell_of(map, (3, n), (1, n)));
        let offers = whole_menu(&mut harness, &["Row of 3", "Column of 1"]);
        if causal {
            has(&offers, &format!("forget={}.0:k1", head.layer));
            has(&offers, &format!("knockout={head}:q3->k0-2"));
        } else {
            has(&offers, &format!("knockout={}.*:q0-4->k1", head.layer));
            has(&offers, &format!("paint={head}:q3:k3*1"));
            assert!(
                offers.iter().all(|offer| !offer.starts_with("forget=")),
                "nothing is cached: {offers:?}"
            );
        }
        possible(&harness, &offers);
    }
}

#[test]
fn another_prompt_is_written_into_the_dialog_and_patched_in() {
    let mut harness = window();
    send(&mut harness, Command::PinQuery(Some(14)));
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::K);
    harness.run_ok();
    harness.event(egui::Event::Text("patch from another".into()));
    harness.run_ok();
    harness.key_press(egui::Key::Enter);
    harness.run_ok();
    assert!(matches!(harness.state().dialog, Dialog::Change { .. }), "{:?}", harness.state().dialog);
    let field = harness.get_by_role_and_label(egui::Role::TextInput, "The other prompt");
    assert_eq!(field.value().as_deref(), Some(PROMPT), "the prompt of the run, to be changed in a word");
    field.focus();
    harness.run_ok();
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::A);
    harness.run_ok();
    harness.get_by_role_and_label(egui::Role::TextInput, "The other prompt").type_text(OTHER);
    harness.run_ok();
    harness.get_by_label("Change the run").click();
    until(&mut harness, |window| window.session.changed.trace.is_some());
    assert_eq!(harness.state().dialog, Dialog::None);
    let made = &harness.state().state.interventions[0].what;
    let Intervention::Patch { hook, prompt, .. } = made else { panic!("{made}") };
    assert_eq!((hook.as_str(), prompt), ("blocks.0.hook_resid_pre", &OtherPrompt::Text(OTHER.into())));
    // A session keeps it, undo takes it back
    let text = serde_json::to_string(&harness.state().state).expect("plain data");
    let again: State = serde_json::from_str(&text).expect("the same");
    assert_eq!(again.interventions, harness.state().state.interventions);
    send(&mut harness, Command::Undo);
    until(&mut harness, |window| window.session.changed.trace.is_none());
    assert!(harness.state().state.interventions.is_empty());
}

#[test]
fn a_direction_is_turned_up_and_down_while_the_run_follows() {
    let mut harness = window();
    let change = "add=blocks.2.hook_resid_pre@*<-texts:[\"a green ball\",\"a red ball\"]*1";
    send(&mut harness, Command::Intervene(change.parse().expect("an intervention")));
    until(&mut harness, |window| window.session.changed.trace.is_some());
    let logits = |harness: &Harness<'_, Window>| {
        harness.state().session.changed.trace.as_ref().map(|trace| trace.logits.to_vec()).expect("a run")
    };
    let (before, run) = (logits(&harness), harness.state().session.changed.run);
    let slider = harness
        .query_all_by_role(egui::Role::Slider)
        .find(|node| node.accesskit_node().label().is_some_and(|label| label.starts_with("add=")));
    slider.expect("it has a strength").set_value_accesskit(-2.0);
    until(&mut harness, |window| window.session.changed.run != run);
    assert!(listed(&harness.state().state)[0].ends_with("*-2"), "{:?}", listed(&harness.state().state));
    assert_ne!(logits(&harness), before);
}

#[test]
fn the_list_and_the_palette_offer_the_same() {
    let mut harness = window_of([1280.0, 1300.0], still(), Some(PROMPT));
    send(&mut harness, Command::DismissHints);
    send(&mut harness, Command::PinCell { query: 9, key: 4 });
    harness.get_by_label("Add a change of what is selected").click();
    harness.run_steps(4);
    open_submenu(&mut harness, "Row of 9");
    let head = harness.state().state.head;
    let offers = spelled(&harness);
    has(&offers, &format!("knockout={head}:q9->k0-8"));
    close(&mut harness);
    // Escape lets go of what is pinned, too
    send(&mut harness, Command::PinCell { query: 9, key: 4 });
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::K);
    harness.run_ok();
    harness.event(egui::Event::Text("cut it off from all tokens before".into()));
    harness.run_ok();
    harness.key_press(egui::Key::Enter);
    until(&mut harness, |window| window.session.changed.trace.is_some());
    assert_eq!(listed(&harness.state().state), [format!("knockout={head}:q9->k0-8")]);
}

#[test]
fn a_key_is_forgotten_from_a_step_on_in_chinese_too() {
    let mut harness = window();
    let n = n_tokens(&harness);
    send(&mut harness, Command::SetLanguage(Language::Chinese));
    send(&mut harness, Command::AskForChange(mnemoscope::app::drafting::Draft::Forget { layer: 1, key: 4 }));
    harness.run_ok();
    harness.get_by_label("稍后忘掉一个键");
    harness.get_by_label(&format!("第 {n} 个词元起找不到它"));
    harness.get_by_label("改动这次运行").click();
    harness.run_ok();
    assert_eq!(listed(&harness.state().state), [format!("forget=1:k4@{n}")]);
    // The token that is written next is the first that misses it
    until(&mut harness, |window| !window.session.changed.is_running());
    let model = harness.state().session.model.clone().expect("a model");
    let clean = harness.state().session.trace.clone().expect("a run");
    let change = harness.state().state.interventions[0].what.clone();
    let changed = engine::intervene(&model, &clean, &[change], &Job::new(), &mut |_| {}).expect("made");
    assert_eq!(*changed.logits, *clean.logits, "nothing is missed before");
    send(&mut harness, Command::WriteNext(clean.next[0].id));
    until(&mut harness, |window| window.session.busy.is_none() && window.session.changed.trace.is_some());
    until(&mut harness, |window| {
        window.session.changed.trace.as_ref().is_some_and(|trace| trace.n_tokens() == n + 1)
    });
    let session = &harness.state().session;
    let head = mnemoscope::model::HeadId { layer: 1, head: 0 };
    let weight = |trace: &mnemoscope::trace::Trace, query| trace.pattern(head).row(query)[4];
    let changed = session.changed.trace.as_ref().expect("a run");
    assert!(weight(changed, n) < 1e-12);
    assert!(weight(changed, n - 1) > 0.0);
}

#[test]
fn a_changed_run_is_saved_and_says_what_it_is() {
    let mut harness = window_of([1280.0, 1300.0], still(), Some(PROMPT));
    let head = harness.state().state.head;
    let what = format!("pattern={head}:uniform");
    send(&mut harness, Command::Intervene(what.parse().expect("an intervention")));
    until(&mut harness, |window| window.session.changed.trace.is_some());
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("changed.trace.safetensors");
    let finish = mnemoscope::app::exporting::Finish::default();
    let piece = mnemoscope::app::exporting::Piece::Trace;
    send(&mut harness, Command::Export { path: path.clone(), piece, finish });
    until(&mut harness, |window| window.session.exporting.is_none());
    send(&mut harness, Command::OpenModel(path));
    until(&mut harness, |window| window.session.model.is_none() && window.session.busy.is_none());
    let trace = harness.state().session.trace.as_ref().expect("a run");
    let row = trace.pattern(head).row(4);
    assert!(row[..5].iter().all(|weight| (weight - 0.2).abs() < 1e-6), "{row:?}");
    harness.run_steps(3);
    harness.get_by_label_contains("This run was saved with these changes");
    assert!(harness.query_all_by_label(&what).next().is_some());
}
