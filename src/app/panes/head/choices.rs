//! What the head view's map is made of, and its colours: the menus in its header, and the line below it.

use super::{Shown, muted};
use crate::{
    app::{
        command::Command,
        mapping::{MapChoice, Over},
        scene::{Out, Scene},
        theme::{self, SMALL},
        widgets::{self, focus, switch},
    },
    render::{ColorMap, Scale},
    trace::{Combine, FirstToken, Level, Weigh},
};
use egui::{Rect, RichText, Slider, Ui, pos2, vec2};
use strum::IntoEnumIterator as _;

/// The menu of recipes at the left of the line; gives back where it leaves room.
pub(super) fn recipe(ui: &mut Ui, scene: &Scene<'_>, area: Rect, out: &mut Out) -> f32 {
    let inner = area.shrink2(vec2(14.0, 0.0));
    let layout = egui::Layout::left_to_right(egui::Align::Center);
    let mut left = ui.new_child(egui::UiBuilder::new().max_rect(inner).layout(layout).id_salt("recipe"));
    map(&mut left, scene, out);
    left.min_rect().right() + 12.0
}

fn map(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let (words, choice) = (scene.words.map, &scene.state.map);
    let chosen = match (choice.over, choice.steps.are_plain()) {
        (Over::Head, true) => words.weight.to_owned(),
        (Over::Head, false) if choice.steps.weigh == Weigh::Values => words.length.to_owned(),
        (Over::Head, false) => words.changed.to_owned(),
        (over, _) => (words.over_short)(over).to_owned(),
    };
    widgets::choices(ui, words.map, &chosen, |ui| {
        ui.set_width(300.0);
        let mut new = choice.clone();
        widgets::section(ui, words.heads);
        for over in Over::iter() {
            ui.radio_value(&mut new.over, over, (words.over)(over));
        }
        if new.over != Over::Head {
            ui.add_space(4.0);
            ui.horizontal_wrapped(|ui| {
                for combine in Combine::iter() {
                    let two = combine == Combine::Difference && new.over != Over::Chosen;
                    ui.add_enabled_ui(!two, |ui| {
                        ui.selectable_value(&mut new.combine, combine, (words.combine)(combine));
                    });
                }
            });
        }
        widgets::section(ui, words.cells);
        for weigh in Weigh::iter() {
            let response = ui.radio_value(&mut new.steps.weigh, weigh, (words.cell)(weigh));
            response.on_hover_text((words.cell_why)(weigh));
        }
        ui.horizontal(|ui| {
            if switch::show(ui, new.beside, words.beside).clicked() {
                new.beside = !new.beside;
            }
            ui.label(words.beside);
        });
        widgets::section(ui, words.first);
        for first in FirstToken::iter() {
            ui.radio_value(&mut new.steps.first, first, (words.fate)(first));
        }
        ui.label(RichText::new(words.sink).size(SMALL).color(muted(ui)));
        for (title, level) in [(words.rows, &mut new.steps.queries), (words.columns, &mut new.steps.keys)] {
            let response = ui.scope(|ui| widgets::section(ui, title)).response;
            response.on_hover_text(words.level_why);
            ui.push_id(title, |ui| {
                ui.horizontal(|ui| {
                    for own in Level::iter() {
                        ui.selectable_value(level, own, (words.level)(own));
                    }
                });
            });
        }
        ui.add_space(8.0);
        let plain =
            MapChoice { queries: new.queries.clone(), keys: new.keys.clone(), ..MapChoice::default() };
        if ui.add_enabled(new != plain, widgets::outlined(ui, words.plain)).clicked() {
            new = plain;
        }
        if new != *choice {
            out.send(Command::SetMapChoice(Box::new(new)));
        }
    });
}

