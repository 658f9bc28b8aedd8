//! Which heads read what earlier heads write: a graph of heads, layers downwards, and the strongest pairs beside it.

use super::circuits::{stop, waiting};
use crate::{
    analysis::circuits::{Composition, Kind, Link},
    app::{
        circuits::CompositionState,
        command::Command,
        scene::{Out, Scene},
        theme::{self, BODY, SMALL},
        widgets::{self, focus, segments},
    },
    model::{HeadId, ModelSpec},
};
use egui::{Align2, Color32, Pos2, Rect, RichText, ScrollArea, Sense, Slider, Stroke, Ui, pos2, vec2};
use strum::IntoEnumIterator as _;

/// Lines drawn at most: more would be a wall.
const LINES: usize = 400;
/// Width of the table; with less than twice that, it stands below the graph.
const ASIDE: f32 = 210.0;
const LINE: f32 = 20.0;
/// Pairs listed.
const PAIRS: usize = 60;
/// Room for a layer's name.
const NAME: f32 = 26.0;
/// Nodes closer than this have no name.
const NAMED: f32 = 26.0;

/// Draws the pane.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let words = scene.words.circuits;
    let now = scene.state.composition;
    let known = scene.circuits.composition();
    let lines = known.map_or_else(Vec::new, |own| lines(own, now));
    let subtitle =
        known.map_or_else(String::new, |own| (words.composition_sub)(lines.len(), own.links.len()));
    widgets::header(ui, words.composition, &subtitle, |ui| {
        if scene.model.is_some() {
            let kinds: Vec<(&str, bool)> =
                Kind::iter().map(|kind| ((words.kind)(kind), kind == now.kind)).collect();
            if let Some(kind) = segments::show(ui, &kinds).and_then(|chosen| Kind::iter().nth(chosen)) {
                out.send(Command::SetComposition(CompositionState { kind, threshold: None, ..now }));
            }
            stop(ui, scene, scene.circuits.composing(), out);
        }
    });
    let Some(model) = scene.model else {
        let why = if scene.only_trace() { scene.words.needs_weights } else { scene.first_step().0 };
        return widgets::empty(ui, why, "");
    };
    if let Some(banner) = scene.circuits.composition_not() {
        return widgets::empty(ui, &banner.what, "");
    }
    let Some(composition) = known else {
        return waiting(ui, scene, scene.circuits.composing(), out);
    };
    if composition.links.is_empty() {
        return widgets::empty(ui, words.one_layer, "");
    }
    egui::Frame::new().inner_margin(egui::Margin { left: 16, right: 16, top: 0, bottom: 8 }).show(ui, |ui| {
        controls(ui, scene, composition, out);
        ui.add_space(4.0);
        let room = ui.available_rect_before_wrap();
        ui.allocate_rect(room, Sense::hover());
        // Where there is no room beside the graph, pairs stand below it
        let (above, beside) = if room.width() > 2.0 * ASIDE {
            let split = room.right() - ASIDE;
            (room.with_max_x(split), room.with_min_x(split + 16.0))
        } else {
            let split = room.top() + room.height() * 0.6;
            (room.with_max_y(split), room.with_min_y(split + 8.0))
        };
        let mut graph_room = ui.new_child(egui::UiBuilder::new().max_rect(above).id_salt("graph"));
        let lit = graph(&mut graph_room, scene, model.spec(), (composition, &lines), out);
        let mut table_room = ui.new_child(egui::UiBuilder::new().max_rect(beside).id_salt("pairs"));
        table(&mut table_room, scene, model.spec(), composition, lit, out);
    });
}

/// Pairs from the threshold on, strongest first.
fn lines(composition: &Composition, now: CompositionState) -> Vec<Link> {
    let (from, less) = (now.from(composition), now.less(composition));
    let all = composition.links.iter().take(LINES);
    all.map(|link| Link { score: link.score - less, ..*link })
        .take_while(|link| link.score >= from && link.score > 0.0)
        .collect()
}

