//! A model over its training: what is seen of its heads at each step, and when each took the role that it has.

use super::atlas::{ROLES, Role, RoleSet, Scores};
use crate::trace::{HeadId, Intervention};
use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

/// One head at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeadReport {
    /// Which
    pub head: HeadId,
    /// Its scores: stripes as the lower ones of two periods, `sink` on the probes, nothing of weights
    pub scores: Scores,
}

impl HeadReport {
    /// Its roles, in the atlas's order.
    pub fn roles(&self) -> impl Iterator<Item = &'static Role> + '_ {
        RoleSet::of(&self.scores).iter()
    }
}

impl Serialize for HeadReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut entry = serializer.serialize_struct("HeadReport", 4)?;
        entry.serialize_field("layer", &self.head.layer)?;
        entry.serialize_field("head", &self.head.head)?;
        entry.serialize_field("roles", &self.roles().map(|role| role.id).collect::<Vec<_>>())?;
        entry.serialize_field("scores", &self.scores)?;
        entry.end()
    }
}

/// What was seen of a model at one step of its training: a report of a live one, or a checkpoint from a folder.
pub trait Seen {
    /// Steps taken
    fn step(&self) -> u64;
    /// Mean −ln p of what was asked for, in nats
    fn loss(&self) -> Option<f64>;
    /// Every head, in the same order at every step
    fn heads(&self) -> &[HeadReport];
}

impl<S: Seen + ?Sized> Seen for &S {
    fn step(&self) -> u64 {
        (**self).step()
    }
    fn loss(&self) -> Option<f64> {
        (**self).loss()
    }
    fn heads(&self) -> &[HeadReport] {
        (**self).heads()
    }
}

impl<S: Seen + ?Sized> Seen for std::sync::Arc<S> {
    fn step(&self) -> u64 {
        (**self).step()
    }
    fn loss(&self) -> Option<f64> {
        (**self).loss()
    }
    fn heads(&self) -> &[HeadReport] {
        (**self).heads()
    }
}

/// A checkpoint as it was seen.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Snapshot {
    /// Steps taken
    pub step: u64,
    /// What its folder is called
    pub name: String,
    /// Mean −ln p of the prompt's tokens after the first, in nats; none without a prompt, or of a model that does not
    /// say what comes next
    pub loss: Option<f64>,
    /// Every head, by layer
    pub heads: Vec<HeadReport>,
}

impl Seen for Snapshot {
    fn step(&self) -> u64 {
        self.step
    }
    fn loss(&self) -> Option<f64> {
        self.loss
    }
    fn heads(&self) -> &[HeadReport] {
        &self.heads
    }
}

/// A training, checkpoint by checkpoint.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Timeline {
    /// The folder's name
    pub model: String,
    /// Different random tokens of the probes, each of which says them twice
    pub periods: Vec<usize>,
    /// The text whose loss was taken
    pub prompt: Option<String>,
    /// What was changed about every run
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub interventions: Vec<Intervention>,
    /// What was seen, by step
    pub snapshots: Vec<Snapshot>,
}

/// When a head first had a role that it has kept since.
#[derive(Clone, Copy, Debug)]
pub struct RoleTaken {
    /// Which head
    pub head: HeadId,
    /// Its role
    pub role: &'static Role,
    /// Steps at the first moment from which on it had it
    pub step: u64,
}

impl Serialize for RoleTaken {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut entry = serializer.serialize_struct("RoleTaken", 4)?;
        entry.serialize_field("layer", &self.head.layer)?;
        entry.serialize_field("head", &self.head.head)?;
        entry.serialize_field("role", self.role.id)?;
        entry.serialize_field("step", &self.step)?;
        entry.end()
    }
}

/// The roles that heads have at the last moment, in the order in which they took them.
///
/// - formula: for a head and a role that it has at the last moment T, min { t : score(s) is past the role's threshold
///   for every moment s with t ≤ s ≤ T }: a role that was lost in between counts from when it came back
/// - resolution: the moments that were looked at; what happens between two of them is dated to the later one
pub fn roles_taken<S: Seen>(moments: &[S]) -> Vec<RoleTaken> {
    let Some(last) = moments.last() else { return Vec::new() };
    let mut taken = Vec::new();
    for (index, entry) in last.heads().iter().enumerate() {
        for role in entry.roles() {
            let had = |moment: &&S| moment.heads().get(index).is_some_and(|entry| role.fits(&entry.scores));
            let first = moments.iter().rev().take_while(had).last();
            taken.extend(first.map(|first| RoleTaken { head: entry.head, role, step: first.step() }));
        }
    }
    taken.sort_by_key(|taken| (taken.step, taken.head.layer, taken.head.head));
    taken
}

/// The head that a role fits best, and its score: the greatest, or the least where the role goes by a small one. Of
/// equals the first.
pub fn best(heads: &[HeadReport], role: &Role) -> Option<(HeadId, f64)> {
    let sign = if role.threshold < 0.0 { -1.0 } else { 1.0 };
    let scores = heads.iter().filter_map(|entry| Some((entry.head, (role.value)(&entry.scores)?)));
    scores.reduce(|best, own| if sign * own.1 > sign * best.1 { own } else { best })
}

