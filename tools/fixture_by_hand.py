"""Weights set by hand: an induction circuit that can be read off, and attention that is exactly uniform."""

import math

import torch
from transformers import GPT2Config

VOCABULARY = 16
POSITIONS = 32
WIDTH = 2 * VOCABULARY + POSITIONS
HEADS = 2
BETA = 10.0
PERIOD = 12
COPY_GAIN = 2.0
LOGIT_GAIN = 4.0

# The residual stream: this token, this position, the token before it (each one-hot).
TOKEN = slice(0, VOCABULARY)
POSITION = slice(VOCABULARY, VOCABULARY + POSITIONS)
PREVIOUS = slice(VOCABULARY + POSITIONS, WIDTH)


def induction_config() -> GPT2Config:
    """Two layers of two heads; the MLPs are there and do nothing."""
    return GPT2Config(
        vocab_size=VOCABULARY,
        n_positions=POSITIONS,
        n_embd=WIDTH,
        n_head=HEADS,
        n_layer=2,
        n_inner=4,
        bos_token_id=None,
        eos_token_id=None,
    )


def induction_tokens(generator: torch.Generator) -> list[int]:
    """PERIOD different tokens, said twice."""
    once = torch.randperm(VOCABULARY, generator=generator)[:PERIOD].tolist()
    return once + once


def set_induction_weights(model, _generator: torch.Generator) -> None:
    """Head 0.0 attends to the position before; head 1.1 to what followed this token; 0.1 and 1.0 are uniform.

    Every LayerNorm that matters sees a constant mean and (but for e^-BETA) variance, so its weight and
    bias are set to undo it. At position 0 head 0.0 can only see itself, so that key would claim to follow
    its own token: head 1.1 takes BETA off it.
    """
    base = model.transformer
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        base.wte.weight[:, TOKEN] = torch.eye(VOCABULARY)
        base.wpe.weight[:, POSITION] = torch.eye(POSITIONS)
        for ones, block in zip((2, 3), base.h, strict=True):
            mean = ones / WIDTH
            block.ln_1.weight.fill_(math.sqrt(mean - mean**2 + block.ln_1.eps))
            block.ln_1.bias.fill_(mean)
            block.ln_2.weight.fill_(1)
        base.ln_f.weight.fill_(LOGIT_GAIN)

        head_dim = WIDTH // HEADS
        gain = BETA * math.sqrt(head_dim)
        tokens = torch.eye(VOCABULARY)

        query, key, value = _projections(base.h[0].attn, head=0)
        query.weight[POSITION] = gain * torch.eye(POSITIONS)
        key.weight[POSITION] = torch.eye(POSITIONS).roll(1, dims=1)
        value.weight[TOKEN, :VOCABULARY] = tokens
        base.h[0].attn.c_proj.weight[:VOCABULARY, PREVIOUS] = tokens

        query, key, value = _projections(base.h[1].attn, head=1)
        query.weight[TOKEN, :VOCABULARY] = gain * tokens
        query.bias[VOCABULARY] = gain
        key.weight[PREVIOUS, :VOCABULARY] = tokens
        key.weight[POSITION.start, VOCABULARY] = -1
        value.weight[TOKEN, :VOCABULARY] = tokens
        base.h[1].attn.c_proj.weight[head_dim : head_dim + VOCABULARY, TOKEN] = COPY_GAIN * tokens


class _Projection:
    """The columns of a fused projection that make one head's queries, keys or values."""

    def __init__(self, fused, columns: slice):
        self.weight = fused.weight[:, columns]
        self.bias = fused.bias[columns]


def _projections(attention, head: int) -> list[_Projection]:
    """Views of the query, key and value columns of one head."""
    head_dim = WIDTH // HEADS
    starts = [part * WIDTH + head * head_dim for part in range(3)]
    return [_Projection(attention.c_attn, slice(start, start + head_dim)) for start in starts]


def check_induction(values: dict[str, torch.Tensor], tokens: list[int]) -> dict:
    """Assert the closed-form claims; return the contents of probe.json."""
    bound = 1 - len(tokens) * math.exp(-BETA)
    previous = values["blocks.0.attn.hook_pattern"][0].diagonal(-1)
    stripe = values["blocks.1.attn.hook_pattern"][1].diagonal(1 - PERIOD)[1:]
    assert previous.min() >= bound and stripe.min() >= bound, (previous.min(), stripe.min(), bound)
    for layer, head in ((0, 1), (1, 0)):
        check_uniform(values[f"blocks.{layer}.attn.hook_pattern"][head])
    following = tokens[PERIOD + 1 :] + tokens[:1]
    assert values["logits"][PERIOD:].argmax(-1).tolist() == following
    return {
        "period": PERIOD,
        "tokens": tokens,
        "beta": BETA,
        "bound": bound,
        "previous_token_head": [0, 0],
        "induction_head": [1, 1],
        "previous_token": previous.mean().item(),
        "induction_stripe": stripe.mean().item(),
        "next_in_second_half": following,
    }


def silence_queries(model) -> None:
    """Make every query of a Llama zero."""
    with torch.no_grad():
        for block in model.model.layers:
            block.self_attn.q_proj.weight.zero_()


def check_uniform(patterns: torch.Tensor) -> None:
    """Assert that every row of causal `patterns` [..., query, key] is 1/(q+1) on its keys."""
    count = patterns.shape[-1]
    wanted = torch.ones(count, count).tril() / torch.arange(1, count + 1)[:, None]
    torch.testing.assert_close(patterns, wanted.expand_as(patterns), rtol=1e-6, atol=0)


def check_all_uniform(values: dict[str, torch.Tensor], _tokens: list[int]) -> None:
    """Assert that every head of every layer is uniform."""
    for name, value in values.items():
        if name.endswith("hook_pattern"):
            check_uniform(value)
