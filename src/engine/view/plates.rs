//! What plates of runs, and of weights alone, have in common.

use crate::export::words::{maps, views};
use crate::export::{Body, Lang, Plate, Says, Table, formula, model_in_words, picture};
use crate::render::Quantity;
use crate::trace::{Intervention, Trace, listed_changes, said_with};

/// A plate of a run, with the words that all have in common.
pub(super) fn of_run(
    trace: &Trace,
    (title, hook): (impl Into<Says>, impl Into<Says>),
    says: Says,
    body: Body,
    table: Table,
) -> Plate {
    let Says { en, zh } = says;
    let [model_en, model_zh] = [Lang::En, Lang::Zh].map(|lang| model_in_words(trace, lang));
    Plate {
        says: Says::new(format!("{en} in {model_en}."), format!("{model_zh}：{zh}。")),
        formulas: Vec::new(),
        title: title.into(),
        subtitle: maps::subtitle(trace, true),
        hook: hook.into(),
        body,
        strips: picture::strips(trace),
        table,
    }
}

/// The same, and its caption ends with the formula of what is shown.
pub(super) fn by_formula(mut plate: Plate, formula: impl Into<Says>) -> Plate {
    let formula = formula.into();
    if !formula.en.is_empty() {
        let told = Says::new(format!(" Formula: {}.", formula.en), format!("公式：{}。", formula.zh));
        plate.says.go_on(&told);
        plate.formulas.push(formula);
    }
    plate
}

/// The same of several, each with the name of what it gives.
pub(in crate::engine) fn by_formulas(
    mut plate: Plate,
    formulas: impl IntoIterator<Item = (impl Into<Says>, impl Into<Says>)>,
) -> Plate {
    let formulas: Vec<(Says, Says)> =
        formulas.into_iter().map(|(name, formula)| (name.into(), formula.into())).collect();
    let named = |lang: Lang, colon: &str, between: &str| {
        let one = |(name, formula): &(Says, Says)| format!("{}{colon}{}", name.get(lang), formula.get(lang));
        formulas.iter().map(one).collect::<Vec<_>>().join(between)
    };
    plate.says.go_on(&Says::new(
        format!(" Formulas: {}.", named(Lang::En, ": ", "; ")),
        format!("公式：{}。", named(Lang::Zh, "：", "；")),
    ));
    plate.formulas.extend(formulas.into_iter().map(|(_, formula)| formula));
    plate
}

/// What was changed, to stand behind what was run so; nothing where nothing was.
pub(in crate::engine) fn changed_by(interventions: &[Intervention]) -> Says {
    if interventions.is_empty() {
        return Says::default();
    }
    Says::new(said_with(interventions), format!("（干预：{}）", listed_changes(interventions)))
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
    (title, hook): (impl Into<Says>, impl Into<Says>),
    says: Says,
    body: Body,
    table: Table,
) -> Plate {
    let plate = of_run(trace, (title, hook), says, body, table);
    let subtitle = views::layers(&trace.model_name, trace.spec.layer_count());
    Plate { strips: Vec::new(), subtitle, ..plate }
}
