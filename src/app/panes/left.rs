//! The left column: which model, what prompt, how it was cut into tokens, what else to try.

use super::{hints, languages, shared::WIDEST, turns};
use crate::{
    app::{
        command::{Command, CommandKind},
        running::is_quick,
        scene::{Out, Scene},
        theme::{self, BODY, SMALL, TITLE},
        widgets::{self, strip},
        words,
    },
    trace::{Side, Trace},
};
use egui::{Align, Layout, RichText, ScrollArea, TextEdit, Ui};

/// From this width on the tokens stand beside the prompt.
const TWO: f32 = 1200.0;
/// Tokens from which the strip scrolls by itself.
const LONG: usize = 160;

/// The prompt box, for whoever wants to give it the focus.
pub fn prompt_id() -> egui::Id {
    egui::Id::unique("prompt")
}

/// Draws the column.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        let width = ui.available_width();
        if width <= WIDEST {
            return column(ui, |ui| {
                first(ui, scene, out);
                texts(ui, scene, out);
                examples(ui, scene, out);
            });
        }
        // Alone in a wide window it keeps a width that reads well, in the middle; or two of them side by side
        let two = width >= TWO;
        let own = if two { WIDEST.min(width * 0.36) } else { WIDEST };
        let second = if two { (width - own).min(1.6 * WIDEST) } else { 0.0 };
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = 0.0;
            ui.add_space((width - own - second) / 2.0);
            let part = |ui: &mut Ui, width: f32, add: &mut dyn FnMut(&mut Ui)| {
                ui.vertical(|ui| {
                    ui.spacing_mut().item_spacing.x = 8.0;
                    ui.set_width(width);
                    column(ui, add);
                });
            };
            part(ui, own, &mut |ui| {
                first(ui, scene, out);
                if !two {
                    texts(ui, scene, out);
                }
                examples(ui, scene, out);
            });
            if two {
                part(ui, second, &mut |ui| texts(ui, scene, out));
            }
        });
    });
}

fn column(ui: &mut Ui, add: impl FnOnce(&mut Ui)) {
    egui::Frame::new().inner_margin(egui::Margin::symmetric(14, 12)).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        add(ui);
    });
}

/// Which model, and what it is asked.
fn first(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    model(ui, scene);
    ui.add_space(16.0);
    prompt(ui, scene, out);
    hints::show(ui, scene, 1, out);
    ui.add_space(16.0);
}

/// The tokens of each text.
fn texts(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    if scene.trace.is_none() {
        return;
    }
    let sides = [Side::Source, Side::Target];
    for side in sides.into_iter().filter(|&side| side == Side::Target || scene.translates()) {
        let n = scene.labels_of(side).texts.len();
        let first = side == Side::Source || !scene.translates();
        ui.horizontal(|ui| {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if first {
                    strip::choices(ui, scene, out);
                }
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    widgets::section_of(ui, scene.text_name(side), &words::grouped(n as u64));
                });
            });
        });
        tokens(ui, scene, side, out);
        strip::legend(ui, scene, side);
        ui.add_space(16.0);
    }
}

fn model(ui: &mut Ui, scene: &Scene<'_>) {
    let (words, tokens) = (scene.words, theme::tokens(ui));
    widgets::section(ui, words.model);
    if let Some(trace) = scene.trace.filter(|_| scene.only_trace()) {
        return saved(ui, scene, trace);
    }
    let Some(model) = scene.model else {
        return widgets::card(ui, |ui| {
            ui.label(
                RichText::new(scene.busy.map_or(words.needs_model, |busy| busy.stage)).color(tokens.muted),
            );
        });
    };
    widgets::card(ui, |ui| {
        let family: &str = &model.spec().family;
        name_line(ui, &model.name, if scene.embedded { words.embedded } else { family });
        let context = model.spec().context.map_or_else(|| words.unlimited.to_owned(), words.context_tokens);
        fact(ui, words.layers_heads, super::heads::shape_of(model.spec()));
        fact(ui, words.parameters, words::count(model.parameters()));
        fact(ui, words.context, context);
        for warning in &model.warnings {
            let told = words::errors::warning(warning, words.language);
            ui.label(RichText::new(told).size(SMALL).color(tokens.accent_text));
        }
    });
}

/// What a saved trace says of the model that ran.
fn saved(ui: &mut Ui, scene: &Scene<'_>, trace: &Trace) {
    let (words, tokens) = (scene.words, theme::tokens(ui));
    widgets::card(ui, |ui| {
        name_line(ui, &trace.model_name, words.saved_trace);
        fact(ui, words.layers_heads, super::heads::shape_of(&trace.spec));
        for change in trace.interventions() {
            fact(ui, words.changes.changed, change.to_string());
        }
        ui.label(RichText::new(words.needs_weights).size(SMALL).color(tokens.muted));
    });
}

fn name_line(ui: &mut Ui, name: &str, origin: &str) {
    let tokens = theme::tokens(ui);
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.label(RichText::new(origin).color(tokens.measure_text));
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let label = RichText::new(name).font(theme::strong(BODY)).color(tokens.text);
                ui.add(egui::Label::new(label).truncate()).on_hover_text(name);
            });
        });
    });
}

fn fact(ui: &mut Ui, name: &str, value: String) {
    let muted = theme::tokens(ui).muted;
    ui.horizontal(|ui| {
        ui.label(RichText::new(name).color(muted));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| ui.label(value));
    });
}

/// The strip; a long one scrolls by itself, so that what is under it stays within reach.
fn tokens(ui: &mut Ui, scene: &Scene<'_>, side: Side, out: &mut Out) {
    if scene.labels_of(side).texts.len() < LONG {
        return strip::show(ui, scene, side, out);
    }
    let height = (ui.ctx().content_rect().height() * 0.4).max(160.0);
    ScrollArea::vertical()
        .id_salt(("strip scroll", side))
        .max_height(height)
        .show(ui, |ui| strip::show(ui, scene, side, out));
}

