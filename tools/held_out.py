#!/usr/bin/env python3
"""Try what nobody chose by hand: random settings of every family's configuration class, against Transformers.

Each draw takes one value for every setting listed in held_out_families.py, makes a random model of that configuration,
runs it in Transformers with eager attention, and compares patterns, hidden states and logits with `mnemoscope export`,
for config.json as it is saved and in the forms that Transformers 4 and sparser writers have.
Seeded: the same seed makes the same models. Needs what make_fixtures.py needs, and the program.

    python tools/held_out.py target/debug/mnemoscope --draws 8
    python tools/held_out.py target/debug/mnemoscope --only Falcon --draws 40 --keep /tmp/falcon
"""

import argparse
import functools
import json
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import transformers

import fixture_configs
from fixture_models import Fixture, load
from fixture_seq2seq import set_weights
from held_out_families import FAMILIES, Family

PATTERN = 1e-5
OTHERS = 1e-4
"""In units of the expected values' spread."""
ROUNDING = 3.0
"""So many times as far from Transformers' values in double precision as its own in single precision may we be."""
ABSENT = {
    "final_norm": "without a final norm",
    "logits": "without a head",
    "projected": "that does not project",
}
"""What a model may not have, and how the program says so."""


def draw(family: Family, name: str, number: int, seed: int) -> dict:
    """One value for every setting; a setting may depend on those before it."""
    source = random.Random(f"{name} {number} {seed}")
    options: dict = {}
    for key, values in family.settings.items():
        value = values(options, source) if callable(values) else source.choice(values)
        if value is not Ellipsis:
            options[key] = value
    return options


def expected(model, tokens: list[int], target: list[int]) -> dict[str, np.ndarray]:
    """What Transformers computes, under the program's names."""
    inputs = {"input_ids": torch.tensor([tokens]), "attention_mask": torch.ones(1, len(tokens), dtype=torch.long)}
    inputs |= {"output_attentions": True, "output_hidden_states": True, "return_dict": True}
    if target:
        inputs |= {"decoder_input_ids": torch.tensor([target]), "use_cache": False}
    with torch.no_grad():
        output = model(**inputs)
    values = {}
    stacks = [("blocks", "attn", "attentions", "hidden_states")]
    if target:
        stacks = [
            ("encoder", "attn", "encoder_attentions", "encoder_hidden_states"),
            ("decoder", "attn", "decoder_attentions", "decoder_hidden_states"),
            ("decoder", "cross_attn", "cross_attentions", None),
        ]
    for stack, kind, patterns, states in stacks:
        patterns = output[patterns]
        for layer, pattern in enumerate(patterns):
            values[f"{stack}.{layer}.{kind}.hook_pattern"] = pattern[0].numpy()
        states = output[states] if states else ()
        for layer, state in enumerate(states[:-1] if len(states) == len(patterns) + 1 else ()):
            values[f"{stack}.{layer}.hook_resid_pre"] = state[0].numpy()
    if "start_logits" in output:
        values["logits"] = torch.stack((output.start_logits[0], output.end_logits[0]), dim=-1).numpy()
    elif "logits" in output:
        values["logits"] = output.logits[0].numpy()
    elif "last_hidden_state" in output:
        values["last"] = output.last_hidden_state[0].numpy()
    return values


def found(program: str, folder: Path, tokens: list[int], target: list[int]) -> dict[str, np.ndarray] | str:
    """What the program computes, or why it does not."""
    path = folder / "found.npz"
    command = [program, "export", str(folder), "--quiet", "--ids", " ".join(map(str, tokens)), "-o", str(path)]
    if target:
        command += ["--target-ids", " ".join(map(str, target[1:]))]  # The program puts the start token itself
    wanted = ["pattern", "resid", "final_norm", "projected", "logits"]
    while True:
        done = subprocess.run(
            [*command, "--what", ",".join(wanted)], capture_output=True, text=True, timeout=120, check=False
        )
        missing = [part for part, why in ABSENT.items() if part in wanted and why in done.stderr]
        if not missing:
            break
        wanted = [part for part in wanted if part not in missing]
    if done.returncode:
        return done.stderr.strip()
    with np.load(path) as arrays:
        return dict(arrays)


def in_double(fixture: Fixture, folder: Path, tokens: list[int], target: list[int]) -> dict[str, np.ndarray]:
    """What Transformers computes in double precision."""
    torch.set_default_dtype(torch.float64)  # Some masks are made in the default type
    try:
        model = load(fixture, folder).double()
        for module in model.modules():
            if hasattr(module, "reorder_and_upcast_attn"):
                module.reorder_and_upcast_attn = False  # To single precision, which is what this is to be compared with
        return expected(model, tokens, target)
    finally:
        torch.set_default_dtype(torch.float32)


def only_rounding(want: np.ndarray, exact: np.ndarray, mine: np.ndarray) -> bool:
    """Whether we are about as near to the exact value as Transformers is."""
    return np.abs(mine - exact).max() <= ROUNDING * np.abs(want - exact).max()


