"""How each pre-tokenizer that GGUF files name cuts the hard lines.

    python tools/fixture_cuttings.py

Writes tests/fixtures/tokenizers/cuttings.json: for each rule its names and, line by line, four hexadecimal digits that
stand for the ids. The vocabulary has every byte and every pair of neighbouring bytes of the lines, so that a cut shows as
a pair that is not merged; once with the pairs in order, once in reverse. The cuts are made with the `regex` package, not
with the engine of Hugging Face's tokenizers, out of the parts that the published rules have in common; where Transformers
has the family's class, its cuts must be the same. Needs transformers, regex.
"""

import json
import unicodedata
from pathlib import Path

import regex
import tokenizers
import transformers
from fixture_hard_lines import LINES
from tokenizers import Tokenizer, models, pre_tokenizers

OUT = Path(__file__).parent.parent / "tests/fixtures/tokenizers/cuttings.json"
MADE_UP = "Ġthe"  # a word that no merges lead to

SHORT = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
SMALL_SHORT = "'s|'t|'re|'ve|'m|'ll|'d"
WORD = r"[^\r\n\p{L}\p{N}]?\p{L}+"
SIGNS = r" ?[^\s\p{L}\p{N}]+[\r\n]*"
PATHS = r" ?[^\s\p{L}\p{N}]+[\r\n/]*"
LINE_ENDS = r"\s*[\r\n]+"
SPACES = r"\s+(?!\S)|\s+"
UPPER, LOWER = r"\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}", r"\p{Ll}\p{Lm}\p{Lo}\p{M}"


def joined(*parts: str) -> str:
    return "|".join(parts)


def by_case(short: str = "", but: str = "") -> str:
    """Words cut where a capital follows; `but` are letters that are none of them."""
    upper, lower = (f"(?:(?!{but})[{letters}])" if but else f"[{letters}]" for letters in (UPPER, LOWER))
    before = r"[^\r\n\p{L}\p{N}]?"
    return f"{before}{upper}*{lower}+{short}|{before}{upper}+{lower}*{short}"


GPT2 = joined(SMALL_SHORT, r" ?\p{L}+", r" ?\p{N}+", r" ?[^\s\p{L}\p{N}]+", SPACES)
LLAMA3 = joined(SHORT, WORD, r"\p{N}{1,3}", SIGNS, LINE_ENDS, SPACES)
QWEN2 = joined(SHORT, WORD, r"\p{N}", SIGNS, LINE_ENDS, SPACES)
GPT4O = joined(by_case(SHORT + "?"), r"\p{N}{1,3}", PATHS, LINE_ENDS, SPACES)
BLOOM = " ?[^(\\s|.,!?…。，、।۔،)]+"
KANA = "[一-龥぀-ゟ゠-ヿ]+"
ASCII_SIGN = r"[!-/:-@\[-`{-~]"
DEEPSEEK = [ASCII_SIGN + "[A-Za-z]+", r"[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+", r" ?[\p{P}\p{S}]+[\r\n]*", LINE_ENDS, SPACES]
CASED = r"\p{Lu}\p{Ll}\p{Lt}"
ASIAN = "[一-龥ࠀ-一가-퟿]+"
JAIS = "|".join([r"\s{%d}(?!\S)" % n for n in (512, 256, 128, 64, 32, 16, 8, 4)] + [r"\s{1,2}(?!\S)", r"\s"])

