//! Labels along the edges of a matrix: thinned and elided so that they never overlap.

use super::drawing::{Anchor, Area, Drawing, Face, Text};
use super::metrics;
use super::style::Style;
use crate::export::words::Says;
use crate::render::Rgba;

/// Room for one label along its reading direction, in font sizes.
const ROOM: f32 = 104.0 / 11.0;
/// Distance between the baselines of two labels, in font sizes.
const PITCH: f32 = 13.0 / 11.0;
/// Column labels climb at this angle.
const CLIMB: f32 = -58.0;
/// Between a label and the matrix, in font sizes.
const GAP: f32 = 6.0 / 11.0;
/// The smallest that names are set, of the style's size.
const LEAST: f32 = 0.68;

/// One edge of a matrix: what its rows or columns are.
#[derive(Clone, Debug)]
pub struct Axis {
    /// What one row or column is: "query".
    pub name: &'static Says,
    /// One label each, in order.
    pub labels: Vec<Says>,
    /// The first one's place, where the others before it are cut off.
    pub first: usize,
    /// Whether the place in the order belongs to a label even where all labels show.
    pub numbered: bool,
    /// Whether labels are names of their own, whose place says nothing: they are set smaller before any is left out.
    pub named: bool,
}

impl Axis {
    /// Labels from the first place on; those of tokens read alike in every language.
    pub fn new(name: &'static Says, labels: impl IntoIterator<Item = impl Into<Says>>) -> Self {
        let labels = labels.into_iter().map(Into::into).collect();
        Self { name, labels, first: 0, numbered: false, named: false }
    }

    /// The font size of labels whose neighbours are `cell` apart and that need `pitch` font sizes between them.
    fn size(&self, cell: f32, pitch: f32, size: f32) -> f32 {
        if self.named { size.min((cell / pitch).max(size * LEAST)) } else { size }
    }
}

/// The labels of font size `size` of an axis that show when a cell is `cell` wide and labels need `pitch` between them.
fn shown(axis: &Axis, cell: f32, (pitch, size): (f32, f32), style: &Style) -> Vec<(usize, String)> {
    let step = (pitch / cell - 1e-3).ceil().max(1.0) as usize;
    let step = if step == 1 { 1 } else { step.next_power_of_two() };
    let numbered = axis.numbered || step > 1 && !axis.named;
    let label = |index: usize| {
        let (label, place) = (axis.labels[index].get(style.lang).trim_end(), axis.first + index);
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

/// Row labels, right-aligned before `area`.
pub(crate) fn rows(page: &mut Drawing, area: Area, axis: &Axis, style: &Style, fill: Rgba) {
    let cell = area.height / axis.labels.len().max(1) as f32;
    let size = axis.size(cell, PITCH, style.text);
    for (index, text) in shown(axis, cell, (PITCH * size, size), style) {
        let y = area.y + (index as f32 + 0.5) * cell + size * 0.36;
        let label = Text::new(area.x - GAP * size, y, text, size, Face::Mono, fill);
        page.text(label.anchored(Anchor::End));
    }
}

/// Column labels, climbing to the right from above `area`.
pub(crate) fn columns(page: &mut Drawing, area: Area, axis: &Axis, style: &Style, fill: Rgba) {
    let cell = area.width / axis.labels.len().max(1) as f32;
    let size = axis.size(cell, column_pitch(1.0), style.text);
    for (index, text) in shown(axis, cell, (column_pitch(size), size), style) {
        let x = area.x + (index as f32 + 0.5) * cell + size * 0.32;
        page.text(Text::new(x, area.y - GAP * size, text, size, Face::Mono, fill).turned(CLIMB));
    }
}

/// The widest row label that would show, with its gap.
pub(crate) fn row_room(axis: &Axis, cell: f32, style: &Style) -> f32 {
    let size = axis.size(cell, PITCH, style.text);
    widest(&shown(axis, cell, (PITCH * size, size), style), size) + GAP * size
}

/// How high the column labels climb, and how far past the last column they reach.
pub(crate) fn column_room(axis: &Axis, cell: f32, style: &Style) -> (f32, f32) {
    let (sin, cos) = CLIMB.to_radians().sin_cos();
    let size = axis.size(cell, column_pitch(1.0), style.text);
    let labels = shown(axis, cell, (column_pitch(size), size), style);
    let n = axis.labels.len() as f32;
    let reach = labels.iter().map(|(index, text)| {
        metrics::width(text, Face::Mono, size) * cos + (*index as f32 + 0.5 - n) * cell + size
    });
    (widest(&labels, size) * sin.abs() + (GAP + 1.0) * size, reach.fold(0.0, f32::max))
}

fn widest(labels: &[(usize, String)], size: f32) -> f32 {
    labels.iter().map(|(_, text)| metrics::width(text, Face::Mono, size)).fold(0.0, f32::max)
}
