//! The training against its steps: loss, scores and timeline share one axis, and one line crosses all three.

use super::{
    curves::{self, Across, BESIDE, Curve},
    track,
};
use crate::{
    analysis::timeline::StepAxis,
    app::{
        command::CommandKind,
        scene::{Out, Scene},
        theme::{self, Tokens},
        timeline::Sight,
        widgets::{self, focus},
        words::size,
    },
    engine::Report,
};
use egui::{Rect, Sense, Stroke, Ui, vec2};

const LEFT: f32 = 48.0;
/// How far above the loss that is trained on the plot reaches, for the sake of the other.
const HEADROOM: f64 = 1.25;
/// Narrower than this, and the names of the curves stand in the plot.
const WIDE: f32 = 520.0;

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
    let Some((last, sight)) = last.zip(Sight::of_live(live)) else {
        return widgets::empty(ui, words.begin, words.begin_sub);
    };
    let room = ui.available_rect_before_wrap().shrink2(vec2(8.0, 4.0));
    ui.allocate_rect(room, Sense::hover());
    let beside = room.width() > WIDE;
    let right = room.right() - if beside { BESIDE } else { 12.0 };
    let axis = StepAxis { ends: (0, end_of_axis(last.steps)), by_logarithm: false };
    let across = Across { left: room.left() + LEFT, right, axis };
    let (above, timeline) = room.split_top_bottom_at_y(room.bottom() - track::HEIGHT);
    if above.height() > 90.0 {
        let gap = 34.0;
        let height = above.height() - 20.0 - gap - 14.0;
        let top = above.top() + 20.0;
        let loss = Rect::from_x_y_ranges(across.left..=across.right, top..=top + height * 0.6);
        let from = loss.bottom() + gap;
        let score = Rect::from_x_y_ranges(across.left..=across.right, from..=from + height * 0.4);
        let change = sight.overview.change;
        let name = change.map(|(from, to)| (words.phase)(from, to)).unwrap_or_default();
        curves::phase(ui, across, loss.union(score), change, &name);
        losses(ui, scene, &sight, across, (loss, beside));
        scores(ui, scene, &sight, across, (score, beside));
        let response = ui.interact(loss.union(score), ui.scope_id().with("plot"), Sense::click_and_drag());
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, words.plot));
        focus::say(&response, || (words.at_step)(sight.step()));
        track::follow(ui, &response, &sight, across, out);
    }
    track::show(ui, scene, &sight, across, (timeline, beside, words.timeline), out);
    let x = across.x(sight.step());
    let y = above.top() + 12.0..=timeline.top() + track::TRACK;
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

fn points(scene: &Scene<'_>, value: impl Fn(&Report) -> Option<f64>) -> Vec<(u64, f64)> {
    scene.live.reports.iter().filter_map(|report| Some((report.steps, value(report)?))).collect()
}

fn losses(ui: &Ui, scene: &Scene<'_>, sight: &Sight<'_>, across: Across, (plot, beside): (Rect, bool)) {
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
    let (values, places) = curves::loss_values(top);
    let y = curves::grid(ui, plot, words.loss, top, &values, places);
    let other = Curve {
        name: (words.other)(task),
        what: words.other_sub,
        color: tokens.dim,
        width: 1.5,
        dashed: false,
        strong: false,
        points: points(scene, |report| report.other_loss),
    };
    let asked = Curve {
        name: (words.asked)(task),
        what: words.asked_sub,
        color: tokens.text,
        width: 2.0,
        dashed: false,
        strong: true,
        points: points(scene, |report| Some(report.loss)),
    };
    let own = [other, asked].into_iter().filter(|curve| !curve.points.is_empty());
    draw(ui, sight, across, (plot, beside), &y, own);
}

/// Draws curves, and their names beside the plot where there is room.
fn draw<'a>(
    ui: &Ui,
    sight: &Sight<'_>,
    across: Across,
    (plot, beside): (Rect, bool),
    y: &dyn Fn(f64) -> f32,
    own: impl Iterator<Item = Curve<'a>>,
) {
    let at = Some(sight.step());
    let mut drawn: Vec<_> = own.map(|curve| (curves::draw(ui, across, plot, y, at, &curve), curve)).collect();
    if beside {
        curves::names(ui, plot, &mut drawn);
    }
}

fn scores(ui: &Ui, scene: &Scene<'_>, sight: &Sight<'_>, across: Across, (plot, beside): (Rect, bool)) {
    let (words, tokens): (_, &Tokens) = (scene.words.train, theme::tokens(ui));
    let y = curves::grid(ui, plot, words.score, 1.0, &[0.0, 0.5, 1.0], 1);
    let previous = Curve {
        name: words.previous,
        what: words.best_head,
        color: tokens.muted,
        width: 1.5,
        dashed: true,
        strong: false,
        points: points(scene, |report| Some(report.previous_token_score)),
    };
    let induction = Curve {
        name: words.induction,
        what: words.best_head,
        color: tokens.measure,
        width: 2.0,
        dashed: false,
        strong: true,
        points: points(scene, |report| Some(report.induction_score)),
    };
    draw(ui, sight, across, (plot, beside), &y, [previous, induction].into_iter());
}
