//! Contract: what the views of tokens, lens and hidden states show can be chosen, is undone, and is found by name; a menu
//! keeps Escape for itself; a grid answers clicks whether anybody listens or not.

use crate::random_model::{Shape, write_model};
use crate::window::{seasoned, send, until, until_seen, window_of};
use egui_kittest::{
    Harness,
    kittest::{NodeT as _, Queryable as _},
};
use mnemoscope::{
    analysis::{LensTint, NormsOf},
    app::{
        Opening, Window,
        command::Command,
        hidden::HiddenChoice,
        layout::Pane,
        lensing::LensChoice,
        session::Session,
        settings::Settings,
        state::State,
        tinting::{Beneath, Tint, TokenChoice},
        words::Language,
        worker::Post,
    },
    engine::{self, Job, ModelSource, Prompt, RunOptions},
    model::{HeadId, Hook},
    render::ColorMap,
};
use std::sync::Arc;
use strum::IntoEnumIterator as _;

const PROMPT: &str = "Mary has a red ball. Tom has a blue kite.";

fn window() -> Harness<'static, Window> {
    window_of([1280.0, 800.0], seasoned(), Some(PROMPT))
}

/// The chip of a token, by its number.
fn chip<'a>(harness: &'a Harness<'_, Window>, index: usize) -> egui_kittest::Node<'a> {
    let name = format!("token {index} ");
    harness.get_by(move |node| {
        let label = node.label().unwrap_or_default();
        label.starts_with(&name) && node.role() == egui::Role::Button
    })
}

fn told(harness: &Harness<'_, Window>, index: usize) -> String {
    chip(harness, index).accesskit_node().description().unwrap_or_default()
}

#[test]
fn tokens_tell_their_ids_bytes_and_numbers() {
    let mut harness = window();
    let token = harness.state().session.trace.as_ref().expect("a run").tokens[5].clone();
    let before = chip(&harness, 5).rect();
    let facts = told(&harness, 5);
    assert!(facts.contains(&format!("id {}", token.id)), "{facts}");
    assert!(facts.contains(&format!("bytes {:02x}", token.bytes()[0])), "{facts}");
    harness.get_by_label("show").click();
    harness.run_ok();
    harness.get_by_label("loss").click();
    until(&mut harness, |window| window.session.tinted.of(mnemoscope::trace::Side::Target).is_some());
    assert_eq!(harness.state().state.tokens.tint, Tint::Loss);
    let (values, greatest) =
        harness.state().session.tinted.of(mnemoscope::trace::Side::Target).expect("read");
    let loss = values[5].expect("a loss");
    assert!(values[0].is_none() && greatest >= loss);
    harness.run_ok();
    assert!(told(&harness, 5).contains(&format!("loss {loss:.3} bits")), "{}", told(&harness, 5));
    harness.get_by_label_contains(&format!("0 to {greatest:.2} bits"));
    // What stands under a token makes its chip higher
    send(&mut harness, Command::SetTokens(TokenChoice { tint: Tint::Loss, beneath: Beneath::Ids }));
    assert!(chip(&harness, 5).rect().height() > before.height() + 10.0);
    send(&mut harness, Command::Undo);
    send(&mut harness, Command::Undo);
    assert_eq!(harness.state().state.tokens, TokenChoice::default());
    assert_eq!(chip(&harness, 5).rect(), before);
}

