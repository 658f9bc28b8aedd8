//! What the views of hidden states and weights show, worked out on workers.

use super::{derived::Derived, session::Session, state::State};
use crate::{
    analysis::{TensorStats, Trails, tensor_stats, trails},
    engine::Job,
    trace::Side,
};
use std::sync::Arc;

/// Ways through the layers: of a run, with or without its first token.
pub type TrailsOf = Derived<(u64, bool), Trails>;
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
