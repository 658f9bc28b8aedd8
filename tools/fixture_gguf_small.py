#!/usr/bin/env python3
"""Make tests/fixtures/gguf-small: tiny models of GGUF's less usual architectures, as a converter writes them, and what
Transformers computes on them. Needs gguf beside what make_fixtures.py needs.

    python tools/fixture_gguf_small.py [NAME ...]
"""

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import gguf
import numpy as np
import torch
import transformers
from safetensors.torch import load_file, save_file

from fixture_gguf import finish, paired, stacked, write_keys
from fixture_models import Fixture, load
from fixture_seq2seq import set_weights
from held_out import expected

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "gguf-small"
TOKENS = 13

_PLAIN = {"vocab_size": 23, "hidden_size": 12, "num_attention_heads": 2, "num_hidden_layers": 1, "intermediate_size": 9}
_PLAIN |= {"bos_token_id": 0, "eos_token_id": 2, "pad_token_id": None, "max_position_embeddings": 32}
_LLAMA = _PLAIN | {"num_key_value_heads": 1, "head_dim": 8}
_EXPERTS = {"num_local_experts": 3, "num_experts_per_tok": 2}
_QWEN_EXPERTS = {"num_experts": 3, "num_experts_per_tok": 2, "moe_intermediate_size": 7, "decoder_sparse_step": 1}
_WINDOWS = {"num_hidden_layers": 2, "sliding_window": 4, "layer_types": ["full_attention", "sliding_attention"]}
_MROPE = {"rope_parameters": {"rope_type": "default", "rope_theta": 1000.0, "mrope_section": [2, 1, 1]}}
_NARROW_MROPE = {"rope_parameters": {"rope_type": "default", "rope_theta": 1000.0, "mrope_section": [1, 1, 1]}}
_GRANITE = {"embedding_multiplier": 1.7, "residual_multiplier": 0.6, "logits_scaling": 2.5}

State = dict[str, np.ndarray]


@dataclass(frozen=True)
class Case:
    """One file: GGUF's architecture, the class of the model, its settings."""

    architecture: str
    model_class: str
    options: dict
    pairs: bool = False
    """The converter turns halves of rotary into pairs."""
    keys: Callable[[gguf.GGUFWriter, transformers.PretrainedConfig], None] = lambda *_: None
    """What it writes that others do not."""
    tensors: Callable[[State, transformers.PretrainedConfig], State] = lambda state, _: state
    """What it does to tensors, by the names they have then."""
    raw: dict = field(default_factory=dict)
    """Settings that the configuration's class changes, as the file has them."""


def split_experts(state: State, config: transformers.PretrainedConfig) -> State:
    """Gates and inputs of Granite's experts apart."""
    found = {}
    for name, weight in state.items():
        if name.endswith("input_linear.weight"):
            layer = name.split(".")[2]
            gate, up = np.split(weight, 2, axis=1)
            found |= {f"blk.{layer}.ffn_gate_exps.weight": gate, f"blk.{layer}.ffn_up_exps.weight": up}
        else:
            found[name] = weight
    return found


def fused(state: State, config: transformers.PretrainedConfig) -> State:
    """Queries, keys and values in one tensor."""
    found = {name: weight for name, weight in state.items() if "_proj" not in name or "o_proj" in name or "mlp" in name}
    for layer in range(config.num_hidden_layers):
        for kind in ("weight", "bias"):
            parts = [state.get(f"model.layers.{layer}.self_attn.{part}_proj.{kind}") for part in "qkv"]
            if parts[0] is not None:
                found[f"blk.{layer}.attn_qkv.{kind}"] = np.concatenate(parts)
    return found


def pattern(writer: gguf.GGUFWriter, config: transformers.PretrainedConfig) -> None:
    """A word for each layer's window."""
    writer.add_sliding_window_pattern([kind == "sliding_attention" for kind in config.layer_types])


def modern(writer: gguf.GGUFWriter, config: transformers.PretrainedConfig) -> None:
    """Two rotary bases and their rhythm."""
    writer.add_sliding_window(config.local_attention)
    writer.add_sliding_window_pattern(2)
    writer.add_pooling_type(gguf.PoolingType.CLS)


