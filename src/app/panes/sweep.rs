//! The patch sweep: another prompt's run put into this one, place by place; how far each brings that one's answer.

use super::{
    interventions,
    left::Field,
    shared::{LABEL, read_out, room, row_labels, whole},
};
use crate::{
    app::{
        command::Command,
        labels::Labels,
        linking::Hover,
        offering::Target,
        scene::{Out, Scene},
        state::{Cells, View},
        sweeping::SweepChoice,
        theme::{self, SMALL},
        widgets::{self, axis, focus, legend, pointed, segments},
        words::{fixed, signed},
    },
    engine::{Moved, Places},
    model::{HeadId, Model, Stream, shown},
    render::{ColorMap, Scale, Shader, ValueRange},
    trace::{Candidate, Side, Trace},
};
use egui::{Color32, Rect, RichText, Sense, Stroke, StrokeKind, Ui, pos2, vec2};

/// Room for the names of columns.
const NAMES: f32 = 76.0;

/// Draws the pane.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let words = &scene.words.sweep;
    let swept = scene.swept();
    let sub = swept.map_or_else(String::new, |(moved, _)| {
        let [of, less] = &moved.texts;
        (words.sub)(of, less)
    });
    widgets::header(ui, words.title, &sub, |ui| {
        if let Some(((moved, trace), model)) = swept.zip(scene.model) {
            choices(ui, scene, (moved, trace), model, out);
        }
    });
    let Some(trace) = scene.clean.filter(|trace| trace.is_complete()) else {
        return widgets::empty(ui, scene.first_step().0, scene.words.waiting);
    };
    if scene.only_trace() {
        return widgets::empty(ui, scene.words.needs_weights, "");
    }
    if trace.spec.encoder.is_some() || trace.next.is_empty() {
        return widgets::empty(ui, words.no_answer, "");
    }
    prompt(ui, scene, out);
    if let Some(banner) = scene.sweeping.why_not() {
        return widgets::empty(ui, &banner.what, banner.hint.as_deref().unwrap_or(""));
    }
    match (swept, scene.sweeping.progress()) {
        (Some((moved, trace)), _) => map(ui, scene, moved, trace, out),
        (None, Some(done)) => widgets::empty(ui, words.working, &format!("{:.0} %", done * 100.0)),
        (None, None) => widgets::empty(ui, words.hint, words.hint_sub),
    }
}

/// Which two words, and which places.
fn choices(ui: &mut Ui, scene: &Scene<'_>, (moved, trace): (&Moved, &Trace), model: &Model, out: &mut Out) {
    let (words, now) = (&scene.words.sweep, &scene.state.sweep);
    let mut set = |choice: SweepChoice| out.send(Command::SetSweep(choice));
    let heads = now.places == Places::Heads;
    if let Some(chosen) = segments::show(ui, &[(words.tokens, !heads), (words.heads, heads)]) {
        let places = if chosen == 1 { Places::Heads } else { Places::Tokens };
        set(SweepChoice { places, ..now.clone() });
    }
    let ids = [moved.metric.of, moved.metric.less];
    let listed = |own: u32| -> Vec<u32> {
        let found = trace.next.iter().map(|next: &Candidate| next.id).filter(|id| !ids.contains(id));
        std::iter::once(own).chain(ids.into_iter().filter(|id| *id != own)).chain(found.take(10)).collect()
    };
    let pick = |ui: &mut Ui, name: &str, own: u32| {
        let mut chosen = None;
        widgets::choice(ui, name, &shown(&model.token(own).text), |ui| {
            if ui.selectable_label(false, words.likeliest).clicked() {
                chosen = Some(None);
                ui.close();
            }
            for id in listed(own) {
                let label = RichText::new(shown(&model.token(id).text)).font(theme::mono(12.0));
                if ui.selectable_label(id == own, label).clicked() {
                    chosen = Some(Some(id));
                    ui.close();
                }
            }
        });
        chosen
    };
    if let Some(less) = pick(ui, words.less, ids[1]) {
        set(SweepChoice { less, ..now.clone() });
    }
    if let Some(of) = pick(ui, words.of, ids[0]) {
        set(SweepChoice { of, ..now.clone() });
    }
}

