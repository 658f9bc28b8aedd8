//! The window: keeps the state, hears the workers, draws the panes, applies what they answer.

use super::{
    atlas::Atlas,
    command::Command,
    examples::{self, Example},
    hidden::Hidden,
    input::{drops, keys},
    palette::Palette,
    panes::{
        bars,
        dialogs::{self, Ask, Dialog},
        head, heads, left, lower, right,
    },
    running::Request,
    scene::{Out, Scene},
    session::Session,
    settings::Settings,
    start::Stopwatch,
    state::{Hover, State},
    text::ENGLISH,
    theme::{self, HEADER},
    tiles::Tiles,
    worker::{News, Post, Purpose},
};
use crate::engine::ModelSource;
use egui::{CentralPanel, Frame, Panel, util::undoer::Undoer};
use std::{
    sync::mpsc::Receiver,
    time::{Duration, Instant},
};

/// How long after the last key a small model runs by itself.
const LIVE_DELAY: Duration = Duration::from_millis(220);
/// A pass slower than this is not started while typing.
const LIVE_PASS: f64 = 0.25;
/// Parameters beyond which a model counts as slow until it has shown otherwise.
const LIVE_PARAMETERS: u64 = 40_000_000;
/// Windows lower than this start with the lower pane shut.
const LOWER_FROM: f32 = 680.0;

/// The whole application.
pub struct Window {
    /// What is shown and selected.
    pub state: State,
    /// What outlives the window.
    pub settings: Settings,
    /// What is open.
    pub session: Session,
    /// Which dialog is open.
    pub dialog: Dialog,
    pub(super) examples: Vec<Example>,
    pub(super) undoer: Undoer<State>,
    pub(super) typing: bool,
    pub(super) typed: Option<Instant>,
    pub(super) dark: bool,
    hover: Hover,
    inbox: Receiver<News>,
    atlas: Atlas,
    tiles: Tiles,
    hidden: Hidden,
    stopwatch: Option<Stopwatch>,
    saved: Settings,
}

/// What the window starts with.
pub struct Opening {
    /// Settings, as they were left.
    pub settings: Settings,
    /// The prompt and the selection.
    pub state: State,
    /// Models and runs; perhaps something is loading already.
    pub session: Session,
    /// Where its workers' news comes in.
    pub inbox: Receiver<News>,
    /// Measures the start, where that was asked for.
    pub stopwatch: Option<Stopwatch>,
}

impl Opening {
    /// Starts loading `source`, and will run `prompt` on it; without one, the first example's.
    pub fn new(settings: Settings, source: ModelSource, prompt: Option<String>) -> Self {
        let (post, inbox) = Post::new();
        let mut session = Session::new(post);
        let mut state = State { look: settings.look.clone(), ..State::default() };
        if let Some(example) = examples::all().first() {
            state.prompt.clone_from(&example.prompt);
            if matches!(source, ModelSource::Embedded) && prompt.is_none() {
                (state.head, state.example) = (example.head_id(), Some(0));
            }
        }
        if let Some(prompt) = prompt {
            state.prompt = prompt;
        }
        session.open(source, Request { prompt: state.prompt.clone(), ..Request::default() });
        Self { settings, state, session, inbox, stopwatch: None }
    }
}

impl Window {
    /// A window on what is opening.
    pub fn new(ctx: &egui::Context, opening: Opening) -> Self {
        let Opening { settings, state, session, inbox, stopwatch } = opening;
        theme::install(ctx);
        let theme = match settings.dark {
            Some(true) => egui::ThemePreference::Dark,
            Some(false) => egui::ThemePreference::Light,
            None => egui::ThemePreference::System,
        };
        ctx.set_theme(theme);
        session.post().wake(ctx);
        Self {
            tiles: Tiles::new(ctx),
            state,
            saved: settings.clone(),
            settings,
            session,
            dialog: Dialog::None,
            examples: examples::all(),
            undoer: Undoer::default(),
            typing: false,
            typed: None,
            dark: true,
            hover: Hover::default(),
            inbox,
            atlas: Atlas::default(),
            hidden: Hidden::default(),
            stopwatch,
        }
    }

