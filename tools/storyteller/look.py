"""Shows what a head looks at on a prompt, and what the model would say next.

For finding and checking the examples: `look.py FOLDER --prompt TEXT --head 5.4`, or `--examples FILE` for all of
a file of examples, each with its own head. Positions count from 0, which is `<s>`. Without a head, the heads
that look hardest from the last token are listed.
"""

import argparse
import json
from pathlib import Path

import probes


def show(model, tokenizer, prompt: str, head: tuple[int, int] | None, rows: int | None) -> None:
    """Prints, per query token, the three keys that get most, and the next-token candidates."""
    ids = tokenizer.encode(prompt).ids
    names = [f"{i}:{tokenizer.id_to_token(t).replace('Ġ', '_')}" for i, t in enumerate(ids)]
    logits, attention = probes.patterns(model, probes.tensor(ids))
    if head is None:
        last = attention[:, 0, :, -1]
        for share, where in sorted(((float(v), i) for i, v in enumerate(last.flatten())), reverse=True)[:12]:
            layer, rest = divmod(where, last.shape[1] * last.shape[2])
            number, key = divmod(rest, last.shape[2])
            print(f"  {layer}.{number} {names[-1]} -> {names[key]} {share:.2f}")
    else:
        pattern = attention[head[0], 0, head[1]]
        for query in range(len(ids))[-rows:] if rows else range(len(ids)):
            top = pattern[query].topk(min(3, query + 1))
            print(f"  {names[query]:>14} -> " + "  ".join(
                f"{names[k]} {p:.2f}" for p, k in zip(top.values.tolist(), top.indices.tolist()) if p > 0.02))
    top = logits[0, -1].softmax(-1).topk(5)
    print("  next: " + "  ".join(f"{tokenizer.decode([k])!r} {p:.3f}" for p, k in zip(top.values.tolist(),
                                                                                    top.indices.tolist())))


def main() -> None:
    """One prompt, or all examples of a file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="the exported model")
    parser.add_argument("--prompt")
    parser.add_argument("--head", metavar="L.H")
    parser.add_argument("--rows", type=int, help="only the last so many queries")
    parser.add_argument("--examples", type=Path)
    args = parser.parse_args()
    model, tokenizer, _ = probes.load(args.folder)
    if args.prompt:
        head = tuple(map(int, args.head.split("."))) if args.head else None
        show(model, tokenizer, args.prompt, head, args.rows)
    for example in json.loads(args.examples.read_text()) if args.examples else []:
        head = example["layer"], example["head"]
        print(f"{example['title_en']}: {example['prompt']}\n  [{head[0]}.{head[1]}] {example['look_en']}")
        show(model, tokenizer, example["prompt"], head, args.rows)


if __name__ == "__main__":
    main()
