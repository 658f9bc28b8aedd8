//! What tensors are for, told by the names that they usually have.

use crate::model::formats::Tensors;
use std::collections::BTreeMap;

/// What a tensor is for; within a block unless said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    Query,
    Key,
    Value,
    /// Queries, keys and values in one, all queries first
    Fused,
    /// The same, next to each other for every head that keys and values have
    FusedByHead,
    Output,
    QueryNorm,
    KeyNorm,
    Gate,
    In,
    /// Gate and input in one
    GateIn,
    Out,
    /// Norm of attention's input
    Before,
    /// A norm called after attention, which may stand before the MLP
    AfterAttention,
    /// Norm of the MLP's input, and called so
    BeforeMlp,
    /// Norm of what attention adds, and called so
    OfAttention,
    /// Norm of what the MLP adds
    OfMlp,
    /// Token embedding, outside the blocks
    Embedding,
    /// Learned positions, outside the blocks
    Positions,
    /// Norm of the embedding, outside the blocks
    EmbeddingNorm,
    /// Norm after the last block, outside the blocks
    FinalNorm,
    /// Unembedding, outside the blocks
    Head,
}

/// The tensors of one model, by what they are for.
pub(super) struct Roles {
    /// What stands before a block's number: `model.layers.`
    pub(super) stack: String,
    /// Blocks
    pub(super) layers: usize,
    /// Within a block, weights (`false`) and biases (`true`): the name after the block's number
    pub(super) block: BTreeMap<(Role, bool), String>,
    /// Outside the blocks: the whole name
    pub(super) outside: BTreeMap<(Role, bool), String>,
}

impl Roles {
    /// Sorts all tensors, or says which is the first that has no place. `by_head` says how fused ones lie whose name
    /// does not tell.
    pub(super) fn of(tensors: &Tensors, by_head: bool) -> Result<Self, String> {
        let (stack, layers) = stack(tensors).ok_or("no numbered blocks among the tensors")?;
        let mut roles = Self { stack, layers, block: BTreeMap::new(), outside: BTreeMap::new() };
        for (name, tensor) in &tensors.map {
            if is_buffer(name, tensor.shape.len()) {
                continue;
            }
            let unplaced = || format!("tensor `{name}` fits no place that is known");
            if let Some(rest) = inside(name, &roles.stack) {
                let role = block_role(rest, by_head).ok_or_else(unplaced)?;
                let known = roles.block.entry(role).or_insert_with(|| rest.to_owned());
                if known != rest {
                    return Err(format!("tensor `{name}` would be the same thing as `{known}`"));
                }
            } else {
                let role = outside_role(name).ok_or_else(unplaced)?;
                if let Some(other) = roles.outside.insert(role, name.clone()) {
                    return Err(format!("tensor `{name}` would be the same thing as `{other}`"));
                }
            }
        }
        for rest in roles.block.values() {
            for layer in 0..layers {
                let name = format!("{}{layer}.{rest}", roles.stack);
                if !tensors.map.contains_key(&name) {
                    return Err(format!("tensor `{name}` is missing, which other blocks have"));
                }
            }
        }
        Ok(roles)
    }
    /// Whether blocks have a weight for this.
    pub(super) fn has(&self, role: Role) -> bool {
        self.block.contains_key(&(role, false))
    }
    /// Whether blocks have a bias for this.
    pub(super) fn has_bias(&self, role: Role) -> bool {
        self.block.contains_key(&(role, true))
    }
    /// The shape of a weight of the first block.
    pub(super) fn shape<'a>(&self, tensors: &'a Tensors, role: Role) -> Option<&'a [usize]> {
        let rest = self.block.get(&(role, false))?;
        Some(&tensors.map.get(&format!("{}0.{rest}", self.stack))?.shape)
    }
}

/// What stands before the numbers that most tensors have, and how many numbers there are.
fn stack(tensors: &Tensors) -> Option<(String, usize)> {
    let mut found: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for name in tensors.map.keys() {
        let mut start = 0;
        for part in name.split('.') {
            if let Ok(number) = part.parse::<usize>() {
                let (tensors, most) = found.entry(&name[..start]).or_default();
                (*tensors, *most) = (*tensors + 1, number.max(*most));
                break;
            }
            start += part.len() + 1;
        }
    }
    let (stack, (count, most)) = found.into_iter().max_by_key(|(_, (count, _))| *count)?;
    // A number beyond the tensors there are is no block's
    (most < count).then(|| (stack.to_owned(), most + 1))
}

