//! The contact sheet: every head's map in small, layers down, heads across.

use crate::render::{Raster, Theme};

use super::drawing::{Anchor, Area, Drawing, Face, Text};
use super::{matrix, metrics, strip};

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
    /// A line for each layer.
    pub lines: Vec<Line>,
    /// The prompt's tokens as shown.
    pub prompt: Vec<String>,
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
    let across = sheet.lines.iter().map(|line| line.maps.len()).max().unwrap_or(1).max(1);
    let step = ((WIDTH - LEFT) / across as f32).floor().min(LARGEST + 12.0);
    let gap = (step * 0.1).clamp(2.0, 12.0).floor();
    let side = (step - gap).max(4.0);
    let named = side >= NAMED;
    let line_height = side + if named { 24.0 } else { gap };

    let width = (LEFT + across as f32 * step).max(480.0) + 2.0 * matrix::MARGIN;
    let mut page =
        Drawing::new(width, 0.0, format!("{}, {}", sheet.title, sheet.subtitle), matrix::ground(theme));
    matrix::heading(&mut page, &sheet.title, &sheet.subtitle, &tokens);

    let mut y = matrix::MARGIN + 60.0;
    for line in &sheet.lines {
        let middle = y + side / 2.0 + 4.0;
        page.text(Text::new(matrix::MARGIN, middle, line.name.clone(), 11.0, Face::Sans, tokens.muted));
        for (column, (name, raster)) in line.maps.iter().enumerate() {
            let area = Area::new(matrix::MARGIN + LEFT + column as f32 * step, y, side, side);
            page.image(area, raster.clone());
            if theme == Theme::Light {
                page.frame(Area::new(area.x - 1.0, area.y - 1.0, side + 2.0, side + 2.0), tokens.line);
            }
            if named {
                let name = metrics::elide(name, Face::Mono, 10.0, side + gap - 2.0);
                let label = Text::new(
                    area.x + side / 2.0,
                    area.bottom() + 13.0,
                    name,
                    10.0,
                    Face::Mono,
                    tokens.muted,
                );
                page.text(label.anchored(Anchor::Middle));
            }
        }
        y += line_height;
    }
    let words = format!("{} · query rows down, key columns across", sheet.words);
    page.text(Text::new(matrix::MARGIN, y + 12.0, words, 11.0, Face::Sans, tokens.muted));
    y = strip::draw(
        &mut page,
        matrix::MARGIN,
        y + 36.0,
        width - 2.0 * matrix::MARGIN,
        &sheet.prompt,
        &tokens,
    );
    page.height = matrix::foot(&mut page, y + 32.0, &sheet.hook, &tokens);
    matrix::finish(page)
}
