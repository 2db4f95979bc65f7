"""Measures how well the share of flat colour distinguishes emoji-like images from photographs.

    pip install numpy pillow pyarrow scikit-image scikit-learn
    python3 xtask/demonstration/check_flatness.py \\
        data/pretrain/data/validation-00000-of-00001.parquet

The page measures this share in www/src/score/flatness.ts. The images are those of the
demonstration's validation data.
"""

import io
import sys

import numpy as np
import pyarrow.parquet as parquet
import skimage.data
from PIL import Image
from sklearn.datasets import load_sample_images

SIDE, LEVELS, FLAT = 64, 1, 0.4


def flatness(image):
    image = image.convert("RGBA")
    white = Image.new("RGBA", image.size, (255, 255, 255, 255))
    small = Image.alpha_composite(white, image).convert("RGB").resize((SIDE, SIDE), Image.BICUBIC)
    levels = np.asarray(small).astype(int)
    right = np.abs(levels[:, 1:] - levels[:, :-1]).max(-1) <= LEVELS
    below = np.abs(levels[1:] - levels[:-1]).max(-1) <= LEVELS
    return (right.sum() + below.sum()) / (right.size + below.size)


names = ["astronaut", "coffee", "chelsea", "rocket", "camera", "coins", "brick", "grass", "gravel", "moon"]
names += ["immunohistochemistry", "hubble_deep_field", "retina", "clock"]
photographs = {name: Image.fromarray(getattr(skimage.data, name)()) for name in names if hasattr(skimage.data, name)}
photographs |= {name: Image.fromarray(image) for name, image in zip(["china", "flower"], load_sample_images().images)}
for name, image in list(photographs.items()):
    width, height = image.size
    photographs[f"{name}, its middle"] = image.crop((width // 4, height // 4, 3 * width // 4, 3 * height // 4))

rows = parquet.read_table(sys.argv[1], columns=["jpg_0", "jpg_1"]).slice(0, 700).to_pylist()
drawn = np.array([flatness(Image.open(io.BytesIO(picture))) for row in rows for picture in row.values()])
found = {name: flatness(image) for name, image in photographs.items()}
missed = sorted(name for name, value in found.items() if value >= FLAT)
print(f"drawings: median {np.median(drawn):.2f}; {(drawn < FLAT).mean():.1%} of {len(drawn)} below {FLAT}")
print(f"photographs: {len(found) - len(missed)} of {len(found)} below; not {', '.join(missed)}")
