"""What held_out.py may choose: for each class the values of every setting that changes what is computed.

`...` leaves a setting out, so that the class's own default is tried. Sizes are as odd as the arithmetic allows.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

import transformers

VOCABULARY = 89
Options = dict
Settings = dict[str, list | Callable[[Options, random.Random], object]]


@dataclass(frozen=True)
class Family:
    """One class: its settings, and how many tokens it reads."""

    settings: Settings
    tokens: int = 27


ACTIVATIONS = ["gelu", "gelu_new", "gelu_pytorch_tanh", "relu", "silu", "swish", "quick_gelu", "gelu_fast", "relu2", "tanh", "mish"]
SPECIAL = {"vocab_size": [VOCABULARY], "bos_token_id": [0], "eos_token_id": [2]}
NO_PAD = SPECIAL | {"pad_token_id": [None]}
BASES = [100.0, 10000.0, 1000000.0]


def rope(dims: Callable[[Options], int], kinds: str = "default linear dynamic llama3 yarn longrope", partial=()):
    """Rope parameters of any kind, for heads of which `dims` dimensions turn before `partial` takes its part."""

    def choose(options: Options, source: random.Random):
        kind = source.choice(["left out", *kinds.split()])
        if kind == "left out":
            return ...
        chosen = {"rope_type": kind, "rope_theta": source.choice(BASES)}
        whole = [part for part in partial if dims(options) * part % 2 == 0]  # Half a pair does not turn anything
        part = source.choice(whole) if whole else 1.0
        if partial:
            chosen["partial_rotary_factor"] = part
        chosen |= _scaling(kind, int(dims(options) * part) // 2, source)
        return chosen

    return choose


def _scaling(kind: str, pairs: int, source: random.Random) -> dict:
    original = source.choice([8, 16, 64])
    if kind in ("linear", "dynamic"):
        return {"factor": source.choice([1.5, 4.0])}
    if kind == "llama3":
        low = source.choice([1.0, 2.0])
        bands = {"low_freq_factor": low, "high_freq_factor": low * source.choice([2.0, 4.0])}
        return bands | {"factor": source.choice([2.0, 8.0]), "original_max_position_embeddings": original}
    if kind == "yarn":
        chosen = {"factor": source.choice([1.0, 2.0, 16.0]), "original_max_position_embeddings": original}
        chosen |= source.choice([{}, {"beta_fast": 8.0, "beta_slow": 0.5}, {"beta_fast": 2.0}])
        chosen |= source.choice([{}, {"truncate": False}, {"attention_factor": 1.3}, {"mscale": 0.7, "mscale_all_dim": 1.1}])
        chosen |= source.choice([{}, {"mscale": 0.9}, {"mscale_all_dim": 0.8}])
        return chosen
    if kind == "longrope":
        short = [1.0 + 0.2 * source.random() for _ in range(pairs)]
        long = [1.0 + 8 * source.random() for _ in range(pairs)]
        chosen = {"short_factor": short, "long_factor": long, "original_max_position_embeddings": original}
        return chosen | source.choice([{}, {"factor": 4.0}, {"attention_factor": 1.2}, {"factor": 0.5}])
    return {}


def _head_dim(options: Options) -> int:
    return options.get("head_dim") or options["hidden_size"] // options["num_attention_heads"]


def layer_kinds(options: Options, source: random.Random):
    """A window for some layers."""
    if source.random() < 0.3:
        return ...
    return [source.choice(["sliding_attention", "full_attention"]) for _ in range(options["num_hidden_layers"])]


def of(key: str, *more):
    """One of the values or left out, where `key` is on."""
    return lambda options, source: source.choice([..., *more]) if options.get(key) else ...


def kv_heads(options: Options, source: random.Random):
    """A divisor of the heads."""
    heads = options["num_attention_heads"]
    return source.choice([count for count in range(1, heads + 1) if heads % count == 0])


WINDOW = [..., None, 1, 3, 7, 64]
FLAG = [..., True, False]
LLAMA_SIZES = {
    "hidden_size": [24, 48],
    "num_attention_heads": [1, 3, 4, 6],
    "num_key_value_heads": kv_heads,
    "num_hidden_layers": [1, 2, 3],
    "intermediate_size": [17, 40],
    "max_position_embeddings": [20, 64, 4096],
    "rms_norm_eps": [..., 1e-5, 1e-2],
    "hidden_act": [..., ..., *ACTIVATIONS],
    "tie_word_embeddings": FLAG,
}
HEAD_DIM = {"head_dim": [..., 4, 8, 10]}
LLAMA = NO_PAD | LLAMA_SIZES | HEAD_DIM | {"attention_bias": FLAG, "mlp_bias": FLAG, "rope_parameters": rope(_head_dim)}
PLAIN = NO_PAD | LLAMA_SIZES | {"rope_parameters": rope(_head_dim)}
WINDOWED = {"sliding_window": WINDOW, "use_sliding_window": FLAG, "max_window_layers": [..., 0, 1, 2]}
PAD_0 = SPECIAL | {"pad_token_id": [0]}


def without(settings: Settings, *keys: str) -> Settings:
    """The settings but for some."""
    return {key: value for key, value in settings.items() if key not in keys}


def experts(count: str, each: str = "num_experts_per_tok", **more) -> Settings:
    """How many there are, and how many a token goes through."""
    return {count: [2, 5, 8], each: lambda options, source: source.randint(1, min(4, options[count])), **more}


PARTIAL = [0.25, 0.5, 0.75, 1.0]
NORM = {"layer_norm_eps": [..., 1e-3]}


def two_ropes(options: Options, source: random.Random):
    """A base for each kind of layer."""
    if source.random() < 0.4:
        return ...
    make = rope(_head_dim, "default linear")
    chosen = {}
    for kind in ("sliding_attention", "full_attention"):
        value = make(options, source)
        chosen[kind] = {"rope_type": "default", "rope_theta": 500.0} if value is Ellipsis else value
    return chosen


GPT = NO_PAD | {
    "n_positions": [32, 64],
    "n_embd": [24, 48],
    "n_head": [1, 3, 4, 6],
    "n_layer": [1, 2, 3],
    "layer_norm_epsilon": [..., 1e-3],
}
GPT_ACT = {"activation_function": [..., *ACTIVATIONS], "n_inner": [..., None, 17, 50], "tie_word_embeddings": FLAG}


def gptj_dims(options: Options, source: random.Random):
    """Rotary on some pairs of a head's dimensions."""
    head = options["n_embd"] // options["n_head"]
    return source.choice([size for size in range(2, head + 1, 2)])


