//! Several heads side by side, in one scale: the rows' labels stand left, the columns' on top, one legend below.

use crate::export::words::Says;
use crate::render::{Scale, Shader};

use super::axis::{self, Axis};
use super::drawing::{Anchor, Area, Drawing, Face, Text};
use super::strip::Strip;
use super::style::Style;
use super::{around, legend, matrix, metrics};

/// Maps beside one another, at most.
const ACROSS: usize = 4;
/// A map's side on a page whose width is not told.
const SIDE: f32 = 240.0;
/// Height of a map's name, and of the legends with what is free above them, for the screen's text.
const NAMED: f32 = 24.0;
const LEGEND: f32 = 34.0;

/// Maps that share their rows and columns.
#[derive(Clone, Debug)]
pub struct Panels {
    /// The title: `Heads 3.5, 4.1`.
    pub title: String,
    /// Beside it: the model, its size, the number of tokens.
    pub subtitle: String,
    /// The array's name with a star for layer and head, at the foot.
    pub hook: String,
    /// Rows of each map.
    pub rows: Axis,
    /// Columns of each map.
    pub columns: Axis,
    /// Values across in each map.
    pub value_columns: usize,
    /// Each map's name and row-major values.
    pub maps: Vec<(String, Vec<f32>)>,
    /// What a value is: of all maps, or of each.
    pub quantities: Vec<&'static Says>,
    /// The texts that went in.
    pub strips: Vec<Strip>,
}

/// Lays them out on a page; `shaders`: of all maps, or of each.
pub fn layout(panels: &Panels, shaders: &[Shader], scale: Scale, style: &Style) -> Drawing {
    let tokens = style.theme.tokens();
    let (n_rows, n_columns) = (panels.rows.labels.len().max(1), panels.columns.labels.len().max(1));
    let across = panels.maps.len().clamp(1, ACROSS);
    let gap = axis::column_pitch(style.text).max(style.scaled(12.0));
    let lines = panels.maps.len().div_ceil(across).max(1) as f32;
    let mut cell = match style.width {
        Some(width) => (width / (across * n_columns) as f32).min(style.height / (lines * n_rows as f32)),
        None => SIDE / n_rows.max(n_columns) as f32,
    };
    let (left, page_width) = loop {
        let left = style.margin + axis::row_room(&panels.rows, cell, style);
        let (climb, reach) = axis::column_room(&panels.columns, cell, style);
        let maps = across as f32 * (cell * n_columns as f32 + gap) - gap;
        let wide = left + maps + reach + style.margin;
        // Names and legends, as they are drawn below
        let named = lines * (cell * n_rows as f32 + style.scaled(NAMED));
        let high = around::head_room(style) + climb + named + style.scaled(LEGEND) + style.margin;
        match style.width {
            Some(width) if (wide > width || high > style.height) && cell > 0.01 => cell *= 0.98,
            Some(width) => break (left, width),
            None => break (left, wide.max(520.0)),
        }
    };
    let (width, height) = (cell * n_columns as f32, cell * n_rows as f32);

    let (mut page, head) = around::page(page_width, &panels.title, &panels.subtitle, style);
    let mut y = head + axis::column_room(&panels.columns, cell, style).0;
    for (line, maps) in panels.maps.chunks(across).enumerate() {
        for (column, (name, values)) in maps.iter().enumerate() {
            let map = Area::new(left + column as f32 * (width + gap), y, width, height);
            if line == 0 {
                axis::columns(&mut page, map, &panels.columns, style, tokens.muted);
            }
            if column == 0 {
                axis::rows(&mut page, map, &panels.rows, style, tokens.muted);
            }
            let own = shaders.get(line * across + column).or(shaders.first());
            if let Some(shader) = own {
                matrix::cells(&mut page, map, values, panels.value_columns, shader);
            }
            matrix::outline(&mut page, map, style);
            let (x, below) = (map.x + width / 2.0, map.bottom() + style.scaled(14.0));
            let name = metrics::elide(name, Face::Mono, style.text, width + gap - style.scaled(4.0));
            let name = Text::new(x, below, name, style.text, Face::Mono, tokens.text);
            page.text(name.anchored(Anchor::Middle));
        }
        y += height + style.scaled(NAMED);
    }
    // Legends share one line
    let room = (page.width - 2.0 * style.margin) / shaders.len().max(1) as f32;
    let mut below = y;
    for (index, (shader, quantity)) in shaders.iter().zip(&panels.quantities).enumerate() {
        let at = (style.margin + index as f32 * room, y + style.scaled(4.0), room);
        below = below.max(legend::draw(&mut page, at, quantity, shader, scale, style));
    }
    around::foot(page, below, &panels.strips, &panels.hook, style)
}
