//! What is under the pin, as a figure: what the query looks at, its head's measures, what the model would say.

use serde_json::json;

use super::{ViewAsk, ViewError, by_formulas, of_run, weight_formula};
use crate::analysis::{Cell, MEASURES, Measure};
use crate::export::What;
use crate::export::figure::bars::{Bar, Bars, percent};
use crate::export::figure::legend::number;
use crate::export::words::{maps, names, views};
use crate::export::{Body, Plate, Says, Table};
use crate::trace::{Candidate, Trace};

/// Keys, and answers, at most.
const LISTED: usize = 10;

pub(super) fn pinned(trace: &Trace, ask: &ViewAsk) -> Result<Plate, ViewError> {
    let Cell { head, query, .. } = ask.cell(trace)?;
    let (queries, keys) = (trace.query_tokens(head.layer), trace.key_tokens(head.layer));
    let mut row: Vec<(usize, f32)> = trace.pattern(head).row(query).into_iter().enumerate().collect();
    row.retain(|(_, weight)| *weight > 0.0);
    row.sort_by(|a, b| b.1.total_cmp(&a.1));
    row.truncate(LISTED);
    let mut rows = Vec::new();
    let key = |&(key, weight): &(usize, f32)| Bar {
        name: format!("{key} {}", keys[key].shown()).into(),
        value: f64::from(weight),
        label: format!("{weight:.4}"),
        faint: false,
    };
    let looks = Bars {
        bars: row.iter().map(key).collect(),
        quantity: maps::of(What::Pattern).clone(),
        sums: false,
        wide: false,
    };
    rows.extend(
        row.iter().map(|&(key, weight)| vec![json!("key"), json!(key), json!(keys[key].text), json!(weight)]),
    );

    let name = trace.spec.head_name(head);
    let own = trace.measures(head);
    let greatest = |measure: &Measure| {
        let values = trace.head_ids().map(|head| (measure.value)(&trace.measures(head)));
        measure.max.unwrap_or_else(|| values.filter(|value| value.is_finite()).fold(0.0, f64::max))
    };
    let measure = |measure: &Measure| {
        let (value, most) = ((measure.value)(&own), greatest(measure));
        Bar {
            name: names::measure(measure.id, measure.label),
            value: if most > 0.0 { value / most } else { 0.0 },
            label: number(value as f32),
            faint: false,
        }
    };
    let measures = Bars {
        bars: MEASURES.iter().map(measure).collect(),
        quantity: views::MEASURES.clone(),
        sums: false,
        wide: true,
    };
    rows.extend(MEASURES.iter().map(|measure| {
        vec![json!("measure"), json!(measure.id), json!(measure.label), json!((measure.value)(&own))]
    }));

    let title = views::pinned(query, &queries[query].shown(), &name);
    let mut lists =
        vec![(views::looks_at(query, &queries[query].shown()), looks), (maps::one_head(&name), measures)];
    if let Some((heading, said)) = answers(trace, query) {
        let bar = |(_, text, p): &(u32, String, f32)| Bar {
            name: crate::model::shown(text).into(),
            value: f64::from(*p),
            label: percent(f64::from(*p), 2),
            faint: false,
        };
        let bars = said.iter().map(bar).collect();
        let quantity = views::PROBABILITY.clone();
        lists.push((heading.clone(), Bars { bars, quantity, sums: false, wide: false }));
        rows.extend(said.iter().map(|(id, text, p)| vec![json!("answer"), json!(id), json!(text), json!(p)]));
    }
    let text = queries[query].shown();
    let says = Says::new(
        format!(
            "What token {query} “{text}” looks at in head {name}, that head's measures over the prompt, and the model's \
             answer,"
        ),
        format!("词元 {query} “{text}” 在头 {name} 中看什么、该头在提示词上的各项度量，以及模型的回答"),
    );
    let table = Table { columns: vec!["list", "id", "text", "value"], rows };
    let hook = trace.spec.hook_name(crate::trace::Hook::Pattern, head.layer);
    let hook = format!("{hook}[{}, {query}]", head.head);
    let plate = of_run(trace, (title, hook), says, Body::Lists(lists), table);
    let weights = weight_formula(trace, head.layer);
    let own = MEASURES.iter().map(|measure| {
        (names::measure(measure.id, measure.label), Says::new(measure.formula, measure.formula_zh))
    });
    let weights = (Says::new("weights", "权重"), weights);
    Ok(by_formulas(plate, std::iter::once(weights).chain(own)))
}

/// What the model makes of the prompt: words that may follow, classes, or answers that it marks; id, text, probability.
type Answers = (&'static Says, Vec<(u32, String, f32)>);

fn answers(trace: &Trace, query: usize) -> Option<Answers> {
    let of = |list: &[Candidate]| {
        list.iter().take(LISTED).map(|one| (one.id, one.text.clone(), one.p)).collect::<Vec<_>>()
    };
    let row = if trace.classes.len() > 1 { query } else { 0 };
    let found = if !trace.next.is_empty() {
        (if trace.spec.generates() { &views::NEXT } else { &views::MASKED_WORD }, of(&trace.next))
    } else if let Some(classes) = trace.classes.get(row) {
        (&views::CLASSES, of(classes))
    } else {
        let spans = trace.answers.iter().take(LISTED);
        let span = spans.map(|span| (span.tokens.start as u32, span.text.clone(), span.p));
        (&views::ANSWER, span.collect())
    };
    (!found.1.is_empty()).then_some(found)
}
