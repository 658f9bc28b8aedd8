//! Each token's way through the layers, on the two directions along which the states differ most.

use crate::{
    analysis::Trails,
    app::{
        command::Command,
        scene::{Out, Scene},
        theme::{self, SMALL},
        widgets::{self, focus},
    },
    trace::Side,
};
use egui::{RichText, Ui};
use egui_plot::{Line, Plot, PlotPoint, PlotPoints, Points, Text};

/// Tokens beyond which only the shown one's way is drawn, and every end.
const MANY: usize = 300;

/// Characters of a token that stand beside its end, at most.
const NAME: usize = 24;
/// Lower than this, the upright axis has no room for its name.
const TALL: f32 = 260.0;

/// Draws the pane.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let words = &scene.words.states;
    widgets::header(ui, words.trails, words.trails_sub, |ui| {
        let mut apart = scene.state.sink_apart;
        let response = widgets::checkbox::show(ui, &mut apart, words.without_first);
        if response.on_hover_text(words.without_first_why).changed() {
            out.send(Command::SetSinkApart(apart));
        }
    });
    match scene.trails.latest() {
        Some((_, trails)) => plot(ui, scene, trails, out),
        None => widgets::empty(ui, scene.words.waiting, ""),
    }
}

fn plot(ui: &mut Ui, scene: &Scene<'_>, trails: &Trails, out: &mut Out) {
    let (words, tokens) = (&scene.words.states, theme::tokens(ui));
    let side = Side::Target;
    let n = trails.points.first().map_or(0, Vec::len);
    let first = usize::from(scene.state.sink_apart && n > 1);
    let shown = scene.shown_on(side).filter(|&token| token < n);
    let way = |token: usize| trails.points.iter().filter_map(move |layer| layer.get(token).copied());
    let [x, y] = [0, 1].map(|axis| (words.component)(axis + 1, trails.share[axis]));
    let room = ui.available_rect_before_wrap().shrink2(egui::vec2(12.0, 4.0));
    let mut inner = ui.new_child(egui::UiBuilder::new().max_rect(room));
    let plot = Plot::new("trails")
        .grid_color(tokens.line)
        .show_background(false)
        .allow_scroll(false)
        .x_axis_label(x)
        // Room for its numbers in the first frame, too, before the plot knows them
        .y_axis_min_width(44.0)
        .y_axis_label(if room.height() > TALL { y } else { String::new() })
        .label_formatter(|_| None);
    let response = plot.show(&mut inner, |plot| {
        for token in (first..n).filter(|_| n <= MANY) {
            let line: PlotPoints<'_> = way(token).collect();
            plot.line(Line::new("", line).color(tokens.dim.gamma_multiply(0.45)).width(1.0));
        }
        let ends: Vec<[f64; 2]> = (first..n).filter_map(|token| way(token).next_back()).collect();
        plot.points(Points::new("", ends).color(tokens.measure).radius(2.5));
        for token in (first..n).filter(|&token| n <= 60 || shown == Some(token)) {
            if let Some(end) = way(token).next_back() {
                let on = shown == Some(token);
                let color = if on { tokens.accent_text } else { tokens.muted };
                let text =
                    RichText::new(format!(" {}", widgets::cut(scene.labels_of(side).get(token), NAME)));
                let text = text.font(theme::mono(SMALL)).color(color);
                plot.text(Text::new("", PlotPoint::from(end), text).anchor(egui::Align2::LEFT_CENTER));
            }
        }
        if let Some(token) = shown.filter(|&token| token >= first) {
            let line: PlotPoints<'_> = way(token).collect();
            plot.line(Line::new("", line).color(tokens.accent).width(2.0));
            let dots: PlotPoints<'_> = way(token).collect();
            plot.points(Points::new("", dots).color(tokens.accent).radius(3.5));
            // Where it is at the selected place of the residual stream
            let here = scene.trace.zip(scene.stream()).and_then(|(trace, stream)| {
                trace.spec.streams_of(side).iter().position(|&own| own == stream)
            });
            let here: Vec<[f64; 2]> = here.and_then(|layer| way(token).nth(layer)).into_iter().collect();
            plot.points(Points::new("", here).color(tokens.accent).radius(7.0).filled(false));
        }
        plot.pointer_coordinate().map(|point| (point, plot.transform().dpos_dvalue()))
    });
    let name = words.trails;
    response.response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, name));
    focus::say(&response.response, || {
        let here = shown.and_then(|token| Some((token, way(token).next_back()?)));
        here.map_or_else(String::new, |(token, [x, y])| {
            format!("{} {x:.2}, {y:.2}", scene.token_name(side, token))
        })
    });
    let near = response.inner.and_then(|(point, [dx, dy])| {
        let far = |token: &usize| {
            let end = way(*token).next_back().unwrap_or_default();
            ((end[0] - point.x) * dx).powi(2) + ((end[1] - point.y) * dy).powi(2)
        };
        let nearest = (first..n).min_by(|a, b| far(a).total_cmp(&far(b)))?;
        (far(&nearest) < 400.0).then_some(nearest)
    });
    if let Some(token) = near.filter(|_| response.response.hovered()) {
        out.hover = scene.pointed(side, token).rows_only();
        if response.response.clicked() {
            out.commands.extend(scene.pin(side, token));
        }
    }
    ui.allocate_rect(room, egui::Sense::hover());
}
