"""Models and images of the tests, and the command to compare with."""

from __future__ import annotations

import json
import os
import struct
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
TINY = ROOT / "www/public/models/pickscore-tiny"
FIXTURES = ROOT / "tests/parity/fixtures"
FILES = FIXTURES / "pixels/files"
SAMPLES = sorted((ROOT / "www/public/samples/noto").glob("*.png"))

# Reads images of 32 × 32.
SMALL = {
    "model_type": "clip",
    "projection_dim": 12,
    "text_config": {
        "hidden_size": 64,
        "num_attention_heads": 1,
        "num_hidden_layers": 2,
        "intermediate_size": 96,
        "eos_token_id": 2,
    },
    "vision_config": {
        "hidden_size": 128,
        "num_attention_heads": 2,
        "num_hidden_layers": 3,
        "intermediate_size": 160,
        "image_size": 32,
        "patch_size": 8,
    },
}

# Every scorer and whether it reads a prompt.
SCORERS = {
    "pickscore": True,
    "clip": True,
    "hps-v1": True,
    "hps-v2": True,
    "hps-v2.1": True,
    "aesthetic-v1": False,
    "aesthetic-v2": False,
    "image-reward": True,
    "ict": True,
    "hp": False,
}

JSON = ["--device", "cpu", "--strict", "--format", "json"]


def run(*arguments: str | Path) -> str:
    """What a program says."""
    return subprocess.run(arguments, check=True, capture_output=True, text=True).stdout


@dataclass(frozen=True)
class Programs:
    """The programs of this workspace."""

    folder: Path

    def generate(self, *arguments: str | Path) -> None:
        """Run ``pickscore-generate``."""
        run(self.folder / "pickscore-generate", *arguments)

    def score(
        self, model: Path, images: Sequence[Path], prompt: str | None = None, *more: str | Path
    ) -> list[float]:
        """The scores that the command gives, in the order of the images."""
        prompted = [] if prompt is None else ["--prompt", prompt]
        options = [*JSON, "--model", str(model)]
        document = json.loads(run(self.folder / "pickscore", "score", *options, *prompted, *more, *images))
        return [image["score"] for image in document["images"]]

    def embed(self, model: Path, kind: str, values: Sequence[str | Path]) -> list[list[float]]:
        """The embeddings that the command gives of ``text`` or of an ``image``."""
        given = [argument for value in values for argument in (f"--{kind}", str(value))]
        options = [*JSON, "--model", str(model)]
        document = json.loads(run(self.folder / "pickscore", "embed", *options, *given))
        return [item["embedding"] for item in document[f"{kind}s"]]


@pytest.fixture(scope="session")
def programs() -> Programs:
    """The programs, which ``cargo xtask`` has built."""
    return Programs(Path(os.environ["PICKSCORE_PROGRAMS"]))


def write_head(path: Path, numbers: Sequence[int], widths: Sequence[int], inputs: int = 12) -> None:
    """Write a head as LAION's, with layers of these numbers and widths."""
    header: dict[str, Any] = {}
    data = b""
    for number, outputs in zip(numbers, widths, strict=True):
        for kind, shape in (("weight", [outputs, inputs]), ("bias", [outputs])):
            count = outputs * (inputs if kind == "weight" else 1)
            start = len(data)
            data += struct.pack(f"<{count}f", *(index % 7 / 10 - 0.25 for index in range(count)))
            header[f"layers.{number}.{kind}"] = {
                "dtype": "F32",
                "shape": shape,
                "data_offsets": [start, len(data)],
            }
        inputs = outputs
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


@pytest.fixture(scope="session")
def models(programs: Programs, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A small model of each scorer, with weights from a seed."""
    folder = tmp_path_factory.mktemp("models")

    def model(name: str) -> Path:
        path = folder / name
        if path.exists():
            return path
        if name == "image-reward":
            path.mkdir()
            stored = FIXTURES / "scorers/image-reward.pt.zlib"
            programs.generate("--stored", stored, "--out", path)
            (path / stored.stem).rename(path / "ImageReward.pt")
            case = json.loads((FIXTURES / "scorers/image-reward.json").read_text())
            (path / "med_config.json").write_text(json.dumps(case["med_config"]))
            return path
        config = folder / "config.json"
        config.write_text(json.dumps(SMALL))
        programs.generate("--config", config, "--out", path, "--seed", "5")
        named = json.loads((path / "config.json").read_text()) | {"scorer": name}
        (path / "config.json").write_text(json.dumps(named))
        if not SCORERS[name]:
            layers = ([0], [1]) if name == "aesthetic-v1" else ([0, 2], [5, 1])
            write_head(path / "sac+logos+ava1-l14-linearMSE.safetensors", *layers)
        return path

    return model
