"""What a model with an answer-span head answers, through Transformers' own tokenizer."""

from pathlib import Path

import torch
from transformers import AutoTokenizer

LONGEST = 15


def ask(model, folder: Path, question: str, text: str) -> dict:
    """The most likely stretch of `text`: p(start)·p(end), each a softmax over the tokens of `text`; at most 15 tokens."""
    pair = AutoTokenizer.from_pretrained(folder)(question, text, return_offsets_mapping=True, return_tensors="pt")
    offsets = pair.pop("offset_mapping")[0].tolist()
    with torch.no_grad():
        output = model(**pair)
    own = [index for index, part in enumerate(pair.sequence_ids(0)) if part == 1]
    start, end = (logits[0, own].softmax(0) for logits in (output.start_logits, output.end_logits))
    joint = (start[:, None] * end[None, :]).triu().tril(LONGEST - 1)
    first, last = divmod(joint.argmax().item(), len(own))
    tokens = (own[first], own[last])
    return {
        "question": question,
        "text": text,
        "ids": pair["input_ids"][0].tolist(),
        "token_type_ids": pair["token_type_ids"][0].tolist(),
        "first": tokens[0],
        "last": tokens[1],
        "answer": text[offsets[tokens[0]][0] : offsets[tokens[1]][1]],
        "p": joint.max().item(),
    }
