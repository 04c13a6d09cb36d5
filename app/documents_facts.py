"""What a document is drafted from, gathered from the engines under names that may leave."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.documents_explained import Names, Rows, explained, explanation_of, public
from app.documents_request import request_rows
from engines import data_sources, projects, results
from engines.core.access import Actor
from engines.core.errors import NotFound
from engines.core.gate import Stage
from engines.core.model_ref import ModelRef
from engines.core.tables import Table
from engines.governance import approvals, policies
from engines.governance.documents import (
    ExplanationFacts,
    Facts,
    Material,
    captions,
)
from engines.results import TaskFiles
from engines.training import TITLES, Task, TrainingRun
from engines.wiring import Services

HELD, FITTED = "hold-out (not used to choose)", "fitted rows"


def checks_of(svc: Services, actor: Actor, model: ModelRef) -> Rows:
    """The first stage's checks, by the policy in force; none before there is a policy.

    Whether documents are missing is left out: the answer would stand in a document.
    """
    try:
        judged = approvals.readiness(svc.board, actor, model, Stage.TRAINING).checks
    except NotFound:
        return ()
    return tuple(
        {
            "label": each.check.label,
            "value": each.value,
            "limit": policies.bound_words(each.check),
            "passed": each.passed,
            "applies": each.applies,
            "severity": each.check.severity.value,
            "sentence": each.sentence,
        }
        for each in judged
        if not each.check.fact.startswith("documents.")
    )


def facts_of(svc: Services, actor: Actor, run: TrainingRun, task: str) -> Facts:
    """Everything a template may tell of one model. Raises NotFound or NotAllowed."""
    model = ModelRef(run.id, task)
    experiment = projects.get(svc.db, actor, run.experiment_id)
    dataset = data_sources.get(svc.datasets, actor, run.dataset_id)
    table = svc.datasets.table(actor, run.dataset_id)
    names, found = table.public_names, explanation_of(svc, actor, model)
    told = explained(found, names) if found else ExplanationFacts()
    return replace(
        _of_files(model, results.open_task(svc.runs, actor, run.id, task), names, told),
        experiment_id=experiment.id,
        title=experiment.name,
        description=experiment.description,
        owner=experiment.owner_name,
        trained_by=run.actor_name,
        trained_at=run.finished_at,
        data_name=dataset.name,
        data_sha256=run.dataset_sha256,
        rows=table.rows,
        anonymised=table.anonymised,
        objective=_objective(experiment.objective, names),
        columns=_columns(svc, actor, table),
        cleaning=tuple(data_sources.STEPS[s] for s in data_sources.read_options(dataset).steps),
        notes=() if table.anonymised else tuple(run.notes),  # they name columns
        request=request_rows(run.request, names),
        checks=checks_of(svc, actor, model),
    )


def _of_files(model: ModelRef, files: TaskFiles, names: Names, told: ExplanationFacts) -> Facts:
    """What the model's own folder and its explanation tell."""
    drawn = material(files, names, told.importance)
    return Facts(
        model=model,
        experiment_id="",
        title="",
        task=TITLES[Task(model.task)],
        algorithm=files.card.algorithm,
        target=public(names, files.card.target),
        metric=results.metric(files.card.metric).title if files.card.metric else "",
        holdout_rows=len(files.holdout),
        verdict=tuple(results.verdict(files)),
        leaderboard=drawn.leaderboard,
        metrics=_metrics(files),
        parameters=_pairs(files.winner.get("parameters") or {}),
        environment=_environment(files),
        importance=drawn.importance,
        explanation=told,
        figures=captions(drawn),
    )


def material(files: TaskFiles, names: Names, shap: Sequence[Mapping[str, Any]] = ()) -> Material:
    """What the documents' figures are drawn from."""
    board = results.leaderboard_frame(files).to_dict("records")
    ranked = files.importance.to_dict("records")
    return Material(
        classes=tuple(files.card.classes),
        holdout=files.holdout,
        metric=results.metric(files.card.metric).title if files.card.metric else "Score",
        leaderboard=tuple({str(k): v for k, v in row.items()} for row in board),
        importance=tuple(
            {
                "feature": public(names, row["feature"]),
                "importance": row["importance"],
                "std": row["std"],
            }
            for row in ranked
        ),
        shap=tuple(shap),
    )


def _objective(answers: Mapping[str, str], names: Names) -> Rows:
    """The questionnaire's answers; the names of protected columns as they may leave."""
    asked = [(q.text, answers[q.key], q.key) for q in projects.QUESTIONS if answers.get(q.key)]
    return tuple(
        {"question": text, "answer": _list(answer, names) if "attributes" in key else answer}
        for text, answer, key in asked
    )


def _list(answer: str, names: Names) -> str:
    return ", ".join(public(names, part.strip()) for part in answer.split(","))


def _columns(svc: Services, actor: Actor, table: Table) -> Rows:
    known = {e.column_name: e for e in projects.dictionary(svc.db, actor, table.experiment_id)}
    told = {} if table.anonymised else known  # a meaning would tell what a name hides
    return tuple(
        {
            "column": table.public_names[column.name],
            "type": column.type.value,
            "missing": column.missing,
            "distinct": column.distinct,
            "meaning": told[column.name].meaning if column.name in told else "",
            "unit": told[column.name].unit if column.name in told else "",
        }
        for column in table.columns
    )


def _metrics(files: TaskFiles) -> Rows:
    rows = results.metrics_frame(files).to_dict("records")
    return tuple(
        {
            "metric": row["metric"],
            "better": row["better"],
            "folds": row.get("folds", math.nan),
            "low": row.get("low", math.nan),
            "high": row.get("high", math.nan),
            "holdout": row.get(HELD, row.get(FITTED)),
        }
        for row in rows
    )


def _environment(files: TaskFiles) -> Rows:
    path = files.folder / "environment.json"
    told = json.loads(path.read_text("utf-8")) if path.exists() else files.card.versions
    return _pairs({name.replace("_", " "): str(value) for name, value in told.items()})


def _pairs(values: Mapping[str, Any]) -> Rows:
    return tuple({"name": name, "value": value} for name, value in values.items())
