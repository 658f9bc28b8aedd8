#!/usr/bin/env python3
"""Make the parity fixtures: small models in Hugging Face layout, and what Transformers computes with them.

Everything is seeded: two runs write the same bytes. Needs torch, transformers and safetensors.

    python tools/make_fixtures.py                 write tests/fixtures
    python tools/make_fixtures.py --only llama    only those whose name holds "llama"
    python tools/make_fixtures.py --check         make them again elsewhere, compare with what is there
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import torch
import transformers
from safetensors.torch import load_file, save_file

import fixture_configs
import fixture_decoders
import fixture_decoders_llama
import fixture_encoders
import fixture_experts
import fixture_questions
import fixture_seq2seq
import fixture_tokenizers
from fixture_capture import capture
from fixture_measures import measures
from fixture_models import FIXTURES, Fixture, load, save

DEFAULT_FOLDER = Path(__file__).resolve().parent.parent / "tests" / "fixtures"
TOLERANCE = 2e-5
PROMPT_LENGTH = 4
NEW_TOKENS = 8
SMALLEST_MARGIN = 0.01


def make(fixture: Fixture, root: Path) -> str:
    """Write one fixture; return the line that reports it."""
    folder = root / fixture.name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    generator = fixture.generator()

    model = fixture.model_class(fixture.config, **fixture.class_options)
    fixture.set_weights(model, generator)
    save(model, fixture, folder)
    tokens = fixture.random_tokens(generator)
    if fixture.tokenizer:
        tokens = fixture_tokenizers.write_with_checks(folder, fixture.tokenizer)

    model = load(fixture, folder)
    values = capture(model, tokens)
    write_expected(folder / "expected.safetensors", tokens, values)
    check_config_variants(fixture, folder, tokens, values)
    if fixture.token_types:
        write_token_types(model, folder, tokens)
    if fixture.question:
        write_json(folder / "question.json", fixture_questions.ask(model, folder, *fixture.question))
    if fixture.measures:
        write_json(folder / "measures.json", measures(patterns(values), tokens))
    if fixture.generate:
        write_json(folder / "hf_generate.json", generate(model, tokens[:PROMPT_LENGTH]))
    if fixture.check:
        probe = fixture.check(values, tokens)
        if probe:
            write_json(folder / "probe.json", probe)

    noise = rounding_noise(fixture, folder, tokens, values)
    return f"{fixture.name:24} T={len(tokens):<3} {size(folder) / 1e3:5.0f} kB  noise {noise:.0e}  {fixture.shows}"


def write_expected(path: Path, tokens: list[int], values: dict[str, torch.Tensor], **extra: torch.Tensor) -> None:
    """Write captured `values` with the `tokens` that made them."""
    arrays = {name: value.clone(memory_format=torch.contiguous_format) for name, value in values.items()}
    save_file({"tokens": torch.tensor(tokens), **arrays, **extra}, path, metadata=versions())


def write_token_types(model, folder: Path, tokens: list[int]) -> None:
    """Write what the model makes of the tokens when their second half is a second sentence."""
    types = [int(2 * position >= len(tokens)) for position in range(len(tokens))]
    values = capture(model, tokens, token_type_ids=torch.tensor([types]))
    write_expected(folder / "expected.token_types.safetensors", tokens, values, token_type_ids=torch.tensor(types))


def versions() -> dict[str, str]:
    """What computed the expected values; one entry, because safetensors writes several in no fixed order."""
    return {"made_with": f"torch {torch.__version__}, transformers {transformers.__version__}"}


def patterns(values: dict[str, torch.Tensor]) -> list:
    """The attention patterns, one NumPy array [head, query, key] per layer."""
    layers = sum(name.endswith("hook_pattern") for name in values)
    return [values[f"blocks.{layer}.attn.hook_pattern"].numpy() for layer in range(layers)]


def check_config_variants(fixture: Fixture, folder: Path, tokens: list[int], values: dict) -> None:
    """Write the other spellings of config.json, and assert that Transformers reads them as the same model."""
    for name in fixture_configs.write_variants(folder, type(fixture.config)):
        config = type(fixture.config).from_dict(json.loads((folder / name).read_text()))
        again = capture(load(fixture, folder, config), tokens)
        for key, value in values.items():
            assert torch.equal(value, again[key]), f"{fixture.name}: {name} changes {key}"


def generate(model, prompt: list[int]) -> dict:
    """Greedy continuation with the KV cache, not stopped by an end token."""
    model.generation_config.eos_token_id = None
    output = model.generate(
        torch.tensor([prompt]),
        attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
        max_new_tokens=NEW_TOKENS,
        do_sample=False,
        use_cache=True,
        output_logits=True,
        return_dict_in_generate=True,
    )
    best = torch.stack(output.logits)[:, 0].topk(2).values
    margin = (best[:, 0] - best[:, 1]).min().item()
    assert margin > SMALLEST_MARGIN, f"greedy choice too close to call: {margin}"
    given = 1 if model.config.is_encoder_decoder else len(prompt)
    continuation = output.sequences[0, given:].tolist()
    kinds = 0 if model.config.is_encoder_decoder else NEW_TOKENS // 2  # Random decoders of a source repeat themselves
    assert len(set(continuation)) > kinds, f"too dull to tell right from wrong: {continuation}"
    return {"prompt": prompt, "continuation": continuation, "smallest_margin": margin}


def rounding_noise(fixture: Fixture, folder: Path, tokens: list[int], values: dict[str, torch.Tensor]) -> float:
    """The largest difference between the float32 values and the same model's in float64."""
    torch.set_default_dtype(torch.float64)  # Some masks are made in the default type
    try:
        exact = capture(load(fixture, folder).double(), tokens)
    finally:
        torch.set_default_dtype(torch.float32)
    return max((value - exact[name]).abs().max().item() for name, value in values.items())


