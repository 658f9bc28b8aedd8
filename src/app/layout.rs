//! Which views there are and how they lie: the layouts that come with the app, and what a user makes of them.
//!
//! A layout is a tree of tiles, plain data in `State`. Nothing is kept of one that nobody has touched: it is made anew
//! for the window's size.

use super::{state::State, words::Words};
use egui::{Id, Vec2};
use egui_tiles::{Container, Linear, LinearDir, Tile, TileId, Tiles, Tree};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use strum::IntoEnumIterator as _;

/// How deep tiles may lie in one another: deeper than anybody drags them.
const DEEPEST: usize = 64;

/// A view that can be docked.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, strum::EnumIter,
)]
pub enum Pane {
    /// Model, prompt, tokens, examples.
    Prompt,
    /// The grid of all heads.
    Heads,
    /// One head's map.
    Head,
    /// What the selection is: row, measures, next token, interventions.
    Details,
    /// Residual stream of one layer.
    Stream,
    /// Its length, layer × token.
    Norms,
    /// What each layer would say next.
    Lens,
    /// How far back can be asked.
    Recall,
    /// What the KV cache keeps, and what forgetting costs.
    Cache,
    /// Pictures of attention against what cutting does.
    Honesty,
    /// One token's memory through the layers.
    River,
    /// Every token's at one layer.
    MemoryMap,
    /// What may follow, and the ways that were tried.
    Next,
    /// One query through one head, step by step.
    Walk,
    /// Lines from token to token.
    Flow,
    /// One cell's score, taken apart.
    Why,
    /// A word's logit, taken apart.
    Attribution,
    /// Every head by any two measures, and a card of one.
    Atlas,
    /// What the selected head looks for and writes, by its weights.
    Circuits,
    /// Which heads read which.
    Composition,
    /// What is trained, and how.
    TrainSetup,
    /// Loss, scores and checkpoints against steps.
    TrainCurves,
    /// Every head of the live model.
    TrainHeads,
    /// The step in numbers.
    TrainNumbers,
    /// Measures over the checkpoints of a training, and a slider.
    Timeline,
    /// How alike tokens are on one stream.
    Similarity,
    /// Tokens' ways through the layers.
    Trails,
    /// The model's tensors.
    Weights,
    /// The grid of heads by how far two runs differ.
    CompareHeads,
    /// One head of both runs, and the difference.
    SideBySide,
    /// What the second run is of, tokens aligned, what may follow.
    CompareWords,
    /// What was done and how long it took.
    Log,
    /// Another prompt's run put into this one, place by place.
    Sweep,
}

impl Pane {
    /// Its name on tabs and in menus.
    pub fn title(self, words: &Words) -> &'static str {
        match self {
            Self::Prompt => words.prompt,
            Self::Heads => words.heads,
            Self::Head => words.head,
            Self::Details => words.details,
            Self::Stream => words.stream,
            Self::Norms => words.norms,
            Self::Lens => words.lens,
            Self::Recall => words.memory.recall,
            Self::Cache => words.memory.cache,
            Self::Honesty => words.memory.honesty,
            Self::River => words.river.river,
            Self::MemoryMap => words.river.map,
            Self::Next => words.next_words.title,
            Self::Walk => words.walk.walk,
            Self::Flow => words.flow.flow,
            Self::Why => words.why.title,
            Self::Attribution => words.why.attribution,
            Self::Atlas => words.atlas.title,
            Self::Circuits => words.circuits.circuits,
            Self::Composition => words.circuits.composition,
            Self::TrainSetup => words.train.setup,
            Self::TrainCurves => words.train.curves,
            Self::TrainHeads => words.train.maps,
            Self::TrainNumbers => words.train.numbers,
            Self::Timeline => words.timeline.title,
            Self::Similarity => words.states.similarity,
            Self::Trails => words.states.trails,
            Self::Weights => words.states.info,
            Self::CompareHeads => words.compare.heads,
            Self::SideBySide => words.compare.side_by_side,
            Self::CompareWords => words.compare.words,
            Self::Log => words.journal.title,
            Self::Sweep => words.sweep.title,
        }
    }

    /// Whether it is a column of words, without a header of its own.
    pub fn is_plain(self) -> bool {
        matches!(
            self,
            Self::Prompt | Self::Details | Self::TrainSetup | Self::TrainNumbers | Self::CompareWords
        )
    }

    /// The one it is put beside, as a tab, where a layout lacks it.
    fn neighbour(self) -> Option<Self> {
        match self {
            Self::Flow => Some(Self::Head),
            Self::Prompt | Self::Heads | Self::Head | Self::Details => None,
            Self::Why
            | Self::Attribution
            | Self::Sweep
            | Self::Circuits
            | Self::Composition
            | Self::Atlas => Some(Self::Heads),
            Self::River => Some(Self::Honesty),
            Self::MemoryMap => Some(Self::River),
            _ => LOWER.into_iter().find(|&other| other != self),
        }
    }
}

