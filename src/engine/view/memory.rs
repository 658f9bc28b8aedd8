//! Memory as figures: one token's through the layers, every token's at one layer, the KV cache, recall.

use super::super::{HonestyError, Job, Recall, evict};
use super::{Beside, Progress, ViewAsk, ViewError, by_formula, changed_by, of_run};
use crate::analysis::{self, MemoryMap, MemoryTraceError, Picture, River, kv_cache};
use crate::export::figure::axis::Axis;
use crate::export::figure::river;
use crate::export::words::{asked, maps, views};
use crate::export::{Body, Labels, Plate, Says, Table, picture};
use crate::model::Model;
use crate::trace::{Side, Token, Trace};
use serde_json::json;

/// Sources with a band of their own in a picture.
const BANDS: usize = 6;
/// Queries over which the cache's attention is added up.
const STEPS: usize = 32;

fn failed(error: MemoryTraceError) -> ViewError {
    HonestyError::from(error).into()
}

pub(super) fn river(
    model: &Model,
    trace: &Trace,
    ask: &ViewAsk,
    progress: Progress<'_>,
) -> Result<Plate, ViewError> {
    let token = trace.asked_token(ask.query.filter(|&query| query < trace.n_tokens()));
    let river = analysis::river(&model.network, trace, token, ask.picture, progress).map_err(failed)?;
    Ok(river_plate(&river, trace))
}

/// A river as a figure; its table: layer, source, source_text, value, share.
pub fn river_plate(river: &River, trace: &Trace) -> Plate {
    let bands = river.bands(BANDS, river.values.len().saturating_sub(1), None);
    let text = |source: usize| trace.tokens.get(source).map_or_else(String::new, Token::shown);
    let shown = |source: usize| format!("{source} {}", text(source));
    let name: &'static str = river.picture.into();
    let before = bands.begins.then(|| views::BEFORE.clone());
    let layers =
        (0..river.values.len()).map(|layer| maps::named(&format!("L{}", trace.spec.layer_name(layer))));
    let own = bands.sources.iter().enumerate().map(|(place, &source)| (shown(source).into(), Some(place)));
    let body = river::River {
        columns: before.into_iter().chain(layers).collect(),
        bands: own.chain([(views::OTHERS.clone(), None)]).collect(),
        shares: bands.shares,
    };
    let mut rows = Vec::new();
    for (layer, values) in river.values.iter().enumerate() {
        for (source, value) in values.iter().enumerate() {
            let text = trace.tokens.get(source).map_or("", |token| token.text.as_str());
            let share = river.share(layer, source);
            rows.push(vec![json!(layer), json!(source), json!(text), json!(value), json!(share)]);
        }
    }
    let table = Table { columns: vec!["layer", "source", "source_text", "value", "share"], rows };
    let (token, own, by) = (river.token, text(river.token), picture_in_words(river.picture));
    let says = Says::new(
        format!(
            "Memory of token {token} “{own}”: the share of each source token after every layer, by {},",
            by.en
        ),
        format!("词元 {token} “{own}” 的记忆：每层之后各来源词元的份额，依据{}", by.zh),
    );
    let title = (views::memory_of(&shown(river.token)), format!("memory.{name}"));
    by_formula(of_run(trace, title, says, Body::River(body), table), picture_formula(river.picture))
}

/// A picture as a formula: `t` is the asked token, `k` a source, `l` the last layer.
pub(super) fn picture_formula(picture: Picture) -> &'static str {
    match picture {
        Picture::Attention => "m[k] = 1/(l+1)·Σ_{i≤l} A_i[t,k], A_i = 1/|H|·Σ_h P_h",
        Picture::Rollout => {
            "m[k] = (Â_l ⋯ Â_0)[t,k], Â_i[q,k] = (A_i + I)[q,k] / Σ_k (A_i + I)[q,k], A_i = 1/|H|·Σ_h P_h"
        }
        Picture::Flow => {
            "m[k] = maxflow(t → k) / Σ_k maxflow(t → k), Â_i[q,k] = (A_i + I)[q,k] / Σ_k (A_i + I)[q,k]"
        }
        Picture::Values => "m[k] = Σ_{i≤l} ‖Σ_h P_h[t,k]·v_k·W_O‖₂",
        Picture::Norms => {
            "m[k] = (N_l ⋯ N_0)[t,k], N_i[q,k] = n_{q,k} / Σ_k n_{q,k}, n_{q,k} = ‖Σ_h P_h[q,k]·v_k·W_O + [q = k]·x_q‖₂"
        }
        Picture::Contributions => {
            "m[k] = (C_l ⋯ C_0)[t,k], C_i[q,k] = c_{q,k} / Σ_k c_{q,k}, c_{q,k} = max(0, ‖y_q‖₁ − ‖y_q − y_{q,k}‖₁)"
        }
    }
}

