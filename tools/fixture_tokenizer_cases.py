"""Tokenizers of every kind, and what Transformers (or SentencePiece itself) makes of the hard lines.

    python tools/fixture_tokenizer_cases.py [OUT]

Writes tests/fixtures/tokenizers: vocabularies that several cases share, lines.json, and cases.json, which says for
each case which files to lay where, with which settings, and the ids of every line. Needs transformers, sentencepiece,
gguf.
"""

import json
import os
import shutil
import sys
import tempfile
import unicodedata
from pathlib import Path

import fixture_vocabularies
import gguf
import sentencepiece
import tokenizers
import transformers
from fixture_hard_lines import LINES
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers.models.mbart.tokenization_mbart import FAIRSEQ_LANGUAGE_CODES as MBART
from transformers.models.nllb.tokenization_nllb import FAIRSEQ_LANGUAGE_CODES as NLLB

# Splits of which another has the very same score
EQUALLY_LIKELY = ["." * 40, "0" * 40, "phone +1 (555) 010-9999", "!!! ??? ?!?! ... ,,, ;;; :::"]
OUT = Path(__file__).parent.parent / "tests/fixtures/tokenizers"
REAL = Path(__file__).parent.parent.parent / "shared/models"
# Where its get_more.sh put the larger ones
MORE = Path(os.environ.get("MNEMOSCOPE_MODELS", REAL))
LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def hugging_face(class_name: str, folder: Path) -> list[list[int]]:
    tokenizer = getattr(transformers, class_name).from_pretrained(folder)
    return [tokenizer(line)["input_ids"] for line in LINES]


def pieces_of(model: Path) -> list[list[int] | None]:
    """What SentencePiece itself says; no answer where Hugging Face's library differs from it on purpose.

    It reads special tokens in a text as such, takes a typed ▁ for itself, composes marks otherwise in three lines,
    and where two splits are equally likely it may take the other.
    """
    processor = sentencepiece.SentencePieceProcessor(model_file=str(model))
    control = [processor.id_to_piece(i) for i in range(processor.get_piece_size())
               if processor.is_control(i) or processor.is_unknown(i)]
    composes = b"nmt_nfkc" in model.read_bytes()
    ids = []
    for line in LINES:
        skip = any(piece in line for piece in control) or line.startswith("▁ ▁▁") or line in EQUALLY_LIKELY
        if composes:
            skip |= any(mark in line for mark in ("a\u0323\u0306", "o\u0308\u0304", "a\u0301\u0301"))
        ids.append(None if skip else processor.encode(line))
    return ids


# Lines that a case leaves out, by what is in them, and why
MASK = "<mask>"
LEFT_OUT = {
    "roberta": [MASK], "bart": [MASK],  # 5.24 forgets that a mask takes the space before it along
    "gemma": [MASK, "▁ ▁▁"],  # not in our vocabulary, so it gets an id past the end
    "xglm": [MASK], "mbart": [MASK],  # borrowed from XLM-R, whose mask has another id
    "mbart50": ["▁ ▁▁", "\u202b", "<pad>"], "pegasus": ["▁ ▁▁", "\u202b", "<pad>"],  # space left at an end
    "nllb": ["  ", "▁", MASK, "<pad>"],  # 5.24 squeezes spaces only where the model normalises characters
    "albert": ["▁"],  # models that normalise characters read a typed ▁ as a space first, ours does not
    "marian": ["▁ ▁▁", "<s>"], "m2m100": ["▁ ▁▁", "<s>"],  # SentencePiece spells special tokens out
    "gguf-bert": ["▁"],  # GGUF uses it for the start of a word
    "blenderbot-small": ["ΣΟΣ"],  # Python knows the Greek letter's form at the end of a word
}


def left_out(name: str, line: str) -> bool:
    if any(part in line for part in LEFT_OUT.get(name, [])):
        return True
    odd_white = any(c.isspace() and c != " " for c in line)
    if name == "deberta-v2":  # 5.24 drops the rules that normalise characters, and replaces a few by its own
        return odd_white or "▁" in line or unicodedata.normalize("NFC", line) != line
    if name in ("mbart50", "pegasus", "xglm", "nllb"):  # 5.24 leaves a piece for white space at the end
        return line.strip() != line or "\u0085" in line
    return name in ("marian", "m2m100") and line in EQUALLY_LIKELY


