//! What speaks for a word: its logit, or the difference of two, by component, and where the selected head read it.

use crate::{
    analysis::{Attribution, Component},
    app::{
        command::Command,
        offering::Target,
        panes::interventions,
        reasons::{Said, SaidState},
        scene::{Out, Scene},
        theme::{self, BODY, SMALL},
        widgets::{self, segments},
        words::signed,
    },
    model::{HeadId, Model, shown},
    render::{ColorMap, Scale, Shader, ValueRange},
    trace::{Side, Trace},
};
use egui::{Align2, Margin, Rect, Response, RichText, ScrollArea, Sense, Stroke, Ui, pos2, vec2};

/// Height of a line.
const LINE: f32 = 20.0;
/// Room for a number.
const NUMBER: f32 = 64.0;
/// Tokens that a head read, shown at most.
const SOURCES: usize = 8;
/// Room for a scroll bar.
const BAR: f32 = 10.0;
/// Room at the sides.
const MARGIN: f32 = 16.0;

/// Draws the pane.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let words = scene.words.why;
    let said = scene.reasons.said();
    let at = said.map_or("", |said| scene.labels.get(said.attribution.question.token));
    let subtitle = if at.is_empty() { String::new() } else { (words.attribution_sub)(at) };
    widgets::header(ui, words.attribution, &subtitle, |ui| {
        if let (Some(said), Some(model)) = (said, scene.model) {
            choices(ui, scene, said, model, out);
        }
    });
    let (Some(trace), true) = (scene.trace, scene.trace.is_some_and(Trace::is_complete)) else {
        return widgets::empty(ui, scene.first_step().0, scene.words.waiting);
    };
    if let Some(banner) = scene.reasons.said_not() {
        return widgets::empty(ui, &banner.what, banner.hint.as_deref().unwrap_or(""));
    }
    let (Some(said), Some(model)) = (said, scene.model) else {
        return widgets::empty(ui, scene.words.waiting, "");
    };
    egui::Frame::new().inner_margin(Margin::symmetric(MARGIN as i8, 4)).show(ui, |ui| {
        sum(ui, scene, &said.attribution, model, out);
        let sources = scene.reasons.sources();
        let below = if sources.is_empty() { 0.0 } else { 40.0 + LINE * SOURCES.min(sources.len()) as f32 };
        let room = (ui.available_height() - below).max(ui.available_height() * 0.4);
        parts(ui, scene, trace, &said.attribution, room, out);
        if !sources.is_empty() {
            ui.add_space(10.0);
            read(ui, scene, trace, sources, out);
        }
    });
}

/// Which word, and against which.
fn choices(ui: &mut Ui, scene: &Scene<'_>, said: &Said, model: &Model, out: &mut Out) {
    let words = scene.words.why;
    let now = scene.state.said;
    let text = |id: u32| shown(&model.token(id).text);
    let against = now.against.map_or_else(|| words.nothing.to_owned(), text);
    let mut set = |said: SaidState| out.send(Command::SetSaid(said));
    widgets::choice(ui, words.against, &against, |ui| {
        if ui.selectable_label(now.against.is_none(), words.nothing).clicked() {
            set(SaidState { against: None, ..now });
            ui.close();
        }
        for candidate in &said.words {
            let on = now.against == Some(candidate.id);
            if ui.selectable_label(on, shown(&candidate.text)).clicked() {
                set(SaidState { against: Some(candidate.id), ..now });
                ui.close();
            }
        }
    });
    let word = said.attribution.question.word;
    widgets::choice(ui, words.word, &text(word), |ui| {
        if ui.selectable_label(now.word.is_none(), words.likeliest).clicked() {
            set(SaidState { word: None, ..now });
            ui.close();
        }
        for candidate in &said.words {
            if ui.selectable_label(now.word == Some(candidate.id), shown(&candidate.text)).clicked() {
                set(SaidState { word: Some(candidate.id), ..now });
                ui.close();
            }
        }
    });
}

/// Characters of a word that a title quotes at most.
const WORD: usize = 28;

/// What is taken apart, its number, and whether the parts make it.
fn sum(ui: &mut Ui, scene: &Scene<'_>, said: &Attribution, model: &Model, out: &mut Out) {
    let (words, tokens) = (scene.words.why, theme::tokens(ui));
    let text = |id: u32| widgets::cut(&shown(&model.token(id).text), WORD).into_owned();
    let word = text(said.question.word);
    let what = match said.question.against {
        Some(against) => (words.logit_less)(&word, &text(against)),
        None => (words.logit_of)(&word),
    };
    ui.horizontal(|ui| {
        ui.label(RichText::new(signed(said.logit())).font(theme::strong(20.0)).color(tokens.text));
        ui.label(RichText::new(what).size(BODY).color(tokens.muted));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let in_order = scene.state.said.in_order;
            if let Some(chosen) =
                segments::show(ui, &[(words.by_size, !in_order), (words.in_order, in_order)])
            {
                out.send(Command::SetSaid(SaidState { in_order: chosen == 1, ..scene.state.said }));
            }
        });
    });
    let mut notes = vec![(words.parts_agree)(said.parts.len(), said.residual().abs())];
    if let Some(cap) = said.cap {
        notes.insert(0, format!("{} {} {}", words.sum, signed(said.sum()), (words.before_cap)(cap)));
    }
    if said.gated {
        notes.push(words.gated.to_owned());
    }
    ui.label(RichText::new(notes.join(" · ")).size(SMALL).color(tokens.muted));
    ui.add_space(6.0);
}

