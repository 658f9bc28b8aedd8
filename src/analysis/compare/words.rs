//! What two runs would say next.

use super::heads::jensen_shannon;
use crate::analysis::shift::shifts;
use crate::model::probabilities;
use crate::trace::{CANDIDATES, Candidate, Trace};

/// A word and its probability in either run.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct NextWord {
    /// What it reads
    pub text: String,
    /// Its probability in A; `None` where A's model has other words and does not count it among its likeliest
    pub a: Option<f32>,
    /// Its probability in B, likewise
    pub b: Option<f32>,
}

/// The answers of two runs beside each other.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct NextWords {
    /// Those that lead either answer, by the greater of their probabilities; empty where a model gives none
    pub words: Vec<NextWord>,
    /// Jensen–Shannon divergence of the two answers in bits, in [0, 1] (Lin 1991); `None` of different vocabularies
    pub divergence: Option<f64>,
}

impl NextWords {
    pub(super) fn new(a: &Trace, b: &Trace) -> Self {
        if a.next.is_empty() || b.next.is_empty() {
            return Self::default();
        }
        if one_vocabulary(a, b) {
            let word = |shift: super::super::Shift| NextWord {
                text: shift.text,
                a: Some(shift.before),
                b: Some(shift.after),
            };
            let words = shifts(a, b, CANDIDATES).into_iter().map(word).collect();
            return Self { words, divergence: Some(divergence(a.answer_logits(), b.answer_logits())) };
        }
        let of = |list: &[Candidate], text: &str| list.iter().find(|own| own.text == text).map(|own| own.p);
        let mut words: Vec<NextWord> = Vec::new();
        for candidate in a.next.iter().chain(b.next.iter()) {
            if words.iter().all(|word| word.text != candidate.text) {
                let (a, b) = (of(&a.next, &candidate.text), of(&b.next, &candidate.text));
                words.push(NextWord { text: candidate.text.clone(), a, b });
            }
        }
        let greater = |word: &NextWord| word.a.unwrap_or(0.0).max(word.b.unwrap_or(0.0));
        words.sort_by(|a, b| greater(b).total_cmp(&greater(a)));
        words.truncate(CANDIDATES);
        Self { words, divergence: None }
    }
}

/// Whether ids mean the same in both: there are as many, and those that lead both answers read alike.
fn one_vocabulary(a: &Trace, b: &Trace) -> bool {
    let (own, theirs) = (a.answer_logits(), b.answer_logits());
    let text = |id: u32| b.next.iter().find(|other| other.id == id).map(|other| &other.text);
    let known = |trace: &Trace, id: u32| trace.tokens.iter().find(|t| t.id == id).map(|t| t.text.clone());
    let alike = a.next.iter().all(|own| text(own.id).is_none_or(|theirs| *theirs == own.text));
    let same = a.tokens.iter().all(|own| known(b, own.id).is_none_or(|theirs| theirs == own.text));
    !own.is_empty() && own.len() == theirs.len() && alike && same
}

fn divergence(a: &[f32], b: &[f32]) -> f64 {
    let (a, b) = (probabilities(a, 1.0), probabilities(b, 1.0));
    jensen_shannon(a.into_iter().zip(b))
}
