//! Commands about panes and layouts: each changes the tiles in sight, and keeps them as the user's own.

use super::{
    docking::Dock,
    layout::{self, Pane, Preset},
    panes::dialogs::Dialog,
    stepping::in_order,
    window::Window,
    words::Language,
};
use egui_tiles::{Tile, Tree};

impl Window {
    /// Keeps what the user did to the tiles, one step back for each drag.
    pub(super) fn moved(&mut self, ctx: &egui::Context, edited: bool) {
        if edited && self.moving.is_none() {
            self.moving = Some(self.state.clone());
        }
        if self.moving.is_some() && !ctx.input(|input| input.pointer.any_down()) {
            self.dock.keep(&mut self.state);
            if let Some(before) = self.moving.take().filter(|before| *before != self.state) {
                self.undoer.add_undo(&before);
            }
        }
    }

    pub(super) fn set_language(&mut self, language: Language) {
        self.settings.language = Some(language);
        self.session.post().speak(language);
    }

    /// Brings a pane into sight, from a window of its own too.
    pub(super) fn show_pane(&mut self, pane: Pane) {
        self.dock.front = pane;
        let home = self.dock.home_of(pane).filter(|_| self.state.torn.contains(&pane));
        self.state.torn.retain(|&torn| torn != pane);
        if self.state.maximised.is_some_and(|alone| alone != pane) {
            self.state.maximised = None;
        }
        self.lay(|tree| match home {
            Some(home) => *tree = home,
            None => layout::reveal(tree, pane),
        });
    }

    pub(super) fn close_pane(&mut self, pane: Pane) {
        self.state.torn.retain(|&torn| torn != pane);
        self.state.maximised = self.state.maximised.filter(|&alone| alone != pane);
        let at = in_order(&self.dock.tree).iter().position(|&own| own == pane);
        self.lay(|tree| layout::close(tree, pane));
        // The next one in its place is what keys mean now
        if self.dock.front == pane {
            let rest = in_order(&self.dock.tree);
            let next = at.and_then(|at| rest.get(at)).or(rest.last()).copied();
            // A tab that comes to the front has no place before it is drawn
            let any = || self.dock.tree.tiles.iter().find_map(|(_, tile)| tile_pane(tile));
            self.dock.front = next.or_else(any).unwrap_or(pane);
        }
    }

    /// Gives the window to one pane, from a window of its own too.
    pub(super) fn maximise(&mut self, pane: Option<Pane>) {
        self.state.torn.retain(|&torn| Some(torn) != pane);
        self.state.maximised = pane;
    }

    pub(super) fn tear_off(&mut self, pane: Pane) {
        let before = self.dock.tree.clone();
        self.close_pane(pane);
        self.state.torn.push(pane);
        self.dock.leave(pane, before);
    }

    pub(super) fn toggle_lower(&mut self) {
        self.lay(layout::toggle_lower);
    }

    pub(super) fn reset_layout(&mut self) {
        self.state.arranged.remove(&self.state.layout);
        let name = self.state.layout.clone();
        Dock::forget_small(&mut self.state, &name);
        (self.state.maximised, self.state.torn) = (None, Vec::new());
    }

    /// Keeps the arrangement in sight under a name of its own, and stays in it.
    pub(super) fn save_layout(&mut self, name: String) {
        self.dialog = Dialog::None;
        if name.trim().is_empty() {
            return; // a layout is chosen by its name
        }
        self.state.layout = name;
        self.dock.keep_whole(&mut self.state);
    }

    /// Asks for a name: for the arrangement in sight, or a new one for a layout of the user's own.
    pub(super) fn ask_for_layout(&mut self, of: Option<String>) {
        self.dialog = Dialog::Layout { name: of.clone().unwrap_or_default(), of };
    }

    /// Calls a layout of the user's own otherwise; the names of those that come with the app stay theirs.
    pub(super) fn rename_layout(&mut self, from: &str, to: String) {
        self.dialog = Dialog::None;
        if to.trim().is_empty() || to == from || layout::is_preset(from) || layout::is_preset(&to) {
            return;
        }
        let Some(tree) = self.state.arranged.remove(from) else { return };
        self.state.arranged.insert(to.clone(), tree);
        Dock::forget_small(&mut self.state, from);
        if self.state.layout == from {
            self.state.layout = to;
        }
    }

    pub(super) fn delete_layout(&mut self, name: &str) {
        self.state.arranged.remove(name);
        Dock::forget_small(&mut self.state, name);
        if self.state.layout == name {
            Preset::Inspect.id().clone_into(&mut self.state.layout);
        }
    }

    fn lay(&mut self, change: impl FnOnce(&mut Tree<Pane>)) {
        let before = self.dock.tree.clone();
        change(&mut self.dock.tree);
        if self.dock.tree != before {
            self.dock.keep(&mut self.state);
        }
    }
}

fn tile_pane(tile: &Tile<Pane>) -> Option<Pane> {
    if let Tile::Pane(pane) = tile { Some(*pane) } else { None }
}
