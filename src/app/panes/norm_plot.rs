//! One token's norm through the layers beside the median token's: where a hidden state grows, and whether it is usual.

use crate::app::{scene::Scene, theme};
use egui::{Rect, Ui, vec2};
use egui_plot::{Corner, Legend, Line, Plot, PlotPoints};

/// Width of the plot, and the least that must be left for the map beside it.
const WIDTH: f32 = 300.0;
const MAP: f32 = 420.0;

/// Takes the plot's room off the right of `area` and draws it there, if the map keeps enough.
///
/// `norms`: [layers + 1, token], as the map beside it shows them.
pub(super) fn show(ui: &mut Ui, scene: &Scene<'_>, norms: &[f32], n_tokens: usize, area: &mut Rect) {
    if area.width() < WIDTH + MAP || n_tokens == 0 {
        return;
    }
    let (map, room) = area.split_left_right_at_x(area.right() - WIDTH);
    *area = map;
    let (words, tokens) = (scene.words, theme::tokens(ui));
    let token = scene.shown_query().unwrap_or(n_tokens - 1).min(n_tokens - 1);
    let line = |value: &dyn Fn(&[f32]) -> f32| -> PlotPoints<'static> {
        let layers = norms.chunks_exact(n_tokens).enumerate();
        layers.map(|(layer, norms)| [layer as f64, f64::from(value(norms))]).collect()
    };
    let own = Line::new(scene.token_name(token), line(&|norms| norms[token])).color(tokens.accent).width(2.0);
    let usual = Line::new(words.median, line(&median)).color(tokens.measure).width(1.5);
    let room = room.shrink2(vec2(12.0, 4.0));
    let mut ui = ui.new_child(egui::UiBuilder::new().max_rect(room));
    let response = Plot::new("norms through the layers")
        .legend(Legend::default().position(Corner::LeftTop))
        .grid_color(tokens.line)
        .grid_spacing(24.0..=120.0)
        .allow_scroll(false)
        .show_background(false)
        .x_axis_label(words.layer)
        .include_y(0.0)
        .show(&mut ui, |plot| {
            plot.line(usual);
            plot.line(own);
        })
        .response;
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, words.norms_plot));
}

/// The middle one (of an even count, the upper of the two).
fn median(norms: &[f32]) -> f32 {
    let mut sorted = norms.to_vec();
    let middle = sorted.len() / 2;
    *sorted.select_nth_unstable_by(middle, f32::total_cmp).1
}
