//! Lines from token to token: keys at the left, queries at the right, a colour a head. Draws what passes the threshold
//! and is in sight, so a text may be of any length.

use crate::{
    analysis::{Edge, Flow},
    app::{
        command::Command,
        flowing::{Flowing, heads},
        offering::Target,
        panes::interventions,
        scene::{Out, Scene},
        theme::{self, BODY, SMALL},
        widgets::{self, focus, pointed},
        worker::Post,
    },
    model::HeadId,
    render::{Strand, bundled, way},
    trace::{Side, Trace},
};
use egui::{Align2, Color32, Pos2, Rect, RichText, ScrollArea, Sense, Slider, Stroke, Ui, pos2, vec2};
use std::ops::Range;

/// Heights of a token's row: as many as fit, but to be read.
const ROWS: std::ops::RangeInclusive<f32> = 17.0..=26.0;
/// Room for a token's label.
const LABEL: f32 = 132.0;
/// Widest room for the lines.
const WIDEST: f32 = 640.0;
const TITLES: f32 = 22.0;
/// Lines whose ends lie within so many rows are bundled.
const BUNDLE: usize = 4;
/// Heads of other layers that have a switch each; more share one button.
const FEW: usize = 6;
/// How near the pointer must be to a line to mean it.
const REACH: f32 = 5.0;
/// How faint lines are that another token's hide.
const FAINT: f32 = 0.04;

/// Draws the pane.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, flowing: &mut Flowing, post: &Post, out: &mut Out) {
    let words = scene.words.flow;
    let ready = scene.trace.filter(|_| scene.head_ready());
    let Some(trace) = ready else {
        widgets::header(ui, words.flow, "", |_| {});
        return widgets::empty(ui, scene.first_step().0, scene.words.waiting);
    };
    let room = ui.available_rect_before_wrap();
    let header = Rect::from_min_size(room.min, vec2(room.width(), theme::HEADER));
    let drawn = heads(scene.state, trace);
    let mut body = ui.new_child(
        egui::UiBuilder::new().max_rect(room.with_min_y(header.bottom()).shrink2(vec2(14.0, 4.0))),
    );
    switches(&mut body, scene, trace, &drawn, out);
    let edges = columns(&mut body, scene, (trace, &drawn), flowing, post, out);
    let subtitle = edges.map_or_else(String::new, |flow| (words.lines)(flow.edges.len(), flow.found));
    widgets::header(ui, words.flow, &subtitle, |ui| threshold(ui, scene, out));
    ui.allocate_rect(room.with_min_y(header.bottom()), Sense::hover());
}

fn threshold(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let words = scene.words.flow;
    let mut threshold = scene.state.flow.threshold;
    ui.spacing_mut().slider_width = (ui.available_width() * 0.3).clamp(60.0, 150.0);
    let slider = Slider::new(&mut threshold, 0.001..=1.0).logarithmic(true).max_decimals(3);
    let slider = focus::slide(ui, slider);
    let label = ui.label(RichText::new(words.threshold).size(12.0).color(theme::tokens(ui).muted));
    if slider.labelled_by(label.id).changed() {
        out.send(Command::SetThreshold(threshold));
    }
}

/// A switch for each head of the layer, and for those of others that stay; many of those are behind one button.
fn switches(ui: &mut Ui, scene: &Scene<'_>, trace: &Trace, drawn: &[HeadId], out: &mut Out) {
    let layer = scene.state.head.layer;
    let own = (0..trace.heads(layer)).map(|head| HeadId { layer, head });
    let others: Vec<HeadId> = drawn.iter().copied().filter(|head| head.layer != layer).collect();
    let (shown, folded) =
        if others.len() > FEW { (&others[..0], &others[..]) } else { (&others[..], &[][..]) };
    ScrollArea::horizontal().id_salt("flow heads").auto_shrink([false, true]).show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            for head in own.chain(shown.iter().copied()) {
                switch(ui, scene, trace, (head, drawn.contains(&head)), out);
            }
            if !folded.is_empty() {
                more(ui, scene, trace, folded, out);
            }
        });
    });
    ui.add_space(4.0);
}

