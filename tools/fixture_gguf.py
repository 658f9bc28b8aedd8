#!/usr/bin/env python3
"""Make the GGUF fixtures: parity fixtures as a converter would write them, and models of every packed kind.

Names come from the `gguf` package's own mapping, packed blocks from its own layouts, and their numbers from its own
`dequantize`; what Transformers computes with those numbers is what our reader must give. Seeded: two runs write the
same bytes. Needs gguf beside what `make_fixtures.py` needs.

    python tools/fixture_gguf.py                 write tests/fixtures/containers/*.gguf and gguf-*
"""

import re
import shutil
import zlib
from pathlib import Path

import gguf
import numpy as np
import torch
import transformers
from gguf import GGMLQuantizationType as Kind
from safetensors.torch import load_file, save_file

import fixture_gguf_latent
from fixture_capture import capture

FIXTURES = Path(__file__).resolve().parent.parent / "tests" / "fixtures"
CONTAINERS = FIXTURES / "containers"

CONVERTED = {
    # parity fixture: GGUF's architecture; each says nothing that GGUF has no word for
    "llama-gqa": "llama",
    "llama-mqa-headdim": "llama",
    "llama-f16-sharded": "llama",
    "llama3-rope": "llama",
    "llama-linear-rope": "llama",
    "mixtral-odd": "llama",
    "gpt2-odd": "gpt2",
    "qwen2-odd": "qwen2",
    "qwen3-odd": "qwen3",
    "olmo2-odd": "olmo2",
    "olmo-odd": "olmo",
    "olmoe-odd": "olmoe",
    "granite-odd": "granite",
    "gemma-odd": "gemma",
    "starcoder2-odd": "starcoder2",
    "stablelm-12b": "stablelm",
    "stablelm-odd": "stablelm",
    "nemotron-odd": "nemotron",
    "cohere-odd": "command-r",
    "cohere2-odd": "cohere2",
    "neox-parallel": "gptneox",
    "falcon-7b": "falcon",
    "falcon-40b": "falcon",
    "bloom-odd": "bloom",
    "mpt-odd": "mpt",
    "bigcode-mqa": "starcoder",
    "phi-odd": "phi2",
    "phi3-odd": "phi3",
    "phi3-longrope": "phi3",
    "glm4-odd": "glm4",
    "deepseek-v3": "deepseek2",
}

ANEW = {
    # parity fixture: GGUF's architecture, where it goes, and what must change for GGUF to have words for it
    "bert-mlm": ("bert", "gguf-bert", {"architectures": ["BertModel"]}),
    "gemma2-odd": ("gemma2", "gguf-gemma2", {"query_pre_attn_scalar": 10, "tie_word_embeddings": True}),
    "gpt-oss-odd": ("gpt-oss", "gguf-gpt-oss", {"swiglu_limit": 7.0}),
    "gemma3-odd": ("gemma3", "gguf-gemma3", {"query_pre_attn_scalar": 6}),
    "deepseek-v2": (
        "deepseek2",
        "gguf-deepseek-v2",
        {"rope_parameters": {"rope_type": "yarn", "rope_theta": 10000.0, "factor": 4.0,
                             "original_max_position_embeddings": 8, "beta_fast": 4.0, "beta_slow": 0.5,
                             "mscale": 0.6, "mscale_all_dim": 0.6}},
    ),
    "seq2seq/t5-gated": (
        "t5",
        "seq2seq/gguf-t5-gated",
        {"relative_attention_max_distance": 128, "scale_decoder_outputs": True},
    ),
    "seq2seq/t5-first": ("t5", "seq2seq/gguf-t5-first", {"relative_attention_max_distance": 128}),
}

BLOCKS_32 = [Kind.Q4_0, Kind.Q4_1, Kind.Q5_0, Kind.Q5_1, Kind.Q8_0, Kind.IQ4_NL, Kind.MXFP4]
BLOCKS_256 = [Kind.Q2_K, Kind.Q3_K, Kind.Q4_K, Kind.Q5_K, Kind.Q6_K, Kind.IQ4_XS]
HALVES = {
    # where a block keeps its scales as half precision, and the sign its least value has
    Kind.Q4_0: [(0, 1)], Kind.Q4_1: [(0, 1), (2, -7.5)], Kind.Q5_0: [(0, 1)], Kind.Q5_1: [(0, 1), (2, -15.5)],
    Kind.Q8_0: [(0, 1)], Kind.IQ4_NL: [(0, 1)], Kind.IQ4_XS: [(0, 1)],
    Kind.Q2_K: [(80, 1), (82, 1.5)], Kind.Q3_K: [(108, 1)], Kind.Q4_K: [(0, 1), (2, 7.5)],
    Kind.Q5_K: [(0, 1), (2, 15.5)], Kind.Q6_K: [(208, 1)],
}  # fmt: skip


