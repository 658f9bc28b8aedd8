//! A second run beside the one that is open, and how far the two differ: asked in `State`, found out by workers.
//!
//! The first run, A, is the open one without interventions. The second, B, is of another prompt or another model; where
//! neither is asked for, it is A's own run with the interventions that are on.

mod art;
mod which;
mod window;

pub use art::{Art, Grid, Pictures};
use which::Which;
pub use window::{in_first, of_first};

use super::{
    banner::Banner, changed::Changed, derived::Derived, document::Reference, labels::Labels, layout::Pane,
    session::Session, state::State, training::Live, words::Words, worker::Post,
};
use crate::{
    analysis::compare::{Alignment, Comparison, Difference, HeadDifference, Pair, Piece, difference, pieces},
    engine::{self, Job, Languages, ModelSource, Prompt, RunOptions, Typed},
    model::{HeadId, Model},
    trace::{Pattern, Pool, Side, Trace},
};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::{ops::Range, sync::Arc};

/// Rows and columns of a head's difference in the grid.
const SMALL: usize = 32;
/// Rows and columns of a map beside another.
const LARGE: usize = 512;

/// What is compared with: part of the state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CompareChoice {
    /// What stands in the second prompt box.
    pub prompt: String,
    /// What of that was asked to be run; empty: the first prompt.
    pub asked: String,
    /// The second model; none: the first.
    pub model: Option<Reference>,
    /// The step of the training in sight that the second model is of, instead.
    pub step: Option<u64>,
    /// Whether heads that differ most stand first.
    pub sorted: bool,
}

impl Default for CompareChoice {
    fn default() -> Self {
        Self { prompt: String::new(), asked: String::new(), model: None, step: None, sorted: true }
    }
}

impl CompareChoice {
    /// Whether a run of its own is asked for.
    pub fn asks(&self) -> bool {
        self.model.is_some() || self.step.is_some() || !self.asked.is_empty()
    }
}

/// What a second run is of.
#[derive(Clone, Debug, PartialEq)]
pub struct SecondKey {
    which: Which,
    prompt: Asked,
    target: String,
    languages: Languages,
}

#[derive(Clone, Debug, PartialEq)]
enum Asked {
    Text(String),
    /// That of the first run
    Own(u64),
}

/// A second run.
pub struct Second {
    /// Its number.
    pub run: u64,
    /// Its model; none where it is a saved trace.
    pub model: Option<Arc<Model>>,
    /// The run.
    pub trace: Trace,
}

/// How two runs differ, with a small picture of each head.
pub struct Found {
    /// The numbers.
    pub comparison: Comparison,
    /// B's weights less A's, in the order of `comparison.heads`.
    pub maps: Vec<Difference>,
    /// The greatest size of them.
    pub most: f32,
    /// Both texts as one strip: of the source, and of the target.
    pieces: [Vec<Piece>; 2],
}

impl Found {
    /// One text of both runs as one strip.
    pub fn pieces(&self, side: Side) -> &[Piece] {
        let [source, target] = &self.pieces;
        if side == Side::Source { source } else { target }
    }
}

/// One head of both runs.
pub struct PairMaps {
    /// Which.
    pub heads: HeadDifference,
    /// A's weights and B's, each with rows, columns.
    pub sides: [Map; 2],
    /// B's less A's, over aligned tokens.
    pub difference: Difference,
    /// Labels of rows and of columns: A's, B's, those of the pairs.
    pub labels: [[Labels; 2]; 3],
    /// Whether queries see only what came before.
    pub causal: bool,
}

/// A pattern, pooled by its maximum where it is large.
pub struct Map {
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
    /// Row-major.
    pub values: Vec<f32>,
}

impl Map {
    fn of(pattern: Pattern<'_>) -> Self {
        let (queries, keys) = (pattern.n_queries(), pattern.n_keys());
        let (rows, columns) = (queries.min(LARGE), keys.min(LARGE));
        Self { rows, columns, values: pattern.pooled(0..queries, 0..keys, rows, columns, Pool::Max) }
    }
}

/// What workers found out.
#[derive(Default)]
pub struct Comparing {
    /// The second run.
    pub second: Derived<SecondKey, Second>,
    /// How the two differ.
    pub found: Derived<(u64, u64), Found>,
    /// The selected head in both.
    pub pair: Derived<(u64, u64, HeadId), PairMaps>,
    loaded: Loaded,
}

