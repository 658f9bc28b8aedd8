//! The words of a picture: titles, legends, labels.

use crate::export::figure::strip::Strip;
use crate::export::options::Labels;
use crate::export::what::What;
use crate::model::Part;
use crate::render::{ColorMap, Quantity, Scale};
use crate::trace::{Combine, FirstToken, MapRecipe, Side, Steps, Token, Trace, Weigh, listed_changes};

/// The array's name with a star for the layer; one for each part.
pub(super) fn hooks_of_all(trace: &Trace, what: What) -> String {
    let name = |layers: &Vec<usize>| {
        let first = layers.first().copied().unwrap_or(0);
        trace.spec.hook_name(what.hook(), first).replacen(".0.", ".*.", 1)
    };
    trace.spec.parts().iter().map(|(_, layers)| name(layers)).collect::<Vec<_>>().join("  ")
}

/// What one part's layers do, over their maps.
pub(super) fn part_title(part: Part) -> &'static str {
    match part {
        Part::Only => "Self-attention",
        Part::Encoder => "Encoder · source looks at source",
        Part::Decoder => "Decoder · target looks at target",
        Part::Cross => "Cross-attention · target looks at source",
    }
}

pub(super) fn what_of(quantity: Quantity) -> What {
    match quantity {
        Quantity::Weights => What::Pattern,
        Quantity::Scores => What::Scores,
    }
}

/// What a value of `what` is, in a legend or a title.
pub(super) fn words(what: What) -> &'static str {
    match what {
        What::Pattern => "Attention weight",
        What::Scores => "Attention score",
        What::Resid => "Residual stream",
        What::ResidMid => "Residual stream after attention",
        What::AttnOut => "Added by attention",
        What::MlpOut => "Added by the MLP",
        What::MlpPre => "MLP before activation",
        What::MlpPost => "MLP after activation",
        What::Embed => "Token embedding",
        What::FinalNorm => "Input of the unembedding",
        What::Projected => "Projected onto the embedding's width",
        _ => "Value",
    }
}

/// What a cell of a map is, the first key's fate included.
pub(super) fn of_map(quantity: Quantity, recipe: &MapRecipe) -> &'static str {
    let Steps { weigh, first, .. } = recipe.steps;
    match (quantity, recipe.combine, weigh, first) {
        (Quantity::Scores, .., FirstToken::Keep) => words(What::Scores),
        (Quantity::Scores, ..) => "Attention score, first key left out",
        (_, Combine::Difference, Weigh::Weights, _) => "Difference of attention weights",
        (_, Combine::Difference, Weigh::Values, _) => "Difference of lengths ‖P·v·W_O‖",
        (.., Weigh::Weights, FirstToken::Keep) => words(What::Pattern),
        (.., Weigh::Weights, FirstToken::Hide) => "Attention weight, first key left out",
        (.., Weigh::Values, FirstToken::Keep) => "Length ‖P·v·W_O‖",
        (.., Weigh::Values, FirstToken::Hide) => "Length ‖P·v·W_O‖, first key left out",
        (.., FirstToken::Renormalise) => "Share among all keys but the first",
    }
}

/// The title of a map of one head or several.
pub(super) fn title(trace: &Trace, recipe: &MapRecipe) -> String {
    let heads = recipe.heads_name(trace);
    match (recipe.heads.len(), recipe.combine) {
        (1, _) => format!("Head {}", trace.spec.head_name(recipe.heads[0])),
        (_, Combine::Mean) => format!("Mean of heads {heads}"),
        (_, Combine::Max) => format!("Greatest of heads {heads}"),
        (_, Combine::Min) => format!("Least of heads {heads}"),
        (_, Combine::Difference) => {
            let [a, b] = [0, 1].map(|index| trace.spec.head_name(recipe.heads[index]));
            format!("Head {a} less head {b}")
        }
    }
}

pub(super) fn sheet_scale(map: ColorMap, scale: Scale) -> &'static str {
    match (scale, map.is_signed()) {
        (Scale::Linear, false) => "each map from 0 to its own maximum, first query apart",
        (Scale::Linear, true) => "each map to its own greatest magnitude",
        (Scale::Log, _) => "logarithmic, each map to its own maximum",
        (Scale::Row, _) => "each row to its own maximum",
        (Scale::Rank, _) => "by rank within each row",
    }
}

/// The model, the prompt and what was changed, in a few words.
pub fn subtitle(trace: &Trace, with_name: bool) -> String {
    let heads: Vec<usize> = (0..trace.n_layers()).map(|layer| trace.heads(layer)).collect();
    let (fewest, most) = (heads.iter().min().copied().unwrap_or(0), heads.iter().max().copied().unwrap_or(0));
    let heads = if fewest == most { most.to_string() } else { format!("{fewest}–{most}") };
    let tokens = match trace.source.len() {
        0 => trace.n_tokens().to_string(),
        n => format!("{n} → {}", trace.n_tokens()),
    };
    let size = format!("{} layers × {heads} heads · {tokens} tokens", trace.spec.layer_count());
    let changed = listed_changes(trace.interventions());
    let name = if with_name { format!("{} · ", trace.model_name) } else { String::new() };
    let changed = if changed.is_empty() { changed } else { format!(" · {changed}") };
    format!("{name}{size}{changed}")
}

/// The prompt; of an encoder–decoder model the source and the target.
pub fn strips(trace: &Trace) -> Vec<Strip> {
    let strip = |title, side| Strip { title, tokens: token_labels(trace.tokens_of(side), 0, Labels::Tokens) };
    match trace.spec.encoder {
        None => vec![strip("PROMPT", Side::Target)],
        Some(_) => vec![strip("SOURCE", Side::Source), strip("TARGET", Side::Target)],
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
