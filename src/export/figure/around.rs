//! What stands round a map: the page itself, the title, the prompt, and where the numbers came from.

use crate::render::{Rgba, Theme};

use super::drawing::{Anchor, Area, Drawing, Face, Shape, Text};
use super::metrics;
use super::strip::{self, Strip};
use super::style::{Around, Style};

/// A page with its heading, and where to go on below it; [`foot`] gives it its height.
pub(crate) fn page(width: f32, title: &str, subtitle: &str, style: &Style) -> (Drawing, f32) {
    let mut page = Drawing::new(width, 0.0, format!("{title}, {subtitle}"), ground(style.theme));
    heading(&mut page, title, subtitle, style);
    (page, head_room(style))
}

/// What a page stands on: paper is white.
fn ground(theme: Theme) -> Rgba {
    match theme {
        Theme::Dark => theme.tokens().background,
        Theme::Light => theme.tokens().panel,
    }
}

/// How far down what follows the heading begins.
pub(crate) fn head_room(style: &Style) -> f32 {
    match style.around {
        Around::Everything | Around::Title => style.margin + style.title * 2.4,
        Around::Nothing => style.margin,
    }
}

/// The title in the first line, what it is about in the second, where the style has them.
fn heading(page: &mut Drawing, title: &str, subtitle: &str, style: &Style) {
    if style.around != Around::Nothing {
        let (tokens, x, room) = (style.theme.tokens(), style.margin, page.width - 2.0 * style.margin);
        let small = style.title * 0.65;
        let title = metrics::elide(title, Face::Strong, style.title, room);
        let subtitle = metrics::elide(subtitle, Face::Sans, small, room);
        let y = style.margin + style.title * 0.8;
        page.text(Text::new(x, y, title, style.title, Face::Strong, tokens.text));
        page.text(Text::new(x, y + style.title * 1.1, subtitle, small, Face::Sans, tokens.muted));
    }
}

/// The texts that went in, then the array's name left and ours right, where the style has them; the page ends below.
pub(crate) fn foot(mut page: Drawing, from: f32, strips: &[Strip], hook: &str, style: &Style) -> Drawing {
    let mut y = from;
    if style.around == Around::Everything {
        let (tokens, size) = (style.theme.tokens(), style.text);
        for strip in strips {
            let room = page.width - 2.0 * style.margin;
            y = strip::draw(&mut page, (style.margin, y + 20.0), room, strip, style);
        }
        y += 32.0;
        let right = page.width - style.margin;
        let ours = Text::new(right, y, "Mnemoscope", size, Face::Sans, tokens.muted).anchored(Anchor::End);
        let room = page.width - 2.0 * style.margin - ours.width() - 16.0;
        let hook = metrics::elide(hook, Face::Mono, size, room);
        page.text(Text::new(style.margin, y, hook, size, Face::Mono, tokens.muted));
        page.text(ours);
        y -= 8.0;
    }
    page.height = y + style.margin;
    let (width, height) = (page.width, page.height);
    if let Some(Shape::Rect { area, .. }) = page.shapes.first_mut() {
        *area = Area::new(0.0, 0.0, width, height);
    }
    page
}
