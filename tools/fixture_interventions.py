#!/usr/bin/env python3
"""Make tests/fixtures/interventions: what Transformers computes when the same edits are made with PyTorch hooks.

The models are those of tools/make_fixtures.py, opened from tests/fixtures. Needs torch, transformers, safetensors.

    python tools/fixture_interventions.py
"""

import importlib
import json
from collections.abc import Callable
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy
import torch
from safetensors.torch import load_file, save_file

import fixture_experts
from fixture_models import FIXTURES, load

ROOT = Path(__file__).resolve().parent.parent / "tests" / "fixtures"
FOLDER = ROOT / "interventions"
INFINITY = float("inf")


@dataclass(frozen=True)
class Family:
    """Where a model type has what is edited: paths below one block."""

    blocks: str
    z: str
    """The output projection: its input is z, its output what attention adds."""
    mlp: str
    mlp_post: str
    mid: str
    """The module whose input is the residual stream between attention and MLP."""
    query: str = ""
    value: str = ""
    norms: tuple[str, str] = ("", "")
    """The block's two norms."""
    embed: str = ""
    """Below the whole model: the words' vectors, the positions', the norm before the unembedding."""
    positions: str = ""
    final: str = ""


FAMILIES = {
    "gpt2-odd": Family(
        "h",
        "attn.c_proj",
        "mlp",
        "mlp.c_proj",
        "ln_2",
        norms=("ln_1", "ln_2"),
        embed="transformer.wte",
        positions="transformer.wpe",
        final="transformer.ln_f",
    ),
    "llama-gqa": Family(
        "layers",
        "self_attn.o_proj",
        "mlp",
        "mlp.down_proj",
        "post_attention_layernorm",
        "self_attn.q_proj",
        "self_attn.v_proj",
        norms=("input_layernorm", "post_attention_layernorm"),
        embed="model.embed_tokens",
        final="model.norm",
    ),
    "bert-hub-layout": Family(
        "encoder.layer",
        "attention.output.dense",
        "output.dense",
        "output.dense",
        "attention.output.LayerNorm",
        "attention.self.query",
        "attention.self.value",
        norms=("attention.output.LayerNorm", "output.LayerNorm"),
        embed="bert.embeddings.word_embeddings",
        positions="bert.embeddings.position_embeddings",
    ),
}
SINKS = {
    "gpt-oss-odd": Family(
        "layers", "self_attn.o_proj", "mlp", "", "post_attention_layernorm", norms=("input_layernorm", "")
    ),
}

Edit = Callable[[torch.Tensor], None]
"""Changes an activation of one prompt in place: [token, …], or scores and weights [head, query, key]."""


