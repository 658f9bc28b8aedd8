//! The contact sheet: every head's map in small, layers down, heads across.

use crate::export::words::marks;
use crate::render::Raster;

use super::drawing::{Anchor, Area, Drawing, Face, Text};
use super::strip::Strip;
use super::style::Style;
use super::{around, matrix, metrics};

/// The sheet's inner width when there are heads enough to fill it.
pub(crate) const WIDTH: f32 = 1136.0;
/// Room for a layer's name.
const LEFT: f32 = 36.0;
/// The largest map.
const LARGEST: f32 = 128.0;
/// From here down there is no room for a head's name under its map.
const NAMED: f32 = 34.0;
/// Blocks of layers side by side, at most.
const MOST_BLOCKS: usize = 4;
/// What is free between them.
const BETWEEN: f32 = 12.0;
/// Maps that are closer stand a hairline apart, and have no outline, which would be more ink than they.
const CLOSE: f32 = 12.0;

/// A contact sheet before it is laid out.
#[derive(Clone, Debug)]
pub struct Sheet {
    /// The model's name.
    pub title: String,
    /// Its size and the number of tokens.
    pub subtitle: String,
    /// What all the small maps show: the array's name with a star for the layer.
    pub hook: String,
    /// What a map shows and how its values become colours.
    pub words: String,
    /// Layers that belong together; one group where the model has one stack.
    pub groups: Vec<Group>,
    /// The texts that went in.
    pub strips: Vec<Strip>,
}

/// Layers that belong together.
#[derive(Clone, Debug)]
pub struct Group {
    /// What they are, where there are others: `Cross-attention`.
    pub title: Option<String>,
    /// Rows and columns of each map.
    pub shape: (usize, usize),
    /// A line for each layer.
    pub lines: Vec<Line>,
}

/// One layer of a sheet.
#[derive(Clone, Debug)]
pub struct Line {
    /// `L3`.
    pub name: String,
    /// Each head's name and map.
    pub maps: Vec<(String, Raster)>,
}

/// Lays the sheet out on a page.
pub fn layout(sheet: &Sheet, style: &Style) -> Drawing {
    let tokens = style.theme.tokens();
    let lines = sheet.groups.iter().flat_map(|group| &group.lines);
    let down = lines.clone().count().max(1);
    let across = lines.map(|line| line.maps.len()).max().unwrap_or(1).max(1);
    let left = style.scaled(LEFT);
    let (step, blocks) = match style.width {
        Some(width) => fitting(sheet, width, (down, across), style),
        None => (((WIDTH - LEFT) / across as f32).floor().min(LARGEST + 12.0), 1),
    };
    let gap = (step * 0.1).clamp(1.0, 12.0);
    let gap = match style.width {
        None if step < CLOSE => 1.0,
        None => gap.max(2.0).floor(),
        Some(_) => gap,
    };
    let side = (step - gap).max(1.0);
    let named = side >= style.scaled(NAMED);
    let small = style.scaled(10.0);

    let width = style.width.unwrap_or((LEFT + across as f32 * step).max(480.0) + 2.0 * style.margin);
    let (mut page, head) = around::page(width, &sheet.title, &sheet.subtitle, style);
    let mut y = head + style.scaled(12.0);
    for (index, group) in sheet.groups.iter().enumerate() {
        if let Some(title) = &group.title {
            y += style.scaled(if index > 0 { 14.0 } else { 0.0 });
            let (baseline, size) = (y + style.scaled(8.0), style.scaled(12.0));
            page.text(Text::new(style.margin, baseline, title.clone(), size, Face::Strong, tokens.text));
            y += style.scaled(20.0);
        }
        let (width, height) = fitted(side, group.shape);
        let per_block = group.lines.len().div_ceil(blocks).max(1);
        let start = |block: usize| {
            style.margin + block as f32 * (left + across as f32 * step + style.scaled(BETWEEN))
        };
        if !named {
            y += style.scaled(if group.title.is_some() { 10.0 } else { 0.0 });
            for block in 0..group.lines.len().div_ceil(per_block) {
                numbers(&mut page, group, (start(block) + left + width / 2.0, y, step), style);
            }
        }
        let pitch = height + if named { style.scaled(24.0) } else { gap.max(line_room(height, style)) };
        // Names of layers, as many as lie apart
        let every = (style.text * 1.1 / pitch.max(0.1)).ceil().max(1.0) as usize;
        let every = if every == 1 { 1 } else { every.next_power_of_two() };
        for (place, line) in group.lines.iter().enumerate() {
            let (x, y) = (start(place / per_block), y + (place % per_block) as f32 * pitch);
            let middle = y + height / 2.0 + style.scaled(4.0);
            if (place % per_block).is_multiple_of(every) {
                page.text(Text::new(x, middle, &*line.name, style.text, Face::Sans, tokens.muted));
            }
            for (column, (name, raster)) in line.maps.iter().enumerate() {
                let area = Area::new(x + left + column as f32 * step, y, width, height);
                page.image(area, raster.clone());
                if step >= CLOSE {
                    matrix::outline(&mut page, area, style);
                }
                if named {
                    let name = metrics::elide(name, Face::Mono, small, side + gap - 2.0);
                    let (x, y) = (area.x + width / 2.0, area.bottom() + style.scaled(13.0));
                    let label = Text::new(x, y, name, small, Face::Mono, tokens.muted);
                    // Under a narrow map a name would run over its neighbour's, or off the page
                    let narrow = width < side / 2.0;
                    page.text(if narrow {
                        Text { x: area.x, ..label }
                    } else {
                        label.anchored(Anchor::Middle)
                    });
                }
            }
        }
        y += per_block.min(group.lines.len()) as f32 * pitch;
    }
    let words = format!("{} · {}", sheet.words, marks::DOWN_ACROSS.get(style.lang));
    for line in metrics::wrap(&words, Face::Sans, style.text, page.width - 2.0 * style.margin, 2) {
        y += style.scaled(14.0);
        page.text(Text::new(style.margin, y, line, style.text, Face::Sans, tokens.muted));
    }
    around::foot(page, y + style.scaled(4.0), &sheet.strips, &sheet.hook, style)
}

