//! The shape that each canonical weight has: what a file must give, and what the pass may rely on.
//!
//! Matrices are [inputs, outputs]; embeddings are [vocab, width].

use super::attention_spec::{AttentionSpec, PositionBias, QkNormAcross};
use super::expert_spec::ExpertSpec;
use super::part::block_name;
use super::spec::{BlockSpec, EmbeddingSpec, HeadSpec, MlpSpec, ModelSpec, Positions};

impl ModelSpec {
    /// The shape a canonical weight has, or `None` for one that this model does not have.
    ///
    /// Matrices are [inputs, outputs]; the embedding is [vocab, width]. What may be left out (biases, norms'
    /// parameters) has a shape here wherever the part it belongs to exists.
    pub fn weight_shape(&self, name: &str) -> Option<Vec<usize>> {
        if let Some((part, layer, rest)) = block_name(name) {
            let layer = self.layer_of(part, layer.parse().ok()?)?;
            return self.blocks[layer].weight_shape(rest, self.width);
        }
        if let Some((head, own)) = self.classifier()
            && let Some(name) = name.strip_prefix(own).and_then(|name| name.strip_prefix('.'))
        {
            return head.weight_shape(name, self.width);
        }
        if let Some(name) = name.strip_prefix("encoder.") {
            let encoder = self.encoder.as_ref()?;
            return match name {
                "ln_final.w" | "ln_final.b" => encoder.final_norm.map(|_| vec![self.width]),
                _ => encoder.embedding.weight_shape(name, self.width, encoder.vocab, encoder.context),
            };
        }
        if let Some(name) = name.strip_prefix("rel_embed.") {
            let Some(PositionBias::Disentangled(own)) = self.blocks.first()?.attention.bias else {
                return None;
            };
            return match (name, own.norm) {
                ("W_E", _) => Some(vec![own.rows(), self.width]),
                ("ln.w" | "ln.b", Some(_)) => Some(vec![self.width]),
                _ => None,
            };
        }
        let embedded = self.embedding.weight_shape(name, self.width, self.vocab, self.context);
        if embedded.is_some() {
            return embedded;
        }
        let (width, narrow) = (self.width, self.embedding_width());
        let projected = self.embedding.projection;
        let masked = matches!(self.head, HeadSpec::MaskedToken { .. });
        let answers = masked || self.head == HeadSpec::NextToken;
        Some(match name {
            "ln_final.w" | "ln_final.b" if self.final_norm.is_some() => vec![width],
            "unembed.W_U" if answers => vec![narrow, self.vocab],
            "unembed.b_U" if answers => vec![self.vocab],
            // OPT-350M goes back to its embedding's width before the unembedding, and where there is none, too
            "unembed.W_in" if self.head == HeadSpec::NextToken && projected.is_some() => vec![width, narrow],
            "unembed.W_in" if self.head == HeadSpec::None && projected.is_some_and(|own| !own.whole_sum) => {
                vec![width, narrow]
            }
            "head.W" if masked => vec![width, narrow],
            "head.b" | "head.ln.w" | "head.ln.b" if masked => vec![narrow],
            _ => return None,
        })
    }
}

impl EmbeddingSpec {
    fn weight_shape(
        &self,
        name: &str,
        width: usize,
        vocab: usize,
        context: Option<usize>,
    ) -> Option<Vec<usize>> {
        let projected = self.projection;
        let narrow = projected.map_or(width, |projection| projection.width);
        let summed = self.sum_width(width);
        Some(match name {
            "embed.W_E" => vec![vocab, narrow],
            "embed.W_in" if projected.is_some() => vec![narrow, width],
            "embed.b_in" if projected.is_some() => vec![width],
            "embed.W_type" if self.token_types > 0 => vec![self.token_types, summed],
            "embed.ln.w" | "embed.ln.b" if self.norm.is_some() => vec![summed],
            "pos_embed.W_pos" => match self.positions {
                Positions::Learned { offset } => vec![context? + offset, summed],
                Positions::LearnedPast { padding } => vec![context? + padding + 1, summed],
                _ => return None,
            },
            _ => return None,
        })
    }
}

