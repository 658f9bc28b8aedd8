#!/usr/bin/env python3
"""Save a run of any Hugging Face decoder as a trace that Mnemoscope opens without the model.

    python tools/save_trace.py MODEL "prompt" run.trace.safetensors

For models too big for the machine that looks at them: run them here under Accelerate or whatever shards them.
The file format is docs/trace-format.md. Plain causal attention only. Needs torch, transformers and safetensors.
"""

import json
import sys

import torch
from safetensors.torch import save_file
from transformers import AttentionInterface, AutoModelForCausalLM, AutoTokenizer
from transformers.integrations.sdpa_attention import sdpa_attention_forward

# What may come next is shown with its text as far as this
CANDIDATES = 64


def trace(model, ids: list[int]) -> tuple[dict[str, torch.Tensor], dict]:
    """Run `model` on `ids`; return the arrays of the trace and the specification of its blocks."""
    arrays, blocks = {}, []

    def record(module, query, key, value, mask, scaling=None, **options):
        """Keep what enters the product, [1, head, token, head_dim], and each row's log-sum-exp; then attend."""
        unknown = [name for name in ("sliding_window", "softcap", "s_aux") if options.get(name) is not None]
        if unknown:
            sys.exit(f"this model's attention has {unknown[0]}: give it in the specification and in lse, see the docs")
        heads, tokens, dim = query.shape[1:]
        scale = dim**-0.5 if scaling is None else scaling
        name = f"blocks.{module.layer_idx}.attn"
        keys = key.repeat_interleave(heads // key.shape[1], dim=1)
        later = torch.ones(tokens, tokens, dtype=torch.bool, device=query.device).triu(1)
        scores = (scale * query.float() @ keys.float().mT).masked_fill(later, -torch.inf)
        arrays[f"{name}.lse"] = scores.logsumexp(-1)[0]
        for hook, states in (("rot_q", query), ("rot_k", key), ("v", value)):
            arrays[f"{name}.hook_{hook}"] = states[0].transpose(0, 1)
        counts = {"heads": heads, "kv_heads": key.shape[1], "head_dim": dim}
        blocks.append({"attention": {**counts, "scale": scale, "causal": True}})
        return sdpa_attention_forward(module, query, key, value, mask, scaling=scaling, **options)

    AttentionInterface.register("recorded", record)
    model.set_attn_implementation("recorded")
    layers = next(module for module in model.modules() if isinstance(module, torch.nn.ModuleList))
    for index, layer in enumerate(layers):
        layer.register_forward_pre_hook(
            lambda _, inputs, index=index: arrays.update({f"blocks.{index}.hook_resid_pre": inputs[0][0]})
        )
    layers[-1].register_forward_hook(
        lambda _, inputs, output: arrays.update(
            {f"blocks.{len(layers) - 1}.hook_resid_post": (output[0] if isinstance(output, tuple) else output)[0]}
        )
    )
    with torch.no_grad():
        arrays["logits"] = model(torch.tensor([ids]), use_cache=False).logits[0, -1:]
    width, vocab = arrays["blocks.0.hook_resid_pre"].shape[-1], arrays["logits"].shape[-1]
    arrays = {name: array.float().cpu().contiguous() for name, array in arrays.items()}
    return arrays, {"width": width, "vocab": vocab, "blocks": blocks}


def save(path: str, model, ids: list[int], text, name: str, prompt: str = "") -> None:
    """Run and write the file; `text` gives what an id reads."""
    arrays, spec = trace(model, ids)
    tokens = [{"id": token, "text": text(token)} for token in ids]
    likely = arrays["logits"][0].topk(min(CANDIDATES, spec["vocab"])).indices.tolist()
    metadata = {
        "mnemoscope": "1",
        "spec": json.dumps(spec),
        "tokens": json.dumps(tokens),
        "model": name,
        "prompt": prompt,
        "texts": json.dumps({token: text(token) for token in likely}),
    }
    save_file(arrays, path, metadata)


def main() -> None:
    """Read the command line."""
    name, prompt, path = sys.argv[1:]
    tokenizer = AutoTokenizer.from_pretrained(name)
    ids = tokenizer(prompt)["input_ids"]
    model = AutoModelForCausalLM.from_pretrained(name)
    save(path, model, ids, lambda token: tokenizer.decode([token]), name.rstrip("/").split("/")[-1], prompt)


if __name__ == "__main__":
    main()