    /// Hears the workers, starts what is due.
    fn listen(&mut self, ctx: &egui::Context) {
        while let Ok(news) = self.inbox.try_recv() {
            if let News::Picked { purpose, path } = news {
                self.picked(purpose, path);
                continue;
            }
            if let News::Loaded { source, .. } | News::Opened { source, .. } = &news
                && let ModelSource::Path(path) = source
            {
                self.settings.remember(path);
            }
            if matches!(news, News::Loaded { .. } | News::Opened { .. }) {
                self.state.interventions.clear();
            }
            let opened = matches!(news, News::Opened { .. });
            let fetched = match &news {
                News::Fetched { path, .. } => Some(path.clone()),
                _ => None,
            };
            if let Some(path) = fetched.filter(|_| self.session.exporting.is_some()) {
                self.session.hear(news);
                self.apply(ctx, Command::OpenModel(path));
                continue;
            }
            if self.session.hear(news) {
                if let Some(trace) = self.session.trace.as_ref().filter(|_| opened) {
                    (self.state.prompt, self.state.example) = (trace.prompt.clone(), None);
                }
                self.session.fit(&mut self.state);
            }
        }
        if let Some(typed) = self.typed {
            let left = LIVE_DELAY.saturating_sub(typed.elapsed());
            if !left.is_zero() {
                ctx.request_repaint_after(left);
            } else if self.quick() && !self.state.prompt.is_empty() {
                self.apply(ctx, Command::RunPrompt);
            } else {
                self.typed = None;
            }
        }
    }

    /// Whether the open model answers while one types.
    fn quick(&self) -> bool {
        let passed = self.session.trace.as_ref().filter(|trace| trace.is_complete());
        match (&self.session.model, passed) {
            (None, _) => false,
            (_, Some(trace)) => trace.forward_seconds < LIVE_PASS,
            (Some(model), None) => model.parameters() < LIVE_PARAMETERS,
        }
    }

    fn picked(&mut self, purpose: Purpose, path: Option<std::path::PathBuf>) {
        let Some(path) = path else { return };
        match (&mut self.dialog, purpose) {
            (Dialog::Open { path: field }, Purpose::Model)
            | (Dialog::Export { path: field, .. }, Purpose::Export) => *field = path.display().to_string(),
            _ => {} // the dialog was closed meanwhile
        }
    }

    fn ask(&self, ask: &Ask) {
        let start = match &self.dialog {
            Dialog::Export { path, .. } => std::path::PathBuf::from(path),
            _ => std::path::PathBuf::new(),
        };
        let ask_file = matches!(ask, Ask::File);
        let save = matches!(ask, Ask::Save);
        self.session.pick(ask.purpose(), move || {
            let mut dialog = rfd::FileDialog::new();
            if let Some(folder) = start.parent().filter(|folder| folder.is_dir()) {
                dialog = dialog.set_directory(folder);
            }
            if save {
                let name = start.file_name().unwrap_or_default().to_string_lossy();
                dialog.set_file_name(name).save_file()
            } else if ask_file {
                dialog.add_filter("safetensors, Keras", &["safetensors", "keras", "h5"]).pick_file()
            } else {
                dialog.pick_folder()
            }
        });
    }

    /// Draws one frame.
    pub fn draw(&mut self, ui: &mut egui::Ui) {
        let ctx = ui.ctx().clone();
        self.dark = ui.visuals().dark_mode;
        self.tiles.begin_frame();
        let lower_open = self.state.lower_open.unwrap_or(ctx.content_rect().height() >= LOWER_FROM);
        if lower_open && self.state.lower == super::state::Lower::Lens {
            self.session.ask_for_lens(&self.state);
        }
        let mut out = Out::default();
        self.session.intervene(&self.state);
        self.session.refresh_row(&self.state, self.hover);
        let (run, trace) = self.session.visible(&self.state);
        let clean = self.session.trace.as_ref();
        let embedded = matches!(self.session.source, Some(ModelSource::Embedded));
        let scene = Scene {
            words: &ENGLISH,
            state: &self.state,
            settings: &self.settings,
            model: self.session.model.as_ref(),
            embedded,
            trace,
            run,
            both: clean
                .zip(self.session.changed.trace.as_ref())
                .map(|(clean, changed)| (self.session.run, clean, changed)),
            labels: &self.session.labels,
            source_labels: &self.session.source_labels,
            pinned: self.session.pinned_query(&self.state),
            row: self.session.row.as_ref(),
            lens: self.session.lens.as_ref().filter(|(of, _)| *of == run).map(|(_, lens)| lens),
            checks: &self.session.checks,
            shelf: &self.session.shelf,
            hover: self.hover,
            busy: self.session.busy.as_ref().or(self.session.exporting.as_ref()),
            examples: if embedded { &self.examples } else { &[] },
            can_undo: self.undoer.has_undo(&self.state),
            can_redo: self.undoer.has_redo(&self.state),
            dark: self.dark,
            lower_open,
        };
        if self.dialog == Dialog::None {
            keys(&ctx, &scene, &mut out);
        } else if ctx.input_mut(|input| input.consume_key(egui::Modifiers::NONE, egui::Key::Escape)) {
            out.send(Command::CloseDialog);
        }
        drops(&ctx, &scene, &mut out);
        let mut parts = Parts { atlas: &mut self.atlas, tiles: &mut self.tiles, hidden: &mut self.hidden };
        let painted =
            panes(ui, &scene, &mut parts, self.session.post(), self.session.banner.as_ref(), &mut out);
        let ask = dialogs::show(&ctx, &mut self.dialog, &scene, &mut out);
        let less = scene.less().map(|(_, less)| less);
        self.tiles.end_frame(trace, less);
        if let Some(ask) = ask {
            self.ask(&ask);
        }
        if out.hover != self.hover {
            self.hover = out.hover;
            ctx.request_repaint();
        }
        for command in out.commands {
            self.apply(&ctx, command);
            ctx.request_repaint();
        }
        if let Some(stopwatch) = &mut self.stopwatch {
            stopwatch.frame(&ctx, painted);
        }
    }

