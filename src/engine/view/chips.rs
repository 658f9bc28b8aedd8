//! Texts as figures: a prompt's tokens, tinted, and those of two runs aligned.

use std::cell::Cell;
use std::ops::Range;

use serde_json::{Value, json};

use super::{
    Beside, Progress, ViewAsk, ViewError, by_formula, by_formulas, compare as pairs, of_run, weight_formula,
};
use crate::analysis::compare::{self, Alignment, Edit, NextWord, Piece, pieces};
use crate::analysis::{Beneath, Predicted, Tint, heads_over, hex, predicted, received, tinted};
use crate::export::figure::bars::{Bar, Bars, percent};
use crate::export::figure::chips::{Chip, Chips, Ink, Label};
use crate::export::words::{uncapped, views};
use crate::export::{Body, Plate, Says, Table};
use crate::model::Model;
use crate::trace::{Side, Token, Trace};

/// Bytes that stand under a token, at most.
const BYTES: usize = 6;
/// Words that may follow, at most.
const NEXT: usize = 8;

/// The texts of a run, in the order in which they went in.
fn texts(trace: &Trace) -> Vec<(&'static Says, Side)> {
    match trace.spec.encoder {
        None => vec![(&views::PROMPT, Side::Target)],
        Some(_) => vec![(&views::SOURCE, Side::Source), (&views::TARGET, Side::Target)],
    }
}

pub(super) fn tokens(
    model: Option<&Model>,
    trace: &Trace,
    ask: &ViewAsk,
    progress: Progress<'_>,
) -> Result<Plate, ViewError> {
    let stopped = Cell::new(false);
    let mut watch = |done| {
        let on = progress(done);
        stopped.set(stopped.get() || on.is_break());
        on
    };
    let ink = if ask.tint == Tint::Row { Ink::Accent } else { Ink::Measure };
    let mut numbers = Vec::new();
    for (name, side) in texts(trace) {
        let known = Known::of(model, trace, side, &mut watch)?;
        let values = match ask.tint {
            Tint::Row => row(trace, ask, side)?,
            Tint::Received => tinted(None, trace, side, (Tint::Received, ask.head), &mut watch),
            tint => known.tint(tint),
        };
        let n = trace.tokens_of(side).len();
        numbers.push((name, side, values.unwrap_or_else(|| vec![None; n]), known));
    }
    if stopped.get() {
        return Err(ViewError::Cancelled);
    }
    if numbers.iter().all(|(_, _, values, _)| values.iter().all(Option::is_none)) {
        return Err(if ask.tint.is_bits() && model.is_none() {
            ViewError::NeedsModel
        } else {
            ViewError::NoTint
        });
    }
    let finite = |values: &[Option<f64>]| {
        values.iter().flatten().copied().filter(|value| value.is_finite()).fold(0.0, f64::max)
    };
    let most = numbers.iter().map(|(_, _, values, _)| finite(values)).fold(0.0, f64::max);
    let (mut all, mut rows) = (Vec::new(), Vec::new());
    for (name, side, values, known) in &numbers {
        let own = trace.tokens_of(*side);
        let chip = |(token, value): (&Token, &Option<f64>)| {
            let share =
                value.filter(|value| value.is_finite() && most > 0.0).map_or(0.0, |value| value / most);
            Chip::One(Label { text: token.shown(), note: note(token, ask.beneath), share: share as f32, ink })
        };
        all.push(((*name).clone(), own.iter().zip(values).map(chip).collect()));
        rows.extend(records(trace, (name, *side), values, known));
    }
    let (what, formula) = said(trace, ask);
    let Says { en, zh } = &what;
    let chips = Chips { texts: all, legend: Some((what.clone(), ink, most)), lists: Vec::new() };
    let columns = vec!["text", "token", "token_text", "id", "bytes", "tint", "received", "loss", "entropy"];
    let says = Says::new(
        format!("Tokens of the prompt, tinted by {},", uncapped(en)),
        format!("提示词的词元，按{zh}着色"),
    );
    let title = (views::TOKENS.clone(), views::TOKENS_FOOT.clone());
    let plate = of_run(trace, title, says, Body::Chips(chips), Table { columns, rows });
    Ok(by_formula(plate, formula))
}

