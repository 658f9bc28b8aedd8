//! A text as a strip of tokens, wrapped like text.

use crate::export::words::{Says, marks};

use super::drawing::{Area, Drawing, Face, Text};
use super::metrics;
use super::style::Style;

/// Lines at most; what follows is counted.
const LINES: usize = 6;
const SIZE: f32 = 11.0;
const HEIGHT: f32 = 20.0;
const GAP: f32 = 4.0;
const PADDING: f32 = 5.0;

/// A text to show.
#[derive(Clone, Debug)]
pub struct Strip {
    /// What it is: `PROMPT`.
    pub title: &'static Says,
    /// Its tokens as shown.
    pub tokens: Vec<String>,
}

/// Draws the tokens within `width` from (`x`, `y`) on; returns the lower edge.
pub(crate) fn draw(page: &mut Drawing, (x, y): (f32, f32), width: f32, strip: &Strip, style: &Style) -> f32 {
    let (tokens, colors) = (&strip.tokens, style.theme.tokens());
    let title = marks::strip(strip.title, tokens.len());
    page.text(Text::new(x, y + 8.0, title.get(style.lang), 11.0, Face::Sans, colors.muted));
    let top = y + 20.0;
    let (mut left, mut line) = (x, 0);
    for (index, token) in tokens.iter().enumerate() {
        let text = metrics::elide(token, Face::Mono, SIZE, width - 2.0 * PADDING);
        let chip = metrics::width(&text, Face::Mono, SIZE) + 2.0 * PADDING;
        let last_line = line + 1 == LINES && index + 1 < tokens.len();
        let room = if last_line { width - 96.0 } else { width };
        if left + chip > x + room && left > x {
            if line + 1 == LINES {
                let rest = marks::more_tokens(tokens.len() - index);
                let rest = rest.get(style.lang);
                page.text(Text::new(left + GAP, baseline(top, line), rest, SIZE, Face::Sans, colors.muted));
                break;
            }
            (left, line) = (x, line + 1);
        }
        let area = Area::new(left, top + line as f32 * (HEIGHT + GAP), chip, HEIGHT);
        page.rect(area, 3.0, colors.raised);
        page.text(Text::new(left + PADDING, baseline(top, line), text, SIZE, Face::Mono, colors.text));
        left += chip + GAP;
    }
    top + (line + 1) as f32 * (HEIGHT + GAP) - GAP
}

fn baseline(top: f32, line: usize) -> f32 {
    top + line as f32 * (HEIGHT + GAP) + HEIGHT / 2.0 + SIZE * 0.36
}
