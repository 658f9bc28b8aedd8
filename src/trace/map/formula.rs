//! A map's recipe as a formula, the same on screen and under a figure.

use super::{Combine, FirstToken, Level, MapRecipe, Steps, Weigh};
use crate::trace::{HeadId, Trace};
use std::collections::HashSet;
use std::fmt::Write as _;

/// Heads and layers that are named one by one, at most.
const MOST: usize = 8;

impl Steps {
    /// What one head's cell holds: `mean q∈word Σ k∈word P[q,k]`.
    pub fn formula(self) -> String {
        let cell = match self.weigh {
            Weigh::Weights => "P[q,k]",
            Weigh::Values => "‖P[q,k]·v_k·W_O‖",
        };
        let mut formula = String::new();
        if self.queries != Level::Token {
            let _ = write!(formula, "mean q∈{} ", self.queries.id());
        }
        if self.keys != Level::Token {
            let _ = write!(formula, "Σ k∈{} ", self.keys.id());
        }
        formula.push_str(cell);
        match self.first {
            FirstToken::Keep => {}
            FirstToken::Hide => formula.push_str(", k ≥ 1"),
            FirstToken::Renormalise => {
                let _ = write!(formula, " / Σ k≥1 {cell}");
            }
        }
        formula
    }
}

impl MapRecipe {
    /// What a cell holds: `max h Σ k∈word P[q,k], h = 3.1, 3.5`.
    pub fn formula(&self, trace: &Trace) -> String {
        let one = self.steps.formula();
        if self.heads.len() < 2 {
            return one;
        }
        match self.combine {
            Combine::Difference => {
                let [a, b] = [0, 1].map(|index| trace.spec.head_name(self.heads[index]));
                let plain = self.steps.are_plain();
                if plain {
                    format!("P({a})[q,k] − P({b})[q,k]")
                } else {
                    format!("({one})({a}) − ({one})({b})")
                }
            }
            _ => format!("{} h {one}, h = {}", self.combine.id(), self.heads_name(trace)),
        }
    }

    /// Its heads, whole layers and the whole model with a star: `3.1, 3.5`, `3.*`, `*.*`.
    pub fn heads_name(&self, trace: &Trace) -> String {
        let side = |layer: usize| trace.spec.blocks[layer].part;
        let Some(&first) = self.heads.first() else { return String::new() };
        let of_part: Vec<usize> =
            (0..trace.n_layers()).filter(|&layer| side(layer) == side(first.layer)).collect();
        let own: HashSet<HeadId> = self.heads.iter().copied().collect();
        let mut of_layer = vec![0; trace.n_layers()];
        for head in &own {
            of_layer[head.layer] += 1;
        }
        let whole = |layer: usize| of_layer[layer] == trace.heads(layer);
        let several = of_part.len() > 1;
        if several && of_part.iter().all(|&layer| whole(layer)) {
            return trace.spec.layer_name(first.layer).replace(|c: char| c.is_ascii_digit(), "") + "*.*";
        }
        let mut named = vec![false; trace.n_layers()];
        let (mut names, mut more) = (Vec::new(), 0);
        for &head in &self.heads {
            let with_layer = trace.heads(head.layer) > 1 && whole(head.layer);
            if with_layer && std::mem::replace(&mut named[head.layer], true) {
                continue;
            }
            match (names.len() < MOST, with_layer) {
                (false, _) => more += 1,
                (true, true) => names.push(format!("{}.*", trace.spec.layer_name(head.layer))),
                (true, false) => names.push(trace.spec.head_name(head)),
            }
        }
        let rest = if more > 0 { format!(", … (+{more})") } else { String::new() };
        names.join(", ") + &rest
    }
}
