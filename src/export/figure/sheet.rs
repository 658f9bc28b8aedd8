//! The contact sheet: every head's map in small, layers down, heads across.

use crate::render::{Raster, Theme};

use super::drawing::{Anchor, Area, Drawing, Face, Text};
use super::strip::{self, Strip};
use super::{matrix, metrics};

/// The sheet's inner width when there are heads enough to fill it.
const WIDTH: f32 = 1136.0;
/// Room for a layer's name.
const LEFT: f32 = 36.0;
/// The largest map.
const LARGEST: f32 = 128.0;
/// From here down there is no room for a head's name under its map.
const NAMED: f32 = 34.0;

/// A contact sheet before it is laid out.
#[derive(Clone, Debug)]
pub struct Sheet {
    /// The model's name.
    pub title: String,
    /// Its size and the number of tokens.
    pub subtitle: String,
    /// What all the small maps show: the array's name with a star for the layer.
    pub hook: String,
    /// What a map shows and how its values become colours.
    pub words: String,
    /// Layers that belong together; one group where the model has one stack.
    pub groups: Vec<Group>,
    /// The texts that went in.
    pub strips: Vec<Strip>,
}

/// Layers that belong together.
#[derive(Clone, Debug)]
pub struct Group {
    /// What they are, where there are others: `Cross-attention`.
    pub title: Option<String>,
    /// Rows and columns of each map.
    pub shape: (usize, usize),
    /// A line for each layer.
    pub lines: Vec<Line>,
}

/// One layer of a sheet.
#[derive(Clone, Debug)]
pub struct Line {
    /// `L3`.
    pub name: String,
    /// Each head's name and map.
    pub maps: Vec<(String, Raster)>,
}

/// Lays the sheet out on a page.
pub fn layout(sheet: &Sheet, theme: Theme) -> Drawing {
    let tokens = theme.tokens();
    let lines = sheet.groups.iter().flat_map(|group| &group.lines);
    let across = lines.map(|line| line.maps.len()).max().unwrap_or(1).max(1);
    let step = ((WIDTH - LEFT) / across as f32).floor().min(LARGEST + 12.0);
    let gap = (step * 0.1).clamp(2.0, 12.0).floor();
    let side = (step - gap).max(4.0);
    let named = side >= NAMED;

    let width = (LEFT + across as f32 * step).max(480.0) + 2.0 * matrix::MARGIN;
    let mut page =
        Drawing::new(width, 0.0, format!("{}, {}", sheet.title, sheet.subtitle), matrix::ground(theme));
    matrix::heading(&mut page, &sheet.title, &sheet.subtitle, &tokens);

    let mut y = matrix::MARGIN + 60.0;
    for (index, group) in sheet.groups.iter().enumerate() {
        if let Some(title) = &group.title {
            y += if index > 0 { 14.0 } else { 0.0 };
            page.text(Text::new(matrix::MARGIN, y + 8.0, title.clone(), 12.0, Face::Strong, tokens.text));
            y += 20.0;
        }
        let (width, height) = fitted(side, group.shape);
        for line in &group.lines {
            let middle = y + height / 2.0 + 4.0;
            page.text(Text::new(matrix::MARGIN, middle, line.name.clone(), 11.0, Face::Sans, tokens.muted));
            for (column, (name, raster)) in line.maps.iter().enumerate() {
                let left = matrix::MARGIN + LEFT + column as f32 * step;
                let area = Area::new(left, y, width, height);
                page.image(area, raster.clone());
                if theme == Theme::Light {
                    let around = Area::new(area.x - 1.0, area.y - 1.0, width + 2.0, height + 2.0);
                    page.frame(around, tokens.line);
                }
                if named {
                    let name = metrics::elide(name, Face::Mono, 10.0, side + gap - 2.0);
                    let (x, y) = (area.x + width / 2.0, area.bottom() + 13.0);
                    let label = Text::new(x, y, name, 10.0, Face::Mono, tokens.muted);
                    // Under a narrow map a name would run over its neighbour's, or off the page
                    let narrow = width < side / 2.0;
                    page.text(if narrow {
                        Text { x: area.x, ..label }
                    } else {
                        label.anchored(Anchor::Middle)
                    });
                }
            }
            y += height + if named { 24.0 } else { gap };
        }
    }
    let words = format!("{} · query rows down, key columns across", sheet.words);
    page.text(Text::new(matrix::MARGIN, y + 12.0, words, 11.0, Face::Sans, tokens.muted));
    y += 16.0;
    for strip in &sheet.strips {
        y = strip::draw(&mut page, matrix::MARGIN, y + 20.0, width - 2.0 * matrix::MARGIN, strip, &tokens);
    }
    page.height = matrix::foot(&mut page, y + 32.0, &sheet.hook, &tokens);
    matrix::finish(page)
}

/// The largest width and height up to `side` with square cells; even a single row stays visible.
fn fitted(side: f32, (rows, columns): (usize, usize)) -> (f32, f32) {
    let longest = rows.max(columns).max(1) as f32;
    let length = |cells: usize| (side * cells as f32 / longest).max((side * 0.06).max(2.0)).round();
    if rows == columns { (side, side) } else { (length(columns), length(rows)) }
}
