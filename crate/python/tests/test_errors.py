"""Errors have codes, and say what is wrong in one sentence."""

from __future__ import annotations

import json
import pickle
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pytest
from conftest import FILES, SAMPLES, TINY
from PIL import Image

from pickscore import PickScoreError, PickScoreWarning, Scorer


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    """A small model on the CPU."""
    return Scorer(TINY, device="cpu")


def raised(call: Callable[[], object]) -> PickScoreError:
    """The error of a call."""
    with pytest.raises(PickScoreError) as caught:
        call()
    message = str(caught.value)
    assert message and "\n" not in message and not message.endswith(".")
    return caught.value


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ({"model": "no/such/model"}, "not-found", "no/such/model"),
        ({"device": "tpu"}, "bad-argument", 'device is "tpu"; expected one of auto, gpu, cpu'),
        ({"precision": "f64"}, "bad-argument", "expected one of auto, f32, f16, q8, q8-fast"),
        ({"scorer": "magic"}, "bad-argument", "expected one of auto, pickscore, clip"),
        ({"scorer": "aesthetic-v2"}, "no-head", "head=…"),
        ({"scorer": "aesthetic-v2", "head": "no/head.pth"}, "bad-head", "no/head.pth"),
        ({"scorer": "image-reward"}, "other-scorer", "image-reward"),
    ],
)
def test_a_model_that_cannot_be_loaded(arguments: dict[str, Any], code: str, message: str) -> None:
    given: dict[str, Any] = {"model": TINY, "device": "cpu"} | arguments
    error = raised(lambda: Scorer(**given))
    assert error.code == code
    assert message in str(error)


def test_a_damaged_model(tmp_path: Path) -> None:
    model = shutil.copytree(TINY, tmp_path / "model")
    weights = model / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    assert raised(lambda: Scorer(model, device="cpu")).code == "model-weights"
    (model / "config.json").write_text("{")
    assert raised(lambda: Scorer(model, device="cpu")).code == "model-config"


@pytest.mark.parametrize(
    ("image", "code", "message"),
    [
        ("no/such/image.png", "not-found", "no/such/image.png"),
        (FILES, "image-unreadable", "not a regular file"),
        (b"", "image-damaged", "empty"),
        (b"hello", "image-format", "no known image format"),
        (b"%PDF-1.7", "image-format", "PDF"),
        (SAMPLES[0].read_bytes()[:400], "image-damaged", "PNG"),
        (7, "bad-argument", "an image is of type int; expected a path"),
        (None, "bad-argument", "an image is of type NoneType"),
        ("", "bad-argument", "a path is empty"),
        ("\ud800.png", "bad-argument", "a path is not valid Unicode"),
        (memoryview(np.zeros(4, np.float32)), "bad-argument", "expected the bytes of a file"),  # type: ignore[arg-type]
        (np.zeros((4, 4), np.uint8), "bad-argument", "uint8 [4, 4]; expected uint8 [height, width, 3]"),
        (np.zeros((4, 4, 3), np.float32), "bad-argument", "an array is float32"),
        (np.zeros((0, 4, 3), np.uint8), "image-damaged", "4 × 0"),
        (Image.new("RGB", (20000, 20000)), "image-too-large", "20000"),
    ],
)
def test_an_image_that_cannot_be_read(scorer: Scorer, image: Any, code: str, message: str) -> None:
    images = [SAMPLES[0], image, SAMPLES[1]]
    for call in (
        lambda: scorer.score("a fox", images),
        lambda: scorer.score_pairs(["a", "b", "c"], images),
        lambda: scorer.embed_images(images),
    ):
        error = raised(call)
        assert (error.code, error.index) == (code, 1)
        assert message in str(error)
    scores = scorer.score("a fox", images, errors="nan")
    assert np.isnan(scores).tolist() == [False, True, False]
    assert np.array_equal(scores[::2], scorer.score("a fox", images[::2]))
    embedded = scorer.embed_images(images, errors="nan")
    assert np.isnan(embedded).all(axis=1).tolist() == [False, True, False]


def test_a_file_that_pillow_cannot_decode(scorer: Scorer, tmp_path: Path) -> None:
    cut = tmp_path / "cut.png"
    cut.write_bytes((FILES / "photo.png").read_bytes()[:-2000])
    error = raised(lambda: scorer.score("a fox", [Image.open(cut)]))
    assert (error.code, error.index) == ("image-damaged", 0)


