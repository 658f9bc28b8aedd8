//! A moment of a training as figures: every head of the model in small, and the step in numbers.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Beside, ViewAsk, ViewError, by_formulas, weight_formula};
use crate::analysis::atlas::{Probe, ROLES, Role};
use crate::analysis::timeline::{HeadReport, RoleTaken, roles_taken};
use crate::engine::Report;
use crate::export::figure::bars::{Bar, Bars};
use crate::export::words::{maps, names, views};
use crate::export::{Body, Plate, Says, Table, What, picture};
use crate::model::{HeadId, shown};
use crate::trace::{Candidate, Trace};

/// Keys, and roles, at most.
const LISTED: usize = 5;
/// The roles whose scores are told of a head.
const TOLD: [&str; 4] = ["induction", "previous_token", "duplicate_token", "sink"];

/// What was seen of a training up to a moment.
#[derive(Clone, Debug)]
pub struct SeenMoment {
    /// Everything that was reported, what came after it among it.
    pub reports: Arc<Vec<Report>>,
    /// Steps from report to report: those between do not date roles.
    pub every: u64,
    /// The moment's own.
    pub report: Report,
    /// Its run of the first probe.
    pub trace: Arc<Trace>,
    /// How that lies.
    pub probe: Probe,
}

impl PartialEq for SeenMoment {
    fn eq(&self, other: &Self) -> bool {
        let of = |own: &Self| (own.report.steps, own.reports.len(), own.every);
        of(self) == of(other) && Arc::ptr_eq(&self.trace, &other.trace)
    }
}

impl SeenMoment {
    /// The roles that heads have, and since when.
    fn taken(&self) -> Vec<RoleTaken> {
        let last = self.report.steps;
        let due = |report: &&Report| report.steps < last && report.steps.is_multiple_of(self.every.max(1));
        let before = self.reports.iter().filter(due);
        roles_taken(&before.chain([&self.report]).collect::<Vec<_>>())
    }
}

/// What a model says after a token of its run, of which every token's logits are kept; none where they are not.
pub fn said_after(trace: &Trace, token: usize) -> Option<Candidate> {
    let vocab = trace.spec.vocab;
    let logits = trace.logits.get(token * vocab..(token + 1) * vocab)?;
    let text = |id| {
        let tokens = trace.tokens.iter().map(|token| (token.id, &token.text));
        let known = trace.next.iter().map(|next| (next.id, &next.text)).chain(tokens);
        let own = known.into_iter().find(|(known, _)| *known == id);
        own.map_or_else(|| format!("#{id}"), |(_, text)| text.clone())
    };
    Candidate::of(logits, 1, text).into_iter().next()
}

fn seen<'a>(ask: &'a ViewAsk, view: &'static str) -> Result<&'a SeenMoment, ViewError> {
    match &ask.beside {
        Beside::Moment(seen) => Ok(seen),
        _ => Err(ViewError::Missing(view)),
    }
}

pub(super) fn trained(ask: &ViewAsk) -> Result<Plate, ViewError> {
    Ok(trained_plate(seen(ask, "trained")?))
}

pub(super) fn step(ask: &ViewAsk) -> Result<Plate, ViewError> {
    step_plate(seen(ask, "step")?, ask.head, ask.query)
}

/// A role that names a head: the most telling of those that it has.
fn role_of(entry: &HeadReport) -> Option<Says> {
    entry.roles().next().map(|role| names::role(role.id, role.label))
}

