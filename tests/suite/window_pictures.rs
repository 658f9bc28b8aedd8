//! Contract: how the window looks, in both themes, on a model made by hand. Skipped, with a word, without Vulkan.

use egui_kittest::{Harness, SnapshotOptions, kittest::Queryable as _};
use mnemoscope::{
    app::{Opening, Window, session::Session, settings::Settings, state::State, worker::Post},
    engine::{self, Job, ModelSource, Prompt, RunOptions},
    model::HeadId,
    trace::FirstToken,
};
use std::{path::Path, sync::Arc};

/// A run of the induction model on a phrase said twice: what it must show is known beforehand.
fn opening(dark: bool) -> Opening {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/induction-by-hand");
    let model = engine::load(&ModelSource::Path(folder), &Job::new()).expect("the fixture reads");
    let phrase = [3, 9, 5, 14, 7, 11, 2];
    let prompt = Prompt::Ids([phrase, phrase].concat());
    let trace = engine::run(&model, &prompt, &RunOptions::default(), &Job::new(), &mut |_| {})
        .expect("the fixture runs");
    let (post, inbox) = Post::new();
    let mut session = Session::new(post);
    session.show_run(Arc::new(model), trace);
    let head = HeadId { layer: 1, head: 1 };
    let state = State { prompt: "a phrase, said twice".into(), head, key: Some(3), ..State::default() };
    let settings = Settings { dark: Some(dark), live: false, ..Settings::default() };
    Opening { settings, state, session, inbox, stopwatch: None }
}

/// The window after its workers have brought what they have; none without Vulkan.
fn drawn(name: &str, dark: bool, opening: Opening) -> Option<Harness<'static, Window>> {
    let drawn = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let mut harness: Harness<'_, Window> = Harness::builder()
            .with_size([1100.0, 700.0])
            .with_theme(if dark { egui::Theme::Dark } else { egui::Theme::Light })
            .allow_missing_glyphs()
            .with_max_steps(20)
            .wgpu()
            .build_eframe(|cc| Window::new(&cc.egui_ctx, opening));
        // Tiles and hidden states come from workers
        for _ in 0..40 {
            harness.step();
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        let image = harness.render();
        (harness, image)
    }));
    let Ok((harness, Ok(_))) = drawn else {
        println!("{name} skipped: no Vulkan adapter to draw it with");
        return None;
    };
    Some(harness)
}

fn check(name: &str, dark: bool) {
    let Some(mut harness) = drawn(name, dark, opening(dark)) else { return };
    // The foot of the window tells times, which differ from run to run
    harness.mask(egui::Rect::from_min_max(egui::pos2(0.0, 674.0), egui::pos2(700.0, 700.0)));
    harness.snapshot_options(name, &SnapshotOptions::new().threshold(1.0).max_failed_pixels(40));
}

#[test]
fn dark() {
    check("window-dark", true);
}

#[test]
fn light() {
    check("window-light", false);
}

#[test]
fn a_map_made_by_a_recipe_is_drawn_by_its_own_tiles() {
    // Cells of the first row: the first key's, and one that the mask hides
    let cells = |first: FirstToken| {
        let mut opening = opening(true);
        opening.state.map.steps.first = first;
        let mut harness = drawn("a recipe", true, opening)?;
        let image = harness.render().ok()?;
        let map = harness.get_by_label("attention of head 1.1").rect();
        let cell = map.width() / 14.0;
        let at =
            |key: f32| *image.get_pixel((map.left() + key * cell) as u32, (map.top() + 0.5 * cell) as u32);
        Some([at(0.5), at(9.5)])
    };
    let (Some(kept), Some(hidden)) = (cells(FirstToken::Keep), cells(FirstToken::Hide)) else { return };
    assert_ne!(kept[0], kept[1], "the first token looks at itself");
    assert_eq!(hidden[0], hidden[1], "it is left out, and nothing else is there");
}
