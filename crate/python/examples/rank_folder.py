"""Rank the images of a folder for a prompt.

    python rank_folder.py PickScore_v1 "a fox in the snow" renders/
"""

from __future__ import annotations

import sys
from pathlib import Path

from pickscore import Scorer

ENDINGS = {".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff"}


def rank(scorer: Scorer, prompt: str, folder: Path) -> list[tuple[float, Path]]:
    """The images of a folder with their scores, best first. Damaged images come last, with NaN."""
    images = sorted(path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS)
    scores = scorer.score(prompt, images, errors="nan")
    order = (-scores).argsort()
    return [(float(scores[place]), images[place]) for place in order]


if __name__ == "__main__":
    model, prompt, folder = sys.argv[1:]
    for score, path in rank(Scorer(model), prompt, Path(folder)):
        print(f"{score:9.3f}  {path}")
