#!/usr/bin/env python3
"""Mnemoscope beside Hugging Face Transformers on this machine: one Markdown table.

A random model of GPT-2 small's shape (with 4096 positions) is made once and kept. For each token count
the programs take turns: Transformers with eager attention and everything kept, Transformers with SDPA and
nothing kept, `mnemoscope bench`, and TransformerLens where it is installed. Each is a process of its own,
so that its peak of memory is its own. For Linux and macOS. Needs torch and transformers.

    cargo build --release
    python tools/bench_against_hf.py --out table.md
    python tools/bench_against_hf.py --quick
"""

import argparse
import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

SHAPE = {"n_layer": 12, "n_head": 12, "n_embd": 768, "vocab_size": 50257, "n_positions": 4096}
TOKENS = "64,256,1024,2048,4096"
QUICK_TOKENS = "64,256"
RUNS = 7
QUICK_RUNS = 3
OWN_RUNS = 3
"""Runs in each turn of `mnemoscope bench`, which reports their median: the first of a process warms up."""
DECODE_PROMPT = 128
DECODE_TOKENS = 64
WORKER = Path(__file__).with_name("bench_worker.py")
DEFAULT_CACHE = Path.home() / ".cache" / "mnemoscope-bench"
NO_TRANSFORMER_LENS = "TransformerLens: not installed, so not measured."
GIB = 2**30


class Failed(Exception):
    """A program of the comparison did not do its part."""


@dataclass
class Result:
    """What one program needed at one token count."""

    seconds: list[float] = field(default_factory=list)
    peak_rss: int = 0
    libraries_rss: int = 0
    load_s: list[float] = field(default_factory=list)
    first_map_s: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """The median time."""
        return statistics.median(self.seconds)


