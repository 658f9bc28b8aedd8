//! Recall among facts about others and by head, as figures.

use serde_json::json;

use super::{Beside, ViewAsk, ViewError, by_formula, by_formulas};
use crate::engine::{AmongOthers, Carriers, RecallAsked};
use crate::export::figure::columns::{Column, Columns};
use crate::export::figure::curves::{Curve, Curves, Plane};
use crate::export::words::views;
use crate::export::{Body, Plate, Says, Table};

/// What recall is a mean of.
const MEAN: &str = "p = 1/n·Σ_i p(answer_i | context_i)";
/// Retrieval score: of the tokens `k` of the fact's answer the share `g` that a head looks at most where they are said.
const RETRIEVAL: &str = "|g ∩ k| / |k|";
/// Numbers under a plot, at most.
const TICKS: usize = 9;

pub(super) fn others(ask: &ViewAsk) -> Result<Plate, ViewError> {
    let Beside::Others(asked, found) = &ask.beside else { return Err(ViewError::Missing("others")) };
    Ok(others_plate(asked, found))
}

pub(super) fn carriers(ask: &ViewAsk) -> Result<Plate, ViewError> {
    let Beside::Carriers(asked, found) = &ask.beside else { return Err(ViewError::Missing("carriers")) };
    Ok(carriers_plate(asked, found))
}

pub(super) fn masked(ask: &ViewAsk) -> Result<Plate, ViewError> {
    let Beside::Carriers(asked, found) = &ask.beside else { return Err(ViewError::Missing("masked")) };
    Ok(masked_plate(asked, found))
}

/// Recall against the number of facts about others; its table: others, p, right, rank.
pub fn others_plate(asked: &RecallAsked, found: &[AmongOthers]) -> Plate {
    let counts: Vec<usize> = found.iter().map(|point| point.distractors).collect();
    let line = |name: &Says, color: usize, value: fn(&AmongOthers) -> f64| Curve {
        name: name.clone(),
        color: Some(color),
        points: found.iter().map(|point| [share(point.distractors, &counts), value(point)]).collect(),
    };
    let curves = vec![
        line(&views::PROBABILITY_SHORT, 0, |point| point.p),
        line(&views::RIGHT, 1, |point| point.right),
    ];
    let row = |point: &AmongOthers| {
        vec![json!(point.distractors), json!(point.p), json!(point.right), json!(point.rank)]
    };
    let says = Says::new(
        "Probability of the right answer, and share of questions answered rightly, by the number of facts about others \
         that stand around the one that is asked for",
        "正确答案的概率以及答对的问题所占份额，按所问事实周围关于他人的事实数",
    );
    let plate = Plate {
        title: views::among_others(&asked.model),
        body: plane(&counts, &views::OTHER_FACTS, curves),
        table: Table { columns: vec!["others", "p", "right", "rank"], rows: found.iter().map(row).collect() },
        ..of_questions(asked, &says)
    };
    by_formula(plate, MEAN)
}

/// Heads by retrieval score, and recall without each; its table: a record for each head, the best first.
pub fn carriers_plate(asked: &RecallAsked, found: &Carriers) -> Plate {
    let order = found.by_retrieval();
    let column = |title: &Says, digits: usize, values: Vec<f64>, reference: bool| Column {
        title: title.clone(),
        mark: Says::default(),
        values,
        digits,
        reference,
    };
    let lost = |p: f64| found.p - p;
    let columns = Columns {
        rows: order.iter().map(|own| own.head().to_string()).collect(),
        columns: vec![
            column(&views::RETRIEVAL, 2, order.iter().map(|own| own.retrieval).collect(), true),
            column(&views::LOST, 3, order.iter().map(|own| lost(own.cut.p)).collect(), false),
        ],
        quantity: views::OWN_SCALE.clone(),
    };
    let row = |own: &&crate::engine::Carrier| {
        let head = own.head();
        vec![
            json!(head.layer),
            json!(head.head),
            json!(own.retrieval),
            json!(own.cut.p),
            json!(own.cut.right),
            json!(lost(own.cut.p)),
        ]
    };
    let (p, answered, questions) = (found.p, found.answered, found.questions);
    let says = Says::new(
        format!(
            "Heads by how often each looks most at the token that is copied (retrieval score, Wu et al. 2024: g the tokens that a head copies, k those of \
             the answer; over {answered} of {questions} questions that are answered rightly), and how far the probability of the right answer ({p:.3}) \
             falls without each"
        ),
        format!(
            "各头最常看向被复制词元的频率（检索分数，Wu et al. 2024：g 为该头复制的词元，k 为答案的词元；{questions} 个问题中答对的 {answered} 个），以及\
             去掉每个头后正确答案的概率（{p:.3}）下降多少"
        ),
    );
    let columns_of_table = vec!["layer", "head", "retrieval", "p_without", "right_without", "lost"];
    let plate = Plate {
        title: views::carriers(&asked.model),
        body: Body::Columns(columns),
        table: Table { columns: columns_of_table, rows: order.iter().map(row).collect() },
        ..of_questions(asked, &says)
    };
    by_formulas(
        plate,
        [(&views::RETRIEVAL, RETRIEVAL), (&views::PROBABILITY_SHORT, MEAN)]
            .map(|(name, formula)| (name.clone(), formula)),
    )
}

