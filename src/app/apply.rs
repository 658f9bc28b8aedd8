//! What each command does: one arm, one call.

use super::{
    charting::{AtlasAct, AtlasChoice, Source, is_atlas, is_text},
    command::Command,
    document::is_session,
    layout::{self, Pane},
    mapping::Sight,
    panes::{dialogs::Dialog, left},
    running::{self, Request},
    settings::SIZES,
    state::State,
    timeline::TimelineAct,
    window::Window,
};
use crate::engine::{Languages, ModelSource, is_timeline};

/// Times larger at most than what fits that a grid of heads is zoomed.
const GRID_ZOOM: f32 = 16.0;

impl Window {
    /// Does what a command says; what undo can take back is kept first.
    #[expect(clippy::too_many_lines, reason = "a table: one arm, one call")]
    pub fn apply(&mut self, ctx: &egui::Context, command: Command) {
        let before = self.state.clone();
        let typing = matches!(
            command,
            Command::EditPrompt(_)
                | Command::EditTarget(_)
                | Command::SetFilter(Some(_))
                | Command::EditSecond(_)
                | Command::EditSweep(_)
                | Command::SetView(_)
                | Command::SetSampling(_)
                | Command::AdvanceWalk
                | Command::SetThreshold(_)
                | Command::SetMapThreshold(_)
                | Command::MarkTokens { .. }
                | Command::AdjustIntervention(..)
                | Command::PaintCell { .. }
                | Command::SetBudget(_)
                | Command::DropEntry { .. }
                | Command::Timeline(
                    TimelineAct::Slide { .. } | TimelineAct::Second { .. } | TimelineAct::Advance
                )
        ) || matches!(command, Command::ZoomGrid(zoom) if zoom > 1.0)
            || matches!(&command, Command::SetTurns(turns) if turns.len() == self.state.turns.len());
        if let Command::PaintCell { first: true, .. }
        | Command::Timeline(
            TimelineAct::Slide { first: true, .. } | TimelineAct::Second { first: true, .. },
        ) = command
        {
            self.typing = false; // a new stroke
        }
        let history = matches!(command, Command::Undo | Command::Redo);
        match command {
            Command::AskForModel => self.ask_for_model(),
            Command::OpenModel(path) if is_session(&path) => self.open_session(&path),
            Command::OpenModel(path) if is_atlas(&path) => self.act_on_atlas(AtlasAct::Open(path)),
            Command::OpenModel(path) if is_text(&path) && self.sees(Pane::Atlas) => {
                let source = Source::Corpus(path);
                self.act_on_atlas(AtlasAct::Choose(AtlasChoice { source, ..self.state.atlas.clone() }));
            }
            Command::OpenModel(path) if is_timeline(&path) => {
                self.act_on_timeline(TimelineAct::Open(path));
            }
            Command::OpenModel(path) => self.open(ModelSource::Path(path)),
            Command::OpenEmbedded => self.open(ModelSource::Embedded),
            Command::AskForHub => self.ask_for_hub(),
            Command::LookUp(name) => self.session.look_up(name),
            Command::Fetch => self.session.fetch(),
            Command::SetOffline(offline) => self.session.set_offline(offline),
            Command::AskForExport(piece) => self.ask_for_export(piece),
            Command::Export { path, piece, finish } => self.export(path, piece, finish),
            Command::SaveRecipe { path, piece, finish } => self.save_recipe(&path, piece, finish),
            Command::CopyPicture(piece, finish) => {
                if let Some(key) = self.figure_key(piece, finish, "picture.png") {
                    self.figures.copy(key);
                }
            }
            Command::Quit => ctx.send_viewport_cmd(egui::ViewportCommand::Close),
            Command::EditPrompt(text) => self.edit(text),
            Command::EditTarget(text) => self.edit_target(text),
            Command::SetTextLanguages(languages) => self.set_text_languages(languages),
            Command::RunPrompt => self.run(false),
            Command::RunCut => self.run(true),
            Command::ChooseExample(index) => self.choose_example(index),
            Command::Cancel => self.session.cancel_all(),
            Command::FocusPrompt => ctx.memory_mut(|memory| memory.request_focus(left::prompt_id())),
            Command::WalkHistory { back } => self.walk_history(back),
            Command::SetLive(live) => self.settings.live = live,
            Command::SetTurns(turns) => self.set_turns(turns),
            Command::SetChat(chat) => self.set_chat(chat),
            Command::Undo => self.travel(false),
            Command::Redo => self.travel(true),
            Command::SelectHead(head) => self.select(head),
            Command::ToggleHead(head) => self.toggle_head(head),
            Command::ChooseHeads(heads) => self.choose_heads(heads),
            Command::ExtendTo(head) => self.extend_to(head),
            Command::FilterHeads => self.ask_for_filter(ctx),
            Command::SetFilter(filter) => self.state.filter = filter,
            Command::PinQuery(query) => self.state.query = query,
            Command::PinKey(key) => self.state.key = key,
            Command::PinCell { query, key } => (self.state.query, self.state.key) = (Some(query), Some(key)),
            Command::Clear => self.clear(),
            Command::Copy(text) => ctx.copy_text(text),
            Command::ZoomGrid(zoom) => self.state.grid_zoom = zoom.clamp(1.0, GRID_ZOOM),
            Command::SetView(view) => self.state.view = view,
            Command::SetScale(scale) => self.state.look.scale = scale,
            Command::SetMapChoice(choice) => self.set_map(*choice),
            Command::SetMapThreshold(threshold) => self.state.map.threshold = threshold.max(0.0),
            Command::MarkTokens { keys, tokens } => self.mark_tokens(keys, tokens),
            Command::CopyMap(part) => self.copy_map(part),
            Command::SetTokens(choice) => self.state.tokens = choice,
            Command::SetLens(choice) => self.state.lens = choice,
            Command::SetHidden(choice) => self.state.hidden = choice,
            Command::SetTint(measure) => self.state.look.tint = measure,
            Command::SetSort(sort) => self.state.look.sort = sort,
            Command::SetMap { dark: true, map } => self.state.look.map_dark = map,
            Command::SetMap { dark: false, map } => self.state.look.map_light = map,
            Command::SetDark(dark) => self.set_dark(ctx, dark),
            Command::SetPercent(percent) => self.set_percent(ctx, percent),
            Command::SetLogged(least) => self.state.logged = least,
            Command::SetLanguage(language) => self.set_language(language),
            Command::SetLayout(name) => (self.state.layout, self.state.maximised) = (name, None),
            Command::FocusPane(pane) => self.focus_pane(ctx, pane),
            Command::Maximise(pane) => self.maximise(pane),
            Command::TearOff(pane) => self.tear_off(pane),
            Command::Dock(pane) | Command::ShowPane(pane) => self.show_pane(pane),
            Command::ClosePane(pane) => self.close_pane(pane),
            Command::ResetLayout => self.reset_layout(),
            Command::ToggleLower => self.toggle_lower(),
            Command::SetSinkApart(apart) => self.state.sink_apart = apart,
            Command::ShowTensor(name) => self.show_tensor(name),
            Command::SetLayer(place) => self.select_place(place),
            Command::SetThreshold(threshold) => self.state.flow.threshold = threshold,
            Command::SetStep(step) => self.set_step(step),
            Command::SetWhy(why) => self.state.why = why,
            Command::SetSaid(said) => self.state.said = said,
            Command::SetCircuits(circuits) => self.state.circuits = circuits,
            Command::SetComposition(composition) => self.state.composition = composition,
            Command::HoldCircuits(held) => self.session.hold_circuits(held),
            Command::AdvanceWalk => self.advance_walk(),
            Command::PlayWalk(play) => self.play_walk(play),
            Command::OrderWalk(order) => self.state.walk.order = order,
            Command::Intervene(what) => self.intervene(what),
            Command::EditSweep(text) => self.edit_sweep(text),
            Command::RunSweep(on) => self.run_sweep(on),
            Command::SetSweep(choice) => self.state.sweep = choice,
            Command::SelectSwept { layer, at } => self.select_swept(layer, at),
            Command::AskForChange(draft) => self.ask_for_change(draft),
            Command::SwitchIntervention(index, on) => {
                if let Some(switch) = self.state.interventions.get_mut(index) {
                    switch.on = on;
                }
            }
            Command::AdjustIntervention(index, what) => {
                if let Some(switch) = self.state.interventions.get_mut(index) {
                    switch.what = what;
                }
            }
            Command::RemoveIntervention(index) => {
                if index < self.state.interventions.len() {
                    self.state.interventions.remove(index);
                }
            }
            Command::ClearInterventions => self.state.interventions.clear(),
            Command::PaintCell { query, key, first } => self.paint(query, key, first),
            Command::Atlas(act) => self.act_on_atlas(act),
            Command::Timeline(act) => self.act_on_timeline(act),
            Command::Train(act) => self.train(act),
            Command::AskToSaveTraining => self.dialog = Dialog::SaveTraining { path: self.training_folder() },
            Command::AskForText => self.dialog = Dialog::Text { path: String::new() },
            Command::SetShown(shown) => self.state.shown = shown,
            Command::SetLastLayer(layer) => self.set_last_layer(layer),
            Command::SetPicture(picture) => self.state.memory.picture = picture,
            Command::SetAnswer(answer) => self.state.memory.answer = answer,
            Command::SetPolicy(policy) => self.state.memory.policy = policy,
            Command::SetBudget(budget) => self.state.memory.budget = budget,
            Command::DropEntry { layer, token, gone } => self.state.memory.drop(layer, token, gone),
            Command::KeepEntries => self.state.memory.dropped.clear(),
            Command::SetTemplate(template) => self.state.memory.template = template,
            Command::SetTrials(trials) => self.state.memory.trials = trials.max(1),
            Command::SelectRecall(cell) => self.state.memory.cell = cell,
            Command::SetRecallView(view) => self.state.memory.recall_view = view,
            Command::RunRecall => self.session.ask_recall(&self.state),
            Command::StopRecall => self.session.stop_recall(),
            Command::EditSecond(text) => self.edit_second(text),
            Command::RunSecond => self.run_second(),
            Command::AskForSecond => self.ask_for_second(),
            Command::OpenSecond(model) => self.open_second(model),
            Command::ClearSecond => self.clear_second(),
            Command::SortCompared(sorted) => self.state.compare.sorted = sorted,
            Command::PinAligned { run, query, key } => self.pin_aligned(run, query, key),
            Command::ShowChecks => self.show_checks(),
            Command::AskForLayout(of) => self.ask_for_layout(of),
            Command::SaveLayout(name) => self.save_layout(name),
            Command::RenameLayout { from, to } => self.rename_layout(&from, to),
            Command::DeleteLayout(name) => self.delete_layout(&name),
            Command::Palette => self.dialog = Dialog::Palette { query: String::new(), at: 0 },
            Command::AskForSession => self.ask_for_session(),
            Command::SaveSession(path) => self.save_session(path),
            Command::Recover => self.recover(),
            Command::EditTokens(ids) => self.edit_tokens(ids),
            Command::WriteNext(id) => self.write_next(id),
            Command::DrawNext => self.draw_next(),
            Command::AskForToken(at) => self.dialog = Dialog::Token { at, text: String::new() },
            Command::SpliceToken(at, text) => self.splice(at, &text),
            Command::ReadPrompt { path, second } => self.read_prompt(&path, second),
            Command::RunEarlier(prompt) => self.run_earlier(prompt),
            Command::SetSampling(rules) => self.state.sampling = rules,
            Command::AskForNote => self.ask_for_note(),
            Command::SetNote(text) => self.set_note(text),
            Command::GoToNote(index) => self.go_to_note(index),
            Command::RemoveNote(index) => self.remove_note(index),
            Command::CloseHint(number) => self.settings.hints |= 1 << (number.clamp(1, 8) - 1),
            Command::DismissHints => self.settings.hints = u8::MAX,
            Command::ShowHelp => self.dialog = Dialog::Help,
            Command::CloseDialog => self.dialog = Dialog::None,
            Command::DismissBanner => self.session.banner = None,
        }
        // A script or a note may name what this run does not have
        self.session.fit(&mut self.state);
        self.reveal(&before);
        if self.state != before && !history {
            // One stretch of typing, zooming or dragging is one step back
            if !(typing && self.typing) {
                self.undoer.add_undo(&before);
            }
            self.typing = typing;
        }
    }

