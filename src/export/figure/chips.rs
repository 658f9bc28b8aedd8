//! The layout of texts as chips: a token each, tinted by its number, or one run's token over another's.

use crate::export::options::Lang;
use crate::export::words::{Says, marks};
use crate::render::{Raster, Rgba, mix};

use super::bars::{self, Bars};
use super::drawing::{Anchor, Area, Drawing, Face, Text};
use super::style::Style;
use super::{around, legend, metrics};

/// Width of a page that is not told, in font sizes.
const PAGE: f32 = 58.0;
/// Height of a chip's line, what is free inside it and between chips, in font sizes.
const LINE: f32 = 1.7;
const PADDING: f32 = 0.45;
const GAP: f32 = 0.35;
/// How much of its colour the greatest number gets.
const FULL: f32 = 0.55;
/// What lists below take of a page whose height is told, at most.
const LISTS: f32 = 0.45;
/// Shades of the legend's ramp.
const SHADES: usize = 64;

/// What a chip is tinted with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// The accent: weights of a row.
    Accent,
    /// A measure's.
    Measure,
    /// What the first run alone has.
    First,
    /// What the second run alone has.
    Second,
}

impl Ink {
    fn color(self, style: &Style) -> Rgba {
        match self {
            Self::Accent => style.theme.tokens().accent,
            Self::Measure => style.theme.tokens().measure,
            Self::First => style.theme.series(0),
            Self::Second => style.theme.series(1),
        }
    }
}

/// A token.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    /// What it reads.
    pub text: String,
    /// What stands under it; empty: nothing.
    pub note: String,
    /// How much of the tint it gets, in [0, 1].
    pub share: f32,
    /// Which tint.
    pub ink: Ink,
}

/// One place of a text.
#[derive(Clone, Debug, PartialEq)]
pub enum Chip {
    /// A token.
    One(Label),
    /// The first run's over the second's; either may have none.
    Two([Option<Label>; 2]),
    /// So many that are not shown.
    Folded(usize),
}

/// Texts as chips, and what stands below them.
#[derive(Clone, Debug, PartialEq)]
pub struct Chips {
    /// Each text's name and its places, in order.
    pub texts: Vec<(Says, Vec<Chip>)>,
    /// What the tint says, which one it is, and its greatest number.
    pub legend: Option<(Says, Ink, f64)>,
    /// Lists below, each under its name.
    pub lists: Vec<(Says, Bars)>,
}

/// Lays them out on a page.
pub fn layout(chips: &Chips, (title, subtitle, hook): (&str, &str, &str), style: &Style) -> Drawing {
    let size = style.text;
    let width = style.width.unwrap_or(PAGE * size);
    let (mut page, top) = around::page(width, title, subtitle, style);
    let area = Area::new(style.margin, top, width - 2.0 * style.margin, 0.0);
    let end = style.height - style.margin - if chips.legend.is_some() { size * 4.0 } else { 0.0 };
    let lists = if chips.lists.is_empty() { 0.0 } else { LISTS };
    let lowest = if end.is_finite() { top + (end - top) * (1.0 - lists) } else { f32::INFINITY };
    let named = chips.texts.len() > 1 || !chips.lists.is_empty();
    let mut y = top;
    for (place, (name, places)) in chips.texts.iter().enumerate() {
        // Texts share what room there is
        let share = y + (lowest - y) / (chips.texts.len() - place) as f32;
        if named {
            heading(&mut page, name, Area { y, ..area }, style);
            y += size * 1.8;
        }
        y = text(&mut page, places, Area { y, ..area }, share, style) + size;
    }
    if let Some((words, ink, most)) = &chips.legend {
        y = ramp(&mut page, (words.get(style.lang), *ink, *most), Area { y, ..area }, style);
    }
    // Side by side where the page is wider than high, else one below the other
    let beside = style.height < width;
    let (n, gap) = (chips.lists.len().max(1) as f32, size * 2.0);
    let wide = if beside { (area.width - gap * (n - 1.0)) / n } else { area.width };
    let (top, mut lowest) = (y, y);
    for (place, (name, list)) in chips.lists.iter().enumerate() {
        let x = area.x + if beside { place as f32 * (wide + gap) } else { 0.0 };
        let own = Area::new(x, if beside { top } else { lowest }, wide, 0.0);
        heading(&mut page, name, own, style);
        let left = if beside { 1.0 } else { n - place as f32 };
        let room = if end.is_finite() { (end - own.y) / left - size * 2.4 } else { f32::INFINITY };
        let area = Area { y: own.y + size * 1.8, height: room.max(size * 5.0), ..own };
        lowest = lowest.max(bars::stack(&mut page, area, list, style) + size * 0.6);
        y = lowest;
    }
    // The texts are what is shown
    around::foot(page, y - size * 0.4, &[], hook, style)
}

