//! What the selected head looks for and what it writes, by its weights alone: lists of words, each a way to ask on.

use crate::{
    analysis::circuits::{Ends, Entry, FIRST},
    app::{
        circuits::{CircuitState, Found, Lists},
        command::Command,
        scene::{Out, Scene},
        theme::{self, BODY, SMALL},
        widgets::{self, segments},
        words::{fixed, signed},
    },
    engine,
    model::{Model, Stream, shown},
    trace::{Intervention, Span},
};
use egui::{Align, Align2, Layout, Margin, Rect, RichText, ScrollArea, Sense, TextEdit, Ui, pos2, vec2};

/// Height of a line.
const LINE: f32 = 20.0;
/// Room for a number.
const NUMBER: f32 = 58.0;
/// Narrower than this, the two circuits stand one below the other.
const WIDE: f32 = 380.0;
/// Least room for a bar, in lines that are long enough for one.
const BAR: f32 = 24.0;
const BARRED: f32 = 240.0;
/// Room for a scroll bar.
const SCROLL: f32 = 16.0;

/// Which of the two circuits.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Looks,
    Writes,
}

/// Draws the pane.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let words = scene.words.circuits;
    let name = scene.model.map_or_else(String::new, |model| {
        scene.with_role(model.spec().head_name(scene.state.head), scene.state.head)
    });
    widgets::header(ui, words.circuits, &(words.subtitle)(&name), |ui| {
        stop(ui, scene, scene.circuits.searching(), out);
    });
    let Some(model) = scene.model else {
        let why = if scene.only_trace() { scene.words.needs_weights } else { scene.first_step().0 };
        return widgets::empty(ui, why, "");
    };
    egui::Frame::new().inner_margin(Margin { left: 16, right: 16, top: 0, bottom: 8 }).show(ui, |ui| {
        controls(ui, scene, model, out);
        ui.add_space(8.0);
        if let Some(banner) = scene.circuits.found_not() {
            return widgets::empty(ui, &banner.what, banner.hint.as_deref().unwrap_or(""));
        }
        let Some(found) = scene.circuits.found() else {
            return waiting(ui, scene, scene.circuits.searching(), out);
        };
        let wide = ui.available_width() >= WIDE;
        ScrollArea::vertical().id_salt("circuits").auto_shrink(false).show(ui, |ui| {
            ui.set_max_width(ui.available_width() - SCROLL);
            if wide {
                ui.spacing_mut().item_spacing.x = 20.0;
                ui.columns(2, |columns| {
                    for (column, which) in columns.iter_mut().zip([Side::Looks, Side::Writes]) {
                        let from_left = Layout::top_down(Align::Min);
                        column.with_layout(from_left, |ui| side(ui, scene, model, found, which, out));
                    }
                });
            } else {
                side(ui, scene, model, found, Side::Looks, out);
                ui.add_space(16.0);
                side(ui, scene, model, found, Side::Writes, out);
            }
            left_out(ui, scene, found);
        });
    });
}

/// A button that stops work which takes its time.
pub(super) fn stop(ui: &mut Ui, scene: &Scene<'_>, done: Option<f32>, out: &mut Out) {
    let Some(done) = done.filter(|done| *done > 0.0) else { return };
    let label = format!("{} · {:.0} %", scene.words.circuits.stop, done * 100.0);
    if ui.add(widgets::outlined(ui, label)).clicked() {
        out.send(Command::HoldCircuits(true));
    }
}

/// What stands where nothing is known yet: how far the work is, or that it was stopped and how it goes on.
pub(super) fn waiting(ui: &mut Ui, scene: &Scene<'_>, done: Option<f32>, out: &mut Out) {
    let words = scene.words.circuits;
    if !scene.circuits.held() {
        let share = done.map_or(String::new(), |done| format!("{:.0} %", done * 100.0));
        return widgets::empty(ui, words.working, &share);
    }
    ui.vertical_centered(|ui| {
        ui.add_space((ui.available_height() / 2.0 - 40.0).max(0.0));
        ui.label(RichText::new(words.stopped).size(theme::TITLE));
        if ui.add(widgets::outlined(ui, words.go_on)).clicked() {
            out.send(Command::HoldCircuits(false));
        }
    });
}

