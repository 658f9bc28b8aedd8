//! Curves against the steps of a training: what the panes of one in progress and of its checkpoints share.

use crate::{
    analysis::timeline::{RoleTaken, StepAxis},
    app::{
        theme::{self, BODY, SMALL},
        widgets,
        words::grouped,
    },
};
use egui::{Align2, Color32, Rect, Response, Sense, Shape, Stroke, Ui, emath, pos2, vec2};

/// Height of a curve's name with what it is; of one without that.
const NAME: f32 = 34.0;
const BARE: f32 = 17.0;
/// Room for the names beside a plot.
pub(super) const BESIDE: f32 = 124.0;

/// From steps to places across a pane.
#[derive(Clone, Copy)]
pub(super) struct Across {
    pub(super) left: f32,
    pub(super) right: f32,
    pub(super) axis: StepAxis,
}

impl Across {
    pub(super) fn x(&self, step: u64) -> f32 {
        egui::lerp(self.left..=self.right, self.axis.share(step) as f32)
    }

    pub(super) fn step(&self, x: f32) -> u64 {
        self.axis.step(f64::from(emath::remap_clamp(x, self.left..=self.right, 0.0..=1.0)))
    }
}

/// Lines across the plot, each with its value; gives the way from values to heights.
pub(super) fn grid(
    ui: &Ui,
    plot: Rect,
    name: &str,
    top: f32,
    values: &[f32],
    places: usize,
) -> impl Fn(f64) -> f32 + use<> {
    let tokens = theme::tokens(ui);
    let y = move |value: f64| emath::remap(value as f32, 0.0..=top, plot.bottom()..=plot.top());
    for &value in values {
        let at = y(f64::from(value));
        ui.painter().hline(plot.x_range(), at, Stroke::new(1.0, tokens.line));
        let text = format!("{value:.places$}");
        let place = pos2(plot.left() - 8.0, at);
        ui.painter().text(place, Align2::RIGHT_CENTER, text, theme::body(SMALL), tokens.muted);
    }
    let at = pos2(plot.left() - 8.0, plot.top() - 7.0);
    ui.painter().text(at, Align2::RIGHT_BOTTOM, name, theme::body(SMALL), tokens.muted);
    y
}

/// Even values from 0 to `top` that a loss is read by, and their decimals.
pub(super) fn loss_values(top: f32) -> (Vec<f32>, usize) {
    let every = [0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0].into_iter().find(|every| top / every <= 6.0);
    let every = every.unwrap_or(20.0);
    ((0..=(top / every) as usize).map(|i| i as f32 * every).collect(), if every < 1.0 { 2 } else { 0 })
}

/// A curve, and its name beside it.
pub(super) struct Curve<'a> {
    pub(super) name: &'a str,
    /// Below the name; empty where there is nothing to say
    pub(super) what: &'a str,
    pub(super) color: Color32,
    pub(super) width: f32,
    pub(super) dashed: bool,
    /// Whether it is the one that matters
    pub(super) strong: bool,
    pub(super) points: Vec<(u64, f64)>,
}

/// Draws a curve with a dot at the step in sight; gives the height where it ends.
pub(super) fn draw(
    ui: &Ui,
    across: Across,
    plot: Rect,
    y: &dyn Fn(f64) -> f32,
    at: Option<u64>,
    curve: &Curve<'_>,
) -> f32 {
    let painter = ui.painter_at(plot.expand2(vec2(4.0, 3.0)));
    let place = |&(step, value): &(u64, f64)| pos2(across.x(step), y(value));
    let points: Vec<_> = curve.points.iter().map(place).collect();
    let stroke = Stroke::new(curve.width, curve.color);
    if curve.dashed {
        painter.extend(Shape::dashed_line(&points, stroke, 4.0, 4.0));
    } else {
        painter.add(Shape::line(points.clone(), stroke));
    }
    let now = at.and_then(|at| curve.points.iter().rev().find(|(step, _)| *step <= at));
    if let Some(now) = now {
        painter.circle_filled(place(now), 3.5, curve.color);
    }
    points.last().map_or(plot.center().y, |point| point.y)
}

