//! Labels along the edges of a matrix: thinned and elided so that they never overlap.

use super::drawing::{Anchor, Area, Drawing, Face, Text};
use super::metrics;
use crate::render::Rgba;

/// Room for one label along its reading direction, in font sizes.
const ROOM: f32 = 104.0 / 11.0;
/// Distance between the baselines of two labels, in font sizes.
const PITCH: f32 = 13.0 / 11.0;
/// Column labels climb at this angle.
const CLIMB: f32 = -58.0;
/// Between a label and the matrix, in font sizes.
const GAP: f32 = 6.0 / 11.0;

/// One edge of a matrix: what its rows or columns are.
#[derive(Clone, Debug)]
pub struct Axis {
    /// What one row or column is: "query".
    pub name: &'static str,
    /// One label each, in order.
    pub labels: Vec<String>,
    /// The first one's place, where the others before it are cut off.
    pub first: usize,
    /// Whether the place in the order belongs to a label even where all labels show.
    pub numbered: bool,
}

/// The labels of an axis that show when a cell is `cell` wide and labels need `pitch` between them.
fn shown(axis: &Axis, cell: f32, pitch: f32, size: f32) -> Vec<(usize, String)> {
    let step = (pitch / cell).ceil().max(1.0) as usize;
    let step = if step == 1 { 1 } else { step.next_power_of_two() };
    let numbered = axis.numbered || step > 1;
    let label = |index: usize| {
        let (label, place) = (axis.labels[index].trim_end(), axis.first + index);
        let text = match (numbered, label.is_empty()) {
            (true, true) => place.to_string(),
            (true, false) => format!("{place} {label}"),
            (false, _) => label.to_owned(),
        };
        (index, metrics::elide(&text, Face::Mono, size, ROOM * size))
    };
    (0..axis.labels.len()).step_by(step).map(label).filter(|(_, text)| !text.is_empty()).collect()
}

/// The distance that labels of font size `size` need along the columns.
pub(crate) fn column_pitch(size: f32) -> f32 {
    PITCH * size / CLIMB.to_radians().sin().abs()
}

/// Row labels of font size `size`, right-aligned before `area`.
pub(crate) fn rows(page: &mut Drawing, area: Area, axis: &Axis, size: f32, fill: Rgba) {
    let cell = area.height / axis.labels.len().max(1) as f32;
    for (index, text) in shown(axis, cell, PITCH * size, size) {
        let y = area.y + (index as f32 + 0.5) * cell + size * 0.36;
        let label = Text::new(area.x - GAP * size, y, text, size, Face::Mono, fill);
        page.text(label.anchored(Anchor::End));
    }
}

/// Column labels of font size `size`, climbing to the right from above `area`.
pub(crate) fn columns(page: &mut Drawing, area: Area, axis: &Axis, size: f32, fill: Rgba) {
    let cell = area.width / axis.labels.len().max(1) as f32;
    for (index, text) in shown(axis, cell, column_pitch(size), size) {
        let x = area.x + (index as f32 + 0.5) * cell + size * 0.32;
        page.text(Text::new(x, area.y - GAP * size, text, size, Face::Mono, fill).turned(CLIMB));
    }
}

/// The widest row label that would show, with its gap.
pub(crate) fn row_room(axis: &Axis, cell: f32, size: f32) -> f32 {
    widest(&shown(axis, cell, PITCH * size, size), size) + GAP * size
}

/// How high the column labels climb, and how far past the last column they reach.
pub(crate) fn column_room(axis: &Axis, cell: f32, size: f32) -> (f32, f32) {
    let (sin, cos) = CLIMB.to_radians().sin_cos();
    let labels = shown(axis, cell, column_pitch(size), size);
    let n = axis.labels.len() as f32;
    let reach = labels.iter().map(|(index, text)| {
        metrics::width(text, Face::Mono, size) * cos + (*index as f32 + 0.5 - n) * cell + size
    });
    (widest(&labels, size) * sin.abs() + (GAP + 1.0) * size, reach.fold(0.0, f32::max))
}

fn widest(labels: &[(usize, String)], size: f32) -> f32 {
    labels.iter().map(|(_, text)| metrics::width(text, Face::Mono, size)).fold(0.0, f32::max)
}