/// The threshold and the two switches.
fn controls(ui: &mut Ui, scene: &Scene<'_>, composition: &Composition, out: &mut Out) {
    let (words, tokens) = (scene.words.circuits, theme::tokens(ui));
    let now = scene.state.composition;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(8.0, 4.0);
        let label = ui.label(RichText::new(words.threshold).size(12.0).color(tokens.muted));
        let most = composition.links.first().map_or(1.0, |link| link.score - now.less(composition));
        let shown = now.from(composition) as f32;
        let mut threshold = shown;
        ui.spacing_mut().slider_width = 120.0;
        let slider = Slider::new(&mut threshold, 0.0..=(most as f32).max(0.001)).max_decimals(3);
        // What the slider rounds away is no wish
        if focus::slide(ui, slider).labelled_by(label.id).changed() && (threshold - shown).abs() >= 5e-4 {
            out.send(Command::SetComposition(CompositionState { threshold: Some(threshold), ..now }));
        }
        let mut above = now.above_random;
        let check = widgets::checkbox::show(ui, &mut above, RichText::new(words.above_random).size(12.0));
        if check.on_hover_text((words.above_random_why)(composition.random)).changed() {
            let next = CompositionState { above_random: above, threshold: None, ..now };
            out.send(Command::SetComposition(next));
        }
        let mut folded = now.folded;
        let check = widgets::checkbox::show(ui, &mut folded, RichText::new(words.folded).size(12.0));
        if check.on_hover_text(words.folded_why).changed() {
            out.send(Command::SetComposition(CompositionState { folded, threshold: None, ..now }));
        }
        ui.label(RichText::new((words.kind_why)(now.kind)).size(12.0).color(tokens.muted));
    });
}

/// Where heads stand.
struct Places {
    rect: Rect,
    layers: usize,
    most: usize,
}

impl Places {
    fn gap(&self) -> (f32, f32) {
        (self.rect.width() / self.most.max(1) as f32, self.rect.height() / self.layers.max(1) as f32)
    }
    fn of(&self, head: HeadId) -> Pos2 {
        let (across, down) = self.gap();
        let (x, y) = (head.head as f32 + 0.5, head.layer as f32 + 0.5);
        pos2(self.rect.left() + x * across, self.rect.top() + y * down)
    }
}

/// The heads and the lines between them; gives back the head under the pointer.
fn graph(
    ui: &mut Ui,
    scene: &Scene<'_>,
    spec: &ModelSpec,
    (composition, lines): (&Composition, &[Link]),
    out: &mut Out,
) -> Option<HeadId> {
    let tokens = theme::tokens(ui);
    let layers = spec.layers();
    let most = (0..layers).map(|layer| spec.heads(layer)).max().unwrap_or(1);
    let whole = ui.available_rect_before_wrap();
    let name = if spec.encoder.is_some() { 64.0 } else { NAME };
    let places = Places { rect: whole.with_min_x(whole.left() + name), layers, most };
    let (across, down) = places.gap();
    let radius = (across.min(down) * 0.34).clamp(2.0, 13.0);
    for layer in 0..layers {
        let at = pos2(whole.left(), places.of(HeadId { layer, head: 0 }).y);
        let label = spec.layer_name(layer);
        let color = if layer == scene.shown_layer() { tokens.text } else { tokens.muted };
        ui.painter().text(at, Align2::LEFT_CENTER, label, theme::body(SMALL), color);
    }
    let pointed = scene.hover.head.filter(|head| head.layer < layers && head.head < spec.heads(head.layer));
    let scale =
        composition.links.first().map_or(1.0, |link| link.score) - scene.state.composition.less(composition);
    for link in lines.iter().rev() {
        let touches = |head: HeadId| link.from == head || link.to == head;
        let share = (link.score / scale.max(1e-9)) as f32;
        let lit = pointed.map_or(0.25 + 0.75 * share * share, |head| if touches(head) { 1.0 } else { 0.06 });
        let color = if touches(scene.state.head) { tokens.accent } else { tokens.measure };
        let stroke = Stroke::new(0.75 + 3.0 * share * share, theme::mix(tokens.background, color, lit));
        ui.painter().line_segment([places.of(link.from), places.of(link.to)], stroke);
    }
    for head in (0..layers).flat_map(|layer| (0..spec.heads(layer)).map(move |head| HeadId { layer, head })) {
        let bound = pointed.is_none_or(|own| {
            own == head
                || lines
                    .iter()
                    .any(|link| (link.from, link.to) == (own, head) || (link.from, link.to) == (head, own))
        });
        node(ui, scene, spec, head, (&places, radius, bound), out);
    }
    pointed
}

