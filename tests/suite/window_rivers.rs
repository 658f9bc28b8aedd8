//! Contract: the river and the map of memory show what the library finds, are linked to the selection, and can be undone.

use crate::window::{send, until, window_with};
use egui_kittest::{Harness, kittest::Queryable as _};
use mnemoscope::{
    analysis::{MemoryMap, Picture, memory_map, river},
    app::{
        Window,
        command::Command,
        layout::{self, Pane},
        memory::PolicyKind,
        state::Shown,
        words::Language,
    },
};
use std::ops::ControlFlow;

const PROMPT: &str = "Tom has a red ball. Anna has a green cup. Tom plays with the";

fn window() -> Harness<'static, Window> {
    window_with(PROMPT)
}

fn there(harness: &mut Harness<'_, Window>, picture: Picture) {
    until(harness, |window| {
        let river = &window.session.memory.rivers.river;
        assert_eq!(river.error(), None);
        river.get().is_some_and(|river| river.picture == picture)
    });
}

#[test]
fn the_river_is_asked_of_the_selection() {
    let mut harness = window();
    send(&mut harness, Command::Maximise(Some(Pane::River)));
    there(&mut harness, Picture::Contributions);
    send(&mut harness, Command::SetPicture(Picture::Rollout));
    there(&mut harness, Picture::Rollout);
    let (model, trace) = {
        let session = &harness.state().session;
        (session.model.clone().expect("open"), session.trace.clone().expect("ran"))
    };
    let last = trace.n_tokens() - 1;
    let go_on = &mut |_| ControlFlow::Continue(());
    let expected = river(&model.network, &trace, last, Picture::Rollout, go_on).expect("it can be traced");
    assert_eq!(harness.state().session.memory.rivers.river.get(), Some(&expected));

    // A name selects its token, a layer is looked at, both come back
    let layer = trace.n_layers() - 1;
    let greatest = expected.by_share(layer)[1];
    let label = |source: usize, layer: usize| {
        let token = mnemoscope::trace::Token::shown(&trace.tokens[source]);
        format!("{source} {token}: {:.1} % after L{layer}", expected.share(layer, source) * 100.0)
    };
    harness.get_by_label(&label(greatest, layer)).click();
    harness.run_steps(3);
    assert_eq!(harness.state().state.key, Some(greatest));
    harness.get_by_label("memory after L2").click();
    harness.run_steps(3);
    assert_eq!(harness.state().state.memory.last_layer, Some(2));
    harness.get_by_label(&label(greatest, 2));
    send(&mut harness, Command::Undo);
    assert_eq!(harness.state().state.memory.last_layer, None);

    send(&mut harness, Command::PinQuery(Some(6)));
    until(&mut harness, |window| {
        window.session.memory.rivers.river.get().is_some_and(|river| river.token == 6)
    });
    assert_eq!(harness.state().session.memory.rivers.river.get().map(|river| river.values[0].len()), Some(7));
    send(&mut harness, Command::SetLanguage(Language::Chinese));
    assert!(harness.query_all_by_label("记忆之河").next().is_some());
}

#[test]
fn a_cell_of_the_map_is_what_the_library_finds() {
    let mut harness = window();
    send(&mut harness, Command::Maximise(Some(Pane::MemoryMap)));
    send(&mut harness, Command::SetLastLayer(Some(3)));
    let at_layer = |window: &Window| {
        let map = &window.session.memory.rivers.map;
        assert_eq!(map.error(), None);
        map.get().is_some_and(|map| map.layer == 3)
    };
    until(&mut harness, at_layer);
    harness.run_steps(3);
    let (model, trace) = {
        let session = &harness.state().session;
        (session.model.clone().expect("open"), session.trace.clone().expect("ran"))
    };
    let go_on = &mut |_| ControlFlow::Continue(());
    let expected = memory_map(&model.network, &trace, 3, Picture::Contributions, go_on).expect("traced");
    assert_eq!(harness.state().session.memory.rivers.map.get(), Some(&expected));
    let rect = harness
        .get_all_by_label("Memory map")
        .map(|node| node.rect())
        .max_by(|a, b| a.height().total_cmp(&b.height()))
        .expect("it is drawn");
    let n = trace.n_tokens() as f32;
    let place = rect.min + rect.size() * egui::vec2(4.5 / n, 9.5 / n);
    harness.hover_at(place);
    harness.run_steps(2);
    harness.drag_at(place);
    harness.drop_at(place);
    harness.run_steps(3);
    let state = &harness.state().state;
    assert_eq!((state.query, state.key), (Some(9), Some(4)));
}

