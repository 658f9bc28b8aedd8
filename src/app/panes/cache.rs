//! The KV cache: layers × tokens, what of it is still read, what is forgotten, and what forgetting costs.

use super::interventions;
use super::shared::{LABEL, read_out, row_labels};
use crate::{
    app::{
        command::Command,
        memory::{CacheView, PolicyKind, STEPS},
        offering::Target,
        palette::Palette,
        scene::{Out, Scene},
        state::{Cells, View},
        theme::{self, BODY, SMALL, TITLE},
        widgets::{self, axis, focus, legend, pointed},
        words::size,
    },
    engine::Written,
    model::{Token, shown},
    render::{Scale, Shader, ValueRange},
    trace::{Side, Trace},
};
use egui::{Align2, Color32, Rect, RichText, Sense, Stroke, StrokeKind, Ui, pos2, vec2};
use strum::IntoEnumIterator as _;

/// Width of the costs.
const COSTS: f32 = 268.0;
/// Height of the bars of loss.
const LOSS: f32 = 46.0;
/// From this width on every policy has a button of its own.
const SEGMENTS: f32 = 720.0;
/// Lower than this names and bars are shorter.
const LOW: f32 = 220.0;
/// Narrower than this the costs are left out.
const NARROW: f32 = 560.0;

/// Draws the pane.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let words = scene.words.memory;
    let seen = scene.trace.filter(|trace| trace.is_complete());
    let view = scene.memory.cache.latest().filter(|(key, _)| key.0 == scene.run).map(|(_, view)| view);
    let kept = view.and_then(|view| view.eviction.kept.iter().max()).copied().unwrap_or_default();
    let sub = view.map_or_else(String::new, |_| (words.cache_sub)(kept, scene.n_tokens()));
    widgets::header(ui, words.cache, &sub, |ui| policies(ui, scene, out));
    let Some(trace) = seen else { return widgets::empty(ui, scene.words.waiting, "") };
    let caches = trace.spec.generates() && trace.spec.encoder.is_none();
    match (view, scene.memory.cache.error()) {
        _ if scene.only_trace() => widgets::empty(ui, scene.words.needs_weights, ""),
        _ if !caches => widgets::empty(ui, words.cache_none, ""),
        (_, Some(error)) => widgets::empty(ui, &error.what, error.hint.as_deref().unwrap_or("")),
        (Some(view), _) => body(ui, scene, trace, view, out),
        (None, None) => widgets::empty(ui, scene.words.waiting, ""),
    }
}

fn policies(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let (words, now) = (scene.words.memory, scene.state.memory.policy);
    if ui.available_width() > SEGMENTS {
        let tokens = theme::tokens(ui);
        ui.spacing_mut().item_spacing.x = 2.0;
        // The header lays its controls out from the right
        for policy in PolicyKind::iter().rev() {
            let (on, name) = (policy == now, (words.policy)(policy));
            let label = RichText::new(name).size(12.0).color(if on { tokens.text } else { tokens.muted });
            let fill = if on { tokens.line } else { Color32::TRANSPARENT };
            let button = egui::Button::new(label).fill(fill).stroke(Stroke::NONE).corner_radius(6);
            let response = ui.add(button);
            response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, on, name));
            if response.clicked() {
                out.send(Command::SetPolicy(policy));
            }
        }
        ui.add_space(6.0);
        ui.label(RichText::new(words.evict).size(12.0).color(tokens.muted));
        return;
    }
    widgets::choice(ui, words.evict, (words.policy)(now), |ui| {
        for policy in PolicyKind::iter() {
            if ui.selectable_label(policy == now, (words.policy)(policy)).clicked() {
                out.send(Command::SetPolicy(policy));
                ui.close();
            }
        }
    });
}