/// Recall with the best heads masked together, beside as many others; its table: masked, heads, p, p_others.
fn masked_plate(asked: &RecallAsked, found: &Carriers) -> Plate {
    let none = (0, String::new(), found.p, found.p);
    let some = found.masked.iter().map(|masked| {
        let heads: Vec<String> = masked.top.heads.iter().map(ToString::to_string).collect();
        (heads.len(), heads.join(" "), masked.top.p, masked.control_p)
    });
    let points: Vec<(usize, String, f64, f64)> = std::iter::once(none).chain(some).collect();
    let counts: Vec<usize> = points.iter().map(|point| point.0).collect();
    let line = |name: &Says, color: usize, value: fn(&(usize, String, f64, f64)) -> f64| Curve {
        name: name.clone(),
        color: Some(color),
        points: points.iter().map(|point| [share(point.0, &counts), value(point)]).collect(),
    };
    let curves =
        vec![line(&views::BEST_SCORES, 0, |point| point.2), line(&views::ANY_OTHERS, 1, |point| point.3)];
    let row = |(masked, heads, p, others): &(usize, String, f64, f64)| {
        vec![json!(masked), json!(heads), json!(p), json!(others)]
    };
    let says = Says::new(
        "Probability of the right answer with the heads of the best retrieval scores (Wu et al. 2024) masked together, beside \
         as many other heads (mean over draws)",
        "一起屏蔽检索分数（Wu et al. 2024）最高的头之后正确答案的概率，旁边是屏蔽同样多的其他头（多次抽取的均值）",
    );
    let plate = Plate {
        title: views::masked(&asked.model),
        body: plane(&counts, &views::MASKED_HEADS, curves),
        table: Table {
            columns: vec!["masked", "heads", "p", "p_others"],
            rows: points.iter().map(row).collect(),
        },
        ..of_questions(asked, &says)
    };
    by_formula(plate, MEAN)
}

/// A count's place among all, from 0 to 1.
fn share(count: usize, all: &[usize]) -> f64 {
    count as f64 / all.iter().copied().max().unwrap_or(1).max(1) as f64
}

/// One plane of probabilities against counts.
fn plane(counts: &[usize], across: &Says, curves: Vec<Curve>) -> Body {
    let every = counts.len().div_ceil(TICKS).max(1);
    let ticks = counts.iter().step_by(every).map(|&count| (share(count, counts), count.to_string()));
    Body::Curves(Curves {
        across: across.clone(),
        ticks: ticks.collect(),
        planes: vec![Plane { name: views::ANSWER_PROBABILITY.clone(), range: [0.0, 1.0], curves }],
        flags: Vec::new(),
        marked: None,
    })
}

/// What figures of the same questions have in common: what was asked, in which words, of which model.
fn of_questions(asked: &RecallAsked, says: &Says) -> Plate {
    let template: &'static str = asked.template.into();
    let RecallAsked { model, trials, seed, .. } = asked;
    let lengths = asked.lengths.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
    let depths = asked.depths.iter().map(f64::to_string).collect::<Vec<_>>().join(", ");
    Plate {
        title: Says::default(),
        subtitle: views::recall_asked(template, *trials),
        hook: views::RECALL_FOOT.clone(),
        says: Says::new(
            format!(
                "{}: template {template}, contexts of {lengths} tokens, facts at depths {depths}, {trials} questions each, seed \
                 {seed}, in {model}.",
                says.en
            ),
            format!(
                "{model}：{}；模板 {template}，上下文长度 {lengths} 词元，事实深度 {depths}，各 {trials} 个问题，种子 {seed}。",
                says.zh
            ),
        ),
        formulas: Vec::new(),
        body: Body::Curves(Curves::default()),
        strips: Vec::new(),
        table: Table::default(),
    }
}
