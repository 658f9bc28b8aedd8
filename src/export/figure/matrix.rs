//! The layout of one matrix: title, labelled map, legend, the prompt.

use crate::export::words::Says;
use crate::render::{Scale, Shader, Theme};

use super::axis::{self, Axis};
use super::drawing::{Anchor, Area, Drawing, Face, Text};
use super::strip::Strip;
use super::style::Style;
use super::{around, legend, metrics};

/// The narrowest page whose width is not told: a title and a legend fit.
const NARROWEST: f32 = 520.0;
/// The longer side of the map, at most.
const SIDE: f32 = 720.0;
/// Values along that side, at most: each is a pixel in a PNG of twice the layout's size.
pub(crate) const VALUES: usize = 2 * SIDE as usize;
/// The largest cell.
const CELL: f32 = 28.0;
/// Up to this many cells a side are drawn as shapes; more as pixels.
const SHAPES: usize = 64;

/// From so many times as many columns as rows on, cells are up to so many times as high as wide.
const WIDE: usize = 3;
const HIGH: f32 = 12.0;
/// Height of a line that has a label, in font sizes, and of all of them on a page, of its height.
const LINE: f32 = 1.25;
const TALL: f32 = 0.45;

/// A matrix to draw, with everything its page says.
#[derive(Clone, Debug)]
pub struct Matrix {
    /// The title: `Head 3.5`.
    pub title: String,
    /// Beside it: the model, its size, the number of tokens.
    pub subtitle: String,
    /// The array's name, at the foot.
    pub hook: String,
    /// Rows, top to bottom.
    pub rows: Axis,
    /// Columns, left to right.
    pub columns: Axis,
    /// Values across; as many as columns, or fewer where they are pooled.
    pub value_columns: usize,
    /// Row-major values.
    pub values: Vec<f32>,
    /// What a value is: `attention weight`.
    pub quantity: &'static Says,
    /// The texts that went in, shown below; none where the rows say it all.
    pub strips: Vec<Strip>,
}

/// Lays out `matrix` on a page.
pub fn layout(matrix: &Matrix, shader: &Shader, scale: Scale, style: &Style) -> Drawing {
    let tokens = style.theme.tokens();
    let frame = Frame::fit(matrix, style);
    let (mut page, head) = around::page(frame.page, &matrix.title, &matrix.subtitle, style);
    let map = Area { y: head + frame.climb, ..frame.map };
    corner(&mut page, matrix, map, style);
    axis::columns(&mut page, map, &matrix.columns, style, tokens.muted);
    axis::rows(&mut page, map, &matrix.rows, style, tokens.muted);
    cells(&mut page, map, &matrix.values, matrix.value_columns, shader);
    outline(&mut page, map, style);

    let (left, right) = (style.margin, page.width - style.margin);
    if frame.beside {
        let x = map.right() + frame.reach + style.scaled(16.0);
        legend::draw(&mut page, (x, map.y, right - x), matrix.quantity, shader, scale, style);
        return around::foot(page, map.bottom(), &matrix.strips, &matrix.hook, style);
    }
    let x = if map.x + legend::width(style, f32::INFINITY) > right { left } else { map.x };
    let at = (x, map.bottom() + style.scaled(20.0), right - x);
    let y = legend::draw(&mut page, at, matrix.quantity, shader, scale, style);
    around::foot(page, y, &matrix.strips, &matrix.hook, style)
}

/// Where the map lies. Its upper edge is not known yet: `map.y` is 0.
struct Frame {
    page: f32,
    /// How high the column labels climb, and how far they reach past the map.
    climb: f32,
    reach: f32,
    /// Whether the legend stands to the right of the map: where height is what lacks.
    beside: bool,
    map: Area,
}

