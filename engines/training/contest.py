"""Candidates against each other, fold by fold, on the training part only."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from engines.training.catalogue import Algorithm
from engines.training.catalogue import algorithms as all_algorithms
from engines.training.folds import FoldResult, Material, fit_fold, rounds
from engines.training.ledger import Ledger
from engines.training.models import Candidate
from engines.training.pool import Done, Job, Pool
from engines.training.recipes import BOOSTERS, LOG_TARGET, VARIANTS, Recipe
from engines.training.tasks import CLASSIFICATION, Metric, Task

CHEAP_CELLS = 100_000  # below this every candidate sees every fold
KEPT = 5  # of the others, how many go beyond the first fold
MANY_ROWS, KEPT_OF_MANY = 10_000, 3  # a fold of many rows tells them apart well
SKEWED = 1.0
STARTING = "starting values"
BEHIND = "Behind others after the first fold."
UNTRIED = "Out of time before the first fold."


@dataclass
class Entrant:
    """A candidate in the contest: its recipe, its fold results so far, its leaderboard line."""

    recipe: Recipe
    candidate: Candidate
    results: dict[int, FoldResult] = field(default_factory=dict)
    out: bool = False

    def score(self, metric: Metric, folds: Iterable[int] | None = None) -> float:
        """Fold mean where greater is better; minus infinity before the first result."""
        chosen = [f for f in (self.results if folds is None else folds) if f in self.results]
        values = [self.results[fold].scores.get(metric.id, np.nan) for fold in chosen]
        mean = float(np.mean(values)) if values else float("nan")
        if np.isnan(mean):
            return float("-inf")
        return mean if metric.greater_is_better else -mean

    @property
    def seconds(self) -> float:
        """Usual seconds of one fold."""
        return float(np.mean([r.seconds for r in self.results.values()] or [0.0]))


def enter(
    ledger: Ledger,
    material: Material,
    algorithms: list[Algorithm],
    starting: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[Entrant]:
    """The field: each algorithm, its variants, and some on the logarithm of a skewed target.

    `starting` values make entrants of their own, beside those with the usual values.
    """
    plain = [Recipe(algorithm) for algorithm in algorithms]
    recipes = [*plain, *(v for recipe in plain for v in _variants(recipe))]
    if _is_skewed(material):
        boosted = [r for r in plain if r.algorithm.id in {*BOOSTERS, "gbr"}]
        recipes += [replace(r, parameters={LOG_TARGET: True}) for r in boosted]
    served = {a.id: a for a in all_algorithms(material.blueprint.task)}
    asked = {key: dict(values) for key, values in (starting or {}).items() if values}
    recipes += [Recipe(served[key], asked[key], variant=STARTING) for key in asked]
    return [Entrant(r, ledger.candidate(r.algorithm.id, r.name)) for r in recipes]


def run(
    ledger: Ledger,
    pool: Pool,
    material: Material,
    entrants: list[Entrant],
    until: float,
    few: bool = False,
) -> None:
    """Let every entrant do its folds until then; the hopeless are given up after the first.

    A small table lets everybody go on, unless only `few` are wanted.
    """
    ledger.log(f"{len(entrants)} candidates, {len(material.folds)} folds each")
    _find_rounds(ledger, pool, entrants, until)
    # The last fold goes first: for a time series it is the one with the longest past.
    order = list(reversed(range(len(material.folds))))
    _fold(ledger, pool, material, entrants, order[:1], until)
    if not eligible(entrants, ledger.metric):
        # Out of time before anybody had a score: one candidate is worth more than punctuality.
        able = [e for e in entrants if not e.out and not e.recipe.algorithm.baseline]
        _fold(ledger, pool, material, able[:1], order[:1], float("inf"))
    if few or material.features.size > CHEAP_CELLS:
        kept = KEPT_OF_MANY if len(material.train) > MANY_ROWS and not few else KEPT
        _give_up(ledger, entrants, kept, few)
    going = [e for e in entrants if not e.out]
    _fold(ledger, pool, material, going, order[1:], until)
    for entrant in entrants:
        close(ledger, entrant, len(material.folds))


def close(ledger: Ledger, entrant: Entrant, folds: int) -> None:
    """Settle an entrant's leaderboard line at the end of its folds."""
    line = entrant.candidate
    if line.state == "running":
        complete = len(entrant.results) == folds
        line.state = "succeeded" if complete else "stopped"
        line.reason = "" if complete else "Out of time." if entrant.results else UNTRIED
        ledger.show(line)


def update(ledger: Ledger, entrant: Entrant) -> None:
    """Bring an entrant's leaderboard line up to its results."""
    line, results = entrant.candidate, entrant.results
    names = sorted({name for r in results.values() for name in r.scores})
    line.folds = {n: [results[f].scores[n] for f in sorted(results) if n in results[f].scores]
                  for n in names}  # fmt: skip
    line.metrics = {name: float(np.mean(values)) for name, values in line.folds.items()}
    line.score = line.metrics.get(ledger.metric.id)
    line.folds_done = len(results)
    line.seconds = round(sum(r.seconds for r in results.values()), 3)
    if not entrant.recipe.members:
        line.parameters = dict(entrant.recipe.parameters)
    ledger.show(line)


