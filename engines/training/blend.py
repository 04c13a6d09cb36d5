"""A weighted mean of the best candidates, its weights found on out-of-fold answers.

Caruana et al., Ensemble Selection from Libraries of Models, ICML 2004: members are added one at
a time, with replacement, as long as the fold mean of the metric grows.
"""

from dataclasses import replace

import numpy as np

from engines.training.catalogue import Algorithm, Flavour
from engines.training.contest import Entrant, eligible
from engines.training.folds import FoldResult, Material, judged
from engines.training.ledger import Ledger
from engines.training.recipes import Recipe
from engines.training.scores import Answers, defined

PICKS = 6
MEMBERS = 3
AMONG = 5
Weights = dict[int, int]  # place in the field: how often picked
Member = tuple[Entrant, int]
BLEND = Algorithm("blend", "Blend", (), Flavour.TREE)


def blend(ledger: Ledger, material: Material, entrants: list[Entrant]) -> Entrant | None:
    """The best blend, not yet shown, or None when it is no better than its best member."""
    field = eligible(entrants, ledger.metric)[:AMONG]
    if len(field) < 2:
        return None
    weights = _select(ledger, material, field)
    if len(weights) < 2:
        return None
    members = [(field[n], weight) for n, weight in sorted(weights.items())]
    name = "Blend of " + ", ".join(f"{e.candidate.name} ×{weight}" for e, weight in members)
    line = ledger.candidate("blend", name)
    recipe = Recipe(BLEND, {}, tuple((e.recipe, weight) for e, weight in members))
    line.state = "succeeded"
    line.parameters = {e.candidate.name: weight for e, weight in members}
    made = Entrant(recipe, line, _results(material, members))
    ledger.log(f"{name}: {ledger.metric.title} {abs(made.score(ledger.metric)):.4g}")
    return made


def _select(ledger: Ledger, material: Material, field: list[Entrant]) -> Weights:
    chosen: Weights = {0: 1}
    best = _worth(ledger, material, field, chosen)
    for _ in range(PICKS - 1):
        open_to = [n for n in range(len(field)) if n in chosen or len(chosen) < MEMBERS]
        tried = [_plus(chosen, n) for n in open_to]
        scores = [_worth(ledger, material, field, weights) for weights in tried]
        if max(scores) <= best + 1e-6 * abs(best):
            break
        best = max(scores)
        chosen = tried[int(np.argmax(scores))]
    return chosen


def _plus(weights: Weights, place: int) -> Weights:
    return {**weights, place: weights.get(place, 0) + 1}


def _worth(ledger: Ledger, material: Material, field: list[Entrant], weights: Weights) -> float:
    """Fold mean of the metric for these weights, where greater is better."""
    members = [(field[n], weight) for n, weight in weights.items()]
    values = [defined(ledger.metric.id, _answers(material, members, f)) for f in _shared(members)]
    known = [value for value in values if np.isfinite(value)]  # a small fold may hold one class
    if not known:
        return float("-inf")
    return float(np.mean(known)) if ledger.metric.greater_is_better else -float(np.mean(known))


def _results(material: Material, members: list[Member]) -> dict[int, FoldResult]:
    return {fold: _mixed(material, members, fold) for fold in _shared(members)}


def _shared(members: list[Member]) -> list[int]:
    return sorted(set.intersection(*(set(entrant.results) for entrant, _ in members)))


def _mixed(material: Material, members: list[Member], fold: int) -> FoldResult:
    answers = _answers(material, members, fold)
    rows = members[0][0].results[fold].rows
    made = judged(material, rows, answers.predicted, answers.shares, 0.0)
    costs = [entrant.results[fold] for entrant, _ in members]
    seconds, asking = sum(c.seconds for c in costs), sum(c.asking for c in costs)
    return replace(made, seconds=seconds, asking=asking)


def _answers(material: Material, members: list[Member], fold: int) -> Answers:
    results = [(entrant.results[fold], weight) for entrant, weight in members]
    total = sum(weight for _, weight in results)
    shares = np.sum([r.shares * (weight / total) for r, weight in results], axis=0)
    if material.classes:
        predicted = np.asarray(material.classes)[shares.argmax(axis=1)]
    else:
        predicted = np.sum([r.predicted * (weight / total) for r, weight in results], axis=0)
    return material.answers(material.target[results[0][0].rows], predicted, shares)
