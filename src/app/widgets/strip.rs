//! A text's tokens as chips, tinted by the weight that the shown row gives them or by a measure of theirs.

use crate::{
    analysis::hex,
    app::{
        command::Command,
        editing::Splice,
        offering::Target,
        panes::interventions,
        scene::{Out, Scene},
        theme::{self, SMALL, Tokens},
        tinting::{Beneath, Tint},
    },
    trace::Side,
};
use egui::{Align2, Color32, Popup, Rect, Sense, Stroke, StrokeKind, Ui, pos2, vec2};
use std::{ops::Range, sync::Arc};
use strum::IntoEnumIterator as _;

/// Height of a chip, and what a line under its token adds.
const HEIGHT: f32 = 22.0;
const BENEATH: f32 = 14.0;
const GAP: f32 = 4.0;
const FONT: f32 = 12.0;
/// Bytes that stand under a token at most.
const BYTES: usize = 6;

/// Where the chips of one run are, relative to the strip, for one width.
#[derive(Clone)]
struct Layout {
    run: u64,
    beneath: Beneath,
    width: f32,
    chips: Arc<Vec<Rect>>,
    /// What stands under each token; empty where nothing does.
    notes: Arc<Vec<String>>,
}

/// What all chips of a strip are drawn by.
struct Look<'a> {
    tokens: &'static Tokens,
    /// Weights of the shown row and the greatest of them, where its keys are these tokens.
    row: Option<(&'a [f32], f32)>,
    /// Numbers of the tint and the greatest of them.
    tint: Option<(&'a [Option<f64>], f64)>,
    pinned: Option<usize>,
    lit: Option<usize>,
    answer: Range<usize>,
    notes: &'a [String],
}

impl<'a> Look<'a> {
    fn new(ui: &Ui, scene: &'a Scene<'_>, side: Side, notes: &'a [String]) -> Self {
        let row = scene.row.filter(|_| scene.columns() == side);
        let row = row.and_then(|row| Some((&row.weights[..], row.top.first()?.1)));
        let tint = scene.tinted.of(side).filter(|_| scene.state.tokens.tint != Tint::Row);
        let lit = if scene.rows() == side && scene.hover.query.is_some() {
            scene.hover.query
        } else {
            scene.hover.key.filter(|_| scene.columns() == side)
        };
        let answer = scene.trace.filter(|trace| trace.answer_side() == side);
        let answer = answer.and_then(|trace| trace.answers.first());
        Self {
            tokens: theme::tokens(ui),
            row: row.filter(|row| row.1 > 0.0),
            tint,
            pinned: scene.pinned_on(side),
            lit,
            answer: answer.map_or(0..0, |best| best.tokens.clone()),
            notes,
        }
    }

    /// A chip's ground: as much of the accent as the row gives it, or of the measure's colour as its number is large.
    /// Gives back the share, too.
    fn fill(&self, scene: &Scene<'_>, index: usize) -> (Color32, f32) {
        let tokens = self.tokens;
        if scene.state.tokens.tint != Tint::Row {
            let share = self.tint.and_then(|(values, greatest)| {
                let value = values.get(index).copied().flatten().filter(|value| value.is_finite())?;
                (greatest > 0.0).then_some((value / greatest) as f32)
            });
            let share = share.unwrap_or(0.0);
            return (theme::mix(tokens.raised, tokens.measure, share * 0.55), share);
        }
        let share = self.row.map_or(0.0, |(weights, most)| weights.get(index).copied().unwrap_or(0.0) / most);
        (theme::mix(tokens.raised, tokens.accent, share * 0.55), share)
    }
}

/// Draws the strip of one text; hovering and clicking a chip sets what it is in the selected head's map: a row or a
/// column.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, side: Side, out: &mut Out) {
    let layout = layout(ui, scene, side);
    let height = layout.chips.last().map_or(HEIGHT, Rect::bottom);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::ListBox, true, scene.text_name(side)));
    let clip = ui.clip_rect();
    let look = Look::new(ui, scene, side, &layout.notes);
    // Chips lie row by row, so those in sight are one stretch
    let first = layout.chips.partition_point(|chip| rect.top() + chip.bottom() < clip.top());
    let after = layout.chips.partition_point(|chip| rect.top() + chip.top() <= clip.bottom());
    for index in first..after {
        let place = layout.chips[index].translate(rect.min.to_vec2());
        answer(ui, scene, out, (side, index), place);
        paint(ui, scene, &look, (side, index), place);
    }
}

/// Does what is asked of a chip. A long text has a thousand in sight: what only a pointed one needs is made then.
fn answer(ui: &Ui, scene: &Scene<'_>, out: &mut Out, (side, index): (Side, usize), rect: Rect) {
    let response = ui.interact(rect, ui.scope_id().with(("token", side, index)), Sense::click());
    response.widget_info(|| {
        let pinned = scene.pinned_on(side) == Some(index);
        let name = scene.token_name(side, index);
        let name = match (scene.translates(), side) {
            (false, _) => (scene.words.token_named)(&name),
            (true, Side::Source) => (scene.words.source_named)(&name),
            (true, Side::Target) => (scene.words.target_named)(&name),
        };
        egui::WidgetInfo::selected(egui::Role::Button, true, pinned, name)
    });
    super::describe(&response, || facts(scene, side, index));
    if response.clicked() {
        out.commands.extend(scene.pin_or_let_go(side, index));
    }
    if response.secondary_clicked() || Popup::is_id_open(ui.ctx(), Popup::default_response_id(&response)) {
        response.context_menu(|ui| {
            menu(ui, scene, side, index, out);
            ui.separator();
            interventions::menu(ui, scene, Target::Token(side, index), out);
        });
    }
    if response.hovered() {
        out.hover = scene.pointed(side, index);
        if let Some(facts) = facts(scene, side, index) {
            response.on_hover_text(facts);
        }
    }
}

