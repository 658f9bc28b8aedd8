#!/usr/bin/env python3
"""What Transformers computes with trained models: one row of every head's pattern, for tests/suite/real_models.rs.

The models themselves are no part of the project.

    python tools/real_model_rows.py FOLDER…      folders that hold the models named below
"""

import sys
from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file

PLACE = Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "real"
MODELS = {
    "all-minilm-l6-v2": ("BertModel", "The animal didn't cross the street because it was too tired."),
    "paraphrase-minilm-l3": ("BertModel", "A kitten sleeps on the warm stones of the wall."),
    "rxnmapper-albert": ("AlbertForMaskedLM", "CC(=O)Cl.OCc1ccccc1>>CC(=O)OCc1ccccc1"),
    "distilbert-grammar-tagger": ("DistilBertForTokenClassification", "They has three cat ."),
}


def rows(name: str, folder: Path) -> None:
    """Write the rows of the middle token, and the head's own numbers for it."""
    kind, prompt = MODELS[name]
    model = getattr(transformers, kind).from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))
    tokens = tokenizer(prompt, padding=False, truncation=False)["input_ids"]
    query = len(tokens) // 2
    with torch.no_grad():
        output = model(torch.tensor([tokens]), output_attentions=True)
    said = output.logits if "logits" in output else output.last_hidden_state
    PLACE.mkdir(exist_ok=True)
    arrays = {
        "tokens": torch.tensor(tokens),
        "rows": torch.stack(output.attentions)[:, 0, :, query].contiguous(),
        "said": said[0, query].contiguous(),
    }
    save_file(arrays, PLACE / f"{name}.safetensors", metadata={"prompt": prompt})
    print(name, "T", len(tokens), "query", query, tuple(arrays["rows"].shape))


def main() -> None:
    """Every model that is in one of the folders."""
    transformers.logging.set_verbosity_error()
    for root in map(Path, sys.argv[1:]):
        for name in MODELS:
            if (root / name / "config.json").is_file():
                rows(name, root / name)


if __name__ == "__main__":
    main()