fn body(ui: &mut Ui, scene: &Scene<'_>, trace: &Trace, view: &CacheView, out: &mut Out) {
    let area = ui.available_rect_before_wrap().shrink2(vec2(14.0, 0.0));
    ui.allocate_rect(area, Sense::hover());
    let split = if area.width() > NARROW { area.right() - COSTS } else { area.right() };
    let left = area.with_max_x(split - 12.0);
    map(ui, scene, trace, view, left, out);
    if split < area.right() {
        let tokens = theme::tokens(ui);
        ui.painter().vline(split, area.y_range(), Stroke::new(1.0, tokens.line));
        costs(ui, scene, trace, view, area.with_min_x(split + 14.0), out);
    }
}

/// Entries by layer and token, and the change of loss under the tokens.
fn map(ui: &mut Ui, scene: &Scene<'_>, trace: &Trace, view: &CacheView, area: Rect, out: &mut Out) {
    let words = scene.words.memory;
    let tokens = theme::tokens(ui);
    let (n, layers) = (trace.n_tokens(), view.cache.layers.len());
    let longest = scene.labels.longest as f32 * 6.7;
    let cell = (area.width() - LABEL) / n.max(1) as f32;
    let low = area.height() < LOW;
    let (names, bars) = if low { (34.0, 26.0) } else { (64.0, LOSS) };
    let (_, _, above) = axis::lie(cell, longest, names);
    let bottom = area.bottom() - 36.0 - bars - 14.0;
    let map = Rect::from_min_max(
        pos2(area.left() + LABEL, area.top() + above),
        pos2(area.right(), bottom.max(area.top() + above + 12.0)),
    );
    let response = ui.interact(map, ui.scope_id().with("cache"), Sense::click_and_drag());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, words.cache));
    let most = view.cache.layers.iter().flat_map(|layer| &layer.received).copied().fold(0.0, f64::max);
    let range = ValueRange { low: 0.0, high: if most > 0.0 { most as f32 } else { 1.0 } };
    let shader = Shader::new(Palette::new(&scene.state.look, scene.dark).map, Scale::Linear, range);
    entries(ui, view, map, n, &shader);
    let cells = Cells { queries: layers, keys: n };
    let place =
        axis::Place { rect: map, view: View::whole(Cells { queries: n.max(layers), keys: n }), cells };
    let marked: Vec<usize> = scene.shown_key().into_iter().collect();
    axis::columns(ui, &place, scene.labels, &marked, longest, names);
    let pitch = map.height() / layers.max(1) as f32;
    let at = response.hover_pos().filter(|point| map.contains(*point)).map(|point| {
        let row = ((point.y - map.top()) / pitch) as usize;
        (
            row.min(layers.saturating_sub(1)),
            (((point.x - map.left()) / cell) as usize).min(n.saturating_sub(1)),
        )
    });
    row_labels(ui, map, layers, pitch, Some(at.map_or(scene.shown_layer(), |at| at.0)), |layer| {
        trace.spec.layer_name(layer)
    });
    if let Some(key) = scene.state.key.filter(|&key| key < n) {
        let left = map.left() + key as f32 * cell;
        let frame = Rect::from_min_max(pos2(left, map.top()), pos2(left + cell.max(2.0), map.bottom()));
        ui.painter().rect_stroke(frame, 0, Stroke::new(1.5, tokens.accent), StrokeKind::Outside);
    }
    let band = Rect::from_min_size(map.left_bottom() + vec2(0.0, 14.0), vec2(map.width(), bars));
    losses(ui, scene, view, band, cell);
    let foot = Rect::from_min_size(band.left_bottom() + vec2(0.0, 8.0), vec2(map.width(), 30.0));
    legend::show(ui, foot.with_max_x(foot.left() + 150.0), &shader, ("0", &format!("{:.1}", range.high)));
    let mut line = scene.state.key.filter(|&key| key < n).map_or_else(
        || (words.received)(view.cache.steps.min(STEPS)),
        |key| {
            let kept = view.eviction.gone.iter().filter(|gone| gone[key].is_none()).count();
            let token = (words.kept_in)(&scene.token_name(Side::Target, key), kept, layers);
            let received = view.cache.layers.get(scene.state.head.layer).map(|layer| layer.received[key]);
            let name = trace.spec.layer_name(scene.state.head.layer);
            received.map_or(token.clone(), |received| {
                format!("{token} · {}", (words.received_in)(&name, received))
            })
        },
    );
    if scene.state.memory.policy == PolicyKind::ByHand
        && at.is_none()
        && scene.state.memory.dropped.is_empty()
    {
        words.by_hand_hint.clone_into(&mut line);
    }
    pointed::menu(&response, at, |ui, (layer, token)| {
        interventions::menu(ui, scene, Target::Entry(layer, token), out);
    });
    let told = |(layer, token): (usize, usize)| {
        let (name, text) = (trace.spec.layer_name(layer), scene.token_name(Side::Target, token));
        match view.eviction.gone[layer][token] {
            Some(query) => (words.entry_gone)(&name, &text, query),
            None => (words.entry_kept)(&name, &text, view.cache.layers[layer].received[token]),
        }
    };
    if let Some((layer, token)) = at {
        out.hover = scene.pointed(Side::Target, token).in_layer(layer);
        line = told((layer, token));
        let dropped = scene.state.memory.dropped.contains(&(layer, token));
        if scene.state.memory.policy != PolicyKind::ByHand {
            if response.clicked() {
                out.send(Command::PinKey((scene.state.key != Some(token)).then_some(token)));
                out.commands.extend(scene.select_block(layer));
            }
        } else if response.clicked() || response.dragged() && !dropped {
            out.send(Command::DropEntry { layer, token, gone: !dropped });
        }
    }
    read_out(ui, foot, &line);
    focus::say(&response, || line);
}

