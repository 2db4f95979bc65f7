"""Generates images for the benchmarks.

    python images.py COUNT FOLDER

Writes COUNT files `000.jpg`, `001.jpg`, … to FOLDER: JPEGs of quality 90, and every fourth a PNG,
as `003.png`. No image occurs twice.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image

# The size that generators write.
SIZE = 512
SEED = 23
PNG_EVERY = 4


def picture(random, width=SIZE, height=SIZE):
    """An image with large shapes and fine grain."""
    levels = np.zeros((height, width, 3))
    for cells in (4, 16, 64, SIZE):
        layer = Image.fromarray(random.integers(0, 256, (cells, cells, 3), dtype=np.uint8))
        levels += np.asarray(layer.resize((width, height), Image.Resampling.BICUBIC), float) / cells**0.5
    levels = (levels - levels.min()) / (levels.max() - levels.min()) * 255
    return Image.fromarray(levels.astype(np.uint8))


def main(count, folder):
    random = np.random.default_rng(SEED)
    folder.mkdir(parents=True, exist_ok=True)
    for at in range(count):
        if at % PNG_EVERY == PNG_EVERY - 1:
            picture(random).save(folder / f"{at:03}.png")
        else:
            picture(random).save(folder / f"{at:03}.jpg", quality=90)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
