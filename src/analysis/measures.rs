//! The measures of a head, as one table: `heads`, the tint menu, tooltips and the documentation all read it.

use crate::trace::HeadMeasures;

/// A measure of one head's pattern `P` [query, key] on `T` tokens.
#[derive(Clone, Copy, Debug)]
pub struct Measure {
    /// Its name in JSON, in files and on the command line
    pub id: &'static str,
    /// Its name on screen
    pub label: &'static str,
    /// How it is computed
    pub formula: &'static str,
    /// The same in 简体中文
    pub formula_zh: &'static str,
    /// Unit, where it is no share
    pub unit: &'static str,
    /// Largest value it can take; `None` where that depends on the prompt
    pub max: Option<f64>,
    /// What it tells
    pub sentence: &'static str,
    /// Where the formula comes from
    pub source: &'static str,
    /// Reads it
    pub value: fn(&HeadMeasures) -> f64,
}

/// Every measure, in the order in which tables show them.
pub const MEASURES: &[Measure] = &[
    Measure {
        id: "induction",
        label: "Induction",
        formula: "mean over repeated tokens i of Σ P[i, j+1] over earlier j with the same token, P < 0.01 as 0",
        formula_zh: "对重复词元 i 取 Σ P[i, j+1] 的均值，j 为同一词元先前的出现处，P < 0.01 计为 0",
        unit: "",
        max: Some(1.0),
        sentence: "Looks at what followed the last time this token was there",
        source: "HeadVis, compute-head-metrics; Olsson et al. 2022",
        value: |m| m.induction,
    },
    Measure {
        id: "previous_token",
        label: "Previous token",
        formula: "Σ P[q, q−1] / (T − 1) over q ≥ 1",
        formula_zh: "Σ P[q, q−1] / (T − 1)，q ≥ 1",
        unit: "",
        max: Some(1.0),
        sentence: "Looks at the token just before",
        source: "HeadVis",
        value: |m| m.previous_token,
    },
    Measure {
        id: "self",
        label: "Self",
        formula: "Σ P[q, q] / T",
        formula_zh: "Σ P[q, q] / T",
        unit: "",
        max: Some(1.0),
        sentence: "Looks at the token itself",
        source: "HeadVis",
        value: |m| m.own,
    },
    Measure {
        id: "sink",
        label: "Sink (token 0)",
        formula: "mean of P[q, 0] over q ≥ 1",
        formula_zh: "P[q, 0] 的均值，q ≥ 1",
        unit: "",
        max: Some(1.0),
        sentence: "Rests on the first token, as heads do that have nothing to say here",
        source: "Xiao et al. 2023, StreamingLLM",
        value: |m| m.sink,
    },
    Measure {
        id: "entropy",
        label: "Entropy",
        formula: "−Σ P ln P / T",
        formula_zh: "−Σ P ln P / T",
        unit: "nats",
        max: None,
        sentence: "Spreads its attention over many tokens (0: all on one)",
        source: "HeadVis",
        value: |m| m.entropy,
    },
    Measure {
        id: "distance",
        label: "Distance",
        formula: "Σ P·(q − k) / T",
        formula_zh: "Σ P·(q − k) / T",
        unit: "tokens",
        max: None,
        sentence: "How far back it looks, on average",
        source: "HeadVis, qk_distance",
        value: |m| m.distance,
    },
    Measure {
        id: "variance",
        label: "Variance",
        formula: "Σ P·(q − k)² / T − distance²",
        formula_zh: "Σ P·(q − k)² / T − 距离²",
        unit: "tokens²",
        max: None,
        sentence: "How much that distance varies",
        source: "HeadVis",
        value: |m| m.variance,
    },
    Measure {
        id: "max_activation",
        label: "Largest weight",
        formula: "max P[q, k] over q ≥ 1, k ≥ 1",
        formula_zh: "最大的 P[q, k]，q ≥ 1，k ≥ 1",
        unit: "",
        max: Some(1.0),
        sentence: "The largest single weight, first token apart",
        source: "HeadVis",
        value: |m| m.max_activation,
    },
    Measure {
        id: "previous_token_head",
        label: "Previous-token head",
        formula: "Σ (P ⊙ D) / Σ P with D[i, i−1] = 1",
        formula_zh: "Σ (P ⊙ D) / Σ P，其中 D[i, i−1] = 1",
        unit: "",
        max: Some(1.0),
        sentence: "Share of all weight that lies on the token before",
        source: "TransformerLens, head_detector (mul)",
        value: |m| m.previous_token_head,
    },
    Measure {
        id: "duplicate_token_head",
        label: "Duplicate-token head",
        formula: "Σ (P ⊙ D) / Σ P with D[i, j] = 1 where token j = token i, j < i",
        formula_zh: "Σ (P ⊙ D) / Σ P，其中词元 j = 词元 i 且 j < i 时 D[i, j] = 1",
        unit: "",
        max: Some(1.0),
        sentence: "Share of all weight that lies on earlier showings of the same token",
        source: "TransformerLens, head_detector (mul)",
        value: |m| m.duplicate_token_head,
    },
    Measure {
        id: "induction_head",
        label: "Induction head",
        formula: "Σ (P ⊙ D) / Σ P with D[i, j] = 1 where token j−1 = token i, j ≤ i",
        formula_zh: "Σ (P ⊙ D) / Σ P，其中词元 j−1 = 词元 i 且 j ≤ i 时 D[i, j] = 1",
        unit: "",
        max: Some(1.0),
        sentence: "Share of all weight that lies on what followed earlier showings of the same token",
        source: "TransformerLens, head_detector (mul)",
        value: |m| m.induction_head,
    },
];

/// The measure called `id`.
pub fn measure(id: &str) -> Option<&'static Measure> {
    MEASURES.iter().find(|measure| measure.id == id)
}