def mended(name: str, ids: list[list[int]], by_name: dict, out: Path) -> list[list[int]]:
    """Answers of Transformers 5.24's classes, mended where they differ from all earlier versions."""
    n = sentencepiece.SentencePieceProcessor(model_file=str(out / "unigram.model")).get_piece_size() + 1
    german = n + MBART.index("de_DE")
    pieces = [line[1:-1] for line in by_name.get("xlm-roberta", [])]
    if name == "blenderbot":  # the end token is left out
        return [[*line, 2] for line in ids]
    if name == "mbart":  # the rules that normalise characters are dropped
        return [[*line, 2, german] for line in pieces]
    if name == "xglm":  # every piece is unknown
        return [[2, *line] for line in pieces]
    if name == "nllb":  # the language is unknown
        n = sentencepiece.SentencePieceProcessor(model_file=str(out / "bpe.model")).get_piece_size() + 1
        return [[n + NLLB.index("deu_Latn"), *line[1:]] for line in ids]
    return ids


def gguf_reference(out: Path, pre: str) -> list[list[int]]:
    """The vocabulary of `gpt2`, cut as the tokenizer.json of the model after which the rule is named cuts."""
    vocab = json.loads((out / "gpt2.vocab.json").read_text())
    merges = [tuple(line.split(" ")) for line in (out / "gpt2.merges.txt").read_text().splitlines()[1:]]
    tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=merges, ignore_merges=pre == "llama-bpe"))
    tokenizer.add_special_tokens([AddedToken("<|endoftext|>", normalized=False)])
    bytes_only = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    words = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    if pre == "qwen2":
        regex = transformers.models.qwen2.tokenization_qwen2.PRETOKENIZE_REGEX
        tokenizer.normalizer = normalizers.NFC()
        splits = [pre_tokenizers.Split(Regex(regex), behavior="isolated"), bytes_only]
    elif pre == "llama-bpe":
        splits = [pre_tokenizers.Split(Regex(LLAMA3), behavior="isolated"), bytes_only]
        tokenizer.post_processor = processors.TemplateProcessing(
            single="<|endoftext|> $A", special_tokens=[("<|endoftext|>", vocab["<|endoftext|>"])])
    elif pre == "smollm":
        splits = [pre_tokenizers.Digits(individual_digits=True), words]
    elif pre == "falcon":
        splits = [pre_tokenizers.Punctuation("contiguous"), words, pre_tokenizers.Digits(individual_digits=False),
                  pre_tokenizers.Split(Regex("[0-9][0-9][0-9]"), behavior="isolated")]
    else:
        splits = [words]
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(splits)
    return [tokenizer.encode(line).ids for line in LINES]


def larger() -> list[dict]:
    """Vocabularies of models that get_more.sh fetches; SmolLM2's as its tokenizer.json has it, read out of the GGUF."""
    flan = Tokenizer.from_file(str(MORE / "flan-t5-small-titler/tokenizer.json"))
    flan.no_padding()
    flan.no_truncation()
    file = "SmolLM2-135M-Instruct.Q4_1.gguf"
    fields = gguf.GGUFReader(MORE / "smollm2-135m-instruct" / file).fields
    tokens, kinds, merges = (fields[f"tokenizer.ggml.{name}"].contents() for name in ("tokens", "token_type", "merges"))
    smol = Tokenizer(models.BPE(vocab={token: i for i, token in enumerate(tokens)},
                                merges=[tuple(merge.split(" ")) for merge in merges]))
    smol.add_special_tokens([AddedToken(t, normalized=False) for t, kind in zip(tokens, kinds) if kind == 3])
    smol.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    return [
        {"name": name, "real": name, "gguf": inside, "ids": [tokenizer.encode(line).ids for line in LINES]}
        for name, inside, tokenizer in [("flan-t5-small-titler", None, flan), ("smollm2-135m-instruct", file, smol)]
    ]


