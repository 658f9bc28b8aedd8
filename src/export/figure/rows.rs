//! The layout of steps one below another: what each is, its numbers as strips of colour, what it comes to.

use std::ops::Range;

use crate::export::words::{Says, marks};
use crate::render::{ColorMap, Raster, Scale, Shader, ValueRange, farther, share};

use super::drawing::{Anchor, Area, Drawing, Face, Text};
use super::strip::Strip as Prompt;
use super::style::Style;
use super::{around, legend, metrics};

/// Width of a page that is not told, in font sizes.
const PAGE: f32 = 68.0;
/// Room for a strip's name, and for its extremes, in font sizes.
const NAME: f32 = 15.0;
const ENDS: f32 = 11.0;
/// Height of a strip with what is free below it, and the narrowest column, in font sizes.
const LINE: f32 = 1.7;
const COLUMN: f32 = 26.0;
/// The least size of letters, of the style's: what is still too high then is higher than its page.
const LEAST: f32 = 0.4;
/// Values a strip draws, at most: of more, neighbours share a place, the greatest in size is shown.
const VALUES: usize = 512;

/// Numbers in a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What they are.
    pub name: Says,
    /// The numbers; −∞ where masked.
    pub values: Vec<f32>,
}

/// A step.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What it is.
    pub title: Says,
    /// What it comes to.
    pub outcome: Says,
    /// Its numbers.
    pub rows: Vec<Row>,
}

/// Lays them out on a page.
pub fn layout(
    steps: &[Step],
    (title, subtitle, hook): (&str, &str, &str),
    map: ColorMap,
    strips: &[Prompt],
    style: &Style,
) -> Drawing {
    let width = style.width.unwrap_or(PAGE * style.text);
    let (mut page, top) = around::page(width, title, subtitle, style);
    let room = style.height - style.margin - top;
    let (columns, size) = fitted(steps, width - 2.0 * style.margin, room, style.text);
    let style_of_steps = Style { text: size, ..*style };
    let gap = size * 2.0;
    let wide = (width - 2.0 * style.margin + gap) / columns.len() as f32 - gap;
    let mut lowest = top;
    for (place, part) in columns.into_iter().enumerate() {
        let mut area = Area::new(style.margin + place as f32 * (wide + gap), top, wide, 0.0);
        for step in &steps[part] {
            area.y = draw(&mut page, step, area, map, &style_of_steps);
        }
        lowest = lowest.max(area.y);
    }
    around::foot(page, lowest, strips, hook, style)
}

/// The steps of each column, and the size of their letters, no larger than `most`: one column where its letters are as
/// large as those of several would be.
fn fitted(steps: &[Step], width: f32, room: f32, most: f32) -> (Vec<Range<usize>>, f32) {
    let one = |columns: usize| {
        let parts = split(steps, columns);
        let lines =
            parts.iter().map(|part| steps[part.clone()].iter().map(high).sum::<f32>()).fold(0.0, f32::max);
        let narrow = width / columns as f32 / COLUMN;
        let size = most.min(room / lines.max(1.0));
        (parts, if columns > 1 { size.min(narrow) } else { size })
    };
    let all = (1..=4).map(one).reduce(|best, other| if other.1 > best.1 * 1.02 { other } else { best });
    let (parts, size) = all.unwrap_or_else(|| one(1));
    (parts, size.max(most * LEAST))
}

/// Consecutive steps in `columns` parts of about the same height.
fn split(steps: &[Step], columns: usize) -> Vec<Range<usize>> {
    let whole: f32 = steps.iter().map(high).sum();
    let (mut parts, mut first, mut above) = (Vec::new(), 0, 0.0);
    for (index, step) in steps.iter().enumerate() {
        let share = whole * (parts.len() + 1) as f32 / columns as f32;
        // A step goes to the column that holds its larger part
        if above + high(step) / 2.0 > share && index > first && parts.len() + 1 < columns {
            parts.push(first..index);
            first = index;
        }
        above += high(step);
    }
    parts.push(first..steps.len());
    parts
}

/// A step's height in font sizes.
fn high(step: &Step) -> f32 {
    LINE * (step.rows.len() + 1) as f32 + 1.2
}

/// Draws a step into the width of `area`; returns where the next one begins.
fn draw(page: &mut Drawing, step: &Step, area: Area, map: ColorMap, style: &Style) -> f32 {
    let (tokens, size, right) = (style.theme.tokens(), style.text, area.right());
    let name_room = (NAME * size).min(area.width * 0.36);
    let ends_room = (ENDS * size).min(area.width * 0.31);
    let (mut y, base) = (area.y, area.y + size);
    // Half of the line, or what the title leaves: a number that is cut says less than a name that is
    let left = area.width - metrics::width(step.title.get(style.lang), Face::Strong, size) - size;
    let outcome = metrics::elide(step.outcome.get(style.lang), Face::Mono, size, left.max(area.width * 0.5));
    let room = area.width - metrics::width(&outcome, Face::Mono, size) - size;
    let title = metrics::elide(step.title.get(style.lang), Face::Strong, size, room);
    page.text(Text::new(area.x, base, title, size, Face::Strong, tokens.text));
    page.text(Text::new(right, base, outcome, size, Face::Mono, tokens.measure_text).anchored(Anchor::End));
    y += size * LINE;
    for row in &step.rows {
        let base = y + size * 0.95;
        let name = metrics::elide(row.name.get(style.lang), Face::Sans, size, name_room - size * 0.6);
        page.text(Text::new(area.x, base, name, size, Face::Sans, tokens.muted));
        let left = area.x + name_room;
        let strip = Area::new(left, y, right - ends_room - left, size * 1.2);
        let values = gathered(&row.values);
        let raster =
            Shader::new(map, Scale::Linear, ValueRange::symmetric(&values)).paint(&values, values.len());
        page.image(strip, Raster { width: values.len().max(1), height: 1, pixels: raster.pixels });
        page.frame(strip, tokens.line);
        let ends =
            metrics::elide(&extremes(&row.values, style), Face::Sans, size * 0.85, ends_room - size * 0.4);
        page.text(Text::new(right, base, ends, size * 0.85, Face::Sans, tokens.muted).anchored(Anchor::End));
        y += size * LINE;
    }
    y += size * 0.6;
    page.line(vec![[area.x, y], [right, y]], 1.0, tokens.line);
    y + size * 0.6
}

/// Least to greatest of what is a number.
fn extremes(values: &[f32], style: &Style) -> String {
    let finite = || values.iter().copied().filter(|value| value.is_finite());
    match (finite().reduce(f32::min), finite().reduce(f32::max)) {
        (Some(least), Some(most)) if least < most => {
            format!("{}…{}", legend::number(least), legend::number(most))
        }
        (Some(only), _) => legend::number(only),
        _ => marks::MASKED.get(style.lang).to_owned(),
    }
}

/// At most [`VALUES`]: of neighbours the greatest in size.
fn gathered(values: &[f32]) -> Vec<f32> {
    let n = values.len().min(VALUES);
    let greatest = |place: usize| {
        values[share(&(0..values.len()), place, n)].iter().copied().reduce(farther).unwrap_or(0.0)
    };
    (0..n).map(greatest).collect()
}