fn prompt(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let words = scene.words;
    turns::show(ui, scene, out);
    let field =
        Field { name: words.prompt, hint: words.prompt_hint, id: prompt_id(), rows: 4, highest: 180.0 };
    if let Some(text) = field.show(ui, &scene.state.prompt) {
        out.send(Command::EditPrompt(text));
    }
    ui.add_space(4.0);
    if scene.translates() {
        ui.add_space(4.0);
        let id = egui::Id::unique("target");
        let field = Field { name: words.target, hint: words.target_hint, id, rows: 2, highest: 120.0 };
        if let Some(text) = field.show(ui, &scene.state.target) {
            out.send(Command::EditTarget(text));
        }
        ui.add_space(4.0);
        languages::show(ui, scene, out);
    }
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            run_button(ui, scene, out);
            history(ui, scene, out);
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| switches(ui, scene, out));
        });
    });
    if scene.settings.live && scene.model.is_some_and(|model| !is_quick(model, scene.clean)) {
        let keys = CommandKind::RunPrompt.shortcut().map(|keys| widgets::keys::shown(ui.ctx(), &keys));
        let told = (words.live_slow)(&keys.unwrap_or_default());
        ui.label(RichText::new(told).size(SMALL).color(theme::tokens(ui).muted));
    }
}

/// Whether the prompt is run while it is typed; shortened where there is no room.
fn switches(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let words = scene.words;
    ui.style_mut().wrap_mode = Some(egui::TextWrapMode::Truncate);
    let mut live = scene.settings.live;
    if widgets::checkbox::show(ui, &mut live, words.live).on_hover_text(words.live_why).changed() {
        out.send(Command::SetLive(live));
    }
}

/// Prompts that were run before.
fn history(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    if scene.settings.history.is_empty() {
        return;
    }
    let words = &scene.words.session;
    let button = widgets::outlined(ui, "▾");
    let (response, _) = egui::containers::menu::MenuButton::from_button(button).ui(ui, |ui| {
        ui.set_max_width(420.0);
        for prompt in &scene.settings.history {
            let line = prompt.replace('\n', " ");
            if ui.add(egui::Button::new(line).truncate()).clicked() {
                out.send(Command::RunEarlier(prompt.clone()));
                ui.close();
            }
        }
    });
    let response = response.on_hover_text(words.history);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, words.history));
}

/// A text to type, with its name above.
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) hint: &'static str,
    pub(super) id: egui::Id,
    pub(super) rows: usize,
    /// Beyond this height it scrolls.
    pub(super) highest: f32,
}

impl Field {
    /// Draws the field; returns the text where it was changed.
    pub(super) fn show(self, ui: &mut Ui, text: &str) -> Option<String> {
        widgets::section(ui, self.name);
        let mut text = text.to_owned();
        let font = egui::FontId::new(TITLE - 1.0, egui::FontFamily::Proportional);
        let edit = TextEdit::multiline(&mut text)
            .id(self.id)
            .hint_text(self.hint)
            .font(font)
            .margin(egui::Margin::symmetric(10, 8))
            .desired_rows(self.rows)
            .desired_width(f32::INFINITY);
        let scroll = ScrollArea::vertical().max_height(self.highest).id_salt((self.id, "scroll"));
        let response = scroll.show(ui, |ui| ui.add(edit)).inner;
        response.widget_info(|| {
            let mut info = egui::WidgetInfo::text_edit(true, &text, &text, self.hint);
            info.label = Some(self.name.to_owned());
            info
        });
        response.changed().then_some(text)
    }
}

/// Run, or while something runs, cancel.
fn run_button(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let slow = scene.busy.is_some_and(|busy| busy.since.elapsed().as_millis() > 300);
    let (kind, label) = if slow {
        (CommandKind::Cancel, scene.words.cancel)
    } else {
        (CommandKind::RunPrompt, scene.words.run)
    };
    let aim = kind.aim(scene);
    let button = widgets::primary(ui, label);
    let response = ui.add_enabled(aim.is_ok(), button);
    let keys = kind.shortcut().map_or_else(String::new, |keys| widgets::keys::shown(ui.ctx(), &keys));
    match aim {
        Ok(command) => {
            if response.on_hover_text(format!("{} ({keys})", (scene.words.command)(kind).1)).clicked() {
                out.send(command);
            }
        }
        Err(reason) => {
            response.on_disabled_hover_text(reason);
        }
    }
}

fn examples(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    if scene.examples.is_empty() {
        return;
    }
    let tokens = theme::tokens(ui);
    widgets::section(ui, scene.words.examples);
    for (index, example) in scene.examples.iter().enumerate() {
        let chosen = scene.state.example == Some(index);
        let color = if chosen { tokens.text } else { tokens.muted };
        let (title, look) = example.text(scene.words.language);
        let label = RichText::new(title).color(color);
        let fill = if chosen { tokens.raised } else { egui::Color32::TRANSPARENT };
        let button =
            egui::Button::new(label).fill(fill).stroke(egui::Stroke::NONE).corner_radius(6).truncate();
        let width = ui.available_width();
        let response = ui.add_sized([width, 26.0], button.right_text("")).on_hover_text(&example.prompt);
        response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, chosen, title));
        if response.clicked() {
            out.send(Command::ChooseExample(index));
        }
        if chosen {
            egui::Frame::new().inner_margin(egui::Margin { left: 10, right: 6, top: 0, bottom: 6 }).show(
                ui,
                |ui| {
                    ui.label(RichText::new(look).size(12.0).color(tokens.muted));
                },
            );
        }
    }
}
