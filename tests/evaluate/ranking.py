"""What scipy, statsmodels and choix compute from people's choices.

    python tests/evaluate/ranking.py        # writes tests/evaluate/fixtures/ranking.json.zlib

Choices are sampled from strengths and a tie parameter. Some raters judge the same pairs, and a
scorer observes the strengths with noise. Then:

- Bradley–Terry with ties (Davidson) is fitted three times: by statsmodels as the equivalent Poisson
  model, by scipy's optimizer with the prior, and by choix on the choices without ties;
- Elo ratings are computed game by game, over the same random orders as in
  crate/preferences/src/evaluate/elo.rs;
- datasets are resampled exactly as in crate/preferences/src/evaluate/bootstrap.rs and fitted by
  scipy, so that the intervals must be equal and not just similar;
- Spearman's and Kendall's coefficients are computed by scipy;
- agreement is counted over every two choices of a pair, as documented in
  crate/preferences/src/evaluate/agreement.rs.
"""

import json
import sys
import zlib
from itertools import combinations
from pathlib import Path

import choix
import numpy as np
import statsmodels.api as sm
from scipy.optimize import minimize
from scipy.stats import kendalltau, spearmanr

sys.path.insert(0, str(Path(__file__).parents[1] / "parity" / "reference"))
from generate import hashes  # noqa: E402

OUT = Path(__file__).parent / "fixtures" / "ranking.json.zlib"
MODELS = ["sd15", "sd21", "sdxl", "turbo", "dreamlike", "if", "kandinsky"]
PROMPTS, CHOICES, RATERS = 48, 700, 9
PRIOR, RESAMPLES, ORDERS, STEP, SEED = 3.0, 200, 20, 32.0, 42
POINTS = {("left", "left"): 1.0, ("right", "right"): 1.0, ("tie", "tie"): 1.0, ("left", "right"): 0.0, ("right", "left"): 0.0}


def below(number, bound):
    return (int(number) * bound) >> 64


def draw_choices(random):
    strengths = random.normal(size=len(MODELS))
    nu = 0.5
    choices = []
    for at in range(CHOICES):
        i, j = random.choice(len(MODELS), 2, replace=False)
        a, b = np.exp(strengths[i]), np.exp(strengths[j])
        weights = np.array([a, nu * np.sqrt(a * b), b])
        verdict = ["left", "tie", "right"][random.choice(3, p=weights / weights.sum())]
        prompt = f"prompt {random.integers(PROMPTS):02}"
        # There are few images per prompt, so that pairs repeat.
        images = [f"{prompt}/{MODELS[k]}" for k in (i, j)]
        rater = None if at % 10 == 0 else f"rater {random.integers(RATERS)}"
        choices.append({"left": MODELS[i], "right": MODELS[j], "verdict": verdict, "prompt": prompt, "rater": rater, "images": images})
    return strengths, choices


def swapped(verdict):
    return {"left": "right", "right": "left", "tie": "tie"}[verdict]


def games_of(choices, names):
    """Tuples (i, j, prompt, score of i) with i < j, sorted as the crate sorts them."""
    prompts = sorted({choice["prompt"] for choice in choices})
    games = []
    for choice in choices:
        i, j = names.index(choice["left"]), names.index(choice["right"])
        score = {"left": 1.0, "tie": 0.5, "right": 0.0}[choice["verdict"]]
        games.append((i, j, prompts.index(choice["prompt"]), score) if i < j else (j, i, prompts.index(choice["prompt"]), 1 - score))
    return sorted(games), prompts


def negative(x, data, weights, prior):
    """Penalised negative log-likelihood and its gradient; the last variable is ln ν."""
    i, j, score = data
    a, b, tie = x[i], x[j], x[-1]
    logs = np.stack([a, b, tie + (a + b) / 2])
    total = np.logaddexp.reduce(logs, axis=0)
    shares = np.exp(logs - total)
    won = np.stack([score == 1, score == 0, score == 0.5]).astype(float)
    value = -(weights * ((won * logs).sum(axis=0) - total)).sum()
    apart = (shares - won) * weights
    slope = np.zeros_like(x)
    np.add.at(slope, i, apart[0] + apart[2] / 2)
    np.add.at(slope, j, apart[1] + apart[2] / 2)
    slope[-1] = apart[2].sum()
    if prior is not None:
        value += (x**2).sum() / (2 * prior**2)
        slope += x / prior**2
    return value, slope