/// The other prompt, and what starts and stops the sweep.
fn prompt(ui: &mut Ui, scene: &Scene<'_>, out: &mut Out) {
    let (words, choice) = (&scene.words.sweep, &scene.state.sweep);
    egui::Frame::new().inner_margin(egui::Margin::symmetric(14, 4)).show(ui, |ui| {
        ui.horizontal(|ui| {
            let buttons = 190.0;
            ui.vertical(|ui| {
                ui.set_max_width((ui.available_width() - buttons).max(120.0));
                let id = egui::Id::unique("sweep prompt");
                let field = Field { name: words.prompt, hint: words.prompt_hint, id, rows: 1, highest: 48.0 };
                if let Some(text) = field.show(ui, &choice.prompt) {
                    out.send(Command::EditSweep(text));
                }
            });
            let running = scene.sweeping.progress().is_some();
            if running {
                if ui.add(widgets::outlined(ui, words.stop)).clicked() {
                    out.send(Command::RunSweep(false));
                }
            } else {
                let ready = !choice.prompt.trim().is_empty() && choice.prompt != choice.asked;
                if ui.add_enabled(ready, widgets::outlined(ui, words.run)).clicked() {
                    out.send(Command::RunSweep(true));
                }
            }
            let start = if scene.state.compare.prompt.is_empty() {
                (words.from_here, &scene.state.prompt)
            } else {
                (words.from_compare, &scene.state.compare.prompt)
            };
            if choice.prompt.is_empty() && ui.add(widgets::outlined(ui, start.0)).clicked() {
                out.send(Command::EditSweep(start.1.clone()));
            }
        });
    });
}

fn map(ui: &mut Ui, scene: &Scene<'_>, moved: &Moved, trace: &Trace, out: &mut Out) {
    let (words, choice) = (&scene.words.sweep, &scene.state.sweep);
    let rows = if choice.places == Places::Heads { &moved.sweep.heads } else { &moved.sweep.tokens };
    let across = rows.iter().map(Vec::len).max().unwrap_or(0);
    let labels = match choice.places {
        Places::Tokens => Labels::named(moved.labels(trace)),
        Places::Heads => Labels::named((0..across).map(|head| head.to_string()).collect()),
    };
    let all = whole(ui);
    let longest = labels.longest as f32 * 6.7;
    let cell = (all.width() - LABEL) / across.max(1) as f32;
    let (_, _, above) = axis::lie(cell, longest, NAMES);
    let (map, foot) = room(ui, above, all);
    let response = ui.interact(map, ui.scope_id().with("sweep"), Sense::click());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, words.title));
    let finite = rows.iter().flatten().copied().filter(|value| value.is_finite());
    let most = finite.fold(1.0_f64, |most, value| most.max(value.abs())) as f32;
    let colors = ColorMap::signed(theme::shared(scene.dark));
    let shader = Shader::new(colors, Scale::Linear, ValueRange { low: -most, high: most });
    cells(ui, rows, map, across, &shader);
    let grid = Cells { queries: rows.len(), keys: across };
    let longer = Cells { queries: across.max(rows.len()), keys: across };
    let place = axis::Place { rect: map, view: View::whole(longer), cells: grid };
    let pitch = map.height() / rows.len().max(1) as f32;
    let at = response.hover_pos().filter(|point| map.contains(*point)).and_then(|point| {
        let (row, column) =
            (((point.y - map.top()) / pitch) as usize, ((point.x - map.left()) / cell) as usize);
        rows.get(row).filter(|row| column < row.len()).map(|_| (row, column))
    });
    let there = |&(layer, at): &(usize, usize)| rows.get(layer).is_some_and(|row| at < row.len());
    let chosen = scene.swept_place().filter(there);
    // What another view points at is marked here, too
    let column = match choice.places {
        Places::Tokens => scene.shown_on(Side::Target),
        Places::Heads => Some(scene.hover.head.unwrap_or(scene.state.head).head),
    };
    let marked: Vec<usize> = at.map(|cell| cell.1).or(column).into_iter().filter(|&at| at < across).collect();
    axis::columns(ui, &place, &labels, &marked, longest, NAMES);
    row_labels(ui, map, rows.len(), pitch, Some(at.map_or(scene.shown_layer(), |cell| cell.0)), |layer| {
        trace.spec.layer_name(layer)
    });
    if let Some((row, column)) = chosen {
        let corner = map.min + vec2(column as f32 * cell, row as f32 * pitch);
        let frame = Rect::from_min_size(corner, vec2(cell.max(3.0), pitch.max(3.0)));
        let accent = theme::tokens(ui).accent;
        ui.painter().rect_stroke(frame, 0, Stroke::new(2.0, accent), StrokeKind::Outside);
    }
    let ends = (format!("−{most:.1}"), format!("{most:.1}"));
    legend::show(ui, foot.with_max_x(foot.left() + 150.0), &shader, (&ends.0, &ends.1));
    let name = |(layer, at): (usize, usize)| match choice.places {
        Places::Tokens => {
            let place = scene.stream_name(Stream::Before(layer));
            format!("{place} · {}", scene.token_name(Side::Target, at))
        }
        Places::Heads => scene.short_head_name(HeadId { layer, head: at }),
    };
    let told = |cell: (usize, usize)| (words.moved)(&name(cell), &signed(rows[cell.0][cell.1]));
    pointed::menu(&response, at, |ui, at| {
        add(ui, scene, at, trace, out);
        ui.separator();
        interventions::menu(ui, scene, target(choice, at), out);
    });
    if let Some((layer, at)) = at {
        out.hover = match choice.places {
            Places::Tokens => scene.pointed(Side::Target, at).rows_only().in_layer(layer),
            Places::Heads => Hover::of_head(HeadId { layer, head: at }),
        };
        if response.clicked() {
            out.send(Command::SelectSwept { layer, at });
        }
    }
    let button = 210.0;
    let line = at.or(chosen).map_or_else(|| words.pick.to_owned(), told);
    read_out(ui, foot.with_max_x(foot.right() - button), &line);
    focus::say(&response, || line);
    if let Some(chosen) = chosen {
        let rect = Rect::from_min_max(pos2(foot.right() - button, foot.top() - 6.0), foot.max);
        let layout = egui::Layout::right_to_left(egui::Align::Min);
        let mut inner = ui.new_child(egui::UiBuilder::new().max_rect(rect).layout(layout).id_salt("add"));
        add(&mut inner, scene, chosen, trace, out);
    }
}

