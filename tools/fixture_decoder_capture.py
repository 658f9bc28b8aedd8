"""Where each decoder family of Transformers keeps the values named in the vocabulary, and how they are kept.

Queries, keys and values are taken as they enter the family's attention product (`eager_attention_forward` in its
module, or the fused projection of families that have none), weights and head outputs from the attention module.
"""

import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

Values = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Layout:
    """Paths within a block (attention and what is below it) and within the bare model."""

    blocks: str = "layers"
    attention: str = "self_attn"
    out: str = "o_proj"
    """The output projection, below the attention module."""
    projections: tuple[str, ...] = ("q_proj", "k_proj", "v_proj")
    """Separate projections below the attention module whose outputs are q, k and v before rotary and norms."""
    fused: str | None = None
    """A fused projection below the attention module, for families whose product cannot be tapped."""
    split: Callable | None = None
    """What its output [token, wide] holds: (attention module, output) → q, k, v, each [token, head, dim]."""
    mid: str | None = "post_attention_layernorm"
    """The module that reads the residual stream between attention and MLP."""
    attn_out: str | None = None
    """What attention adds, where it is not the output projection's result."""
    mlp_out: str = "mlp"
    embed: str | None = "embed_tokens"
    positions: str | None = None
    final: str | None = "norm"
    post_norm: str | None = None
    """The norm that ends the block, in post-norm models."""
    scaled_queries: bool = False
    """Queries are multiplied by the scale before the product."""
    multiplier: str | None = None
    """The config's factor on what both halves add."""


