"""A config.json as other versions of Transformers, and sparser writers, would have written it."""

import json
from pathlib import Path

from huggingface_hub.errors import StrictDataclassError

V4_VERSION = "4.46.3"
# Written by Transformers 4 even when null.
V4_NULLS = {"n_inner", "summary_activation", "classifier_dropout"}
# Left out when null although the class has a default.
V4_SILENT = {"bos_token_id", "eos_token_id"}
# Known to the Transformers 5 classes, not written by Transformers 4.
V4_UNKNOWN = {"dtype", "rope_parameters", "transformers_version", "layer_types", "add_cross_attention"}
# Qwen2's published configs name a window even where it is switched off.
UNUSED_WINDOW = {"sliding_window": 4, "max_window_layers": 1}
V4_EXTRAS = {
    "gpt2": lambda config: {"n_ctx": config["n_positions"]},
    "llama": lambda config: {},
    "qwen2": lambda config: {"use_mrope": False} | ({} if config["use_sliding_window"] else UNUSED_WINDOW),
    "gpt_neo": lambda config: {"attention_layers": config["attention_layers"]} if "attention_layers" in config else {},
    "qwen3_moe": lambda config: {"num_experts": config["num_local_experts"]},
    "bert": lambda config: {"gradient_checkpointing": False, "position_embedding_type": "absolute"},
}
# These families' own way of saying what others call rope_theta and partial_rotary_factor.
V4_ROPE_KEYS = {"gpt_neox": ("rotary_emb_base", "rotary_pct")}
# Layer kinds that nothing else in an older file would tell.
V4_KNOWN = {family: {"layer_types"} for family in ("smollm3", "gemma3_text", "ministral", "gpt_oss", "olmo3")}
# Tied is Transformers 4's general default, so these two families never mention it.
V4_TIED_IS_SILENT = {"gpt2", "bert"}


def write_variants(folder: Path, config_class) -> list[str]:
    """Write config.v4.json and config.sparse.json beside config.json; return their names."""
    config = json.loads((folder / "config.json").read_text())
    variants = {"config.v4.json": v4(config, config_class), "config.sparse.json": sparse(config, config_class)}
    for name, variant in variants.items():
        (folder / name).write_text(json.dumps(variant, indent=2, sort_keys=True) + "\n")
    return list(variants)


def v4(config: dict, config_class) -> dict:
    """`config` as Transformers 4 wrote it."""
    family = config["model_type"]
    defaults = config_class().to_dict()
    unknown = V4_UNKNOWN - V4_KNOWN.get(family, set())
    old = {
        key: value
        for key, value in config.items()
        if key not in unknown
        and (value is not None or key in V4_NULLS or (defaults.get(key) is not None and key not in V4_SILENT))
    }
    if not old.get("is_decoder"):
        old.pop("is_decoder", None)
    if family in V4_TIED_IS_SILENT and old["tie_word_embeddings"]:
        del old["tie_word_embeddings"]
    if family == "modernbert":
        return old | _v4_modernbert(config)
    if "rope_parameters" in config:
        rope = config["rope_parameters"]
        if "full_attention" in rope:  # Transformers 5 has one set for each kind of layer
            local, rope = rope["sliding_attention"], rope["full_attention"]
            if family == "gemma3_text":
                old["rope_local_base_freq"] = local["rope_theta"]
        theta, partial = V4_ROPE_KEYS.get(family, ("rope_theta", "partial_rotary_factor"))
        old[theta] = rope["rope_theta"]
        if "partial_rotary_factor" in rope:
            old[partial] = rope["partial_rotary_factor"]
        scaling = _v4_rope_scaling(rope, family)
        if defaults["rope_parameters"].get("rope_type") not in (None, "default") and not scaling:
            scaling = {"rope_type": "default"}
        if family == "llama" or scaling:
            old["rope_scaling"] = scaling
    old.update(V4_EXTRAS.get(family, lambda config: {})(config))
    old["torch_dtype"] = config["dtype"]
    old["transformers_version"] = V4_VERSION
    return old


def _v4_rope_scaling(rope: dict, family: str) -> dict | None:
    """The `rope_scaling` entry that stands for Transformers 5's `rope_parameters`."""
    scaling = {key: value for key, value in rope.items() if key not in {"rope_theta", "partial_rotary_factor"}}
    if scaling["rope_type"] == "default":
        return None
    if scaling["rope_type"] == "linear" and family == "llama":  # The first spelling, of Llama 1 and 2's days.
        scaling["type"] = scaling.pop("rope_type")
    return scaling


def _v4_modernbert(config: dict) -> dict:
    """Two rotary bases and a rhythm, where Transformers 5 lists every layer's kind."""
    kinds, rope = config["layer_types"], config["rope_parameters"]
    rhythm = next((layer for layer in range(1, len(kinds)) if kinds[layer] == "full_attention"), len(kinds))
    return {
        "global_attn_every_n_layers": rhythm,
        "global_rope_theta": rope["full_attention"]["rope_theta"],
        "local_rope_theta": rope["sliding_attention"]["rope_theta"],
        "position_embedding_type": "absolute",
        "torch_dtype": config["dtype"],
        "transformers_version": V4_VERSION,
    }


def sparse(config: dict, config_class) -> dict:
    """`config` without every entry that its model type's defaults would bring back."""

    def meaning(candidate: dict) -> dict | None:
        try:
            return config_class.from_dict(dict(candidate)).to_dict()
        except StrictDataclassError:
            return None

    kept = {key: value for key, value in config.items() if key not in {"dtype", "transformers_version"}}
    full = meaning(kept)
    for key in list(kept):
        without = {name: value for name, value in kept.items() if name != key}
        if key not in {"model_type", "architectures"} and meaning(without) == full:
            kept = without
    return kept
