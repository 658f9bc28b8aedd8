"""Tiny tokenizers for fixtures, in the three layouts that models are published with."""

import json
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import AutoTokenizer

WORDS = "the cat sat on mat and dog ran fast then to in ing said well that".split()
TEXTS = [
    "the cat sat on the mat, and the dog ran",
    "The  cat's 42 naïve dogs\nsat\ton – 日本 🙂",
    "",
    "running then sitting fast!",
]
LLAMA3_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
BYTE_LEVEL_SIZE = 300


def byte_level_merges() -> list[tuple[str, str]]:
    """Merges that build WORDS from left to right, then put a space before them."""
    merges: dict[tuple[str, str], None] = {}
    for word in WORDS:
        for end in range(1, len(word)):
            merges[(word[:end], word[end])] = None
        merges[("Ġ", word)] = None
    return list(merges)


def byte_level_vocabulary(specials: list[str]) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """All bytes, then merges, then `specials` as the last of BYTE_LEVEL_SIZE entries."""
    entries = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = byte_level_merges()[: BYTE_LEVEL_SIZE - len(entries) - len(specials)]
    entries += ["".join(merge) for merge in merges] + specials
    assert len(entries) == BYTE_LEVEL_SIZE
    return {entry: id for id, entry in enumerate(entries)}, merges


def write_gpt2(folder: Path) -> None:
    """vocab.json and merges.txt, as GPT-2 was published."""
    vocabulary, merges = byte_level_vocabulary(["<|endoftext|>"])
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False))
    lines = ["#version: 0.2"] + [" ".join(merge) for merge in merges]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n")


def write_llama(folder: Path) -> None:
    """tokenizer.json with Llama 3's split, byte-level BPE, and a begin-of-text token put first."""
    begin, end = "<|begin_of_text|>", "<|end_of_text|>"
    vocabulary, merges = byte_level_vocabulary([begin, end])
    special_ids = {token: vocabulary.pop(token) for token in (begin, end)}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges, ignore_merges=True))
    tokenizer.add_special_tokens([AddedToken(token, normalized=False) for token in (begin, end)])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(LLAMA3_SPLIT), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{begin} $A", pair=f"{begin} $A {begin}:1 $B:1", special_tokens=[(begin, special_ids[begin])]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {"bos_token": begin, "eos_token": end, "tokenizer_class": "PreTrainedTokenizerFast"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n")


def write_bert(folder: Path) -> None:
    """vocab.txt, as BERT was published: 97 word pieces."""
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    pieces += list("!',.?-0123456789")
    pieces += letters + ["##" + letter for letter in letters]
    pieces += WORDS[:12] + ["##ing", "##s", "##ning", "##ting"]
    pieces = list(dict.fromkeys(pieces))
    pieces += [f"[unused{number}]" for number in range(97 - len(pieces))]
    (folder / "vocab.txt").write_text("\n".join(pieces) + "\n")
    settings = {"do_lower_case": True, "tokenizer_class": "BertTokenizer"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n")


WRITERS = {"gpt2": write_gpt2, "llama": write_llama, "bert": write_bert}


def write_with_checks(folder: Path, kind: str) -> list[int]:
    """Write the tokenizer and tokenizer_check.json (what Transformers makes of TEXTS); ids of the first text."""
    WRITERS[kind](folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    checks = []
    for text in TEXTS:
        ids = tokenizer(text)["input_ids"]
        checks.append(
            {
                "text": text,
                "ids": ids,
                "tokens": tokenizer.convert_ids_to_tokens(ids),
                "ids_without_special_tokens": tokenizer(text, add_special_tokens=False)["input_ids"],
                "decoded": tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False),
            }
        )
    (folder / "tokenizer_check.json").write_text(json.dumps(checks, indent=1, ensure_ascii=False) + "\n")
    return checks[0]["ids"]
