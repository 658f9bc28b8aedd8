//! What can be done with a pane, and the menu of layouts.

use crate::{
    app::{
        command::Command,
        exporting::Piece,
        layout::{self, Pane},
        scene::{Out, Scene},
        theme::{self, BODY},
        widgets,
    },
    trace::Trace,
};
use egui::{Color32, RichText, Stroke, Ui, vec2};

/// What can be done with a pane.
pub(super) fn menu(ui: &mut Ui, scene: &Scene<'_>, pane: Pane, out: &mut Out) {
    let words = scene.words;
    let alone = scene.state.maximised == Some(pane);
    let torn = scene.state.torn.contains(&pane);
    let ready = scene.trace.is_some_and(Trace::is_complete);
    let pieces: Vec<Piece> = Piece::each_of(pane).filter(|_| ready).collect();
    for (place, &piece) in pieces.iter().enumerate() {
        let name = match place {
            0 => words.figures.export_this.to_owned(),
            _ => (words.figures.export_view)(piece.title(words)),
        };
        if ui.button(name).clicked() {
            out.send(Command::AskForExport(piece));
            ui.close();
        }
    }
    if !pieces.is_empty() {
        ui.separator();
    }
    let entries = [
        (if alone { words.restore } else { words.maximise }, Command::Maximise((!alone).then_some(pane))),
        if torn { (words.dock, Command::Dock(pane)) } else { (words.tear_off, Command::TearOff(pane)) },
        (words.close_pane, Command::ClosePane(pane)),
        (words.reset_layout, Command::ResetLayout),
    ];
    for (label, command) in entries {
        if ui.button(label).clicked() {
            out.send(command);
            ui.close();
        }
    }
}

/// The menu of layouts, across the top.
pub fn layouts(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let tokens = theme::tokens(ui);
    let names = layout::names(scene.state);
    let letters: usize = names.iter().map(|name| layout::title(name, scene.words).chars().count()).sum();
    // Too little room for all: one button that opens a list
    if letters as f32 * 8.0 + names.len() as f32 * 14.0 > ui.available_width() {
        widgets::choice(ui, "", &layout::title(&scene.state.layout, scene.words), |ui| {
            for name in names {
                let on = scene.state.layout == name;
                if ui.selectable_label(on, layout::title(&name, scene.words)).clicked() {
                    out.send(Command::SetLayout(name));
                    ui.close();
                }
            }
        });
        return;
    }
    for name in names {
        let on = scene.state.layout == name;
        let title = layout::title(&name, scene.words);
        let color = if on { tokens.text } else { tokens.muted };
        let label = RichText::new(&title).font(theme::body(BODY)).color(color);
        let fill = if on { tokens.raised } else { Color32::TRANSPARENT };
        let button = egui::Button::new(label).fill(fill).stroke(Stroke::NONE).corner_radius(6);
        let response = ui.add(button.min_size(vec2(0.0, 26.0)));
        response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, on, &title));
        if response.clicked() {
            out.send(Command::SetLayout(name.clone()));
        }
        response.context_menu(|ui| {
            if ui.button(scene.words.reset_layout).clicked() {
                out.send(Command::SetLayout(name.clone()));
                out.send(Command::ResetLayout);
                ui.close();
            }
            if layout::is_preset(&name) {
                return;
            }
            if ui.button(scene.words.rename_layout).clicked() {
                out.send(Command::AskForLayout(Some(name.clone())));
                ui.close();
            }
            if ui.button(scene.words.delete_layout).clicked() {
                out.send(Command::DeleteLayout(name.clone()));
                ui.close();
            }
        });
    }
}
