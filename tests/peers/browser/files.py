"""Writes a folder of generated image files, for the benchmark from files to scores in a browser.

    python files.py COUNT SIZE FOLDER

Every other file is a JPEG (quality 90), the others are PNGs; width and height are between 512 and
1024 pixels, a multiple of 64. `FOLDER/exact` gets two PNGs of SIZE × SIZE, which no processor
resizes. The files are named in `FOLDER/files.json`.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
from images import picture

SEED = 26
SMALLEST, LARGEST, STEP = 512, 1024, 64
EXACT = 2


def main(count, size, folder):
    random = np.random.default_rng(SEED)
    (folder / "exact").mkdir(parents=True, exist_ok=True)
    files = []
    for index in range(count):
        width, height = random.integers(SMALLEST // STEP, LARGEST // STEP + 1, 2) * STEP
        files.append(f"{index:02}.{'png' if index % 2 else 'jpg'}")
        picture(random, int(width), int(height)).save(folder / files[-1], quality=90)
    exact = [f"exact/{index}.png" for index in range(EXACT)]
    for name in exact:
        picture(random, size, size).save(folder / name)
    # A folder that is being written has no list.
    (folder / "files.json").write_text(json.dumps({"files": files, "exact": exact}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
