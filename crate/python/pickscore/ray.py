"""Scores on a Ray cluster.

``score_dataset`` adds scores to a dataset of Ray Data. ``score_data``, also as a command, writes
the same files as ``pickscore score --data``::

    python -m pickscore.ray --model PickScore_v1 --data pairs/ --out scores/

Every node must see the model, the data and the output under the same paths. An actor loads the
model once. If Ray assigned a GPU to it, it uses that one.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import ray
import ray.data
from pickscore import PickScoreError, Scorer
from pickscore._pickscore import DataPlan, RangeScorer

if TYPE_CHECKING:
    from pickscore._pickscore import _Device, _Path, _Precision, _Range, _ScorerName

__all__ = ["score_data", "score_dataset"]

# Ranges that an actor takes at once. While one is computed, the images of the next are decoded.
_AT_ONCE = 4


def score_dataset(
    dataset: ray.data.Dataset,
    model: _Path,
    *,
    prompt: str = "caption",
    image: str | Sequence[str] = "jpg_0",
    concurrency: int | None = None,
    num_gpus: float | None = None,
    num_cpus: float | None = None,
    batch_size: int = 64,
    device: _Device = "auto",
    precision: _Precision = "auto",
    scorer: _ScorerName = "auto",
    head: _Path | None = None,
) -> ray.data.Dataset:
    """Add the columns ``score`` and ``error`` to a dataset.

    ``image`` is a column of the bytes of image files, of paths, or of structs of both. Several
    columns give ``score_0``, ``score_1`` and so on. A row that cannot be scored has no score but a
    reason.

    By default there is an actor for each GPU of the cluster, or for each node if there are none.
    ``concurrency`` is the number of actors, ``num_gpus`` and ``num_cpus`` are what each takes.
    """
    options: dict[str, Any] = {"device": device, "precision": precision, "scorer": scorer}
    options["head"] = None if head is None else os.fspath(head)
    columns = [image] if isinstance(image, str) else list(image)
    actors = _actors(concurrency, num_gpus, num_cpus)
    return dataset.map_batches(
        _Scores,
        batch_format="pyarrow",
        batch_size=batch_size,
        fn_constructor_args=(os.fspath(model), prompt, columns, options),
        **actors,
    )


def score_data(
    model: _Path,
    data: _Path | Sequence[_Path],
    out: _Path,
    *,
    concurrency: int | None = None,
    num_gpus: float | None = None,
    num_cpus: float | None = None,
    device: _Device = "auto",
    precision: _Precision = "auto",
    scorer: _ScorerName = "auto",
    head: _Path | None = None,
    prompt_column: str | None = None,
    image_columns: Sequence[str] = (),
    image_folder: _Path | None = None,
) -> dict[str, Any]:
    """Score datasets into a folder of Parquet files, as ``pickscore score --data`` does.

    Only what is missing in the folder is scored, so that a call goes on where another one stopped.
    Returns how many ``rows`` there are, how many were ``scored``, how many of those ``failed``, and
    the ``devices`` that were used.
    """
    tables = [data] if isinstance(data, (str, os.PathLike)) else list(data)
    paths = [Path(path).absolute() for path in tables]
    model, out = Path(model).absolute(), Path(out).absolute()
    options: dict[str, Any] = {"device": device, "precision": precision, "scorer": scorer, "head": head}
    columns: dict[str, Any] = {
        "prompt_column": prompt_column,
        "image_columns": list(image_columns),
        "image_folder": None if image_folder is None else Path(image_folder).absolute(),
    }
    scored, failed, devices = 0, 0, set[str]()
    missing = None
    while (plan := DataPlan(model, list(paths), out, **options, **columns)).ranges:
        # A second task would wait for the first actor while others are still loading the model.
        actors = _actors(concurrency, num_gpus, num_cpus, in_flight=1)
        # Every actor gets something to do.
        blocks = max(-(-len(plan.ranges) // _AT_ONCE), min(len(plan.ranges), actors["compute"].min_size))
        ranges = [{"range": _packed(of_plan)} for of_plan in plan.ranges]
        results = ray.data.from_items(ranges, override_num_blocks=blocks).map_batches(
            _Ranges,
            # A whole block: with a number, Ray joins smaller blocks for one actor.
            batch_size=None,
            fn_constructor_args=(os.fspath(model), os.fspath(out), plan.identity, options),
            **actors,
        )
        try:
            for row in results.iter_rows():
                scored, failed = scored + int(row["scored"]), failed + int(row["failed"])
                if row["device"] not in devices:
                    devices.add(row["device"])
                    print(f"pickscore: scoring on {row['device']}", file=sys.stderr)
        except ray.exceptions.RayError:
            # What was written stays, and is not scored again.
            if missing is not None and len(plan.ranges) >= missing:
                raise
        missing = len(plan.ranges)
    plan.finish()
    return {"rows": plan.rows, "scored": scored, "failed": failed, "devices": sorted(devices)}


def _actors(
    concurrency: int | None, num_gpus: float | None, num_cpus: float | None, in_flight: int | None = None
) -> dict[str, Any]:
    """The actors: as many as there are GPUs or nodes, unless numbers are given.

    ``in_flight`` limits the tasks that an actor is given at once.
    """
    if not ray.is_initialized():
        ray.init()
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    gpus = int(sum(node.get("GPU", 0) for node in nodes))
    if num_gpus is None:
        num_gpus = 1 if gpus else 0
    if concurrency is None:
        concurrency = max(1, int(gpus / num_gpus) if num_gpus else len(nodes))
    if num_cpus is None:
        cpus = min((node["CPU"] for node in nodes if node.get("CPU")), default=1)
        num_cpus = 1 if num_gpus else max(1, cpus * len(nodes) // concurrency)
        num_cpus = min(num_cpus, cpus)
    pool = ray.data.ActorPoolStrategy(size=concurrency, max_tasks_in_flight_per_actor=in_flight)
    return {"compute": pool, "num_gpus": num_gpus, "num_cpus": num_cpus}


def _use_assigned_threads() -> None:
    """Use as many threads as the actor has CPUs, before the first model is loaded."""
    cpus = ray.get_runtime_context().get_assigned_resources().get("CPU", 0)
    if cpus >= 1:
        os.environ.setdefault("RAYON_NUM_THREADS", str(int(cpus)))


def _packed(of_plan: _Range) -> str:
    return json.dumps([str(part) if isinstance(part, Path) else part for part in of_plan])


def _unpacked(text: str) -> _Range:
    path, name, content, folder, prompt, images, start, end, file = json.loads(text)
    return Path(path), name, content, Path(folder), prompt, images, start, end, file


class _Scores:
    """An actor that scores batches of a dataset."""

    def __init__(self, model: str, prompt: str, columns: list[str], options: dict[str, Any]) -> None:
        _use_assigned_threads()
        self.scorer = Scorer(model, **options)
        self.prompt, self.columns = prompt, columns

    def __call__(self, table: pa.Table) -> pa.Table:
        scores = [pa.table(self.scorer.score_table(table, self.prompt, column)) for column in self.columns]
        for kind in ("score", "error"):
            for index, of_image in enumerate(scores):
                name = kind if len(scores) == 1 else f"{kind}_{index}"
                table = table.append_column(name, of_image[kind])
        return table


class _Ranges:
    """An actor that scores ranges of rows and writes their files."""

    def __init__(self, model: str, out: str, identity: str, options: dict[str, Any]) -> None:
        _use_assigned_threads()
        self.scorer = RangeScorer(model, out, identity, **options)

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[Any]]:
        scored, failed = self.scorer.score([_unpacked(text) for text in batch["range"]])
        return {"scored": [scored], "failed": [failed], "device": [self.scorer.device]}


def _main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m pickscore.ray",
        description="Score datasets on a Ray cluster, as `pickscore score --data` does on one machine.",
    )
    parser.add_argument("--model", required=True, help="model directory or weights file")
    parser.add_argument("--data", required=True, nargs="+", help="tables, or folders of them")
    parser.add_argument("--out", required=True, help="folder for the scores")
    parser.add_argument("--device", default="auto", choices=["auto", "gpu", "cpu"])
    parser.add_argument("--precision", default="auto", choices=["auto", "f32", "f16", "q8", "q8-fast"])
    parser.add_argument("--scorer", default="auto", help="the scorer that the model is")
    parser.add_argument("--head", help="file of the head of an aesthetic scorer")
    parser.add_argument("--prompt-column", metavar="NAME", help="column of prompts [default: as the command]")
    parser.add_argument(
        "--image-column",
        metavar="NAME",
        action="append",
        default=[],
        help="column of images; twice for pairs [default: as the command]",
    )
    parser.add_argument("--image-folder", metavar="DIR", help="what paths of images are relative to")
    parser.add_argument("--concurrency", type=int, help="number of actors [default: one per GPU or node]")
    parser.add_argument("--num-gpus", type=float, help="GPUs per actor")
    parser.add_argument("--num-cpus", type=float, help="CPUs per actor")
    parser.add_argument("--address", help="address of the cluster [default: RAY_ADDRESS, or a new one]")
    given = parser.parse_args()
    ray.init(address=given.address, log_to_driver=False)
    try:
        answer = score_data(
            given.model,
            given.data,
            given.out,
            concurrency=given.concurrency,
            num_gpus=given.num_gpus,
            num_cpus=given.num_cpus,
            device=given.device,
            precision=given.precision,
            scorer=given.scorer,
            head=given.head,
            prompt_column=given.prompt_column,
            image_columns=given.image_column,
            image_folder=given.image_folder,
        )
    except PickScoreError as error:
        print(f"pickscore: {error}", file=sys.stderr)
        return 1
    print(json.dumps(answer, indent=2))
    return 0


if __name__ == "__main__":
    # Actors import the module by its name.
    from pickscore.ray import _main as main

    sys.exit(main())
