//! Names: which head, which activation. Exports, saved traces, `--what` and the status bar all spell them here.

use super::spec::{ModelSpec, Part};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use strum::IntoEnumIterator as _;

/// One attention head of one block, shown as `3.5`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct HeadId {
    /// Block, from 0
    pub layer: usize,
    /// Head within the block, from 0
    pub head: usize,
}

impl HeadId {
    /// `L3H5`, as papers write it.
    pub fn label(self) -> String {
        format!("L{}H{}", self.layer, self.head)
    }
}

impl fmt::Display for HeadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.layer, self.head)
    }
}

/// What was typed is no head's name.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is no head: write layer.head, such as 3.5")]
pub struct NotAHead(String);

impl FromStr for HeadId {
    type Err = NotAHead;
    fn from_str(text: &str) -> Result<Self, NotAHead> {
        let wrong = || NotAHead(text.to_owned());
        let (layer, head) = text.trim().split_once('.').ok_or_else(wrong)?;
        Ok(Self { layer: layer.parse().map_err(|_| wrong())?, head: head.parse().map_err(|_| wrong())? })
    }
}

/// An activation and where it sits, under its TransformerLens name (unprocessed weights). Shapes: `docs/hooks.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::EnumIter)]
pub enum Hook {
    /// Ids as fed, [token]
    Tokens,
    /// Token embedding, [token, width]
    Embed,
    /// Learned position embedding, [token, width]
    PosEmbed,
    /// Residual stream before attention, [token, width]
    ResidPre,
    /// Scale the first norm divides by, [token, 1]
    Ln1Scale,
    /// Queries after projection and bias, before rotary, [token, head, head_dim]
    Q,
    /// Keys likewise, [token, kv_head, head_dim]
    K,
    /// Values, [token, kv_head, head_dim]
    V,
    /// Queries as they enter the product, [token, head, head_dim]
    RotQ,
    /// Keys as they enter the product, [token, kv_head, head_dim]
    RotK,
    /// Scores before softmax, [head, query, key]
    AttnScores,
    /// Weights after softmax, [head, query, key]
    Pattern,
    /// Head outputs before W_O, [token, head, head_dim]
    Z,
    /// Head outputs after W_O, without its bias, [token, head, width]
    Result,
    /// What attention adds to the residual stream, [token, width]
    AttnOut,
    /// Residual stream between attention and MLP, [token, width]
    ResidMid,
    /// Scale the second norm divides by, [token, 1]
    Ln2Scale,
    /// MLP before its activation function, [token, d_mlp]
    MlpPre,
    /// MLP after its activation function (and gate), [token, d_mlp]
    MlpPost,
    /// What the MLP adds to the residual stream, [token, width]
    MlpOut,
    /// Residual stream after the block, [token, width]
    ResidPost,
    /// The same after the block's last norm, in post-norm models, [token, width]
    NormalizedResidPost,
    /// Input of the unembedding, [token, width]
    FinalNormalized,
    /// The same on the embeddings' width, where a model has others than its residual stream and goes back to them behind
    /// its last block (OPT-350M), [token, embedding width]
    Projected,
    /// [token, vocab]
    Logits,
}

