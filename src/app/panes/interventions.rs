//! What is changed about the run: the list with its switches, which run is shown, and the menus that add to it.

use crate::{
    app::{
        command::Command,
        scene::{Out, Scene},
        state::Shown,
        theme::{self, BODY, SMALL},
        widgets::{self, switch},
    },
    model::HeadId,
    trace::{Heads, Intervention, Output, Span, Weights},
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
        });
    });
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
            let cross = ui.add(Button::new(RichText::new("×").size(BODY).color(tokens.muted)).frame(false));
            let remove = format!("{} {name}", words.changes.remove);
            cross.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &remove));
            if cross.clicked() {
                out.send(Command::RemoveIntervention(index));
            }
            if switch::show(ui, on, &name).clicked() {
                out.send(Command::SwitchIntervention(index, !on));
            }
        });
        label.id
    });
    let (mut by, range) = match what {
        Intervention::Scale { by, .. } => (*by, -2.0..=3.0),
        Intervention::Temperature { by, .. } => (*by, 0.1..=5.0),
        Intervention::Add { by, .. } | Intervention::AddWord { by, .. } => (*by, -10.0..=10.0),
        _ => return,
    };
    let slider = ui.add_enabled(on, Slider::new(&mut by, range).step_by(0.05).max_decimals(2));
    if slider.labelled_by(label.inner).changed() {
        let mut what = what.clone();
        if let Intervention::Scale { by: own, .. }
        | Intervention::Temperature { by: own, .. }
        | Intervention::Add { by: own, .. }
        | Intervention::AddWord { by: own, .. } = &mut what
        {
            *own = by;
        }
        out.send(Command::AdjustIntervention(index, what));
    }
}

/// What the menu of a head offers.
pub fn head_menu(ui: &mut Ui, scene: &Scene<'_>, head: HeadId, out: &mut Out) {
    let words = scene.words;
    let heads = Heads::from(head);
    let output = Output::Heads(heads);
    let pattern = |weights| Intervention::Pattern { heads, weights };
    ui.set_min_width(230.0);
    title(ui, &scene.with_role(scene.short_head_name(head), head));
    offer(ui, words.changes.cut_head, Intervention::Zero(output), out);
    offer(ui, words.changes.mean_head, Intervention::Mean { output, from: None }, out);
    offer(ui, words.changes.scale_head, Intervention::Scale { output, by: 0.5 }, out);
    offer(ui, words.changes.temperature_head, Intervention::Temperature { heads, by: 2.0 }, out);
    ui.separator();
    offer(ui, words.changes.look_evenly, pattern(Weights::Uniform), out);
    offer(ui, words.changes.look_before, pattern(Weights::Previous), out);
    offer(ui, words.changes.look_at_self, pattern(Weights::Identity), out);
    offer(ui, words.changes.look_as_clean, pattern(Weights::Clean), out);
    ui.separator();
    let layer = scene.trace.map_or_else(String::new, |trace| trace.spec.layer_name(head.layer));
    title(ui, &format!("{} {layer}", words.layer));
    offer(ui, words.changes.cut_attention, Intervention::Zero(Output::Attention(head.layer)), out);
    let mlp = scene.trace.is_some_and(|trace| trace.spec.blocks[head.layer].mlp.is_some());
    if mlp {
        offer(ui, words.changes.cut_mlp, Intervention::Zero(Output::Mlp(head.layer)), out);
    }
    offer(ui, words.changes.cut_layer, Intervention::Zero(Output::Layer(head.layer)), out);
}

/// What the menu of a cell of a head's map offers.
pub fn cell_menu(ui: &mut Ui, scene: &Scene<'_>, (query, key): (usize, usize), out: &mut Out) {
    let words = scene.words;
    let head = scene.state.head;
    let all = Heads { layer: Some(head.layer), head: None };
    let edge = |heads, queries| Intervention::Knockout { heads, queries, keys: Span::one(key) };
    let causal = scene.trace.is_some_and(|trace| trace.spec.blocks[head.layer].attention.causal);
    let last = scene.cells().queries.saturating_sub(1);
    let others = if causal { Span::Between(key + 1, last.max(key + 1)) } else { Span::Between(0, last) };
    ui.set_min_width(230.0);
    title(ui, &format!("{} · q{query} → k{key}", scene.with_role(scene.short_head_name(head), head)));
    offer(ui, words.changes.cut_edge, edge(head.into(), Span::one(query)), out);
    if query > key || !causal {
        offer(ui, words.changes.cut_edge_everywhere, edge(all, Span::one(query)), out);
        offer(ui, words.changes.cut_column, edge(head.into(), others), out);
    }
    if query > key && causal {
        let forget =
            Intervention::Forget { layer: head.layer, kv_head: None, keys: Span::one(key), from: None };
        offer(ui, words.changes.forget, forget, out);
    }
    if ui.button(words.session.add_note).clicked() {
        out.send(Command::PinCell { query, key });
        out.send(Command::AskForNote);
        ui.close();
    }
    let only = Intervention::Paint { head, query, weights: vec![(key, 1.0)] };
    offer(ui, words.changes.look_here, only, out);
    ui.separator();
    head_menu(ui, scene, head, out);
}

fn title(ui: &mut Ui, text: &str) {
    let tokens = theme::tokens(ui);
    ui.label(RichText::new(text).font(theme::strong(SMALL)).color(tokens.muted));
}

/// A menu entry that adds an intervention, with its spelling beside it.
fn offer(ui: &mut Ui, label: &str, what: Intervention, out: &mut Out) {
    let spelled = what.to_string();
    let button = Button::new(label).shortcut_text(RichText::new(&spelled).font(theme::mono(SMALL)));
    if ui.add(button).clicked() {
        out.send(Command::Intervene(what));
        ui.close();
    }
}