def neo_types(options: Options, source: random.Random):
    """Runs of kinds, as many as there are layers."""
    layers = options["num_layers"]
    kinds = [source.choice(["global", "local"]) for _ in range(layers)]
    return [[[kind], 1] for kind in kinds] if source.random() < 0.5 else [[kinds, 1]]


BERT = {
    "vocab_size": [VOCABULARY],
    "hidden_size": [24, 48],
    "num_attention_heads": [1, 3, 4, 6],
    "num_hidden_layers": [1, 2, 3],
    "intermediate_size": [17, 40],
    "hidden_act": [..., *ACTIVATIONS],
    "max_position_embeddings": [64],
    "type_vocab_size": [..., 1, 3],
    "layer_norm_eps": [..., 1e-5],
    "tie_word_embeddings": FLAG,
}
DECODES = {"is_decoder": FLAG}
DEBERTA = BERT | {
    "type_vocab_size": [..., 0, 2],
    "relative_attention": [True, True, True, False],
    "max_relative_positions": [..., -1, 5, 13],
    "pos_att_type": [..., ["c2p"], ["p2c"], ["c2p", "p2c"], "p2c|c2p", "c2p", []],
    "position_biased_input": FLAG,
    "legacy": FLAG,
}


def divisor_groups(options: Options, source: random.Random):
    return source.choice([n for n in (1, 2, 3) if n <= options["num_hidden_layers"]])


