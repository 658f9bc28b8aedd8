//! One token's norms through the layers: the residual stream, what attention and the MLP add to it, and the median
//! token's, so that one sees where a hidden state grows, by what, and whether that is usual.

use super::shared::layers;
use crate::{
    analysis::NormsOf,
    app::{
        hidden::Values,
        scene::Scene,
        theme,
        widgets::{self, focus},
    },
    trace::{Side, Stream, Trace, norms},
};
use egui::{Rect, Ui, vec2};
use egui_plot::{Corner, Legend, Line, Plot, PlotPoints};

/// Width of the plot, and the least that must be left for the map beside it.
const WIDTH: f32 = 300.0;
const MAP: f32 = 420.0;

/// Takes the plot's room off the right of `area` and draws it there, if the map keeps enough.
///
/// `map`: what the map beside it shows, with its medians.
pub(super) fn show(
    ui: &mut Ui,
    scene: &Scene<'_>,
    trace: &Trace,
    side: Side,
    (of, map): (NormsOf, &Values),
    area: &mut Rect,
) {
    if area.width() < WIDTH + MAP {
        return;
    }
    let (left, room) = area.split_left_right_at_x(area.right() - WIDTH);
    *area = left;
    let (words, tokens) = (scene.words, theme::tokens(ui));
    let last = trace.tokens_of(side).len().saturating_sub(1);
    let token = scene.shown_on(side).unwrap_or(last).min(last);
    let streams = trace.spec.streams_of(side);
    let name = widgets::cut(&scene.token_name(side, token), 24).into_owned();
    let own = streams.iter().filter_map(|&stream| token_norm(trace, stream, token)).enumerate();
    let own: PlotPoints<'_> = own.map(|(place, norm)| [place as f64, f64::from(norm)]).collect();
    let mut lines = vec![Line::new(name, own).color(tokens.accent).width(2.0)];
    let known = scene.added.latest().filter(|(key, _)| **key == (scene.run, side));
    for (index, (part, rows)) in known.into_iter().flat_map(|(_, parts)| parts).enumerate() {
        let points = rows.iter().filter_map(|(place, norms)| {
            let at = streams.iter().position(|stream| stream == place)?;
            // Between the stream that enters the block and the one that leaves it
            Some([at as f64 + 0.5, f64::from(*norms.get(token)?)])
        });
        let color = theme::series(scene.dark, index);
        let line = Line::new((words.hidden.norms_of)(*part), points.collect::<PlotPoints<'_>>());
        lines.push(line.color(color).width(1.5));
    }
    let shift = if of == NormsOf::Stream { 0.0 } else { 0.5 };
    let usual = map.medians.iter().enumerate();
    let usual = usual.map(|(place, &norm)| [place as f64 + shift, f64::from(norm)]);
    let usual = Line::new(words.median, usual.collect::<PlotPoints<'_>>());
    lines.push(usual.color(tokens.measure).style(egui_plot::LineStyle::dashed_loose()).width(1.5));
    let room = room.shrink2(vec2(12.0, 4.0));
    let mut ui = ui.new_child(egui::UiBuilder::new().max_rect(room));
    let response = Plot::new("norms through the layers")
        .legend(Legend::default().position(Corner::LeftTop))
        .grid_color(tokens.line)
        .grid_spacing(14.0..=120.0)
        .allow_scroll(false)
        .show_background(false)
        .custom_x_axes(vec![layers(words.layer)])
        .include_y(0.0)
        .show(&mut ui, |plot| {
            for line in lines {
                plot.line(line);
            }
        })
        .response;
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, words.norms_plot));
    focus::say(&response, || {
        let ends = [streams.first(), streams.last()].map(|stream| token_norm(trace, *stream?, token));
        let ends = ends.map(|norm| norm.map_or_else(String::new, |norm| format!("{norm:.2}")));
        format!("{} {}", scene.token_name(side, token), ends.join(" → "))
    });
}

/// Norm of one token's vector on a residual stream; none where the trace does not reach.
pub(super) fn token_norm(trace: &Trace, stream: Stream, token: usize) -> Option<f32> {
    let width = trace.spec.width;
    let vector = trace.stream(stream).get(token * width..(token + 1) * width)?;
    norms(vector, width).first().copied()
}