fn parts(ui: &mut Ui, scene: &Scene<'_>, trace: &Trace, said: &Attribution, room: f32, out: &mut Out) {
    let mut order: Vec<&(Component, f64)> = said.parts.iter().collect();
    if !scene.state.said.in_order {
        order.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
    }
    let names: Vec<String> = order.iter().map(|&&(own, _)| scene.component_name(own, &trace.spec)).collect();
    let longest = names.iter().map(|name| name.chars().count()).max().unwrap_or(0) as f32 * 7.3 + 8.0;
    let longest = longest.min(ui.available_width() * 0.42);
    let most = order.iter().fold(0.0_f64, |most, (_, value)| most.max(value.abs()));
    let spacing = std::mem::take(&mut ui.spacing_mut().item_spacing.y);
    let area = ScrollArea::vertical().id_salt("parts").max_height(room).auto_shrink([false, true]);
    area.show_rows(ui, LINE, order.len(), |ui, rows| {
        for index in rows {
            let (component, value) = *order[index];
            let name = &names[index];
            let head = match component {
                Component::Head(head) => Some(head),
                _ => None,
            };
            let marked = head == Some(scene.state.head);
            let lit = head.is_some() && head == scene.hover.head;
            let say = (scene.words.why.part)(name, value);
            let leads = (marked, Target::of(component).is_some(), lit);
            let response = bar(ui, scene, (name, longest), value, most, leads, &say);
            if let Some(head) = head {
                out.point_at(head, &response);
                out.commands.extend(response.clicked().then_some(Command::SelectHead(head)));
            }
            if let Component::Mlp(layer) = component {
                out.hover.layer = out.hover.layer.or(response.hovered().then_some(layer));
                out.commands.extend(scene.select_block(layer).filter(|_| response.clicked()));
            }
            if let Some(target) = Target::of(component) {
                response.context_menu(|ui| interventions::menu(ui, scene, target, out));
            }
        }
    });
    ui.spacing_mut().item_spacing.y = spacing;
}

/// Where the selected head read what it adds, the largest first.
fn read(ui: &mut Ui, scene: &Scene<'_>, trace: &Trace, sources: &[f64], out: &mut Out) {
    let words = scene.words.why;
    let head: HeadId = scene.state.head;
    let name = scene.with_role(trace.spec.head_name(head), head);
    widgets::section_of(ui, &(words.reads)(&name), &signed(sources.iter().sum()));
    let mut order: Vec<usize> = (0..sources.len()).filter(|&key| sources[key] != 0.0).collect();
    order.sort_by(|&a, &b| sources[b].abs().total_cmp(&sources[a].abs()));
    let most = order.first().map_or(0.0, |&key| sources[key].abs());
    let spacing = std::mem::take(&mut ui.spacing_mut().item_spacing.y);
    for &key in order.iter().take(SOURCES) {
        let name = scene.key_name(key);
        let marked = scene.shown_key() == Some(key);
        let say = (words.part)(&name, sources[key]);
        let response = bar(ui, scene, (&name, 110.0), sources[key], most, (marked, true, false), &say);
        if response.hovered() {
            out.hover.key = Some(key);
        }
        if response.clicked() {
            out.send(Command::PinKey(Some(key)));
        }
        let query = scene.reasons.said().map(|said| said.attribution.question.token);
        let target = match query.filter(|_| scene.rows() == Side::Target) {
            Some(query) => Target::Cell(head, query, key),
            None => Target::Column(head, key),
        };
        response.context_menu(|ui| interventions::menu(ui, scene, target, out));
    }
    ui.spacing_mut().item_spacing.y = spacing;
}

/// A name, a bar from the middle to either side, a number.
fn bar(
    ui: &mut Ui,
    scene: &Scene<'_>,
    (name, name_width): (&str, f32),
    value: f64,
    most: f64,
    (marked, leads, lit): (bool, bool, bool),
    say: &str,
) -> Response {
    let tokens = theme::tokens(ui);
    let sense = if leads { Sense::click() } else { Sense::hover() };
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), LINE), sense);
    let role = if leads { egui::Role::Button } else { egui::Role::Label };
    response.widget_info(|| egui::WidgetInfo::labeled(role, true, say));
    if !ui.is_rect_visible(rect) {
        return response;
    }
    if lit || leads && (response.hovered() || response.has_focus()) {
        let ground = theme::mix(tokens.background, tokens.dim, 0.16);
        ui.painter().rect_filled(rect.expand2(vec2(4.0, 0.0)), 4, ground);
    }
    let color = if marked { tokens.accent_text } else { tokens.text };
    let text = widgets::short(ui, name, theme::mono(12.0), name_width, color);
    let at = Align2::LEFT_CENTER.anchor_size(rect.left_center(), text.size());
    ui.painter().galley(at.min, text, color);
    let number = signed(value);
    let right = rect.right_center() - vec2(BAR, 0.0);
    ui.painter().text(right, Align2::RIGHT_CENTER, number, theme::body(BODY), tokens.text);
    let track = Rect::from_min_max(
        pos2(rect.left() + name_width + 8.0, rect.center().y - 5.0),
        pos2(right.x - NUMBER, rect.center().y + 5.0),
    );
    if track.width() < 20.0 || most <= 0.0 {
        return response;
    }
    let shader = Shader::new(
        ColorMap::signed(theme::shared(scene.dark)),
        Scale::Linear,
        ValueRange { low: -1.0, high: 1.0 },
    );
    let share = (value / most) as f32;
    let middle = track.center().x;
    let end = middle + share * track.width() / 2.0;
    let filled = track.with_min_x(middle.min(end)).with_max_x(middle.max(end).max(middle.min(end) + 1.0));
    let seen = share.signum() * (share.abs() * 0.6 + 0.4);
    ui.painter().rect_filled(filled, 1, theme::of_map(shader.color(seen)));
    ui.painter().vline(middle, rect.y_range(), Stroke::new(1.0, tokens.line));
    response
}