class Run:
    """One model with edits, given as hooks and as changes of attention."""

    def __init__(self, name: str):
        known = [*FIXTURES, *fixture_experts.FIXTURES]
        fixture = next(fixture for fixture in known if fixture.name == name)
        self.model = load(fixture, ROOT / name)
        self.family = (FAMILIES | SINKS)[name]
        self.blocks = self.model.base_model.get_submodule(self.family.blocks)
        config = self.model.config
        self.heads = config.num_attention_heads
        self.kv_heads = getattr(config, "num_key_value_heads", self.heads)
        self.dim = getattr(config, "head_dim", None) or config.hidden_size // self.heads
        self.causal = config.model_type != "bert"

    def __call__(
        self, tokens, inputs=(), outputs=(), scores=(), weights=(), keys=(), scales=(), logits=None, keep=None
    ):
        """Patterns [layer, head, query, key], logits, and what `keep` (layer, path, side) says.

        `inputs`, `outputs` and `scales`, of what a norm divides by: (layer, path, edit), a layer of None for a path below
        the whole model; `scores`, `weights` and `keys`: (layer, edit); `logits`: an edit.
        """
        kept = []
        with ExitStack() as stack:
            for layer, path, edit in inputs:
                stack.callback(self._hook(layer, path, "in", edit).remove)
            for layer, path, edit in outputs:
                stack.callback(self._hook(layer, path, "out", edit).remove)
            for layer, path, edit in scales:
                stack.callback(self._scale(layer, path, edit).remove)
            if keep and keep[2] == "scale":
                stack.callback(self._scale(*keep[:2], lambda x: kept.append(x.clone())).remove)
            elif keep:
                stack.callback(self._hook(*keep, lambda x: kept.append(x.clone())).remove)
            patterns = stack.enter_context(self._attention(scores, weights, keys))
            with torch.no_grad():
                output = self.model(torch.tensor([tokens]), output_attentions=True, use_cache=False)
        said = output.logits[0].clone()
        if logits:
            logits(said)
        return torch.stack(patterns), said, kept[0] if kept else None

    def _module(self, layer: int | None, path: str):
        return (self.model if layer is None else self.blocks[layer]).get_submodule(path)

    def _scale(self, layer: int | None, path: str, edit: Edit):
        """A norm written out, with an edit of what it divides each row by."""

        def change(norm, args, _output):
            x = args[0]
            if isinstance(norm, torch.nn.LayerNorm):
                x, eps, bias = x - x.mean(-1, keepdim=True), norm.eps, norm.bias
            else:
                eps, bias = norm.variance_epsilon, 0.0
            scale = (x.pow(2).mean(-1, keepdim=True) + eps).sqrt()
            edit(scale[0])
            return norm.weight * (x / scale) + bias

        return self._module(layer, path).register_forward_hook(change)

    def _hook(self, layer: int | None, path: str, side: str, edit: Edit):
        module = self._module(layer, path)

        def change_input(_module, args, kwargs):
            x = (args[0] if args else kwargs["hidden_states"]).clone()
            edit(x[0])
            return ((x, *args[1:]), kwargs) if args else (args, {**kwargs, "hidden_states": x})

        def change_output(_module, _args, output):
            x = (output[0] if isinstance(output, tuple) else output).clone()
            edit(x[0])
            return (x, *output[1:]) if isinstance(output, tuple) else x

        if side == "in":
            return module.register_forward_pre_hook(change_input, with_kwargs=True)
        return module.register_forward_hook(change_output)

    @contextmanager
    def _attention(self, scores, weights, keys):
        """Eager attention written out, with edits of keys, scores and weights."""
        module = importlib.import_module(type(self.model).__module__)
        original = module.eager_attention_forward
        patterns = []

        def edited(owner, query, key, value, mask, scaling=None, **_):
            layer = len(patterns)
            key = key.clone()
            for _, edit in (pair for pair in keys if pair[0] == layer):
                edit(key[0].transpose(0, 1))
            group = query.shape[1] // key.shape[1]
            key, value = (x.repeat_interleave(group, dim=1) for x in (key, value))
            scaling = query.shape[-1] ** -0.5 if scaling is None else scaling
            products = query @ key.transpose(2, 3) * scaling
            products = products if mask is None else products + mask
            for _, edit in (pair for pair in scores if pair[0] == layer):
                edit(products[0])
            sinks = getattr(owner, "sinks", None)
            if sinks is None:
                pattern = torch.softmax(products, dim=-1)
            else:
                column = sinks.reshape(1, -1, 1, 1).expand(*products.shape[:3], 1)
                pattern = torch.softmax(torch.cat([products, column], dim=-1), dim=-1)[..., :-1]
            for _, edit in (pair for pair in weights if pair[0] == layer):
                edit(pattern[0])
            if sinks is None:
                pattern = pattern / pattern.sum(-1, keepdim=True)
            patterns.append(pattern[0].clone())
            return (pattern @ value).transpose(1, 2).contiguous(), pattern

        module.eager_attention_forward = edited
        try:
            yield patterns
        finally:
            module.eager_attention_forward = original