/// The field that asks about a word, and how words enter.
fn controls(ui: &mut Ui, scene: &Scene<'_>, model: &Model, out: &mut Out) {
    let (words, tokens) = (scene.words.circuits, theme::tokens(ui));
    let now = scene.state.circuits;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(8.0, 4.0);
        if let Some(word) = now.word {
            let name = text(model, word);
            if segments::show(ui, &[(words.all_pairs, false), (&name, true)]) == Some(0) {
                out.send(Command::SetCircuits(CircuitState { word: None, ..now }));
            }
        }
        let id = ui.scope_id().with("asked word");
        let mut typed: String = ui.data(|data| data.get_temp(id)).unwrap_or_default();
        let field = TextEdit::singleline(&mut typed).hint_text(words.find).desired_width(120.0);
        let response = ui.add(field);
        response.widget_info(|| {
            let mut info = egui::WidgetInfo::text_edit(true, &typed, &typed, words.find);
            info.label = Some(words.find.to_owned());
            info
        });
        let meant = |typed: &str| engine::word_of(typed.trim(), model);
        if response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter)) {
            if let Some(word) = meant(&typed) {
                out.send(Command::SetCircuits(CircuitState { word: Some(word), ..now }));
                typed.clear();
            } else if !typed.trim().is_empty() {
                response.request_focus();
            }
        }
        if !typed.trim().is_empty() && meant(&typed).is_none() {
            ui.label(RichText::new(words.not_one).size(12.0).color(tokens.error));
        }
        ui.data_mut(|data| data.insert_temp(id, typed));
        if let Some(word) = now.word {
            add(ui, scene, model, word, out);
        }
        if let Some(chosen) = segments::show(ui, &[(words.most, !now.least), (words.least, now.least)]) {
            out.send(Command::SetCircuits(CircuitState { least: chosen == 1, ..now }));
        }
        let mut after = now.options.after_mlp;
        let check = widgets::checkbox::show(ui, &mut after, RichText::new(words.after_mlp).size(12.0));
        if check.on_hover_text(words.after_mlp_why).changed() {
            let mut next = now;
            next.options.after_mlp = after;
            out.send(Command::SetCircuits(next));
        }
        let mut plain = now.options.plain;
        let check = widgets::checkbox::show(ui, &mut plain, RichText::new(words.plain).size(12.0));
        if check.on_hover_text(words.plain_why).changed() {
            let mut next = now;
            next.options.plain = plain;
            out.send(Command::SetCircuits(next));
        }
    });
}

/// A button that adds the word's vector to what enters the selected head's block, at the pinned query.
fn add(ui: &mut Ui, scene: &Scene<'_>, model: &Model, word: u32, out: &mut Out) {
    let words = scene.words.circuits;
    let (Some(trace), Some(token)) = (scene.trace, scene.pinned_query()) else { return };
    let layer = scene.state.head.layer;
    let label = (words.add)(&trace.spec.layer_name(layer), &scene.query_name(token));
    let button = widgets::outlined(ui, RichText::new(label).size(12.0));
    if ui.add(button).on_hover_text(words.add_why).clicked() {
        let text = model.token(word).text;
        let spelled = engine::word_of(&text, model) == Some(word) && !text.contains(['*', '\n']);
        out.send(Command::Intervene(Intervention::AddWord {
            hook: trace.spec.stream_name(Stream::Before(layer)),
            tokens: Span::one(token),
            word: if spelled { text } else { format!("#{word}") },
            by: 1.0,
        }));
    }
}

fn text(model: &Model, word: u32) -> String {
    shown(&model.token(word).text)
}

/// One of the two circuits: its score, what it says of all words, its lists.
fn side(ui: &mut Ui, scene: &Scene<'_>, model: &Model, found: &Found, side: Side, out: &mut Out) {
    let (words, tokens) = (scene.words.circuits, theme::tokens(ui));
    let circuits = &found.circuits;
    let (title, score, name, why) = match side {
        Side::Looks => (words.looks, circuits.matching, words.matching, words.matching_why),
        Side::Writes => (words.writes, circuits.copying, words.copying, words.copying_why),
    };
    ui.horizontal(|ui| {
        ui.label(RichText::new(title).font(theme::strong(theme::TITLE)).color(tokens.text));
        if let Some(score) = score {
            let said = format!("{name} {}", signed(score));
            let label = RichText::new(said).font(theme::body(BODY)).color(tokens.measure_text);
            ui.label(label).on_hover_text(why);
        }
    });
    let lists = match side {
        Side::Looks => Some(&found.looks),
        Side::Writes => found.writes.as_ref(),
    };
    let Some(lists) = lists else {
        let why = circuits.writes.as_ref().err().map_or_else(String::new, |&why| (words.none)(why));
        ui.label(RichText::new(why).color(tokens.muted));
        return;
    };
    match lists {
        Lists::Pairs(ends, own) => {
            if let Some(own) = own {
                let say = if side == Side::Looks { words.own_looks } else { words.own_writes };
                let said = RichText::new(say(own.first, own.among_first, FIRST)).size(SMALL.max(12.0));
                ui.add(egui::Label::new(said.color(tokens.muted)).wrap());
            }
            ui.add_space(8.0);
            widgets::section(ui, if side == Side::Looks { words.pairs_looks } else { words.pairs_writes });
            list(ui, scene, model, ends, Shown::Both, out);
        }
        Lists::Word(row, column) => {
            let word = found.word.map_or_else(String::new, |word| text(model, word));
            let (first, second) = match side {
                Side::Looks => ((words.keys_of)(&word), (words.queries_of)(&word)),
                Side::Writes => ((words.written_by_reading)(&word), (words.written_when)(&word)),
            };
            ui.add_space(8.0);
            titled(ui, &first);
            list(ui, scene, model, row, Shown::Column, out);
            ui.add_space(12.0);
            titled(ui, &second);
            list(ui, scene, model, column, Shown::Row, out);
        }
    }
}

