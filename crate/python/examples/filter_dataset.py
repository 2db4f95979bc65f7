"""Keep the rows of a Parquet file whose image fits its caption well enough.

    python filter_dataset.py PickScore_v1 images.parquet kept.parquet 21.5
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.compute
import pyarrow.parquet

from pickscore import Scorer


def filter_file(
    scorer: Scorer,
    source: Path,
    target: Path,
    least: float,
    prompt: str = "caption",
    image: str = "image",
) -> tuple[int, int]:
    """Copy the rows that score at least ``least``; return how many were kept, of how many.

    One batch of rows is in memory at a time. Rows that cannot be scored are left out.
    """
    file: Any = pyarrow.parquet.ParquetFile(source)
    kept = seen = 0
    with pyarrow.parquet.ParquetWriter(target, file.schema_arrow) as writer:
        for batch in file.iter_batches(batch_size=1024):
            scores = pyarrow.table(scorer.score_table(batch, prompt, image))["score"]
            good = pyarrow.compute.fill_null(pyarrow.compute.greater_equal(scores, least), False)
            chosen = pyarrow.Table.from_batches([batch]).filter(good)
            writer.write_table(chosen)
            kept, seen = kept + chosen.num_rows, seen + batch.num_rows
    return kept, seen


if __name__ == "__main__":
    model, source, target, least = sys.argv[1:]
    kept, seen = filter_file(Scorer(model), Path(source), Path(target), float(least))
    print(f"kept {kept} of {seen} rows")