    /// Notes what should outlive the window, and writes it if it changed.
    fn keep(&mut self, ctx: &egui::Context) {
        self.settings.look = self.state.look.clone();
        if let Some(size) = ctx.input(|input| input.viewport().inner_rect).map(|rect| rect.size()) {
            self.settings.window = [size.x, size.y];
        }
        if self.settings != self.saved {
            self.settings.save();
            self.saved = self.settings.clone();
        }
    }
}

impl eframe::App for Window {
    fn logic(&mut self, ctx: &egui::Context, _frame: &mut eframe::Frame) {
        self.listen(ctx);
        if ctx.input(|input| input.viewport().close_requested()) {
            self.keep(ctx);
            self.session.cancel_all();
        }
    }

    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        self.draw(ui);
    }

    fn clear_color(&self, _visuals: &egui::Visuals) -> [f32; 4] {
        theme::of(self.dark).background.to_normalized_gamma_f32()
    }
}

/// What panes draw with and change while drawing.
struct Parts<'a> {
    atlas: &'a mut Atlas,
    tiles: &'a mut Tiles,
    hidden: &'a mut Hidden,
}

/// Lays out the *Inspect* layout. True once a map with real values was painted.
fn panes(
    ui: &mut egui::Ui,
    scene: &Scene<'_>,
    parts: &mut Parts<'_>,
    post: &Post,
    banner: Option<&super::banner::Banner>,
    out: &mut Out,
) -> bool {
    let tokens = theme::tokens(ui);
    let plain = |fill| Frame::new().fill(fill);
    Panel::top("top").exact_size(40.0).frame(plain(tokens.panel)).show(ui, |ui| bars::top(ui, scene, out));
    if let Some(banner) = banner {
        let fill = theme::mix(tokens.panel, if banner.error { tokens.error } else { tokens.measure }, 0.12);
        let frame = plain(fill).inner_margin(egui::Margin::symmetric(0, 6));
        Panel::top("banner")
            .frame(frame)
            .resizable(false)
            .show(ui, |ui| bars::banner(ui, scene, banner, out));
    }
    Panel::bottom("status")
        .exact_size(26.0)
        .frame(plain(tokens.panel))
        .show(ui, |ui| bars::status(ui, scene, out));
    let wide = ui.available_width();
    let side = (wide * 0.19).clamp(236.0, 340.0);
    Panel::left("left")
        .default_size(side)
        .size_range(200.0..=420.0)
        .frame(plain(tokens.panel))
        .show(ui, |ui| left::show(ui, scene, out));
    Panel::right("right")
        .default_size(side + 8.0)
        .size_range(220.0..=420.0)
        .frame(plain(tokens.panel))
        .show(ui, |ui| right::show(ui, scene, out));
    let high = ui.available_height();
    let lower = if scene.lower_open {
        Panel::bottom("lower").default_size((high * 0.29).clamp(160.0, 420.0)).size_range(120.0..=high * 0.7)
    } else {
        Panel::bottom("lower, shut").resizable(false).exact_size(HEADER)
    };
    let lower = lower.frame(plain(tokens.background));
    lower.show(ui, |ui| lower::show(ui, scene, parts.hidden, post, out));
    let palette = match scene.less() {
        Some(_) => Palette::of_differences(scene.dark),
        None => Palette::new(&scene.state.look, scene.dark),
    };
    let middle = ui.available_width();
    Panel::left("heads")
        .default_size(middle * 0.52)
        .size_range(180.0..=(middle - 200.0).max(181.0))
        .frame(plain(tokens.background))
        .show(ui, |ui| heads::show(ui, scene, parts.atlas, &palette, out));
    CentralPanel::default()
        .frame(plain(tokens.background))
        .show(ui, |ui| head::show(ui, scene, parts.atlas, parts.tiles, palette, out))
        .inner
}
