"""What can be measured on a `LlamaForCausalLM`: used while training and, on the shipped files, by `measure.py`.

A head is (layer, head), counted from 0, written `layer.head`. A knock-out sets a head's output (z) to zero.
"""

import math
from contextlib import contextmanager
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import safe_open
from tokenizers import Tokenizer
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM

BOS = 0
Head = tuple[int, int]


def new_model(settings: dict) -> LlamaForCausalLM:
    """An empty model that can hand out its attention patterns."""
    return LlamaForCausalLM(LlamaConfig(**settings, attn_implementation="eager")).eval()


def load(folder: Path) -> tuple[LlamaForCausalLM, Tokenizer, dict]:
    """The exported model, its f16 weights read as f32, its tokenizer, and the metadata of its weights."""
    model = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    with safe_open(folder / "model.safetensors", "pt") as file:
        facts = file.metadata()
    return model, Tokenizer.from_file(str(folder / "tokenizer.json")), facts


def tensor(ids: list[int]) -> Tensor:
    """A batch of one."""
    return torch.tensor([ids])


@contextmanager
def knocked_out(model: LlamaForCausalLM, heads: list[Head]):
    """Inside, the output of these heads is zero."""
    size = model.config.head_dim

    def hook(layer_heads: list[int]):
        def cut(_module, inputs):
            z = inputs[0].clone()
            for head in layer_heads:
                z[..., head * size:(head + 1) * size] = 0
            return (z,)
        return cut

    handles = []
    for layer in {layer for layer, _ in heads}:
        projection = model.model.layers[layer].self_attn.o_proj
        handles.append(projection.register_forward_pre_hook(hook([h for l, h in heads if l == layer])))
    try:
        yield model
    finally:
        for handle in handles:
            handle.remove()


@torch.no_grad()
def patterns(model: LlamaForCausalLM, ids: Tensor) -> tuple[Tensor, Tensor]:
    """Logits [batch, token, vocab] and patterns [layer, batch, head, query, key]."""
    out = model(ids, output_attentions=True, use_cache=False)
    return out.logits, torch.stack(out.attentions)


def repeated_tokens(vocab: int, rows: int, length: int, seed: int) -> Tensor:
    """`<s>`, then `length` tokens drawn from the upper 7/8 of the vocabulary without repeats, said twice."""
    generator = torch.Generator().manual_seed(seed)
    said = torch.stack([torch.randperm(vocab - vocab // 8, generator=generator)[:length] + vocab // 8
                        for _ in range(rows)])
    return torch.cat((torch.full((rows, 1), BOS), said, said), 1)


def stripes(model: LlamaForCausalLM, rows: int = 32, length: int = 30, seed: int = 1) -> dict:
    """Per head [layer, head]: induction, previous-token and duplicate-token score on tokens said twice.

    Mean over the second saying of the attention to: the token after the first showing, the token before, the
    same token's first showing, `<s>` (row 0).
    Also `right`: how often the next token is right there, and `nats`, the loss.
    """
    ids = repeated_tokens(model.config.vocab_size, rows, length, seed)
    logits, attention = patterns(model, ids)
    mean = attention.mean(1)
    query = torch.arange(length + 1, 2 * length + 1)
    known = logits[:, length + 1:-1]  # predicts the second saying but its first token
    answers = ids[:, length + 2:]
    return {
        "induction": mean[:, :, query, query - length + 1].mean(-1),
        "previous_token": mean[:, :, query, query - 1].mean(-1),
        "duplicate_token": mean[:, :, query, query - length].mean(-1),
        "first_token": mean[:, :, query, 0].mean(-1),
        "right": (known.argmax(-1) == answers).float().mean().item(),
        "nats": F.cross_entropy(known.flatten(0, 1), answers.flatten()).item(),
    }


def best(score: Tensor) -> tuple[float, str]:
    """The highest of [layer, head] and its name."""
    layer, head = divmod(int(score.argmax()), score.shape[1])
    return float(score.max()), f"{layer}.{head}"


@torch.no_grad()
def next_token(model: LlamaForCausalLM, tokenizer, prompts: list[str]) -> tuple[Tensor, Tensor]:
    """Most likely id after each prompt, and all probabilities [prompt, vocab]. Prompts are run one length at a time."""
    encoded = [tokenizer.encode(p).ids for p in prompts]
    probabilities = torch.zeros(len(prompts), model.config.vocab_size)
    for length in sorted(set(map(len, encoded))):
        where = [i for i, ids in enumerate(encoded) if len(ids) == length]
        logits = model(torch.tensor([encoded[i] for i in where]), use_cache=False).logits[:, -1]
        probabilities[where] = logits.softmax(-1)
    return probabilities.argmax(-1), probabilities


def answers_right(model: LlamaForCausalLM, tokenizer, prompts: list[str], answers: list[str]) -> tuple[float, float]:
    """Share of prompts whose most likely next token is the answer, and the answer's mean probability."""
    wanted = torch.tensor([tokenizer.encode(" " + a, add_special_tokens=False).ids[0] for a in answers])
    top, p = next_token(model, tokenizer, prompts)
    return (top == wanted).float().mean().item(), p[torch.arange(len(wanted)), wanted].mean().item()


@torch.no_grad()
def text_loss(model: LlamaForCausalLM, tokenizer, text: str, window: int = 511, every: int = 1) -> dict:
    """Loss on a text cut into windows of `<s>` + `window` tokens: nats per token, bits per byte (UTF-8)."""
    encoded = tokenizer.encode(text, add_special_tokens=False)
    ids, nats, tokens, n_bytes = encoded.ids, 0.0, 0, 0
    starts = range(0, len(ids), window)[::every]
    for start in starts:
        part = ids[start:start + window]
        x = torch.tensor([[BOS] + part])
        logits = model(x[:, :-1], use_cache=False).logits
        nats += F.cross_entropy(logits[0], x[0, 1:], reduction="sum").item()
        tokens += len(part)
        n_bytes += len(tokenizer.decode(part).encode()) if every > 1 else 0
    n_bytes = n_bytes or len(text.encode())
    return {"nats_per_token": nats / tokens, "bits_per_byte": nats / n_bytes / math.log(2), "tokens": tokens,
            "bytes": n_bytes}
