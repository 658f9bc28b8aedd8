"""Where each encoder family of Transformers keeps the values named in the vocabulary, and how they are kept.

Values are taken from the modules' inputs and outputs in the order in which they are called, so that blocks which share
their weights (ALBERT) are told apart. Rotated queries and keys are taken as they enter the attention product.
"""

import importlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

Values = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Layout:
    """Paths within a block and within the bare model."""

    query: str = "attention.self.query"
    key: str = "attention.self.key"
    value: str = "attention.self.value"
    fused: str | None = None
    """One projection for q, k and v, where they are not separate."""
    split: Callable | None = None
    """What the fused projection's output [token, wide] holds: (block, output) → q, k, v, each [token, head · dim]."""
    out: str = "attention.output.dense"
    """The output projection: reads z, gives what attention adds."""
    mid: str = "attention.output.LayerNorm"
    """The norm that reads the residual stream between attention and MLP."""
    mlp_out: str = "output.dense"
    post: str | None = "output.LayerNorm"
    """The norm that ends the block; none in pre-norm models."""
    convolution: str | None = None
    """Replaces the first block's output, where there is one."""
    rotary: bool = False
    blocks: str = "encoder.layer"
    inner: str | None = None
    """Within a group of blocks, the list of them."""
    embed: str = "embeddings.word_embeddings"
    positions: str = "embeddings.position_embeddings"
    token_types: str = "embeddings.token_type_embeddings"
    final: str | None = None


