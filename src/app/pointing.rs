//! What is pointed at and pinned: tokens of the selected head's rows and columns, and the piece of its map in sight.

use super::{
    command::{Command, Refusal},
    labels::Labels,
    mapping::Sight,
    scene::Scene,
    state::{Cells, Hover, View},
    words::grouped,
};
use crate::trace::{Side, Stream};

impl Scene<'_> {
    /// Whose tokens are the rows of the selected head's map.
    pub fn rows(&self) -> Side {
        let block = self.trace.and_then(|trace| trace.spec.blocks.get(self.state.head.layer));
        block.map_or(Side::Target, |block| block.part.rows())
    }

    /// Whose tokens are its columns.
    pub fn columns(&self) -> Side {
        let block = self.trace.and_then(|trace| trace.spec.blocks.get(self.state.head.layer));
        block.map_or(Side::Target, |block| block.part.columns())
    }

    /// One text's labels.
    pub fn labels_of(&self, side: Side) -> &Labels {
        match side {
            Side::Source => self.source_labels,
            Side::Target => self.labels,
        }
    }

    /// What one of the texts is called.
    pub fn text_name(&self, side: Side) -> &'static str {
        match (self.translates(), side) {
            (false, _) => self.words.tokens,
            (true, Side::Source) => self.words.source,
            (true, Side::Target) => self.words.target,
        }
    }

    /// Size of the selected head's map.
    pub fn cells(&self) -> Cells {
        let n = |side| self.labels_of(side).texts.len();
        Cells { queries: n(self.rows()), keys: n(self.columns()) }
    }

    /// The pinned query, else the token that the answer follows, else the last.
    pub fn pinned_query(&self) -> Option<usize> {
        self.pinned
    }

    /// The pinned key.
    pub fn pinned_key(&self) -> Option<usize> {
        self.state.key
    }

    /// The query whose row every view shows: under the pointer, else pinned.
    pub fn shown_query(&self) -> Option<usize> {
        self.hover.query.filter(|&query| query < self.cells().queries).or_else(|| self.pinned_query())
    }

    /// The key that every view marks: under the pointer, else pinned.
    pub fn shown_key(&self) -> Option<usize> {
        self.hover.key.filter(|&key| key < self.cells().keys).or(self.state.key)
    }

    /// The token of one text that every view marks: the shown query where it is of that text, else the shown key.
    pub fn shown_on(&self, side: Side) -> Option<usize> {
        match side {
            _ if self.rows() == side => self.shown_query(),
            _ if self.columns() == side => self.shown_key(),
            _ => None,
        }
    }

    /// What pointing at a token of one text means in the selected head's map: its row, its column or both.
    pub fn pointed(&self, side: Side, index: usize) -> Hover {
        let on = |other| (other == side).then_some(index);
        Hover { query: on(self.rows()), key: on(self.columns()), ..Hover::default() }
    }

    /// The pinned token of one text.
    pub fn pinned_on(&self, side: Side) -> Option<usize> {
        match side {
            _ if self.rows() == side => self.pinned_query(),
            _ if self.columns() == side => self.state.key,
            _ => None,
        }
    }

    /// What clicking a token of one text does: it pins the row where rows are of that text, else the column.
    pub fn pin(&self, side: Side, index: usize) -> Option<Command> {
        match side {
            _ if self.rows() == side => Some(Command::PinQuery(Some(index))),
            _ if self.columns() == side => Some(Command::PinKey(Some(index))),
            _ => None,
        }
    }

    /// The same, but what is pinned already is let go.
    pub fn pin_or_let_go(&self, side: Side, index: usize) -> Option<Command> {
        let other = |pinned: Option<usize>| (pinned != Some(index)).then_some(index);
        self.pin(side, index).map(|command| match command {
            Command::PinQuery(_) => Command::PinQuery(other(self.state.query)),
            _ => Command::PinKey(other(self.state.key)),
        })
    }

    /// Selects a place on the residual stream.
    pub fn select_stream(&self, stream: Stream) -> Option<Command> {
        let place = self.trace?.spec.streams().iter().position(|&own| own == stream)?;
        (place != self.state.layer).then_some(Command::SetLayer(place))
    }

    /// A token as the user knows it: its place and its text.
    pub fn token_name(&self, side: Side, index: usize) -> String {
        let labels = &self.labels_of(side).texts;
        labels.get(index).map_or_else(String::new, |label| format!("{} {label}", grouped(index as u64)))
    }

    /// A token of the rows of the selected head's map.
    pub fn query_name(&self, index: usize) -> String {
        self.token_name(self.rows(), index)
    }

    /// A token of its columns.
    pub fn key_name(&self, index: usize) -> String {
        self.token_name(self.columns(), index)
    }

    /// Pins the query `by` rows down.
    pub fn next_query(&self, by: isize) -> Result<Command, Refusal> {
        let query = self.stepped(self.pinned_query(), by, self.cells().queries)?;
        Ok(Command::PinQuery(Some(query)))
    }

    /// Pins the key `by` columns to the right.
    pub fn next_key(&self, by: isize) -> Result<Command, Refusal> {
        Ok(Command::PinKey(Some(self.stepped(self.pinned_key(), by, self.cells().keys)?)))
    }

    /// A token next to another, of `n`.
    fn stepped(&self, from: Option<usize>, by: isize, n: usize) -> Result<usize, Refusal> {
        if self.trace.is_none() {
            return Err(self.words.needs_trace);
        }
        let Some(from) = from else { return Ok(0) };
        from.checked_add_signed(by).filter(|&to| to < n).ok_or(self.words.at_border)
    }

    /// The view, zoomed about the shown cell.
    pub fn zoomed(&self, factor: f32) -> Result<Option<View>, Refusal> {
        let cells = self.map_cells();
        if self.trace.is_none() {
            return Err(self.words.needs_trace);
        }
        let view = self.view();
        let share = |cell: Option<usize>, start: f32, length: f32| {
            cell.map_or(0.5, |cell| ((cell as f32 + 0.5 - start) / length).clamp(0.0, 1.0))
        };
        let [row, column] = self.groups(self.shown_query(), self.shown_key());
        let row = share(row, view.query, view.rows(cells));
        let column = share(column, view.key, view.columns(cells));
        Ok(view.zoomed(factor, row, column, cells).unless_whole(cells))
    }

    /// The piece of the map in sight.
    pub fn view(&self) -> View {
        let cells = self.map_cells();
        self.state.view.filter(|view| view.fits(cells)).unwrap_or_else(|| View::whole(cells))
    }

    /// The map in sight, where its rows or columns are no tokens.
    fn grouped(&self) -> Option<&Sight> {
        self.map.grouped(self.state)
    }

    /// Size of the map in sight: as its levels have it.
    pub fn map_cells(&self) -> Cells {
        self.grouped().map_or_else(|| self.cells(), Sight::cells)
    }

    /// The row and the column of the map in sight that tokens are in.
    fn groups(&self, query: Option<usize>, key: Option<usize>) -> [Option<usize>; 2] {
        match self.grouped() {
            Some(sight) => [query.map(|query| sight.row_of(query)), key.map(|key| sight.column_of(key))],
            None => [query, key],
        }
    }
}
