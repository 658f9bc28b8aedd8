//! The layout of ways across a plane: one for each token, with its end named where there is room.

use crate::export::words::Says;
use crate::render::{Rgba, mix};

use super::drawing::{Anchor, Area, Drawing, Face, Text};
use super::legend::number;
use super::strip::Strip;
use super::style::Style;
use super::{around, metrics};

/// Width of a page that is not told, in font sizes; the plane is this much lower than wide.
const PAGE: f32 = 62.0;
const LOW: f32 = 0.66;

/// Ways across a plane.
#[derive(Clone, Debug, PartialEq)]
pub struct Paths {
    /// Names of the ways.
    pub names: Vec<String>,
    /// `[way][stop]`: where it goes, first to last.
    pub points: Vec<Vec<[f64; 2]>>,
    /// What lies across and what lies up.
    pub axes: [Says; 2],
    /// The one that stands out.
    pub marked: Option<usize>,
    /// What the ends are coloured by, where it is something.
    pub groups: Option<Groups>,
}

/// Ways that belong together.
#[derive(Clone, Debug, PartialEq)]
pub struct Groups {
    /// Each way's group.
    pub of: Vec<usize>,
    /// Names of the groups.
    pub names: Vec<Says>,
    /// Whether they have an order: then their colours go from faint to strong.
    pub ordered: bool,
}

impl Groups {
    fn color(&self, group: usize, style: &Style) -> Rgba {
        let tokens = style.theme.tokens();
        if !self.ordered {
            return style.theme.series(group);
        }
        let last = self.names.len().saturating_sub(1).max(1);
        mix(mix(tokens.panel, tokens.dim, 0.6), tokens.measure, group as f32 / last as f32)
    }
}

/// Lays them out on a page.
pub fn layout(
    paths: &Paths,
    (title, subtitle, hook): (&str, &str, &str),
    strips: &[Strip],
    style: &Style,
) -> Drawing {
    let (tokens, size) = (style.theme.tokens(), style.text);
    let width = style.width.unwrap_or(PAGE * size);
    let (mut page, head) = around::page(width, title, subtitle, style);
    let top = head + size;
    let long = width - 2.0 * style.margin;
    let (low, high) = bounds(paths);
    let span = |axis: usize| format!("{} … {}", number(low[axis] as f32), number(high[axis] as f32));
    let named = [0, 1]
        .map(|axis| format!("{} {}: {}", ["→", "↑"][axis], paths.axes[axis].get(style.lang), span(axis)));
    let half = long / 2.0 - size;
    // Beside one another, or below where the page is too narrow for both
    let beside = named.iter().all(|name| metrics::width(name, Face::Sans, size) <= half);
    let second = if beside { 0.0 } else { size * 1.5 };
    // What stands below: the axes' names, then the groups'
    let lines = paths.groups.as_ref().map_or(0.0, |groups| 1.8 + 1.6 * wrapped(groups, width, style));
    let room = style.height - top - style.margin - second - size * (2.2 + lines);
    let plane = Area::new(style.margin, top, long, (long * LOW).min(room.max(size * 10.0)));
    page.frame(plane, tokens.line);
    let inner = |share: f64, from: f32, length: f32| from + length * (0.04 + 0.92 * share as f32);
    let place = |point: &[f64; 2]| {
        let share = [0, 1].map(|axis| (point[axis] - low[axis]) / (high[axis] - low[axis]));
        [inner(share[0], plane.x, plane.width), inner(1.0 - share[1], plane.y, plane.height)]
    };
    let faint = mix(tokens.panel, tokens.dim, 0.5);
    let others = (0..paths.points.len()).filter(|&way| paths.marked != Some(way));
    for way in others.chain(paths.marked) {
        let marked = paths.marked == Some(way);
        let Some(points) = paths.points.get(way) else { continue };
        let (thick, stroke) = if marked { (2.0, tokens.accent) } else { (1.0, faint) };
        page.line(points.iter().map(place).collect(), thick * size / 11.0, stroke);
        if let Some(end) = points.last() {
            let group = paths
                .groups
                .as_ref()
                .and_then(|groups| groups.of.get(way).map(|&group| groups.color(group, style)));
            let fill = if marked { tokens.accent } else { group.unwrap_or(tokens.measure) };
            page.disc(place(end), size * 0.24, fill);
        }
    }
    let mut taken: Vec<Area> = Vec::new();
    for way in paths.marked.into_iter().chain(0..paths.points.len()) {
        let (Some(end), Some(name)) = (paths.points[way].last(), paths.names.get(way)) else { continue };
        let [x, y] = place(end);
        let name = metrics::elide(name, Face::Mono, size, size * 9.0);
        let long = metrics::width(&name, Face::Mono, size);
        // At the right edge a name stands before its end
        let left = if x + long + size > plane.right() { x - long - size * 0.6 } else { x + size * 0.6 };
        let own = Area::new(left, y - size * 0.5, long, size);
        let free = taken.iter().all(|other| {
            own.right() < other.x || other.right() < own.x || own.bottom() < other.y || other.bottom() < own.y
        });
        if free && left >= plane.x {
            taken.push(own);
            let fill = if paths.marked == Some(way) { tokens.accent_text } else { tokens.text };
            page.text(Text::new(left, y + size * 0.36, name, size, Face::Mono, fill));
        }
    }
    let below = plane.bottom() + size * 1.6;
    let [across, up] =
        named.map(|name| metrics::elide(&name, Face::Sans, size, if beside { half } else { plane.width }));
    page.text(Text::new(plane.x, below, across, size, Face::Sans, tokens.muted));
    let below = below + second;
    let up = if beside {
        Text::new(plane.right(), below, up, size, Face::Sans, tokens.muted).anchored(Anchor::End)
    } else {
        Text::new(plane.x, below, up, size, Face::Sans, tokens.muted)
    };
    page.text(up);
    let below = paths.groups.as_ref().map_or(below, |groups| legend(&mut page, below, groups, style));
    around::foot(page, below + size * 0.6, strips, hook, style)
}

