//! What may follow: candidates with what temperature, top-k and top-p leave of them; a click writes one; the ways taken
//! stay as a tree.

use super::{
    shared::{WIDEST, column},
    word_menu,
};
use crate::{
    app::{
        command::Command,
        editing::tree,
        scene::{Out, Scene},
        theme::{self, BODY},
        widgets::{self, Line, focus},
    },
    export::figure::bars::percent,
    model::{Choices, Sampling, shown},
};
use egui::{Rect, RichText, ScrollArea, Slider, Ui, vec2};

/// From this width on the ways taken stand beside the candidates; else under them.
const BESIDE: f32 = 560.0;
/// Width of the ways taken where they stand beside.
const WAYS: f32 = 240.0;
const GAP: f32 = 24.0;

/// Draws the pane.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let words = &scene.words.next_words;
    let choices = scene.next.latest().map(|(_, choices)| choices);
    let subtitle = choices.map_or_else(String::new, |choices| (words.subtitle)(choices.kept, choices.all));
    let title = if scene.fills() { words.masked } else { words.title };
    widgets::header(ui, title, &subtitle, |_| {});
    let Some(choices) = choices else { return nothing(ui, scene, out) };
    let room = ui.available_rect_before_wrap().shrink2(egui::vec2(12.0, 4.0));
    let beside = room.width() >= BESIDE;
    let width = if beside { room.width().min(WIDEST + GAP + WAYS) } else { room.width() };
    let both = Rect::from_center_size(room.center(), vec2(width, room.height()));
    let ways = both.right() - WAYS;
    let first = if beside { both.with_max_x(ways - GAP) } else { both };
    scrolled(ui, "candidates", first, |ui| {
        column(ui, |ui| {
            rules(ui, scene, choices, out);
            ui.add_space(8.0);
            candidates(ui, scene, choices, out);
            if !beside {
                ui.add_space(16.0);
                branches(ui, scene, out);
            }
        });
    });
    if beside {
        scrolled(ui, "ways", both.with_min_x(ways), |ui| branches(ui, scene, out));
    }
    ui.allocate_rect(room, egui::Sense::hover());
}

fn scrolled(ui: &mut Ui, id: &str, room: Rect, add: impl FnOnce(&mut Ui)) {
    let mut inner = ui.new_child(egui::UiBuilder::new().id_salt(id).max_rect(room));
    ScrollArea::vertical().auto_shrink(false).show(&mut inner, add);
}

/// Why no word is listed, and what can be done; the ways taken are still there.
fn nothing(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let complete = scene.trace.filter(|trace| trace.is_complete());
    let unmasked = complete.is_some_and(|trace| scene.fills() && trace.answer_at.is_none());
    let asked = scene.put_mask();
    let text = match complete {
        None if scene.trace.is_none() && scene.busy.is_none() => {
            let (first, how) = scene.first_step();
            return widgets::empty(ui, first, how);
        }
        Some(trace) if !trace.spec.scores_words() => scene.words.next_none,
        Some(_) if unmasked => &asked,
        _ => scene.words.waiting,
    };
    let Some(mask) = scene.mask().filter(|_| unmasked) else { return widgets::empty(ui, text, "") };
    let room = ui.available_rect_before_wrap().shrink2(egui::vec2(12.0, 4.0));
    let mut inner = ui.new_child(egui::UiBuilder::new().max_rect(room));
    inner.label(RichText::new(text).size(BODY).color(theme::tokens(ui).muted));
    inner.add_space(4.0);
    if inner.add(widgets::outlined(&inner, (scene.words.next_words.hide)(&mask))).clicked() {
        out.send(Command::EditPrompt(format!("{} {mask}", scene.state.prompt.trim_end())));
        out.send(Command::RunPrompt);
    }
    inner.add_space(16.0);
    branches(&mut inner, scene, out);
    ui.allocate_rect(room, egui::Sense::hover());
}

