//! The training against its steps: loss, scores and timeline share one axis, and one line crosses all three.

use super::train_timeline;
use crate::{
    app::{
        command::CommandKind,
        scene::{Out, Scene},
        theme::{self, SMALL, Tokens},
        widgets,
        words::size,
    },
    engine::Report,
};
use egui::{Align2, Color32, Rect, Sense, Shape, Stroke, Ui, emath, pos2, vec2};

const LEFT: f32 = 48.0;
const RIGHT: f32 = 124.0;
const TIMELINE: f32 = 78.0;
/// Height of a curve's name with what it is.
const NAME: f32 = 34.0;
/// How far above the loss that is trained on the plot reaches, for the sake of the other.
const HEADROOM: f64 = 1.25;
/// Narrower than this, and the names of the curves stand in the plot.
const WIDE: f32 = 520.0;

/// From steps to places across the pane.
#[derive(Clone, Copy)]
pub(super) struct Across {
    pub(super) left: f32,
    pub(super) right: f32,
    pub(super) last: u64,
}

impl Across {
    pub(super) fn x(&self, step: u64) -> f32 {
        emath::remap(step as f32, 0.0..=self.last as f32, self.left..=self.right)
    }
    pub(super) fn step(&self, x: f32) -> u64 {
        emath::remap_clamp(x, self.left..=self.right, 0.0..=self.last as f32).round() as u64
    }
}

/// Draws the pane.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let (words, live) = (scene.words.train, scene.live);
    let last = live.reports.last();
    let state = match last {
        None => String::new(),
        Some(report) => {
            let rate = if report.seconds > 0.0 { report.steps as f64 / report.seconds } else { 0.0 };
            let doing = if live.running { words.training } else { words.paused };
            let pace = (words.pace)(rate, report.seconds, live.moments.len(), &size(live.bytes() as u64));
            format!("{doing} · {pace}")
        }
    };
    widgets::header(ui, words.curves, &state, |ui| controls(ui, scene, out));
    let Some(last) = last else {
        return widgets::empty(ui, words.begin, words.begin_sub);
    };
    let room = ui.available_rect_before_wrap().shrink2(vec2(8.0, 4.0));
    ui.allocate_rect(room, Sense::hover());
    let beside = room.width() > WIDE;
    let right = room.right() - if beside { RIGHT } else { 12.0 };
    let across = Across { left: room.left() + LEFT, right, last: end_of_axis(last.steps) };
    let (above, timeline) = room.split_top_bottom_at_y(room.bottom() - TIMELINE);
    if above.height() > 90.0 {
        let gap = 34.0;
        let height = above.height() - 20.0 - gap - 14.0;
        let top = above.top() + 20.0;
        let loss = Rect::from_x_y_ranges(across.left..=across.right, top..=top + height * 0.6);
        let from = loss.bottom() + gap;
        let score = Rect::from_x_y_ranges(across.left..=across.right, from..=from + height * 0.4);
        phase(ui, scene, across, (loss, score));
        losses(ui, scene, across, loss, beside);
        scores(ui, scene, across, score, beside);
        let response = ui.interact(loss.union(score), ui.scope_id().with("plot"), Sense::click_and_drag());
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, words.plot));
        train_timeline::follow(ui, &response, scene, across, out);
    }
    train_timeline::show(ui, scene, across, timeline, beside, out);
    let step = live.shown().map_or(last.steps, |(report, _)| report.steps);
    let x = across.x(step);
    let y = above.top() + 12.0..=timeline.top() + 34.0;
    ui.painter().vline(x, y, Stroke::new(1.5, theme::tokens(ui).accent));
}

