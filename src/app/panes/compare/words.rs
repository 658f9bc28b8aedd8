//! The second run in words: what it is of, how its tokens are aligned, what may follow in both, layer by layer.

use super::{ends, found, note, steps, strip};
use crate::{
    analysis::compare::{By, LayerDifference, NextWord},
    app::{
        command::{Command, CommandKind},
        comparing::{Both, Found},
        document::Reference,
        panes::left::Field,
        scene::{Out, Scene},
        theme, widgets,
        words::size,
    },
    model::shown,
    trace::Side,
};
use egui::{Align, Align2, Layout, Rect, ScrollArea, Sense, Ui, vec2};

/// Words that may follow, at most.
const NEXT: usize = 8;
/// Of the pane's height, what the aligned tokens of a long text take, and at least.
const STRIP: f32 = 0.4;
const LEAST: f32 = 240.0;

/// Draws the pane.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let highest = (ui.available_height() * STRIP).max(LEAST);
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        egui::Frame::new().inner_margin(egui::Margin::symmetric(14, 12)).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 4.0;
            second(ui, scene, out);
            ui.add_space(16.0);
            // The fields above say what can be done
            let Some((both, found)) = found(ui, scene, "", out) else { return };
            aligned(ui, scene, (both, found, highest), out);
            next(ui, scene, found);
            layers(ui, scene, both, found);
        });
    });
}

/// The second prompt's box: while it has the focus, the keys that run a prompt run that one.
pub fn field() -> egui::Id {
    egui::Id::unique("second prompt")
}

/// What the second run is of.
fn second(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let (words, choice) = (scene.words.compare, &scene.state.compare);
    let field =
        Field { name: words.second_prompt, hint: words.second_hint, id: field(), rows: 3, highest: 140.0 };
    if let Some(text) = field.show(ui, &choice.prompt) {
        out.send(Command::EditSecond(text));
    }
    ui.add_space(4.0);
    ui.horizontal(|ui| {
        models(ui, scene, out);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let stale = choice.prompt != choice.asked;
            let button = widgets::outlined(ui, words.run);
            if ui.add_enabled(stale, button).on_hover_text(words.run_why).clicked() {
                out.send(Command::RunSecond);
            }
            if choice.asks()
                && ui.add(widgets::outlined(ui, words.close)).on_hover_text(words.close_why).clicked()
            {
                out.send(Command::ClearSecond);
            }
        });
    });
    steps::show(ui, scene, out);
    if let Some(both) = scene.compared {
        if !choice.asks() {
            note(ui, words.changed_run);
        }
        let bytes = |bytes: usize| size(bytes as u64);
        note(ui, &(words.sizes)(&bytes(both.a.1.bytes()), &bytes(both.b.1.bytes())));
    }
}

fn models(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let (words, chosen) = (scene.words.compare, &scene.state.compare.model);
    let name = match chosen {
        None if scene.state.compare.step.is_some() => words.a_step.to_owned(),
        None => words.same_model.to_owned(),
        Some(Reference::Embedded) => words.embedded.to_owned(),
        Some(Reference::Path(path)) => path
            .file_name()
            .map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned()),
    };
    widgets::choice(ui, words.model, &name, |ui| {
        let mut pick = |ui: &mut Ui, label: &str, model: Option<Reference>| {
            let now = model == *chosen && scene.state.compare.step.is_none();
            if ui.selectable_label(now, label).clicked() {
                out.send(Command::OpenSecond(model));
                ui.close();
            }
        };
        pick(ui, words.same_model, None);
        pick(ui, words.embedded, Some(Reference::Embedded));
        for recent in scene.settings.recent.iter().filter(|path| !crate::app::document::is_session(path)) {
            pick(ui, &recent.display().to_string(), Some(Reference::Path(recent.clone())));
        }
        ui.separator();
        widgets::entry(ui, CommandKind::OpenSecond, scene, out);
    });
}

/// Long texts scroll by themselves, so that what follows from them stays in sight.
fn aligned(ui: &mut Ui, scene: &Scene<'_>, (both, found, highest): (Both<'_>, &Found, f32), out: &mut Out) {
    let words = scene.words.compare;
    for side in [Side::Source, Side::Target] {
        let alignment = found.comparison.alignment(side);
        let [a, b] = alignment.lengths;
        if a + b == 0 {
            continue;
        }
        widgets::section_of(ui, words.aligned, &(words.aligned_of)(alignment.pairs.len(), a, b));
        let own =
            ScrollArea::vertical().max_height(highest).auto_shrink([false, true]).id_salt(("aligned", side));
        own.show(ui, |ui| strip::show(ui, scene, (both, side), found.pieces(side), out));
        if alignment.by == By::Characters {
            note(ui, words.by_characters);
        }
        ui.add_space(16.0);
    }
}

/// Two bars a word, A's over B's.
fn next(ui: &mut Ui, scene: &Scene<'_>, found: &Found) {
    let (words, tokens) = (scene.words.compare, theme::tokens(ui));
    let next = &found.comparison.next;
    let told = next.divergence.map_or_else(String::new, |bits| (words.next_bits)(bits));
    widgets::section_of(ui, words.next, &told);
    if next.words.is_empty() {
        note(ui, words.next_none);
    }
    let colors = ends(scene);
    for NextWord { text, a, b } in next.words.iter().take(NEXT) {
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 24.0), Sense::hover());
        let percent = |p: Option<f32>| p.map_or_else(|| "–".to_owned(), |p| format!("{:.1}", p * 100.0));
        let value = format!("{} → {} %", percent(*a), percent(*b));
        let label = format!("{} {value}", shown(text));
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &label));
        let name = widgets::short(ui, &shown(text), theme::mono(12.0), 84.0, tokens.text);
        ui.painter().galley(
            Align2::LEFT_CENTER.anchor_size(rect.left_center(), name.size()).min,
            name,
            tokens.text,
        );
        ui.painter().text(rect.right_center(), Align2::RIGHT_CENTER, value, theme::body(12.0), tokens.text);
        let across = rect.left() + 92.0..=rect.right() - 104.0;
        for (p, color, top) in [(a, colors[0], -6.0), (b, colors[1], 1.0)] {
            let y = rect.center().y + top;
            let track = Rect::from_x_y_ranges(across.clone(), y..=y + 5.0);
            if track.width() > 8.0 {
                widgets::meter(ui, track, p.unwrap_or(0.0), color);
            }
        }
    }
    ui.add_space(16.0);
}

/// Cosine as a bar, CKA beside it.
fn layers(ui: &mut Ui, scene: &Scene<'_>, both: Both<'_>, found: &Found) {
    let (words, tokens) = (scene.words.compare, theme::tokens(ui));
    widgets::section_of(ui, words.layers, "cosine · CKA");
    for LayerDifference { a, cosine, cka, .. } in &found.comparison.layers {
        let number =
            |value: &Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.3}"));
        let value = format!("{} · {}", number(cosine), number(cka));
        let name = both.a.1.spec.stream_name(*a);
        let short = scene.stream_name(*a);
        let line = widgets::Line {
            name: &short,
            mono: false,
            name_width: 84.0,
            share: cosine.or(*cka).unwrap_or(0.0).max(0.0) as f32,
            value: &value,
            color: tokens.measure,
            marked: false,
        };
        line.show(ui).on_hover_text(format!("{name}\n{}", words.layers_why));
    }
}
