//! The layout of one matrix: title, labelled map, legend, the prompt.

use crate::render::{Rgba, Scale, Shader, Theme, Tokens};

use super::axis::{self, Axis};
use super::drawing::{Anchor, Area, Drawing, Face, Text};
use super::strip::{self, Strip};
use super::{legend, metrics};

/// The page's margin.
pub(crate) const MARGIN: f32 = 32.0;
/// The narrowest page: a title and a legend fit.
const NARROWEST: f32 = 520.0;
/// The longer side of the map, at most.
const SIDE: f32 = 720.0;
/// Values along that side, at most: each is a pixel in a PNG of twice the layout's size.
pub(crate) const VALUES: usize = 2 * SIDE as usize;
/// The largest cell.
const CELL: f32 = 28.0;
/// Up to this many cells a side are drawn as shapes; more as pixels.
const SHAPES: usize = 64;

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
    pub quantity: &'static str,
    /// The texts that went in, shown below; none where the rows say it all.
    pub strips: Vec<Strip>,
}

/// Lays out `matrix` on a page.
pub fn layout(matrix: &Matrix, shader: &Shader, scale: Scale, theme: Theme) -> Drawing {
    let tokens = theme.tokens();
    let (n_rows, n_columns) = (matrix.rows.labels.len().max(1), matrix.columns.labels.len().max(1));
    let cell = cell_size(n_rows.max(n_columns));
    let (width, height) = (cell * n_columns as f32, cell * n_rows as f32);

    let (climb, reach) = axis::column_room(&matrix.columns, cell);
    let left = MARGIN + axis::row_room(&matrix.rows, cell).max(corner_width(matrix));
    let head = MARGIN + 48.0;
    let map = Area::new(left, head + climb.max(24.0), width, height);
    let page_width = (map.right() + reach + MARGIN).max(NARROWEST);

    let mut page =
        Drawing::new(page_width, 0.0, format!("{}, {}", matrix.title, matrix.subtitle), ground(theme));
    heading(&mut page, &matrix.title, &matrix.subtitle, &tokens);
    corner(&mut page, matrix, map, &tokens);
    axis::columns(&mut page, map, &matrix.columns, tokens.muted);
    axis::rows(&mut page, map, &matrix.rows, tokens.muted);
    cells(&mut page, map, matrix, shader);
    if theme == Theme::Light {
        page.frame(Area::new(map.x - 1.0, map.y - 1.0, map.width + 2.0, map.height + 2.0), tokens.line);
    }

    let x = if left + legend::WIDTH + MARGIN > page_width { MARGIN } else { left };
    let mut y = legend::draw(&mut page, x, map.bottom() + 20.0, matrix.quantity, shader, scale, &tokens);
    for strip in &matrix.strips {
        y = strip::draw(&mut page, MARGIN, y + 20.0, page_width - 2.0 * MARGIN, strip, &tokens);
    }
    page.height = foot(&mut page, y + 32.0, &matrix.hook, &tokens);
    finish(page)
}

/// What a page stands on: paper is white.
pub(crate) fn ground(theme: Theme) -> Rgba {
    match theme {
        Theme::Dark => theme.tokens().background,
        Theme::Light => theme.tokens().panel,
    }
}

/// The title in the first line, what it is about in the second.
pub(crate) fn heading(page: &mut Drawing, title: &str, subtitle: &str, tokens: &Tokens) {
    let room = page.width - 2.0 * MARGIN;
    let title = metrics::elide(title, Face::Strong, 20.0, room);
    let subtitle = metrics::elide(subtitle, Face::Sans, 13.0, room);
    page.text(Text::new(MARGIN, MARGIN + 16.0, title, 20.0, Face::Strong, tokens.text));
    page.text(Text::new(MARGIN, MARGIN + 38.0, subtitle, 13.0, Face::Sans, tokens.muted));
}

/// The array's name left, ours right. Returns the page's height.
pub(crate) fn foot(page: &mut Drawing, y: f32, hook: &str, tokens: &Tokens) -> f32 {
    let ours =
        Text::new(page.width - MARGIN, y, "Mnemoscope", 11.0, Face::Sans, tokens.muted).anchored(Anchor::End);
    let room = page.width - 2.0 * MARGIN - ours.width() - 16.0;
    page.text(Text::new(
        MARGIN,
        y,
        metrics::elide(hook, Face::Mono, 11.0, room),
        11.0,
        Face::Mono,
        tokens.muted,
    ));
    page.text(ours);
    y + MARGIN - 8.0
}

/// The page's ground learns the height that the layout came to.
pub(crate) fn finish(mut page: Drawing) -> Drawing {
    let (width, height) = (page.width, page.height);
    if let Some(super::drawing::Shape::Rect { area, .. }) = page.shapes.first_mut() {
        *area = Area::new(0.0, 0.0, width, height);
    }
    page
}

/// What rows and columns are, in the corner between their labels.
fn corner(page: &mut Drawing, matrix: &Matrix, map: Area, tokens: &Tokens) {
    let names = [(matrix.columns.name, "→", 20.0), (matrix.rows.name, "↓", 8.0)];
    for (name, arrow, up) in names {
        let text =
            Text::new(map.x - 6.0, map.y - up, format!("{name} {arrow}"), 9.0, Face::Mono, tokens.muted);
        page.text(text.anchored(Anchor::End));
    }
}

fn corner_width(matrix: &Matrix) -> f32 {
    let longest = matrix.rows.name.len().max(matrix.columns.name.len()) + 2;
    metrics::width(&"m".repeat(longest), Face::Mono, 9.0) + 6.0
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

fn cells(page: &mut Drawing, map: Area, matrix: &Matrix, shader: &Shader) {
    let columns = matrix.value_columns.max(1);
    let rows = matrix.values.len() / columns;
    let raster = shader.paint(&matrix.values, columns);
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