fn controls(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let (words, live) = (scene.words.train, scene.live);
    let run = match (live.running, live.reports.is_empty()) {
        (true, _) => words.pause,
        (false, true) => words.start,
        (false, false) => words.go_on,
    };
    let send = |ui: &mut Ui, kind: CommandKind, button: egui::Button<'_>, why: &str, out: &mut Out| {
        let aim = kind.aim(scene);
        let response = ui.add_enabled(aim.is_ok(), button).on_hover_text(why);
        if let (true, Ok(command)) = (response.clicked(), aim) {
            out.send(command);
        }
    };
    let why = |kind: CommandKind| (scene.words.command)(kind).1;
    let step = widgets::outlined(ui, words.step);
    send(ui, CommandKind::TrainStep, step, why(CommandKind::TrainStep), out);
    let primary = widgets::primary(ui, run).min_size(vec2(72.0, 0.0));
    send(ui, CommandKind::TrainRun, primary, why(CommandKind::TrainRun), out);
    let rewind = widgets::outlined(ui, words.rewind);
    send(ui, CommandKind::TrainRewind, rewind, words.rewind_why, out);
}

/// Where the axis ends: a round number with room behind the last step.
fn end_of_axis(last: u64) -> u64 {
    let least = (last as f64 * 1.12).max(200.0);
    let decade = 10_f64.powf(least.log10().floor());
    let round = [1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0];
    round.iter().map(|share| share * decade).find(|&end| end >= least).unwrap_or(least) as u64
}

/// The band in which the induction head formed.
fn phase(ui: &Ui, scene: &Scene<'_>, across: Across, (loss, score): (Rect, Rect)) {
    let Some((from, to)) = scene.live.change else { return };
    let tokens = theme::tokens(ui);
    let (left, right) = (across.x(from), across.x(to).max(across.x(from) + 2.0));
    let band = Rect::from_x_y_ranges(left..=right, loss.top()..=score.bottom());
    ui.painter().rect_filled(band, 0, tokens.raised);
    let text = (scene.words.train.phase)(from, to);
    let galley = widgets::short(ui, &text, theme::body(SMALL), 240.0, tokens.text);
    let half = galley.size().x / 2.0;
    let x = band.center().x.clamp(loss.left() + half, (loss.right() - half).max(loss.left() + half));
    let at = Align2::CENTER_BOTTOM.anchor_size(pos2(x, loss.top() - 3.0), galley.size());
    ui.painter().galley(at.min, galley, tokens.text);
}

/// Lines across the plot, each with its value; gives the way from values to heights.
fn grid(ui: &Ui, plot: Rect, name: &str, top: f32, values: &[f32], places: usize) -> impl Fn(f64) -> f32 {
    let tokens = theme::tokens(ui);
    let y = move |value: f64| emath::remap(value as f32, 0.0..=top, plot.bottom()..=plot.top());
    for &value in values {
        let at = y(f64::from(value));
        ui.painter().hline(plot.x_range(), at, Stroke::new(1.0, tokens.line));
        let text = format!("{value:.places$}");
        ui.painter().text(
            pos2(plot.left() - 8.0, at),
            Align2::RIGHT_CENTER,
            text,
            theme::body(SMALL),
            tokens.muted,
        );
    }
    let at = pos2(plot.left() - 8.0, plot.top() - 7.0);
    ui.painter().text(at, Align2::RIGHT_BOTTOM, name, theme::body(SMALL), tokens.muted);
    y
}

/// A curve, its last value as a dot, and its name beside it.
struct Curve<'a> {
    name: &'a str,
    what: &'a str,
    color: Color32,
    width: f32,
    dashed: bool,
    /// Whether it is the one that matters
    strong: bool,
    value: &'a dyn Fn(&Report) -> Option<f64>,
}

fn draw(
    ui: &Ui,
    scene: &Scene<'_>,
    across: Across,
    plot: Rect,
    y: &dyn Fn(f64) -> f32,
    curve: &Curve<'_>,
) -> f32 {
    let painter = ui.painter_at(plot.expand2(vec2(4.0, 3.0)));
    let point = |report: &Report| Some(pos2(across.x(report.steps), y((curve.value)(report)?)));
    let points: Vec<_> = scene.live.reports.iter().filter_map(point).collect();
    let stroke = Stroke::new(curve.width, curve.color);
    if curve.dashed {
        painter.extend(Shape::dashed_line(&points, stroke, 4.0, 4.0));
    } else {
        painter.add(Shape::line(points.clone(), stroke));
    }
    if let Some(at) = scene.live.shown().and_then(|(report, _)| point(report)) {
        painter.circle_filled(at, 3.5, curve.color);
    }
    points.last().map_or(plot.center().y, |point| point.y)
}

