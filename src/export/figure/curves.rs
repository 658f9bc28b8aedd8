//! The layout of numbers against steps: one plane above another on the same axis, curves named at their ends, flags on top.

use crate::export::words::Says;
use crate::render::{mix, ribbons};

use super::drawing::{Anchor, Area, Drawing, Face, Text};
use super::strip::Strip;
use super::style::Style;
use super::{around, legend, metrics};

/// Width of a page that is not told, in font sizes.
const PAGE: f32 = 66.0;
/// Height of a plane, in font sizes, where there is room.
const HIGH: f32 = 18.0;
/// Room for the names of curves, in font sizes.
const NAMES: f32 = 15.0;
/// Room for the numbers at the left, in font sizes.
const NUMBERS: f32 = 4.0;
/// Flags above the planes, in font sizes.
const FLAGS: f32 = 3.2;

/// Curves over one axis.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curves {
    /// What lies across: `step`.
    pub across: Says,
    /// Where round numbers stand on it, from 0 to 1, and what they read.
    pub ticks: Vec<(f64, String)>,
    /// Planes, top to bottom.
    pub planes: Vec<Plane>,
    /// Where something happened, from 0 to 1, and what.
    pub flags: Vec<(f64, Says)>,
    /// The place that is looked at, from 0 to 1.
    pub marked: Option<f64>,
}

/// A plane with its curves.
#[derive(Clone, Debug, PartialEq)]
pub struct Plane {
    /// What lies up.
    pub name: Says,
    /// Its lower and its upper end.
    pub range: [f64; 2],
    /// Its curves; the first is painted last.
    pub curves: Vec<Curve>,
}

/// A curve.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// What it is called.
    pub name: Says,
    /// Its place in the row of colours; none: the colour of words.
    pub color: Option<usize>,
    /// Places from 0 to 1, and values there.
    pub points: Vec<[f64; 2]>,
}

/// Lays them out on a page.
pub fn layout(
    curves: &Curves,
    (title, subtitle, hook): (&str, &str, &str),
    strips: &[Strip],
    style: &Style,
) -> Drawing {
    let (tokens, size) = (style.theme.tokens(), style.text);
    let width = style.width.unwrap_or(PAGE * size);
    let (mut page, head) = around::page(width, title, subtitle, style);
    let names = (NAMES * size).min(width * 0.24);
    let left = style.margin + NUMBERS * size;
    let long = width - left - style.margin - names;
    let mut top = head + size * 1.4;
    if !curves.flags.is_empty() {
        top += FLAGS * size;
        flags(&mut page, curves, (left, top - size * 2.0, long), style);
    }
    let n = curves.planes.len().max(1) as f32;
    let room = (style.height - top - size * 6.0) / n - size * 2.4;
    let high = (HIGH * size).min(room.max(size * 4.0));
    for plane in &curves.planes {
        let area = Area::new(left, top, long, high);
        draw(&mut page, plane, curves, area, style);
        top = area.bottom() + size * 2.4;
    }
    let mut below = top - size * 0.8;
    let mut free = f32::NEG_INFINITY;
    for (place, text) in &curves.ticks {
        let x = left + long * *place as f32;
        let half = metrics::width(text, Face::Sans, size) / 2.0;
        if x - half >= free {
            free = x + half + size;
            let text = Text::new(x, below, text.clone(), size, Face::Sans, tokens.muted);
            page.text(text.anchored(Anchor::Middle));
        }
    }
    let name =
        Text::new(left + long + size, below, curves.across.get(style.lang), size, Face::Sans, tokens.muted);
    page.text(name);
    below += size * 0.6;
    around::foot(page, below, strips, hook, style)
}

fn draw(page: &mut Drawing, plane: &Plane, curves: &Curves, area: Area, style: &Style) {
    let (tokens, size) = (style.theme.tokens(), style.text);
    let [low, high] = plane.range;
    let place = |[x, y]: [f64; 2]| {
        let share = ((y - low) / (high - low)).clamp(0.0, 1.0) as f32;
        [area.x + area.width * x as f32, area.bottom() - area.height * share]
    };
    let faint = mix(tokens.panel, tokens.line, 0.8);
    for (x, _) in &curves.ticks {
        page.line(vec![place([*x, low]), place([*x, high])], size / 22.0, faint);
    }
    for quarter in 0..=4 {
        let value = low + (high - low) * f64::from(quarter) / 4.0;
        page.line(vec![place([0.0, value]), place([1.0, value])], size / 11.0, tokens.line);
        if quarter % 2 == 0 {
            let [x, y] = place([0.0, value]);
            let text = Text::new(
                x - size * 0.7,
                y + size * 0.36,
                legend::number(value as f32),
                size,
                Face::Sans,
                tokens.muted,
            );
            page.text(text.anchored(Anchor::End));
        }
    }
    if let Some(x) = curves.marked {
        page.line(vec![place([x, low]), place([x, high])], size / 11.0, tokens.accent);
    }
    let name =
        Text::new(area.x, area.y - size * 0.6, plane.name.get(style.lang), size, Face::Sans, tokens.muted);
    page.text(name);
    let color = |curve: &Curve| curve.color.map_or(tokens.text, |color| style.theme.series(color));
    for curve in plane.curves.iter().rev() {
        let points: Vec<[f32; 2]> = curve.points.iter().map(|&point| place(point)).collect();
        // A single checkpoint makes no line
        for &point in points.iter().filter(|_| points.len() < 24) {
            page.disc(point, size * 0.2, color(curve));
        }
        page.line(points, 1.8 * size / 11.0, color(curve));
    }
    let mut ends: Vec<(f32, &Curve)> = plane
        .curves
        .iter()
        .filter_map(|curve| Some((place(*curve.points.last()?)[1] - area.y, curve)))
        .collect();
    ends.sort_by(|a, b| a.0.total_cmp(&b.0));
    let at: Vec<f32> = ends.iter().map(|(y, _)| *y).collect();
    let at = ribbons::apart(&at, size * 1.3, area.height);
    for ((_, curve), y) in ends.iter().zip(at) {
        let (x, y) = (area.right() + size * 0.8, area.y + y);
        page.line(vec![[x, y], [x + size * 1.2, y]], 1.8 * size / 11.0, color(curve));
        let room = page.width - style.margin - x - size * 1.7;
        let name = metrics::elide(curve.name.get(style.lang), Face::Sans, size, room);
        page.text(Text::new(x + size * 1.7, y + size * 0.36, name, size, Face::Sans, tokens.text));
    }
}

/// Small triangles with what happened there; those whose words would touch are marks alone.
fn flags(page: &mut Drawing, curves: &Curves, (left, foot, long): (f32, f32, f32), style: &Style) {
    let (tokens, size) = (style.theme.tokens(), style.text);
    let mut free = left;
    for (place, text) in &curves.flags {
        let text = text.get(style.lang);
        let x = left + long * *place as f32;
        let half = size * 0.35;
        page.polygon(
            vec![[x - half, foot - half], [x + half, foot - half], [x, foot + half]],
            tokens.measure,
        );
        let wide = metrics::width(text, Face::Sans, size);
        let from = (x - wide / 2.0).max(free);
        if from < x + size * 4.0 && from + wide <= page.width - style.margin {
            free = from + wide + size;
            page.text(Text::new(from, foot - size * 0.8, text, size, Face::Sans, tokens.text));
        }
    }
}
