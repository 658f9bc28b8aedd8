//! A text's tokens as chips: those that the shown row looks at tinted by the weight it gives them.

use crate::{
    app::{
        command::Command,
        editing::Splice,
        offering::Target,
        panes::interventions,
        scene::{Out, Scene},
        theme,
    },
    trace::Side,
};
use egui::{Align2, Color32, Rect, Sense, Stroke, StrokeKind, Ui, pos2, vec2};
use std::sync::Arc;

const HEIGHT: f32 = 22.0;
const GAP: f32 = 4.0;
const FONT: f32 = 12.0;

/// Where the chips of one run are, relative to the strip, for one width.
#[derive(Clone)]
struct Layout {
    run: u64,
    tokens: usize,
    width: f32,
    chips: Arc<Vec<Rect>>,
}

/// Draws the strip of one text; hovering and clicking a chip sets what it is in the selected head's map: a row or a
/// column.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, side: Side, out: &mut Out) {
    let layout = layout(ui, scene, side);
    let height = layout.chips.last().map_or(HEIGHT, Rect::bottom);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::ListBox, true, scene.text_name(side)));
    let clip = ui.clip_rect();
    // Chips lie row by row, so those in sight are one stretch
    let first = layout.chips.partition_point(|chip| rect.top() + chip.bottom() < clip.top());
    let after = layout.chips.partition_point(|chip| rect.top() + chip.top() <= clip.bottom());
    for index in first..after {
        chip(ui, scene, out, (side, index), layout.chips[index].translate(rect.min.to_vec2()));
    }
}

fn chip(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out, (side, index): (Side, usize), rect: Rect) {
    let tokens = theme::tokens(ui);
    let response = ui.interact(rect, ui.scope_id().with(("token", side, index)), Sense::click());
    let pinned = scene.pinned_on(side) == Some(index);
    let name = scene.token_name(side, index);
    let name = match (scene.translates(), side) {
        (false, _) => (scene.words.token_named)(&name),
        (true, Side::Source) => (scene.words.source_named)(&name),
        (true, Side::Target) => (scene.words.target_named)(&name),
    };
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, pinned, &name));
    if response.hovered() {
        out.hover = scene.pointed(side, index);
    }
    if response.clicked() {
        out.commands.extend(scene.pin_or_let_go(side, index));
    }
    response.context_menu(|ui| {
        menu(ui, scene, side, index, out);
        ui.separator();
        interventions::menu(ui, scene, Target::Token(side, index), out);
    });
    let row = scene.row.filter(|row| row.top.first().is_some_and(|best| best.1 > 0.0));
    let row = row.filter(|_| scene.columns() == side);
    let share = row.map_or(0.0, |row| {
        row.weights.get(index).copied().unwrap_or(0.0) / row.top.first().map_or(1.0, |best| best.1)
    });
    let fill = theme::mix(tokens.raised, tokens.accent, share * 0.55);
    let painter = ui.painter();
    painter.rect_filled(rect, 5, fill);
    let pointed = scene.pointed(side, index);
    let lit = (pointed.key.is_some() && scene.hover.key == pointed.key)
        || (pointed.query.is_some() && scene.hover.query == pointed.query);
    let stroke = match (pinned, lit) {
        (true, _) => Stroke::new(1.5, tokens.accent),
        (_, true) => Stroke::new(1.0, tokens.muted),
        _ => Stroke::NONE,
    };
    painter.rect_stroke(rect, 5, stroke, StrokeKind::Inside);
    if scene.trace.and_then(|trace| trace.answers.first()).is_some_and(|best| best.tokens.contains(&index)) {
        painter.hline(rect.x_range(), rect.bottom() - 1.0, Stroke::new(2.0, tokens.accent));
    }
    let color = if pinned && share < 0.5 { tokens.accent_text } else { tokens.text };
    let galley =
        super::short(ui, scene.labels_of(side).get(index), theme::mono(FONT), rect.width() - 8.0, color);
    painter.galley(
        Align2::CENTER_CENTER.anchor_size(rect.center(), galley.size()).min,
        galley,
        Color32::PLACEHOLDER,
    );
}

/// What can be done with a token of the prompt.
fn menu(ui: &mut Ui, scene: &Scene<'_>, side: Side, index: usize, out: &mut Out) {
    let words = &scene.words.session;
    let Some(trace) = scene.trace.filter(|trace| trace.prompt_side() == side && scene.model.is_some()) else {
        return;
    };
    let ids: Vec<u32> = trace.tokens_of(side).iter().map(|token| token.id).collect();
    let mut entry = |ui: &mut Ui, label: &str, command: Option<Command>| {
        if ui.add_enabled(command.is_some(), egui::Button::new(label)).clicked() {
            out.commands.extend(command);
            ui.close();
        }
    };
    let dropped = (ids.len() > 1).then(|| {
        let mut ids = ids.clone();
        ids.remove(index);
        Command::EditTokens(ids)
    });
    entry(ui, words.token_drop, dropped);
    let swapped = (index + 1 < ids.len()).then(|| {
        let mut ids = ids.clone();
        ids.swap(index, index + 1);
        Command::EditTokens(ids)
    });
    entry(ui, words.token_swap, swapped);
    entry(ui, words.token_replace, Some(Command::AskForToken(Splice::Replace(index))));
    entry(ui, words.token_insert, Some(Command::AskForToken(Splice::Insert(index))));
}

fn layout(ui: &Ui, scene: &Scene<'_>, side: Side) -> Layout {
    let id = ui.scope_id().with(("token layout", side));
    let labels = &scene.labels_of(side).texts;
    let width = ui.available_width();
    let known: Option<Layout> = ui.data(|data| data.get_temp(id));
    let fits = |layout: &Layout| {
        layout.run == scene.run && layout.tokens == labels.len() && (layout.width - width).abs() < 0.5
    };
    if let Some(layout) = known.filter(fits) {
        return layout;
    }
    let mut chips = Vec::with_capacity(labels.len());
    let mut next = pos2(0.0, 0.0);
    for label in labels {
        let text = super::short(ui, label, theme::mono(FONT), width - 12.0, Color32::PLACEHOLDER);
        let size = vec2((text.size().x + 12.0).max(18.0), HEIGHT);
        if next.x > 0.0 && next.x + size.x > width {
            next = pos2(0.0, next.y + HEIGHT + GAP);
        }
        chips.push(Rect::from_min_size(next, size));
        next.x += size.x + GAP;
    }
    let layout = Layout { run: scene.run, tokens: labels.len(), width, chips: Arc::new(chips) };
    ui.data_mut(|data| data.insert_temp(id, layout.clone()));
    layout
}
