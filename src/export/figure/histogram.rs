//! The layout of a histogram: how many numbers fall into each of many equal parts of their range, with what else is known.

use crate::export::words::Says;

use super::drawing::{Anchor, Area, Drawing, Face, Text};
use super::strip::Strip;
use super::style::Style;
use super::{around, legend, metrics};

/// Width of a page that is not told, in font sizes.
const PAGE: f32 = 56.0;
/// Height of the plane, in its widths, at most.
const LOW: f32 = 0.5;
/// Height of a line, in font sizes.
const LINE: f32 = 1.6;

/// Counts over equal parts of a range.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    /// How many numbers fall into each part.
    pub counts: Vec<usize>,
    /// The ends of the range.
    pub range: [f64; 2],
    /// What the numbers are.
    pub across: Says,
    /// What else is known, name and value.
    pub facts: Vec<(&'static Says, String)>,
}

/// Lays it out on a page; bars are as high as the logarithm of what they count, so that a few outliers stay in sight.
pub fn layout(
    own: &Histogram,
    (title, subtitle, hook): (&str, &str, &str),
    strips: &[Strip],
    style: &Style,
) -> Drawing {
    let (tokens, size) = (style.theme.tokens(), style.text);
    let width = style.width.unwrap_or(PAGE * size);
    let (mut page, top) = around::page(width, title, subtitle, style);
    let most = own.counts.iter().copied().max().unwrap_or(0);
    let height_of =
        |count: f64| ((count + 1.0).ln() / ((most + 1) as f64).ln().max(f64::MIN_POSITIVE)) as f32;
    let ticks: Vec<usize> =
        (0..19).map(|power| 10_usize.pow(power)).take_while(|&tick| tick <= most.max(1)).collect();
    let names =
        ticks.iter().map(|&tick| metrics::width(&grouped(tick), Face::Sans, size)).fold(0.0, f32::max);
    let left = style.margin + names + size * 0.8;
    let long = width - style.margin - left;
    let columns = if width > 40.0 * size { 3 } else { 2 };
    let facts = own.facts.len().div_ceil(columns) as f32 * LINE * size;
    let room = (style.height - style.margin - top - facts - 5.0 * size).max(size * 4.0);
    let plane = Area::new(left, top + size, long, (long * LOW).min(room));
    let mut free = f32::INFINITY;
    for &tick in &ticks {
        let y = plane.bottom() - height_of(tick as f64) * plane.height;
        page.line(vec![[plane.x, y], [plane.right(), y]], 0.75, tokens.line);
        if y + size * 1.2 < free {
            let text = Text::new(
                plane.x - size * 0.5,
                y + size * 0.35,
                grouped(tick),
                size,
                Face::Sans,
                tokens.muted,
            );
            page.text(text.anchored(Anchor::End));
            free = y;
        }
    }
    let wide = plane.width / own.counts.len().max(1) as f32;
    for (place, &count) in own.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let high = height_of(count as f64) * plane.height;
        let x = plane.x + place as f32 * wide;
        page.rect(Area::new(x, plane.bottom() - high, wide * 0.86, high), 0.0, tokens.measure);
    }
    page.line(vec![[plane.x, plane.bottom()], [plane.right(), plane.bottom()]], 1.0, tokens.dim);
    let mut y = axis(&mut page, own, plane, style);
    let wide = (width - 2.0 * style.margin) / columns as f32;
    for (place, (name, value)) in own.facts.iter().enumerate() {
        let x = style.margin + (place % columns) as f32 * wide;
        let base = y + (place / columns) as f32 * LINE * size + size;
        let name = metrics::elide(name.get(style.lang), Face::Sans, size, wide * 0.5 - size * 0.4);
        let value = metrics::elide(value, Face::Mono, size, wide * 0.5 - size * 0.8);
        page.text(Text::new(x, base, name, size, Face::Sans, tokens.muted));
        let value = Text::new(x + wide - size, base, value, size, Face::Mono, tokens.text);
        page.text(value.anchored(Anchor::End));
    }
    y += facts;
    around::foot(page, y, strips, hook, style)
}

/// The range's ends below the plane, zero where it lies clear of both, and what the numbers are; returns where what
/// follows may begin.
fn axis(page: &mut Drawing, own: &Histogram, plane: Area, style: &Style) -> f32 {
    let (tokens, size, [low, high]) = (style.theme.tokens(), style.text, own.range);
    let base = plane.bottom() + size * 1.5;
    let text = |x: f32, value: f64, anchor| {
        let number = legend::number(value as f32);
        Text::new(x, base, number, size, Face::Sans, tokens.muted).anchored(anchor)
    };
    let (first, last) = (text(plane.x, low, Anchor::Start), text(plane.right(), high, Anchor::End));
    let zero = plane.x + (-low / (high - low).max(f64::MIN_POSITIVE)) as f32 * plane.width;
    if zero - size > plane.x + first.width() && zero + size < plane.right() - last.width() {
        page.line(vec![[zero, plane.bottom()], [zero, plane.bottom() + size * 0.4]], 1.0, tokens.dim);
        page.text(text(zero, 0.0, Anchor::Middle));
    }
    page.text(first);
    page.text(last);
    let words = metrics::elide(own.across.get(style.lang), Face::Sans, size, page.width - 2.0 * style.margin);
    page.text(Text::new(style.margin, base + size * 1.5, words, size, Face::Sans, tokens.muted));
    base + size * 2.2
}

/// A count with spaces between its thousands.
fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let mut out = String::with_capacity(digits.len() * 2);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}
