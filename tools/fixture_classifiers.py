#!/usr/bin/env python3
"""Make the fixtures of classifiers on decoders and encoder–decoders, and of rare ones on encoders: small models, texts as
ids, Transformers' logits.

    python tools/fixture_classifiers.py [TEXT]     write tests/fixtures/classifiers, or only classes that hold TEXT

Texts with padding behind, before and inside, and one of nothing but padding, tell which token's vector is read.
"""

import json
import shutil
import sys
from pathlib import Path

import torch
import transformers

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "classifiers"
VOCABULARY = 29
_LABELS = {"id2label": {0: "calm", 1: "glad", 2: "cross"}, "label2id": {"calm": 0, "glad": 1, "cross": 2}}
_SIZES = {
    "vocab_size": VOCABULARY,
    "hidden_size": 12,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 6,
    "intermediate_size": 14,
    "num_hidden_layers": 1,
    "max_position_embeddings": 32,
    "bos_token_id": 0,
    "eos_token_id": 1,
    "pad_token_id": 2,
}
_GPT = {"vocab_size": VOCABULARY, "n_embd": 12, "n_head": 2, "n_layer": 1, "n_positions": 32, "eos_token_id": 1}
_TWO = {
    "vocab_size": VOCABULARY,
    "d_model": 12,
    "encoder_layers": 1,
    "decoder_layers": 1,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 3,
    "encoder_ffn_dim": 14,
    "decoder_ffn_dim": 10,
    "max_position_embeddings": 32,
}
_T5 = {
    "vocab_size": VOCABULARY,
    "d_model": 12,
    "d_kv": 5,
    "d_ff": 14,
    "num_layers": 1,
    "num_heads": 2,
    "eos_token_id": 1,
    "pad_token_id": 0,
    "decoder_start_token_id": 0,
}
_ENCODER = {
    "vocab_size": VOCABULARY,
    "hidden_size": 12,
    "num_attention_heads": 2,
    "num_hidden_layers": 1,
    "intermediate_size": 14,
    "max_position_embeddings": 32,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "cls_token_id": 1,
    "sep_token_id": 2,
}
MODELS = {
    "GPT2ForSequenceClassification": _GPT | _LABELS | {"pad_token_id": 1},
    "GPT2ForTokenClassification": _GPT | _LABELS,
    "GPTNeoXForSequenceClassification": _SIZES | {"num_labels": 4},
    "LlamaForSequenceClassification": _SIZES | _LABELS,
    "LlamaForQuestionAnswering": _SIZES,
    "MistralForSequenceClassification": _SIZES | {"num_labels": 1},
    "Qwen2ForSequenceClassification": _SIZES | _LABELS | {"pad_token_id": None, "problem_type": "multi_label_classification"},
    "Qwen3ForTokenClassification": _SIZES | _LABELS,
    "Gemma2ForSequenceClassification": _SIZES | _LABELS,
    "BloomForSequenceClassification": {"vocab_size": VOCABULARY, "hidden_size": 12, "n_head": 2, "n_layer": 1} | _LABELS,
    "BartForSequenceClassification": _TWO | _LABELS | {"eos_token_id": 1, "pad_token_id": 2},
    "OPTForSequenceClassification": {
        "vocab_size": VOCABULARY,
        "hidden_size": 12,
        "word_embed_proj_dim": 8,
        "num_attention_heads": 2,
        "num_hidden_layers": 1,
        "ffn_dim": 14,
        "max_position_embeddings": 32,
        "do_layer_norm_before": False,
        "pad_token_id": 2,
    }
    | _LABELS,
    # Its target begins with the source's last token
    "MBartForSequenceClassification": _TWO | _LABELS | {"eos_token_id": 1, "pad_token_id": 2},
    "T5ForSequenceClassification": _T5 | _LABELS,
    # Their answers are marked in the text that the decoder reads again
    "BartForQuestionAnswering": _TWO | {"eos_token_id": 1, "pad_token_id": 2},
    "MBartForQuestionAnswering": _TWO | {"eos_token_id": 1, "pad_token_id": 2},
    "T5ForQuestionAnswering": _T5,
    "UMT5ForQuestionAnswering": _T5,
    # Tags of the encoder's tokens
    "T5ForTokenClassification": _T5 | _LABELS,
    "UMT5ForTokenClassification": _T5 | _LABELS,
    # Whether two texts belong together: alone, and beside masked words
    "BertForNextSentencePrediction": _ENCODER,
    "BertForPreTraining": _ENCODER,
    "AlbertForPreTraining": _ENCODER | {"embedding_size": 8},
    # A number for a text that may be chosen
    "BertForMultipleChoice": _ENCODER,
    "AlbertForMultipleChoice": _ENCODER | {"embedding_size": 8},
    "ElectraForMultipleChoice": _ENCODER | {"embedding_size": 8, "summary_activation": "tanh"},
    "DistilBertForMultipleChoice": {"vocab_size": VOCABULARY, "dim": 12, "n_heads": 2, "n_layers": 1, "hidden_dim": 14}
    | {"max_position_embeddings": 32},
    "RobertaForMultipleChoice": _ENCODER | {"max_position_embeddings": 34, "pad_token_id": 1},
    "MPNetForMultipleChoice": _ENCODER | {"max_position_embeddings": 34, "pad_token_id": 1},
    "DebertaV2ForMultipleChoice": _ENCODER | {"relative_attention": True, "pos_att_type": ["c2p"], "type_vocab_size": 0},
    "ModernBertForMultipleChoice": _ENCODER | {"classifier_pooling": "mean", "global_attn_every_n_layers": 1},
}
TEXTS = [[5, 9, 17, 6], [7, 21, 8, 2, 2], [2, 2, 11, 4], [3, 2, 12, 2, 26, 1, 1], [2, 2, 2]]


