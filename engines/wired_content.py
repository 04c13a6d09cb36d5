"""What a model is made of, put together for the approvals from the engines that know the parts."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, select

from engines.core.database import Database
from engines.core.errors import NotFound
from engines.core.events import AuditEvent
from engines.core.model_ref import ModelRef
from engines.core.tables import Column
from engines.data_sources.models import Dataset, Upload
from engines.governance.approvals import Material
from engines.projects.models import DictionaryEntry, Experiment
from engines.training.models import Candidate, TaskResult, TrainingRun

ENVIRONMENT_FILE = "environment.json"
UNKNOWN = "unknown"
FAMILIES = {
    "linear": {"lr", "ridge", "lda", "qda", "lasso", "en", "br", "huber"},
    "tree": {"dt"},
    "boosting": {"lightgbm", "xgboost", "gbc", "gbr", "ada"},
    "forest": {"rf", "et", "iforest"},
    "neural": {"mlp"},
    "neighbours": {"knn", "lof"},
    "bayes": {"nb"},
    "blend": {"blend"},
}


@dataclass(frozen=True)
class ModelSources:
    """The material of trained models, from the tables and the folders."""

    db: Database
    runs_dir: Path
    store_dir: Path
    explanations_dir: Path

    def of(self, model: ModelRef) -> Material:
        """The material of a trained model; whoever asks has checked. Raises NotFound."""
        with self.db.read() as session:
            folder = self.runs_dir / model.run_id / model.task
            run, result, experiment = _rows(session, model, folder)
            data = session.get(Dataset, run.dataset_id)
            made_with = _environment(folder)
            return Material(
                model=model,
                experiment_id=experiment.id,
                title=f"{experiment.name}: {result.winner_name or model.task}",
                folder=folder,
                data=self.store_dir / f"{run.dataset_sha256}.parquet",
                code_commit=str(made_with.get("git_commit", UNKNOWN)),
                lock_sha256=str(made_with.get("lock_sha256", UNKNOWN)),
                holdout=result.holdout,
                answers={key: str(value) for key, value in experiment.objective.items()},
                parameters=_parameters(session, run, result),
                schema=_schema(data),
                characteristics=_characteristics(session, experiment, data, result),
                makers=_makers(session, experiment, run),
                lineage=_lineage(session, experiment.id),
                explanation=self.explanations_dir / model.run_id / model.task,
            )


def _rows(
    session: Session, model: ModelRef, folder: Path
) -> tuple[TrainingRun, TaskResult, Experiment]:
    run = session.get(TrainingRun, model.run_id)
    named = select(TaskResult).where(TaskResult.run_id == model.run_id)
    result = session.exec(named.where(TaskResult.task == model.task)).first()
    experiment = session.get(Experiment, run.experiment_id) if run else None
    known = result is not None and (result.state == "succeeded" or folder.exists())
    if run is None or result is None or experiment is None or not known:
        raise NotFound("There is no such model.", hint="Open the experiment and choose one there.")
    return run, result, experiment


def _environment(folder: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((folder / ENVIRONMENT_FILE).read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return {}
    return found


def _parameters(session: Session, run: TrainingRun, result: TaskResult) -> dict[str, Any]:
    """What was asked of the training, and the winner's own parameters."""
    winner = session.get(Candidate, result.winner_id) if result.winner_id else None
    own = {f"winner.{name}": value for name, value in (winner.parameters if winner else {}).items()}
    left = {"experiment_id", "dataset_id"}
    asked = {name: value for name, value in run.request.items() if name not in left}
    return {**asked, "algorithm": result.winner_name, **own}


def _schema(data: Dataset | None) -> dict[str, str]:
    columns = [Column.from_json(column) for column in data.columns] if data else []
    return {column.name: column.type.value for column in columns}


def _characteristics(
    session: Session, experiment: Experiment, data: Dataset | None, result: TaskResult
) -> dict[str, Any]:
    """What routes of a policy ask for; what is not known stays out, so that its rules apply."""
    answers = dict(experiment.objective)
    named = [name.strip() for name in str(answers.get("protected_attributes", "")).split(",")]
    protected = {name for name in named if name}
    winner = session.get(Candidate, result.winner_id) if result.winner_id else None
    found: dict[str, Any] = {
        **{key: value for key, value in answers.items() if key != "protected_attributes"},
        "task": result.task,
        "algorithm": winner.algorithm if winner else result.winner_name,
        "protected_attributes": len(protected),
        "personal_data": _is_personal(session, experiment.id),
    }
    if data is not None:
        found |= {"rows": data.rows, "columns": len(data.columns), "anonymised": data.anonymised}
        columns = set(_schema(data)) - {result.target}
        found["protected_attributes_used"] = bool(protected & columns)
    return {**found, "algorithm_family": _family(found["algorithm"], result.task)}


def _family(algorithm: str, task: str) -> str:
    if task == "time_series":
        return "series"
    return next((name for name, known in FAMILIES.items() if algorithm in known), "other")


def _is_personal(session: Session, experiment_id: str) -> bool:
    mine = select(DictionaryEntry.id).where(DictionaryEntry.experiment_id == experiment_id)
    personal = mine.where(DictionaryEntry.sensitivity == "personal")
    return session.exec(personal.limit(1)).first() is not None


def _makers(session: Session, experiment: Experiment, run: TrainingRun) -> Mapping[str, str]:
    """Who made it, by the tables; the audit trail is read beside them."""
    found = {experiment.owner_id: "created the experiment", run.actor_id: "trained it"}
    data = select(Dataset.created_by).where(Dataset.experiment_id == experiment.id)
    files = select(Upload.actor_id).where(Upload.experiment_id == experiment.id)
    for person in (*session.exec(data), *session.exec(files)):
        found.setdefault(person, "edited its data")
    return found


def _lineage(session: Session, experiment_id: str) -> tuple[str, ...]:
    """The experiments this one was cloned from, however often."""
    found: list[str] = []
    at = experiment_id
    while at not in found:
        if at != experiment_id:
            found.append(at)
        query = select(AuditEvent).where(AuditEvent.subject == f"experiment:{at}")
        cloned = query.where(AuditEvent.act == "experiment.cloned").order_by(col(AuditEvent.number))
        event = session.exec(cloned).first()
        at = str(event.detail.get("source", "")) if event else ""
        if not at or at == experiment_id:
            break
    return tuple(found)
