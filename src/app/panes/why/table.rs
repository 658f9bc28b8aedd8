//! The score by component of the query and component of the key, with both margins, and one entry read out.

use super::{section, set, token_text};
use crate::{
    analysis::{Component, Fold, Folded, Table},
    app::{
        command::Command,
        scene::{Out, Scene},
        theme::{self, BODY, SMALL},
        widgets::{self, focus},
        words::{fixed, signed},
    },
    model::{HeadId, ModelSpec},
    render::{ColorMap, Scale, Shader, ValueRange, ink_on},
    trace::Side,
};
use egui::{
    Align, Align2, Button, Frame, Id, Layout, Margin, Rect, RichText, ScrollArea, Sense, Stroke, StrokeKind,
    Ui, pos2, vec2,
};

/// Width of a cell that holds a number, and of one that is only a colour.
const CELL: (f32, f32) = (34.0, 10.0);
/// Height of a row, and of one whose cells are only colours.
const ROW: (f32, f32) = (20.0, 12.0);
/// Width of the margins' numbers.
const SUM: f32 = 50.0;
/// Cells that answer the pointer one by one, with a name each; a larger table answers as a whole.
const NAMED: usize = 400;
/// Entries below this part of the largest stay without a number.
const FAINT: f64 = 0.02;

/// A table as it lies on screen.
struct Grid<'a> {
    own: &'a Table,
    folded: Folded,
    rows: Vec<String>,
    columns: Vec<String>,
    shader: Shader,
    /// The number that percentages are of; none: values are shown
    whole: Option<f64>,
    /// Room for a row's name, a cell's sides.
    label: f32,
    cell: f32,
    row: f32,
    most: f64,
}

/// Draws the section.
pub(super) fn show(ui: &mut Ui, scene: &Scene<'_>, own: &Table, out: &mut Out) {
    let words = scene.words.why;
    let percent = scene.state.why.percent;
    let choices = [(words.value, !percent), (words.percent, percent)];
    if let Some(chosen) = section(ui, words.by_component, words.sides, &choices) {
        set(out, scene, |why| why.percent = chosen == 1);
    }
    if scene.state.why.unfolded {
        let fold = RichText::new(words.fold).size(12.0).color(theme::tokens(ui).muted);
        if ui.add(Button::new(fold).frame(false)).clicked() {
            set(out, scene, |why| why.unfolded = false);
        }
    }
    let Some(trace) = scene.trace else { return };
    let selected = scene.state.why.entry.and_then(|(query, key)| {
        Some((
            own.queries.iter().position(|&own| own == query)?,
            own.keys.iter().position(|&own| own == key)?,
        ))
    });
    let selected = selected.or_else(|| own.largest().first().map(|&(query, key, _)| (query, key)));
    let grid = Grid::new(scene, own, &trace.spec, ui.available_width());
    let width = grid.width();
    let id = ui.scope_id().with("components");
    if width > ui.available_width() + 1.0 {
        ScrollArea::horizontal().show(ui, |ui| grid.show(ui, scene, id, selected, out));
    } else {
        grid.show(ui, scene, id, selected, out);
    }
    ui.add_space(8.0);
    if let Some((query, key)) = selected {
        read_out(ui, scene, own, (query, key), out);
    }
}

