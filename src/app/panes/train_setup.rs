//! The left rail of *Train*: what is learned, how large the model is, what is under the user's hand.

use crate::{
    app::{
        command::{Command, CommandKind},
        scene::{Out, Scene},
        theme::{self, BODY, SMALL},
        training::{Act, Choice, ENOUGH},
        widgets::{self, focus, switch},
    },
    train::{Hand, Task},
};
use egui::{Align2, DragValue, RichText, ScrollArea, Sense, Slider, Ui, style::HandleShape, vec2};
use strum::IntoEnumIterator as _;

const LAYERS: [usize; 4] = [1, 2, 3, 4];
const HEADS: [usize; 4] = [1, 2, 4, 8];
const WIDTHS: [usize; 7] = [32, 48, 64, 96, 128, 192, 256];
const BATCHES: [usize; 8] = [4, 8, 16, 32, 64, 128, 256, 512];
/// Learning rates from here, a decade and a half up and down.
const RATES: std::ops::RangeInclusive<f32> = 1e-4..=3e-2;

/// Draws the rail.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        egui::Frame::new().inner_margin(egui::Margin::symmetric(16, 12)).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            tasks(ui, scene, out);
            ui.add_space(14.0);
            model(ui, scene, out);
            ui.add_space(14.0);
            hand(ui, scene, out);
            ui.add_space(14.0);
            buttons(ui, scene, out);
        });
    });
}

fn tasks(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let (words, choice) = (scene.words.train, &scene.live.choice);
    widgets::section(ui, words.task);
    for task in Task::iter() {
        let (name, what) = (words.task_named)(task);
        let own = (task == Task::Text).then_some(choice.text.as_ref()).flatten();
        let file = own.and_then(|path| path.file_name()).map(|name| name.to_string_lossy().into_owned());
        if row(ui, name, file.as_deref().unwrap_or(what), choice.task == task).clicked() {
            out.send(match task {
                Task::Text => Command::AskForText,
                _ => Command::Train(Act::Choose(Choice { task, ..choice.clone() })),
            });
        }
    }
}

/// A line of the list: name, and muted what it is.
fn row(ui: &mut Ui, name: &str, what: &str, on: bool) -> egui::Response {
    let tokens = theme::tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 30.0), Sense::click());
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::RadioButton, true, on, name));
    let wide = rect.expand2(vec2(8.0, 0.0));
    if on {
        ui.painter().rect_filled(wide, 4, tokens.raised);
        let bar = egui::Rect::from_min_size(wide.min, vec2(3.0, wide.height()));
        ui.painter().rect_filled(bar, 1, tokens.accent);
    } else if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(wide, 4, theme::mix(tokens.panel, tokens.raised, 0.7));
    }
    let (font, color) =
        if on { (theme::strong(BODY), tokens.text) } else { (theme::body(BODY), tokens.text) };
    let galley = widgets::short(ui, name, font, rect.width(), color);
    let left = Align2::LEFT_CENTER.anchor_size(rect.left_center() + vec2(4.0, 0.0), galley.size());
    ui.painter().galley(left.min, galley, color);
    let room = rect.right() - left.right() - 12.0;
    if room > 20.0 {
        let galley = widgets::short(ui, what, theme::body(SMALL), room, tokens.muted);
        let right = Align2::RIGHT_CENTER.anchor_size(rect.right_center(), galley.size());
        ui.painter().galley(right.min, galley, tokens.muted);
    }
    response
}

/// A name and a value over a slider as wide as the rail.
pub(super) fn slider(ui: &mut Ui, name: &str, value: &str, slider: Slider<'_>) -> egui::Response {
    let tokens = theme::tokens(ui);
    let label = ui.horizontal(|ui| {
        let label = ui.label(RichText::new(name).color(tokens.muted));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            ui.label(RichText::new(value).color(tokens.text));
        });
        label
    });
    let response = ui.scope(|ui| {
        ui.spacing_mut().slider_width = ui.available_width();
        ui.spacing_mut().interact_size.y = 18.0;
        // Amber stays with the selection: what is filled is grey, the knob the colour of words
        let visuals = ui.visuals_mut();
        visuals.selection.bg_fill = tokens.dim;
        for widget in
            [&mut visuals.widgets.inactive, &mut visuals.widgets.hovered, &mut visuals.widgets.active]
        {
            (widget.bg_fill, widget.fg_stroke.color) = (tokens.line, tokens.text);
        }
        let look = slider.show_value(false).trailing_fill(true).handle_shape(HandleShape::Circle);
        focus::slide(ui, look).labelled_by(label.inner.id)
    });
    ui.add_space(2.0);
    response.inner
}