# names, patterns one after the other, composed first, whole words of the vocabulary stay whole, Transformers' class
RULES = [
    ("gpt-2 phi-2 jais exaone4 trillion roberta-bpe", [GPT2], False, False, "GPT2Tokenizer"),
    ("gpt-neox olmo mpt modern-bert", [GPT2], True, False, "GPTNeoXTokenizer"),
    ("llama-bpe falcon3 pixtral lfm2", [LLAMA3], False, True, None),
    ("dbrx smaug-bpe glm4 chatglm-bpe", [LLAMA3], False, False, None),
    ("jais-2", [joined(SHORT, WORD, r"\p{N}{1,3}", SIGNS, LINE_ENDS, JAIS)], False, False, None),
    ("minicpm5", [r"\p{N}{1,3}", joined(SHORT, WORD, r"\p{N}+", SIGNS, LINE_ENDS, SPACES)], False, True, None),
    ("qwen2 deepseek-r1-qwen megrez", [QWEN2], True, False, "Qwen2Tokenizer"),
    ("stablelm2 solar-open", [QWEN2], False, False, None),
    ("laguna", [r"[^\n]+|\n+", QWEN2], False, False, None),
    ("ufakzeka", [joined(WORD, r"\p{N}", SIGNS, LINE_ENDS, SPACES)], False, False, None),
    ("qwen35", [joined(SHORT, r"[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+", r"\p{N}", r" ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*",
                       LINE_ENDS, SPACES)], True, False, "Qwen3_5Tokenizer"),
    ("smollm starcoder refact codeshell exaone minerva-7b", [r"\p{N}", GPT2], False, False, None),
    ("command-r", [r"\p{N}", GPT2], True, False, "CohereTokenizer"),
    ("deepseek-llm", [r"[\r\n]", rf"\s?[{CASED}]+", r"\s?[!-/:-~！-／：-～‘-‟　-。]+", r"\s+$", ASIAN, r"\p{N}+"],
     False, False, None),
    ("deepseek-coder", [r"[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", ASIAN, r"\p{N}"], False, False, None),
    ("deepseek-v3 hunyuan-dense joyai-llm", [r"\p{N}{1,3}", KANA, joined(*DEEPSEEK)], False, False, None),
    ("spark2_5", [r"\p{N}{1,3}", KANA, joined(*DEEPSEEK[:2], r" ?[\p{P}\p{S}]+", r"[\r\n]", SPACES), r"\p{N}"],
     False, False, None),
    ("gpt-4o llama4 kanana2 minimax-m2", [GPT4O], False, False, None),
    ("tiny_aya cohere2moe", [r"\d{1,3}(?=(?:\d{3})*\b)", GPT4O], False, False, None),
    ("youtu", ["[가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，、-〿︰-﹏]+|[ㄅ-ㄯ]+|" + KANA,
               joined(by_case(SHORT + "?"), r"\p{N}", PATHS, LINE_ENDS, SPACES)], False, True, None),
    ("kimi-k2", [joined(r"\p{Han}+", by_case(SHORT + "?", r"\p{Han}"), r"\p{N}{1,3}", SIGNS, LINE_ENDS, SPACES)],
     False, False, None),
    ("tekken", [joined(by_case(), r"\p{N}", PATHS, LINE_ENDS, SPACES)], False, True, None),
    ("bailingmoe llada-moe", [joined(r"'(?i:[sdmt]|ll|ve|re)", r"[^\r\n\p{L}\p{N}]?+\p{L}+", r"\p{N}",
                                     r" ?[^\s\p{L}\p{N}]++[\r\n]*", r"\s*[\r\n]", SPACES)], False, False, None),
    ("seed-coder", [joined(SHORT, WORD, r"\p{N}", r" ?[^\s\p{L}\p{N}\r\n]+", LINE_ENDS, SPACES)], False, False, None),
    ("exaone-moe", [joined(SHORT, r"[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+", r"\p{N}",
                           r" ?[^\s\p{L}\p{N}]+[\r\n/]?", r"\s*[\r\n]", SPACES)], False, False, None),
    ("superbpe", [r"\p{N}+", r"(?=(\d{3})+(?!\d))"], False, False, None),
    ("bloom poro-chat gpt3-finnish", [BLOOM], False, False, None),
    ("viking", [BLOOM, r"\p{N}"], False, False, None),
    ("default", [r"[\p{P}\$\+<=>\^~\|]+", GPT2, r"\p{N}+", "[0-9][0-9][0-9]"], False, False, None),
]


def cut(texts: list[str], pattern: str) -> list[str]:
    """Isolates what a pattern finds."""
    out, rule = [], regex.compile(pattern, regex.VERSION0)
    for text in texts:
        at = sorted({0, len(text), *(place for found in rule.finditer(text) for place in found.span())})
        out += [text[a:b] for a, b in zip(at, at[1:])]
    return out


BYTES = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
ALPHABET = sorted(pre_tokenizers.ByteLevel.alphabet())


def spelled(text: str) -> str:
    return "".join(word for word, _ in BYTES.pre_tokenize_str(text))


def vocabularies() -> list[tuple[dict, list]]:
    """Bytes, neighbours in all lines as they are, composed neighbours, and one word."""
    pairs = set()
    for line in LINES:
        for text in (line, unicodedata.normalize("NFC", line)):
            letters = spelled(text)
            pairs |= set(zip(letters, letters[1:]))
    pairs = sorted(pairs)
    found = []
    for order in (pairs, pairs[::-1]):
        words = [*ALPHABET, *(a + b for a, b in order), MADE_UP]
        found.append(({word: i for i, word in enumerate(words)}, order))
    return found


def digest(ids: list[int]) -> str:
    """FNV-1a over the ids, folded to sixteen bits."""
    value = 0x811C9DC5
    for i in ids:
        for byte in i.to_bytes(4, "little"):
            value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return f"{(value >> 16) ^ (value & 0xFFFF):04x}"


def main() -> None:
    rows, made = [], vocabularies()
    for names, patterns, composed, whole, class_name in RULES:
        merging = [Tokenizer(models.BPE(vocab=vocab, merges=merges, ignore_merges=whole)) for vocab, merges in made]
        answers = ""
        for line in LINES:
            texts = [unicodedata.normalize("NFC", line) if composed else line]
            for pattern in patterns:
                texts = cut(texts, pattern)
            words = [spelled(text) for text in texts]
            if class_name:
                made_by = getattr(transformers, class_name)(vocab={"a": 0, "<|endoftext|>": 1, "<unk>": 2}, merges=[])
                backend = made_by.backend_tokenizer
                text = backend.normalizer.normalize_str(line) if backend.normalizer else line
                theirs = [word for word, _ in backend.pre_tokenizer.pre_tokenize_str(text)]
                assert theirs == words, (class_name, line, theirs, words)
            ids = [i for tokenizer in merging for word in words for i in tokenizer.encode(word).ids]
            answers += digest(ids)
        rows.append({"names": names.split(), "lines": answers})
    versions = {"transformers": transformers.__version__, "tokenizers": tokenizers.__version__}
    text = json.dumps({"made_with": versions, "rules": rows}, separators=(",", ":"))
    OUT.write_text(text.replace('{"names"', '\n{"names"') + "\n")


if __name__ == "__main__":
    main()
