"""The list of parity fixtures: small models of odd shapes in which an error in any tensor shows."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers import BertConfig, GPT2Config, LlamaConfig, Qwen2Config
from transformers.pytorch_utils import Conv1D

import fixture_by_hand

VOCABULARY = 97
Tensors = dict[str, torch.Tensor]


def randomise(model, generator: torch.Generator) -> None:
    """Give every parameter a value that matters: norms off one, biases off zero, attention off uniform."""
    scales = {}
    for path, module in model.named_modules():
        for name, parameter in module.named_parameters(path, recurse=False):
            scales.setdefault(id(parameter), (name, parameter, *_spread(path, module, parameter)))
    with torch.no_grad():
        for _, parameter, mean, spread in sorted(scales.values(), key=lambda entry: entry[0]):
            parameter.copy_(mean + spread * torch.randn(parameter.shape, generator=generator))
        for name, buffer in model.named_buffers():
            if name.endswith("e_score_correction_bias"):  # A buffer, but saved and read like a weight.
                buffer.copy_(0.2 * torch.randn(buffer.shape, generator=generator))


def _randomise_without_queries(model, generator: torch.Generator) -> None:
    """Random weights, but attention with nothing to choose by."""
    randomise(model, generator)
    fixture_by_hand.silence_queries(model)


def _spread(path: str, module: torch.nn.Module, parameter: torch.Tensor) -> tuple[float, float]:
    """Mean and standard deviation for one parameter."""
    if isinstance(module, torch.nn.Embedding):
        return 0.0, 0.5
    if parameter.dim() == 2:
        inputs = parameter.shape[0] if isinstance(module, Conv1D) else parameter.shape[1]
        sharp = any(part in path for part in ("c_attn", "q_proj", "k_proj", "query", "key", "qkv"))
        return 0.0, (1.4 if sharp else 1.0) * inputs**-0.5
    if parameter.dim() == 3:  # One matrix an expert, [expert, out, in] but for gpt-oss.
        inputs = parameter.shape[1 if "GptOss" in type(module).__name__ else 2]
        return 0.0, inputs**-0.5
    if parameter is getattr(module, "weight", None):
        return 1.0, 0.3
    return 0.0, 0.3


@dataclass(frozen=True)
class Fixture:
    """One model to make, and what to ask of it."""

    name: str
    shows: str
    model_class: type
    config: transformers.PretrainedConfig
    count: int = 0
    """How many random tokens to feed; 0 where `tokens` or a tokenizer gives them."""
    period: int = 0
    """Say a random sequence of this length again and again, where not 0."""
    tokens: Callable[[torch.Generator], list[int]] | None = None
    set_weights: Callable = randomise
    architecture: str | None = None
    """What config.json claims, where the class does not say it."""
    dtype: torch.dtype = torch.float32
    shard_bytes: int | None = None
    relayout: Callable[[Tensors], Tensors] | None = None
    """What turns the saved tensors into another program's or an older version's layout."""
    class_options: dict = field(default_factory=dict)
    tokenizer: str | None = None
    token_types: bool = False
    question: tuple[str, str] | None = None
    """Ask the first of the second, and write the answer to question.json."""
    measures: bool = False
    generate: bool = False
    seed: int = 0
    """Another draw of the same model, where the first makes a dull continuation or a close call."""
    check: Callable[[Tensors, list[int]], dict | None] | None = None
    """Claims to assert; what it returns goes to probe.json."""

    def generator(self) -> torch.Generator:
        """A source of randomness that depends on nothing but the fixture's name and seed."""
        return torch.Generator().manual_seed(zlib.crc32(self.name.encode()) + self.seed)

    def random_tokens(self, generator: torch.Generator) -> list[int]:
        """The token ids to feed."""
        if self.tokens:
            return self.tokens(generator)
        ids = torch.randint(0, self.config.vocab_size, (self.count,), generator=generator).tolist()
        if self.period:
            ids = [ids[position % self.period] for position in range(self.count)]
        return ids


def _gpt2(**options) -> GPT2Config:
    return GPT2Config(**{"vocab_size": VOCABULARY, "n_positions": 16, "bos_token_id": 0, "eos_token_id": 0} | options)


