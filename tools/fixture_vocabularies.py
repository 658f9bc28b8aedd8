"""Small vocabularies of every kind, trained on the hard lines and some English, for fixture_tokenizer_cases.py."""

import io
import json
import shutil
import tempfile
from pathlib import Path

import gguf
import sentencepiece
import transformers
from fixture_hard_lines import LINES
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers.convert_slow_tokenizer import import_protobuf

sentencepiece_model_pb2 = import_protobuf()
TEXT = [line for line in LINES for _ in range(3)] + [
    "the old man went to the store and gave a drink to the cat that sat on the mat",
    "when the dog ran fast, the cat said well and then sat down in the garden",
    "translate the house is wonderful and the garden is big into another language",
] * 40
ROBERTA = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]


def byte_level(out: Path) -> None:
    """One set of merges, with GPT-2's and RoBERTa's special tokens."""
    for name, specials in [("gpt2", ["<|endoftext|>"]), ("roberta", ROBERTA)]:
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        trainer = trainers.BpeTrainer(
            vocab_size=600, special_tokens=specials, show_progress=False,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        )
        tokenizer.train_from_iterator(TEXT, trainer)
        model = json.loads(tokenizer.to_str())["model"]
        vocab = dict(sorted(model["vocab"].items(), key=lambda item: item[1]))
        (out / f"{name}.vocab.json").write_text(json.dumps(vocab, ensure_ascii=False))
        merges = "\n".join(" ".join(merge) for merge in model["merges"])
        (out / f"{name}.merges.txt").write_text(f"#version: 0.2\n{merges}\n")