def write_json(path: Path, content: dict) -> None:
    """Write readable JSON."""
    path.write_text(json.dumps(content, indent=1) + "\n")


def size(folder: Path) -> int:
    """Bytes of all files below `folder`."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def differences(made: Path, kept: Path) -> list[str]:
    """What differs between two fixture folders beyond rounding."""
    files = {path.relative_to(root) for root in (made, kept) for path in root.rglob("*") if path.is_file()}
    found = []
    for file in sorted(files):
        pair = (made / file, kept / file)
        if not all(path.exists() for path in pair):
            found.append(f"{file}: only on one side")
        elif file.suffix == ".safetensors":
            found += [f"{file}: {problem}" for problem in tensor_differences(*map(load_file, pair))]
        elif file.suffix == ".json":
            found += [f"{file}: differs"] * (not alike(*(json.loads(path.read_text()) for path in pair)))
        elif pair[0].read_bytes() != pair[1].read_bytes():
            found.append(f"{file}: differs")
    return found


def tensor_differences(made: dict[str, torch.Tensor], kept: dict[str, torch.Tensor]) -> list[str]:
    """Names of tensors that are missing or not close."""
    return [
        name
        for name in sorted(made.keys() | kept.keys())
        if name not in made
        or name not in kept
        or made[name].dtype != kept[name].dtype
        or made[name].shape != kept[name].shape
        or not torch.allclose(made[name], kept[name], rtol=TOLERANCE, atol=TOLERANCE)
    ]


def alike(made, kept) -> bool:
    """Whether two JSON values are equal but for rounding and the version that wrote them."""
    if isinstance(made, dict) and isinstance(kept, dict):
        ignored = {"transformers_version"}
        return made.keys() == kept.keys() and all(alike(made[key], kept[key]) for key in made.keys() - ignored)
    if isinstance(made, list) and isinstance(kept, list):
        return len(made) == len(kept) and all(map(alike, made, kept))
    if isinstance(made, float) and isinstance(kept, float):
        return abs(made - kept) <= TOLERANCE * (1 + abs(kept))
    return made == kept


def main() -> int:
    """Make or check the fixtures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=DEFAULT_FOLDER, help="where they are (default: tests/fixtures)")
    parser.add_argument("--only", default="", metavar="TEXT", help="only fixtures whose name holds TEXT")
    parser.add_argument("--check", action="store_true", help="compare with a fresh set instead of writing")
    options = parser.parse_args()

    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    lists = (fixture_decoders, fixture_decoders_llama, fixture_experts, fixture_encoders, fixture_seq2seq)
    every = FIXTURES + [fixture for module in lists for fixture in module.FIXTURES]
    chosen = [fixture for fixture in every if options.only in fixture.name]

    if not options.check:
        for fixture in chosen:
            print(make(fixture, options.out), flush=True)
        print(f"{len(chosen)} fixtures; {options.out} holds {size(options.out) / 1e6:.2f} MB")
        return 0

    problems = []
    with tempfile.TemporaryDirectory() as scratch:
        for fixture in chosen:
            make(fixture, Path(scratch))
            found = differences(Path(scratch) / fixture.name, options.out / fixture.name)
            print(f"{fixture.name:24} {'; '.join(found) or 'same'}", flush=True)
            problems += found
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