/// A cell each, in the colours of what it received; a dash where it is forgotten at the end.
fn entries(ui: &Ui, view: &CacheView, map: Rect, n: usize, shader: &Shader) {
    let tokens = theme::tokens(ui);
    let painter = ui.painter_at(map.expand(1.0));
    painter.rect_filled(map, 0, tokens.raised);
    let ramp = shader.ramp(256);
    let most = shader.range().high;
    let (cell, pitch) = (map.width() / n.max(1) as f32, map.height() / view.cache.layers.len().max(1) as f32);
    let step = (1.0 / (cell * ui.pixels_per_point())).ceil().max(1.0) as usize;
    let gap = if cell > 5.0 { 1.0 } else { 0.0 };
    let mut mesh = egui::Mesh::default();
    for (layer, (own, gone)) in view.cache.layers.iter().zip(&view.eviction.gone).enumerate() {
        let top = map.top() + layer as f32 * pitch;
        for first in (0..n).step_by(step) {
            let some = first..(first + step).min(n);
            let left = map.left() + first as f32 * cell;
            let size =
                vec2((cell * some.len() as f32 - gap).max(0.5), pitch - if pitch > 6.0 { 1.0 } else { 0.0 });
            let rect = Rect::from_min_size(pos2(left, top), size);
            let kept = some.filter(|&token| gone[token].is_none());
            if let Some(value) = kept.map(|token| own.received[token] as f32).reduce(f32::max) {
                let at = (value / most * 255.0).clamp(0.0, 255.0) as usize;
                mesh.add_colored_rect(rect, theme::of_map(ramp[at]));
            } else {
                let dash = Rect::from_center_size(rect.center(), vec2(rect.width().min(4.0), 1.0));
                mesh.add_colored_rect(dash, tokens.dim);
            }
        }
    }
    painter.add(mesh);
}

