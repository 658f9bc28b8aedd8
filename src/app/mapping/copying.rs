//! A part of the map in sight as a table for the clipboard, made on a worker.

use crate::{
    app::{
        session::Session,
        state::{Cells, State},
    },
    engine::Job,
    trace::{Map, Side},
};
use std::ops::Range;

/// Cells that a copy may hold: a table of more opens nowhere.
const MOST_COPIED: usize = 1 << 20;

/// What is copied of a map.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Rows.
    pub rows: Range<usize>,
    /// Columns.
    pub columns: Range<usize>,
}

impl Session {
    /// Asks for a part of the map in sight as a table on the clipboard. False where it would be too large.
    pub fn copy_map(&mut self, part: Part) -> bool {
        let sight = self.mapping.main.sight();
        // The map may have become another since it was asked for
        let inside = |cells: Range<usize>, n: usize| cells.start.min(n)..cells.end.min(n);
        let cells = sight.map_or_else(Cells::default, |sight| sight.cells());
        let part = Part { rows: inside(part.rows, cells.queries), columns: inside(part.columns, cells.keys) };
        let fits = part.rows.len() * part.columns.len() <= MOST_COPIED;
        if let (Some(sight), true) = (sight, fits) {
            self.mapping.copying = Some((sight.number, part));
            self.mapping.copied.stop();
        }
        fits
    }

    /// The table that was asked for, once it is there.
    pub fn copied_map(&mut self, state: &State) -> Option<String> {
        let asked = self.mapping.copying.clone()?;
        let sight = self.mapping.main.sight().filter(|sight| sight.number == asked.0).cloned();
        let Some(sight) = sight else {
            self.mapping.copying = None;
            return None;
        };
        let sides = {
            let part = self.visible(state).1?.spec.blocks[state.head.layer].part;
            [part.rows(), part.columns()]
        };
        let own = |side| if side == Side::Source { &self.source_labels } else { &self.labels };
        let [down, across] = [0, 1].map(|side| own(sides[side]));
        let rows = sight.row_labels().unwrap_or(down).texts.clone();
        let columns = sight.column_labels().unwrap_or(across).texts.clone();
        let cells = sight.cells();
        if rows.len() < cells.queries || columns.len() < cells.keys {
            self.mapping.copying = None; // another run came in sight
            return None;
        }
        self.mapping.copied.follow("copy of a map", Some(asked), &self.post, |(_, part)| {
            let part = part.clone();
            move |job: &Job| Ok(table(&sight.map, &part, (&rows, &columns), job))
        });
        let text = self.mapping.copied.get().cloned()?;
        self.mapping.copying = None;
        Some(text)
    }
}

/// A part of a map as tab-separated values: the columns' labels on top, each row's before it.
fn table(map: &Map, part: &Part, (rows, columns): (&[String], &[String]), job: &Job) -> String {
    let Some(values) = map.tile(part.rows.clone(), part.columns.clone(), &|| job.go_on()) else {
        return String::new();
    };
    if values.len() == 1 {
        return values[0].to_string();
    }
    // A label may hold a tab of its own
    let label = |text: &str| text.replace(['\t', '\n'], " ");
    let mut text = String::new();
    for column in &columns[part.columns.clone()] {
        text.push('\t');
        text.push_str(&label(column));
    }
    for (row, values) in part.rows.clone().zip(values.chunks(part.columns.len().max(1))) {
        text.push('\n');
        text.push_str(&label(&rows[row]));
        for value in values {
            text.push('\t');
            text.push_str(&value.to_string());
        }
    }
    text
}
