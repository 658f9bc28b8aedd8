//! Which model the second run is of: the open one, another, or a step of the training in sight.

use crate::{
    app::{
        banner::Banner,
        document::Reference,
        scene::Scene,
        state::State,
        timeline::{Sight, Timelines},
        training::{Live, Moving},
        words::Words,
    },
    engine::{self, Job, ModelSource},
    model::Model,
};
use std::sync::Arc;

/// The model of a second run.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Which {
    /// The open one, told apart by where it lies
    Open(usize),
    /// Another
    Other(Reference),
    /// A moment of the live training
    Moment(Moving),
}

impl Which {
    /// What the state asks for; none where that is a step of a training that is not in sight.
    pub(super) fn of(
        state: &State,
        model: Option<&Arc<Model>>,
        timelines: &Timelines,
        live: &Live,
    ) -> Option<Self> {
        let choice = &state.compare;
        match (choice.step, &choice.model) {
            (Some(step), _) if state.timeline.folder.is_some() => {
                let checkpoint = timelines.at(&state.timeline, step)?;
                Some(Self::Other(Reference::Path(checkpoint.path.clone())))
            }
            (Some(step), _) => live.moment(step).map(Self::Moment),
            (None, Some(reference)) => Some(Self::Other(reference.clone())),
            (None, None) => Some(Self::Open(model.map_or(0, |model| Arc::as_ptr(model).addr()))),
        }
    }

    /// Where it is opened from, where that is a file or a folder.
    pub(super) fn source(&self) -> Option<ModelSource> {
        match self {
            Self::Other(reference) => Some(reference.clone().source()),
            Self::Open(_) | Self::Moment(_) => None,
        }
    }

    /// Opens it.
    pub(super) fn open(&self, words: &Words, job: &Job) -> Result<Model, Banner> {
        match self {
            Self::Open(_) => Err(Banner::error(&words.needs_weights, None)),
            Self::Other(reference) => {
                engine::load(&reference.clone().source(), job).map_err(|error| Banner::of(&error, words))
            }
            Self::Moment(moment) => moment.model().map_err(|error| Banner::of(&error, words)),
        }
    }
}

impl Scene<'_> {
    /// The steps of a training that a second run can be of, oldest first.
    pub fn second_steps(&self, sight: &Sight<'_>) -> Vec<u64> {
        if sight.live {
            self.live.moments.iter().map(|moment| moment.report.steps).collect()
        } else {
            sight.steps.clone()
        }
    }

    /// Whether the views show the step that the slider of a training stands at.
    pub fn follows(&self, sight: &Sight<'_>) -> bool {
        !sight.live
            || self
                .model
                .zip(self.live.unkept())
                .is_some_and(|(model, live)| self.timelines.shows(model, &live))
    }
}
