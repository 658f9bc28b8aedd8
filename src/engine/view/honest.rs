//! The honesty meter as a figure: what cutting each source costs, beside every picture of attention.

use serde_json::{Value, json};

use super::memory::picture_formula;
use super::{Beside, Progress, ViewAsk, ViewError, by_formulas, of_run};
use crate::analysis::Picture;
use crate::engine::honesty::honesty_while;
use crate::engine::{Honesty, HonestyOptions, Job, Paths};
use crate::export::figure::columns::{Column, Columns};
use crate::export::words::{names, views};
use crate::export::{Body, Lang, Plate, Says, Table};
use crate::model::{Model, shown};
use crate::trace::{Token, Trace};

pub(super) fn meter(
    model: &Model,
    trace: &Trace,
    ask: &ViewAsk,
    progress: Progress<'_>,
) -> Result<Plate, ViewError> {
    if let Beside::Honesty(known) = &ask.beside {
        return Ok(honesty_plate(known, trace));
    }
    let options = HonestyOptions {
        token: ask.query,
        layer: ask.layer,
        word: ask.word.map(|id| format!("#{id}")),
        paths: ask.paths,
    };
    let found = honesty_while(model, trace, &options, &Job::new(), progress)?;
    Ok(honesty_plate(&found, trace))
}

/// An honesty meter as a figure; its table: a record for each source, the dearest first.
fn honesty_plate(found: &Honesty, trace: &Trace) -> Plate {
    // The asked token's path to itself cannot be cut
    let order: Vec<usize> =
        found.by_cost().into_iter().filter(|&source| !found.drops[source].is_nan()).collect();
    let text = |source: usize| trace.tokens.get(source).map_or_else(String::new, Token::shown);
    let of = |values: &[f64]| order.iter().map(|&source| values[source]).collect::<Vec<_>>();
    let cut = Column {
        title: views::CUTTING.clone(),
        mark: views::DROP.clone(),
        values: of(&found.drops),
        digits: 2,
        reference: true,
    };
    let picture = |own: &crate::engine::Column| Column {
        title: name(own.picture),
        mark: own.spearman.map_or_else(|| "ρ –".into(), |rho| format!("ρ {rho:.2}").replace('-', "−").into()),
        values: of(&own.values),
        digits: if own.picture == Picture::Values { 2 } else { 4 },
        reference: false,
    };
    let columns = Columns {
        rows: order.iter().map(|&source| format!("{source} {}", text(source))).collect(),
        columns: std::iter::once(cut).chain(found.columns.iter().map(picture)).collect(),
        quantity: views::OWN_SCALES.clone(),
    };
    let mut names = vec!["source", "source_text", "cut"];
    names.extend(found.columns.iter().map(|own| <&str>::from(own.picture)));
    let record = |&source: &usize| -> Vec<Value> {
        let first = [
            json!(source),
            json!(trace.tokens.get(source).map(|token| &token.text)),
            json!(found.drops[source]),
        ];
        first.into_iter().chain(found.columns.iter().map(|own| json!(own.values[source]))).collect()
    };
    let table = Table { columns: names, rows: order.iter().map(record).collect() };
    let ranks = |lang: Lang, between: &str| {
        let of = |own: &crate::engine::Column| {
            Some(format!("{} {:.2}", name(own.picture).get(lang).to_lowercase(), own.spearman?))
        };
        found.columns.iter().filter_map(of).collect::<Vec<_>>().join(between).replace('-', "−")
    };
    let answer = shown(&found.answer_text);
    let edges = match found.paths {
        Paths::All => Says::new("every edge to it", "所有通向它的边"),
        Paths::Direct => Says::new("the asked token's edge to it", "所问词元通向它的边"),
    };
    let (token, own, p) = (found.token, text(found.token), found.p);
    let layer = trace.spec.layer_name(found.layer);
    let [ranks, ranks_zh] = [ranks(Lang::En, ", "), ranks(Lang::Zh, "、")];
    let says = Says::new(
        format!(
            "Honesty meter: for each source token how far log p(“{answer}”) after token {token} “{own}” (p = {p:.3}) falls \
             when {} is cut up to layer {layer}, beside pictures of attention, with Spearman's rank correlation ({ranks}),",
            edges.en
        ),
        format!(
            "诚实度：对每个来源词元，切断{}（直到第 {layer} 层）后，词元 {token} “{own}” 之后 log p(“{answer}”)（p = {p:.3}）\
             下降多少，旁边是注意力的各种图景，附 Spearman 等级相关（{ranks_zh}）",
            edges.zh
        ),
    );
    let title = (views::honesty(&answer, found.token, &text(found.token)), views::HONESTY_FOOT.clone());
    let plate = of_run(trace, title, says, Body::Columns(columns), table);
    let own = found.columns.iter().map(|own| (name(own.picture), picture_formula(own.picture).into()));
    let cut = (
        Says::new("cut", "切断"),
        Says::new(
            "ln p(answer) − ln p(answer | edges to k at −∞)",
            "ln p(答案) − ln p(答案 | 通向 k 的边为 −∞)",
        ),
    );
    by_formulas(plate, std::iter::once(cut).chain(own))
}

fn name(picture: Picture) -> Says {
    names::picture(picture.into())
}
