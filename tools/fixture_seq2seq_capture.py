"""Where each encoder–decoder family of Transformers keeps the values named in the vocabulary.

The source is read by the encoder; the target is the decoder's start token and then the source read backwards, cut to two
thirds, so that the two lengths differ and no second list of tokens is needed.
"""

from dataclasses import dataclass

import torch

from fixture_encoder_capture import Recorder, Values, find, head_outputs


@dataclass(frozen=True)
class Layout:
    """Paths within a block and within each stack."""

    attention: str = "self_attn"
    cross: str = "encoder_attn"
    projections: tuple[str, str, str, str] = ("q_proj", "k_proj", "v_proj", "out_proj")
    """Query, key, value and output, below an attention module."""
    encoder_mlp_out: str = "fc2"
    decoder_mlp_out: str = "fc2"
    blocks: str = "layers"
    final: str = "layer_norm"
    pre_norm: bool = True
    encoder_mid: str = "final_layer_norm"
    """Reads the encoder's residual stream between attention and MLP."""
    decoder_mid: str = "encoder_attn_layer_norm"
    """Reads the decoder's between its two attentions."""
    cross_mid: str = "final_layer_norm"
    """Reads the decoder's between cross-attention and MLP."""
    post: str | None = None
    """The norm that ends a block, in post-norm models."""


_POST = {
    "pre_norm": False,
    "encoder_mid": "self_attn_layer_norm",
    "decoder_mid": "self_attn_layer_norm",
    "cross_mid": "encoder_attn_layer_norm",
    "post": "final_layer_norm",
}
_T5 = Layout(
    attention="layer.0.SelfAttention",
    cross="layer.1.EncDecAttention",
    projections=("q", "k", "v", "o"),
    encoder_mlp_out="layer.1.DenseReluDense",
    decoder_mlp_out="layer.2.DenseReluDense",
    blocks="block",
    final="final_layer_norm",
    encoder_mid="layer.1",
    decoder_mid="layer.1",
    cross_mid="layer.2",
)

LAYOUTS = {
    **dict.fromkeys(("t5", "mt5", "umt5"), _T5),
    **dict.fromkeys(("bart", "marian", "blenderbot-small"), Layout(**_POST)),
    **dict.fromkeys(("mbart", "pegasus", "m2m_100", "blenderbot"), Layout()),
}


def target_of(model, source: list[int]) -> list[int]:
    """The target that goes with `source`: the start token, then the source backwards, cut to two thirds."""
    config = model.config
    vocabulary = getattr(config, "decoder_vocab_size", None) or config.vocab_size
    backwards = [token % vocabulary for token in source[::-1]]
    return [config.decoder_start_token_id, *backwards[: 2 * len(source) // 3]]


def capture(model, tokens: list[int], **inputs) -> Values:
    """Every named value of both stacks over `tokens` and the target that goes with them, without the batch dimension."""
    layout = LAYOUTS[model.config.model_type]
    base = model if model.base_model_prefix == "transformer" else model.base_model
    has_decoder = hasattr(base, "decoder")
    recorder = Recorder()
    for name in ("encoder", "decoder") if has_decoder else ("encoder",):
        _tap_stack(layout, base.get_submodule(name), name, recorder)
    target = {"decoder_input_ids": torch.tensor([target_of(model, tokens)]), "use_cache": False} if has_decoder else {}
    try:
        with torch.no_grad():
            output = model(torch.tensor([tokens]), output_attentions=True, return_dict=True, **target, **inputs)
    finally:
        recorder.remove()

    values = {name: kept[0] for name, kept in recorder.calls.items()}
    encoder_patterns = output.encoder_attentions if has_decoder else output.attentions
    for kind, patterns in (
        ("encoder.{}.attn.", encoder_patterns),
        ("decoder.{}.attn.", output.decoder_attentions if has_decoder else ()),
        ("decoder.{}.cross_attn.", output.cross_attentions if has_decoder else ()),
    ):
        for layer, pattern in enumerate(patterns):
            prefix = kind.format(layer)
            values[prefix + "hook_pattern"] = pattern[0]
            for letter in "qkvz":
                name = f"{prefix}hook_{letter}"
                values[name] = values[name].reshape(values[name].shape[0], pattern.shape[1], -1)
    if has_decoder:
        values["target_tokens"] = target["decoder_input_ids"][0]
    else:
        # The one stack there is has the names of any other model's
        values = {name.replace("encoder.", "blocks.").replace("blocks.hook", "hook"): values[name] for name in values}
        values = {name.replace("blocks.ln_final", "ln_final"): value for name, value in values.items()}
    return values | head_outputs(output)


def _tap_stack(layout: Layout, stack: torch.nn.Module, name: str, recorder: Recorder) -> None:
    """Hang the taps of an encoder or a decoder."""
    factor = getattr(stack, "embed_scale", 1.0)
    taps = (("embed_tokens", "hook_embed", factor), ("embed_positions", "hook_pos_embed", 1.0))
    for path, hook, times in (*taps, (layout.final, "ln_final.hook_normalized", 1.0)):
        module = find(stack, path)
        if module is not None:
            recorder.tap(module, "out", f"{name}.{hook}", times)
    for layer, block in enumerate(stack.get_submodule(layout.blocks)):
        _tap_block(layout, block, name, f"{name}.{layer}.", recorder)


def _tap_block(layout: Layout, block: torch.nn.Module, stack: str, prefix: str, recorder: Recorder) -> None:
    """Hang the taps of one block."""
    decoder = stack == "decoder"
    taps = [
        ("in", "", "hook_resid_pre"),
        ("in", layout.decoder_mid if decoder else layout.encoder_mid, "hook_resid_mid"),
        ("out", layout.decoder_mlp_out if decoder else layout.encoder_mlp_out, "hook_mlp_out"),
        ("out", "", "hook_resid_post" if layout.pre_norm else "hook_normalized_resid_post"),
        *_attention_taps(layout, layout.attention, "attn", "hook_attn_out"),
    ]
    if decoder:
        taps.append(("in", layout.cross_mid, "hook_resid_mid_cross"))
        taps += _attention_taps(layout, layout.cross, "cross_attn", "hook_cross_attn_out")
    if layout.post:
        taps.append(("in", layout.post, "hook_resid_post"))
    for side, path, hook in taps:
        recorder.tap(block.get_submodule(path), side, prefix + hook)


def _attention_taps(layout: Layout, path: str, name: str, out: str) -> list[tuple[str, str, str]]:
    """The taps of one attention module."""
    *projections, output = (f"{path}.{projection}" for projection in layout.projections)
    taps = [("out", projection, f"{name}.hook_{letter}") for letter, projection in zip("qkv", projections)]
    return [*taps, ("in", output, f"{name}.hook_z"), ("out", output, out)]