fn titled(ui: &mut Ui, title: &str) {
    let tokens = theme::tokens(ui);
    ui.add(egui::Label::new(RichText::new(title).font(theme::strong(12.0)).color(tokens.muted)).truncate());
}

/// Which words of an entry a line shows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    Both,
    Row,
    Column,
}

/// Lines of one word show no more than a column's length together.
const SINGLE: usize = 24;

fn list(ui: &mut Ui, scene: &Scene<'_>, model: &Model, ends: &Ends, shown: Shown, out: &mut Out) {
    let entries = if scene.state.circuits.least { &ends.least } else { &ends.most };
    let most = entries.iter().fold(0.0_f64, |most, entry| most.max(entry.value.abs()));
    let n = if shown == Shown::Both { entries.len() } else { SINGLE };
    let spacing = std::mem::take(&mut ui.spacing_mut().item_spacing.y);
    for (index, entry) in entries.iter().take(n).enumerate() {
        ui.push_id((entry.row, entry.column, index), |ui| line(ui, scene, model, entry, most, shown, out));
    }
    ui.spacing_mut().item_spacing.y = spacing;
}

/// Words, a bar, a number; each word asks on.
fn line(
    ui: &mut Ui,
    scene: &Scene<'_>,
    model: &Model,
    entry: &Entry,
    most: f64,
    shown: Shown,
    out: &mut Out,
) {
    let (words, tokens) = (scene.words.circuits, theme::tokens(ui));
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), LINE), Sense::hover());
    let (row, column) = (text(model, entry.row), text(model, entry.column));
    let said = (words.entry)(&row, &column, entry.value);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &said));
    if !ui.is_rect_visible(rect) {
        return;
    }
    let bar = if rect.width() > BARRED { BAR } else { 0.0 };
    let names = rect.width() - NUMBER - bar - 8.0;
    let width = if shown == Shown::Both { (names - 16.0) / 2.0 } else { names }.clamp(24.0, 120.0);
    let mut x = rect.left();
    let mut ask = |ui: &mut Ui, x: f32, word: u32, name: &str| {
        let place = Rect::from_min_size(pos2(x, rect.top()), vec2(width, LINE));
        let response = ui.interact(place, ui.scope_id().with(("word", x as i32)), Sense::click());
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, (words.ask)(name)));
        if response.hovered() || response.has_focus() {
            let ground = theme::mix(tokens.background, tokens.dim, 0.24);
            ui.painter().rect_filled(place.expand2(vec2(4.0, 0.0)), 4, ground);
        }
        let on = scene.state.circuits.word == Some(word);
        let color = if on { tokens.accent_text } else { tokens.text };
        let galley = widgets::short(ui, name, theme::mono(12.0), width, color);
        let at = Align2::LEFT_CENTER.anchor_size(place.left_center(), galley.size());
        ui.painter().galley(at.min, galley, color);
        if response.clicked() {
            out.send(Command::SetCircuits(CircuitState { word: Some(word), ..scene.state.circuits }));
        }
    };
    match shown {
        Shown::Both => {
            ask(ui, x, entry.row, &row);
            x += width;
            ui.painter().text(
                pos2(x + 8.0, rect.center().y),
                Align2::CENTER_CENTER,
                "→",
                theme::body(12.0),
                tokens.muted,
            );
            x += 16.0;
            ask(ui, x, entry.column, &column);
        }
        Shown::Row => ask(ui, x, entry.row, &row),
        Shown::Column => ask(ui, x, entry.column, &column),
    }
    x += width + 8.0;
    let number = rect.right_center();
    let value = fixed(entry.value, 2);
    ui.painter().text(number, Align2::RIGHT_CENTER, value, theme::body(BODY), tokens.text);
    let track = Rect::from_min_max(
        pos2(x, rect.center().y - 3.0),
        pos2((number.x - NUMBER).max(x), rect.center().y + 3.0),
    );
    let share = if most > 0.0 { (entry.value / most) as f32 } else { 0.0 };
    if bar > 0.0 && track.width() > 8.0 {
        widgets::meter(ui, track, share.abs(), if share < 0.0 { tokens.dim } else { tokens.measure });
    }
}

fn left_out(ui: &mut Ui, scene: &Scene<'_>, found: &Found) {
    let (words, tokens) = (scene.words.circuits, theme::tokens(ui));
    if found.circuits.left_out.is_empty() {
        return;
    }
    ui.add_space(12.0);
    let all: Vec<&str> = found.circuits.left_out.iter().map(|&what| (words.leaves)(what)).collect();
    let said = format!("{} · {}", words.left_out, all.join(" · "));
    ui.add(egui::Label::new(RichText::new(said).size(12.0).color(tokens.muted)).wrap());
}
