//! Small parts that panes share: headers, section titles, menus, bars.

pub mod axis;
pub mod bars;
pub mod checkbox;
pub mod focus;
pub mod formula;
pub mod grid_map;
pub mod heatmap;
pub mod keys;
pub mod legend;
pub mod pointed;
pub mod segments;
pub mod strip;
pub mod switch;

use super::{
    command::CommandKind,
    docking::is_tabbed,
    scene::{Out, Scene},
    theme::{self, BODY, HEADER, SMALL, TITLE},
};
use egui::{
    Align, Align2, Button, CornerRadius, Layout, PopupCloseBehavior, Rect, Response, RichText, Sense, Stroke,
    Ui,
    containers::menu::{MenuButton, MenuConfig},
    pos2,
    text::LayoutJob,
    vec2,
};

/// How far controls may reach into the gap behind the name.
const SLACK: f32 = 6.0;
/// Height of a header's second line.
const LINE: f32 = 30.0;

/// The top of a pane: title, muted subtitle, controls to the right, or below where there is no room for them.
pub fn header(ui: &mut Ui, title: &str, subtitle: &str, controls: impl FnOnce(&mut Ui)) {
    let tokens = theme::tokens(ui);
    // A tab has named the pane already
    let tabbed = is_tabbed(ui);
    let height = if tabbed { HEADER - 4.0 } else { HEADER };
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    let inner = rect.shrink2(vec2(12.0, 0.0));
    let layout = Layout::left_to_right(Align::Center);
    let mut left = ui.new_child(egui::UiBuilder::new().max_rect(inner).layout(layout).id_salt("title"));
    let mut right_of_name = inner.left();
    if !tabbed {
        let heading = RichText::new(title).font(theme::strong(TITLE)).color(tokens.text);
        let heading = egui::Label::new(heading).wrap_mode(egui::TextWrapMode::Extend).selectable(false);
        right_of_name = left.add(heading).rect.right() + 10.0;
    }
    let mut room = inner.with_min_x(right_of_name);
    // Controls that had no room beside the name the last time have a line of their own
    let id = ui.scope_id().with(("controls of", title));
    let wanted = ui.data(|data| data.get_temp::<f32>(id)).unwrap_or(0.0);
    let below = wanted > room.width() + SLACK;
    if below {
        let (line, _) = ui.allocate_exact_size(vec2(rect.width(), LINE), Sense::hover());
        room = line.shrink2(vec2(12.0, 0.0));
    }
    let layout = Layout::right_to_left(Align::Center);
    let mut right = ui.new_child(egui::UiBuilder::new().max_rect(room).layout(layout).id_salt("controls"));
    controls(&mut right);
    let taken = room.right() - right.min_rect().left();
    if (taken - wanted).abs() > 0.5 {
        ui.data_mut(|data| data.insert_temp(id, taken));
        if (taken > inner.right() - right_of_name + SLACK) != below {
            ui.request_repaint();
        }
    }
    let spare = if below { inner.right() } else { right.min_rect().left() } - right_of_name - 8.0;
    if !subtitle.is_empty() && spare > 30.0 {
        let galley = short(ui, subtitle, theme::body(BODY), spare, tokens.muted);
        left.add(egui::Label::new(galley).selectable(false));
    }
}

/// A section's title in small muted capitals.
pub fn section(ui: &mut Ui, title: &str) {
    section_of(ui, title, "");
}

/// A section's title with what it is about, a token or a number, as it is.
pub fn section_of(ui: &mut Ui, title: &str, what: &str) {
    let tokens = theme::tokens(ui);
    let mut job = LayoutJob::default();
    // Small capitals are for letters; characters need their size
    let size = if title.is_ascii() { SMALL } else { BODY };
    let small = egui::TextFormat { font_id: theme::strong(size), color: tokens.muted, ..Default::default() };
    job.append(&title.to_uppercase(), 0.0, egui::TextFormat { extra_letter_spacing: 0.7, ..small });
    if !what.is_empty() {
        let mono = egui::TextFormat { font_id: theme::mono(SMALL), color: tokens.text, ..Default::default() };
        job.append(what, 7.0, mono);
    }
    ui.add(egui::Label::new(job).truncate());
    ui.add_space(4.0);
}

/// Characters of a choice on its button, at most: a token may be as long as a line.
const CHOSEN: usize = 32;

