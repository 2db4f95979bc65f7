"""Reads a merged dataset with the programs that people use to read Parquet.

    python tests/dataset/merged.py FOLDER REPORT    # both written by `cargo xtask readers`

If a reader sees other splits, rows, columns or types than the report lists, the script fails and
names the reader and what it saw.
"""

import glob
import hashlib
import json
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

import datasets
import duckdb
import pandas
import polars

SPLITS = ["train", "validation", "test", "validation_unique", "test_unique"]


def check(reader, split, rows, report):
    expected = report["splits"][split]
    assert len(rows) == expected, f"{reader}: {len(rows)} rows of {split}; expected {expected}"
    for row in rows:
        for side in (0, 1):
            found = hashlib.sha256(row[f"jpg_{side}"]).hexdigest()
            assert found == row[f"image_{side}_uid"], f"{reader}: image {side} of {row['ranking_id']} has the sum {found}"
        labels = (row["label_0"], row["label_1"])
        nothing = all(label is None or label != label for label in labels)
        assert nothing != row["has_label"] and (nothing or sum(labels) == 1), f"{reader}: labels {labels}, has_label {row['has_label']}"


def check_all(reader, of_split, report):
    for split in SPLITS:
        check(reader, split, of_split[split], report)
    whole = [row for split in SPLITS[:3] for row in of_split[split]]
    counts = Counter(row["caption"] for row in whole)
    for row in whole:
        assert row["num_example_per_prompt"] == counts[row["caption"]], f"{reader}: {row['caption']}"
    prompts = [{row["caption"] for row in of_split[split]} for split in SPLITS]
    assert not (prompts[0] & prompts[1] or prompts[0] & prompts[2] or prompts[1] & prompts[2]), f"{reader}: prompts are shared"
    assert prompts[1] == prompts[3] and prompts[2] == prompts[4], f"{reader}: unique splits have other prompts"
    raters = [row["pickscore_rater_uid"] or row["user_id"] for split in SPLITS[3:] for row in of_split[split]]
    assert len(raters) == len(set(raters)), f"{reader}: raters repeat"
    assert sum(row["pickscore_rater_uid"] is None for row in whole) == 30, f"{reader}: plain rows have our columns"
    print(f"{reader}: {[len(of_split[split]) for split in SPLITS]}")


def main():
    folder, report = Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text())
    files = {split: sorted(glob.glob(str(folder / f"data/{split}-*.parquet"))) for split in SPLITS}
    assert all(files.values()), f"files: {files}"

    cache = tempfile.mkdtemp()
    loaded = datasets.load_dataset(str(folder), cache_dir=cache)
    assert sorted(loaded) == sorted(SPLITS), f"datasets: splits {sorted(loaded)}"
    types = {name: feature.dtype for name, feature in loaded["train"].features.items()}
    expected = {"jpg_0": "binary", "label_0": "float64", "created_at": "timestamp[ns]", "pickscore_score_1": "float64", "pickscore_scores_visible": "bool"}
    assert all(types[name] == dtype for name, dtype in expected.items()), f"datasets: {types}"
    check_all(f"datasets {datasets.__version__}", {split: loaded[split].to_list() for split in SPLITS}, report)
    shutil.rmtree(cache)

    frames = {split: pandas.concat([pandas.read_parquet(file) for file in files[split]]) for split in SPLITS}
    records = {split: frame.astype(object).where(frame.notna(), None).to_dict("records") for split, frame in frames.items()}
    check_all(f"pandas {pandas.__version__}", records, report)

    rows = {}
    for split in SPLITS:
        found = duckdb.sql(f"SELECT * FROM read_parquet('{folder}/data/{split}-*.parquet')")
        rows[split] = [dict(zip(found.columns, values)) for values in found.fetchall()]
    check_all(f"duckdb {duckdb.__version__}", rows, report)

    rows = {split: list(polars.read_parquet(files[split]).iter_rows(named=True)) for split in SPLITS}
    check_all(f"polars {polars.__version__}", rows, report)


if __name__ == "__main__":
    main()
