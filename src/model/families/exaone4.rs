//! EXAONE 4: norms on what each half adds and on each head's q and k; beside blocks with a window and rotary, the full
//! ones have no positions.
//! Reference: `Exaone4ForCausalLM`, `Exaone4Model` in Transformers, `modeling_exaone4.py`.

use super::llama::{self, Defaults};
use super::qwen3::QK_NORMS;
use super::{Family, olmo, slide, sliding};
use crate::model::attention_spec::{QkNorm, QkNormAcross};
use crate::model::config::Config;
use crate::model::error::SpecError;
use crate::model::spec::ModelSpec;

pub(super) const FAMILY: Family = Family {
    model_type: "exaone4",
    architectures: &["Exaone4ForCausalLM", "Exaone4Model"],
    prefixes: &["model.", ""],
    spec,
    weights: &[olmo::PLAIN, olmo::NORMS, QK_NORMS],
};

fn spec(config: &Config) -> Result<ModelSpec, SpecError> {
    let default = Defaults { kv_heads: Some(32), mlp: 16_384, vocab: 102_400, eps: 1e-5, ..Defaults::LLAMA };
    let mut spec = llama::decoder(config, "exaone4", &default)?;
    let window = config.count_unless_null("sliding_window", Some(4096))?;
    let every = match window {
        Some(_) => rhythm(config, spec.layers())?,
        None => vec![false; spec.layers()],
    };
    let slides = sliding(config, spec.layers(), |layer| every[layer]);
    slide(&mut spec.blocks, window, &slides);
    for (block, slides) in spec.blocks.iter_mut().zip(slides) {
        (block.ln1_post, block.ln2_post) = (block.ln1.take(), block.ln2.take());
        let attention = &mut block.attention;
        attention.qk_norm = block.ln1_post.map(|norm| QkNorm::new(norm, QkNormAcross::Head));
        attention.rotary = attention.rotary.take().filter(|_| slides || window.is_none());
    }
    Ok(spec)
}

/// Which blocks have the window, where they are not listed: all but every so manieth, or as a word such as `LLLG` says,
/// over and over, with a full one at the end.
fn rhythm(config: &Config, layers: usize) -> Result<Vec<bool>, SpecError> {
    if let Ok(Some(word)) = config.word("sliding_window_pattern") {
        let kinds: Vec<bool> = word.chars().map(|kind| kind == 'L').collect();
        let of = |layer: usize| layer + 1 < layers && kinds.get(layer % kinds.len().max(1)) == Some(&true);
        return Ok((0..layers).map(of).collect());
    }
    let every = config.count_or("sliding_window_pattern", 4)?;
    Ok((0..layers).map(|layer| !(layer + 1).is_multiple_of(every)).collect())
}
