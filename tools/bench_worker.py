"""One program of the benchmark in a process of its own; started by bench_against_hf.py.

Prints a line of JSON when ready; then does one timed run per line on stdin; at the end of stdin prints
the peak of its memory.
"""

import argparse
import inspect
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

SEED = 0

Run = Callable[[], float]
"""Does the work once; returns the seconds that count."""
Loader = Callable[[argparse.Namespace], Run]


def main() -> None:
    """Load, warm up, then run on request."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=[*LOADERS, "make-model"])
    parser.add_argument("model", type=Path)
    parser.add_argument("--tokens", type=int, default=1)
    parser.add_argument("--decode", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--all-logits", action="store_true")
    parser.add_argument("--shape", type=json.loads)
    options = parser.parse_args()

    import torch
    import transformers

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    torch.set_num_threads(options.threads)
    torch.set_grad_enabled(False)
    torch.manual_seed(SEED)
    if options.kind == "make-model":
        make_model(options)
        return

    load = LOADERS[options.kind]()
    libraries_rss = peak_rss()
    start = time.perf_counter()
    run = load(options)
    load_s = time.perf_counter() - start
    run()
    say(
        load_s=load_s,
        libraries_rss_bytes=libraries_rss,
        torch=torch.__version__,
        transformers=transformers.__version__,
    )
    for _ in sys.stdin:
        say(seconds=run())
    say(peak_rss_bytes=peak_rss())


def say(**values) -> None:
    """One line of JSON to the parent."""
    print(json.dumps(values), flush=True)


def clocked(work: Callable) -> Run:
    """A run that counts all of `work`, but not letting go of what it returns."""

    def run() -> float:
        start = time.perf_counter()
        kept = work()
        seconds = time.perf_counter() - start
        del kept
        return seconds

    return run


def peak_rss() -> int:
    """The most memory this process has held, in bytes."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def random_ids(options: argparse.Namespace, vocabulary: int):
    """Seeded token ids [1, tokens]."""
    import torch

    return torch.randint(0, vocabulary, (1, options.tokens))


def make_model(options: argparse.Namespace) -> None:
    """Write a randomly initialised GPT-2 of the wanted shape."""
    from transformers import GPT2Config, GPT2LMHeadModel

    GPT2LMHeadModel(GPT2Config(**options.shape)).save_pretrained(options.model)


def eager() -> Loader:
    """Transformers with everything kept: attention of every head, every hidden state."""
    return hugging_face("eager", output_attentions=True, output_hidden_states=True, use_cache=False)


def sdpa() -> Loader:
    """Transformers at its fastest, with nothing kept."""
    return hugging_face("sdpa", use_cache=False)


def hugging_face(attention: str, **keep) -> Loader:
    """A loader of a Transformers model whose run is one pass over the ids."""
    from transformers import GPT2LMHeadModel

    def load(options: argparse.Namespace) -> Run:
        model = open_model(GPT2LMHeadModel, options, attention)
        ids = random_ids(options, model.config.vocab_size)
        logits = 0 if options.all_logits else 1
        return clocked(lambda: model(ids, logits_to_keep=logits, **keep))

    return load


def open_model(model_class: type, options: argparse.Namespace, attention: str):
    """The model in float32."""
    import torch

    return model_class.from_pretrained(options.model, dtype=torch.float32, attn_implementation=attention).eval()


def decode() -> Loader:
    """Transformers, greedy decoding with its KV cache: a prompt, then the tokens whose average counts."""
    from transformers import DynamicCache, GPT2LMHeadModel

    def load(options: argparse.Namespace) -> Run:
        model = open_model(GPT2LMHeadModel, options, "sdpa")
        prompt = random_ids(options, model.config.vocab_size)
        parameters = inspect.signature(model.forward).parameters
        name = "cache" if "cache" in parameters else "past_key_values"

        def step(ids, cache):
            output = model(ids, use_cache=True, logits_to_keep=1, **{name: cache})
            return output.logits[:, -1:].argmax(-1)

        def run() -> float:
            cache = DynamicCache(config=model.config)
            ids = step(prompt, cache)
            start = time.perf_counter()
            for _ in range(options.decode):
                ids = step(ids, cache)
            return (time.perf_counter() - start) / options.decode

        return run

    return load


def transformer_lens() -> Loader:
    """TransformerLens (3 or later) with every activation cached."""
    from transformer_lens.model_bridge import TransformerBridge

    def load(options: argparse.Namespace) -> Run:
        model = TransformerBridge.boot_transformers(str(options.model), device="cpu")
        ids = random_ids(options, model.cfg.d_vocab)
        return clocked(lambda: model.run_with_cache(ids))

    return load


LOADERS = {"eager": eager, "sdpa": sdpa, "decode": decode, "transformer-lens": transformer_lens}

if __name__ == "__main__":
    main()