def _llama(**options) -> LlamaConfig:
    return LlamaConfig(**{"vocab_size": VOCABULARY, "max_position_embeddings": 64} | options)


def _qwen2(**options) -> Qwen2Config:
    return Qwen2Config(**{"vocab_size": VOCABULARY, "max_position_embeddings": 64} | options)


def _bert(**options) -> BertConfig:
    return BertConfig(**{"vocab_size": VOCABULARY, "max_position_embeddings": 16} | options)


def _gpt2_hub_layout(tensors: Tensors) -> Tensors:
    """GPT-2 as first published: no `transformer.` prefix, and each layer's causal mask among the weights."""
    bare = {name.removeprefix("transformer."): tensor for name, tensor in tensors.items()}
    positions = bare["wpe.weight"].shape[0]
    layers = {name.split(".")[1] for name in bare if name.startswith("h.")}
    for layer in sorted(layers):
        bare[f"h.{layer}.attn.bias"] = torch.ones(positions, positions).tril()[None, None]
        bare[f"h.{layer}.attn.masked_bias"] = torch.tensor(-1e4)
    return bare


def _llama_with_rotary_buffers(tensors: Tensors) -> Tensors:
    """Llama as the first converters wrote it: each layer's rotary frequencies (unscaled) among the weights."""
    layers = {name.split(".")[2] for name in tensors if name.startswith("model.layers.")}
    frequencies = 10000.0 ** -(torch.arange(0, 8, 2) / 8)
    extra = {f"model.layers.{layer}.self_attn.rotary_emb.inv_freq": frequencies.clone() for layer in sorted(layers)}
    return tensors | extra


def _bert_hub_layout(tensors: Tensors) -> Tensors:
    """BERT as first published: norms called gamma and beta; a pooler and a next-sentence head come along."""
    renamed = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): tensor
        for name, tensor in tensors.items()
    }
    width = tensors["bert.embeddings.word_embeddings.weight"].shape[1]
    return renamed | {
        "bert.pooler.dense.weight": torch.eye(width),
        "bert.pooler.dense.bias": torch.ones(width),
        "cls.seq_relationship.weight": torch.ones(2, width),
        "cls.seq_relationship.bias": torch.zeros(2),
    }


def _bert_with_position_ids(tensors: Tensors) -> Tensors:
    """BERT as Transformers 4.0 to 4.30 saved it: the positions 0, 1, 2… among the weights."""
    positions = tensors["embeddings.position_embeddings.weight"].shape[0]
    return tensors | {"embeddings.position_ids": torch.arange(positions)[None]}


def save(model, fixture: Fixture, folder: Path) -> None:
    """Write `model` as the fixture wants it laid out."""
    if fixture.architecture:
        model.config.architectures = [fixture.architecture]
    limits = {"max_shard_size": fixture.shard_bytes} if fixture.shard_bytes else {}
    model.to(fixture.dtype).save_pretrained(folder, **limits)
    if fixture.relayout:
        path = folder / "model.safetensors"
        save_file(fixture.relayout(load_file(path)), path, metadata={"format": "pt"})


def load(fixture: Fixture, folder: Path, config=None):
    """Open a saved model in float32 with eager attention."""
    return fixture.model_class.from_pretrained(
        folder,
        config=config or type(fixture.config).from_pretrained(folder),
        dtype=torch.float32,
        attn_implementation="eager",
        experts_implementation="eager",
        **fixture.class_options,
    ).eval()


_LLAMA_SMALL = {"hidden_size": 24, "num_attention_heads": 3, "num_hidden_layers": 2, "intermediate_size": 20}

