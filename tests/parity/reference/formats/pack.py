"""Files of all formats with Pillow's results: a representative part of thousands of files.

    python tests/parity/reference/formats/pack.py

This writes tests/parity/fixtures/pixels/formats.{json,bin} and needs `cjpeg` of libjpeg-turbo
(Debian: libjpeg-turbo-progs). For each file, `formats.json` has its name, its length and the result
of `Image.open(file).convert("RGB")` in Pillow: "refused", or the width, the height and the CRC-32
of the pixels. `formats.bin` contains the bytes of the files, concatenated and deflated. `--all
FOLDER` writes every file to FOLDER instead.
"""

import importlib
import io
import json
import sys
import warnings
import zlib
from pathlib import Path

from PIL import Image

OUT = Path(__file__).parent.parent.parent / "fixtures" / "pixels"
# Number of files to keep from each group.
KEPT = {
    "jpeg-ok": 80, "jpeg-edit": 90, "jpeg-damage": 120, "tiff-ok": 90, "bmp-ok": 70, "bmp-damage": 25, "png-ok": 40, "png-chunks": 120,
    "png-damage": 40, "gif-ok": 40, "gif-damage": 40, "webp-ok": 8,
}
# Only small files are kept.
LARGEST = 1600
# Files on which this project and Pillow deliberately differ: one decodes them, the other refuses
# them. Each has a named test instead.
OTHERWISE = (
    "zstd", "lzma", "group3", "group4", "ccitt", "YCbCr", "YCC", "-M1-", "PRGB16", "-True-16-None-F32", "-True-None-None-F32", "-True-None-1-F32", "-True-None-7-F32", "-True-32-None-F32", "-lossless", "-zTXt-6", "-zTXt-7", "-iTXt-2", "-iCCP-5",
)
groups = {}
sys.modules["pack"] = sys.modules[__name__]


def verdict(data):
    try:
        image = Image.open(io.BytesIO(data)).convert("RGB")
        return [image.width, image.height, zlib.crc32(image.tobytes())]
    except Exception:
        return "refused"


def group(name, files):
    groups[name] = {file: (data, verdict(data)) for file, data in files}


def load(name, file):
    return groups[name][file][0]


def readable(name):
    return [file for file, (_, found) in groups[name].items() if found != "refused"]


def spread(files, count):
    """Picks small files pseudorandomly; keeps their order, so that similar files stay adjacent."""
    files = {file: data for file, (data, _) in files.items() if not any(part in file for part in OTHERWISE)}
    files = [file for file, data in files.items() if len(data) <= LARGEST]
    chosen = sorted(files, key=lambda file: zlib.crc32(file.encode()))[:count]
    return [file for file in files if file in set(chosen)]


def main():
    warnings.simplefilter("ignore")
    sys.path.insert(0, str(Path(__file__).parent))
    for module in ("jpeg", "tiff", "bmp", "png", "gif", "webp"):
        importlib.import_module(module)
    if sys.argv[1:2] == ["--all"]:
        for name, files in groups.items():
            folder = Path(sys.argv[2]) / name
            folder.mkdir(parents=True, exist_ok=True)
            for file, (data, _) in files.items():
                (folder / file).write_bytes(data)
            lines = [f"{file}\t{found}\n" for file, (_, found) in files.items()]
            (folder / "expected.txt").write_text("".join(lines))
        return
    index, packed = [], b""
    for name, count in KEPT.items():
        for file in spread(groups[name], count):
            data, found = groups[name][file]
            index.append({"name": f"{name}/{file}", "length": len(data), "expected": found})
            packed += data
    lines = ",\n".join(json.dumps(entry) for entry in index)
    (OUT / "formats.json").write_text(f"[\n{lines}\n]\n")
    (OUT / "formats.bin").write_bytes(zlib.compress(packed, 9))


if __name__ == "__main__":
    main()