/// Chosen heads of other layers, in a list: a click lets one go.
fn more(ui: &mut Ui, scene: &Scene<'_>, trace: &Trace, heads: &[HeadId], out: &mut Out) {
    let words = scene.words.flow;
    let button = widgets::outlined(ui, format!("{} ▾", (words.others)(heads.len())));
    egui::containers::menu::MenuButton::from_button(button).ui(ui, |ui| {
        ui.set_min_width(180.0);
        ScrollArea::vertical().max_height(ui.ctx().content_rect().height() * 0.5).show(ui, |ui| {
            for &head in heads {
                ui.horizontal(|ui| {
                    let (dot, _) = ui.allocate_exact_size(vec2(10.0, 10.0), Sense::hover());
                    ui.painter().circle_filled(dot.center(), 5.0, theme::series(scene.dark, head.head));
                    let name = scene.with_role(trace.spec.head_name(head), head);
                    let response = ui.selectable_label(true, name).on_hover_text(words.head_hint);
                    if response.clicked() {
                        out.send(Command::ToggleHead(head));
                    }
                });
            }
        });
    });
}

/// A head's switch, in the colour of its lines.
fn switch(ui: &mut Ui, scene: &Scene<'_>, trace: &Trace, (head, on): (HeadId, bool), out: &mut Out) {
    let (tokens, selected) = (theme::tokens(ui), head == scene.state.head);
    let name = trace.spec.head_name(head);
    let short = format!("{}.{}", trace.spec.index_in_part(head.layer), head.head);
    // The legend of the lines that are drawn: what their heads do
    let short = if on { scene.with_role(short, head) } else { short };
    let galley = ui.painter().layout_no_wrap(short, theme::mono(SMALL), Color32::PLACEHOLDER);
    let width = (galley.size().x + 12.0).max(40.0);
    let (rect, response) = ui.allocate_exact_size(vec2(width, 22.0), Sense::click());
    let label = (scene.words.flow.head_named)(&name);
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, on, &label));
    let color = theme::series(scene.dark, head.head);
    let fill = if on { theme::mix(tokens.background, color, 0.85) } else { tokens.raised };
    ui.painter().rect_filled(rect, 4, fill);
    if selected || response.hovered() {
        let stroke = Stroke::new(2.0, if selected { tokens.accent } else { tokens.dim });
        ui.painter().rect_stroke(rect, 4, stroke, egui::StrokeKind::Inside);
    }
    let ink = if on { theme::ink(fill) } else { tokens.muted };
    let at = Align2::CENTER_CENTER.anchor_size(rect.center(), galley.size());
    ui.painter().galley(at.min, galley, ink);
    let hint = scene.words.flow.head_hint;
    let response = response.on_hover_text(match scene.roles_line(head) {
        Some(roles) => format!("{name} · {roles}\n{hint}"),
        None => hint.to_owned(),
    });
    if response.clicked() && !selected {
        out.send(Command::ToggleHead(head));
    }
    response.context_menu(|ui| interventions::menu(ui, scene, Target::Head(head), out));
}

/// Where tokens and lines are.
struct Place {
    /// Top of the first token.
    top: f32,
    pitch: f32,
    /// Ends of the lines.
    left: f32,
    right: f32,
    /// Rows in sight.
    sight: Range<usize>,
}

impl Place {
    fn y(&self, row: usize) -> f32 {
        self.top + (row as f32 + 0.5) * self.pitch
    }
}

fn columns(
    ui: &mut Ui,
    scene: &Scene<'_>,
    (trace, drawn): (&Trace, &[HeadId]),
    flowing: &mut Flowing,
    post: &Post,
    out: &mut Out,
) -> Option<std::sync::Arc<Flow>> {
    let cells = scene.cells();
    let n = cells.longest();
    let room = ui.available_rect_before_wrap();
    titles(ui, scene, room);
    ui.add_space(TITLES);
    let pitch = ((room.height() - TITLES - 8.0) / n.max(1) as f32).clamp(*ROWS.start(), *ROWS.end());
    let area = ScrollArea::vertical().id_salt("flow").auto_shrink(false);
    area.show_viewport(ui, |ui, viewport| {
        ui.set_height(n as f32 * pitch);
        let rect = ui.max_rect();
        let first = (viewport.top() / pitch).max(0.0) as usize;
        let sight = first.min(n)..((viewport.bottom() / pitch).ceil() as usize).min(n);
        let (left, right) = ends(rect);
        let place = Place { top: rect.top(), pitch, left, right, sight: sight.clone() };
        let within = |most: usize| sight.start.min(most)..sight.end.min(most);
        let range = (within(cells.queries), within(cells.keys));
        let flow = flowing.edges((scene.run, trace), scene.state, range, post);
        if let Some(flow) = &flow {
            lines(ui, scene, &place, flow, drawn, out);
        }
        tokens_of(ui, scene, &place, (scene.columns(), false), flow.as_deref(), out);
        tokens_of(ui, scene, &place, (scene.rows(), true), flow.as_deref(), out);
        flow
    })
    .inner
}

