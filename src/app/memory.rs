//! What the memory panes ask, and what workers found out: honesty meter, KV cache, recall.

use super::{
    banner::Banner, command::Refusal, derived::Derived, layout::Pane, river::Rivers, scene::Scene,
    session::Session, state::State, worker::Post,
};
use crate::{
    analysis::{KvCache, Picture, kv_cache},
    engine::{
        self, AmongOthers, Carriers, CurveError, CurvePair, Entries, Eviction, EvictionError, Honesty,
        HonestyOptions, Job, Policy, Reading, Recall, RecallAsked, RecallError, RecallOptions, Template,
        Written,
    },
    model::{HeadSpec, Model},
    trace::{Intervention, Trace},
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, sync::Arc};

/// Queries over which the cache's attention is added up.
pub const STEPS: usize = 32;
/// Tokens that a text is gone on with, and the longest pass in seconds for which it is: each takes a pass.
const AHEAD: usize = 12;
const WRITING: f64 = 0.08;
/// Random tokens that are read twice.
const PERIOD: usize = 32;
/// Entries at the beginning that *sinks + recent* keeps, as StreamingLLM does.
const SINKS: usize = 4;
/// Lengths that recall asks for, as far as the model has positions.
const LENGTHS: [usize; 9] = [32, 64, 96, 128, 192, 256, 384, 512, 1024];
/// Depths that recall asks for.
pub const DEPTHS: [f64; 5] = [0.0, 0.25, 0.5, 0.75, 1.0];

/// How the cache forgets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, strum::EnumIter)]
pub enum PolicyKind {
    /// Not at all.
    All,
    /// First and last entries stay.
    #[default]
    Recent,
    /// What is looked at most stays.
    Heavy,
    /// The last entries stay.
    Window,
    /// Some stay by chance.
    Random,
    /// What the user says goes.
    ByHand,
}

/// How recall is shown beside its map.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum RecallView {
    /// By the distance of the fact.
    #[default]
    Distance,
    /// By how many facts about others there are.
    Others,
    /// By head: who carries it.
    Heads,
    /// Random tokens read twice: the loss by position.
    Twice,
}

/// What is asked: plain data in `State`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MemoryChoice {
    /// The last layer whose paths count; none: all.
    pub last_layer: Option<usize>,
    /// The answer to measure by; none: the likeliest.
    pub answer: Option<u32>,
    /// Which picture a river and a map show.
    pub picture: Picture,
    /// How the cache forgets.
    pub policy: PolicyKind,
    /// Entries it may keep; none: a third of them.
    pub budget: Option<usize>,
    /// Entries that are forgotten by hand: layer and token.
    pub dropped: BTreeSet<(usize, usize)>,
    /// In which words recall asks; none: what suits the model.
    pub template: Option<Template>,
    /// Questions for each cell of recall.
    pub trials: usize,
    /// The cell of recall that is looked at: its place among lengths and depths.
    pub cell: Option<(usize, usize)>,
    /// How recall is shown beside its map.
    pub recall_view: RecallView,
}

impl Default for MemoryChoice {
    fn default() -> Self {
        Self {
            last_layer: None,
            answer: None,
            picture: Picture::Contributions,
            policy: PolicyKind::default(),
            budget: None,
            dropped: BTreeSet::new(),
            template: None,
            trials: 4,
            cell: None,
            recall_view: RecallView::default(),
        }
    }
}

impl MemoryChoice {
    /// Entries that the cache of `n` tokens may keep.
    pub fn budget(&self, n: usize) -> usize {
        self.budget.unwrap_or(n / 3).clamp(1, n.max(1))
    }

    /// Lets go of what only the model before has: its layers and words.
    pub fn forget_model(&mut self) {
        (self.last_layer, self.answer) = (None, None);
        self.dropped.clear();
    }

    /// Has the cache forget an entry, or keep it again.
    pub fn drop(&mut self, layer: usize, token: usize, gone: bool) {
        if gone {
            self.dropped.insert((layer, token));
        } else {
            self.dropped.remove(&(layer, token));
        }
    }

    /// What the engine calls it.
    pub fn policy(&self, n: usize) -> Policy {
        let budget = self.budget(n);
        match self.policy {
            PolicyKind::All => Policy::All,
            PolicyKind::Recent => {
                let sinks = SINKS.min(budget - 1);
                Policy::Recent { sinks, recent: budget - sinks }
            }
            PolicyKind::Heavy => Policy::Heavy { heavy: budget / 2, recent: budget - budget / 2 },
            PolicyKind::Window => Policy::Recent { sinks: 0, recent: budget },
            PolicyKind::Random => Policy::Random { budget, seed: 0 },
            PolicyKind::ByHand => {
                let one = |&(layer, token): &(usize, usize)| Entries {
                    layer: Some(layer),
                    first: token,
                    last: token,
                };
                Policy::Without(self.dropped.iter().filter(|(_, token)| *token < n).map(one).collect())
            }
        }
    }
}