fn heading(page: &mut Drawing, name: &Says, area: Area, style: &Style) {
    let (ink, size) = (style.theme.tokens().text, style.text);
    let name = metrics::elide(name.get(style.lang), Face::Strong, size, area.width);
    page.text(Text::new(area.x, area.y + size * 1.1, name, size, Face::Strong, ink));
}

/// Draws the chips from the top of `area` on, down to `lowest`; returns where they end.
fn text(page: &mut Drawing, places: &[Chip], area: Area, lowest: f32, style: &Style) -> f32 {
    let size = style.text;
    let (gap, room) = (GAP * size, area.width);
    let widths: Vec<f32> = places.iter().map(|chip| wide(chip, room, style)).collect();
    let (mut from, mut y) = (0, area.y);
    while from < places.len() {
        let mut x = 0.0;
        let fits = |wide: &&f32| {
            x += **wide + gap;
            x - gap <= room || x - gap <= **wide
        };
        let mut to = from + widths[from..].iter().take_while(fits).count().max(1);
        let high = places[from..to].iter().map(|chip| lines(chip) * LINE * size).fold(0.0, f32::max);
        let next = y + high + gap;
        // The last line that there is room for says how many tokens follow it
        let last = to < places.len() && next + high > lowest;
        if last {
            let said = metrics::width(&more(places.len(), style.lang), Face::Sans, size) + gap;
            let used = |to: usize| widths[from..to].iter().map(|wide| wide + gap).sum::<f32>();
            while to > from && used(to) + said > room {
                to -= 1;
            }
        }
        let mut x = area.x;
        for (chip, &wide) in places[from..to].iter().zip(&widths[from..to]) {
            draw(page, chip, Area::new(x, y, wide, high), style);
            x += wide + gap;
        }
        if last {
            let muted = style.theme.tokens().muted;
            let words = more(places.len() - to, style.lang);
            page.text(Text::new(x, y + high / 2.0 + size * 0.35, words, size, Face::Sans, muted));
            return y + high;
        }
        (from, y) = (to, next);
    }
    (y - gap).max(area.y)
}

fn more(n: usize, lang: Lang) -> String {
    marks::more_tokens(n).get(lang).to_owned()
}

/// Lines of a chip: what stands under a token takes most of one.
fn lines(chip: &Chip) -> f32 {
    let own = |label: &Label| if label.note.is_empty() { 1.0 } else { 1.75 };
    match chip {
        Chip::One(label) => own(label),
        Chip::Two(both) => {
            // Where one run has nothing, its place stays
            let most = both.iter().flatten().map(own).fold(1.0, f32::max);
            2.0 * most + 0.2
        }
        Chip::Folded(_) => 1.0,
    }
}