/// A role's score at a moment and whose it is: one head's, or that of the best.
pub fn scored(heads: &[HeadReport], role: &Role, head: Option<HeadId>) -> Option<(HeadId, f64)> {
    let Some(head) = head else { return best(heads, role) };
    let entry = heads.iter().find(|entry| entry.head == head)?;
    Some((head, (role.value)(&entry.scores)?))
}

/// A role's score against steps: of one head, or of the best one at each step.
pub fn curve<S: Seen>(moments: &[S], role: &Role, head: Option<HeadId>) -> Vec<(u64, f64)> {
    let value = |moment: &S| Some((moment.step(), scored(moment.heads(), role, head)?.1));
    moments.iter().filter_map(value).collect()
}

/// The steps between which the best induction score went from a tenth of its present height to nine tenths of it.
/// `None` while no head has the role.
pub fn phase_change<S: Seen>(moments: &[S]) -> Option<(u64, u64)> {
    let role = ROLES.iter().find(|role| role.id == "induction")?;
    let curve = curve(moments, role, None);
    let &(_, top) = curve.last()?;
    if top < role.threshold {
        return None;
    }
    let above = |share: f64| {
        let kept = curve.iter().rev().take_while(|(_, score)| *score >= share * top);
        kept.last().map(|&(step, _)| step)
    };
    Some((above(0.1)?, above(0.9)?))
}

/// What a training comes to, moment by moment.
#[derive(Clone, Debug, Default)]
pub struct Overview {
    /// When heads took the roles that they have
    pub roles: Vec<RoleTaken>,
    /// From which steps to which the induction head formed
    pub change: Option<(u64, u64)>,
    /// Of each role whose score was taken, that of the best head at each step
    pub best: Vec<(&'static Role, Vec<(u64, f64)>)>,
}

impl Overview {
    /// Of moments in order.
    pub fn of<S: Seen>(moments: &[S]) -> Self {
        let best = ROLES.iter().map(|role| (role, curve(moments, role, None)));
        Self {
            roles: roles_taken(moments),
            change: phase_change(moments),
            best: best.filter(|(_, curve)| !curve.is_empty()).collect(),
        }
    }
}

/// Steps along an axis: evenly, or by their logarithm where most checkpoints are of the beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepAxis {
    /// The first and the last step
    pub ends: (u64, u64),
    /// Whether places go by ln(1 + step)
    pub by_logarithm: bool,
}

impl StepAxis {
    /// For steps in order. By the logarithm where half of them are within the first eighth.
    pub fn of(steps: &[u64]) -> Self {
        let (first, last) = (steps.first().copied().unwrap_or(0), steps.last().copied().unwrap_or(0));
        let middle = steps.get(steps.len() / 2).copied().unwrap_or(0);
        Self { ends: (first, last.max(first + 1)), by_logarithm: middle < last / 8 }
    }

    fn length(&self, step: f64) -> f64 {
        if self.by_logarithm { step.ln_1p() } else { step }
    }

    /// Where a step lies: 0 the first, 1 the last.
    pub fn share(&self, step: u64) -> f64 {
        let (low, high) = (self.length(self.ends.0 as f64), self.length(self.ends.1 as f64));
        (self.length(step as f64) - low) / (high - low)
    }

    /// The step at a place.
    pub fn step(&self, share: f64) -> u64 {
        let (low, high) = (self.length(self.ends.0 as f64), self.length(self.ends.1 as f64));
        let length = low + (high - low) * share.clamp(0.0, 1.0);
        (if self.by_logarithm { length.exp_m1() } else { length }).round() as u64
    }

    /// Round steps to be written along it, about `n` of them.
    pub fn ticks(&self, n: usize) -> Vec<u64> {
        let (first, last) = self.ends;
        if self.by_logarithm {
            let decades = (0..20).map(|power| 10_u64.pow(power)).filter(|step| (first..=last).contains(step));
            let all: Vec<u64> = (first == 0).then_some(0).into_iter().chain(decades).collect();
            return all.iter().copied().step_by(all.len().div_ceil(n.max(1)).max(1)).collect();
        }
        let pitch = ((last - first) as f64 / n.max(1) as f64).max(1.0);
        let decade = 10_f64.powf(pitch.log10().floor());
        let round =
            [1.0, 2.0, 2.5, 5.0, 10.0].iter().map(|share| share * decade).find(|&round| round >= pitch);
        let round = (round.unwrap_or(pitch) as u64).max(1);
        (first.div_ceil(round)..=last / round).map(|k| k * round).collect()
    }

    /// The same as places from 0 to 1, with what they read.
    pub fn marks(&self, n: usize) -> Vec<(f64, String)> {
        self.ticks(n).into_iter().map(|step| (self.share(step), step.to_string())).collect()
    }
}
