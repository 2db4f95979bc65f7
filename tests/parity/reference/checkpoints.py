"""Checkpoints as torch.save writes them, stored without the numbers that `generate.py` makes.

Each is a deflated file: a line of JSON, then the checkpoint without its generated numbers. The JSON
has the seed, the CRC-32 of the whole checkpoint, and the holes: where in the rest each tensor's
numbers belong, its name, shape and type. `pickscore_generate::fill` makes the checkpoint again,
byte for byte.
"""

import io
import json
import zipfile
import zlib
from pathlib import Path

import numpy as np
import torch
from generate import weights

OUT = Path(__file__).parent.parent / "fixtures" / "scorers"
DTYPES = {torch.float32: ("F32", np.float32), torch.float16: ("F16", np.float16)}


def fill(model, seed, prefix=""):
    """Fills a model with the weights that belong to its names in the checkpoint."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(torch.from_numpy(weights(seed, prefix + name, tuple(parameter.shape))))


def save(name, value, seed, state=None):
    """Saves `value` with torch.save, and writes it without the numbers of `state`, which is the
    state dictionary in it.
    """
    file = io.BytesIO()
    torch.save(value, file)
    data = file.getbuffer()
    archive = zipfile.ZipFile(file)
    entries = {entry.filename: entry for entry in archive.infolist()}
    folder = archive.namelist()[0].split("/")[0]
    holes, rest, at = [], [], 0
    for index, (key, tensor) in enumerate((value if state is None else state).items()):
        if tensor.dtype not in DTYPES:
            continue
        entry = entries[f"{folder}/data/{index}"]
        header = data[entry.header_offset : entry.header_offset + 30]
        start = entry.header_offset + 30 + int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
        dtype, kind = DTYPES[tensor.dtype]
        shape = list(tensor.shape)
        numbers = weights(seed, key, shape).astype(kind).tobytes()
        assert data[start : start + entry.file_size] == numbers, f"{key} is not as generated"
        rest.append(bytes(data[at:start]))
        holes.append([sum(map(len, rest)), key, shape, dtype])
        at = start + entry.file_size
    rest.append(bytes(data[at:]))
    header = {"seed": seed, "crc32": zlib.crc32(data), "holes": holes}
    packed = zlib.compress(json.dumps(header, separators=(",", ":")).encode() + b"\n" + b"".join(rest), 9)
    path = OUT / f"{name}.zlib"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(packed)
    print(f"{name}: {len(data)} bytes, stored in {len(packed)}")