def davidson(games, count, weights=None, prior=None, start=None):
    data = tuple(np.array([game[k] for game in games]) for k in (0, 1, 3))
    weights = np.ones(len(games)) if weights is None else weights
    start = np.zeros(count + 1) if start is None else start
    found = minimize(negative, start, (data, weights, prior), jac=True, method="BFGS", options={"gtol": 1e-9, "maxiter": 5000})
    x = found.x
    return x if prior is not None else np.append(x[:-1] - x[:-1].mean(), x[-1])


def by_statsmodels(games, count):
    """Fits the outcomes of every pair as Poisson counts, with a constant for each pair."""
    rows, counts = [], []
    pairs = sorted({game[:2] for game in games})
    for at, (i, j) in enumerate(pairs):
        scores = [game[3] for game in games if game[:2] == (i, j)]
        for score, (of_i, of_j, of_tie) in {1.0: (1, 0, 0), 0.0: (0, 1, 0), 0.5: (0.5, 0.5, 1)}.items():
            row = np.zeros(len(pairs) + count)
            row[at] = 1
            # The first item's strength is 0.
            if i > 0:
                row[len(pairs) + i - 1] = of_i
            row[len(pairs) + j - 1] = of_j
            row[-1] = of_tie
            rows.append(row)
            counts.append(scores.count(score))
    fitted = sm.GLM(np.array(counts), np.array(rows), family=sm.families.Poisson()).fit(tol=1e-13, maxiter=200)
    strengths = np.concatenate([[0.0], fitted.params[len(pairs) : -1]])
    return strengths - strengths.mean(), fitted.params[-1]


def elo(games, count):
    numbers = iter(hashes(SEED, "elo", ORDERS * (len(games) - 1)).tolist())
    ends = []
    for _ in range(ORDERS):
        order = list(range(len(games)))
        for at in range(len(order) - 1, 0, -1):
            other = below(next(numbers), at + 1)
            order[at], order[other] = order[other], order[at]
        ratings = np.full(count, 1000.0)
        for at in order:
            i, j, _, score = games[at]
            moved = STEP * (score - 1 / (1 + 10 ** ((ratings[j] - ratings[i]) / 400)))
            ratings[i] += moved
            ratings[j] -= moved
        ends.append(ratings)
    return np.array(ends)


def agreement(choices):
    """Points and exact matches for every choice that others, or the same rater, predict."""
    known = [choice for choice in choices if choice["rater"] is not None]
    oriented = []
    for choice in known:
        one, other = choice["images"]
        verdict = choice["verdict"] if one < other else swapped(choice["verdict"])
        oriented.append(((choice["prompt"], *sorted((one, other))), choice["rater"], verdict))
    found = {"others": [], "oneself": []}
    for at, (pair, rater, verdict) in enumerate(oriented):
        voices = {}
        again = []
        for index, (pair_2, rater_2, verdict_2) in enumerate(oriented):
            if pair_2 == pair and index != at:
                if rater_2 == rater:
                    again.append(verdict_2)
                else:
                    voices.setdefault(rater_2, []).append(verdict_2)
        worth = lambda said: (POINTS.get((verdict, said), 0.5), float(verdict == said))
        if voices:
            found["others"].append(np.mean([np.mean([worth(said) for said in voice], axis=0) for voice in voices.values()], axis=0))
        if again:
            found["oneself"].append(np.mean([worth(said) for said in again], axis=0))
    summary = lambda rows: {"choices": len(rows), "accuracy": float(np.mean(rows, axis=0)[0]), "exact": float(np.mean(rows, axis=0)[1])}
    return {name: summary(rows) for name, rows in found.items()}


