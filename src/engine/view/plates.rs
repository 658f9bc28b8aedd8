//! What plates of runs, and of weights alone, have in common.

use crate::export::{Body, Plate, Table, formula, model_in_words, picture};
use crate::render::Quantity;
use crate::trace::Trace;

/// A plate of a run, with the words that all have in common.
pub(super) fn of_run(
    trace: &Trace,
    (title, hook): (String, String),
    says: &str,
    body: Body,
    table: Table,
) -> Plate {
    Plate {
        says: format!("{says} in {}.", model_in_words(trace)),
        formulas: Vec::new(),
        title,
        subtitle: picture::subtitle(trace, true),
        hook,
        body,
        strips: picture::strips(trace),
        table,
    }
}

/// The same, and its caption ends with the formula of what is shown.
pub(super) fn by_formula(mut plate: Plate, formula: &str) -> Plate {
    if !formula.is_empty() {
        plate.says = format!("{} Formula: {formula}.", plate.says);
        plate.formulas.push(formula.to_owned());
    }
    plate
}

/// The same of several, each with the name of what it gives.
pub(in crate::engine) fn by_formulas(mut plate: Plate, formulas: &[(&str, &str)]) -> Plate {
    let named: Vec<String> = formulas.iter().map(|(name, formula)| format!("{name}: {formula}")).collect();
    plate.says = format!("{} Formulas: {}.", plate.says, named.join("; "));
    plate.formulas.extend(formulas.iter().map(|(_, formula)| (*formula).to_owned()));
    plate
}

/// What a weight of a layer's heads is, as a formula.
pub(super) fn weight_formula(trace: &Trace, layer: usize) -> String {
    trace
        .spec
        .blocks
        .get(layer)
        .map_or_else(String::new, |block| formula(&block.attention, Quantity::Weights))
}

/// A plate of a model's weights alone: no prompt at its foot.
pub(super) fn of_weights(
    trace: &Trace,
    title: (String, String),
    says: &str,
    body: Body,
    table: Table,
) -> Plate {
    let plate = of_run(trace, title, says, body, table);
    let subtitle = format!("{} · {} layers", trace.model_name, trace.spec.layer_count());
    Plate { strips: Vec::new(), subtitle, ..plate }
}