def cases(run: Run, tokens: list[int], other: list[int], name: str):
    """Pairs of an intervention (or several) and its edits."""
    family, dim, n = run.family, run.dim, len(tokens)
    head = lambda h: slice(h * dim, (h + 1) * dim)  # noqa: E731
    width = run.model.config.hidden_size

    def columns(part: slice, change) -> Edit:
        def edit(x):
            x[:, part] = change(x[:, part])

        return edit

    def fill(*index, value=-INFINITY) -> Edit:
        def edit(x):
            x[index] = value

        return edit

    def divide(h: int, by: float) -> Edit:
        def edit(x):
            x[h] = x[h] / by

        return edit

    def rows(first: int, last: int, values) -> Edit:
        def edit(x):
            x[first : last + 1] = values[first : last + 1]

        return edit

    zero = lambda x: torch.zeros_like(x)  # noqa: E731
    mean = lambda x: x.mean(0, keepdim=True).expand_as(x)  # noqa: E731
    every = slice(None)
    seen = torch.tril(torch.ones(n, n)) if run.causal else torch.ones(n, n)
    previous = torch.diag(torch.ones(n - 1), -1)
    previous[0, 0] = 1.0

    yield "zero=1.2", {"inputs": [(1, family.z, columns(head(2), zero))]}
    yield "zero=0.*", {"inputs": [(0, family.z, columns(every, zero))]}
    yield "mean=0.1", {"inputs": [(0, family.z, columns(head(1), mean))]}
    yield "scale=0.0:-1.5", {"inputs": [(0, family.z, columns(head(0), lambda x: -1.5 * x))]}
    yield "zero=mlp.0", {"outputs": [(0, family.mlp, columns(every, zero))]}
    yield "mean=mlp.1", {"outputs": [(1, family.mlp, columns(every, mean))]}
    yield "zero=attn.1", {"outputs": [(1, family.z, columns(every, zero))]}
    yield "zero=layer.0", {
        "outputs": [(0, family.z, columns(every, zero)), (0, family.mlp, columns(every, zero))]
    }
    yield "knockout=0.1:q7->k2", {"scores": [(0, fill(1, 7, 2))]}
    yield "knockout=1.0:q4-6->k1-3", {"scores": [(1, fill(0, slice(4, 7), slice(1, 4)))]}
    yield "knockout=1.*:q3-8->k0", {"scores": [(1, fill(every, slice(3, 9), 0))]}
    if not run.causal:
        yield "knockout=0.2:*->k2", {"scores": [(0, fill(2, every, 2))]}
    yield "temperature=0.2:0.4", {"scores": [(0, divide(2, 0.4))]}
    yield "temperature=1.0:3", {"scores": [(1, divide(0, 3.0))]}
    yield "pattern=0.1:uniform", {"weights": [(0, fill(1, value=seen / seen.sum(-1, keepdim=True)))]}
    yield "pattern=0.2:previous", {"weights": [(0, fill(2, value=previous))]}
    yield "pattern=1.0:identity", {"weights": [(1, fill(0, value=torch.eye(n)))]}
    given = torch.rand(n, n, generator=torch.Generator().manual_seed(5)) + 0.1
    numpy.save(FOLDER / f"{name}.pattern.npy", given.numpy())
    yield f"pattern=0.0:@/{name}.pattern.npy", {"weights": [(0, fill(0, value=given * seen))]}
    painted = torch.zeros(n)
    painted[1], painted[4] = 3.0, 1.0
    yield "paint=1.1:q5:k1*3,k4*1", {"weights": [(1, fill(1, 5, value=painted))]}
    clean = run(tokens)[0]
    yield "zero=0.0;pattern=1.*:clean", {
        "inputs": [(0, family.z, columns(head(0), zero))],
        "weights": [(1, fill(every, value=clean[1]))],
    }
    group = run.heads // run.kv_heads
    last = run.kv_heads - 1
    members = slice(last * group, run.heads)

    def forget(who, key: int, start: int) -> Edit:
        return fill(who, slice(start, None), key)

    yield f"forget=1.{last}:k2@5", {"scores": [(1, forget(members, 2, 5))]}
    yield "forget=0:k3", {"scores": [(0, forget(every, 3, 4))]}

    def patched(hook: str, layer: int, path: str, side: str, first: int, stop: int):
        theirs = run(other, keep=(layer, path, side))[2]
        span = "*" if (first, stop) == (0, n - 1) else f"{first}" if first == stop else f"{first}-{stop}"
        where = "inputs" if side == "in" else "outputs"
        text = f"patch=blocks.{layer}.{hook}@{span}<-@/{name}.txt"
        return text, {where: [(layer, path, rows(first, stop, theirs))]}

    yield patched("hook_resid_pre", 1, "", "in", 4, 4)
    text, edits = patched("hook_resid_mid", 0, family.mid, "in", 2, 5)
    if run.causal:  # there the stream goes on beside the norm: attention must add what leads to the other's
        theirs, own = run(other, keep=(0, family.mid, "in"))[2], run(tokens, keep=(0, "", "in"))[2]
        edits = {"outputs": [(0, family.z, rows(2, 5, theirs - own))]}
    yield text, edits
    yield patched("hook_mlp_out", 0, family.mlp, "out", 3, 3)
    yield patched("mlp.hook_post", 1, family.mlp_post, "in", 6, 6)
    yield patched("attn.hook_z", 1, family.z, "in", 0, n - 1)
    if family.query:
        yield patched("attn.hook_q", 0, family.query, "out", 5, 5)
        yield patched("attn.hook_v", 1, family.value, "out", 1, 2)
    vector = torch.randn(width, generator=torch.Generator().manual_seed(7))
    numpy.save(FOLDER / f"{name}.vector.npy", vector.numpy())

    def push(first: int, stop: int, by: float) -> Edit:
        def edit(x):
            x[first:stop] += by * vector

        return edit

    yield f"add=blocks.1.hook_resid_pre@3:@/{name}.vector.npy*0.5", {"inputs": [(1, "", push(3, 4, 0.5))]}
    yield f"add=blocks.0.hook_attn_out@*:@/{name}.vector.npy*-2", {
        "outputs": [(0, family.z, push(0, n, -2.0))]
    }
    both = torch.randn(5, run.heads, dim, generator=torch.Generator().manual_seed(9))
    numpy.savez(FOLDER / f"{name}.npz", **{"blocks.0.attn.hook_z": both.numpy()})
    yield f"mean=0.2:@/{name}.npz", {
        "inputs": [(0, family.z, columns(head(2), lambda x: both[:, 2].mean(0).expand_as(x)))]
    }
    yield "scale=0.1:2;knockout=0.1:q6->k0;temperature=0.1:2", {
        "inputs": [(0, family.z, columns(head(1), lambda x: 2 * x))],
        "scores": [(0, fill(1, 6, 0)), (0, divide(1, 2.0))],
    }
    yield "scale=mlp.0:0.5", {"outputs": [(0, family.mlp, columns(every, lambda x: 0.5 * x))]}
    yield f"forget=0.0:k1-2@{n - 2}", {"scores": [(0, forget(slice(0, group), slice(1, 3), n - 2))]}

    # Prompts that are given as text: here as ids, as these models have no tokenizer
    def one_head(hook: str, layer: int, path: str, side: str, h: int, first: int, stop: int):
        theirs = run(other, keep=(layer, path, side))[2]

        def edit(x):
            x[first : stop + 1, head(h)] = theirs[first : stop + 1, head(h)]

        span = "*" if (first, stop) == (0, n - 1) else f"{first}-{stop}"
        text = f"patch=blocks.{layer}.{hook}[{h}]@{span}<-text:{' '.join(map(str, other))}"
        return text, {"inputs" if side == "in" else "outputs": [(layer, path, edit)]}

    yield one_head("attn.hook_z", 1, family.z, "in", 2, 0, n - 1)
    if family.query:
        yield one_head("attn.hook_q", 0, family.query, "out", 1, 4, 6)
        yield one_head("attn.hook_v", 0, family.value, "out", 0, 0, 3)
    of, less = other[:5], tokens[2:9]

    def apart(layer: int, path: str, side: str):
        return run(of, keep=(layer, path, side))[2][-1] - run(less, keep=(layer, path, side))[2][-1]

    def shift(first: int, stop: int, vector, by: float) -> Edit:
        def edit(x):
            x[first : stop + 1] += by * vector

        return edit

    said = ",".join(f'"{" ".join(map(str, text))}"' for text in (of, less))
    yield f"add=blocks.1.hook_resid_pre@3<-texts:[{said}]*1.5", {
        "inputs": [(1, "", shift(3, 3, apart(1, "", "in"), 1.5))]
    }
    yield f"add=blocks.0.mlp.hook_post@2-5<-texts:[{said}]*-0.75", {
        "inputs": [(0, family.mlp_post, shift(2, 5, apart(0, family.mlp_post, "in"), -0.75))]
    }
    theirs = run(other)[0]

    def looks(layer: int, who, first: int, stop: int) -> Edit:
        return fill(who, slice(first, stop + 1), value=theirs[layer][who, first : stop + 1])

    yield f"patch=blocks.1.attn.hook_pattern[1]@4-6<-@/{name}.txt", {"weights": [(1, looks(1, 1, 4, 6))]}
    yield f"patch=blocks.0.attn.hook_attn_scores@5<-@/{name}.txt", {"weights": [(0, looks(0, every, 5, 5))]}
    result = run(other, keep=(0, family.z, "in"))[2]

    def of_head(x):
        x[3:6, head(2)] = result[3:6, head(2)]

    yield f"patch=blocks.0.attn.hook_result[2]@3-5<-@/{name}.txt", {"inputs": [(0, family.z, of_head)]}
    yield from outside(run, tokens, other, name)
    layers = range(len(run.blocks))
    yield "zero=mlp.*", {"outputs": [(layer, family.mlp, columns(every, zero)) for layer in layers]}
    yield "forget=*:k3", {"scores": [(layer, forget(every, 3, 4)) for layer in layers]}