fn wide(chip: &Chip, room: f32, style: &Style) -> f32 {
    let size = style.text;
    let label = |label: &Label| {
        let note = metrics::width(&label.note, Face::Mono, size * 0.8);
        metrics::width(&label.text, Face::Mono, size).max(note)
    };
    let own = match chip {
        Chip::One(one) => label(one),
        Chip::Two(both) => both.iter().flatten().map(label).fold(0.0, f32::max),
        Chip::Folded(n) => metrics::width(&folded(*n, style.lang), Face::Sans, size),
    };
    (own + 2.0 * PADDING * size).clamp(size * 1.4, room)
}

fn folded(n: usize, lang: Lang) -> String {
    marks::folded(n).get(lang).to_owned()
}

fn draw(page: &mut Drawing, chip: &Chip, area: Area, style: &Style) {
    let (size, tokens) = (style.text, style.theme.tokens());
    match chip {
        // In a line of pairs what is alike stands between them
        Chip::One(label) => {
            let high = lines(chip) * LINE * size;
            let y = area.y + (area.height - high) / 2.0;
            draw_label(page, label, Area { y, height: high, ..area }, style);
        }
        Chip::Two([first, second]) => {
            let high = (area.height - 0.2 * LINE * size) / 2.0;
            if let Some(label) = first {
                draw_label(page, label, Area { height: high, ..area }, style);
            }
            if let Some(label) = second {
                draw_label(page, label, Area { y: area.bottom() - high, height: high, ..area }, style);
            }
        }
        Chip::Folded(n) => {
            let base = area.y + area.height / 2.0 + size * 0.35;
            let words = Text::new(
                area.x + area.width / 2.0,
                base,
                folded(*n, style.lang),
                size,
                Face::Sans,
                tokens.muted,
            );
            page.text(words.anchored(Anchor::Middle));
        }
    }
}

fn draw_label(page: &mut Drawing, label: &Label, area: Area, style: &Style) {
    let (size, tokens) = (style.text, style.theme.tokens());
    page.rect(area, size * 0.3, mix(tokens.raised, label.ink.color(style), label.share * FULL));
    let (middle, room) = (area.x + area.width / 2.0, area.width - PADDING * size);
    let noted = !label.note.is_empty();
    let base = area.y + if noted { area.height * 0.45 } else { area.height / 2.0 + size * 0.35 };
    let shown = metrics::elide(&label.text, Face::Mono, size, room);
    page.text(Text::new(middle, base, shown, size, Face::Mono, tokens.text).anchored(Anchor::Middle));
    if noted {
        let small = size * 0.8;
        let note = metrics::elide(&label.note, Face::Mono, small, room);
        // On a strong tint what is muted would not be read
        let ink = if label.share > 0.3 { tokens.text } else { tokens.muted };
        let note = Text::new(middle, area.bottom() - size * 0.35, note, small, Face::Mono, ink);
        page.text(note.anchored(Anchor::Middle));
    }
}

/// From no tint to the strongest, with what both ends say; returns where what follows may begin.
fn ramp(page: &mut Drawing, (words, ink, most): (&str, Ink, f64), area: Area, style: &Style) -> f32 {
    let (size, tokens) = (style.text, style.theme.tokens());
    let strip = Area::new(area.x, area.y + size * 0.4, (size * 12.0).min(area.width * 0.35), size * 0.9);
    let shade =
        |index: usize| mix(tokens.raised, ink.color(style), FULL * index as f32 / (SHADES - 1) as f32);
    page.image(strip, Raster { width: SHADES, height: 1, pixels: (0..SHADES).map(shade).collect() });
    page.frame(strip, tokens.line);
    let base = strip.bottom() + size * 1.3;
    page.text(Text::new(strip.x, base, "0", size, Face::Sans, tokens.muted));
    let high = Text::new(strip.right(), base, legend::number(most as f32), size, Face::Sans, tokens.muted);
    page.text(high.anchored(Anchor::End));
    let x = strip.right() + size;
    let words = metrics::elide(words, Face::Sans, size, area.x + area.width - x);
    page.text(Text::new(x, strip.bottom(), words, size, Face::Sans, tokens.text));
    base + size
}