#[test]
fn every_tint_has_numbers_or_says_that_it_has_none() {
    let mut harness = window();
    for tint in Tint::iter().filter(|tint| *tint != Tint::Row) {
        send(&mut harness, Command::SetTokens(TokenChoice { tint, ..TokenChoice::default() }));
        let side = mnemoscope::trace::Side::Target;
        until(&mut harness, |window| {
            window.session.tinted.progress(side).is_none() && window.session.tinted.of(side).is_some()
        });
        let (values, greatest) = harness.state().session.tinted.of(side).expect("read");
        assert!(greatest > 0.0 && values.len() > 8, "{tint:?}");
    }
    // Another head, other numbers
    let of = |harness: &mut Harness<'_, Window>, head| {
        send(harness, Command::SelectHead(head));
        let side = mnemoscope::trace::Side::Target;
        until(harness, |window| window.session.tinted.progress(side).is_none());
        harness.state().session.tinted.of(side).map(|(values, _)| values.to_vec())
    };
    send(&mut harness, Command::SetTokens(TokenChoice { tint: Tint::Received, ..TokenChoice::default() }));
    let one = of(&mut harness, HeadId { layer: 1, head: 1 });
    assert_ne!(one, of(&mut harness, HeadId { layer: 4, head: 1 }));
}

#[test]
fn a_word_is_pinned_in_the_lens_and_followed_through_the_layers() {
    let mut harness = window();
    send(&mut harness, Command::Maximise(Some(Pane::Lens)));
    until(&mut harness, |window| window.session.lens.get().is_some());
    let names: Vec<String> = {
        let lens = harness.state().session.lens.get().expect("read");
        lens.layers.iter().map(|layer| layer.name.clone()).collect()
    };
    let layers = names.len();
    let rect = harness.get_by_label_contains("lens of token 4 ").rect();
    // The stream before the last block
    let row = harness.get_by_role_and_label(egui::Role::Button, &names[layers - 2]).rect();
    let cell = egui::pos2(rect.center().x, row.center().y);
    harness.hover_at(cell);
    harness.run_ok();
    for pressed in [true, false] {
        let (button, modifiers) = (egui::PointerButton::Primary, egui::Modifiers::NONE);
        harness.event(egui::Event::PointerButton { pos: cell, button, pressed, modifiers });
        harness.step();
    }
    harness.run_ok();
    let lens = harness.state().session.lens.get().expect("read");
    let best = lens.layers[layers - 2].tokens[4][0].id;
    assert_eq!((harness.state().state.lens.word, harness.state().state.query), (Some(best), Some(4)));
    until(&mut harness, |window| window.session.lens_word.get().is_some_and(|ranks| ranks.len() == layers));
    let ranks = harness.state().session.lens_word.get().expect("read").clone();
    assert_eq!(ranks[layers - 2].0, 1, "it is what that layer says");
    harness.run_ok();
    harness.get_by(|node| {
        let label = node.label().unwrap_or_default();
        node.role() == egui::Role::Image && label.starts_with("rank · ")
    });
    harness.get_by_label("Let the word go").click();
    harness.run_ok();
    assert_eq!(harness.state().state.lens.word, None);
    // Raw, it says something else; tints say other numbers
    let normed = harness.state().session.lens.get().expect("read").clone();
    harness.get_by_label("raw").click();
    harness.run_ok();
    assert!(harness.state().state.lens.raw);
    until(&mut harness, |window| window.session.lens.get().is_some_and(|lens| *lens != normed));
    for tint in LensTint::iter() {
        send(&mut harness, Command::SetLens(LensChoice { tint, ..LensChoice::default() }));
        until(&mut harness, |window| window.session.lens.get().is_some());
    }
    send(&mut harness, Command::Undo);
    assert_eq!(harness.state().state.lens.tint, LensTint::Entropy);
}

