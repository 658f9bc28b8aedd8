"""Run a Transformers model once and keep every intermediate value by its Mnemoscope name."""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

import fixture_decoder_capture
import fixture_encoder_capture
import fixture_seq2seq_capture


@dataclass(frozen=True)
class Tap:
    """One value to keep: the input or the output of the module at `path`."""

    hook: str
    side: str
    path: str
    per_head: bool = False


@dataclass(frozen=True)
class Family:
    """Where a model type keeps the values named in the vocabulary."""

    blocks: str
    block_taps: tuple[Tap, ...]
    model_taps: tuple[Tap, ...]


def _llama_like() -> Family:
    """Llama and Qwen2: pre-norm, rotary, separate projections."""
    return Family(
        blocks="layers",
        block_taps=(
            Tap("hook_resid_pre", "in", ""),
            Tap("attn.hook_q", "out", "self_attn.q_proj", per_head=True),
            Tap("attn.hook_k", "out", "self_attn.k_proj", per_head=True),
            Tap("attn.hook_v", "out", "self_attn.v_proj", per_head=True),
            Tap("hook_attn_out", "out", "self_attn.o_proj"),
            Tap("hook_resid_mid", "in", "post_attention_layernorm"),
            Tap("hook_mlp_out", "out", "mlp"),
            Tap("hook_resid_post", "out", ""),
        ),
        model_taps=(
            Tap("hook_embed", "out", "embed_tokens"),
            Tap("ln_final.hook_normalized", "out", "norm"),
        ),
    )


FAMILIES = {
    "gpt2": Family(
        blocks="h",
        block_taps=(
            Tap("hook_resid_pre", "in", ""),
            Tap("hook_attn_out", "out", "attn.c_proj"),
            Tap("hook_resid_mid", "in", "ln_2"),
            Tap("hook_mlp_out", "out", "mlp"),
            Tap("hook_resid_post", "out", ""),
        ),
        model_taps=(
            Tap("hook_embed", "out", "wte"),
            Tap("hook_pos_embed", "out", "wpe"),
            Tap("ln_final.hook_normalized", "out", "ln_f"),
        ),
    ),
    "llama": _llama_like(),
    "qwen2": _llama_like(),
}


def capture(model, tokens: list[int], **inputs) -> dict[str, torch.Tensor]:
    """Every named value of one forward pass over `tokens`, without the batch dimension."""
    for kind in (fixture_decoder_capture, fixture_encoder_capture, fixture_seq2seq_capture):
        if model.config.model_type in kind.LAYOUTS:
            return kind.capture(model, tokens, **inputs)
    family = FAMILIES[model.config.model_type]
    base = model.base_model
    values: dict[str, torch.Tensor] = {}
    per_head: list[str] = []
    handles = []

    def place(tap: Tap, root: torch.nn.Module, prefix: str) -> None:
        """Hang `tap` on its module below `root`."""
        name = prefix + tap.hook
        if tap.per_head:
            per_head.append(name)
        module = root.get_submodule(tap.path)

        def keep_input(_module, args, kwargs):
            values[name] = (args[0] if args else kwargs["hidden_states"])[0].clone()

        def keep_output(_module, _args, output):
            values[name] = (output[0] if isinstance(output, tuple) else output)[0].clone()

        if tap.side == "in":
            handles.append(module.register_forward_pre_hook(keep_input, with_kwargs=True))
        else:
            handles.append(module.register_forward_hook(keep_output))

    for tap in family.model_taps:
        place(tap, base, "")
    for layer, block in enumerate(base.get_submodule(family.blocks)):
        for tap in family.block_taps:
            place(tap, block, f"blocks.{layer}.")

    try:
        with torch.no_grad(), _recorded_attention(model) as calls:
            output = model(torch.tensor([tokens]), output_attentions=True, use_cache=False, **inputs)
    finally:
        for handle in handles:
            handle.remove()

    for layer, (query, key, value, mixed) in enumerate(calls):
        prefix = f"blocks.{layer}.attn."
        values[prefix + "hook_rot_q"] = _token_first(query)
        values[prefix + "hook_rot_k"] = _token_first(key)
        values.setdefault(prefix + "hook_q", _token_first(query))
        values.setdefault(prefix + "hook_k", _token_first(key))
        values.setdefault(prefix + "hook_v", _token_first(value))
        values[prefix + "hook_z"] = mixed[0]
        values[prefix + "hook_pattern"] = output.attentions[layer][0]
    head_dim = calls[0][0].shape[-1]
    for name in per_head:
        values[name] = values[name].reshape(len(tokens), -1, head_dim)
    if "logits" in output:
        values["logits"] = output.logits[0]
    return values


def _token_first(heads: torch.Tensor) -> torch.Tensor:
    """[1, head, token, dim] to [token, head, dim]."""
    return heads[0].transpose(0, 1)


@contextmanager
def _recorded_attention(model) -> Iterator[list[tuple[torch.Tensor, ...]]]:
    """Keep what enters and leaves the eager attention product, one tuple (q, k, v, z) per layer."""
    module = importlib.import_module(type(model).__module__)
    original = module.eager_attention_forward
    calls: list[tuple[torch.Tensor, ...]] = []

    def recording(owner, query, key, value, *args, **kwargs):
        mixed, pattern = original(owner, query, key, value, *args, **kwargs)
        calls.append((query, key, value, mixed))
        return mixed, pattern

    module.eager_attention_forward = recording
    try:
        yield calls
    finally:
        module.eager_attention_forward = original
