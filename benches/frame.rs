//! Claim: a frame takes at most 4 ms of the CPU at the median and never more than 16 ms, whatever pane fills a window of
//! 1920 × 1080 with 144 heads × 1024 tokens, the grid of 80 × 128 heads and the head view at 32k tokens among them.
//!
//! Prints one table: CPU time of the drawing thread, laying out and tessellating included. *At rest* the pointer wanders
//! over what workers have finished; *arriving* another head is selected, or another piece of the map shown, every frame.
//! `cargo bench --bench frame -- Head` measures only what holds that word.

use cpu_time::ThreadTime;
use mnemoscope::{
    analysis::{
        MEASURES,
        atlas::{Atlas, HeadEntry, Ran},
    },
    app::{
        Opening, Window,
        charting::AtlasAct,
        command::Command,
        layout::Pane,
        session::Session,
        settings::Settings,
        state::{State, View},
        sweeping::SweepChoice,
        training::Act,
        worker::Post,
    },
    engine::{self, AtlasForm, Job, ModelSource, Prompt, RunOptions},
    model::HeadId,
};
use random_model::{Shape, write_model};
use std::{
    collections::BTreeMap,
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
            stage.fill(pane);
            stage.measure(pane, &name, |stage, step| stage.another_head(step, 12, 12));
        }
    }
    if let Some(name) = named(Pane::Sweep, ", 48 tokens swept") {
        let mut stage = Stage::new(USUAL, 48);
        // Random weights may answer both prompts alike: the words are named
        let words = SweepChoice { of: Some(3), less: Some(5), ..SweepChoice::default() };
        stage.send(Command::SetSweep(words));
        stage.send(Command::EditSweep(ids(48, USUAL, 5)));
        stage.send(Command::Maximise(Some(Pane::Sweep)));
        stage.send(Command::RunSweep(true));
        stage.wait(|window| {
            let sweeping = &window.session.sweeping;
            assert!(sweeping.why_not().is_none(), "no sweep: {:?}", sweeping.why_not());
            sweeping.of(window.session.run).is_some()
        });
        stage.measure(Pane::Sweep, &name, |stage, step| stage.another_head(step, 12, 12));
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
        if let Some(name) = named(Pane::Atlas, ", 80 × 128 heads") {
            stage.chart(&name);
        }
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

/// A prompt of token ids, as one types it.
fn ids(tokens: usize, shape: Shape, step: usize) -> String {
    (0..tokens).map(|i| (i * step % shape.vocab).to_string()).collect::<Vec<_>>().join(" ")
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

    /// Asks for what a pane shows beside the run, and waits for it.
    fn fill(&mut self, pane: Pane) {
        match pane {
            Pane::CompareHeads | Pane::SideBySide | Pane::CompareWords => {
                self.send(Command::EditSecond(ids(1024, USUAL, 5)));
                self.send(Command::RunSecond);
                self.send(Command::Maximise(Some(pane)));
                self.wait(|window| window.session.comparing.found.get().is_some());
            }
            Pane::TrainSetup | Pane::TrainCurves | Pane::TrainHeads | Pane::TrainNumbers => {
                self.send(Command::Maximise(Some(pane)));
                if self.window.live.reports.is_empty() {
                    self.send(Command::Train(Act::Run(true)));
                    self.wait(|window| window.live.reports.len() > 8);
                    self.send(Command::Train(Act::Run(false)));
                }
            }
            _ => {}
        }
    }

    /// Opens an atlas of the run's heads; measures frames while the heads that are alike are found, then as usual.
    fn chart(&mut self, name: &str) {
        let trace = self.window.session.trace.clone().expect("a run");
        let entry = |head: HeadId| {
            let own = trace.measures(head);
            let measures = MEASURES.iter().map(|measure| (measure.id.to_owned(), (measure.value)(&own)));
            HeadEntry { head, measures: measures.collect(), ..HeadEntry::default() }
        };
        let atlas = Atlas {
            model: trace.model_name.clone(),
            ran: Ran::default(),
            described: BTreeMap::new(),
            passages: Vec::new(),
            heads: trace.head_ids().map(entry).collect(),
        };
        let folder = tempfile::tempdir().expect("a folder for an atlas");
        let path = folder.path().join("atlas.json");
        let form = AtlasForm::of(&path).expect("a form");
        engine::save_atlas(&atlas, &path, (form, mnemoscope::export::Lang::En)).expect("an atlas");
        self.send(Command::Maximise(Some(Pane::Atlas)));
        self.send(Command::Atlas(AtlasAct::Open(path)));
        let (start, mut times) = (Instant::now(), Vec::new());
        while self.window.session.charting.view().is_none() {
            let frame = ThreadTime::now();
            self.frame(Vec::new());
            times.push(frame.elapsed().as_secs_f64() * 1e3);
            std::thread::sleep(Duration::from_millis(10));
        }
        times.sort_by(f64::total_cmp);
        let seconds = start.elapsed().as_secs_f64();
        let (median, most) = (times[times.len() / 2], times[times.len() - 1]);
        println!("| {name}, {seconds:.1} s until alike ones are found | {median:.2} | {most:.2} | | |");
        self.measure(Pane::Atlas, name, |stage, step| stage.another_head(step * 7, 80, 128));
    }

    /// Until workers have made something.
    fn wait(&mut self, ready: impl Fn(&Window) -> bool) {
        let start = Instant::now();
        while !ready(&self.window) {
            assert!(start.elapsed() < Duration::from_mins(5), "waited in vain");
            self.frame(Vec::new());
            std::thread::sleep(Duration::from_millis(10));
        }
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
        // What a real window does before each frame: workers are heard
        eframe::App::logic(&mut self.window, &self.ctx.clone(), &mut eframe::Frame::_new_kittest());
        let input = egui::RawInput { screen_rect, events, max_texture_side, ..Default::default() };
        let window = &mut self.window;
        let mut output = self.ctx.run_ui(input, |ui| window.draw(ui));
        let shapes = std::mem::take(&mut output.shapes);
        let meshes = self.ctx.tessellate(shapes, output.pixels_per_point);
        output.drop_without_applying_deltas();
        black_box(meshes.len());
    }
}
