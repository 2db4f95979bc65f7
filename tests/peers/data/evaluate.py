"""Times `pickscore evaluate --scores` on a generated dataset in Pick-a-Pic's schema with scores in
the files of `pickscore score --data`, and prints its peak memory.

    python evaluate.py PICKSCORE ROWS FOLDER

People prefer the image of higher quality with the probability of the model, so the accuracy that
the report must have follows from the same numbers, and is checked.
"""

import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ROWS_PER_FILE = 100_000
ROWS_PER_SHARD = 256
ROWS_PER_PROMPT = 20
SEED = 23
MODELS = ("fox-xl", "dreamlike", "sd-2.1")
SCORER = json.dumps([{"model": "generated", "scorer": "pickscore"}])


def part(first, rows, folder):
    """Writes a file of pairs and the shards of its scores; returns how many scores are right."""
    random = np.random.default_rng([SEED, first])
    numbers = np.arange(first, first + rows)
    scores = random.normal(21, 1, (2, rows)).astype(np.float32)
    probability = 1 / (1 + np.exp(scores[1].astype(float) - scores[0]))
    left = random.random(rows) < probability
    uids = [[hashlib.sha256(b"%d %d" % (side, at)).hexdigest() for at in numbers] for side in (0, 1)]
    data = {
        "caption": [f"prompt {at // ROWS_PER_PROMPT}" for at in numbers],
        "ranking_id": numbers,
        "user_id": numbers % 5000 + 1,
        "created_at": pa.array(numbers * 1_000_000_000, pa.timestamp("ns")),
        "has_label": np.ones(rows, bool),
        "are_different": np.ones(rows, bool),
        "label_0": left.astype(float),
        "label_1": 1 - left.astype(float),
        "best_image_uid": np.where(left, uids[0], uids[1]),
    }
    for side in (0, 1):
        data[f"image_{side}_uid"] = uids[side]
        data[f"model_{side}"] = np.array(MODELS)[(numbers + side) % len(MODELS)]
        data[f"jpg_{side}"] = [uid[:8].encode() for uid in uids[side]]
    pq.write_table(pa.table(data), folder / "pairs" / f"part-{first:010}.parquet", row_group_size=10_000)
    nothing = pa.nulls(rows, pa.string())
    columns = {"ranking_id": numbers, "score_0": scores[0], "score_1": scores[1], "error_0": nothing, "error_1": nothing}
    table = pa.table(columns).replace_schema_metadata({"pickscore.models": SCORER})
    for start in range(0, rows, ROWS_PER_SHARD):
        name = f"part-{first:010}-{start:010}.parquet"
        pq.write_table(table.slice(start, ROWS_PER_SHARD), folder / "scores" / name)
    # Equal scores predict a tie, which is half right.
    right = np.where(scores[0] == scores[1], 0.5, (scores[0] > scores[1]) == left)
    return float(right.sum())


def main(pickscore, rows, folder):
    expected = folder / "right.json"
    if not expected.exists():
        (folder / "pairs").mkdir(parents=True, exist_ok=True)
        (folder / "scores").mkdir(exist_ok=True)
        starts = range(0, rows, ROWS_PER_FILE)
        sizes = [(first, min(ROWS_PER_FILE, rows - first)) for first in starts]
        expected.write_text(str(sum(part(first, size, folder) for first, size in sizes)))
    start = time.perf_counter()
    arguments = ["evaluate", "--scores", folder / "scores", "--data", folder / "pairs"]
    arguments += ["--threshold", "0", "--format", "json"]
    process = subprocess.Popen([pickscore, *arguments], stdout=subprocess.PIPE)
    report = json.loads(process.stdout.read())
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    assert status == 0, status
    accuracy = report["scorers"][-1]["accuracy"]
    print(f"{rows} rows: {seconds:.0f} s, {usage.ru_maxrss * 1024 / 1e6:.0f} MB at most, accuracy {accuracy}")
    right = float(expected.read_text()) / rows
    assert abs(accuracy["value"] - right) < 1e-9, right


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