def problems(
    want: dict[str, np.ndarray],
    have: dict[str, np.ndarray] | str,
    tolerance: float,
    exact: Callable[[], dict[str, np.ndarray]],
) -> list[str]:
    """What differs by more than rounding."""
    if isinstance(have, str):
        return [have]
    lines = []
    for name, value in want.items():
        mine = have.get(name)
        if name == "last":
            ends = [array for key, array in have.items() if key == "hook_projected"]
            ends += [array for key, array in have.items() if key.startswith(("ln_final", "decoder.ln_final"))]
            ends += [array for key, array in have.items() if key.endswith("resid_post")][-1:]
            mine = ends[0] if ends else None
        if mine is not None and name == "logits" and mine.size == value.size:
            mine = mine.reshape(value.shape)  # One row of classes, or a row a token
        if mine is None:
            lines.append(f"{name} is missing (there are {', '.join(sorted(have))})")
        elif mine.shape != value.shape:
            lines.append(f"{name} is {mine.shape}, not {value.shape}")
        else:
            pattern = name.endswith("pattern")
            off = np.abs(mine - value).max() / (1.0 if pattern else max(value.std(), 1e-6))
            if not off <= (tolerance if pattern else OTHERS) and not only_rounding(value, exact()[name], mine):
                lines.append(f"{name} differs by {off:.1e}")
    return lines


def make(name: str, options: dict, length: int, seed: int, folder: Path) -> tuple[Fixture, list[int], list[int]]:
    """A random model of a class, saved; the tokens to run it on, and what its decoder is given."""
    generator = torch.Generator().manual_seed(seed)
    model_class = getattr(transformers, name)
    config = model_class.config_class(**options)
    fixture = Fixture(name, "", model_class, config, set_weights=set_weights)
    model = model_class(config)
    fixture.set_weights(model, generator)
    model.save_pretrained(folder)
    tokens = torch.randint(5, config.vocab_size, (length,), generator=generator).tolist()
    start = getattr(config, "decoder_start_token_id", None) if config.is_encoder_decoder else None
    return fixture, tokens, [] if start is None else [start, *tokens[::-1][: 2 * len(tokens) // 3]]


def attempt(program: str, name: str, family: Family, number: int, seed: int, folder: Path) -> tuple[str, list[str]]:
    """One draw: what was asked, and what went wrong; no problems where Transformers itself refuses."""
    options = draw(family, name, number, seed)
    asked = json.dumps(options)
    try:
        fixture, tokens, target = make(name, options, family.tokens, seed * 1000 + number, folder)
        want = expected(load(fixture, folder), tokens, target)
    except Exception as error:  # noqa: BLE001 (whatever a class objects to in its own settings)
        return asked, [f"(Transformers) {type(error).__name__}: {str(error)[:150]}"]
    tolerance = 2 * PATTERN if fixture.config.model_type in ("t5", "mt5", "umt5") else PATTERN
    if not all(np.isfinite(value).all() for value in want.values()):
        return asked, ["(Transformers) not finite"]
    exact = functools.cache(lambda: in_double(fixture, folder, tokens, target))
    lines = problems(want, found(program, folder, tokens, target), tolerance, exact)
    saved = (folder / "config.json").read_text()
    try:
        forms = fixture_configs.write_variants(folder, type(fixture.config))
    except Exception as error:  # noqa: BLE001
        return asked, [*lines, f"(Transformers) forms: {error}"[:150]]
    for form in forms if not lines else ():
        (folder / "config.json").write_text((folder / form).read_text())
        try:
            again = expected(load(fixture, folder), tokens, target)
            same = all(np.array_equal(again[key], value) for key, value in want.items())
        except Exception:  # noqa: BLE001 (a form that this version no longer reads says nothing)
            same = False
        if same:
            again = problems(want, found(program, folder, tokens, target), tolerance, exact)
            lines += [f"{form}: {line}" for line in again]
    (folder / "config.json").write_text(saved)
    return asked, lines


def main() -> int:
    """Try them all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="the program to try")
    parser.add_argument("--draws", type=int, default=4, help="models a class (default: 4)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", metavar="TEXT", help="only classes whose name holds TEXT")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the models that differ")
    options = parser.parse_args()
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    tried = refused = wrong = 0
    for name, family in FAMILIES.items():
        if options.only not in name:
            continue
        for number in range(options.draws):
            with tempfile.TemporaryDirectory() as scratch:
                asked, lines = attempt(options.program, name, family, number, options.seed, Path(scratch))
                theirs = [line for line in lines if line.startswith("(Transformers)")]
                ours = [line for line in lines if line not in theirs]
                tried += 1
                refused += bool(theirs)
                wrong += bool(ours)
                if lines:
                    print(f"{name} {number}: {asked}", *lines[:4], sep="\n    ", flush=True)
                if ours and options.keep:
                    shutil.copytree(scratch, options.keep / f"{name}-{number}", dirs_exist_ok=True)
    print(f"{tried} models: {wrong} differ, {refused} that Transformers itself does not run")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
