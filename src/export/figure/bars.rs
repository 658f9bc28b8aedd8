//! The layout of named numbers: a bar for each, from the middle to either side where some are negative.

use crate::export::words::{Says, marks};
use crate::render::{Rgba, mix};

use super::drawing::{Anchor, Area, Drawing, Face, Text};
use super::strip::Strip;
use super::style::Style;
use super::{around, legend, metrics};

/// Bars on a page, at most; the smallest of the others are one bar, `rest`.
const MOST: usize = 40;
/// Height of a line, in font sizes.
const LINE: f32 = 1.7;
/// Width of a page that is not told, in font sizes.
const PAGE: f32 = 52.0;
/// Room for a name, in font sizes, at most.
const NAME: f32 = 14.0;

/// A named number.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// Its name.
    pub name: Says,
    /// The number.
    pub value: f64,
    /// How it is written.
    pub label: String,
    /// Whether it stands back: candidates that sampling cuts off.
    pub faint: bool,
}

/// Numbers in the order in which they stand.
#[derive(Clone, Debug, PartialEq)]
pub struct Bars {
    /// The numbers.
    pub bars: Vec<Bar>,
    /// What a number is.
    pub quantity: Says,
    /// Whether they add up: those that have no line of their own are one line together.
    pub sums: bool,
    /// Whether names are long: pairs of words.
    pub wide: bool,
}

/// The bars that are drawn: all, or the largest in their order and what the others make together, `most` in all.
fn drawn(bars: &Bars, most: usize) -> Vec<Bar> {
    if bars.bars.len() <= most {
        return bars.bars.clone();
    }
    let mut by_size: Vec<usize> = (0..bars.bars.len()).collect();
    by_size.sort_by(|&a, &b| bars.bars[b].value.abs().total_cmp(&bars.bars[a].value.abs()));
    let (shown, rest) = by_size.split_at(most - 1);
    let mut shown = shown.to_vec();
    shown.sort_unstable();
    let mut all: Vec<Bar> = shown.into_iter().map(|index| bars.bars[index].clone()).collect();
    let sum: f64 = rest.iter().map(|&index| bars.bars[index].value).sum();
    let name = marks::more(rest.len());
    let label = if bars.sums { signed(sum) } else { String::new() };
    all.push(Bar { name, value: if bars.sums { sum } else { 0.0 }, label, faint: true });
    all
}

/// A number with its sign.
pub fn signed(value: f64) -> String {
    format!("{value:+.3}").replace('-', "−")
}

/// A probability from 0 to 1 in percent; what so many decimals leave nothing of is not shown as nothing.
pub fn percent(p: f64, decimals: usize) -> String {
    let least = 0.1_f64.powi(i32::try_from(decimals).unwrap_or(0));
    let percent = p * 100.0;
    if percent > 0.0 && percent < least / 2.0 {
        return format!("< {least:.decimals$} %");
    }
    format!("{percent:.decimals$} %")
}

/// Lays them out on a page.
pub fn layout(
    bars: &Bars,
    (title, subtitle, hook): (&str, &str, &str),
    strips: &[Strip],
    style: &Style,
) -> Drawing {
    let width = style.width.unwrap_or(PAGE * style.text);
    let (mut page, y) = around::page(width, title, subtitle, style);
    let area = Area::new(style.margin, y, width - 2.0 * style.margin, style.height - style.margin - y);
    let y = stack(&mut page, area, bars, style);
    around::foot(page, y, strips, hook, style)
}

/// Several lists, each under its name and in a scale of its own: one below the other, on a page wider than high side by
/// side.
pub fn layout_lists(
    lists: &[(Says, Bars)],
    (title, subtitle, hook): (&str, &str, &str),
    strips: &[Strip],
    style: &Style,
) -> Drawing {
    let (tokens, size) = (style.theme.tokens(), style.text);
    let width = style.width.unwrap_or(PAGE * size);
    let (mut page, top) = around::page(width, title, subtitle, style);
    let (n, gap) = (lists.len().max(1) as f32, size * 2.0);
    let (wide, high) = (width - 2.0 * style.margin, style.height - style.margin - top);
    let beside = style.height < width;
    // Side by side longer names get more of the width
    let needs: Vec<f32> = lists.iter().map(|(_, bars)| need(bars, style)).collect();
    let room = wide - gap * (n - 1.0);
    let (mut x, mut y) = (style.margin, top);
    for (place, (name, bars)) in lists.iter().enumerate() {
        let area = if beside {
            let own = room * needs[place] / needs.iter().sum::<f32>().max(1.0);
            let area = Area::new(x, top, own, high);
            x += own + gap;
            area
        } else {
            Area::new(style.margin, y, wide, high / n - size * 0.6)
        };
        let name = metrics::elide(name.get(style.lang), Face::Strong, size * 1.1, area.width);
        page.text(Text::new(area.x, area.y + size * 1.2, name, size * 1.1, Face::Strong, tokens.text));
        let below = Area { y: area.y + size * 2.0, height: area.height - size * 2.0, ..area };
        let end = stack(&mut page, below, bars, style);
        y = if beside { y.max(end) } else { end + size * 0.6 };
    }
    around::foot(page, y, strips, hook, style)
}

