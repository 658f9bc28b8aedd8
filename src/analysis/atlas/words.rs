//! What a head does with words that have an order or a bearer: successors, names.

use crate::analysis::Attribution;
use crate::kernels::linear;
use crate::model::{HeadId, HeadSpec, Network};
use crate::trace::Trace;

/// How far a head moves a name to where it is to be said: its weight on the name, where what it reads there speaks for
/// the name against the other one, else 0.
///
/// - formula: P[q, k] if p·⟨v_k, W_O·direction⟩ > 0, with q the last token, k the name, direction the name's logit less
///   the other's through the frozen final norm
/// - returns a share in [0, 1]
/// - source: Wang et al. 2022, *Interpretability in the Wild*, "name mover heads" (attention and direct logit difference)
pub fn name_moved(trace: &Trace, attribution: &Attribution, head: HeadId, key: usize) -> f64 {
    let speaks = attribution.sources(trace, head).get(key).is_some_and(|&part| part > 0.0);
    let query = attribution.question.token;
    if speaks { f64::from(trace.pattern(head).cell(query, key)) } else { 0.0 }
}

/// Words in their order, and what each would be as the next one: the rows of W_U.
#[derive(Clone, Debug)]
pub struct Ordinals {
    /// Runs of words by their ids, in order
    pub runs: Vec<Vec<u32>>,
    /// Of each run, [word, width]
    unembed: Vec<Vec<f32>>,
}

impl Ordinals {
    /// For a model that scores the next word straight from the stream that heads write into; `None` of others, and
    /// without a run of at least two words.
    pub fn new(network: &Network, runs: Vec<Vec<u32>>) -> Option<Self> {
        let spec = &network.spec;
        let straight = spec.head == HeadSpec::NextToken && spec.encoder.is_none();
        if !straight || spec.embedding.projection.is_some() || runs.iter().all(|run| run.len() < 2) {
            return None;
        }
        let matrix = network.weights.matrix("unembed.W_U");
        let rows = |run: &Vec<u32>| run.iter().flat_map(|&id| matrix.column::<f32>(id as usize)).collect();
        let unembed = runs.iter().map(rows).collect();
        Some(Self { runs, unembed })
    }

    /// Words that have a successor.
    pub fn asked(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let of =
            |(run, words): (usize, &Vec<u32>)| (0..words.len().saturating_sub(1)).map(move |at| (run, at));
        self.runs.iter().enumerate().flat_map(of)
    }

    /// Whether a head that looks at word `at` of a run writes the next one of that run more than any other of it.
    ///
    /// - formula: argmax_w ⟨v·W_O, W_U\[w\]⟩ over the run's words = the successor, with v the head's value of the word on
    ///   its own, as the pass has it at the last token of `trace`; norms left out
    /// - source: after Gould et al. 2023, *Successor Heads*, where v comes of the embedding through the first MLP
    pub fn succeeds(&self, network: &Network, trace: &Trace, head: HeadId, run: usize, at: usize) -> bool {
        let kv_head = trace.spec.blocks[head.layer].attention.kv_head(head.head);
        let values = &trace.layer(head.layer).state.values[kv_head];
        let Some(last) = trace.n_tokens().checked_sub(1) else { return false };
        let value: Vec<f32> = values.row(last).to_vec();
        let written: Vec<f32> = linear(&value, &network.head_output(head.layer, head.head), None);
        let says = |word: &[f32]| -> f64 {
            word.iter().zip(&written).map(|(&u, &x)| f64::from(u) * f64::from(x)).sum()
        };
        let logits: Vec<f64> = self.unembed[run].chunks_exact(written.len().max(1)).map(says).collect();
        let best = (0..logits.len()).max_by(|&a, &b| logits[a].total_cmp(&logits[b]));
        best == Some(at + 1)
    }
}