/// Two runs with their numbers.
#[derive(Clone, Copy)]
pub struct Both<'a> {
    /// The first and its number.
    pub a: (u64, &'a Trace),
    /// The second and its number.
    pub b: (u64, &'a Trace),
}

/// The panes that compare.
pub const PANES: [Pane; 3] = [Pane::CompareHeads, Pane::SideBySide, Pane::CompareWords];

/// The second model, as long as it is wanted.
type Loaded = Option<(Which, Arc<Model>)>;

/// Has the second run made, where one is asked for that is not there. True where work began, under `number`.
fn follow_second(
    (second, loaded): (&mut Derived<SecondKey, Second>, &mut Loaded),
    state: &State,
    (model, which): (Option<&Arc<Model>>, Option<Which>),
    (run, trace): (u64, &Trace),
    number: u64,
    post: &Post,
) -> bool {
    let choice = &state.compare;
    let key = which.clone().filter(|_| choice.asks()).map(|which| SecondKey {
        which,
        prompt: if choice.asked.is_empty() { Asked::Own(run) } else { Asked::Text(choice.asked.clone()) },
        target: state.target.clone(),
        languages: state.languages.clone(),
    });
    if second.is_of(key.as_ref(), post) {
        let other = which.filter(|which| !matches!(which, Which::Open(_)));
        let own = other.zip(second.get().and_then(|second| second.model.as_ref()));
        if let Some((which, model)) = own
            && loaded.as_ref().is_none_or(|(known, _)| *known != which)
        {
            *loaded = Some((which, Arc::clone(model)));
        }
        return false;
    }
    loaded.take_if(|(own, _)| which.as_ref() != Some(own));
    let at_hand = match &which {
        Some(Which::Open(_)) => model.cloned(),
        _ => loaded.as_ref().map(|(_, model)| Arc::clone(model)),
    };
    let prompt = if choice.asked.is_empty() { own_prompt(trace) } else { text(choice.asked.clone()) };
    let target = Some(&state.target).filter(|target| !target.is_empty()).cloned();
    let (begins, languages) = (key.is_some(), state.languages.clone());
    let words = post.words();
    second.follow("second run", key, post, |_| {
        move |job: &Job| {
            let Some(which) = which else { return Err(Banner::error(&words.needs_model, None)) };
            run_second((at_hand, &which), (&prompt, target, languages), number, words, job)
        }
    });
    begins
}

fn follow_found(found: &mut Derived<(u64, u64), Found>, both: Option<Both<'_>>, post: &Post) {
    let key = both.map(|both| (both.a.0, both.b.0));
    let words = post.words();
    found.follow("comparison", key, post, |_| {
        let runs = both.map(|both| (both.a.1.clone(), both.b.1.clone()));
        move |job: &Job| match runs {
            Some((a, b)) => compared(&a, &b, words, job),
            None => Err(Banner::error(&words.needs_trace, None)),
        }
    });
}

fn follow_pair(
    pair: &mut Derived<(u64, u64, HeadId), PairMaps>,
    both: Option<Both<'_>>,
    found: Option<&Found>,
    head: HeadId,
    post: &Post,
) {
    let known = both.zip(found).and_then(|(both, found)| {
        let own = found.comparison.heads.iter().find(|own| own.a == head)?;
        Some((both, *own, &found.comparison))
    });
    let key = known.map(|(both, ..)| (both.a.0, both.b.0, head));
    let words = post.words();
    pair.follow("pair of heads", key, post, |_| {
        let work = known.map(|(both, own, comparison)| {
            let part = both.a.1.spec.blocks[own.a.layer].part;
            let sides = [part.rows(), part.columns()].map(|side| comparison.alignment(side).clone());
            (both.a.1.clone(), both.b.1.clone(), own, sides)
        });
        move |_: &Job| {
            let Some((a, b, heads, [queries, keys])) = work else {
                return Err(Banner::error(&words.needs_trace, None));
            };
            let (own, theirs) = (a.pattern(heads.a), b.pattern(heads.b));
            let difference = difference(own, theirs, &queries, &keys, LARGE);
            let part = a.spec.blocks[heads.a.layer].part;
            let sides = [part.rows(), part.columns()];
            let of = |trace: &Trace| sides.map(|side| Labels::of(trace.tokens_of(side)));
            let (own_labels, their_labels) = (of(&a), of(&b));
            let pairs = [0, 1].map(|i| pair_labels([&queries, &keys][i], &own_labels[i], &their_labels[i]));
            let causal = a.spec.blocks[heads.a.layer].attention.causal;
            let maps = [Map::of(own), Map::of(theirs)];
            Ok(PairMaps { heads, sides: maps, difference, labels: [own_labels, their_labels, pairs], causal })
        }
    });
}

/// What pairs of tokens read: one text where both read the same.
fn pair_labels(alignment: &Alignment, a: &Labels, b: &Labels) -> Labels {
    let text = |labels: &Labels, tokens: Range<usize>| tokens.map(|i| labels.get(i)).collect::<String>();
    let label = |pair: &Pair| {
        let own = text(a, pair.a.clone());
        if pair.same { own } else { format!("{own}→{}", text(b, pair.b.clone())) }
    };
    let texts: Vec<String> = alignment.pairs.iter().map(label).collect();
    let longest = texts.iter().map(|text| text.chars().count()).max().unwrap_or(0);
    Labels { texts, longest }
}

/// Both runs, where there are two to compare.
fn both<'a>(
    state: &State,
    clean: Option<(u64, &'a Trace)>,
    changed: &'a Changed,
    second: &'a Derived<SecondKey, Second>,
) -> Option<Both<'a>> {
    let b = if state.compare.asks() {
        second.get().map(|second| (second.run, &second.trace))
    } else {
        clean.and_then(|(run, _)| changed.of(run)).map(|trace| (changed.run, trace))
    };
    Some(Both { a: clean?, b: b.filter(|(_, trace)| trace.is_complete())? })
}

