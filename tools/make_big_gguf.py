#!/usr/bin/env python3
"""Make a GGUF of LLaMA-7B's exact shape in Q4_0, to measure memory and times on.

Its blocks are random, with scales such that the residual stream stays in hand: times and memory are those of a real file of
that size, what it says is noise. It has no tokenizer (`mnemoscope bench` runs ids). Written tensor by tensor, seeded.
Needs numpy and gguf.

    python tools/make_big_gguf.py /tmp/big.gguf               3.8 GB, 32 layers
    python tools/make_big_gguf.py /tmp/less.gguf --layers 4
"""

import argparse
from pathlib import Path

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Kind

WIDTH, INNER, HEADS, VOCABULARY, CONTEXT = 4096, 11008, 32, 32000, 2048
VALUES, BYTES = gguf.GGML_QUANT_SIZES[Kind.Q4_0]
# Spread of a nibble of Q4_0, 0 … 15 less 8, where all are as likely
NIBBLES = np.sqrt((16**2 - 1) / 12)


def shapes(layers: int) -> dict[str, tuple[int, ...]]:
    """Every tensor, [out, in]; a vector is a norm."""
    block = {
        "attn_norm": (WIDTH,), "attn_q": (WIDTH, WIDTH), "attn_k": (WIDTH, WIDTH), "attn_v": (WIDTH, WIDTH),
        "attn_output": (WIDTH, WIDTH), "ffn_norm": (WIDTH,), "ffn_gate": (INNER, WIDTH), "ffn_up": (INNER, WIDTH),
        "ffn_down": (WIDTH, INNER),
    }  # fmt: skip
    found = {"token_embd.weight": (VOCABULARY, WIDTH)}
    for layer in range(layers):
        found |= {f"blk.{layer}.{name}.weight": shape for name, shape in block.items()}
    return found | {"output_norm.weight": (WIDTH,), "output.weight": (VOCABULARY, WIDTH)}


def blocks(rows: int, columns: int, spread: float, rng: np.random.Generator) -> np.ndarray:
    """Random blocks of Q4_0, [rows, bytes of a row], whose numbers have about this spread."""
    count = rows * columns // VALUES
    found = np.frombuffer(rng.bytes(count * BYTES), dtype=np.uint8).reshape(count, BYTES).copy()
    scale = rng.uniform(0.7, 1.3, count) * spread / NIBBLES
    found[:, :2] = scale.astype(np.float16).view(np.uint8).reshape(count, 2)
    return found.reshape(rows, -1)


def tensor(shape: tuple[int, ...], name: str, rng: np.random.Generator) -> np.ndarray:
    """What is written for one: f32 for a norm, else blocks."""
    if len(shape) == 1:
        return rng.normal(1.0, 0.1, shape).astype(np.float32)
    return blocks(*shape, 0.5 if name.startswith("token_embd") else shape[1] ** -0.5, rng)


def write(path: Path, layers: int, seed: int) -> None:
    """The whole file."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("random LLaMA-7B" if layers == 32 else f"random LLaMA-7B, {layers} layers")
    writer.add_block_count(layers)
    writer.add_embedding_length(WIDTH)
    writer.add_context_length(CONTEXT)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_rope_freq_base(10000.0)
    writer.add_vocab_size(VOCABULARY)
    found = shapes(layers)
    for name, shape in found.items():
        if len(shape) == 1:
            writer.add_tensor_info(name, shape, np.dtype(np.float32), shape[0] * 4)
        else:
            packed = shape[0], shape[1] // VALUES * BYTES
            writer.add_tensor_info(name, packed, np.dtype(np.uint8), packed[0] * packed[1], raw_dtype=Kind.Q4_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    rng = np.random.default_rng(seed)
    for name, shape in found.items():
        writer.write_tensor_data(tensor(shape, name, rng))
    writer.close()


def main() -> None:
    """Read the arguments and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", type=Path)
    parser.add_argument("--layers", type=int, default=32)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    args.path.parent.mkdir(parents=True, exist_ok=True)
    write(args.path, args.layers, args.seed)
    print(f"{args.path}: {args.path.stat().st_size / 1e9:.2f} GB")


if __name__ == "__main__":
    main()