def make(name: str, options: dict) -> None:
    """Write one model and what it says of every text."""
    model_class = getattr(transformers, name)
    torch.manual_seed(len(name) * 1000 + sum(map(ord, name)))
    config = model_class.config_class(**options)
    model = model_class(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.4 + (parameter.dim() == 1))
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    expected = []
    for ids in TEXTS:
        if config.is_encoder_decoder and not name.endswith("ForTokenClassification"):
            ids = [*ids, 1] if ids.count(1) == 0 else [x for x in ids if x != 1] + [1]
        inputs = {"input_ids": torch.tensor([ids])}
        if not config.is_encoder_decoder and not hasattr(config, "num_key_value_heads"):
            inputs["attention_mask"] = torch.ones(1, len(ids), dtype=torch.long)
        if "Pre" in name or "Next" in name:
            inputs["token_type_ids"] = torch.tensor([[int(i >= 2) for i in range(len(ids))]])
        if name.endswith("MultipleChoice"):
            inputs = {key: value[None] for key, value in inputs.items()}
        with torch.no_grad():
            output = model_class.from_pretrained(folder).eval()(**inputs)
        said = {"ids": ids}
        if "token_type_ids" in inputs:
            said["second"] = 2
        pair = output.get("seq_relationship_logits", output.get("sop_logits"))
        if pair is not None:
            said["pair"] = pair[0].tolist()
            logits = output.prediction_logits[0]
        elif "start_logits" in output:
            logits = torch.stack((output.start_logits[0], output.end_logits[0]), dim=-1)
        else:
            logits = output.logits[0]
        expected.append(said | {"logits": [round(x, 6) for x in logits.flatten().tolist()]})
    (folder / "expected.json").write_text(json.dumps(expected))
    print(name, expected[0]["logits"][:3])


if __name__ == "__main__":
    for name, options in MODELS.items():
        if any(part in name for part in sys.argv[1:] or [""]):
            make(name, options)
