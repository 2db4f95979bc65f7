"""Arrow tables in and out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import datasets
import duckdb
import numpy as np
import polars
import pyarrow
import pytest
from conftest import SAMPLES, TINY

import pickscore
from pickscore import PickScoreError, Scorer

PROMPTS = ["a fox", "a red apple", None, "", "a wolf", "a fox", "a fox"]
CONTENTS = [path.read_bytes() for path in SAMPLES[:3]]
IMAGES = [*CONTENTS, CONTENTS[0], b"damaged", None, CONTENTS[0]]
REASONS = [None, None, "the row has no prompt", "the prompt is empty", "no known image format", "no image", None]


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    """A small model on the CPU."""
    return Scorer(TINY, device="cpu")


def check(scorer: Scorer, scored: pickscore.Table, images: list[Any] = IMAGES) -> None:
    """Check the scores and reasons of the rows above."""
    table = pyarrow.table(scored)
    assert table.schema == pyarrow.schema({"score": pyarrow.float32(), "error": pyarrow.string()})
    assert len(scored) == len(table) == len(PROMPTS)
    assert scored.column_names == ["score", "error"]
    for row, (score, error) in enumerate(zip(*(column.to_pylist() for column in table.columns), strict=True)):
        reason = REASONS[row]
        if reason is None:
            prompt = PROMPTS[row]
            assert prompt and error is None
            assert score == scorer.score(prompt, [images[row]])[0]
        else:
            assert score is None and reason in error


def arrow_table(prompts: Any = None, images: Any = None) -> Any:
    """The rows above, in these types."""
    return pyarrow.table(
        {
            "other": list(range(len(PROMPTS))),
            "jpg_0": pyarrow.array(IMAGES, images or pyarrow.binary()),
            "caption": pyarrow.array(PROMPTS, prompts or pyarrow.string()),
        }
    )


@pytest.mark.parametrize("prompts", [pyarrow.string(), pyarrow.large_string(), pyarrow.string_view()])
@pytest.mark.parametrize("images", [pyarrow.binary(), pyarrow.large_binary(), pyarrow.binary_view()])
def test_a_table_of_pyarrow(scorer: Scorer, prompts: Any, images: Any) -> None:
    check(scorer, scorer.score_table(arrow_table(prompts, images)))


def test_dictionaries_and_batches(scorer: Scorer) -> None:
    table = arrow_table()
    encoded = table.set_column(2, "caption", table["caption"].dictionary_encode())
    check(scorer, scorer.score_table(encoded))
    nothing = pyarrow.array([None] * len(PROMPTS)).cast(pyarrow.dictionary(pyarrow.int8(), pyarrow.string()))
    scored = pyarrow.table(scorer.score_table(table.set_column(2, "caption", nothing)))
    assert scored["score"].null_count == len(PROMPTS)
    parts = pyarrow.concat_tables([table.slice(0, 3), table.slice(3, 0), table.slice(3)])
    check(scorer, scorer.score_table(parts))
    check(scorer, scorer.score_table(pyarrow.RecordBatchReader.from_batches(table.schema, parts.to_batches())))
    check(scorer, scorer.score_table(table.combine_chunks().to_batches()[0]))


def test_paths_and_structs(scorer: Scorer, tmp_path: Path) -> None:
    paths: list[str | None] = []
    for row, content in enumerate(IMAGES):
        path = tmp_path / f"{row}.png"
        if content is not None:
            path.write_bytes(content)
        paths.append(None if content is None else str(path))
    table = pyarrow.table({"caption": PROMPTS, "path": paths})
    check(scorer, scorer.score_table(table, image="path"), paths)
    structs = [
        None if path is None else {"bytes": None if row % 2 else Path(path).read_bytes(), "path": path}
        for row, path in enumerate(paths)
    ]
    kind = pyarrow.struct({"bytes": pyarrow.binary(), "path": pyarrow.string()})
    table = pyarrow.table({"caption": PROMPTS, "image": pyarrow.array(structs, kind)})
    check(scorer, scorer.score_table(table, image="image"), paths)


def test_polars_and_duckdb(scorer: Scorer) -> None:
    frame = polars.DataFrame({"caption": PROMPTS, "jpg_0": IMAGES})
    scored = scorer.score_table(frame)
    check(scorer, scored)
    back = polars.DataFrame(scored)
    assert back["score"].null_count() == sum(reason is not None for reason in REASONS)
    rows = arrow_table()  # noqa: F841
    relation: Any = duckdb.sql("select * from rows")
    scored = scorer.score_table(relation)
    check(scorer, scored)
    best: Any = duckdb.sql("select max(score) from scored")
    assert best.fetchall()[0][0] == max(value for value in back["score"].to_list() if value is not None)


def test_a_scorer_without_a_prompt_needs_no_such_column(models: Callable[[str], Path]) -> None:
    scorer = Scorer(models("aesthetic-v2"), device="cpu")
    table = pyarrow.table({"jpg_0": CONTENTS})
    found = pyarrow.table(scorer.score_table(table))["score"].to_numpy()
    assert np.array_equal(found, scorer.score(None, CONTENTS))


def test_rows_come_one_batch_at_a_time(scorer: Scorer) -> None:
    """A table larger than the memory can be scored."""
    table = arrow_table().slice(0, 2)
    alive = most = 0

    def batches() -> Iterator[Any]:
        nonlocal alive, most
        for _ in range(100):
            most = max(most, pyarrow.total_allocated_bytes())
            values = pyarrow.array([CONTENTS[0] + bytes(2_000_000)] * 2, pyarrow.binary())
            yield pyarrow.record_batch([values, pyarrow.array(["a fox"] * 2)], ["jpg_0", "caption"])

    before = pyarrow.total_allocated_bytes()
    schema = pyarrow.schema({"jpg_0": pyarrow.binary(), "caption": pyarrow.string()})
    scored = scorer.score_table(pyarrow.RecordBatchReader.from_batches(schema, batches()))
    assert len(scored) == 200 and table.num_rows == 2
    assert most - before < 20_000_000


def test_tables_that_cannot_be_scored(scorer: Scorer) -> None:
    def raised(table: Any, **columns: Any) -> PickScoreError:
        with pytest.raises(PickScoreError) as caught:
            scorer.score_table(table, **columns)
        assert "\n" not in str(caught.value)
        return caught.value

    table = arrow_table()
    error = raised(table, image="jpg")
    assert error.code == "bad-argument"
    assert str(error) == 'the table has no column "jpg"; its columns are other, jpg_0, caption'
    assert "no column" in str(raised(table, prompt="text"))
    assert '"other" is Int64; expected the bytes of images' in str(raised(table, image="other"))
    assert '"other" is Int64; expected strings' in str(raised(table, prompt="other"))
    assert "the table is of type dict" in str(raised({"caption": []}))
    assert raised(pyarrow.chunked_array([[1, 2]])).code == "table-unreadable"

    def broken() -> Iterator[Any]:
        yield from table.to_batches()
        raise ValueError("the disk is gone")

    error = raised(pyarrow.RecordBatchReader.from_batches(table.schema, broken()))
    assert error.code == "table-unreadable" and "the disk is gone" in str(error)


def test_an_empty_table(scorer: Scorer) -> None:
    assert len(scorer.score_table(arrow_table().slice(0, 0))) == 0


def test_what_is_not_a_table_yet(scorer: Scorer) -> None:
    lazy = polars.DataFrame({"caption": ["a fox"]}).lazy()
    dataset = datasets.Dataset.from_dict({"caption": ["a fox"]})
    for table, hint in ((lazy, "collect()"), (dataset, 'with_format("arrow")'), ([], "Arrow C stream interface")):
        with pytest.raises(PickScoreError) as caught:
            scorer.score_table(table)  # type: ignore[arg-type]
        assert caught.value.code == "bad-argument" and hint in str(caught.value)
