//! How wide text runs, without asking a font: upper estimates that hold for the embedded faces and their usual kin.

use super::drawing::Face;

/// Height of letters above the baseline, per font size.
pub(crate) const ASCENT: f32 = 0.78;
/// Depth of letters below the baseline, per font size.
pub(crate) const DESCENT: f32 = 0.22;
/// Advance of every Latin, Greek and Cyrillic letter in Hack, `DejaVu` Sans Mono and Menlo, per font size.
const MONO: f32 = 0.603;

/// Advances of Ubuntu Light, hundredths of the font size, from space to tilde.
const SANS: [u8; 95] = [
    23, 27, 39, 65, 56, 83, 65, 24, 31, 31, 47, 56, 25, 28, 25, 36, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56,
    25, 25, 56, 56, 56, 38, 94, 64, 63, 61, 70, 56, 52, 66, 69, 25, 49, 60, 50, 86, 71, 77, 59, 77, 62, 52,
    55, 68, 62, 92, 61, 57, 56, 31, 36, 31, 56, 49, 38, 51, 58, 46, 58, 55, 38, 57, 57, 24, 24, 50, 26, 86,
    57, 58, 58, 58, 37, 43, 39, 57, 48, 78, 50, 47, 46, 32, 26, 32, 56,
];

/// Width of `text` at font size `size`.
pub(crate) fn width(text: &str, face: Face, size: f32) -> f32 {
    text.chars().map(|c| advance(c, face)).sum::<f32>() * size
}

/// `text`, or its beginning with an ellipsis where it is wider than `room`.
pub(crate) fn elide(text: &str, face: Face, size: f32, room: f32) -> String {
    if width(text, face, size) <= room {
        return text.to_owned();
    }
    let room = room - width("…", face, size);
    let mut used = 0.0;
    let kept = text.chars().take_while(|&c| {
        used += advance(c, face) * size;
        used <= room
    });
    kept.chain(['…']).collect()
}

/// Whether the embedded faces draw `c`; other characters need the system's fonts.
pub(crate) fn is_embedded(c: char) -> bool {
    matches!(c as u32, 0x20..=0x7e | 0xa0..=0x17f | 0x391..=0x3c9 | 0x401..=0x45f
        | 0x2013..=0x2014 | 0x2018..=0x201d | 0x2026 | 0x2039..=0x203a | 0x2190..=0x2193 | 0x2212 | 0x21b5)
}

fn advance(c: char, face: Face) -> f32 {
    match (face, c) {
        (Face::Mono, _) if is_embedded(c) => MONO,
        (Face::Sans, ' '..='~') => f32::from(SANS[c as usize - 0x20]) / 100.0,
        (Face::Sans, '·') => 0.25,
        (Face::Sans, _) if is_embedded(c) => 0.75,
        // From a fallback face: an em covers ideographs, kana, symbols and emoji
        _ => 1.0,
    }
}
