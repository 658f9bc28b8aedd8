#!/usr/bin/env python3
"""Try what nobody chose by hand, in GGUF: random settings of the architectures that a converter has words for.

As held_out.py does it, but each model is written by the `gguf` package under the keys and names of llama.cpp's converter
(fixture_gguf.py), and settings that such a file cannot say are left at the class's own values.

    python tools/held_out_gguf.py target/debug/mnemoscope --draws 8
"""

import argparse
import functools
import json
import sys
import tempfile
from pathlib import Path

import gguf
import numpy as np
import torch
import transformers

from fixture_gguf import converted, finish, stacked, unwoven, weights, write_keys
from fixture_models import load
from held_out import PATTERN, draw, expected, found, in_double, make, problems
from held_out_families import FAMILIES, Family, rope

NEVER = ["hidden_act", "hidden_activation", "activation_function", "activation", "pretraining_tp", "clip_qkv"]
"""Every architecture has its own."""


def dims(options: dict) -> int:
    """Width of a head."""
    return options.get("head_dim") or options["hidden_size"] // options["num_attention_heads"]


def only(kinds: str, partial=()):
    """Rotary of these kinds, where a base is always given."""
    make = rope(dims, kinds, partial)

    def choose(options, source):
        chosen = ...
        while chosen is Ellipsis:
            chosen = make(options, source)
        for key in ("mscale", "mscale_all_dim", "truncate"):
            chosen.pop(key, None)  # No word for these
        if chosen["rope_type"] == "longrope":
            chosen.pop("factor", None), chosen.pop("attention_factor", None)
        return chosen

    return choose


YARN = {"rope_parameters": only("default linear yarn")}
STRETCHED = {"rope_parameters": only("default linear yarn llama3")}
PLAIN = {"rope_parameters": only("default")}
CASES: dict[str, tuple[str, str, dict]] = {
    # what it is called here: architecture, class, other settings; `...` leaves one out
    "llama": ("llama", "LlamaForCausalLM", STRETCHED),
    "llama-window": ("llama", "MistralForCausalLM", STRETCHED | {"sliding_window": [3, 7]}),
    "mixtral": ("llama", "MixtralForCausalLM", YARN | {"sliding_window": [None, 5]}),
    "qwen2": ("qwen2", "Qwen2ForCausalLM", YARN | {"use_sliding_window": [False], "sliding_window": [None], "layer_types": [...]}),
    "qwen3": ("qwen3", "Qwen3ForCausalLM", YARN | {"use_sliding_window": [False], "sliding_window": [None], "layer_types": [...]}),
    "phi3": ("phi3", "Phi3ForCausalLM", {"rope_parameters": only("default longrope", [0.5, 1.0]), "original_max_position_embeddings": lambda o, _: o["rope_parameters"].get("original_max_position_embeddings", 16),
                                          "max_position_embeddings": [64], "pad_token_id": [0]}),
    "gemma": ("gemma", "GemmaForCausalLM", PLAIN | {"tie_word_embeddings": [True]}),
    "gemma2": ("gemma2", "Gemma2ForCausalLM", PLAIN | {"tie_word_embeddings": [True], "layer_types": [...], "query_pre_attn_scalar": lambda o, _: o["head_dim"],
                                               "attn_logit_softcapping": [..., 1.5], "final_logit_softcapping": [..., 3.0]}),
    "gemma3": ("gemma3", "Gemma3ForCausalLM", {"tie_word_embeddings": [True], "layer_types": [...], "rope_parameters": [...],
                                               "query_pre_attn_scalar": lambda o, _: o["head_dim"]}),
    "gpt2": ("gpt2", "GPT2LMHeadModel", {"scale_attn_by_inverse_layer_idx": [...], "reorder_and_upcast_attn": [...], "scale_attn_weights": [...]}),
    "gptneox": ("gptneox", "GPTNeoXForCausalLM", {"rope_parameters": only("default linear", [0.25, 0.5, 1.0]), "attention_bias": [True]}),
    "falcon": ("falcon", "FalconForCausalLM", {"parallel_attn": [True], "alibi": [False], "bias": [False], "multi_query": [True], "activation": [...],
                                               "rope_parameters": only("default linear")}),
    "bert": ("bert", "BertModel", {"is_decoder": [False]}),
    "starcoder": ("starcoder", "GPTBigCodeForCausalLM", {"scale_attn_weights": [...], "multi_query": [True]}),
    "starcoder2": ("starcoder2", "Starcoder2ForCausalLM", PLAIN),
    "stablelm": ("stablelm", "StableLmForCausalLM", {"rope_parameters": only("default", [0.25, 0.5, 1.0])}),
    "olmo2": ("olmo2", "Olmo2ForCausalLM", YARN),
    "gpt-oss": ("gpt-oss", "GptOssForCausalLM", PLAIN | {"layer_types": [...], "num_hidden_layers": [2, 3]}),
    "phi2": ("phi2", "PhiForCausalLM", {"rope_parameters": only("default", [0.5, 1.0]), "qk_layernorm": [False], "num_key_value_heads": [...]}),
    "granite": ("granite", "GraniteForCausalLM", STRETCHED),
    "cohere2": ("cohere2", "Cohere2ForCausalLM", PLAIN | {"layer_types": [...], "tie_word_embeddings": [True]}),
    "t5": ("t5", "T5ForConditionalGeneration", {"feed_forward_proj": ["relu", "gated-gelu"], "relative_attention_max_distance": [...],
                                                 "tie_word_embeddings": [...], "scale_decoder_outputs": [...]}),
    "arcee": ("arcee", "ArceeForCausalLM", STRETCHED),
    "exaone4": ("exaone4", "Exaone4ForCausalLM", PLAIN | {"sliding_window_pattern": [4], "layer_types": [...], "sliding_window": [3, 7]}),
    "hunyuan-dense": ("hunyuan-dense", "HunYuanDenseV1ForCausalLM", PLAIN),
    "dots1": ("dots1", "Dots1ForCausalLM", YARN | {"sliding_window": [None], "layer_types": [...], "n_routed_experts": [4], "n_group": [1], "topk_group": [1], "num_experts_per_tok": [1, 2], "attention_bias": [...]}),
    "glm4moe": ("glm4moe", "Glm4MoeForCausalLM", {"rope_parameters": only("default", [0.5, 1.0]), "n_routed_experts": [4], "n_group": [1], "topk_group": [1], "num_experts_per_tok": [1, 2]}),
}
LEFT_OUT = ("pooler", "embed_tokens", "rotary_emb", "position_ids")
"""What a converter leaves out, too."""
PAIRED = ("llama", "granite", "olmo", "smollm3", "arcee")


