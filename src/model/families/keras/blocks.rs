//! One block of a Keras model: its weights, and what its layers say or leave unsaid.

use super::structure::{Attention, Block};
use super::{Reader, settings};
use crate::model::AttentionSpec;
use crate::model::spec::{BlockSpec, MlpSpec, Placement};
use crate::model::warning::Assumption;

/// What users and KerasHub call the ε of a block's norms.
const EPSILON: &[&str] = &[
    "layer_norm_epsilon",
    "layer_norm_eps",
    "layernorm_epsilon",
    "norm_epsilon",
    "norm_eps",
    "ln_epsilon",
    "ln_eps",
    "epsilon",
    "eps",
];

impl Reader<'_> {
    pub(super) fn block(
        &mut self,
        index: usize,
        block: &Block<'_>,
        width: usize,
        placement: Placement,
        causal: bool,
    ) -> Result<BlockSpec, String> {
        let name = |rest: &str| format!("blocks.{index}.{rest}");
        let attention = self.attention(&name("attn"), &block.attention, width, causal)?;
        let [inner, outer] = block.dense;
        let d_mlp = inner.shape()[1];
        if inner.shape()[0] != width || *outer.shape() != [d_mlp, width] {
            let (a, b) = (inner.shape(), outer.shape());
            return Err(format!(
                "`{}` {a:?} and `{}` {b:?} are no feed-forward part",
                inner.path, outer.path
            ));
        }
        if self.setting(outer).and_then(|setting| setting.activation()).is_some_and(|name| name != "linear") {
            return Err(format!("`{}` has an activation behind the feed-forward part", outer.path));
        }
        let settings =
            [Some(inner), block.owner].into_iter().flatten().filter_map(|layer| self.setting(layer));
        let activation = if let Some(name) = settings.into_iter().find_map(|setting| setting.activation()) {
            let unknown = || format!("activation `{name}` of `{}` is not read", inner.path);
            settings::activation(name).ok_or_else(unknown)?
        } else if let Some(activation) = self.told.activation()? {
            activation
        } else {
            let (activation, name) = self.manner.activation;
            self.assume(Assumption::BetweenDense(name));
            activation
        };
        for (ours, layer) in [("in", inner), ("out", outer)] {
            self.take(&name(&format!("mlp.W_{ours}")), layer, 0, None)?;
            self.take_bias(&name(&format!("mlp.b_{ours}")), layer, None)?;
        }
        let owner = block.owner.and_then(|layer| self.setting(layer));
        let own = owner.and_then(|setting| setting.number(EPSILON));
        let ln1 = self.norm(&name("ln1"), block.norms[0], own)?;
        let ln2 = self.norm(&name("ln2"), block.norms[1], own)?;
        let mlp = MlpSpec { width: d_mlp, activation, gated: false };
        Ok(BlockSpec { ln2: Some(ln2), ..BlockSpec::new(attention, mlp, ln1, placement) })
    }

    fn attention(
        &mut self,
        name: &str,
        parts: &Attention<'_>,
        width: usize,
        causal: bool,
    ) -> Result<AttentionSpec, String> {
        let path = &parts.layer.path;
        let [own_width, heads, head_dim] = *parts.query.shape() else { return Err(odd(path)) };
        let [key_width, kv_heads, key_dim] = *parts.key.shape() else { return Err(odd(path)) };
        let [value_width, value_heads, value_dim] = *parts.value.shape() else { return Err(odd(path)) };
        let fits = [own_width, key_width, value_width].iter().all(|own| *own == width)
            && (head_dim, kv_heads) == (key_dim, value_heads)
            && *parts.output.shape() == [heads, value_dim, width]
            && kv_heads > 0
            && heads.is_multiple_of(kv_heads);
        if !fits {
            return Err(odd(path));
        }
        if let Some(setting) = self.setting(parts.layer) {
            let odd = ["sliding_window", "use_gate"].into_iter().find(|key| {
                setting.config.get(*key).is_some_and(|value| !value.is_null() && *value != false)
            });
            if let Some(key) = odd {
                return Err(format!("attention `{path}` has `{key}`, which is not read"));
            }
        }
        for (ours, layer, heads, dim) in [
            ("Q", parts.query, heads, head_dim),
            ("K", parts.key, kv_heads, head_dim),
            ("V", parts.value, kv_heads, value_dim),
        ] {
            self.take(&format!("{name}.W_{ours}"), layer, 0, Some(vec![width, heads * dim]))?;
            self.take_bias(&format!("{name}.b_{ours}"), layer, Some(vec![heads * dim]))?;
        }
        self.take(&format!("{name}.W_O"), parts.output, 0, Some(vec![heads * value_dim, width]))?;
        self.take_bias(&format!("{name}.b_O"), parts.output, None)?;
        let value_dim = (value_dim != head_dim).then_some(value_dim);
        Ok(AttentionSpec { value_dim, causal, ..AttentionSpec::new(heads, kv_heads, head_dim) })
    }
}

fn odd(path: &str) -> String {
    format!("attention `{path}` has projections that do not fit each other")
}
