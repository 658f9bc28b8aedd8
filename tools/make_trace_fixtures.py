#!/usr/bin/env python3
"""Make the saved traces that the tests open: each written by another program than ours.

    python tools/make_trace_fixtures.py

`transformers.trace.safetensors`: tools/save_trace.py on the fixture llama-gqa and its tokens.
`numpy.trace.safetensors`: the example in docs/trace-format.md, as it is printed there.
Needs torch, transformers, numpy and safetensors.
"""

import re
import subprocess
import sys
from pathlib import Path

from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

import save_trace

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "tests" / "fixtures" / "traces"


def main() -> None:
    """Write both."""
    FOLDER.mkdir(exist_ok=True)
    source = ROOT / "tests" / "fixtures" / "llama-gqa"
    ids = load_file(source / "expected.safetensors")["tokens"].tolist()
    model = AutoModelForCausalLM.from_pretrained(source)
    save_trace.save(str(FOLDER / "transformers.trace.safetensors"), model, ids, str, "llama-gqa")

    page = (ROOT / "docs" / "trace-format.md").read_text(encoding="utf-8")
    example = re.search(r"```python\n(.*?)```", page, re.DOTALL)
    assert example, "docs/trace-format.md has no example"
    subprocess.run([sys.executable, "-c", example[1], FOLDER / "numpy.trace.safetensors"], check=True)


if __name__ == "__main__":
    main()
