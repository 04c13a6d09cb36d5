"""A desk on a migrated database, with one experiment and the facts of one model."""

from dataclasses import dataclass, field

import pytest

from engines import projects
from engines.core.model_ref import ModelRef
from engines.governance import documents
from engines.governance.documents import ExplanationFacts, Facts
from engines.wiring import ProjectExperiments


@dataclass
class KnownRuns:
    """Which experiment each run belongs to."""

    runs: dict[str, str] = field(default_factory=dict)

    def experiment_of(self, actor, run_id):
        return self.runs[run_id]


@pytest.fixture
def experiment(db, analyst):
    return projects.create(db, analyst, "Churn", "Who will leave?")


@pytest.fixture
def model():
    return ModelRef("run1", "binary")


@pytest.fixture
def validator(make_actor):
    return make_actor("validator", name="Vera")


@pytest.fixture
def desk(db, experiment, model):
    known = KnownRuns({model.run_id: experiment.id})
    return documents.Desk(db, ProjectExperiments(db), known, documents.load_templates())


CHECKS = (
    {
        "label": "ROC AUC on the hold-out", "value": 0.831, "limit": "at least 0.700",
        "passed": True, "severity": "block", "sentence": "It is good enough.",
    },
    {
        "label": "Selection rate", "value": 0.31, "limit": "at most 0.200",
        "passed": False, "severity": "warn", "sentence": "Groups differ too much.",
    },
)  # fmt: skip
BOARD = (
    {
        "candidate": "Logistic regression", "score": 0.842, "low": 0.82, "high": 0.86,
        "state": "succeeded", "winner": True,
    },
    {
        "candidate": "Baseline", "score": 0.5, "low": 0.5, "high": 0.5,
        "state": "succeeded", "winner": False,
    },
)  # fmt: skip
COLUMN = {
    "column": "tenure", "type": "integer", "missing": 0, "distinct": 70,
    "meaning": "months | as customer", "unit": "months",
}  # fmt: skip
SCORE = {
    "metric": "ROC AUC", "better": "higher", "folds": 0.842, "low": 0.82, "high": 0.86,
    "holdout": 0.831,
}  # fmt: skip
EXPLAINED = ExplanationFacts(
    sentences=("Exact for a linear model.",),
    importance=({"feature": "tenure", "importance": 0.7},),
    fairness=({"attribute": "gender", "measure": "selection rate", "value": 0.31},),
)


@pytest.fixture
def facts(model, experiment):
    return Facts(
        model=model,
        experiment_id=experiment.id,
        title="Churn",
        task="Binary classification",
        algorithm="Logistic regression",
        description="Who will leave?",
        owner="analyst",
        target="Churn",
        metric="ROC AUC",
        trained_by="analyst",
        data_name="telco.csv",
        data_sha256="ab" * 32,
        rows=1000,
        holdout_rows=200,
        columns=(COLUMN,),
        leaderboard=BOARD,
        metrics=(SCORE,),
        parameters=({"name": "C", "value": 1.0},),
        request=({"name": "Folds", "value": 5},),
        environment=({"name": "scikit-learn", "value": "1.4.2"},),
        importance=({"feature": "tenure", "importance": 0.1, "std": 0.01},),
        checks=CHECKS,
        explanation=EXPLAINED,
        figures={"roc": "ROC curve on the hold-out", "shap": "SHAP importance"},
    )