    /// Whether a pane is in sight, here or in a window of its own.
    pub(super) fn sees(&self, pane: Pane) -> bool {
        self.state.torn.contains(&pane) || layout::shows(&self.state, self.tree(), pane)
    }

    fn open(&mut self, source: ModelSource) {
        self.dialog = Dialog::None;
        // Another model numbers its tokens otherwise, and knows other languages
        (self.state.ids, self.state.branches, self.file) = (None, Vec::new(), None);
        self.state.languages = Languages::default();
        // Nor does it take what was said to the one before, and how that writes a conversation down
        (self.state.chat, self.state.turns) = (false, Vec::new());
        self.state.timeline.folder = None;
        self.live.open_none();
        self.session.open(source, Request { chat: false, ..Request::of(&self.state) });
    }

    fn ask_for_model(&mut self) {
        self.dialog = Dialog::Open { path: String::new() };
        self.session.look_for_models();
    }

    fn ask_for_hub(&mut self) {
        self.dialog = Dialog::Hub { name: String::new() };
        self.session.look_for_models();
    }

    pub(super) fn edit(&mut self, text: String) {
        self.state.prompt = text;
        (self.state.example, self.state.ids) = (None, None);
        self.typed = self.settings.live.then(std::time::Instant::now);
    }

    fn edit_target(&mut self, text: String) {
        self.state.target = text;
        self.typed = self.settings.live.then(std::time::Instant::now);
    }

