#!/usr/bin/env python3
"""Make tests/fixtures/circuits.json: QK and OV circuits and composition scores of two fixtures, in plain NumPy float64.

Whole matrices are laid out, and multiplied as they are written down. The models are those of tools/make_fixtures.py.
Needs numpy and safetensors.

    python tools/fixture_circuits.py
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

ROOT = Path(__file__).resolve().parent.parent / "tests" / "fixtures"
SHOWN = 8


@dataclass(frozen=True)
class Head:
    """One head: what it reads of a word [word, width], its maps [width, dim] and biases, and the way to the logits."""

    words: np.ndarray
    query: np.ndarray
    query_bias: np.ndarray
    key: np.ndarray
    key_bias: np.ndarray
    value: np.ndarray
    output: np.ndarray
    words_less_bias: np.ndarray
    to_logits: np.ndarray
    """[width, word]: everything behind the head with divisors of 1."""
    embed: np.ndarray
    unembed: np.ndarray
    read_fold: np.ndarray
    """[width, width]: the weights of the norm before the block's attention."""


def centring(width: int) -> np.ndarray:
    """The matrix that takes the mean off a row."""
    return np.eye(width) - np.full((width, width), 1 / width)


def llama(folder: Path) -> list[list[Head]]:
    """Grouped keys and values, RMSNorm before attention, no bias, an unembedding of its own."""
    config = json.loads((folder / "config.json").read_text())
    weights = {name: array.astype(np.float64) for name, array in load_file(folder / "model.safetensors").items()}
    heads, kv_heads, dim = (config[key] for key in ("num_attention_heads", "num_key_value_heads", "head_dim"))
    embed, unembed = weights["model.embed_tokens.weight"], weights["lm_head.weight"].T
    to_logits = np.diag(weights["model.norm.weight"]) @ unembed
    layers = []
    for layer in range(config["num_hidden_layers"]):
        prefix = f"model.layers.{layer}"
        norm = weights[f"{prefix}.input_layernorm.weight"]
        divisor = np.sqrt((embed**2).mean(-1, keepdims=True) + config["rms_norm_eps"])
        words = embed / divisor * norm
        q, k, v, o = (weights[f"{prefix}.self_attn.{part}_proj.weight"].T for part in "qkvo")
        own = []
        for head in range(heads):
            group = head * kv_heads // heads
            columns, shared = slice(head * dim, (head + 1) * dim), slice(group * dim, (group + 1) * dim)
            none = np.zeros(dim)
            own.append(
                Head(
                    words,
                    q[:, columns],
                    none,
                    k[:, shared],
                    none,
                    v[:, shared],
                    o[columns],
                    words,
                    to_logits,
                    embed,
                    unembed,
                    np.diag(norm),
                )
            )
        layers.append(own)
    return layers


def gpt1(folder: Path) -> list[list[Head]]:
    """Norms behind each sum, biases, words that read and write with the same vectors."""
    config = json.loads((folder / "config.json").read_text())
    weights = {
        name.removeprefix("transformer."): array.astype(np.float64)
        for name, array in load_file(folder / "model.safetensors").items()
    }
    heads, width = config["n_head"], config["n_embd"]
    dim = width // heads
    embed = weights["tokens_embed.weight"]
    blocks = range(config["n_layer"])
    norms = {
        (layer, norm): centring(width) @ np.diag(weights[f"h.{layer}.{norm}.weight"])
        for layer in blocks
        for norm in ("ln_1", "ln_2")
    }
    layers = []
    for layer in blocks:
        way = np.eye(width)
        for behind in blocks[layer:]:
            way = way @ norms[behind, "ln_1"] @ norms[behind, "ln_2"]
        fused, bias = (weights[f"h.{layer}.attn.c_attn.{part}"] for part in ("weight", "bias"))
        output = weights[f"h.{layer}.attn.c_proj.weight"]
        own = []
        for head in range(heads):
            q, k, v = (slice(part * width + head * dim, part * width + (head + 1) * dim) for part in range(3))
            rows = slice(head * dim, (head + 1) * dim)
            own.append(
                Head(
                    embed,
                    fused[:, q],
                    bias[q],
                    fused[:, k],
                    bias[k],
                    fused[:, v],
                    output[rows],
                    embed,
                    way @ embed.T,
                    embed,
                    embed.T,
                    np.eye(width),
                )
            )
        layers.append(own)
    return layers


def circuits(head: Head) -> dict:
    """The two tables of one head, by their ends and their eigenvalues."""
    scale = 1 / np.sqrt(head.query.shape[1])
    queries = head.words @ head.query + head.query_bias
    keys = head.words @ head.key + head.key_bias
    looks = scale * queries @ keys.T
    writes = head.words_less_bias @ head.value @ head.output @ head.to_logits
    return {
        "looks": table(looks - looks.mean(1, keepdims=True)),
        "looks_plain": table(looks),
        "writes": table(writes - writes.mean(1, keepdims=True)),
        "matching": share(looks - looks.mean(1, keepdims=True)),
        "copying": share(head.embed @ head.value @ head.output @ head.unembed),
    }


def table(values: np.ndarray) -> dict:
    """The ends of a table [row, column], its third row and column, and how words stand to themselves."""
    order = np.argsort(values, axis=None)
    entry = lambda index: [*map(int, np.unravel_index(index, values.shape)), float(values.flat[index])]
    above = (values > np.diag(values)[:, None]).sum(1)
    return {
        "most": [entry(index) for index in order[: -SHOWN - 1 : -1]],
        "least": [entry(index) for index in order[:SHOWN]],
        "row": [3, *map(int, np.argsort(-values[3])[:SHOWN])],
        "column": [3, *map(int, np.argsort(-values[:, 3])[:SHOWN])],
        "first": float((above == 0).mean()),
        "among_first": float((above < 5).mean()),
    }


def share(matrix: np.ndarray) -> float:
    """The sum of the eigenvalues over the sum of their sizes."""
    values = np.linalg.eigvals(matrix)
    return float(values.sum().real / np.abs(values).sum())


def compositions(layers: list[list[Head]], folded: bool) -> dict[str, list]:
    """Every score of an earlier and a later head, by what of the later one reads."""
    size = lambda matrix: np.sqrt((matrix**2).sum())
    report = {"q": [], "k": [], "v": []}
    for low, earlier in enumerate(layers):
        for high, later in list(enumerate(layers))[low + 1 :]:
            for i, first in enumerate(earlier):
                for j, second in enumerate(later):
                    one, two = (head.read_fold if folded else np.eye(len(head.read_fold)) for head in (first, second))
                    left = one @ first.value @ first.output
                    qk = two @ second.query @ second.key.T @ two.T
                    rights = {"q": qk, "k": qk.T, "v": two @ second.value @ second.output}
                    for kind, right in rights.items():
                        score = size(left @ right) / (size(left) * size(right))
                        report[kind].append([low, i, high, j, float(score)])
    return report


def main() -> None:
    """Write the file."""
    report = {}
    for name, read in (("llama-gqa", llama), ("gpt1-odd", gpt1)):
        layers = read(ROOT / name)
        report[name] = {
            "heads": [
                {"layer": layer, "head": head, **circuits(own)}
                for layer, heads in enumerate(layers)
                for head, own in enumerate(heads)
                if head in (0, len(heads) - 1)
            ],
            "composition": compositions(layers, folded=False),
            "composition_folded": compositions(layers, folded=True),
        }
    (ROOT / "circuits.json").write_text(json.dumps(report) + "\n")


if __name__ == "__main__":
    main()
