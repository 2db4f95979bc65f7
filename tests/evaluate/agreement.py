"""The agreement of two scorers, computed by scipy and numpy on the same bootstrap resamples.

    python tests/evaluate/agreement.py      # writes tests/evaluate/fixtures/agreement.json
"""

import json
import sys
from pathlib import Path

import numpy as np
from scipy.stats import kendalltau

sys.path.insert(0, str(Path(__file__).parents[1] / "parity" / "reference"))
from generate import hashes  # noqa: E402

OUT = Path(__file__).parent / "fixtures" / "agreement.json"
IMAGES, PAIRS, PROMPTS, RESAMPLES, SEED = 60, 300, 40, 500, 11


def draws(units):
    """For each resample, the units that were drawn."""
    numbers = hashes(SEED, "bootstrap", RESAMPLES * units).tolist()
    return np.array([number * units >> 64 for number in numbers]).reshape(RESAMPLES, units)


def interval(values):
    return [float(end) for end in np.percentile(values, [2.5, 97.5])]


def tau(differences, others):
    """Kendall's τ-b over pairs of images."""
    one, other = np.sign(differences), np.sign(others)
    return float((one * other).sum() / np.sqrt((one**2).sum() * (other**2).sum()))


def main():
    random = np.random.default_rng(20231129)
    # Rounded, so that there are ties.
    one = random.normal(size=IMAGES).round(1)
    other = (0.6 * one + random.normal(size=IMAGES)).round(1)
    of_images = [kendalltau(one[drawn], other[drawn]).statistic for drawn in draws(IMAGES)]

    prompts = np.concatenate([np.arange(PROMPTS), random.integers(PROMPTS, size=PAIRS - PROMPTS)])
    first = random.normal(size=(PAIRS, 2)).round(1).astype(np.float32)
    second = (0.5 * first + random.normal(size=(PAIRS, 2))).round(1).astype(np.float32)
    differences = [(scores[:, 0] - scores[:, 1]).astype(float) for scores in (first, second)]
    places = [np.flatnonzero(prompts == prompt) for prompt in range(PROMPTS)]
    of_pairs = []
    for drawn in draws(PROMPTS):
        rows = np.concatenate([places[prompt] for prompt in drawn])
        of_pairs.append(tau(differences[0][rows], differences[1][rows]))

    found = {
        "seed": SEED,
        "resamples": RESAMPLES,
        "images": {
            "scores": [one.tolist(), other.tolist()],
            "kendall": [float(kendalltau(one, other).statistic), *interval(of_images)],
        },
        "pairs": {
            "prompts": prompts.tolist(),
            "scores": [first.astype(float).tolist(), second.astype(float).tolist()],
            "kendall": [tau(*differences), *interval(of_pairs)],
        },
    }
    OUT.write_text(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