/// What a place is, for the menus that all views have.
fn target(choice: &SweepChoice, (layer, at): (usize, usize)) -> Target {
    match choice.places {
        Places::Tokens => Target::Stream(Stream::Before(layer), Some(at)),
        Places::Heads => Target::Head(HeadId { layer, head: at }),
    }
}

/// Makes a place's patch one of the interventions.
fn add(ui: &mut Ui, scene: &Scene<'_>, at: (usize, usize), trace: &Trace, out: &mut Out) {
    let what = scene.state.sweep.patch(trace, at);
    let made = scene.state.interventions.iter().any(|switch| switch.on && switch.what == what);
    let button = widgets::outlined(ui, scene.words.sweep.add);
    if ui.add_enabled(!made, button).on_hover_text(what.to_string()).clicked() {
        out.send(Command::Intervene(what));
        ui.close();
    }
}

/// A cell a place; of places narrower than a pixel the one that moves most.
fn cells(ui: &Ui, rows: &[Vec<f64>], map: Rect, across: usize, shader: &Shader) {
    let painter = ui.painter_at(map.expand(1.0));
    let tokens = theme::tokens(ui);
    painter.rect_filled(map, 0, tokens.raised);
    let (cell, pitch) = (map.width() / across.max(1) as f32, map.height() / rows.len().max(1) as f32);
    let step = (1.0 / (cell * ui.pixels_per_point())).ceil().max(1.0) as usize;
    let gap = if cell > 5.0 { 1.0 } else { 0.0 };
    let mut mesh = egui::Mesh::default();
    for (layer, row) in rows.iter().enumerate() {
        let top = map.top() + layer as f32 * pitch;
        for (index, some) in row.chunks(step).enumerate() {
            let left = map.left() + (index * step) as f32 * cell;
            let width = (cell * some.len() as f32 - gap).max(0.5);
            let rect = Rect::from_min_size(pos2(left, top), vec2(width, (pitch - gap).max(0.5)));
            let value = some.iter().copied().reduce(|a, b| if b.abs() > a.abs() { b } else { a });
            mesh.add_colored_rect(rect, theme::of_map(shader.color(value.unwrap_or(0.0) as f32)));
        }
    }
    painter.add(mesh);
    numbers(ui, rows, map, (cell, pitch), shader);
}

/// The shares themselves, where they have room.
fn numbers(ui: &Ui, rows: &[Vec<f64>], map: Rect, (cell, pitch): (f32, f32), shader: &Shader) {
    if cell < 34.0 || pitch < 15.0 {
        return;
    }
    for (layer, row) in rows.iter().enumerate() {
        for (column, &value) in row.iter().enumerate() {
            let at = map.min + vec2((column as f32 + 0.5) * cell, (layer as f32 + 0.5) * pitch);
            let ink: Color32 = theme::ink(theme::of_map(shader.color(value as f32)));
            ui.painter().text(at, egui::Align2::CENTER_CENTER, fixed(value, 2), theme::body(SMALL), ink);
        }
    }
}