/// Names beside their curves' ends, pushed apart where they would touch.
pub(super) fn names(ui: &Ui, plot: Rect, curves: &mut [(f32, Curve<'_>)]) {
    let tokens = theme::tokens(ui);
    curves.sort_by(|a, b| a.0.total_cmp(&b.0));
    let high = |curve: &Curve<'_>| if curve.what.is_empty() { BARE } else { NAME };
    let mut below: f32 = curves.iter().map(|(_, curve)| high(curve)).sum();
    let mut least = plot.top();
    for (y, curve) in curves.iter_mut() {
        // Below the one before, and with room for those that follow
        below -= high(curve);
        let most = plot.bottom() - 12.0 - below;
        let at = y.min(most).max(least);
        least = at + high(curve);
        if at > plot.bottom() {
            break; // there is no room for it, nor for those that follow
        }
        let left = plot.right() + 10.0;
        let stroke = Stroke::new(curve.width, curve.color);
        let line = [pos2(left, at), pos2(left + 18.0, at)];
        if curve.dashed {
            ui.painter().extend(Shape::dashed_line(&line, stroke, 4.0, 3.0));
        } else {
            ui.painter().line_segment(line, stroke);
        }
        let font = if curve.strong { theme::strong(12.0) } else { theme::body(12.0) };
        let color = if curve.strong { tokens.text } else { tokens.muted };
        let name = widgets::short(ui, curve.name, font, BESIDE - 40.0, color);
        ui.painter().galley(pos2(left + 25.0, at - 8.0), name, color);
        if !curve.what.is_empty() {
            let what = widgets::short(ui, curve.what, theme::body(SMALL), BESIDE - 40.0, tokens.muted);
            ui.painter().galley(pos2(left + 25.0, at + 8.0), what, tokens.muted);
        }
    }
}

/// The band in which the induction head formed, named where there is room above it.
pub(super) fn phase(ui: &Ui, across: Across, plot: Rect, change: Option<(u64, u64)>, name: &str) {
    let Some((from, to)) = change else { return };
    let tokens = theme::tokens(ui);
    let (left, right) = (across.x(from), across.x(to).max(across.x(from) + 2.0));
    let band = Rect::from_x_y_ranges(left..=right, plot.y_range());
    ui.painter().rect_filled(band, 0, tokens.raised);
    let galley = widgets::short(ui, name, theme::body(SMALL), 240.0, tokens.text);
    let half = galley.size().x / 2.0;
    let x = band.center().x.clamp(plot.left() + half, (plot.right() - half).max(plot.left() + half));
    let at = Align2::CENTER_BOTTOM.anchor_size(pos2(x, plot.top() - 3.0), galley.size());
    ui.painter().galley(at.min, galley, tokens.text);
}

/// A head with the role that it took, and a line from there to the last step.
pub(super) fn role_row(
    ui: &mut Ui,
    taken: &RoleTaken,
    (role, name): (&str, &str),
    axis: StepAxis,
    selected: bool,
) -> Response {
    let tokens = theme::tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 20.0), Sense::click());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, name));
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(
            rect.expand2(vec2(4.0, 0.0)),
            4,
            theme::mix(tokens.panel, tokens.raised, 0.7),
        );
    }
    let color = if selected { tokens.accent_text } else { tokens.text };
    let painter = ui.painter();
    let middle = rect.center().y;
    let at = |x: f32| pos2(rect.left() + x, middle);
    painter.text(at(0.0), Align2::LEFT_CENTER, taken.head.to_string(), theme::mono(12.0), color);
    let galley = widgets::short(ui, role, theme::body(BODY), 78.0, tokens.muted);
    let place = Align2::LEFT_CENTER.anchor_size(at(40.0), galley.size());
    painter.galley(place.min, galley, tokens.muted);
    let step = grouped(taken.step);
    painter.text(rect.right_center(), Align2::RIGHT_CENTER, step, theme::body(BODY), tokens.muted);
    let (left, right) = (rect.left() + 124.0, rect.right() - 56.0);
    if right - left > 20.0 {
        painter.hline(left..=right, middle, Stroke::new(1.0, tokens.line));
        let x = egui::lerp(left..=right, axis.share(taken.step) as f32);
        let mark = if selected { tokens.accent } else { tokens.measure };
        painter.hline(x..=right, middle, Stroke::new(2.0, mark));
        painter.circle_filled(pos2(x, middle), 4.0, mark);
    }
    response
}
