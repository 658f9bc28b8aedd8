"""Measures the exported model: every figure of the model card.

Uses Transformers only; the shipped f16 weights are read as f32. Prints tables; `--json FILE` writes all of it;
`--card` puts the tables between the two marks in FOLDER/README.md. Prompts and random tokens are seeded, the
facts in prompts are held out (`grammar.held_out`), and the text is the corpus's valid/.
"""

import argparse
import json
import random
import re
from pathlib import Path

import torch

import grammar
import probes
from tokenizer import read_books

FORWARD = ["{n} plays with the", "{n} picked up the", "{n} still has the", "What does {n} have? {n} has a"]
PLAIN = FORWARD[:1]
BACKWARD = ["The {x} belongs to", "Who has the {x}?", "Whose is the {x}? It is"]
SHORT = [
    "The old king went out into the garden.", "There was once a little girl who lived in a wood.",
    "The dog ran down the road to meet them.", "She opened the door and looked into the room.",
    "Once upon a time there was a poor man.",
]
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def without_article(prompts):
    """Prompts whose question ends in `a`: leaves out those where `an` would give the answer away."""
    return [(re.sub(r" an$", " a", p), asked, facts) for p, asked, facts in prompts]


def recall(model, tokenizer, count: int) -> dict:
    """Forward and backward recall by number of facts; share of answers that come first, and their probability."""
    rng, out = random.Random(2024), {}
    for k in (2, 3, 4, 5):
        asked = without_article(grammar.recall_prompts(rng, count, k, FORWARD))
        prompts, facts = [p for p, _, _ in asked], [f for _, f, _ in asked]
        first, p = probes.answers_right(model, tokenizer, prompts, [f.adjective for f in facts])
        then, _ = probes.answers_right(
            model, tokenizer, [f"{p} {f.adjective}" for p, f in zip(prompts, facts)], [f.thing for f in facts])
        bare = without_article(grammar.recall_prompts(rng, count, k, FORWARD, adjectives=False))
        plain, _ = probes.answers_right(model, tokenizer, [p for p, _, _ in bare], [f.thing for _, f, _ in bare])
        out[k] = {"adjective": first, "adjective_p": p, "thing_after": then, "thing_without_adjective": plain}
        for form in BACKWARD:
            asked = grammar.recall_prompts(rng, count, k, [form])
            out[k][f"backward: {form}"], _ = probes.answers_right(
                model, tokenizer, [p for p, _, _ in asked], [f.name for _, f, _ in asked])
    return out


def fact_heads(model, tokenizer, count: int) -> dict[str, torch.Tensor]:
    """Mean attention [layer, head] on held-out prompts of three facts, from where the answer is given.

    `recall`: from the last ` the` of "{n} plays with the" to the adjective of the asked fact, less what the other
    facts' adjectives get on average. `owner`: from the thing in "The {x} belongs to" to the same thing in the
    facts; `owner_last`: from the last token there to the owner's name. `name`: from the last ` the` to the
    question's name; `said_name`: from the thing of the last fact to its own name.
    """
    rng = random.Random(7)
    sums: dict[str, list] = {k: [] for k in ("recall", "owner", "owner_last", "name", "said_name")}
    for prompt, asked, facts in grammar.recall_prompts(rng, count, 3, PLAIN):
        ids = tokenizer.encode(prompt).ids
        find = lambda word: where(tokenizer, ids, word)
        a = probes.patterns(model, probes.tensor(ids))[1][:, 0]
        others = [find(f.adjective)[0] for f in facts if f is not asked]
        sums["recall"].append(a[:, :, -1, find(asked.adjective)[0]] - a[:, :, -1, others].mean(-1))
        sums["name"].append(a[:, :, -1, find(asked.name)[-1]])
        sums["said_name"].append(a[:, :, find(facts[-1].thing)[0], find(facts[-1].name)[0]])
    for prompt, asked, _ in grammar.recall_prompts(rng, count, 3, BACKWARD[:1]):
        ids = tokenizer.encode(prompt).ids
        find = lambda word: where(tokenizer, ids, word)
        a = probes.patterns(model, probes.tensor(ids))[1][:, 0]
        sums["owner"].append(a[:, :, find(asked.thing)[-1], find(asked.thing)[0]])
        sums["owner_last"].append(a[:, :, -1, find(asked.name)[0]])
    return {k: torch.stack(v).mean(0) for k, v in sums.items()}


