"""What the transforms of HPS v2 and ImageReward, in their authors' own code, make of images.

    pip install --no-deps -r tests/parity/reference/authors.lock
    python tests/parity/reference/transforms.py      # after pixels.py and formats/pack.py

Writes tests/parity/fixtures/pixels/: `image-reward.json` has CRC-32s of levels [size, size, 3]: of
the files in `files/` and `modes/`, of those packed in `formats.bin` (null where Pillow refuses
one), and of formulas in RGB and RGBA. `modes/` is filled here with files of modes that the others
lack. `hps.json` has formulas with the sizes that they become; `hps.bin` (deflated) what becomes of
each, one after the other: normalised values [3, size, size] times 4096 as whole numbers of 16 bits,
little-endian; then, for `photo.png`, as f32.
"""

import ast
import importlib.util
import io
import json
import struct
import sys
import types
import warnings
import zlib
from pathlib import Path

import numpy as np
import rows_first  # noqa: F401
import torch
import torchvision.transforms.functional as F
from PIL import Image, ImageFile
from pixels import OUT, formula, formulas

SIZE = 32
SCALE = 4096


def package(name):
    """Where a package lies; it is not imported, because that would import all that it needs to run
    models."""
    return Path(importlib.util.find_spec(name).submodule_search_locations[0])


def hps(size):
    """`image_transform` of the package hpsv2, as its `create_model_and_transforms` calls it."""
    folder = package("hpsv2") / "src" / "open_clip"
    parent = types.ModuleType("hps_open_clip")
    parent.__path__ = [str(folder)]
    sys.modules["hps_open_clip"] = parent
    from hps_open_clip.transform import image_transform

    return image_transform(size, is_train=False, resize_longest_max=True)


def image_reward(size):
    """`_transform` of the package image-reward, without the imports of its models."""
    path = package("ImageReward") / "ImageReward.py"
    wanted = ("_transform", "_convert_image_to_rgb", "BICUBIC")
    tree = ast.parse(path.read_text())
    names = {"Image": Image}
    for node in tree.body:
        imports = isinstance(node, ast.ImportFrom) and node.module == "torchvision.transforms"
        if imports or isinstance(node, ast.Try) or getattr(node, "name", None) in wanted:
            exec(compile(ast.Module([node], []), str(path), "exec"), names)
    return names["_transform"](size)


def levels(image, size):
    """The bytes that become ImageReward's tensor."""
    resize, crop, convert, _tensor, _normalise = image_reward(size).transforms
    array = np.asarray(convert(crop(resize(image))))
    assert array.shape == (size, size, 3) and array.dtype == np.uint8
    return zlib.crc32(array.tobytes())


def verdict(data, size):
    try:
        return levels(Image.open(io.BytesIO(data)), size)
    except Exception:
        return None


def hps_values(image, size):
    convert, tensor, resize, normalise = hps(size).transforms
    if max(image.size) == size:
        # The authors' code does not pad these and fails where they are not square.
        width, height = image.size
        left, top = (size - width) // 2, (size - height) // 2
        zeros = [left, top, size - width - left, size - height - top]
        values = normalise(F.pad(tensor(convert(image)), zeros, fill=0))
    else:
        values = hps(size)(image)
    assert values.shape == (3, size, size)
    return values.numpy()


def rgba(width, height):
    alpha = formula(width, height)[:, :, 1:2].astype(int) // 2 * 2 + (np.arange(width)[None, :, None] % 7 == 0)
    return np.concatenate([formula(width, height), np.minimum(alpha * 3, 255).astype(np.uint8)], axis=2)


def tiff(width, height, data, tags):
    """An uncompressed little-endian TIFF of one strip with 8-bit samples; `tags` has (number, type,
    values)."""
    tags = [(256, 4, [width]), (257, 4, [height]), (259, 3, [1]), (273, 4, [8]), (279, 4, [len(data)]), *tags]
    beyond, entries, start = b"", b"", 8 + len(data) + 2 + 12 * len(tags) + 4
    for number, kind, values in sorted(tags):
        packed = struct.pack(f"<{len(values)}{' BsHI'[kind]}", *values)
        entries += struct.pack("<HHI", number, kind, len(values))
        entries += packed.ljust(4, b"\0") if len(packed) <= 4 else struct.pack("<I", start + len(beyond))
        beyond += packed if len(packed) > 4 else b""
    return struct.pack("<2sHI", b"II", 42, 8 + len(data)) + data + struct.pack("<H", len(tags)) + entries + bytes(4) + beyond


