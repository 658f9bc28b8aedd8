//! What plates of runs, and of weights alone, have in common.

use crate::export::{Body, Lang, Plate, Says, Table, formula, model_in_words, picture};
use crate::render::Quantity;
use crate::trace::Trace;

/// A plate of a run, with the words that all have in common.
pub(super) fn of_run(
    trace: &Trace,
    (title, hook): (String, String),
    says: Says,
    body: Body,
    table: Table,
) -> Plate {
    let Says { en, zh } = says;
    let [model_en, model_zh] = [Lang::En, Lang::Zh].map(|lang| model_in_words(trace, lang));
    Plate {
        says: Says::new(format!("{en} in {model_en}."), format!("{model_zh}：{zh}。")),
        title,
        subtitle: picture::subtitle(trace, true),
        hook,
        body,
        strips: picture::strips(trace),
        table,
    }
}

/// The same, and its caption ends with the formula of what is shown.
pub(super) fn by_formula(plate: Plate, formula: Says) -> Plate {
    let (Says { en, zh }, own) = (formula, &plate.says);
    let says = Says::new(format!("{} Formula: {en}.", own.en), format!("{}公式：{zh}。", own.zh));
    Plate { says, ..plate }
}

/// What a weight of a layer's heads is, as a formula.
pub(super) fn weight_formula(trace: &Trace, layer: usize) -> Says {
    trace
        .spec
        .blocks
        .get(layer)
        .map_or_else(Says::default, |block| formula(&block.attention, Quantity::Weights))
}

/// A plate of a model's weights alone: no prompt at its foot.
pub(super) fn of_weights(
    trace: &Trace,
    title: (String, String),
    says: Says,
    body: Body,
    table: Table,
) -> Plate {
    let plate = of_run(trace, title, says, body, table);
    let subtitle = format!("{} · {} layers", trace.model_name, trace.spec.layer_count());
    Plate { strips: Vec::new(), subtitle, ..plate }
}

/// A formula that is made of signs alone.
pub(super) fn signs(formula: &str) -> Says {
    Says::new(formula, formula)
}
