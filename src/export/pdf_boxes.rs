//! Characters that no outline font of this machine draws, emoji above all: a box of the letter's size with the code point
//! in it, so that a page says which character it was.

use std::collections::HashMap;

use pdf_writer::Content;
use resvg::usvg;
use resvg::usvg::fontdb;
use skrifa::{FontRef, GlyphId, MetadataProvider as _};

use super::pdf_text::Run;

/// Width and height of a box and size of its digits, of the font size.
const WIDE: f32 = 0.6;
const HIGH: f32 = 0.78;
const DIGITS: f32 = 0.3;
/// Advance of a digit, of its size.
const ADVANCE: f32 = 0.6;

/// The box of one character.
pub(super) struct Boxed {
    ink: [f32; 3],
    place: usvg::Transform,
    /// Left edge, baseline, font size.
    at: [f32; 3],
}

/// Takes what cannot be drawn out of `runs`, and sets its code point there in small digits; their boxes come back.
pub(super) fn boxed(faces: &fontdb::Database, runs: &mut Vec<Run>) -> Vec<Boxed> {
    let mut known = HashMap::new();
    let (mut boxes, mut digits) = (Vec::new(), Vec::new());
    for run in runs.iter_mut() {
        let font = run.font;
        let drawn = |glyph: u16, known: &mut HashMap<_, bool>| {
            glyph != 0 && *known.entry((font, glyph)).or_insert_with(|| has_outline(faces, font, glyph))
        };
        let (kept, lost): (Vec<_>, Vec<_>) =
            std::mem::take(&mut run.glyphs).into_iter().partition(|(glyph, ..)| drawn(*glyph, &mut known));
        run.glyphs = kept;
        for (_, x, text) in lost {
            // What only joins or colours the character before it has no box of its own
            let Some(c) = text.chars().find(|c| !matches!(*c as u32, 0x200d | 0xfe00..=0xfe0f)) else {
                continue;
            };
            boxes.push(Boxed { ink: run.ink, place: run.place, at: [x, run.baseline, run.size] });
            digits.extend(set(faces, run, x, c));
        }
    }
    runs.retain(|run| !run.glyphs.is_empty());
    runs.extend(digits);
    boxes
}

/// Whether a font draws a glyph by its outline: fonts of coloured pictures do not.
fn has_outline(faces: &fontdb::Database, font: fontdb::ID, glyph: u16) -> bool {
    let drawn = |data: &[u8], index| {
        let font = FontRef::from_index(data, index).ok()?;
        font.outline_glyphs().get(GlyphId::new(u32::from(glyph)))?;
        Some(())
    };
    faces.with_face_data(font, |data, index| drawn(data, index).is_some()).unwrap_or(false)
}

/// A code point in two lines of digits: `1F6` over `42`.
fn set(faces: &fontdb::Database, run: &Run, x: f32, c: char) -> Vec<Run> {
    let Some(mono) = faces.faces().find(|face| face.post_script_name.starts_with("JetBrainsMono")) else {
        return Vec::new();
    };
    let text = format!("{:04X}", c as u32);
    let (upper, lower) = text.split_at(text.len().div_ceil(2));
    let size = run.size * DIGITS;
    let line = |(text, up): (&str, f32)| {
        let left = x + (run.size * WIDE - text.len() as f32 * size * ADVANCE) / 2.0;
        let number = |data: &[u8], index: u32| {
            let font = FontRef::from_index(data, index).ok()?;
            let glyph = |(place, c): (usize, char)| {
                let glyph = u16::try_from(font.charmap().map(c)?.to_u32()).ok()?;
                Some((glyph, left + place as f32 * size * ADVANCE, c.to_string()))
            };
            text.chars().enumerate().map(glyph).collect::<Option<Vec<_>>>()
        };
        let glyphs = faces.with_face_data(mono.id, number).flatten()?;
        let baseline = run.baseline - run.size * up;
        Some(Run { font: mono.id, size, ink: run.ink, place: run.place, baseline, glyphs })
    };
    [(upper, 0.42), (lower, 0.09)].into_iter().filter_map(line).collect()
}

impl Boxed {
    /// Its outline.
    pub(super) fn draw(&self, content: &mut Content) {
        let ([red, green, blue], [x, baseline, size]) = (self.ink, self.at);
        let usvg::Transform { sx, ky, kx, sy, tx, ty } = self.place;
        content.save_state().transform([sx, ky, kx, sy, tx, ty]).set_stroke_rgb(red, green, blue);
        content.set_line_width(size * 0.04);
        let (wide, high) = (size * WIDE, size * HIGH);
        content.rect(x + size * 0.02, baseline - high + size * 0.04, wide - size * 0.04, high);
        content.stroke().restore_state();
    }
}
