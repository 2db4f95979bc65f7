"""Reads a file that this project wrote with the programs that people use to read Parquet.

    python tests/dataset/readers.py FILE    # the rows of rows.py, written by `cargo xtask readers`

If a reader sees a different value or type, the script fails and names the reader, row and column.
"""

import shutil
import sys
import tempfile
from pathlib import Path

import datasets
import duckdb
import pandas
import polars
import pyarrow.parquet
from rows import COLUMNS, rows

DTYPES = {
    "bool": ["are_different", "has_label"],
    "datetime64[ns]": ["created_at"],
    "float64": ["label_0", "label_1"],
    "int64": ["ranking_id", "user_id", "num_example_per_prompt", "__index_level_0__"],
}
FEATURES = {
    **dict.fromkeys(["are_different", "has_label"], "bool"),
    **dict.fromkeys(["created_at"], "timestamp[ns]"),
    **dict.fromkeys(["jpg_0", "jpg_1"], "binary"),
    **dict.fromkeys(["label_0", "label_1"], "float64"),
    **dict.fromkeys(["ranking_id", "user_id", "num_example_per_prompt", "__index_level_0__"], "int64"),
}


def same(reader, found):
    found, expected = list(found), rows()
    assert len(found) == len(expected), f"{reader}: {len(found)} rows; expected {len(expected)}"
    for at, (one, other) in enumerate(zip(found, expected)):
        assert list(one) == COLUMNS, f"{reader}: columns {list(one)}"
        for name in COLUMNS:
            assert one[name] == other[name], f"{reader}: row {at}, {name} is {one[name]!r}; expected {other[name]!r}"
    print(f"{reader}: {len(found)} rows, {len(COLUMNS)} columns")


def with_pandas(path):
    frame = pandas.read_parquet(path)
    for dtype, columns in DTYPES.items():
        for name in columns:
            assert str(frame[name].dtype) == dtype, f"pandas: {name} is {frame[name].dtype}; expected {dtype}"
    frame["created_at"] = frame["created_at"].astype("int64")
    records = frame.astype(object).where(frame.notna(), None).to_dict("records")
    same(f"pandas {pandas.__version__}", records)


def with_datasets(path):
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "set" / "data"
        data.mkdir(parents=True)
        shutil.copy(path, data / "validation-00000-of-00001.parquet")
        loaded = datasets.load_dataset(str(data.parent), split="validation", cache_dir=str(Path(folder) / "cache"))
        for name in COLUMNS:
            feature, expected = loaded.features[name], FEATURES.get(name, "string")
            assert feature == datasets.Value(expected), f"datasets: {name} is {feature}; expected {expected}"
        table = loaded.data.table
        table = table.set_column(COLUMNS.index("created_at"), "created_at", table["created_at"].cast("int64"))
        same(f"datasets {datasets.__version__}", table.to_pylist())


def with_duckdb(path):
    asked = ", ".join(f"epoch_ns({name}) AS {name}" if name == "created_at" else f'"{name}"' for name in COLUMNS)
    found = duckdb.sql(f"SELECT {asked} FROM '{path}'")
    same(f"duckdb {duckdb.__version__}", (dict(zip(COLUMNS, values)) for values in found.fetchall()))


def with_polars(path):
    frame = polars.read_parquet(path).with_columns(polars.col("created_at").cast(polars.Int64))
    same(f"polars {polars.__version__}", frame.iter_rows(named=True))


def main():
    path = sys.argv[1]
    file = pyarrow.parquet.ParquetFile(path)
    assert file.num_row_groups > 1, "the file has one row group; several are to be tried"
    with_pandas(path)
    with_datasets(path)
    with_duckdb(path)
    with_polars(path)


if __name__ == "__main__":
    main()
