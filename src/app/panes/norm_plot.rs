//! One token's norm through the layers beside the median token's: where a hidden state grows, and whether it is usual.

use crate::{
    app::{scene::Scene, theme, widgets},
    trace::{Side, Stream, Trace, norms},
};
use egui::{Rect, Ui, vec2};
use egui_plot::{Corner, Legend, Line, Plot, PlotPoints};

/// Width of the plot, and the least that must be left for the map beside it.
const WIDTH: f32 = 300.0;
const MAP: f32 = 420.0;

/// Takes the plot's room off the right of `area` and draws it there, if the map keeps enough.
///
/// `medians`: the median norm at each place of that text's stream.
pub(super) fn show(
    ui: &mut Ui,
    scene: &Scene<'_>,
    trace: &Trace,
    side: Side,
    medians: &[f32],
    area: &mut Rect,
) {
    if area.width() < WIDTH + MAP {
        return;
    }
    let (map, room) = area.split_left_right_at_x(area.right() - WIDTH);
    *area = map;
    let (words, tokens) = (scene.words, theme::tokens(ui));
    let last = trace.tokens_of(side).len().saturating_sub(1);
    let token = scene.shown_on(side).unwrap_or(last).min(last);
    let line = |(layer, norm): (usize, f32)| [layer as f64, f64::from(norm)];
    let streams = trace.spec.streams_of(side).into_iter();
    let own = streams.filter_map(|stream| token_norm(trace, stream, token)).enumerate().map(line);
    let own = Line::new(widgets::cut(&scene.token_name(side, token), 24), own.collect::<PlotPoints<'_>>())
        .color(tokens.accent)
        .width(2.0);
    let usual = medians.iter().copied().enumerate().map(line).collect::<PlotPoints<'_>>();
    let usual = Line::new(words.median, usual).color(tokens.measure).width(1.5);
    let room = room.shrink2(vec2(12.0, 4.0));
    let mut ui = ui.new_child(egui::UiBuilder::new().max_rect(room));
    let response = Plot::new("norms through the layers")
        .legend(Legend::default().position(Corner::LeftTop))
        .grid_color(tokens.line)
        .grid_spacing(14.0..=120.0)
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

/// Norm of one token's vector on a residual stream; none where the trace does not reach.
pub(super) fn token_norm(trace: &Trace, stream: Stream, token: usize) -> Option<f32> {
    let width = trace.spec.width;
    let vector = trace.stream(stream).get(token * width..(token + 1) * width)?;
    norms(vector, width).first().copied()
}