/// Where lines end: between two columns of labels, not wider than one can follow.
fn ends(rect: Rect) -> (f32, f32) {
    let label = LABEL.min(rect.width() * 0.3);
    let width = (rect.width() - 2.0 * label).clamp(40.0, WIDEST);
    (rect.center().x - width / 2.0, rect.center().x + width / 2.0)
}

fn titles(ui: &Ui, scene: &Scene<'_>, room: Rect) {
    let (tokens, words) = (theme::tokens(ui), scene.words.flow);
    let (left, right) = ends(room);
    let name = |what: &str, side: Side| {
        if scene.translates() { format!("{what} · {}", scene.text_name(side)) } else { what.to_owned() }
    };
    // Over their columns, but inwards where the pane ends: nothing else stands on this line
    let title = |text: String, over: &dyn Fn(f32) -> f32| {
        let galley = widgets::short(ui, &text, theme::body(BODY), room.width() / 2.0 - 16.0, tokens.muted);
        let at = pos2(over(galley.size().x), room.top() + (TITLES - galley.size().y) / 2.0);
        ui.painter().galley(at, galley, tokens.muted);
    };
    title(name(words.keys, scene.columns()), &|width| (left - 10.0 - width).max(room.left() + 8.0));
    title(name(words.queries, scene.rows()), &|width| (right + 10.0).min(room.right() - 8.0 - width));
}

/// Whether an edge belongs to the token under the pointer; all do where there is none.
fn is_lit(scene: &Scene<'_>, edge: &Edge) -> bool {
    match (scene.hover.query, scene.hover.key) {
        (Some(query), _) => edge.query == query,
        (None, Some(key)) => edge.key == key,
        (None, None) => true,
    }
}

/// Draws the lines. One under the pointer says what it is; a click pins its cell, its menu is the cell's.
fn lines(ui: &Ui, scene: &Scene<'_>, place: &Place, flow: &Flow, drawn: &[HeadId], out: &mut Out) {
    let colors: Vec<Color32> = drawn.iter().map(|head| theme::series(scene.dark, head.head)).collect();
    let threshold = scene.state.flow.threshold;
    let clip = ui.clip_rect();
    let strands: Vec<Strand> = flow
        .edges
        .iter()
        .filter(|edge| edge.weight >= threshold)
        .map(|edge| Strand { group: edge.head, from: edge.key, to: edge.query, weight: edge.weight })
        .collect();
    let middles = bundled(&strands, BUNDLE);
    let between = Rect::from_x_y_ranges(place.left..=place.right, clip.y_range());
    let response = ui.interact(between, ui.scope_id().with("flow lines"), Sense::click());
    let pointer = response.hover_pos();
    let mut nearest: Option<(f32, &Edge)> = None;
    for (edge, middle) in flow.edges.iter().filter(|edge| edge.weight >= threshold).zip(middles) {
        let (from, to) = (place.y(edge.key), place.y(edge.query));
        if from.max(to) < clip.top() || from.min(to) > clip.bottom() {
            continue;
        }
        let share = if is_lit(scene, edge) { 0.12 + 0.88 * edge.weight } else { FAINT };
        let color = colors.get(edge.head).copied().unwrap_or_default().gamma_multiply(share);
        let stroke = Stroke::new(1.0 + 2.0 * edge.weight, color);
        let at = |[across, row]: [f32; 2]| {
            pos2(egui::lerp(place.left..=place.right, across), place.top + (row + 0.5) * place.pitch)
        };
        let points: Vec<Pos2> = way(edge.key, edge.query, middle).iter().map(|&point| at(point)).collect();
        if let Some(distance) = pointer.map(|pointer| distance(&points, pointer))
            && nearest.is_none_or(|(least, _)| distance < least)
        {
            nearest = Some((distance, edge));
        }
        match points[..] {
            [start, end] => ui.painter().line_segment([start, end], stroke),
            _ => ui.painter().line(points, stroke),
        };
    }
    let edge = nearest.filter(|&(distance, _)| distance <= REACH).map(|(_, edge)| edge);
    let cell = edge.and_then(|edge| Some((*drawn.get(edge.head)?, edge.query, edge.key)));
    pointed::menu(&response, cell, |ui, (head, query, key)| {
        interventions::menu(ui, scene, Target::Cell(head, query, key), out);
    });
    let (Some(edge), Some((head, query, key))) = (edge, cell) else { return };
    (out.hover.query, out.hover.key) = (Some(query), Some(key));
    if response.clicked() {
        out.send(Command::SelectHead(head));
        out.send(Command::PinCell { query, key });
    }
    let said = format!(
        "{}   {} → {}   {:.4}",
        scene.short_head_name(head),
        scene.query_name(query),
        scene.key_name(key),
        edge.weight
    );
    response.on_hover_text_at_pointer(said);
}

