//! What a picture says of its run: array names, texts, labels.

use crate::export::figure::strip::Strip;
use crate::export::options::Labels;
use crate::export::what::What;
use crate::export::words::maps;
use crate::render::Quantity;
use crate::trace::{Side, Token, Trace};

/// The array's name with a star for the layer; one for each part.
pub(super) fn hooks_of_all(trace: &Trace, what: What) -> String {
    let name = |layers: &Vec<usize>| {
        let first = layers.first().copied().unwrap_or(0);
        trace.spec.hook_name(what.hook(), first).replacen(".0.", ".*.", 1)
    };
    trace.spec.parts().iter().map(|(_, layers)| name(layers)).collect::<Vec<_>>().join("  ")
}

pub(super) fn what_of(quantity: Quantity) -> What {
    match quantity {
        Quantity::Weights => What::Pattern,
        Quantity::Scores => What::Scores,
    }
}

/// The prompt; of an encoder–decoder model the source and the target.
pub fn strips(trace: &Trace) -> Vec<Strip> {
    let strip = |title, side| Strip { title, tokens: token_labels(trace.tokens_of(side), 0, Labels::Tokens) };
    match trace.spec.encoder {
        None => vec![strip(&maps::PROMPT, Side::Target)],
        Some(_) => vec![strip(&maps::SOURCE_TEXT, Side::Source), strip(&maps::TARGET_TEXT, Side::Target)],
    }
}

/// What stands beside tokens, the first of which is the `first` of its text.
pub fn token_labels(tokens: &[Token], first: usize, labels: Labels) -> Vec<String> {
    match labels {
        Labels::Tokens | Labels::Both => tokens.iter().map(Token::shown).collect(),
        Labels::Positions => (first..first + tokens.len()).map(|position| position.to_string()).collect(),
        Labels::None => vec![String::new(); tokens.len()],
    }
}