/// From map to map on a page of this width, and in how many blocks side by side layers stand: on a page wider than high
/// several show larger maps than one.
fn fitting(sheet: &Sheet, width: f32, (down, across): (usize, usize), style: &Style) -> (f32, usize) {
    let groups = if sheet.groups.len() > 1 { sheet.groups.len() as f32 * 44.0 } else { 0.0 };
    let rest = around::head_room(style) + style.margin + style.scaled(56.0 + groups);
    let left = style.scaled(LEFT);
    let step = |blocks: usize| {
        let high = (style.height - rest) / down.div_ceil(blocks) as f32;
        let named = (high - style.scaled(24.0)) / 0.9;
        // Where names have no room, they take none
        let low = if named * 0.9 >= style.scaled(NAMED) { named } else { high };
        let beside = blocks as f32 * left + (blocks - 1) as f32 * style.scaled(BETWEEN);
        let wide = (width - 2.0 * style.margin - beside) / (blocks * across) as f32;
        wide.min(low.max(2.0))
    };
    let most = if sheet.groups.len() == 1 { MOST_BLOCKS.min(down) } else { 1 };
    let all = (1..=most.max(1)).map(|blocks| (step(blocks), blocks));
    all.reduce(|best, other| if other.0 > best.0 * 1.1 { other } else { best }).unwrap_or((2.0, 1))
}

/// Above maps without a name each, the numbers of their heads, as many as lie apart.
fn numbers(page: &mut Drawing, group: &Group, (x, y, step): (f32, f32, f32), style: &Style) {
    let longest = group.lines.iter().map(|line| &line.maps).max_by_key(|maps| maps.len());
    let number = |(name, _): &(String, Raster)| name.rsplit('.').next().unwrap_or(name).to_owned();
    let numbers: Vec<String> = longest.into_iter().flatten().map(number).collect();
    let small = style.scaled(10.0);
    let widest = numbers.iter().map(|text| metrics::width(text, Face::Mono, small)).fold(0.0, f32::max);
    let apart = ((widest + small * 0.5) / step.max(0.1)).ceil().max(1.0) as usize;
    let every = if apart == 1 { 1 } else { apart.next_power_of_two() };
    for (column, text) in numbers.into_iter().enumerate().step_by(every) {
        let ink = style.theme.tokens().muted;
        let at = Text::new(x + column as f32 * step, y - style.scaled(4.0), text, small, Face::Mono, ink);
        page.text(at.anchored(Anchor::Middle));
    }
}

/// What a line of small maps lacks in height for its layer's name not to touch the next one's.
fn line_room(height: f32, style: &Style) -> f32 {
    if style.width.is_some() { style.scaled(12.0) - height } else { 0.0 }
}

/// The largest width and height up to `side` with square cells; even a single row stays visible.
fn fitted(side: f32, (rows, columns): (usize, usize)) -> (f32, f32) {
    let longest = rows.max(columns).max(1) as f32;
    let length = |cells: usize| (side * cells as f32 / longest).max((side * 0.06).max(2.0)).round();
    if rows == columns { (side, side) } else { (length(columns), length(rows)) }
}