/// What recall was asked.
#[derive(Clone, Debug, PartialEq)]
pub struct RecallKey {
    /// Which of the models that were opened.
    model: usize,
    template: Option<Template>,
    trials: usize,
    interventions: Vec<Intervention>,
}

/// A cache that forgot, and what is left in it.
pub struct CacheView {
    /// What forgetting cost.
    pub eviction: Eviction,
    /// What is left, and what it is read by.
    pub cache: KvCache,
    /// What the text goes on with, where that does not take long.
    pub written: Option<Written>,
}

/// A run's number, its asked token, the last layer and the answer.
pub type HonestyKey = (u64, Option<usize>, Option<usize>, Option<u32>);

/// What the honesty meter of a run is asked.
pub fn honesty_key(state: &State, run: u64, trace: &Trace) -> HonestyKey {
    let last_layer = state.memory.last_layer.filter(|&layer| layer < trace.n_layers());
    (run, state.query, last_layer, state.memory.answer)
}

/// What workers found out.
#[derive(Default)]
pub struct Memory {
    /// How far pictures of attention agree with cutting.
    pub honesty: Derived<HonestyKey, Honesty>,
    /// The cache under a policy.
    pub cache: Derived<(u64, Policy), CacheView>,
    /// How far back can be asked.
    pub recall: Derived<RecallKey, Recall>,
    /// Recall among facts about others.
    pub others: Derived<RecallKey, (RecallAsked, Vec<AmongOthers>)>,
    /// Which heads carry recall.
    pub carriers: Derived<RecallKey, (RecallAsked, Arc<Carriers>)>,
    /// Loss on random tokens that are read twice, clean and with interventions.
    pub twice: Derived<RecallKey, Arc<CurvePair>>,
    /// Memory through the layers.
    pub rivers: Rivers,
    asked: Option<RecallKey>,
}

impl Memory {
    fn follow_honesty(&mut self, state: &State, run: u64, model: &Arc<Model>, trace: &Trace, post: &Post) {
        let key = honesty_key(state, run, trace);
        self.honesty.follow("honesty meter", Some(key), post, |&(_, token, layer, word)| {
            let (model, trace) = (Arc::clone(model), trace.clone());
            let options = HonestyOptions {
                token,
                layer,
                word: word.map(|id| format!("#{id}")),
                ..HonestyOptions::default()
            };
            let words = post.words();
            move |job: &Job| {
                engine::honesty(&model, &trace, &options, job).map_err(|error| Banner::of(&error, words))
            }
        });
    }

    fn follow_cache(&mut self, state: &State, run: u64, model: &Arc<Model>, trace: &Trace, post: &Post) {
        let key = (run, state.memory.policy(trace.n_tokens()));
        self.cache.follow("KV cache", Some(key), post, |(_, policy)| {
            let (model, trace, words) = (Arc::clone(model), trace.clone(), post.words());
            let policy = policy.clone();
            move |job: &Job| {
                let (eviction, under) =
                    engine::evict(&model, &trace, &policy, job).map_err(|error| Banner::of(&error, words))?;
                let none = || Banner::of(&EvictionError::NoCache(model.name.clone()), words);
                let cache = kv_cache(&under, STEPS).ok_or_else(none)?;
                let quick = trace.forward_seconds < WRITING;
                let written = quick.then(|| engine::write_on(&model, &trace, &policy, AHEAD, job));
                let written = written.transpose().map_err(|error| Banner::of(&error, words))?;
                Ok(CacheView { eviction, cache, written })
            }
        });
    }

    fn follow_recall(&mut self, state: &State, model: &Arc<Model>, post: &Post) {
        let key = self.asked.clone().filter(|asked| asked.model == address(model));
        let words = post.words();
        let failed = move |error: RecallError| Banner::of(&error, words);
        let view = state.memory.recall_view;
        if view == RecallView::Others {
            self.others.follow("recall among others", key.clone(), post, |key| {
                let (model, options) = (Arc::clone(model), fewer(model, key));
                move |job: &Job| {
                    let ask = |options: &RecallOptions| {
                        let found = engine::among_others(&model, options, None, job)?;
                        Ok((RecallAsked::of(&model, options), found))
                    };
                    fitted(options, ask).map_err(failed)
                }
            });
        }
        if view == RecallView::Heads {
            self.carriers.follow("recall by head", key.clone(), post, |key| {
                let (model, options) = (Arc::clone(model), fewer(model, key));
                move |job: &Job| {
                    let ask = |options: &RecallOptions| {
                        let found = engine::carriers(&model, options, job)?;
                        Ok((RecallAsked::of(&model, options), Arc::new(found)))
                    };
                    fitted(options, ask).map_err(failed)
                }
            });
        }
        if view == RecallView::Twice {
            self.twice.follow("read twice", key.clone(), post, |key| {
                let (model, key) = (Arc::clone(model), key.clone());
                move |job: &Job| twice(&model, &key, job).map_err(|error| Banner::of(&error, words))
            });
        }
        self.recall.follow("recall", key, post, |key| {
            let (model, options) = (Arc::clone(model), options(model, key));
            move |job: &Job| fitted(options, |options| engine::recall(&model, options, job)).map_err(failed)
        });
    }