/// By how much each token is harder to foresee, above the line, or easier, below it.
fn losses(ui: &Ui, scene: &Scene<'_>, view: &CacheView, band: Rect, cell: f32) {
    let tokens = theme::tokens(ui);
    let painter = ui.painter();
    let pairs = view.eviction.losses_after.iter().zip(&view.eviction.losses_before);
    let changes: Vec<f32> = pairs.map(|(after, before)| (after - before) as f32).collect();
    let most = changes.iter().copied().fold(0.0, f32::max).max(0.01);
    let least = changes.iter().copied().fold(0.0, f32::min);
    let scale = band.height() / (most - least.max(-most));
    let zero = band.top() + most * scale;
    painter.hline(band.x_range(), zero, Stroke::new(1.0, tokens.line));
    for (at, &change) in changes.iter().enumerate() {
        let height = (change.max(-most) * scale).clamp(-band.height(), band.height());
        if height.abs() < 0.5 {
            continue;
        }
        // The loss at `at` is that of the token after it
        let left = band.left() + (at + 1) as f32 * cell;
        let width = (cell * 0.6).clamp(1.0, 6.0);
        let x = left + (cell - width) / 2.0;
        let marked = scene.shown_key() == Some(at + 1);
        let color = if marked { tokens.accent } else { tokens.measure };
        let rect = Rect::from_two_pos(pos2(x, zero), pos2(x + width, zero - height));
        painter.rect_filled(rect, 0, color);
    }
    let label =
        widgets::short(ui, scene.words.memory.loss_change, theme::body(SMALL), LABEL - 10.0, tokens.muted);
    let at = Align2::RIGHT_CENTER.anchor_size(pos2(band.left() - 7.0, band.center().y), label.size());
    painter.galley(at.min, label, tokens.muted);
    let worst = (0..changes.len()).max_by(|&a, &b| changes[a].total_cmp(&changes[b]));
    if let Some(worst) = worst.filter(|&at| changes[at] > 0.05) {
        let x = band.left() + (worst + 1) as f32 * cell - 4.0;
        let text = format!("{:+.2} bits", changes[worst]);
        let galley = widgets::short(ui, &text, theme::body(SMALL), 80.0, tokens.text);
        let left = if x - galley.size().x < band.left() { x + cell + 8.0 } else { x - galley.size().x };
        painter.galley(pos2(left, band.top() - 4.0), galley, tokens.text);
    }
}

/// What it costs, before → after, and how much may be kept.
fn costs(ui: &mut Ui, scene: &Scene<'_>, trace: &Trace, view: &CacheView, area: Rect, out: &mut Out) {
    let (words, eviction) = (scene.words.memory, &view.eviction);
    let choice = &scene.state.memory;
    let mut line = area.top() + 4.0;
    heads(ui, area, line, words.keep_all, (words.policy)(choice.policy));
    line += 18.0;
    if let (Some(before), Some(after)) = (eviction.loss_before, eviction.loss_after) {
        let below = (words.bits_a_token)(after - before);
        cost(ui, area, line, (words.loss, false), (&format!("{before:.4}"), &format!("{after:.4}")), &below);
        line += 40.0;
    }
    let first = if eviction.answer == eviction.answer_after {
        words.still_first.to_owned()
    } else {
        (words.now_first)(&shown(&eviction.answer_after_text))
    };
    let percent = |p: f64| format!("{:.1} %", p * 100.0);
    let values = (percent(eviction.p_before), percent(eviction.p_after));
    cost(ui, area, line, (&shown(&eviction.answer_text), true), (&values.0, &values.1), &first);
    if let Some(written) = &view.written {
        // Where there is no room for it below
        let row = Rect::from_min_size(pos2(area.left(), line), vec2(area.width(), 38.0));
        let told = [(words.goes_on_all, &written.all), (words.goes_on_kept, &written.kept)];
        let told = told.map(|(name, own)| format!("{name} {}", text_of(own))).join("\n");
        ui.interact(row, ui.scope_id().with("answer"), Sense::hover()).on_hover_text(told);
    }
    line += 40.0;
    let share = eviction.bytes_after as f64 / eviction.bytes_before.max(1) as f64;
    let bytes = (size(eviction.bytes_before as u64), size(eviction.bytes_after as u64));
    cost(ui, area, line, (words.memory, false), (&bytes.0, &bytes.1), &(words.of_the_cache)(share));
    line += 40.0;
    let foot = Rect::from_min_max(pos2(area.left(), line), area.max);
    let layout = egui::Layout::left_to_right(egui::Align::Min);
    let mut ui = ui.new_child(egui::UiBuilder::new().max_rect(foot).layout(layout).id_salt("budget"));
    match choice.policy {
        PolicyKind::All => {}
        PolicyKind::ByHand => {
            let on = !choice.dropped.is_empty();
            let button = widgets::outlined(&ui, words.take_back);
            if ui.add_enabled(on, button).clicked() {
                out.send(Command::KeepEntries);
            }
        }
        _ => {
            let n = trace.n_tokens();
            let mut budget = choice.budget(n);
            let tokens = theme::tokens(&ui);
            let label = ui.label(RichText::new(words.budget).size(BODY).color(tokens.muted));
            ui.spacing_mut().slider_width = (foot.width() - 120.0).clamp(40.0, 160.0);
            let slider =
                focus::slide(&mut ui, egui::Slider::new(&mut budget, 1..=n.max(1))).labelled_by(label.id);
            if slider.changed() {
                out.send(Command::SetBudget(Some(budget)));
            }
        }
    }
    if let Some(written) = &view.written {
        goes_on(&mut ui, scene, written, area.with_min_y(line + 30.0));
    }
}

