//! The formula that a step belongs to, as the model's own spec has it: with its bias, its mask, its norm, its rotation.

use super::StepKind;
use crate::model::{HeadId, HeadSpec, ModelSpec, NormKind, Placement, Positions};
use serde::Serialize;

/// A formula, to be set in type.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Formula {
    /// Letters, digits and signs
    Text(String),
    /// One beside the other
    Row(Vec<Formula>),
    /// One above the other, a line between
    Fraction(Box<Formula>, Box<Formula>),
    /// Under a root
    Root(Box<Formula>),
    /// With an exponent
    Raised(Box<Formula>, String),
    /// With an index
    Lowered(Box<Formula>, String),
    /// In brackets as high as what is in them
    Brackets(Box<Formula>),
    /// The part that a step computes
    Part(StepKind, Box<Formula>),
}

use Formula::{Brackets, Fraction, Lowered, Part, Raised, Root, Row};

fn text(text: &str) -> Formula {
    Formula::Text(text.to_owned())
}

fn part(step: StepKind, formula: Formula) -> Formula {
    Part(step, Box::new(formula))
}

fn index(base: &str, index: &str) -> Formula {
    Lowered(Box::new(text(base)), index.to_owned())
}

fn brackets(name: &str, inner: Formula) -> Formula {
    Row(vec![text(name), Brackets(Box::new(inner))])
}

impl Formula {
    /// The steps it has parts of, left to right.
    pub fn steps(&self) -> Vec<StepKind> {
        match self {
            Self::Text(_) => Vec::new(),
            Self::Row(parts) => parts.iter().flat_map(Self::steps).collect(),
            Self::Fraction(above, below) => [above.steps(), below.steps()].concat(),
            Self::Root(inner) | Self::Brackets(inner) => inner.steps(),
            Self::Raised(base, _) | Self::Lowered(base, _) => base.steps(),
            Self::Part(step, inner) => std::iter::once(*step).chain(inner.steps()).collect(),
        }
    }
}

/// The formula that has `step` as one of its parts.
pub fn formula(spec: &ModelSpec, head: HeadId, step: StepKind) -> Formula {
    match step {
        StepKind::Tokens | StepKind::Embedding => embedding(spec, head),
        StepKind::Norm => norm(spec, head),
        StepKind::Projections => projections(spec, head),
        StepKind::Scores | StepKind::Scale | StepKind::Softmax | StepKind::Sum | StepKind::Output => {
            attention(spec, head)
        }
        StepKind::Residual | StepKind::Mlp => block(spec, head),
        StepKind::Logits => last(spec),
    }
}

fn embedding(spec: &ModelSpec, head: HeadId) -> Formula {
    let encoder = spec.encoder.as_ref().filter(|_| head.layer < spec.decoder_start());
    let own = encoder.map_or(&spec.embedding, |encoder| &encoder.embedding);
    let mut sum = vec![text("E["), part(StepKind::Tokens, text("t")), text("]")];
    if own.positions != Positions::None {
        sum.push(text(" + P[i]"));
    }
    if own.token_types > 0 {
        sum.push(text(" + S"));
    }
    let sum = Row(sum);
    let sum = if own.norm.is_some() { brackets("norm", sum) } else { sum };
    Row(vec![text("x = "), part(StepKind::Embedding, sum)])
}

fn norm(spec: &ModelSpec, head: HeadId) -> Formula {
    let block = &spec.blocks[head.layer];
    let formula = match block.ln1.filter(|_| block.placement != Placement::Post) {
        None => text("x"),
        Some(norm) => {
            let above = if norm.kind == NormKind::Layer { "x − μ" } else { "x" };
            let below = if norm.kind == NormKind::Layer { "σ" } else { "rms(x)" };
            let after = if norm.kind == NormKind::Layer { " w + b" } else { " w" };
            Row(vec![Fraction(Box::new(text(above)), Box::new(text(below))), text(after)])
        }
    };
    Row(vec![text("n = "), part(StepKind::Norm, formula)])
}

