//! What is known of one head, as it stands in a file.

use super::{Cells, Role, RoleSet};
use crate::trace::HeadId;
use serde::{Deserialize, Serialize, Serializer};
use std::collections::BTreeMap;

/// One head.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct HeadEntry {
    /// Which
    #[serde(flatten)]
    pub head: HeadId,
    /// The scores that roles go by
    pub scores: Scores,
    /// Mean of each of [`crate::analysis::MEASURES`] over the texts by its name, and what another program measured
    pub measures: BTreeMap<String, f64>,
    /// Mean weight at each distance from 0, on probes, first token apart
    #[serde(default)]
    pub offsets: Vec<f64>,
    /// Weight by distance from query to key in the texts, first token apart, as shares of it
    #[serde(default)]
    pub distances: Histogram,
    /// Passages by the head's largest weight in them
    #[serde(default)]
    pub activations: Histogram,
    /// Tokens that looked away from the first one most, heaviest first
    #[serde(default)]
    pub queries: Vec<TokenShare>,
    /// Tokens that received most weight in the texts, first token apart, heaviest first
    #[serde(default)]
    pub keys: Vec<TokenShare>,
    /// Passages in which it is strongest, and some from every tenth of all, strongest first
    #[serde(default)]
    pub sequences: Vec<Sequence>,
}

/// The scores that roles go by; formulae in [`ROLES`](super::ROLES). `None` where one could not be taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "each has its row in ROLES")]
pub struct Scores {
    #[serde(serialize_with = "maybe_rounded")]
    pub previous_stripe: Option<f64>,
    #[serde(serialize_with = "maybe_rounded")]
    pub duplicate_stripe: Option<f64>,
    #[serde(serialize_with = "maybe_rounded")]
    pub induction_stripe: Option<f64>,
    #[serde(serialize_with = "maybe_rounded")]
    pub sink: Option<f64>,
    #[serde(serialize_with = "maybe_rounded")]
    pub positional: Option<f64>,
    #[serde(serialize_with = "maybe_rounded")]
    pub reach: Option<f64>,
    #[serde(serialize_with = "maybe_rounded")]
    pub delimiter: Option<f64>,
    #[serde(serialize_with = "maybe_rounded")]
    pub copying: Option<f64>,
    #[serde(serialize_with = "maybe_rounded")]
    pub name_mover: Option<f64>,
    #[serde(serialize_with = "maybe_rounded")]
    pub successor: Option<f64>,
}

/// A token and its share of a head's weight, first token apart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TokenShare {
    /// Its id, where it is known
    #[serde(default)]
    pub id: Option<u32>,
    /// What it reads
    pub text: String,
    /// Share of all the head's weight, first token apart
    #[serde(serialize_with = "rounded")]
    pub share: f64,
}

/// Counts or weights in bins.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    /// Where bins begin, and where the last ends
    pub edges: Vec<f64>,
    /// What is in each: from its edge to before the next
    #[serde(serialize_with = "all_rounded")]
    pub values: Vec<f64>,
}

/// One passage as a head sees it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sequence {
    /// Its place among [`super::Atlas::passages`]
    pub passage: usize,
    /// The tenth of all passages it lies in by the head's largest weight: 1 the lowest, 10 the highest
    pub decile: u8,
    /// Whether it is one of the strongest of all, not one by chance
    pub top: bool,
    /// The head's largest weight in it, first query and key apart
    #[serde(serialize_with = "rounded")]
    pub max: f64,
    /// Its weights
    #[serde(flatten)]
    pub cells: Cells,
}

impl HeadEntry {
    /// Its roles, in the table's order.
    pub fn roles(&self) -> impl Iterator<Item = &'static Role> + '_ {
        RoleSet::of(&self.scores).iter()
    }
}

impl Serialize for HeadEntry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Written<'a> {
            #[serde(flatten)]
            head: HeadId,
            roles: Vec<&'a str>,
            scores: &'a Scores,
            #[serde(serialize_with = "map_rounded")]
            measures: &'a BTreeMap<String, f64>,
            #[serde(serialize_with = "all_rounded")]
            offsets: &'a [f64],
            distances: &'a Histogram,
            activations: &'a Histogram,
            queries: &'a [TokenShare],
            keys: &'a [TokenShare],
            sequences: &'a [Sequence],
        }
        Written {
            head: self.head,
            roles: self.roles().map(|role| role.id).collect(),
            scores: &self.scores,
            measures: &self.measures,
            offsets: &self.offsets,
            distances: &self.distances,
            activations: &self.activations,
            queries: &self.queries,
            keys: &self.keys,
            sequences: &self.sequences,
        }
        .serialize(serializer)
    }
}

/// To six decimals: short enough that what is read back is what was written.
pub(super) fn short(x: f64) -> f64 {
    (x * 1e6).round() / 1e6
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn rounded<S: Serializer>(x: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(short(*x))
}

#[expect(clippy::ref_option, reason = "serde passes references")]
fn maybe_rounded<S: Serializer>(x: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    x.map(short).serialize(serializer)
}

fn all_rounded<S: Serializer>(x: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(x.iter().map(|&x| short(x)))
}

fn map_rounded<S: Serializer>(x: &BTreeMap<String, f64>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(x.iter().map(|(name, &x)| (name, short(x))))
}
