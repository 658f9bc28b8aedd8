#!/usr/bin/env python3
"""Make the PyTorch fixtures: parity fixtures' weights as `torch.save` writes them, now and before PyTorch 1.6.

    python tools/fixture_torch.py                 write tests/fixtures/containers/FIXTURE@CASE.pth and …@sharded/
"""

import json
from pathlib import Path

import torch
from safetensors.torch import load_file

FIXTURES = Path(__file__).resolve().parent.parent / "tests" / "fixtures"
CONTAINERS = FIXTURES / "containers"
SMALL = "gpt2-one-head-one-layer"


def weights(name: str) -> dict[str, torch.Tensor]:
    """All tensors of a parity fixture."""
    state = {}
    for file in sorted((FIXTURES / name).glob("model*.safetensors")):
        state |= load_file(file)
    return state


def buffers(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """What old checkpoints keep beside the weights and nothing computes with."""
    mask = torch.ones(4, 4, dtype=torch.bool).tril()
    return state | {"position_ids": torch.arange(16), "mask": mask, "scale": torch.tensor(2.0, dtype=torch.float64)}


def views(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The same tensors as views on one storage: some turned, some with gaps, one as a parameter with its own state."""
    flat = torch.cat([torch.stack([tensor.flatten()] * 2, dim=1).flatten() for tensor in state.values()])
    views, start = {}, 0
    for index, (name, tensor) in enumerate(state.items()):
        run = flat[start : start + 2 * tensor.numel()]
        start += 2 * tensor.numel()
        if index % 3 == 0:
            views[name] = run[::2].view(tensor.shape)  # every other number
        elif index % 3 == 1:
            run[: tensor.numel()] = tensor.t().flatten() if tensor.dim() == 2 else tensor
            turned = run[: tensor.numel()].view(tensor.shape[::-1])
            views[name] = turned.t() if tensor.dim() == 2 else turned
        else:
            run[: tensor.numel()] = tensor.flatten()
            views[name] = torch.nn.Parameter(run[: tensor.numel()].view(tensor.shape))
    assert all(torch.equal(views[name], state[name]) for name in state)
    return views


def save(name: str, case: str, content: object, **options) -> None:
    """Write one file."""
    torch.save(content, CONTAINERS / f"{name}@{case}.pth", **options)


def main() -> None:
    """Write all of them."""
    CONTAINERS.mkdir(parents=True, exist_ok=True)
    state = weights(SMALL)
    legacy = {"_use_new_zipfile_serialization": False}
    save(SMALL, "zip", buffers(state))
    save(SMALL, "protocol-4", state, pickle_protocol=4)
    save(SMALL, "legacy", buffers(state), **legacy)
    save(SMALL, "views", views(state))
    save(SMALL, "legacy-views", views(state), **legacy)
    nested = {"epoch": 3, "lr": 1e-3, "optimizer": {"state": {0: {"exp_avg": torch.zeros(2)}}, "param_groups": [{}]}}
    nested |= {"state_dict": {f"module.{name}": tensor for name, tensor in state.items()}}
    save(SMALL, "nested", nested)
    # Every table the other way round in its storage, beside a counter that is a tensor too
    turned = {name: tensor.t().contiguous().t() for name, tensor in state.items() if tensor.dim() == 2}
    save(SMALL, "turned", {"model": state | turned, "step": torch.tensor(4)})
    save(SMALL, "legacy-double", {name: x.double() for name, x in (state | turned).items()}, pickle_protocol=5, **legacy)
    save("llama-bf16", "zip", weights("llama-bf16"))
    save("llama-f16-sharded", "legacy", weights("llama-f16-sharded"), **legacy)

    folder = CONTAINERS / f"{SMALL}@sharded"
    folder.mkdir(exist_ok=True)
    names = sorted(state)
    shards = {"pytorch_model-00001-of-00002.bin": names[::2], "pytorch_model-00002-of-00002.bin": names[1::2]}
    for file, members in shards.items():
        torch.save({name: state[name] for name in members}, folder / file)
    index = {"metadata": {}, "weight_map": {name: file for file, members in shards.items() for name in members}}
    (folder / "pytorch_model.bin.index.json").write_text(json.dumps(index, indent=1) + "\n")


if __name__ == "__main__":
    main()
