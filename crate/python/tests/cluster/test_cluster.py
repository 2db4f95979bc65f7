"""``pickscore.ray`` on a local cluster of two nodes, next to the command on one machine."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import ray
from PIL import Image
from pickscore.ray import score_data, score_dataset
from ray.cluster_utils import Cluster

ROOT = Path(__file__).resolve().parents[4]
TINY = ROOT / "www/public/models/pickscore-tiny"
PROMPTS = ["a fox", "a wolf in the snow", "an apple"]
ROWS = 6000
# A damaged image, and a row without one.
POISONED, EMPTY = 1234, 4321


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two tables of different images."""
    folder = tmp_path_factory.mktemp("data")
    random = np.random.default_rng(1)

    def image(row: int) -> bytes | None:
        if row in (POISONED, EMPTY):
            return b"\x89PNG\r\n\x1a\n no image" if row == POISONED else None
        file = io.BytesIO()
        Image.fromarray(random.integers(0, 256, (40, 40, 3), np.uint8)).save(file, "png")
        return file.getvalue()

    for name, rows in (("a", range(ROWS // 2)), ("b", range(ROWS // 2, ROWS))):
        prompts = [PROMPTS[row % 3] for row in rows]
        table = pa.table({"caption": prompts, "image": pa.array([image(row) for row in rows], pa.binary())})
        pq.write_table(table, folder / f"{name}.parquet", row_group_size=1000)
    return folder


@pytest.fixture(scope="session")
def expected(data: Path, tmp_path_factory: pytest.TempPathFactory) -> pa.Table:
    """What the command gives."""
    out = tmp_path_factory.mktemp("expected")
    program = Path(os.environ["PICKSCORE_PROGRAMS"]) / "pickscore"
    command: list[str | Path] = [program, "score", "--device", "cpu", "--model", TINY]
    command += ["--data", data, "--out", out]
    subprocess.run(command, check=True, capture_output=True)
    return scores(out)


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """A cluster of two nodes with a CPU each, besides the one of the driver, which has none."""
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    for _ in range(2):
        made.add_node(num_cpus=1)
    made.wait_for_nodes()
    ray.init(address=made.address, log_to_driver=False)
    yield made
    ray.shutdown()
    made.shutdown()


def scores(out: Path) -> pa.Table:
    """All rows of a folder, which are there once."""
    table = pq.read_table(out).sort_by([("file", "ascending"), ("row", "ascending")])
    keys = list(zip(table["file"].to_pylist(), table["row"].to_pylist(), strict=True))
    assert keys == [(f"{name}.parquet", row) for name in "ab" for row in range(ROWS // 2)]
    return table


def actors() -> list[int]:
    """The processes that score ranges, among those that this one has started."""
    parents, found = dict[int, int](), list[int]()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(process.name)] = int((process / "stat").read_text().rsplit(") ", 1)[1].split()[1])
            if "_Ranges" in (process / "cmdline").read_text():
                found.append(int(process.name))
        except OSError:
            # It has ended.
            continue

    def is_ours(process: int) -> bool:
        return process == os.getpid() or (process in parents and is_ours(parents[process]))

    return [process for process in found if is_ours(process)]


def test_scores_are_those_of_the_command(cluster: Cluster, data: Path, expected: pa.Table, tmp_path: Path) -> None:
    answer = score_data(TINY, data, tmp_path, device="cpu")
    assert answer == {"rows": ROWS, "scored": ROWS, "failed": 2, "devices": ["cpu"]}
    found = scores(tmp_path)
    assert found.equals(expected)
    failed = [row for row, score in enumerate(found["score"].to_pylist()) if score is None]
    assert failed == [POISONED, EMPTY]
    assert all(found["error"][row].as_py() for row in failed)
    # The command finds nothing left to do, and a second call neither.
    assert score_data(TINY, data, tmp_path, device="cpu")["scored"] == 0
    assert not (tmp_path / ".pickscore").exists()


def test_a_dataset_gets_columns(cluster: Cluster, data: Path, expected: pa.Table) -> None:
    dataset = ray.data.read_parquet(os.fspath(data / "a.parquet"))
    scored = score_dataset(dataset, TINY, image="image", device="cpu", concurrency=1, num_cpus=0.5)
    # Batches may come in any order.
    rows = [(row["caption"], row["image"], row["score"]) for row in scored.iter_rows()]
    table = pq.read_table(data / "a.parquet")
    known = zip(table["caption"].to_pylist(), table["image"].to_pylist(), strict=True)
    wanted = dict(zip(known, expected["score"].to_pylist()[: ROWS // 2], strict=True))
    assert len(rows) == ROWS // 2
    for prompt, image, score in rows:
        assert wanted[prompt, image] == score or (np.isnan(score) and wanted[prompt, image] is None)


@pytest.mark.parametrize("victim", ["worker", "node"])
def test_what_is_killed_loses_nothing(
    cluster: Cluster, data: Path, expected: pa.Table, tmp_path: Path, victim: str
) -> None:
    answers: list[dict[str, Any]] = []
    work = threading.Thread(target=lambda: answers.append(score_data(TINY, data, tmp_path, device="cpu")))
    work.start()
    while not any(tmp_path.glob("*.parquet")):
        assert work.is_alive()
        time.sleep(0.01)
    if victim == "worker":
        os.kill(actors()[0], signal.SIGKILL)
    else:
        # Its processes end at once, without a farewell.
        node = next(iter(cluster.worker_nodes))
        cluster.remove_node(node, allow_graceful=False)
    assert len(list(tmp_path.glob("*.parquet"))) < 20, "it was over before"
    work.join(180)
    assert not work.is_alive() and answers[0]["rows"] == ROWS
    assert scores(tmp_path).equals(expected)


def test_the_module_is_a_command(data: Path, expected: pa.Table, tmp_path: Path) -> None:
    command: list[str | Path] = [sys.executable, "-m", "pickscore.ray", "--model", TINY, "--data", data]
    command += ["--out", tmp_path / "out"]
    given = [*command, "--device", "cpu", "--num-cpus", "1", "--concurrency", "2"]
    done = subprocess.run(given, check=True, capture_output=True, text=True)
    assert f'"scored": {ROWS}' in done.stdout
    assert scores(tmp_path / "out").equals(expected)
    refused = subprocess.run([*command, "--image-column", "jpg"], capture_output=True, text=True)
    assert refused.returncode == 1
    assert "has no column `jpg`; its columns are `caption`, `image`" in refused.stderr