/// What a picture is, and where it comes from.
fn picture_in_words(picture: Picture) -> Says {
    let (en, zh) = match picture {
        Picture::Attention => ("the mean attention weight over heads and layers", "各头各层注意力权重的均值"),
        Picture::Rollout => {
            ("attention rollout (Abnar & Zuidema 2020)", "注意力 rollout（Abnar & Zuidema 2020）")
        }
        Picture::Flow => ("attention flow (Abnar & Zuidema 2020)", "注意力流（Abnar & Zuidema 2020）"),
        Picture::Values => (
            "the length of what weights move (Kobayashi et al. 2020)",
            "权重所搬运内容的长度（Kobayashi et al. 2020）",
        ),
        Picture::Norms => (
            "the same with residual and norm (Kobayashi et al. 2021)",
            "同上并计入残差与归一化（Kobayashi et al. 2021）",
        ),
        Picture::Contributions => (
            "contributions through the layers (ALTI, Ferrando et al. 2022)",
            "逐层的贡献（ALTI，Ferrando et al. 2022）",
        ),
    };
    Says::new(en, zh)
}

pub(super) fn map(
    model: &Model,
    trace: &Trace,
    ask: &ViewAsk,
    progress: Progress<'_>,
) -> Result<Plate, ViewError> {
    let layer = ask.layer.unwrap_or_else(|| trace.n_layers().saturating_sub(1));
    let memory = analysis::memory_map(&model.network, trace, layer, ask.picture, progress).map_err(failed)?;
    Ok(memory_plate(&memory, trace))
}

/// A map of memory as a figure.
pub fn memory_plate(memory: &MemoryMap, trace: &Trace) -> Plate {
    let labels = picture::token_labels(trace.tokens_of(Side::Target), 0, Labels::Tokens);
    let axis = |name| Axis::new(name, labels.clone());
    let body = Body::Map {
        rows: axis(&maps::QUERY),
        columns: axis(&maps::SOURCE),
        values: memory.values.iter().flatten().map(|&value| value as f32).collect(),
        quantity: if memory.picture == Picture::Values { &views::LENGTH } else { &views::SHARE_OF_STATE },
        signed: false,
    };
    let name: &'static str = memory.picture.into();
    let layer = trace.spec.layer_name(memory.layer);
    let by = picture_in_words(memory.picture);
    let says = Says::new(
        format!(
            "What each token's state consists of after layer {layer}, rows by source column, by {},",
            by.en
        ),
        format!("第 {layer} 层之后每个词元的状态由什么组成（行为词元，列为来源），依据{}", by.zh),
    );
    let title = (views::memory_after(&layer), format!("memory.{name}"));
    by_formula(of_run(trace, title, says, body, Table::default()), picture_formula(memory.picture))
}

