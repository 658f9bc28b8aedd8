//! Any activation by its name: read from the trace, or recomputed from the residual stream that the trace holds.

use super::{Side, Trace};
use crate::kernels::{Matrix, linear};
use crate::model::{Context, HeadId, HeadSpec, Hook, Network, NormSpec, Part, Placement, Pooling, Repeats};

/// An activation: numbers and their shape, row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// `blocks.3.attn.hook_pattern`
    pub name: String,
    /// As the vocabulary gives it
    pub shape: Vec<usize>,
    /// The numbers
    pub data: Vec<f32>,
}

/// An activation that this model or trace does not have.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{name} does not exist {reason}")]
pub struct ActivationError {
    name: String,
    reason: &'static str,
}

impl ActivationError {
    /// What was asked for.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Trace {
    /// The activation `hook` (of block `layer`, where blocks have their own).
    ///
    /// What the trace does not keep is recomputed by running that one block again on the residual stream before it.
    /// Without a network, as with a saved trace, only what the trace keeps can be had.
    pub fn activation<'a>(
        &self,
        network: impl Into<Option<&'a Network>>,
        hook: Hook,
        layer: usize,
    ) -> Result<Array, ActivationError> {
        let name = self.spec.hook_name(hook, layer);
        let none = |reason| Err(ActivationError { name: name.clone(), reason });
        if let Some(reason) = self.lacks(hook, layer) {
            return none(reason);
        }
        let shape = self.shape(hook, layer);
        if let Some(data) = self.kept(hook, layer) {
            return Ok(Array { name, shape, data });
        }
        let Some(network) = network.into() else {
            return none("in a saved trace: it takes the model's weights to compute it");
        };
        let width = self.spec.width;
        let data = match hook {
            Hook::Embed | Hook::PosEmbed => match self.embedding(network, hook) {
                Some(data) => data,
                None => return none("in a model without learned positions"),
            },
            Hook::FinalNormalized => self.final_rows(network, 0..self.n_tokens()),
            Hook::Projected => network.narrowed(self.final_rows(network, 0..self.n_tokens())),
            Hook::Logits if matches!(self.spec.head, HeadSpec::Classes(_)) => {
                network.class_logits(self.classified())
            }
            Hook::Logits => match self.logits_of(network, 0..self.n_tokens()) {
                logits if logits.is_empty() => return none("in a model without a head"),
                logits => logits,
            },
            Hook::Ln1Scale => match self.spec.blocks[layer].ln1 {
                None => return none("in a block without that norm"),
                Some(norm) => match self.placement(layer) {
                    _ if self.changes.touches_scale(layer) => self.again(network, layer, hook),
                    Placement::Post => scale(&self.again(network, layer, Hook::ResidMid), width, norm),
                    _ => scale(self.resid(layer), width, norm),
                },
            },
            Hook::Ln2Scale => match self.spec.blocks[layer].ln2 {
                None => return none("in a block without that norm"),
                Some(norm) => match self.placement(layer) {
                    _ if self.changes.touches_scale(layer) => self.again(network, layer, hook),
                    Placement::Pre | Placement::Normed => {
                        scale(&self.again(network, layer, Hook::ResidMid), width, norm)
                    }
                    Placement::Post => scale(&self.again(network, layer, Hook::ResidPost), width, norm),
                    Placement::Parallel => scale(self.resid(layer), width, norm),
                },
            },
            Hook::Result => self.results(network, layer),
            _ => self.again(network, layer, hook),
        };
        Ok(Array { name, shape, data })
    }

    /// Why there is no such activation in this trace's model, as far as its spec says; none where there is one.
    pub fn lacks(&self, hook: Hook, layer: usize) -> Option<&'static str> {
        if hook.per_layer() && layer >= self.layers_done() {
            return Some("in this trace: it has fewer blocks");
        }
        let no_mlp = hook.per_layer() && self.spec.blocks[layer].mlp.is_none();
        match hook {
            Hook::MlpPre | Hook::MlpPost | Hook::MlpOut | Hook::ResidPost | Hook::NormalizedResidPost
                if no_mlp =>
            {
                Some("in a decoder's self-attention: its MLP comes after the cross-attention")
            }
            Hook::NormalizedResidPost if self.placement(layer) != Placement::Post => {
                Some("in a pre-norm model")
            }
            Hook::ResidMid if self.placement(layer) == Placement::Parallel => {
                Some("in a block whose two parts run side by side")
            }
            Hook::FinalNormalized if self.spec.final_norm.is_none() => {
                Some("in a model without a final norm")
            }
            Hook::Projected if self.spec.weight_shape("unembed.W_in").is_none() => {
                Some("in a model that does not project its last residual stream")
            }
            Hook::MlpPre | Hook::MlpPost if self.spec.blocks[layer].experts.is_some() => {
                Some("in a block of experts: each token has other ones")
            }
            _ => None,
        }
    }

    /// Whose tokens are the rows of an activation that has a row a token.
    pub fn rows_of(&self, hook: Hook, layer: usize) -> Side {
        let part = self.spec.blocks.get(layer).filter(|_| hook.per_layer()).map(|block| block.part);
        match hook {
            Hook::K | Hook::V | Hook::RotK => part.map_or(Side::Target, Part::columns),
            _ => part.map_or(Side::Target, Part::rows),
        }
    }

    /// What the trace holds or can compute without the weights.
    fn kept(&self, hook: Hook, layer: usize) -> Option<Vec<f32>> {
        let (n, n_keys) = (self.n_queries(hook, layer), self.n_keys(hook, layer));
        // What a block gave is read before the next one, unless it was changed just there
        let changed =
            || layer + 1 != self.spec.decoder_start() && self.changes.touches(Hook::ResidPre, layer + 1);
        let after = |placed: bool| placed && self.spec.blocks[layer].mlp.is_some() && !changed();
        Some(match hook {
            Hook::Tokens => self.tokens.iter().map(|token| token.id as f32).collect(),
            Hook::ResidPre => self.resid(layer).to_vec(),
            Hook::ResidPost if after(self.placement(layer) != Placement::Post) => {
                self.resid_after(layer).to_vec()
            }
            Hook::NormalizedResidPost if after(self.placement(layer) == Placement::Post) => {
                self.resid_after(layer).to_vec()
            }
            Hook::RotQ => self.rot_q(layer),
            Hook::RotK => self.rot_k(layer),
            Hook::V => self.values(layer),
            Hook::Pattern => self.per_head(layer, |head| self.pattern(head).tile(0..n, 0..n_keys)).concat(),
            Hook::AttnScores => {
                self.per_head(layer, |head| self.pattern(head).scores_tile(0..n, 0..n_keys)).concat()
            }
            Hook::Logits if self.logits.len() == n * self.spec.vocab => self.logits.to_vec(),
            _ => return None,
        })
    }

    /// Queries of a block as they enter the product, [token, head, head_dim].
    pub(super) fn rot_q(&self, layer: usize) -> Vec<f32> {
        interleave(&self.per_head(layer, |head| self.q(head).to_vec()), self.query_tokens(layer).len())
    }

    /// Its keys likewise, [token, kv_head, head_dim].
    pub(super) fn rot_k(&self, layer: usize) -> Vec<f32> {
        interleave(&self.per_kv_head(layer, |head| self.k(head)), self.key_tokens(layer).len())
    }

    /// Its values, [token, kv_head, value_dim].
    pub(super) fn values(&self, layer: usize) -> Vec<f32> {
        interleave(&self.per_kv_head(layer, |head| self.v(head)), self.key_tokens(layer).len())
    }

    /// The shape of an activation of this trace.
    pub fn shape(&self, hook: Hook, layer: usize) -> Vec<usize> {
        let (n, n_keys, width) = (self.n_queries(hook, layer), self.n_keys(hook, layer), self.spec.width);
        let block = self.spec.blocks.get(layer);
        let attention = block.map(|block| &block.attention);
        let (heads, kv_heads, dim, value_dim) = attention
            .map_or((0, 0, 0, 0), |spec| (spec.heads, spec.kv_heads, spec.head_dim, spec.value_dim()));
        match hook {
            Hook::Tokens => vec![n],
            Hook::Embed | Hook::PosEmbed => vec![n, self.spec.embedding.sum_width(width)],
            Hook::Projected => vec![n, self.spec.embedding_width()],
            Hook::Ln1Scale | Hook::Ln2Scale => vec![n, 1],
            Hook::Q | Hook::RotQ => vec![n, heads, dim],
            Hook::K | Hook::RotK => vec![n_keys, kv_heads, dim],
            Hook::Z => vec![n, heads, value_dim],
            Hook::V => vec![n_keys, kv_heads, value_dim],
            Hook::AttnScores | Hook::Pattern => vec![heads, n, n_keys],
            Hook::Result => vec![n, heads, width],
            Hook::MlpPre | Hook::MlpPost => {
                vec![n, block.and_then(|block| block.mlp.as_ref()).map_or(0, |mlp| mlp.width)]
            }
            Hook::Logits => match &self.spec.head {
                HeadSpec::Classes(head) if head.pooling == Pooling::Each => vec![n, head.outputs(width)],
                HeadSpec::Classes(head) => vec![1, head.outputs(width)],
                _ => vec![n, self.spec.vocab],
            },
            _ => vec![n, width],
        }
    }

    /// Tokens that ask in a block, or those of the text outside the blocks.
    fn n_queries(&self, hook: Hook, layer: usize) -> usize {
        if hook.per_layer() { self.query_tokens(layer).len() } else { self.n_tokens() }
    }
    fn n_keys(&self, hook: Hook, layer: usize) -> usize {
        if hook.per_layer() { self.key_tokens(layer).len() } else { self.n_tokens() }
    }
    fn placement(&self, layer: usize) -> Placement {
        self.spec.blocks[layer].placement
    }

    fn per_head<T>(&self, layer: usize, of: impl Fn(HeadId) -> T) -> Vec<T> {
        (0..self.heads(layer)).map(|head| of(HeadId { layer, head })).collect()
    }

    /// Asks the first query head of each k/v head.
    fn per_kv_head<T>(&self, layer: usize, of: impl Fn(HeadId) -> T) -> Vec<T> {
        let spec = &self.spec.blocks[layer].attention;
        let step = spec.heads / spec.kv_heads;
        (0..spec.kv_heads).map(|kv_head| of(HeadId { layer, head: kv_head * step })).collect()
    }

    fn embedding(&self, network: &Network, wanted: Hook) -> Option<Vec<f32>> {
        let ids = self.ids();
        let (mut kept, mut means) = (None, (*self.means).clone());
        network.embed::<f32>(&ids, 0, &mut |hook, data| {
            self.changes.apply(hook, 0, 0, data, &mut means);
            if hook == wanted {
                kept = Some(data.to_vec());
            }
        });
        kept
    }

    /// Runs one block again, with what was changed about it, and keeps one of the values that pass.
    fn again(&self, network: &Network, layer: usize, wanted: Hook) -> Vec<f32> {
        let mut state = self.new_state(layer);
        let scales = self.changes.touches_scale(layer);
        let context = Context { first: 0, repeats: &Repeats::default(), thumbnails: false, scales };
        let memory = match self.spec.blocks[layer].part {
            Part::Cross => network.memory(self.source_output()),
            _ => Vec::new(),
        };
        let (mut kept, mut means) = (Vec::new(), (*self.means).clone());
        let x = self.resid(layer).to_vec();
        network.block(layer, x, &memory, &mut state, context, &mut |hook, data: &mut [f32]| {
            // What the trace holds before a block is as changed already
            if hook != Hook::ResidPre {
                self.changes.apply(hook, layer, 0, data, &mut means);
            }
            if hook == wanted {
                kept = data.to_vec();
            }
        });
        kept
    }

    /// Each head's own share of what attention adds, [token, head, width].
    fn results(&self, network: &Network, layer: usize) -> Vec<f32> {
        let z = self.again(network, layer, Hook::Z);
        let spec = &self.spec.blocks[layer].attention;
        let dim = spec.value_dim();
        let heads: Vec<Vec<f32>> = (0..spec.heads)
            .map(|head| {
                let rows = z.chunks_exact(spec.heads * dim);
                let own: Vec<f32> =
                    rows.flat_map(|row| &row[head * dim..(head + 1) * dim]).copied().collect();
                let matrix: Matrix<'_> = network.head_output(layer, head);
                linear(&own, &matrix, None)
            })
            .collect();
        interleave(&heads, self.query_tokens(layer).len())
    }
}

/// [head][token · dim] → [token, head, dim]
fn interleave(heads: &[Vec<f32>], n_tokens: usize) -> Vec<f32> {
    let dim = heads.first().map_or(0, |head| head.len() / n_tokens.max(1));
    (0..n_tokens)
        .flat_map(|token| heads.iter().flat_map(move |head| &head[token * dim..(token + 1) * dim]))
        .copied()
        .collect()
}

/// What a norm divides each row by.
fn scale(x: &[f32], width: usize, norm: NormSpec) -> Vec<f32> {
    x.chunks_exact(width).map(|row| norm.divisor(row) as f32).collect()
}