/// The scores that are told of a head, each with its role.
fn scores(entry: &HeadReport) -> impl Iterator<Item = (&'static Role, f64)> + '_ {
    let one = move |id: &str| ROLES.iter().find(|role| role.id == id);
    TOLD.into_iter().filter_map(one).filter_map(|role| Some((role, (role.value)(&entry.scores)?)))
}

/// Every head of a model in training, on its probe; its table: a record for each head.
pub fn trained_plate(seen: &SeenMoment) -> Plate {
    let SeenMoment { report, trace, probe, .. } = seen;
    let notes = report.heads.iter().filter_map(|entry| Some((entry.head, role_of(entry)?)));
    let body = Body::Heads(picture::Noted { trace: (**trace).clone(), notes: notes.collect() });
    let row = |entry: &HeadReport| -> Vec<Value> {
        let roles = entry.roles().map(|role| role.id).collect::<Vec<_>>().join(" ");
        let own = &entry.scores;
        let numbers = [own.induction_stripe, own.previous_stripe, own.duplicate_stripe, own.sink];
        let first = [json!(report.steps), json!(entry.head.layer), json!(entry.head.head), json!(roles)];
        let entropy = json!(trace.measures(entry.head).entropy);
        first.into_iter().chain(numbers.map(|number| json!(number))).chain([entropy]).collect()
    };
    let columns = vec![
        "step",
        "layer",
        "head",
        "roles",
        "induction",
        "previous_token",
        "duplicate_token",
        "sink",
        "entropy",
    ];
    let (steps, period) = (report.steps, probe.period);
    let says = Says::new(
        format!(
            "Attention weights of every head of a model in training after {steps} steps, rows by query, columns by key, over \
             {period} random tokens that are said twice, with the roles that heads have (Olsson et al. 2022)."
        ),
        format!(
            "训练 {steps} 步之后模型每个头的注意力权重（行为查询，列为键），提示词为说两遍的 {period} 个随机词元，附各头的角色\
             （Olsson et al. 2022）。"
        ),
    );
    let plate = Plate {
        title: views::at_step(steps),
        subtitle: views::training(report.heads.len(), steps),
        hook: views::probe(period),
        says,
        formulas: Vec::new(),
        body,
        strips: Vec::new(),
        table: Table { columns, rows: report.heads.iter().map(row).collect() },
    };
    with_formulas(plate, trace)
}

/// A step of a training in numbers, with one head and what it looks at from one token of the probe's second saying; its
/// table: list, id, text, value.
pub fn step_plate(seen: &SeenMoment, head: HeadId, token: Option<usize>) -> Result<Plate, ViewError> {
    let SeenMoment { report, trace, probe, .. } = seen;
    let entry = report.heads.iter().find(|entry| entry.head == head).filter(|_| trace.has(head));
    let entry = entry.ok_or(crate::analysis::WhyError::NoHead(head))?;
    let query = probe.read_at(token, trace.n_tokens());
    let mut rows = Vec::new();
    let mut record = |list: &str, id: Value, text: &str, value: Value| {
        rows.push(vec![json!(list), id, json!(text), value]);
    };
    record("loss", json!("asked"), "", json!(report.loss));
    record("loss", json!("unknown"), "", json!(report.other_loss));
    record("tokens", json!("seen"), "", json!(report.tokens));

    let share = |name: Says, value: f64, label: String| Bar { name, value, label, faint: false };
    let of_best = |id: &str, label, head: HeadId| views::of_head(head, &names::role(id, label));
    let best = [
        (views::ACCURACY.clone(), "accuracy", report.accuracy),
        (of_best("induction", "induction", report.induction_head), "induction", report.induction_score),
        (
            of_best("previous_token", "previous token", report.previous_token_head),
            "previous_token",
            report.previous_token_score,
        ),
    ];
    let model = best.map(|(name, id, value)| {
        record("model", json!(id), &name.en, json!(value));
        share(name, value, format!("{value:.4}"))
    });
    let own: Vec<Bar> = scores(entry)
        .map(|(role, value)| {
            record("head", json!(role.id), role.label, json!(value));
            share(names::role(role.id, role.label), value, format!("{value:.4}"))
        })
        .collect();
    let taken = seen.taken();
    let roles: Vec<Bar> = taken
        .iter()
        .map(|taken| {
            let name = views::of_head(taken.head, &names::role(taken.role.id, taken.role.label));
            record("role", json!(taken.role.id), &taken.head.to_string(), json!(taken.step));
            share(name, taken.step as f64, taken.step.to_string())
        })
        .take(LISTED)
        .collect();
    let mut row: Vec<(usize, f32)> = trace.pattern(head).row(query).into_iter().enumerate().collect();
    row.sort_by(|a, b| b.1.total_cmp(&a.1));
    row.truncate(LISTED);
    let keys: Vec<Bar> = row
        .iter()
        .map(|&(key, weight)| {
            let text = trace.tokens[key].shown();
            record("key", json!(key), &text, json!(weight));
            share(format!("{key} {text}").into(), f64::from(weight), format!("{weight:.4}"))
        })
        .collect();
    let said = said_after(trace, query);
    if let Some(said) = &said {
        record("answer", json!(said.id), &said.text, json!(said.p));
    }
    let list =
        |bars: Vec<Bar>, quantity: &Says| Bars { bars, quantity: quantity.clone(), sums: false, wide: false };
    let text = trace.tokens.get(query).map_or_else(String::new, crate::trace::Token::shown);
    let role = role_of(entry);
    let named = role.as_ref().map_or_else(|| head.to_string().into(), |role| views::of_head(head, role));
    let mut lists =
        vec![(views::MODEL.clone(), list(model.to_vec(), &views::SHARE)), (named, list(own, &views::SCORE))];
    if !roles.is_empty() {
        lists.push((views::ROLES.clone(), list(roles, &views::STEP_TAKEN)));
    }
    lists.push((views::looks_at(query, &text), list(keys, maps::of(What::Pattern))));
    let plate = Plate {
        title: views::at_step(report.steps),
        subtitle: views::losses(report.loss, report.other_loss, report.tokens),
        hook: views::probe(probe.period),
        says: said_of(report, probe.period, (head, query, &text), said.as_ref()),
        formulas: Vec::new(),
        body: Body::Lists(lists),
        strips: Vec::new(),
        table: Table { columns: vec!["list", "id", "text", "value"], rows },
    };
    let loss = (views::LOSS.clone(), Says::new("mean of −ln p", "−ln p 的均值"));
    Ok(by_formulas(with_formulas(plate, trace), [loss]))
}

fn said_of(
    report: &Report,
    period: usize,
    (head, query, text): (HeadId, usize, &str),
    said: Option<&Candidate>,
) -> Says {
    let Report { steps, loss, tokens, .. } = report;
    let [answer, answer_zh] = match said {
        None => [String::new(), String::new()],
        Some(said) => {
            let (word, p) = (shown(&said.text), said.p);
            [
                format!(", after which the model says “{word}” (p = {p:.3})"),
                format!("，其后模型回答“{word}”（p = {p:.3}）"),
            ]
        }
    };
    Says::new(
        format!(
            "A model in training after {steps} steps and {tokens} tokens: loss {loss:.4} nats on rows that are not trained on, \
             accuracy, the best heads' scores over {period} random tokens that are said twice (Olsson et al. 2022), the scores \
             of head {head}, and what it looks at from token {query} “{text}” of the probe{answer}."
        ),
        format!(
            "训练 {steps} 步、{tokens} 个词元之后的模型：未参与训练的行上的损失 {loss:.4} 奈特、正确率、最佳头在说两遍的 {period} \
             个随机词元上的分数（Olsson et al. 2022）、头 {head} 的各项分数，以及它从探针的词元 {query} “{text}” 看向何处\
             {answer_zh}。"
        ),
    )
}

/// The formulas of weights and of the roles' scores.
fn with_formulas(plate: Plate, trace: &Trace) -> Plate {
    let roles = ROLES.iter().filter(|role| TOLD.contains(&role.id));
    let roles =
        roles.map(|role| (names::role(role.id, role.label), names::formula(role.score, role.formula)));
    let weights = (Says::new("weights", "权重"), weight_formula(trace, 0));
    by_formulas(plate, std::iter::once(weights).chain(roles))
}
