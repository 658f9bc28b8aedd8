//! What heads can be laid out by: every score and measure that an atlas has.

use super::{Atlas, HeadEntry, columns};
use crate::analysis::MEASURES;

/// A number that heads have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axis {
    /// Its name in files
    pub id: String,
    /// Its name for people
    pub label: String,
    /// How it is computed, where that is known
    pub formula: String,
}

impl Atlas {
    /// The scores and measures that some head has, scores first; those of other programs last.
    pub fn axes(&self) -> Vec<Axis> {
        let axis = |id: &str, label: &str, formula: &str| Axis {
            id: id.to_owned(),
            label: label.to_owned(),
            formula: formula.to_owned(),
        };
        let mut axes: Vec<Axis> = columns()
            .map(|role| {
                axis(role.score, if role.score == "reach" { role.score } else { role.label }, role.formula)
            })
            .collect();
        for measure in MEASURES.iter().filter(|measure| columns().all(|role| role.score != measure.id)) {
            axes.push(axis(measure.id, measure.label, measure.formula));
        }
        let mut others: Vec<&String> = self.heads.iter().flat_map(|entry| entry.measures.keys()).collect();
        others.sort_unstable();
        others.dedup();
        for id in others {
            if axes.iter().all(|axis| axis.id != *id) {
                axes.push(axis(id, &id.replace('_', " "), self.described.get(id).map_or("", String::as_str)));
            }
        }
        axes.retain(|axis| self.heads.iter().any(|entry| entry.value(&axis.id).is_some()));
        axes
    }

    /// The entry of a head.
    pub fn entry(&self, head: crate::trace::HeadId) -> Option<&HeadEntry> {
        self.heads.iter().find(|entry| entry.head == head)
    }
}

impl HeadEntry {
    /// A score or measure by its name in files.
    pub fn value(&self, id: &str) -> Option<f64> {
        let score = columns().find(|role| role.score == id).and_then(|role| (role.value)(&self.scores));
        score.or_else(|| self.measures.get(id).copied()).filter(|value| value.is_finite())
    }
}