/// A slider over a few values; the value that was chosen, where one was.
fn steps(ui: &mut Ui, name: &str, values: &[usize], now: usize) -> Option<usize> {
    let mut place = values.iter().rposition(|&value| value <= now).unwrap_or(0);
    let range = Slider::new(&mut place, 0..=values.len() - 1);
    let changed = slider(ui, name, &now.to_string(), range).changed();
    changed.then(|| values[place])
}

fn model(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let (words, choice, tokens) = (scene.words.train, &scene.live.choice, theme::tokens(ui));
    let mut new = choice.clone();
    widgets::section(ui, words.model);
    new.layers = steps(ui, words.layers, &LAYERS, choice.layers).unwrap_or(choice.layers);
    new.heads = steps(ui, words.heads, &HEADS, choice.heads).unwrap_or(choice.heads);
    new.width = steps(ui, words.width, &WIDTHS, choice.width).unwrap_or(choice.width);
    ui.horizontal(|ui| {
        ui.label(RichText::new(words.mlp).color(tokens.muted));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            new.mlp ^= switch::show(ui, choice.mlp, words.mlp).clicked();
            if !choice.mlp {
                ui.label(RichText::new(words.attention_only).size(SMALL).color(tokens.muted));
            }
        });
    });
    ui.horizontal(|ui| {
        let label = ui.label(RichText::new(words.seed).color(tokens.muted));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            ui.add(DragValue::new(&mut new.seed).range(0..=9999_u64)).labelled_by(label.id);
        });
    });
    if new != *choice {
        out.send(Command::Train(Act::Choose(new)));
    }
}

fn hand(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let (words, live, tokens) = (scene.words.train, scene.live, theme::tokens(ui));
    let Hand { mut rate, mut batch, mut size } = live.hand;
    widgets::section(ui, words.hand);
    slider(ui, words.rate, &format!("{rate:.4}"), Slider::new(&mut rate, RATES).logarithmic(true));
    batch = steps(ui, words.batch, &BATCHES, batch).unwrap_or(batch);
    let task = live.choice.task;
    let range = Slider::new(&mut size, task.sizes());
    slider(ui, (words.size)(task), &live.hand.size.to_string(), range);
    let hand = Hand { rate, batch, size };
    if hand != live.hand {
        out.send(Command::Train(Act::Hold(hand)));
    }
    ui.horizontal(|ui| {
        ui.label(RichText::new(words.stop).color(tokens.muted));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if switch::show(ui, live.stop, words.stop).clicked() {
                out.send(Command::Train(Act::StopAtScore(!live.stop)));
            }
            ui.label(ENOUGH.to_string());
        });
    });
}

fn buttons(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let (words, live, tokens) = (scene.words.train, scene.live, theme::tokens(ui));
    let wide = vec2(ui.available_width(), 30.0);
    ui.spacing_mut().item_spacing.y = 6.0;
    let needs_text = live.choice.task == Task::Text && live.choice.text.is_none();
    let button = widgets::outlined(ui, words.start_over).min_size(wide);
    let response = ui.add_enabled(!needs_text, button).on_disabled_hover_text(words.no_text);
    if response.clicked() {
        out.send(Command::Train(Act::StartOver));
    }
    if live.is_otherwise() {
        ui.label(RichText::new(words.start_over_why).size(SMALL).color(tokens.muted));
    }
    let begun = live.shown().is_some();
    let save = widgets::outlined(ui, words.save).min_size(wide);
    if ui.add_enabled(begun, save).on_disabled_hover_text(words.begin).clicked() {
        out.send(Command::AskToSaveTraining);
    }
    let open = widgets::outlined(ui, words.open).min_size(wide);
    let aim = CommandKind::TrainOpen.aim(scene);
    let response = ui.add_enabled(aim.is_ok(), open).on_disabled_hover_text(words.begin);
    if let (true, Ok(command)) = (response.clicked(), aim) {
        out.send(command);
    }
}
