//! The layout of steps one below another: what each is, its numbers as strips of colour, what it comes to.

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
/// Values a strip draws, at most: of more, neighbours share a place, the greatest in size is shown.
const VALUES: usize = 512;

/// Numbers in a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What they are.
    pub name: String,
    /// The numbers; −∞ where masked.
    pub values: Vec<f32>,
}

/// A step.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What it is.
    pub title: String,
    /// What it comes to.
    pub outcome: String,
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
    let (tokens, size) = (style.theme.tokens(), style.text);
    let width = style.width.unwrap_or(PAGE * size);
    let (mut page, mut y) = around::page(width, title, subtitle, style);
    let right = width - style.margin;
    let name_room = (NAME * size).min(width * 0.26);
    let ends_room = (ENDS * size).min(width * 0.2);
    for step in steps {
        let base = y + size;
        let outcome = metrics::elide(&step.outcome, Face::Mono, size, width * 0.5);
        let room = right - style.margin - metrics::width(&outcome, Face::Mono, size) - size;
        let title = metrics::elide(&step.title, Face::Strong, size, room);
        page.text(Text::new(style.margin, base, title, size, Face::Strong, tokens.text));
        page.text(
            Text::new(right, base, outcome, size, Face::Mono, tokens.measure_text).anchored(Anchor::End),
        );
        y += size * 1.7;
        for row in &step.rows {
            let base = y + size * 0.95;
            let name = metrics::elide(&row.name, Face::Sans, size, name_room - size * 0.6);
            page.text(Text::new(style.margin, base, name, size, Face::Sans, tokens.muted));
            let left = style.margin + name_room;
            let area = Area::new(left, y, right - ends_room - left, size * 1.2);
            let values = gathered(&row.values);
            let range =
                if map.is_signed() { ValueRange::symmetric(&values) } else { ValueRange::fit(map, &values) };
            let raster = Shader::new(map, Scale::Linear, range).paint(&values, values.len());
            page.image(area, Raster { width: values.len().max(1), height: 1, pixels: raster.pixels });
            page.frame(area, tokens.line);
            let ends = metrics::elide(&extremes(&row.values), Face::Mono, size * 0.85, ends_room - size);
            let ends = Text::new(right, base, ends, size * 0.85, Face::Mono, tokens.muted);
            page.text(ends.anchored(Anchor::End));
            y += size * 1.7;
        }
        y += size * 0.6;
        page.line(vec![[style.margin, y], [right, y]], 1.0, tokens.line);
        y += size * 0.6;
    }
    around::foot(page, y, strips, hook, style)
}

/// Least to greatest of what is a number.
fn extremes(values: &[f32]) -> String {
    let finite = || values.iter().copied().filter(|value| value.is_finite());
    match (finite().reduce(f32::min), finite().reduce(f32::max)) {
        (Some(least), Some(most)) if least < most => {
            format!("{}…{}", legend::number(least), legend::number(most))
        }
        (Some(only), _) => legend::number(only),
        _ => "masked".to_owned(),
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
