"""Distances between sets of features, computed by scipy and numpy.

    python tests/evaluate/distance.py      # writes tests/evaluate/fixtures/distance.json

The Fréchet distance is the formula of pytorch-fid, with scipy's matrix square root. The maximum
mean discrepancy is the U-statistic with CMMD's kernel and factor.
"""

import json
from pathlib import Path

import numpy as np
from scipy.linalg import sqrtm

OUT = Path(__file__).parent / "fixtures" / "distance.json"
FEATURES = 10


def frechet(one, other):
    first, second = np.cov(one, rowvar=False), np.cov(other, rowvar=False)
    apart = one.mean(axis=0) - other.mean(axis=0)
    root = sqrtm(first @ second)
    return float(apart @ apart + np.trace(first) + np.trace(second) - 2 * np.trace(root.real))


def mmd(one, other):
    def kernel(a, b):
        squares = ((a[:, None, :] - b[None, :, :]) ** 2).sum(axis=2)
        return np.exp(-squares / (2 * 10.0**2))

    def within(x):
        k, n = kernel(x, x), len(x)
        return (k.sum() - np.trace(k)) / (n * (n - 1))

    return float(1000 * (within(one) + within(other) - 2 * kernel(one, other).mean()))


def main():
    random = np.random.default_rng(20240118)
    mixing = random.normal(size=(FEATURES, FEATURES))
    sets = {
        "a": random.normal(size=(60, FEATURES)) @ mixing + 3,
        "b": random.normal(size=(45, FEATURES)) * 0.7 + 2.5,
        # Fewer images than features: the covariance is singular.
        "few": random.normal(size=(6, FEATURES)) @ mixing,
    }
    sets = {name: features.astype(np.float32).astype(float) for name, features in sets.items()}
    pairs = [("a", "b"), ("a", "few"), ("b", "few")]
    unit = {name: features / np.linalg.norm(features, axis=1, keepdims=True) for name, features in sets.items()}
    unit = {name: features.astype(np.float32).astype(float) for name, features in unit.items()}
    found = {
        "features": FEATURES,
        "sets": {name: features.tolist() for name, features in sets.items()},
        "unit": {name: features.tolist() for name, features in unit.items()},
        "frechet": [[*pair, frechet(*[sets[name] for name in pair])] for pair in pairs],
        "mmd": [[*pair, mmd(*[unit[name] for name in pair])] for pair in pairs],
    }
    OUT.write_text(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
