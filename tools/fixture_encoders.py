"""The encoder families' parity fixtures: bare, masked-word, classification, token classification and answer-span heads."""

import torch
import transformers
from transformers import (
    AlbertConfig,
    BertConfig,
    DebertaConfig,
    DebertaV2Config,
    DistilBertConfig,
    ElectraConfig,
    ModernBertConfig,
    MPNetConfig,
    RobertaConfig,
    XLMRobertaConfig,
)

from fixture_models import VOCABULARY, Fixture

_BASE = {"vocab_size": VOCABULARY, "max_position_embeddings": 20}
_SMALL = {"hidden_size": 24, "num_attention_heads": 3, "num_hidden_layers": 2, "intermediate_size": 30}
_TINY = {"hidden_size": 20, "num_attention_heads": 2, "num_hidden_layers": 1, "intermediate_size": 23}
_LABELS = {"id2label": {0: "sad", 1: "even", 2: "glad"}, "label2id": {"sad": 0, "even": 1, "glad": 2}}
_TAGS = {f"label2id": {tag: id for id, tag in enumerate("O B-PER I-PER B-LOC I-LOC".split())}}
_TAGS["id2label"] = {id: tag for tag, id in _TAGS["label2id"].items()}
_PADDING = 1


def _with_padding(generator: torch.Generator) -> list[int]:
    """Tokens with RoBERTa's padding token in the middle: it takes no position, and those after it move up."""
    tokens = torch.randint(4, VOCABULARY, (11,), generator=generator).tolist()
    return [0, *tokens[:4], _PADDING, *tokens[4:], _PADDING, 2]


def _unpadded(count: int):
    """Tokens none of which is the padding token."""
    return lambda generator: torch.randint(2, VOCABULARY, (count,), generator=generator).tolist()


def _heads(name: str, classes: str, config: type, shape: dict, notes: str, **options) -> list[Fixture]:
    """One fixture each for three heads of `classes` (RobertaFor…): class, token classes, answer span."""
    make = {"tokens": _unpadded(9)} | options
    return [
        Fixture(f"{name}-{kind}", f"{shows}{notes}", getattr(transformers, classes + suffix), config(**shape, **labels), **make)
        for kind, suffix, labels, shows in (
            ("class", "SequenceClassification", _LABELS, "three classes, named"),
            ("tags", "TokenClassification", _TAGS, "a class for every token"),
            ("answer", "QuestionAnswering", {}, "where an answer starts and ends"),
        )
    ]


def _distilbert(**options) -> DistilBertConfig:
    return DistilBertConfig(**_BASE | {"dim": 24, "n_heads": 3, "n_layers": 2, "hidden_dim": 30} | options)


def _albert(**options) -> AlbertConfig:
    return AlbertConfig(**_BASE | _SMALL | {"embedding_size": 14} | options)


def _electra(**options) -> ElectraConfig:
    return ElectraConfig(**_BASE | _SMALL | {"embedding_size": 14} | options)


def _deberta(**options) -> DebertaConfig:
    return DebertaConfig(**_BASE | _SMALL | {"relative_attention": True, "pos_att_type": "c2p|p2c", "type_vocab_size": 0} | options)


def _deberta_v3(**options) -> DebertaV2Config:
    """The settings that DeBERTa-v3 was published with, but for the sizes."""
    published = {
        "relative_attention": True,
        "pos_att_type": "p2c|c2p",
        "position_buckets": 6,
        "norm_rel_ebd": "layer_norm",
        "share_att_key": True,
        "position_biased_input": False,
        "max_relative_positions": -1,
        "type_vocab_size": 0,
        "layer_norm_eps": 1e-7,
    }
    return DebertaV2Config(**_BASE | _SMALL | published | options)


def _modernbert(**options) -> ModernBertConfig:
    special = {"pad_token_id": 0, "bos_token_id": 1, "cls_token_id": 1, "eos_token_id": 2, "sep_token_id": 2}
    window = {"local_attention": 6, "max_position_embeddings": 64}
    return ModernBertConfig(**_BASE | _SMALL | special | window | options)


