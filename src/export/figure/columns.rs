//! The layout of columns of numbers over one list of names: a bar and its number in each cell, columns in as many parts
//! below one another as the page's width asks for.

use crate::export::words::{Says, marks};

use super::drawing::{Anchor, Area, Drawing, Face, Text};
use super::strip::Strip;
use super::style::Style;
use super::{around, metrics};

/// Width of a page that is not told, in font sizes.
const PAGE: f32 = 100.0;
/// The narrowest column, its number's room, and that of names at most, in font sizes.
const COLUMN: f32 = 9.0;
const NUMBER: f32 = 4.2;
const NAMES: f32 = 10.0;
/// Height of a line and of a part's head, in font sizes.
const LINE: f32 = 1.5;
const HEAD: f32 = 3.4;
/// Rows that a part shows at least, where there are so many: rather than fewer rows there are fewer columns.
const LEAST: usize = 6;

/// A column.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// What it is.
    pub title: Says,
    /// What else is to be said of it, in a few words.
    pub mark: Says,
    /// A number for every row; not a number: nothing is drawn.
    pub values: Vec<f64>,
    /// Decimals of its numbers.
    pub digits: usize,
    /// Whether the others are measured by it.
    pub reference: bool,
}

/// Columns over rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Columns {
    /// What a row is, top to bottom, the most telling first.
    pub rows: Vec<String>,
    /// Left to right.
    pub columns: Vec<Column>,
    /// What the bars say.
    pub quantity: Says,
}

/// Lays them out on a page; rows and columns that there is no room for are counted.
pub fn layout(
    table: &Columns,
    (title, subtitle, hook): (&str, &str, &str),
    strips: &[Strip],
    style: &Style,
) -> Drawing {
    let (tokens, size) = (style.theme.tokens(), style.text);
    let width = style.width.unwrap_or(PAGE * size);
    let (mut page, top) = around::page(width, title, subtitle, style);
    let inner = width - 2.0 * style.margin;
    let longest = table.rows.iter().map(|name| metrics::width(name, Face::Mono, size)).fold(0.0, f32::max);
    let names = longest.min(NAMES * size).min(inner * 0.3) + size;
    let across = (((inner - names) / (COLUMN * size)) as usize).clamp(1, table.columns.len().max(1));
    let high = style.height - style.margin - top - 3.9 * size;
    let least = (HEAD + 0.6 + LEAST.min(table.rows.len()) as f32 * LINE) * size;
    let parts = table.columns.len().div_ceil(across).min((high / least) as usize).max(1);
    let columns = &table.columns[..table.columns.len().min(parts * across)];
    let room = high / parts as f32 - 0.6 * size;
    let lines = (((room - HEAD * size) / (LINE * size)).max(1.0) as usize).min(table.rows.len());
    let wide = (inner - names) / across as f32;
    let mut y = top;
    for part in columns.chunks(across) {
        for (line, name) in table.rows[..lines].iter().enumerate() {
            let base = y + HEAD * size + line as f32 * LINE * size + size;
            let name = metrics::elide(name, Face::Mono, size, names - size * 0.8);
            page.text(Text::new(style.margin, base, name, size, Face::Mono, tokens.text));
        }
        for (place, column) in part.iter().enumerate() {
            let x = style.margin + names + place as f32 * wide;
            draw(&mut page, column, Area::new(x, y, wide - size, 0.0), lines, style);
        }
        y += HEAD * size + lines as f32 * LINE * size + size * 0.6;
    }
    let (rows, others) = (table.rows.len() - lines, table.columns.len() - columns.len());
    let left_out =
        [(rows > 0).then(|| marks::more_rows(rows)), (others > 0).then(|| marks::more_columns(others))];
    let words = Says::joined(std::iter::once(&table.quantity).chain(left_out.iter().flatten()), " · ");
    y -= size * 0.4;
    for line in metrics::wrap(words.get(style.lang), Face::Sans, size, inner, 2) {
        y += size * 1.4;
        page.text(Text::new(style.margin, y, line, size, Face::Sans, tokens.muted));
    }
    around::foot(page, y + size * 0.4, strips, hook, style)
}

/// One column: its title over its mark, then a bar and a number a line.
fn draw(page: &mut Drawing, column: &Column, area: Area, lines: usize, style: &Style) {
    let (tokens, size) = (style.theme.tokens(), style.text);
    let put = |page: &mut Drawing, y: f32, text: &str, face, fill| {
        let text = metrics::elide(text, face, size, area.width);
        page.text(Text::new(area.x, y, text, size, face, fill));
    };
    put(page, area.y + size * 1.1, column.title.get(style.lang), Face::Strong, tokens.text);
    put(page, area.y + size * 2.4, column.mark.get(style.lang), Face::Sans, tokens.muted);
    let values = &column.values[..lines.min(column.values.len())];
    let most = values.iter().copied().filter(|value| value.is_finite()).fold(0.0, f64::max);
    let track = area.width - NUMBER * size;
    let ink = if column.reference { tokens.text } else { tokens.measure };
    for (line, &value) in values.iter().enumerate() {
        let y = area.y + HEAD * size + line as f32 * LINE * size;
        let long = if most > 0.0 && value > 0.0 { (value / most) as f32 * track } else { 0.0 };
        if long > 0.0 {
            page.rect(Area::new(area.x, y + size * 0.2, long, size), 0.0, ink);
        }
        if value.is_finite() {
            let number = format!("{value:.*}", column.digits);
            let nothing = number.chars().all(|c| matches!(c, '-' | '0' | '.'));
            let number = if nothing { number.replace('-', "") } else { number.replace('-', "−") };
            let number = Text::new(area.x + area.width, y + size, number, size, Face::Mono, tokens.text);
            page.text(number.anchored(Anchor::End));
        }
    }
}
