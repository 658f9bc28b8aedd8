#!/usr/bin/env python3
"""Steps per second of `mnemoscope train` beside the same model in PyTorch on the same cores, taking turns.

The induction task as it comes: 2 layers, 4 heads, width 64, no MLP, RMSNorm, rotary, 65 tokens, 32 rows of 48,
AdamW. Each turn is a process of its own. CPU seconds count beside wall seconds, since other programs may be
running. Needs torch.

    cargo build --release
    python tools/bench_train.py --threads 2
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

VOCAB, WIDTH, HEADS, LAYERS, LONGEST, BATCH = 65, 64, 4, 2, 24, 32


def main() -> None:
    """Let both take turns and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--program", default="target/release/mnemoscope")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        print(json.dumps(torch_steps(args.steps, args.threads)))
        return
    ours, theirs = [], []
    for _ in range(args.turns):
        ours.append(own_steps(args.program, args.steps, args.threads))
        command = [sys.executable, __file__, "--worker", f"--steps={args.steps}", f"--threads={args.threads}"]
        theirs.append(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
    print(f"{args.steps} steps, {args.threads} threads, medians of {args.turns} turns\n")
    print("| program | steps/s (wall) | CPU ms/step |\n|---|---:|---:|")
    for name, runs in [("PyTorch, eager", theirs), ("Mnemoscope", ours)]:
        wall, cpu = (statistics.median(run[i] for run in runs) for i in (0, 1))
        print(f"| {name} | {args.steps / wall:.1f} | {1e3 * cpu / args.steps:.1f} |")


def own_steps(program: str, steps: int, threads: int) -> tuple[float, float]:
    """Wall and CPU seconds of our steps: a long run less a short one, so that starting does not count."""
    both = []
    for n in (steps + 1, 1):
        command = [program, "train", "--json", f"--steps={n}", f"--every={n}", f"--threads={threads}"]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        result = subprocess.run(command, check=True, capture_output=True, text=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        both.append((json.loads(result.stdout.splitlines()[-1])["seconds"], cpu))
    return both[0][0] - both[1][0], both[0][1] - both[1][1]


def torch_steps(steps: int, threads: int) -> tuple[float, float]:
    """Wall and CPU seconds of the same steps in PyTorch, after some that warm up."""
    import torch
    from torch import nn
    from torch.nn import functional as F

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(0)
    half = WIDTH // HEADS // 2
    angles = torch.arange(2 * LONGEST)[:, None] * 1e4 ** (-torch.arange(half) / half)
    cos, sin = angles.cos(), angles.sin()

    def norm(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5) * weight

    def turn(x: torch.Tensor) -> torch.Tensor:
        a, b = x[..., :half], x[..., half:]
        return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)

    def matrix(*shape: int) -> nn.Parameter:
        return nn.Parameter(0.02 * torch.randn(*shape))

    embed, head, last = matrix(VOCAB, WIDTH), matrix(VOCAB, WIDTH), nn.Parameter(torch.ones(WIDTH))
    blocks = [(nn.Parameter(torch.ones(WIDTH)), matrix(3 * WIDTH, WIDTH), matrix(WIDTH, WIDTH)) for _ in range(LAYERS)]
    weights = [embed, head, last, *(weight for block in blocks for weight in block)]
    optimiser = torch.optim.AdamW(weights, lr=5e-3, betas=(0.9, 0.95), weight_decay=0.01)

    def batch() -> tuple[torch.Tensor, torch.Tensor]:
        periods = torch.randint(LONGEST // 4, LONGEST + 1, (BATCH, 1), generator=generator)
        once = torch.randint(1, VOCAB, (BATCH, LONGEST), generator=generator)
        place = torch.arange(2 * LONGEST)[None]
        rows = once.gather(1, place % periods)
        return rows, place >= periods

    def step() -> None:
        rows, asked = batch()
        x = embed[F.pad(rows, (1, 0))[:, :-1]]
        for weight, qkv, out in blocks:
            parts = (norm(x, weight) @ qkv.T).view(BATCH, -1, 3, HEADS, 2 * half).permute(2, 0, 3, 1, 4)
            z = F.scaled_dot_product_attention(turn(parts[0]), turn(parts[1]), parts[2], is_causal=True)
            x = x + z.transpose(1, 2).reshape(BATCH, -1, WIDTH) @ out.T
        # Only what is asked for is unembedded, as in ours
        loss = F.cross_entropy(norm(x[asked], last) @ head.T, rows[asked])
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(weights, 1.0)
        optimiser.step()

    for _ in range(10):
        step()
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(steps):
        step()
    return time.perf_counter() - wall, time.process_time() - cpu


if __name__ == "__main__":
    main()
