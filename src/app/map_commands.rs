//! What commands about the head view's map mean, and do.

use super::{
    banner::Banner,
    command::{Command, CommandKind, Refusal},
    exporting::Finish,
    mapping::{MapChoice, Over, Part},
    scene::Scene,
    window::Window,
};
use crate::trace::{Combine, FirstToken, Level, Steps, Weigh};

impl Scene<'_> {
    /// What a command about the map means right now.
    pub fn aim_at_map(&self, kind: CommandKind) -> Result<Command, Refusal> {
        let choice = &self.state.map;
        let over = |over| MapChoice { over, ..choice.clone() };
        let steps = |steps| MapChoice { steps, ..choice.clone() };
        let level = |level| steps(Steps { queries: level, keys: level, ..choice.steps });
        let first = |first| steps(Steps { first, ..choice.steps });
        let new = match kind {
            CommandKind::CopyCell | CommandKind::CopyRow | CommandKind::CopyMap => return self.copies(kind),
            CommandKind::ReleaseMarks if choice.queries.is_empty() && choice.keys.is_empty() => {
                return Err(self.words.map.nothing_marked);
            }
            CommandKind::ReleaseMarks => {
                MapChoice { queries: Vec::new(), keys: Vec::new(), ..choice.clone() }
            }
            CommandKind::CombineHead => over(Over::Head),
            CommandKind::CombineChosen => over(Over::Chosen),
            CommandKind::CombineLayer => over(Over::Layer),
            CommandKind::CombineAll => over(Over::All),
            CommandKind::CombineDifference if self.state.heads().len() < 2 => {
                return Err(self.words.map.needs_two);
            }
            CommandKind::CombineDifference => {
                MapChoice { combine: Combine::Difference, ..over(Over::Chosen) }
            }
            CommandKind::ToggleBeside | CommandKind::ToggleLengths if self.only_trace() => {
                return Err(self.words.map.needs_weights);
            }
            CommandKind::ToggleBeside => MapChoice { beside: !choice.beside, ..choice.clone() },
            CommandKind::ToggleLengths => steps(choice.steps.with(match choice.steps.weigh {
                Weigh::Weights => Weigh::Values,
                Weigh::Values => Weigh::Weights,
            })),
            CommandKind::KeepFirst => first(FirstToken::Keep),
            CommandKind::HideFirst => first(FirstToken::Hide),
            CommandKind::ShareFirst => first(FirstToken::Renormalise),
            CommandKind::LevelWord => level(Level::Word),
            CommandKind::LevelLine => level(Level::Line),
            CommandKind::LevelSentence => level(Level::Sentence),
            _ => level(Level::Token),
        };
        Ok(Command::SetMapChoice(Box::new(new)))
    }

    /// Which part of the map a copy is of.
    fn copies(&self, kind: CommandKind) -> Result<Command, Refusal> {
        let sight = self.map.main.sight().ok_or(self.words.needs_trace)?;
        let cells = sight.cells();
        let row = self.shown_query().map(|query| sight.row_of(query));
        let column = self.shown_key().map(|key| sight.column_of(key));
        let one = |index: usize| index..index + 1;
        let part = match kind {
            CommandKind::CopyCell => {
                let (row, column) = row.zip(column).ok_or(self.words.map.no_cell)?;
                Part { rows: one(row), columns: one(column) }
            }
            CommandKind::CopyRow => {
                Part { rows: one(row.ok_or(self.words.map.no_cell)?), columns: 0..cells.keys }
            }
            _ => {
                let view = self.view();
                let whole = |start: f32, length: f32, n: usize| {
                    (start.floor() as usize).min(n)..((start + length).ceil() as usize).min(n)
                };
                Part {
                    rows: whole(view.query, view.rows(cells), cells.queries),
                    columns: whole(view.key, view.columns(cells), cells.keys),
                }
            }
        };
        Ok(Command::CopyMap(part))
    }
}

impl Window {
    /// Shows another map; what was zoomed into is gone where rows or columns become others.
    pub(super) fn set_map(&mut self, choice: MapChoice) {
        let levels = |choice: &MapChoice| (choice.steps.queries, choice.steps.keys);
        if levels(&choice) != levels(&self.state.map) {
            self.state.view = None;
        }
        self.state.map = choice;
    }

    /// Marks tokens of one axis, which are looked at together.
    pub(super) fn mark_tokens(&mut self, keys: bool, tokens: Vec<usize>) {
        *(if keys { &mut self.state.map.keys } else { &mut self.state.map.queries }) = tokens;
    }

    /// Asks for a part of the map as a table.
    pub(super) fn copy_map(&mut self, part: Part) {
        if !self.session.copy_map(part) {
            let words = self.settings.language().words();
            self.session.banner = Some(Banner::error(&words.map.too_large, None));
        }
    }

    /// Puts the table that was asked for on the clipboard, once it is there.
    pub(super) fn serve_copy(&mut self, ctx: &egui::Context) {
        if let Some(text) = self.session.copied_map(&self.state) {
            ctx.copy_text(text);
            let words = self.settings.language().words();
            self.session.banner = Some(Banner::done(words.map.copied.to_owned()));
        }
    }

    /// How an export is finished before anything is chosen: as the screen shows it.
    pub(super) fn usual_finish(&self) -> Finish {
        let lang = self.settings.language().lang();
        Finish { first: self.state.map.steps.first, lang, ..Finish::default() }
    }
}
