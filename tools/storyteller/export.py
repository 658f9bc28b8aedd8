"""Writes a checkpoint as a Hugging Face folder: f16 weights, configs, tokenizer.

How the weights came about (steps, time, seed of the decay) goes into the metadata of `model.safetensors`, where
`measure.py` finds it for the card.
"""

import argparse
import shutil
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import GenerationConfig, LlamaConfig

from model import Config


def main() -> None:
    """Checkpoint and tokenizer in, folder out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path, help="checkpoint.pt of train.py")
    parser.add_argument("tokenizer", type=Path, help="folder with tokenizer.json")
    parser.add_argument("out", type=Path, help="folder to write")
    args = parser.parse_args()
    state = torch.load(args.checkpoint, map_location="cpu", weights_only=False)
    weights = {name: value.half().contiguous() for name, value in state["model"].items()}
    args.out.mkdir(parents=True, exist_ok=True)
    facts = {k: str(state[k]) for k in ("step", "tokens", "began")}
    facts |= {k: f"{state[k] / 60:.1f}" for k in ("seconds", "cpu_seconds")}
    save_file(weights, args.out / "model.safetensors", metadata={
        "format": "pt", "steps": facts["step"], "tokens": facts["tokens"], "decay_start": facts["began"],
        "minutes": facts["seconds"], "cpu_minutes": facts["cpu_seconds"], "torch": torch.__version__,
    })
    (args.out / "model.safetensors").chmod(0o644)
    config = LlamaConfig(**Config(**state["config"]).for_transformers(), architectures=["LlamaForCausalLM"])
    config.dtype = torch.float16
    config.save_pretrained(args.out)
    GenerationConfig(bos_token_id=0, eos_token_id=1, do_sample=True, temperature=0.8, top_k=40).save_pretrained(
        args.out)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(args.tokenizer / name, args.out / name)
    size = sum(f.stat().st_size for f in args.out.iterdir())
    print(f"{args.out}: {sum(w.numel() for w in weights.values()):,} parameters, {size / 1e6:.2f} MB in all")


if __name__ == "__main__":
    main()