def bmp(width, height, data, masks):
    """A BMP of 32 bits with channel masks."""
    header = struct.pack("<IiiHHIIiiII", 108, width, height, 1, 32, 3, len(data), 0, 0, 0, 0) + struct.pack("<4I", *masks) + bytes(52)
    return struct.pack("<2sIII", b"BM", 14 + len(header) + len(data), 0, 14 + len(header)) + header + data


def modes():
    """Files of modes that the other fixtures lack."""
    rng = np.random.default_rng(7)
    two = rng.integers(0, 256, (23, 37, 2), dtype=np.uint8).tobytes()
    colors = rng.integers(0, 65536, 768).tolist()
    for extra, name in ((0, "p"), (2, "pa")):
        yield f"{name}.tiff", tiff(37, 23, two, [(258, 3, [8, 8]), (262, 3, [3]), (277, 3, [2]), (320, 3, colors), (338, 3, [extra])])
    four = rng.integers(0, 256, (23, 37, 4), dtype=np.uint8).tobytes()
    for name, masks in (("abgr", (0xFF000000, 0xFF0000, 0xFF00, 0xFF)), ("rgba", (0xFF, 0xFF00, 0xFF0000, 0xFF000000)),
                        ("bgar", (0xFF000000, 0xFF00, 0xFF, 0xFF0000)), ("bgrx", (0xFF0000, 0xFF00, 0xFF, 0)), ("none", (0, 0, 0, 0))):
        yield f"{name}.bmp", bmp(37, 23, four, masks)


def main():
    warnings.simplefilter("ignore")
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    index = {"files": [], "formats": [], "formulas": []}
    (OUT / "modes").mkdir(exist_ok=True)
    for name, data in modes():
        (OUT / "modes" / name).write_bytes(data)
    for path in sorted((OUT / "files").iterdir()) + sorted((OUT / "modes").iterdir()):
        size = 224 if path.name in ("photo.png", "cmyk.jpg", "rgba.png", "palette.png", "size-224x223.png") else SIZE
        index["files"].append([f"{path.parent.name}/{path.name}", size, verdict(path.read_bytes(), size)])
    packed = zlib.decompress((OUT / "formats.bin").read_bytes())
    for entry in json.loads((OUT / "formats.json").read_text()):
        index["formats"].append(verdict(packed[: entry["length"]], 20))
        packed = packed[entry["length"] :]
    sizes = [(size, kept) for size, kept in formulas() if size[0] * size[1] <= 2_000_000]
    for (width, height), size in sizes:
        rgb = levels(Image.fromarray(formula(width, height)), size)
        index["formulas"].append([width, height, size, rgb, levels(Image.fromarray(rgba(width, height)), size)])
    lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(value, separators=(',', ':'))}" for key, value in index.items())
    (OUT / "image-reward.json").write_text("{\n" + lines + "\n}\n")

    cases, data = [], b""
    sizes = [size for size, _ in sizes] + [(16, 16), (16, 5), (4, 16), (15, 16), (17, 16), (48, 16), (31, 93), (30, 4), (4, 30), (20, 6)]
    for width, height in sizes:
        if round(min(width, height) * (16 / max(width, height))) <= 1:
            # The authors' code fails if a side has no pixels, and torch 2.13 repeats one row of a
            # result that is one pixel wide.
            continue
        values = hps_values(Image.fromarray(formula(width, height)), 16)
        cases.append([width, height])
        data += np.round(values * SCALE).astype("<i2").tobytes()
    data += hps_values(Image.open(OUT / "files" / "photo.png").convert("RGB"), 64).astype("<f4").tobytes()
    (OUT / "hps.json").write_text(json.dumps(cases, separators=(",", ":")) + "\n")
    (OUT / "hps.bin").write_bytes(zlib.compress(data, 9))
    print(torch.__version__, len(cases), "cases", {p.name: p.stat().st_size for p in OUT.iterdir() if p.name.startswith(("hps", "image-"))})


if __name__ == "__main__":
    main()