fn projections(spec: &ModelSpec, head: HeadId) -> Formula {
    let own = &spec.blocks[head.layer].attention;
    let one = |name: &str, weight: &str, turned: bool| {
        let normed = turned && own.qk_norm.is_some();
        let product = Row(vec![text("n "), index("W", weight)]);
        let last = own.qk_norm.is_some_and(|norm| norm.turned_first);
        let product = if normed && !last { brackets("norm", product) } else { product };
        let turns = turned && own.rotary.is_some();
        let product = if turns { Row(vec![index("R", "i"), text(" "), product]) } else { product };
        let product = if normed && last { brackets("norm", product) } else { product };
        Row(vec![text(name), product])
    };
    let all = vec![one("q = ", "Q", true), one("    k = ", "K", true), one("    v = ", "V", false)];
    part(StepKind::Projections, Row(all))
}

fn attention(spec: &ModelSpec, head: HeadId) -> Formula {
    let own = &spec.blocks[head.layer].attention;
    let product = Row(vec![text("Q "), Raised(Box::new(text("K")), "T".to_owned())]);
    let product = part(StepKind::Scores, product);
    let usual = (own.scale * (own.head_dim as f32).sqrt() - 1.0).abs() < 1e-3;
    let mut scores = match own.scale {
        _ if usual => {
            let root = part(StepKind::Scale, Root(Box::new(text("d"))));
            Fraction(Box::new(product), Box::new(root))
        }
        scale if (scale - 1.0).abs() < 1e-6 => product,
        scale => Row(vec![part(StepKind::Scale, text(&format!("{scale:.3} "))), product]),
    };
    if let Some(cap) = own.softcap {
        scores = Row(vec![part(StepKind::Scale, text(&format!("{cap} tanh"))), Brackets(Box::new(scores))]);
    }
    let mut inner = vec![scores];
    if own.bias.is_some() {
        inner.push(part(StepKind::Scale, text(" + B")));
    }
    if own.causal || own.window.is_some() {
        inner.push(part(StepKind::Scale, text(" + M")));
    }
    let softmax = part(StepKind::Softmax, text(if own.sinks { "softmax₊" } else { "softmax" }));
    Row(vec![
        softmax,
        Brackets(Box::new(Row(inner))),
        part(StepKind::Sum, text(" V")),
        part(StepKind::Output, Row(vec![text(" "), index("W", "O")])),
    ])
}

fn block(spec: &ModelSpec, head: HeadId) -> Formula {
    let block = &spec.blocks[head.layer];
    let first = |right: Formula| part(StepKind::Residual, Row(vec![index("x", "1"), text(" = "), right]));
    let second = |right: Formula| part(StepKind::Mlp, Row(vec![index("x", "2"), text(" = "), right]));
    let space = || text("    ");
    if block.mlp.is_none() {
        return first(text("x + a"));
    }
    match block.placement {
        Placement::Pre | Placement::Normed => {
            let base = if block.placement == Placement::Normed { "n + a" } else { "x + a" };
            let added = brackets(" + MLP", brackets("norm", index("x", "1")));
            Row(vec![first(text(base)), space(), second(Row(vec![index("x", "1"), added]))])
        }
        Placement::Post => {
            let sum = Row(vec![index("x", "1"), brackets(" + MLP", index("x", "1"))]);
            Row(vec![first(brackets("norm", text("x + a"))), space(), second(brackets("norm", sum))])
        }
        Placement::Parallel => Row(vec![
            index("x", "1"),
            text(" = x"),
            part(StepKind::Residual, text(" + a")),
            part(StepKind::Mlp, brackets(" + MLP", text("n"))),
        ]),
    }
}

fn last(spec: &ModelSpec) -> Formula {
    let stream = if spec.final_norm.is_some() { brackets("norm", text("x")) } else { text("x") };
    let formula = match &spec.head {
        HeadSpec::NextToken | HeadSpec::MaskedToken { .. } => {
            brackets("softmax", Row(vec![stream, text(" "), index("W", "U")]))
        }
        HeadSpec::Classes(_) => brackets("classes", stream),
        HeadSpec::Sentence(_) => brackets("pool", stream),
        HeadSpec::None => stream,
    };
    part(StepKind::Logits, formula)
}
