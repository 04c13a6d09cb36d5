"""One task without a target, from table to stored model: groups, axes, or strange rows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import skops.io
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline

from engines.core.errors import InvalidInput
from engines.core.model_card import ModelCard
from engines.training import environment, folder
from engines.training.catalogue import Algorithm, Flavour, chosen
from engines.training.features import Roles, cleaned, preparation, roles
from engines.training.folder import MODEL, Folder
from engines.training.ledger import Ledger
from engines.training.materials import Source
from engines.training.models import Candidate
from engines.training.pool import Done, Job, Pool
from engines.training.tasks import METRICS, Task
from engines.training.without_target import Found, agree, cluster, detect, reduce

SAMPLE = 20_000  # rows that are fitted; all rows are answered
WORKS: dict[Task, Callable[..., Found]] = {
    Task.CLUSTERING: cluster,
    Task.REDUCTION: reduce,
    Task.ANOMALY: detect,
}


@dataclass(frozen=True)
class Numbers:
    """What the workers of a task without a target share: (rows, columns) prepared numbers."""

    values: NDArray[np.float64]
    seed: int
    clusters: int


def train(ledger: Ledger, of: Source, into: Folder, workers: int) -> list[Candidate]:
    """Train one unsupervised task; its result row and folder are complete afterwards.

    Raises InvalidInput when no candidate could be fitted.
    """
    ledger.say(0.0, "preparing the columns")
    columns = list(of.columns)
    features = cleaned(of.frame, columns)
    kinds = roles(columns, features)
    prep = preparation(kinds, _flavour(ledger.task), of.request.seed, supervised=False)
    sample = _sample(features, of.request.seed)
    values = np.asarray(prep.fit_transform(sample), dtype="float64")
    lines = _lines(ledger, chosen(ledger.task, len(features), of.request.algorithms))
    shared = Numbers(values, of.request.seed, of.request.clusters)
    with Pool(shared, workers) as pool:
        found = _fit(ledger, pool, lines)
    if ledger.task == Task.ANOMALY:
        agree(found)
    best = _choose(ledger, lines, found)
    model = Pipeline([("prep", prep), ("model", found[best].model)])
    skops.io.dump(model, into.path / MODEL)
    _write(ledger, of, features, kinds, model, lines, best, found[best], into)
    return [line for _, line in lines.values()]


def _flavour(task: Task) -> Flavour:
    return Flavour.DENSE if task == Task.ANOMALY else Flavour.EVEN


def _sample(features: pd.DataFrame, seed: int) -> pd.DataFrame:
    return features.sample(SAMPLE, random_state=seed) if len(features) > SAMPLE else features


def _lines(ledger: Ledger, algorithms: list[Algorithm]) -> dict[str, tuple[Algorithm, Candidate]]:
    return {a.id: (a, ledger.candidate(a.id, a.name)) for a in algorithms}


def _fit(
    ledger: Ledger, pool: Pool, lines: dict[str, tuple[Algorithm, Candidate]]
) -> dict[str, Found]:
    found: dict[str, Found] = {}
    jobs = [Job(key, WORKS[ledger.task], (key,)) for key in lines]
    for number, done in enumerate(pool.run(jobs, ledger.finish_by, at_least=1)):
        line = lines[done.tag][1]
        _settle(ledger, line, done)
        if done.value:
            found[done.tag] = done.value
        ledger.say(0.1 + 0.6 * (number + 1) / len(jobs), f"{line.name} done")
    for _, line in lines.values():
        if line.state == "running":
            line.state, line.reason = "stopped", "Out of time."
            ledger.show(line)
    return found


def _settle(ledger: Ledger, line: Candidate, done: Done) -> None:
    line.seconds = round(done.seconds, 3)
    line.state, line.reason = ("failed", done.error) if done.error else ("succeeded", "")
    if done.value:
        line.parameters, line.metrics = done.value.parameters, done.value.metrics
        line.reason = done.value.reservation
        line.score = line.metrics.get(ledger.metric.id)
    ledger.show(line)
    ledger.log(f"{line.name}: {line.reason or _figures(ledger, line)} ({line.seconds:.1f} s)")


def _figures(ledger: Ledger, line: Candidate) -> str:
    """A candidate's figures in words, with the digits that people read."""
    titles = {each.id: each.title for each in METRICS[ledger.task]}
    return ", ".join(f"{titles.get(n, n)} {value:.4g}" for n, value in line.metrics.items())


