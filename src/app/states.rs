//! What the views of hidden states and weights show, worked out on workers.

use super::{
    derived::Derived,
    markdown::{Block, blocks},
    session::Session,
    state::State,
};
use crate::{
    analysis::{NormsOf, TensorStats, Trails, norm_rows, tensor_stats, trails},
    engine::{self, Job},
    trace::{Side, Stream},
};
use std::sync::Arc;

/// Ways through the layers: of a run, with or without its first token.
pub type TrailsOf = Derived<(u64, bool), Trails>;
/// Lengths of what attention and MLPs add to one text's stream, each with its places: of a run.
pub type AddedOf = Derived<(u64, Side), Vec<(NormsOf, Vec<(Stream, Vec<f32>)>)>>;
/// What the model's README says, by the model's place in memory; nothing where it has none.
pub type CardOf = Derived<usize, Option<CardView>>;

/// A README as it is drawn.
pub struct CardView {
    /// What its head says, by the hub's own keys.
    pub facts: Vec<(&'static str, Vec<String>)>,
    /// Its text.
    pub blocks: Vec<Block>,
}

/// Statistics of a weight: by the model's place in memory and the weight's name.
pub type TensorOf = Derived<(usize, String), TensorStats>;

impl Session {
    /// Works out the ways of the run in sight.
    pub fn follow_trails(&mut self, state: &State, wanted: bool) {
        let (run, trace) = self.visible(state);
        let complete = trace.is_some_and(|trace| wanted && trace.is_complete());
        let key = complete.then_some((run, state.sink_apart));
        let post = self.post().clone();
        if self.trails.is_of(key.as_ref(), &post) {
            return;
        }
        let trace = self.visible(state).1.cloned();
        self.trails.follow("trails", key, &post, |&(_, sink_apart)| {
            let skip = usize::from(sink_apart);
            move |_: &Job| {
                let none = Trails { streams: Vec::new(), points: Vec::new(), share: [0.0; 2] };
                Ok(trace.map_or(none, |trace| trails(&trace, Side::Target, skip)))
            }
        });
    }

    /// Works out how long what is added to the stream in sight is; of a saved trace nobody knows.
    pub fn follow_added(&mut self, state: &State, wanted: bool) {
        let (run, trace) = self.visible(state);
        let own = trace.filter(|trace| wanted && trace.is_complete()).zip(self.model.as_ref());
        let key = own.and_then(|(trace, _)| {
            let streams = trace.spec.streams();
            let stream = streams.get(state.layer).or(streams.last())?;
            Some((run, trace.spec.stream_side(*stream)))
        });
        let post = self.post().clone();
        if self.added.is_of(key.as_ref(), &post) {
            return;
        }
        let (trace, model) = (self.visible(state).1.cloned(), self.model.clone());
        self.added.follow("norms of what is added", key, &post, |&(_, side)| {
            move |job: &Job| {
                let (Some(trace), Some(model)) = (trace, model) else { return Ok(Vec::new()) };
                let parts = [NormsOf::Attention, NormsOf::Mlp].into_iter().filter(|_| !job.is_cancelled());
                let rows = |of| Some((of, norm_rows(&trace, Some(&model.network), side, of).ok()?));
                Ok(parts.filter_map(rows).collect())
            }
        });
    }

    /// Reads the model's README.
    pub fn follow_card(&mut self, wanted: bool) {
        let model = self.model.clone().filter(|_| wanted);
        let key = model.as_ref().map(|model| Arc::as_ptr(model) as usize);
        let post = self.post().clone();
        self.card.follow("model card", key, &post, |_| {
            move |_: &Job| {
                let card = model.and_then(|model| engine::model_card(&model));
                Ok(card.map(|card| CardView { blocks: blocks(&card.text), facts: card.facts }))
            }
        });
    }

    /// Works out what the chosen weight is like.
    pub fn follow_tensor(&mut self, state: &State, wanted: bool) {
        let chosen = self.model.clone().zip(state.tensor.clone()).filter(|_| wanted);
        let chosen = chosen.filter(|(model, name)| model.tensors().iter().any(|tensor| tensor.name == *name));
        let key = chosen.as_ref().map(|(model, name)| (Arc::as_ptr(model) as usize, name.clone()));
        let post = self.post().clone();
        let lost = super::banner::Banner::error(&post.words().states.unread, None);
        self.tensor.follow("tensor", key, &post, |_| {
            move |_: &Job| chosen.and_then(|(model, name)| tensor_stats(&model, &name)).ok_or(lost)
        });
    }
}