def where(tokenizer, ids: list[int], word: str) -> list[int]:
    """Positions of a word that is one token, with or without its leading space."""
    wanted = {tokenizer.encode(s, add_special_tokens=False).ids[0] for s in (word, f" {word}")}
    return [i for i, token in enumerate(ids) if token in wanted]


def text_heads(model, tokenizer, valid: str) -> dict[str, torch.Tensor]:
    """Per head [layer, head]: `sink_short`, the mean of P[q, 0] over q >= 1 on five short sentences; `sink_text`,
    the same on book text (positions 8 to 254); `previous_text`, previous-token attention there."""
    short = []
    for sentence in SHORT:
        a = probes.patterns(model, probes.tensor(tokenizer.encode(sentence).ids))[1][:, 0]
        short.append(a[:, :, 1:, 0].mean(-1))
    ids = tokenizer.encode(valid, add_special_tokens=False).ids[:8 * 2048]
    a = torch.stack([probes.patterns(model, probes.tensor([0] + ids[s:s + 255]))[1][:, 0]
                     for s in range(0, len(ids), 2048)]).mean(0)
    query = torch.arange(8, 255)
    return {"sink_short": torch.stack(short).mean(0), "sink_text": a[:, :, query, 0].mean(-1),
            "previous_text": a[:, :, query, query - 1].mean(-1)}


def marked_again(model, tokenizer, count: int) -> dict:
    """How often ` again` (or not) is told rightly in lists of things, by whether the thing was there before."""
    source, right = grammar.Grammar(random.Random(11)), {True: [], False: []}
    wanted = tokenizer.encode(" again", add_special_tokens=False).ids[0]
    for _ in range(count):
        text, spans = grammar.split_marks(grammar.fix_articles(source.again()))
        encoded = tokenizer.encode(text)
        logits = probes.patterns(model, probes.tensor(encoded.ids))[0][0]
        for start, _ in spans:
            if start >= len(text) - 1:
                continue
            at = next(i for i, (s, e) in enumerate(encoded.offsets) if s <= start < e)
            is_again = encoded.ids[at] == wanted
            right[is_again].append(float((logits[at - 1].argmax() == wanted) == is_again))
    return {"seen_before": sum(right[True]) / len(right[True]), "new": sum(right[False]) / len(right[False])}


def chinese(model, tokenizer) -> dict:
    """A Chinese sentence said twice: its tokens, and how many of the second saying are foreseen."""
    sentence = "小猫坐在河边看鱼。"
    ids = tokenizer.encode(sentence * 2).ids
    logits, _ = probes.patterns(model, probes.tensor(ids))
    half = (len(ids) - 1) // 2
    told = logits[0, half + 1:-1].argmax(-1) == torch.tensor(ids[half + 2:])
    return {"characters": len(sentence), "tokens": half, "second_saying_right": told.float().mean().item(),
            "round_trip": tokenizer.decode(ids) == sentence * 2}


