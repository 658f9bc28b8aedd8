//! What heads look for and write by their weights alone, and which read which: worked out on workers, kept while the
//! choice stays.

use super::{banner::Banner, derived::Derived, layout::Pane, session::Session, state::State};
use crate::{
    analysis::circuits::{
        CircuitOptions, Composition, Ends, HeadCircuits, Kind, Own, WordTable, compose, head_circuits,
    },
    engine::Job,
    model::{HeadId, Model},
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Entries of a list.
pub const LISTED: usize = 60;

/// What is asked of the selected head's circuits: part of the state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CircuitState {
    /// The word that is asked about; none: the strongest pairs of all.
    pub word: Option<u32>,
    /// How words enter the head.
    pub options: CircuitOptions,
    /// The least entries instead of the greatest.
    pub least: bool,
}

/// What the graph of heads shows: part of the state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CompositionState {
    /// What of the later head reads.
    pub kind: Kind,
    /// With the norms' weights and centring.
    pub folded: bool,
    /// Scores less what random weights would have.
    pub above_random: bool,
    /// Score from which on a line is drawn; none: what leaves a handful of lines.
    pub threshold: Option<f32>,
}

impl CompositionState {
    /// What is taken off every score.
    pub fn less(&self, composition: &Composition) -> f64 {
        if self.above_random { composition.random } else { 0.0 }
    }

    /// The score from which on a line is drawn, as shown.
    pub fn from(&self, composition: &Composition) -> f64 {
        let usual = || composition.usual_threshold() - self.less(composition);
        self.threshold.map_or_else(usual, f64::from)
    }
}

/// The entries of one table that answer what was asked.
pub enum Lists {
    /// Of all pairs, and how words stand to themselves.
    Pairs(Ends, Option<Own>),
    /// Of one word: its row, then its column. One that is not in a vocabulary has none there.
    Word(Ends, Ends),
}

/// What was found in a head's tables.
pub struct Found {
    /// The tables.
    pub circuits: Arc<HeadCircuits>,
    /// What was asked about.
    pub word: Option<u32>,
    /// In what it looks for.
    pub looks: Lists,
    /// In what it writes, where that can be read.
    pub writes: Option<Lists>,
}

/// Which tables: a model, by its place in memory, a head, a choice.
type Tables = (usize, HeadId, CircuitOptions);

/// What is known of circuits.
#[derive(Default)]
pub struct Circuits {
    heads: Derived<Tables, Arc<HeadCircuits>>,
    found: Derived<(Tables, Option<u32>), Found>,
    composition: Derived<(usize, Kind, bool), Composition>,
    /// Nothing new is begun: somebody stopped the work.
    held: bool,
}

impl Circuits {
    /// What was found; while that is worked out, what was found before.
    pub fn found(&self) -> Option<&Found> {
        self.found.latest().map(|(_, found)| found)
    }
    /// Why nothing was.
    pub fn found_not(&self) -> Option<&Banner> {
        self.heads.error().or(self.found.error())
    }
    /// How far the search is.
    pub fn searching(&self) -> Option<f32> {
        let first = self.heads.progress().map(|done| done / 2.0);
        first.or(self.found.progress().map(|done| 0.5 + done / 2.0))
    }
    /// The scores of all pairs, strongest first; while others are worked out, those from before.
    pub fn composition(&self) -> Option<&Composition> {
        self.composition.latest().map(|(_, composition)| composition)
    }
    /// Why there are none.
    pub fn composition_not(&self) -> Option<&Banner> {
        self.composition.error()
    }
    /// How far that is.
    pub fn composing(&self) -> Option<f32> {
        self.composition.progress()
    }
    /// Whether somebody stopped the work.
    pub fn held(&self) -> bool {
        self.held
    }
}

/// What a table says to the question.
fn lists(table: &WordTable, word: Option<u32>, job: &Job) -> Option<Lists> {
    let Some(word) = word else {
        let scan = table.scan(LISTED, &mut job.tell("Searching all pairs of words"))?;
        return Some(Lists::Pairs(scan.ends, scan.own));
    };
    let (rows, columns) = table.size();
    let inside = |n: usize| (word as usize) < n;
    let row = if inside(rows) { table.row(word, LISTED) } else { Ends::default() };
    let column = if inside(columns) { table.column(word, LISTED) } else { Ends::default() };
    Some(Lists::Word(row, column))
}

impl Session {
    /// Has worked out what the panes in sight show.
    pub fn follow_circuits(&mut self, state: &State, drawn: impl Fn(Pane) -> bool) {
        if self.circuits.held {
            return;
        }
        let model = self.model.clone();
        let place = model.as_ref().map(|model| Arc::as_ptr(model) as usize);
        if drawn(Pane::Circuits) {
            let tables = place.map(|place| (place, state.head, state.circuits.options));
            self.follow_tables(state, tables, model.as_ref());
        }
        if drawn(Pane::Composition) {
            let own = state.composition;
            let key = place.map(|place| (place, own.kind, own.folded));
            let cancelled = self.post.words().circuits.stopped;
            self.circuits.composition.follow("composition", key, &self.post, |_| {
                move |job: &Job| {
                    let model = model.ok_or_else(|| Banner::error(&cancelled, None))?;
                    let found =
                        compose(&model.network, own.kind, own.folded, &mut job.tell("Multiplying heads"));
                    let mut found = found.ok_or_else(|| Banner::error(&cancelled, None))?;
                    found.links = found.strongest(found.links.len());
                    Ok(found)
                }
            });
        }
    }

    /// The tables of the selected head first, then what is asked of them.
    fn follow_tables(&mut self, state: &State, tables: Option<Tables>, model: Option<&Arc<Model>>) {
        let word = state.circuits.word;
        let words = self.post.words().circuits;
        let Circuits { heads, found, .. } = &mut self.circuits;
        heads.follow("circuits", tables, &self.post, |&(_, head, options)| {
            let model = model.cloned();
            move |job: &Job| {
                let model = model.ok_or_else(|| Banner::error(&words.stopped, None))?;
                let made = head_circuits(&model.network, head, options, &mut job.tell("Reading the weights"));
                made.map(Arc::new).map_err(|why| Banner::error(&(words.none)(why), None))
            }
        });
        let made = heads.get().cloned();
        if heads.error().is_some() || tables.is_none() {
            found.stop();
        }
        let Some(circuits) = made else { return };
        let key = tables.map(|tables| (tables, word));
        found.follow("words of a head", key, &self.post, |_| {
            move |job: &Job| {
                let stopped = || Banner::error(&words.stopped, None);
                let looks = lists(&circuits.looks, word, job).ok_or_else(stopped)?;
                let writes = match &circuits.writes {
                    Ok(table) => Some(lists(table, word, job).ok_or_else(stopped)?),
                    Err(_) => None,
                };
                Ok(Found { circuits, word, looks, writes })
            }
        });
    }

    /// Stops the work, or lets it go on.
    pub(super) fn hold_circuits(&mut self, held: bool) {
        self.circuits.held = held;
        if !held {
            return;
        }
        let Circuits { heads, found, composition, .. } = &mut self.circuits;
        if heads.progress().is_some() {
            heads.stop();
        }
        if found.progress().is_some() {
            found.stop();
        }
        if composition.progress().is_some() {
            composition.stop();
        }
    }
}