/// A layout that comes with the app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumIter, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Preset {
    /// One head's arithmetic, for a class.
    Teach,
    /// Every head, one head, its row, the hidden states.
    Inspect,
    /// Recall, the KV cache, the honesty meter.
    Memory,
    /// Two runs beside each other.
    Compare,
    /// What every head does, with the map of the selected one.
    Atlas,
    /// A small model that is trained before one's eyes.
    Train,
}

impl Preset {
    /// Its name in files and in `State`.
    pub fn id(self) -> &'static str {
        self.into()
    }

    /// Its name on screen.
    pub fn title(self, words: &Words) -> &'static str {
        match self {
            Self::Inspect => words.inspect,
            Self::Memory => words.memory.layout,
            Self::Teach => words.walk.teach,
            Self::Compare => words.compare.layout,
            Self::Atlas => words.atlas.layout,
            Self::Train => words.train.layout,
        }
    }

    /// The layout, for a window of this size in points.
    fn tree(self, size: Vec2) -> Tree<Pane> {
        let mut tiles = Tiles::default();
        let side = (size.x * 0.19).clamp(236.0, 340.0);
        let rest = |taken: f32| (size.x - taken).max(1.0);
        let root = match self {
            Self::Inspect => {
                let prompt = tiles.insert_pane(Pane::Prompt);
                let heads = tiles.insert_pane(Pane::Heads);
                let head = tiles.insert_pane(Pane::Head);
                let maps = row(&mut tiles, &[(heads, 0.52), (head, 0.48)]);
                let states = LOWER.map(|pane| tiles.insert_pane(pane));
                let states = tiles.insert_tab_tile(states.to_vec());
                tiles.set_visible(states, size.y >= LOWER_FROM);
                let middle = column(&mut tiles, &[(maps, 0.7), (states, 0.3)]);
                let details = tiles.insert_pane(Pane::Details);
                row(&mut tiles, &[(prompt, side), (middle, rest(2.0 * side + 8.0)), (details, side + 8.0)])
            }
            Self::Memory => {
                let asked = [Pane::Prompt, Pane::Details].map(|pane| tiles.insert_pane(pane));
                let asked = tiles.insert_tab_tile(asked.to_vec());
                let traced =
                    [Pane::Honesty, Pane::River, Pane::MemoryMap].map(|pane| tiles.insert_pane(pane));
                let traced = tiles.insert_tab_tile(traced.to_vec());
                let [recall, cache] = [Pane::Recall, Pane::Cache].map(|pane| tiles.insert_pane(pane));
                let parts = [(recall, 0.33), (cache, 0.30), (traced, 0.37)];
                let middle = column(&mut tiles, &parts);
                row(&mut tiles, &[(asked, side), (middle, rest(side))])
            }
            Self::Teach => {
                let panes = [Pane::Walk, Pane::Flow, Pane::Heads, Pane::Head, Pane::Prompt];
                let panes = panes.map(|pane| tiles.insert_pane(pane));
                tiles.insert_tab_tile(panes.to_vec())
            }
            Self::Compare => {
                let prompt = tiles.insert_pane(Pane::Prompt);
                let heads = tiles.insert_pane(Pane::CompareHeads);
                let pair = tiles.insert_pane(Pane::SideBySide);
                let middle = column(&mut tiles, &[(heads, 0.5), (pair, 0.5)]);
                let words = tiles.insert_pane(Pane::CompareWords);
                let right = side + 60.0;
                row(&mut tiles, &[(prompt, side), (middle, rest(side + right)), (words, right)])
            }
            Self::Atlas => {
                let atlas = tiles.insert_pane(Pane::Atlas);
                let side = [Pane::Head, Pane::Heads, Pane::Prompt].map(|pane| tiles.insert_pane(pane));
                let side = tiles.insert_tab_tile(side.to_vec());
                row(&mut tiles, &[(atlas, 0.7), (side, 0.3)])
            }
            Self::Train => {
                let setup = tiles.insert_pane(Pane::TrainSetup);
                let curves = [Pane::TrainCurves, Pane::Timeline].map(|pane| tiles.insert_pane(pane));
                let curves = tiles.insert_tab_tile(curves.to_vec());
                let maps = tiles.insert_pane(Pane::TrainHeads);
                let middle = column(&mut tiles, &[(curves, 0.57), (maps, 0.43)]);
                let numbers = tiles.insert_pane(Pane::TrainNumbers);
                row(&mut tiles, &[(setup, side), (middle, rest(2.0 * side + 8.0)), (numbers, side + 8.0)])
            }
        };
        Tree::new(Id::unique("layout"), root, tiles)
    }
}