BART = {
    "vocab_size": [VOCABULARY],
    "d_model": [24, 48],
    "max_position_embeddings": [64],
    "encoder_layers": [1, 2, 3],
    "decoder_layers": [1, 2, 3],
    "encoder_attention_heads": [1, 3, 4],
    "decoder_attention_heads": [2, 4, 6],
    "encoder_ffn_dim": [17, 40],
    "decoder_ffn_dim": [19, 30],
    "activation_function": [..., *ACTIVATIONS],
    "scale_embedding": FLAG,
    "tie_word_embeddings": FLAG,
    "decoder_start_token_id": [2],
    "forced_eos_token_id": [None],
}
T5 = {
    "vocab_size": [VOCABULARY],
    "d_model": [24, 30],
    "d_kv": [5, 8],
    "d_ff": [17, 40],
    "num_layers": [1, 2, 3],
    "num_decoder_layers": [..., 1, 2],
    "num_heads": [1, 3, 4],
    "relative_attention_num_buckets": [..., 6, 8, 16],
    "relative_attention_max_distance": [..., 5, 20, 40],
    "layer_norm_epsilon": [..., 1e-3],
    "feed_forward_proj": [..., "relu", "gelu", "gated-gelu", "gated-silu", "gated-relu", "silu", "gelu_new"],
    "tie_word_embeddings": FLAG,
    "scale_decoder_outputs": FLAG,
    "decoder_start_token_id": [0],
    "pad_token_id": [0],
    "eos_token_id": [1],
}


