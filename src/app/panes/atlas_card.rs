//! The card of one head: roles, scores, distances, tokens, and passages with its attention drawn over the text.

use super::atlas::{name_of, roles};
use crate::{
    analysis::atlas::{HeadEntry, Histogram, Sequence, TokenShare},
    app::{
        charting::{AtlasAct, AtlasChoice, View},
        command::Command,
        scene::{Out, Scene},
        theme::{self, BODY, SMALL, TITLE},
        widgets::{self, Line, focus, segments},
    },
    model::shown,
};
use egui::{
    Align2, Color32, Rect, RichText, ScrollArea, Sense, Stroke, TextFormat, Ui, pos2, text::LayoutJob, vec2,
};

/// Scores and measures that stand in the card.
const LINES: usize = 8;
/// Height of the bars.
const BARS: f32 = 56.0;
/// Passages in sight at once.
const SHOWN: usize = 5;

/// Draws the card of the selected head.
pub(super) fn show(ui: &mut Ui, scene: &Scene<'_>, view: &View, out: &mut Out) {
    let (words, tokens) = (scene.words.atlas, theme::tokens(ui));
    let Some(entry) = scene.charted() else { return };
    ScrollArea::vertical().id_salt(("card", entry.head)).auto_shrink(false).show(ui, |ui| {
        egui::Frame::new().inner_margin(egui::Margin::symmetric(16, 8)).show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.label(RichText::new((words.head)(&entry.head.to_string())).font(theme::strong(TITLE)));
            ui.label(RichText::new(roles(scene, entry)).color(tokens.measure_text));
            ui.add_space(8.0);
            scores(ui, scene, view, entry);
            if !entry.distances.values.is_empty() {
                ui.add_space(12.0);
                widgets::section(ui, words.distances);
                distances(ui, scene, &entry.distances);
            }
            for (title, table) in [(words.queries, &entry.queries), (words.keys, &entry.keys)] {
                chips(ui, title, table);
            }
            ui.add_space(12.0);
            sequences(ui, scene, view, entry, out);
        });
    });
}

/// The two measures of the map first, then what is greatest of the others.
fn scores(ui: &mut Ui, scene: &Scene<'_>, view: &View, entry: &HeadEntry) {
    let (words, tokens, choice) = (scene.words.atlas, theme::tokens(ui), &scene.state.atlas);
    widgets::section(ui, words.scores);
    let chosen = |id: &str| id == choice.x || id == choice.y;
    let mut axes: Vec<_> = view.axes.iter().filter(|axis| chosen(&axis.id)).collect();
    axes.extend(view.axes.iter().filter(|axis| !chosen(&axis.id)));
    let known = axes.into_iter().filter_map(|axis| Some((axis, entry.value(&axis.id)?)));
    for (axis, value) in known.take(LINES) {
        let most = view.column(axis).1;
        let name = name_of(scene, axis);
        let value_text = format!("{value:.4}");
        let line = Line {
            name: &name,
            mono: false,
            name_width: 150.0,
            share: if most > 0.0 { (value / most.max(1.0)) as f32 } else { 0.0 },
            value: &value_text,
            color: tokens.measure,
            marked: false,
        };
        line.show(ui).on_hover_text((scene.words.atlas.formula)(&axis.id).unwrap_or(&axis.formula));
    }
}

