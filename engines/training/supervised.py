"""One supervised task from table to stored model: contest, search, blend, hold-out, files."""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from engines.core.errors import InvalidInput
from engines.core.model_card import ModelCard
from engines.training import contest, environment, folder, search
from engines.training.blend import blend
from engines.training.catalogue import chosen
from engines.training.contest import Entrant
from engines.training.folder import MODEL, Folder
from engines.training.folds import FoldResult, Material, fit_whole, shuffled_loss
from engines.training.lags import lag_columns
from engines.training.ledger import Ledger
from engines.training.materials import Lags, Source, material
from engines.training.models import Trial
from engines.training.pool import Job, Pool
from engines.training.request import Mode
from engines.training.scores import interval

BASE_SECONDS = 45.0  # for folds, on a table of BASE_CELLS; more for a bigger one
BASE_CELLS = 1_000_000
FIRST_SHARE = 0.4  # of a Best budget, at most, for the untuned candidates
SAVING = 1.5  # seconds for files and rows
SLOWER = 1.15  # how much slower the last fit may be than the folds promised
LOOKS = 120_000  # rows times columns shuffled for the importance


@dataclass(frozen=True)
class Trained:
    """What a task leaves behind for the tracking: its candidates and trials."""

    entrants: list[Entrant]
    trials: list[Trial]


def train(ledger: Ledger, of: Source, into: Folder, workers: int, began: float) -> Trained:
    """Train one supervised task; its result row and folder are complete afterwards.

    Raises InvalidInput when the data cannot be used or no candidate could be trained.
    """
    ledger.say(0.0, "reading the table and setting up")
    made, back, notes = material(of, ledger.task)
    for note in notes:
        ledger.log(note)
    ledger.result.notes = [*ledger.result.notes, *notes]
    algorithms = chosen(ledger.task, len(made.train), of.request.algorithms)
    with Pool(made, workers) as pool:
        entrants = contest.enter(ledger, made, algorithms)
        trials = _compete(ledger, pool, made, entrants, of.request.mode, began)
        winner = _winner(ledger, entrants)
        result = _last_fit(ledger, pool, made, winner, into)
        _importance(ledger, pool, made, winner, into)
    _write(ledger, of, made, back, entrants, winner, result, trials, into)
    return Trained(entrants, trials)


def _compete(
    ledger: Ledger, pool: Pool, made: Material, entrants: list[Entrant], mode: Mode, began: float
) -> list[Trial]:
    if mode == Mode.BASE:
        scale = max(1.0, made.features.size / BASE_CELLS)
        contest.run(ledger, pool, made, entrants, began + BASE_SECONDS * scale)
        _add_blend(ledger, made, entrants)
        return []
    now = time.monotonic()
    contest.run(ledger, pool, made, entrants, now + FIRST_SHARE * (ledger.finish_by - now))
    hunt = search.start(ledger, pool, made, entrants)
    hunt.run(lambda: ledger.finish_by - _finish(made, _leading(ledger, entrants)))
    _add_blend(ledger, made, entrants)
    # A blend takes longest to fit: when it did not win, the time kept for it is searched too.
    best = [_best(ledger, entrants)]
    hunt.run(lambda: ledger.finish_by - _finish(made, best))
    return hunt.trials


def _add_blend(ledger: Ledger, made: Material, entrants: list[Entrant]) -> None:
    ledger.say(0.82, "blending the best candidates")
    with ledger.timed("Blending"):
        mixed = blend(ledger, made, entrants)
    if mixed:
        entrants.append(mixed)


def _leading(ledger: Ledger, entrants: list[Entrant]) -> list[Entrant]:
    able = sorted(contest.eligible(entrants), key=lambda e: -e.score(ledger.metric))
    return able[:3]


def _finish(made: Material, fitted: list[Entrant]) -> float:
    """Seconds to keep for fitting `fitted` once more, their importance, and the files."""
    folds = len(made.folds)
    share = folds / max(folds - 1, 1)
    fit = sum(entrant.seconds for entrant in fitted) * share * SLOWER
    rows, repeats = _looks(made)
    asking = sum(max(r.asking for r in e.results.values()) for e in fitted if e.results)
    looks = rows * repeats * len(made.blueprint.roles.names) + len(made.holdout)
    return fit + asking * looks + SAVING


def _best(ledger: Ledger, entrants: list[Entrant]) -> Entrant:
    able = contest.eligible(entrants)
    if not able:
        reasons = {e.candidate.reason for e in entrants if e.candidate.reason}
        raise InvalidInput(
            "No candidate could be trained.", hint=f"What went wrong: {'; '.join(sorted(reasons))}"
        )
    return max(able, key=lambda e: e.score(ledger.metric))