/// The name within a block.
fn inside<'a>(name: &'a str, stack: &str) -> Option<&'a str> {
    let (number, rest) = name.strip_prefix(stack)?.split_once('.')?;
    number.parse::<usize>().is_ok().then_some(rest)
}

/// What other programs saved beside the weights: masks, frequencies, positions.
fn is_buffer(name: &str, dims: usize) -> bool {
    let last = name.rsplit('.').next().unwrap_or_default();
    let mask = name.ends_with("attn.bias") || name.ends_with("attention.bias");
    matches!(last, "inv_freq" | "position_ids" | "masked_bias" | "causal_mask") || (mask && dims > 2)
}

/// The last word of a name, and whether it is a bias.
fn split(name: &str) -> Option<(&str, &str, bool)> {
    let (stem, kind) = name.rsplit_once('.')?;
    let bias = match kind {
        "weight" => false,
        "bias" => true,
        _ => return None,
    };
    Some((stem, stem.rsplit('.').next().unwrap_or(stem), bias))
}

fn block_role(rest: &str, by_head: bool) -> Option<(Role, bool)> {
    let (stem, leaf, bias) = split(rest)?;
    let attention = stem.contains("attn") || stem.contains("attention");
    let role = match leaf {
        "q_proj" | "query" | "wq" | "q" => Role::Query,
        "k_proj" | "key" | "wk" | "k" => Role::Key,
        "v_proj" | "value" | "wv" | "v" => Role::Value,
        "c_attn" | "qkv_proj" | "Wqkv" | "qkv" if !by_head => Role::Fused,
        "c_attn" | "qkv_proj" | "Wqkv" | "qkv" | "query_key_value" => Role::FusedByHead,
        "q_norm" | "q_layernorm" => Role::QueryNorm,
        "k_norm" | "k_layernorm" => Role::KeyNorm,
        "o_proj" | "out_proj" | "wo" => Role::Output,
        "dense" | "c_proj" if attention => Role::Output,
        "gate_proj" | "w1" => Role::Gate,
        "up_proj" | "w3" | "fc1" | "c_fc" | "fc_in" | "dense_h_to_4h" => Role::In,
        "gate_up_proj" => Role::GateIn,
        "down_proj" | "w2" | "fc2" | "fc_out" | "dense_4h_to_h" | "c_proj" => Role::Out,
        "input_layernorm"
        | "ln_1"
        | "ln1"
        | "norm_1"
        | "norm1"
        | "attention_norm"
        | "self_attn_layer_norm"
        | "ln_attn" => Role::Before,
        "post_attention_layernorm" => Role::AfterAttention,
        "pre_feedforward_layernorm"
        | "ln_2"
        | "ln2"
        | "norm_2"
        | "norm2"
        | "ffn_norm"
        | "final_layer_norm"
        | "ln_mlp" => Role::BeforeMlp,
        "post_self_attn_layernorm" => Role::OfAttention,
        "post_feedforward_layernorm" | "post_mlp_layernorm" => Role::OfMlp,
        _ => return None,
    };
    Some((role, bias))
}

fn outside_role(name: &str) -> Option<(Role, bool)> {
    let (_, leaf, bias) = split(name)?;
    let role = match leaf {
        "embed_tokens" | "wte" | "tok_embeddings" | "word_embeddings" | "embed_in" | "tokens_embed" => {
            Role::Embedding
        }
        "wpe" | "embed_positions" | "position_embeddings" | "positions_embed" => Role::Positions,
        "word_embeddings_layernorm" => Role::EmbeddingNorm,
        "norm" | "ln_f" | "final_layernorm" | "final_layer_norm" | "norm_f" | "layer_norm" => Role::FinalNorm,
        "lm_head" | "embed_out" | "output" => Role::Head,
        _ => return None,
    };
    Some((role, bias))
}
