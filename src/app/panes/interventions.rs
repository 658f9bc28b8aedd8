//! What is changed about the run: the list with its switches, which run is shown, and the menus that add to it.

use crate::{
    app::{
        command::Command,
        offering::{Group, Offer, Target},
        scene::{Out, Scene},
        state::Shown,
        theme::{self, BODY, SMALL},
        widgets::{self, focus, switch},
    },
    trace::Intervention,
};
use egui::{Align, Button, Layout, RichText, Slider, Ui};

/// Draws the section: the switches, and which of the two runs is shown.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let (words, tokens) = (scene.words, theme::tokens(ui));
    let list = &scene.state.interventions;
    ui.horizontal(|ui| {
        widgets::section(ui, words.changes.interventions);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let clear =
                Button::new(RichText::new(words.changes.clear).size(SMALL).color(tokens.muted)).frame(false);
            if !list.is_empty() && ui.add(clear).on_hover_text(words.changes.clear_why).clicked() {
                out.send(Command::ClearInterventions);
            }
            if scene.model.is_some() {
                add(ui, scene, out);
            }
        });
    });
    // A saved run cannot be changed any more: what was changed about it is only told
    if let Some(trace) = scene.trace.filter(|trace| scene.only_trace() && !trace.interventions().is_empty()) {
        ui.label(RichText::new(words.changes.recorded).size(12.0).color(tokens.muted));
        for what in trace.interventions() {
            let name = what.to_string();
            let galley = widgets::short(ui, &name, theme::mono(12.0), ui.available_width(), tokens.text);
            ui.label(galley).on_hover_text(name);
        }
        return;
    }
    if list.is_empty() {
        ui.label(RichText::new(words.changes.interventions_hint).size(12.0).color(tokens.muted));
        return;
    }
    for (index, item) in list.iter().enumerate() {
        ui.push_id(index, |ui| line(ui, scene, index, &item.what, item.on, out));
    }
    if scene.both.is_some() {
        ui.add_space(6.0);
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            let choices = [
                (Shown::Clean, words.changes.clean),
                (Shown::Changed, words.changes.changed),
                (Shown::Difference, words.changes.difference),
            ];
            for (shown, name) in choices {
                let text = RichText::new(name).size(12.0);
                if ui.selectable_label(scene.state.shown == shown, text).clicked() {
                    out.send(Command::SetShown(shown));
                }
            }
        });
    }
}

/// One intervention: its words, a switch, a cross; a slider where it has a number to turn.
fn line(ui: &mut Ui, scene: &Scene<'_>, index: usize, what: &Intervention, on: bool, out: &mut Out) {
    let (words, tokens) = (scene.words, theme::tokens(ui));
    let label = ui.horizontal(|ui| {
        let name = what.to_string();
        let color = if on { tokens.text } else { tokens.muted };
        let room = (ui.available_width() - 66.0).max(40.0);
        let galley = widgets::short(ui, &name, theme::mono(12.0), room, color);
        let label = ui.label(galley).on_hover_text(&name);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if widgets::cross(ui, BODY, &format!("{} {name}", words.changes.remove)).clicked() {
                out.send(Command::RemoveIntervention(index));
            }
            if switch::show(ui, on, &name).clicked() {
                out.send(Command::SwitchIntervention(index, !on));
            }
        });
        label.id
    });
    let Some(mut by) = what.strength() else { return };
    let range = match what {
        Intervention::Scale { .. } => -2.0..=3.0,
        Intervention::Temperature { .. } => 0.1..=5.0,
        _ => -10.0..=10.0,
    };
    let slider = ui.add_enabled(on, Slider::new(&mut by, range).step_by(0.05).max_decimals(2));
    focus::keep(&slider);
    if slider.labelled_by(label.inner).changed() {
        out.send(Command::AdjustIntervention(index, what.clone().with_strength(by)));
    }
}

/// What can be changed about a target: what was pointed at, then menus of what belongs to it.
pub fn menu(ui: &mut Ui, scene: &Scene<'_>, target: Target, out: &mut Out) {
    ui.set_min_width(230.0);
    match scene.offers(target) {
        Ok(groups) => {
            let mut groups = groups.into_iter();
            if let Some(Group { title, offers }) = groups.next() {
                ui.label(RichText::new(title).font(theme::strong(SMALL)).color(theme::tokens(ui).muted));
                for one in offers {
                    offer(ui, one, out);
                }
            }
            submenus(ui, groups, out);
        }
        Err(why) => {
            ui.label(RichText::new(why).color(theme::tokens(ui).muted));
        }
    }
}

/// A menu a group.
fn submenus(ui: &mut Ui, groups: impl Iterator<Item = Group>, out: &mut Out) {
    for Group { title, offers } in groups {
        ui.menu_button(title, |ui| {
            ui.set_min_width(230.0);
            for one in offers {
                offer(ui, one, out);
            }
        });
    }
}

/// What can be changed about the selection.
fn add(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let words = &scene.words.changes;
    let label = RichText::new(words.add).size(SMALL).color(theme::tokens(ui).muted);
    ui.add_enabled_ui(scene.trace.is_some() && scene.model.is_some(), |ui| {
        let button = egui::containers::menu::MenuButton::from_button(Button::new(label).frame(false));
        let (response, _) = button.ui(ui, |ui| {
            ui.set_min_width(230.0);
            submenus(ui, scene.offers(scene.target()).unwrap_or_default().into_iter(), out);
        });
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, words.add_why));
        response.on_hover_text(words.add_why);
    });
}

/// A menu entry that changes the run or asks how, with its spelling beside it.
fn offer(ui: &mut Ui, offer: Offer, out: &mut Out) {
    let spelled = offer.spelled();
    let short = widgets::short(ui, &spelled, theme::mono(SMALL), 250.0, theme::tokens(ui).muted);
    let button = Button::new(offer.label.as_str()).shortcut_text(short);
    if ui.add(button).on_hover_text(spelled).clicked() {
        out.send(offer.command());
        ui.close();
    }
}
