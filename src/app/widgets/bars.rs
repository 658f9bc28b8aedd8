//! One row of a map as bars that stand under the map's columns.

use super::axis::Place;
use crate::app::theme;
use egui::{Rect, Ui, pos2};

/// Draws the weights of the keys in sight; the marked key in the accent. Columns thinner than a pixel share a bar.
pub fn row(ui: &Ui, place: &Place, band: Rect, weights: &[f32], marked: Option<usize>) {
    let tokens = theme::tokens(ui);
    let keys = place.keys();
    let top = keys
        .clone()
        .filter_map(|key| weights.get(key))
        .copied()
        .filter(|w| w.is_finite())
        .fold(0.0, f32::max);
    let painter = ui.painter_at(band.expand(1.0));
    painter.hline(band.x_range(), band.bottom(), egui::Stroke::new(1.0, tokens.line));
    if top <= 0.0 {
        return;
    }
    let cell = place.cell();
    let step = (1.0 / (cell * ui.pixels_per_point())).ceil().max(1.0) as usize;
    let gap = if cell > 6.0 { 1.0 } else { 0.0 };
    let bar = |from: usize, to: usize, weight: f32, color| {
        let height = (weight / top * band.height()).max(1.0);
        let (left, right) = (place.x(from as f32) + gap, place.x(to as f32) - gap);
        let rect = Rect::from_min_max(
            pos2(left, band.bottom() - height),
            pos2(right.max(left + 0.5), band.bottom()),
        );
        painter.rect_filled(rect, 0, color);
    };
    for start in keys.clone().step_by(step) {
        let end = (start + step).min(keys.end);
        let weight = weights
            .get(start..end.min(weights.len()))
            .unwrap_or_default()
            .iter()
            .copied()
            .fold(0.0, f32::max);
        if weight > 0.0 {
            bar(start, end, weight, tokens.measure);
        }
    }
    if let Some(key) = marked.filter(|key| keys.contains(key))
        && let Some(&weight) = weights.get(key)
        && weight > 0.0
    {
        bar(key, key + 1, weight, tokens.accent);
    }
}
