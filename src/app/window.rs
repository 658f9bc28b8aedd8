//! The window: keeps the state, hears the workers, draws the panes, applies what they answer.

use super::{
    atlas::Atlas,
    banner::Banner,
    command::Command,
    comparing,
    docking::{Dock, Panes, Parts, lay_out},
    document::Keeper,
    dropping::drops,
    examples::{self, Example},
    figures::Figures,
    finding::Finder,
    flowing::Flowing,
    hidden::Hidden,
    input::keys,
    journal::Journal,
    layout::Pane,
    panes::{
        dialogs::{self, Dialog},
        heads,
    },
    resuming,
    river::MapPicture,
    running::Request,
    scene::{Out, Scene},
    session::Session,
    settings::Settings,
    start::Stopwatch,
    state::{Hover, State},
    theme,
    tiles::Tiles,
    training::Live,
    widgets::focus,
    worker::{News, Post},
};
use crate::engine::{ModelSource, is_timeline};
use egui::util::undoer::Undoer;
use egui_tiles::Tree;
use std::{path::PathBuf, sync::mpsc::Receiver, time::Instant};

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
    finder: Finder,
    pub(super) examples: Vec<Example>,
    pub(super) undoer: Undoer<State>,
    pub(super) typing: bool,
    pub(super) typed: Option<Instant>,
    pub(super) dark: bool,
    /// The session's file, where it has one.
    pub(super) file: Option<PathBuf>,
    pub(super) keeper: Keeper,
    /// What a session that is being opened had selected.
    pub(super) returning: Option<Box<State>>,
    pub(super) hover: Hover,
    inbox: Receiver<News>,
    atlas: Atlas,
    grid: heads::Kept,
    live_atlas: Atlas,
    tiles: Tiles,
    flowing: Flowing,
    stream: Hidden,
    norms: Hidden,
    similarity: Hidden,
    memory_map: MapPicture,
    comparison: comparing::Art,
    pub(super) figures: Figures,
    pub(super) dock: Dock,
    /// The model in training.
    pub live: Live,
    /// What was done and how long it took.
    pub journal: Journal,
    /// What the state was before the tiles in sight began to move.
    pub(super) moving: Option<State>,
    stopwatch: Option<Stopwatch>,
    /// A pane to bring in sight as soon as there are tiles.
    wanted: Option<Pane>,
    pub(super) saved: Settings,
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
        let mut state = State {
            look: settings.look.clone(),
            layout: settings.layout.clone(),
            arranged: settings.arranged.clone(),
            ..State::default()
        };
        if let Some(example) = examples::all().first() {
            state.prompt.clone_from(&example.prompt);
            if matches!(source, ModelSource::Embedded) && prompt.is_none() {
                (state.head, state.example) = (example.head_id(), Some(0));
            }
        }
        if let Some(prompt) = prompt {
            state.prompt = prompt;
        }
        match source {
            ModelSource::Path(folder) if is_timeline(&folder) => state.open_timeline(folder),
            source => session.open(source, Request { prompt: state.prompt.clone(), ..Request::default() }),
        }
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
        // The window's own commands do that, so that menus, palette and settings know of it
        ctx.options_mut(|options| options.zoom_with_keyboard = false);
        ctx.set_zoom_factor(settings.zoom());
        super::journal::listen();
        session.post().speak(settings.language());
        session.post().wake(ctx);
        Self {
            tiles: Tiles::new(ctx),
            wanted: state.timeline.folder.is_some().then_some(Pane::Timeline),
            state,
            saved: settings.clone(),
            settings,
            session,
            dialog: Dialog::None,
            finder: Finder::default(),
            examples: examples::all(),
            undoer: Undoer::default(),
            typing: false,
            typed: None,
            dark: true,
            file: None,
            keeper: Keeper::default(),
            returning: None,
            hover: Hover::default(),
            inbox,
            atlas: Atlas::default(),
            grid: heads::Kept::default(),
            live_atlas: Atlas::default(),
            flowing: Flowing::default(),
            stream: Hidden::default(),
            norms: Hidden::default(),
            similarity: Hidden::default(),
            memory_map: MapPicture::default(),
            comparison: comparing::Art::default(),
            figures: Figures::default(),
            dock: Dock::default(),
            live: Live::default(),
            journal: Journal::default(),
            moving: None,
            stopwatch,
        }
    }

    /// The tiles in sight.
    pub fn tree(&self) -> &Tree<Pane> {
        &self.dock.tree
    }

    /// The embedded model's prompts.
    pub fn examples(&self) -> &[Example] {
        &self.examples
    }

    /// Hears the workers, starts what is due.
    fn listen(&mut self, ctx: &egui::Context) {
        while let Ok(news) = self.inbox.try_recv() {
            self.journal.note(&news, &self.session);
            self.remember_session(&news);
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
                if let Some(state) = self.returning.take() {
                    self.state = *state;
                } else {
                    self.state.forget_model();
                }
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
        self.journal.hear();
        self.keep_time(ctx);
        self.keep_playing(ctx);
        self.hear_training();
        self.run_live(ctx);
    }

    /// From now on what is open is kept, to be found after a crash.
    pub fn keep_session(&mut self, keeper: Keeper) {
        self.keeper = keeper;
        if let Some(path) = self.keeper.beside(resuming::NAME) {
            self.session.find_atlas(path);
        }
        self.offer_recovery();
    }

    /// Draws one frame.
    pub fn draw(&mut self, ui: &mut egui::Ui) {
        let ctx = ui.ctx().clone();
        self.dark = ui.visuals().dark_mode;
        self.tiles.begin_frame();
        self.dock.fit(&self.state, ctx.content_rect().size());
        if let Some(pane) = self.wanted.take() {
            self.show_pane(pane);
        }
        self.follow(&ctx);
        let mut out = Out::default();
        let mut tree = self.dock.tree.clone();
        let (run, trace) = self.session.visible(&self.state);
        let clean = self.session.trace.as_ref();
        let embedded = matches!(self.session.source, Some(ModelSource::Embedded));
        let scene = Scene {
            words: self.settings.language().words(),
            state: &self.state,
            settings: &self.settings,
            model: self.session.model.as_ref(),
            embedded,
            trace,
            run,
            both: clean
                .zip(self.session.changed_run())
                .map(|(clean, changed)| (self.session.run, clean, changed)),
            labels: &self.session.labels,
            source_labels: &self.session.source_labels,
            pinned: self.session.pinned_query(&self.state),
            row: self.session.row.as_ref(),
            walking: &self.session.walking,
            charting: &self.session.charting,
            reasons: &self.session.reasons,
            map: &self.session.mapping,
            circuits: &self.session.circuits,
            told: &self.session.told,
            passing: &self.session.passing,
            lens: self.session.lens.latest().filter(|((of, _), _)| *of == run).map(|(_, lens)| lens),
            lens_progress: self.session.lens.progress(),
            lens_word: self.session.lens_word.latest().filter(|(key, _)| key.0 == run),
            trails: &self.session.trails,
            added: &self.session.added,
            card: &self.session.card,
            tensor: &self.session.tensor,
            tinted: &self.session.tinted,
            next: &self.session.next,
            clean,
            clean_run: self.session.run,
            memory: &self.session.memory,
            comparing: &self.session.comparing,
            compared: self.session.both(&self.state),
            sweeping: &self.session.sweeping,
            checks: &self.session.checks,
            shelf: &self.session.shelf,
            live: &self.live,
            timelines: &self.session.timelines,
            journal: &self.journal,
            hover: self.hover,
            busy: self.session.busy.as_ref().or(self.session.exporting.as_ref()),
            examples: if embedded { &self.examples } else { &[] },
            can_undo: self.undoer.has_undo(&self.state),
            can_redo: self.undoer.has_redo(&self.state),
            dark: self.dark,
            tree: &self.dock.tree,
            front: self.dock.front,
            preview: self.figures.preview(),
        };
        if self.dialog == Dialog::None {
            keys(&ctx, &scene, &mut out);
        } else if !egui::Popup::is_any_open(&ctx)
            && ctx.input_mut(|input| input.consume_key(egui::Modifiers::NONE, egui::Key::Escape))
        {
            out.send(Command::CloseDialog);
        }
        drops(&ctx, &scene, &mut self.dialog, &mut out);
        let parts = Parts {
            atlas: &mut self.atlas,
            grid: &mut self.grid,
            live_atlas: &mut self.live_atlas,
            tiles: &mut self.tiles,
            flowing: &mut self.flowing,
            stream: &mut self.stream,
            norms: &mut self.norms,
            similarity: &mut self.similarity,
            memory_map: &mut self.memory_map,
            comparison: &mut self.comparison,
        };
        let mut panes = Panes::new(&scene, parts, self.session.post(), &mut out);
        panes.listens = self.dialog == Dialog::None;
        let painted = lay_out(ui, &mut panes, &mut tree, self.session.banner.as_ref());
        let (edited, pressed) = (panes.edited, panes.pressed);
        let ask = dialogs::show(&ctx, (&mut self.dialog, &mut self.finder), &scene, &mut out);
        self.tiles.end_frame(trace, scene.less().map(|(_, less)| less));
        if let Some(ask) = ask {
            self.ask(ask);
        }
        (self.dock.tree, self.dock.front) = (tree, pressed.unwrap_or(self.dock.front));
        self.moved(&ctx, edited);
        self.obey(&ctx, out);
        if let Some(stopwatch) = &mut self.stopwatch {
            stopwatch.frame(&ctx, painted);
        }
    }

    /// Does what the views asked for.
    fn obey(&mut self, ctx: &egui::Context, out: Out) {
        focus::ring(ctx, self.dark);
        if out.hover != self.hover {
            self.hover = out.hover;
            ctx.request_repaint();
        }
        let asked = self.dialog != Dialog::None;
        for command in out.commands {
            self.apply(ctx, command);
            ctx.request_repaint();
        }
        if let Some(notice) = out.notice {
            self.session.banner = Some(Banner::done(notice));
        }
        // Dialogs open here, whichever window they were asked for in
        if !asked && self.dialog != Dialog::None && ctx.input(|input| input.viewport().focused) == Some(false)
        {
            ctx.send_viewport_cmd_to(egui::ViewportId::ROOT, egui::ViewportCommand::Focus);
        }
        self.dock.before.follow(ctx, self.dialog != Dialog::None);
    }

    /// Notes what should outlive the window, and writes it if it changed.
    fn keep(&mut self, ctx: &egui::Context) {
        self.settings.look = self.state.look.clone();
        (self.settings.layout, self.settings.arranged) =
            (self.state.layout.clone(), self.state.arranged.clone());
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
        self.autosave(ctx);
        if ctx.input(|input| input.viewport().close_requested()) {
            self.keep(ctx);
            self.close();
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