def test_prompts_that_cannot_be_read(scorer: Scorer) -> None:
    fox = SAMPLES[0]
    assert raised(lambda: scorer.score("", [fox])).code == "empty-prompt"
    assert raised(lambda: scorer.score(None, [fox])).code == "bad-argument"
    for prompts, code in ((["a", ""], "empty-prompt"), (["a", 3], "bad-argument"), (["a", "\ud800"], "bad-argument")):
        error = raised(lambda: scorer.score_pairs(prompts, [fox, fox]))  # type: ignore[arg-type]
        assert (error.code, error.index) == (code, 1)
        assert raised(lambda: scorer.embed_text(prompts)).code == code  # type: ignore[arg-type]
        scores = scorer.score_pairs(prompts, [fox, fox], errors="nan")  # type: ignore[arg-type]
        assert np.isnan(scores).tolist() == [False, True]
        embedded = scorer.embed_text(prompts, errors="nan")  # type: ignore[arg-type]
        assert np.isnan(embedded).all(axis=1).tolist() == [False, True]


def test_one_where_several_are_expected(scorer: Scorer) -> None:
    fox = SAMPLES[0]
    for one in (fox, str(fox), fox.read_bytes(), Image.open(fox), np.zeros((8, 8, 3), np.uint8)):
        assert "expected a list" in str(raised(lambda: scorer.score("a fox", one)))  # type: ignore[arg-type]
    assert "expected a list" in str(raised(lambda: scorer.score_pairs("a fox", [fox])))
    assert "expected a list" in str(raised(lambda: scorer.embed_text("a fox")))


def test_pairs_of_different_lengths(scorer: Scorer) -> None:
    fox = SAMPLES[0]
    assert "more prompts than images" in str(raised(lambda: scorer.score_pairs(["a", "b"], [fox])))
    assert "more images than prompts" in str(raised(lambda: scorer.score_pairs(["a"], [fox, fox])))


def test_wrong_options(scorer: Scorer) -> None:
    error = raised(lambda: scorer.score("a fox", [], errors="ignore"))  # type: ignore[arg-type]
    assert error.code == "bad-argument"


def test_a_scorer_without_embeddings(models: Callable[[str], Path]) -> None:
    scorer = Scorer(models("image-reward"), device="cpu")
    assert scorer.info.embedding is None
    assert raised(lambda: scorer.embed_text(["a fox"])).code == "no-embedding"
    assert raised(lambda: scorer.embed_images([SAMPLES[0]])).code == "no-embedding"


def test_an_exception_of_the_caller_is_passed_on(scorer: Scorer) -> None:
    def images() -> Any:
        yield SAMPLES[0]
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        scorer.score("a fox", images())


def test_errors_can_be_pickled(scorer: Scorer) -> None:
    error = raised(lambda: scorer.score("a fox", [SAMPLES[0], b""]))
    again = pickle.loads(pickle.dumps(error))
    assert (again.code, again.index, str(again)) == (error.code, error.index, str(error))


def test_prompts_that_are_cut_off(scorer: Scorer) -> None:
    """As the command: three of them are named, and the others counted."""
    images = [SAMPLES[0]] * 5
    long = [f"{number} " + "highly detailed " * 60 for number in range(5)]
    calls: list[Callable[[], object]] = [
        lambda: scorer.score_pairs(long, images),
        lambda: scorer.embed_text(long),
        lambda: scorer.score_table(pyarrow.table({"caption": long, "jpg_0": [str(SAMPLES[0])] * 5})),
    ]
    for call in calls:
        with pytest.warns(PickScoreWarning) as caught:
            call()
        messages = [str(warning.message) for warning in caught]
        assert messages[0].startswith('the prompt "0 highly detailed ')
        assert messages[0].endswith('…" is longer than the model reads and was cut off')
        assert messages[3:] == ["2 more prompts are longer than the model reads and were cut off"]
        assert all(warning.filename == __file__ for warning in caught)
    with pytest.warns(PickScoreWarning, match="was cut off"):
        scorer.score(long[0], images)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scorer.score_pairs(["a fox"] * 5, images)
        with pytest.raises(PickScoreWarning):
            scorer.score(long[0], images)


def test_an_assumed_scorer(models: Callable[[str], Path], tmp_path: Path) -> None:
    """As the command: only where another formula than CLIP's was assumed."""
    model = shutil.copytree(models("clip"), tmp_path / "HPS_v2.1")
    config = json.loads((model / "config.json").read_text())
    del config["scorer"]
    (model / "config.json").write_text(json.dumps(config))
    assumed = "^assuming the scorer hps-v2.1 from the model's name; scorer=… chooses another$"
    with pytest.warns(PickScoreWarning, match=assumed):
        assert Scorer(model, device="cpu").info.is_guess
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Scorer(model, device="cpu", scorer="clip")
        Scorer(model.rename(tmp_path / "any"), device="cpu")