# name, {file in the folder: file here}, tokenizer_config.json, the class of Transformers whose ids are the right ones
CASES = [
    ("gpt2", {"vocab.json": "gpt2.vocab.json", "merges.txt": "gpt2.merges.txt"}, {}, "GPT2Tokenizer"),
    ("gpt2-prefix", {"vocab.json": "gpt2.vocab.json", "merges.txt": "gpt2.merges.txt"},
     {"tokenizer_class": "GPT2Tokenizer", "add_prefix_space": True}, "GPT2Tokenizer"),
    ("opt", {"vocab.json": "roberta.vocab.json", "merges.txt": "roberta.merges.txt"},
     {"tokenizer_class": "GPT2Tokenizer", "add_bos_token": True, "bos_token": "</s>", "eos_token": "</s>",
      "unk_token": "</s>", "pad_token": "<pad>"}, "GPT2Tokenizer"),
    ("roberta", {"vocab.json": "roberta.vocab.json", "merges.txt": "roberta.merges.txt"}, {}, "RobertaTokenizer"),
    ("bart", {"vocab.json": "roberta.vocab.json", "merges.txt": "roberta.merges.txt"},
     {"tokenizer_class": "BartTokenizer"}, "BartTokenizer"),
    ("blenderbot", {"vocab.json": "roberta.vocab.json", "merges.txt": "roberta.merges.txt"},
     {"tokenizer_class": "BlenderbotTokenizer"}, "BlenderbotTokenizer"),
    ("qwen2", {"vocab.json": "gpt2.vocab.json", "merges.txt": "gpt2.merges.txt"},
     {"tokenizer_class": "Qwen2Tokenizer", "additional_special_tokens": ["<|im_start|>", "<|im_end|>"],
      "added_tokens_decoder": {
          str(600 + i): {"content": content, "lstrip": False, "normalized": False, "rstrip": False,
                         "single_word": False, "special": True}
          for i, content in enumerate(["<|im_start|>", "<|im_end|>"])}}, "Qwen2Tokenizer"),
    ("gpt1", {"vocab.json": "gpt1.vocab.json", "merges.txt": "gpt1.merges.txt"},
     {"tokenizer_class": "OpenAIGPTTokenizer"}, "OpenAIGPTTokenizer"),
    ("blenderbot-small", {"vocab.json": "small.vocab.json", "merges.txt": "gpt1.merges.txt"},
     {"tokenizer_class": "BlenderbotSmallTokenizer"}, "BlenderbotSmallTokenizer"),
    ("bert-uncased", {"vocab.txt": "uncased.vocab.txt"}, {}, "BertTokenizer"),
    ("bert-cased", {"vocab.txt": "cased.vocab.txt"},
     {"tokenizer_class": "BertTokenizer", "do_lower_case": False}, "BertTokenizer"),
    ("bert-accents", {"vocab.txt": "cased.vocab.txt"},
     {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "strip_accents": False,
      "tokenize_chinese_chars": False}, "BertTokenizer"),
    ("unigram", {"sentencepiece.model": "unigram.model"}, {}, None),
    ("bpe", {"tokenizer.model": "bpe.model"}, {}, None),
    ("bpe-bytes", {"tokenizer.model": "bpe-bytes.model"}, {}, None),
    ("bpe-gemma", {"tokenizer.model": "bpe-gemma.model"}, {}, None),
    ("unigram-plain", {"spm.model": "unigram-plain.model"}, {}, None),
    ("llama", {"tokenizer.model": "bpe-bytes.model"}, {"tokenizer_class": "LlamaTokenizer", "add_bos_token": True,
     "legacy": False}, "LlamaTokenizer"),
    ("gemma", {"tokenizer.model": "bpe-gemma.model"},
     {"tokenizer_class": "GemmaTokenizer", "add_bos_token": True}, "GemmaTokenizer"),
    ("t5", {"spiece.model": "unigram-t5.model"}, {"tokenizer_class": "T5Tokenizer"}, "T5Tokenizer"),
    ("t5-json", {"tokenizer.json": "t5.json"}, {"tokenizer_class": "T5Tokenizer"}, "T5Tokenizer"),
    ("xlm-roberta", {"sentencepiece.bpe.model": "unigram.model"},
     {"tokenizer_class": "XLMRobertaTokenizer"}, "XLMRobertaTokenizer"),
    ("camembert", {"sentencepiece.bpe.model": "unigram.model"},
     {"tokenizer_class": "CamembertTokenizer"}, "CamembertTokenizer"),
    ("xglm", {"sentencepiece.bpe.model": "unigram.model"}, {"tokenizer_class": "XGLMTokenizer"}, "XGLMTokenizer"),
    ("mbart", {"sentencepiece.bpe.model": "unigram.model"},
     {"tokenizer_class": "MBartTokenizer", "src_lang": "de_DE"}, "MBartTokenizer"),
    ("mbart50", {"sentencepiece.bpe.model": "unigram.model"},
     {"tokenizer_class": "MBart50Tokenizer", "src_lang": "de_DE"}, "MBart50Tokenizer"),
    ("nllb", {"sentencepiece.bpe.model": "bpe.model"},
     {"tokenizer_class": "NllbTokenizer", "src_lang": "deu_Latn"}, "NllbTokenizer"),
    ("albert", {"spiece.model": "unigram-bert.model"}, {"tokenizer_class": "AlbertTokenizer"}, "AlbertTokenizer"),
    ("deberta-v2", {"spm.model": "unigram-deberta.model"}, {"tokenizer_class": "DebertaV2Tokenizer"},
     "DebertaV2Tokenizer"),
    ("pegasus", {"spiece.model": "unigram-t5.model"}, {"tokenizer_class": "PegasusTokenizer"}, "PegasusTokenizer"),
    ("marian", {"source.spm": "unigram-plain.model", "target.spm": "unigram-plain.model",
                "vocab.json": "marian.vocab.json"}, {"tokenizer_class": "MarianTokenizer"}, "MarianTokenizer"),
    ("m2m100", {"sentencepiece.bpe.model": "unigram-plain.model", "vocab.json": "m2m100.vocab.json"},
     {"tokenizer_class": "M2M100Tokenizer", "src_lang": "de"}, "M2M100Tokenizer"),
]