def knock_outs(model, tokenizer, heads: dict[str, torch.Tensor], stripes: dict, count: int) -> dict:
    """Recall with heads cut: those that look at the answer, all and each; as a control, others of their layers."""
    forward = grammar.recall_prompts(random.Random(99), count, 3, PLAIN)
    backward = grammar.recall_prompts(random.Random(98), count, 3, BACKWARD[:1])

    def figures(cut) -> dict:
        with probes.knocked_out(model, cut):
            return {
                "adjective": probes.answers_right(
                    model, tokenizer, [p for p, _, _ in forward], [f.adjective for _, f, _ in forward])[0],
                "thing_after": probes.answers_right(
                    model, tokenizer, [f"{p} {f.adjective}" for p, f, _ in forward],
                    [f.thing for _, f, _ in forward])[0],
                "backward": probes.answers_right(
                    model, tokenizer, [p for p, _, _ in backward], [f.name for _, f, _ in backward])[0],
                "repeats": probes.stripes(model, rows=8)["right"],
            }

    recall_heads = over(heads["recall"], 0.3)
    layers = {layer for layer, _ in recall_heads}
    control = [(layer, h) for layer in sorted(layers) for h in range(model.config.num_attention_heads)
               if (layer, h) not in recall_heads]
    rng = random.Random(3)
    sets = {"none": [], "recall heads: " + named(recall_heads): recall_heads}
    sets |= {f"only {named([h])}": [h] for h in recall_heads} if len(recall_heads) > 1 else {}
    chosen = rng.sample(control, min(len(control), len(recall_heads)))
    sets["as many others of the same layers: " + named(sorted(chosen))] = chosen
    for label, score in (("previous-token heads", stripes["previous_token"]), ("duplicate-token heads",
                                                                          stripes["duplicate_token"])):
        found = over(score, 0.5)
        if found:
            sets[f"{label}: {named(found)}"] = found
    return {label: figures(cut) for label, cut in sets.items()}


def over(score: torch.Tensor, least: float) -> list[tuple[int, int]]:
    """Heads whose score is at least so much."""
    return [(int(l), int(h)) for l, h in (score >= least).nonzero()]


def named(heads) -> str:
    """`5.1, 5.4`."""
    return ", ".join(f"{l}.{h}" for l, h in heads) or "none"


def sample(model, tokenizer, prompt: str, length: int = 70, temperature: float = 0.8, seed: int = 0) -> str:
    """A continuation."""
    ids, generator = tokenizer.encode(prompt).ids, torch.Generator().manual_seed(seed)
    for _ in range(length):
        with torch.no_grad():
            p = (model(probes.tensor(ids), use_cache=False).logits[0, -1] / temperature).softmax(-1)
        top = p.topk(40)
        ids.append(int(top.indices[torch.multinomial(top.values, 1, generator=generator)]))
    return tokenizer.decode(ids[1:])


def measure(folder: Path, corpus: Path, count: int) -> dict:
    """All figures."""
    model, tokenizer, facts = probes.load(folder)
    books = {f.stem: b for f, b in zip(sorted((corpus / "valid").glob("*.txt")), read_books(corpus / "valid"))}
    stripes = probes.stripes(model, rows=64)
    heads = {k: v for k, v in stripes.items() if isinstance(v, torch.Tensor)}
    heads |= text_heads(model, tokenizer, "\n".join(books.values())) | fact_heads(model, tokenizer, 100)
    return {
        "made": facts | {"parameters": sum(p.numel() for p in model.parameters()),
                         "folder_bytes": sum(f.stat().st_size for f in folder.iterdir())},
        "text": {k: probes.text_loss(model, tokenizer, v) for k, v in books.items()}
        | {"all of valid/": probes.text_loss(model, tokenizer, "\n".join(books.values()))},
        "repeats": {k: stripes[k] for k in ("right", "nats")}
        | {k: probes.best(stripes[k]) for k in ("induction", "previous_token", "duplicate_token")},
        "recall": recall(model, tokenizer, count),
        "knock_out": knock_outs(model, tokenizer, heads, stripes, count),
        "again": marked_again(model, tokenizer, 100),
        "chinese": chinese(model, tokenizer),
        "heads": {k: [[round(x, 3) for x in row] for row in v.tolist()] for k, v in heads.items()},
        "samples": [sample(model, tokenizer, p, seed=i) for i, p in enumerate(
            ("Once upon a time there was", '"Oh, dear!" said', "The old king"))],
    }


def table(head: list[str], rows: list[list]) -> str:
    """A Markdown table."""
    cell = lambda v: f"{v:.3f}" if isinstance(v, float) else str(v)
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(cell, line)) + " |" for line in lines)