/// Names beside their curves' ends, pushed apart where they would touch.
fn names(ui: &Ui, plot: Rect, beside: bool, curves: &mut [(f32, Curve<'_>)]) {
    let tokens = theme::tokens(ui);
    if !beside {
        return;
    }
    curves.sort_by(|a, b| a.0.total_cmp(&b.0));
    let n = curves.len();
    let mut least = plot.top();
    for (place, (y, curve)) in curves.iter_mut().enumerate() {
        // Below the one before, and with room for those that follow
        let most = plot.bottom() - 12.0 - NAME * (n - 1 - place) as f32;
        let at = y.min(most).max(least);
        least = at + NAME;
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
        let name = widgets::short(ui, curve.name, font, RIGHT - 40.0, color);
        ui.painter().galley(pos2(left + 25.0, at - 8.0), name, color);
        let what = widgets::short(ui, curve.what, theme::body(SMALL), RIGHT - 40.0, tokens.muted);
        ui.painter().galley(pos2(left + 25.0, at + 8.0), what, tokens.muted);
    }
}

fn losses(ui: &Ui, scene: &Scene<'_>, across: Across, plot: Rect, beside: bool) {
    let (words, live, tokens): (_, _, &Tokens) = (scene.words.train, scene.live, theme::tokens(ui));
    let task = live.began.as_ref().map_or(live.choice.task, |began| began.task);
    let greatest = |of: fn(&Report) -> Option<f64>| {
        let losses = live.reports.iter().filter_map(of);
        losses.filter(|loss| loss.is_finite()).fold(0.0, f64::max)
    };
    // What is not trained on may climb without end: it leaves the plot rather than flatten what is
    let asked = greatest(|report| Some(report.loss));
    let greatest = greatest(|report| report.other_loss).min(asked * HEADROOM).max(asked);
    let top = (greatest as f32 * 1.02).max(0.5);
    let every = [0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0].into_iter().find(|every| top / every <= 6.0);
    let every = every.unwrap_or(20.0);
    let values: Vec<f32> = (0..=(top / every) as usize).map(|i| i as f32 * every).collect();
    let y = grid(ui, plot, words.loss, top, &values, if every < 1.0 { 2 } else { 0 });
    let other = Curve {
        name: (words.other)(task),
        what: words.other_sub,
        color: tokens.dim,
        width: 1.5,
        dashed: false,
        strong: false,
        value: &|report| report.other_loss,
    };
    let asked = Curve {
        name: (words.asked)(task),
        what: words.asked_sub,
        color: tokens.text,
        width: 2.0,
        dashed: false,
        strong: true,
        value: &|report| Some(report.loss),
    };
    let mut curves = Vec::new();
    if live.reports.iter().any(|report| report.other_loss.is_some()) {
        curves.push((draw(ui, scene, across, plot, &y, &other), other));
    }
    curves.push((draw(ui, scene, across, plot, &y, &asked), asked));
    names(ui, plot, beside, &mut curves);
}

fn scores(ui: &Ui, scene: &Scene<'_>, across: Across, plot: Rect, beside: bool) {
    let (words, tokens): (_, &Tokens) = (scene.words.train, theme::tokens(ui));
    let y = grid(ui, plot, words.score, 1.0, &[0.0, 0.5, 1.0], 1);
    let previous = Curve {
        name: words.previous,
        what: words.best_head,
        color: tokens.muted,
        width: 1.5,
        dashed: true,
        strong: false,
        value: &|report| Some(report.previous_token_score),
    };
    let induction = Curve {
        name: words.induction,
        what: words.best_head,
        color: tokens.measure,
        width: 2.0,
        dashed: false,
        strong: true,
        value: &|report| Some(report.induction_score),
    };
    let previous = (draw(ui, scene, across, plot, &y, &previous), previous);
    let induction = (draw(ui, scene, across, plot, &y, &induction), induction);
    names(ui, plot, beside, &mut [previous, induction]);
}
