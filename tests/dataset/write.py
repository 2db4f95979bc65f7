"""Datasets as other programs write them.

    python tests/dataset/write.py           # writes tests/dataset/fixtures/*.parquet
    python tests/dataset/write.py FOLDER    # writes the same files to FOLDER

Each file contains the rows of rows.py, with compressions, page versions, encodings and types that
its writer uses by default or is often told to use. In files named `labels-…`, every row has one
preferred image, because their label types cannot represent a tie. Files named `few-…` have only
some of the columns.
"""

import sys
from pathlib import Path

import datasets
import duckdb
import fastparquet
import pandas
import polars
import pyarrow
import pyarrow.compute
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


def write(name, table, **options):
    pyarrow.parquet.write_table(table, OUT / f"{name}.parquet", **options)


def compressed():
    """Compressions other than snappy, gzip and zstd."""
    write("pyarrow-brotli", table(), compression="brotli", row_group_size=16)
    write("pyarrow-lz4", table(), compression="lz4", data_page_version="2.0")
    fastparquet.write(str(OUT / "fastparquet-lz4.parquet"), frame(), compression="LZ4", times="int96")
    polars.from_arrow(table()).write_parquet(OUT / "polars-brotli.parquet", compression="brotli", row_group_size=16)
    arrow = table()
    duckdb.sql(f"COPY (SELECT * FROM arrow) TO '{OUT / 'duckdb-lz4.parquet'}' (FORMAT parquet, COMPRESSION lz4, PARQUET_VERSION V2)")


def encoded():
    """Encodings and types other than the writers' defaults."""
    delta = {"caption": "DELTA_BYTE_ARRAY", "jpg_0": "DELTA_LENGTH_BYTE_ARRAY", "jpg_1": "DELTA_BYTE_ARRAY", "ranking_id": "DELTA_BINARY_PACKED",
             "created_at": "DELTA_BINARY_PACKED", "label_0": "BYTE_STREAM_SPLIT", "label_1": "BYTE_STREAM_SPLIT", "user_id": "BYTE_STREAM_SPLIT",
             "model_0": "DELTA_LENGTH_BYTE_ARRAY", "best_image_uid": "DELTA_BYTE_ARRAY"}
    write("pyarrow-delta", table(), compression="none", use_dictionary=False, column_encoding=delta)
    write("pyarrow-int96", table(), use_deprecated_int96_timestamps=True, flavor="spark", data_page_size=64, write_batch_size=3)
    frame().convert_dtypes().assign(user_id=frame()["user_id"].astype("float64")).to_parquet(OUT / "pandas-nullable.parquet")


def labelled():
    """Labels and has_label in other types."""
    chosen = table().filter(pyarrow.compute.not_equal(table()["label_0"], 0.5))

    def retyped(kind, values=lambda column: column):
        new = chosen
        for name in ("has_label", "label_0", "label_1"):
            array = values(chosen[name].cast(pyarrow.int8())).cast(kind)
            new = new.set_column(new.schema.get_field_index(name), name, array)
        return new

    for name, kind in [("bool", pyarrow.bool_()), ("int8", pyarrow.int8()), ("uint64", pyarrow.uint64()), ("float16", pyarrow.float16())]:
        write(f"labels-{name}", retyped(kind))
    write("labels-decimal", retyped(pyarrow.decimal128(2, 1), lambda column: column.cast(pyarrow.decimal128(4, 0))))


def few():
    """Files without the columns that can be derived from others."""
    write("few-no-labels", table().drop_columns(["label_0", "label_1", "has_label"]))
    names = ["caption", "jpg_0", "jpg_1", "label_0"]
    chosen = frame()[frame()["label_0"].isin([0, 1])]
    chosen[names].astype({"label_0": "int64"}).to_parquet(OUT / "few-pandas.parquet", index=False)
    polars.from_pandas(chosen[names]).with_columns(polars.col("label_0") == 1).write_parquet(OUT / "few-polars.parquet")
    arrow = table()
    duckdb.sql(f"COPY (SELECT caption, jpg_0, jpg_1, label_1::DECIMAL(2, 1) label_1 FROM arrow) TO '{OUT / 'few-duckdb.parquet'}' (FORMAT parquet)")


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    frame().to_parquet(OUT / "pandas.parquet")
    # How Pick-a-Pic came to have `__index_level_0__`: it is the index of a shuffled or filtered
    # frame.
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
    compressed()
    encoded()
    labelled()
    few()


if __name__ == "__main__":
    main()
