//! Along the edges of the head view's map: labels that can be marked, a row and a column as bars, notes' corners.

use super::{Parts, Shown};
use crate::app::{
    command::Command,
    scene::{Out, Scene},
    theme,
    widgets::{axis, axis::Place, bars, focus},
};
use egui::{Rect, Sense, Ui, pos2, vec2};

/// Token labels along both axes. A drag or Shift and a click mark several, a click pins one.
pub(super) fn labels(ui: &Ui, scene: &Scene<'_>, shown: &Shown<'_>, parts: &Parts, out: &mut Out) {
    let place = &parts.place;
    let marks = |marked: Vec<usize>, pinned: Option<usize>, hovered: Option<usize>, n: usize| -> Vec<usize> {
        let one = hovered.into_iter().chain(pinned);
        let mut marks: Vec<usize> = one.chain(marked).filter(|&index| index < n).collect();
        marks.dedup();
        marks
    };
    let (rows, columns) = (shown.marked_rows(scene), shown.marked_columns(scene));
    let row = |token: Option<usize>| token.map(|token| shown.row_of(token));
    let column = |token: Option<usize>| token.map(|token| shown.column_of(token));
    let queries = marks(rows.clone(), row(scene.pinned_query()), row(scene.hover.query), place.cells.queries);
    let keys = marks(columns.clone(), column(scene.pinned_key()), column(scene.hover.key), place.cells.keys);
    axis::rows(ui, place, shown.rows, &queries, parts.label);
    axis::columns(ui, place, shown.columns, &keys, parts.longest, parts.column);

    let tokens = theme::tokens(ui);
    for row in place.queries().filter(|row| rows.contains(row)) {
        let (top, bottom) = (place.y(row as f32), place.y(row as f32 + 1.0));
        let bar =
            Rect::from_min_max(pos2(place.rect.left() - 5.0, top), pos2(place.rect.left() - 2.0, bottom));
        ui.painter().rect_filled(
            bar.intersect(bar.with_min_y(place.rect.top()).with_max_y(place.rect.bottom())),
            0,
            tokens.accent,
        );
    }
    for column in place.keys().filter(|column| columns.contains(column)) {
        let (left, right) = (place.x(column as f32), place.x(column as f32 + 1.0));
        let bar = Rect::from_min_max(pos2(left, place.rect.top() - 4.0), pos2(right, place.rect.top() - 1.0));
        ui.painter().rect_filled(
            bar.intersect(bar.with_min_x(place.rect.left()).with_max_x(place.rect.right())),
            0,
            tokens.accent,
        );
    }
    let left = Rect::from_min_max(
        pos2(place.rect.left() - parts.label - 8.0, place.rect.top()),
        pos2(place.rect.left() - 1.0, place.rect.bottom()),
    );
    let above = Rect::from_min_max(
        pos2(place.rect.left(), parts.above),
        pos2(place.rect.right(), place.rect.top() - 1.0),
    );
    mark(ui, scene, shown, place, left, false, out);
    mark(ui, scene, shown, place, above, true, out);
}

/// Answers the pointer on the labels of one axis.
fn mark(ui: &Ui, scene: &Scene<'_>, shown: &Shown<'_>, place: &Place, area: Rect, keys: bool, out: &mut Out) {
    let words = scene.words.map;
    let name = if keys { words.column_labels } else { words.row_labels };
    let id = ui.scope_id().with(("labels", keys, shown.second));
    let response = ui.interact(area, id, Sense::click_and_drag());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::ListBox, true, name));
    let at = |point: egui::Pos2| {
        let inside =
            if keys { pos2(point.x, place.rect.center().y) } else { pos2(place.rect.center().x, point.y) };
        let inside = inside.clamp(place.rect.min + vec2(0.5, 0.5), place.rect.max - vec2(0.5, 0.5));
        place.at(inside).map(|(query, key)| if keys { key } else { query })
    };
    let tokens_of = |cells: std::ops::Range<usize>| match shown.sight {
        Some(sight) if keys => sight.map.keys().tokens(cells),
        Some(sight) => sight.map.queries().tokens(cells),
        None => cells,
    };
    if let Some(cell) = response.hover_pos().and_then(at) {
        let token = tokens_of(cell..cell + 1).start;
        *(if keys { &mut out.hover.key } else { &mut out.hover.query }) = Some(token);
    }
    let Some(now) = response.interact_pointer_pos().and_then(at) else { return };
    let more = ui.input(|input| input.modifiers.shift || input.modifiers.command);
    let state = if keys { &scene.state.map.keys } else { &scene.state.map.queries };
    let mut marked = if more { state.clone() } else { Vec::new() };
    if response.clicked() {
        let own = tokens_of(now..now + 1);
        if more {
            let there = own.clone().all(|token| marked.contains(&token));
            marked.retain(|token| !own.contains(token));
            if !there {
                marked.extend(own);
            }
        } else {
            let token = Some(own.start);
            out.send(if keys { Command::PinKey(token) } else { Command::PinQuery(token) });
        }
    } else if response.dragged() {
        let Some(origin) = ui.input(|input| input.pointer.press_origin()).and_then(at) else { return };
        marked.extend(tokens_of(origin.min(now)..origin.max(now) + 1));
    } else {
        return;
    }
    marked.sort_unstable();
    marked.dedup();
    if marked != *state {
        out.send(Command::MarkTokens { keys, tokens: marked });
    }
}