_BERTS = [
    Fixture(
        "bert-decoder",
        "BERT as a decoder: causal, the masked-word head gives the next token",
        transformers.BertLMHeadModel,
        BertConfig(**_BASE | _SMALL, is_decoder=True, tie_word_embeddings=False),
        count=9,
        generate=True,
    ),
    *_heads("bert", "BertFor", BertConfig, _BASE | _TINY, "; two segments", token_types=True),
    Fixture(
        "bert-question",
        "a question and its text through the tokenizer, and the answer (question.json)",
        transformers.BertForQuestionAnswering,
        BertConfig(**_BASE | _TINY | {"max_position_embeddings": 48}),
        tokenizer="bert",
        question=("Where did the cat sit?", "The cat, well fed, sat on the mat; the dog ran."),
    ),
    Fixture(
        "roberta-bare",
        "positions from 2 on, but for padding tokens in the middle; a pooler",
        transformers.RobertaModel,
        RobertaConfig(**_BASE | _SMALL, type_vocab_size=1),
        tokens=_with_padding,
    ),
    Fixture(
        "roberta-mlm",
        "masked-word head: gelu always, whatever the blocks use; tied",
        transformers.RobertaForMaskedLM,
        RobertaConfig(**_BASE | _SMALL, type_vocab_size=1, hidden_act="gelu_new", layer_norm_eps=1e-5),
        tokens=_unpadded(10),
    ),
    Fixture(
        "roberta-decoder",
        "RoBERTa as a decoder (no continuation: Transformers 5's generate counts its positions from 0, its forward from 2)",
        transformers.RobertaForCausalLM,
        RobertaConfig(**_BASE | _TINY, type_vocab_size=1, is_decoder=True, tie_word_embeddings=False),
        tokens=_unpadded(8),
    ),
    *_heads("roberta", "RobertaFor", RobertaConfig, _BASE | _TINY | {"type_vocab_size": 1}, "; dense and tanh before"),
    Fixture(
        "xlm-roberta-mlm",
        "XLM-R: RoBERTa under its own name; head not tied",
        transformers.XLMRobertaForMaskedLM,
        XLMRobertaConfig(**_BASE | _SMALL, type_vocab_size=1, layer_norm_eps=1e-5, tie_word_embeddings=False),
        tokens=_unpadded(7),
    ),
    *_heads("xlm-roberta", "XLMRobertaFor", XLMRobertaConfig, _BASE | _TINY | {"type_vocab_size": 1}, ""),
]

_DISTILBERTS = [
    Fixture("distilbert-bare", "no segments", transformers.DistilBertModel, _distilbert(), count=12),
    Fixture(
        "distilbert-mlm",
        "vocab_transform, norm, projector; relu in the blocks",
        transformers.DistilBertForMaskedLM,
        _distilbert(n_layers=1, activation="relu"),
        count=8,
    ),
    *_heads("distilbert", "DistilBertFor", lambda **options: _distilbert(n_layers=1, **options), {}, ""),
]

_ALBERTS = [
    Fixture(
        "albert-bare",
        "six blocks by two groups of two blocks each; embeddings narrower than the model; a pooler",
        transformers.AlbertModel,
        _albert(hidden_size=18, num_hidden_layers=3, num_hidden_groups=2, inner_group_num=2),
        count=7,
    ),
    Fixture(
        "albert-mlm",
        "three layers by one block; the head works at the embedding's width",
        transformers.AlbertForMaskedLM,
        _albert(num_hidden_layers=3),
        count=8,
        token_types=True,
    ),
    *_heads("albert", "AlbertFor", lambda **options: _albert(num_hidden_layers=2, **options), {}, "; gelu_new"),
]

_ELECTRAS = [
    Fixture(
        "electra-bare",
        "embeddings projected to the model's width",
        transformers.ElectraModel,
        _electra(),
        count=12,
        token_types=True,
    ),
    Fixture(
        "electra-equal-widths",
        "no projection where the widths are equal",
        transformers.ElectraModel,
        _electra(embedding_size=24, num_hidden_layers=1),
        count=5,
    ),
    Fixture(
        "electra-discriminator",
        "for every token: was it replaced?",
        transformers.ElectraForPreTraining,
        _electra(num_hidden_layers=1),
        count=9,
    ),
    Fixture(
        "electra-generator",
        "masked-word head at the embedding's width",
        transformers.ElectraForMaskedLM,
        _electra(hidden_act="relu"),
        count=10,
    ),
    *_heads("electra", "ElectraFor", lambda **options: _electra(num_hidden_layers=1, **options), {}, ""),
]

