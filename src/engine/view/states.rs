//! Hidden states as figures: one stream, its lengths, how alike tokens are, their ways through the layers.

use serde_json::json;

use crate::analysis::{self, NormsOf};
use crate::export::figure::axis::Axis;
use crate::export::figure::paths::Paths;
use crate::export::words::{maps, views};
use crate::export::{Body, Labels, Plate, Says, Table, picture};
use crate::model::{Hook, Model};
use crate::trace::{Side, Stream, Trace};

use super::{ViewAsk, ViewError, by_formula, of_run};

/// How alike two states are.
const COSINE: &str = "⟨a, b⟩ / (‖a‖₂·‖b‖₂)";

/// The stream that is asked for; the last, where there is no such.
fn chosen(trace: &Trace, ask: &ViewAsk) -> Result<Stream, ViewError> {
    let streams = trace.spec.streams();
    streams.get(ask.stream).or(streams.last()).copied().ok_or(ViewError::Empty)
}

fn tokens(trace: &Trace, side: Side, name: &'static Says) -> Axis {
    Axis::new(name, picture::token_labels(trace.tokens_of(side), 0, Labels::Tokens))
}

pub(super) fn stream(model: Option<&Model>, trace: &Trace, ask: &ViewAsk) -> Result<Plate, ViewError> {
    let stream = chosen(trace, ask)?;
    let (hook, side, values) = match ask.hidden.hook {
        None => {
            let side = trace.spec.stream_side(stream);
            (trace.spec.stream_name(stream), side, trace.stream(stream).to_vec())
        }
        Some((hook, layer)) => {
            let array = trace.activation(model.map(|model| &model.network), hook, layer)?;
            (array.name, trace.rows_of(hook, layer), array.data)
        }
    };
    let width = (values.len() / trace.tokens_of(side).len().max(1)).max(1);
    let order =
        if ask.hidden.by_variance { analysis::by_variance(&values, width) } else { (0..width).collect() };
    let rows = values.chunks_exact(width);
    let values = rows.flat_map(|row| order.iter().map(|&column| row[column])).collect();
    let name = if ask.hidden.by_variance { &maps::BY_VARIANCE } else { &maps::DIMENSION };
    let labels = if ask.hidden.by_variance {
        order.iter().map(usize::to_string).collect()
    } else {
        vec![String::new(); width]
    };
    let columns = Axis { numbered: !ask.hidden.by_variance, ..Axis::new(name, labels) };
    let rows = tokens(trace, side, &maps::TOKEN);
    let body = Body::Map { rows, columns, values, quantity: &maps::VALUE, signed: true };
    let title = if ask.hidden.hook.is_none() { &views::STREAM } else { &views::STATES };
    let order = if ask.hidden.by_variance { "按方差排列的维度" } else { "维度" };
    let says = Says::new(format!("{hook}, token by {},", name.en), format!("{hook}，行为词元，列为{order}"));
    Ok(of_run(trace, (title.clone(), hook), says, body, Table::default()))
}

/// One token's states on every two streams of its text.
fn between_layers(trace: &Trace, ask: &ViewAsk) -> Result<Plate, ViewError> {
    let side = trace.spec.stream_side(chosen(trace, ask)?);
    let own = trace.tokens_of(side);
    let token = ask.query.unwrap_or(usize::MAX).min(own.len().checked_sub(1).ok_or(ViewError::Empty)?);
    let axis = |name| Axis::new(name, stream_names(trace, side));
    let body = Body::Map {
        rows: axis(&maps::LAYER),
        columns: axis(&maps::OTHER),
        values: analysis::layer_similarity(trace, side, token),
        quantity: &views::COSINE,
        signed: true,
    };
    let text = own[token].shown();
    let says = Says::new(
        format!(
            "Cosine similarity of token {token} ({text}) between every two places of its residual stream,"
        ),
        format!("词元 {token}（{text}）在残差流各处状态两两之间的余弦相似度"),
    );
    let title = (views::between_layers(token), "hook_resid_pre");
    Ok(by_formula(of_run(trace, title, says, body, Table::default()), COSINE))
}

/// Names of one text's streams, where there is little room.
fn stream_names(trace: &Trace, side: Side) -> Vec<Says> {
    trace.spec.streams_of(side).into_iter().map(|stream| stream_name(trace, stream)).collect()
}

fn stream_name(trace: &Trace, stream: Stream) -> Says {
    match stream {
        Stream::Before(layer) => maps::named(&format!("L{}", trace.spec.layer_name(layer))),
        Stream::After(_) => maps::END.clone(),
    }
}

