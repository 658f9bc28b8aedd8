//! The layout of a table of words: rows with names, a column for each token, in each cell a word and its number.

use crate::export::words::{Says, marks};
use crate::render::{ink_on, mix};

use super::drawing::{Anchor, Area, Drawing, Face, Text};
use super::strip::Strip;
use super::style::Style;
use super::{around, metrics};

/// The narrowest a column may be, and the widest, in font sizes.
const CELL: (f32, f32) = (7.6, 11.0);
/// Height of a row, in font sizes.
const ROW: f32 = 1.9;
/// Columns beside one another where the page's width is not told, at most; the others stand below.
const ACROSS: usize = 10;

/// A cell.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// The word as shown.
    pub word: String,
    /// How much of the tint it gets, in [0, 1].
    pub share: f32,
    /// Its number.
    pub number: String,
}

/// The table.
#[derive(Clone, Debug, PartialEq)]
pub struct Words {
    /// What a row is, top to bottom.
    pub rows: Vec<Says>,
    /// What a column is, left to right.
    pub columns: Vec<String>,
    /// `[row][column]`; none where a row has nothing to say.
    pub cells: Vec<Vec<Option<Cell>>>,
    /// What the number is.
    pub quantity: &'static Says,
}

/// Lays it out, in as many parts below one another as the page's width asks for.
pub fn layout(
    table: &Words,
    (title, subtitle, hook): (&str, &str, &str),
    strips: &[Strip],
    style: &Style,
) -> Drawing {
    let (tokens, size) = (style.theme.tokens(), style.text);
    let names = table
        .rows
        .iter()
        .map(|name| metrics::width(name.get(style.lang), Face::Mono, size))
        .fold(0.0, f32::max);
    let label = names + size;
    let (least, most) = (CELL.0 * size, CELL.1 * size);
    let room = style.width.map(|width| width - 2.0 * style.margin - label);
    let n = table.columns.len().max(1);
    let across = room.map_or(ACROSS, |room| (room / least) as usize).clamp(1, n);
    let cell = room.map_or(most, |room| (room / across as f32).min(most));
    let wide = style.margin * 2.0 + label + cell * across as f32;
    let width = style.width.unwrap_or_else(|| wide.max(420.0));

    let (mut page, mut y) = around::page(width, title, subtitle, style);
    let row = ROW * size;
    // Where the page ends there are fewer rows, and of the columns the last
    let room = (style.height - y - size * 2.4 - style.margin).max(row * 2.0);
    let every = (table.rows.len() as f32 * row / (room - row - size).max(row)).ceil().max(1.0) as usize;
    let rows: Vec<usize> = (0..table.rows.len()).step_by(every).collect();
    let parts = (room / ((rows.len() + 1) as f32 * row + size)).max(1.0) as usize;
    let start = n - n.min(parts.saturating_mul(across));
    for first in (start..n).step_by(across) {
        let part = first..(first + across).min(table.columns.len());
        for (place, column) in part.clone().enumerate() {
            let x = style.margin + label + place as f32 * cell + size * 0.4;
            let text = metrics::elide(&table.columns[column], Face::Mono, size, cell - size * 0.6);
            page.text(Text::new(x, y + row * 0.68, text, size, Face::Mono, tokens.muted));
        }
        y += row;
        for &index in &rows {
            let (name, cells) = (table.rows[index].get(style.lang).to_owned(), &table.cells[index]);
            page.text(Text::new(style.margin, y + row * 0.68, name, size, Face::Mono, tokens.muted));
            for (place, cell_of) in cells.get(part.clone()).unwrap_or_default().iter().enumerate() {
                let x = style.margin + label + place as f32 * cell;
                if let Some(own) = cell_of {
                    draw_cell(&mut page, Area::new(x, y, cell - 1.0, row - 1.0), own, style);
                }
            }
            y += row;
        }
        y += size;
    }
    let mut left_out = Vec::new();
    if start > 0 {
        left_out.push(marks::last_tokens(n - start, n));
    }
    if every > 1 {
        left_out.push(marks::some_layers(rows.len(), table.rows.len()));
    }
    let words = Says::joined(std::iter::once(table.quantity).chain(&left_out), " · ");
    y -= size;
    for line in metrics::wrap(words.get(style.lang), Face::Sans, size, width - 2.0 * style.margin, 2) {
        y += size * 1.4;
        page.text(Text::new(style.margin, y, line, size, Face::Sans, tokens.muted));
    }
    around::foot(page, y + size * 0.6, strips, hook, style)
}

/// A word on its tint, its number at the right where there is room for both.
fn draw_cell(page: &mut Drawing, area: Area, cell: &Cell, style: &Style) {
    let (tokens, size) = (style.theme.tokens(), style.text);
    let ground = mix(tokens.panel, tokens.measure, 0.06 + 0.6 * cell.share);
    let ink = ink_on(ground);
    page.rect(area, 0.0, ground);
    let number_width = metrics::width(&cell.number, Face::Mono, size * 0.85);
    let pad = size * 0.4;
    let room = area.width - 2.0 * pad;
    let y = area.y + area.height * 0.5 + size * 0.34;
    let both = room - number_width - pad;
    page.text(Text::new(
        area.x + pad,
        y,
        metrics::elide(&cell.word, Face::Mono, size, both.max(size)),
        size,
        Face::Mono,
        ink,
    ));
    let number = Text::new(area.right() - pad, y, cell.number.clone(), size * 0.85, Face::Mono, ink);
    page.text(number.anchored(Anchor::End));
}
