//! The walk: one query token through one head, a step at a time, with every number of the run.

mod cells;
mod foot;
mod rail;
mod step;
mod sums;
mod symbols;

use crate::{
    analysis::walk::{Note, Step, Walk, formula},
    app::{
        command::{Command, CommandKind},
        scene::{Out, Scene},
        theme::{self, BODY},
        walking::Order,
        widgets::{self, formula as setting},
    },
    trace::Side,
};
use egui::{Align, Rect, RichText, Sense, TextFormat, Ui, UiBuilder, pos2, vec2};
use step::Body;

/// Width of the content at which the formula has its full size.
const FULL: f32 = 1200.0;
/// Letters of the formula at that width.
const LETTERS: f32 = 46.0;
/// Letters of the formula in a low pane.
const SMALL_LETTERS: f32 = 20.0;
/// Tokens that a menu lists at most.
const LISTED: usize = 512;
/// A pane that is lower than this scrolls its formula with its numbers.
const LOW: f32 = 360.0;

/// Draws the pane.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let words = scene.words.walk;
    let walk = scene.walking.walk();
    let names = walk.map(|walk| (scene.query_name(walk.query), scene.key_name(walk.key)));
    let subtitle = names.as_ref().map_or(String::new(), |(query, key)| (words.subtitle)(query, key));
    widgets::header(ui, words.walk, &subtitle, |ui| controls(ui, scene, walk, out));
    let room = ui.available_rect_before_wrap();
    ui.painter().hline(room.x_range(), room.top(), egui::Stroke::new(1.0, theme::tokens(ui).line));
    let (Some(trace), Some(walk)) = (scene.trace.filter(|trace| trace.is_complete()), walk) else {
        let title = if scene.trace.is_some() { words.computing } else { scene.first_step().0 };
        let told = scene.walking.error().map_or(words.not_there, |error| error.what.as_str());
        widgets::empty(ui, title, told);
        return;
    };
    if !trace.has(walk.head) {
        widgets::empty(ui, words.computing, "");
        return;
    }
    ui.allocate_rect(room, Sense::hover());
    let wide = (room.width() * 0.18).clamp(190.0, 270.0);
    let rail = room.with_max_x(room.left() + wide);
    let main = room.with_min_x(rail.right());
    rail::show(&mut child(ui, rail, "rail"), scene, walk, out);
    let low = room.height() < LOW;
    let foot = main.with_min_y(main.bottom() - if low { foot::LOW } else { foot::HIGH });
    foot::show(&mut child(ui, foot, "foot"), scene, out);
    let content = main.with_max_y(foot.top());
    let content = content.shrink2(vec2((content.width() * 0.04).clamp(16.0, 56.0), 12.0));
    let step = &walk.steps[scene.state.walk.step as usize];
    let mut below = content.top();
    if !low {
        below = top(&mut child(ui, content, "formula"), scene, trace, walk, step, out);
    }
    let body = content.with_min_y(below).expand2(vec2(8.0, 0.0));
    let tall = body.height();
    let mut body = child(ui, body, "strips");
    egui::ScrollArea::vertical().auto_shrink(false).id_salt(("step", step.kind.number())).show(
        &mut body,
        |ui| {
            egui::Frame::new().inner_margin(egui::Margin::symmetric(8, 0)).show(ui, |ui| {
                if low {
                    // Nothing but the numbers would fit beneath it
                    let (from, width) = (ui.cursor().min, ui.available_width());
                    let until = line(ui, scene, trace, walk, step, out);
                    ui.allocate_exact_size(vec2(width, until - from.y), Sense::hover());
                }
                notes(ui, scene, step);
                Body::new(scene, walk, step, (ui.available_width(), tall)).show(ui, out);
            });
        },
    );
}

fn child(ui: &mut Ui, rect: Rect, salt: &str) -> Ui {
    let mut child = ui.new_child(UiBuilder::new().max_rect(rect).id_salt(salt));
    child.shrink_clip_rect(rect.expand(1.0));
    child
}

