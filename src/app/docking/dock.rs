//! The tree of tiles in sight, and what it was made from.

use super::SIMPLE;
use crate::app::{
    folding,
    layout::{self, Pane},
    state::State,
    stepping::Before,
};
use egui::Vec2;
use egui_tiles::Tree;
use std::collections::HashMap;

/// A window in which every layout has room.
const ROOM: Vec2 = Vec2::new(1600.0, 1000.0);

/// The tree in sight, and what it was made from.
pub struct Dock {
    /// The tiles.
    pub tree: Tree<Pane>,
    name: String,
    kept: Option<Tree<Pane>>,
    /// As the user left it in a window too small for the whole.
    small: Option<Tree<Pane>>,
    /// Where that is kept, where `tree` is folded.
    place: Option<String>,
    /// The whole layout, where `tree` is folded.
    whole: Option<Tree<Pane>>,
    size: Vec2,
    /// The pane that was pressed last: what *maximise* and its like act on.
    pub front: Pane,
    /// Of panes in windows of their own: the tiles before they left, and after.
    left: HashMap<Pane, [Tree<Pane>; 2]>,
    /// What had the keys before a dialog.
    pub(in crate::app) before: Before,
}

impl Default for Dock {
    fn default() -> Self {
        Self {
            tree: Tree::empty(egui::Id::unique("layout")),
            name: String::new(),
            kept: None,
            small: None,
            place: None,
            whole: None,
            size: Vec2::ZERO,
            front: Pane::Head,
            left: HashMap::new(),
            before: Before::default(),
        }
    }
}

impl Dock {
    /// Brings the layout that `state` names into sight, in the user's own arrangement where there is one, folded where
    /// the window is too small for it.
    pub fn fit(&mut self, state: &State, size: Vec2) {
        let sound = |tree: &&Tree<Pane>| layout::is_sound(tree);
        let kept = state.arranged.get(&state.layout).filter(sound);
        let same = self.name == state.layout && self.kept.as_ref() == kept && size == self.size;
        if same && self.small.as_ref() == self.place.as_ref().and_then(|place| state.folded.get(place)) {
            return;
        }
        let whole = kept.cloned().unwrap_or_else(|| layout::usual(&state.layout, size));
        let (tree, folded) = folding::fitted(&whole, size);
        (self.tree, self.whole, self.place, self.small) = (tree, None, None, None);
        if folded {
            let place = format!("{} {}", state.layout, folding::form(&self.tree));
            self.small = state.folded.get(&place).filter(sound).cloned();
            if let Some(own) = &self.small {
                self.tree = folding::fitted(own, size).0;
            }
            // The whole of a layout as it comes is that of a window in which it has room
            self.whole = Some(kept.cloned().unwrap_or_else(|| layout::usual(&state.layout, ROOM)));
            self.place = Some(place);
        }
        self.kept = kept.cloned();
        (self.name, self.size) = (state.layout.clone(), size);
    }

    /// A pane has left for a window of its own; `before`: the tiles with it.
    pub fn leave(&mut self, pane: Pane, before: Tree<Pane>) {
        let mut after = self.tree.clone();
        after.simplify(&SIMPLE); // as the next frame would
        self.left.insert(pane, [before, after]);
    }

    /// The tiles with a pane where it was before it left, if nothing else has moved since.
    pub fn home_of(&mut self, pane: Pane) -> Option<Tree<Pane>> {
        let [before, after] = self.left.remove(&pane)?;
        (after == self.tree).then_some(before)
    }

    /// Keeps the arrangement in sight as the user's own.
    pub fn keep(&mut self, state: &mut State) {
        if let Some(place) = &self.place {
            state.folded.insert(place.clone(), self.tree.clone());
            self.small = Some(self.tree.clone());
        } else {
            state.arranged.insert(state.layout.clone(), self.tree.clone());
            self.kept = Some(self.tree.clone());
        }
    }

    /// Keeps it under the name that `state` has now: the whole layout where only a folded one is in sight.
    pub fn keep_whole(&mut self, state: &mut State) {
        if let Some(whole) = &self.whole {
            state.arranged.insert(state.layout.clone(), whole.clone());
        } else {
            self.keep(state);
        }
    }

    /// Lets go of a layout's arrangements in small windows.
    pub fn forget_small(state: &mut State, name: &str) {
        state.folded.retain(|place, _| place.rsplit_once(' ').is_none_or(|(layout, _)| layout != name));
    }
}