CASES = {
    "internlm2": Case("internlm2", "LlamaForCausalLM", _LLAMA, pairs=True),
    "exaone": Case("exaone", "LlamaForCausalLM", _LLAMA),
    "ernie4_5": Case("ernie4_5", "Ernie4_5ForCausalLM", _LLAMA),
    "minicpm": Case("minicpm", "GraniteForCausalLM", _LLAMA | _GRANITE | {"attention_multiplier": 8**-0.5}, pairs=True),
    "qwen2vl": Case("qwen2vl", "Qwen2VLTextModel", _PLAIN | {"num_key_value_heads": 1} | _NARROW_MROPE),
    "qwen3vl": Case("qwen3vl", "Qwen3VLTextModel", _LLAMA | _MROPE),
    "granitemoe": Case(
        "granitemoe",
        "GraniteMoeForCausalLM",
        _LLAMA | _GRANITE | _EXPERTS | {"attention_multiplier": 0.4},
        pairs=True,
        tensors=split_experts,
    ),
    "phimoe": Case("phimoe", "PhimoeForCausalLM", _LLAMA | _EXPERTS | {"attention_bias": True, "lm_head_bias": True}),
    "qwen2moe": Case("qwen2moe", "Qwen2MoeForCausalLM", _LLAMA | _QWEN_EXPERTS | {"shared_expert_intermediate_size": 5}),
    "qwen3moe": Case("qwen3moe", "Qwen3MoeForCausalLM", _LLAMA | _QWEN_EXPERTS | {"norm_topk_prob": True}),
    "smollm3": Case(
        "smollm3",
        "SmolLM3ForCausalLM",
        _LLAMA | {"num_hidden_layers": 4, "head_dim": 4, "intermediate_size": 5},
        pairs=True,
    ),
    "seed_oss": Case("seed_oss", "SeedOssForCausalLM", _LLAMA | {"attention_bias": True, "attention_out_bias": True}),
    "chatglm": Case("chatglm", "GlmForCausalLM", _LLAMA | {"attention_bias": True, "partial_rotary_factor": 0.5}),
    "chatglm-fused": Case(
        "chatglm",
        "GlmForCausalLM",
        _LLAMA | {"attention_bias": True, "partial_rotary_factor": 0.5, "num_attention_heads": 4},
        tensors=fused,
    ),
    "olmo3": Case("olmo2", "Olmo3ForCausalLM", _PLAIN | {"num_key_value_heads": 1} | _WINDOWS, keys=pattern),
    "gptj": Case(
        "gptj",
        "GPTJForCausalLM",
        {"vocab_size": 23, "n_embd": 12, "n_head": 2, "n_layer": 1, "n_positions": 32, "n_inner": 9, "rotary_dim": 4},
        keys=lambda writer, config: writer.add_rope_dimension_count(config.rotary_dim),
    ),
    "modern-bert": Case(
        "modern-bert",
        "ModernBertModel",
        _PLAIN
        | {"num_hidden_layers": 2, "pad_token_id": 0, "cls_token_id": 1, "sep_token_id": 2, "local_attention": 4}
        | {"layer_types": ["full_attention", "sliding_attention"]},
        keys=modern,
    ),
    "gemma-embedding": Case(
        "gemma-embedding",
        "Gemma3TextModel",
        _LLAMA | {"pad_token_id": 0, "query_pre_attn_scalar": 8, "use_bidirectional_attention": True} | _WINDOWS,
        keys=lambda writer, config: (pattern(writer, config), writer.add_pooling_type(gguf.PoolingType.MEAN)),
        raw={"sliding_window": 4},
    ),
    "nomic-bert": Case(
        "nomic-bert",
        "NomicBertModel",
        _PLAIN | {"pad_token_id": 0},
        keys=lambda writer, config: writer.add_pooling_type(gguf.PoolingType.MEAN),
    ),
    "t5encoder": Case(
        "t5encoder",
        "T5EncoderModel",
        {"vocab_size": 23, "d_model": 12, "d_kv": 5, "d_ff": 9, "num_layers": 1, "num_heads": 3}
        | {"relative_attention_num_buckets": 8, "feed_forward_proj": "gated-gelu"},
    ),
}


def make(name: str, case: Case) -> str:
    """Write one model; return the line that reports it."""
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    model_class = getattr(transformers, case.model_class)
    config = model_class.config_class(**case.options)
    fixture = Fixture(name, "", model_class, config, set_weights=set_weights)
    model = model_class(config)
    generator = torch.Generator().manual_seed(len(name))
    fixture.set_weights(model, generator)
    model.save_pretrained(folder)
    tokens = torch.randint(5, config.vocab_size, (TOKENS,), generator=generator).tolist()
    model = load(fixture, folder)
    if case.raw:
        model = model_class.from_pretrained(folder, config=config, attn_implementation="eager").eval()
    values = expected(model, tokens, [])
    kind = next(key for key, value in gguf.MODEL_ARCH_NAMES.items() if value == case.architecture)
    names = gguf.get_tensor_name_map(kind, config.num_hidden_layers)
    writer = gguf.GGUFWriter(folder / "model.gguf", case.architecture)
    for key, value in case.raw.items():
        setattr(config, key, value)
    write_keys(writer, config)
    case.keys(writer, config)
    for theirs, weight in case.tensors(stacked(load_file(folder / "model.safetensors")), config).items():
        spellings = [theirs, f"model.{theirs}", theirs.removeprefix("transformer.")]
        found = (names.get_name(spelling, try_suffixes=(".weight", ".bias")) for spelling in spellings)
        ours = theirs if theirs.startswith("blk.") else next((found for found in found if found), None)
        if ours is None:
            print(f"  {name}: {theirs} is left out")
            continue
        if case.pairs and "q_proj" in theirs:
            weight = paired(weight, config.num_attention_heads)
        if case.pairs and "k_proj" in theirs:
            weight = paired(weight, config.num_key_value_heads)
        if case.architecture == "gemma-embedding" and theirs.endswith("norm.weight"):
            weight = weight + 1
        writer.add_tensor(ours, np.ascontiguousarray(weight))
    finish(writer)
    for file in folder.iterdir():
        if file.name != "model.gguf":
            file.unlink()
    kept = {key: torch.from_numpy(value).contiguous() for key, value in values.items() if key != "last"}
    save_file(kept | {"tokens": torch.tensor(tokens)}, folder / "expected.safetensors")
    return f"{name:20} {sum(file.stat().st_size for file in folder.iterdir()) / 1e3:5.1f} kB  {case.model_class}"


if __name__ == "__main__":
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    for name, case in CASES.items():
        if name in (sys.argv[1:] or [name]):
            print(make(name, case))