/// What a cell holds, and from which value on cells are shown.
pub(super) fn strip(
    ui: &mut Ui,
    scene: &Scene<'_>,
    shown: &Shown<'_>,
    (area, start): (Rect, f32),
    out: &mut Out,
) {
    let (words, choice) = (scene.words.map, &scene.state.map);
    let inner = area.shrink2(vec2(14.0, 0.0));
    let counts = choice.threshold > 0.0;
    // Where there is room the slider says what it is; else only when one points at it
    let named = inner.width() > 520.0;
    let slider = if counts { 252.0 } else { 150.0_f32.min(inner.width() * 0.5) };
    let slider = slider + if named { 72.0 } else { 0.0 };
    let formula = shown.recipe.formula(shown.trace);
    let room = inner.right() - slider - 12.0 - start;
    if room > 40.0 {
        let galley = widgets::short(ui, &formula, theme::mono(12.0), room, muted(ui));
        let place = Rect::from_min_size(pos2(start, inner.center().y - galley.size().y / 2.0), galley.size());
        ui.painter().galley(place.min, galley, muted(ui));
        let response = ui.interact(place, ui.scope_id().with("formula"), egui::Sense::hover());
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &formula));
        response.on_hover_text(format!("{formula}\n{}", (words.cell_why)(shown.recipe.steps.weigh)));
    }
    let right = inner.with_min_x(inner.right() - slider);
    let layout = egui::Layout::right_to_left(egui::Align::Center);
    let mut ui = ui.new_child(egui::UiBuilder::new().max_rect(right).layout(layout).id_salt("threshold"));
    let high = shown.shader.range().high;
    let mut threshold = choice.threshold.min(high);
    let count = match shown.known.survey() {
        _ if choice.threshold <= 0.0 => String::new(),
        Some(survey) => (words.left)(survey.from(choice.from()), survey.cells),
        None => match shown.known.surveyed() {
            Some(done) => format!("{} {:.0} %", words.counting, done * 100.0),
            None => words.counting.to_owned(),
        },
    };
    ui.label(RichText::new(count).size(SMALL).color(muted(&ui)));
    ui.spacing_mut().slider_width = 68.0;
    let slider = Slider::new(&mut threshold, 0.0..=high)
        .logarithmic(true)
        .smallest_positive(f64::from(high) / 1000.0)
        .max_decimals(3);
    let slider = focus::slide(&mut ui, slider);
    slider.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Slider, true, words.threshold));
    if slider.on_hover_text(words.threshold).changed() {
        out.send(Command::SetMapThreshold(threshold));
    }
    if named {
        ui.label(RichText::new(words.threshold.to_lowercase()).size(SMALL).color(muted(&ui)));
    }
}

/// The scales.
pub(super) fn scale(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let chosen = scene.state.look.scale;
    widgets::choice(ui, scene.words.scale, &(scene.words.scale_name)(chosen).to_lowercase(), |ui| {
        for scale in Scale::iter() {
            if ui.selectable_label(scale == chosen, (scene.words.scale_name)(scale)).clicked() {
                out.send(Command::SetScale(scale));
                ui.close();
            }
        }
    });
}

/// The maps with the theme's floor first, the others after them.
pub(super) fn colours(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let (chosen, theme) = (scene.state.look.map(scene.dark), theme::shared(scene.dark));
    let name = scene.words.map.colours;
    widgets::choice(ui, "", &name(chosen).to_lowercase(), |ui| {
        for home in [true, false] {
            for map in ColorMap::iter().filter(|map| !map.is_signed() && (map.theme() == theme) == home) {
                if ui.add(swatch(ui, (map, name(map)), map == chosen)).clicked() {
                    out.send(Command::SetMap { dark: scene.dark, map });
                    ui.close();
                }
            }
        }
    });
}

fn swatch(ui: &Ui, (map, name): (ColorMap, &'static str), chosen: bool) -> impl egui::Widget + use<> {
    let tokens = theme::tokens(ui);
    move |ui: &mut Ui| {
        let response = ui.add(egui::Button::selectable(chosen, name).min_size(vec2(210.0, 24.0)));
        let bar = Rect::from_center_size(response.rect.right_center() - vec2(48.0, 0.0), vec2(80.0, 10.0));
        for i in 0..40 {
            let part =
                bar.with_min_x(bar.left() + 2.0 * i as f32).with_max_x(bar.left() + 2.0 * i as f32 + 2.0);
            ui.painter().rect_filled(part, 0, theme::of_map(map.at(i as f32 / 39.0)));
        }
        ui.painter().rect_stroke(bar, 0, egui::Stroke::new(1.0, tokens.line), egui::StrokeKind::Outside);
        response
    }
}
