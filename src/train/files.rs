//! A model as the files that any other consists of, in Hugging Face's layout.

use super::pass::{EPS, THETA};
use super::shape::Shape;
use super::vocabulary::{BEGIN, Vocabulary};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensorError};
use serde_json::json;
use std::collections::HashMap;

/// What a folder of `LlamaForCausalLM` holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// `config.json`
    pub config: Vec<u8>,
    /// `model.safetensors`
    pub weights: Vec<u8>,
    /// `tokenizer.json`
    pub tokenizer: Vec<u8>,
    /// `tokenizer_config.json`
    pub tokenizer_config: Vec<u8>,
}

impl Files {
    /// Of a model with room for `context` tokens.
    pub(super) fn new(
        shape: &Shape,
        weights: &[f32],
        vocabulary: &Vocabulary,
        context: usize,
    ) -> Result<Self, SafeTensorError> {
        // The class has an MLP in every block; one of a single number, all zeros, adds nothing
        let mlp = shape.mlp.max(1);
        let config = json!({
            "architectures": ["LlamaForCausalLM"],
            "model_type": "llama",
            "attention_bias": false,
            "attention_dropout": 0.0,
            "bos_token_id": 0,
            "eos_token_id": null,
            "pad_token_id": null,
            "head_dim": shape.head_dim(),
            "hidden_act": "silu",
            "hidden_size": shape.width,
            "initializer_range": 0.02,
            "intermediate_size": mlp,
            "max_position_embeddings": context,
            "mlp_bias": false,
            "num_attention_heads": shape.heads,
            "num_hidden_layers": shape.layers,
            "num_key_value_heads": shape.heads,
            "rms_norm_eps": f64::from(EPS),
            "rope_theta": THETA,
            "tie_word_embeddings": false,
            "torch_dtype": "float32",
            "use_cache": true,
            "vocab_size": shape.vocab,
        });
        let tokenizer_config = json!({
            "tokenizer_class": "PreTrainedTokenizerFast",
            "bos_token": BEGIN,
            "clean_up_tokenization_spaces": false,
            "model_max_length": context,
        });
        let bytes = |value: &serde_json::Value| format!("{value:#}\n").into_bytes();
        Ok(Self {
            config: bytes(&config),
            weights: tensors(shape, weights)?,
            tokenizer: bytes(&vocabulary.tokenizer()),
            tokenizer_config: bytes(&tokenizer_config),
        })
    }
    /// Each file's name and what is in it.
    pub fn each(&self) -> [(&'static str, &[u8]); 4] {
        [
            ("config.json", &self.config),
            ("model.safetensors", &self.weights),
            ("tokenizer.json", &self.tokenizer),
            ("tokenizer_config.json", &self.tokenizer_config),
        ]
    }
}

fn tensors(shape: &Shape, weights: &[f32]) -> Result<Vec<u8>, SafeTensorError> {
    let (d, one, zeros) = (shape.width, vec![1.0_f32; shape.width], vec![0.0_f32; shape.width]);
    let mut all: Vec<(String, Vec<usize>, &[f32])> =
        shape.tensors().into_iter().map(|place| (place.name, place.shape, &weights[place.range])).collect();
    if shape.mlp == 0 {
        for layer in 0..shape.layers {
            let named = |name: &str| format!("model.layers.{layer}.{name}.weight");
            all.push((named("post_attention_layernorm"), vec![d], &one));
            all.push((named("mlp.gate_proj"), vec![1, d], &zeros));
            all.push((named("mlp.up_proj"), vec![1, d], &zeros));
            all.push((named("mlp.down_proj"), vec![d, 1], &zeros));
        }
    }
    let views: Vec<(String, TensorView<'_>)> = all
        .iter()
        .map(|(name, shape, numbers)| {
            let view = TensorView::new(Dtype::F32, shape.clone(), bytemuck::cast_slice(numbers))?;
            Ok((name.clone(), view))
        })
        .collect::<Result<_, SafeTensorError>>()?;
    // Transformers refuses a file that does not say so
    let metadata = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    safetensors::serialize(views, Some(metadata))
}
