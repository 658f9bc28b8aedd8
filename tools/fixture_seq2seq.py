"""The encoder–decoder families' parity fixtures, below tests/fixtures/seq2seq: unequal depths and head counts."""

from collections.abc import Callable

import torch
import transformers
from transformers import (
    BartConfig,
    BlenderbotConfig,
    BlenderbotSmallConfig,
    M2M100Config,
    MarianConfig,
    MBartConfig,
    MT5Config,
    PegasusConfig,
    T5Config,
    UMT5Config,
)

from fixture_models import VOCABULARY, Fixture, randomise

_T5_SHAPE = {"vocab_size": VOCABULARY, "d_model": 20, "d_kv": 7, "d_ff": 26, "num_heads": 3, "num_layers": 2}
_T5_SHAPE |= {"num_decoder_layers": 1, "relative_attention_num_buckets": 8, "relative_attention_max_distance": 14}
_T5_SHAPE |= {"decoder_start_token_id": 0, "pad_token_id": 0, "eos_token_id": 1}
_BART_SHAPE = {"vocab_size": VOCABULARY, "d_model": 24, "max_position_embeddings": 32, "decoder_start_token_id": 2}
_BART_SHAPE |= {"encoder_layers": 1, "decoder_layers": 2, "encoder_ffn_dim": 22, "decoder_ffn_dim": 27}
_BART_SHAPE |= {"encoder_attention_heads": 2, "decoder_attention_heads": 3, "forced_eos_token_id": None}


def set_weights(model, generator: torch.Generator) -> None:
    """Random weights, the logits' fixed bias among them; sines and cosines stay what they are."""
    randomise(model, generator)
    with torch.no_grad():
        for module in model.modules():
            if hasattr(module, "create_weight"):
                module.weight.copy_(module.create_weight())
        if hasattr(model, "final_logits_bias"):
            bias = model.final_logits_bias
            bias.copy_(0.3 * torch.randn(bias.shape, generator=generator))


def _words(count: int) -> Callable[[torch.Generator], list[int]]:
    """`count` tokens that are nothing special."""
    return lambda generator: torch.randint(4, VOCABULARY, (count,), generator=generator).tolist()


def _make(name: str, shows: str, model_class: type, config, count: int = 9, **options) -> Fixture:
    options = {"tokens": _words(count), "set_weights": set_weights} | options
    return Fixture(f"seq2seq/{name}", shows, model_class, config, **options)


FIXTURES = [
    _make(
        "t5-first",
        "T5 1.0: relu, tied, logits scaled; head width of its own; 18 tokens reach the logarithmic buckets",
        transformers.T5ForConditionalGeneration,
        T5Config(**_T5_SHAPE),
        count=18,
    ),
    _make(
        "t5-gated",
        "T5 1.1, Flan: gated gelu, head not tied, logits not scaled",
        transformers.T5ForConditionalGeneration,
        T5Config(**_T5_SHAPE, feed_forward_proj="gated-gelu", tie_word_embeddings=False),
        generate=True,
    ),
    _make(
        "t5-ul2",
        "UL2: gated silu; more layers below than above",
        transformers.T5ForConditionalGeneration,
        T5Config(**_T5_SHAPE | {"num_layers": 1, "num_decoder_layers": 2}, feed_forward_proj="gated-silu"),
    ),
    _make(
        "t5-bare",
        "T5Model: no head",
        transformers.T5Model,
        T5Config(**_T5_SHAPE | {"num_layers": 1}),
    ),
    _make(
        "t5-encoder",
        "the encoder alone",
        transformers.T5EncoderModel,
        T5Config(**_T5_SHAPE, feed_forward_proj="gated-gelu"),
    ),
    _make(
        "mt5",
        "mT5: gated gelu, head not tied",
        transformers.MT5ForConditionalGeneration,
        MT5Config(**_T5_SHAPE | {"num_layers": 1}, tie_word_embeddings=False),
    ),
    _make(
        "umt5",
        "umT5: every layer has its own table of distances",
        transformers.UMT5ForConditionalGeneration,
        UMT5Config(**_T5_SHAPE | {"num_decoder_layers": 2}, tie_word_embeddings=False),
        count=12,
    ),
    _make(
        "bart",
        "post-norm; learned positions from 2 on; norm over the embeddings; fixed bias on the logits",
        transformers.BartForConditionalGeneration,
        BartConfig(**_BART_SHAPE),
    ),
    _make(
        "bart-bare",
        "BartModel: no head; embeddings scaled",
        transformers.BartModel,
        BartConfig(**_BART_SHAPE | {"encoder_layers": 2, "decoder_layers": 1}, scale_embedding=True),
    ),
    _make(
        "mbart",
        "pre-norm with a final norm in both stacks; embeddings scaled",
        transformers.MBartForConditionalGeneration,
        MBartConfig(**_BART_SHAPE, scale_embedding=True),
    ),
    _make(
        "marian",
        "post-norm; sines and cosines for positions; swish; embeddings scaled; one vocabulary",
        transformers.MarianMTModel,
        MarianConfig(**_BART_SHAPE, scale_embedding=True, activation_function="swish", pad_token_id=3, eos_token_id=0),
        generate=True,
    ),
    _make(
        "marian-two-vocabularies",
        "source and target have vocabularies of their own",
        transformers.MarianMTModel,
        MarianConfig(
            **_BART_SHAPE | {"decoder_layers": 1},
            decoder_vocab_size=61,
            share_encoder_decoder_embeddings=False,
            pad_token_id=3,
            eos_token_id=0,
        ),
    ),
    _make(
        "pegasus",
        "pre-norm; sines and cosines; relu; embeddings scaled",
        transformers.PegasusForConditionalGeneration,
        PegasusConfig(
            **_BART_SHAPE | {"decoder_start_token_id": 0}, scale_embedding=True, activation_function="relu"
        ),
    ),
    _make(
        "m2m100",
        "M2M100, NLLB: pre-norm; interleaved sines after a pair of empty positions; embeddings scaled",
        transformers.M2M100ForConditionalGeneration,
        M2M100Config(**_BART_SHAPE, scale_embedding=True, activation_function="relu"),
        generate=True,
    ),
    _make(
        "blenderbot",
        "pre-norm; learned positions from 0 on",
        transformers.BlenderbotForConditionalGeneration,
        BlenderbotConfig(**_BART_SHAPE | {"decoder_start_token_id": 1}, scale_embedding=True),
    ),
    _make(
        "blenderbot-small",
        "post-norm; learned positions from 0 on; norm over the embeddings, which are scaled in the encoder alone",
        transformers.BlenderbotSmallForConditionalGeneration,
        BlenderbotSmallConfig(**_BART_SHAPE | {"decoder_start_token_id": 1}, scale_embedding=True),
    ),
]
