"""Best mode: hyperparameter search on the same folds until the budget is nearly spent.

Each of the leading algorithms has its own searcher (FLAML's CFO: Wu, Wang and Huang, Frugal
Optimization for Cost-related Hyperparameters, AAAI 2021). A trial goes fold by fold and is given
up as soon as it is clearly behind the best known result on the same folds.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from flaml.tune.searcher.blendsearch import CFO

from engines.training import spaces
from engines.training.contest import Entrant, eligible, update
from engines.training.folds import FoldResult, Material, fit_fold
from engines.training.ledger import Ledger
from engines.training.models import Trial
from engines.training.pool import Done, Job, Pool
from engines.training.recipes import Recipe

ARMS = 3
WARM_UP = 3  # trials of each algorithm before the better ones are preferred
EXPLORE = 0.35


@dataclass
class Arm:
    """One algorithm under search, and the entrant that holds its best result."""

    entrant: Entrant
    searcher: Any
    tried: int = 0


@dataclass
class Attempt:
    """A trial under way."""

    arm: Arm
    number: int
    asked: dict[str, Any]
    recipe: Recipe
    results: dict[int, FoldResult] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)


@dataclass
class Search:
    """The search of one task: arms, trials under way, and every trial's record."""

    ledger: Ledger
    pool: Pool
    material: Material
    arms: list[Arm]
    trials: list[Trial] = field(default_factory=list)
    going: dict[int, Attempt] = field(default_factory=dict)
    count: int = 0

    def run(self, until: Callable[[], float]) -> None:
        """Try until the moment `until()` (time.monotonic), asked anew after each fold."""
        while self.arms and time.monotonic() < until():
            while self.pool.free and self._start():
                pass
            done = self.pool.next(until())
            if done is None:
                break
            self._take(done)
        self._stop()

    def _start(self) -> bool:
        if not self.arms:
            return False
        arm = self._arm()
        self.count += 1
        asked = arm.searcher.suggest(str(self.count))
        if asked is None:  # nothing new to try until its trials under way have ended
            if not any(attempt.arm is arm for attempt in self.going.values()):
                self.arms.remove(arm)
            return False
        arm.tried += 1
        made = spaces.parameters(arm.entrant.recipe.algorithm.id, asked)
        recipe = replace(arm.entrant.recipe, parameters={**arm.entrant.recipe.parameters, **made})
        self.going[self.count] = Attempt(arm, self.count, asked, recipe)
        self._next_fold(self.count)
        return True

    def _arm(self) -> Arm:
        """The least tried arm at first; then mostly the one with the best result."""
        least = min(self.arms, key=lambda arm: arm.tried)
        chance = np.random.default_rng([self.material.blueprint.seed, self.count])
        if least.tried < WARM_UP or chance.random() < EXPLORE:
            return least
        return max(self.arms, key=lambda arm: arm.entrant.score(self.ledger.metric))

    def _next_fold(self, number: int) -> None:
        attempt = self.going[number]
        fold = _order(self.material)[len(attempt.results)]
        self.pool.submit(Job(number, fit_fold, (attempt.recipe, fold)))

    def _take(self, done: Done) -> None:
        attempt = self.going[done.tag]
        if done.error:
            return self._end(attempt, done.error)
        attempt.results[_order(self.material)[len(attempt.results)]] = done.value
        if len(attempt.results) == len(self.material.folds) or self._is_behind(attempt):
            return self._end(attempt)
        return self._next_fold(done.tag)

    def _is_behind(self, attempt: Attempt) -> bool:
        """Clearly worse than the best result on the folds both have seen."""
        metric = self.ledger.metric
        best = max((arm.entrant for arm in self.arms), key=lambda e: e.score(metric))
        values = [r.scores.get(metric.id, np.nan) for r in best.results.values()]
        seen = list(attempt.results)
        mine = Entrant(attempt.recipe, attempt.arm.entrant.candidate, attempt.results)
        slack = float(np.nanstd(values)) / len(seen)
        return mine.score(metric) < best.score(metric, seen) - 0.5 * slack

    def _end(self, attempt: Attempt, error: str = "") -> None:
        del self.going[attempt.number]
        arm, metric = attempt.arm, self.ledger.metric
        mine = Entrant(attempt.recipe, arm.entrant.candidate, attempt.results)
        score = mine.score(metric) if attempt.results and not error else float("-inf")
        loss = 1e12 if score == float("-inf") else -score
        told = {"loss": loss, **{f"config/{k}": v for k, v in attempt.asked.items()}}
        told["time_total_s"] = time.monotonic() - attempt.began
        arm.searcher.on_trial_complete(str(attempt.number), result=told)
        whole = len(attempt.results) == len(self.material.folds)
        if whole and score > arm.entrant.score(metric):
            self._improve(attempt)
        self._record(attempt, score, error)

    def _improve(self, attempt: Attempt) -> None:
        entrant = attempt.arm.entrant
        entrant.recipe, entrant.results = attempt.recipe, attempt.results
        update(self.ledger, entrant)
        score = entrant.candidate.score
        name = f"trial {attempt.number}, {entrant.candidate.name}"
        self.ledger.log(f"Better: {name}, {self.ledger.metric.title} {score:.4g}")

    def _record(self, attempt: Attempt, score: float, error: str) -> None:
        line = attempt.arm.entrant.candidate
        line.trials += 1
        sign = 1 if self.ledger.metric.greater_is_better else -1
        trial = Trial(
            run_id=line.run_id,
            candidate_id=line.id,
            number=attempt.number,
            parameters=dict(attempt.recipe.parameters),
            score=None if error or score == float("-inf") else sign * score,
            folds_done=len(attempt.results),
            seconds=round(time.monotonic() - attempt.began, 3),
        )
        self.trials.append(trial)
        self.ledger.show(line, trial)
        of = self.ledger.left
        step = f"trial {attempt.number}: {line.name}, {max(of, 0):.0f} s of the budget left"
        total = self.ledger.budget or 1.0
        self.ledger.say(0.8 * (1 - max(of, 0) / total), step)

    def _stop(self) -> None:
        for number in list(self.going):
            self.pool.stop(number)
            del self.going[number]


def start(ledger: Ledger, pool: Pool, material: Material, entrants: list[Entrant]) -> Search:
    """A search over the leading algorithms that have a space to look in."""
    able = eligible(entrants, ledger.metric)
    leading = [e for e in able if spaces.space(e.recipe, material)][:ARMS]
    arms = [Arm(e, _searcher(e, material)) for e in leading]
    names = ", ".join(e.candidate.name for e in leading)
    ledger.log(f"Searching the parameters of {names}" if leading else "Nothing to search")
    return Search(ledger, pool, material, arms)


def _searcher(entrant: Entrant, material: Material) -> Any:
    space = spaces.space(entrant.recipe, material)
    known = spaces.start(entrant.recipe, material)
    return CFO(
        metric="loss",
        mode="min",
        space=space,
        points_to_evaluate=[known] if known else None,
        seed=material.blueprint.seed,
    )


def _order(material: Material) -> list[int]:
    return list(reversed(range(len(material.folds))))