#[test]
fn hidden_states_are_those_of_the_chosen_activation() {
    let mut harness = window();
    send(&mut harness, Command::Maximise(Some(Pane::Stream)));
    let before = harness.state().state.clone();
    let choice = |hook| HiddenChoice { hook, ..HiddenChoice::default() };
    for (hook, name) in [
        (Hook::AttnOut, "blocks.0.hook_attn_out"),
        (Hook::MlpOut, "blocks.0.hook_mlp_out"),
        (Hook::Z, "blocks.0.attn.hook_z"),
        (Hook::MlpPost, "blocks.0.mlp.hook_post"),
    ] {
        send(&mut harness, Command::SetHidden(choice(Some(hook))));
        harness.get_by_label(&format!("{name}, token × dimension"));
        until(&mut harness, |_| true);
    }
    send(&mut harness, Command::SetHidden(HiddenChoice { by_variance: true, ..choice(Some(Hook::MlpPost)) }));
    // The value that is read out is the activation's, though columns are turned
    let trace = harness.state().session.trace.clone().expect("a run");
    let model = harness.state().session.model.clone().expect("a model");
    let array = trace.activation(&model.network, Hook::MlpPost, 0).expect("computed");
    let width = array.data.len() / trace.n_tokens();
    let order = mnemoscope::analysis::by_variance(&array.data, width);
    for _ in 0..40 {
        harness.step();
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert_ne!(order[0], 0, "so that the order matters");
    // A model without the activation falls back to its stream, and undo takes back
    send(&mut harness, Command::SetHidden(choice(Some(Hook::NormalizedResidPost))));
    harness.get_by_label("blocks.0.hook_resid_pre, token × dimension");
    for _ in 0..6 {
        send(&mut harness, Command::Undo);
    }
    assert_eq!(harness.state().state.hidden, before.hidden);

    send(&mut harness, Command::Maximise(Some(Pane::Similarity)));
    harness.get_by_label("between tokens").click();
    harness.run_ok();
    harness.get_by_label("layers").click();
    harness.run_ok();
    assert!(harness.state().state.hidden.between_layers);
    harness.get_by_label_contains("cosine between layers, ");
}

#[test]
fn escape_closes_a_menu_and_keeps_the_pin() {
    let mut harness = window();
    send(&mut harness, Command::PinQuery(Some(3)));
    harness.get_by_label_contains("tint Induction").click();
    harness.run_ok();
    assert!(egui::Popup::is_any_open(&harness.ctx));
    harness.key_press(egui::Key::Escape);
    harness.run_ok();
    assert!(!egui::Popup::is_any_open(&harness.ctx), "the menu is closed");
    assert_eq!(harness.state().state.query, Some(3), "and nothing else");
    harness.key_press(egui::Key::Escape);
    harness.run_ok();
    assert_eq!(harness.state().state.query, None);
}

#[test]
fn colour_maps_have_names_in_the_language() {
    let mut harness = window();
    harness.get_by_label("magma");
    send(&mut harness, Command::SetLanguage(Language::Chinese));
    harness.get_by_label("岩浆 magma").click();
    harness.run_ok();
    harness.get_by_label("蓝黄 cividis").click();
    harness.run_ok();
    assert_eq!(harness.state().state.look.map_dark, ColorMap::Cividis);
    let words = Language::Chinese.words();
    for map in ColorMap::iter() {
        let name = (words.map.colours)(map);
        assert!(name.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)), "{map:?} is `{name}`");
    }
}

/// The grid alone on a random model.
fn grid(shape: Shape, size: [f32; 2]) -> (Opening, [f32; 2]) {
    let folder = tempfile::tempdir().expect("a folder for a model");
    write_model(folder.path(), shape);
    let model = engine::load(&ModelSource::Path(folder.path().to_owned()), &Job::new()).expect("a model");
    let ids = Prompt::Ids(vec![3, 1, 4, 1, 5, 9, 2, 6]);
    let trace = engine::run(&model, &ids, &RunOptions::default(), &Job::new(), &mut |_| {}).expect("a run");
    let (post, inbox) = Post::new();
    let mut session = Session::new(post);
    session.show_run(Arc::new(model), trace);
    let language = Some(Language::English);
    let settings =
        Settings { live: false, dark: Some(true), hints: u8::MAX, language, ..Settings::default() };
    let state = State { maximised: Some(Pane::Heads), ..State::default() };
    (Opening { settings, state, session, inbox, stopwatch: None }, size)
}