fn text_of(tokens: &[Token]) -> String {
    tokens.iter().map(Token::shown).collect()
}

/// What the text goes on with, everything kept over what is kept; the whole of it under the pointer.
fn goes_on(ui: &mut Ui, scene: &Scene<'_>, written: &Written, area: Rect) {
    let (words, tokens) = (scene.words.memory, theme::tokens(ui));
    if area.height() < 52.0 {
        return;
    }
    let name = widgets::short(ui, words.goes_on, theme::body(SMALL), area.width(), tokens.muted);
    ui.painter().galley(area.min, name, tokens.muted);
    for (line, (told, own)) in
        [(words.goes_on_all, &written.all), (words.goes_on_kept, &written.kept)].into_iter().enumerate()
    {
        let text = text_of(own);
        let row =
            Rect::from_min_size(area.min + vec2(0.0, 16.0 + line as f32 * 18.0), vec2(area.width(), 18.0));
        let color = if line == 0 { tokens.muted } else { tokens.text };
        let galley = widgets::short(ui, &text, theme::mono(12.0), area.width(), color);
        ui.painter().galley(row.min, galley, color);
        let said = format!("{told} {text}");
        let response = ui.interact(row, ui.scope_id().with(("goes on", line)), Sense::hover());
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &said));
        response.on_hover_text(said);
    }
}

fn heads(ui: &Ui, area: Rect, top: f32, before: &str, after: &str) {
    let tokens = theme::tokens(ui);
    let put = |x: f32, text: &str| {
        let galley = widgets::short(ui, text, theme::body(SMALL), 110.0, tokens.muted);
        let at = Align2::RIGHT_TOP.anchor_size(pos2(x, top), galley.size());
        ui.painter().galley(at.min, galley, tokens.muted);
    };
    put(area.right() - 124.0, before);
    put(area.right(), after);
}

/// One cost: what it is, before, an arrow, after, and what that means.
fn cost(
    ui: &Ui,
    area: Rect,
    top: f32,
    (name, mono): (&str, bool),
    (before, after): (&str, &str),
    below: &str,
) {
    let tokens = theme::tokens(ui);
    let put = |at: egui::Pos2, align: Align2, text: &str, font, width: f32, color: Color32| {
        let galley = widgets::short(ui, text, font, width, color);
        ui.painter().galley(align.anchor_size(at, galley.size()).min, galley, color);
    };
    let middle = top + 11.0;
    let font = if mono { theme::mono(12.0) } else { theme::body(BODY) };
    put(pos2(area.left(), middle), Align2::LEFT_CENTER, name, font, 70.0, tokens.text);
    put(
        pos2(area.right() - 124.0, middle),
        Align2::RIGHT_CENTER,
        before,
        theme::body(BODY),
        76.0,
        tokens.text,
    );
    put(
        pos2(area.right() - 108.0, middle),
        Align2::CENTER_CENTER,
        "→",
        theme::body(BODY),
        20.0,
        tokens.muted,
    );
    put(pos2(area.right(), middle), Align2::RIGHT_CENTER, after, theme::strong(TITLE), 96.0, tokens.text);
    let foot = pos2(area.right(), top + 22.0);
    put(foot, Align2::RIGHT_TOP, below, theme::body(SMALL), area.width(), tokens.muted);
}