def write(name: str, architecture: str, folder: Path, config, state: dict) -> None:
    """One file."""
    layers = config.num_hidden_layers
    kind = next(key for key, value in gguf.MODEL_ARCH_NAMES.items() if value == architecture)
    names = gguf.get_tensor_name_map(kind, layers)
    writer = gguf.GGUFWriter(folder / "model.gguf", architecture)
    write_keys(writer, config)
    more(writer, architecture, config)
    for theirs, weight in unwoven(stacked(state)).items():
        spellings = theirs, theirs.removeprefix("bert."), theirs.removeprefix("transformer."), f"model.{theirs}"
        spellings += tuple(spelling.replace("e_score_correction_bias", "e_score_correction") for spelling in spellings)
        ours = next((name for name in (names.get_name(s, try_suffixes=(".weight", ".bias")) for s in spellings) if name), None)
        if ours is None and any(part in theirs for part in LEFT_OUT):
            continue
        if ours is None:
            raise ValueError(f"no name for {theirs}")
        if theirs == "lm_head.weight" and config.tie_word_embeddings:
            continue
        if theirs.endswith("e_score_correction_bias"):
            ours = ours.removesuffix(".bias") + ".bias"
        weight = converted(theirs, weight, "llama" if architecture in PAIRED else architecture, config)
        writer.add_tensor(ours, np.ascontiguousarray(weight))
    finish(writer)


def more(writer: gguf.GGUFWriter, architecture: str, config) -> None:
    """What some converters write beside the rest."""
    rope_of = getattr(config, "rope_parameters", None) or {}
    if rope_of.get("rope_type") == "yarn":
        for key, add in (
            ("beta_fast", writer.add_rope_scaling_yarn_beta_fast),
            ("beta_slow", writer.add_rope_scaling_yarn_beta_slow),
            ("attention_factor", writer.add_rope_scaling_yarn_attn_factor),
        ):
            if rope_of.get(key) is not None:
                add(rope_of[key])
    if architecture in ("cohere2", "gemma2", "gemma3", "gpt-oss"):
        return  # The rhythm of their windows is known
    if architecture == "exaone4":
        writer.add_sliding_window_pattern([kind == "sliding_attention" for kind in config.layer_types])
    if architecture in ("dots1", "glm4moe"):
        writer.add_leading_dense_block_count(config.first_k_dense_replace)
        writer.add_expert_shared_count(config.n_shared_experts)
        writer.add_expert_weights_scale(config.routed_scaling_factor)
        writer.add_expert_weights_norm(config.norm_topk_prob)
        writer.add_expert_gating_func(gguf.ExpertGatingFuncType.SIGMOID)


def attempt(program: str, name: str, number: int, seed: int, folder: Path) -> tuple[str, list[str]]:
    """One draw: what was asked, and what went wrong."""
    architecture, class_name, changes = CASES[name]
    family = FAMILIES[class_name]
    settings = {key: values for key, values in family.settings.items() if key not in NEVER} | changes
    options = draw(Family(settings, family.tokens), name, number, seed)
    try:
        original = folder / "original"
        fixture, tokens, target = make(class_name, options, family.tokens, seed * 1000 + number, original)
        want = expected(load(fixture, original), tokens, target)
        config = transformers.AutoConfig.from_pretrained(original)
        write(name, architecture, folder, config, weights(original))
    except Exception as error:  # noqa: BLE001
        return json.dumps(options), [f"(Transformers) {type(error).__name__}: {str(error)[:150]}"]
    exact = functools.cache(lambda: in_double(fixture, original, tokens, target))
    tolerance = 2 * PATTERN if architecture == "t5" else PATTERN
    own = folder / "own"
    own.mkdir()
    (folder / "model.gguf").rename(own / "model.gguf")
    return json.dumps(options), problems(want, found(program, own, tokens, target), tolerance, exact)


def main() -> int:
    """Try them all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="the program to try")
    parser.add_argument("--draws", type=int, default=4, help="files an architecture (default: 4)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", metavar="NAME", help="only the architectures whose name holds this")
    options = parser.parse_args()
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    tried = wrong = refused = 0
    for name in CASES:
        for number in range(options.draws if options.only in name else 0):
            with tempfile.TemporaryDirectory() as scratch:
                asked, lines = attempt(options.program, name, number, options.seed, Path(scratch))
            tried += 1
            theirs = [line for line in lines if line.startswith("(Transformers)")]
            refused += bool(theirs)
            wrong += bool(lines) and not theirs
            if lines:
                print(f"{name} {number}: {asked}", *lines[:3], sep="\n    ", flush=True)
    print(f"{tried} files: {wrong} differ, {refused} that Transformers itself does not run")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
