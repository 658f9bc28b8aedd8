"""Two runs compared, in plain NumPy float64, from what Transformers computed: for parity tests.

Reads the committed `expected.safetensors` of two fixtures, aligns their ids by the longest common subsequence, and
writes `tests/fixtures/compare.json`: per head the Jensen–Shannon divergence in bits, the total variation and what was
left out; per residual stream the cosine and the linear CKA.

    python tools/fixture_compare.py        # needs numpy
"""

import json
from pathlib import Path

import numpy as np
from fixture_arrays import tensors

FIXTURES = Path(__file__).parent.parent / "tests" / "fixtures"
PAIR = ("gpt2-hub-layout", "llama-tied")
LAYERS = 2


def common(a: list, b: list) -> list:
    """Pairs of the longest common subsequence."""
    table = np.zeros((len(a) + 1, len(b) + 1), int)
    for i in reversed(range(len(a))):
        for j in reversed(range(len(b))):
            table[i, j] = table[i + 1, j + 1] + 1 if a[i] == b[j] else max(table[i + 1, j], table[i, j + 1])
    pairs, i, j = [], 0, 0
    while i < len(a) and j < len(b):
        if a[i] == b[j]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif table[i + 1, j] >= table[i, j + 1]:
            i += 1
        else:
            j += 1
    return pairs


def entropy(p: np.ndarray) -> np.ndarray:
    return -np.sum(np.where(p > 0, p * np.log2(np.where(p > 0, p, 1)), 0), axis=-1)


def head(own: np.ndarray, theirs: np.ndarray, pairs: list) -> dict:
    rows, columns = zip(*pairs)
    p, q = own[np.ix_(rows, rows)], theirs[np.ix_(columns, columns)]
    kept = (p.sum(1), q.sum(1))
    fair = (kept[0] >= 0.01) & (kept[1] >= 0.01)
    left = [float((whole[list(places)].sum(1) - part)[fair].mean()) for whole, places, part in zip((own, theirs), (rows, columns), kept)]
    p, q = (p / kept[0][:, None])[fair], (q / kept[1][:, None])[fair]
    # The entropy of the mean less the mean of the entropies: another form than ours
    divergence = entropy((p + q) / 2) - (entropy(p) + entropy(q)) / 2
    return {"divergence": float(divergence.mean()), "variation": float(np.abs(p - q).sum(1).mean() / 2), "left_out": left, "rows": int(fair.sum())}


def stream(x: np.ndarray, y: np.ndarray) -> dict:
    cosine = np.sum(x * y, 1) / np.linalg.norm(x, axis=1) / np.linalg.norm(y, axis=1)
    x, y = x - x.mean(0), y - y.mean(0)
    # In the space of dimensions, where ours is in that of tokens
    norm = np.linalg.norm
    return {"cosine": float(cosine.mean()), "cka": float(norm(y.T @ x) ** 2 / (norm(x.T @ x) * norm(y.T @ y)))}


def main() -> None:
    a, b = (tensors(FIXTURES / name / "expected.safetensors") for name in PAIR)
    pairs = common(a["tokens"].astype(int).tolist(), b["tokens"].astype(int).tolist())
    rows, columns = (list(side) for side in zip(*pairs))
    heads = [
        head(own, theirs, pairs)
        for layer in range(LAYERS)
        for own, theirs in zip(*(run[f"blocks.{layer}.attn.hook_pattern"] for run in (a, b)))
    ]
    names = [f"blocks.{layer}.hook_resid_pre" for layer in range(LAYERS)] + [f"blocks.{LAYERS - 1}.hook_resid_post"]
    streams = [stream(a[name][rows], b[name][columns]) for name in names]
    object = {"a": PAIR[0], "b": PAIR[1], "pairs": pairs, "heads": heads, "streams": streams}
    (FIXTURES / "compare.json").write_text(json.dumps(object, indent=1) + "\n")


if __name__ == "__main__":
    main()
