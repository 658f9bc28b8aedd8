//! A score by head dimension: a bar each, above or below zero.

use crate::{
    analysis::Why,
    app::{
        reasons::Bars,
        scene::Scene,
        theme::{self, SMALL},
        widgets::focus,
    },
    render::{ColorMap, Scale, Shader, ValueRange},
};
use egui::{Align2, Rect, Sense, Stroke, Ui, pos2, vec2};

/// Height of the bars.
const HEIGHT: f32 = 112.0;
/// Room for the scale's numbers.
const LABEL: f32 = 40.0;
/// Numbers below the bars at most.
const TICKS: usize = 9;

/// Draws the bars.
pub(super) fn show(ui: &mut Ui, scene: &Scene<'_>, why: &Why, kind: Bars) {
    let (words, tokens) = (scene.words.why, theme::tokens(ui));
    let mut order: Vec<usize> = (0..why.dimensions.len()).collect();
    let values: Vec<f64> = match kind {
        Bars::InOrder => why.dimensions.clone(),
        Bars::BySize => {
            order.sort_by(|&a, &b| why.dimensions[b].abs().total_cmp(&why.dimensions[a].abs()));
            order.iter().map(|&dim| why.dimensions[dim]).collect()
        }
        Bars::Pairs => {
            order.truncate(why.pairs.len());
            why.pairs.iter().map(|pair| pair.value).collect()
        }
    };
    let named = |index: usize| match kind {
        Bars::Pairs => {
            let pair = why.pairs[index];
            (words.pair)(pair.dims[0], pair.dims[1], pair.frequency, pair.value)
        }
        _ => (words.dimension)(order[index], values[index]),
    };
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), HEIGHT + 18.0), Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, words.bars));
    let plot = Rect::from_min_max(rect.min + vec2(LABEL, 14.0), pos2(rect.right(), rect.top() + HEIGHT));
    let (high, low) = values.iter().fold((0.0_f64, 0.0_f64), |(high, low), &x| (high.max(x), low.min(x)));
    let most = high.max(-low);
    if most <= 0.0 || values.is_empty() {
        return;
    }
    let y = |value: f64| egui::remap(value as f32, low as f32..=high as f32, plot.bottom()..=plot.top());
    let font = theme::body(SMALL);
    let put = |at, align, text: String, color| ui.painter().text(at, align, text, font.clone(), color);
    for tick in [high, 0.0, low] {
        // One at the edge of another would run into it
        if tick == 0.0 || (y(tick) - y(0.0)).abs() > 13.0 {
            let text = format!("{tick:.2}").replace('-', "−");
            put(pos2(plot.left() - 8.0, y(tick)), Align2::RIGHT_CENTER, text, tokens.muted);
            ui.painter().hline(plot.x_range(), y(tick), Stroke::new(1.0, tokens.line));
        }
    }
    let range = ValueRange { low: -(most as f32), high: most as f32 };
    let shader = Shader::new(ColorMap::signed(theme::shared(scene.dark)), Scale::Linear, range);
    let pitch = plot.width() / values.len() as f32;
    let gap = if pitch > 5.0 { 1.0 } else { 0.0 };
    let mut mesh = egui::Mesh::default();
    for (index, &value) in values.iter().enumerate() {
        let left = plot.left() + pitch * index as f32;
        let (top, bottom) = (y(value.max(0.0)), y(value.min(0.0)));
        let bar = Rect::from_min_max(pos2(left + gap, top), pos2(left + pitch - gap, bottom.max(top + 0.5)));
        // Half way to the end of the map at least: a bar at the floor would not be seen
        let seen = value.signum() * (value.abs() * 0.6 + most * 0.4);
        mesh.add_colored_rect(bar, theme::of_map(shader.color(seen as f32)));
    }
    ui.painter().add(mesh);
    let step = values.len().div_ceil(TICKS).max(1);
    for index in (0..values.len()).step_by(step) {
        let x = plot.left() + pitch * (index as f32 + 0.5);
        let text = if kind == Bars::Pairs { index } else { order[index] }.to_string();
        put(pos2(x, rect.bottom() - 6.0), Align2::CENTER_CENTER, text, tokens.muted);
    }
    let largest = (0..values.len()).max_by(|&a, &b| values[a].abs().total_cmp(&values[b].abs()));
    let pointed = response
        .hover_pos()
        .filter(|at| at.x >= plot.left())
        .map(|at| (((at.x - plot.left()) / pitch) as usize).min(values.len() - 1));
    focus::say(&response, || pointed.or(largest).map_or_else(String::new, named));
    if let Some(index) = pointed.or(largest) {
        let x = plot.left() + pitch * (index as f32 + 0.5);
        let color = if pointed.is_some() { tokens.text } else { tokens.muted };
        let text = named(index);
        let width = text.chars().count() as f32 * 3.2;
        let x = x.clamp(plot.left() + width, (plot.right() - width).max(plot.left() + width));
        put(pos2(x, rect.top() + 5.0), Align2::CENTER_CENTER, text, color);
        if pointed.is_some() {
            let band = Rect::from_min_max(
                pos2(plot.left() + pitch * index as f32, plot.top()),
                pos2(plot.left() + pitch * (index + 1) as f32, plot.bottom()),
            );
            ui.painter().rect_filled(band, 0, tokens.dim.gamma_multiply(0.2));
        }
    }
}
