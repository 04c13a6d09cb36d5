"""One supervised task from table to stored model: contest, search, blend, hold-out, files."""

from dataclasses import dataclass, replace
from typing import Any

from engines.core.errors import InvalidInput
from engines.core.model_card import ModelCard
from engines.training import contest, environment, folder, importance, last_fit, outlook
from engines.training.blend import blend
from engines.training.catalogue import chosen
from engines.training.contest import Entrant
from engines.training.folder import MODEL, Folder
from engines.training.folds import FoldResult, Material
from engines.training.lags import lag_columns
from engines.training.ledger import Ledger
from engines.training.materials import Lags, Source, material
from engines.training.models import Trial
from engines.training.pool import Pool
from engines.training.ranking import ranked
from engines.training.request import Mode, Split
from engines.training.scores import interval

BASE_KEPT = 0.3  # of a Base run's time, for what follows the folds
SAVING = 1.5  # seconds for files and rows
SLOWER = 1.15  # how much slower the last fit may be than the folds promised
CALLING = 0.05  # seconds for one call of a model, beside its rows
BLENDING = 5e-5  # seconds a row for finding the blend's weights


@dataclass(frozen=True)
class Trained:
    """What a task leaves behind for the tracking: its candidates and trials."""

    entrants: list[Entrant]
    trials: list[Trial]


def train(ledger: Ledger, of: Source, into: Folder, workers: int) -> Trained:
    """Train one supervised task; its result row and folder are complete afterwards.

    Raises InvalidInput when the data cannot be used or no candidate could be trained.
    """
    ledger.say(0.0, "reading the table and setting up")
    made, back, notes = material(of, ledger.task)
    ledger.note(*notes)
    algorithms = chosen(ledger.task, len(made.train), of.request.algorithms)
    with Pool(made, workers) as pool:
        entrants = contest.enter(ledger, made, algorithms, of.request.starting_values)
        trials = _compete(ledger, pool, made, entrants, of.request.mode)
        winner = _winner(ledger, entrants)
        result = last_fit.fit(ledger, pool, made, winner, into.path / MODEL)
        until = ledger.finish_by - SAVING / 2
        rated = importance.measure(ledger, pool, made, into.path / MODEL, until)
        into.json("importance.json", rated)
    _write(ledger, of, made, back, entrants, winner, result, trials, into)
    return Trained(entrants, trials)


def _compete(
    ledger: Ledger, pool: Pool, made: Material, entrants: list[Entrant], mode: Mode
) -> list[Trial]:
    if mode == Mode.BASE:
        contest.run(ledger, pool, made, entrants, ledger.finish_by - BASE_KEPT * ledger.left)
        _add_blend(ledger, made, entrants, pool.size)
        return []
    # Imported here: FLAML takes seconds to load, and Base does without it.
    from engines.training import search

    contest.run(ledger, pool, made, entrants, ledger.finish_by - SAVING, few=True)
    hunt = search.start(ledger, pool, made, entrants)
    hunt.run(lambda: ledger.finish_by - _finish(made, _leading(ledger, entrants), pool.size))
    _add_blend(ledger, made, entrants, pool.size)
    # Time was kept for fitting three members; what the winner does not need is searched too.
    best = [_best(ledger, entrants)]
    hunt.run(lambda: ledger.finish_by - _finish(made, best, pool.size))
    _add_blend(ledger, made, entrants, pool.size)
    return hunt.trials


def _add_blend(ledger: Ledger, made: Material, entrants: list[Entrant], workers: int) -> None:
    """Add the best blend to the field, unless there is no time left to fit it."""
    ledger.say(0.82, "blending the best candidates")
    singles = [entrant for entrant in entrants if not entrant.recipe.members]
    mixed = blend(ledger, made, singles)
    known = [entrant for entrant in entrants if entrant.recipe.members]
    if mixed is None or any(e.score(ledger.metric) >= mixed.score(ledger.metric) for e in known):
        return
    if _finish(made, [mixed], workers) > ledger.left + SAVING:
        return
    line = known[0].candidate if known else mixed.candidate
    line.name, line.parameters = mixed.candidate.name, mixed.candidate.parameters
    made_again = replace(mixed, candidate=line)
    entrants[:] = [*singles, made_again]
    contest.update(ledger, made_again)


def _leading(ledger: Ledger, entrants: list[Entrant]) -> list[Entrant]:
    return contest.eligible(entrants, ledger.metric)[:3]


def _finish(made: Material, fitted: list[Entrant], workers: int) -> float:
    """Seconds to keep for fitting `fitted` once more, their importance, and the files."""
    folds = len(made.folds)
    share = folds / max(folds - 1, 1)
    each = [entrant.seconds for entrant in fitted]
    fit = max(*each, sum(each) / workers) * share * SLOWER
    rows, calls = importance.cost(made)
    asking = sum(max(r.asking for r in e.results.values()) for e in fitted if e.results)
    looks = (rows * asking + calls * CALLING * len(fitted)) / workers
    blending = BLENDING * len(made.train) if len(fitted) > 1 else 0.0
    return fit + looks + asking * len(made.holdout) + blending + SAVING


def _best(ledger: Ledger, entrants: list[Entrant]) -> Entrant:
    able = contest.eligible(entrants, ledger.metric)
    if not able:
        reasons = {e.candidate.reason for e in entrants if e.candidate.reason}
        raise InvalidInput(
            "No candidate could be trained.", hint=f"What went wrong: {'; '.join(sorted(reasons))}"
        )
    return able[0]


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
    into.json("leaderboard.json", folder.leaderboard(ranked(e.candidate for e in entrants)))
    into.json("trials.json", folder.trials(trials))
    into.json("environment.json", {**environment.fingerprint(), "seed": of.request.seed})
    reach = {n: interval(v, len(made.folds)) for n, v in line.folds.items()}
    into.json("metrics.json", {"folds": line.folds, "holdout": result.scores, "ci": reach})
    facts = _facts(made, back) | _split(of, made) | of.facts
    card = _card(ledger, of, made, back, winner, facts)
    into.card(card)
    if made.series:
        outlook.write(into, made, made.series, card, result, winner.results)
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
        **({"series": made.series.told} if made.series else {}),
    }


def _split(of: Source, made: Material) -> dict[str, Any]:
    if made.series or of.request.split == Split.TIME:
        return {"split": Split.TIME.value, "time_column": of.request.time_column}
    return {"split": Split.RANDOM.value}


def _card(
    ledger: Ledger,
    of: Source,
    made: Material,
    back: Lags,
    winner: Entrant,
    facts: dict[str, Any],
) -> ModelCard:
    columns = [*of.columns, *lag_columns(of.request.target, list(back.used))]
    columns = [column for column in columns if column.name in made.features]
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
