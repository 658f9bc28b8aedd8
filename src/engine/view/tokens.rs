//! Views of what is said and who looks at whom: the logit lens, lines between tokens, what may follow.

use serde_json::json;

use crate::analysis::{self, FlowOptions, LensOptions, LensTint};
use crate::export::figure::bars::{Bar, Bars, percent};
use crate::export::figure::lines::{Edge, Lines};
use crate::export::figure::words::{Cell, Words};
use crate::export::words::{maps, views};
use crate::export::{Body, Labels, Plate, Says, Table, picture};
use crate::model::{HeadId, Model, choices, shown};
use crate::trace::{Side, Trace};

use super::{LensLook, Progress, ViewAsk, ViewError, by_formula, of_run, weight_formula};

/// Candidates that the lens's table lists for each layer and token.
const TOP: usize = 5;
/// Candidates that may follow, at most.
const LISTED: usize = 40;
/// Lines at most, the strongest.
const EDGES: usize = 4000;

pub(super) fn lens(
    model: &Model,
    trace: &Trace,
    LensLook { tint, raw }: LensLook,
    progress: Progress<'_>,
) -> Result<Plate, ViewError> {
    let n = trace.n_tokens();
    let mut stopped = false;
    let mut watch = |done| {
        let on = progress(done);
        stopped |= on.is_break();
        on
    };
    let options = LensOptions { raw, ..LensOptions::new(0..n, TOP) };
    let lens = analysis::lens(model, trace, &options, &mut watch);
    let lens = lens.ok_or(if stopped { ViewError::Cancelled } else { ViewError::NoWords })?;
    let start = trace.spec.decoder_start();
    let last = lens.layers.len().saturating_sub(1);
    let name = |index: usize| -> Says {
        match index {
            _ if index == last => maps::END.clone(),
            _ if start == 0 => format!("L{index}").into(),
            _ => maps::named(&trace.spec.layer_name(start + index)),
        }
    };
    let greatest = lens.greatest_kl();
    let cell = |(candidates, said): (&Vec<crate::trace::Candidate>, &analysis::Said)| {
        let best = candidates.first()?;
        let share = tint.share(best.p, said, trace.spec.vocab, greatest);
        Some(Cell { word: shown(&best.text), share, number: tint.number(best.p, said) })
    };
    let of_layer = |layer: &analysis::LensLayer| layer.tokens.iter().zip(&layer.said).map(cell).collect();
    let words = Words {
        rows: (0..lens.layers.len()).rev().map(name).collect(),
        columns: picture::token_labels(trace.tokens_of(Side::Target), 0, Labels::Tokens),
        cells: lens.layers.iter().rev().map(of_layer).collect(),
        quantity: match tint {
            LensTint::Probability => &views::LENS_PROBABILITY,
            LensTint::Rank => &views::LENS_RANK,
            LensTint::Entropy => &views::LENS_ENTROPY,
            LensTint::Kl => &views::LENS_KL,
        },
    };
    let mut rows = Vec::new();
    for layer in &lens.layers {
        for (token, candidates) in layer.tokens.iter().enumerate() {
            for (rank, one) in candidates.iter().enumerate() {
                let text = &trace.tokens[token].text;
                rows.push(vec![
                    json!(layer.name),
                    json!(token),
                    json!(text),
                    json!(rank + 1),
                    json!(one.id),
                    json!(one.text),
                    json!(one.p),
                    json!(layer.said[token].rank),
                    json!(layer.said[token].entropy),
                    json!(layer.said[token].kl),
                ]);
            }
        }
    }
    let columns =
        vec!["stream", "token", "token_text", "rank", "id", "word", "p", "answer_rank", "entropy", "kl"];
    let hook = if raw { "softmax(unembed(hook_resid))" } else { "softmax(unembed(ln_final(hook_resid)))" };
    let way = if raw {
        Says::new("the unembedding alone", "只经过解嵌入")
    } else {
        Says::new("the final norm and the unembedding", "经过最后的归一化和解嵌入")
    };
    let says = Says::new(
        format!(
            "Logit lens (nostalgebraist 2020): the next word that the residual stream entering each layer would \
             give, and the end of the last, through {},",
            way.en
        ),
        format!(
            "logit 透镜（nostalgebraist 2020）：进入每层及最后一层之后的残差流{}会给出的下一个词",
            way.zh
        ),
    );
    let title = (views::LENS.clone(), hook);
    let plate = of_run(trace, title, says, Body::Words(words), Table { columns, rows });
    let formula = if raw { "p = softmax(W_U·x)" } else { "p = softmax(W_U·ln_final(x))" };
    Ok(by_formula(plate, formula))
}