class Worker:
    """A Python program of the comparison, loaded and waiting in its own process."""

    def __init__(self, kind: str, options: argparse.Namespace, tokens: int, decode: int = 0):
        command = [sys.executable, str(WORKER), kind, str(options.model), "--tokens", str(tokens)]
        command += ["--decode", str(decode), "--threads", str(options.threads)]
        command += ["--all-logits"] if options.all_logits else []
        self.kind = kind
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=thread_environment(options)
        )
        self.ready = self._read()
        self.result = Result(libraries_rss=self.ready["libraries_rss_bytes"], load_s=[self.ready["load_s"]])

    def turn(self) -> None:
        """One timed run."""
        try:
            self.process.stdin.write("run\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # It has ended: reading says how.
        self.result.seconds.append(self._read()["seconds"])

    def finish(self) -> Result:
        """End the process; what it needed."""
        self.process.stdin.close()
        self.result.peak_rss = self._read()["peak_rss_bytes"]
        self.process.wait()
        return self.result

    def _read(self) -> dict:
        """The next line of JSON from the process."""
        line = self.process.stdout.readline()
        if not line:
            raise Failed(f"{self.kind} ended early, with exit status {self.process.wait()}")
        return json.loads(line)


class Mnemoscope:
    """`mnemoscope bench`: a new process for each turn."""

    def __init__(self, options: argparse.Namespace, tokens: int, decode: int = 0):
        self.command = [str(options.binary), "bench", str(options.model), "--json", "--tokens", str(tokens)]
        self.command += ["--runs", str(OWN_RUNS), "--threads", str(options.threads)]
        self.command += ["--decode", str(decode)] if decode else []
        self.key = "decode_s" if decode else "forward_s"
        self.environment = thread_environment(options)
        self.result = Result()

    def turn(self) -> None:
        """One process, a few runs, their median."""
        values = self._bench()
        result = self.result
        result.seconds.append(values[self.key])
        result.load_s.append(values["load_s"])
        result.first_map_s.append(values["first_map_s"])
        result.peak_rss = max(result.peak_rss, values["peak_rss_bytes"])

    def finish(self) -> Result:
        """What it needed."""
        return self.result

    def _bench(self) -> dict:
        """Run the command; its report, with the peak of memory as the system counted it where it does."""
        with tempfile.TemporaryFile("w+") as output:
            process = subprocess.Popen(self.command, stdout=output, env=self.environment)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                raise Failed(f"`{' '.join(self.command)}` ended with exit status {process.returncode}")
            output.seek(0)
            values = json.load(output)
        counted = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        values["peak_rss_bytes"] = max(values["peak_rss_bytes"], counted)
        return values


def thread_environment(options: argparse.Namespace) -> dict[str, str]:
    """The environment with every thread pool held to the chosen number."""
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS")
    return os.environ | dict.fromkeys(names, str(options.threads))


def take_turns(programs: dict[str, Callable], runs: int, note: Callable[[str], None]) -> dict[str, Result]:
    """Start all programs, let them run by turns, end them; those that fail are noted and left out."""
    active = {}
    for name, start in programs.items():
        attempt(name, note, lambda name=name, start=start: active.__setitem__(name, start()))
    for _ in range(runs):
        for name in list(active):
            if not attempt(name, note, active[name].turn):
                del active[name]
    results = {}
    for name, program in active.items():
        attempt(name, note, lambda name=name, program=program: results.__setitem__(name, program.finish()))
    return results


def attempt(name: str, note: Callable[[str], None], action: Callable) -> bool:
    """Do `action`; where it fails, note why."""
    try:
        action()
    except Failed as failure:
        note(f"{name}: {failure}.")
        return False
    return True


def eager_bytes(tokens: int) -> int:
    """About what an eager pass that keeps everything needs: its patterns, the scores at work, logits, libraries."""
    pattern = SHAPE["n_head"] * tokens**2 * 4
    hidden = SHAPE["n_embd"] * tokens * 4
    return (SHAPE["n_layer"] + 2) * (pattern + hidden) + SHAPE["vocab_size"] * tokens * 4 + int(1.5 * GIB)


def transformer_lens_bytes(tokens: int) -> int:
    """About what TransformerLens needs: scores and patterns of all layers, the rest of its cache, logits, libraries."""
    pattern = SHAPE["n_head"] * tokens**2 * 4
    others = 14 * SHAPE["n_embd"] * tokens * 4
    return (2 * SHAPE["n_layer"] + 2) * (pattern + others) + SHAPE["vocab_size"] * tokens * 4 + int(1.5 * GIB)


def available_memory() -> int | None:
    """Free memory in bytes, where the system says."""
    info = Path("/proc/meminfo")
    if not info.exists():
        return None
    line = next(line for line in info.read_text().splitlines() if line.startswith("MemAvailable:"))
    return int(line.split()[1]) * 1024


def fits(name: str, tokens: int, needed: int, note: Callable[[str], None]) -> bool:
    """Whether `needed` bytes are free; notes it where they are not."""
    free = available_memory()
    if free is None or needed <= free:
        return True
    note(f"{name} at {tokens} tokens: left out, needs about {gb(needed)} and {gb(free)} are free.")
    return False


def compare_passes(options: argparse.Namespace, note: Callable[[str], None]) -> dict[int, dict[str, Result]]:
    """Every program at every token count."""
    results = {}
    for tokens in options.tokens:
        progress(f"{tokens} tokens")
        programs = {}
        if fits("Transformers eager", tokens, eager_bytes(tokens), note):
            programs["eager"] = lambda tokens=tokens: Worker("eager", options, tokens)
        programs["sdpa"] = lambda tokens=tokens: Worker("sdpa", options, tokens)
        if options.binary:
            programs["mnemoscope"] = lambda tokens=tokens: Mnemoscope(options, tokens)
        results[tokens] = take_turns(programs, options.runs, note)
        # By itself: the memory that it holds would be missing to the others.
        if options.transformer_lens and fits("TransformerLens", tokens, transformer_lens_bytes(tokens), note):
            lens = {"transformer-lens": lambda tokens=tokens: Worker("transformer-lens", options, tokens)}
            results[tokens] |= take_turns(lens, options.runs, note)
    return results


def compare_decoding(options: argparse.Namespace, note: Callable[[str], None]) -> dict[str, Result]:
    """Time per new token with a KV cache."""
    progress("decoding")
    programs = {"sdpa": lambda: Worker("decode", options, DECODE_PROMPT, DECODE_TOKENS)}
    if options.binary:
        programs["mnemoscope"] = lambda: Mnemoscope(options, DECODE_PROMPT, DECODE_TOKENS)
    return take_turns(programs, options.runs, note)


def compare_loading(options: argparse.Namespace, note: Callable[[str], None]) -> dict[str, Result]:
    """Loading, and one token so that every weight is really there; a new process each time."""
    progress("loading")
    starts = {"sdpa": lambda: Worker("sdpa", options, 1)}
    if options.binary:
        starts["mnemoscope"] = lambda: Mnemoscope(options, 1)
    rounds = [take_turns(starts, 1, note) for _ in range(options.runs)]
    done = [name for name in starts if all(name in results for results in rounds)]
    return {name: merged([results[name] for results in rounds]) for name in done}


def merged(results: list[Result]) -> Result:
    """Several processes' loading as one result: their times, and the median of their peaks."""
    return Result(
        load_s=[seconds for result in results for seconds in result.load_s],
        peak_rss=int(statistics.median(result.peak_rss for result in results)),
        libraries_rss=int(statistics.median(result.libraries_rss for result in results)),
    )


def pass_table(results: dict[int, dict[str, Result]]) -> list[str]:
    """The table of forward passes."""
    lines = [
        "| tokens | program | median s | spread s | peak memory | time ÷ ours | memory ÷ ours | first map s |",
        "|---:|---|---:|---:|---:|---:|---:|---:|",
    ]
    names = {
        "eager": "Transformers, eager, all attention and hidden states kept",
        "sdpa": "Transformers, SDPA, nothing kept",
        "transformer-lens": "TransformerLens, everything cached",
        "mnemoscope": "Mnemoscope, everything captured",
    }
    for tokens, programs in results.items():
        ours = programs.get("mnemoscope")
        for key, name in names.items():
            if key not in programs:
                continue
            result = programs[key]
            first_map = f"{statistics.median(result.first_map_s):.3f}" if result.first_map_s else "–"
            spread = f"{min(result.seconds):.3f}–{max(result.seconds):.3f}"
            lines.append(
                f"| {tokens} | {name} | {result.median:.3f} | {spread} | {gb(result.peak_rss)}"
                f" | {ratio(result.median, ours and ours.median)} | {ratio(result.peak_rss, ours and ours.peak_rss)}"
                f" | {first_map} |"
            )
    return lines


def decode_lines(results: dict[str, Result]) -> list[str]:
    """Decoding, as one line per program."""
    ours = results.get("mnemoscope")
    return [
        f"- Decoding with a KV cache, {DECODE_TOKENS} new tokens after {DECODE_PROMPT}, {name}: "
        f"{result.median * 1e3:.1f} ms a token (÷ ours: {ratio(result.median, ours and ours.median)})."
        for name, result in titled(results)
    ]


def loading_lines(results: dict[str, Result], model: Path) -> list[str]:
    """Loading, as one line per program."""
    size = (model / "model.safetensors").stat().st_size
    lines = [f"- The model file: {gb(size)}."]
    for name, result in titled(results):
        own = (
            f"; {result.libraries_rss / size:.2f} of it before the model (Python, torch)"
            if result.libraries_rss
            else ""
        )
        lines.append(
            f"- Loading and one token, {name}: {statistics.median(result.load_s):.2f} s; "
            f"peak memory {result.peak_rss / size:.2f} × the file{own}."
        )
    return lines


def titled(results: dict[str, Result]) -> list[tuple[str, Result]]:
    """Results with the names that prose uses."""
    names = {"sdpa": "Transformers", "mnemoscope": "Mnemoscope"}
    return [(names[key], result) for key, result in results.items()]


def ratio(value: float, ours: float | None) -> str:
    """How many times ours."""
    return f"{value / ours:.2f}" if ours else "–"


def gb(count: int) -> str:
    """Bytes for reading."""
    return f"{count / 1e9:.2f} GB"


def machine(options: argparse.Namespace) -> str:
    """The machine and the versions, in one line."""
    versions = subprocess.run(
        [sys.executable, "-c", "import torch, transformers; print(torch.__version__, transformers.__version__)"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    return (
        f"{cpu_name()}, {os.cpu_count()} cores, {gb(os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES'))} memory, "
        f"{platform.system()} {platform.machine()}; threads: {options.threads}; Python {platform.python_version()}, "
        f"torch {versions[0]}, transformers {versions[1]}"
    )


def cpu_name() -> str:
    """What the processor calls itself."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def progress(message: str) -> None:
    """Say on stderr what is being done."""
    print(message, file=sys.stderr, flush=True)


def prepare_model(cache: Path, threads: int) -> Path:
    """Make the model unless an earlier run did."""
    model = cache / "gpt2-small-4096"
    if not (model / "model.safetensors").exists():
        progress(f"making the model in {model}")
        command = [sys.executable, str(WORKER), "make-model", str(model), "--shape", json.dumps(SHAPE)]
        subprocess.run([*command, "--threads", str(threads)], check=True)
    return model


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=Path, default=Path("target/release/mnemoscope"))
    parser.add_argument("--without-binary", action="store_true", help="measure only the others")
    parser.add_argument("--runs", type=int, help=f"turns of each program (default {RUNS})")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="for every program (default: all cores)")
    parser.add_argument("--tokens", help=f"token counts (default {TOKENS})")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_RUNS} turns of {QUICK_TOKENS} tokens")
    parser.add_argument("--all-logits", action="store_true", help="let Transformers compute every token's logits")
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE, help="where the model is kept")
    parser.add_argument("--out", type=Path, help="write the table here too")
    options = parser.parse_args()

    options.runs = options.runs or (QUICK_RUNS if options.quick else RUNS)
    counts = options.tokens or (QUICK_TOKENS if options.quick else TOKENS)
    options.tokens = [int(count) for count in counts.split(",")]
    if max(options.tokens) > SHAPE["n_positions"]:
        parser.error(f"the model has {SHAPE['n_positions']} positions")
    if options.without_binary:
        options.binary = None
    elif not options.binary.exists():
        parser.error(f"{options.binary} is not there: build it, name another with --binary, or say --without-binary")
    options.transformer_lens = importlib.util.find_spec("transformer_lens") is not None
    return options


def main() -> int:
    """Measure and print."""
    options = parse_arguments()
    options.model = prepare_model(options.cache, options.threads)
    load_before = os.getloadavg()[0]
    notes: list[str] = []
    passes = compare_passes(options, notes.append)
    decoding = compare_decoding(options, notes.append)
    loading = compare_loading(options, notes.append)

    logits = "of every token" if options.all_logits else "of the last token only"
    lines = [
        f"GPT-2 small's shape (12 × 12 × 768, random weights), float32, one prompt; medians of {options.runs} turns, "
        f"the programs one after another in each. {machine(options)}. Load of the machine before: {load_before:.1f}.",
        "",
        *pass_table(passes),
        "",
        *decode_lines(decoding),
        *loading_lines(loading, options.model),
        f"- Transformers computes the logits {logits}; peaks of memory are of the whole process.",
        *(f"- {note}" for note in dict.fromkeys(notes)),
    ]
    if not options.transformer_lens:
        lines.append(f"- {NO_TRANSFORMER_LENS}")
    table = "\n".join(lines) + "\n"
    print(table, end="")
    if options.out:
        options.out.write_text(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