fn drawn((opening, size): (Opening, [f32; 2])) -> Harness<'static, Window> {
    let mut harness = Harness::builder()
        .with_size(size)
        .allow_missing_glyphs()
        .with_max_steps(60)
        .build_eframe(|cc| Window::new(&cc.egui_ctx, opening));
    harness.run_ok();
    harness
}

/// Room of a head's map: a head answers with its map, bar and name.
fn side(harness: &Harness<'_, Window>, head: &str) -> f32 {
    harness.get_by_label(&format!("head {head}")).rect().width()
}

#[test]
fn thumbnails_grow_with_their_room() {
    let few = Shape { layers: 4, heads: 4, width: 32, vocab: 64, positions: 64 };
    let [laptop, large] = [[1280.0, 720.0], [2560.0, 1440.0]];
    let [small, big] = [laptop, large].map(|size| side(&drawn(grid(few, size)), "0.0"));
    assert!(small > 110.0 && big > 1.9 * small, "{small} and {big}");
    // Many layers of few heads go on beside the first ones, and every head is there once
    let deep = Shape { layers: 24, heads: 2, width: 16, vocab: 64, positions: 64 };
    let mut harness = drawn(grid(deep, large));
    let [first, last] = ["0.0", "23.1"].map(|head| harness.get_by_label(&format!("head {head}")).rect());
    assert!(last.left() > first.right() + 100.0, "{first:?} {last:?}");
    assert!(first.width() > 100.0, "one column would have maps of 40, not {}", first.width());
    let heads = harness.query_all_by_label_contains("head ");
    let heads = heads.filter(|node| node.accesskit_node().role() == egui::Role::Button).count();
    assert_eq!(heads, 48);
    let screen = egui::Rect::from_min_size(egui::Pos2::ZERO, egui::vec2(2560.0, 1440.0));
    assert!(screen.contains_rect(last));
    harness.get_by_label("head 23.1").click();
    harness.run_ok();
    assert_eq!(harness.state().state.head, HeadId { layer: 23, head: 1 });
}

#[test]
fn small_heads_answer_where_nobody_listens() {
    // A harness always has a screen reader: it says where a head is, then a bare context is clicked there
    let place = drawn(grid(Shape::LARGE, [1280.0, 800.0])).get_by_label("head 5.7").rect().center();
    let (opening, size) = grid(Shape::LARGE, [1280.0, 800.0]);
    let ctx = egui::Context::default();
    let mut window = Window::new(&ctx, opening);
    let frame = |window: &mut Window, events: Vec<egui::Event>| {
        let screen_rect = Some(egui::Rect::from_min_size(egui::Pos2::ZERO, size.into()));
        let input = egui::RawInput { screen_rect, events, ..egui::RawInput::default() };
        ctx.run_ui(input, |ui| window.draw(ui)).drop_without_applying_deltas();
    };
    for _ in 0..4 {
        frame(&mut window, Vec::new());
    }
    let press =
        |pressed, button, modifiers| egui::Event::PointerButton { pos: place, button, pressed, modifiers };
    let none = egui::Modifiers::NONE;
    let primary = egui::PointerButton::Primary;
    frame(&mut window, vec![egui::Event::PointerMoved(place)]);
    frame(&mut window, vec![press(true, primary, none)]);
    frame(&mut window, vec![press(false, primary, none)]);
    assert_eq!(window.state.head, HeadId { layer: 5, head: 7 });
    let secondary = egui::PointerButton::Secondary;
    frame(&mut window, vec![press(true, secondary, none)]);
    frame(&mut window, vec![press(false, secondary, none)]);
    frame(&mut window, Vec::new());
    assert!(egui::Popup::is_any_open(&ctx), "its menu is open");
}

