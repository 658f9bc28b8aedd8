//! How wide text runs, without asking a font: upper estimates that hold for the embedded faces and their usual kin.

use super::drawing::Face;

/// Height of letters above the baseline, per font size.
pub(crate) const ASCENT: f32 = 0.78;
/// Depth of letters below the baseline, per font size.
pub(crate) const DESCENT: f32 = 0.22;
/// Advance of every letter of `JetBrains` Mono, and all but that of its usual kin, per font size.
const MONO: f32 = 0.603;

/// Advances of Inter, hundredths of the font size, from space to tilde.
const SANS: [u8; 95] = [
    29, 28, 41, 64, 64, 82, 64, 23, 37, 37, 50, 66, 28, 47, 28, 36, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65,
    28, 28, 66, 66, 66, 51, 94, 68, 66, 73, 72, 60, 59, 75, 75, 27, 55, 66, 57, 89, 76, 77, 64, 77, 64, 64,
    65, 75, 68, 95, 65, 67, 63, 37, 36, 37, 47, 46, 50, 57, 63, 56, 63, 59, 37, 61, 60, 24, 24, 55, 24, 87,
    59, 60, 61, 61, 38, 53, 37, 59, 56, 82, 54, 56, 55, 37, 33, 37, 66,
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

/// `text` in lines of at most `room`, broken between words: so many at most, the last of which may be elided.
pub(crate) fn wrap(text: &str, face: Face, size: f32, room: f32, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for (space, word) in pieces(text) {
        // Beyond the last line everything is elided with it
        let full = lines.len() >= most;
        let wide = width(space, face, size) + width(word, face, size);
        match lines.last_mut().filter(|line| full || width(line, face, size) + wide <= room) {
            Some(line) => line.extend([space, word]),
            None => lines.push(word.to_owned()),
        }
    }
    lines.into_iter().map(|line| elide(&line, face, size, room)).collect()
}

/// What a line may be broken between: words, each with the space before it; ideographs are words of one letter, which
/// keep the punctuation after them.
fn pieces(text: &str) -> Vec<(&str, &str)> {
    let ideograph =
        |c: char| matches!(c as u32, 0x2e80..=0x2fff | 0x3001..=0x9fff | 0xac00..=0xd7af | 0xff00..=0xffef);
    let mut starts = vec![0];
    for ((_, before), (at, c)) in text.char_indices().zip(text.char_indices().skip(1)) {
        let bound = c == ' ' || is_open(before) == Some(true) || is_open(c) == Some(false);
        if before == ' ' || !bound && (ideograph(before) || ideograph(c)) {
            starts.push(at);
        }
    }
    starts.push(text.len());
    let mut all: Vec<(&str, &str)> = Vec::new();
    let mut space = "";
    for ends in starts.windows(2) {
        let piece = &text[ends[0]..ends[1]];
        let word = piece.strip_suffix(' ').unwrap_or(piece);
        all.push((space, word));
        space = if word.len() < piece.len() { " " } else { "" };
    }
    all
}

/// Whether punctuation opens what follows, so that no line ends with it, or closes what was, so that none begins with it.
fn is_open(c: char) -> Option<bool> {
    match c {
        '（' | '“' | '《' | '(' | '[' | '‖' => Some(true),
        '，' | '。' | '；' | '：' | '、' | '）' | '”' | '》' | '？' | '！' | ')' | ']' | ',' | '.' => {
            Some(false)
        }
        _ => None,
    }
}

/// Whether the embedded faces draw `c`; other characters need the system's fonts.
pub(crate) fn is_embedded(c: char) -> bool {
    // Line end and tab, as tokens show them, are in Inter alone
    is_mono(c) || matches!(c, '⏎' | '⇥')
}

/// Letters, punctuation and arrows that both embedded faces draw.
fn is_mono(c: char) -> bool {
    matches!(c as u32, 0x20..=0x7e | 0xa0..=0x131 | 0x134..=0x148 | 0x14a..=0x17f | 0x391..=0x3a1 | 0x3a3..=0x3c9
        | 0x401..=0x40c | 0x40e..=0x44f | 0x451..=0x45c | 0x45e..=0x45f | 0x2013..=0x2014 | 0x2018..=0x201a
        | 0x201c..=0x201e | 0x2026 | 0x2039..=0x203a | 0x2190..=0x2199 | 0x2212)
}

fn advance(c: char, face: Face) -> f32 {
    match (face, c) {
        (Face::Mono, _) if is_mono(c) => MONO,
        // Semi-bold letters are at most a tenth wider
        (Face::Strong, ' '..='~') => f32::from(SANS[c as usize - 0x20]) / 100.0 * 1.1,
        (Face::Sans, ' '..='~') => f32::from(SANS[c as usize - 0x20]) / 100.0,
        (Face::Sans, '·') => 0.3,
        // From a fallback face: an em covers ideographs, kana, symbols and emoji
        _ => 1.0,
    }
}
