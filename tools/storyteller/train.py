"""Trains the storyteller on the CPU.

Schedule by steps: warm-up, constant, then a linear decay to 3 % over the last `--decay` share of the steps, its
last 30 % with rows twice as long. `--steps N` is reproducible. `--stop-by HH:MM` instead starts the decay so that
it ends at that time, from the measured speed; the checkpoint records the steps really taken and where the decay
began, and `--steps N --decay-start M` runs the same schedule again. Checkpoints hold everything; the same command
resumes.
"""

import argparse
import datetime
import json
import random
import time
from pathlib import Path

import torch
from tokenizers import Tokenizer

import grammar
import probes
from model import Config, Storyteller
from rows import Rows
from tokenizer import read_books

MUON_LR, EMBED_LR, REST_LR, FLOOR = 0.02, 0.03, 0.003, 0.03
# shares of random, synthetic and book rows: at first, after induction is seen, at the end of the decay
START, MIDDLE, END = (0.40, 0.25, 0.35), (0.05, 0.21, 0.74), (0.03, 0.11, 0.86)
SEEN = 0.6  # the induction score at which the shares begin to move


def shares(step: int, seen: int | None, decayed: float) -> tuple[float, float, float]:
    """Much to repeat until induction is seen (at step `seen`), then linearly to mostly books over 300 steps."""
    turned = 0.0 if seen is None else min((step - seen) / 300, 1.0)
    later = [b + (c - b) * decayed for b, c in zip(MIDDLE, END)]
    return tuple(a + (b - a) * turned for a, b in zip(START, later))


class Schedule:
    """Learning-rate factor. `decayed` goes from 0 to 1 over the decay; with a deadline, by the clock."""

    def __init__(self, args: argparse.Namespace, state: dict | None):
        self.warmup, self.share, self.steps, self.start = args.warmup, args.decay, args.steps, args.decay_start
        self.deadline = None
        if args.stop_by:
            now = datetime.datetime.now()
            hour, minute = map(int, args.stop_by.split(":"))
            end = now.replace(hour=hour, minute=minute, second=0)
            self.deadline = (end if end > now else end + datetime.timedelta(days=1)).timestamp()
        elif self.start is None:
            self.start = round(self.steps * (1 - self.share))
        self.decayed, self.began = (state["decayed"], state["began"]) if state else (0.0, None)

    def advance(self, step: int, seconds_per_step: float) -> None:
        """Called before each step."""
        if self.deadline is None:
            if step >= self.start:
                self.began = self.start
                self.decayed = min(1.0, (step + 1 - self.start) / (self.steps - self.start))
            return
        left = max(1.0, (self.deadline - time.time()) / seconds_per_step)
        if self.began is None and left <= self.share / (1 - self.share) * step:
            self.began = step
        if self.began is not None:
            self.decayed = min(1.0, self.decayed + (1 - self.decayed) / left)

    @property
    def done(self) -> bool:
        """Whether the step just taken was the last."""
        return self.decayed >= (1.0 if self.deadline is None else 0.998)

    def factor(self, step: int) -> float:
        """The learning rate's share of its peak."""
        return min(1.0, (step + 1) / self.warmup) * (1 - (1 - FLOOR) * self.decayed)


def optimisers(model: Storyteller) -> list[torch.optim.Optimizer]:
    """Muon for the matrices in the layers, AdamW for embedding, unembedding and norms."""
    matrices = [p for n, p in model.named_parameters() if p.ndim == 2 and ".layers." in n]
    norms = [p for p in model.parameters() if p.ndim < 2]
    muon = torch.optim.Muon(matrices, lr=MUON_LR, momentum=0.95, nesterov=True, weight_decay=0.03,
                            adjust_lr_fn="original")
    adam = torch.optim.AdamW(
        [{"params": [model.model.embed_tokens.weight], "lr": EMBED_LR},
         {"params": [model.lm_head.weight, *norms], "lr": REST_LR}], betas=(0.9, 0.95), weight_decay=0.0)
    for optimiser in (muon, adam):
        for group in optimiser.param_groups:
            group["peak"] = group["lr"]
    return [muon, adam]


def look(model: Storyteller, reader: probes.LlamaForCausalLM, tokenizer: Tokenizer, valid: str) -> dict:
    """The few figures worth watching."""
    reader.load_state_dict(model.state_dict())
    found = probes.stripes(reader, rows=8)
    rng = random.Random(5)
    forward = [p for k in (2, 3) for p in grammar.recall_prompts(rng, 40, k, ["{n} plays with the"])]
    asked_back = ["The {x} belongs to", "Here is the {x}"]
    backward = [p for k in (2, 3) for p in grammar.recall_prompts(rng, 40, k, asked_back)]
    loss = probes.text_loss(reader, tokenizer, valid, every=16)
    return {
        "bpb": round(loss["bits_per_byte"], 4), "right": round(found["right"], 3),
        **{k: probes.best(found[k]) for k in ("induction", "previous_token", "duplicate_token")},
        "forward": probes.answers_right(reader, tokenizer, [p for p, _, _ in forward],
                                        [f.adjective for _, f, _ in forward]),
        "backward": probes.answers_right(reader, tokenizer, [p for p, _, _ in backward],
                                         [f.name for _, f, _ in backward]),
    }