    fn set_text_languages(&mut self, languages: Languages) {
        self.state.languages = languages;
        if !self.state.prompt.is_empty() {
            self.run(false);
        }
    }

    fn run(&mut self, cut: bool) {
        let typed = self.typed.take();
        self.settings.note(&self.state.prompt, typed.is_some_and(running::is_paused));
        self.session.run_prompt(Request { cut, ..Request::of(&self.state) });
    }

    pub(super) fn run_earlier(&mut self, prompt: String) {
        self.edit(prompt);
        self.run(false);
    }

    fn set_chat(&mut self, chat: bool) {
        self.state.chat = chat;
        if !self.state.prompt.is_empty() {
            self.run(false);
        }
    }

    fn choose_example(&mut self, index: usize) {
        let Some(example) = self.examples.get(index) else { return };
        let (prompt, head) = (example.prompt.clone(), example.head_id());
        self.state.begin(prompt);
        (self.state.head, self.state.example) = (head, Some(index));
        self.run(false);
    }

    fn clear(&mut self) {
        if self.dialog != Dialog::None {
            self.dialog = Dialog::None;
        } else if self.state.chosen.is_empty() {
            (self.state.query, self.state.key) = (None, None);
            (self.state.map.queries, self.state.map.keys) = (Vec::new(), Vec::new());
        } else {
            self.state.chosen.clear();
        }
    }