#[test]
fn a_model_has_a_card() {
    let mut harness = window();
    send(&mut harness, Command::Maximise(Some(Pane::Weights)));
    let model = harness.state().session.model.clone().expect("a model");
    for text in ["LlamaForCausalLM · llama", "head dimension", "6 × 6"] {
        harness.get_by_label(text);
    }
    let spec = harness.get_by_label_contains("\"rotary\"");
    let node = spec.accesskit_node();
    let text = node.label().or(node.value()).unwrap_or_default();
    assert!(text.contains("\"0–5\"") && !text.contains("\"1\":"), "equal blocks stand once: {text}");
    // A tensor that is chosen has its numbers there instead
    let name = model.tensors()[0].name.clone();
    send(&mut harness, Command::ShowTensor(Some(name)));
    harness.run_ok();
    assert!(harness.query_by_label("head dimension").is_none());
}

#[test]
fn norms_of_what_is_added_stand_beside_those_of_the_stream() {
    let mut harness = window();
    send(&mut harness, Command::Maximise(Some(Pane::Norms)));
    until(&mut harness, |window| window.session.added.get().is_some_and(|parts| parts.len() == 2));
    let names = ["what attention adds", "what the MLP adds"];
    let choose = |harness: &mut Harness<'_, Window>, name: &str| {
        let words = harness.state().settings.language().words();
        let now = (words.hidden.norms_of)(harness.state().state.hidden.norms);
        harness.get_by_label(&format!("what {now}")).click();
        harness.run_steps(3);
        let entries = harness.query_all_by_role(egui::Role::Button);
        let mut own = entries.filter(|node| node.accesskit_node().label().as_deref() == Some(name));
        own.next_back().unwrap_or_else(|| panic!("no entry {name}")).click();
        drop(own);
        harness.run_steps(3);
    };
    for (name, of) in names.into_iter().zip([NormsOf::Attention, NormsOf::Mlp]) {
        choose(&mut harness, name);
        assert_eq!(harness.state().state.hidden.norms, of);
        until_seen(&mut harness, "the map", |harness| {
            harness.query_by_role_and_label(egui::Role::Image, "Norms").is_some()
        });
        harness.run_steps(3);
        // The cell under the pointer says the number that the activation has
        let window = harness.state();
        let (trace, model) =
            (window.session.trace.as_ref().expect("a run"), window.session.model.as_ref().expect("a model"));
        let (hook, layer, n) = (of.hook().expect("an activation"), 2, trace.n_tokens());
        let array = trace.activation(&model.network, hook, layer).expect("computed");
        let width = trace.spec.width;
        let norm = array.data[4 * width..5 * width].iter().map(|x| x * x).sum::<f32>().sqrt();
        let (rows, place) = (trace.n_layers(), trace.spec.hook_name(hook, layer));
        let map = harness.get_by_role_and_label(egui::Role::Image, "Norms").rect();
        let cell = crate::window::cell_of(map, (layer, rows), (4, n));
        harness.hover_at(cell);
        until(&mut harness, |_| true);
        harness.run_steps(3);
        let token = harness.state().session.labels.get(4).to_owned();
        let words = harness.state().settings.language().words();
        let said = painted(&harness);
        let number = (words.norm_of)(&place, "", norm);
        let number = number.split_whitespace().last().unwrap_or_default().to_owned();
        let own = |text: &String| text.contains(&place) && text.contains(&token) && text.contains(&number);
        assert!(said.iter().any(own), "{place} {token} {number}: {said:#?}");
    }
    send(&mut harness, Command::Undo);
    assert_eq!(harness.state().state.hidden.norms, NormsOf::Attention);
}

/// Every text that is painted.
fn painted(harness: &Harness<'_, Window>) -> Vec<String> {
    fn add(shape: &egui::Shape, all: &mut Vec<String>) {
        match shape {
            egui::Shape::Vec(shapes) => shapes.iter().for_each(|shape| add(shape, all)),
            egui::Shape::Text(text) => all.push(text.galley.text().to_owned()),
            _ => {}
        }
    }
    let mut all = Vec::new();
    harness.output().shapes.iter().for_each(|clipped| add(&clipped.shape, &mut all));
    all
}