def _winner(ledger: Ledger, entrants: list[Entrant]) -> Entrant:
    """The best fold mean; the hold-out has no say."""
    winner = _best(ledger, entrants)
    winner.candidate.is_winner = True
    ledger.show(winner.candidate)
    ledger.log(f"Winner by the folds: {winner.candidate.name}")
    baselines = [e for e in entrants if e.recipe.algorithm.baseline and e.results]
    if any(b.score(ledger.metric) >= winner.score(ledger.metric) for b in baselines):
        ledger.result.notes = [*ledger.result.notes, "No candidate beats the baseline."]
    return winner


def _last_fit(
    ledger: Ledger, pool: Pool, made: Material, winner: Entrant, into: Folder
) -> FoldResult:
    ledger.say(0.86, f"fitting {winner.candidate.name} on the whole training part")
    job = Job("whole", fit_whole, (winner.recipe, into.path / MODEL))
    done = next(iter(pool.run([job])))
    if done.error:
        raise InvalidInput(f"The winner could not be stored: {done.error}.", hint="Train again.")
    found: FoldResult = done.value
    score = found.scores.get(ledger.metric.id, float("nan"))
    ledger.log(f"Hold-out, scored once: {ledger.metric.title} {score:.4g} ({done.seconds:.1f} s)")
    return found


def _looks(made: Material) -> tuple[int, int]:
    """Hold-out rows and repeats for the importance, fewer for more columns."""
    columns = max(len(made.blueprint.roles.names), 1)
    rows = int(np.clip(LOOKS / columns / 3, 150, 2000))
    return min(rows, len(made.holdout)), 3 if columns <= 100 else 1


def _importance(ledger: Ledger, pool: Pool, made: Material, winner: Entrant, into: Folder) -> None:
    ledger.say(0.93, "measuring how much each column matters")
    rows, repeats = _looks(made)
    names = made.blueprint.roles.names
    common = (ledger.metric.id,)
    parts = [names[n :: pool.size] for n in range(pool.size) if names[n :: pool.size]]
    jobs = [
        Job(n, shuffled_loss, (into.path / MODEL, *common, part, rows, repeats))
        for n, part in enumerate(parts)
    ]
    lost: dict[str, list[float]] = {}
    with ledger.timed("Importance"):
        for done in pool.run(jobs):
            lost |= done.value or {}
    sign = 1 if ledger.metric.greater_is_better else -1
    rated = [
        {"feature": k, "importance": sign * float(np.mean(v)), "std": float(np.std(v))}
        for k, v in lost.items()
    ]
    into.json("importance.json", sorted(rated, key=lambda r: -float(r["importance"])))


def _write(
    ledger: Ledger,
    of: Source,
    made: Material,
    back: Lags,
    entrants: list[Entrant],
    winner: Entrant,
    result: FoldResult,
    trials: list[Trial],
    into: Folder,
) -> None:
    line, index = winner.candidate, made.features.index
    into.table("holdout.parquet", folder.answers(index, made.target, result, made.classes))
    into.table("oof.parquet", folder.out_of_fold(index, made.target, winner.results, made.classes))
    ordered = sorted(entrants, key=lambda e: -e.score(ledger.metric))
    into.json("leaderboard.json", folder.leaderboard([e.candidate for e in ordered]))
    into.json("trials.json", folder.trials(trials))
    into.json("environment.json", {**environment.fingerprint(), "seed": of.request.seed})
    reach = {n: interval(v, len(made.folds)) for n, v in line.folds.items()}
    into.json("metrics.json", {"folds": line.folds, "holdout": result.scores, "ci": reach})
    facts = _facts(made, back)
    into.card(_card(ledger, of, made, back, winner, facts))
    row = ledger.result
    row.winner_id, row.winner_name, row.holdout = line.id, line.name, result.scores
    row.intervals, row.facts = reach, facts


def _facts(made: Material, back: Lags) -> dict[str, Any]:
    return {
        "rows": len(made.features),
        "train_rows": len(made.train),
        "holdout_rows": len(made.holdout),
        "folds": len(made.folds),
        "features": len(made.blueprint.roles.names),
        "season": back.season,
        "lags": list(back.used),
    }


def _card(
    ledger: Ledger,
    of: Source,
    made: Material,
    back: Lags,
    winner: Entrant,
    facts: dict[str, Any],
) -> ModelCard:
    columns = [*of.columns, *lag_columns(of.request.target, list(back.used))]
    return ModelCard(
        task=ledger.task.value,
        target=of.request.target,
        features=folder.features(columns, made.features),
        classes=made.classes,
        metric=ledger.metric.id,
        algorithm=winner.candidate.name,
        versions=environment.versions(environment.IN_MODEL),
        anonymised=of.anonymised,
        facts=facts,
    )
