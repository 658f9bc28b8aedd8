//! The layout of lines from token to token: keys at the left, queries at the right, a colour for each head.

use crate::export::words::{Says, marks};
use crate::render::{Rgba, Strand, bundled, mix, way};

use super::drawing::{Anchor, Area, Drawing, Face, Text};
use super::strip::Strip;
use super::style::Style;
use super::{around, metrics};

/// Width of a page that is not told, in font sizes.
const PAGE: f32 = 56.0;
/// Room for a label, in font sizes.
const LABEL: f32 = 12.0;
/// The distance of two tokens, in font sizes, where there is room; the least that labels need.
const PITCH: (f32, f32) = (1.6, 1.15);
/// The tallest pair of columns, in font sizes, where the page's height is not told.
const TALLEST: f32 = 160.0;

/// A line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Edge {
    /// The place of its head among those drawn.
    pub head: usize,
    /// The token that looks.
    pub query: usize,
    /// The token that is looked at.
    pub key: usize,
    /// In [0, 1].
    pub weight: f32,
}

/// Lines between two columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Lines {
    /// The left column.
    pub keys: Vec<String>,
    /// The right column.
    pub queries: Vec<String>,
    /// The heads' names, with their place in the row of colours.
    pub heads: Vec<(String, usize)>,
    /// The weakest first.
    pub edges: Vec<Edge>,
    /// What is drawn, in words.
    pub says: Says,
}

/// Lays them out on a page.
pub fn layout(
    lines: &Lines,
    (title, subtitle, hook): (&str, &str, &str),
    strips: &[Strip],
    style: &Style,
) -> Drawing {
    let (tokens, size) = (style.theme.tokens(), style.text);
    let width = style.width.unwrap_or(PAGE * size);
    let (mut page, head) = around::page(width, title, subtitle, style);
    let top = head + size * 1.8;
    let n = lines.keys.len().max(lines.queries.len()).max(1);
    let room = style.height - top - style.margin - size * (3.8 + 1.6 * wrapped(&lines.heads, width, style));
    let tallest = room.clamp(size * 8.0, TALLEST * size);
    let pitch = (tallest / n as f32).min(PITCH.0 * size);
    let label = (LABEL * size).min(width * 0.28);
    let (left, right) = (style.margin + label, width - style.margin - label);

    let name = |text: &str, x| Text::new(x, top - size * 0.6, text, size, Face::Sans, tokens.muted);
    page.text(name(marks::KEYS.get(style.lang), left - size * 0.6).anchored(Anchor::End));
    page.text(name(marks::QUERIES.get(style.lang), right + size * 0.6));
    let strand =
        |edge: &Edge| Strand { group: edge.head, from: edge.key, to: edge.query, weight: edge.weight };
    let strands: Vec<Strand> = lines.edges.iter().map(strand).collect();
    // As close together as in the window, where rows are that high; where they are lower, more of them
    let reach = (4.0 * PITCH.0 * size / pitch).round() as usize;
    for (edge, middle) in lines.edges.iter().zip(bundled(&strands, reach)) {
        let color = style.theme.series(lines.heads.get(edge.head).map_or(0, |(_, color)| *color));
        let stroke = faded(color, 0.12 + 0.88 * edge.weight, style);
        let thick = (1.0 + 2.0 * edge.weight) * size / 11.0;
        let at = |[across, row]: [f32; 2]| [left + (right - left) * across, top + (row + 0.5) * pitch];
        page.line(way(edge.key, edge.query, middle).into_iter().map(at).collect(), thick, stroke);
    }
    column(&mut page, &lines.keys, (left - size * 0.6, Anchor::End), pitch, top, style);
    column(&mut page, &lines.queries, (right + size * 0.6, Anchor::Start), pitch, top, style);

    let mut below = top + n as f32 * pitch + size * 1.6;
    let mut x = style.margin;
    for (name, color) in &lines.heads {
        let long = metrics::width(name, Face::Mono, size) + size * 2.6;
        if x > style.margin && x + long > width - style.margin {
            (x, below) = (style.margin, below + size * 1.6);
        }
        page.rect(Area::new(x, below - size * 0.75, size, size * 0.8), 0.0, style.theme.series(*color));
        page.text(Text::new(x + size * 1.4, below, name.clone(), size, Face::Mono, tokens.text));
        x += long;
    }
    let says = metrics::elide(lines.says.get(style.lang), Face::Sans, size, width - 2.0 * style.margin);
    below += size * 1.6;
    page.text(Text::new(style.margin, below, says, size, Face::Sans, tokens.muted));
    around::foot(page, below + size * 0.6, strips, hook, style)
}

/// Lines of the heads' names beyond the first.
fn wrapped(heads: &[(String, usize)], width: f32, style: &Style) -> f32 {
    let (mut x, mut lines) = (style.margin, 0.0);
    for (name, _) in heads {
        let long = metrics::width(name, Face::Mono, style.text) + style.text * 2.6;
        if x > style.margin && x + long > width - style.margin {
            (x, lines) = (style.margin, lines + 1.0);
        }
        x += long;
    }
    lines
}

fn faded(color: Rgba, share: f32, style: &Style) -> Rgba {
    mix(style.theme.tokens().panel, color, share)
}

/// One column's labels; where tokens are closer than letters are high, every second, fourth, … with its place.
fn column(
    page: &mut Drawing,
    labels: &[String],
    (x, anchor): (f32, Anchor),
    pitch: f32,
    top: f32,
    style: &Style,
) {
    let size = style.text;
    let step = ((PITCH.1 * size / pitch).ceil().max(1.0) as usize).next_power_of_two();
    for (index, label) in labels.iter().enumerate().step_by(step) {
        let text = if step > 1 { format!("{index} {label}") } else { label.clone() };
        let text = metrics::elide(&text, Face::Mono, size, (LABEL - 0.8) * size);
        let y = top + (index as f32 + 0.5) * pitch + size * 0.36;
        let text = Text::new(x, y, text, size, Face::Mono, style.theme.tokens().text);
        page.text(text.anchored(anchor));
    }
}
