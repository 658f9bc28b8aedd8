//! The line in which heads are filtered: the expression, how many pass or where it does not read, what becomes of the
//! others.

use crate::{
    app::{
        command::{Command, CommandKind},
        filtering::{HeadFilter, filter_id},
        scene::{Out, Scene},
        theme::{self, BODY, SMALL},
        widgets::{self, switch as toggle},
    },
    trace::Trace,
};
use egui::{Align, Layout, RichText, TextEdit, Ui, UiBuilder, vec2};

const HEIGHT: f32 = 32.0;

/// The button that opens the line.
pub(super) fn switch(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let (open, words) = (scene.state.filter.is_some(), scene.words.choosing);
    let label = RichText::new(words.filter).size(12.0);
    let response = ui.add(widgets::outlined(ui, label).selected(open));
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, open, words.filter));
    let keys = CommandKind::FilterHeads.shortcut().map(|keys| widgets::keys::shown(ui.ctx(), &keys));
    if response.on_hover_text(keys.unwrap_or_default()).clicked() {
        out.send(if open { Command::SetFilter(None) } else { Command::FilterHeads });
    }
}

/// The line, where it is open.
pub(super) fn row(ui: &mut Ui, scene: &Scene<'_>, trace: &Trace, out: &mut Out) {
    let Some(filter) = &scene.state.filter else { return };
    let (words, tokens) = (scene.words.choosing, theme::tokens(ui));
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), HEIGHT), egui::Sense::hover());
    let builder = UiBuilder::new().max_rect(rect.shrink2(vec2(12.0, 2.0)));
    let mut ui = ui.new_child(builder.layout(Layout::right_to_left(Align::Center)));
    if widgets::cross(&mut ui, BODY, words.close_filter).clicked() {
        out.send(Command::SetFilter(None));
    }
    if toggle::show(&mut ui, filter.hide, words.hide).clicked() {
        out.send(Command::SetFilter(Some(HeadFilter { hide: !filter.hide, ..filter.clone() })));
    }
    if ui.available_width() > 320.0 {
        ui.label(RichText::new(words.hide).size(SMALL).color(tokens.muted));
    }
    if let Some(error) = scene.passing.error() {
        let what = (words.unread)(error.character());
        ui.label(RichText::new(what).size(12.0).color(tokens.error))
            .on_hover_text((words.filter_expected)(error));
    } else if scene.passing.is_on() {
        let all = (0..trace.layers_done()).map(|layer| trace.heads(layer)).sum();
        let count = (words.passing)(scene.passing.heads().len(), all);
        ui.label(RichText::new(count).size(12.0).color(tokens.measure_text));
    }
    let mut text = filter.text.clone();
    let field = TextEdit::singleline(&mut text)
        .id(filter_id())
        .hint_text(words.filter_hint)
        .font(theme::mono(12.0))
        .desired_width(ui.available_width() - 8.0);
    let response = ui.add(field);
    response.widget_info(|| {
        let mut info = egui::WidgetInfo::text_edit(true, &filter.text, &text, words.filter_hint);
        info.label = Some(words.filter.to_owned());
        info
    });
    let response = response.on_hover_text(words.filter_help);
    if response.changed() {
        out.send(Command::SetFilter(Some(HeadFilter { text, ..filter.clone() })));
    }
}