impl<'a> Grid<'a> {
    fn new(scene: &Scene<'_>, own: &'a Table, spec: &ModelSpec, room: f32) -> Self {
        let names = |components: &[Component]| -> Vec<String> {
            components.iter().map(|component| (scene.words.why.short)(&component.name(spec))).collect()
        };
        let longest =
            |names: &[String]| names.iter().map(|name| name.chars().count()).max().unwrap_or(0) as f32;
        let label = (longest(&names(&own.queries)).max(4.0) * 6.7 + 10.0).min(96.0);
        // As many as have room for their numbers, less the one for all others
        let fit = ((room - label - SUM) / CELL.0).floor().clamp(3.0, 16.0) as usize - 1;
        let unfolded = scene.state.why.unfolded;
        let folded = own.folded(if unfolded { usize::MAX } else { fit });
        let name = |names: Vec<String>, folds: &[Fold]| -> Vec<String> {
            let one = |fold: &Fold| match fold {
                Fold::One(index) => names[*index].clone(),
                Fold::Rest(_) => scene.words.why.rest.to_owned(),
            };
            folds.iter().map(one).collect()
        };
        let rows = name(names(&own.queries), &folded.queries);
        let columns = name(names(&own.keys), &folded.keys);
        let most = folded.values.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
        let range = ValueRange { low: -(most.max(1e-12) as f32), high: most.max(1e-12) as f32 };
        let shader = Shader::new(ColorMap::signed(theme::shared(scene.dark)), Scale::Linear, range);
        let cell = ((room - label - SUM) / columns.len().max(1) as f32).clamp(CELL.1, 60.0);
        let row = if cell < CELL.0 - 6.0 { ROW.1 } else { ROW.0 };
        let whole = scene.state.why.percent.then(|| own.sum());
        Self { own, folded, rows, columns, shader, whole, label, cell, row, most }
    }

    fn width(&self) -> f32 {
        self.label + self.cell * self.columns.len() as f32 + SUM
    }

    /// A value as the table shows it, short.
    fn text(&self, value: f64) -> String {
        match self.whole {
            Some(whole) => fixed(value / whole * 100.0, 0),
            None => fixed(value, 2),
        }
    }

    fn at(&self, row: usize, column: usize) -> f64 {
        self.folded.values[row * self.columns.len() + column]
    }

    fn show(&self, ui: &mut Ui, scene: &Scene<'_>, id: Id, selected: Option<(usize, usize)>, out: &mut Out) {
        let tokens = theme::tokens(ui);
        let (n, m) = (self.rows.len(), self.columns.len());
        let size = vec2(self.width(), 18.0 + self.row * (n + 1) as f32 + 4.0);
        let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
        let body = Rect::from_min_size(
            rect.min + vec2(self.label, 18.0),
            vec2(self.cell * m as f32, self.row * n as f32),
        );
        let cell = |row: usize, column: usize| {
            let min = body.min + vec2(self.cell * column as f32, self.row * row as f32);
            Rect::from_min_size(min, vec2(self.cell, self.row))
        };
        let pointed = self.pointer(ui, scene, id, body, &cell, out);
        let mut mesh = egui::Mesh::default();
        let gap = if self.row > ROW.1 { 0.5 } else { 0.0 };
        for (row, column) in (0..n).flat_map(|row| (0..m).map(move |column| (row, column))) {
            let color = theme::of_map(self.shader.color(self.at(row, column) as f32));
            mesh.add_colored_rect(cell(row, column).shrink(gap), color);
        }
        ui.painter().add(mesh);
        let chosen =
            selected.map(|(query, key)| (find(&self.folded.queries, query), find(&self.folded.keys, key)));
        let lit = |pointed: Option<usize>, chosen: Option<usize>, index: usize| {
            if chosen == Some(index) {
                tokens.accent_text
            } else if pointed == Some(index) {
                tokens.text
            } else {
                tokens.muted
            }
        };
        let font = theme::body(SMALL);
        let put = |at, align, text: &str, color| ui.painter().text(at, align, text, font.clone(), color);
        if self.cell >= CELL.0 - 6.0 {
            for (row, column) in (0..n).flat_map(|row| (0..m).map(move |column| (row, column))) {
                let value = self.at(row, column);
                if value.abs() >= self.most * FAINT && value != 0.0 {
                    let ink = theme::of_map(ink_on(self.shader.color(value as f32)));
                    put(cell(row, column).center(), Align2::CENTER_CENTER, &self.text(value), ink);
                }
            }
        }
        for (row, name) in self.rows.iter().enumerate() {
            let color = lit(pointed.map(|at| at.0), chosen.and_then(|at| at.0), row);
            let y = body.top() + self.row * (row as f32 + 0.5);
            let size = SMALL.min(self.row);
            let name = widgets::short(ui, name, theme::mono(size), self.label - 6.0, color);
            let at = Align2::RIGHT_CENTER.anchor_size(pos2(body.left() - 6.0, y), name.size());
            ui.painter().galley(at.min, name, color);
            if self.row > ROW.1 {
                let sum: f64 = (0..m).map(|column| self.at(row, column)).sum();
                put(pos2(rect.right(), y), Align2::RIGHT_CENTER, &self.text(sum), tokens.text);
            }
        }
        for (column, name) in self.columns.iter().enumerate() {
            let marked = pointed.map(|at| at.1) == Some(column);
            if self.cell < CELL.0 - 6.0 && !marked {
                continue;
            }
            let color = lit(pointed.map(|at| at.1), chosen.and_then(|at| at.1), column);
            let x = body.left() + self.cell * (column as f32 + 0.5);
            let room = if self.cell < CELL.0 - 6.0 { 120.0 } else { self.cell };
            let name = widgets::short(ui, name, theme::mono(SMALL), room, color);
            let at = Align2::CENTER_CENTER.anchor_size(pos2(x, body.top() - 9.0), name.size());
            ui.painter().galley(at.min, name, color);
            if self.cell >= CELL.0 - 6.0 {
                let sum: f64 = (0..n).map(|row| self.at(row, column)).sum();
                put(
                    pos2(x, body.bottom() + 4.0 + self.row / 2.0),
                    Align2::CENTER_CENTER,
                    &self.text(sum),
                    tokens.text,
                );
            }
        }
        let foot = body.bottom() + 4.0 + self.row / 2.0;
        put(pos2(rect.right(), body.top() - 9.0), Align2::RIGHT_CENTER, "Σ", tokens.muted);
        put(pos2(body.left() - 6.0, foot), Align2::RIGHT_CENTER, "Σ", tokens.muted);
        let whole = self.whole.map_or_else(|| signed(self.own.sum()), |_| "100".to_owned());
        ui.painter().text(
            pos2(rect.right(), foot),
            Align2::RIGHT_CENTER,
            whole,
            theme::strong(SMALL),
            tokens.text,
        );
        ui.painter().hline(rect.x_range(), body.bottom() + 2.0, Stroke::new(1.0, tokens.line));
        if let Some((Some(row), Some(column))) = chosen {
            let frame = Stroke::new(2.0, tokens.accent);
            ui.painter().rect_stroke(cell(row, column), 2, frame, StrokeKind::Outside);
        }
    }

