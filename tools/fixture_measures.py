"""The per-head measures of an attention pattern, in plain NumPy float64, for parity tests."""

import numpy as np

INDUCTION_FLOOR = 0.01


def measures(patterns: list[np.ndarray], tokens: list[int]) -> dict:
    """Every head's measures; `patterns` holds one [head, query, key] array per layer."""
    heads = [
        (layer, head, matrix.astype(np.float64))
        for layer, pattern in enumerate(patterns)
        for head, matrix in enumerate(pattern)
    ]
    report = {
        "tokens": tokens,
        "heads": [
            {"layer": layer, "head": head, **pattern_measures(p, tokens), **detector_scores(p, tokens)}
            for layer, head, p in heads
        ],
    }
    for name, exclude_bos, exclude_current in (
        ("exclude_bos", True, False),
        ("exclude_current_token", False, True),
        ("exclude_both", True, True),
    ):
        report[name] = [
            {"layer": layer, "head": head, **detector_scores(p, tokens, exclude_bos, exclude_current)}
            for layer, head, p in heads
        ]
    return report


def pattern_measures(p: np.ndarray, tokens: list[int]) -> dict[str, float]:
    """HeadVis's measures and the sink share of one head's pattern [query, key]."""
    count = len(tokens)
    query, key = np.indices(p.shape)
    distance = float((p * (query - key)).sum() / count)
    logs = np.log(p, where=p > 0, out=np.zeros_like(p))
    return {
        "self": float(np.trace(p) / count),
        "previous_token": float(np.trace(p, offset=-1) / (count - 1)),
        "entropy": float(-(p * logs).sum() / count),
        "distance": distance,
        "variance": float((p * (query - key) ** 2).sum() / count - distance**2),
        "induction": induction(p, tokens),
        "max_activation": float(p[1:, 1:].max()),
        "sink": float(p[1:, 0].mean()),
    }


def induction(p: np.ndarray, tokens: list[int]) -> float:
    """HeadVis's induction score: attention to what followed earlier occurrences of the query's token."""
    total = 0.0
    queries = 0
    for i, token in enumerate(tokens):
        repeats = [j for j in range(i) if tokens[j] == token]
        followers = [p[i, j + 1] for j in repeats]
        if any(abs(value - INDUCTION_FLOOR) < 1e-5 for value in followers):
            raise ValueError("a cell too near the induction floor makes the measure depend on rounding")
        total += sum(value for value in followers if value >= INDUCTION_FLOOR)
        queries += bool(repeats)
    return float(total / queries) if queries else 0.0


def detector_scores(
    p: np.ndarray, tokens: list[int], exclude_bos: bool = False, exclude_current_token: bool = False
) -> dict[str, float]:
    """TransformerLens's head detector ("mul") against its three patterns."""
    p = p.copy()
    if exclude_bos:
        p[:, 0] = 0
    if exclude_current_token:
        np.fill_diagonal(p, 0)
    return {name: float((p * wanted).sum() / p.sum()) for name, wanted in detector_patterns(tokens).items()}


def detector_patterns(tokens: list[int]) -> dict[str, np.ndarray]:
    """The 0/1 matrices that the detectors look for."""
    ids = np.array(tokens)
    query, key = np.indices((len(ids), len(ids)))
    duplicate = (ids[:, None] == ids[None, :]) & (key < query)
    follower = np.zeros_like(duplicate)
    follower[:, 1:] = duplicate[:, :-1]
    return {
        "previous_token_head": key == query - 1,
        "duplicate_token_head": duplicate,
        "induction_head": follower,
    }
