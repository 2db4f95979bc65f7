"""Data sets as other programs write them.

    python tests/dataset/write.py           # writes tests/dataset/fixtures/*.parquet
    python tests/dataset/write.py FOLDER    # writes the same files there

Each holds the rows of rows.py, with the compressions, page versions and types that its writer takes by itself or is often told to take.
"""

import sys
from pathlib import Path

import datasets
import duckdb
import pandas
import polars
import pyarrow
import pyarrow.parquet
from rows import COLUMNS, rows

OUT = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "fixtures"

TYPES = {
    **dict.fromkeys(["are_different", "has_label"], pyarrow.bool_()),
    **dict.fromkeys(["created_at"], pyarrow.timestamp("ns")),
    **dict.fromkeys(["jpg_0", "jpg_1"], pyarrow.binary()),
    **dict.fromkeys(["label_0", "label_1"], pyarrow.float64()),
    **dict.fromkeys(["ranking_id", "user_id", "num_example_per_prompt", "__index_level_0__"], pyarrow.int64()),
}


def frame():
    frame = pandas.DataFrame(rows())
    return frame.assign(created_at=pandas.to_datetime(frame["created_at"], unit="ns"))


def table():
    return pyarrow.Table.from_pylist(rows(), pyarrow.schema([(name, TYPES.get(name, pyarrow.string())) for name in COLUMNS]))


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    frame().to_parquet(OUT / "pandas.parquet")
    # As Pick-a-Pic came to have `__index_level_0__`: the index of a frame that was shuffled or filtered.
    indexed = frame().set_index("__index_level_0__")
    indexed.index.name = None
    indexed.to_parquet(OUT / "pandas-index.parquet", compression="gzip", row_group_size=7)
    pyarrow.parquet.write_table(
        table(), OUT / "pyarrow-2.parquet", compression="zstd", data_page_version="2.0", version="2.6", row_group_size=16
    )
    pyarrow.parquet.write_table(
        table(), OUT / "pyarrow-1.parquet", compression="none", use_dictionary=False, version="1.0", coerce_timestamps="ms",
        allow_truncated_timestamps=True,
    )
    images = datasets.Dataset(table())
    for column in ("jpg_0", "jpg_1"):
        images = images.cast_column(column, datasets.Image())
    images.to_parquet(OUT / "datasets-image.parquet")
    arrow = table()
    duckdb.sql("SET TimeZone = 'UTC'")
    duckdb.sql(f"COPY (SELECT * FROM arrow) TO '{OUT / 'duckdb.parquet'}' (FORMAT parquet, ROW_GROUP_SIZE 2048)")
    polars.from_arrow(table()).write_parquet(OUT / "polars.parquet")


if __name__ == "__main__":
    main()
