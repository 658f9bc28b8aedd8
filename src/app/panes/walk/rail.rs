//! The twelve steps, at the left: where one is, how large what each makes is, and whether the step holds.

use crate::{
    analysis::walk::{Group, Step, StepKind, Walk},
    app::{
        command::Command,
        scene::{Out, Scene},
        theme::{self, BODY, SMALL},
        widgets,
    },
};
use egui::{Align2, Rect, ScrollArea, Sense, Stroke, StrokeKind, Ui, UiBuilder, pos2, vec2};

/// Room for the check at the foot.
const CHECK: f32 = 58.0;
/// A pane that is lower than this has no room for the check.
const LOW: f32 = 240.0;
const SECTION: f32 = 26.0;
const CARD: f32 = 92.0;

/// Draws the rail.
pub(super) fn show(ui: &mut Ui, scene: &Scene<'_>, walk: &Walk, out: &mut Out) {
    let tokens = theme::tokens(ui);
    let room = ui.max_rect();
    ui.painter().rect_filled(room, 0, tokens.panel);
    ui.painter().vline(room.right(), room.y_range(), Stroke::new(1.0, tokens.line));
    let inner = room.shrink2(vec2(14.0, 10.0));
    let checked = room.height() > LOW;
    let lines = StepKind::COUNT + folds(walk).iter().flatten().count();
    let card = if room.height() > 720.0 { CARD } else { 0.0 };
    let held = inner.with_max_y(inner.bottom() - if checked { CHECK } else { 0.0 });
    let pitch = ((held.height() - 3.0 * SECTION - card) / lines as f32).clamp(19.0, 42.0);
    let tall = card + 3.0 * SECTION + lines as f32 * pitch;
    let mut own =
        ui.new_child(UiBuilder::new().max_rect(held.with_min_x(room.left()).with_max_x(room.right())));
    ScrollArea::vertical().auto_shrink(false).show(&mut own, |ui| {
        let (all, _) = ui.allocate_exact_size(vec2(room.width(), tall), Sense::hover());
        let inner = all.with_min_x(inner.left()).with_max_x(inner.right());
        steps(ui, scene, walk, (inner, card, pitch), out);
    });
    if checked {
        check(ui, scene, walk, inner.with_min_y(inner.bottom() - CHECK));
    }
}

/// The steps by their groups; the one in sight comes into view when it changes.
fn steps(ui: &Ui, scene: &Scene<'_>, walk: &Walk, (inner, card, pitch): (Rect, f32, f32), out: &mut Out) {
    let (tokens, words) = (theme::tokens(ui), scene.words.walk);
    let mut y = inner.top();
    if card > 0.0 {
        subject(ui, scene, walk, inner.with_max_y(y + card - 14.0));
        y += card;
    }
    let last = ui.scope_id().with("step in sight");
    let moved = ui.data(|data| data.get_temp::<StepKind>(last)) != Some(scene.state.walk.step);
    ui.data_mut(|data| data.insert_temp(last, scene.state.walk.step));
    let mut group = None;
    for step in &walk.steps {
        let now = step.kind.group();
        if group != Some(now) {
            group = Some(now);
            let title = match now {
                Group::Before => words.before.to_owned(),
                Group::Inside => (words.inside)(&scene.head_name()),
                Group::After => words.after.to_owned(),
            };
            let at = pos2(inner.left(), y + SECTION * 0.5 + 2.0);
            let title =
                widgets::short(ui, &title.to_uppercase(), theme::strong(SMALL), inner.width(), tokens.muted);
            ui.painter().galley(at - vec2(0.0, title.size().y / 2.0), title, tokens.muted);
            y += SECTION;
        }
        let fold = fold_before(scene, walk, step.kind);
        if let Some(text) = fold {
            let at = pos2(inner.left() + 42.0, y + pitch / 2.0);
            let text = widgets::short(ui, &text, theme::body(BODY), inner.width() - 42.0, tokens.muted);
            ui.painter().galley(at - vec2(0.0, text.size().y / 2.0), text, tokens.muted);
            for dot in [-4.0, 0.0, 4.0] {
                ui.painter().circle_filled(pos2(inner.left() + 15.0, at.y + dot), 1.2, tokens.dim);
            }
            y += pitch;
        }
        let line =
            Rect::from_min_size(pos2(inner.left(), y), vec2(inner.width(), pitch)).expand2(vec2(14.0, 0.0));
        if moved && step.kind == scene.state.walk.step {
            ui.scroll_to_rect(line, None);
        }
        row(ui, scene, step, line, out);
        y += pitch;
    }
}

/// Blocks that fold into one line: before the head's own, and after it.
fn folds(walk: &Walk) -> [Option<(usize, usize)>; 2] {
    let ends = |range: &std::ops::Range<usize>| (!range.is_empty()).then(|| (range.start, range.end - 1));
    [ends(&walk.blocks_before), ends(&walk.blocks_after)]
}

fn fold_before(scene: &Scene<'_>, walk: &Walk, step: StepKind) -> Option<String> {
    let [before, after] = folds(walk);
    let fold = match step {
        StepKind::Norm => before,
        StepKind::Logits => after,
        _ => None,
    };
    let name = |layer| scene.trace.map_or_else(String::new, |trace| trace.spec.layer_name(layer));
    fold.map(|(first, last)| (scene.words.walk.blocks)(&name(first), &name(last)))
}

