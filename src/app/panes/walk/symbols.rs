//! Signs for quantities, as papers write them, and numbers as cells show them.

use crate::analysis::walk::Quantity;

/// The sign of a quantity.
pub(super) fn symbol(what: Quantity) -> &'static str {
    match what {
        Quantity::Ids => "t",
        Quantity::TokenVector => "E[t]",
        Quantity::PositionVector => "P[i]",
        Quantity::SegmentVector => "S",
        Quantity::Stream => "x",
        Quantity::Standardised => "(x − μ) / σ",
        Quantity::NormScale => "σ",
        Quantity::Normed | Quantity::FinalNormed => "n",
        Quantity::ProjectedQuery => "n W_Q",
        Quantity::Query => "q",
        Quantity::ProjectedKey => "n W_K",
        Quantity::Key => "k",
        Quantity::Value | Quantity::TextVector => "v",
        Quantity::Product => "q × k",
        Quantity::RunningSum => "",
        Quantity::Score => "q · k",
        Quantity::Scaled => "q · k × scale",
        Quantity::Capped => "cap · tanh",
        Quantity::Bias => "+ B",
        Quantity::FinalScore => "score",
        Quantity::Exponential => "exp",
        Quantity::Weight | Quantity::Probability => "p",
        Quantity::SinkShare => "sink",
        Quantity::WeightedValue => "p × v",
        Quantity::HeadOutput => "z",
        Quantity::HeadResult => "z W_O",
        Quantity::AttentionOut => "a",
        Quantity::Middle => "x + a",
        Quantity::NormedMiddle => "norm(x + a)",
        Quantity::HiddenBefore => "h",
        Quantity::HiddenAfter => "act(h)",
        Quantity::MlpOut => "m",
        Quantity::After => "x′",
        Quantity::Logit => "logits",
    }
}

/// Whether its numbers are shares, from 0 on.
pub(super) fn is_share(what: Quantity) -> bool {
    matches!(what, Quantity::Weight | Quantity::Probability | Quantity::SinkShare | Quantity::Exponential)
}

/// Quantities that share their colours with another, so that they can be compared.
pub(super) fn like(what: Quantity) -> Quantity {
    match what {
        Quantity::Key | Quantity::ProjectedQuery | Quantity::ProjectedKey => Quantity::Query,
        Quantity::HeadResult
        | Quantity::AttentionOut
        | Quantity::Middle
        | Quantity::MlpOut
        | Quantity::After => Quantity::Stream,
        Quantity::PositionVector | Quantity::SegmentVector => Quantity::TokenVector,
        Quantity::NormedMiddle | Quantity::Standardised => Quantity::Normed,
        Quantity::HiddenAfter => Quantity::HiddenBefore,
        other => other,
    }
}

/// A number for a cell: two decimals where they say something; `−` as wide as a digit.
pub(super) fn short(value: f32, share: bool) -> String {
    let text = match value.abs() {
        size if !size.is_finite() => return if value.is_nan() { "NaN".to_owned() } else { infinite(value) },
        size if share && size < 0.0005 => "0".to_owned(),
        size if share && size < 0.9995 => format!("{value:.3}")[1..].to_owned(),
        size if size < 0.005 => "0.00".to_owned(),
        size if size < 10.0 => format!("{value:.2}"),
        size if size < 100.0 => format!("{value:.1}"),
        size if size < 10_000.0 => format!("{value:.0}"),
        _ => format!("{value:.0e}"),
    };
    minus(&text)
}

/// The same in full.
pub(super) fn full(value: f32) -> String {
    if value.is_infinite() { infinite(value) } else { minus(&value.to_string()) }
}

fn infinite(value: f32) -> String {
    if value > 0.0 { "∞".to_owned() } else { "−∞".to_owned() }
}

fn minus(text: &str) -> String {
    text.replace('-', "−")
}