/// The longest name and number of a list, and what its bars take.
fn need(bars: &Bars, style: &Style) -> f32 {
    let size = style.text;
    let width = |text: &str| metrics::width(text, Face::Mono, size);
    let longest = |of: &dyn Fn(&Bar) -> f32| bars.bars.iter().map(of).fold(0.0, f32::max);
    let names = longest(&|bar| width(bar.name.get(style.lang))).min(NAME * 1.6 * size);
    names + longest(&|bar| width(&bar.label)) + 6.0 * size
}

/// Draws the bars that there is room for in `area`, from its top on; returns where what follows may begin.
pub(crate) fn stack(page: &mut Drawing, area: Area, bars: &Bars, style: &Style) -> f32 {
    let (tokens, size, top) = (style.theme.tokens(), style.text, area.y);
    let least_and_most = |bars: &[Bar]| {
        let most = bars.iter().fold(0.0_f64, |most, bar| most.max(bar.value.abs())).max(f64::MIN_POSITIVE);
        (if bars.iter().any(|bar| bar.value < 0.0) { -most } else { 0.0 }, most)
    };
    let said = |(least, most): (f64, f64)| {
        let words = marks::bars(&bars.quantity, &legend::number(least as f32), &legend::number(most as f32));
        metrics::wrap(words.get(style.lang), Face::Sans, size, area.width, 2)
    };
    // Those that are left out are no greater, and make no line more
    let below = (0.6 + 1.4 * said(least_and_most(&bars.bars)).len() as f32) * size;
    let room = ((area.height - below) / (LINE * size)).max(3.0);
    let all = drawn(bars, MOST.min(room as usize));
    let (left, right) = (area.x, area.right());
    let longest = |texts: &mut dyn Iterator<Item = &str>| {
        texts.map(|text| metrics::width(text, Face::Mono, size)).fold(0.0, f32::max)
    };
    let room = (NAME * size * if bars.wide { 1.6 } else { 1.0 })
        .min(area.width * if bars.wide { 0.6 } else { 0.45 });
    let names = longest(&mut all.iter().map(|bar| bar.name.get(style.lang))).min(room) + size;
    let numbers = longest(&mut all.iter().map(|bar| &*bar.label)) + size;
    let track = Area::new(left + names, 0.0, (area.width - names - numbers).max(size), 0.0);
    let (least, most) = least_and_most(&all);
    let negative = least < 0.0;
    let (zero, reach) =
        if negative { (track.x + track.width / 2.0, track.width / 2.0) } else { (track.x, track.width) };
    let mut y = top;
    for bar in &all {
        let base = y + LINE * size * 0.68;
        let name = metrics::elide(bar.name.get(style.lang), Face::Mono, size, names - size * 0.6);
        page.text(Text::new(left, base, name, size, Face::Mono, tokens.text));
        let long = (bar.value / most) as f32 * reach;
        let area = Area::new(zero.min(zero + long), y + size * 0.3, long.abs(), size * 1.1);
        if area.width > 0.0 {
            page.rect(area, 0.0, fill(bar, style, tokens.measure));
        }
        let number = Text::new(right, base, bar.label.clone(), size, Face::Mono, tokens.text);
        page.text(number.anchored(Anchor::End));
        y += LINE * size;
    }
    page.line(vec![[zero, top], [zero, y]], 1.0, tokens.dim);
    for line in said((least, most)) {
        y += size * 1.4;
        page.text(Text::new(left, y, line, size, Face::Sans, tokens.muted));
    }
    y + size * 0.6
}

/// Red above zero and blue below, as everywhere; one colour where nothing is below.
fn fill(bar: &Bar, style: &Style, measure: Rgba) -> Rgba {
    let (series, ground) = (|index| style.theme.series(index), style.theme.tokens().panel);
    let own = match bar.label.chars().next() {
        Some('+') => series(1),
        Some('−') => series(0),
        _ => measure,
    };
    if bar.faint { mix(ground, own, 0.4) } else { own }
}