impl Frame {
    /// The largest square cells with which map and labels keep to the page; without a page, those of the screen.
    fn fit(matrix: &Matrix, style: &Style) -> Self {
        let (n_rows, n_columns) = (matrix.rows.labels.len().max(1), matrix.columns.labels.len().max(1));
        let Some(width) = style.width else {
            let frame = Self::of(matrix, style, cell_size(n_rows.max(n_columns)));
            return Self { page: frame.page.max(NARROWEST), ..frame };
        };
        let mut cell = (width / n_columns as f32).min(style.height / n_rows as f32);
        loop {
            let frame = Self::of(matrix, style, cell);
            let beside = width - frame.page > style.scaled(200.0);
            let below = if beside { 0.0 } else { style.scaled(56.0) };
            let high = around::head_room(style) + frame.climb + frame.map.height + below + style.margin;
            if (frame.page <= width && high <= style.height) || cell < 0.01 {
                return Self { page: width, beside, ..frame };
            }
            cell *= 0.98;
        }
    }

    fn of(matrix: &Matrix, style: &Style, cell: f32) -> Self {
        let (n_rows, n_columns) = (matrix.rows.labels.len().max(1), matrix.columns.labels.len().max(1));
        let (climb, reach) = axis::column_room(&matrix.columns, cell, style);
        // Few rows of many columns would be a hairline: there cells are higher than wide, up to a line of text
        let line = (style.text * LINE).min((style.height * TALL).min(SIDE) / n_rows as f32);
        let high = if n_columns >= WIDE * n_rows { cell.max((cell * HIGH).min(line)) } else { cell };
        let left = style.margin + axis::row_room(&matrix.rows, high, style).max(corner_width(matrix, style));
        let map = Area::new(left, 0.0, cell * n_columns as f32, high * n_rows as f32);
        let page = map.right() + reach + style.margin;
        Self { page, climb: climb.max(style.scaled(24.0)), reach, beside: false, map }
    }
}

/// A hairline round a map that stands on paper.
pub(crate) fn outline(page: &mut Drawing, map: Area, style: &Style) {
    if style.theme == Theme::Light {
        let line = style.theme.tokens().line;
        page.frame(Area::new(map.x - 1.0, map.y - 1.0, map.width + 2.0, map.height + 2.0), line);
    }
}

/// What rows and columns are, in the corner between their labels.
fn corner(page: &mut Drawing, matrix: &Matrix, map: Area, style: &Style) {
    let muted = style.theme.tokens().muted;
    let names = [(matrix.columns.name, "→", 20.0), (matrix.rows.name, "↓", 8.0)];
    for (name, arrow, up) in names {
        let (x, y) = (map.x - style.scaled(6.0), map.y - style.scaled(up));
        let text = Text::new(
            x,
            y,
            format!("{} {arrow}", name.get(style.lang)),
            style.scaled(9.0),
            Face::Mono,
            muted,
        );
        page.text(text.anchored(Anchor::End));
    }
}

fn corner_width(matrix: &Matrix, style: &Style) -> f32 {
    let wide = |axis: &Axis| metrics::width(axis.name.get(style.lang), Face::Mono, style.scaled(9.0));
    let arrow = metrics::width(" →", Face::Mono, style.scaled(9.0));
    wide(&matrix.rows).max(wide(&matrix.columns)) + arrow + style.scaled(6.0)
}

/// Few cells are whole units, many are half units: whole pixels in a PNG of twice the layout's size. Of more than
/// that, several share a pixel.
fn cell_size(n: usize) -> f32 {
    let even = SIDE / n as f32;
    match n {
        _ if n <= SHAPES => even.floor().min(CELL),
        _ if even >= 0.5 => (even * 2.0).floor() / 2.0,
        _ => even,
    }
}

/// The map's values in their colours.
pub(crate) fn cells(page: &mut Drawing, map: Area, values: &[f32], columns: usize, shader: &Shader) {
    let columns = columns.max(1);
    let rows = values.len() / columns;
    let raster = shader.paint(values, columns);
    if rows > SHAPES || columns > SHAPES {
        page.image(map, raster);
        return;
    }
    page.rect(map, 0.0, shader.floor());
    let (width, height) = (map.width / columns as f32, map.height / rows.max(1) as f32);
    let gap = if width >= 10.0 { 1.0 } else { 0.0 };
    for (index, &fill) in raster.pixels.iter().enumerate().filter(|(_, fill)| **fill != shader.floor()) {
        let (row, column) = (index / columns, index % columns);
        let (x, y) = (map.x + column as f32 * width, map.y + row as f32 * height);
        page.rect(Area::new(x, y, width - gap, height - gap), 0.0, fill);
    }
}