/// One head: a click selects it. True where the pointer is on it.
fn node(
    ui: &mut Ui,
    scene: &Scene<'_>,
    spec: &ModelSpec,
    head: HeadId,
    (places, radius, bound): (&Places, f32, bool),
    out: &mut Out,
) {
    let tokens = theme::tokens(ui);
    let (across, down) = places.gap();
    let at = places.of(head);
    let rect = Rect::from_center_size(at, vec2(across, down).min(vec2(34.0, 34.0)));
    let response = ui.interact(rect, ui.scope_id().with(("node", head.layer, head.head)), Sense::click());
    let on = scene.state.head == head;
    let name = (scene.words.circuits.node)(&spec.head_name(head));
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, on, &name));
    let ink: fn(Color32, Color32) -> Color32 = |ground, color| theme::mix(ground, color, 0.35);
    let text = if on { tokens.accent_text } else { tokens.text };
    let text = if bound { text } else { ink(tokens.background, text) };
    let lit = response.hovered() || scene.hover.head == Some(head);
    ui.painter().circle_filled(at, radius, if lit { tokens.line } else { tokens.raised });
    let edge = if on { Stroke::new(2.0, tokens.accent) } else { Stroke::new(1.0, tokens.dim) };
    ui.painter().circle_stroke(at, radius, edge);
    if across.min(down) >= NAMED {
        let short = format!("{}.{}", spec.index_in_part(head.layer), head.head);
        ui.painter().text(at, Align2::CENTER_CENTER, short, theme::mono(SMALL), text);
    }
    out.point_at(head, &response);
    if response.on_hover_text(scene.with_role(spec.head_name(head), head)).clicked() {
        out.send(Command::SelectHead(head));
    }
}

/// The strongest pairs, of all heads or of the one under the pointer.
fn table(
    ui: &mut Ui,
    scene: &Scene<'_>,
    spec: &ModelSpec,
    composition: &Composition,
    lit: Option<HeadId>,
    out: &mut Out,
) {
    let (words, tokens) = (scene.words.circuits, theme::tokens(ui));
    let less = scene.state.composition.less(composition);
    widgets::section_of(
        ui,
        words.strongest,
        &lit.map_or_else(String::new, |head| scene.with_role(spec.head_name(head), head)),
    );
    let links = &composition.links;
    let best = links.first().map_or(1.0, |link| link.score - less).max(1e-9);
    let of = |link: &&Link| lit.is_none_or(|head| link.from == head || link.to == head);
    ScrollArea::vertical().id_salt("pairs").auto_shrink(false).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        for link in links.iter().filter(of).take(PAIRS) {
            let (rect, response) =
                ui.allocate_exact_size(vec2(ui.available_width() - 14.0, LINE), Sense::click());
            let score = link.score - less;
            let (from, to) = (spec.head_name(link.from), spec.head_name(link.to));
            let say = (words.link)(&from, &to, score);
            response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &say));
            if !ui.is_rect_visible(rect) {
                continue;
            }
            if response.hovered() || response.has_focus() {
                let ground = theme::mix(tokens.background, tokens.dim, 0.16);
                ui.painter().rect_filled(rect.expand2(vec2(4.0, 0.0)), 4, ground);
            }
            let on = scene.state.head == link.from || scene.state.head == link.to;
            let color = if on { tokens.accent_text } else { tokens.text };
            let name =
                widgets::short(ui, &format!("{from} → {to}"), theme::mono(12.0), rect.width() * 0.52, color);
            let at = Align2::LEFT_CENTER.anchor_size(rect.left_center(), name.size());
            ui.painter().galley(at.min, name, color);
            let number = format!("{score:.3}").replace('-', "−");
            ui.painter().text(
                rect.right_center(),
                Align2::RIGHT_CENTER,
                number,
                theme::body(BODY),
                tokens.text,
            );
            let track = Rect::from_min_max(
                pos2(rect.left() + rect.width() * 0.54, rect.center().y - 3.0),
                pos2(rect.right() - 48.0, rect.center().y + 3.0),
            );
            if track.width() > 8.0 {
                widgets::meter(ui, track, (score / best) as f32, tokens.measure);
            }
            let full = |head: HeadId| scene.with_role(spec.head_name(head), head);
            let response = response.on_hover_text(format!("{} → {}", full(link.from), full(link.to)));
            if response.clicked() {
                // Of the selected head's pairs, a click leads to the other
                let other = if scene.state.head == link.to { link.from } else { link.to };
                out.send(Command::SelectHead(other));
            }
        }
    });
}