    /// What the pointer is on, and what a click there does: an entry is read out, the others unfold.
    fn pointer(
        &self,
        ui: &Ui,
        scene: &Scene<'_>,
        id: Id,
        body: Rect,
        cell: &dyn Fn(usize, usize) -> Rect,
        out: &mut Out,
    ) -> Option<(usize, usize)> {
        let words = scene.words.why;
        let (n, m) = (self.rows.len(), self.columns.len());
        let named = |row: usize, column: usize| {
            (words.entry)(&self.rows[row], &self.columns[column], self.at(row, column))
        };
        let mut pointed = None;
        let mut clicked = None;
        if n * m <= NAMED {
            for (row, column) in (0..n).flat_map(|row| (0..m).map(move |column| (row, column))) {
                let response = ui.interact(cell(row, column), id.with((row, column)), Sense::click());
                response
                    .widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, named(row, column)));
                if response.hovered() {
                    pointed = Some((row, column));
                }
                if response.clicked() {
                    clicked = Some((row, column));
                }
                response.on_hover_ui_at_pointer(|ui| {
                    ui.label(named(row, column));
                    let one = |fold: &Fold| matches!(fold, Fold::One(_));
                    if !(one(&self.folded.queries[row]) && one(&self.folded.keys[column])) {
                        ui.label(RichText::new(words.unfold).color(theme::tokens(ui).muted));
                    }
                });
            }
        } else {
            let response = ui.interact(body, id, Sense::click());
            response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, words.by_component));
            let most = (0..n * m).max_by(|&a, &b| {
                let size = |index: usize| self.folded.values[index].abs();
                size(a).total_cmp(&size(b))
            });
            focus::say(&response, || most.map_or_else(String::new, |index| named(index / m, index % m)));
            pointed = response.hover_pos().map(|at| {
                let (row, column) = ((at.y - body.top()) / self.row, (at.x - body.left()) / self.cell);
                ((row as usize).min(n - 1), (column as usize).min(m - 1))
            });
            if response.clicked() {
                clicked = pointed;
            }
            if let Some((row, column)) = pointed {
                response.on_hover_ui_at_pointer(|ui| _ = ui.label(named(row, column)));
            }
        }
        if let Some((row, column)) = clicked {
            let entry = match (&self.folded.queries[row], &self.folded.keys[column]) {
                (Fold::One(query), Fold::One(key)) => Some((self.own.queries[*query], self.own.keys[*key])),
                _ => None,
            };
            set(out, scene, |why| match entry {
                Some(entry) => why.entry = Some(entry),
                None => why.unfolded = true,
            });
        }
        pointed
    }
}