/// Clean, changed or the difference, in every pane of memory.
#[test]
fn memory_is_that_of_the_run_in_sight() {
    let mut harness = window();
    send(&mut harness, Command::SetLayout("memory".into()));
    send(&mut harness, Command::Maximise(Some(Pane::MemoryMap)));
    until(&mut harness, |window| window.session.memory.rivers.map.get().is_some());
    send(&mut harness, Command::Intervene("pattern=*.*:uniform".parse().expect("one")));
    until(&mut harness, |window| window.session.both(&window.state).is_some());
    let (model, clean, changed) = {
        let window = harness.state();
        let both = window.session.both(&window.state).expect("two runs");
        (window.session.model.clone().expect("open"), both.a.1.clone(), both.b.1.clone())
    };
    let layer = clean.n_layers() - 1;
    let of = |trace| {
        let go_on = &mut |_| ControlFlow::Continue(());
        memory_map(&model.network, trace, layer, Picture::Contributions, go_on).expect("traced")
    };
    let (before, after) = (of(&clean), of(&changed));
    assert_ne!(before, after);
    let shows = |harness: &mut Harness<'_, Window>, shown: Shown, expected: &MemoryMap| {
        send(harness, Command::SetShown(shown));
        until(harness, |window| {
            let map = &window.session.memory.rivers.map;
            assert_eq!(map.error(), None);
            map.get().is_some_and(|map| map == expected)
        });
        harness.run_steps(2);
        assert!(harness.query_all_by_label("Memory map").count() > 1, "{shown:?} is drawn");
    };
    shows(&mut harness, Shown::Changed, &after);
    shows(&mut harness, Shown::Difference, &after.clone().less(&before));
    shows(&mut harness, Shown::Clean, &before);

    send(&mut harness, Command::SetShown(Shown::Changed));
    send(&mut harness, Command::Maximise(Some(Pane::River)));
    let token = clean.n_tokens() - 1;
    let go_on = &mut |_| ControlFlow::Continue(());
    let expected = river(&model.network, &changed, token, Picture::Contributions, go_on).expect("traced");
    until(&mut harness, |window| window.session.memory.rivers.river.get() == Some(&expected));
    send(&mut harness, Command::Maximise(Some(Pane::Honesty)));
    let p = f64::from(changed.next[0].p);
    until(&mut harness, |window| {
        let honesty = &window.session.memory.honesty;
        assert_eq!(honesty.error(), None);
        honesty.get().is_some_and(|found| (found.p - p).abs() < 1e-5)
    });
    send(&mut harness, Command::Maximise(Some(Pane::Cache)));
    until(&mut harness, |window| {
        let cache = &window.session.memory.cache;
        assert_eq!(cache.error(), None);
        cache.get().is_some_and(|view| view.eviction.answer == changed.next[0].id)
    });
    let policy = PolicyKind::All;
    send(&mut harness, Command::SetPolicy(policy));
    until(&mut harness, |window| {
        let view = window.session.memory.cache.get();
        view.is_some_and(|view| (view.eviction.p_after - p).abs() < 1e-5)
    });
}

#[test]
fn a_trace_without_its_model_says_so() {
    let mut harness = window();
    send(&mut harness, Command::SetLayout("memory".into()));
    for pane in [Pane::River, Pane::MemoryMap] {
        send(&mut harness, Command::ShowPane(pane));
        assert!(layout::in_sight(harness.state().tree(), pane), "{pane:?}");
    }
    harness.state_mut().session.model = None;
    harness.run_steps(3);
    assert!(harness.query_all_by_label_contains("without its model").next().is_some());
}