/// Lines of the groups' names beyond the first.
fn wrapped(groups: &Groups, width: f32, style: &Style) -> f32 {
    let (mut x, mut lines) = (style.margin, 0.0);
    for name in &groups.names {
        let long = metrics::width(name.get(style.lang), Face::Sans, style.text) + style.text * 2.4;
        if x > style.margin && x + long > width - style.margin {
            (x, lines) = (style.margin, lines + 1.0);
        }
        x += long;
    }
    lines
}

/// Names of the groups beside their colours, wrapped like text; returns the last line.
fn legend(page: &mut Drawing, below: f32, groups: &Groups, style: &Style) -> f32 {
    let (tokens, size) = (style.theme.tokens(), style.text);
    let (mut x, mut y) = (style.margin, below + size * 1.8);
    for (group, name) in groups.names.iter().enumerate() {
        let name = name.get(style.lang);
        let long = metrics::width(name, Face::Sans, size) + size * 2.4;
        if x > style.margin && x + long > page.width - style.margin {
            (x, y) = (style.margin, y + size * 1.6);
        }
        page.disc([x + size * 0.4, y - size * 0.34], size * 0.3, groups.color(group, style));
        page.text(Text::new(x + size, y, name, size, Face::Sans, tokens.text));
        x += long;
    }
    y
}

/// Least and greatest along both axes, never the same.
fn bounds(paths: &Paths) -> ([f64; 2], [f64; 2]) {
    let all = || paths.points.iter().flatten().filter(|point| point.iter().all(|x| x.is_finite()));
    let along = |axis: usize| {
        let least = all().map(|point| point[axis]).reduce(f64::min).unwrap_or(0.0);
        let most = all().map(|point| point[axis]).reduce(f64::max).unwrap_or(1.0);
        if most > least { (least, most) } else { (least - 0.5, least + 0.5) }
    };
    let ((x, right), (y, up)) = (along(0), along(1));
    ([x, y], [right, up])
}