def main():
    random = np.random.default_rng(20230502)
    strengths, choices = draw_choices(random)
    names = sorted(MODELS)
    games, prompts = games_of(choices, names)
    count = len(names)
    order = [MODELS.index(name) for name in names]

    glm, tie = by_statsmodels(games, count)
    likely = davidson(games, count)
    assert np.abs(likely[:-1] - glm).max() < 1e-6 and abs(likely[-1] - tie) < 1e-6
    prior = davidson(games, count, prior=PRIOR)
    decided = [game for game in games if game[3] != 0.5]
    without_ties = choix.ilsr_pairwise(count, [(i, j) if score == 1 else (j, i) for i, j, _, score in decided], tol=1e-12)

    # The scorer scores each image once, however often it was judged, and also a prompt that nobody
    # judged.
    scored = []
    for name, strength in zip(names, strengths[order]):
        for prompt in prompts + ["prompt nobody judged"]:
            for _ in range(random.integers(0, 3)):
                scored.append({"item": name, "prompt": prompt, "score": 20 + 0.25 * float(strength) + float(random.normal()) * 0.8})
    of = np.array([names.index(one["item"]) for one in scored])
    score = np.array([one["score"] for one in scored])
    unit = np.array([prompts.index(one["prompt"]) if one["prompt"] in prompts else -1 for one in scored])
    means = np.array([score[of == item].mean() for item in range(count)])

    numbers = iter(hashes(SEED, "bootstrap", RESAMPLES * len(prompts)).tolist())
    ratings, rhos, taus = [], [], []
    of_game = np.array([game[2] for game in games])
    for _ in range(RESAMPLES):
        drawn = np.zeros(len(prompts))
        for _ in prompts:
            drawn[below(next(numbers), len(prompts))] += 1
        fitted = davidson(games, count, weights=drawn[of_game], prior=PRIOR, start=prior)[:-1]
        times = np.where(unit >= 0, drawn[unit], 1.0)
        seen = np.array([np.average(score[of == item], weights=times[of == item]) for item in range(count)])
        ratings.append(fitted)
        rhos.append(spearmanr(fitted, seen).statistic)
        taus.append(kendalltau(fitted, seen).statistic)
    points = lambda strengths: 1000 + 400 / np.log(10) * np.asarray(strengths)
    ends = elo(games, count)
    over_orders = [spearmanr(end, means).statistic for end in ends]

    vectors = []
    for size, levels in [(2, 9), (5, 3), (40, 6), (200, 1000), (333, 12)]:
        one, other = random.integers(levels, size=size).astype(float), random.integers(levels, size=size).astype(float)
        other = np.where(random.random(size) < 0.5, one, other)
        if len(set(one)) > 1 and len(set(other)) > 1:
            rho, tau = spearmanr(one, other).statistic, kendalltau(one, other).statistic
            vectors.append({"one": one.tolist(), "other": other.tolist(), "spearman": float(rho), "kendall": float(tau)})
    assert len(vectors) >= 4

    found = {
        "options": {"prior": PRIOR, "resamples": RESAMPLES, "orders": ORDERS, "step": STEP, "seed": SEED},
        "choices": choices,
        "names": names,
        "likely": {"strengths": glm.tolist(), "tie": float(tie)},
        "with_prior": {"strengths": prior[:-1].tolist(), "tie": float(prior[-1])},
        "without_ties": (without_ties - without_ties.mean()).tolist(),
        "intervals": [np.percentile(points(ratings)[:, item], [2.5, 97.5]).tolist() for item in range(count)],
        "elo": [[float(ends[:, item].mean()), float(ends[:, item].std(ddof=1))] for item in range(count)],
        "scored": scored,
        "means": means.tolist(),
        "spearman": [float(spearmanr(prior[:-1], means).statistic), *np.percentile(rhos, [2.5, 97.5]).tolist()],
        "kendall": [float(kendalltau(prior[:-1], means).statistic), *np.percentile(taus, [2.5, 97.5]).tolist()],
        "spearman_elo": [float(np.mean(over_orders)), float(np.std(over_orders, ddof=1))],
        "vectors": vectors,
        "agreement": agreement(choices),
    }
    OUT.write_bytes(zlib.compress(json.dumps(found).encode(), 9))
    print({key: found[key] for key in ("likely", "with_prior", "without_ties", "intervals", "elo", "spearman", "kendall", "spearman_elo", "agreement")})


if __name__ == "__main__":
    main()