fn paint(ui: &Ui, scene: &Scene<'_>, look: &Look<'_>, (side, index): (Side, usize), rect: Rect) {
    let tokens = look.tokens;
    let pinned = look.pinned == Some(index);
    let stroke = match (pinned, look.lit == Some(index)) {
        (true, _) => Stroke::new(1.5, tokens.accent),
        (_, true) => Stroke::new(1.0, tokens.muted),
        _ => Stroke::NONE,
    };
    let painter = ui.painter();
    let (fill, share) = look.fill(scene, index);
    painter.rect(rect, 5, fill, stroke, StrokeKind::Inside);
    if look.answer.contains(&index) {
        painter.hline(rect.x_range(), rect.bottom() - 1.0, Stroke::new(2.0, tokens.accent));
    }
    let color = if pinned && share < 0.5 { tokens.accent_text } else { tokens.text };
    let line = rect.with_max_y(rect.top() + HEIGHT);
    let put = |text: &str, font, line: Rect, color| {
        let galley = super::short(ui, text, font, rect.width() - 8.0, color);
        let at = Align2::CENTER_CENTER.anchor_size(line.center(), galley.size()).min;
        painter.galley(at, galley, Color32::PLACEHOLDER);
    };
    put(scene.labels_of(side).get(index), theme::mono(FONT), line, color);
    if let Some(note) = look.notes.get(index) {
        let under = Rect::from_min_max(pos2(rect.left(), line.bottom() - 4.0), rect.max - vec2(0.0, 3.0));
        put(note, theme::mono(SMALL), under, if share > 0.3 { tokens.text } else { tokens.muted });
    }
}

/// A token's id, its bytes, and its number under the tint.
fn facts(scene: &Scene<'_>, side: Side, index: usize) -> Option<String> {
    let token = scene.trace?.tokens_of(side).get(index)?;
    let words = scene.words.strip;
    let facts = (words.facts)(token.id, &hex(token, usize::MAX), (token.span.start, token.span.end));
    let tint = scene.state.tokens.tint;
    let value = scene.tinted.of(side).filter(|_| tint != Tint::Row);
    let value = value.and_then(|(values, _)| values.get(index).copied().flatten());
    Some(value.map_or_else(|| facts.clone(), |value| format!("{facts}\n{}", (words.value)(tint, value))))
}

/// What chips are tinted by, and what stands under them.
pub fn choices(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let words = scene.words.strip;
    let now = scene.state.tokens;
    let mut new = now;
    super::choices(ui, "", words.show, |ui| {
        ui.set_width(250.0);
        super::section(ui, words.tinted_by);
        for tint in Tint::iter() {
            let response = ui.radio_value(&mut new.tint, tint, (words.tint)(tint));
            response.on_hover_text((words.tint_why)(tint));
        }
        super::section(ui, words.under);
        for beneath in Beneath::iter() {
            ui.radio_value(&mut new.beneath, beneath, (words.beneath)(beneath));
        }
    });
    if new != now {
        out.send(Command::SetTokens(new));
    }
}

/// Under a strip that is tinted by a measure: which, and how far its colours reach.
pub fn legend(ui: &mut Ui, scene: &Scene<'_>, side: Side) {
    let (words, tint) = (scene.words.strip, scene.state.tokens.tint);
    if tint == Tint::Row {
        return;
    }
    let said = match (scene.tinted.progress(side), scene.tinted.of(side)) {
        (Some(done), None) => (words.reading)(done),
        (_, Some((_, greatest))) => (words.reach)(tint, greatest),
        (None, None) => words.none.to_owned(),
    };
    let muted = theme::tokens(ui).muted;
    let line = format!("{} · {said}", (words.tint)(tint));
    let label = egui::Label::new(egui::RichText::new(line).size(SMALL).color(muted)).truncate();
    ui.add(label).on_hover_text((words.tint_why)(tint));
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
    let (width, beneath) = (ui.available_width(), scene.state.tokens.beneath);
    let known: Option<Layout> = ui.data(|data| data.get_temp(id));
    let fits = |layout: &Layout| {
        (layout.run, layout.chips.len(), layout.beneath) == (scene.run, labels.len(), beneath)
            && (layout.width - width).abs() < 0.5
    };
    if let Some(layout) = known.filter(fits) {
        return layout;
    }
    let own = scene.trace.map_or(&[][..], |trace| trace.tokens_of(side));
    let notes: Vec<String> = match beneath {
        Beneath::Nothing => Vec::new(),
        Beneath::Ids => own.iter().map(|token| token.id.to_string()).collect(),
        Beneath::Bytes => own.iter().map(|token| hex(token, BYTES)).collect(),
    };
    let height = if notes.is_empty() { HEIGHT } else { HEIGHT + BENEATH };
    let measured = |text: &str, size: f32| {
        super::short(ui, text, theme::mono(size), width - 12.0, Color32::PLACEHOLDER).size().x
    };
    let mut chips = Vec::with_capacity(labels.len());
    let mut next = pos2(0.0, 0.0);
    for (index, label) in labels.iter().enumerate() {
        let under = notes.get(index).map_or(0.0, |note| measured(note, SMALL));
        let size = vec2((measured(label, FONT).max(under) + 12.0).max(18.0), height);
        if next.x > 0.0 && next.x + size.x > width {
            next = pos2(0.0, next.y + height + GAP);
        }
        chips.push(Rect::from_min_size(next, size));
        next.x += size.x + GAP;
    }
    let layout = Layout { run: scene.run, beneath, width, chips: Arc::new(chips), notes: Arc::new(notes) };
    ui.data_mut(|data| data.insert_temp(id, layout.clone()));
    layout
}
