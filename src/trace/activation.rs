//! Any activation by its name: read from the trace, or recomputed from the residual stream that the trace holds.

use super::Trace;
use crate::kernels::{Matrix, linear};
use crate::model::{Context, HeadId, Hook, LayerState, Network, NormKind, NormSpec, Placement, Repeats};

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
        let name = hook.name(layer);
        let none = |reason| Err(ActivationError { name: name.clone(), reason });
        if hook.per_layer() && layer >= self.layers_done() {
            return none("in this trace: it has fewer blocks");
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
            Hook::NormalizedResidPost => return none("in a pre-norm model"),
            Hook::ResidMid if self.placement(layer) == Placement::Parallel => {
                return none("in a block whose two parts run side by side");
            }
            Hook::Embed | Hook::PosEmbed => match self.embedding(network, hook) {
                Some(data) => data,
                None => return none("in a model without learned positions"),
            },
            Hook::FinalNormalized if self.spec.final_norm.is_none() => {
                return none("in a model without a final norm");
            }
            Hook::FinalNormalized => network.final_normalized(self.resid(self.n_layers())),
            Hook::Logits => match network.logits(self.resid(self.n_layers())) {
                logits if logits.is_empty() => return none("in a model without a head"),
                logits => logits,
            },
            Hook::Ln1Scale => match self.spec.blocks[layer].ln1 {
                None => return none("in a block without that norm"),
                Some(norm) => match self.placement(layer) {
                    Placement::Post => scale(&self.again(network, layer, Hook::ResidMid), width, norm),
                    _ => scale(self.resid(layer), width, norm),
                },
            },
            Hook::Ln2Scale => match self.spec.blocks[layer].ln2 {
                None => return none("in a block without that norm"),
                Some(norm) => match self.placement(layer) {
                    Placement::Pre => scale(&self.again(network, layer, Hook::ResidMid), width, norm),
                    Placement::Post => scale(&self.again(network, layer, Hook::ResidPost), width, norm),
                    Placement::Parallel => scale(self.resid(layer), width, norm),
                },
            },
            Hook::Result => self.results(network, layer),
            _ => self.again(network, layer, hook),
        };
        Ok(Array { name, shape, data })
    }

    /// What the trace holds or can compute without the weights.
    fn kept(&self, hook: Hook, layer: usize) -> Option<Vec<f32>> {
        let n = self.n_tokens();
        Some(match hook {
            Hook::Tokens => self.tokens.iter().map(|token| token.id as f32).collect(),
            Hook::ResidPre => self.resid(layer).to_vec(),
            Hook::ResidPost if self.placement(layer) != Placement::Post => self.resid(layer + 1).to_vec(),
            Hook::NormalizedResidPost if self.placement(layer) == Placement::Post => {
                self.resid(layer + 1).to_vec()
            }
            Hook::RotQ => self.rot_q(layer),
            Hook::RotK => self.rot_k(layer),
            Hook::V => self.values(layer),
            Hook::Pattern => self.per_head(layer, |head| self.pattern(head).tile(0..n, 0..n)).concat(),
            Hook::AttnScores => {
                self.per_head(layer, |head| self.pattern(head).scores_tile(0..n, 0..n)).concat()
            }
            Hook::Logits if self.logits.len() == n * self.spec.vocab => self.logits.to_vec(),
            _ => return None,
        })
    }

    /// Queries of a block as they enter the product, [token, head, head_dim].
    pub(super) fn rot_q(&self, layer: usize) -> Vec<f32> {
        interleave(&self.per_head(layer, |head| self.q(head).to_vec()), self.n_tokens())
    }

    /// Its keys likewise, [token, kv_head, head_dim].
    pub(super) fn rot_k(&self, layer: usize) -> Vec<f32> {
        interleave(&self.per_kv_head(layer, |head| self.k(head)), self.n_tokens())
    }

    /// Its values, [token, kv_head, value_dim].
    pub(super) fn values(&self, layer: usize) -> Vec<f32> {
        interleave(&self.per_kv_head(layer, |head| self.v(head)), self.n_tokens())
    }

    /// The shape of an activation of this trace.
    pub fn shape(&self, hook: Hook, layer: usize) -> Vec<usize> {
        let (n, width) = (self.n_tokens(), self.spec.width);
        let block = self.spec.blocks.get(layer);
        let attention = block.map(|block| &block.attention);
        let (heads, kv_heads, dim, value_dim) = attention
            .map_or((0, 0, 0, 0), |spec| (spec.heads, spec.kv_heads, spec.head_dim, spec.value_dim()));
        match hook {
            Hook::Tokens => vec![n],
            Hook::Ln1Scale | Hook::Ln2Scale => vec![n, 1],
            Hook::Q | Hook::RotQ => vec![n, heads, dim],
            Hook::K | Hook::RotK => vec![n, kv_heads, dim],
            Hook::Z => vec![n, heads, value_dim],
            Hook::V => vec![n, kv_heads, value_dim],
            Hook::AttnScores | Hook::Pattern => vec![heads, n, n],
            Hook::Result => vec![n, heads, width],
            Hook::MlpPre | Hook::MlpPost => vec![n, block.map_or(0, |block| block.mlp.width)],
            Hook::Logits => vec![n, self.spec.vocab],
            _ => vec![n, width],
        }
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
        let mut kept = None;
        network.embed::<f32>(&ids, 0, &mut |hook, data| {
            if hook == wanted {
                kept = Some(data.to_vec());
            }
        });
        kept
    }

    /// Runs one block again and keeps one of the values that pass.
    fn again(&self, network: &Network, layer: usize, wanted: Hook) -> Vec<f32> {
        let mut state = LayerState::new(&self.spec.blocks[layer].attention, self.n_tokens());
        let ids = self.ids();
        let context = Context { first: 0, repeats: &Repeats::of(&ids), thumbnail: 0 };
        let mut kept = Vec::new();
        network.block(
            layer,
            self.resid(layer).to_vec(),
            &mut state,
            context,
            &mut |hook, data: &mut [f32]| {
                if hook == wanted {
                    kept = data.to_vec();
                }
            },
        );
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
        interleave(&heads, self.n_tokens())
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
    x.chunks_exact(width)
        .map(|row| {
            let mean = match norm.kind {
                NormKind::Layer => row.iter().copied().map(f64::from).sum::<f64>() / width as f64,
                NormKind::Rms => 0.0,
            };
            let square = row.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / width as f64;
            (square + norm.eps).sqrt() as f32
        })
        .collect()
}
