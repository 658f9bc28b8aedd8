//! Claim: a frame takes at most 4 ms of the CPU at the median and never more than 16 ms, whatever pane fills a window of
//! 1920 × 1080 with 144 heads × 1024 tokens, the grid of 80 × 128 heads and the head view at 32k tokens among them.
//!
//! Prints one table: CPU time of the drawing thread, laying out and tessellating included. *At rest* the pointer wanders
//! over what workers have finished; *arriving* another head is selected, or another piece of the map shown, every frame.
//! `cargo bench --bench frame -- Head` measures only what holds that word.

use cpu_time::ThreadTime;
use mnemoscope::{
    app::{
        Opening, Window,
        command::Command,
        layout::Pane,
        session::Session,
        settings::Settings,
        state::{State, View},
        worker::Post,
    },
    engine::{self, Job, ModelSource, Prompt, RunOptions},
    model::HeadId,
};
use random_model::{Shape, write_model};
use std::{
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};
use strum::IntoEnumIterator as _;

#[path = "../tests/suite/random_model.rs"]
mod random_model;

/// As many heads as GPT-2 small's.
const USUAL: Shape = Shape { layers: 12, heads: 12, width: 96, vocab: 1024, positions: 1024 };
const LONG: Shape = Shape { layers: 1, heads: 4, width: 32, vocab: 1024, positions: 32_768 };
const FRAMES: usize = 60;
/// How long workers may take until a pane is at rest.
const PATIENCE: Duration = Duration::from_secs(4);
const SCREEN: egui::Vec2 = egui::vec2(1920.0, 1080.0);

fn main() {
    let asked = std::env::args().skip(1).find(|word| !word.starts_with("--")).unwrap_or_default();
    println!("| pane | at rest, median ms | max | arriving, median ms | max |\n|---|---|---|---|---|");
    let named = |pane: Pane, more: &str| Some(format!("{pane:?}{more}")).filter(|name| name.contains(&asked));
    let usual: Vec<(Pane, String)> = Pane::iter().filter_map(|pane| Some((pane, named(pane, "")?))).collect();
    if !usual.is_empty() {
        let mut stage = Stage::new(USUAL, 1024);
        for (pane, name) in usual {
            stage.measure(pane, &name, |stage, step| stage.another_head(step, 12, 12));
        }
    }
    if let Some(name) = named(Pane::Heads, ", 80 × 128 heads") {
        let mut stage = Stage::new(Shape::LARGE, 48);
        stage.measure(Pane::Heads, &name, |stage, step| stage.another_head(step * 7, 80, 128));
        let name = format!("{name}, zoomed");
        stage.measure(Pane::Heads, &name, |stage, step| {
            let zoom = 1.0 + (step % 30) as f32 * 0.1;
            stage.send(Command::ZoomGrid(zoom));
        });
        stage.send(Command::ZoomGrid(1.0));
        for pane in [Pane::Details, Pane::Composition, Pane::Flow] {
            let name = format!("{pane:?}, 80 × 128 heads");
            stage.measure(pane, &name, |stage, step| stage.another_head(step * 7, 80, 128));
        }
    }
    if let Some(name) = named(Pane::Head, ", 32,768 tokens") {
        let mut stage = Stage::new(LONG, 32_768);
        stage.measure(Pane::Head, &name, |stage, step| {
            let span = 300.0 + 40.0 * step as f32;
            let query = 4000.0 + 251.0 * step as f32;
            stage.send(Command::SetView(Some(View { query, key: query / 2.0, span })));
        });
    }
}

struct Stage {
    ctx: egui::Context,
    window: Window,
}

impl Stage {
    fn new(shape: Shape, tokens: usize) -> Self {
        let folder = tempfile::tempdir().expect("a folder for a model");
        write_model(folder.path(), shape);
        let model = engine::load(&ModelSource::Path(folder.path().to_owned()), &Job::new()).expect("a model");
        let ids = Prompt::Ids((0..tokens).map(|i| (i * 7 % shape.vocab) as u32).collect());
        let trace =
            engine::run(&model, &ids, &RunOptions::default(), &Job::new(), &mut |_| {}).expect("a run");
        let ctx = egui::Context::default();
        let (post, inbox) = Post::new();
        let mut session = Session::new(post);
        session.show_run(Arc::new(model), trace);
        let settings = Settings { hints: u8::MAX, ..Settings::default() };
        let opening = Opening { settings, state: State::default(), session, inbox, stopwatch: None };
        let window = Window::new(&ctx, opening);
        Self { ctx, window }
    }

    fn send(&mut self, command: Command) {
        let ctx = self.ctx.clone();
        self.window.apply(&ctx, command);
    }

    fn another_head(&mut self, step: usize, layers: usize, heads: usize) {
        self.send(Command::SelectHead(HeadId { layer: step / heads % layers, head: step % heads }));
    }

    /// One line of the table: a pane that fills the window.
    fn measure(&mut self, pane: Pane, name: &str, change: impl Fn(&mut Self, usize)) {
        self.send(Command::Maximise(Some(pane)));
        self.settle();
        let rest = self.frames(|_, step| {
            let along = step as f32 / FRAMES as f32;
            vec![egui::Event::PointerMoved(egui::pos2(200.0 + 1500.0 * along, 120.0 + 860.0 * along))]
        });
        let arriving = self.frames(|stage, step| {
            change(stage, step);
            Vec::new()
        });
        let [rest, arriving] = [rest, arriving].map(|(median, most)| format!("{median:.2} | {most:.2}"));
        println!("| {name} | {rest} | {arriving} |");
    }

    /// Until workers have been silent for a while.
    fn settle(&mut self) {
        let start = Instant::now();
        let mut quiet = 0;
        while quiet < 30 && start.elapsed() < PATIENCE {
            let before = self.ctx.has_requested_repaint();
            self.frame(Vec::new());
            quiet = if before { 0 } else { quiet + 1 };
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Median and greatest CPU time of many frames, in ms.
    fn frames(&mut self, mut events: impl FnMut(&mut Self, usize) -> Vec<egui::Event>) -> (f64, f64) {
        let mut times: Vec<f64> = (0..FRAMES)
            .map(|step| {
                let start = ThreadTime::now();
                let events = events(self, step);
                self.frame(events);
                let time = start.elapsed().as_secs_f64() * 1e3;
                std::thread::sleep(Duration::from_millis(2)); // so that workers bring something
                time
            })
            .collect();
        times.sort_by(f64::total_cmp);
        (times[FRAMES / 2], times[FRAMES - 1])
    }

    fn frame(&mut self, events: Vec<egui::Event>) {
        let screen_rect = Some(egui::Rect::from_min_size(egui::Pos2::ZERO, SCREEN));
        let max_texture_side = Some(8192);
        let input = egui::RawInput { screen_rect, events, max_texture_side, ..Default::default() };
        let window = &mut self.window;
        let mut output = self.ctx.run_ui(input, |ui| window.draw(ui));
        let shapes = std::mem::take(&mut output.shapes);
        let meshes = self.ctx.tessellate(shapes, output.pixels_per_point);
        output.drop_without_applying_deltas();
        black_box(meshes.len());
    }
}