pub(super) fn cache(
    model: &Model,
    trace: &Trace,
    ask: &ViewAsk,
    progress: Progress<'_>,
) -> Result<Plate, ViewError> {
    // The run ends between two layers at the latest
    let job = Job::new();
    if progress(0.0).is_break() {
        return Err(ViewError::Cancelled);
    }
    let (eviction, under) = evict(model, trace, &ask.policy, &job)?;
    if progress(0.9).is_break() {
        return Err(ViewError::Cancelled);
    }
    let cache = kv_cache(&under, STEPS).ok_or(ViewError::Empty)?;
    let values = cache.layers.iter().zip(&eviction.gone).flat_map(|(layer, gone)| {
        let kept = |(value, gone): (&f64, &Option<usize>)| match gone {
            None => *value as f32,
            Some(_) => f32::NEG_INFINITY,
        };
        layer.received.iter().zip(gone).map(kept).collect::<Vec<f32>>()
    });
    let layer_name = |layer: usize| format!("L{}", trace.spec.layer_name(layer));
    let body = Body::Map {
        rows: Axis::new(&maps::LAYER, cache.layers.iter().map(|layer| maps::named(&layer_name(layer.layer)))),
        columns: Axis::new(&maps::ENTRY, picture::token_labels(&trace.tokens, 0, Labels::Tokens)),
        values: values.collect(),
        quantity: &views::RECEIVED,
        signed: false,
    };
    let loss = match (eviction.loss_before, eviction.loss_after) {
        (Some(before), Some(after)) => Says::new(
            format!(", loss {before:.3} → {after:.3} bits a token"),
            format!("，损失每词元 {before:.3} → {after:.3} 比特"),
        ),
        _ => Says::default(),
    };
    let steps = cache.steps;
    let (policy, before, after) = (&eviction.policy, eviction.bytes_before, eviction.bytes_after);
    let (p_before, p_after) = (eviction.p_before, eviction.p_after);
    let says = Says::new(
        format!(
            "Attention that each entry of the KV cache received over the last {steps} queries, mean over heads, under \
             the policy {policy}: {before} → {after} bytes{}, the answer's probability {p_before:.3} → {p_after:.3}; \
             entries that are forgotten at the end are left out,",
            loss.en
        ),
        format!(
            "KV 缓存各条目在最后 {steps} 个查询中得到的注意力（各头平均），策略“{}”：{before} → {after} \
             字节{}，答案的概率 {p_before:.3} → {p_after:.3}；最后已被遗忘的条目不画",
            asked::policy(policy).zh,
            loss.zh
        ),
    );
    let title = (views::cache(&eviction.policy), "hook_k, hook_v");
    let plate = of_run(trace, title, says, body, Table::default());
    Ok(by_formula(plate, format!("received[k] = 1/|H|·Σ_h Σ_{{q>T−{steps}}} P_h[q,k]")))
}

pub(super) fn recall(trace: &Trace, ask: &ViewAsk) -> Result<Plate, ViewError> {
    let Beside::Recall(recall) = &ask.beside else { return Err(ViewError::Missing("recall")) };
    let plate = recall_plate(recall);
    let subtitle = Says::joined([&plate.subtitle, &views::layer_count(trace.spec.layer_count())], " · ");
    Ok(Plate { subtitle, ..plate })
}

/// Recall by length and depth as a figure.
pub fn recall_plate(recall: &Recall) -> Plate {
    let (lengths, depths) = (recall.lengths(), recall.depths());
    let cells = recall.changed.as_ref().unwrap_or(&recall.cells);
    let value = |depth: usize, length: usize| {
        cells.get(length * depths.len() + depth).map_or(f32::NAN, |cell| cell.p as f32)
    };
    let values = (0..depths.len()).flat_map(|depth| (0..lengths.len()).map(move |length| (depth, length)));
    let template: &'static str = recall.template.into();
    let body = Body::Map {
        rows: Axis::new(&maps::DEPTH, depths.iter().map(f64::to_string)),
        columns: Axis::new(&maps::LENGTH, lengths.iter().map(usize::to_string)),
        values: values.map(|(depth, length)| value(depth, length)).collect(),
        quantity: &views::ANSWER_PROBABILITY,
        signed: false,
    };
    let changed = changed_by(&recall.interventions);
    let Recall { trials, seed, model, .. } = recall;
    let plate = Plate {
        formulas: Vec::new(),
        title: views::recall(model),
        subtitle: views::recall_asked(template, *trials),
        hook: views::RECALL_FOOT.clone(),
        says: Says::new(
            format!(
                "Probability of the right answer by length of context (tokens) and depth of the fact (0: at the \
                 beginning), template {template}, {trials} questions a cell, seed {seed}, in {model}{}.",
                changed.en
            ),
            format!(
                "{model}{}：正确答案的概率，按上下文长度（词元数）和事实所在的深度（0：开头），模板“{}”，\
                 每格 {trials} 个问题，种子 {seed}。",
                changed.zh,
                asked::template(template).zh
            ),
        ),
        body,
        strips: Vec::new(),
        table: Table::default(),
    };
    by_formula(plate, "p = 1/n·Σ_i p(answer_i | context_i)")
}
