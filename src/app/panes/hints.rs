//! Four short hints at the first start, in reading order. Each makes its own room, so none covers a value; each closes,
//! and one link dismisses all for good.

use crate::app::{
    command::Command,
    scene::{Out, Scene},
    theme::{self, BODY},
    widgets,
};
use egui::{RichText, Shape, Stroke, Ui, pos2, vec2};

/// How many there are.
const HINTS: u8 = 4;

/// Draws hint `number`, 1 to 4, where the user has not closed it; true where it was drawn.
pub(super) fn show(ui: &mut Ui, scene: &Scene<'_>, number: u8, out: &mut Out) -> bool {
    if !wanted(scene, number) {
        return false;
    }
    let Some((title, text)) = said(scene, number) else { return false };
    let (words, tokens) = (&scene.words.session, theme::tokens(ui));
    let fill = theme::mix(tokens.panel, tokens.accent, 0.09);
    ui.add_space(10.0);
    let frame = egui::Frame::new()
        .fill(fill)
        .stroke(Stroke::new(1.0, tokens.accent))
        .corner_radius(8)
        .inner_margin(egui::Margin { left: 10, right: 6, top: 8, bottom: 8 });
    let shown = frame.show(ui, |ui| {
        ui.spacing_mut().item_spacing = vec2(8.0, 2.0);
        ui.set_width(ui.available_width());
        ui.horizontal(|ui| {
            let (disc, _) = ui.allocate_exact_size(vec2(20.0, 20.0), egui::Sense::hover());
            ui.painter().circle_filled(disc.center(), 9.5, tokens.accent_text);
            let (font, ink) = (theme::strong(12.0), theme::ink(tokens.accent_text));
            ui.painter().text(disc.center(), egui::Align2::CENTER_CENTER, number.to_string(), font, ink);
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let response = widgets::cross(ui, BODY, &format!("{} {number}", words.hint_close));
                if response.clicked() {
                    out.send(Command::CloseHint(number));
                }
                ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                    let title = RichText::new(&title).font(theme::strong(BODY)).color(tokens.text);
                    ui.add(egui::Label::new(title).wrap());
                });
            });
        });
        ui.label(RichText::new(&text).size(BODY).color(tokens.muted));
        if number == HINTS {
            let link = egui::Button::new(RichText::new(words.hints_done).underline().color(tokens.muted));
            if ui.add(link.frame(false)).clicked() {
                out.send(Command::DismissHints);
            }
        }
    });
    // A beak that points at what the hint is about
    let rect = shown.response.rect;
    let (left, top) = (rect.left() + 24.0, rect.top());
    let beak = [pos2(left - 7.0, top + 0.5), pos2(left, top - 7.0), pos2(left + 7.0, top + 0.5)];
    ui.painter().add(Shape::convex_polygon(beak.to_vec(), fill, Stroke::NONE));
    ui.painter().line(vec![beak[0], beak[1], beak[2]], Stroke::new(1.0, tokens.accent));
    true
}

/// Whether a hint is to be shown: at the embedded model's run, until it is closed.
pub(super) fn wanted(scene: &Scene<'_>, number: u8) -> bool {
    let open = scene.settings.hints & (1 << (number - 1)) == 0;
    open && scene.embedded && scene.trace.is_some_and(crate::trace::Trace::is_complete)
}

/// Its title and text: what they say of the run is read off the run.
fn said(scene: &Scene<'_>, number: u8) -> Option<(String, String)> {
    let words = &scene.words.session;
    let plain = |(title, text): (&str, &str)| (title.to_owned(), text.to_owned());
    Some(match number {
        1 => plain(words.hint_write),
        2 => plain(words.hint_heads),
        3 => {
            let row = scene.row?;
            let label = |side, index| scene.labels_of(side).get(index).to_owned();
            let best = label(scene.columns(), row.top.first()?.0);
            (words.hint_row.to_owned(), (words.hint_row_is)(&label(scene.rows(), row.query), &best))
        }
        _ => {
            let word = crate::model::shown(&scene.trace?.next.first()?.text);
            ((words.hint_next)(&word), words.hint_next_sub.to_owned())
        }
    })
}
