//! Token labels along a map's edges: they thin out, turn and shorten, and never run over each other.

use super::{
    super::{
        theme::{self, SMALL},
        words,
    },
    short,
};
use crate::app::{
    labels::Labels,
    state::{Cells, View},
};
use egui::{Align2, Color32, Rect, Ui, epaint::TextShape, pos2};

/// Where a map's cells are on screen.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// The rectangle that shows the view.
    pub rect: Rect,
    /// The cells in sight.
    pub view: View,
    /// Size of the whole map.
    pub cells: Cells,
}

impl Place {
    /// Points along one side of a cell.
    pub fn cell(&self) -> f32 {
        self.rect.width() / self.view.columns(self.cells)
    }

    /// Left edge of a key's column.
    pub fn x(&self, key: f32) -> f32 {
        self.rect.left() + (key - self.view.key) * self.cell()
    }

    /// Top edge of a query's row.
    pub fn y(&self, query: f32) -> f32 {
        self.rect.top() + (query - self.view.query) * self.cell()
    }

    /// The cell under a point: query and key.
    pub fn at(&self, point: egui::Pos2) -> Option<(usize, usize)> {
        if !self.rect.contains(point) {
            return None;
        }
        let cells = (point - self.rect.min) / self.cell();
        let (query, key) = ((self.view.query + cells.y) as usize, (self.view.key + cells.x) as usize);
        (query < self.cells.queries && key < self.cells.keys).then_some((query, key))
    }

    /// Queries in sight.
    pub fn queries(&self) -> std::ops::Range<usize> {
        cells(self.view.query, self.view.rows(self.cells), self.cells.queries)
    }

    /// Keys in sight.
    pub fn keys(&self) -> std::ops::Range<usize> {
        cells(self.view.key, self.view.columns(self.cells), self.cells.keys)
    }
}

fn cells(start: f32, span: f32, n: usize) -> std::ops::Range<usize> {
    (start.floor() as usize).min(n)..((start + span).ceil() as usize).min(n)
}

/// Labels that fit at `gap` points apart: every one, or every second, fourth, eighth…
pub fn every(cell: f32, gap: f32) -> usize {
    ((gap / cell.max(1e-6)).ceil() as usize).max(1).next_power_of_two()
}

/// Whether labels `gap` apart leave out so many tokens that each says its place, too.
pub fn indexed(cell: f32, gap: f32) -> bool {
    every(cell, gap) >= 4
}

/// Distance that query labels need.
pub const ROW_GAP: f32 = SMALL + 2.5;

/// Which of `range` get a label `gap` apart, the marked ones always: their neighbours make room.
fn chosen(range: std::ops::Range<usize>, cell: f32, gap: f32, marked: &[usize]) -> Vec<usize> {
    let step = every(cell, gap);
    let near =
        |index: usize| marked.iter().any(|&mark| mark != index && (index.abs_diff(mark) as f32) * cell < gap);
    let mut out: Vec<usize> = range
        .clone()
        .step_by(1)
        .skip(range.start.next_multiple_of(step) - range.start)
        .step_by(step)
        .filter(|&index| !near(index) || marked.first() == Some(&index))
        .collect();
    for (rank, &mark) in marked.iter().enumerate() {
        let crowded =
            marked[..rank].iter().any(|&other| (other.abs_diff(mark) as f32) * cell < gap && other != mark);
        if range.contains(&mark) && !out.contains(&mark) && !crowded {
            out.push(mark);
        }
    }
    out
}

fn label(labels: &Labels, index: usize, indexed: bool) -> String {
    let token = labels.get(index);
    if indexed { format!("{} {token}", words::grouped(index as u64)) } else { token.to_owned() }
}

/// Query labels left of the map, `room` points wide. `marked` come first: pinned, then hovered.
pub fn rows(ui: &Ui, place: &Place, labels: &Labels, marked: &[usize], room: f32) {
    let (cell, tokens) = (place.cell(), theme::tokens(ui));
    for index in chosen(place.queries(), cell, ROW_GAP, marked) {
        let y = place.y(index as f32 + 0.5);
        if y < place.rect.top() - 1.0 || y > place.rect.bottom() + 1.0 {
            continue;
        }
        let color = ink(tokens, index, marked);
        let galley =
            short(ui, &label(labels, index, indexed(cell, ROW_GAP)), theme::mono(SMALL), room, color);
        let rect = Align2::RIGHT_CENTER.anchor_size(pos2(place.rect.left() - 7.0, y), galley.size());
        ui.painter().galley(rect.min, galley, color);
    }
}

/// How column labels are set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Lie {
    /// Flat, where they fit in their columns.
    Flat,
    /// Turned, reading upwards to the right.
    Turned(f32),
}

/// How the labels of columns lie, the distance they need, and the height they take.
pub fn lie(cell: f32, longest: f32, room: f32) -> (Lie, f32, f32) {
    let width = longest.min(room);
    if width + 8.0 <= cell {
        return (Lie::Flat, cell, SMALL + 6.0);
    }
    let angle: f32 = if (11.5..16.0).contains(&cell) { 80.0_f32.to_radians() } else { 55.0_f32.to_radians() };
    (Lie::Turned(angle), (SMALL + 2.5) / angle.sin(), width * angle.sin() + 10.0)
}

/// Key labels above the map.
pub fn columns(ui: &Ui, place: &Place, labels: &Labels, marked: &[usize], longest: f32, room: f32) {
    let (cell, tokens) = (place.cell(), theme::tokens(ui));
    let (lie, gap, _) = lie(cell, longest, room);
    for index in chosen(place.keys(), cell, gap, marked) {
        let x = place.x(index as f32 + 0.5);
        if x < place.rect.left() - 1.0 || x > place.rect.right() + 1.0 {
            continue;
        }
        let color = ink(tokens, index, marked);
        let galley = short(ui, &label(labels, index, indexed(cell, gap)), theme::mono(SMALL), room, color);
        match lie {
            Lie::Flat => {
                let rect = Align2::CENTER_BOTTOM.anchor_size(pos2(x, place.rect.top() - 5.0), galley.size());
                ui.painter().galley(rect.min, galley, color);
            }
            Lie::Turned(angle) => {
                let foot = pos2(x, place.rect.top() - 8.0);
                let start = foot - egui::vec2(0.0, galley.size().y / 2.0);
                let shape =
                    TextShape::new(start, galley, color).with_angle_and_anchor(-angle, Align2::LEFT_CENTER);
                ui.painter().add(shape);
            }
        }
    }
}

fn ink(tokens: &theme::Tokens, index: usize, marked: &[usize]) -> Color32 {
    if marked.contains(&index) { tokens.accent_text } else { tokens.muted }
}