/// A menu behind a small outlined button that shows what is chosen: `tint induction ▾`.
pub fn choice(ui: &mut Ui, name: &str, chosen: &str, content: impl FnOnce(&mut Ui)) {
    menu(ui, name, chosen, PopupCloseBehavior::CloseOnClick, content);
}

/// The same for several choices at once: it stays open until a click elsewhere.
pub fn choices(ui: &mut Ui, name: &str, chosen: &str, content: impl FnOnce(&mut Ui)) {
    menu(ui, name, chosen, PopupCloseBehavior::CloseOnClickOutside, content);
}

fn menu(ui: &mut Ui, name: &str, chosen: &str, closes: PopupCloseBehavior, content: impl FnOnce(&mut Ui)) {
    let tokens = theme::tokens(ui);
    let mut job = LayoutJob::default();
    let part = |color| egui::TextFormat { font_id: theme::body(12.0), color, ..Default::default() };
    let named = !name.is_empty() && ui.available_width() > 150.0;
    if named {
        job.append(name, 0.0, part(tokens.muted));
    }
    let shown = cut(chosen, CHOSEN);
    job.append(&shown, if named { 5.0 } else { 0.0 }, part(tokens.text));
    job.append("▾", 4.0, part(tokens.muted));
    let config = MenuConfig::new().close_behavior(closes);
    let button = MenuButton::from_button(outlined(ui, job)).config(config);
    let (response, _) = button.ui(ui, |ui| {
        ui.set_min_width(150.0);
        let high = (ui.ctx().content_rect().height() - 40.0).min(520.0);
        egui::ScrollArea::vertical().max_height(high).show(ui, content);
    });
    let label = format!("{name} {chosen}");
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, label.trim()));
}

/// At most so many characters of a text; what is left out is three dots.
pub fn cut(text: &str, most: usize) -> std::borrow::Cow<'_, str> {
    if text.chars().count() <= most {
        return text.into();
    }
    let start: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{start}…").into()
}

/// A cross that takes something away or closes it, named for those who do not see it.
pub fn cross(ui: &mut Ui, size: f32, name: &str) -> Response {
    let sign = RichText::new("×").size(size).color(theme::tokens(ui).muted);
    let response = ui.add(Button::new(sign).frame(false));
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, name));
    response
}

/// A button with a hairline round it and nothing behind it.
pub fn outlined<'a>(ui: &Ui, text: impl Into<egui::WidgetText>) -> Button<'a> {
    let tokens = theme::tokens(ui);
    Button::new(text.into()).fill(tokens.panel).stroke(Stroke::new(1.0, tokens.line)).corner_radius(6)
}

/// The one primary button of a layout: filled with the text colour, since amber stays with the selection.
pub fn primary<'a>(ui: &Ui, label: &str) -> Button<'a> {
    let tokens = theme::tokens(ui);
    Button::new(RichText::new(label).font(theme::strong(BODY)).color(tokens.panel)).fill(tokens.text)
}

/// A menu entry of a command: its name, its key; greyed with the reason where it means nothing.
pub fn entry(ui: &mut Ui, kind: CommandKind, scene: &Scene<'_>, out: &mut Out) {
    let (label, explanation) = (scene.words.command)(kind);
    let aim = kind.aim(scene);
    let mut button = Button::new(label);
    if let Some(keys) = kind.shortcut() {
        button = button.shortcut_text(keys::shown(ui.ctx(), &keys));
    }
    let response = ui.add_enabled(aim.is_ok(), button);
    match aim {
        Ok(command) => {
            if response.on_hover_text(explanation).clicked() {
                out.send(command);
                ui.close();
            }
        }
        Err(reason) => {
            response.on_disabled_hover_text(reason);
        }
    }
}

/// A bar that fills a share of a faint track.
pub fn meter(ui: &Ui, rect: Rect, share: f32, color: egui::Color32) {
    let tokens = theme::tokens(ui);
    let radius = CornerRadius::same((rect.height() / 2.0) as u8);
    ui.painter().rect_filled(rect, radius, tokens.line);
    if let Some(bar) = filled(rect, share) {
        ui.painter().rect_filled(bar, radius, color);
    }
}

/// The part of a meter's track that a share in [0, 1] fills, where it fills any: enough to be seen.
pub fn filled(track: Rect, share: f32) -> Option<Rect> {
    let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
    let width = (track.width() * share).max(track.height().min(2.0));
    (share > 0.0).then(|| track.with_max_x(track.left() + width))
}

