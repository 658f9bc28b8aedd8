//! A layout in a window too small for it: columns go behind others as tabs until each can be used.
//!
//! The layout itself stays as it is, for when the window grows again; what the user does to the folded one is kept
//! apart (`State::folded`).

use super::{
    layout::Pane,
    theme::{BARS, HEADER},
};
use egui::{Vec2, vec2};
use egui_tiles::{Container, Linear, LinearDir, Tabs, Tile, TileId, Tiles, Tree};

/// Least width of a pane of words, in points.
const WORDS: f32 = 230.0;
/// Least width of any other pane.
const COLUMN: f32 = 250.0;
/// Least height of a pane, its header included; with less, and less than so much for each on average, they are tabs.
const ROW: f32 = 150.0;
const ROOMY: f32 = 210.0;

/// The tree as it fits a window of this size, and whether something had to be folded for that.
pub fn fitted(tree: &Tree<Pane>, window: Vec2) -> (Tree<Pane>, bool) {
    let mut fitted = tree.clone();
    let Some(root) = fitted.root else { return (fitted, false) };
    let folded = fold(&mut fitted.tiles, root, window - vec2(0.0, BARS));
    (fitted, folded)
}

/// What tells folded trees of one layout apart that are folded more and less: how many tiles still lie beside others.
pub fn form(tree: &Tree<Pane>) -> usize {
    let linear = |tile: &&Tile<Pane>| matches!(tile, Tile::Container(Container::Linear(_)));
    tree.tiles.tiles().filter(linear).count()
}

/// Fits what lies below a tile that has this room. True where something was folded.
fn fold(tiles: &mut Tiles<Pane>, tile: TileId, room: Vec2) -> bool {
    match tiles.get(tile) {
        Some(Tile::Container(Container::Linear(linear))) => {
            let linear = linear.clone();
            match linear.dir {
                LinearDir::Horizontal => columns(tiles, tile, linear, room),
                LinearDir::Vertical => rows(tiles, tile, &linear, room),
            }
        }
        Some(Tile::Container(Container::Tabs(tabs))) => {
            let room = room - vec2(0.0, HEADER);
            tabs.children.clone().into_iter().fold(false, |any, child| fold(tiles, child, room) | any)
        }
        _ => false,
    }
}

/// Tiles side by side: narrow ones take from wide ones; where that is not enough the last goes behind the first; two
/// that have no room beside each other are tabs.
fn columns(tiles: &mut Tiles<Pane>, tile: TileId, mut linear: Linear, room: Vec2) -> bool {
    let (mut shown, hidden): (Vec<TileId>, Vec<TileId>) =
        linear.children.iter().partition(|&&child| tiles.is_visible(child));
    let mut widths = linear.shares.split(&shown, room.x);
    let (mut moved, mut any) = (false, false);
    loop {
        // Three give way to two while what lies side by side within one of them cannot stay so
        let least: Vec<f32> = shown.iter().map(|&child| least_width(tiles, child, shown.len() > 2)).collect();
        if widths.iter().zip(&least).all(|(width, least)| width >= least) {
            break;
        }
        moved = true;
        if least.iter().sum::<f32>() <= room.x {
            lift(&mut widths, &least, room.x);
            break;
        }
        any = true;
        if shown.len() < 3 {
            return into_tabs(tiles, tile, &linear.children, widest(&shown, &widths), room);
        }
        let (Some(last), Some(width)) = (shown.pop(), widths.pop()) else { break };
        shown[0] = behind(tiles, shown[0], last);
        let first = widths[0].max(width).max(least_width(tiles, shown[0], false));
        let scale = (room.x - first) / widths[1..].iter().sum::<f32>().max(1.0);
        widths[1..].iter_mut().for_each(|width| *width *= scale);
        widths[0] = first;
        linear.children = shown.iter().chain(&hidden).copied().collect();
    }
    if moved {
        put(tiles, tile, linear, &shown, &widths);
    }
    for (&child, &width) in shown.iter().zip(&widths) {
        any |= fold(tiles, child, vec2(width, room.y));
    }
    any
}

