"""Parity fixtures of the decoders that Llama set the pattern for: RMSNorm, rotary, gated MLP."""

import transformers

from fixture_models import VOCABULARY, Fixture

_COMMON = {
    "vocab_size": VOCABULARY,
    "bos_token_id": 0,
    "eos_token_id": 0,
    "pad_token_id": None,
    "max_position_embeddings": 32,
    "hidden_size": 24,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "num_hidden_layers": 2,
    "intermediate_size": 27,
}
_TINY = _COMMON | {"num_attention_heads": 3, "num_key_value_heads": 1, "intermediate_size": 20}
_HALF = {"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 0.5}


def _fixture(name: str, shows: str, model: str, count: int, /, generate: int | None = None, **options) -> Fixture:
    """A model of the class `model` with `options` in its configuration, fed `count` random tokens; `generate` is a seed."""
    model_class = getattr(transformers, model)
    config = model_class.config_class(**options)
    return Fixture(
        name, shows, model_class, config, count=count, seed=generate or 0, generate=generate is not None
    )


def _longrope(short: list[float], long: list[float], **options) -> dict:
    """Rope parameters that change once the prompt is longer than 8 tokens."""
    return {
        "rope_type": "longrope",
        "rope_theta": 10000.0,
        "short_factor": short,
        "long_factor": long,
        "original_max_position_embeddings": 8,
    } | options


_SHORT, _LONG = [1.0, 1.3, 1.7], [1.5, 4.0, 9.0]
_YARN = {"rope_type": "yarn", "rope_theta": 10000.0, "factor": 4.0, "original_max_position_embeddings": 16}

FIXTURES = [
    _fixture(
        "llama-dynamic-rope",
        "dynamic NTK rope: 20 tokens where 12 were meant; frequencies depend on the prompt's length",
        "LlamaForCausalLM",
        20,
        **_TINY | {"max_position_embeddings": 12},
        rope_parameters={"rope_type": "dynamic", "rope_theta": 10000.0, "factor": 3.0},
    ),
    _fixture(
        "llama-yarn-rope",
        "yarn rope: 24 tokens, its ramp inside the dimensions, scores scaled by its attention factor",
        "LlamaForCausalLM",
        24,
        **_TINY | {"max_position_embeddings": 64, "head_dim": 16},
        rope_parameters=_YARN | {"beta_fast": 4.0, "beta_slow": 0.5},
    ),
    _fixture(
        "llama-longrope",
        "longrope past its original context",
        "LlamaForCausalLM",
        12,
        **_COMMON,
        rope_parameters=_longrope(_SHORT, _LONG, factor=4.0),
    ),
    _fixture(
        "mistral-window",
        "13 tokens through a window of 4; own head_dim",
        "MistralForCausalLM",
        13,
        **_COMMON | {"head_dim": 10},
        sliding_window=4,
        generate=0,
    ),
    _fixture(
        "mistral-bare", "saved from MistralModel; no window", "MistralModel", 7, **_TINY, sliding_window=None, hidden_act="gelu"
    ),
    _fixture(
        "ministral-layers",
        "windowed and full layers by turns",
        "MinistralForCausalLM",
        11,
        **_COMMON | {"head_dim": 6},
        sliding_window=4,
        layer_types=["sliding_attention", "full_attention"],
    ),
    _fixture(
        "qwen3-odd",
        "RMSNorms on each head's q and k; head_dim 10; untied",
        "Qwen3ForCausalLM",
        11,
        **_COMMON | {"head_dim": 10},
        rope_parameters={"rope_type": "default", "rope_theta": 1000000.0},
        generate=0,
    ),
    _fixture(
        "qwen3-window",
        "attention biases; tied; a window of 4 from layer 1 on",
        "Qwen3ForCausalLM",
        12,
        **_TINY | {"head_dim": 8},
        attention_bias=True,
        tie_word_embeddings=True,
        use_sliding_window=True,
        sliding_window=4,
        max_window_layers=1,
    ),
    _fixture("qwen3-bare", "saved from Qwen3Model", "Qwen3Model", 6, **_TINY | {"head_dim": 6, "num_hidden_layers": 1}),
    _fixture(
        "phi3-odd",
        "fused q/k/v and gate/up; a window of 5",
        "Phi3ForCausalLM",
        11,
        **_COMMON,
        sliding_window=5,
        generate=1,
    ),
    _fixture(
        "phi3-longrope",
        "longrope past its original context; attention factor from the two context lengths",
        "Phi3ForCausalLM",
        12,
        **_COMMON,
        original_max_position_embeddings=8,
        rope_parameters=_longrope(_SHORT, _LONG),
    ),
    _fixture(
        "phi3-longrope-short",
        "longrope within its original context; saved from Phi3Model",
        "Phi3Model",
        7,
        **_COMMON,
        original_max_position_embeddings=8,
        rope_parameters=_longrope(_SHORT, _LONG),
    ),
    _fixture(
        "phi4-mini",
        "longrope on two thirds of the dimensions; tied",
        "Phi3ForCausalLM",
        11,
        **_COMMON | {"head_dim": 6},
        original_max_position_embeddings=8,
        tie_word_embeddings=True,
        rope_parameters=_longrope(_SHORT[:2], _LONG[:2], partial_rotary_factor=0.67),
    ),
    _fixture(
        "gemma-odd",
        "embedding times sqrt(width); RMSNorm with 1 + w; tied; head_dim 10",
        "GemmaForCausalLM",
        10,
        **_COMMON | {"head_dim": 10, "pad_token_id": 0, "num_key_value_heads": 1},
    ),
    _fixture("gemma-bare", "saved from GemmaModel", "GemmaModel", 6, **_TINY | {"head_dim": 6, "pad_token_id": 0}),
    _fixture(
        "gemma2-odd",
        "sandwich norms; soft-caps on scores and logits; windows by turns; own query scale; untied",
        "Gemma2ForCausalLM",
        11,
        **_COMMON | {"head_dim": 10, "pad_token_id": 0, "num_hidden_layers": 3},
        query_pre_attn_scalar=13,
        sliding_window=4,
        attn_logit_softcapping=2.0,
        final_logit_softcapping=6.0,
        tie_word_embeddings=False,
        generate=0,
    ),
    _fixture(
        "gemma2-uncapped",
        "no soft-caps; attention biases; saved from Gemma2Model",
        "Gemma2Model",
        8,
        **_TINY | {"head_dim": 6, "pad_token_id": 0},
        query_pre_attn_scalar=6,
        sliding_window=3,
        attn_logit_softcapping=None,
        final_logit_softcapping=None,
        attention_bias=True,
    ),
    _fixture(
        "gemma3-odd",
        "q/k norms; five windowed layers with their own rope base, the sixth full with linear scaling",
        "Gemma3ForCausalLM",
        9,
        **_TINY | {"head_dim": 6, "pad_token_id": 0, "num_hidden_layers": 6, "intermediate_size": 11, "hidden_size": 15},
        query_pre_attn_scalar=7,
        sliding_window=4,
        rope_parameters={
            "sliding_attention": {"rope_type": "default", "rope_theta": 1000.0},
            "full_attention": {"rope_type": "linear", "rope_theta": 50000.0, "factor": 8.0},
        },
        generate=0,
    ),
    _fixture(
        "gemma3-layer-types",
        "layer_types of its own; soft-cap on the logits; saved from Gemma3TextModel",
        "Gemma3TextModel",
        9,
        **_TINY | {"head_dim": 6, "pad_token_id": 0},
        query_pre_attn_scalar=6,
        sliding_window=3,
        layer_types=["full_attention", "sliding_attention"],
    ),
    _fixture(
        "olmo-odd",
        "LayerNorm without parameters; q, k, v clipped to ±0.9",
        "OlmoForCausalLM",
        10,
        **_COMMON,
        clip_qkv=0.9,
        generate=0,
    ),
    _fixture(
        "olmo-bare", "attention biases, not clipped; saved from OlmoModel", "OlmoModel", 6, **_TINY, attention_bias=True
    ),
    _fixture(
        "olmo2-odd",
        "norms on what each half adds; RMSNorm over all of q and of k",
        "Olmo2ForCausalLM",
        10,
        **_COMMON,
        generate=0,
    ),
    _fixture("olmo2-bare", "attention biases; saved from Olmo2Model", "Olmo2Model", 6, **_TINY, attention_bias=True),
    _fixture(
        "olmo3-odd",
        "OLMo2's block; three windowed layers, the fourth full, with yarn on the full one only",
        "Olmo3ForCausalLM",
        12,
        **_TINY | {"num_hidden_layers": 4, "max_position_embeddings": 64},
        sliding_window=4,
        rope_parameters={
            "sliding_attention": {"rope_type": "default", "rope_theta": 500000.0},
            "full_attention": _YARN | {"rope_theta": 500000.0, "attention_factor": 1.1},
        },
    ),
    _fixture(
        "smollm3-odd",
        "every second layer has no positions; untied",
        "SmolLM3ForCausalLM",
        10,
        **_COMMON,
        no_rope_layer_interval=2,
        tie_word_embeddings=False,
        generate=1,
    ),
    _fixture(
        "smollm3-window",
        "a window of 4 in the layers with positions; MLP and attention biases; tied",
        "SmolLM3ForCausalLM",
        11,
        **_TINY | {"num_hidden_layers": 3},
        no_rope_layers=[1, 0, 1],
        layer_types=["sliding_attention", "full_attention", "sliding_attention"],
        use_sliding_window=True,
        sliding_window=4,
        attention_bias=True,
        mlp_bias=True,
    ),
    _fixture(
        "seed-oss",
        "biases on q, k and v; own head_dim",
        "SeedOssForCausalLM",
        10,
        **_COMMON | {"head_dim": 10},
    ),
    _fixture(
        "seed-oss-bare",
        "biases on the output and in the MLP only; saved from SeedOssModel",
        "SeedOssModel",
        6,
        **_TINY | {"head_dim": 6},
        attention_bias=False,
        attention_out_bias=True,
        mlp_bias=True,
    ),
    _fixture(
        "ernie45-odd",
        "rotary on neighbours; own head_dim; biases everywhere",
        "Ernie4_5ForCausalLM",
        6,
        **_TINY | {"head_dim": 6},
        use_bias=True,
    ),
    _fixture(
        "helium-bare",
        "rotary on neighbours; biases on q, k and v and in the MLP; saved from HeliumModel",
        "HeliumModel",
        6,
        **_TINY | {"head_dim": 8},
        attention_bias=True,
        mlp_bias=True,
    ),
    _fixture(
        "granite-odd",
        "multipliers on embedding, attention, residual and logits; biases",
        "GraniteForCausalLM",
        10,
        **_COMMON,
        embedding_multiplier=1.7,
        attention_multiplier=0.21,
        residual_multiplier=0.6,
        logits_scaling=2.3,
        attention_bias=True,
        mlp_bias=True,
        generate=5,
    ),
    _fixture(
        "granite-bare",
        "saved from GraniteModel",
        "GraniteModel",
        6,
        **_TINY,
        embedding_multiplier=3.0,
        residual_multiplier=0.3,
    ),
    _fixture(
        "glm-odd",
        "interleaved rotary on half of the dimensions; fused gate/up; q/k/v biases; head_dim 12",
        "GlmForCausalLM",
        10,
        **_COMMON | {"head_dim": 12, "pad_token_id": 0},
        rope_parameters=_HALF,
    ),
    _fixture(
        "glm4-odd",
        "GLM with sandwich norms",
        "Glm4ForCausalLM",
        10,
        **_COMMON | {"head_dim": 12, "pad_token_id": 0},
        rope_parameters=_HALF,
        generate=1,
    ),
    _fixture(
        "glm4-bare",
        "no biases; saved from Glm4Model",
        "Glm4Model",
        6,
        **_TINY | {"head_dim": 8, "pad_token_id": 0},
        rope_parameters=_HALF,
        attention_bias=False,
    ),
]

