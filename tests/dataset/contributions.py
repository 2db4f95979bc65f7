"""Reads this project's contributions with the programs that people use to read datasets.

    python tests/dataset/contributions.py FOLDER    # a folder that `cargo xtask readers` writes

If a reader sees anything other than the records in records.json, the script fails and names the
reader and the difference.
"""

import csv
import hashlib
import json
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from importlib.metadata import version
from pathlib import Path

import datasets
import duckdb
import mlcroissant
import pandas
import polars
from huggingface_hub import DatasetCard
from rows import COLUMNS

PUBLISHED = [name for name in COLUMNS if not name.startswith("pickscore_")]
SHARES = {"left": (1.0, 0.0), "tie": (0.5, 0.5), "right": (0.0, 1.0), None: (None, None)}


def expected(record, counts):
    """The values that a record's row must have, by column name."""
    left, right = record["left"], record["right"]
    preferred = {"left": left["image_uid"], "right": right["image_uid"], "tie": "tie", None: ""}[record["label"]]
    scorer = record["scorer"] or {"name": None, "version": None}
    return {
        "are_different": True, "best_image_uid": preferred, "caption": record["prompt"], "has_label": record["has_label"],
        "image_0_uid": left["image_uid"], "image_1_uid": right["image_uid"], "image_0_url": "", "image_1_url": "",
        "label_0": SHARES[record["label"]][0], "label_1": SHARES[record["label"]][1],
        "model_0": left["model"] or "", "model_1": right["model"] or "", "num_example_per_prompt": counts[record["prompt"]],
        "pickscore_record_version": 1, "pickscore_uid": record["uid"], "pickscore_session_uid": record["session_uid"],
        "pickscore_rater_uid": record["rater_uid"], "pickscore_side_0": "left", "pickscore_mode": record["mode"],
        "pickscore_control": {None: None, "left": "image_0", "right": "image_1"}[record["control"]],
        "pickscore_retest_of": record["retest_of"], "pickscore_group_uid": record["group_uid"],
        "pickscore_seconds": record["seconds"],
        "pickscore_scores_visible": record["scores_visible"], "pickscore_scorer": scorer["name"],
        "pickscore_scorer_version": scorer["version"], "pickscore_score_0": left["score"], "pickscore_score_1": right["score"],
        "pickscore_app_version": record["app_version"],
    }


def same(reader, found, records, images=None, milliseconds=None):
    """Compares rows with records.

    `images` names the columns that contain image bytes; `milliseconds` converts a time to a number.
    """
    found, counts = list(found), Counter(record["prompt"] for record in records)
    assert len(found) == len(records), f"{reader}: {len(found)} rows; expected {len(records)}"
    for at, (row, record) in enumerate(zip(found, records)):
        for name, value in expected(record, counts).items():
            seen = row[name]
            seen = None if isinstance(seen, float) and seen != seen else seen
            assert seen == value, f"{reader}: row {at}, {name} is {seen!r}; expected {value!r}"
        if milliseconds:
            assert milliseconds(row["created_at"]) == record["created_at"], f"{reader}: row {at}, created_at is {row['created_at']}"
        for column, side in (images or {}).items():
            uid = hashlib.sha256(row[column]).hexdigest()
            assert uid == record[side]["image_uid"], f"{reader}: row {at}, {column} is another image"
    print(f"{reader}: {len(found)} rows")


IMAGES = {"jpg_0": "left", "jpg_1": "right"}


def nanoseconds(value):
    return value // 1_000_000


def of_timestamp(value):
    return pandas.Timestamp(value).value // 1_000_000


def parquet(folder, records):
    path = str(next((folder / "parquet" / "data").iterdir()))
    frame = pandas.read_parquet(path)
    assert list(frame.columns[: len(PUBLISHED)]) == PUBLISHED, list(frame.columns)
    assert str(frame["created_at"].dtype) == "datetime64[ns]", frame["created_at"].dtype
    plain = frame.astype(object).where(frame.notna(), None)
    same(f"pandas {pandas.__version__}, Parquet", plain.to_dict("records"), records, IMAGES, of_timestamp)
    rows = duckdb.sql(f"SELECT * REPLACE (epoch_ns(created_at) AS created_at) FROM '{path}'")
    columns = [column[0] for column in rows.description]
    same(f"duckdb {duckdb.__version__}, Parquet", (dict(zip(columns, row)) for row in rows.fetchall()), records, IMAGES, nanoseconds)
    table = polars.read_parquet(path).with_columns(polars.col("created_at").cast(polars.Int64))
    same(f"polars {polars.__version__}, Parquet", table.iter_rows(named=True), records, IMAGES, nanoseconds)


