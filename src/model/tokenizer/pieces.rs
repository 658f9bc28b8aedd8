//! How vocabularies spell spaces and bytes, and what a piece reads like.

/// How a vocabulary spells bytes and spaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    /// Every byte is one of 256 letters (`Ġ` is a space)
    ByteLevel,
    /// `▁` is a space, `<0xE4>` a byte
    Metaspace,
    /// `</w>` ends a word
    EndOfWord,
    /// As it reads
    Plain,
}

impl Spelling {
    /// The bytes that a piece stands for.
    pub(super) fn bytes(self, piece: &str) -> Vec<u8> {
        match self {
            Self::Plain => piece.into(),
            Self::EndOfWord => piece.strip_suffix("</w>").unwrap_or(piece).into(),
            Self::ByteLevel => {
                piece.chars().map(byte_of).collect::<Option<_>>().unwrap_or_else(|| piece.into())
            }
            Self::Metaspace => match byte_piece(piece) {
                Some(byte) => vec![byte],
                None => piece.replace('▁', " ").into(),
            },
        }
    }
}

/// Makes white space visible: a space reads `·`, a newline `⏎`, a tab `⇥`, other control characters their code.
pub fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            ' ' => out.push('·'),
            '\n' => out.push('⏎'),
            '\t' => out.push('⇥'),
            c if c.is_control() => out.extend(c.escape_default()),
            c => out.push(c),
        }
    }
    out
}

/// The bytes that [`characters`] made a text of.
pub(super) fn bytes_of(text: &str) -> Vec<u8> {
    let stray = |inner: &str| -> Option<Vec<u8>> {
        let byte = |hex: &str| u8::from_str_radix(hex, 16).ok().filter(|_| hex.len() == 2);
        inner.split(' ').map(byte).collect()
    };
    let (mut bytes, mut rest) = (Vec::new(), text);
    while let Some((before, after)) = rest.split_once('‹') {
        bytes.extend(before.as_bytes());
        let own = after.split_once('›').and_then(|(inner, after)| Some((stray(inner)?, after)));
        if let Some((own, after)) = own {
            bytes.extend(own);
            rest = after;
        } else {
            bytes.extend("‹".as_bytes());
            rest = after;
        }
    }
    bytes.extend(rest.as_bytes());
    bytes
}

/// Whole characters as they are, stray bytes as `‹E4 BD›`.
pub(super) fn characters(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            let hex: Vec<_> = chunk.invalid().iter().map(|byte| format!("{byte:02X}")).collect();
            text.extend(["‹", &hex.join(" "), "›"]);
        }
    }
    text
}

/// The byte that a letter of the byte-level alphabet stands for.
///
/// Printable Latin-1 characters stand for themselves; the other 68 bytes follow from U+0100 on, in order.
fn byte_of(letter: char) -> Option<u8> {
    let itself = |code: u32| matches!(code, 0x21..=0x7E | 0xA1..=0xAC | 0xAE..=0xFF);
    let code = u32::from(letter);
    if itself(code) {
        return u8::try_from(code).ok();
    }
    let index = code.checked_sub(0x100)? as usize;
    (0..=255_u8).filter(|&byte| !itself(u32::from(byte))).nth(index)
}

/// The byte of a piece such as `<0xE4>`.
fn byte_piece(piece: &str) -> Option<u8> {
    let hex = piece.strip_prefix("<0x")?.strip_suffix('>')?;
    u8::from_str_radix(hex, 16).ok()
}
