#!/usr/bin/env python3
"""Make the fixtures of weights whose factors are tensors of their own: 8-bit floats, and gpt-oss's 4-bit blocks.

    python tools/fixture_scales.py                write tests/fixtures/f8-*, gpt-oss-mxfp4 and containers/scaled.safetensors
"""

import json
import shutil
from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file
from transformers.integrations.mxfp4 import convert_moe_packed_tensors

from fixture_capture import capture

FIXTURES = Path(__file__).resolve().parent.parent / "tests" / "fixtures"
TILE = 128, 128


def by_tile(weight: torch.Tensor, tile: tuple[int, int] = TILE) -> dict[str, torch.Tensor]:
    """DeepSeek-V3's way: a factor for every 128 x 128, or whatever `weight_block_size` says."""
    rows, columns = weight.shape
    down, across = tile
    factors = torch.empty(-(-rows // down), -(-columns // across))
    packed = torch.empty_like(weight, dtype=torch.float8_e4m3fn)
    for i in range(factors.shape[0]):
        for j in range(factors.shape[1]):
            tile = slice(i * down, (i + 1) * down), slice(j * across, (j + 1) * across)
            factors[i, j] = weight[tile].abs().max() / 448
            packed[tile] = (weight[tile] / factors[i, j]).to(torch.float8_e4m3fn)
    return {"": packed, "_scale_inv": factors}


def by_row(weight: torch.Tensor) -> dict[str, torch.Tensor]:
    """A factor a row, in half precision."""
    factors = (weight.abs().amax(dim=1, keepdim=True) / 448).bfloat16()
    return {"": (weight / factors).to(torch.float8_e4m3fn), "_scale": factors}


def by_tensor(weight: torch.Tensor) -> dict[str, torch.Tensor]:
    """One factor."""
    factor = weight.abs().max() / 1000
    return {"": (weight / factor).to(torch.float8_e5m2), "_scale": factor.reshape(())}


def bare(weight: torch.Tensor) -> dict[str, torch.Tensor]:
    """None."""
    return {"": weight.to(torch.float8_e4m3fn)}


def unpacked(parts: dict[str, torch.Tensor], tile: tuple[int, int] = TILE) -> torch.Tensor:
    """The numbers that count."""
    weight = parts[""].float()
    if "_scale_inv" in parts:
        factors = parts["_scale_inv"].repeat_interleave(tile[0], 0).repeat_interleave(tile[1], 1)
        return weight * factors[: weight.shape[0], : weight.shape[1]]
    return weight * parts["_scale"].float() if "_scale" in parts else weight


def write_model() -> None:
    """A Llama whose matrices take turns in how they are scaled."""
    folder = FIXTURES / "f8-scaled"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    torch.manual_seed(8)
    config = transformers.LlamaConfig(
        vocab_size=97, hidden_size=144, num_attention_heads=3, num_key_value_heads=3, head_dim=44,
        num_hidden_layers=1, intermediate_size=130, max_position_embeddings=64, tie_word_embeddings=True,
        attn_implementation="eager", architectures=["LlamaForCausalLM"],
    )  # fmt: skip
    model = transformers.LlamaForCausalLM(config).eval()
    stored, turn = {}, 0
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            if parameter.dim() == 1:
                parameter.copy_(1 + 0.3 * torch.randn_like(parameter))
                stored[name] = parameter.clone()
                continue
            weight = torch.randn_like(parameter) * (0.5 if "embed" in name else 1.3 * parameter.shape[1] ** -0.5)
            weight[: len(weight) // 2] *= 3  # so that a factor in the wrong place shows
            parts = [bare, by_tile, by_row, by_tensor][turn % 4](weight)
            turn += 1
            parameter.copy_(unpacked(parts))
            stored |= {f"{name}{ending}": part.clone() for ending, part in parts.items()}
    ids = torch.randint(0, config.vocab_size, (6,)).tolist()
    values = {key: value.clone(memory_format=torch.contiguous_format) for key, value in capture(model, ids).items()}
    save_file(stored, folder / "model.safetensors")
    save_file({"tokens": torch.tensor(ids), **values}, folder / "expected.safetensors")
    (folder / "config.json").write_text(json.dumps(config.to_diff_dict(), indent=1, default=str) + "\n")


def write_tiles(name: str, tile: tuple[int, int], told: bool) -> None:
    """A Llama whose tiles are other ones: where its configuration says so, no power of two."""
    folder = FIXTURES / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    torch.manual_seed(9)
    config = transformers.LlamaConfig(
        vocab_size=29, hidden_size=24, num_attention_heads=2, num_key_value_heads=1, head_dim=10, num_hidden_layers=1,
        intermediate_size=20, max_position_embeddings=32, attn_implementation="eager", architectures=["LlamaForCausalLM"],
    )  # fmt: skip
    model = transformers.LlamaForCausalLM(config).eval()
    stored = {}
    with torch.no_grad():
        for key, parameter in sorted(model.named_parameters()):
            if parameter.dim() == 1 or "embed" in key or "lm_head" in key:
                parameter.copy_(torch.randn_like(parameter) * 0.4 + (parameter.dim() == 1))
                stored[key] = parameter.clone()
                continue
            weight = torch.randn_like(parameter) * 1.3 * parameter.shape[1] ** -0.5
            weight *= torch.linspace(0.2, 4.0, weight.numel()).reshape(weight.shape)
            parts = by_tile(weight, tile)
            parameter.copy_(unpacked(parts, tile))
            stored |= {f"{key}{ending}": part.clone() for ending, part in parts.items()}
    ids = torch.randint(0, config.vocab_size, (5,)).tolist()
    values = {key: value.clone(memory_format=torch.contiguous_format) for key, value in capture(model, ids).items()}
    save_file(stored, folder / "model.safetensors")
    save_file({"tokens": torch.tensor(ids), **values}, folder / "expected.safetensors")
    settings = config.to_diff_dict()
    if told:
        settings["quantization_config"] = {"quant_method": "fp8", "weight_block_size": tile}
    (folder / "config.json").write_text(json.dumps(settings, indent=1, default=str) + "\n")


def write_experts() -> None:
    """A small gpt-oss whose experts are 4-bit blocks, as it is published."""
    folder = FIXTURES / "gpt-oss-mxfp4"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    torch.manual_seed(4)
    config = transformers.GptOssConfig(
        vocab_size=97, hidden_size=32, num_attention_heads=2, num_key_value_heads=1, head_dim=8, num_hidden_layers=2,
        intermediate_size=64, num_local_experts=3, num_experts_per_tok=2, max_position_embeddings=32, sliding_window=4,
        rope_parameters={"rope_type": "default", "rope_theta": 10000.0}, architectures=["GptOssForCausalLM"],
    )  # fmt: skip
    config._attn_implementation, config._experts_implementation = "eager", "eager"
    model = transformers.GptOssForCausalLM(config).eval()
    stored = {}
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            if name.endswith(("gate_up_proj", "down_proj")):
                experts, inputs, outputs = parameter.shape
                blocks = torch.randint(0, 256, (experts, outputs, inputs // 32, 16), dtype=torch.uint8)
                exponents = torch.randint(122, 126, (experts, outputs, inputs // 32), dtype=torch.uint8)
                parameter.copy_(convert_moe_packed_tensors(blocks, exponents, dtype=torch.float32))
                stored |= {f"{name}_blocks": blocks, f"{name}_scales": exponents}
                continue
            mean, spread = (1.0, 0.3) if name.endswith("norm.weight") else (0.0, 0.4)
            parameter.copy_(mean + spread * torch.randn_like(parameter))
            stored[name] = parameter.clone()
    ids = torch.randint(0, config.vocab_size, (7,)).tolist()
    values = {key: value.clone(memory_format=torch.contiguous_format) for key, value in capture(model, ids).items()}
    save_file(stored, folder / "model.safetensors")
    save_file({"tokens": torch.tensor(ids), **values}, folder / "expected.safetensors")
    (folder / "config.json").write_text(json.dumps(config.to_dict(), indent=1, default=str) + "\n")


def write_numbers() -> None:
    """Every 8-bit float, and a few 4-bit blocks."""
    codes = torch.arange(256, dtype=torch.uint8)
    blocks = torch.randint(0, 256, (2, 3, 2, 16), dtype=torch.uint8, generator=torch.Generator().manual_seed(4))
    exponents = torch.randint(115, 135, (2, 3, 2), dtype=torch.uint8, generator=torch.Generator().manual_seed(5))
    numbers = convert_moe_packed_tensors(blocks, exponents, dtype=torch.float32)  # [expert, in, out]
    arrays = {
        "codes": codes,
        "F8_E4M3.numbers": codes.view(torch.float8_e4m3fn).float(),
        "F8_E5M2.numbers": codes.view(torch.float8_e5m2).float(),
        "blocks": blocks,
        "exponents": exponents,
        "MXFP4.numbers": numbers.transpose(1, 2).contiguous(),
    }
    save_file(arrays, FIXTURES / "containers" / "scaled.safetensors")


if __name__ == "__main__":
    torch.set_num_threads(1)
    write_model()
    write_tiles("f8-tiles", (10, 9), told=True)
    write_tiles("f8-tiles-untold", (8, 16), told=False)
    write_experts()
    write_numbers()