/// Tiles one below another, hidden ones counted: low ones take from high ones, or all are tabs.
fn rows(tiles: &mut Tiles<Pane>, tile: TileId, linear: &Linear, room: Vec2) -> bool {
    let all = linear.children.clone();
    let mut heights = linear.shares.split(&all, room.y);
    if all.len() > 1 && heights.iter().any(|&height| height < ROW) {
        if all.len() as f32 * ROOMY > room.y {
            return into_tabs(tiles, tile, &all, widest(&all, &heights), room);
        }
        lift(&mut heights, &vec![ROW; all.len()], room.y);
        put(tiles, tile, linear.clone(), &all, &heights);
    }
    let Some(Tile::Container(Container::Linear(linear))) = tiles.get(tile) else { return false };
    let shown: Vec<TileId> = all.into_iter().filter(|&child| tiles.is_visible(child)).collect();
    let heights = linear.shares.split(&shown, room.y);
    shown
        .into_iter()
        .zip(heights)
        .fold(false, |any, (child, height)| fold(tiles, child, vec2(room.x, height)) | any)
}

/// Gives every tile its least size; the others give up of what they have beyond theirs.
fn lift(sizes: &mut [f32], least: &[f32], room: f32) {
    sizes.iter_mut().zip(least).for_each(|(size, &least)| *size = size.max(least));
    let spare: f32 = sizes.iter().zip(least).map(|(size, least)| size - least).sum();
    let share = (sizes.iter().sum::<f32>() - room) / spare.max(f32::MIN_POSITIVE);
    sizes.iter_mut().zip(least).for_each(|(size, least)| *size -= (*size - least) * share);
}

/// Puts a container back with these sizes of what is shown in it.
fn put(tiles: &mut Tiles<Pane>, tile: TileId, mut linear: Linear, shown: &[TileId], sizes: &[f32]) {
    let children = linear.children.clone();
    linear.shares.retain(|child| children.contains(&child));
    shown.iter().zip(sizes).for_each(|(&child, &size)| linear.shares.set_share(child, size));
    tiles.insert(tile, Tile::Container(Container::Linear(linear)));
}

/// Puts tabs in the place of a container, with `front` in front; tabs within tabs are laid open.
fn into_tabs(
    tiles: &mut Tiles<Pane>,
    tile: TileId,
    children: &[TileId],
    front: Option<TileId>,
    room: Vec2,
) -> bool {
    let (mut all, mut active) = (Vec::new(), front);
    for &child in children {
        fold(tiles, child, room - vec2(0.0, HEADER));
        tiles.set_visible(child, true);
        match tiles.get(child) {
            Some(Tile::Container(Container::Tabs(tabs))) => {
                if front == Some(child) {
                    active = tabs.active.or(tabs.children.first().copied());
                }
                all.extend(tabs.children.iter().copied());
                tiles.remove(child);
            }
            _ => all.push(child),
        }
    }
    let mut tabs = Tabs::new(all);
    tabs.active = active.or(tabs.active);
    tiles.insert(tile, Tile::Container(Container::Tabs(tabs)));
    true
}

/// A tile with another behind it, as tabs.
fn behind(tiles: &mut Tiles<Pane>, front: TileId, back: TileId) -> TileId {
    let open = |tiles: &mut Tiles<Pane>, tile: TileId| match tiles.get(tile) {
        Some(Tile::Container(Container::Tabs(tabs))) => {
            let (children, active) = (tabs.children.clone(), tabs.active);
            tiles.remove(tile);
            (children, active)
        }
        _ => (vec![tile], Some(tile)),
    };
    let (mut children, active) = open(tiles, front);
    children.extend(open(tiles, back).0);
    let mut tabs = Tabs::new(children);
    tabs.active = active.or(tabs.active);
    tiles.insert_container(Container::Tabs(tabs))
}

fn widest(shown: &[TileId], sizes: &[f32]) -> Option<TileId> {
    shown.iter().zip(sizes).max_by(|a, b| a.1.total_cmp(b.1)).map(|(&child, _)| child)
}

/// The width that what lies below a tile needs at least: its columns `across` the room, or behind one another.
fn least_width(tiles: &Tiles<Pane>, tile: TileId, across: bool) -> f32 {
    match tiles.get(tile) {
        Some(Tile::Pane(pane)) if pane.is_plain() => WORDS,
        Some(Tile::Container(container)) => {
            let all = container.children().filter(|&&child| tiles.is_visible(child));
            let widths = all.map(|&child| least_width(tiles, child, across));
            match container {
                Container::Linear(linear) if across && linear.dir == LinearDir::Horizontal => widths.sum(),
                _ => widths.fold(COLUMN, f32::max),
            }
        }
        _ => COLUMN,
    }
}
