//! The layout of curves: numbers against steps, in panels that share one axis.

use super::drawing::{Anchor, Area, Drawing, Face, Text};
use super::legend::number;
use super::strip::Strip;
use super::style::Style;
use super::{around, metrics};

/// Width of a page that is not told, and height of a panel, in font sizes.
const PAGE: f32 = 60.0;
const PANEL: f32 = 15.0;

/// Curves that share what lies across.
#[derive(Clone, Debug, PartialEq)]
pub struct Curves {
    /// What lies across.
    pub across: String,
    /// From top to bottom.
    pub panels: Vec<Panel>,
    /// The place that is marked.
    pub marked: Option<f64>,
}

/// Curves in one scale, from zero.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    /// What lies up.
    pub name: String,
    /// Where the scale ends; the greatest number, where not told.
    pub top: Option<f64>,
    /// Each curve's name and points, left to right.
    pub curves: Vec<(String, Vec<[f64; 2]>)>,
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
    let left = style.margin + size * 4.0;
    let long = width - style.margin - left;
    let n = curves.panels.len().max(1) as f32;
    let free = (style.height - head - size * 6.0) / n - size * 4.2;
    let tall = (PANEL * size).min(free.max(size * 4.0));
    let points = || curves.panels.iter().flat_map(|panel| panel.curves.iter().flat_map(|(_, own)| own));
    let finite = || points().map(|point| point[0]).filter(|x| x.is_finite());
    let (first, last) = (finite().reduce(f64::min).unwrap_or(0.0), finite().reduce(f64::max).unwrap_or(1.0));
    let span = if last > first { last - first } else { 1.0 };
    let x_of = |x: f64| left + ((x - first) / span) as f32 * long;
    let mut y = head;
    for panel in &curves.panels {
        let heights = || panel.curves.iter().flat_map(|(_, own)| own).map(|point| point[1]);
        let own = heights().filter(|y| y.is_finite()).fold(f64::MIN_POSITIVE, f64::max);
        let top = panel.top.unwrap_or(own * 1.05);
        y = names(&mut page, panel, (left, y + size * 1.2), style);
        let area = Area::new(left, y + size * 0.6, long, tall);
        page.frame(area, tokens.line);
        let y_of = |value: f64| area.bottom() - ((value / top).clamp(0.0, 1.0)) as f32 * area.height;
        for (value, at) in [(top, area.y + size * 0.7), (0.0, area.bottom())] {
            let text = Text::new(left - size * 0.5, at, number(value as f32), size, Face::Sans, tokens.muted);
            page.text(text.anchored(Anchor::End));
        }
        for (index, (_, own)) in panel.curves.iter().enumerate() {
            let known = own.iter().filter(|point| point.iter().all(|x| x.is_finite()));
            let line: Vec<[f32; 2]> = known.map(|&[x, y]| [x_of(x), y_of(y)]).collect();
            let fill = style.theme.series(index);
            match line.as_slice() {
                [] => {}
                [one] => page.disc(*one, size * 0.24, fill),
                _ => page.line(line, 1.4 * size / 11.0, fill),
            }
        }
        if let Some(at) = curves.marked.filter(|at| (first..=last).contains(at)) {
            page.line(vec![[x_of(at), area.y], [x_of(at), area.bottom()]], size / 11.0, tokens.accent);
        }
        y = area.bottom() + size * 0.6;
    }
    let below = y + size;
    page.text(Text::new(left, below, number(first as f32), size, Face::Sans, tokens.muted));
    let across = metrics::elide(&curves.across, Face::Sans, size, long * 0.6);
    page.text(
        Text::new(left + long / 2.0, below, across, size, Face::Sans, tokens.muted).anchored(Anchor::Middle),
    );
    let end = Text::new(left + long, below, number(last as f32), size, Face::Sans, tokens.muted);
    page.text(end.anchored(Anchor::End));
    around::foot(page, below + size * 0.6, strips, hook, style)
}

/// What a panel shows, and its curves' names in their colours; returns the last line.
fn names(page: &mut Drawing, panel: &Panel, (left, mut y): (f32, f32), style: &Style) -> f32 {
    let (tokens, size) = (style.theme.tokens(), style.text);
    page.text(Text::new(left, y, panel.name.clone(), size, Face::Strong, tokens.text));
    let mut x = left + metrics::width(&panel.name, Face::Strong, size) + size * 1.5;
    for (index, (name, _)) in panel.curves.iter().enumerate() {
        let long = metrics::width(name, Face::Sans, size) + size * 2.4;
        if x > left && x + long > page.width - style.margin {
            (x, y) = (left, y + size * 1.5);
        }
        page.rect(Area::new(x, y - size * 0.5, size * 0.8, size * 0.3), 0.0, style.theme.series(index));
        page.text(Text::new(x + size * 1.2, y, name.clone(), size, Face::Sans, tokens.text));
        x += long;
    }
    y
}