/// How far a line through these points passes from a place.
fn distance(points: &[Pos2], from: Pos2) -> f32 {
    let to_segment = |ends: &[Pos2]| {
        let along = ends[1] - ends[0];
        let share = (from - ends[0]).dot(along) / along.length_sq().max(f32::MIN_POSITIVE);
        from.distance(ends[0] + along * share.clamp(0.0, 1.0))
    };
    points.windows(2).map(to_segment).fold(f32::INFINITY, f32::min)
}

/// One column of tokens; those that the token under the pointer is bound to are tinted by the weight.
fn tokens_of(
    ui: &Ui,
    scene: &Scene<'_>,
    place: &Place,
    (side, asks): (Side, bool),
    flow: Option<&Flow>,
    out: &mut Out,
) {
    let tokens = theme::tokens(ui);
    let labels = scene.labels_of(side);
    let pointed = if asks { scene.hover.query } else { scene.hover.key };
    let pinned = if asks { scene.pinned_query() } else { scene.pinned_key() };
    let answers = |index: usize| -> f32 {
        let bound = |edge: &&Edge| match (asks, scene.hover.query, scene.hover.key) {
            (false, Some(query), _) => edge.query == query && edge.key == index,
            (true, None, Some(key)) => edge.key == key && edge.query == index,
            _ => false,
        };
        flow.map_or(0.0, |flow| flow.edges.iter().filter(bound).fold(0.0, |most, edge| most.max(edge.weight)))
    };
    let any = if asks {
        scene.hover.query.is_none() && scene.hover.key.is_some()
    } else {
        scene.hover.query.is_some()
    };
    let width = LABEL - 14.0;
    for index in place.sight.start..place.sight.end.min(labels.texts.len()) {
        let y = place.y(index);
        let x = if asks { place.right + 6.0 } else { place.left - 6.0 - width };
        let rect = Rect::from_min_size(pos2(x, y - place.pitch / 2.0), vec2(width, place.pitch));
        let response = ui.interact(rect, ui.scope_id().with(("flow token", asks, index)), Sense::click());
        let name = scene.token_name(side, index);
        let words = scene.words.flow;
        let label = if asks { (words.query_named)(&name) } else { (words.key_named)(&name) };
        let on = pinned == Some(index);
        response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, on, &label));
        let weight = if any { answers(index) } else { 0.0 };
        if weight > 0.0 {
            let fill = theme::mix(tokens.background, tokens.accent, 0.1 + 0.5 * weight);
            ui.painter().rect_filled(rect.shrink(1.0), 4, fill);
        } else if pointed == Some(index) {
            ui.painter().rect_filled(rect.shrink(1.0), 4, theme::mix(tokens.background, tokens.dim, 0.3));
        }
        let color = if on { tokens.accent_text } else { tokens.text };
        let text = widgets::short(ui, labels.get(index), theme::mono(12.0), width - 12.0, color);
        let anchor = if asks { Align2::LEFT_CENTER } else { Align2::RIGHT_CENTER };
        let at = if asks { pos2(rect.left() + 6.0, y) } else { pos2(rect.right() - 6.0, y) };
        ui.painter().galley(anchor.anchor_size(at, text.size()).min, text, color);
        if response.hovered() {
            let hover = &mut out.hover;
            (hover.query, hover.key) = if asks { (Some(index), None) } else { (None, Some(index)) };
        }
        if response.clicked() {
            let pin = Some(index);
            out.send(if asks { Command::PinQuery(pin) } else { Command::PinKey(pin) });
        }
        let head = scene.state.head;
        let target = if asks { Target::Row(head, index) } else { Target::Column(head, index) };
        response.context_menu(|ui| interventions::menu(ui, scene, target, out));
    }
}