def _modernbert(block: torch.nn.Module, fused: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """All queries, all keys, all values."""
    return fused.chunk(3, dim=-1)


def _deberta(block: torch.nn.Module, fused: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Query, key and value of head 0, then of head 1…; the biases of query and value stand apart."""
    attention = block.attention.self
    parts = fused.view(fused.shape[0], attention.num_attention_heads, 3, -1)
    query, key, value = (parts[:, :, part].flatten(1) for part in range(3))
    return query + attention.q_bias, key, value + attention.v_bias


_BERT = Layout()

LAYOUTS = {
    **dict.fromkeys(("bert", "roberta", "xlm-roberta", "electra"), _BERT),
    "distilbert": Layout(
        query="attention.q_lin",
        key="attention.k_lin",
        value="attention.v_lin",
        out="attention.out_lin",
        mid="sa_layer_norm",
        mlp_out="ffn.lin2",
        post="output_layer_norm",
        blocks="transformer.layer",
    ),
    "albert": Layout(
        query="attention.query",
        key="attention.key",
        value="attention.value",
        out="attention.dense",
        mid="attention.LayerNorm",
        mlp_out="ffn_output",
        post="full_layer_layer_norm",
        blocks="encoder.albert_layer_groups",
        inner="albert_layers",
    ),
    "mpnet": Layout(
        query="attention.attn.q",
        key="attention.attn.k",
        value="attention.attn.v",
        out="attention.attn.o",
        mid="attention.LayerNorm",
    ),
    "deberta": Layout(fused="attention.self.in_proj", split=_deberta),
    "deberta-v2": Layout(
        query="attention.self.query_proj",
        key="attention.self.key_proj",
        value="attention.self.value_proj",
        convolution="encoder.conv",
    ),
    "modernbert": Layout(
        fused="attn.Wqkv",
        split=_modernbert,
        out="attn.Wo",
        mid="mlp_norm",
        mlp_out="mlp.Wo",
        post=None,
        rotary=True,
        blocks="layers",
        embed="embeddings.tok_embeddings",
        final="final_norm",
    ),
}


class Recorder:
    """Keeps what modules are given and give, by hook, in the order of the calls; without the batch dimension."""

    def __init__(self):
        self.calls: dict[str, list[torch.Tensor]] = defaultdict(list)
        self.handles = []

    def tap(self, module: torch.nn.Module, side: str, hook: str, times: float = 1.0) -> None:
        """Keep the input ("in"), or the output ("out") times a factor, of `module` under `hook`."""

        def on_input(_module, args, kwargs):
            self.calls[hook].append((args[0] if args else kwargs["hidden_states"])[0].clone())

        def on_output(_module, _args, output):
            value = output[0] if isinstance(output, tuple) else output
            self.calls[hook].append((value[0] if value.dim() == 3 else value) * times)

        if side == "in":
            self.handles.append(module.register_forward_pre_hook(on_input, with_kwargs=True))
        else:
            self.handles.append(module.register_forward_hook(on_output))

    def remove(self) -> None:
        """Take every tap off."""
        for handle in self.handles:
            handle.remove()


def find(root: torch.nn.Module, path: str | None) -> torch.nn.Module | None:
    """The module at `path`, where there is one."""
    for part in path.split(".") if path else ():
        root = getattr(root, part, None)
    return root if path else None


def capture(model, tokens: list[int], **inputs) -> Values:
    """Every named value of one forward pass over `tokens`, without the batch dimension."""
    layout = LAYOUTS[model.config.model_type]
    base = model.base_model
    recorder = Recorder()
    for hook, path in (
        ("hook_embed", layout.embed),
        ("hook_pos_embed", layout.positions),
        ("hook_token_type_embed", layout.token_types),
        ("ln_final.hook_normalized", layout.final),
        ("convolved", layout.convolution),
    ):
        module = find(base, path)
        if module is not None:
            recorder.tap(module, "out", hook)
    for block in _blocks(base, layout):
        _tap_block(layout, block, recorder)
    try:
        with torch.no_grad(), recorded_product(model, layout.rotary) as product:
            output = model(torch.tensor([tokens]), output_attentions=True, return_dict=True, **inputs)
    finally:
        recorder.remove()

    calls = recorder.calls
    values = {name: kept[0] for name, kept in calls.items() if name.startswith(("hook_", "ln_final"))}
    for hook, kept in calls.items():
        if hook.startswith("block."):
            kept = kept[:: len(kept) // len(output.attentions)]  # Some project relative positions right after tokens
            values |= {f"blocks.{layer}.{hook.removeprefix('block.')}": value for layer, value in enumerate(kept)}
    if "convolved" in calls:
        values["blocks.0.hook_normalized_resid_post"] = calls["convolved"][0]
    for layer, pattern in enumerate(output.attentions):
        _name_attention(layout, _block(base, layout, layer), f"blocks.{layer}.attn.", values, pattern[0])
    for layer, (query, key) in enumerate(product):
        values[f"blocks.{layer}.attn.hook_rot_q"], values[f"blocks.{layer}.attn.hook_rot_k"] = query, key
    values |= head_outputs(output)
    if "logits" in values and values["logits"].shape == (1, len(tokens)):
        values["logits"] = values["logits"].T
    return values


def head_outputs(output) -> Values:
    """What the head says: `logits`, start and end of an answer as its two columns."""
    values = {}
    if "start_logits" in output:
        values["logits"] = torch.stack((output.start_logits[0], output.end_logits[0]), dim=-1)
    elif "logits" in output:
        # Of the whole input: [1, classes]; of every token: [token, classes], of which ELECTRA's judge has one
        values["logits"] = output.logits if output.logits.dim() == 2 else output.logits[0]
    return values


def _blocks(base: torch.nn.Module, layout: Layout) -> list[torch.nn.Module]:
    """Every block once, in order."""
    groups = base.get_submodule(layout.blocks)
    return [block for group in groups for block in getattr(group, layout.inner)] if layout.inner else list(groups)


def _block(base: torch.nn.Module, layout: Layout, layer: int) -> torch.nn.Module:
    """The block of `layer`, or one like it."""
    blocks = _blocks(base, layout)
    return blocks[layer % len(blocks)]


def _tap_block(layout: Layout, block: torch.nn.Module, recorder: Recorder) -> None:
    """Hang the taps of one block."""
    taps = [
        ("in", "", "hook_resid_pre"),
        ("in", layout.out, "attn.hook_z"),
        ("out", layout.out, "hook_attn_out"),
        ("in", layout.mid, "hook_resid_mid"),
        ("out", layout.mlp_out, "hook_mlp_out"),
        ("out", "", "hook_normalized_resid_post" if layout.post else "hook_resid_post"),
    ]
    if layout.post:
        taps.append(("in", layout.post, "hook_resid_post"))
    if layout.fused:
        taps.append(("out", layout.fused, "attn.fused"))
    else:
        projections = zip("qkv", (layout.query, layout.key, layout.value))
        taps += [("out", path, f"attn.hook_{letter}") for letter, path in projections]
    for side, path, hook in taps:
        recorder.tap(block.get_submodule(path), side, f"block.{hook}")


def _name_attention(layout: Layout, block: torch.nn.Module, prefix: str, values: Values, pattern: torch.Tensor) -> None:
    """Give one block's queries, keys and values their names and shapes."""
    heads, tokens = pattern.shape[:2]
    values[prefix + "hook_pattern"] = pattern
    if layout.fused:
        parts = layout.split(block, values.pop(prefix + "fused"))
        values |= {f"{prefix}hook_{letter}": part for letter, part in zip("qkv", parts)}
    for letter in "qkvz":
        name = f"{prefix}hook_{letter}"
        values[name] = values[name].reshape(tokens, heads, -1)
    for letter in "qk":
        values[f"{prefix}hook_rot_{letter}"] = values[f"{prefix}hook_{letter}"]


@contextmanager
def recorded_product(model, wanted: bool) -> Iterator[list[tuple[torch.Tensor, torch.Tensor]]]:
    """Queries and keys, each [token, head, dim], as they enter the attention product, layer after layer."""
    calls: list[tuple[torch.Tensor, torch.Tensor]] = []
    if not wanted:
        yield calls
        return
    module = importlib.import_module(type(model).__module__)
    original = module.eager_attention_forward

    def recording(owner, query, key, *args, **kwargs):
        calls.append((query[0].transpose(0, 1), key[0].transpose(0, 1)))
        return original(owner, query, key, *args, **kwargs)

    module.eager_attention_forward = recording
    try:
        yield calls
    finally:
        module.eager_attention_forward = original
