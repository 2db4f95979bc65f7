"""Threads, processes, Ctrl-C and progress."""

from __future__ import annotations

import multiprocessing
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import SAMPLES, TINY, Programs

from pickscore import Scorer


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    """A small model on the CPU."""
    return Scorer(TINY, device="cpu")


def test_several_threads_may_score_at_once(scorer: Scorer) -> None:
    prompts = [f"fox number {number}" for number in range(24)]
    expected = [scorer.score(prompt, SAMPLES) for prompt in prompts]
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda prompt: scorer.score(prompt, SAMPLES), prompts))
    assert np.array_equal(found, expected)


def test_the_interpreter_is_free_while_it_computes(scorer: Scorer) -> None:
    ended = threading.Event()
    counted = 0

    def count() -> None:
        nonlocal counted
        while not ended.is_set():
            counted += 1
            time.sleep(0.001)

    thread = threading.Thread(target=count)
    thread.start()
    start = time.monotonic()
    while time.monotonic() - start < 1:
        scorer.score("a fox", SAMPLES * 8)
    ended.set()
    thread.join()
    # With the interpreter held, once a call.
    assert counted > 100


SLOW = """
import sys, time
from pickscore import Scorer
scorer = Scorer(sys.argv[1], device="cpu")
images = (open(sys.argv[2], "rb").read() + bytes([index % 256, index // 256]) for index in range(10**9))
print("begun", flush=True)
try:
    scorer.score("a fox", images)
except KeyboardInterrupt:
    # The scorer can still be used.
    print("stopped", len(scorer.score("a fox", [sys.argv[2]])), flush=True)
"""


def interrupted(model: Path) -> float:
    """The seconds from Ctrl-C to the exception, while a model scores images without end."""
    command = [sys.executable, "-c", SLOW, str(model), str(SAMPLES[0])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "begun\n"
        time.sleep(1)
        start = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "stopped 1\n"
        seconds = time.monotonic() - start
        assert process.wait(20) == 0
    return seconds


def test_ctrl_c_stops_scoring() -> None:
    assert interrupted(TINY) < 1


LOADING = """
import sys
from pickscore import Scorer
print("begun", flush=True)
try:
    Scorer(sys.argv[1])
except KeyboardInterrupt:
    print("stopped", flush=True)
"""


def test_ctrl_c_stops_loading(tmp_path: Path, programs: Programs) -> None:
    programs.generate("--config", "b32", "--out", tmp_path)
    command = [sys.executable, "-c", LOADING, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "begun\n"
        time.sleep(0.05)
        start = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "stopped\n"
        assert time.monotonic() - start < 1


def test_progress_is_told(scorer: Scorer) -> None:
    told: list[tuple[int, int | None]] = []
    Scorer(TINY, device="cpu", progress=lambda done, total: told.append((done, total)))
    size = (TINY / "model.safetensors").stat().st_size
    assert told == sorted(told) and 0 < told[-1][0] <= size
    images = SAMPLES * 20
    calls: tuple[Callable[[Any], object], ...] = (
        lambda progress: scorer.score("a fox", images, progress=progress),
        lambda progress: scorer.score_pairs(["a fox"] * len(images), images, progress=progress),
        lambda progress: scorer.embed_images(images, progress=progress),
        lambda progress: scorer.embed_text(["a fox"] * len(images), progress=progress),
    )
    for call in calls:
        told.clear()
        call(lambda done, total: told.append((done, total)))
        assert len(told) > 1 and told == sorted(set(told))
        assert told[-1] == (len(images), len(images))
    told.clear()
    scorer.score("a fox", iter(images), progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (len(images), None)


def test_progress_can_stop_a_call(scorer: Scorer) -> None:
    class Stop(Exception):
        pass

    def stop(done: int, total: int | None) -> None:
        raise Stop

    with pytest.raises(Stop):
        scorer.score("a fox", SAMPLES, progress=stop)
    with pytest.raises(Stop):
        Scorer(TINY, device="cpu", progress=stop)


def test_a_pickled_scorer_is_loaded_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(TINY.parent)
    shaped = Scorer(TINY.name, "cpu", "q8", "pickscore")
    data = pickle.dumps(shaped)
    monkeypatch.chdir(tmp_path)
    again = pickle.loads(data)
    assert again.info.precision == "q8"
    assert np.array_equal(again.score("a fox", SAMPLES), shaped.score("a fox", SAMPLES))


def child(scorer: Scorer, results: multiprocessing.Queue[list[float]]) -> None:
    """Score in another process."""
    results.put(scorer.score("a fox", SAMPLES).tolist())


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_scorer_works_in_another_process(scorer: Scorer, method: str) -> None:
    expected = scorer.score("a fox", SAMPLES).tolist()
    context = multiprocessing.get_context(method)
    results: multiprocessing.Queue[list[float]] = context.Queue()
    process = context.Process(target=child, args=(scorer, results))  # type: ignore[attr-defined]
    process.start()
    assert results.get(timeout=60) == expected
    process.join(60)
    assert process.exitcode == 0