/// Panes that share the room below the maps.
const LOWER: [Pane; 6] = [Pane::Stream, Pane::Norms, Pane::Similarity, Pane::Trails, Pane::Lens, Pane::Next];

/// Windows lower than this start without the hidden states.
const LOWER_FROM: f32 = 680.0;

/// Tiles side by side, each with its share of the width.
fn row(tiles: &mut Tiles<Pane>, children: &[(TileId, f32)]) -> TileId {
    linear(tiles, LinearDir::Horizontal, children)
}

/// Tiles one below another, each with its share of the height.
fn column(tiles: &mut Tiles<Pane>, children: &[(TileId, f32)]) -> TileId {
    linear(tiles, LinearDir::Vertical, children)
}

fn linear(tiles: &mut Tiles<Pane>, dir: LinearDir, children: &[(TileId, f32)]) -> TileId {
    let mut linear = Linear::new(dir, children.iter().map(|&(tile, _)| tile).collect());
    for &(tile, share) in children {
        linear.shares.set_share(tile, share);
    }
    tiles.insert_container(linear)
}

/// The layout called `name`, as it comes with the app; one that only a user had begins as *Inspect*.
pub fn usual(name: &str, size: Vec2) -> Tree<Pane> {
    name.parse().unwrap_or(Preset::Inspect).tree(size)
}

/// Whether tiles that a file brought lie in one another as in a tree: each in one place, none within itself.
pub fn is_sound(tree: &Tree<Pane>) -> bool {
    let mut above = HashMap::new();
    for (&id, tile) in tree.tiles.iter() {
        if let Tile::Container(container) = tile {
            for &child in container.children() {
                if above.insert(child, id).is_some() {
                    return false;
                }
            }
        }
    }
    let up = |&id: &TileId| std::iter::successors(Some(id), |id| above.get(id).copied());
    tree.tiles.iter().all(|(id, _)| up(id).nth(DEEPEST).is_none())
}

/// Every layout: those of the app, then the user's own.
pub fn names(state: &State) -> Vec<String> {
    let presets: Vec<&str> = Preset::iter().map(Preset::id).collect();
    let own = state.arranged.keys().filter(|name| !presets.contains(&name.as_str())).cloned();
    presets.iter().map(|&name| name.to_owned()).chain(own).collect()
}

/// Whether it came with the app.
pub fn is_preset(name: &str) -> bool {
    name.parse::<Preset>().is_ok()
}

