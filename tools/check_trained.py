"""Opens what `mnemoscope train` saved in Transformers, and compares: tokens, logits and every head's pattern.

    mnemoscope train --steps 400 --checkpoints 100 -o out/trained
    python3 tools/check_trained.py target/release/mnemoscope out/trained

Every checkpoint in the folder is compared, and the model beside them. Fails where anything is off.
"""

import argparse
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

LOGITS, PATTERN = 2e-4, 2e-5


def ours(binary: Path, model: Path, prompt: str) -> dict[str, np.ndarray]:
    """What Mnemoscope computes."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "run.npz"
        subprocess.run(
            [binary, "export", model, "--prompt", prompt, "--what", "pattern,logits", "-o", file, "--quiet"],
            check=True, stdout=subprocess.DEVNULL,
        )
        return dict(np.load(file))


def compare(binary: Path, folder: Path, prompt: str) -> tuple[float, float]:
    """Greatest differences of logits and of weights; the tokens must be the same."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32).eval()
    found = ours(binary, folder, prompt)
    ids = tokenizer(prompt, return_tensors="pt").input_ids
    assert ids[0].tolist() == found["tokens"].tolist(), f"{folder}: {ids[0].tolist()} {found['tokens'].tolist()}"
    with torch.no_grad():
        theirs = model(ids, output_attentions=True)
    logits = np.abs(theirs.logits[0].numpy()[-1] - found["logits"].reshape(-1, model.config.vocab_size)[-1]).max()
    pattern = max(
        np.abs(own[0].numpy() - found[f"blocks.{layer}.attn.hook_pattern"]).max()
        for layer, own in enumerate(theirs.attentions)
    )
    return float(logits), float(pattern)


def main() -> None:
    """Binary and folder in, a line a model out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", type=Path, help="mnemoscope")
    parser.add_argument("folder", type=Path, help="what `train -o` wrote")
    parser.add_argument("--prompt", default="q k x a v m b t q k x a v m b t", help="text of the task's words")
    args = parser.parse_args()
    checkpoints = sorted(args.folder.glob("checkpoint-*"), key=lambda path: int(path.name.split("-")[1]))
    for folder in [*checkpoints, args.folder]:
        logits, pattern = compare(args.binary.absolute(), folder, args.prompt)
        print(f"{folder.name:<16} logits {logits:.1e}  patterns {pattern:.1e}")
        assert logits <= LOGITS and pattern <= PATTERN, f"{folder} is off"


if __name__ == "__main__":
    main()