def _choose(
    ledger: Ledger, lines: dict[str, tuple[Algorithm, Candidate]], found: dict[str, Found]
) -> str:
    """The best score among those without a reservation; with none such, among all."""
    sign = 1 if ledger.metric.greater_is_better else -1
    scored = {
        key: sign * one.metrics[ledger.metric.id]
        for key, one in found.items()
        if ledger.metric.id in one.metrics
    }
    sound = {key: score for key, score in scored.items() if not found[key].reservation}
    if not scored:
        reasons = sorted({line.reason for _, line in lines.values() if line.reason})
        raise InvalidInput(
            "No candidate could be fitted.", hint=f"What went wrong: {'; '.join(reasons)}"
        )
    pool = sound or scored
    best = max(pool, key=lambda key: pool[key])
    for key, one in found.items():  # detectors are scored together, after all are done
        line = lines[key][1]
        line.metrics, line.score = one.metrics, one.metrics.get(ledger.metric.id)
        line.is_winner = key == best
        ledger.show(line)
    return best


def _write(
    ledger: Ledger,
    of: Source,
    features: pd.DataFrame,
    kinds: Roles,
    model: Pipeline,
    lines: dict[str, tuple[Algorithm, Candidate]],
    best: str,
    found: Found,
    into: Folder,
) -> None:
    ledger.say(0.8, "answering every row")
    answered = _answers(ledger.task, model, features)
    into.table("assignments.parquet", answered)
    done = [line for _, line in lines.values()]
    order = sorted(done, key=lambda c: (c.score is None, -(c.score or 0.0)))
    into.json("leaderboard.json", folder.leaderboard(order))
    into.json("environment.json", {**environment.fingerprint(), "seed": of.request.seed})
    into.json("metrics.json", {"folds": {}, "holdout": {}, "ci": {}, "fit": found.metrics})
    into.json("importance.json", _importance(kinds, model, features, answered))
    facts = {**found.facts, "rows": len(features), "fitted_rows": min(len(features), SAMPLE)}
    facts |= of.facts
    row, line = ledger.result, lines[best][1]
    row.winner_id, row.winner_name, row.facts = line.id, line.name, facts
    into.card(
        ModelCard(
            task=ledger.task.value,
            target="",
            features=folder.features(of.columns, features),
            classes=(),
            metric=ledger.metric.id,
            algorithm=line.name,
            versions=environment.versions(environment.IN_MODEL),
            anonymised=of.anonymised,
            facts=facts,
        )
    )


def _answers(task: Task, model: Pipeline, features: pd.DataFrame) -> pd.DataFrame:
    """row, what the model says of it, and two axes (pc1, pc2) to draw it on."""
    numbers = np.asarray(model.named_steps["prep"].transform(features), dtype="float64")
    columns: dict[str, Any] = {"row": features.index.to_numpy()}
    learner = model.named_steps["model"]
    if task == Task.CLUSTERING:
        columns["cluster"] = learner.predict(numbers)
    elif task == Task.ANOMALY:
        columns["anomaly"] = learner.predict(numbers) == -1
        columns["anomaly_score"] = -learner.decision_function(numbers)
    else:
        axes = learner.transform(numbers)
        columns |= {f"component_{n + 1}": axes[:, n] for n in range(axes.shape[1])}
    places = PCA(2 if numbers.shape[1] > 1 else 1).fit_transform(numbers)
    columns["pc1"] = places[:, 0]
    columns["pc2"] = places[:, -1] if places.shape[1] > 1 else 0.0
    return pd.DataFrame(columns)


def _importance(
    kinds: Roles, model: Pipeline, features: pd.DataFrame, answered: pd.DataFrame
) -> list[dict[str, Any]]:
    """How strongly each numeric column differs with the answer: eta or Pearson's r, squared."""
    told = next(n for n in ("cluster", "anomaly_score", "component_1") if n in answered)
    rated = []
    for name in kinds.numbers:
        values = features[name].reset_index(drop=True).fillna(features[name].median())
        is_group = told == "cluster"
        share = _eta(values, answered[told]) if is_group else values.corr(answered[told]) ** 2
        rated.append({"feature": name, "importance": float(np.nan_to_num(share)), "std": 0.0})
    return sorted(rated, key=lambda r: -float(r["importance"]))


def _eta(values: "pd.Series[Any]", groups: "pd.Series[Any]") -> float:
    """Share of the variance that lies between the groups (eta squared)."""
    between = values.groupby(groups).transform("mean").var()
    return float(between / values.var()) if values.var() else 0.0