/// The weight that the pinned row gives each token of a text; none where its keys are of the other one.
fn row(trace: &Trace, ask: &ViewAsk, side: Side) -> Result<Option<Vec<Option<f64>>>, ViewError> {
    let cell = ask.cell(trace)?;
    if trace.spec.blocks[cell.head.layer].part.columns() != side {
        return Ok(None);
    }
    let row = trace.pattern(cell.head).row(cell.query);
    Ok(Some(row.into_iter().map(|weight| Some(f64::from(weight))).collect()))
}

fn note(token: &Token, beneath: Beneath) -> String {
    match beneath {
        Beneath::Nothing => String::new(),
        Beneath::Ids => token.id.to_string(),
        Beneath::Bytes => hex(token, BYTES),
    }
}

/// What the run says of one text's tokens, worked out once.
struct Known {
    /// Attention received from all heads; none where no head looks at this text.
    received: Option<Vec<f64>>,
    /// Where the model says what follows.
    predicted: Predicted,
}

impl Known {
    fn of(
        model: Option<&Model>,
        trace: &Trace,
        side: Side,
        progress: Progress<'_>,
    ) -> Result<Self, ViewError> {
        let heads = heads_over(trace, side);
        let mass = received(trace, &heads, side, progress).ok_or(ViewError::Cancelled)?;
        let network = model.map(|model| &model.network).filter(|_| side == Side::Target);
        let predicted = network.and_then(|network| predicted(network, trace, progress)).unwrap_or_default();
        Ok(Self { received: (!heads.is_empty()).then_some(mass), predicted })
    }

    /// The numbers of a tint that is of all heads, or of what follows.
    fn tint(&self, tint: Tint) -> Option<Vec<Option<f64>>> {
        let some = |values: &Vec<f64>| values.iter().copied().map(Some).collect();
        let values: Option<Vec<Option<f64>>> = match tint {
            Tint::ReceivedAll => self.received.as_ref().map(some),
            Tint::Loss => Some(self.predicted.loss.clone()),
            Tint::Entropy => Some(some(&self.predicted.entropy)),
            Tint::Row | Tint::Received => None,
        };
        values.filter(|values| !values.is_empty())
    }
}

/// A record a token, with everything that is known of it.
fn records(
    trace: &Trace,
    (name, side): (&Says, Side),
    tint: &[Option<f64>],
    Known { received, predicted }: &Known,
) -> Vec<Vec<Value>> {
    let Predicted { loss, entropy } = predicted;
    let record = |(index, token): (usize, &Token)| {
        vec![
            json!(name.en.to_lowercase()),
            json!(index),
            json!(token.text),
            json!(token.id),
            json!(hex(token, usize::MAX)),
            json!(tint.get(index).copied().flatten()),
            json!(received.as_ref().and_then(|mass| mass.get(index))),
            json!(loss.get(index).copied().flatten()),
            json!(entropy.get(index)),
        ]
    };
    trace.tokens_of(side).iter().enumerate().map(record).collect()
}

/// What a tint says, and by which formula.
fn said(trace: &Trace, ask: &ViewAsk) -> (Says, Says) {
    let head = trace.spec.head_name(ask.head);
    match ask.tint {
        Tint::Row => {
            let query = ask.cell(trace).map_or(0, |cell| cell.query);
            let text = trace.query_tokens(ask.head.layer).get(query).map_or_else(String::new, Token::shown);
            (views::tint_row(query, &text, &head), weight_formula(trace, ask.head.layer))
        }
        Tint::Received => (views::tint_received(&head), "1/|Q_k|·Σ_{q∈Q_k} A[q,k]".into()),
        Tint::ReceivedAll => {
            (views::TINT_RECEIVED_ALL.clone(), "1/|H|·Σ_h 1/|Q_k|·Σ_{q∈Q_k} A_h[q,k]".into())
        }
        Tint::Loss => (
            views::TINT_LOSS.clone(),
            Says::new("−log₂ p(token | all before it)", "−log₂ p(词元 | 之前的一切)"),
        ),
        Tint::Entropy => (views::TINT_ENTROPY.clone(), "−Σ p·log₂ p".into()),
    }
}

/// One place of the strip of two texts.
fn chip(piece: &Piece) -> Chip {
    if piece.folded > 0 {
        return Chip::Folded(piece.folded);
    }
    let share = if piece.alike { 0.0 } else { 0.7 };
    let label = |text: &str, ink| Label { text: text.to_owned(), note: String::new(), share, ink };
    let own = piece.a.as_ref().map(|(_, text)| label(text, Ink::First));
    match own {
        Some(own) if piece.same => Chip::One(own),
        own => Chip::Two([own, piece.b.as_deref().map(|text| label(text, Ink::Second))]),
    }
}