def end_of_word(out: Path) -> None:
    """GPT-1's kind."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", end_of_word_suffix="</w>"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.BpeTrainer(
        vocab_size=700, special_tokens=["<unk>"], end_of_word_suffix="</w>", show_progress=False, limit_alphabet=150
    )
    tokenizer.train_from_iterator(TEXT, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    (out / "gpt1.vocab.json").write_text(json.dumps(model["vocab"], ensure_ascii=False))
    merges = "\n".join(" ".join(merge) for merge in model["merges"])
    (out / "gpt1.merges.txt").write_text(f"#version: 0.2\n{merges}\n")
    # Blenderbot-small marks where a word goes on, not where it ends
    spelled = [token[:-4] if token.endswith("</w>") else token + "@@" for token in model["vocab"] if token != "<unk>"]
    specials = ["__null__", "__start__", "__end__", "__unk__", "__newln__"]
    vocab = {token: i for i, token in enumerate(specials + [token for i, token in enumerate(spelled) if i % 13])}
    (out / "small.vocab.json").write_text(json.dumps(vocab, ensure_ascii=False))


def word_pieces(out: Path) -> None:
    for name, lower in [("uncased", True), ("cased", False)]:
        tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
        tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lower)
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
        trainer = trainers.WordPieceTrainer(
            vocab_size=700, special_tokens=specials, show_progress=False, limit_alphabet=250
        )
        tokenizer.train_from_iterator(TEXT, trainer)
        vocab = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
        (out / f"{name}.vocab.txt").write_text("\n".join(piece for piece, _ in vocab) + "\n")


def spm(out: Path, name: str, **options) -> None:
    # Fewer alphabets than the lines have, so that some characters are unknown or fall back to bytes
    text = [line.replace("\n", " ").replace("\0", "") for line in TEXT if max(map(ord, line)) < 0x3100]
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(text), model_writer=model, minloglevel=2, hard_vocab_limit=False,
        max_sentence_length=10000, **options,
    )
    (out / f"{name}.model").write_bytes(model.getvalue())


def sentence_pieces(out: Path) -> None:
    t5 = dict(pad_id=0, eos_id=1, unk_id=2, bos_id=-1)
    spm(out, "unigram", model_type="unigram", vocab_size=700, character_coverage=0.98)
    spm(out, "unigram-t5", model_type="unigram", vocab_size=700, character_coverage=0.98, **t5)
    plain = dict(normalization_rule_name="identity", remove_extra_whitespaces=False)
    spm(out, "bpe-bytes", model_type="bpe", vocab_size=900, character_coverage=0.98, byte_fallback=True,
        split_digits=True, allow_whitespace_only_pieces=True, **plain)
    spm(out, "bpe-gemma", model_type="bpe", vocab_size=900, character_coverage=0.98, byte_fallback=True,
        add_dummy_prefix=False, pad_id=0, eos_id=1, bos_id=2, unk_id=3, pad_piece="<pad>", bos_piece="<bos>",
        eos_piece="<eos>", user_defined_symbols=["<start_of_turn>", "<end_of_turn>", "▁▁", "▁▁▁▁", "\t"],
        **plain)
    spm(out, "bpe", model_type="bpe", vocab_size=900, character_coverage=0.98, normalization_rule_name="identity")
    spm(out, "unigram-plain", model_type="unigram", vocab_size=500, character_coverage=0.98,
        normalization_rule_name="identity")
    spm(out, "unigram-bert", model_type="unigram", normalization_rule_name="identity", vocab_size=600, character_coverage=0.98, bos_id=-1, eos_id=-1,
        pad_id=0, unk_id=1, pad_piece="<pad>", control_symbols=["[CLS]", "[SEP]", "[MASK]"])
    spm(out, "unigram-deberta", model_type="unigram", normalization_rule_name="identity", vocab_size=600, character_coverage=0.98, bos_id=1, eos_id=2,
        pad_id=0, unk_id=3, pad_piece="[PAD]", bos_piece="[CLS]", eos_piece="[SEP]", unk_piece="[UNK]")
    # Marian's and M2M100's own lists: some pieces in another order, some missing
    processor = sentencepiece.SentencePieceProcessor(model_file=str(out / "unigram-plain.model"))
    pieces = [processor.id_to_piece(i) for i in range(3, processor.get_piece_size())]
    kept = [piece for i, piece in enumerate(pieces) if i % 17]
    for name, first, last in [("marian", ["</s>", "<unk>"], [">>fra<<", ">>deu<<", "<pad>"]),
                              ("m2m100", ["<s>", "<pad>", "</s>", "<unk>"], [])]:
        vocab = {piece: i for i, piece in enumerate(first + kept[::-1] + last)}
        (out / f"{name}.vocab.json").write_text(json.dumps(vocab, ensure_ascii=False))


def ggufs(out: Path) -> None:
    """The same vocabularies inside GGUF files, as llama.cpp's converter lays them out."""
    vocab = json.loads((out / "gpt2.vocab.json").read_text())
    merges = (out / "gpt2.merges.txt").read_text().splitlines()[1:]
    for pre in ["gpt-2", "llama-bpe", "qwen2", "smollm", "falcon"]:
        writer = gguf.GGUFWriter(out / f"bpe-{pre}.gguf", "llama")
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre(pre)
        writer.add_token_list(list(vocab))
        writer.add_token_types([3 if token == "<|endoftext|>" else 1 for token in vocab])
        writer.add_token_merges(merges)
        writer.add_bos_token_id(vocab["<|endoftext|>"])
        writer.add_eos_token_id(vocab["<|endoftext|>"])
        finish(writer)
    for name, kind, add_bos, add_eos in [("bpe-bytes", "llama", True, False), ("unigram-t5", "t5", False, True),
                                         ("bpe-gemma", "llama", True, False)]:
        model = sentencepiece_model_pb2.ModelProto()
        model.ParseFromString((out / f"{name}.model").read_bytes())
        writer = gguf.GGUFWriter(out / f"{name}.gguf", "llama")
        writer.add_tokenizer_model(kind)
        writer.add_tokenizer_pre("default")
        writer.add_token_list([piece.piece.encode() for piece in model.pieces])
        writer.add_token_scores([piece.score for piece in model.pieces])
        writer.add_token_types([piece.type for piece in model.pieces])
        writer.add_unk_token_id(model.trainer_spec.unk_id)
        writer.add_eos_token_id(model.trainer_spec.eos_id)
        if add_bos:
            writer.add_bos_token_id(model.trainer_spec.bos_id)
        writer.add_add_bos_token(add_bos)
        writer.add_add_eos_token(add_eos)
        writer.add_add_space_prefix(model.normalizer_spec.add_dummy_prefix)
        if kind == "t5":
            writer.add_remove_extra_whitespaces(model.normalizer_spec.remove_extra_whitespaces)
            writer.add_precompiled_charsmap(model.normalizer_spec.precompiled_charsmap)
        finish(writer)
    pieces = (out / "uncased.vocab.txt").read_text().splitlines()
    special = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}
    spelled = [p if p in special else p[2:] if p.startswith("##") else "▁" + p for p in pieces]
    writer = gguf.GGUFWriter(out / "uncased.gguf", "bert")
    writer.add_tokenizer_model("bert")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(spelled)
    writer.add_token_types([3 if piece in special else 1 for piece in pieces])
    writer.add_unk_token_id(1)
    writer.add_sep_token_id(3)
    writer.add_pad_token_id(0)
    finish(writer)


def finish(writer: gguf.GGUFWriter) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def tokenizer_jsons(out: Path) -> None:
    """tokenizer.json with padding and truncation, that the app must switch off; and words without unknown ones."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(out / "unigram-t5.model", Path(folder) / "spiece.model")
        tokenizer = transformers.T5Tokenizer.from_pretrained(folder)._tokenizer
        tokenizer.enable_padding(length=64)
        tokenizer.enable_truncation(8)
        tokenizer.save(str(out / "t5.json"), pretty=False)


def write_all(out: Path) -> None:
    """Writes every vocabulary into `out`."""
    for make in [byte_level, end_of_word, word_pieces, sentence_pieces, ggufs, tokenizer_jsons]:
        make(out)
