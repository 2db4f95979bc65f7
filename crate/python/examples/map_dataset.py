"""Add the scores of both images of each row to a dataset with Pick-a-Pic's columns.

    python map_dataset.py PickScore_v1 pickapic/data/validation-*.parquet scored/
"""

from __future__ import annotations

import sys
from typing import Any

from datasets import Dataset, load_dataset

from pickscore import Scorer


def with_scores(dataset: Dataset, scorer: Scorer, batch_size: int = 64) -> Dataset:
    """The dataset with the columns ``score_0`` and ``score_1``; NaN for damaged images."""

    def scores(batch: dict[str, list[Any]]) -> dict[str, Any]:
        prompts = batch["caption"]
        return {
            f"score_{side}": scorer.score_pairs(prompts, batch[f"jpg_{side}"], errors="nan")
            for side in (0, 1)
        }

    return dataset.map(scores, batched=True, batch_size=batch_size)


if __name__ == "__main__":
    model, *files, out = sys.argv[1:]
    dataset = load_dataset("parquet", data_files=files, split="train")
    with_scores(dataset, Scorer(model)).save_to_disk(out)