FIXTURES = [
    Fixture(
        "gpt2-odd",
        "3 heads of 12; own MLP width; the whole context used",
        transformers.GPT2LMHeadModel,
        _gpt2(n_embd=36, n_head=3, n_layer=2, n_inner=50, n_positions=13),
        count=13,
        period=5,
        measures=True,
    ),
    Fixture(
        "gpt2-one-head-one-layer",
        "one head, one layer, MLP width by default",
        transformers.GPT2LMHeadModel,
        _gpt2(n_embd=10, n_head=1, n_layer=1),
        count=9,
    ),
    Fixture(
        "gpt2-scale-variants",
        "scores divided by layer number; exact gelu; norm epsilon 1e-3; 5 heads of 7",
        transformers.GPT2LMHeadModel,
        _gpt2(
            n_embd=35,
            n_head=5,
            n_layer=3,
            n_inner=33,
            activation_function="gelu",
            scale_attn_by_inverse_layer_idx=True,
            layer_norm_epsilon=1e-3,
        ),
        count=11,
    ),
    Fixture(
        "gpt2-unscaled",
        "scores not divided by sqrt(head_dim); relu; head not tied",
        transformers.GPT2LMHeadModel,
        _gpt2(
            n_embd=24,
            n_head=4,
            n_layer=2,
            n_inner=29,
            activation_function="relu",
            scale_attn_weights=False,
            tie_word_embeddings=False,
        ),
        count=7,
        generate=True,
    ),
    Fixture(
        "gpt2-bare",
        "saved from GPT2Model: no `transformer.` prefix, no head, no logits",
        transformers.GPT2Model,
        _gpt2(n_embd=20, n_head=2, n_layer=2, n_inner=31),
        count=6,
    ),
    Fixture(
        "gpt2-hub-layout",
        "as GPT-2 was published: no prefix but a tied head, attn.bias and masked_bias; vocab.json + merges.txt",
        transformers.GPT2LMHeadModel,
        _gpt2(n_embd=24, n_head=3, n_layer=2, n_inner=32, vocab_size=300, bos_token_id=299, eos_token_id=299),
        relayout=_gpt2_hub_layout,
        tokenizer="gpt2",
    ),
    Fixture(
        "llama-gqa",
        "6 heads share 2 KV heads; rope_theta 5000",
        transformers.LlamaForCausalLM,
        _llama(
            hidden_size=36,
            num_attention_heads=6,
            num_key_value_heads=2,
            num_hidden_layers=2,
            intermediate_size=44,
            rope_parameters={"rope_type": "default", "rope_theta": 5000.0},
        ),
        count=12,
        period=5,
        measures=True,
        generate=True,
    ),
    Fixture(
        "llama-mqa-headdim",
        "1 KV head; head_dim 10 where width/heads is 12; attention and MLP biases; rms_norm_eps 1e-3",
        transformers.LlamaForCausalLM,
        _llama(
            hidden_size=36,
            num_attention_heads=3,
            num_key_value_heads=1,
            head_dim=10,
            num_hidden_layers=2,
            intermediate_size=31,
            attention_bias=True,
            mlp_bias=True,
            rms_norm_eps=1e-3,
        ),
        count=8,
    ),
    Fixture(
        "llama3-rope",
        "llama3 rope scaling past its original 32 positions, all three frequency bands; 44 tokens",
        transformers.LlamaForCausalLM,
        _llama(
            hidden_size=24,
            num_attention_heads=2,
            num_key_value_heads=1,
            head_dim=16,
            num_hidden_layers=2,
            intermediate_size=20,
            max_position_embeddings=256,
            rope_parameters={
                "rope_type": "llama3",
                "rope_theta": 500.0,
                "factor": 8.0,
                "low_freq_factor": 1.0,
                "high_freq_factor": 4.0,
                "original_max_position_embeddings": 32,
            },
        ),
        count=44,
    ),
    Fixture(
        "llama-tied",
        "head tied to the embedding; tokenizer.json (byte-level BPE, begin-of-text first)",
        transformers.LlamaForCausalLM,
        _llama(
            **_LLAMA_SMALL,
            vocab_size=300,
            bos_token_id=298,
            eos_token_id=299,
            tie_word_embeddings=True,
        ),
        tokenizer="llama",
    ),
    Fixture(
        "llama-bf16",
        "weights stored in bfloat16; expected from the rounded weights in float32",
        transformers.LlamaForCausalLM,
        _llama(**_LLAMA_SMALL),
        count=5,
        dtype=torch.bfloat16,
    ),
    Fixture(
        "llama-f16-sharded",
        "weights in float16 over several shards with an index",
        transformers.LlamaForCausalLM,
        _llama(**_LLAMA_SMALL),
        count=7,
        dtype=torch.float16,
        shard_bytes=8000,
    ),
    Fixture(
        "llama-linear-rope",
        "linear rope scaling by 2.5; stale rotary_emb.inv_freq tensors; config.v4.json spells the kind `type`",
        transformers.LlamaForCausalLM,
        _llama(**_LLAMA_SMALL, rope_parameters={"rope_type": "linear", "rope_theta": 10000.0, "factor": 2.5}),
        count=10,
        relayout=_llama_with_rotary_buffers,
    ),
    Fixture(
        "llama-one-token",
        "a single token through a single layer; width 33",
        transformers.LlamaForCausalLM,
        _llama(hidden_size=33, num_attention_heads=3, head_dim=8, num_hidden_layers=1, intermediate_size=17),
        count=1,
    ),
    Fixture(
        "qwen2-odd",
        "biases on q, k, v only; tied; 6 heads share 3 KV heads; rope_theta 1e6",
        transformers.Qwen2ForCausalLM,
        _qwen2(
            hidden_size=36,
            num_attention_heads=6,
            num_key_value_heads=3,
            num_hidden_layers=2,
            intermediate_size=41,
            tie_word_embeddings=True,
            rope_parameters={"rope_type": "default", "rope_theta": 1000000.0},
        ),
        count=9,
    ),
    Fixture(
        "qwen2-window",
        "a sliding window of 4 from layer 1 on",
        transformers.Qwen2ForCausalLM,
        _qwen2(
            hidden_size=24,
            num_attention_heads=3,
            num_key_value_heads=1,
            num_hidden_layers=3,
            intermediate_size=20,
            use_sliding_window=True,
            sliding_window=4,
            max_window_layers=1,
        ),
        count=13,
    ),
    Fixture(
        "bert-mlm",
        "masked-language head; the padding row is not zero; token types (expected.token_types.safetensors); vocab.txt",
        transformers.BertForMaskedLM,
        _bert(hidden_size=36, num_attention_heads=3, num_hidden_layers=2, intermediate_size=50),
        tokenizer="bert",
        token_types=True,
    ),
    Fixture(
        "bert-bare",
        "saved from BertModel: no `bert.` prefix, a pooler, position_ids among the weights; token 0 in the middle; "
        "gelu_new",
        transformers.BertModel,
        _bert(hidden_size=20, num_attention_heads=5, num_hidden_layers=3, intermediate_size=27, hidden_act="gelu_new"),
        tokens=lambda _: [2, 40, 0, 40, 0, 77, 96, 5, 0, 3],
        relayout=_bert_with_position_ids,
    ),
    Fixture(
        "bert-no-pooler",
        "BertModel without a pooler; relu; one token type; layer_norm_eps 1e-5",
        transformers.BertModel,
        _bert(
            hidden_size=18,
            num_attention_heads=1,
            num_hidden_layers=1,
            intermediate_size=25,
            hidden_act="relu",
            type_vocab_size=1,
            layer_norm_eps=1e-5,
        ),
        count=3,
        class_options={"add_pooling_layer": False},
    ),
    Fixture(
        "bert-hub-layout",
        "as BERT was published: LayerNorm.gamma and beta, with a pooler and next-sentence head nobody asked for",
        transformers.BertForMaskedLM,
        _bert(hidden_size=24, num_attention_heads=4, num_hidden_layers=2, intermediate_size=30),
        count=8,
        relayout=_bert_hub_layout,
    ),
    Fixture(
        "induction-by-hand",
        "weights set by hand: head 0.0 previous token, head 1.1 induction, 0.1 and 1.0 uniform",
        transformers.GPT2LMHeadModel,
        fixture_by_hand.induction_config(),
        tokens=fixture_by_hand.induction_tokens,
        set_weights=fixture_by_hand.set_induction_weights,
        check=fixture_by_hand.check_induction,
        measures=True,
    ),
    Fixture(
        "uniform-by-hand",
        "W_Q = 0: every head spreads evenly over what it can see",
        transformers.LlamaForCausalLM,
        _llama(hidden_size=24, num_attention_heads=4, num_key_value_heads=2, num_hidden_layers=2, intermediate_size=20),
        count=12,
        period=4,
        set_weights=_randomise_without_queries,
        check=fixture_by_hand.check_all_uniform,
        measures=True,
    ),
]