def _thirds_of_each_head(module, fused: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """BLOOM, GPT-NeoX and the like: q, k, v of head 0, then of head 1…"""
    tokens = fused.shape[0]
    heads = fused.view(tokens, module.num_heads, 3, module.head_dim)
    return tuple(heads[:, :, part] for part in range(3))


def _thirds(heads: Callable) -> Callable:
    """All queries, all keys, all values."""

    def split(module, fused: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return tuple(part.reshape(fused.shape[0], heads(module), -1) for part in fused.chunk(3, dim=-1))

    return split


def _falcon(module, fused: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Falcon's three ways."""
    tokens, dim = fused.shape[0], module.head_dim
    if module.new_decoder_architecture:
        groups = fused.view(tokens, module.num_kv_heads, -1, dim)
        return groups[:, :, :-2].flatten(1, 2), groups[:, :, -2], groups[:, :, -1]
    if module.multi_query:
        heads = fused.view(tokens, -1, dim)
        return heads[:, :-2], heads[:, -2:-1], heads[:, -1:]
    return _thirds_of_each_head(module, fused)


_LLAMA = Layout()
_SANDWICH = {"attn_out": "post_attention_layernorm", "mid": "pre_feedforward_layernorm"}
_GPT = {"blocks": "h", "attention": "attn", "embed": "wte", "final": "ln_f"}

LAYOUTS = {
    "openai-gpt": Layout(
        **_GPT
        | {
            "out": "c_proj",
            "projections": (),
            "fused": "c_attn",
            "split": _thirds(lambda module: module.n_head),
            "mid": "ln_1",
            "embed": "tokens_embed",
            "positions": "positions_embed",
            "final": None,
            "post_norm": "ln_2",
        }
    ),
    "gpt_neo": Layout(**_GPT | {"attention": "attn.attention", "out": "out_proj", "mid": "ln_2", "positions": "wpe"}),
    "gptj": Layout(**_GPT, out="out_proj", mid=None),
    "codegen": Layout(**_GPT, out="out_proj", mid=None, projections=()),
    "gpt_neox": Layout(attention="attention", out="dense", projections=(), embed="embed_in", final="final_layer_norm"),
    "opt": Layout(
        blocks="decoder.layers",
        out="out_proj",
        mid=None,
        mlp_out="fc2",
        embed="decoder.embed_tokens",
        positions="decoder.embed_positions",
        final="decoder.final_layer_norm",
        scaled_queries=True,
    ),
    "bloom": Layout(
        **_GPT
        | {
            "attention": "self_attention",
            "out": "dense",
            "projections": (),
            "fused": "query_key_value",
            "split": _thirds_of_each_head,
            "embed": "word_embeddings",
        },
        mlp_out="mlp.dense_4h_to_h",
    ),
    "falcon": Layout(
        **_GPT
        | {
            "attention": "self_attention",
            "out": "dense",
            "projections": (),
            "fused": "query_key_value",
            "split": _falcon,
            "embed": "word_embeddings",
        },
        mlp_out="mlp.dense_4h_to_h",
    ),
    "mpt": Layout(
        blocks="blocks",
        attention="attn",
        out="out_proj",
        projections=(),
        fused="Wqkv",
        split=_thirds(lambda module: module.n_heads),
        mid="norm_2",
        mlp_out="ffn.down_proj",
        embed="wte",
        final="norm_f",
    ),
    "gpt_bigcode": Layout(**_GPT, out="c_proj", projections=(), mid="ln_2", positions="wpe"),
    "xglm": Layout(
        out="out_proj",
        mid="final_layer_norm",
        mlp_out="fc2",
        embed=None,
        final="layer_norm",
    ),
    "phi": Layout(out="dense", mid=None, final="final_layernorm"),
    "phi3": Layout(projections=()),
    "gemma": Layout(embed=None),
    "gemma2": Layout(**_SANDWICH, mlp_out="post_feedforward_layernorm", embed=None),
    "gemma3_text": Layout(**_SANDWICH, mlp_out="post_feedforward_layernorm", embed=None),
    "glm4": Layout(attn_out="post_self_attn_layernorm", mlp_out="post_mlp_layernorm"),
    "olmo2": Layout(attn_out="post_attention_layernorm", mid="mlp", mlp_out="post_feedforward_layernorm"),
    "olmo3": Layout(attn_out="post_attention_layernorm", mid="mlp", mlp_out="post_feedforward_layernorm"),
    "granite": Layout(multiplier="residual_multiplier", embed=None),
    "granitemoe": Layout(multiplier="residual_multiplier", mlp_out="block_sparse_moe", embed=None),
    "cohere": Layout(mid=None),
    "cohere2": Layout(mid=None),
    "deepseek_v2": Layout(projections=()),
    "deepseek_v3": Layout(projections=()),
    **dict.fromkeys(
        (
            "starcoder2 mistral ministral mixtral qwen2_moe qwen3 qwen3_moe stablelm olmo olmoe smollm3 seed_oss glm "
            "nemotron gpt_oss phimoe ernie4_5 helium"
        ).split(),
        _LLAMA,
    ),
}


def capture(model, tokens: list[int], **inputs) -> Values:
    """Every named value of one forward pass over `tokens`, without the batch dimension."""
    layout = LAYOUTS[model.config.model_type]
    base = model.base_model
    values: Values = {}
    handles = []

    def keep(module: torch.nn.Module, side: str, name: str, change: Callable = lambda value: value) -> None:
        """Keep the input or the output of `module` under `name`."""

        def on_input(_module, args, kwargs):
            values[name] = change((args[0] if args else kwargs["hidden_states"]).clone())

        def on_output(_module, _args, output):
            values[name] = change((output[0] if isinstance(output, tuple | list) else output).clone())

        if side == "in":
            handles.append(module.register_forward_pre_hook(on_input, with_kwargs=True))
        else:
            handles.append(module.register_forward_hook(on_output))

    def first(value: torch.Tensor) -> torch.Tensor:
        """Without the batch dimension; OPT flattens it away by itself."""
        return value[0] if value.dim() == 3 else value

    for hook, path in (
        ("hook_embed", layout.embed),
        ("hook_pos_embed", layout.positions),
        ("ln_final.hook_normalized", layout.final),
    ):
        module = _module(base, path)
        projected = hook == "hook_embed" and _module(base, "decoder.project_in") is not None
        if module is not None and not projected:
            keep(module, "out", hook, first)
    blocks = list(base.get_submodule(layout.blocks))
    patterns = [None] * len(blocks)
    for layer, block in enumerate(blocks):
        _tap_block(model, layout, block, f"blocks.{layer}.", keep, first)
        attention = block.get_submodule(layout.attention)
        handles.append(attention.register_forward_hook(_keep_second(patterns, layer)))
    try:
        with torch.no_grad(), _recorded_product(model) as calls, _one_alibi(model):
            output = model(torch.tensor([tokens]), output_attentions=True, use_cache=False, **inputs)
    finally:
        for handle in handles:
            handle.remove()

    for layer, block in enumerate(blocks):
        _name_attention(model, layout, block, f"blocks.{layer}.", values, calls[layer : layer + 1], patterns[layer])
    for layer in range(1, len(blocks)):  # What the next block reads is the same
        after, before = f"blocks.{layer - 1}.hook_resid_post", f"blocks.{layer}.hook_resid_pre"
        if after in values and torch.equal(values[after], values[before]):
            del values[after]
    if "logits" in output:
        values["logits"] = output.logits[0]
    return values


def _module(root: torch.nn.Module, path: str | None) -> torch.nn.Module | None:
    """The module at `path`, where there is one."""
    for part in path.split(".") if path else ():
        root = getattr(root, part, None)
    return root if path else None


def _keep_second(patterns: list, layer: int) -> Callable:
    """A hook that keeps the attention module's second output: the weights."""

    def hook(_module, _args, output):
        patterns[layer] = output[1].clone()

    return hook


def _tap_block(model, layout: Layout, block: torch.nn.Module, prefix: str, keep: Callable, first: Callable) -> None:
    """Hang the hooks of one block."""
    factor = getattr(model.config, layout.multiplier) if layout.multiplier else 1.0
    out = f"{layout.attention}.{layout.out}"

    def scaled(value: torch.Tensor) -> torch.Tensor:
        return first(value) * factor

    keep(block, "in", prefix + "hook_resid_pre", first)
    keep(block, "out", prefix + ("hook_normalized_resid_post" if _post_norm(model, layout) else "hook_resid_post"), first)
    keep(block.get_submodule(layout.attn_out or out), "out", prefix + "hook_attn_out", scaled)
    keep(block.get_submodule(out), "in", prefix + "attn.hook_z", first)
    keep(block.get_submodule(layout.mlp_out), "out", prefix + "hook_mlp_out", scaled)
    mid = _module(block, _mid(model, layout))
    if mid is not None:
        keep(mid, "in", prefix + "hook_resid_mid", first)
    if layout.post_norm:
        keep(block.get_submodule(layout.post_norm), "in", prefix + "hook_resid_post", first)
    attention = block.get_submodule(layout.attention)
    for hook, name in zip("qkv", layout.projections):
        keep(getattr(attention, name), "out", f"{prefix}attn.hook_{hook}", first)
    if layout.split:
        keep(getattr(attention, layout.fused), "out", prefix + "fused", first)


def _post_norm(model, layout: Layout) -> bool:
    """Whether blocks end in a norm."""
    return layout.post_norm is not None or not getattr(model.config, "do_layer_norm_before", True)


def _mid(model, layout: Layout) -> str | None:
    """The module whose input is the residual stream between the halves; none where both halves read the same."""
    config = model.config
    parallel = getattr(config, "use_parallel_residual", False) or (
        config.model_type == "falcon" and (config.parallel_attn or config.new_decoder_architecture)
    )
    if config.model_type == "opt":
        return "final_layer_norm" if config.do_layer_norm_before else "self_attn_layer_norm"
    return None if parallel else layout.mid


def _name_attention(model, layout: Layout, block, prefix: str, values: Values, calls: list, pattern) -> None:
    """Give one block's queries, keys, values and weights their names and shapes."""
    attention = block.get_submodule(layout.attention)
    prefix += "attn."
    heads = pattern.shape[1]
    tokens = pattern.shape[-1]
    values[prefix + "hook_pattern"] = pattern[0]
    values[prefix + "hook_z"] = values[prefix + "hook_z"].reshape(tokens, heads, -1)
    head_dim = getattr(attention, "head_dim", None) or values[prefix + "hook_z"].shape[-1]
    fused = values.pop(prefix.removesuffix("attn.") + "fused", None)
    if fused is not None:
        for hook, value in zip("qkv", layout.split(attention, fused)):
            values[f"{prefix}hook_{hook}"] = value
    if calls:
        ((query, key, value),) = calls
        query, key = (heads[0].transpose(0, 1) for heads in (query, key))
        if layout.fused:  # Falcon's keys, repeated for every query head
            key = key[:, :: key.shape[1] // values[prefix + "hook_k"].shape[1]]
        values[prefix + "hook_rot_q"] = query / attention.scaling if layout.scaled_queries else query
        values[prefix + "hook_rot_k"] = key
        if value is not None:
            values[prefix + "hook_v"] = value[0].transpose(0, 1)
            head_dim = query.shape[-1]
    for hook in ("hook_q", "hook_k", "hook_v"):
        if values.get(prefix + hook, torch.zeros(0, 0, 0)).dim() == 2:
            values[prefix + hook] = values[prefix + hook].reshape(tokens, -1, head_dim)
    limit = getattr(attention, "clip_qkv", None)
    if not calls:  # Nothing between the projection and the product, but for MPT's limit
        for hook in "qk":
            projected = values[f"{prefix}hook_{hook}"]
            values[f"{prefix}hook_rot_{hook}"] = projected.clamp(-limit, limit) if limit else projected
        if limit:
            values[prefix + "hook_v"] = values[prefix + "hook_v"].clamp(-limit, limit)


@contextmanager
def _one_alibi(model) -> Iterator[None]:
    """Falcon's eager product adds ALiBi twice, once with the mask, which its SDPA product (and the model as trained)
    does not: give it halves."""
    module = importlib.import_module(type(model).__module__)
    original = getattr(module, "build_alibi_tensor", None)
    if original is None or model.config.model_type != "falcon":
        yield
        return
    module.build_alibi_tensor = lambda *args, **kwargs: original(*args, **kwargs) / 2
    try:
        yield
    finally:
        module.build_alibi_tensor = original


@contextmanager
def _recorded_product(model) -> Iterator[list[tuple]]:
    """Keep what enters the attention product, one tuple (q, k, v) per layer, where the family's module has a door."""
    module = importlib.import_module(type(model).__module__)
    name = "eager_attention_forward" if hasattr(module, "eager_attention_forward") else "apply_rotary_pos_emb"
    original = getattr(module, name, None)
    calls: list[tuple] = []
    if original is None:
        yield calls
        return

    def product(owner, query, key, value, *args, **kwargs):
        calls.append((query, key, value))
        return original(owner, query, key, value, *args, **kwargs)

    def rotary(*args, **kwargs):
        turned = original(*args, **kwargs)
        calls.append((*turned, None))
        return turned

    setattr(module, name, product if name == "eager_attention_forward" else rotary)
    try:
        yield calls
    finally:
        setattr(module, name, original)
