//! Checkpoints that were opened: going back to one costs nothing while they take little memory.

use super::Place;
use crate::{app::running::Request, model::Model, trace::Trace};
use std::{collections::VecDeque, sync::Arc};

/// Bytes that weights and runs may take together.
const MOST: u64 = 512 << 20;

/// The latest ones, oldest first.
#[derive(Default)]
pub(super) struct Cache {
    kept: VecDeque<Kept>,
}

struct Kept {
    place: Place,
    model: Arc<Model>,
    request: Request,
    trace: Trace,
}

impl Kept {
    fn bytes(&self) -> u64 {
        self.model.weight_bytes() + self.trace.bytes() as u64
    }
}

impl Cache {
    /// The model of a place.
    pub(super) fn model(&self, place: &Place) -> Option<Arc<Model>> {
        self.kept.iter().find(|kept| kept.place == *place).map(|kept| Arc::clone(&kept.model))
    }

    /// The model of a place with its run of what is asked for.
    pub(super) fn run(&self, place: &Place, request: &Request) -> Option<(Arc<Model>, Trace)> {
        let kept = self.kept.iter().find(|kept| kept.place == *place && kept.request == *request)?;
        Some((Arc::clone(&kept.model), kept.trace.clone()))
    }

    /// Keeps a run; the oldest ones go where all take too much.
    pub(super) fn keep(&mut self, place: &Place, request: &Request, model: &Arc<Model>, trace: &Trace) {
        self.kept.retain(|kept| kept.place != *place);
        let (place, model, request) = (place.clone(), Arc::clone(model), request.clone());
        self.kept.push_back(Kept { place, model, request, trace: trace.clone() });
        while self.kept.len() > 1 && self.kept.iter().map(Kept::bytes).sum::<u64>() > MOST {
            self.kept.pop_front();
        }
    }
}