def main() -> None:
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else OUT
    out.mkdir(parents=True, exist_ok=True)
    fixture_vocabularies.write_all(out)
    cases, by_name = [], {}
    for name, files, config, reference in CASES:
        with tempfile.TemporaryDirectory() as folder:
            for to, source in files.items():
                shutil.copy(out / source, Path(folder) / to)
            if config:
                (Path(folder) / "tokenizer_config.json").write_text(json.dumps(config))
            ids = hugging_face(reference, Path(folder)) if reference else pieces_of(out / list(files.values())[0])
        by_name[name] = mended(name, ids, by_name, out)
        cases.append({"name": name, "files": files, "config": config, "ids": by_name[name]})
    for pre in ["gpt-2", "llama-bpe", "qwen2", "smollm", "falcon"]:
        cases.append({"name": f"gguf-{pre}", "gguf": f"bpe-{pre}.gguf", "ids": gguf_reference(out, pre)})
    bos = {"bpe-bytes": 1, "bpe-gemma": 2}
    for name, start in bos.items():
        cases.append({"name": f"gguf-{name}", "gguf": f"{name}.gguf", "ids": [i and [start, *i] for i in by_name[name]]})
    # The published files cut at the next-line character, which GGUF has no word for; the sentinels are not in ours
    t5 = [None if "\u0085" in line or "<extra_id" in line else i for line, i in zip(LINES, by_name["t5"])]
    cases.append({"name": "gguf-t5", "gguf": "unigram-t5.gguf", "ids": t5})
    cases.append({"name": "gguf-bert", "gguf": "uncased.gguf", "ids": by_name["bert-uncased"]})
    for name in ["gpt2-tokenizer", "all-minilm-l6-v2", "stories260k", "rxnmapper-albert"]:
        if not (REAL / name).is_dir():
            sys.exit(f"{REAL / name} is missing: its ids are part of the fixture")
        if name == "gpt2-tokenizer":
            ids = hugging_face("GPT2Tokenizer", REAL / name)
        else:
            tokenizer = Tokenizer.from_file(str(REAL / name / "tokenizer.json"))
            tokenizer.no_padding()
            tokenizer.no_truncation()
            ids = [tokenizer.encode(line).ids for line in LINES]
        cases.append({"name": name, "real": name, "ids": ids})
    cases += larger()
    for case in cases:
        answers = zip(LINES, case["ids"], strict=True)
        case["ids"] = [None if left_out(case["name"], line) else ids for line, ids in answers]
    (out / "lines.json").write_text(json.dumps(LINES, ensure_ascii=True, indent=0) + "\n")
    versions = {module.__name__: module.__version__ for module in (transformers, tokenizers, sentencepiece)}
    text = json.dumps({"made_with": versions, "cases": cases}, separators=(",", ":"))
    (out / "cases.json").write_text(text.replace('{"name"', '\n{"name"') + "\n")


if __name__ == "__main__":
    main()
