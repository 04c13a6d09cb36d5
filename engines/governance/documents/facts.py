"""What a document is drafted from: the facts of one trained model, under names that may leave."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any

from engines.core.model_ref import ModelRef

Row = Mapping[str, Any]
Rows = tuple[Row, ...]


@dataclass(frozen=True)
class ExplanationFacts:
    """What an explanation of the model found.

    `sentences` say how it was made and how exact it is; `importance` rows hold feature and
    importance (mean absolute SHAP value); `fairness` rows hold attribute, measure, value;
    `stability` rows hold segment, rows and score; `drift` rows name, psi, chance, reading, period,
    period_reading; `drift_periods` rows period, rows, psi, name, reading; `drift_note` says why
    there are no periods, where that is known.
    """

    sentences: tuple[str, ...] = ()
    importance: Rows = ()
    fairness: Rows = ()
    stability: Rows = ()
    drift: Rows = ()
    drift_periods: Rows = ()
    drift_note: str = ""


@dataclass(frozen=True)
class Facts:
    """One model, told in rows that templates turn into text.

    Columns bear their public names. `objective` rows hold question and answer; `columns` rows
    column, type, missing, distinct, meaning, unit; `leaderboard` rows candidate, score, low, high,
    state, winner; `metrics` rows metric, better, folds, low, high, holdout; `parameters`, `request`
    and `environment` rows name and value; `importance` rows feature, importance, std; `checks` rows
    label, value, limit, passed, severity, sentence.
    """

    model: ModelRef
    experiment_id: str
    title: str
    task: str
    algorithm: str
    description: str = ""
    owner: str = ""
    target: str = ""
    metric: str = ""
    trained_by: str = ""
    trained_at: datetime | None = None
    data_name: str = ""
    data_sha256: str = ""
    rows: int = 0
    anonymised: bool = False
    holdout_rows: int = 0
    objective: Rows = ()
    columns: Rows = ()
    cleaning: tuple[str, ...] = ()
    verdict: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    leaderboard: Rows = ()
    metrics: Rows = ()
    parameters: Rows = ()
    request: Rows = ()
    environment: Rows = ()
    importance: Rows = ()
    checks: Rows = ()
    explanation: ExplanationFacts = field(default_factory=ExplanationFacts)
    figures: Mapping[str, str] = field(default_factory=dict)

    def context(self) -> dict[str, Any]:
        """The facts by name, as plain values that a template may use."""
        return {**asdict(self), "model": str(self.model)}


@dataclass(frozen=True)
class ApprovalFacts:
    """One decided submission: what the approval record is written from.

    `items` rows hold kind, name, sha256; `votes` rows who, role, level, vote, comment, at;
    `checks` rows as in `Facts`.
    """

    model: ModelRef
    title: str
    stage: str
    state: str
    policy: str
    tier: str
    content_hash: str
    signature: str
    public_key: str
    submitted_by: str
    submitted_at: datetime | None = None
    decided_at: datetime | None = None
    expires_at: datetime | None = None
    makers: tuple[str, ...] = ()
    items: Rows = ()
    votes: Rows = ()
    checks: Rows = ()

    def context(self) -> dict[str, Any]:
        """The facts by name, as plain values that a template may use."""
        return {**asdict(self), "model": str(self.model)}


NAMES = frozenset(each.name for each in fields(Facts))
RECORD_NAMES = frozenset(each.name for each in fields(ApprovalFacts))
