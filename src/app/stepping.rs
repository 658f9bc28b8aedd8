//! From pane to pane by keys: each has its header as a place for the focus, from which Tab goes through it.

use super::{
    command::{Command, Refusal},
    layout::Pane,
    scene::Scene,
    window::Window,
};
use egui_tiles::Tree;
use strum::IntoEnumIterator as _;

/// What has the focus where a pane as a whole has it.
pub(super) fn handle(pane: Pane) -> egui::Id {
    egui::Id::unique(("handle", pane))
}

/// Whether that is what has it.
pub(super) fn is_handle(id: egui::Id) -> bool {
    Pane::iter().any(|pane| handle(pane) == id)
}

/// Panes in sight, as one reads them: column by column.
pub(super) fn in_order(tree: &Tree<Pane>) -> Vec<Pane> {
    let placed = tree.active_tiles().into_iter().filter_map(|tile| {
        let corner = tree.tiles.rect(tile)?.min;
        Some((*tree.tiles.get_pane(&tile)?, corner))
    });
    let mut placed: Vec<(Pane, egui::Pos2)> = placed.collect();
    placed.sort_by(|(_, a), (_, b)| a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y)));
    placed.into_iter().map(|(pane, _)| pane).collect()
}

/// Frames for which egui lets nothing have the keys after a dialog is gone, and one more.
const HELD: u8 = 3;

/// What had the keys before a dialog took them, and has them again when it is closed.
#[derive(Default)]
pub(super) struct Before {
    open: bool,
    outside: Option<egui::Id>,
    inside: Option<egui::Id>,
    /// Frames for which they are still to be given back.
    left: u8,
}

impl Before {
    /// Hears at the end of a frame whether a dialog is open.
    pub(super) fn follow(&mut self, ctx: &egui::Context, open: bool) {
        let now = ctx.memory(egui::Memory::focused);
        match (self.open, open) {
            (true, true) => self.inside = now,
            // The dialog's own is gone, and Escape lets go of any; what a command put elsewhere stays there
            (true, false) if now.is_none() || now == self.inside => self.left = HELD,
            (false, false) if self.left > 0 && now.is_none() => {}
            (false, false) => (self.outside, self.left) = (now, 0),
            _ => {}
        }
        if let Some(outside) = self.outside.filter(|_| !open && self.left > 0) {
            self.left -= 1;
            ctx.memory_mut(|memory| memory.request_focus(outside));
            ctx.request_repaint();
        }
        self.open = open;
    }
}

impl Scene<'_> {
    /// Panes in sight in this window, as one reads them.
    pub(super) fn panes_in_sight(&self) -> Vec<Pane> {
        let mut panes = self.state.maximised.map_or_else(|| in_order(self.tree), |alone| vec![alone]);
        panes.retain(|pane| !self.state.torn.contains(pane));
        panes
    }

    /// Goes to the pane in sight that is `by` after the one that was used last.
    pub fn next_pane(&self, by: isize) -> Result<Command, Refusal> {
        let panes = self.panes_in_sight();
        let n = panes.len();
        let from = panes.iter().position(|&pane| pane == self.front);
        let to = match from {
            Some(from) => (from as isize + by).rem_euclid(n.max(1) as isize) as usize,
            None => 0,
        };
        panes.get(to).copied().map(Command::FocusPane).ok_or(self.words.at_border)
    }
}

impl Window {
    /// Puts the keys on a pane.
    pub(super) fn focus_pane(&mut self, ctx: &egui::Context, pane: Pane) {
        self.dock.front = pane;
        ctx.memory_mut(|memory| memory.request_focus(handle(pane)));
    }
}
