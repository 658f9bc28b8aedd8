//! Which heads have which roles: on a prompt by what its pass gathered, or over texts and probes as an atlas found them.

use super::{Atlas, ROLES, Role, Scores};
use crate::model::Part;
use crate::trace::{HeadId, Trace};

/// The roles of one head.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoleSet(u16);

const _: () = assert!(ROLES.len() <= u16::BITS as usize, "a set has a bit for every role");

impl RoleSet {
    /// The roles that a head with these scores has.
    pub fn of(scores: &Scores) -> Self {
        let fitting = ROLES.iter().enumerate().filter(|(_, role)| role.fits(scores));
        Self(fitting.fold(0, |set, (place, _)| set | 1 << place))
    }

    /// Whether a role is among them.
    pub fn has(self, role: &Role) -> bool {
        self.iter().any(|own| own.id == role.id)
    }

    /// Each of them, in the table's order.
    pub fn iter(self) -> impl Iterator<Item = &'static Role> {
        ROLES.iter().enumerate().filter(move |(place, _)| self.0 >> place & 1 == 1).map(|(_, role)| role)
    }

    /// The one that a head is named by: the first in the table.
    pub fn first(self) -> Option<&'static Role> {
        self.iter().next()
    }
}

/// What roles were told from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Basis {
    /// The sums that the pass over one prompt gathered
    #[default]
    Prompt,
    /// An atlas
    Atlas,
}

/// The roles of every head of a model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roles {
    /// [layer][head]
    sets: Vec<Vec<RoleSet>>,
    /// What they were told from
    pub basis: Basis,
}

impl Roles {
    /// On the prompt of a run, as far as it is computed: previous token, duplicate token, induction and sink, which its
    /// pass has measured. The others need probes, texts or weights; see [`Scores::on_prompt`].
    pub fn on_prompt(trace: &Trace) -> Self {
        let set = |head| RoleSet::of(&Scores::on_prompt(trace, head));
        let layer = |layer| (0..trace.heads(layer)).map(|head| set(HeadId { layer, head })).collect();
        Self { sets: (0..trace.layers_done()).map(layer).collect(), basis: Basis::Prompt }
    }

    /// As an atlas has them.
    pub fn of_atlas(atlas: &Atlas) -> Self {
        let mut sets: Vec<Vec<RoleSet>> = Vec::new();
        for entry in &atlas.heads {
            let HeadId { layer, head } = entry.head;
            sets.resize(sets.len().max(layer + 1), Vec::new());
            let own = &mut sets[layer];
            own.resize(own.len().max(head + 1), RoleSet::default());
            own[head] = RoleSet::of(&entry.scores);
        }
        Self { sets, basis: Basis::Atlas }
    }

    /// Those of one head; none where nothing is known of it.
    pub fn of(&self, head: HeadId) -> RoleSet {
        self.sets.get(head.layer).and_then(|heads| heads.get(head.head)).copied().unwrap_or_default()
    }

    /// The role that a head is named by.
    pub fn name(&self, head: HeadId) -> Option<&'static Role> {
        self.of(head).first()
    }
}

impl Scores {
    /// The scores that the pass over a prompt gives: the atlas's formulae with the prompt's own repeats in the place of a
    /// probe's second saying.
    ///
    /// - `previous_stripe` = Σ P[q, q−1] / (T − 1), `sink` = Σ P[q, 0] / (T − 1), over q ≥ 1
    /// - `duplicate_stripe` = Σ P[i, j] / R, `induction_stripe` = Σ P[i, j+1] / R, over the R queries i whose token has
    ///   been there before, at j (weights below 0.01 as 0 in the second); `None` where R = 0
    ///
    /// All in [0, 1]. Where queries and keys are of two texts only `sink` means anything.
    pub fn on_prompt(trace: &Trace, head: HeadId) -> Self {
        let sums = trace.sums(head);
        let over = |sum: f64, n: f64| (n > 0.0).then(|| sum / n);
        let later = sums.queries - 1.0;
        let sink = over(sums.first, later);
        if trace.spec.blocks[head.layer].part == Part::Cross {
            return Self { sink, ..Self::default() };
        }
        Self {
            previous_stripe: over(sums.previous, later),
            duplicate_stripe: over(sums.duplicate, sums.repeated),
            induction_stripe: over(sums.strong_induction, sums.repeated),
            sink,
            ..Self::default()
        }
    }
}
