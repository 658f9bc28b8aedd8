//! A model's README as its author wrote it: nothing in it is fetched, and a link opens only after one is asked.

use crate::app::{
    command::Command,
    markdown::{Block, Span},
    scene::Out,
    theme::{self, BODY, SMALL, TITLE},
    words::CardWords,
};
use egui::{Frame, Label, Margin, RichText, Sense, Stroke, Ui};

/// Draws the blocks, one below another.
pub(super) fn show(ui: &mut Ui, blocks: &[Block], words: &CardWords, out: &mut Out) {
    let tokens = theme::tokens(ui);
    for block in blocks {
        match block {
            Block::Heading(level, all) => {
                ui.add_space(8.0);
                let bold = |part: &Span| Span { strong: true, ..part.clone() };
                let all: Vec<Span> = all.iter().map(bold).collect();
                line(ui, &all, if *level == 1 { TITLE } else { BODY }, words, out);
            }
            Block::Paragraph(all) => line(ui, all, BODY, words, out),
            Block::Item(depth, marker, all) => {
                ui.horizontal_top(|ui| {
                    ui.spacing_mut().item_spacing.x = 4.0;
                    ui.add_space(12.0 * *depth as f32);
                    ui.label(RichText::new(marker).size(BODY).color(tokens.muted));
                    ui.vertical(|ui| line(ui, all, BODY, words, out));
                });
            }
            Block::Code(text) => {
                let frame = Frame::new().fill(tokens.raised).corner_radius(4).inner_margin(Margin::same(8));
                frame.show(ui, |ui| {
                    let text = RichText::new(text.trim_end()).font(theme::mono(SMALL)).color(tokens.text);
                    ui.add(Label::new(text).wrap().selectable(true));
                });
            }
            Block::Row(head, cells) => {
                let width = (ui.available_width() / cells.len().max(1) as f32 - 8.0).max(24.0);
                ui.horizontal_top(|ui| {
                    for cell in cells {
                        ui.vertical(|ui| {
                            ui.set_width(width);
                            line(ui, cell, SMALL, words, out);
                        });
                    }
                });
                if *head {
                    rule(ui);
                }
            }
            Block::Rule => rule(ui),
        }
        ui.add_space(4.0);
    }
}

fn rule(ui: &mut Ui) {
    let (rect, _) = ui.allocate_exact_size(egui::vec2(ui.available_width(), 1.0), Sense::hover());
    let line = theme::tokens(ui).line;
    ui.painter().hline(rect.x_range(), rect.center().y, Stroke::new(1.0, line));
}

fn line(ui: &mut Ui, all: &[Span], size: f32, words: &CardWords, out: &mut Out) {
    ui.scope(|ui| {
        // A line of words is no higher than they are
        ui.spacing_mut().interact_size.y = size;
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = 0.0;
            for part in all {
                span(ui, part, size, words, out);
            }
        });
    });
}

fn span(ui: &mut Ui, part: &Span, size: f32, words: &CardWords, out: &mut Out) {
    let tokens = theme::tokens(ui);
    let font = match part {
        Span { code: true, .. } => theme::mono(size - 1.0),
        Span { strong: true, .. } => theme::strong(size),
        _ => theme::body(size),
    };
    let mut text = RichText::new(&part.text).font(font).color(tokens.text);
    if part.slanted {
        text = text.italics();
    }
    let Some(link) = &part.link else {
        ui.add(Label::new(text).selectable(true));
        return;
    };
    let response = ui.add(Label::new(text.underline().color(tokens.measure_text)).sense(Sense::click()));
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Link, true, &part.text));
    let response = response.on_hover_text(link).on_hover_cursor(egui::CursorIcon::PointingHand);
    egui::Popup::menu(&response).show(|ui| {
        ui.set_max_width(320.0);
        ui.add(Label::new(RichText::new(link).font(theme::mono(SMALL)).color(tokens.muted)).wrap());
        let web = ["https://", "http://"].iter().any(|scheme| link.starts_with(scheme));
        if web && ui.button(words.open_link).clicked() {
            ui.open_url(egui::OpenUrl::new_tab(link));
            ui.close();
        }
        if ui.button(words.copy_link).clicked() {
            out.send(Command::Copy(link.clone()));
            ui.close();
        }
    });
}