fn rules(ui: &mut Ui, scene: &Scene<'_>, choices: &Choices, out: &mut Out) {
    let words = &scene.words.next_words;
    let tokens = theme::tokens(ui);
    let mut rules = scene.state.sampling.clone();
    let all = choices.all;
    let mut top_k = rules.top_k.unwrap_or(all);
    let mut top_p = rules.top_p.unwrap_or(1.0);
    egui::Grid::new("rules").num_columns(2).spacing([12.0, 4.0]).show(ui, |ui| {
        let label = |ui: &mut Ui, text| ui.label(RichText::new(text).color(tokens.muted));
        let name = label(ui, words.temperature);
        let slider = Slider::new(&mut rules.temperature, 0.0..=2.0).fixed_decimals(2);
        focus::slide(ui, slider).labelled_by(name.id);
        ui.end_row();
        let name = label(ui, words.top_k);
        let text = words.all;
        let slider =
            Slider::new(&mut top_k, 1..=all.max(1)).logarithmic(true).custom_formatter(move |k, _| {
                if k as usize >= all { text.to_owned() } else { format!("{k:.0}") }
            });
        focus::slide(ui, slider).labelled_by(name.id);
        ui.end_row();
        let name = label(ui, words.top_p);
        focus::slide(ui, Slider::new(&mut top_p, 0.01..=1.0).fixed_decimals(2)).labelled_by(name.id);
        ui.end_row();
    });
    rules.top_k = (top_k < all).then_some(top_k);
    rules.top_p = (top_p < 1.0).then_some(top_p);
    if rules != scene.state.sampling {
        out.send(Command::SetSampling(rules));
    }
    let line = format!(
        "{} · {}",
        (words.kept)(choices.kept_share),
        (words.entropy)(choices.entropy, choices.entropy_before)
    );
    ui.label(RichText::new(line).size(12.0).color(tokens.muted));
    ui.horizontal(|ui| {
        if let Some(&(best, _)) = choices.list.first()
            && ui.add(widgets::outlined(ui, words.most_likely)).clicked()
        {
            out.send(Command::WriteNext(best));
        }
        let drawn = widgets::outlined(ui, words.draw);
        if ui.add(drawn).on_hover_text(words.draw_why).clicked() {
            out.send(Command::DrawNext);
        }
    });
}

fn candidates(ui: &mut Ui, scene: &Scene<'_>, choices: &Choices, out: &mut Out) {
    let tokens = theme::tokens(ui);
    let words = &scene.words.next_words;
    let Some(model) = scene.model else { return };
    let best = choices.list.first().map_or(1.0, |first| first.1);
    let fills = scene.fills();
    for (place, &(id, p)) in choices.list.iter().enumerate() {
        let kept = place < choices.kept;
        let text = model.tokenizer.as_ref().map_or_else(|| id.to_string(), |tokenizer| tokenizer.text(id));
        let name = shown(&text);
        let value = percent(p, 2);
        let line = Line {
            name: &name,
            mono: true,
            name_width: 120.0,
            share: (p / best) as f32,
            value: &value,
            // What the rules cut off is still there, but grey
            color: if kept { tokens.accent } else { tokens.dim },
            marked: false,
        };
        let write = if fills { (words.fill)(&name) } else { (words.append)(&name) };
        let response = line.show(ui).on_hover_text(&write);
        if response.clicked() {
            out.send(Command::WriteNext(id));
        }
        response.context_menu(|ui| word_menu::of_word(ui, scene, (id, &text), write, out));
    }
}

fn branches(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let (words, tokens) = (&scene.words.next_words, theme::tokens(ui));
    widgets::section(ui, words.branches);
    let Some(model) = scene.model.filter(|_| !scene.state.branches.is_empty()) else {
        ui.label(RichText::new(words.branches_none).color(tokens.muted));
        return;
    };
    let here = scene.trace.map(crate::trace::Trace::ids).unwrap_or_default();
    for branch in tree(&scene.state.branches) {
        let own = &branch.ids[branch.from..];
        let said = model.tokenizer.as_ref().map(|tokenizer| tokenizer.decode(own));
        let text = said.filter(|_| branch.depth > 0).map(|said| shown(&said));
        let name = text.unwrap_or_else(|| words.start.to_owned());
        let on = branch.ids == here;
        let font = if branch.depth == 0 { theme::body(BODY) } else { theme::mono(12.0) };
        let label = RichText::new(&name).font(font).color(if on { tokens.accent_text } else { tokens.text });
        let response = ui.horizontal(|ui| {
            ui.add_space(branch.depth as f32 * 14.0);
            ui.add(egui::Button::new(label).frame(false).truncate())
        });
        let response = response.inner;
        response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, on, &name));
        if response.clicked() {
            out.send(Command::EditTokens(branch.ids.to_vec()));
        }
        response.context_menu(|ui| {
            let whole = model.tokenizer.as_ref().map(|tokenizer| tokenizer.decode(branch.ids));
            word_menu::of_way(ui, scene, (branch.ids, &whole.unwrap_or_default()), out);
        });
    }
}

/// The rules that a window starts with: nothing is cut, the model's own distribution.
pub fn usual_rules() -> Sampling {
    Sampling { temperature: 1.0, ..Sampling::default() }
}