def main() -> None:
    """Trains, or goes on training, until the schedule is over."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, help="folder with train/ and valid/")
    parser.add_argument("tokenizer", type=Path, help="folder with tokenizer.json")
    parser.add_argument("out", type=Path, help="folder for checkpoint and log")
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--decay", type=float, default=0.42, help="share of the steps in which the rate decays")
    parser.add_argument("--decay-start", type=int, help="step at which it begins (default: by --decay)")
    parser.add_argument("--stop-by", metavar="HH:MM", help="end at this local time instead of after --steps")
    parser.add_argument("--warmup", type=int, default=60)
    parser.add_argument("--rows", type=int, default=16, help="rows of --length tokens a step; half as many, twice "
                        "as long, in the last 30 %% of the decay")
    parser.add_argument("--length", type=int, default=256)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--every", type=int, default=200, help="steps between checkpoints")
    parser.add_argument("--no-compile", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    args.out.mkdir(parents=True, exist_ok=True)
    path, log = args.out / "checkpoint.pt", (args.out / "log.jsonl").open("a")

    def say(entry: dict) -> None:
        line = json.dumps(entry)
        print(line, flush=True)
        log.write(line + "\n")
        log.flush()

    tokenizer = Tokenizer.from_file(str(args.tokenizer / "tokenizer.json"))
    rows = Rows(read_books(args.corpus / "train"), tokenizer, args.seed)
    valid = "\n".join(read_books(args.corpus / "valid"))
    model = Storyteller(Config(vocab=tokenizer.get_vocab_size()))
    model.initialise(torch.Generator().manual_seed(args.seed))
    reader = probes.new_model(model.config.for_transformers())
    optimiser_list = optimisers(model)
    state = torch.load(path, weights_only=False) if path.exists() else None
    step, seconds, cpu_seconds, tokens = 0, 0.0, 0.0, 0
    if state:
        model.load_state_dict(state["model"])
        for optimiser, saved in zip(optimiser_list, state["optimisers"]):
            optimiser.load_state_dict(saved)
        rows.restore(state["rows"])
        step, seconds, cpu_seconds, tokens = (state[k] for k in ("step", "seconds", "cpu_seconds", "tokens"))
    seen = state.get("seen") if state else None
    schedule = Schedule(args, state)
    loss_fn = model.loss if args.no_compile else torch.compile(model.loss, dynamic=False)
    speed, mean_loss, clock, cpu = 0.8, 0.0, time.time(), time.process_time()

    def save() -> None:
        torch.save({
            "model": model.state_dict(), "optimisers": [o.state_dict() for o in optimiser_list],
            "rows": rows.state(), "step": step, "seconds": seconds, "cpu_seconds": cpu_seconds, "tokens": tokens,
            "decayed": schedule.decayed, "began": schedule.began, "seen": seen,
            "config": model.config.as_dict(),
        }, path.with_suffix(".tmp"))
        path.with_suffix(".tmp").replace(path)

    while not schedule.done:
        schedule.advance(step, speed)
        factor = schedule.factor(step)
        for optimiser in optimiser_list:
            for group in optimiser.param_groups:
                group["lr"] = group["peak"] * factor
        late = schedule.decayed > 0.7
        batch = rows.batch(args.rows // 2 if late else args.rows, args.length * 2 if late else args.length,
                           shares(step, seen, schedule.decayed), 32 if seen is None else 64)
        ids, targets, weights = (torch.from_numpy(part) for part in batch)
        with torch.autocast("cpu", torch.bfloat16):
            loss = loss_fn(ids, targets, weights)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimiser in optimiser_list:
            optimiser.step()
            optimiser.zero_grad()
        step, tokens = step + 1, tokens + ids.numel()
        mean_loss += 0.05 * (loss.item() - mean_loss) if mean_loss else loss.item()
        now, cpu_now = time.time(), time.process_time()
        took = now - clock
        seconds, cpu_seconds, clock, cpu = seconds + took, cpu_seconds + cpu_now - cpu, now, cpu_now
        speed += 0.02 * (min(took, 5 * speed) - speed)  # a compilation is no measure of speed
        if step % 20 == 0:
            say({"step": step, "loss": round(mean_loss, 3), "lr": round(factor, 3), "s_per_step": round(speed, 3),
                 "min": round(seconds / 60, 1), "cpu_min": round(cpu_seconds / 60, 1)})
        if seen is None and step % 50 == 0:
            reader.load_state_dict(model.state_dict())
            score, head = probes.best(probes.stripes(reader, rows=8)["induction"])
            seen = step if score >= SEEN else None
            say({"step": step, "induction": round(score, 3), "head": head})
        if step % args.every == 0 or schedule.done:
            save()
            say({"step": step, "began": schedule.began, **look(model, reader, tokenizer, valid)})
    save()


if __name__ == "__main__":
    main()
