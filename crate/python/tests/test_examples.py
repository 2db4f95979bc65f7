"""The examples do what they say, and the docstrings are right."""

from __future__ import annotations

import doctest
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from conftest import ROOT, SAMPLES, TINY
from datasets import Dataset
from PIL import Image

import pickscore
from pickscore import Scorer, _error

sys.path.append(str(Path(__file__).parents[1] / "examples"))

from filter_dataset import filter_file  # noqa: E402
from map_dataset import with_scores  # noqa: E402
from rank_folder import rank  # noqa: E402
from reward import reward_function  # noqa: E402


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    """A small model on the CPU."""
    return Scorer(TINY, device="cpu")


@pytest.mark.parametrize("module", [pickscore, _error])
def test_docstrings_are_right(module: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    result = doctest.testmod(module)  # type: ignore[arg-type]
    assert result.failed == 0 and result.attempted > 0


def test_the_readme_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    result = doctest.testfile(str(ROOT / "crate/python/README.md"), module_relative=False)
    assert result.failed == 0 and result.attempted > 0


def test_every_method_has_an_example() -> None:
    found = doctest.DocTestFinder(exclude_empty=False).find(pickscore)
    shown = {test.name for test in found if test.examples}
    methods = [name for name in vars(Scorer) if not name.startswith("_") and name != "info"]
    assert {f"pickscore.Scorer.{name}" for name in methods} <= shown


def test_ranking_a_folder(scorer: Scorer, tmp_path: Path) -> None:
    for path in SAMPLES:
        shutil.copy(path, tmp_path)
    (tmp_path / "damaged.png").write_bytes(b"")
    ranked = rank(scorer, "a red apple", tmp_path)
    assert len(ranked) == len(SAMPLES) + 1
    assert ranked[0][1].name == "red-apple.png"
    assert ranked[-1][1].name == "damaged.png" and np.isnan(ranked[-1][0])
    scores = [score for score, _ in ranked[:-1]]
    assert scores == sorted(scores, reverse=True)


def test_a_reward(scorer: Scorer) -> None:
    images = np.stack([np.asarray(Image.open(path).convert("RGB").resize((96, 96))) for path in SAMPLES])
    prompts = ["a fox"] * len(images)
    reward = reward_function(scorer)
    expected, details = reward(images, prompts, None)
    assert details == {}
    assert np.array_equal(expected, scorer.score("a fox", [Image.fromarray(image) for image in images]))
    # As a pipeline of diffusers gives them with output_type="pt".
    tensors = images.transpose(0, 3, 1, 2).astype(np.float32) / 255
    with ThreadPoolExecutor(4) as threads:
        for found, _ in threads.map(lambda _: reward(tensors, prompts, None), range(16)):
            assert np.array_equal(found, expected)
    for wrong in (tensors.transpose(0, 2, 3, 1), np.full_like(tensors, np.nan), images[0]):
        with pytest.raises(ValueError, match="image"):
            reward(wrong, prompts, None)


def test_a_call_costs_less_than_a_millisecond(scorer: Scorer) -> None:
    """What a call costs beyond computing: its threads, and eight images of 512 × 512 taken."""
    images = np.zeros((8, 512, 512, 3), np.uint8)

    def seconds(images: object) -> float:
        start = time.perf_counter()
        scorer.score_pairs([], images) if not len(images) else [image.tobytes() for image in images]  # type: ignore
        return time.perf_counter() - start

    fastest = min(seconds([]) for _ in range(200)) + min(seconds(images) for _ in range(50))
    assert fastest < 0.001


def pairs() -> dict[str, list[object]]:
    """Rows with Pick-a-Pic's columns; one image is damaged."""
    files = [path.read_bytes() for path in SAMPLES]
    return {
        "caption": ["a fox", "a red apple", "a wolf"],
        "jpg_0": [files[0], files[1], b"damaged"],
        "jpg_1": [files[2], files[0], files[1]],
    }


def test_mapping_a_dataset(scorer: Scorer) -> None:
    rows = pairs()
    scored = with_scores(Dataset.from_dict(rows), scorer, batch_size=2)
    for side in (0, 1):
        expected = scorer.score_pairs(rows["caption"], rows[f"jpg_{side}"], errors="nan")  # type: ignore[arg-type]
        assert np.array_equal(np.array(scored[f"score_{side}"], np.float32), expected, equal_nan=True)
    assert np.isnan(scored["score_0"][2])


def test_filtering_a_dataset(scorer: Scorer, tmp_path: Path) -> None:
    source, target = tmp_path / "source.parquet", tmp_path / "target.parquet"
    files = [path.read_bytes() for path in SAMPLES] + [b"damaged", None]
    captions = ["a fox"] * len(files)
    table = pyarrow.table({"caption": captions, "image": files, "row": list(range(len(files)))})
    pyarrow.parquet.write_table(table, source)
    scores = scorer.score("a fox", SAMPLES)
    least = float(np.median(scores))
    kept, seen = filter_file(scorer, source, target, least)
    assert seen == len(files)
    rows = pyarrow.parquet.read_table(target)["row"].to_pylist()
    assert rows == np.flatnonzero(scores >= least).tolist() and len(rows) == kept > 0
