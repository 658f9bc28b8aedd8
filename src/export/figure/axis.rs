//! Labels along the edges of a matrix: thinned and elided so that they never overlap.

use super::drawing::{Anchor, Area, Drawing, Face, Text};
use super::metrics;
use crate::render::Rgba;

/// Font size of labels.
pub(crate) const SIZE: f32 = 11.0;
/// Room for one label along its reading direction.
pub(crate) const ROOM: f32 = 104.0;
/// Distance between the baselines of two labels.
const PITCH: f32 = 13.0;
/// Column labels climb at this angle.
const CLIMB: f32 = -58.0;
/// Between a label and the matrix.
const GAP: f32 = 6.0;

/// One edge of a matrix: what its rows or columns are.
#[derive(Clone, Debug)]
pub struct Axis {
    /// What one row or column is: "query".
    pub name: &'static str,
    /// One label each, in order.
    pub labels: Vec<String>,
    /// Whether the place in the order belongs to a label even where all labels show.
    pub numbered: bool,
}

/// The labels of an axis that show when a cell is `cell` wide and labels need `pitch` between them.
fn shown(axis: &Axis, cell: f32, pitch: f32) -> Vec<(usize, String)> {
    let step = (pitch / cell).ceil().max(1.0) as usize;
    let step = if step == 1 { 1 } else { step.next_power_of_two() };
    let numbered = axis.numbered || step > 1;
    let label = |index: usize| {
        let label = axis.labels[index].trim_end();
        let text = match (numbered, label.is_empty()) {
            (true, true) => index.to_string(),
            (true, false) => format!("{index} {label}"),
            (false, _) => label.to_owned(),
        };
        (index, metrics::elide(&text, Face::Mono, SIZE, ROOM))
    };
    (0..axis.labels.len()).step_by(step).map(label).filter(|(_, text)| !text.is_empty()).collect()
}

/// Row labels, right-aligned before `area`.
pub(crate) fn rows(page: &mut Drawing, area: Area, axis: &Axis, fill: Rgba) {
    let cell = area.height / axis.labels.len().max(1) as f32;
    for (index, text) in shown(axis, cell, PITCH) {
        let y = area.y + (index as f32 + 0.5) * cell + SIZE * 0.36;
        let label = Text::new(area.x - GAP, y, text, SIZE, Face::Mono, fill);
        page.text(label.anchored(Anchor::End));
    }
}

/// Column labels, climbing to the right from above `area`.
pub(crate) fn columns(page: &mut Drawing, area: Area, axis: &Axis, fill: Rgba) {
    let cell = area.width / axis.labels.len().max(1) as f32;
    let pitch = PITCH / CLIMB.to_radians().sin().abs();
    for (index, text) in shown(axis, cell, pitch) {
        let x = area.x + (index as f32 + 0.5) * cell + SIZE * 0.32;
        page.text(Text::new(x, area.y - GAP, text, SIZE, Face::Mono, fill).turned(CLIMB));
    }
}

/// The widest row label that would show, with its gap.
pub(crate) fn row_room(axis: &Axis, cell: f32) -> f32 {
    widest(&shown(axis, cell, PITCH)) + GAP
}

/// How high the column labels climb, and how far past the last column they reach.
pub(crate) fn column_room(axis: &Axis, cell: f32) -> (f32, f32) {
    let (sin, cos) = CLIMB.to_radians().sin_cos();
    let labels = shown(axis, cell, PITCH / sin.abs());
    let n = axis.labels.len() as f32;
    let reach = labels.iter().map(|(index, text)| {
        metrics::width(text, Face::Mono, SIZE) * cos + (*index as f32 + 0.5 - n) * cell + SIZE
    });
    (widest(&labels) * sin.abs() + GAP + SIZE, reach.fold(0.0, f32::max))
}

fn widest(labels: &[(usize, String)]) -> f32 {
    labels.iter().map(|(_, text)| metrics::width(text, Face::Mono, SIZE)).fold(0.0, f32::max)
}