/// A text that may be two.
fn text(text: String) -> Typed {
    Typed { prompt: Prompt::Text(text), question: None, second: None }
}

/// The prompt of a run, for another model: its text where it has one, or its two.
fn own_prompt(trace: &Trace) -> Typed {
    let tokens = trace.tokens_of(trace.prompt_side());
    if trace.prompt.is_empty() {
        let ids = tokens.iter().map(|token| token.id).collect();
        return Typed { prompt: Prompt::Ids(ids), question: None, second: trace.second };
    }
    let begins = |second: usize| tokens.get(second..)?.iter().find(|token| !token.span.is_empty());
    match trace.second.and_then(begins).and_then(|token| trace.prompt.split_at_checked(token.span.start)) {
        Some((first, rest)) => Typed { question: Some(first.trim_end().to_owned()), ..text(rest.to_owned()) },
        None => text(trace.prompt.clone()),
    }
}

fn run_second(
    (model, which): (Option<Arc<Model>>, &Which),
    (prompt, target, languages): (&Typed, Option<String>, Languages),
    run: u64,
    words: &Words,
    job: &Job,
) -> Result<Second, Banner> {
    if let Some(file) = which.source().as_ref().and_then(ModelSource::trace) {
        let trace = engine::open_trace(file, job).map_err(|error| Banner::of(&error, words))?;
        return Ok(Second { run, model: None, trace });
    }
    let model = match model {
        Some(model) => model,
        None => Arc::new(which.open(words, job)?),
    };
    let target = target.filter(|_| model.spec().encoder.is_some());
    let target = target.map(|target| Prompt::typed(target, model.writer()));
    let Typed { prompt, question, second } = match prompt.clone() {
        Typed { prompt: Prompt::Text(own), question: None, .. } => Typed::of(own, &model),
        // Two texts are one to a model that does not read two
        Typed { prompt: Prompt::Text(own), question: Some(first), .. } if !model.spec().reads_pairs() => {
            text(format!("{first}\n{own}"))
        }
        given => given,
    };
    let languages = languages.known_to(&model);
    let options = RunOptions { target, languages, question, second, ..RunOptions::default() };
    let layers = model.spec().layers().max(1);
    let mut done = |trace: &Trace| {
        job.report("Running the prompt", trace.layers_done() as f32 / layers as f32);
    };
    // The first run is in memory already, so what is free is what is left for this one
    let trace = engine::run(&model, &prompt, &options, job, &mut done);
    let trace = trace.map_err(|error| Banner::of(&error, words))?;
    Ok(Second { run, model: Some(model), trace })
}

fn compared(a: &Trace, b: &Trace, words: &Words, job: &Job) -> Result<Found, Banner> {
    let comparison = engine::compare(a, b, job).map_err(|error| Banner::of(&error, words))?;
    let map = |head: &HeadDifference| {
        let part = a.spec.blocks[head.a.layer].part;
        let (rows, columns) = (comparison.alignment(part.rows()), comparison.alignment(part.columns()));
        difference(a.pattern(head.a), b.pattern(head.b), rows, columns, SMALL)
    };
    let maps: Vec<Difference> = comparison.heads.par_iter().map(map).collect();
    let most = maps.iter().flat_map(|map| &map.values).fold(0.0_f32, |most, value| most.max(value.abs()));
    let pieces = [Side::Source, Side::Target]
        .map(|side| pieces(comparison.alignment(side), [a.tokens_of(side), b.tokens_of(side)]));
    Ok(Found { comparison, maps, most, pieces })
}

impl Session {
    /// The clean run, once it is complete.
    fn first(&self) -> Option<(u64, &Trace)> {
        let trace = self.trace.as_ref().filter(|trace| trace.is_complete() && self.busy.is_none())?;
        Some((self.run, trace))
    }

    /// Both runs, where there are two to compare.
    pub fn both(&self, state: &State) -> Option<Both<'_>> {
        both(state, self.first(), &self.changed, &self.comparing.second)
    }

    /// Has workers make the second run and compare, while a pane that shows it is in sight.
    pub fn follow_comparison(&mut self, state: &State, live: &Live, in_sight: impl Fn(Pane) -> bool) {
        if !PANES.into_iter().any(in_sight) {
            return;
        }
        let mut comparing = std::mem::take(&mut self.comparing);
        let Comparing { second, found, pair, loaded } = &mut comparing;
        let number = self.numbers + 1;
        let mut begun = false;
        if let Some(first) = self.first() {
            let model = self.model.as_ref();
            let which = Which::of(state, model, &self.timelines, live);
            begun = follow_second((second, loaded), state, (model, which), first, number, &self.post);
        }
        let both = both(state, self.first(), &self.changed, second);
        follow_found(found, both, &self.post);
        follow_pair(pair, both, found.get(), state.head, &self.post);
        self.comparing = comparing;
        self.numbers += u64::from(begun);
    }
}