/// One line of a table: a name, a bar, a number. Answers the pointer as one widget.
pub struct Line<'a> {
    /// What it is about, left.
    pub name: &'a str,
    /// Whether the name is a token.
    pub mono: bool,
    /// Width of the name's column.
    pub name_width: f32,
    /// Length of the bar.
    pub share: f32,
    /// The number, right.
    pub value: &'a str,
    /// Colour of the bar.
    pub color: egui::Color32,
    /// Whether it is marked as what the pointer is on.
    pub marked: bool,
}

impl Line<'_> {
    /// Draws the line.
    pub fn show(self, ui: &mut Ui) -> Response {
        let tokens = theme::tokens(ui);
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 20.0), Sense::click());
        let label = format!("{} {}", self.name, self.value);
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &label));
        if !ui.is_rect_visible(rect) {
            return response;
        }
        if self.marked || response.hovered() {
            ui.painter().rect_filled(
                rect.expand2(vec2(4.0, 0.0)),
                4,
                theme::mix(tokens.panel, tokens.dim, 0.16),
            );
        }
        // A bar and its value keep their room, at most half
        let name_width = self.name_width.min((rect.width() * 0.5).max(rect.width() - 90.0));
        let font = if self.mono { theme::mono(12.0) } else { theme::body(BODY) };
        let name = short(ui, self.name, font, name_width, if self.mono { tokens.text } else { tokens.muted });
        ui.painter().galley(
            Align2::LEFT_CENTER.anchor_size(rect.left_center(), name.size()).min,
            name,
            tokens.text,
        );
        let value = short(ui, self.value, theme::body(BODY), 104.0, tokens.text);
        let value_width = value.size().x.max(40.0);
        ui.painter().galley(
            Align2::RIGHT_CENTER.anchor_size(rect.right_center(), value.size()).min,
            value,
            tokens.text,
        );
        let left = rect.left() + name_width + 8.0;
        let track = Rect::from_min_max(
            pos2(left, rect.center().y - 3.0),
            pos2(rect.right() - value_width - 10.0, rect.center().y + 3.0),
        );
        if track.width() > 12.0 {
            meter(ui, track, self.share, self.color);
        }
        response
    }
}

/// One line of text, cut with an ellipsis where it is wider than `width`.
pub fn short(
    ui: &Ui,
    text: &str,
    font: egui::FontId,
    width: f32,
    color: egui::Color32,
) -> std::sync::Arc<egui::Galley> {
    let mut job = LayoutJob::simple_singleline(text.to_owned(), font, color);
    job.wrap = egui::text::TextWrapping::truncate_at_width(width);
    ui.painter().layout_job(job)
}

/// Tells a screen reader more of what was drawn than its name.
pub fn describe(response: &Response, text: impl FnOnce() -> Option<String>) {
    response.ctx.accesskit_node_builder(response.id, |node| {
        if let Some(text) = text() {
            node.set_description(text);
        }
    });
}

/// A fact: its name, and at the right what it is, shortened where there is no room.
pub fn fact(ui: &mut Ui, name: &str, value: &str) {
    let tokens = theme::tokens(ui);
    ui.horizontal(|ui| {
        ui.label(RichText::new(name).color(tokens.muted));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.add(egui::Label::new(RichText::new(value).color(tokens.text)).truncate());
        });
    });
}

/// A card: raised, with room inside.
pub fn card(ui: &mut Ui, content: impl FnOnce(&mut Ui)) {
    let tokens = theme::tokens(ui);
    egui::Frame::new()
        .fill(tokens.raised)
        .corner_radius(8)
        .inner_margin(egui::Margin::symmetric(12, 10))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            content(ui);
        });
}

/// What stands in a pane that has nothing to show yet.
pub fn empty(ui: &mut Ui, title: &str, text: &str) {
    let tokens = theme::tokens(ui);
    let room = ui.available_rect_before_wrap();
    let mut middle = ui.new_child(
        egui::UiBuilder::new()
            .max_rect(Rect::from_center_size(room.center(), vec2(room.width().min(420.0), 60.0)))
            .layout(Layout::top_down(Align::Center)),
    );
    middle.label(RichText::new(title).size(TITLE).color(tokens.text));
    middle.label(RichText::new(text).size(BODY).color(tokens.muted));
    ui.allocate_rect(room, Sense::hover());
}
