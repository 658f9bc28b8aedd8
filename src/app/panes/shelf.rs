//! Models to choose from: those on this machine, and by name from the hub.

use crate::app::{
    command::Command,
    scene::{Out, Scene},
    theme::{self, BODY},
    widgets, words,
};
use crate::engine::{Found, Offer, Place};
use egui::{Align, Layout, RichText, ScrollArea, Ui};

/// Room for the list, in points.
const HEIGHT: f32 = 210.0;

/// Room for the bar that scrolls it.
const BAR: f32 = 12.0;

/// What this machine has, newest first; one click opens it.
pub(super) fn on_this_machine(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let (words, tokens) = (scene.words, theme::tokens(ui));
    widgets::section(ui, words.on_this_machine);
    let Some(models) = &scene.shelf.models else {
        ui.label(RichText::new(words.looking).color(tokens.muted));
        return;
    };
    ScrollArea::vertical().max_height(HEIGHT).id_salt("shelf").show(ui, |ui| {
        for model in models {
            // Two folders may hold models of one name
            let alone = models.iter().filter(|other| other.name == model.name).count() == 1;
            row(ui, model, alone, scene, out);
        }
    });
}

fn row(ui: &mut Ui, model: &Found, alone: bool, scene: &Scene<'_>, out: &mut Out) {
    let tokens = theme::tokens(ui);
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.add_space(BAR);
            let color = if model.fits { tokens.muted } else { tokens.accent_text };
            let place = match model.place {
                Place::Embedded => scene.words.embedded,
                Place::Folder => scene.words.card.folder,
                other => other.label(),
            };
            let size = words::size(model.bytes);
            let mut facts: Vec<&str> = model.family.as_deref().into_iter().collect();
            facts.extend([model.container, &size, place]);
            if !model.fits {
                facts.push(scene.words.too_big);
            }
            ui.label(RichText::new(facts.join(" · ")).color(color));
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let name = RichText::new(&model.name).font(theme::mono(12.0)).color(tokens.text);
                let response = ui.add(egui::Button::new(name).frame(false).truncate());
                if response.on_hover_text(&model.name).clicked() {
                    out.send(match &model.path {
                        Some(_) if alone => Command::OpenModel(model.name.clone().into()),
                        Some(path) => Command::OpenModel(path.clone()),
                        None => Command::OpenEmbedded,
                    });
                }
            });
        });
    });
}

/// A name to ask the hub for; what it would cost is shown before anything is fetched.
pub(super) fn from_the_hub(ui: &mut Ui, name: &mut String, scene: &Scene<'_>, out: &mut Out) {
    let words = scene.words;
    let entered = super::dialogs::text_field(ui, words.hub_name, name);
    ui.add_space(6.0);
    let ready = !name.trim().is_empty() && !scene.shelf.offline && scene.busy.is_none();
    ui.horizontal(|ui| {
        let clicked = ui.add_enabled(ready, widgets::outlined(ui, words.look_up)).clicked();
        if clicked || (entered && ready) {
            out.send(Command::LookUp(name.trim().to_owned()));
        }
        let mut offline = scene.shelf.offline;
        if widgets::checkbox::show(ui, &mut offline, words.offline).on_hover_text(words.offline_why).changed()
        {
            out.send(Command::SetOffline(offline));
        }
    });
    if let Some(offer) = &scene.shelf.offer {
        ui.add_space(10.0);
        offered(ui, offer, scene, out);
    }
}

fn offered(ui: &mut Ui, offer: &Offer, scene: &Scene<'_>, out: &mut Out) {
    let (words, tokens) = (scene.words, theme::tokens(ui));
    widgets::card(ui, |ui| {
        ui.label(RichText::new(&offer.name).font(theme::strong(BODY)).color(tokens.text));
        let licence = offer.licence.as_deref().unwrap_or(words.no_licence);
        for (name, value) in [
            (words.licence, licence.to_owned()),
            (words.size, words::size(offer.bytes)),
            (words.to_fetch, words::size(offer.missing)),
        ] {
            ui.horizontal(|ui| {
                ui.label(RichText::new(name).color(tokens.muted));
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| ui.label(value));
            });
        }
        if let Some(busy) = scene.busy {
            ui.add(egui::ProgressBar::new(busy.done).show_percentage());
            if ui.add(widgets::outlined(ui, words.cancel)).clicked() {
                out.send(Command::Cancel);
            }
        } else {
            let button = widgets::primary(ui, words.fetch);
            if ui.add_enabled(!scene.shelf.offline, button).clicked() {
                out.send(Command::Fetch);
            }
        }
    });
}
