//! The logit lens: what each layer would say next, if the residual stream went straight to the unembedding.

use crate::model::Model;
use crate::trace::{Candidate, Trace};
use std::ops::{ControlFlow, Range};

/// Rows whose logits are held at once: a vocabulary can be 150 000 wide.
const ROWS: usize = 32;

/// What to ask the lens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LensOptions {
    /// Which tokens
    pub tokens: Range<usize>,
    /// How many candidates each
    pub top: usize,
}

/// What every layer would say, first to last.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Lens {
    /// One more than the model has blocks; the last equals the model's own answer
    pub layers: Vec<LensLayer>,
}

/// What one layer would say.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct LensLayer {
    /// The hook that was read: `blocks.3.hook_resid_pre`
    pub name: String,
    /// For each token the candidates, best first
    pub tokens: Vec<Vec<Candidate>>,
}

/// Final norm, unembedding and bias applied to the residual stream before each block and after the last.
///
/// - residual streams: [token, width]; gives probabilities in [0, 1] over the vocabulary, of which `top` are kept
/// - identity: the last layer equals the model's own logits
/// - source: nostalgebraist 2020, *interpreting GPT: the logit lens*; TransformerLens `logit_lens.py`
/// - `None` where the model has no head, or where `progress` (told the share done) breaks off
pub fn lens(
    model: &Model,
    trace: &Trace,
    options: &LensOptions,
    progress: &mut dyn FnMut(f32) -> ControlFlow<()>,
) -> Option<Lens> {
    let width = trace.spec.width;
    let vocab = trace.spec.vocab;
    let n_layers = trace.n_layers();
    let mut layers = Vec::with_capacity(n_layers + 1);
    for layer in trace.spec.decoder_start()..=n_layers {
        let resid = trace.resid(layer);
        let mut tokens = Vec::with_capacity(options.tokens.len());
        for start in options.tokens.clone().step_by(ROWS) {
            let rows = start..(start + ROWS).min(options.tokens.end);
            let share = (layer as f32 + (start - options.tokens.start) as f32 / options.tokens.len() as f32)
                / (n_layers + 1) as f32;
            if progress(share).is_break() {
                return None;
            }
            let logits = model.network.logits(&resid[rows.start * width..rows.end * width]);
            if logits.is_empty() {
                return None;
            }
            for logits in logits.chunks_exact(vocab) {
                tokens.push(Candidate::best(model, logits, options.top));
            }
        }
        layers.push(LensLayer { name: trace.spec.stream_name(trace.spec.stream_at(layer)), tokens });
    }
    Some(Lens { layers })
}
