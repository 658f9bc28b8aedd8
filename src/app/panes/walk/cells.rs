//! A strip of numbers as cells: one row where they fit, rows of a round number where they do not, and colours alone
//! where there are hundreds.

use super::symbols::{full, short};
use crate::{
    app::{
        labels::Labels,
        theme::{self, BODY, SMALL},
        widgets::focus,
    },
    render::{Shader, ink_on},
};
use egui::{Align2, Rect, Response, Sense, Stroke, StrokeKind, Ui, pos2, vec2};

/// Narrowest cell with a number in it.
const NARROWEST: f32 = 38.0;
/// Narrowest cell with a large number in it.
const LARGE: f32 = 47.0;
/// Narrowest cell with one that is read from the last row of a hall.
const LARGEST: f32 = 61.0;
/// Widest cell: few numbers do not make a wall.
const WIDEST: f32 = 84.0;
/// Rows of numbers at most; beyond, colours stand alone.
const ROWS: usize = 10;
/// Cells of a row, where there are several.
const ROUND: [usize; 5] = [32, 24, 16, 12, 8];
/// Side of a cell without a number.
const DOT: f32 = 9.0;
const LABEL: f32 = 20.0;

/// Where the cells of a strip lie.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grid {
    /// Cells in a row.
    pub columns: usize,
    /// Rows.
    pub rows: usize,
    /// Size of a cell.
    pub cell: egui::Vec2,
    /// Whether numbers stand in them.
    pub written: bool,
    /// Room for labels under each row.
    pub label: f32,
}

impl Grid {
    /// For `n` numbers in some width; `height` is that of a row where there is one only.
    pub(super) fn new(n: usize, width: f32, height: f32, labelled: bool) -> Self {
        let n = n.max(1);
        let one = width / n as f32;
        let columns = if one >= NARROWEST {
            n
        } else {
            // Large numbers, unless smaller ones are what fits at all
            let of = |side: f32| ROUND.into_iter().find(|&k| width / k as f32 >= side).unwrap_or(8);
            if n.div_ceil(of(LARGE)) > ROWS { of(NARROWEST) } else { of(LARGE) }
        };
        let rows = n.div_ceil(columns);
        if rows > ROWS {
            let columns = ((width / DOT) as usize).clamp(1, n);
            let cell = vec2(width / columns as f32, DOT);
            return Self { columns, rows: n.div_ceil(columns), cell, written: false, label: 0.0 };
        }
        let height = if rows == 1 { height } else { (height * 0.75).clamp(22.0, 48.0) };
        let cell = vec2((width / columns as f32).min(WIDEST), height);
        Self { columns, rows, cell, written: true, label: if labelled { LABEL } else { 0.0 } }
    }

    pub(super) fn height(self) -> f32 {
        self.rows as f32 * (self.cell.y + self.label)
    }

    /// One cell's place.
    pub(super) fn at(self, index: usize, origin: egui::Pos2) -> Rect {
        let (row, column) = (index / self.columns, index % self.columns);
        let min = vec2(column as f32 * self.cell.x, row as f32 * (self.cell.y + self.label));
        Rect::from_min_size(origin + min, self.cell)
    }

    fn under(self, point: egui::Pos2, origin: egui::Pos2, n: usize) -> Option<usize> {
        let to = point - origin;
        if to.x < 0.0 || to.y < 0.0 {
            return None;
        }
        let (column, row) = ((to.x / self.cell.x) as usize, (to.y / (self.cell.y + self.label)) as usize);
        Some(row * self.columns + column).filter(|&index| column < self.columns && index < n)
    }
}

/// A strip's cells.
pub(super) struct Cells<'a> {
    /// Where they lie.
    pub grid: Grid,
    /// The numbers, in the order in which they are shown.
    pub values: &'a [f32],
    /// Their colours; none for ids.
    pub shader: Option<&'a Shader>,
    /// Whether they are shares.
    pub share: bool,
    /// Names under the cells.
    pub labels: Option<&'a Labels>,
    /// The cell with the accent's frame.
    pub framed: Option<usize>,
    /// A label in the accent's colour.
    pub accented: Option<usize>,
    /// The cell that is marked as what the pointer is on elsewhere.
    pub marked: Option<usize>,
    /// For screen readers.
    pub name: &'a str,
}

