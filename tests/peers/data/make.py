"""Writes a dataset of generated images and prompts, for the benchmark of whole datasets.

    python make.py ROWS FOLDER

`FOLDER/pairs` gets two Parquet files of equal size with the columns `caption` and `image` (JPEG,
512 × 512, quality 90). `FOLDER/files` gets the same images as files, and their prompts in
`prompts.json`. Four rows share a prompt. No image occurs twice.
"""

import io
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from images import SEED, picture

FILES = 2
ROWS_PER_PROMPT = 4
WORDS = "a portrait of fox in snow at dawn with warm light oil painting highly detailed castle river".split()


def image(random):
    file = io.BytesIO()
    picture(random).save(file, "JPEG", quality=90)
    return file.getvalue()


def main(rows, folder):
    random = np.random.default_rng(SEED)
    (folder / "pairs").mkdir(parents=True)
    (folder / "files").mkdir()
    images = [image(random) for _ in range(rows)]
    prompts = [" ".join(random.choice(WORDS, 12)) for _ in range(-(-rows // ROWS_PER_PROMPT))]
    captions = [prompts[row // ROWS_PER_PROMPT] for row in range(rows)]
    for row, bytes in enumerate(images):
        (folder / "files" / f"{row:06}.jpg").write_bytes(bytes)
    (folder / "files" / "prompts.json").write_text(json.dumps(captions))
    for part in range(FILES):
        of_part = slice(part * rows // FILES, (part + 1) * rows // FILES)
        table = pa.table({"caption": captions[of_part], "image": images[of_part]})
        pq.write_table(table, folder / "pairs" / f"part-{part}.parquet", row_group_size=64)
    # A dataset that is being written is not used.
    (folder / "complete").write_text("")


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