def outside(run: Run, tokens: list[int], other: list[int], name: str):
    """What lies on no residual stream of a block: embeddings, what norms divide by, the end of the model."""
    family, n = run.family, len(tokens)
    vector = torch.from_numpy(numpy.load(FOLDER / f"{name}.vector.npy"))

    def rows(first: int, last: int, values) -> Edit:
        def edit(x):
            x[first : last + 1] = values[first : last + 1]

        return edit

    for layer, norm, hook, first, last in [(1, 0, "ln1", 3, 5), (0, 1, "ln2", 2, n - 1)]:
        path = family.norms[norm]
        theirs = run(other, keep=(layer, path, "scale"))[2]
        text = f"patch=blocks.{layer}.{hook}.hook_scale@{first}-{last}<-@/{name}.txt"
        yield text, {"scales": [(layer, path, rows(first, last, theirs))]}
    theirs = run(other, keep=(None, family.embed, "out"))[2]
    yield f"patch=hook_embed@2<-@/{name}.txt", {"outputs": [(None, family.embed, rows(2, 2, theirs))]}
    if family.positions:

        def push(x):
            x[3] += 0.5 * vector

        text = f"add=hook_pos_embed@3:@/{name}.vector.npy*0.5"
        yield text, {"outputs": [(None, family.positions, push)]}
    if family.final:
        theirs = run(other, keep=(None, family.final, "out"))[2]
        text = f"patch=ln_final.hook_normalized@1-4<-@/{name}.txt"
        yield text, {"outputs": [(None, family.final, rows(1, 4, theirs))]}
    yield f"patch=logits@{n - 1}<-@/{name}.txt", {"logits": rows(n - 1, n - 1, run(other)[1])}