pub(super) fn similarity(trace: &Trace, ask: &ViewAsk) -> Result<Plate, ViewError> {
    if ask.hidden.between_layers {
        return between_layers(trace, ask);
    }
    let stream = chosen(trace, ask)?;
    let side = trace.spec.stream_side(stream);
    let body = Body::Map {
        rows: tokens(trace, side, &maps::TOKEN),
        columns: tokens(trace, side, &maps::OTHER),
        values: analysis::similarity(trace.stream(stream), trace.spec.width),
        quantity: &views::COSINE,
        signed: true,
    };
    let hook = trace.spec.stream_name(stream);
    let says = Says::new(
        format!("Cosine similarity of every two tokens on {hook},"),
        format!("{hook} 上每两个词元的余弦相似度"),
    );
    let plate = of_run(trace, (views::SIMILARITY.clone(), hook), says, body, Table::default());
    Ok(by_formula(plate, COSINE))
}

pub(super) fn norms(model: Option<&Model>, trace: &Trace, ask: &ViewAsk) -> Result<Plate, ViewError> {
    let of = ask.hidden.norms;
    let rows = analysis::norm_rows(trace, model.map(|model| &model.network), ask.side, of)?;
    if rows.is_empty() {
        return Err(ViewError::Empty);
    }
    let labels = rows.iter().map(|&(stream, _)| stream_name(trace, stream));
    let body = Body::Map {
        rows: Axis::new(&maps::LAYER, labels),
        columns: tokens(trace, ask.side, &maps::TOKEN),
        values: rows.into_iter().flat_map(|(_, norms)| norms).collect(),
        quantity: &maps::NORM,
        signed: false,
    };
    let (says, title) = match of {
        NormsOf::Stream => (
            Says::new(
                "Euclidean length of the residual stream entering each layer and after the last, token by token,",
                "进入每层及最后一层之后的残差流的欧氏长度，逐词元",
            ),
            &views::NORMS_STREAM,
        ),
        NormsOf::Attention => (
            Says::new(
                "Euclidean length of what attention adds to the residual stream in each layer, token by token,",
                "每层注意力加到残差流上的向量的欧氏长度，逐词元",
            ),
            &views::NORMS_ATTENTION,
        ),
        NormsOf::Mlp => (
            Says::new(
                "Euclidean length of what the MLP adds to the residual stream in each layer, token by token,",
                "每层 MLP 加到残差流上的向量的欧氏长度，逐词元",
            ),
            &views::NORMS_MLP,
        ),
    };
    let hook = of.hook().unwrap_or(Hook::ResidPre).stem();
    let plate = of_run(trace, (title.clone(), hook), says, body, Table::default());
    Ok(by_formula(plate, "‖x‖₂ = √(Σ_d x_d²)"))
}

pub(super) fn trails(trace: &Trace, ask: &ViewAsk) -> Result<Plate, ViewError> {
    let trails = analysis::trails(trace, ask.side, ask.skip);
    let own = trace.tokens_of(ask.side);
    let n = trails.points.first().map_or(0, Vec::len);
    if n == 0 {
        return Err(ViewError::Empty);
    }
    let first = ask.skip.min(n - 1);
    let way = |token: usize| -> Vec<[f64; 2]> { trails.points.iter().map(|points| points[token]).collect() };
    let axis = |index: usize| views::component(index + 1, trails.share[index]);
    let paths = Paths {
        names: picture::token_labels(&own[first..n], first, Labels::Tokens),
        points: (first..n).map(way).collect(),
        axes: [axis(0), axis(1)],
        marked: ask.query.and_then(|query| query.checked_sub(first)).filter(|&way| way < n - first),
        groups: None,
    };
    let mut rows = Vec::with_capacity(n * trails.streams.len());
    for (stream, points) in trails.streams.iter().zip(&trails.points) {
        let name = trace.spec.stream_name(*stream);
        rows.extend(points.iter().zip(own).enumerate().map(|(token, ([x, y], text))| {
            vec![json!(name), json!(token), json!(text.text), json!(x), json!(y)]
        }));
    }
    let says = Says::new(
        "Each token's way through the layers on the two principal components of all its residual streams (Pearson \
         1901; a dot where it ends),",
        "每个词元逐层走过的路，画在全部残差流的两个主成分上（Pearson 1901；圆点为终点）",
    );
    let title = (views::TRAILS.clone(), views::TRAILS_FOOT.clone());
    let columns = vec!["stream", "token", "text", "x", "y"];
    let plate = of_run(trace, title, says, Body::Paths(paths), Table { columns, rows });
    Ok(by_formula(
        plate,
        Says::new(
            "⟨x − μ, u_1⟩, ⟨x − μ, u_2⟩ with u the first eigenvectors of Σ (x − μ)·(x − μ)ᵀ",
            "⟨x − μ, u_1⟩, ⟨x − μ, u_2⟩，u 为 Σ (x − μ)·(x − μ)ᵀ 的前两个特征向量",
        ),
    ))
}
