"""Scores and embeddings equal the command's, bit for bit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import FILES, SAMPLES, SCORERS, TINY, Programs
from PIL import Image

from pickscore import Scorer

# Of several sizes and modes, more than one batch, and one of them twice.
NAMES = ["photo.png", "noise.png", "edges-75.jpg", "grey.png", "alpha.webp", "animated.gif", "photo.png"]
IMAGES = [FILES / name for name in NAMES] * 6


@pytest.mark.parametrize("name", SCORERS)
def test_every_scorer_gives_the_scores_of_the_command(
    name: str, models: Callable[[str], Path], programs: Programs
) -> None:
    model, prompt = models(name), "a fox in the snow" if SCORERS[name] else None
    scorer = Scorer(model, device="cpu")
    assert (scorer.info.scorer, scorer.info.reads_prompt) == (name, SCORERS[name])
    expected = np.array(programs.score(model, IMAGES, prompt), np.float32)
    scores = scorer.score(prompt, IMAGES)
    assert scores.dtype == np.float32
    assert np.array_equal(scores, expected)
    contents = [path.read_bytes() for path in IMAGES]
    assert np.array_equal(scorer.score_pairs([prompt or ""] * len(contents), contents), expected)


@pytest.mark.parametrize("precision", ["f32", "f16", "q8", "q8-fast"])
def test_every_precision_gives_the_scores_of_the_command(precision: str, programs: Programs) -> None:
    scorer = Scorer(TINY, "cpu", precision)  # type: ignore[arg-type]
    assert scorer.info.precision == precision
    expected = programs.score(TINY, SAMPLES, "a fox", "--precision", precision)
    assert np.array_equal(scorer.score("a fox", SAMPLES), np.array(expected, np.float32))


def test_embeddings_are_those_of_the_command(programs: Programs) -> None:
    scorer = Scorer(TINY, device="cpu")
    images = scorer.embed_images(SAMPLES)
    assert np.array_equal(images, np.array(programs.embed(TINY, "image", SAMPLES), np.float32))
    texts = ["a fox", "three foxes", "a fox"]
    embedded = scorer.embed_text(texts)
    assert np.array_equal(embedded, np.array(programs.embed(TINY, "text", texts), np.float32))
    for values in (images, embedded):
        assert values.shape[1] == scorer.info.embedding
        assert np.allclose(np.linalg.norm(values, axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("name", ["clip", "hps-v2", "image-reward"])
def test_an_image_of_pillow_scores_as_its_file(name: str, models: Callable[[str], Path]) -> None:
    scorer = Scorer(models(name), device="cpu")
    files, images = [], []
    for path in sorted(FILES.iterdir()):
        if not np.isnan(scorer.score("a fox", [path], errors="nan")[0]):
            image = Image.open(path)
            # Pillow itself converts these to RGB differently from one version to the next.
            if image.mode in ("I;16", "I;16B", "I", "F", "PA"):
                continue
            files.append(path)
            images.append(image)
    assert len(files) > 50
    expected, found = scorer.score("a fox", files), scorer.score("a fox", images)
    wrong = [path.name for path, a, b in zip(files, expected, found, strict=True) if a != b]
    assert wrong == []


def test_an_array_scores_as_the_image_it_came_from() -> None:
    scorer = Scorer(TINY, device="cpu")
    levels = [np.asarray(Image.open(path).convert("RGB")) for path in SAMPLES]
    # Neither contiguous nor in memory's order.
    turned = [np.asfortranarray(array) for array in levels]
    doubled = [np.repeat(array, 2, axis=1)[:, ::2] for array in levels]
    for arrays in (levels, turned, doubled, np.stack([levels[0]] * 3)):
        expected = scorer.score("a fox", [Image.fromarray(np.asarray(array)) for array in arrays])
        assert np.array_equal(scorer.score("a fox", arrays), expected)


def test_kinds_of_images_may_be_mixed() -> None:
    scorer = Scorer(TINY, device="cpu")
    path = SAMPLES[0]
    content = path.read_bytes()
    image = Image.open(path).convert("RGB")
    kinds: list[Any] = [str(path), path, content, bytearray(content), memoryview(content), image, np.asarray(image)]
    scores = scorer.score("a fox", iter(kinds))
    assert scores.tolist() == [scores[0]] * len(kinds)


def test_nothing_gives_nothing() -> None:
    scorer = Scorer(TINY, device="cpu")
    assert scorer.score("a fox", []).shape == (0,)
    assert scorer.score_pairs([], []).shape == (0,)
    width = scorer.info.embedding
    assert scorer.embed_text([]).shape == scorer.embed_images([]).shape == (0, width)


def test_results_can_be_written_to() -> None:
    scores = Scorer(TINY, device="cpu").score("a fox", SAMPLES)
    scores -= scores.mean()
    assert abs(scores.mean()) < 1e-5