def packed(kind: Kind, rows: int, columns: int, spread: float, rng: np.random.Generator) -> np.ndarray:
    """Random blocks of a kind, [rows, bytes of a row], whose numbers have about this spread."""
    size, n_bytes = gguf.GGML_QUANT_SIZES[kind]
    blocks = rng.integers(0, 256, (rows * columns // size, n_bytes), dtype=np.uint8)
    if kind == Kind.MXFP4:
        blocks[:, 0] = 127 + round(np.log2(spread / 2.5)) + rng.integers(-1, 2, len(blocks))
        return blocks.reshape(rows, -1)
    scale = rng.uniform(0.7, 1.3, len(blocks))
    set_halves(blocks, kind, scale)
    set_halves(blocks, kind, scale * spread / gguf.dequantize(blocks, kind).std())
    return blocks.reshape(rows, -1)


def set_halves(blocks: np.ndarray, kind: Kind, scale: np.ndarray) -> None:
    """Give each block its scale, and a least value that centres its numbers."""
    for offset, factor in HALVES[kind]:
        blocks[:, offset : offset + 2] = (scale * factor).astype(np.float16).view(np.uint8).reshape(-1, 2)


def write_blocks() -> None:
    """A few blocks of each kind beside their numbers: the unpacking by itself."""
    arrays = {}
    for kind in BLOCKS_32 + BLOCKS_256:
        rng = np.random.default_rng(int(kind))
        blocks = packed(kind, 2, gguf.GGML_QUANT_SIZES[kind][0] * 3, 1.0, rng)
        arrays[f"{kind.name}.bytes"] = torch.from_numpy(blocks)
        arrays[f"{kind.name}.numbers"] = torch.from_numpy(gguf.dequantize(blocks, kind))
    save_file(arrays, CONTAINERS / "blocks.safetensors")


def paired(weight: np.ndarray, heads: int) -> np.ndarray:
    """Halves of each head made pairs, as the converter does for Llama's rotary."""
    return weight.reshape(heads, 2, -1, *weight.shape[1:]).swapaxes(1, 2).reshape(weight.shape)


def pulled_apart(weight: np.ndarray, heads: int, kv_heads: int) -> np.ndarray:
    """Queries, keys and values of each group of heads: all queries, then all keys, then all values."""
    groups = weight.reshape(kv_heads, heads // kv_heads + 2, -1, *weight.shape[1:])
    parts = groups[:, :-2], groups[:, -2:-1], groups[:, -1:]
    return np.concatenate([part.reshape(-1, *weight.shape[1:]) for part in parts])


def converted(name: str, weight: np.ndarray, architecture: str, config: transformers.PretrainedConfig) -> np.ndarray:
    """A tensor as llama.cpp's converter stores it."""
    heads = config.num_attention_heads
    if architecture in ("llama", "granite", "olmo", "smollm3"):
        if "q_proj" in name:
            return paired(weight, heads)
        if "k_proj" in name:
            return paired(weight, config.num_key_value_heads or heads)
    if architecture == "gpt2" and weight.ndim == 2 and any(part in name for part in ("c_attn", "c_fc", "c_proj")):
        return weight.T
    if "query_key_value" in name:
        return pulled_apart(weight, heads, kv_heads(config))
    if architecture in ("gemma", "gemma2", "gemma3", "nemotron") and name.endswith("norm.weight"):
        return weight + 1
    return weight


def kv_heads(config: transformers.PretrainedConfig) -> int:
    """Key and value heads."""
    if config.model_type == "falcon":
        return config.num_kv_heads if config.new_decoder_architecture else 1
    if config.model_type == "gpt_bigcode":
        return 1 if config.multi_query else config.n_head
    return getattr(config, "num_key_value_heads", None) or config.num_attention_heads


def llama3_factors(config: transformers.PretrainedConfig) -> np.ndarray:
    """What each rotary frequency is divided by, as the converter computes it."""
    rope = config.rope_parameters
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    frequencies = 1.0 / rope["rope_theta"] ** (np.arange(0, head_dim, 2) / head_dim)
    wavelengths = 2 * np.pi / frequencies
    low, high, original = rope["low_freq_factor"], rope["high_freq_factor"], rope["original_max_position_embeddings"]
    smooth = (original / wavelengths - low) / (high - low)
    ramp = 1 / ((1 - smooth) / rope["factor"] + smooth)
    factors = np.where(wavelengths < original / high, 1, np.where(wavelengths > original / low, rope["factor"], ramp))
    return factors.astype(np.float32)


def first(config: transformers.PretrainedConfig, *names: str):
    """The first of these settings that there is."""
    found = (getattr(config, name, None) for name in names)
    return next((value for value in found if value is not None), None)


def write_keys(writer: gguf.GGUFWriter, config: transformers.PretrainedConfig) -> None:
    """The sizes, under the keys that the converter uses."""
    heads, width = config.num_attention_heads, config.hidden_size
    head_dim = first(config, "head_dim", "d_kv") or width // heads
    inner = first(config, "intermediate_size", "n_inner", "ffn_hidden_size", "d_ff") or 4 * width
    writer.add_block_count(config.num_hidden_layers)
    writer.add_embedding_length(width)
    writer.add_context_length(first(config, "max_position_embeddings", "max_seq_len", "n_positions") or 512)
    writer.add_feed_forward_length(inner)
    writer.add_head_count(heads)
    writer.add_head_count_kv(kv_heads(config))
    if head_dim * heads != width and not hasattr(config, "kv_lora_rank"):
        writer.add_key_length(head_dim)
        writer.add_value_length(head_dim)
    rms = first(config, "rms_norm_eps")
    if rms is not None or config.model_type == "t5":
        writer.add_layer_norm_rms_eps(rms if rms is not None else config.layer_norm_epsilon)
    else:
        writer.add_layer_norm_eps(first(config, "layer_norm_eps", "layer_norm_epsilon", "norm_epsilon", "norm_eps") or 1e-5)
    if config.model_type == "bert":
        writer.add_causal_attention(False)
    numbers = {
        "sliding_window": writer.add_sliding_window,
        "attn_logit_softcapping": writer.add_attn_logit_softcapping,
        "final_logit_softcapping": writer.add_final_logit_softcapping,
        "use_parallel_residual": writer.add_parallel_residual,
        "clip_qkv": writer.add_clamp_kqv,
        "embedding_multiplier": writer.add_embedding_scale,
        "residual_multiplier": writer.add_residual_scale,
        "attention_multiplier": writer.add_attention_scale,
        "logits_scaling": writer.add_logit_scale,
        "num_local_experts": writer.add_expert_count,
        "num_experts": writer.add_expert_count,
        "num_experts_per_tok": writer.add_expert_used_count,
        "moe_intermediate_size": writer.add_expert_feed_forward_length,
        "shared_expert_intermediate_size": writer.add_expert_shared_feed_forward_length,
        "relative_attention_num_buckets": writer.add_relative_attn_buckets_count,
        "decoder_start_token_id": writer.add_decoder_start_token_id,
        "num_decoder_layers": writer.add_decoder_block_count,
    }
    written = set()
    for name, write in numbers.items():
        value = getattr(config, name, None)
        if value is not None and write not in written:
            write(value)
            written.add(write)
    if config.model_type in ("cohere", "cohere2"):
        writer.add_logit_scale(config.logit_scale)
    if config.model_type == "mpt" and config.attn_config.alibi:
        writer.add_max_alibi_bias(config.attn_config.alibi_bias_max)
    write_rope(writer, config, head_dim)


def write_rope(writer: gguf.GGUFWriter, config: transformers.PretrainedConfig, head_dim: int) -> None:
    """How far heads turn, and how their frequencies were stretched."""
    rope = getattr(config, "rope_parameters", None) or {}
    if not rope.keys() & {"rope_theta", "full_attention"}:
        return
    if "full_attention" in rope:
        writer.add_rope_freq_base_swa(rope["sliding_attention"]["rope_theta"])
        rope = rope["full_attention"]
    writer.add_rope_freq_base(rope["rope_theta"])
    if not hasattr(config, "kv_lora_rank"):
        writer.add_rope_dimension_count(int(head_dim * rope.get("partial_rotary_factor", 1.0)))
    if rope.get("rope_type") == "linear":
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(rope["factor"])
    if rope.get("rope_type") == "yarn":
        writer.add_rope_scaling_type(gguf.RopeScalingType.YARN)
        writer.add_rope_scaling_factor(rope["factor"])
        writer.add_rope_scaling_orig_ctx_len(rope["original_max_position_embeddings"])
    if rope.get("rope_type") == "llama3":
        writer.add_tensor("rope_freqs.weight", llama3_factors(config))
    if rope.get("rope_type") == "longrope":
        writer.add_rope_scaling_type(gguf.RopeScalingType.LONGROPE)
        original = rope["original_max_position_embeddings"]
        writer.add_rope_scaling_orig_ctx_len(original)
        longer = config.max_position_embeddings / original
        writer.add_rope_scaling_attn_factors(float(np.sqrt(1 + np.log(longer) / np.log(original))))
        for kind in ("long", "short"):
            writer.add_tensor(f"rope_factors_{kind}.weight", np.array(rope[f"{kind}_factor"], dtype=np.float32))


def convert(name: str, architecture: str, path: Path, config: transformers.PretrainedConfig) -> str:
    """One parity fixture in single precision."""
    kind = next(key for key, value in gguf.MODEL_ARCH_NAMES.items() if value == architecture)
    names = gguf.get_tensor_name_map(kind, config.num_hidden_layers)
    writer = gguf.GGUFWriter(path, architecture)
    write_keys(writer, config)
    state = unwoven(stacked(weights(FIXTURES / name)))
    if architecture == "deepseek2":
        halves = config.model_type == "deepseek_v2"  # One of each kind
        fixture_gguf_latent.write_keys(writer, config, halves)
        state = fixture_gguf_latent.tensors(state, config, halves)
    for theirs, weight in state.items():
        spellings = theirs, theirs.removeprefix("bert."), theirs.removeprefix("transformer.")
        found = (names.get_name(spelling, try_suffixes=(".weight", ".bias")) for spelling in spellings)
        ours = next((found for found in found if found), None)
        if ours is None:
            continue  # a pooler, a mask: the converter leaves these out too
        weight = converted(theirs, weight, architecture, config)
        writer.add_tensor(ours, np.ascontiguousarray(weight))
    finish(writer)
    return f"{path.relative_to(FIXTURES)}: {path.stat().st_size / 1e3:.0f} kB"


def weights(folder: Path) -> dict[str, torch.Tensor]:
    """All tensors of a fixture."""
    state = {}
    for file in sorted(folder.glob("model*.safetensors")):
        state |= load_file(file)
    return state


def unwoven(state: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """gpt-oss's experts as the converter writes them: gates and inputs apart, everything [expert, out, in]."""
    found = {}
    for name, weight in state.items():
        stem, _, part = name.rpartition(".experts.")
        if not part.startswith(("gate_up_proj", "down_proj")) or part.endswith("weight"):
            found[name] = weight
            continue
        suffix = "bias" if part.endswith("_bias") else "weight"
        weight = weight if suffix == "bias" else weight.swapaxes(1, 2)
        if part.startswith("down"):
            found[f"{stem}.experts.down_proj.{suffix}"] = weight
        else:
            found[f"{stem}.experts.gate_proj.{suffix}"] = weight[:, ::2]
            found[f"{stem}.experts.up_proj.{suffix}"] = weight[:, 1::2]
    return found


def convert_anew(name: str, architecture: str, target: str, changes: dict) -> str:
    """A parity fixture with other settings, beside what Transformers computes with them."""
    folder = FIXTURES / target
    folder.mkdir(exist_ok=True)
    config = transformers.AutoConfig.from_pretrained(FIXTURES / name)
    for key, value in changes.items():
        setattr(config, key, value)
    report = convert(name, architecture, folder / "model.gguf", config)
    model_class = getattr(transformers, config.architectures[0])
    eager = {"attn_implementation": "eager"}
    if hasattr(config, "num_local_experts") or hasattr(config, "n_routed_experts"):
        eager["experts_implementation"] = "eager"
    model = model_class.from_pretrained(FIXTURES / name, config=config, **eager).eval()
    if changes.get("tie_word_embeddings"):
        model.lm_head.weight = model.get_input_embeddings().weight  # whatever the file has
    ids = load_file(FIXTURES / name / "expected.safetensors")["tokens"].tolist()
    write_expected(folder, ids, capture(model, ids))
    return report


def stacked(state: dict[str, torch.Tensor]) -> dict[str, np.ndarray]:
    """All tensors; those of experts, and norms of heads, one upon the other."""
    found, piles = {}, {}
    for name, tensor in sorted(state.items()):
        part = re.fullmatch(r"(.*\.(?:experts|norms))\.(\d+)(\..*)", name)
        if part:
            piles.setdefault(part[1] + part[3], {})[int(part[2])] = tensor.float().numpy()
        else:
            found[name] = tensor.float().numpy()
    for name, pile in piles.items():
        # The mapping knows norms of heads by the name that they have while converting
        name = name.replace("layernorm.norms.weight", "layernorm.weight")
        found[name] = np.stack([pile[index] for index in sorted(pile)])
    return found


def write_expected(folder: Path, ids: list[int], values: dict[str, torch.Tensor]) -> None:
    """What Transformers computes."""
    arrays = {key: value.clone(memory_format=torch.contiguous_format) for key, value in values.items()}
    save_file({"tokens": torch.tensor(ids), **arrays}, folder / "expected.safetensors")


def finish(writer: gguf.GGUFWriter) -> None:
    """Write everything."""
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_packed(name: str, kinds: list[Kind], config: transformers.LlamaConfig, tokens: int) -> str:
    """A Llama whose matrices take turns in being of these kinds, beside what Transformers makes of their numbers."""
    folder = FIXTURES / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    model = transformers.LlamaForCausalLM(config)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config.num_hidden_layers)
    writer = gguf.GGUFWriter(folder / "model.gguf", "llama")
    write_keys(writer, config)
    turn = 0
    state = {}
    for theirs, parameter in sorted(model.state_dict().items()):
        ours = names.get_name(theirs, try_suffixes=(".weight", ".bias"))
        if theirs == "lm_head.weight" and config.tie_word_embeddings:
            continue
        if parameter.dim() == 1:
            numbers = (1 + 0.3 * rng.standard_normal(len(parameter))).astype(np.float32)
            writer.add_tensor(ours, numbers)
            state[theirs] = torch.from_numpy(numbers)
            continue
        kind = kinds[turn % len(kinds)]
        turn += 1
        rows, columns = parameter.shape
        spread = 0.5 if "embed" in theirs else 1.4 * columns**-0.5
        if kind in (Kind.F16, Kind.BF16):
            half = torch.from_numpy(rng.standard_normal((rows, columns)).astype(np.float32) * spread)
            half = half.to(torch.float16 if kind == Kind.F16 else torch.bfloat16)
            numbers = half.float().numpy()
            writer.add_tensor(ours, half.view(torch.uint8).numpy(), raw_dtype=kind)
        else:
            blocks = packed(kind, rows, columns, spread, rng)
            numbers = gguf.dequantize(blocks, kind)
            writer.add_tensor(ours, blocks, raw_dtype=kind)
        # The file's rows are those of a converted model: pairs where Transformers wants halves
        heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}
        for part, count in heads.items():
            if part in theirs:
                numbers = numbers.reshape(count, -1, 2, columns).swapaxes(1, 2).reshape(rows, columns)
        state[theirs] = torch.from_numpy(np.ascontiguousarray(numbers))
    finish(writer)
    config._attn_implementation = "eager"
    model = transformers.LlamaForCausalLM(config).eval()
    model.load_state_dict(state, strict=not config.tie_word_embeddings)
    ids = rng.integers(0, config.vocab_size, tokens).tolist()
    values = capture(model, ids)
    spread = values["blocks.0.hook_resid_post"].std()
    assert 0.1 < spread < 30, f"{name}: numbers out of hand ({spread})"
    write_expected(folder, ids, values)
    return f"{name}: {sum(file.stat().st_size for file in folder.iterdir()) / 1e3:.0f} kB"


def llama(**options) -> transformers.LlamaConfig:
    """A small Llama."""
    return transformers.LlamaConfig(**{"vocab_size": 97, "max_position_embeddings": 64} | options)


def main() -> None:
    """Write all of them."""
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    CONTAINERS.mkdir(parents=True, exist_ok=True)
    write_blocks()
    for name, architecture in CONVERTED.items():
        config = transformers.AutoConfig.from_pretrained(FIXTURES / name)
        print(convert(name, architecture, CONTAINERS / f"{name}.gguf", config))
    for name, (architecture, target, changes) in ANEW.items():
        print(convert_anew(name, architecture, target, changes))
    small = {"hidden_size": 96, "num_attention_heads": 3, "num_key_value_heads": 3, "intermediate_size": 64}
    print(write_packed("gguf-blocks-of-32", [*BLOCKS_32, Kind.F16, Kind.BF16], llama(num_hidden_layers=2, **small), 7))
    wide = {"hidden_size": 256, "num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 256}
    wide |= {"tie_word_embeddings": True, "num_hidden_layers": 1}
    print(write_packed("gguf-blocks-of-256", BLOCKS_256, llama(**wide), 5))


if __name__ == "__main__":
    main()
