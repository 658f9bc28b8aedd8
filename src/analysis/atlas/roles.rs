//! Roles of heads, as one table: the atlas, its page and the documentation all read it.

use super::Scores;

/// Something a head may be good at.
#[derive(Clone, Copy, Debug)]
pub struct Role {
    /// Its name in JSON
    pub id: &'static str,
    /// Its name for people
    pub label: &'static str,
    /// The score it goes by, named as in JSON
    pub score: &'static str,
    /// From which score on a head has it; for a negative threshold, from which on downwards
    pub threshold: f64,
    /// How the score is computed
    pub formula: &'static str,
    /// On what: `probes`, `texts`, words, or the weights alone
    pub over: &'static str,
    /// Where that comes from
    pub source: &'static str,
    /// Reads the score; `None` where it could not be taken
    pub value: fn(&Scores) -> Option<f64>,
}

/// Every role. A score may name two: the least and the greatest.
pub const ROLES: &[Role] = &[
    Role {
        id: "previous_token",
        label: "previous token",
        score: "previous_stripe",
        threshold: 0.5,
        formula: "mean of P[q, q−1]",
        over: "probes",
        source: "Olsson et al. 2022; TransformerLens",
        value: |scores| scores.previous_stripe,
    },
    Role {
        id: "duplicate_token",
        label: "duplicate token",
        score: "duplicate_stripe",
        threshold: 0.5,
        formula: "mean of P[q, q−S] in the second saying",
        over: "probes",
        source: "TransformerLens",
        value: |scores| scores.duplicate_stripe,
    },
    Role {
        id: "induction",
        label: "induction",
        score: "induction_stripe",
        threshold: 0.5,
        formula: "mean of P[q, q−S+1] in the second saying",
        over: "probes",
        source: "Olsson et al. 2022, prefix matching; TransformerLens",
        value: |scores| scores.induction_stripe,
    },
    Role {
        id: "sink",
        label: "sink",
        score: "sink",
        threshold: 0.5,
        formula: "mean of P[q, 0] over q ≥ 1",
        over: "texts",
        source: "Xiao et al. 2023, StreamingLLM",
        value: |scores| scores.sink,
    },
    Role {
        id: "positional",
        label: "positional",
        score: "positional",
        threshold: 0.5,
        formula: "share of the variance of P about even rows that the mean weight at each distance explains, times the weight off the first token",
        over: "probes",
        source: "this project: R² of the offset profile on random tokens, where only the place can matter",
        value: |scores| scores.positional,
    },
    Role {
        id: "local",
        label: "local",
        score: "reach",
        threshold: -0.25,
        formula: "mean distance over that of even attention, first token apart; none where more than 0.7 rests on the first token",
        over: "texts",
        source: "this project",
        value: |scores| scores.reach,
    },
    Role {
        id: "global",
        label: "global",
        score: "reach",
        threshold: 0.9,
        formula: "the same",
        over: "texts",
        source: "this project",
        value: |scores| scores.reach,
    },
    Role {
        id: "delimiter",
        label: "delimiter",
        score: "delimiter",
        threshold: 0.5,
        formula: "mean weight on tokens without letter or digit, first token apart",
        over: "texts",
        source: "Clark et al. 2019, What Does BERT Look At?",
        value: |scores| scores.delimiter,
    },
    Role {
        id: "copying",
        label: "copying",
        score: "copying",
        threshold: 0.5,
        formula: "Σλ / Σ|λ| over the eigenvalues of W_E·W_V·W_O·W_U",
        over: "weights",
        source: "Elhage et al. 2021",
        value: |scores| scores.copying,
    },
    Role {
        id: "name_mover",
        label: "name mover",
        score: "name_mover",
        threshold: 0.3,
        formula: "mean of P[last, name] over prompts that end where the name is due, 0 where what is read there does not raise its logit above the other name's",
        over: "sentences with two names",
        source: "Wang et al. 2022, Interpretability in the Wild",
        value: |scores| scores.name_mover,
    },
    Role {
        id: "successor",
        label: "successor",
        score: "successor",
        threshold: 0.5,
        formula: "share of ordered words s (numbers, days, months, letters) of whose run the next word has the greatest ⟨v_s·W_O, W_U⟩",
        over: "single words",
        source: "after Gould et al. 2023, Successor Heads",
        value: |scores| scores.successor,
    },
];

/// One role for every score, as tables have columns.
pub fn columns() -> impl Iterator<Item = &'static Role> {
    let first = |(i, role): &(usize, &Role)| ROLES[..*i].iter().all(|other| other.score != role.score);
    ROLES.iter().enumerate().filter(first).map(|(_, role)| role)
}

impl Role {
    /// Whether a head with these scores has it.
    pub fn fits(&self, scores: &Scores) -> bool {
        (self.value)(scores).is_some_and(|value| {
            if self.threshold < 0.0 { value <= -self.threshold } else { value >= self.threshold }
        })
    }
}