    /// Whether recall was asked for with what is chosen now.
    pub fn is_asked(&self) -> bool {
        self.asked.is_some()
    }
}

/// Tells models apart while they live.
fn address(model: &Arc<Model>) -> usize {
    Arc::as_ptr(model).addr()
}

/// The loss on random tokens that are read twice, and the same with interventions.
fn twice(model: &Model, key: &RecallKey, job: &Job) -> Result<Arc<CurvePair>, CurveError> {
    let read = |period: usize| {
        let reading = Reading::Repeat { period, trials: key.trials, seed: 0 };
        CurvePair::new(model, &reading, key.interventions.clone(), job)
    };
    let read = match read(PERIOD) {
        Err(CurveError::Length { room, .. }) if room >= 4 => read(room / 2),
        other => other,
    };
    read.map(Arc::new)
}

/// What is asked of every length.
fn options(model: &Model, key: &RecallKey) -> RecallOptions {
    let context = model.spec().context.unwrap_or(usize::MAX);
    let mut lengths: Vec<usize> = LENGTHS.into_iter().filter(|&length| length <= context).collect();
    if lengths.is_empty() {
        lengths.extend([context / 2, context]);
    }
    RecallOptions {
        template: key.template,
        lengths,
        depths: DEPTHS.to_vec(),
        trials: key.trials,
        seed: 0,
        memory_budget: None,
        interventions: key.interventions.clone(),
        distractors: None,
    }
}

/// Fewer of the same questions, for what asks each of them many times.
fn fewer(model: &Model, key: &RecallKey) -> RecallOptions {
    let all = options(model, key);
    let few = [64, 128].into_iter().filter(|length| all.lengths.contains(length)).collect::<Vec<_>>();
    RecallOptions {
        lengths: if few.is_empty() { all.lengths.clone() } else { few },
        depths: vec![0.0, 0.5, 1.0],
        trials: key.trials.min(4),
        interventions: Vec::new(),
        ..all
    }
}

/// Asks at every length that the words fit in.
fn fitted<T>(
    mut options: RecallOptions,
    ask: impl Fn(&RecallOptions) -> Result<T, RecallError>,
) -> Result<T, RecallError> {
    loop {
        match ask(&options) {
            Err(RecallError::TooShort { length, needed }) if options.lengths.len() > 1 => {
                options.lengths.retain(|&own| own > length && own >= needed);
                if options.lengths.is_empty() {
                    return Err(RecallError::TooShort { length, needed });
                }
            }
            Err(RecallError::TooFewWords { length, words }) if length > words => {
                options.lengths.retain(|&own| own < length);
                if options.lengths.is_empty() {
                    options.lengths.extend([words / 2, words]);
                }
            }
            other => return other,
        }
    }
}

/// Whether a model can be asked for a word that comes next.
pub fn recalls(model: &Model) -> bool {
    let spec = model.spec();
    spec.head == HeadSpec::NextToken && spec.generates() && spec.encoder.is_none()
}

impl Scene<'_> {
    /// Whether recall can be asked, or why not.
    pub fn may_recall(&self) -> Result<(), Refusal> {
        match self.model {
            None => Err(self.words.needs_model),
            Some(model) if !recalls(model) => Err(self.words.memory.recall_none),
            Some(_) => Ok(()),
        }
    }
}

impl Session {
    /// Has workers find out what the memory panes in sight show.
    pub fn follow_memory(&mut self, state: &State, in_sight: impl Fn(Pane) -> bool) {
        let mut memory = std::mem::take(&mut self.memory);
        if let Some(model) = &self.model {
            if in_sight(Pane::Recall) {
                memory.follow_recall(state, model, &self.post);
            }
            if let Some((run, trace)) = self.visible_whole(state) {
                if in_sight(Pane::Honesty) {
                    memory.follow_honesty(state, run, model, trace, &self.post);
                }
                if in_sight(Pane::Cache) && trace.spec.generates() && trace.spec.encoder.is_none() {
                    memory.follow_cache(state, run, model, trace, &self.post);
                }
            }
        }
        self.memory = memory;
    }

    /// Asks recall anew, with the interventions that are switched on.
    pub fn ask_recall(&mut self, state: &State) {
        let Some(model) = &self.model else { return };
        self.memory.asked = Some(RecallKey {
            model: address(model),
            template: state.memory.template,
            trials: state.memory.trials,
            interventions: state.switched_on(),
        });
    }

    /// Ends recall.
    pub fn stop_recall(&mut self) {
        self.memory.asked = None;
        self.memory.recall.stop();
        self.memory.others.stop();
        self.memory.carriers.stop();
    }
}