/// A layout's name on screen.
pub fn title(name: &str, words: &Words) -> String {
    name.parse::<Preset>().map_or_else(|_| name.to_owned(), |preset| preset.title(words).to_owned())
}

/// Whether a pane is in sight: not behind another tab, not hidden.
pub fn in_sight(tree: &Tree<Pane>, pane: Pane) -> bool {
    tree.tiles.find_pane(&pane).is_some_and(|tile| tree.active_tiles().contains(&tile))
}

/// Whether a pane is in sight in the main window: alone, or at the front of its tiles.
pub fn shows(state: &State, tree: &Tree<Pane>, pane: Pane) -> bool {
    state.maximised.map_or_else(|| in_sight(tree, pane), |alone| alone == pane)
}

/// Brings a pane to the front; puts it into the tree where it is not in it.
pub fn reveal(tree: &mut Tree<Pane>, pane: Pane) {
    let tile = tree.tiles.find_pane(&pane).unwrap_or_else(|| insert(tree, pane));
    let mut above = Some(tile);
    while let Some(id) = above {
        tree.set_visible(id, true);
        above = tree.tiles.parent_of(id);
    }
    tree.make_active(|id, _| id == tile);
}

fn insert(tree: &mut Tree<Pane>, pane: Pane) -> TileId {
    let tile = tree.tiles.insert_pane(pane);
    let beside = pane.neighbour().and_then(|other| tree.tiles.find_pane(&other));
    let beside = beside.or_else(|| largest(tree)).filter(|&other| other != tile);
    let Some(beside) = beside else {
        tree.root = Some(tile);
        return tile;
    };
    let parent = tree.tiles.parent_of(beside);
    if let Some(Tile::Container(Container::Tabs(tabs))) = parent.and_then(|id| tree.tiles.get_mut(id)) {
        tabs.add_child(tile);
        return tile;
    }
    let tabs = tree.tiles.insert_tab_tile(vec![beside, tile]);
    match parent.and_then(|id| tree.tiles.get_mut(id)) {
        Some(Tile::Container(container)) => replace(container, beside, tabs),
        _ => tree.root = Some(tabs),
    }
    tile
}

/// The pane with the most room in sight.
fn largest(tree: &Tree<Pane>) -> Option<TileId> {
    let area = |id: TileId| tree.tiles.rect(id).map_or(0.0, |rect| rect.area());
    let panes = tree.active_tiles().into_iter().filter(|id| tree.tiles.get_pane(id).is_some());
    panes.max_by(|&a, &b| area(a).total_cmp(&area(b)))
}

fn replace(container: &mut Container, old: TileId, new: TileId) {
    match container {
        Container::Linear(linear) => {
            linear.shares.replace_with(old, new);
            for child in linear.children.iter_mut().filter(|child| **child == old) {
                *child = new;
            }
        }
        Container::Tabs(tabs) => {
            for child in tabs.children.iter_mut().filter(|child| **child == old) {
                *child = new;
            }
        }
        Container::Grid(_) => {} // no layout has one
    }
}

/// Takes a pane out of the tree.
pub fn close(tree: &mut Tree<Pane>, pane: Pane) {
    if let Some(tile) = tree.tiles.find_pane(&pane) {
        tree.remove_recursively(tile);
    }
}

/// Hides or shows the tiles that hold the hidden states; tabs that hold others too stay.
pub fn toggle_lower(tree: &mut Tree<Pane>) {
    let lower: Vec<TileId> = LOWER.iter().filter_map(|pane| tree.tiles.find_pane(pane)).collect();
    let show = !LOWER.iter().any(|&pane| in_sight(tree, pane));
    for &tile in &lower {
        let parent = tree.tiles.parent_of(tile).filter(|&id| match tree.tiles.get(id) {
            Some(Tile::Container(Container::Tabs(tabs))) => tabs.children.iter().all(|c| lower.contains(c)),
            _ => false,
        });
        tree.set_visible(if show { tile } else { parent.unwrap_or(tile) }, show);
    }
    if show {
        reveal(tree, Pane::Stream);
    }
}
