"""The model: a small Llama, with the parameter names of Hugging Face's `LlamaForCausalLM`.

The trainer needs one that `torch.compile` swallows whole; `export.py` writes its weights so that Transformers
(and Mnemoscope) open them as `LlamaForCausalLM`.
"""

import math
from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class Config:
    """Sizes. `head_dim` is width / heads."""

    vocab: int = 3072
    width: int = 192
    layers: int = 6
    heads: int = 6
    mlp: int = 512
    context: int = 512
    theta: float = 10000.0
    eps: float = 1e-5

    @property
    def head_dim(self) -> int:
        """Width of one head."""
        return self.width // self.heads

    def for_transformers(self) -> dict:
        """The keyword arguments of `transformers.LlamaConfig`."""
        return {
            "vocab_size": self.vocab, "hidden_size": self.width, "intermediate_size": self.mlp,
            "num_hidden_layers": self.layers, "num_attention_heads": self.heads,
            "num_key_value_heads": self.heads, "head_dim": self.head_dim, "hidden_act": "silu",
            "max_position_embeddings": self.context, "rms_norm_eps": self.eps, "rope_theta": self.theta,
            "tie_word_embeddings": False, "attention_bias": False, "mlp_bias": False,
            "bos_token_id": 0, "eos_token_id": 1,
        }

    def as_dict(self) -> dict:
        """For the checkpoint."""
        return asdict(self)


class RMSNorm(nn.Module):
    """x / rms(x) * weight, in f32."""

    def __init__(self, width: int, eps: float):
        super().__init__()
        self.weight, self.eps = nn.Parameter(torch.ones(width)), eps

    def forward(self, x: Tensor) -> Tensor:
        """[.., width] to [.., width]."""
        x = x.float()
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.eps) * self.weight


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary positions, halves paired as in Llama. `x` [batch, head, token, head_dim]."""
    a, b = x.chunk(2, -1)
    return x * cos + torch.cat((-b, a), -1) * sin


class Attention(nn.Module):
    """Causal self-attention with rotary positions, no biases."""

    def __init__(self, config: Config):
        super().__init__()
        self.heads, width = config.heads, config.width
        self.q_proj, self.k_proj, self.v_proj, self.o_proj = (nn.Linear(width, width, bias=False) for _ in range(4))

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """[batch, token, width] to the same."""
        batch, tokens, width = x.shape
        q, k, v = (p(x).view(batch, tokens, self.heads, -1).transpose(1, 2)
                   for p in (self.q_proj, self.k_proj, self.v_proj))
        q, k = rotate(q, cos, sin).to(v.dtype), rotate(k, cos, sin).to(v.dtype)
        return self.o_proj(attend(q, k, v).transpose(1, 2).reshape(batch, tokens, width))


def attend(q: Tensor, k: Tensor, v: Tensor, chunk: int = 128) -> Tensor:
    """Causal attention, [batch, head, token, head_dim], written out, `chunk` queries at a time.

    On a CPU, with heads this narrow, the fused kernel's backward pass alone takes longer than all of this.
    """
    tokens, parts = q.shape[2], []
    q = q * (1 / math.sqrt(q.shape[-1]))
    mask = torch.full((tokens, tokens), -1e9, device=q.device).triu(1)
    for start in range(0, tokens, chunk):
        end = min(start + chunk, tokens)
        scores = (q[:, :, start:end] @ k[:, :, :end].transpose(-1, -2)).float() + mask[start:end, :end]
        e = (scores - scores.detach().amax(-1, keepdim=True)).exp()
        parts.append((e.to(v.dtype) @ v[:, :, :end]).float() / e.sum(-1, keepdim=True))
    return torch.cat(parts, 2).to(v.dtype)


class MLP(nn.Module):
    """SwiGLU."""

    def __init__(self, config: Config):
        super().__init__()
        self.gate_proj, self.up_proj = (nn.Linear(config.width, config.mlp, bias=False) for _ in range(2))
        self.down_proj = nn.Linear(config.mlp, config.width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """[.., width] to the same."""
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Block(nn.Module):
    """Pre-norm block."""

    def __init__(self, config: Config):
        super().__init__()
        self.input_layernorm = RMSNorm(config.width, config.eps)
        self.self_attn = Attention(config)
        self.post_attention_layernorm = RMSNorm(config.width, config.eps)
        self.mlp = MLP(config)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """[batch, token, width] to the same."""
        x = x + self.self_attn(self.input_layernorm(x), cos, sin)
        return x + self.mlp(self.post_attention_layernorm(x))


class Body(nn.Module):
    """Embedding, blocks, last norm."""

    def __init__(self, config: Config):
        super().__init__()
        self.embed_tokens = nn.Embedding(config.vocab, config.width)
        self.layers = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm = RMSNorm(config.width, config.eps)
        frequency = config.theta ** (-torch.arange(0, config.head_dim, 2).float() / config.head_dim)
        angle = torch.outer(torch.arange(config.context).float(), frequency).repeat(1, 2)
        self.register_buffer("cos", angle.cos(), persistent=False)
        self.register_buffer("sin", angle.sin(), persistent=False)

    def forward(self, ids: Tensor) -> Tensor:
        """[batch, token] to [batch, token, width]."""
        x, tokens = self.embed_tokens(ids), ids.shape[1]
        for layer in self.layers:
            x = layer(x, self.cos[:tokens], self.sin[:tokens])
        return self.norm(x)


class Storyteller(nn.Module):
    """The whole model: `model.*` and an unembedding of its own (tying it costs the induction heads)."""

    def __init__(self, config: Config):
        super().__init__()
        self.config, self.model = config, Body(config)
        self.lm_head = nn.Linear(config.width, config.vocab, bias=False)

    def initialise(self, generator: torch.Generator) -> None:
        """Embedding N(0,1), unembedding N(0,.02), inner matrices N(0,.7/sqrt(fan-in)), outputs into the stream 0."""
        for name, p in self.named_parameters():
            if p.ndim < 2:
                continue
            if "o_proj" in name or "down_proj" in name:
                p.data.zero_()
                continue
            std = 1.0 if "embed" in name else 0.02 if "lm_head" in name else 0.7 / math.sqrt(p.shape[1])
            p.data.normal_(0.0, std, generator=generator)

    def forward(self, ids: Tensor) -> Tensor:
        """[batch, token] to logits [batch, token, vocab]."""
        return self.lm_head(self.model(ids))

    def loss(self, ids: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        """Weighted cross-entropy, nats per unit of weight."""
        logits = self(ids).float().flatten(0, 1)
        each = F.cross_entropy(logits, targets.flatten(), reduction="none")
        return (each * weights.flatten()).sum() / weights.sum()