impl Hook {
    /// The name without its block: `attn.hook_pattern`.
    pub fn stem(self) -> &'static str {
        match self {
            Self::Tokens => "tokens",
            Self::Embed => "hook_embed",
            Self::PosEmbed => "hook_pos_embed",
            Self::ResidPre => "hook_resid_pre",
            Self::Ln1Scale => "ln1.hook_scale",
            Self::Q => "attn.hook_q",
            Self::K => "attn.hook_k",
            Self::V => "attn.hook_v",
            Self::RotQ => "attn.hook_rot_q",
            Self::RotK => "attn.hook_rot_k",
            Self::AttnScores => "attn.hook_attn_scores",
            Self::Pattern => "attn.hook_pattern",
            Self::Z => "attn.hook_z",
            Self::Result => "attn.hook_result",
            Self::AttnOut => "hook_attn_out",
            Self::ResidMid => "hook_resid_mid",
            Self::Ln2Scale => "ln2.hook_scale",
            Self::MlpPre => "mlp.hook_pre",
            Self::MlpPost => "mlp.hook_post",
            Self::MlpOut => "hook_mlp_out",
            Self::ResidPost => "hook_resid_post",
            Self::NormalizedResidPost => "hook_normalized_resid_post",
            Self::FinalNormalized => "ln_final.hook_normalized",
            Self::Projected => "hook_projected",
            Self::Logits => "logits",
        }
    }

    /// Whether every block has one of its own.
    pub fn per_layer(self) -> bool {
        !matches!(
            self,
            Self::Tokens
                | Self::Embed
                | Self::PosEmbed
                | Self::FinalNormalized
                | Self::Projected
                | Self::Logits
        )
    }

    /// Whether it has a row of numbers for every token.
    pub fn has_rows(self) -> bool {
        !matches!(
            self,
            Self::Tokens
                | Self::Ln1Scale
                | Self::Ln2Scale
                | Self::AttnScores
                | Self::Pattern
                | Self::Result
                | Self::Logits
        )
    }

    /// Its name without a block's number: `blocks.*.attn.hook_pattern`.
    pub fn name_of_all(self) -> String {
        if self.per_layer() { format!("blocks.*.{}", self.stem()) } else { self.stem().to_owned() }
    }

    /// The stem it has where a decoder looks at its source, as TransformerLens calls it there.
    fn cross_stem(self) -> String {
        match self {
            Self::ResidPre => "hook_resid_pre_cross".to_owned(),
            Self::ResidMid => "hook_resid_mid_cross".to_owned(),
            Self::AttnOut => "hook_cross_attn_out".to_owned(),
            Self::Ln1Scale => "ln_cross.hook_scale".to_owned(),
            _ => self.stem().replacen("attn.", "cross_attn.", 1),
        }
    }
}

impl ModelSpec {
    /// The name of a hook in block `layer`: `blocks.3.attn.hook_pattern`, `decoder.3.cross_attn.hook_pattern`. Hooks
    /// outside the blocks ignore the layer.
    pub fn hook_name(&self, hook: Hook, layer: usize) -> String {
        let Some(block) = self.blocks.get(layer).filter(|_| hook.per_layer()) else {
            return if hook.per_layer() { hook.name_of_all() } else { hook.stem().to_owned() };
        };
        let index = self.index_in_part(layer);
        match block.part {
            Part::Only => format!("blocks.{index}.{}", hook.stem()),
            Part::Encoder => format!("encoder.{index}.{}", hook.stem()),
            Part::Decoder => format!("decoder.{index}.{}", hook.stem()),
            Part::Cross => format!("decoder.{index}.{}", hook.cross_stem()),
        }
    }
    /// The hook and the block whose [`Self::hook_name`] this is.
    pub fn hook(&self, name: &str) -> Option<(Hook, usize)> {
        let all = |hook: Hook| 0..if hook.per_layer() { self.layers() } else { 1 };
        Hook::iter()
            .find_map(|hook| Some((hook, all(hook).find(|&layer| self.hook_name(hook, layer) == name)?)))
    }
    /// A head as users know it: `3.5`; in encoder–decoder models `encoder 3.5`, `decoder 3.5` or `cross 3.5`.
    pub fn head_name(&self, head: HeadId) -> String {
        let Some(block) = self.blocks.get(head.layer) else { return head.to_string() };
        let name = HeadId { layer: self.index_in_part(head.layer), head: head.head };
        match block.part {
            Part::Only => name.to_string(),
            Part::Encoder => format!("encoder {name}"),
            Part::Decoder => format!("decoder {name}"),
            Part::Cross => format!("cross {name}"),
        }
    }
}