    fn set_dark(&mut self, ctx: &egui::Context, dark: bool) {
        self.settings.dark = Some(dark);
        ctx.set_theme(if dark { egui::Theme::Dark } else { egui::Theme::Light });
    }

    fn set_percent(&mut self, ctx: &egui::Context, percent: u16) {
        self.settings.percent = percent.clamp(SIZES[0], SIZES[SIZES.len() - 1]);
        ctx.set_zoom_factor(self.settings.zoom());
    }

    /// Looks at a weight where all of them are listed.
    fn show_tensor(&mut self, name: Option<String>) {
        if name.is_some() && !self.sees(Pane::Weights) {
            self.show_pane(Pane::Weights);
        }
        let spec = self.session.model.as_ref().map(|model| model.spec());
        let block = spec.zip(name.as_ref()).and_then(|(spec, name)| spec.block_of(name));
        if let Some(layer) = block {
            self.select_block(layer);
        }
        self.state.tensor = name;
    }

    fn show_checks(&mut self) {
        self.session.check();
        self.dialog = Dialog::Checks;
    }

    /// One step back, or forward again; a prompt that comes back is run.
    fn travel(&mut self, forward: bool) {
        let step = if forward { self.undoer.redo(&self.state) } else { self.undoer.undo(&self.state) };
        let Some(state) = step.cloned() else { return };
        let rerun = Request::of(&state) != Request::of(&self.state);
        self.state = state;
        self.typing = false;
        self.session.fit(&mut self.state);
        if rerun && !self.state.prompt.is_empty() {
            self.run(false);
        }
    }

    /// Moves a zoomed view just so far that what was pinned by key is in sight.
    fn reveal(&mut self, before: &State) {
        let moved = (self.state.query, self.state.key) != (before.query, before.key);
        if moved && let Some(view) = self.state.view {
            // Rows and columns of a map by words or lines are groups of tokens
            let sight = self.session.mapping.grouped(&self.state);
            let cells = sight.map_or_else(|| self.session.cells(self.state.head), Sight::cells);
            let row = self.state.query.map(|query| sight.map_or(query, |sight| sight.row_of(query)));
            let column = self.state.key.map(|key| sight.map_or(key, |sight| sight.column_of(key)));
            self.state.view = view.showing(row, column, cells).unless_whole(cells);
        }
    }
}
