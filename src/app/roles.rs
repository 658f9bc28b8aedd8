//! What is known of all heads at once, above all their roles: told once a run, or as the atlas of the open model has them,
//! and said alike in every view.

use super::{scene::Scene, session::Session, state::State};
use crate::{
    analysis::{
        Component, MEASURES, Measure,
        atlas::{Basis, Role, Roles},
    },
    model::{HeadId, ModelSpec},
    trace::Trace,
};

/// What roles were told from: a run's number, its layers that are done, and which atlas, where there is one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Key {
    run: u64,
    layers: usize,
    atlas: Option<u64>,
}

/// Every head's roles, kept until the run or the atlas is another.
#[derive(Debug, Default)]
pub struct Told {
    key: Key,
    roles: Roles,
    /// Of each measure the greatest value.
    greatest: Vec<f64>,
    number: u64,
}

impl Told {
    /// Every head's roles.
    pub fn roles(&self) -> &Roles {
        &self.roles
    }

    /// Another number means other roles.
    pub fn number(&self) -> u64 {
        self.number
    }
}

impl Session {
    /// Tells roles anew where the run in sight or the atlas has changed.
    pub(super) fn follow_roles(&mut self, state: &State) {
        let (run, trace) = self.visible(state);
        let own = trace.and_then(|trace| self.charting.of_model(&trace.model_name));
        let key =
            Key { run, layers: trace.map_or(0, Trace::layers_done), atlas: own.map(|(number, _)| number) };
        if key == self.told.key {
            return;
        }
        let roles = match (own, trace) {
            (Some((_, atlas)), _) => Roles::of_atlas(atlas),
            (None, Some(trace)) => Roles::on_prompt(trace),
            (None, None) => Roles::default(),
        };
        let greatest = trace.map_or_else(Vec::new, greatest);
        self.told = Told { key, roles, greatest, number: self.told.number + 1 };
    }
}

/// The greatest value of every measure over the heads that are computed.
fn greatest(trace: &Trace) -> Vec<f64> {
    let mut most = vec![0.0_f64; MEASURES.len()];
    for measures in trace.head_ids().map(|head| trace.measures(head)) {
        for (most, measure) in most.iter_mut().zip(MEASURES) {
            let value = (measure.value)(&measures);
            *most = if value.is_finite() { most.max(value) } else { *most };
        }
    }
    most
}

impl Scene<'_> {
    /// The role that a head is named by.
    pub fn role(&self, head: HeadId) -> Option<&'static Role> {
        self.told.roles.name(head)
    }

    /// Its word.
    pub fn role_word(&self, head: HeadId) -> Option<&'static str> {
        self.role(head).map(|role| (self.words.atlas.role)(role))
    }

    /// A head's name with its role after it: `3.5 induction`. The name alone where it has none.
    pub fn with_role(&self, name: String, head: HeadId) -> String {
        match self.role_word(head) {
            Some(role) => format!("{name} {role}"),
            None => name,
        }
    }

    /// A head's role before what else is told of it: `induction · 12 tokens`.
    pub fn role_and(&self, head: HeadId, told: String) -> String {
        match self.role_word(head) {
            Some(role) if told.is_empty() => role.to_owned(),
            Some(role) => format!("{role} · {told}"),
            None => told,
        }
    }

    /// A component's name; a head's with its role.
    pub fn component_name(&self, component: Component, spec: &ModelSpec) -> String {
        let name = (self.words.why.short)(&component.name(spec));
        match component {
            Component::Head(head) => self.with_role(name, head),
            _ => name,
        }
    }

    /// Which heads read the same keys and values as this one: `K/V head 1, shared by heads 4–7`; none where it has its own.
    pub fn shared_line(&self, head: HeadId) -> Option<String> {
        let spec = &self.trace?.spec.blocks.get(head.layer)?.attention;
        let kv_head = spec.kv_head(head.head);
        let readers = spec.readers(kv_head);
        (readers.len() > 1).then(|| (self.words.choosing.shared)(kv_head, readers.start, readers.end - 1))
    }

    /// The greatest value of a measure over the heads that are computed.
    pub fn greatest(&self, measure: &Measure) -> f64 {
        let place = MEASURES.iter().position(|own| own.id == measure.id);
        place.and_then(|place| self.told.greatest.get(place)).copied().unwrap_or(0.0)
    }

    /// All that a head is good at and what that was told from: `induction · sink, on this prompt`; none where it is nothing.
    pub fn roles_line(&self, head: HeadId) -> Option<String> {
        let roles: Vec<&str> =
            self.told.roles.of(head).iter().map(|role| (self.words.atlas.role)(role)).collect();
        let words = self.words.choosing;
        let basis = match self.told.roles.basis {
            Basis::Prompt => words.on_prompt,
            Basis::Atlas => words.in_atlas,
        };
        (!roles.is_empty()).then(|| (words.roles)(&roles.join(" · "), basis))
    }
}