/// The greatest of some bars, and what it is of.
fn greatest(values: &[f32], name: impl Fn(usize) -> String) -> String {
    let most = (0..values.len()).max_by(|&a, &b| values[a].total_cmp(&values[b]));
    most.map_or_else(String::new, |most| format!("{} {:.4}", name(most), values[most]))
}

/// A row's values under the map and a column's beside it: of what is marked together, else of what is shown.
pub(super) fn bars(ui: &Ui, scene: &Scene<'_>, shown: &Shown<'_>, parts: &Parts, out: &mut Out) {
    let place = &parts.place;
    let columns = shown.marked_columns(scene);
    let key = scene.shown_key().map(|key| shown.column_of(key));
    let marked = if columns.is_empty() { key.into_iter().collect() } else { columns };
    let plain =
        scene.row.filter(|_| shown.plain && scene.less().is_none() && scene.state.map.queries.is_empty());
    let row = plain.map(|row| &row.weights[..]).or_else(|| shown.known.row().map(|(_, values)| values));
    if let Some(values) = row {
        bars::row(ui, place, parts.bars, values, &marked);
        let name = scene.words.row_bars;
        // The bars answer the pointer like the columns they stand under
        let response =
            ui.interact(parts.bars, ui.scope_id().with(("row bars", shown.second)), Sense::click());
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, name));
        focus::say(&response, || greatest(values, |column| shown.column_name(column)));
        let under = response.hover_pos().map(|point| pos2(point.x, place.rect.center().y));
        if let Some((_, column)) = under.and_then(|point| place.at(point)) {
            let token = shown.sight.map_or(column, |sight| sight.map.keys().tokens(column..column + 1).start);
            out.hover.key = Some(token);
            if response.clicked() {
                out.send(Command::PinKey(Some(token)));
            }
        }
    }
    if parts.beside.width() <= 0.0 {
        return;
    }
    let Some((of, values)) = shown.known.column() else { return };
    let rows = shown.marked_rows(scene);
    let query = scene.shown_query().map(|query| shown.row_of(query));
    let marked = if rows.is_empty() { query.into_iter().collect() } else { rows };
    bars::column(ui, place, parts.beside, values, &marked);
    let words = scene.words.map;
    let response =
        ui.interact(parts.beside, ui.scope_id().with(("column bars", shown.second)), Sense::click());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, words.column_bars));
    focus::say(&response, || greatest(values, |row| shown.row_name(row)));
    let beside = response.hover_pos().map(|point| pos2(place.rect.center().x, point.y));
    if let Some((row, _)) = beside.and_then(|point| place.at(point)) {
        let token = shown.sight.map_or(row, |sight| sight.map.queries().tokens(row..row + 1).start);
        out.hover.query = Some(token);
        if response.clicked() {
            out.send(Command::PinQuery(Some(token)));
        }
    }
    let said = match of {
        [one] => (words.column_of)(&shown.column_name(*one)),
        several => (words.sum_of)(several.len()),
    };
    let value =
        query.and_then(|row| values.get(row)).map_or_else(String::new, |value| format!(" · {value:.4}"));
    response.on_hover_text(format!("{said}{value}"));
}

/// Marks the cells that have a note: a corner in the accent, its words under the pointer.
pub(super) fn notes(ui: &Ui, scene: &Scene<'_>, place: &Place) {
    let tokens = theme::tokens(ui);
    let own = scene.state.notes.iter().filter(|note| note.head == scene.state.head);
    for note in own.filter(|note| note.query < place.cells.queries && note.key < place.cells.keys) {
        let at = pos2(place.x(note.key as f32), place.y(note.query as f32));
        let cell = Rect::from_min_size(at, egui::Vec2::splat(place.cell())).intersect(place.rect);
        if !cell.is_positive() {
            continue;
        }
        let side = (cell.width() * 0.5).clamp(5.0, 12.0);
        let corner = cell.right_top();
        let points = vec![corner, corner - vec2(side, 0.0), corner + vec2(0.0, side)];
        ui.painter().add(egui::Shape::convex_polygon(points, tokens.accent, egui::Stroke::NONE));
        if ui.rect_contains_pointer(cell) {
            let id = ui.scope_id().with("note");
            egui::Tooltip::always_open(ui.ctx().clone(), ui.layer_id(), id, egui::PopupAnchor::Pointer)
                .show(|ui| ui.label(&note.text));
        }
    }
}