_MPNETS = [
    Fixture(
        "mpnet-bare",
        "one bias for each bucket of distances, shared by all layers; 70 tokens reach the logarithmic buckets",
        transformers.MPNetModel,
        MPNetConfig(**_BASE | {"max_position_embeddings": 80} | _TINY),
        tokens=_unpadded(70),
    ),
    Fixture(
        "mpnet-mlm",
        "two layers, three heads, fewer buckets",
        transformers.MPNetForMaskedLM,
        MPNetConfig(**_BASE | _SMALL),
        tokens=_with_padding,
    ),
    *_heads("mpnet", "MPNetFor", MPNetConfig, _BASE | _TINY, ""),
]

_DEBERTAS = [
    Fixture(
        "deberta-mlm",
        "v1: fused projection with biases apart; both position terms; more tokens than relative positions",
        transformers.DebertaForMaskedLM,
        _deberta(max_relative_positions=7),
        count=12,
    ),
    Fixture(
        "deberta-one-term",
        "v1: content to position only; absolute positions and segments",
        transformers.DebertaModel,
        _deberta(pos_att_type="c2p", type_vocab_size=2, num_hidden_layers=1),
        count=9,
    ),
    Fixture(
        "deberta-plain",
        "v1 without relative positions",
        transformers.DebertaModel,
        _deberta(relative_attention=False, pos_att_type=None, num_hidden_layers=1),
        count=6,
    ),
    Fixture(
        "deberta-v2-own-keys",
        "v2: projections of their own for positions; no buckets; absolute positions and segments",
        transformers.DebertaV2Model,
        DebertaV2Config(
            **_BASE | _SMALL,
            relative_attention=True,
            pos_att_type="c2p|p2c",
            type_vocab_size=2,
            max_relative_positions=7,
        ),
        count=12,
    ),
    Fixture(
        "deberta-v3-bare",
        "v3: shared projections, normed distances, 6 buckets; 60 tokens reach the logarithmic ones",
        transformers.DebertaV2Model,
        _deberta_v3(max_position_embeddings=64, **_TINY),
        count=60,
    ),
    Fixture(
        "deberta-v3-mlm",
        "masked-word head, first form",
        transformers.DebertaV2ForMaskedLM,
        _deberta_v3(),
        count=12,
    ),
    Fixture(
        "deberta-v3-mlm-own-head",
        "masked-word head, second form (`legacy` false): lm_predictions",
        transformers.DebertaV2ForMaskedLM,
        _deberta_v3(legacy=False, num_hidden_layers=1),
        count=7,
    ),
    *_heads("deberta-v3", "DebertaV2For", lambda **options: _deberta_v3(**_TINY, **options), {}, ""),
    *_heads("deberta", "DebertaFor", lambda **options: _deberta(**_TINY, **options), {}, "; v1")[:1],
]

_MODERNBERTS = [
    Fixture(
        "modernbert-bare",
        "every third layer sees all, the others 3 to either side; two rotary bases; first norm left out; 18 tokens",
        transformers.ModernBertModel,
        _modernbert(hidden_size=16, num_attention_heads=2, intermediate_size=18, num_hidden_layers=4),
        count=18,
    ),
    Fixture(
        "modernbert-mlm",
        "biases everywhere; its own pattern of layers and rotary bases",
        transformers.ModernBertForMaskedLM,
        _modernbert(
            norm_bias=True,
            attention_bias=True,
            mlp_bias=True,
            classifier_bias=True,
            global_attn_every_n_layers=2,
            rope_parameters={
                "full_attention": {"rope_type": "default", "rope_theta": 900.0},
                "sliding_attention": {"rope_type": "default", "rope_theta": 70.0},
            },
        ),
        count=13,
    ),
    *_heads("modernbert", "ModernBertFor", lambda **options: _modernbert(**_TINY, **options), {}, "; no biases"),
    Fixture(
        "modernbert-class-mean",
        "classes from the mean of all tokens",
        transformers.ModernBertForSequenceClassification,
        _modernbert(**_TINY, **_LABELS, classifier_pooling="mean"),
        count=8,
    ),
]

FIXTURES = [*_BERTS, *_DISTILBERTS, *_ALBERTS, *_ELECTRAS, *_MPNETS, *_DEBERTAS, *_MODERNBERTS]
