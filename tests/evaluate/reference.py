"""What numpy, scikit-learn and scipy compute from judged pairs.

    python tests/evaluate/reference.py      # writes tests/evaluate/fixtures/reference.json

Tie-aware accuracy is implemented here as the paper describes it; the libraries compute the rest. A
tie counts as half a win for each side. Libraries without such labels get every pair twice, and a
tie once for each side.
"""

import json
from pathlib import Path

import numpy as np
from scipy.stats import bootstrap
from sklearn.calibration import calibration_curve
from sklearn.metrics import log_loss

OUT = Path(__file__).parent / "fixtures" / "reference.json"
PAIRS, PROMPTS, DIMENSIONS = 600, 90, 12


def softmax(scores):
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def points(labels, probabilities, threshold):
    tie = np.abs(probabilities[:, 0] - probabilities[:, 1]) <= threshold
    predicted = np.where(tie, 0.5, (probabilities[:, 0] > probabilities[:, 1]).astype(float))
    one_is_a_tie = (predicted == 0.5) != (labels[:, 0] == 0.5)
    return np.where(predicted == labels[:, 0], 1.0, np.where(one_is_a_tie, 0.5, 0.0))


def main():
    random = np.random.default_rng(20230503)
    # Scores are f32, as in practice. Preferences are sampled from the scores and noise per prompt,
    # so that prompts differ.
    prompts = random.integers(PROMPTS, size=PAIRS)
    scores = (20 + random.normal(size=(PAIRS, 2))).astype(np.float32)
    noise = random.normal(size=PROMPTS)[prompts] * 0.4 + random.logistic(size=PAIRS)
    worth = (scores[:, 0] - scores[:, 1]).astype(float) * 0.8 + noise
    first = np.where(np.abs(worth) < 0.9, 0.5, (worth > 0).astype(float))
    labels = np.stack([first, 1 - first], axis=1)
    probabilities = softmax(scores.astype(np.float64))

    grid = [i / 10 for i in range(11)]
    accuracy = [float(points(labels, probabilities, threshold).mean()) for threshold in grid]

    twice = np.concatenate([np.where(first == 0.5, 1.0, first), np.where(first == 0.5, 0.0, first)])
    observed, predicted = calibration_curve(twice, np.tile(probabilities[:, 0], 2), n_bins=10, strategy="uniform")
    edges = np.linspace(0, 1, 11)
    inner = np.searchsorted(edges[1:-1], probabilities[:, 0])
    counts = np.bincount(inner, minlength=10)
    counts = counts[counts > 0]
    error = float((counts * np.abs(observed - predicted)).sum() / PAIRS)

    threshold = grid[int(np.argmax(accuracy))]
    of_pair = points(labels, probabilities, threshold)
    present = np.unique(prompts)
    sums = np.array([of_pair[prompts == prompt].sum() for prompt in present])
    sizes = np.array([(prompts == prompt).sum() for prompt in present])
    interval = bootstrap(
        (sums, sizes), lambda s, n, axis: s.sum(axis=axis) / n.sum(axis=axis), paired=True, vectorized=True, method="percentile",
        n_resamples=40_000, confidence_level=0.95, rng=np.random.default_rng(7),
    ).confidence_interval

    texts = random.normal(size=(PROMPTS, DIMENSIONS)).astype(np.float32)
    images = (random.normal(size=(PROMPTS, DIMENSIONS)) + 0.9 * texts).astype(np.float32)
    unit = [x.astype(np.float64) / np.linalg.norm(x.astype(np.float64), axis=1, keepdims=True) for x in (texts, images)]
    cosines = unit[0] @ unit[1].T
    ranks = (cosines > np.diag(cosines)[:, None]).sum(axis=1)

    found = {
        "prompts": prompts.tolist(),
        "scores": scores.astype(float).tolist(),
        "labels": labels.tolist(),
        "accuracy": accuracy,
        "threshold": threshold,
        "interval": [float(interval.low), float(interval.high)],
        "log_loss": float(log_loss(twice, np.tile(probabilities[:, 0], 2))),
        "reliability": [[int(c), float(p), float(o)] for c, p, o in zip(counts, predicted, observed)],
        "calibration_error": error,
        "texts": texts.astype(float).tolist(),
        "images": images.astype(float).tolist(),
        "retrieval": {str(top): float((ranks < top).mean()) for top in (1, 5, 20)},
    }
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
