//! The steps of a training as a track: checkpoints as marks, roles as flags above, the playhead that views follow.

use super::curves::Across;
use crate::{
    analysis::timeline::RoleTaken,
    app::{
        scene::{Out, Scene},
        theme::{self, SMALL},
        timeline::Sight,
        widgets,
        words::grouped,
    },
};
use egui::{Align2, EventFilter, Id, Rect, Response, Sense, Shape, Stroke, Ui, pos2, vec2};

/// From its top: the flags' foot, the track, the numbers.
const FLAGS: f32 = 24.0;
pub(super) const TRACK: f32 = 34.0;
const NUMBERS: f32 = 46.0;
/// Its height.
pub(super) const HEIGHT: f32 = 78.0;
/// Numbers along it.
const TICKS: usize = 6;

/// Where the window finds which slider has the focus.
const FOCUS: &str = "focused timeline";
/// Keys that stay with it.
const ARROWS: EventFilter =
    EventFilter { tab: false, horizontal_arrows: true, vertical_arrows: false, escape: false };

/// Whether a slider has the focus: then ← and → are its own. True of a live training's.
pub fn focused(ctx: &egui::Context) -> Option<bool> {
    let known: Option<(Id, bool)> = ctx.data(|data| data.get_temp(Id::unique(FOCUS)));
    known.filter(|(id, _)| ctx.memory(|memory| memory.has_focus(*id))).map(|(_, live)| live)
}

/// Draws the track in `room`; the step in sight stands at its right where there is room `beside`.
pub(super) fn show(
    ui: &mut Ui,
    scene: &Scene<'_>,
    sight: &Sight<'_>,
    across: Across,
    (room, beside, name): (Rect, bool, &str),
    out: &mut Out,
) {
    let (words, tokens) = (scene.words.train, theme::tokens(ui));
    let y = room.top() + TRACK;
    ui.painter().hline(room.x_range().expand(8.0), room.top(), Stroke::new(1.0, tokens.line));
    let last = sight.steps.last().copied().unwrap_or(0);
    ui.painter().hline(across.left..=across.right, y, Stroke::new(3.0, tokens.line));
    ui.painter().hline(across.left..=across.x(last), y, Stroke::new(3.0, tokens.dim));
    let label = pos2(across.left - 12.0, y);
    ui.painter().text(label, Align2::RIGHT_CENTER, words.steps, theme::body(SMALL), tokens.muted);
    marks(ui, sight, across, y);
    let mut free = f32::NEG_INFINITY;
    for step in across.axis.ticks(TICKS) {
        let galley = widgets::short(ui, &grouped(step), theme::body(SMALL), 80.0, tokens.muted);
        let at = pos2(across.x(step), room.top() + NUMBERS);
        let place = Align2::CENTER_TOP.anchor_size(at, galley.size());
        // The step in sight stands to the right
        let place = place.translate(vec2((across.right + 8.0 - place.right()).min(0.0), 0.0));
        if place.left() > free {
            free = place.right() + 8.0;
            ui.painter().galley(place.min, galley, tokens.muted);
        }
    }
    flags(ui, scene, sight, across, room.top() + FLAGS);
    let step = sight.step();
    ui.painter().circle_filled(pos2(across.x(step), y), 7.0, tokens.accent);
    let wide =
        Rect::from_x_y_ranges(across.left - 8.0..=across.right + 8.0, room.top() + 4.0..=room.bottom());
    let response = ui.interact(wide, ui.scope_id().with("timeline"), Sense::click_and_drag());
    response.widget_info(|| egui::WidgetInfo::slider(true, step as f64, name));
    follow(ui, &response, sight, across, out);
    if beside {
        step_in_sight(ui, scene, sight, pos2(across.right + 16.0, y), out);
    }
}

/// A square for every checkpoint; of very many only as many as can be told apart.
fn marks(ui: &Ui, sight: &Sight<'_>, across: Across, y: f32) {
    let tokens = theme::tokens(ui);
    let mut before = f32::NEG_INFINITY;
    let kept = if sight.live { sight.steps.len() - 1 } else { sight.steps.len() };
    for &step in &sight.steps[..kept] {
        let x = across.x(step);
        if x - before >= 5.0 {
            before = x;
            let mark = Rect::from_center_size(pos2(x, y), vec2(4.0, 9.0));
            ui.painter().rect_filled(mark, 1, tokens.muted);
        }
    }
}

/// Where heads took their roles: the first of each role with its name, the others as marks alone.
fn flags(ui: &Ui, scene: &Scene<'_>, sight: &Sight<'_>, across: Across, y: f32) {
    let (words, tokens) = (scene.words.train, theme::tokens(ui));
    let mut named: Vec<&str> = Vec::new();
    let mut free = across.left;
    let told =
        |taken: &&RoleTaken| matches!(taken.role.id, "previous_token" | "duplicate_token" | "induction");
    for taken in sight.overview.roles.iter().filter(told) {
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

/// The step as a large number; of a live training, whether it is the present one.
fn step_in_sight(ui: &mut Ui, scene: &Scene<'_>, sight: &Sight<'_>, at: egui::Pos2, out: &mut Out) {
    let (words, tokens) = (scene.words.train, theme::tokens(ui));
    let galley = widgets::short(ui, &grouped(sight.step()), theme::strong(20.0), 100.0, tokens.accent_text);
    let number = Align2::LEFT_CENTER.anchor_size(at - vec2(0.0, 6.0), galley.size());
    ui.painter().galley(number.min, galley, tokens.accent_text);
    let below = pos2(at.x, number.bottom());
    if !sight.live {
        let opening = scene.timelines.opening.progress().is_some();
        let name = scene.timelines.wanted(&scene.state.timeline).map_or("", |own| own.name.as_str());
        let text = if opening { scene.words.timeline.opening } else { name };
        let galley = widgets::short(ui, text, theme::body(SMALL), 104.0, tokens.muted);
        ui.painter().galley(below, galley, tokens.muted);
        return;
    }
    if sight.is_present() {
        ui.painter().text(below, Align2::LEFT_TOP, words.live, theme::body(SMALL), tokens.muted);
        return;
    }
    let rect = Rect::from_min_size(below, vec2(100.0, 18.0));
    let text = egui::RichText::new(words.to_live).size(SMALL).color(tokens.text).underline();
    if ui.put(rect, egui::Button::new(text).frame(false)).clicked() {
        out.commands.extend(sight.go(sight.steps.len() - 1));
    }
}

/// A press or a drag goes to the checkpoint there; arrows go from one to the next.
pub(super) fn follow(ui: &Ui, response: &Response, sight: &Sight<'_>, across: Across, out: &mut Out) {
    let pressed = response.is_pointer_button_down_on();
    let first = pressed && ui.input(|input| input.pointer.any_pressed());
    if (pressed || response.clicked())
        && let Some(pointer) = response.interact_pointer_pos()
    {
        let at = sight.nearest(across.step(pointer.x));
        out.commands.extend(at.and_then(|at| sight.slide(at, first)));
    }
    if first || response.clicked() {
        response.request_focus();
    }
    if response.has_focus() {
        ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, ARROWS));
        ui.data_mut(|data| data.insert_temp(Id::unique(FOCUS), (response.id, sight.live)));
        let key = |key| ui.input_mut(|input| input.consume_key(egui::Modifiers::NONE, key));
        if key(egui::Key::Home) {
            out.commands.extend(sight.go(0));
        } else if key(egui::Key::End) {
            out.commands.extend(sight.go(sight.steps.len() - 1));
        }
    }
}