def report(found: dict) -> str:
    """The figures as Markdown."""
    made, best = found["made"], found["repeats"]
    heads = {k: torch.tensor(v) for k, v in found["heads"].items()}
    kinds = (
        ("induction", "induction (random tokens said twice)"), ("previous_token", "previous token (same)"),
        ("previous_text", "previous token (book text)"), ("duplicate_token", "duplicate token (random tokens)"),
        ("sink_short", "rests on `<s>` (five short sentences)"), ("sink_text", "rests on `<s>` (book text)"),
        ("recall", "looks at the asked fact's adjective, from the last ` the`"),
        ("name", "looks at the question's name, from the last ` the`"),
        ("said_name", "looks at the fact's own name, from its thing"),
        ("owner", "looks at the thing's first showing, from the thing in \"The {x} belongs to\""),
        ("owner_last", "looks at the owner's name, from the last ` to` there"),
    )
    rows = []
    for kind, label in kinds:
        ranked = sorted(((float(v), divmod(i, heads[kind].shape[1])) for i, v in enumerate(heads[kind].flatten())),
                        reverse=True)
        rows.append([label, ", ".join(f"{l}.{h} {v:.2f}" for v, (l, h) in ranked[:6] if v >= 0.3) or
                     "none over 0.3 (best {1[0]}.{1[1]} {0:.2f})".format(*ranked[0])])
    forms = list(next(iter(found["recall"].values())))
    parts = [
        f"Steps {made['steps']} (decay from {made['decay_start']}), {int(made['tokens']) / 1e6:.1f} M tokens, "
        f"{made['minutes']} min on a shared 2-core machine, {made['cpu_minutes']} min of CPU time; "
        f"{made['parameters']:,} parameters, {made['folder_bytes'] / 1e6:.2f} MB in all.",
        table(["held-out text", "bits per byte", "nats per token", "tokens"],
              [[k, v["bits_per_byte"], v["nats_per_token"], v["tokens"]] for k, v in found["text"].items()]),
        table(["30 random tokens said twice (64 rows)", "value"],
              [["best induction head " + best["induction"][1], best["induction"][0]],
               ["best previous-token head " + best["previous_token"][1], best["previous_token"][0]],
               ["best duplicate-token head " + best["duplicate_token"][1], best["duplicate_token"][0]],
               ["next token right in the second saying", best["right"]], ["loss there, nats", best["nats"]]]),
        table(["recall, held-out facts, first answer right", *(f"{k} facts" for k in found["recall"])],
              [[form, *(v[form] for v in found["recall"].values())] for form in forms]),
        table(["cut (z set to zero), three held-out facts", "adjective", "thing after it", "backward", "repeats"],
              [[k, *v.values()] for k, v in found["knock_out"].items()]),
        table(["what the heads do (mean attention)", "heads"], rows),
        table(["lists with `again`", "told rightly"], [[k, v] for k, v in found["again"].items()]),
        table(["Chinese sentence said twice", "value"], [[k, v] for k, v in found["chinese"].items()]),
        "Samples (temperature 0.8, top 40, 70 tokens):\n\n" + "\n".join(
            "> " + s.replace("\n", " / ") + "\n" for s in found["samples"]),
    ]
    return "\n\n".join(parts).strip()


def main() -> None:
    """Measures, prints, writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="the exported model")
    parser.add_argument("corpus", type=Path, help="folder with valid/")
    parser.add_argument("--count", type=int, default=200, help="prompts per recall figure")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--card", action="store_true", help="put the tables into FOLDER/README.md")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    found = measure(args.folder, args.corpus, args.count)
    text = report(found)
    print(text)
    if args.json:
        args.json.write_text(json.dumps(found, indent=1) + "\n")
    if args.card:
        path = args.folder / "README.md"
        before, rest = path.read_text().split(BEGIN)
        after = rest.split(END)[1]
        path.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")


if __name__ == "__main__":
    main()
