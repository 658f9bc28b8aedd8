"""Trains the byte-level BPE tokenizer and writes `tokenizer.json` and `tokenizer_config.json`.

Byte-level: any text, Chinese included, is covered by the 256 bytes; nothing is ever unknown.
The grammar's words are part of the training text, so that each is one token with its leading space.
"""

import argparse
import json
import random
import re
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

import grammar

BOS, EOS = "<s>", "</s>"


def read_books(folder: Path) -> list[str]:
    """All `.txt` files of a folder in name order, blank lines turned into one newline."""
    files = sorted(folder.glob("*.txt"))
    if not files:
        raise SystemExit(f"no .txt files in {folder}")
    return [re.sub(r"\n\s*\n", "\n", f.read_text(encoding="utf-8")).strip() for f in files]


def train(books: list[str], vocab_size: int, episodes: int, seed: int) -> Tokenizer:
    """A tokenizer over the books and `episodes` synthetic episodes."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size, special_tokens=[BOS, EOS], show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    source = grammar.Grammar(random.Random(seed), "\n".join(books))
    told = [grammar.split_marks(source.episode())[0] for _ in range(episodes)]
    openings = grammar.NAMES * 500  # a name that opens a text has no space before it: make it whole, too
    tokenizer.train_from_iterator(books + told + openings, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{BOS} $A", pair=f"{BOS} $A $B", special_tokens=[(BOS, tokenizer.token_to_id(BOS))])
    return tokenizer


def main() -> None:
    """Trains, writes, and says what was split."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path, help="folder with train/ (and valid/)")
    parser.add_argument("out", type=Path, help="folder for tokenizer.json")
    parser.add_argument("--vocab", type=int, default=3072)
    parser.add_argument("--episodes", type=int, default=8000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    books = read_books(args.corpus / "train")
    tokenizer = train(books, args.vocab, args.episodes, args.seed)
    args.out.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(args.out / "tokenizer.json"))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast", "bos_token": BOS, "eos_token": EOS,
        "clean_up_tokenization_spaces": False, "model_max_length": 512,
    }
    (args.out / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n")

    words = [*grammar.NAMES, *grammar.ADJECTIVES, *grammar.THINGS, *grammar.PLACES, *grammar.FOODS,
             *grammar.ANIMALS, "again"]
    split = [w for w in words if len(tokenizer.encode(f" {w}", add_special_tokens=False).ids) > 1]
    first = [n for n in grammar.NAMES if len(tokenizer.encode(n, add_special_tokens=False).ids) > 1]
    sample = books[0][:200_000]
    rate = len(sample.encode()) / len(tokenizer.encode(sample, add_special_tokens=False).ids)
    print(f"{tokenizer.get_vocab_size()} tokens, {rate:.2f} bytes a token; split words: {split or 'none'}; "
          f"names split at the start of a text: {first or 'none'}")


if __name__ == "__main__":
    main()
