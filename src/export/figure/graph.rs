//! The layout of a graph of heads: a row for each layer, first on top, and a line from each head to those that read it.

use crate::export::words::{Says, marks};
use crate::render::mix;

use super::drawing::{Anchor, Area, Drawing, Face, Text};
use super::legend::number;
use super::strip::Strip;
use super::style::Style;
use super::{around, metrics};

/// Width of a page that is not told, in font sizes; the plane is this much lower than wide at most.
const PAGE: f32 = 60.0;
const LOW: f32 = 0.8;
/// Height of a layer, in font sizes, where the page's height is not told.
const LAYER: f32 = 5.4;

/// Heads in layers, and lines between them.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    /// Each layer's name with the names of its heads, first layer on top.
    pub layers: Vec<(Says, Vec<String>)>,
    /// From (layer, place) to (layer, place) with a number each, the weakest first.
    pub links: Vec<([(usize, usize); 2], f64)>,
    /// The head that stands out with its lines, by layer and place.
    pub marked: Option<(usize, usize)>,
    /// What a number is.
    pub quantity: Says,
}

/// Lays it out on a page.
pub fn layout(
    graph: &Graph,
    (title, subtitle, hook): (&str, &str, &str),
    strips: &[Strip],
    style: &Style,
) -> Drawing {
    let (tokens, size) = (style.theme.tokens(), style.text);
    let width = style.width.unwrap_or(PAGE * size);
    let (mut page, top) = around::page(width, title, subtitle, style);
    let names = graph.layers.iter().map(|(name, _)| metrics::width(name.get(style.lang), Face::Sans, size));
    let left = style.margin + names.fold(0.0, f32::max) + size;
    let long = width - style.margin - left;
    let n = graph.layers.len().max(1);
    let tall =
        (LAYER * size * n as f32).min(long * LOW).min((style.height - top - 6.0 * size).max(size * 4.0));
    let plane = Area::new(left, top, long, tall);
    let most = graph.layers.iter().map(|(_, heads)| heads.len()).max().unwrap_or(0).max(1);
    let (across, down) = (plane.width / most as f32, plane.height / n as f32);
    let place = |(layer, head): (usize, usize)| {
        [plane.x + (head as f32 + 0.5) * across, plane.y + (layer as f32 + 0.5) * down]
    };
    let sizes = || graph.links.iter().map(|(_, value)| value.abs());
    let (high, low) = (sizes().fold(f64::MIN_POSITIVE, f64::max), sizes().fold(f64::INFINITY, f64::min));
    for (ends, value) in &graph.links {
        let share = (value.abs() / high) as f32;
        let marked = graph.marked.is_some_and(|head| ends.contains(&head));
        let ink = if marked { tokens.accent } else { tokens.measure };
        let stroke = mix(tokens.panel, ink, 0.25 + 0.75 * share * share);
        page.line(ends.map(place).to_vec(), (0.75 + 2.5 * share * share) * size / 11.0, stroke);
    }
    let radius = (across.min(down) * 0.36).min(size * 1.5);
    let named = graph
        .layers
        .iter()
        .flat_map(|(_, heads)| heads)
        .all(|name| metrics::width(name, Face::Mono, size * 0.8) < radius * 2.0);
    for (layer, (name, heads)) in graph.layers.iter().enumerate() {
        let y = place((layer, 0))[1] + size * 0.36;
        page.text(
            Text::new(left - size, y, name.get(style.lang), size, Face::Sans, tokens.muted)
                .anchored(Anchor::End),
        );
        for (head, name) in heads.iter().enumerate() {
            let at = place((layer, head));
            let marked = graph.marked == Some((layer, head));
            page.disc(at, radius, if marked { tokens.accent } else { tokens.dim });
            page.disc(at, radius - (if marked { 2.0 } else { 1.0 }) * size / 11.0, tokens.raised);
            if named {
                let fill = if marked { tokens.accent_text } else { tokens.text };
                let text = Text::new(at[0], at[1] + size * 0.29, name.clone(), size * 0.8, Face::Mono, fill);
                page.text(text.anchored(Anchor::Middle));
            }
        }
    }
    let below = plane.bottom() + size * 1.4;
    let (n, low, high) = (graph.links.len(), number(low as f32), number(high as f32));
    let words = marks::links(&graph.quantity, (n > 0).then_some((n, &low, &high)));
    let words = metrics::elide(words.get(style.lang), Face::Sans, size, width - 2.0 * style.margin);
    page.text(Text::new(style.margin, below, words, size, Face::Sans, tokens.muted));
    around::foot(page, below + size * 0.6, strips, hook, style)
}
