//! The steps as a track: checkpoints as marks, roles as flags above, the playhead that the maps follow.

use super::train_curves::Across;
use crate::{
    app::{
        command::Command,
        scene::{Out, Scene},
        theme::{self, SMALL},
        training::Act,
        widgets,
        words::grouped,
    },
    engine::RoleTaken,
};
use egui::{Align2, Rect, Response, Sense, Shape, Stroke, StrokeKind, Ui, pos2, vec2};

/// From its top: the flags' foot, the track, the numbers.
const FLAGS: f32 = 24.0;
const TRACK: f32 = 34.0;
const NUMBERS: f32 = 46.0;

/// Draws the track in `room`; the step in sight stands at its right where there is room `beside`.
pub(super) fn show(ui: &mut Ui, scene: &Scene<'_>, across: Across, room: Rect, beside: bool, out: &mut Out) {
    let (words, live, tokens) = (scene.words.train, scene.live, theme::tokens(ui));
    let y = room.top() + TRACK;
    ui.painter().hline(room.x_range().expand(8.0), room.top(), Stroke::new(1.0, tokens.line));
    let last = live.reports.last().map_or(0, |report| report.steps);
    let track = Stroke::new(3.0, tokens.line);
    ui.painter().hline(across.left..=across.right, y, track);
    ui.painter().hline(across.left..=across.x(last), y, Stroke::new(3.0, tokens.dim));
    let label = pos2(across.left - 12.0, y);
    ui.painter().text(label, Align2::RIGHT_CENTER, words.steps, theme::body(SMALL), tokens.muted);
    marks(ui, scene, across, y);
    let near = |step: u64| (across.x(step) - across.x(last)).abs() < 40.0;
    for part in 0..=5_u64 {
        let step = across.last * part / 5;
        if !(near(step) && !beside && part == 5) {
            let at = pos2(across.x(step), room.top() + NUMBERS);
            let text = grouped(step);
            ui.painter().text(at, Align2::CENTER_TOP, text, theme::body(SMALL), tokens.muted);
        }
    }
    flags(ui, scene, across, room.top() + FLAGS);
    let shown = live.shown().map_or(last, |(report, _)| report.steps);
    ui.painter().circle_filled(pos2(across.x(shown), y), 7.0, tokens.accent);
    let wide =
        Rect::from_x_y_ranges(across.left - 8.0..=across.right + 8.0, room.top() + 4.0..=room.bottom());
    let response = ui.interact(wide, ui.scope_id().with("timeline"), Sense::click_and_drag());
    response.widget_info(|| egui::WidgetInfo::slider(true, shown as f64, words.timeline));
    follow(ui, &response, scene, across, out);
    if beside {
        step_in_sight(ui, scene, pos2(across.right + 16.0, y), shown, out);
    }
}

/// A square for every checkpoint; of very many only as many as can be told apart.
fn marks(ui: &Ui, scene: &Scene<'_>, across: Across, y: f32) {
    let tokens = theme::tokens(ui);
    let mut before = f32::NEG_INFINITY;
    for moment in &scene.live.moments {
        let x = across.x(moment.report.steps);
        if x - before >= 5.0 {
            before = x;
            let mark = Rect::from_center_size(pos2(x, y), vec2(4.0, 9.0));
            ui.painter().rect_filled(mark, 1, tokens.muted);
        }
    }
}

/// Where heads took their roles: the first of each role with its name, the others as marks alone.
fn flags(ui: &Ui, scene: &Scene<'_>, across: Across, y: f32) {
    let (words, tokens) = (scene.words.train, theme::tokens(ui));
    let mut named: Vec<&str> = Vec::new();
    let mut free = across.left;
    let told =
        |taken: &&RoleTaken| matches!(taken.role.id, "previous_token" | "duplicate_token" | "induction");
    for taken in scene.live.roles.iter().filter(told) {
        let x = across.x(taken.step);
        let triangle = vec![pos2(x - 4.0, y - 3.0), pos2(x + 4.0, y - 3.0), pos2(x, y + 3.0)];
        ui.painter().add(Shape::convex_polygon(triangle, tokens.measure, Stroke::NONE));
        if named.contains(&taken.role.id) {
            continue;
        }
        let text = format!("{} {}", taken.head, (words.role)(taken.role));
        let galley = widgets::short(ui, &text, theme::body(SMALL), 150.0, tokens.text);
        let left = (x - galley.size().x / 2.0).max(free);
        if left + galley.size().x <= across.right {
            named.push(taken.role.id);
            free = left + galley.size().x + 10.0;
            ui.painter().galley(pos2(left, y - 6.0 - galley.size().y), galley, tokens.text);
        }
    }
}

/// The step as a large number, and whether it is the present one.
fn step_in_sight(ui: &mut Ui, scene: &Scene<'_>, at: egui::Pos2, step: u64, out: &mut Out) {
    let (words, tokens) = (scene.words.train, theme::tokens(ui));
    let galley = widgets::short(ui, &grouped(step), theme::strong(20.0), 100.0, tokens.accent_text);
    let number = Align2::LEFT_CENTER.anchor_size(at - vec2(0.0, 6.0), galley.size());
    ui.painter().galley(number.min, galley, tokens.accent_text);
    let below = pos2(at.x, number.bottom());
    if scene.live.at.is_none() {
        ui.painter().text(below, Align2::LEFT_TOP, words.live, theme::body(SMALL), tokens.muted);
        return;
    }
    let rect = Rect::from_min_size(below, vec2(100.0, 18.0));
    let text = egui::RichText::new(words.to_live).size(SMALL).color(tokens.text).underline();
    if ui.put(rect, egui::Button::new(text).frame(false)).clicked() {
        out.send(Command::Train(Act::Look(None)));
    }
}

/// A press or a drag looks at the checkpoint there; arrows go from one to the next; behind the last one it is live.
pub(super) fn follow(ui: &Ui, response: &Response, scene: &Scene<'_>, across: Across, out: &mut Out) {
    let moments = &scene.live.moments;
    let look = |index: usize| moments.get(index).map(|moment| moment.report.steps);
    let newest = scene.live.reports.last().map_or(0, |report| report.steps);
    let mut wish = None;
    if (response.dragged() || response.clicked())
        && let Some(pointer) = response.interact_pointer_pos()
    {
        let step = across.step(pointer.x);
        let nearest = moments.iter().min_by_key(|moment| moment.report.steps.abs_diff(step));
        let nearest = nearest.map(|moment| moment.report.steps);
        wish = Some(nearest.filter(|own| own.abs_diff(step) <= newest.abs_diff(step) && *own < newest));
    }
    if response.has_focus() {
        let (back, on) = ui.input(|input| {
            (input.key_pressed(egui::Key::ArrowLeft), input.key_pressed(egui::Key::ArrowRight))
        });
        let at = scene.live.earlier().map(|moment| moment.report.steps);
        let place = moments.iter().position(|moment| Some(moment.report.steps) == at);
        if back {
            wish = Some(look(place.unwrap_or(moments.len()).saturating_sub(1)));
        } else if on {
            wish = Some(place.and_then(|place| look(place + 1)));
        }
        let around = response.rect.expand(1.0);
        let stroke = Stroke::new(1.0, theme::tokens(ui).dim);
        ui.painter().rect_stroke(around, 4, stroke, StrokeKind::Outside);
    }
    if let Some(step) = wish.filter(|step| *step != scene.live.at) {
        out.send(Command::Train(Act::Look(step)));
    }
}
