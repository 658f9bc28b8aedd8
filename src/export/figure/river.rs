//! The layout of a river: layers from left to right, one band a source, its name at the right end.

use crate::export::words::Says;
use crate::render::{Rgba, ribbons};

use super::drawing::{Anchor, Area, Drawing, Face, Text};
use super::strip::Strip;
use super::style::Style;
use super::{around, metrics};

/// Size of the picture where the page's width is not told.
const WIDTH: f32 = 720.0;
const HEIGHT: f32 = 360.0;
/// Room for names at the right.
const NAMES: f32 = 190.0;

/// Shares of sources, column after column.
#[derive(Clone, Debug, PartialEq)]
pub struct River {
    /// One name a column.
    pub columns: Vec<Says>,
    /// Each band's name and its place in the row of colours, top to bottom; none: what stands back.
    pub bands: Vec<(Says, Option<usize>)>,
    /// Shares, [column, band].
    pub shares: Vec<Vec<f64>>,
}

/// Lays it out on a page.
pub fn layout(
    river: &River,
    (title, subtitle, hook): (&str, &str, &str),
    strips: &[Strip],
    style: &Style,
) -> Drawing {
    let tokens = style.theme.tokens();
    let color = |place: Option<usize>| place.map_or(tokens.dim, |place| style.theme.series(place));
    let names = style.scaled(NAMES);
    let left = style.margin + style.scaled(36.0);
    let map = match style.width {
        Some(width) => {
            let high = style.height - around::head_room(style) - style.margin - style.scaled(60.0);
            Area::new(left, 0.0, width - left - names - style.margin, high.clamp(40.0, width * 0.5))
        }
        None => Area::new(left, 0.0, WIDTH, HEIGHT),
    };
    let page_width = style.width.unwrap_or(map.right() + names + style.margin);
    let (mut page, head) = around::page(page_width, title, subtitle, style);
    let head = head + style.scaled(8.0);
    let map = Area { y: head, ..map };
    let place = |x: f32, y: f32| [map.x + x * map.width, map.y + y * map.height];
    let ribbons = ribbons::Ribbons::new(&river.shares);
    for (band, (_, fill)) in ribbons.bands.iter().zip(&river.bands) {
        let upper = band.iter().map(|&[x, upper, _]| place(x, upper));
        let lower = band.iter().rev().map(|&[x, _, lower]| place(x, lower));
        page.polygon(upper.chain(lower).collect(), color(*fill));
    }
    let ground = page_ground(&page).unwrap_or(tokens.background);
    for band in ribbons.bands.iter().skip(1) {
        // A hairline of the page between neighbours
        let half = style.scaled(0.5);
        let edge = |by: f32| move |&[x, upper, _]: &[f32; 3]| (x, upper, by);
        let line = band.iter().map(edge(-half)).chain(band.iter().rev().map(edge(half)));
        let line = line.map(|(x, y, by)| [place(x, y)[0], place(x, y)[1] + by]);
        page.polygon(line.collect(), ground);
    }
    scale(&mut page, map, &river.columns, style);
    let size = style.text;
    let mouths: Vec<f32> = ribbons.mouths().into_iter().map(|y| place(1.0, y)[1] - map.y).collect();
    let names_at = ribbons::apart(&mouths, size * 1.25, map.height);
    let last = river.shares.last();
    for (index, (name, fill)) in river.bands.iter().enumerate() {
        let y = map.y + names_at[index] + size * 0.35;
        let share = last.map_or(0.0, |shares| shares[index]);
        let number = format!("{:.1} %", share * 100.0);
        let dot = Area::new(map.right() + style.scaled(10.0), y - size * 0.7, size * 0.7, size * 0.7);
        page.rect(dot, size * 0.35, color(*fill));
        let x = dot.right() + style.scaled(6.0);
        let end = page_width - style.margin;
        let number = Text::new(end, y, number, size, Face::Sans, tokens.muted).anchored(Anchor::End);
        let name = metrics::elide(
            name.get(style.lang),
            Face::Mono,
            size,
            end - number.width() - x - style.scaled(8.0),
        );
        page.text(Text::new(x, y, name, size, Face::Mono, tokens.text));
        page.text(number);
    }
    around::foot(page, map.bottom() + style.scaled(24.0), strips, hook, style)
}

/// Shares at the left, columns below.
fn scale(page: &mut Drawing, map: Area, columns: &[Says], style: &Style) {
    let columns: Vec<&str> = columns.iter().map(|name| name.get(style.lang)).collect();
    let muted = style.theme.tokens().muted;
    for quarter in [0, 25, 50, 75, 100] {
        let y = map.y + map.height * quarter as f32 / 100.0 + style.text * 0.35;
        let text = if quarter == 0 { "0 %".to_owned() } else { quarter.to_string() };
        let x = map.x - style.scaled(8.0);
        page.text(Text::new(x, y, text, style.text, Face::Sans, muted).anchored(Anchor::End));
    }
    let gaps = columns.len().saturating_sub(1).max(1);
    let widest = columns.iter().map(|name| metrics::width(name, Face::Sans, style.text)).fold(0.0, f32::max);
    let step = ((widest + 8.0) / (map.width / gaps as f32)).ceil().max(1.0) as usize;
    for (index, name) in columns.iter().enumerate().step_by(step) {
        let x = map.x + map.width * index as f32 / gaps as f32;
        let text = Text::new(x, map.bottom() + style.text * 1.6, *name, style.text, Face::Sans, muted);
        page.text(text.anchored(Anchor::Middle));
    }
}

fn page_ground(page: &Drawing) -> Option<Rgba> {
    match page.shapes.first() {
        Some(super::drawing::Shape::Rect { fill, .. }) => Some(*fill),
        _ => None,
    }
}
