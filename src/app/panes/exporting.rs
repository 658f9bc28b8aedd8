//! The export dialog: what is written and where on the left, the picture itself on the right.

use super::dialogs::{Ask, buttons, text_field, title};
use crate::app::{
    command::Command,
    exporting::{Finish, Piece},
    figures::Preview,
    scene::{Out, Scene},
    theme::{self, BODY},
    widgets::{self, switch},
    words::Language,
};
use crate::export::{FORMATS, FirstToken, Labels, Preset};
use egui::{Frame, Margin, Rect, RichText, ScrollArea, Stroke, Ui, pos2, vec2};
use std::path::PathBuf;
use strum::IntoEnumIterator as _;

/// Width of the choices.
const CHOICES: f32 = 380.0;
/// Height of the preview.
const HEIGHT: f32 = 380.0;

/// What is filled in.
pub(super) struct Form<'a> {
    /// Where it goes.
    pub path: &'a mut String,
    /// What is written.
    pub piece: Piece,
    /// How it looks.
    pub finish: &'a mut Finish,
}

/// Draws the dialog.
pub(super) fn show(ui: &mut Ui, form: Form<'_>, scene: &Scene<'_>, out: &mut Out, ask: &mut Option<Ask>) {
    let words = scene.words;
    let Form { piece, .. } = form;
    let name = match piece {
        Piece::Head => (words.export_title)(&scene.state.head.to_string()),
        Piece::Chosen => (words.choosing.export_title)(scene.state.heads().len()),
        Piece::Heads => words.export_all_title.to_owned(),
        Piece::States => words.export_states_title.to_owned(),
        Piece::Trace => words.save_trace_title.to_owned(),
        Piece::View(_) => (words.figures.export_view)(piece.title(words)),
    };
    title(ui, &name, if piece == Piece::Trace { words.save_trace_what } else { words.export_formats });
    if piece == Piece::Trace {
        choices(ui, form, scene, out, ask);
        return;
    }
    let Form { path, finish, .. } = form;
    let beside = ui.available_width() - CHOICES - 20.0;
    if beside < 200.0 {
        choices(ui, Form { path, piece, finish: &mut *finish }, scene, out, ask);
        ui.add_space(12.0);
        preview(ui, scene);
        return caption(ui, piece, finish, scene, out);
    }
    ui.horizontal_top(|ui| {
        ui.vertical(|ui| {
            ui.set_width(CHOICES);
            choices(ui, Form { path, piece, finish: &mut *finish }, scene, out, ask);
        });
        ui.add_space(12.0);
        ui.vertical(|ui| {
            ui.set_width(beside);
            preview(ui, scene);
            caption(ui, piece, finish, scene, out);
        });
    });
}

fn choices(ui: &mut Ui, form: Form<'_>, scene: &Scene<'_>, out: &mut Out, ask: &mut Option<Ask>) {
    let words = scene.words;
    let Form { path, piece, finish } = form;
    if piece != Piece::Trace {
        ui.horizontal(|ui| {
            widgets::choice(ui, words.figures.view, piece.title(words), |ui| {
                for other in Piece::all() {
                    if ui.selectable_label(other == piece, other.title(words)).clicked() {
                        out.send(Command::AskForExport(other));
                        ui.close();
                    }
                }
            });
        });
        ui.add_space(8.0);
    }
    ui.horizontal_wrapped(|ui| {
        for format in piece.formats() {
            let own = FORMATS.iter().find(|format| path.ends_with(format.ending));
            let chosen = own.is_some_and(|own| own.ending == format.ending);
            if ui
                .selectable_label(chosen, format.ending)
                .on_hover_text((words.figures.format)(format))
                .clicked()
            {
                let stem = own.and_then(|own| path.strip_suffix(own.ending)).unwrap_or(path);
                *path = format!("{stem}{}", format.ending);
            }
        }
    });
    if !matches!(scene.preview, Preview::None) {
        ui.add_space(8.0);
        finishing(ui, piece, finish, scene);
    }
    ui.add_space(8.0);
    let entered = text_field(ui, words.export_path, path);
    ui.add_space(6.0);
    let ready = !path.trim().is_empty();
    ui.horizontal(|ui| {
        if ui.add(widgets::outlined(ui, words.export_browse)).clicked() {
            *ask = Some(Ask::Save);
        }
        if ready && piece.has_recipe(path) {
            let (name, tip) = (words.figures.save_recipe, words.figures.recipe);
            if ui.add(widgets::outlined(ui, name)).on_hover_text(tip).clicked() {
                out.send(Command::SaveRecipe { path: PathBuf::from(path.trim()), piece, finish: *finish });
            }
        }
    });
    if buttons(ui, scene, words.export, ready, out) || (entered && ready) {
        out.send(Command::Export { path: PathBuf::from(path.trim()), piece, finish: *finish });
    }
}

