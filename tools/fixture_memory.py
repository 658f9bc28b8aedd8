"""What a token's memory consists of, in plain NumPy float64, from what Transformers computed: for parity tests.

Reads the committed `expected.safetensors` and `model.safetensors` of three fixtures (a norm before attention, one
after the sum, one of what attention adds), and writes `tests/fixtures/memory.json`. Flow comes from networkx.

    python tools/fixture_memory.py        # needs numpy and networkx
"""

import json
from pathlib import Path

import networkx
import numpy as np
from fixture_arrays import tensors

FIXTURES = Path(__file__).parent.parent / "tests" / "fixtures"
OUTPUTS = {
    "gpt2-odd": ("transformer.h.{l}.attn.c_proj.weight", False),
    "bert-mlm": ("bert.encoder.layer.{l}.attention.output.dense.weight", True),
    "gemma2-odd": ("model.layers.{l}.self_attn.o_proj.weight", True),
}


def rows(matrix: np.ndarray) -> np.ndarray:
    return matrix / matrix.sum(axis=1, keepdims=True)


class Layer:
    """One block's parts [query, key, width] of what attention adds, and of the residual stream after it."""

    def __init__(self, name: str, layer: int, seen: dict, weights: dict):
        key, turned = OUTPUTS[name]
        output = weights[key.format(l=layer)]
        output = output.T if turned else output
        self.pattern = seen[f"blocks.{layer}.attn.hook_pattern"]
        values = seen[f"blocks.{layer}.attn.hook_v"]
        heads, dim = self.pattern.shape[0], values.shape[2]
        values = np.repeat(values, heads // values.shape[1], axis=1)
        output = output.reshape(heads, dim, -1)
        parts = np.einsum("hqk,khd,hdw->qkw", self.pattern, values, output)
        bias = weights.get(f"transformer.h.{layer}.attn.c_proj.bias", 0.0)
        bias = weights.get(f"bert.encoder.layer.{layer}.attention.output.dense.bias", bias)
        added = parts.sum(axis=1) + bias
        before = seen[f"blocks.{layer}.hook_resid_pre"]
        if name == "gemma2-odd":
            sigma = np.sqrt((added**2).mean(axis=1) + 1e-6)
            scale = 1 + weights[f"model.layers.{layer}.post_attention_layernorm.weight"]
            parts = parts / sigma[:, None, None] * scale
            added = added / sigma[:, None] * scale
        assert np.abs(added - seen[f"blocks.{layer}.hook_attn_out"]).max() < 1e-4, name
        self.lengths = np.linalg.norm(parts, axis=2)
        parts = parts.copy()
        parts[np.arange(len(before)), np.arange(len(before))] += before
        whole = before + added
        if name == "bert-mlm":
            scale = weights[f"bert.encoder.layer.{layer}.attention.output.LayerNorm.weight"]
            sigma = np.sqrt(whole.var(axis=1) + 1e-12)
            parts = (parts - parts.mean(axis=2, keepdims=True)) / sigma[:, None, None] * scale
            whole = (whole - whole.mean(axis=1, keepdims=True)) / sigma[:, None] * scale
        self.with_residual = np.linalg.norm(parts, axis=2)
        far = np.abs(whole[:, None] - parts).sum(axis=2)
        self.contributions = np.maximum(0, np.abs(whole).sum(axis=1, keepdims=True) - far)


def flow(capacities: list, token: int) -> np.ndarray:
    graph, n = networkx.DiGraph(), len(capacities[0])
    for level, matrix in enumerate(capacities):
        for query in range(n):
            for key in range(n):
                if matrix[query, key] > 0:
                    graph.add_edge((level + 1, query), (level, key), capacity=matrix[query, key])
    top = (len(capacities), token)
    reached = [(0, key) in graph for key in range(n)]
    flows = np.array([networkx.maximum_flow_value(graph, top, (0, key)) if reached[key] else 0.0 for key in range(n)])
    return flows / flows.sum()


def pictures(name: str, token: int, last: int) -> dict:
    seen, weights = (tensors(FIXTURES / name / file) for file in ("expected.safetensors", "model.safetensors"))
    causal = name != "bert-mlm"
    layers = [Layer(name, layer, seen, weights) for layer in range(last + 1)]
    n = token + 1 if causal else len(layers[0].lengths)
    means = [layer.pattern.mean(axis=0)[:n, :n] for layer in layers]
    mixed = [rows(mean + np.eye(n)) for mean in means]

    def product(matrices: list) -> np.ndarray:
        row = np.eye(n)[token]
        for matrix in reversed(matrices):
            row = row @ matrix
        return row

    return {
        "attention": np.mean([mean[token] for mean in means], axis=0),
        "rollout": product(mixed),
        "flow": flow(mixed, token),
        "values": np.sum([layer.lengths[token, :n] for layer in layers], axis=0),
        "norms": product([rows(layer.with_residual[:n, :n]) for layer in layers]),
        "contributions": product([rows(layer.contributions[:n, :n]) for layer in layers]),
    }


def main() -> None:
    cases = []
    for name, token, layer in (("gpt2-odd", 12, 1), ("gpt2-odd", 7, 1), ("bert-mlm", 5, 1), ("gemma2-odd", 10, 2)):
        found = {key: [round(float(x), 7) for x in row] for key, row in pictures(name, token, layer).items()}
        tokens = tensors(FIXTURES / name / "expected.safetensors")["tokens"].astype(int).tolist()
        cases.append({"model": name, "tokens": tokens, "token": token, "layer": layer, "pictures": found})
    lines = ",\n".join(json.dumps(case) for case in cases)
    (FIXTURES / "memory.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
