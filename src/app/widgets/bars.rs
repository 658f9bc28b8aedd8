//! One row of a map as bars that stand under its columns, and one column as bars beside its rows.

use super::axis::Place;
use crate::{app::theme, render::ColorMap};
use egui::{Color32, Rect, Ui, pos2};
use std::ops::Range;

/// Draws the values of the columns in sight; the marked ones in the accent. Columns thinner than a pixel share a bar.
pub fn row(ui: &Ui, place: &Place, band: Rect, values: &[f32], marked: &[usize]) {
    let painter = ui.painter_at(band.expand(1.0));
    let line = egui::Stroke::new(1.0, theme::tokens(ui).line);
    painter.hline(band.x_range(), band.bottom(), line);
    draw(ui, place.cell(), place.keys(), values, marked, |from, to, share, gap, color| {
        let height = (share * band.height()).max(1.0);
        let (left, right) = (place.x(from as f32) + gap, place.x(to as f32) - gap);
        let corner = pos2(right.max(left + 0.5), band.bottom());
        painter.rect_filled(Rect::from_min_max(pos2(left, band.bottom() - height), corner), 0, color);
    });
}

/// The same of the rows in sight: bars from the left.
pub fn column(ui: &Ui, place: &Place, band: Rect, values: &[f32], marked: &[usize]) {
    let painter = ui.painter_at(band.expand(1.0));
    let line = egui::Stroke::new(1.0, theme::tokens(ui).line);
    painter.vline(band.left(), band.y_range(), line);
    draw(ui, place.cell(), place.queries(), values, marked, |from, to, share, gap, color| {
        let width = (share * band.width()).max(1.0);
        let (top, bottom) = (place.y(from as f32) + gap, place.y(to as f32) - gap);
        let corner = pos2(band.left() + width, bottom.max(top + 0.5));
        painter.rect_filled(Rect::from_min_max(pos2(band.left(), top), corner), 0, color);
    });
}

/// Calls `bar(from, to, share of the greatest, gap, colour)` for each bar.
fn draw(
    ui: &Ui,
    cell: f32,
    shown: Range<usize>,
    values: &[f32],
    marked: &[usize],
    bar: impl Fn(usize, usize, f32, f32, Color32),
) {
    let tokens = theme::tokens(ui);
    let shown = shown.start.min(values.len())..shown.end.min(values.len());
    let farther = |far: f32, value: &f32| {
        if value.is_finite() && value.abs() > far.abs() { *value } else { far }
    };
    let top = values[shown.clone()].iter().fold(0.0, farther).abs();
    if top <= 0.0 {
        return;
    }
    let signed = ColorMap::signed(theme::shared(ui.visuals().dark_mode));
    let color = |value: f32| if value < 0.0 { theme::of_map(signed.at(0.15)) } else { tokens.measure };
    let step = (1.0 / (cell * ui.pixels_per_point())).ceil().max(1.0) as usize;
    let gap = if cell > 6.0 { 1.0 } else { 0.0 };
    for start in shown.clone().step_by(step) {
        let end = (start + step).min(shown.end);
        let value = values[start..end].iter().fold(0.0, farther);
        if value != 0.0 {
            bar(start, end, value.abs() / top, gap, color(value));
        }
    }
    for index in marked.iter().filter(|index| shown.contains(index)) {
        if values[*index] != 0.0 && values[*index].is_finite() {
            bar(*index, index + 1, values[*index].abs() / top, gap, tokens.accent);
        }
    }
}