/// Question, formula, what is done; where it ends.
fn top(
    ui: &mut Ui,
    scene: &Scene<'_>,
    trace: &crate::trace::Trace,
    walk: &Walk,
    step: &Step,
    out: &mut Out,
) -> f32 {
    let tokens = theme::tokens(ui);
    let room = ui.max_rect();
    let said = (scene.words.walk.step)(step.kind);
    let large = (room.width() / FULL * 20.0).clamp(15.0, 20.0);
    let side = (room.width() * 0.23).clamp(130.0, 260.0);
    let letters = (room.width() / FULL * LETTERS).clamp(22.0, LETTERS);
    let formula = formula(&trace.spec, walk.head, step.kind);
    let set = setting::fit(ui, &formula, letters, room.width() - 2.0 * side - 24.0);
    let column = |title: &str, text: &str, halign: Align| {
        let mut job = egui::text::LayoutJob { halign, ..Default::default() };
        job.append(&format!("{title}\n"), 0.0, TextFormat::simple(theme::strong(large), tokens.text));
        job.append(text, 0.0, TextFormat::simple(theme::body(large), tokens.muted));
        job.wrap.max_width = side;
        ui.painter().layout_job(job)
    };
    let left = column(said.name, said.question, Align::LEFT);
    let right = column(said.action, said.result, Align::RIGHT);
    let height = left.size().y.max(right.size().y).max(set.size().y + 24.0);
    ui.painter().galley(room.left_top(), left, tokens.text);
    ui.painter().galley(room.right_top(), right, tokens.text);
    let center = pos2(room.center().x, room.top() + height / 2.0);
    let touched = set.show(ui, center, step.kind, |step| (scene.words.walk.step)(step).name);
    out.commands.extend(touched.clicked.map(Command::SetStep));
    room.top() + height + (room.height() * 0.03).clamp(8.0, 28.0)
}

/// The same in a low pane, as one line: the question, and the formula in small letters at its end.
fn line(
    ui: &mut Ui,
    scene: &Scene<'_>,
    trace: &crate::trace::Trace,
    walk: &Walk,
    step: &Step,
    out: &mut Out,
) -> f32 {
    let tokens = theme::tokens(ui);
    let room = ui.available_rect_before_wrap();
    let said = (scene.words.walk.step)(step.kind);
    let formula = formula(&trace.spec, walk.head, step.kind);
    let set = setting::fit(ui, &formula, SMALL_LETTERS, room.width() * 0.6);
    let mut job = egui::text::LayoutJob::default();
    job.append(said.name, 0.0, TextFormat::simple(theme::strong(BODY), tokens.text));
    job.append(&format!("  {}", said.question), 0.0, TextFormat::simple(theme::body(BODY), tokens.muted));
    job.wrap.max_width = room.width() - set.size().x - 24.0;
    let text = ui.painter().layout_job(job);
    let height = set.size().y.max(text.size().y);
    ui.painter().galley(room.left_top(), text, tokens.text);
    let center = pos2(room.right() - set.size().x / 2.0, room.top() + height / 2.0);
    let touched = set.show(ui, center, step.kind, |step| (scene.words.walk.step)(step).name);
    out.commands.extend(touched.clicked.map(Command::SetStep));
    room.top() + height + 8.0
}

fn notes(ui: &mut Ui, scene: &Scene<'_>, step: &Step) {
    for note in &step.notes {
        let tokens = theme::tokens(ui);
        let missing = matches!(note, Note::NeedsWeights);
        let color = if missing { tokens.text } else { tokens.muted };
        ui.label(RichText::new((scene.words.walk.note)(*note)).font(theme::body(15.0)).color(color));
        ui.add_space(8.0);
    }
}

/// Head, query, key and order, from right to left.
fn controls(ui: &mut Ui, scene: &Scene<'_>, walk: Option<&Walk>, out: &mut Out) {
    let words = scene.words.walk;
    let order = |order| if order == Order::Dimension { words.by_dimension } else { words.by_product };
    widgets::choice(ui, words.order, order(scene.state.walk.order), |ui| {
        for own in [Order::Dimension, Order::Product] {
            if ui.selectable_label(own == scene.state.walk.order, order(own)).clicked() {
                out.send(Command::OrderWalk(own));
                ui.close();
            }
        }
    });
    let Some(walk) = walk else { return };
    let mut tokens = |ui: &mut Ui, name: &str, side: Side, now: usize, send: &dyn Fn(usize) -> Command| {
        let labels = scene.labels_of(side);
        widgets::choice(ui, name, labels.get(now), |ui| {
            for index in 0..labels.texts.len().min(LISTED) {
                let label = RichText::new(scene.token_name(side, index)).font(theme::mono(12.0));
                if ui.selectable_label(index == now, label).clicked() {
                    out.send(send(index));
                    ui.close();
                }
            }
        });
    };
    tokens(ui, words.key, scene.columns(), walk.key, &|key| Command::PinKey(Some(key)));
    tokens(ui, words.query, scene.rows(), walk.query, &|query| Command::PinQuery(Some(query)));
    let head = RichText::new(format!(
        "{} {}",
        scene.words.head,
        scene.with_role(scene.head_name(), scene.state.head)
    ))
    .size(BODY - 1.0);
    let (label, hint) = (scene.words.command)(CommandKind::Palette);
    if ui.add(widgets::outlined(ui, head)).on_hover_text(format!("{label}: {hint}")).clicked() {
        out.send(Command::Palette);
    }
}