def with_datasets(folder, format, records, images=None):
    with tempfile.TemporaryDirectory() as cache:
        loaded = datasets.load_dataset(str(folder / format), split="train", cache_dir=cache)
        if format == "parquet":
            assert loaded.features["jpg_0"] == datasets.Value("binary"), loaded.features["jpg_0"]
            assert loaded.features["label_0"] == datasets.Value("float64"), loaded.features["label_0"]
        same(f"datasets {datasets.__version__}, {format}", loaded, records, images)


def lines(folder, records):
    root = folder / "jsonl"
    path = next((root / "data").iterdir())
    frame = pandas.read_json(path, lines=True, dtype=False, precise_float=True)
    plain = frame.astype(object).where(frame.notna(), None)
    same(f"pandas {pandas.__version__}, JSON Lines", plain.to_dict("records"), records, None, of_timestamp)
    for row in map(json.loads, path.open(encoding="utf-8")):
        for side in (0, 1):
            uid = hashlib.sha256((root / row[f"pickscore_file_{side}"]).read_bytes()).hexdigest()
            assert uid == row[f"image_{side}_uid"], f"{row[f'pickscore_file_{side}']} is another image"


def table(folder, records):
    path = next((folder / "csv" / "data").iterdir())
    counts = Counter(record["prompt"] for record in records)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(records)
    for row, record in zip(rows, records):
        prompt = record["prompt"]
        guarded = f"'{prompt}" if prompt.startswith("=") else prompt
        assert row["caption"] == guarded, row["caption"]
        assert row["num_example_per_prompt"] == str(counts[prompt])
    assert len(pandas.read_csv(path)) == len(records)
    print(f"csv and pandas {pandas.__version__}, CSV: {len(rows)} rows")


def metadata(folder, records):
    for format in ("parquet", "jsonl", "csv"):
        root = folder / format
        subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=root, check=True)
        listed = {line.split("  ", 1)[1] for line in (root / "SHA256SUMS").read_text().splitlines()}
        there = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
        assert there == listed | {"SHA256SUMS"}, there ^ listed
        with zipfile.ZipFile(folder / f"{format}.zip") as archive:
            assert archive.testzip() is None
            assert set(archive.namelist()) == there, set(archive.namelist()) ^ there
            for name in archive.namelist():
                assert archive.read(name) == (root / name).read_bytes(), name
        card = DatasetCard.load(root / "README.md")
        assert card.data.license == "cc0-1.0" and card.data.pretty_name == 'Foxes: "quoted"', card.data.to_dict()
        assert card.data.to_dict()["configs"][0]["data_files"][0]["path"] == f"data/train-*.{format}"
        # This validates against the Croissant 1.0 vocabulary and raises an exception on an error.
        description = mlcroissant.Dataset(jsonld=str(root / "croissant.json"))
        errors = list(description.metadata.ctx.issues.errors)
        assert not errors, errors
        found = list(description.records(record_set="pairs-0"))
        captions = [row["pairs-0/caption"] for row in found]
        captions = [text.decode() if isinstance(text, bytes) else text for text in captions]
        prompts = [record["prompt"] for record in records]
        assert [text.lstrip("'") for text in captions] == prompts, captions
        print(f"mlcroissant {version('mlcroissant')}, {format}: {len(found)} records; sums, zip and card")


def main():
    folder = Path(sys.argv[1])
    records = json.loads((folder / "records.json").read_text(encoding="utf-8"))
    parquet(folder, records)
    lines(folder, records)
    table(folder, records)
    with_datasets(folder, "parquet", records, IMAGES)
    with_datasets(folder, "jsonl", records)
    metadata(folder, records)


if __name__ == "__main__":
    main()
