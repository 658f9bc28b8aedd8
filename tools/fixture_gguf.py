#!/usr/bin/env python3
"""Make the GGUF fixtures: parity fixtures as a converter would write them, and models of every packed kind.

Names come from the `gguf` package's own mapping, packed blocks from its own layouts, and their numbers from its own
`dequantize`; what Transformers computes with those numbers is what our reader must give. Seeded: two runs write the
same bytes. Needs gguf beside what `make_fixtures.py` needs.

    python tools/fixture_gguf.py                 write tests/fixtures/containers/*.gguf and gguf-*
"""

import json
import shutil
import zlib
from pathlib import Path

import gguf
import numpy as np
import torch
import transformers
from gguf import GGMLQuantizationType as Kind
from safetensors.torch import load_file, save_file

from fixture_capture import capture

FIXTURES = Path(__file__).resolve().parent.parent / "tests" / "fixtures"
CONTAINERS = FIXTURES / "containers"

CONVERTED = {
    # parity fixture: GGUF's architecture
    "llama-gqa": "llama",
    "llama-mqa-headdim": "llama",
    "llama-f16-sharded": "llama",
    "llama3-rope": "llama",
    "llama-linear-rope": "llama",
    "gpt2-odd": "gpt2",
    "qwen2-odd": "qwen2",
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


def turned(weight: np.ndarray, heads: int) -> np.ndarray:
    """Halves of each head made pairs, as the converter does for Llama's rotary."""
    return weight.reshape(heads, 2, -1, *weight.shape[1:]).swapaxes(1, 2).reshape(weight.shape)


def converted(name: str, weight: np.ndarray, architecture: str, config: dict) -> np.ndarray:
    """A tensor as llama.cpp's converter stores it."""
    heads = config.get("num_attention_heads", 0)
    if architecture == "llama" and "q_proj" in name:
        return turned(weight, heads)
    if architecture == "llama" and "k_proj" in name:
        return turned(weight, config.get("num_key_value_heads") or heads)
    if architecture == "gpt2" and weight.ndim == 2 and any(part in name for part in ("c_attn", "c_fc", "c_proj")):
        return weight.T
    return weight


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


def write_keys(writer: gguf.GGUFWriter, config: transformers.PretrainedConfig) -> None:
    """The sizes, under the keys that the converter uses."""
    heads = config.num_attention_heads
    writer.add_block_count(config.num_hidden_layers)
    writer.add_embedding_length(config.hidden_size)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_feed_forward_length(getattr(config, "intermediate_size", None) or config.n_inner or 4 * config.hidden_size)
    writer.add_head_count(heads)
    writer.add_head_count_kv(getattr(config, "num_key_value_heads", None) or heads)
    if getattr(config, "head_dim", None):
        writer.add_key_length(config.head_dim)
        writer.add_value_length(config.head_dim)
    if hasattr(config, "rms_norm_eps"):
        writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    else:
        writer.add_layer_norm_eps(getattr(config, "layer_norm_eps", None) or config.layer_norm_epsilon)
    if config.model_type == "bert":
        writer.add_causal_attention(False)
    rope = getattr(config, "rope_parameters", None) or {}
    if "rope_theta" in rope:
        writer.add_rope_freq_base(rope["rope_theta"])
    if rope.get("rope_type") == "linear":
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(rope["factor"])
    if rope.get("rope_type") == "llama3":
        writer.add_tensor("rope_freqs.weight", llama3_factors(config))


def convert(name: str, architecture: str, path: Path) -> str:
    """One parity fixture in single precision."""
    folder = FIXTURES / name
    config = transformers.AutoConfig.from_pretrained(folder)
    kind = next(key for key, value in gguf.MODEL_ARCH_NAMES.items() if value == architecture)
    names = gguf.get_tensor_name_map(kind, config.num_hidden_layers)
    writer = gguf.GGUFWriter(path, architecture)
    write_keys(writer, config)
    for file in sorted(folder.glob("model*.safetensors")):
        for theirs, tensor in sorted(load_file(file).items()):
            theirs = theirs.removeprefix("bert.")
            ours = names.get_name(theirs, try_suffixes=(".weight", ".bias"))
            if ours is None:
                continue  # a pooler, a mask: the converter leaves these out too
            weight = converted(theirs, tensor.float().numpy(), architecture, config.to_dict())
            writer.add_tensor(ours, np.ascontiguousarray(weight))
    finish(writer)
    return f"{path.relative_to(FIXTURES)}: {path.stat().st_size / 1e3:.0f} kB"


def convert_encoder() -> str:
    """BERT without a head, as GGUF has it; what it computes stands beside it."""
    folder = FIXTURES / "gguf-bert"
    folder.mkdir(exist_ok=True)
    report = convert("bert-mlm", "bert", folder / "model.gguf")
    model = transformers.BertModel.from_pretrained(FIXTURES / "bert-mlm", attn_implementation="eager").eval()
    ids = load_file(FIXTURES / "bert-mlm" / "expected.safetensors")["tokens"]
    write_expected(folder, ids.tolist(), capture(model, ids.tolist()))
    return report


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
        print(convert(name, architecture, CONTAINERS / f"{name}.gguf"))
    print(convert_encoder())
    small = {"hidden_size": 96, "num_attention_heads": 3, "num_key_value_heads": 3, "intermediate_size": 64}
    print(write_packed("gguf-blocks-of-32", [*BLOCKS_32, Kind.F16, Kind.BF16], llama(num_hidden_layers=2, **small), 7))
    wide = {"hidden_size": 256, "num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 256}
    wide |= {"tie_word_embeddings": True, "num_hidden_layers": 1}
    print(write_packed("gguf-blocks-of-256", BLOCKS_256, llama(**wide), 5))


if __name__ == "__main__":
    main()