/// Head, query and key.
fn subject(ui: &Ui, scene: &Scene<'_>, walk: &Walk, rect: Rect) {
    let (tokens, words) = (theme::tokens(ui), scene.words.walk);
    ui.painter().rect_filled(rect, 8, tokens.raised);
    let lines = [
        (scene.words.head, scene.with_role(scene.head_name(), scene.state.head), tokens.text),
        (words.query, scene.query_name(walk.query), tokens.accent_text),
        (words.key, scene.key_name(walk.key), tokens.text),
    ];
    for (i, (name, value, color)) in lines.into_iter().enumerate() {
        let y = rect.top() + 16.0 + i as f32 * 23.0;
        let at = pos2(rect.left() + 12.0, y);
        ui.painter().text(at, Align2::LEFT_CENTER, name.to_lowercase(), theme::body(BODY), tokens.muted);
        let value = widgets::short(ui, &value, theme::mono(12.0), rect.width() - 84.0, color);
        let place = Align2::RIGHT_CENTER.anchor_size(pos2(rect.right() - 12.0, y), value.size());
        ui.painter().galley(place.min, value, color);
    }
}

fn row(ui: &Ui, scene: &Scene<'_>, step: &Step, rect: Rect, out: &mut Out) {
    let tokens = theme::tokens(ui);
    let now = scene.state.walk.step;
    let (on, done) = (step.kind == now, step.kind < now);
    let name = (scene.words.walk.step)(step.kind).name;
    let response = ui.interact(rect, ui.scope_id().with(("step", step.kind.number())), Sense::click());
    let label = format!("{} {name}", step.kind.number());
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, on, &label));
    let body = rect.shrink2(vec2(8.0, 1.0));
    if on {
        ui.painter().rect_filled(body, 6, theme::mix(tokens.panel, tokens.dim, 0.2));
        let edge = Rect::from_min_size(body.min, vec2(3.0, body.height()));
        ui.painter().rect_filled(edge, 1, tokens.accent);
    } else if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(body, 6, theme::mix(tokens.panel, tokens.dim, 0.1));
    }
    let radius = (rect.height() * 0.34).clamp(8.0, 12.0);
    let center = pos2(rect.left() + 29.0, rect.center().y);
    let (fill, line, ink) = match (on, done) {
        (true, _) => (tokens.accent, tokens.accent, tokens.background),
        (_, true) => (tokens.line, tokens.line, tokens.text),
        _ => (tokens.panel, tokens.line, tokens.muted),
    };
    ui.painter().circle_filled(center, radius, fill);
    ui.painter().circle_stroke(center, radius, Stroke::new(1.0, line));
    let number = step.kind.number().to_string();
    ui.painter().text(center, Align2::CENTER_CENTER, number, theme::strong(SMALL), ink);
    let shape: Vec<String> = step.shape.iter().map(usize::to_string).collect();
    let copies = if step.kind == StepKind::Projections { "3 × " } else { "" };
    let shape = format!("{copies}[{}]", shape.join(", "));
    let shape = widgets::short(ui, &shape, theme::mono(SMALL), rect.width() * 0.42, tokens.muted);
    let place = Align2::RIGHT_CENTER.anchor_size(pos2(rect.right() - 14.0, rect.center().y), shape.size());
    let color = if on || done { tokens.text } else { tokens.muted };
    let font = if on { theme::strong(BODY + 1.0) } else { theme::body(BODY + 1.0) };
    let left = rect.left() + 54.0;
    let name = widgets::short(ui, name, font, (place.left() - left - 6.0).max(0.0), color);
    ui.painter().galley(pos2(left, rect.center().y - name.size().y / 2.0), name, color);
    ui.painter().galley(place.min, shape, tokens.muted);
    if response.clicked() {
        out.send(Command::SetStep(step.kind));
    }
}

/// Whether the step in sight says what the run says.
fn check(ui: &Ui, scene: &Scene<'_>, walk: &Walk, rect: Rect) {
    let (tokens, words) = (theme::tokens(ui), scene.words.walk);
    let step = &walk.steps[scene.state.walk.step as usize];
    ui.painter().hline(rect.x_range(), rect.top() + 4.0, Stroke::new(1.0, tokens.line));
    let number = step.kind.number();
    let (first, second, color) = match step.check {
        None => (words.unchecked.to_owned(), String::new(), tokens.muted),
        Some(check) if check.holds() => {
            ((words.holds)(number, check.against), (words.difference)(check.difference), tokens.measure)
        }
        Some(check) => {
            ((words.differs)(number, check.against), (words.difference)(check.difference), tokens.error)
        }
    };
    let mark = pos2(rect.left() + 6.0, rect.top() + 22.0);
    let stroke = Stroke::new(2.0, color);
    match step.check {
        Some(check) if check.holds() => {
            let tip = mark + vec2(-1.0, 4.0);
            ui.painter().line_segment([mark + vec2(-5.0, 0.0), tip], stroke);
            ui.painter().line_segment([tip, mark + vec2(6.0, -5.0)], stroke);
        }
        Some(_) => {
            ui.painter().line_segment([mark + vec2(-4.0, -4.0), mark + vec2(4.0, 4.0)], stroke);
            ui.painter().line_segment([mark + vec2(4.0, -4.0), mark + vec2(-4.0, 4.0)], stroke);
        }
        None => {
            let dot = Rect::from_center_size(mark, vec2(8.0, 8.0));
            ui.painter().rect_stroke(dot, 4, Stroke::new(1.0, color), StrokeKind::Inside);
        }
    }
    let width = rect.width() - 20.0;
    let left = rect.left() + 20.0;
    let first = widgets::short(ui, &first, theme::body(BODY), width, tokens.text);
    ui.painter().galley(pos2(left, rect.top() + 13.0), first, tokens.text);
    let second = widgets::short(ui, &second, theme::body(BODY), width, tokens.muted);
    ui.painter().galley(pos2(left, rect.top() + 32.0), second, tokens.muted);
}