pub(super) fn flow(trace: &Trace, ask: &ViewAsk, progress: Progress<'_>) -> Result<Plate, ViewError> {
    let cell = ask.cell(trace)?;
    let sides = |head: HeadId| trace.spec.blocks[head.layer].part.sides();
    let fits = |head: &HeadId| *head != cell.head && trace.has(*head) && sides(*head) == sides(cell.head);
    let heads: Vec<HeadId> =
        std::iter::once(cell.head).chain(ask.also.iter().copied().filter(fits)).collect();
    let (queries, keys) = (trace.query_tokens(cell.head.layer), trace.key_tokens(cell.head.layer));
    let options = FlowOptions {
        heads: heads.clone(),
        threshold: ask.threshold,
        queries: 0..queries.len(),
        keys: 0..keys.len(),
        limit: EDGES,
    };
    // Asked once a block of rows: how far it is, is not known
    let go_on = std::cell::RefCell::new(progress);
    let watch = || (go_on.borrow_mut())(0.5);
    let flow = analysis::flow(trace, &options, &watch).ok_or(ViewError::Cancelled)?;
    let edge = |edge: &analysis::Edge| Edge {
        head: edge.head,
        query: edge.query,
        key: edge.key,
        weight: edge.weight,
    };
    let lines = Lines {
        keys: picture::token_labels(keys, 0, Labels::Tokens),
        queries: picture::token_labels(queries, 0, Labels::Tokens),
        heads: heads.iter().map(|&head| (trace.spec.head_name(head), head.head)).collect(),
        edges: flow.edges.iter().map(edge).collect(),
        says: views::flow_shown(flow.edges.len(), flow.found, ask.threshold),
    };
    let record = |edge: &analysis::Edge| {
        let HeadId { layer, head } = heads[edge.head];
        vec![
            json!(layer),
            json!(head),
            json!(edge.query),
            json!(edge.key),
            json!(queries[edge.query].text),
            json!(keys[edge.key].text),
            json!(edge.weight),
        ]
    };
    let rows = flow.edges.iter().rev().map(record).collect();
    let columns = vec!["layer", "head", "query", "key", "query_token", "key_token", "weight"];
    let names: Vec<String> = heads.iter().map(|&head| trace.spec.head_name(head)).collect();
    let names = names.join(", ");
    let (noun, least) = (if heads.len() == 1 { "head" } else { "heads" }, ask.threshold);
    let says = Says::new(
        format!(
            "Attention weights of {noun} {names} as lines from each query to its keys, those of at least {least},"
        ),
        format!("头 {names} 的注意力权重，画成从查询到键的线，只画不低于 {least} 的"),
    );
    let title = (views::flow(&names), "hook_pattern");
    let plate = of_run(trace, title, says, Body::Lines(lines), Table { columns, rows });
    Ok(by_formula(plate, weight_formula(trace, cell.head.layer)))
}

pub(super) fn next(model: Option<&Model>, trace: &Trace, ask: &ViewAsk) -> Result<Plate, ViewError> {
    let logits = trace.answer_logits();
    if !trace.spec.scores_words() || (logits.is_empty() && trace.answer_at.is_some()) {
        return Err(ViewError::NoWords);
    }
    if trace.answer_at.is_none() {
        return Err(ViewError::NoMask);
    }
    let model = model.ok_or(ViewError::NeedsModel)?;
    let choices = choices(logits, &ask.rules, LISTED);
    let text = |id: u32| model.token(id).text;
    let bar = |(place, &(id, p)): (usize, &(u32, f64))| Bar {
        name: shown(&text(id)).into(),
        value: p,
        label: percent(p, 2),
        faint: place >= choices.kept,
    };
    let bars = Bars {
        bars: choices.list.iter().enumerate().map(bar).collect(),
        quantity: views::at_temperature(ask.rules.temperature),
        sums: false,
        wide: false,
    };
    let record = |(place, &(id, p)): (usize, &(u32, f64))| {
        vec![json!(place + 1), json!(id), json!(text(id)), json!(p), json!(place < choices.kept)]
    };
    let rows = choices.list.iter().enumerate().map(record).collect();
    let (kept, all, entropy) = (choices.kept, choices.all, choices.entropy);
    let (what, chinese, title) = if trace.spec.generates() {
        ("What may follow", "可能的下一个词", &views::NEXT)
    } else {
        ("What the mask may hide", "掩码处可能的词", &views::MASKED_WORD)
    };
    let says = Says::new(
        format!(
            "{what}, by probability: {kept} of {all} words are kept by the sampling rules, entropy \
             {entropy:.2} bits,"
        ),
        format!("{chinese}，按概率：采样规则保留 {all} 个词中的 {kept} 个，熵 {entropy:.2} 比特"),
    );
    let title = (title.clone(), "softmax(logits)");
    let columns = vec!["rank", "id", "word", "p", "kept"];
    let plate = of_run(trace, title, says, Body::Bars(bars), Table { columns, rows });
    Ok(by_formula(plate, "p = softmax(logits / temperature)"))
}
