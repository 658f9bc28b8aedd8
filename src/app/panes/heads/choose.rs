//! How heads are chosen in the grid: clicks with keys held, a band drawn over the maps, the menu of a head.

use super::{super::interventions, grid::Grid};
use crate::{
    app::{
        command::{Command, CommandKind},
        offering::Target,
        scene::{Out, Scene},
        theme, widgets,
    },
    model::HeadId,
};
use egui::{Button, PointerButton, Pos2, Rect, Response, Stroke, StrokeKind, Ui};
use std::collections::HashSet;

/// A shorter band is a click.
const LEAST: f32 = 6.0;

/// What a click on a head does: Ctrl chooses it or lets it go, Shift chooses all between, both adds those.
pub(super) fn clicked(ui: &Ui, grid: &Grid, head: HeadId, scene: &Scene<'_>, out: &mut Out) {
    let keys = ui.input(|input| input.modifiers);
    out.send(match (keys.command, keys.shift) {
        (true, false) => Command::ToggleHead(head),
        (false, false) => Command::SelectHead(head),
        (more, true) => Command::ChooseHeads(with(scene, more, &between(grid, scene.state.head, head))),
    });
}

/// The heads from one to another, as one reads the grid.
fn between(grid: &Grid, from: HeadId, to: HeadId) -> Vec<HeadId> {
    let order: Vec<HeadId> = grid.order().collect();
    let place = |head| order.iter().position(|&own| own == head);
    match place(from).zip(place(to)) {
        Some((from, to)) => order[from.min(to)..=from.max(to)].to_vec(),
        None => vec![to],
    }
}

/// These heads, after those that were chosen before where there should be `more`.
pub(in crate::app::panes) fn with(scene: &Scene<'_>, more: bool, heads: &[HeadId]) -> Vec<HeadId> {
    let before = if more { &scene.state.chosen[..] } else { &[] };
    let known: HashSet<HeadId> = before.iter().copied().collect();
    let new = heads.iter().filter(|head| !known.contains(head));
    before.iter().chain(new).copied().collect()
}

/// A band that is drawn with the primary button, where it `may` begin; and whether it was let go in this frame.
pub(in crate::app::panes) fn drawn(ui: &Ui, response: &Response, may: bool) -> Option<(Rect, bool)> {
    let (start, end) = ui.input(|input| (input.pointer.press_origin(), input.pointer.interact_pos()));
    let (moves, ends) = (response.dragged_by(PointerButton::Primary), response.drag_stopped());
    if !moves && !ends {
        return None;
    }
    // Where the button is up again its origin is forgotten
    let kept = response.id.with("from");
    let start = ui.data_mut(|data| {
        if let Some(start) = start.filter(|_| moves && may) {
            data.insert_temp(kept, start);
        }
        if ends { data.remove_temp::<Pos2>(kept) } else { data.get_temp::<Pos2>(kept) }
    })?;
    let band = Rect::from_two_pos(start, end?);
    (band.size().max_elem() >= LEAST).then_some((band, ends))
}

/// A band that is drawn over the grid; once it is let go the heads in it are chosen, with Ctrl beside the others.
pub(super) fn band(
    ui: &Ui,
    (grid, origin): (&Grid, Pos2),
    response: &Response,
    scene: &Scene<'_>,
    out: &mut Out,
) -> Option<Rect> {
    let (band, ends) = drawn(ui, response, true)?;
    if !ends {
        return Some(band);
    }
    let places = grid.groups.iter().flat_map(|group| grid.places(group, origin, band));
    let caught: Vec<HeadId> =
        places.filter(|thumb| thumb.rect.intersects(band)).map(|thumb| thumb.head).collect();
    if !caught.is_empty() {
        let more = ui.input(|input| input.modifiers.command);
        out.send(Command::ChooseHeads(with(scene, more, &caught)));
    }
    None
}

/// Draws the band.
pub(in crate::app::panes) fn paint_band(ui: &Ui, band: Rect) {
    let tokens = theme::tokens(ui);
    let fill = tokens.accent.gamma_multiply(0.1);
    ui.painter().rect(band, 2, fill, Stroke::new(1.0, tokens.accent), StrokeKind::Inside);
}

/// What the menu of a head offers: choosing, then changes to the run.
pub(super) fn menu(ui: &mut Ui, scene: &Scene<'_>, head: HeadId, out: &mut Out) {
    let words = scene.words.choosing;
    let chosen = scene.state.chosen.contains(&head);
    let mut offer = |ui: &mut Ui, label: &str, command: Command| {
        if ui.add(Button::new(label)).clicked() {
            out.send(command);
            ui.close();
        }
    };
    offer(ui, if chosen { words.let_go } else { words.choose }, Command::ToggleHead(head));
    if let Ok(command) = scene.choose_layer(head.layer) {
        let layer = scene.trace.map_or_else(String::new, |trace| trace.spec.layer_name(head.layer));
        offer(ui, &(words.choose_layer)(&layer), command);
    }
    if let Ok(command) = scene.release() {
        offer(ui, words.let_all_go, command);
        widgets::entry(ui, CommandKind::ExportChosen, scene, out);
    }
    if scene.state.filter.is_some() {
        widgets::entry(ui, CommandKind::ChoosePassing, scene, out);
    }
    ui.separator();
    interventions::menu(ui, scene, Target::Head(head), out);
}
