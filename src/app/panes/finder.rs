//! The palette: type a few letters of anything, choose with the arrows, Enter does it.

use super::dialogs;
use crate::app::{
    command::{Command, CommandKind},
    finding::{Finder, Found},
    scene::{Out, Scene},
    theme::{self, BODY, TITLE},
    widgets,
};
use egui::{Align2, Key, Modifiers, ScrollArea, Sense, TextEdit, Ui, text::LayoutJob, vec2};

const ROW: f32 = 30.0;

/// Draws the field and what it finds.
pub(super) fn show(
    ui: &mut Ui,
    (query, at, finder): (&mut String, &mut usize, &mut Finder),
    scene: &Scene<'_>,
    out: &mut Out,
) {
    // Before the field takes them
    let steps = arrows(ui);
    let again = CommandKind::Palette
        .shortcut()
        .is_some_and(|keys| ui.input_mut(|input| input.consume_shortcut(&keys)));
    let field = TextEdit::singleline(query)
        .desired_width(f32::INFINITY)
        .hint_text(scene.words.search_hint)
        .font(theme::body(TITLE))
        .margin(vec2(12.0, 8.0));
    let response = ui.add(field);
    response.widget_info(|| {
        let mut info =
            egui::WidgetInfo::text_edit(true, query.as_str(), query.as_str(), scene.words.search_hint);
        info.label = Some(scene.words.search.to_owned());
        info
    });
    let entered = ui.input(|input| input.key_pressed(Key::Enter));
    if response.changed() {
        *at = 0;
    }
    response.request_focus();
    if again {
        // The same keys once more begin anew: what was typed gives way to what is typed
        dialogs::select_all(ui, response.id, query);
    }
    ui.add_space(8.0);
    // After the field, so that Enter means what was typed in the same frame, too
    let keys = |kind: CommandKind| kind.shortcut().map(|keys| widgets::keys::shown(ui.ctx(), &keys));
    let found = finder.find(scene, query, |kind| keys(kind).unwrap_or_default());
    *at = at.saturating_add_signed(steps).min(found.len().saturating_sub(1));
    let moved = steps != 0;
    if found.is_empty() {
        ui.label(egui::RichText::new(scene.words.search_none).color(theme::tokens(ui).muted));
        return;
    }
    let height = (ui.ctx().content_rect().height() * 0.5).min(ROW * 12.0);
    ScrollArea::vertical().max_height(height).auto_shrink([false, true]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        for (index, one) in found.iter().enumerate() {
            let marked = index == *at;
            if line(ui, one, marked, moved) || (entered && marked) {
                choose(one, out);
            }
        }
    });
}

/// How far the arrows move the mark.
fn arrows(ui: &Ui) -> isize {
    let pressed = |key| isize::from(ui.input_mut(|input| input.consume_key(Modifiers::NONE, key)));
    pressed(Key::ArrowDown) - pressed(Key::ArrowUp)
}

fn choose(found: &Found, out: &mut Out) {
    if let Ok(command) = &found.command {
        out.send(Command::CloseDialog);
        out.send(command.clone());
    }
}

/// One answer: its name with the letters that were asked for, what it is, its key. True where it was clicked.
fn line(ui: &mut Ui, found: &Found, marked: bool, follow: bool) -> bool {
    let tokens = theme::tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
    let enabled = found.command.is_ok();
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, enabled, marked, &found.name));
    if marked && follow {
        response.scroll_to_me(None);
    }
    if !ui.is_rect_visible(rect) {
        return false;
    }
    if marked || response.hovered() {
        ui.painter().rect_filled(rect, 6, tokens.raised);
    }
    let inner = rect.shrink2(vec2(10.0, 0.0));
    let color = if enabled { tokens.text } else { tokens.muted };
    let mut job = LayoutJob::default();
    for (index, letter) in found.name.chars().enumerate() {
        let strong = found.marked.contains(&index);
        let font = if strong { theme::strong(BODY) } else { theme::body(BODY) };
        job.append(letter.encode_utf8(&mut [0; 4]), 0.0, egui::TextFormat::simple(font, color));
    }
    job.wrap = egui::text::TextWrapping::truncate_at_width(inner.width() * 0.6);
    let name = ui.painter().layout_job(job);
    let name_width = name.size().x;
    ui.painter().galley(Align2::LEFT_CENTER.anchor_size(inner.left_center(), name.size()).min, name, color);
    let kind = widgets::short(ui, found.kind, theme::body(12.0), 90.0, tokens.muted);
    let kind_at = Align2::RIGHT_CENTER.anchor_size(inner.right_center(), kind.size());
    ui.painter().galley(kind_at.min, kind, tokens.muted);
    let note = found.command.as_ref().err().map_or(found.note.as_str(), |reason| reason);
    let room = kind_at.left() - inner.left() - name_width - 36.0;
    if room > 30.0 {
        let note = widgets::short(ui, note, theme::body(12.0), room, tokens.muted);
        let at = egui::pos2(kind_at.left() - 14.0, inner.center().y);
        ui.painter().galley(Align2::RIGHT_CENTER.anchor_size(at, note.size()).min, note, tokens.muted);
    }
    response.clicked()
}