fn distances(ui: &mut Ui, scene: &Scene<'_>, bins: &Histogram) {
    let (words, tokens) = (scene.words.atlas, theme::tokens(ui));
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), BARS + 16.0), Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, words.distances));
    let n = bins.values.len().max(1);
    let top = (0..bins.values.len()).max_by(|&a, &b| bins.values[a].total_cmp(&bins.values[b]));
    focus::say(&response, || {
        let edge = top.and_then(|top| bins.edges.get(top)).copied().unwrap_or_default();
        format!("{edge:.0}: {:.4}", top.map_or(0.0, |top| bins.values[top]))
    });
    let most = bins.values.iter().copied().fold(1e-9, f64::max);
    let pitch = rect.width() / n as f32;
    let base = rect.top() + BARS;
    ui.painter().hline(rect.x_range(), base, Stroke::new(1.0, tokens.line));
    for (place, &value) in bins.values.iter().enumerate() {
        let left = rect.left() + place as f32 * pitch;
        let bar = Rect::from_min_max(
            pos2(left + 1.0, base - (value / most) as f32 * BARS),
            pos2(left + pitch - 1.0, base),
        );
        ui.painter().rect_filled(bar, 0, tokens.measure);
        let edge = bins.edges.get(place).copied().unwrap_or_default();
        let galley = widgets::short(ui, &format!("{edge:.0}"), theme::body(SMALL), pitch, tokens.muted);
        let at = Align2::CENTER_TOP.anchor_size(pos2(left + pitch / 2.0, base + 3.0), galley.size());
        ui.painter().galley(at.min, galley, tokens.muted);
    }
    if let Some(pointer) = response.hover_pos() {
        let place = (((pointer.x - rect.left()) / pitch) as usize).min(n - 1);
        let edge = |place: usize| bins.edges.get(place).copied().unwrap_or(f64::INFINITY);
        let value = bins.values.get(place).copied().unwrap_or_default();
        response.on_hover_text_at_pointer((words.distance_of)(edge(place), edge(place + 1), value));
    }
}

fn chips(ui: &mut Ui, title: &str, table: &[TokenShare]) {
    if table.is_empty() {
        return;
    }
    let tokens = theme::tokens(ui);
    ui.add_space(12.0);
    widgets::section(ui, title);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(6.0, 4.0);
        for own in table.iter().take(10) {
            let mut job = egui::text::LayoutJob::default();
            let word =
                RichText::new(shown(&own.text)).font(theme::mono(12.0)).background_color(tokens.raised);
            let share = RichText::new(format!("  {:.1} %", own.share * 100.0)).size(SMALL);
            for (text, color) in [(word, tokens.text), (share, tokens.muted)] {
                text.color(color).append_to(
                    &mut job,
                    ui.style(),
                    egui::FontSelection::Default,
                    egui::Align::Center,
                );
            }
            ui.add(egui::Label::new(job).extend());
            ui.add_space(4.0);
        }
    });
}

fn sequences(ui: &mut Ui, scene: &Scene<'_>, view: &View, entry: &HeadEntry, out: &mut Out) {
    let (words, tokens, choice) = (scene.words.atlas, theme::tokens(ui), &scene.state.atlas);
    widgets::section(ui, words.sequences);
    if entry.sequences.is_empty() {
        ui.label(RichText::new(words.no_sequences).color(tokens.muted));
        return;
    }
    let mut deciles: Vec<u8> = entry.sequences.iter().map(|own| own.decile).collect();
    deciles.sort_unstable_by(|a, b| b.cmp(a));
    deciles.dedup();
    let decile = choice.decile.filter(|decile| deciles.contains(decile));
    let labels: Vec<String> = deciles.iter().map(|&decile| (words.decile)(decile)).collect();
    let mut names = vec![(words.strongest, decile.is_none())];
    names.extend(labels.iter().zip(&deciles).map(|(label, &own)| (label.as_str(), decile == Some(own))));
    let picked = ui.scope(|ui| segments::show(ui, &names)).inner;
    if let Some(index) = picked {
        let decile = index.checked_sub(1).and_then(|index| deciles.get(index)).copied();
        let choice = AtlasChoice { decile, looked: None, ..choice.clone() };
        out.send(Command::Atlas(AtlasAct::Choose(choice)));
    }
    ui.label(RichText::new(words.decile_why).size(SMALL).color(tokens.muted));
    ui.add_space(6.0);
    let fitting = entry.sequences.iter().filter(|own| decile.is_none_or(|decile| own.decile == decile));
    for sequence in fitting.take(SHOWN) {
        passage(ui, scene, view, sequence, out);
        ui.add_space(10.0);
    }
}

