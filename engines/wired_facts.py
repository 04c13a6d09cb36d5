"""What is measured of a model, gathered from the engines for the policy's checks."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from sqlmodel import select

from engines.artifacts import audit, dependencies, scanning
from engines.core.access import Actor, Capability, needs
from engines.core.database import Database, now
from engines.core.errors import MlaasError
from engines.core.model_card import read_card
from engines.core.model_ref import ModelRef
from engines.governance.policies import Fact
from engines.training.models import Candidate, TaskResult
from engines.training.tasks import Task, metric

Measured = Callable[[Actor, ModelRef], Mapping[str, Fact]]


@dataclass(frozen=True)
class ModelFacts:
    """Facts by name, as the policy reference lists them; `more` adds other engines' own.

    `audit_file` is what `make audit` wrote down last; advisories older than `audit_days` tell
    nothing.
    """

    db: Database
    runs_dir: Path
    more: Sequence[Measured] = ()
    audit_file: Path | None = None
    audit_days: int = 30

    @needs(Capability.RESULTS_READ)
    def of(self, actor: Actor, model: ModelRef) -> dict[str, Fact]:
        """What is known of the model; what could not be measured is left out."""
        folder = self.runs_dir / model.run_id / model.task
        found: dict[str, Fact] = {**_scores(folder), **_scan(folder), **_libraries(folder)}
        found |= {**self._contest(model), **self._audited(folder)}
        for measured in self.more:
            found |= measured(actor, model)
        return found

    @needs(Capability.RESULTS_READ)
    def audited(self, actor: Actor, model: ModelRef) -> dict[str, Fact]:
        """What the last audit tells of the model's libraries, and where that comes from."""
        return self._audited(self.runs_dir / model.run_id / model.task)

    def _audited(self, folder: Path) -> dict[str, Fact]:
        """Only what was found in the very lock that the model was trained with, and lately."""
        if self.audit_file is None:
            return {}
        last = audit.last(self.audit_file)
        lock = _json(folder / "environment.json").get("lock_sha256")
        if reason := audit.unknown(last, lock, self.audit_days, now()):
            return {AUDIT: reason}
        return {VULNERABILITIES: len(last.vulnerable), AUDIT: last.origin} if last else {}

    def _contest(self, model: ModelRef) -> dict[str, Fact]:
        """Rows trained on, and whether the winner beat the baseline."""
        with self.db.read() as session:
            of_run = select(TaskResult).where(TaskResult.run_id == model.run_id)
            result = session.exec(of_run.where(TaskResult.task == model.task)).first()
            lines = session.exec(select(Candidate).where(Candidate.run_id == model.run_id))
            board = [line for line in lines if line.task == model.task]
        found: dict[str, Fact] = {}
        if result and isinstance(rows := result.facts.get("rows"), int | float):
            found["rows.train"] = rows
        scores = [c.score for c in board if c.algorithm in BASELINES and c.score is not None]
        winner = next((c.score for c in board if c.is_winner), None)
        if scores and winner is not None and result:
            better = metric(Task(model.task), result.metric).greater_is_better
            found["beats.baseline"] = winner > max(scores) if better else winner < min(scores)
        return found


BASELINES = frozenset({"dummy", "naive"})
VULNERABILITIES = "dependencies.vulnerabilities"
AUDIT = "dependencies.audit"  # words for the reader; no policy can ask for it


def _scores(folder: Path) -> dict[str, Fact]:
    """Hold-out scores, fold means, and how far apart they are."""
    told = _json(folder / "metrics.json")
    holdout = _numbers({**told.get("fit", {}), **told.get("holdout", {})})
    folds = {name: values for name, values in told.get("folds", {}).items() if values}
    means = {name: fmean(values) for name, values in folds.items() if None not in values}
    gaps = {name: abs(means[name] - holdout[name]) for name in means.keys() & holdout.keys()}
    found: dict[str, Fact] = {f"holdout.{name}": value for name, value in holdout.items()}
    found |= {f"validation.{name}": value for name, value in means.items()}
    return found | {f"gap.{name}": value for name, value in gaps.items()}


def _numbers(values: Mapping[str, Any]) -> dict[str, float]:
    return {name: value for name, value in values.items() if isinstance(value, int | float)}


def _scan(folder: Path) -> dict[str, Fact]:
    """“clean”, or what the scan found in the first file it would stop."""
    files = {str(p.relative_to(folder)): p for p in folder.rglob("*") if p.is_file()}
    if not files:
        return {}
    blocked = [f for f in scanning.scan(files) if f.severity is scanning.Severity.BLOCK]
    return {"scan.model_files": f"{blocked[0].file}: {blocked[0].text}" if blocked else "clean"}


def _libraries(folder: Path) -> dict[str, Fact]:
    """How many of the libraries that the model needs tell no licence."""
    try:
        pins = {name: pin for name, pin in read_card(folder).versions.items() if name != "python"}
        needed = dependencies.dependencies(pins)
    except MlaasError:
        return {}
    return {"dependencies.licences_unknown": sum(not each.is_known for each in needed)}


def _json(file: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(file.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return {}
    return found