impl Cells<'_> {
    /// Draws them. Returns what answers the pointer, the cell that it is on, and where the cells begin.
    pub(super) fn show(&self, ui: &mut Ui) -> (Response, Option<usize>, egui::Pos2) {
        let size = vec2(ui.available_width(), self.grid.height());
        let (rect, response) = ui.allocate_exact_size(size, Sense::click());
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, self.name));
        let clip = ui.clip_rect();
        for (index, &value) in self.values.iter().enumerate() {
            let cell = self.grid.at(index, rect.min);
            if cell.bottom() < clip.top() || cell.top() > clip.bottom() {
                continue;
            }
            self.cell(ui, index, value, cell);
        }
        let under = response.hover_pos().and_then(|at| self.grid.under(at, rect.min, self.values.len()));
        let tokens = theme::tokens(ui);
        let frame = |index: usize, stroke: Stroke| {
            if index < self.values.len() {
                let cell = self.grid.at(index, rect.min);
                ui.painter().rect_stroke(cell.expand(1.0), 2, stroke, StrokeKind::Outside);
            }
        };
        if let Some(index) = under.or(self.marked) {
            frame(index, Stroke::new(1.0, tokens.text));
        }
        if let Some(index) = self.framed {
            frame(index, Stroke::new(2.0, tokens.accent));
        }
        focus::say(&response, || {
            let own = under.or(self.framed).or(self.accented);
            let told = own.and_then(|index| {
                let value = full(*self.values.get(index)?);
                Some(self.labels.map_or(value.clone(), |labels| format!("{} {value}", labels.get(index))))
            });
            let ends = || {
                let (low, high) = self
                    .values
                    .iter()
                    .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &x| (low.min(x), high.max(x)));
                if low <= high { format!("{} … {}", full(low), full(high)) } else { String::new() }
            };
            told.unwrap_or_else(ends)
        });
        (response, under, rect.min)
    }

    fn cell(&self, ui: &Ui, index: usize, value: f32, cell: Rect) {
        let tokens = theme::tokens(ui);
        let gap = if self.grid.written { 0.5 } else { 0.25 };
        let (fill, ink) = match self.shader {
            Some(shader) if value.is_finite() => {
                let color = shader.color(value);
                (theme::of_map(color), theme::of_map(ink_on(color)))
            }
            Some(_) => (tokens.panel, tokens.muted),
            None => (tokens.raised, tokens.text),
        };
        ui.painter().rect_filled(cell.shrink(gap), 0, fill);
        if !self.grid.written {
            return;
        }
        let size = match self.grid.cell {
            cell if cell.x >= LARGEST && cell.y >= 44.0 => 20.0,
            cell if cell.x >= LARGE && cell.y >= 28.0 => 15.0,
            _ => BODY,
        };
        let text = if self.shader.is_some() { short(value, self.share) } else { format!("{value}") };
        ui.painter().text(cell.center(), Align2::CENTER_CENTER, text, theme::body(size), ink);
        let Some(labels) = self.labels else { return };
        let label_size = if size > 15.0 { BODY } else { SMALL };
        let accented = self.accented == Some(index);
        let color = match index {
            _ if accented => tokens.accent_text,
            _ if self.framed == Some(index) => tokens.text,
            _ => tokens.muted,
        };
        let label =
            crate::app::widgets::short(ui, labels.get(index), theme::mono(label_size), cell.width(), color);
        let at = pos2(cell.center().x - label.size().x / 2.0, cell.bottom() + 4.0);
        ui.painter().galley(at, label, color);
    }
}

/// One number in full, where the pointer is.
pub(super) fn read(response: &Response, what: &str, value: f32, hook: Option<&str>) {
    response.clone().on_hover_ui_at_pointer(|ui| {
        let tokens = theme::tokens(ui);
        ui.label(egui::RichText::new(full(value)).font(theme::mono(15.0)).color(tokens.text));
        ui.label(egui::RichText::new(what).size(BODY).color(tokens.muted));
        if let Some(hook) = hook {
            ui.label(egui::RichText::new(hook).font(theme::mono(SMALL)).color(tokens.muted));
        }
    });
}
