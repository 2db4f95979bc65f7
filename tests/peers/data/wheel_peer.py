"""Scores a dataset with the wheel: Arrow batches of Parquet files through `Scorer.score_table`.

    python wheel_peer.py MODEL FOLDER OUT

Writes the scores to OUT.npy.
"""

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pickscore import Scorer

model, folder, out = sys.argv[1], Path(sys.argv[2]) / "pairs", sys.argv[3]
scorer = Scorer(model, device="cpu", precision="f32", scorer="clip")
scores = []
for file in sorted(folder.glob("*.parquet")):
    batches = pq.ParquetFile(file).iter_batches(batch_size=64)
    reader = pa.RecordBatchReader.from_batches(pq.read_schema(file), batches)
    scores.append(pa.table(scorer.score_table(reader, image="image"))["score"].to_numpy())
np.save(out, np.concatenate(scores))