def of_sinks(run: Run, tokens: list[int], other: list[int], name: str):
    """Rows of weights and of scores that leave a share to a sink."""
    theirs, n = run(other)[0], len(tokens)

    def looks(layer: int, who, first: int, stop: int) -> Edit:
        def edit(x):
            x[who, first : stop + 1] = theirs[layer][who, first : stop + 1]

        return edit

    yield f"patch=blocks.1.attn.hook_pattern[1]@4-6<-@/{name}.txt", {"weights": [(1, looks(1, 1, 4, 6))]}
    every = slice(None)
    yield f"patch=blocks.0.attn.hook_pattern@*<-@/{name}.txt", {"weights": [(0, looks(0, every, 0, n - 1))]}
    path, kept = run.family.norms[0], []

    def keep(x):
        kept.append(x.clone())

    run(other, scores=[(0, keep)])

    def scores(x):
        x[:, 5] = kept[0][:, 5]

    yield f"patch=blocks.0.attn.hook_attn_scores@5<-@/{name}.txt", {"scores": [(0, scores)]}
    scale = run(other, keep=(1, path, "scale"))[2]

    def scaled(x):
        x[2] = scale[2]

    yield f"patch=blocks.1.ln1.hook_scale@2<-@/{name}.txt", {"scales": [(1, path, scaled)]}

    def knocked(x):
        x[0, 4, 1] = -INFINITY

    yield "knockout=1.0:q4->k1", {"scores": [(1, knocked)]}


def main() -> None:
    """Write what every case gives, and the files that interventions name."""
    FOLDER.mkdir(exist_ok=True)
    for name in FAMILIES | SINKS:
        made = cases if name in FAMILIES else of_sinks
        run = Run(name)
        tokens = load_file(ROOT / name / "expected.safetensors")["tokens"].tolist()
        other = tokens[3:] + [(token * 5 + 1) % run.model.config.vocab_size for token in tokens[:3]]
        (FOLDER / f"{name}.txt").write_text(" ".join(map(str, other)) + "\n")
        clean, arrays, texts = run(tokens), {}, []
        for index, (text, edits) in enumerate(made(run, tokens, other, name)):
            patterns, logits, _ = run(tokens, **edits)
            moved = (logits - clean[1]).abs().max() / logits.std()
            assert moved > 2e-3, f"{name}: {text} moves nothing ({moved})"
            # Every second word is enough, and half the bytes
            arrays[f"{index}.patterns"], arrays[f"{index}.logits"] = patterns.contiguous(), logits[:, ::2].contiguous()
            texts.append(text)
        save_file(arrays, FOLDER / f"{name}.safetensors")
        (FOLDER / f"{name}.json").write_text(json.dumps({"tokens": tokens, "cases": texts}, indent=1) + "\n")
        print(f"{name}: {len(texts)} cases")


if __name__ == "__main__":
    main()
