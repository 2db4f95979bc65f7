"""What scikit-learn and scipy find for the model of crate/taste.

    python tests/taste/reference.py        # writes tests/taste/fixtures/reference.json.zlib

- scikit-learn's LogisticRegression fits choices without ties whose base scores are equal, where the
  model is a logistic regression with an L2 penalty.
- scipy's optimizer fits all of the model: ties, a base scorer, priors of three widths. The inverse
  of the second derivatives, by central differences of the gradient, gives the uncertainty of leads.

Each case asks for another solver: choices fewer than images, images fewer than dimensions, both
many.
"""

import json
import zlib
from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

OUT = Path(__file__).parent / "fixtures" / "reference.json.zlib"
TIE = 3.0


def draw(random, images, dimensions, choices, tie, base):
    """Embeddings, and choices of a person with a taste."""
    vectors = random.normal(size=(images, dimensions)) + 0.7
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    pairs = np.array([random.choice(images, 2, replace=False) for _ in range(choices)])
    scores = random.normal(size=images) if base else np.zeros(images)
    leads = scores[pairs[:, 0]] - scores[pairs[:, 1]]
    apart = vectors[pairs[:, 0]].astype(float) - vectors[pairs[:, 1]].astype(float)
    eta = leads + apart @ (random.normal(size=dimensions) * 3)
    logs = np.stack([eta / 2, np.full(choices, tie if tie is not None else -np.inf), -eta / 2])
    shares = np.exp(logs - np.logaddexp.reduce(logs, axis=0)).T
    labels = [["left", "tie", "right"][random.choice(3, p=p / p.sum())] for p in shares]
    return vectors, pairs, leads, apart, labels


def negative(x, apart, leads, labels, weights, alpha, ties):
    """The negative log posterior and its gradient; variables are w, α and, with ties, ln ν."""
    dimensions = apart.shape[1]
    eta = x[dimensions] * leads + apart @ x[:dimensions]
    tie = np.full(len(leads), x[-1] if ties else -np.inf)
    logs = np.stack([eta / 2, tie, -eta / 2])
    total = np.logaddexp.reduce(logs, axis=0)
    shares = np.exp(logs - total)
    won = np.array([[label == name for label in labels] for name in ("left", "tie", "right")], dtype=float)
    value = total.sum() - (won[0] * logs[0] + won[2] * logs[2]).sum()
    if ties:
        value -= (won[1] * x[-1]).sum()
    by_eta = ((shares - won)[0] - (shares - won)[2]) / 2
    slope = np.concatenate([apart.T @ by_eta, [leads @ by_eta]])
    centre = np.zeros_like(x)
    centre[dimensions] = 1
    widths = np.full(len(x), weights)
    widths[dimensions] = alpha
    if ties:
        slope = np.append(slope, (shares - won)[1].sum())
        widths[-1] = TIE
    value += (((x - centre) / widths) ** 2).sum() / 2
    return value, slope + (x - centre) / widths**2


def by_scipy(data, weights, alpha):
    _, _, leads, apart, labels = data
    ties = "tie" in labels
    start = np.zeros(apart.shape[1] + 1 + ties)
    start[apart.shape[1]] = 1
    arguments = (apart, leads, labels, weights, alpha, ties)
    second = lambda x: jacobian(lambda y: negative(y, *arguments)[1], x)
    found = minimize(negative, start, arguments, jac=True, hess=lambda x, *_: second(x), method="trust-exact", options={"gtol": 1e-10, "maxiter": 500})
    # Rounding of the value ends the search a little early; two exact steps finish it.
    x = found.x
    for _ in range(2):
        x = x - np.linalg.solve(second(x), negative(x, *arguments)[1])
    assert np.abs(negative(x, *arguments)[1]).max() < 1e-10
    return x, second(x)


def jacobian(function, x, step=1e-5):
    columns = []
    for at in range(len(x)):
        by = np.zeros_like(x)
        by[at] = step
        columns.append((function(x + by) - function(x - by)) / (2 * step))
    matrix = np.array(columns)
    return (matrix + matrix.T) / 2


def case(name, random, images, dimensions, choices, tie, base, weights, alpha=1.0):
    data = draw(random, images, dimensions, choices, tie, base)
    vectors, pairs, leads, apart, labels = data
    x, second = by_scipy(data, weights, alpha)
    if tie is None and not base:
        regression = LogisticRegression(C=weights**2, fit_intercept=False, solver="newton-cholesky", tol=1e-13, max_iter=1000)
        regression.fit(apart, [label == "left" for label in labels])
        assert np.abs(regression.coef_[0] - x[:dimensions]).max() < 1e-8
        x[:dimensions] = regression.coef_[0]
    inverse = np.linalg.inv(second)
    asked = [[0, 1], [1, images - 1], [2, 3]]
    scores = np.linspace(-1, 1, images)
    variances = []
    for one, other in asked:
        row = np.concatenate([vectors[one].astype(float) - vectors[other].astype(float), [scores[one] - scores[other]]])
        row = np.append(row, 0) if len(x) > len(row) else row
        variances.append(float(row @ inverse @ row))
    return {
        "name": name,
        "dimensions": dimensions,
        "embeddings": [float(value) for value in vectors.ravel()],
        "pairs": pairs.tolist(),
        "leads": leads.tolist(),
        "labels": labels,
        "deviations": {"weights": weights, "alpha": alpha},
        "weights": x[:dimensions].tolist(),
        "alpha": float(x[dimensions]),
        "tie": float(x[dimensions + 1]) if len(x) > dimensions + 1 else None,
        "asked": asked,
        "variances": variances,
    }


def main():
    random = np.random.default_rng(20261129)
    cases = [
        case("scikit-learn, few choices", random, 60, 24, 25, None, False, 2.0),
        case("scikit-learn, few images", random, 10, 24, 80, None, False, 8.0),
        case("scikit-learn, few dimensions", random, 40, 8, 150, None, False, 1.0),
        case("few choices", random, 60, 24, 25, -0.5, True, 4.0),
        case("few images", random, 10, 24, 120, -0.5, True, 0.5, alpha=0.3),
        case("few dimensions", random, 40, 8, 150, 0.0, True, 16.0),
        case("without ties", random, 30, 12, 60, None, True, 2.0),
    ]
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_bytes(zlib.compress(json.dumps(cases).encode(), 9))
    print({one["name"]: (one["alpha"], one["tie"], one["variances"]) for one in cases}, OUT.stat().st_size)


if __name__ == "__main__":
    main()
