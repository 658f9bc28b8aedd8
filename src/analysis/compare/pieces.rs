//! Two aligned texts as one strip: what is alike once, what differs as A's token over B's.

use super::{Alignment, Edit};
use crate::trace::Token;

/// A run of equal tokens longer than this is folded, but for a few at its ends.
const LONG: usize = 24;
const KEPT: usize = 4;

/// One place of the strip: what A has there and what B has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// A's last token there, and what it reads
    pub a: Option<(usize, String)>,
    /// What B reads
    pub b: Option<String>,
    /// One token that reads the same
    pub same: bool,
    /// The same characters, cut otherwise
    pub alike: bool,
    /// Equal tokens that are not shown
    pub folded: usize,
}

/// The strip of one text of both runs, in order; `a` and `b`: its tokens.
pub fn pieces(alignment: &Alignment, [a, b]: [&[Token]; 2]) -> Vec<Piece> {
    let text = |tokens: &[Token]| tokens.iter().map(Token::shown).collect::<Vec<_>>().join(" ");
    let mut pieces: Vec<Piece> = Vec::new();
    for edit in alignment.edits() {
        match edit {
            Edit::Pair(index) => {
                let pair = &alignment.pairs[index];
                let (own, theirs) = (text(&a[pair.a.clone()]), text(&b[pair.b.clone()]));
                let same = own == theirs;
                let a = Some((pair.ends()[0], own));
                pieces.push(Piece { a, b: Some(theirs), same, alike: pair.same, folded: 0 });
            }
            Edit::Deleted(range) => pieces.extend(range.map(|token| Piece {
                a: Some((token, a[token].shown())),
                b: None,
                same: false,
                alike: false,
                folded: 0,
            })),
            Edit::Inserted(range) => pieces.extend(range.map(|token| Piece {
                a: None,
                b: Some(b[token].shown()),
                same: false,
                alike: false,
                folded: 0,
            })),
        }
    }
    let mut out = Vec::with_capacity(pieces.len());
    let mut rest = pieces.into_iter().peekable();
    while let Some(piece) = rest.next() {
        if !piece.same {
            out.push(piece);
            continue;
        }
        let mut run = vec![piece];
        while let Some(next) = rest.next_if(|next| next.same) {
            run.push(next);
        }
        if run.len() > LONG {
            let folded = run.len() - 2 * KEPT;
            let tail = run.split_off(run.len() - KEPT);
            run.truncate(KEPT);
            run.push(Piece { a: None, b: None, same: true, alike: true, folded });
            run.extend(tail);
        }
        out.extend(run);
    }
    out
}