fn find(folds: &[Fold], index: usize) -> Option<usize> {
    folds.iter().position(|fold| fold.members().contains(&index))
}

/// The selected entry in words, its share, and the way to the heads in it.
fn read_out(ui: &mut Ui, scene: &Scene<'_>, own: &Table, (query, key): (usize, usize), out: &mut Out) {
    let (words, tokens) = (scene.words.why, theme::tokens(ui));
    let (Some(trace), Some(why)) = (scene.trace, scene.reasons.why()) else { return };
    let sides =
        [(own.queries[query], scene.rows(), why.cell.query), (own.keys[key], scene.columns(), why.cell.key)];
    let names = sides.map(|(component, ..)| (words.short)(&component.name(&trace.spec)));
    let told = sides.map(|(component, ..)| scene.component_name(component, &trace.spec));
    Frame::new().fill(tokens.raised).corner_radius(6).inner_margin(Margin::symmetric(10, 6)).show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.label(RichText::new(told.join(" × ")).font(theme::mono(12.0)).color(tokens.accent_text));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                for ((component, ..), name) in sides.iter().zip(&names).rev() {
                    open(ui, scene, *component, name, out);
                    if sides[0].0 == sides[1].0 {
                        break;
                    }
                }
                let value = own.at(query, key);
                let share = value / own.sum() * 100.0;
                let number = format!("{} · {share:.0} %", signed(value)).replace('-', "−");
                ui.label(RichText::new(number).font(theme::strong(BODY)).color(tokens.text));
            });
        });
        let [query_part, key_part] = [0, 1].map(|side| (words.component)(sides[side].0, &names[side]));
        let [query_token, key_token] =
            sides.map(|(_, side, token)| token_text(scene, side, token).to_owned());
        let mut sentence = (words.meets)(&query_part, &query_token, &key_part, &key_token);
        for ((component, side, token), name) in sides.iter().zip(&names) {
            if let Some(read) = reads(scene, *component, *token) {
                sentence.push_str(" · ");
                sentence.push_str(&(words.read)(name, token_text(scene, read.0, read.1)));
            }
            if *side == scene.rows() && sides[0].0 == sides[1].0 && sides[0].2 == sides[1].2 {
                break;
            }
        }
        ui.label(RichText::new(sentence).size(12.0).color(tokens.muted));
    });
}

/// A button that goes to a head.
fn open(ui: &mut Ui, scene: &Scene<'_>, component: Component, name: &str, out: &mut Out) {
    let Component::Head(head) = component else { return };
    if ui.add(widgets::outlined(ui, (scene.words.why.open)(name))).clicked() {
        out.send(Command::SelectHead(head));
    }
}

/// Where a head that wrote into a token looked most.
fn reads(scene: &Scene<'_>, component: Component, token: usize) -> Option<(Side, usize)> {
    let Component::Head(head) = component else { return None };
    let trace = scene.trace.filter(|trace| has_row(trace, head, token))?;
    Some((trace.spec.blocks[head.layer].part.columns(), trace.pattern(head).strongest(token)?))
}

fn has_row(trace: &crate::trace::Trace, head: HeadId, token: usize) -> bool {
    trace.has(head) && token < trace.query_tokens(head.layer).len()
}