/// A record for every pair, and for every token that only one run has.
fn edits(name: &Says, alignment: &Alignment, [a, b]: [&[Token]; 2]) -> Vec<Vec<Value>> {
    let text = |tokens: &[Token], range: &Range<usize>| {
        tokens[range.clone()].iter().map(|token| token.text.as_str()).collect::<String>()
    };
    let record = |first: Option<Range<usize>>, second: Option<Range<usize>>, same: bool| {
        vec![
            json!(name.en.to_lowercase()),
            json!(first.as_ref().map(|range| range.start)),
            json!(first.map(|range| text(a, &range))),
            json!(second.as_ref().map(|range| range.start)),
            json!(second.map(|range| text(b, &range))),
            json!(same),
        ]
    };
    let each = |range: Range<usize>| range.map(|token| token..token + 1);
    let mut rows = Vec::new();
    for edit in alignment.edits() {
        match edit {
            Edit::Pair(index) => {
                let pair = &alignment.pairs[index];
                rows.push(record(Some(pair.a.clone()), Some(pair.b.clone()), pair.same));
            }
            Edit::Deleted(range) => rows.extend(each(range).map(|token| record(Some(token), None, false))),
            Edit::Inserted(range) => rows.extend(each(range).map(|token| record(None, Some(token), false))),
        }
    }
    rows
}

pub(super) fn aligned(a: &Trace, ask: &ViewAsk, progress: Progress<'_>) -> Result<Plate, ViewError> {
    let Beside::Second(_, b) = &ask.beside else { return Err(ViewError::Missing("aligned")) };
    let comparison = compare::compare(a, b, progress)?;
    let (mut all, mut rows) = (Vec::new(), Vec::new());
    for (name, side) in texts(a) {
        let alignment = comparison.alignment(side);
        if alignment.lengths == [0, 0] {
            continue;
        }
        let own = [a.tokens_of(side), b.tokens_of(side)];
        let places = pieces(alignment, own);
        all.push((
            views::aligned(name, alignment.pairs.len(), alignment.lengths),
            places.iter().map(chip).collect(),
        ));
        rows.extend(edits(name, alignment, own));
    }
    if all.is_empty() {
        return Err(ViewError::Empty);
    }
    let mut lists = Vec::new();
    let next = &comparison.next;
    let words: Vec<&NextWord> = next.words.iter().take(NEXT).collect();
    for (name, of) in [(&views::NEXT_A, 0), (&views::NEXT_B, 1)] {
        let p = |word: &NextWord| [word.a, word.b][of];
        let bar = |word: &&NextWord| Bar {
            name: crate::model::shown(&word.text).into(),
            value: f64::from(p(word).unwrap_or(0.0)),
            label: p(word).map_or_else(|| "–".to_owned(), |p| percent(f64::from(p), 2)),
            faint: false,
        };
        if !words.is_empty() {
            let bars = words.iter().map(bar).collect();
            lists.push((
                name.clone(),
                Bars { bars, quantity: views::PROBABILITY.clone(), sums: false, wide: false },
            ));
        }
    }
    let bits = next.divergence.map_or_else(Says::default, |bits| {
        Says::new(
            format!(" The answers differ by {bits:.4} bits (Jensen–Shannon divergence)."),
            format!("两次回答相差 {bits:.4} 比特（Jensen–Shannon 散度）。"),
        )
    });
    let says = Says::new(
        "Tokens of two runs, aligned (Myers 1986): what both have once, what differs as A's over B's; first run",
        "两次运行的词元，已对齐（Myers 1986）：相同的写一次，不同的 A 在上、B 在下（此为第一次运行）",
    );
    let columns = vec!["text", "token_a", "text_a", "token_b", "text_b", "same"];
    let title = (views::ALIGNED.clone(), views::TOKENS_FOOT.clone());
    let body = Body::Chips(Chips { texts: all, legend: None, lists });
    let mut plate = pairs::of_both(a, b, title, says, body, Table { columns, rows });
    plate.says.go_on(&bits);
    let divergence = "½·Σ p·log₂(p/m) + ½·Σ q·log₂(q/m), m = (p + q)/2";
    Ok(by_formulas(
        plate,
        [
            (Says::new("alignment", "对齐"), Says::new("min(inserted + deleted)", "min(插入 + 删除)")),
            (Says::new("divergence", "散度"), divergence.into()),
        ],
    ))
}
