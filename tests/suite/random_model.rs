//! Models of any shape with random weights, for tests and benches of size: GPT-2's layout, seeded.

use rand::{Rng as _, SeedableRng as _};
use std::{collections::HashMap, path::Path};

/// What a model is like. `width` is a multiple of `heads`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) layers: usize,
    pub(crate) heads: usize,
    pub(crate) width: usize,
    pub(crate) vocab: usize,
    pub(crate) positions: usize,
}

impl Shape {
    /// More heads than any screen shows at once.
    pub(crate) const LARGE: Self = Self { layers: 80, heads: 128, width: 128, vocab: 64, positions: 64 };
}

/// Writes a model as a Hugging Face folder.
pub(crate) fn write_model(folder: &Path, shape: Shape) {
    let Shape { layers, heads, width, vocab, positions } = shape;
    let config = serde_json::json!({
        "architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "vocab_size": vocab, "n_positions": positions,
        "n_embd": width, "n_layer": layers, "n_head": heads, "layer_norm_epsilon": 1e-5,
    });
    let mut random = rand::rngs::StdRng::seed_from_u64(1);
    let mut tensors: HashMap<String, (Vec<usize>, Vec<u8>)> = HashMap::new();
    let mut add = |name: String, shape: &[usize]| {
        let n: usize = shape.iter().product();
        let bytes = (0..n).flat_map(|_| random.random_range(-0.2_f32..0.2).to_le_bytes()).collect();
        tensors.insert(name, (shape.to_vec(), bytes));
    };
    add("transformer.wte.weight".into(), &[vocab, width]);
    add("transformer.wpe.weight".into(), &[positions, width]);
    let mut norms = vec!["transformer.ln_f".to_owned()];
    for layer in 0..layers {
        let h = format!("transformer.h.{layer}");
        norms.extend([format!("{h}.ln_1"), format!("{h}.ln_2")]);
        for (name, rows, columns) in [
            ("attn.c_attn", width, 3 * width),
            ("attn.c_proj", width, width),
            ("mlp.c_fc", width, 4 * width),
            ("mlp.c_proj", 4 * width, width),
        ] {
            add(format!("{h}.{name}.weight"), &[rows, columns]);
            add(format!("{h}.{name}.bias"), &[columns]);
        }
    }
    for norm in norms {
        add(format!("{norm}.weight"), &[width]);
        add(format!("{norm}.bias"), &[width]);
    }
    let views = tensors.iter().map(|(name, (shape, bytes))| {
        let view = safetensors::tensor::TensorView::new(safetensors::Dtype::F32, shape.clone(), bytes);
        (name.as_str(), view.expect("shape and bytes agree"))
    });
    safetensors::serialize_to_file(views, None, &folder.join("model.safetensors")).expect("weights written");
    let file = std::fs::File::create(folder.join("config.json")).expect("config written");
    serde_json::to_writer(file, &config).expect("config written");
}