/// One passage: the query that is looked from is underlined in the accent, keys are tinted by its weights.
fn passage(ui: &mut Ui, scene: &Scene<'_>, view: &View, sequence: &Sequence, out: &mut Out) {
    let (words, tokens, choice) = (scene.words.atlas, theme::tokens(ui), &scene.state.atlas);
    let Some(passage) = view.atlas.passages.get(sequence.passage) else { return };
    let n = passage.tokens.len();
    let strongest = sequence.cells.strongest(n);
    let own = choice.looked.filter(|own| own.0 == sequence.passage && own.1 < n);
    let query = own.map(|own| own.1).or(strongest.map(|cell| cell.0));
    let mut weights = vec![0.0_f32; n];
    if let Some(query) = query {
        sequence.cells.row(n, query).for_each(|(key, weight)| weights[key] = weight);
    }
    let key = (0..n).filter(|_| query.is_some()).max_by(|&a, &b| weights[a].total_cmp(&weights[b]));
    ui.horizontal(|ui| {
        let line = (words.largest)(sequence.max, sequence.decile);
        ui.label(RichText::new(line).size(12.0).color(tokens.muted));
        let button = egui::Button::new(RichText::new(words.as_prompt).size(12.0)).frame(false);
        if ui.add_enabled(scene.model.is_some(), button).clicked() {
            let cell = query.zip(key);
            out.send(Command::Atlas(AtlasAct::Passage(sequence.passage, cell)));
        }
    });
    let mut job = LayoutJob::default();
    job.wrap.max_width = ui.available_width() - 20.0;
    let mut ends = Vec::with_capacity(n);
    let mut written = 0;
    for (place, token) in passage.tokens.iter().enumerate() {
        let fill = theme::mix(tokens.panel, tokens.measure, weights[place] * 0.85);
        let tinted = weights[place] > 0.0;
        let format = TextFormat {
            font_id: theme::mono(12.0),
            color: if query == Some(place) && !tinted {
                tokens.accent_text
            } else if tinted {
                theme::ink(fill)
            } else {
                tokens.text
            },
            background: if tinted { fill } else { Color32::TRANSPARENT },
            underline: if query == Some(place) { Stroke::new(2.0, tokens.accent) } else { Stroke::NONE },
            line_height: Some(20.0),
            ..TextFormat::default()
        };
        let text = shown(token);
        written += text.chars().count();
        ends.push(written);
        job.append(&text, 0.0, format);
    }
    let galley = ui.painter().layout_job(job);
    let (rect, response) =
        ui.allocate_exact_size(vec2(ui.available_width(), galley.size().y + 16.0), Sense::click());
    ui.painter().rect_filled(rect, 6, tokens.panel);
    ui.painter().rect_stroke(rect, 6, Stroke::new(1.0, tokens.line), egui::StrokeKind::Inside);
    let origin = rect.min + vec2(10.0, 8.0);
    let pointed = response.hover_pos().map(|pointer| {
        let at = galley.cursor_from_pos(pointer - origin).index;
        ends.partition_point(|&end| end <= at.0).min(n.saturating_sub(1))
    });
    ui.painter().galley(origin, galley, tokens.text);
    let name: String = passage.text().chars().take(60).collect();
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
    if let Some(place) = pointed {
        if response.clicked() {
            let looked = Some((sequence.passage, place));
            let choice = AtlasChoice { looked, ..choice.clone() };
            out.send(Command::Atlas(AtlasAct::Choose(choice)));
        }
        let text = format!("{place} {}  {:.4}", shown(&passage.tokens[place]), weights[place]);
        response.on_hover_text_at_pointer(RichText::new(text).font(theme::mono(BODY)));
    }
}
