//! Where one is among the twelve steps, and the way to the next.

use crate::{
    analysis::walk::StepKind,
    app::{
        command::Command,
        scene::{Out, Scene},
        theme::{self, SMALL, TITLE},
        widgets,
    },
};
use egui::{Align2, Color32, Rect, Response, Sense, Stroke, StrokeKind, Ui, pos2, vec2};
use strum::IntoEnumIterator as _;

/// Its height, and that without the marks, where a pane is low.
pub(super) const HIGH: f32 = 92.0;
pub(super) const LOW: f32 = 42.0;
const BUTTON: f32 = 40.0;
/// Of a button in a low pane.
const SMALL_BUTTON: f32 = 30.0;

/// Draws marks and buttons.
pub(super) fn show(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let (tokens, words) = (theme::tokens(ui), scene.words.walk);
    let room = ui.max_rect();
    ui.painter().rect_filled(room, 0, tokens.panel);
    ui.painter().hline(room.x_range(), room.top(), Stroke::new(1.0, tokens.line));
    let inner = room.shrink2(vec2((room.width() * 0.04).clamp(16.0, 56.0), 0.0));
    let marked = room.height() >= HIGH;
    if marked {
        marks(ui, scene, inner.with_max_y(room.top() + 30.0), out);
    }
    let (top, high) = if marked { (36.0, BUTTON) } else { (6.0, SMALL_BUTTON) };
    let top = room.top() + top;
    let line = Rect::from_min_size(pos2(inner.left(), top), vec2(inner.width(), high));
    let now = scene.state.walk.step;
    let side = (inner.width() * 0.2).clamp(110.0, 250.0);
    step(ui, scene, line.with_max_x(line.left() + side), now.previous(), false, out);
    step(ui, scene, line.with_min_x(line.right() - side), now.next(), true, out);
    let play = Rect::from_center_size(line.center(), vec2(128.0, high));
    let playing = scene.walking.playing.is_some();
    let label = if playing { words.pause } else { words.play };
    let response = button(ui, play, label, (tokens.text, tokens.text));
    let ink = tokens.panel;
    let at = pos2(play.left() + 30.0, play.center().y);
    if playing {
        for dx in [-4.0, 3.0] {
            let bar = Rect::from_center_size(at + vec2(dx, 0.0), vec2(4.0, 13.0));
            ui.painter().rect_filled(bar, 1, ink);
        }
    } else {
        triangle(ui, at, 6.0, ink);
    }
    ui.painter().text(at + vec2(16.0, 0.0), Align2::LEFT_CENTER, label, theme::strong(TITLE), ink);
    if response.clicked() {
        out.send(Command::PlayWalk(!playing));
    }
    let count = (words.of_steps)(now.number(), StepKind::COUNT);
    let muted = tokens.muted;
    ui.painter().text(
        play.left_center() - vec2(18.0, 0.0),
        Align2::RIGHT_CENTER,
        count,
        theme::body(TITLE),
        muted,
    );
    let pace = words.pace;
    ui.painter().text(
        play.right_center() + vec2(18.0, 0.0),
        Align2::LEFT_CENTER,
        pace,
        theme::body(TITLE),
        muted,
    );
}

/// One mark a step.
fn marks(ui: &Ui, scene: &Scene<'_>, rect: Rect, out: &mut Out) {
    let tokens = theme::tokens(ui);
    let pitch = rect.width() / StepKind::COUNT as f32;
    let now = scene.state.walk.step;
    for (index, step) in StepKind::iter().enumerate() {
        let left = rect.left() + index as f32 * pitch;
        let place = Rect::from_min_size(pos2(left, rect.top() + 6.0), vec2(pitch - 6.0, 22.0));
        let response = ui.interact(place, ui.scope_id().with(("mark", index)), Sense::click());
        let name = (scene.words.walk.step)(step).name;
        let label = format!("{} · {name}", (scene.words.walk.of_steps)(step.number(), StepKind::COUNT));
        response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, step == now, &label));
        let color = match step {
            _ if step == now => tokens.accent,
            _ if step < now || response.hovered() => tokens.muted,
            _ => tokens.line,
        };
        let bar = Rect::from_center_size(place.center(), vec2(place.width(), 4.0));
        ui.painter().rect_filled(bar, 2, color);
        if response.on_hover_text(name).clicked() {
            out.send(Command::SetStep(step));
        }
    }
}

/// The button to the step before or after.
fn step(ui: &Ui, scene: &Scene<'_>, rect: Rect, to: Option<StepKind>, forward: bool, out: &mut Out) {
    let Some(to) = to else { return };
    let tokens = theme::tokens(ui);
    let name = (scene.words.walk.step)(to).name;
    let response = button(ui, rect, name, (tokens.raised, tokens.line));
    let (side, key) = if forward { (-1.0, "→") } else { (1.0, "←") };
    let (near, far) = if forward {
        (rect.right_center(), rect.left_center())
    } else {
        (rect.left_center(), rect.right_center())
    };
    triangle(ui, near + vec2(18.0 * side, 0.0), if forward { 5.0 } else { -5.0 }, tokens.text);
    ui.painter().text(
        far - vec2(14.0 * side, 0.0),
        Align2::CENTER_CENTER,
        key,
        theme::mono(SMALL),
        tokens.muted,
    );
    let text = widgets::short(ui, name, theme::body(TITLE), rect.width() - 70.0, tokens.text);
    let anchor = if forward { Align2::RIGHT_CENTER } else { Align2::LEFT_CENTER };
    let place = anchor.anchor_size(near + vec2(34.0 * side, 0.0), text.size());
    ui.painter().galley(place.min, text, tokens.text);
    if response.clicked() {
        out.send(Command::SetStep(to));
    }
}

fn button(ui: &Ui, rect: Rect, name: &str, (fill, line): (Color32, Color32)) -> Response {
    let tokens = theme::tokens(ui);
    let response = ui.interact(rect, ui.scope_id().with(("button", rect.left() as i32)), Sense::click());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, name));
    let marked = response.hovered() || response.has_focus();
    let fill = if marked { theme::mix(fill, tokens.dim, 0.18) } else { fill };
    ui.painter().rect(rect, 8, fill, Stroke::new(1.0, line), StrokeKind::Inside);
    response
}

/// A triangle that points right, or left where `half` is negative.
fn triangle(ui: &Ui, center: egui::Pos2, half: f32, color: Color32) {
    let tall = half.abs() * 1.1;
    let points = [vec2(-half * 0.8, -tall), vec2(half, 0.0), vec2(-half * 0.8, tall)];
    let shape = egui::Shape::convex_polygon(points.map(|by| center + by).to_vec(), color, Stroke::NONE);
    ui.painter().add(shape);
}
