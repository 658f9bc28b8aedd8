//! Notes pinned to cells.

use super::{panes::dialogs::Dialog, state::Note, window::Window};

impl Window {
    /// The cell that a note would be about: the pinned row, and the pinned key or the one it looks at most.
    fn noted_cell(&self) -> Option<(usize, usize)> {
        let query = self.session.pinned_query(&self.state)?;
        let best = self.session.row.as_ref().filter(|row| row.query == query);
        let best = best.and_then(|row| row.top.first()).map(|cell| cell.0);
        Some((query, self.state.key.or(best)?))
    }

    pub(super) fn ask_for_note(&mut self) {
        let Some((query, key)) = self.noted_cell() else { return };
        (self.state.query, self.state.key) = (Some(query), Some(key));
        let head = self.state.head;
        let same = |note: &&Note| (note.head, note.query, note.key) == (head, query, key);
        let text = self.state.notes.iter().find(same).map(|note| note.text.clone()).unwrap_or_default();
        self.dialog = Dialog::Note { text };
    }

    /// Writes the note of the cell; an empty one goes.
    pub(super) fn set_note(&mut self, text: String) {
        self.dialog = Dialog::None;
        let Some((query, key)) = self.noted_cell() else { return };
        let head = self.state.head;
        self.state.notes.retain(|note| (note.head, note.query, note.key) != (head, query, key));
        if !text.is_empty() {
            self.state.notes.push(Note { head, query, key, text });
        }
    }

    pub(super) fn go_to_note(&mut self, index: usize) {
        let Some(note) = self.state.notes.get(index).cloned() else { return };
        self.select(note.head);
        (self.state.query, self.state.key) = (Some(note.query), Some(note.key));
        self.session.fit(&mut self.state);
    }

    pub(super) fn remove_note(&mut self, index: usize) {
        if index < self.state.notes.len() {
            self.state.notes.remove(index);
        }
    }
}