def groups(options: Options, source: random.Random):
    count = options["n_routed_experts"]
    return source.choice([n for n in (1, 2, 4) if count % n == 0 and count // n >= 2])


MLA = LLAMA_SIZES | {
    "num_key_value_heads": lambda options, _: options["num_attention_heads"],
    "kv_lora_rank": [10, 16],
    "q_lora_rank": [None, 11],
    "qk_nope_head_dim": [6, 8],
    "qk_rope_head_dim": [4, 8],
    "v_head_dim": [5, 8, 12],
    "attention_bias": FLAG,
    "first_k_dense_replace": [0, 1, 2],
    "moe_intermediate_size": [11, 16],
    "n_shared_experts": [1, 2],
    "n_routed_experts": [4, 8],
    "n_group": groups,
    "topk_group": lambda options, source: source.randint(1, options["n_group"]),
    "num_experts_per_tok": lambda options, source: source.randint(
        1, min(3, options["n_routed_experts"] // options["n_group"] * options["topk_group"])
    ),
    "norm_topk_prob": FLAG,
    "routed_scaling_factor": [..., 1.7],
    "rope_parameters": rope(lambda options: options["qk_rope_head_dim"], "default yarn linear"),
}

FALCON = NO_PAD | {
    "hidden_size": [24, 48],
    "num_attention_heads": [3, 4, 6],
    "num_hidden_layers": [1, 2],
    "ffn_hidden_size": [..., 17, 50],
    "activation": [..., *ACTIVATIONS],
    "alibi": [False],
    "multi_query": FLAG,
    "parallel_attn": FLAG,
    "bias": FLAG,
    "new_decoder_architecture": FLAG,
    "num_kv_heads": lambda options, source: source.choice(
        [n for n in (1, 2, 3, 6) if options["num_attention_heads"] % n == 0]
    ),
    "num_ln_in_parallel_attn": [..., None, 1, 2],
    "layer_norm_epsilon": [..., 1e-3],
    "max_position_embeddings": [20, 64],
    "tie_word_embeddings": FLAG,
    "rope_parameters": rope(lambda options: options["hidden_size"] // options["num_attention_heads"]),
}

FAMILIES: dict[str, Family] = {
    "OpenAIGPTLMHeadModel": Family(GPT | {"afn": [..., "gelu", "relu", "silu", "gelu_new", "swish"], "tie_word_embeddings": FLAG}),
    "GPT2LMHeadModel": Family(
        GPT | GPT_ACT | {"scale_attn_weights": FLAG, "scale_attn_by_inverse_layer_idx": FLAG, "reorder_and_upcast_attn": FLAG}
    ),
    "GPTNeoForCausalLM": Family(
        NO_PAD
        | {
            "hidden_size": [24, 48],
            "num_heads": [1, 3, 4],
            "num_layers": [1, 2, 3],
            "attention_types": neo_types,
            "window_size": [1, 4, 9, 64],
            "intermediate_size": [..., 31],
            "activation_function": [..., *ACTIVATIONS],
            "layer_norm_epsilon": [..., 1e-3],
            "max_position_embeddings": [32, 64],
            "tie_word_embeddings": FLAG,
        }
    ),
    "GPTJForCausalLM": Family(GPT | GPT_ACT | {"rotary_dim": gptj_dims}),
    "CodeGenForCausalLM": Family(GPT | GPT_ACT | {"n_head": [4], "rotary_dim": gptj_dims}),
    "GPTNeoXForCausalLM": Family(
        without(LLAMA, "rms_norm_eps", "num_key_value_heads", "head_dim", "mlp_bias")
        | NORM
        | {"use_parallel_residual": FLAG, "rope_parameters": rope(_head_dim, partial=PARTIAL)}
    ),
    "OPTForCausalLM": Family(
        SPECIAL
        | {
            "pad_token_id": [1],
            "hidden_size": [24, 48],
            "num_attention_heads": [1, 3, 4],
            "num_hidden_layers": [1, 2],
            "ffn_dim": [17, 40],
            "max_position_embeddings": [64],
            "do_layer_norm_before": FLAG,
            "word_embed_proj_dim": [..., 10, 24, 48],
            "_remove_final_layer_norm": FLAG,
            "enable_bias": FLAG,
            "layer_norm_elementwise_affine": FLAG,
            "activation_function": [..., *ACTIVATIONS],
            "tie_word_embeddings": FLAG,
        }
    ),
    "BloomForCausalLM": Family(
        NO_PAD
        | {
            "hidden_size": [24, 60],
            "n_head": [1, 3, 4, 6, 12],
            "n_layer": [1, 2],
            "layer_norm_epsilon": [..., 1e-3],
            "apply_residual_connection_post_layernorm": FLAG,
            "slow_but_exact": FLAG,
            "pretraining_tp": [..., 2],
            "tie_word_embeddings": FLAG,
        }
    ),
    "FalconForCausalLM": Family(FALCON),
    "FalconModel": Family(FALCON),
    "MptForCausalLM": Family(
        NO_PAD
        | {
            "d_model": [24, 60],
            "n_heads": [1, 3, 4, 6, 12],
            "n_layers": [1, 2],
            "max_seq_len": [32, 64],
            "expansion_ratio": [..., 2, 3],
            "layer_norm_epsilon": [..., 1e-3],
            "logit_scale": [..., 0.7, "inv_sqrt_d_model"],
            "attn_config": lambda _, source: source.choice(
                [..., {"clip_qkv": 0.6}, {"softmax_scale": 0.2}, {"clip_qkv": 1.1, "softmax_scale": 0.5, "alibi_bias_max": 4}]
            ),
            "tie_word_embeddings": FLAG,
        }
    ),
    "GPTBigCodeForCausalLM": Family(
        GPT
        | GPT_ACT
        | {
            "multi_query": FLAG,
            "scale_attn_weights": FLAG,
            "attention_softmax_in_fp32": FLAG,
            "scale_attention_softmax_in_fp32": FLAG,
        }
    ),
    "Starcoder2ForCausalLM": Family(
        without(PLAIN, "rms_norm_eps") | {"norm_epsilon": [..., 1e-3], "use_bias": FLAG, "sliding_window": WINDOW}
    ),
    "XGLMForCausalLM": Family(
        SPECIAL
        | {
            "pad_token_id": [1],
            "d_model": [24, 48],
            "attention_heads": [1, 3, 4],
            "num_layers": [1, 2],
            "ffn_dim": [17, 40],
            "max_position_embeddings": [32, 64],
            "activation_function": [..., *ACTIVATIONS],
            "scale_embedding": FLAG,
            "tie_word_embeddings": FLAG,
        }
    ),
    "LlamaForCausalLM": Family(LLAMA | {"pretraining_tp": [..., 2]}),
    "LlamaModel": Family(LLAMA),
    "MistralForCausalLM": Family(PLAIN | HEAD_DIM | {"sliding_window": WINDOW}),
    "MinistralForCausalLM": Family(PLAIN | HEAD_DIM | {"sliding_window": WINDOW, "layer_types": layer_kinds}),
    "MixtralForCausalLM": Family(
        PLAIN | HEAD_DIM | {"sliding_window": WINDOW} | experts("num_local_experts")
    ),
    "Qwen2ForCausalLM": Family(PLAIN | WINDOWED | {"layer_types": layer_kinds}),
    "Qwen2MoeForCausalLM": Family(
        PLAIN
        | WINDOWED
        | experts("num_experts")
        | {
            "qkv_bias": FLAG,
            "moe_intermediate_size": [9, 16],
            "shared_expert_intermediate_size": [7, 20],
            "norm_topk_prob": FLAG,
            "decoder_sparse_step": [..., 1, 2],
            "mlp_only_layers": [..., [0], [1]],
        }
    ),
    "Qwen3ForCausalLM": Family(PLAIN | HEAD_DIM | WINDOWED | {"attention_bias": FLAG, "layer_types": layer_kinds, "head_dim": [4, 8, 10]}),
    "Qwen3MoeForCausalLM": Family(
        PLAIN
        | {"head_dim": [..., 4, 8, 10]}
        | WINDOWED
        | experts("num_experts")
        | {
            "attention_bias": FLAG,
            "moe_intermediate_size": [9, 16],
            "norm_topk_prob": FLAG,
            "decoder_sparse_step": [..., 1, 2],
            "mlp_only_layers": [..., [0], [1]],
        }
    ),
    "PhiForCausalLM": Family(
        without(PLAIN, "rms_norm_eps")
        | NORM
        | {"hidden_size": [24, 48], "qk_layernorm": FLAG, "rope_parameters": rope(_head_dim, partial=PARTIAL)}
    ),
    "Phi3ForCausalLM": Family(
        PLAIN
        | {
            "original_max_position_embeddings": [..., 8, 16],
            "sliding_window": WINDOW,
            "rope_parameters": rope(_head_dim, "default longrope", partial=[0.5, 1.0]),
        }
    ),
    "PhimoeForCausalLM": Family(
        PLAIN
        | experts("num_local_experts")
        | {
            "num_experts_per_tok": [2],
            "sliding_window": WINDOW,
            "attention_bias": FLAG,
            "lm_head_bias": FLAG,
            "router_jitter_noise": [..., 0.1],
            "rope_parameters": rope(_head_dim, "default"),
        }
    ),
    "GemmaForCausalLM": Family(PAD_0 | LLAMA_SIZES | {"head_dim": [4, 8, 10], "attention_bias": FLAG, "rope_parameters": rope(_head_dim)}),
    "Gemma2ForCausalLM": Family(
        PAD_0
        | without(LLAMA_SIZES, "hidden_act")
        | {
            "hidden_activation": [..., *ACTIVATIONS],
            "head_dim": [4, 8, 10],
            "attention_bias": FLAG,
            "query_pre_attn_scalar": [..., 5, 24],
            "sliding_window": [3, 7, 64],
            "layer_types": layer_kinds,
            "attn_logit_softcapping": [..., None, 1.5],
            "final_logit_softcapping": [..., None, 3.0],
            "rope_parameters": rope(_head_dim),
        }
    ),
    "Gemma3ForCausalLM": Family(
        PAD_0
        | without(LLAMA_SIZES, "hidden_act")
        | {
            "num_hidden_layers": [1, 3, 7],
            "hidden_activation": [..., *ACTIVATIONS],
            "head_dim": [4, 8, 10],
            "attention_bias": FLAG,
            "query_pre_attn_scalar": [..., 5, 24],
            "sliding_window": [3, 7, 64],
            "layer_types": layer_kinds,
            "attn_logit_softcapping": [..., None],
            "final_logit_softcapping": [..., None, 3.0],
            "rope_parameters": two_ropes,
        }
    ),
    "StableLmForCausalLM": Family(
        without(PLAIN, "rms_norm_eps")
        | NORM
        | {
            "use_qkv_bias": FLAG,
            "qk_layernorm": FLAG,
            "use_parallel_residual": FLAG,
            "rope_parameters": rope(_head_dim, partial=PARTIAL),
        }
    ),
    "OlmoForCausalLM": Family(without(PLAIN, "rms_norm_eps") | {"attention_bias": FLAG, "clip_qkv": [..., None, 0.7, 5.0]}),
    "Olmo2ForCausalLM": Family(PLAIN | {"attention_bias": FLAG}),
    "Olmo3ForCausalLM": Family(
        PLAIN
        | {
            "attention_bias": FLAG,
            "num_hidden_layers": [1, 3, 5],
            "sliding_window": [3, 7, 64],
            "layer_types": layer_kinds,
            "rope_parameters": two_ropes,
        }
    ),
    "OlmoeForCausalLM": Family(
        PLAIN | experts("num_experts") | {"attention_bias": FLAG, "clip_qkv": [..., None, 0.7], "norm_topk_prob": FLAG}
    ),
    "SmolLM3ForCausalLM": Family(
        PLAIN
        | {
            "num_hidden_layers": [1, 3, 5],
            "no_rope_layer_interval": [..., 2, 3],
            "attention_bias": FLAG,
            "mlp_bias": FLAG,
            "sliding_window": WINDOW,
            "use_sliding_window": FLAG,
            "layer_types": layer_kinds,
        }
    ),
    "SeedOssForCausalLM": Family(
        LLAMA | {"head_dim": [4, 8, 10], "attention_out_bias": FLAG},
    ),
    "Ernie4_5ForCausalLM": Family(PLAIN | {"head_dim": [4, 8, 10], "use_bias": FLAG}),
    "HeliumForCausalLM": Family(
        LLAMA | {"head_dim": lambda options, source: options["hidden_size"] // options["num_attention_heads"]},
    ),
    "GraniteForCausalLM": Family(
        without(LLAMA, "head_dim")
        | {
            "embedding_multiplier": [..., 2.0, 12],
            "attention_multiplier": [..., 0.2, 1],
            "residual_multiplier": [..., 0.3],
            "logits_scaling": [..., 3.0],
        }
    ),
    "GraniteMoeForCausalLM": Family(
        without(LLAMA, "head_dim", "mlp_bias")
        | experts("num_local_experts")
        | {
            "embedding_multiplier": [..., 2.0],
            "attention_multiplier": [..., 0.2],
            "residual_multiplier": [..., 0.3],
            "logits_scaling": [..., 3.0],
        }
    ),
    "CohereForCausalLM": Family(
        PAD_0
        | without(LLAMA_SIZES, "rms_norm_eps")
        | NORM
        | {"logit_scale": [..., 0.5, 2.0], "use_qk_norm": FLAG, "attention_bias": FLAG, "rope_parameters": rope(_head_dim)}
    ),
    "Cohere2ForCausalLM": Family(
        PAD_0
        | without(LLAMA_SIZES, "rms_norm_eps")
        | NORM
        | {
            "num_hidden_layers": [1, 3, 5],
            "logit_scale": [..., 0.5, 2.0],
            "attention_bias": FLAG,
            "sliding_window": [3, 7, 64],
            "layer_types": layer_kinds,
            "rope_parameters": rope(_head_dim),
        }
    ),
    "GlmForCausalLM": Family(
        PAD_0
        | LLAMA_SIZES
        | {"head_dim": [4, 8, 16], "attention_bias": FLAG, "rope_parameters": rope(_head_dim, "default linear yarn", partial=[0.5, 1.0])}
    ),
    "Glm4ForCausalLM": Family(
        PAD_0
        | LLAMA_SIZES
        | {"head_dim": [4, 8, 16], "attention_bias": FLAG, "rope_parameters": rope(_head_dim, "default linear yarn", partial=[0.5, 1.0])}
    ),
    "NemotronForCausalLM": Family(
        without(LLAMA, "rms_norm_eps") | {"head_dim": [8, 16], "norm_eps": [..., 1e-3], "rope_parameters": rope(_head_dim, partial=PARTIAL)}
    ),
    "DeepseekV2ForCausalLM": Family(
        NO_PAD | MLA | {"mlp_bias": FLAG, "topk_method": ["greedy", "group_limited_greedy"]}
    ),
    "DeepseekV3ForCausalLM": Family(NO_PAD | MLA | {"rope_interleave": FLAG}),
    "GptOssForCausalLM": Family(
        NO_PAD
        | without(LLAMA_SIZES, "hidden_act")
        | experts("num_local_experts")
        | {
            "head_dim": [4, 8, 10],
            "sliding_window": [3, 7, 64],
            "layer_types": layer_kinds,
            "attention_bias": FLAG,
            "rope_parameters": rope(_head_dim, "default linear yarn"),
        }
    ),
    "BertForMaskedLM": Family(BERT),
    "BertLMHeadModel": Family(BERT | {"is_decoder": [True]}),
    "BertModel": Family(BERT | DECODES),
    "RobertaForMaskedLM": Family(BERT | {"pad_token_id": [..., 3]}),
    "RobertaForCausalLM": Family(BERT | {"is_decoder": [True]}),
    "XLMRobertaForMaskedLM": Family(BERT),
    "CamembertForMaskedLM": Family(BERT),
    "DistilBertForMaskedLM": Family(
        {
            "vocab_size": [VOCABULARY],
            "dim": [24, 48],
            "n_heads": [1, 3, 4],
            "n_layers": [1, 2],
            "hidden_dim": [17, 40],
            "activation": [..., *ACTIVATIONS],
            "max_position_embeddings": [64],
            "sinusoidal_pos_embds": FLAG,
            "tie_word_embeddings": FLAG,
        }
    ),
    "AlbertForMaskedLM": Family(
        BERT | {"num_hidden_layers": [1, 2, 3, 6], "embedding_size": [10, 24, 30], "num_hidden_groups": divisor_groups, "inner_group_num": [..., 1, 2]}
    ),
    "AlbertModel": Family(BERT | {"embedding_size": [10, 24], "num_hidden_groups": divisor_groups, "inner_group_num": [..., 2]}),
    "ElectraForMaskedLM": Family(BERT | {"embedding_size": [10, 24, 48]}),
    "ElectraModel": Family(BERT | DECODES | {"embedding_size": [10, 24, 48]}),
    "ElectraForPreTraining": Family(BERT | {"embedding_size": [10, 24]}),
    "DebertaV2ForMaskedLM": Family(
        DEBERTA
        | {
            "position_buckets": [..., -1, 4, 8],
            "share_att_key": FLAG,
            "norm_rel_ebd": [..., "layer_norm", "none"],
            "conv_kernel_size": [..., 0, 3, 5],
            "conv_groups": of("conv_kernel_size", 2, 3),
            "conv_act": [..., "gelu", "tanh", "relu"],
        }
    ),
    "DebertaV2Model": Family(
        DEBERTA | {"position_buckets": [..., 4], "share_att_key": FLAG, "norm_rel_ebd": [..., "layer_norm"], "conv_kernel_size": [..., 3]}
    ),
    "DebertaForMaskedLM": Family(DEBERTA),
    "DebertaModel": Family(DEBERTA),
    "MPNetForMaskedLM": Family(without(BERT, "type_vocab_size") | {"relative_attention_num_buckets": [..., 32]}),
    "ModernBertForMaskedLM": Family(
        {
            "vocab_size": [VOCABULARY],
            "hidden_size": [24, 48],
            "num_attention_heads": [1, 2, 3],
            "num_hidden_layers": [1, 3, 5],
            "intermediate_size": [16, 40],
            "hidden_activation": [..., *ACTIVATIONS],
            "max_position_embeddings": [64],
            "norm_eps": [..., 1e-3],
            "norm_bias": FLAG,
            "attention_bias": FLAG,
            "mlp_bias": FLAG,
            "decoder_bias": FLAG,
            "classifier_bias": FLAG,
            "classifier_activation": [..., "relu", "silu"],
            "local_attention": [..., 4, 8, 13],
            "global_attn_every_n_layers": [..., 1, 2, 4],
            "layer_types": layer_kinds,
            "rope_parameters": two_ropes,
            "tie_word_embeddings": FLAG,
            "pad_token_id": [0],
            "bos_token_id": [1],
            "cls_token_id": [1],
            "eos_token_id": [2],
            "sep_token_id": [2],
        }
    ),
    "T5ForConditionalGeneration": Family(T5),
    "T5Model": Family(T5),
    "T5EncoderModel": Family(without(T5, "decoder_start_token_id")),
    "MT5ForConditionalGeneration": Family(T5),
    "UMT5ForConditionalGeneration": Family(T5),
    "BartForConditionalGeneration": Family(BART),
    "BartModel": Family(BART),
    "MBartForConditionalGeneration": Family(BART),
    "MarianMTModel": Family(
        BART | {"pad_token_id": [3], "eos_token_id": [0], "share_encoder_decoder_embeddings": FLAG, "decoder_vocab_size": [..., 71]}
    ),
    "PegasusForConditionalGeneration": Family(BART),
    "M2M100ForConditionalGeneration": Family(BART),
    "BlenderbotForConditionalGeneration": Family(BART),
    "BlenderbotSmallForConditionalGeneration": Family(BART),
}

MOE_SIGMOIDS = {
    "n_routed_experts": [4, 8],
    "n_group": groups,
    "topk_group": lambda options, source: source.randint(1, options["n_group"]),
    "num_experts_per_tok": lambda options, source: source.randint(
        1, min(3, options["n_routed_experts"] // options["n_group"] * options["topk_group"])
    ),
    "first_k_dense_replace": [..., 0, 1, 2],
    "moe_intermediate_size": [11, 16],
    "n_shared_experts": [1, 2],
    "norm_topk_prob": FLAG,
    "routed_scaling_factor": [..., 1.7],
    "attention_bias": FLAG,
}


def growing(options: Options, source: random.Random):
    """Rope parameters with what Ministral 3 needs beside them."""
    if source.random() < 0.2:
        return ...
    make = rope(_head_dim, "default linear yarn llama3")
    chosen = make(options, source)
    chosen = {"rope_type": "default", "rope_theta": 500.0} if chosen is Ellipsis else chosen
    return chosen | {"llama_4_scaling_beta": source.choice([0.0, 0.1, 0.7]), "original_max_position_embeddings": source.choice([4, 8, 16])}


def alpha(options: Options, source: random.Random):
    """Rope parameters, or a base that HunYuan stretches."""
    if source.random() < 0.5:
        return rope(_head_dim)(options, source)
    return {"rope_type": "dynamic", "rope_theta": source.choice(BASES), "alpha": source.choice([3.0, 1000.0]), "factor": 1.0}


FAMILIES |= {
    "ArceeForCausalLM": Family(LLAMA),
    "Jais2ForCausalLM": Family(without(LLAMA, "rms_norm_eps") | NORM),
    "CwmForCausalLM": Family(
        without(LLAMA, "attention_bias")
        | {"head_dim": [4, 8, 10], "num_hidden_layers": [1, 3, 5], "sliding_window": [3, 7, 64], "layer_types": layer_kinds}
    ),
    "Exaone4ForCausalLM": Family(
        PLAIN
        | {
            "num_hidden_layers": [1, 3, 5],
            "sliding_window": [..., None, 3, 7],
            "sliding_window_pattern": [..., 2, 4],
            "layer_types": layer_kinds,
        }
    ),
    "NanoChatForCausalLM": Family(
        PLAIN | {"attention_bias": FLAG, "final_logit_softcapping": [..., None, 3.0], "pad_token_id": [1]}
    ),
    "Ministral3ForCausalLM": Family(
        PLAIN | {"head_dim": [4, 8, 10], "sliding_window": [..., None, 3, 7], "rope_parameters": growing}
    ),
    "HunYuanDenseV1ForCausalLM": Family(
        PLAIN | {"head_dim": [4, 8, 10], "attention_bias": FLAG, "rope_parameters": alpha}
    ),
    "VaultGemmaForCausalLM": FAMILIES["Gemma2ForCausalLM"],
    "Glm4MoeForCausalLM": Family(
        PLAIN
        | MOE_SIGMOIDS
        | {"head_dim": [..., 8], "use_qk_norm": FLAG, "rope_parameters": rope(_head_dim, "default linear yarn", partial=[0.5, 1.0])}
    ),
    "Dots1ForCausalLM": Family(
        PLAIN | MOE_SIGMOIDS | {"sliding_window": WINDOW, "max_window_layers": [..., 0, 1], "layer_types": layer_kinds}
    ),
    "GraniteMoeSharedForCausalLM": Family(
        FAMILIES["GraniteMoeForCausalLM"].settings | {"shared_intermediate_size": [..., 0, 13]}
    ),
    "ErnieForMaskedLM": Family(BERT),
    "ErnieModel": Family(BERT | DECODES),
    "Data2VecTextForMaskedLM": Family(BERT),
    "MegatronBertForMaskedLM": Family(BERT),
    "MegatronBertModel": Family(BERT | DECODES),
    "XLMRobertaXLForMaskedLM": Family(BERT),
    "RobertaPreLayerNormForMaskedLM": Family(BERT),
    "EuroBertModel": Family(LLAMA | {"pad_token_id": [1]}),
    "NomicBertForMaskedLM": Family(without(BERT, "max_position_embeddings") | {"pad_token_id": [0], "max_position_embeddings": [20, 64], "rope_parameters": rope(_head_dim)}),
}

ENDS = ("ForSequenceClassification", "ForTokenClassification", "ForQuestionAnswering")


def _with_heads() -> dict[str, Family]:
    """Classes of the same models with other heads."""
    found = {}
    for name, family in FAMILIES.items():
        stem = next((name.removesuffix(end) for end in ("ForMaskedLM", "ForCausalLM", "LMHeadModel") if name.endswith(end)), None)
        for head in (stem + end for end in ENDS if stem):
            # Some heads stand on a model with pictures, whose own settings these are not
            own = getattr(transformers, name).config_class
            if getattr(getattr(transformers, head, None), "config_class", None) is own:
                found[head] = Family(family.settings | {"num_labels": [..., 3, 5]}, family.tokens)
    return found


FAMILIES |= _with_heads()