impl BlockSpec {
    fn weight_shape(&self, name: &str, width: usize) -> Option<Vec<usize>> {
        if let Some(name) = name.strip_prefix("attn.") {
            return self.attention.weight_shape(name, width);
        }
        if let Some(name) = name.strip_prefix("mlp.") {
            let mlp = self.mlp.as_ref()?;
            return match &self.experts {
                Some(experts) => experts.weight_shape(name, mlp, width),
                None => mlp.weight_shape(name, width),
            };
        }
        if let Some(name) = name.strip_prefix("conv.") {
            let own = self.convolution?;
            return match name {
                "W" => Some(vec![width / own.groups * own.kernel, width]),
                "b" | "ln.w" | "ln.b" => Some(vec![width]),
                _ => None,
            };
        }
        let norm = match name {
            "ln1.w" | "ln1.b" => self.ln1,
            "ln1_post.w" | "ln1_post.b" => self.ln1_post,
            "ln2.w" | "ln2.b" => self.ln2,
            "ln2_post.w" | "ln2_post.b" => self.ln2_post,
            _ => None,
        };
        norm.map(|_| vec![width])
    }
}

impl MlpSpec {
    /// The shape of one of an MLP's weights: `W_in`, `b_out`…
    pub(super) fn weight_shape(&self, name: &str, width: usize) -> Option<Vec<usize>> {
        Some(match name {
            "W_gate" if self.gated => vec![width, self.width],
            "b_gate" if self.gated => vec![self.width],
            "W_in" => vec![width, self.width],
            "W_out" => vec![self.width, width],
            "b_in" => vec![self.width],
            "b_out" => vec![width],
            _ => return None,
        })
    }
}

impl AttentionSpec {
    /// The shape of one of attention's weights: `W_Q`, `b_O`, `sinks`…
    pub(super) fn weight_shape(&self, name: &str, width: usize) -> Option<Vec<usize>> {
        let (heads, kv_heads, dim, value_dim) = (self.heads, self.kv_heads, self.head_dim, self.value_dim());
        let normed = |heads: usize| match self.qk_norm?.across {
            QkNormAcross::Head => Some(vec![dim]),
            QkNormAcross::OwnHead | QkNormAcross::All => Some(vec![heads * dim]),
        };
        let latent = self.latent;
        let query_latent = latent.and_then(|latent| latent.query_width);
        let (own_dim, kv_input) =
            latent.map_or((dim, width), |latent| (dim - latent.shared_key, latent.width));
        Some(match name {
            "W_Q" => vec![query_latent.unwrap_or(width), heads * dim],
            "W_K" => vec![kv_input, kv_heads * own_dim],
            "W_V" => vec![kv_input, kv_heads * value_dim],
            "W_O" => vec![heads * value_dim, width],
            "b_Q" => vec![heads * dim],
            "b_K" => vec![kv_heads * own_dim],
            "b_V" => vec![kv_heads * value_dim],
            "b_O" => vec![width],
            "W_Q_down" => vec![width, query_latent?],
            "b_Q_down" | "Q_down_norm.w" => vec![query_latent?],
            "W_KV_down" => vec![width, latent?.width],
            "b_KV_down" | "KV_down_norm.w" => vec![latent?.width],
            "W_K_shared" => vec![width, latent?.shared_key],
            "b_K_shared" => vec![latent?.shared_key],
            "q_norm.w" | "q_norm.b" => normed(heads)?,
            "k_norm.w" | "k_norm.b" => normed(kv_heads)?,
            "sinks" if self.sinks => vec![heads],
            "W_rel_K" | "b_rel_K" | "W_rel_Q" | "b_rel_Q" => {
                let Some(PositionBias::Disentangled(own)) = &self.bias else { return None };
                let looks =
                    if name.ends_with('K') { own.content_to_position } else { own.position_to_content };
                match (looks, name.starts_with('W')) {
                    (false, _) => return None,
                    (true, true) => vec![width, heads * dim],
                    (true, false) => vec![heads * dim],
                }
            }
            "W_rel" => match self.bias {
                Some(PositionBias::Buckets(buckets)) => vec![buckets.count, heads],
                _ => return None,
            },
            _ => return None,
        })
    }
}

impl ExpertSpec {
    /// The shape of one of the weights of the experts and their router: `W_router`, `experts.3.W_in`…
    pub(super) fn weight_shape(&self, name: &str, expert: &MlpSpec, width: usize) -> Option<Vec<usize>> {
        if let Some(name) = name.strip_prefix("experts.") {
            let (index, name) = name.split_once('.')?;
            return expert
                .weight_shape(name, width)
                .filter(|_| index.parse().is_ok_and(|index: usize| index < self.count));
        }
        if let Some(name) = name.strip_prefix("shared.") {
            return MlpSpec { width: self.shared?.width, ..expert.clone() }.weight_shape(name, width);
        }
        Some(match name {
            "W_router" => vec![width, self.count],
            "b_router" => vec![self.count],
            "choice_bias" if self.choice_bias => vec![self.count],
            "W_shared_gate" if self.shared?.gated => vec![width, 1],
            _ => return None,
        })
    }
}