/// Size, labels, first token and ground.
fn finishing(ui: &mut Ui, piece: Piece, finish: &mut Finish, scene: &Scene<'_>) {
    let words = scene.words.figures;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(8.0, 8.0);
        let chosen = finish.preset.map_or(words.as_on_screen, words.preset);
        widgets::choice(ui, words.size, chosen, |ui| {
            ui.selectable_value(&mut finish.preset, None, words.as_on_screen);
            for preset in Preset::iter() {
                ui.selectable_value(&mut finish.preset, Some(preset), (words.preset)(preset));
            }
        });
        if piece.is_map() || piece == Piece::States {
            widgets::choice(ui, words.labels, (words.label)(finish.labels), |ui| {
                for labels in Labels::iter() {
                    ui.selectable_value(&mut finish.labels, labels, (words.label)(labels));
                }
            });
        }
        if piece.is_map() {
            widgets::choice(ui, words.first, (words.fate)(finish.first), |ui| {
                for first in FirstToken::iter() {
                    ui.selectable_value(&mut finish.first, first, (words.fate)(first));
                }
            });
        }
        if piece == Piece::Head && scene.state.view.is_some() {
            let chosen = if finish.part { words.in_sight } else { words.whole };
            widgets::choice(ui, words.part, chosen, |ui| {
                ui.selectable_value(&mut finish.part, false, words.whole);
                ui.selectable_value(&mut finish.part, true, words.in_sight);
            });
        }
        let times = |zoom: u8| format!("{zoom}×");
        let chosen = finish.zoom.map_or_else(|| words.own_zoom.to_owned(), times);
        widgets::choice(ui, words.zoom, &chosen, |ui| {
            ui.selectable_value(&mut finish.zoom, None, words.own_zoom);
            for zoom in [1, 2, 3, 4, 6, 8] {
                ui.selectable_value(&mut finish.zoom, Some(zoom), times(zoom));
            }
        });
        if switch::show(ui, finish.transparent, words.transparent).clicked() {
            finish.transparent = !finish.transparent;
        }
        ui.label(words.transparent);
    });
}

fn preview(ui: &mut Ui, scene: &Scene<'_>) {
    let (words, tokens) = (scene.words.figures, theme::tokens(ui));
    let size = vec2(ui.available_width(), HEIGHT.min(ui.ctx().content_rect().height() - 320.0).max(120.0));
    let (rect, response) = ui.allocate_exact_size(size, egui::Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, words.preview));
    ui.painter().rect(rect, 6.0, tokens.background, Stroke::new(1.0, tokens.line), egui::StrokeKind::Inside);
    let say = |text: &str, color| {
        let galley = ui.painter().layout(text.to_owned(), theme::body(BODY), color, rect.width() - 32.0);
        ui.painter().galley(rect.center() - galley.size() / 2.0, galley, color);
    };
    match scene.preview {
        Preview::None => say(words.no_picture, tokens.muted),
        Preview::Waiting => say(words.drawing, tokens.muted),
        Preview::Failed(banner) => say(&banner.what, tokens.error),
        Preview::Ready(texture, _) => {
            let room = rect.shrink(8.0);
            let own = texture.size_vec2();
            let scale = (room.width() / own.x).min(room.height() / own.y);
            let place = Rect::from_center_size(room.center(), own * scale);
            let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
            ui.painter().image(texture.id(), place, whole, egui::Color32::WHITE);
        }
    }
}

/// The caption to paste, with its button; beside it the one that copies the picture.
fn caption(ui: &mut Ui, piece: Piece, finish: &mut Finish, scene: &Scene<'_>, out: &mut Out) {
    let Preview::Ready(_, text) = scene.preview else { return };
    let (words, tokens) = (scene.words.figures, theme::tokens(ui));
    ui.add_space(10.0);
    ui.horizontal(|ui| {
        widgets::section(ui, words.caption);
        for language in Language::iter() {
            let lang = language.lang();
            let response = ui.selectable_label(finish.lang == lang, language.words().finding.own_name);
            if response.clicked() {
                finish.lang = lang;
            }
        }
    });
    let frame = Frame::new().fill(tokens.raised).corner_radius(6).inner_margin(Margin::symmetric(10, 8));
    frame.show(ui, |ui| {
        ScrollArea::vertical().max_height(72.0).auto_shrink([false, true]).show(ui, |ui| {
            ui.add(egui::Label::new(RichText::new(text).size(12.0)).selectable(true).wrap());
        });
    });
    ui.add_space(6.0);
    ui.horizontal(|ui| {
        if ui.add(widgets::outlined(ui, words.copy_caption)).clicked() {
            out.send(Command::Copy(text.to_owned()));
        }
        if ui.add(widgets::outlined(ui, words.copy_picture)).clicked() {
            out.send(Command::CopyPicture(piece, *finish));
        }
    });
}