def eligible(entrants: list[Entrant], metric: Metric) -> list[Entrant]:
    """Who may win, best first: no baseline, no failure, half the folds of the most complete.

    They are compared on the folds that all of them have done; usually that is every fold.
    """
    able = [e for e in entrants if e.results and not e.recipe.algorithm.baseline and not e.out]
    most = max((len(e.results) for e in able), default=0)
    able = [e for e in able if 2 * len(e.results) >= most]
    shared = set.intersection(*(set(e.results) for e in able)) if able else set()
    return sorted(able, key=lambda e: -e.score(metric, shared))


def _variants(recipe: Recipe) -> list[Recipe]:
    known = VARIANTS.get(recipe.algorithm.id, {})
    return [replace(recipe, parameters=dict(p), variant=name) for name, p in known.items()]


def _is_skewed(material: Material) -> bool:
    if material.blueprint.task in CLASSIFICATION or material.blueprint.task == Task.TIME_SERIES:
        return False
    values = material.target[material.train]
    spread = float(values.std())
    skew = float(np.mean((values - values.mean()) ** 3)) / spread**3 if spread else 0.0
    return bool(values.min() >= 0) and skew > SKEWED


def _find_rounds(ledger: Ledger, pool: Pool, entrants: list[Entrant], until: float) -> None:
    boosted = {
        number: entrant
        for number, entrant in enumerate(entrants)
        if entrant.recipe.algorithm.id in BOOSTERS
        and "n_estimators" not in entrant.recipe.parameters
    }
    ledger.say(0.02, "finding how many boosting rounds serve")
    jobs = [Job(number, rounds, (entrant.recipe,)) for number, entrant in boosted.items()]
    for done in pool.run(jobs, until):
        if done.error:
            _fail(ledger, boosted[done.tag], done.error)
        else:
            boosted[done.tag].recipe.parameters["n_estimators"] = done.value
            ledger.log(f"{boosted[done.tag].candidate.name}: {done.value} rounds")


def _fold(
    ledger: Ledger,
    pool: Pool,
    material: Material,
    entrants: list[Entrant],
    folds: list[int],
    until: float,
) -> None:
    going = [entrant for entrant in entrants if not entrant.out]
    work = [(e, fold) for fold in folds for e in going]
    jobs = [Job(n, fit_fold, (e.recipe, fold)) for n, (e, fold) in enumerate(work)]
    for done in pool.run(jobs, until):
        entrant, fold = work[done.tag]
        _take(ledger, entrant, fold, done)
        at, of = entrants.index(entrant) + 1, len(entrants)
        step = f"candidate {at} of {of}: {entrant.candidate.name}, fold {len(entrant.results)}"
        share = sum(len(e.results) for e in entrants) / (of * len(material.folds))
        ledger.say(0.05 + 0.75 * share, f"{step} of {len(material.folds)}")


def _take(ledger: Ledger, entrant: Entrant, fold: int, done: Done) -> None:
    if done.error:
        return _fail(ledger, entrant, done.error)
    entrant.results[fold] = done.value
    update(ledger, entrant)
    score = done.value.scores.get(ledger.metric.id, float("nan"))
    name = entrant.candidate.name
    line = f"{name}, fold {fold + 1}: {ledger.metric.title} {score:.4g} ({done.seconds:.1f} s)"
    return ledger.log(line)


def _fail(ledger: Ledger, entrant: Entrant, error: str) -> None:
    entrant.out = True
    entrant.candidate.state, entrant.candidate.reason = "failed", error
    ledger.show(entrant.candidate)
    ledger.log(f"{entrant.candidate.name} failed: {error}")


def _give_up(ledger: Ledger, entrants: list[Entrant], keep: int, one_each: bool) -> None:
    """After one fold, keep the best few; the choice looks at scores only.

    With `one_each`, only the best of an algorithm's variants is among them.
    """
    running = [e for e in entrants if not e.out and not e.recipe.algorithm.baseline]
    ordered = sorted(running, key=lambda e: -e.score(ledger.metric))
    rivals = _first_of_each(ordered) if one_each else ordered
    kept = [id(e) for e in rivals[:keep]]
    for entrant in [e for e in ordered if id(e) not in kept]:
        entrant.out = True
        entrant.candidate.state = "stopped"
        entrant.candidate.reason = BEHIND if entrant.results else UNTRIED
        ledger.show(entrant.candidate)
        ledger.log(f"{entrant.candidate.name} is given up: {entrant.candidate.reason}")


def _first_of_each(ordered: list[Entrant]) -> list[Entrant]:
    best: dict[tuple[str, bool], Entrant] = {}
    for entrant in ordered:
        recipe = entrant.recipe
        best.setdefault((recipe.algorithm.id, LOG_TARGET in recipe.parameters), entrant)
    return list(best.values())
