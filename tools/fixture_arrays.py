"""Float tensors of a safetensors file as NumPy arrays, without the safetensors package."""

import json
import struct
from pathlib import Path

import numpy as np


def tensors(path: Path) -> dict:
    """Every tensor of a safetensors file, in double precision."""
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header, start = json.loads(data[8 : 8 + size]), 8 + size
    types = {"F32": np.float32, "I64": np.int64}
    return {
        name: np.frombuffer(data[start + entry["data_offsets"][0] : start + entry["data_offsets"][1]], types[entry["dtype"]])
        .reshape(entry["shape"])
        .astype(np.float64)
        for name, entry in header.items()
        if name != "__metadata__"
    }
