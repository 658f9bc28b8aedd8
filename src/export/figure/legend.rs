//! The legend: the colour map with the values at its ends, and how values become colours.

use crate::export::words::{Says, marks};
use crate::render::{Raster, Scale, Shader};

use super::drawing::{Anchor, Area, Drawing, Face, Text};
use super::metrics;
use super::style::Style;

/// Width of the ramp, at most.
const RAMP: f32 = 160.0;
/// Height of the ramp.
const HEIGHT: f32 = 10.0;
/// Width of the whole legend, words included, where there is room.
const WIDTH: f32 = RAMP + 220.0;

/// How wide the legend is in a room of `room`.
pub(crate) fn width(style: &Style, room: f32) -> f32 {
    style.scaled(WIDTH).min(room)
}

/// Draws it with its upper left corner at (`x`, `y`), at most `room` wide; returns its lower edge.
pub(crate) fn draw(
    page: &mut Drawing,
    (x, y, room): (f32, f32, f32),
    quantity: &Says,
    shader: &Shader,
    scale: Scale,
    style: &Style,
) -> f32 {
    let (tokens, size) = (style.theme.tokens(), style.text);
    let pixels = shader.ramp(256);
    let ramp = Area::new(x, y, style.scaled(RAMP).min(room * 0.4), style.scaled(HEIGHT));
    page.image(ramp, Raster { width: pixels.len(), height: 1, pixels });
    page.frame(Area::new(ramp.x - 1.0, ramp.y - 1.0, ramp.width + 2.0, ramp.height + 2.0), tokens.line);

    let text = |x: f32, y: f32, text: String| Text::new(x, y, text, size, Face::Sans, tokens.muted);
    let below = ramp.bottom() + style.scaled(16.0);
    let mut taken = Vec::new();
    for (share, label) in ticks(shader, scale, style) {
        let anchor = match share {
            0.0 => Anchor::Start,
            1.0 => Anchor::End,
            _ => Anchor::Middle,
        };
        let tick = text(x + share * ramp.width, below, label).anchored(anchor);
        let [[left, _], [right, _], ..] = tick.outline();
        // A tick between the ends only where it stands clear of them
        if taken.iter().all(|&(from, to)| right + 2.0 < from || to + 2.0 < left) {
            taken.push((left, right));
            page.text(tick);
        }
    }
    let beside = ramp.right() + style.scaled(16.0);
    let rest = x + room - beside;
    let words = |y: f32, words: &str, fill| {
        Text::new(beside, y, metrics::elide(words, Face::Sans, size, rest), size, Face::Sans, fill)
    };
    page.text(words(ramp.bottom(), quantity.get(style.lang), tokens.text));
    page.text(words(below, marks::scale(scale).get(style.lang), tokens.muted));
    below + style.scaled(4.0)
}

/// Labels along the ramp: both ends, and zero or the tenths of the maximum where they fall between.
fn ticks(shader: &Shader, scale: Scale, style: &Style) -> Vec<(f32, String)> {
    let range = shader.range();
    let signed = range.low < 0.0;
    let said = |words: &Says| words.get(style.lang).to_owned();
    let (low, high) = match scale {
        Scale::Row if signed => (said(&marks::LESS_MOST), said(&marks::ROW_MOST)),
        Scale::Row => ("0".to_owned(), said(&marks::ROW_MOST)),
        Scale::Rank => (said(&marks::LEAST), said(&marks::GREATEST)),
        _ => (number(shader.low_end()), number(range.high)),
    };
    let mut ticks = vec![(0.0, low), (1.0, high)];
    match (scale, signed) {
        (Scale::Rank, _) => {}
        (_, true) => ticks.push((0.5, "0".to_owned())),
        (Scale::Log, false) => ticks.push((shader.position(range.high / 100.0), number(range.high / 100.0))),
        _ => {}
    }
    ticks
}

/// At most four significant digits, a real minus.
pub(crate) fn number(value: f32) -> String {
    let text = match value.abs() {
        0.0 => "0".to_owned(),
        size if size >= 1000.0 => format!("{value:.0}"),
        size if size >= 100.0 => format!("{value:.1}"),
        size if size >= 10.0 => trimmed(&format!("{value:.2}")),
        size if size >= 0.01 => trimmed(&format!("{value:.3}")),
        _ => format!("{value:.1e}"),
    };
    text.replace('-', "−")
}

fn trimmed(decimals: &str) -> String {
    decimals.trim_end_matches('0').trim_end_matches('.').to_owned()
}
