"""Trained models in the database, and people who are users."""

from datetime import timedelta

import pytest

from engines import projects
from engines.core.access import Actor, Role
from engines.core.database import now
from engines.core.model_ref import ModelRef
from engines.core.models import AppUser
from engines.data_sources import Dataset
from engines.training import TaskResult, TrainingRun
from engines.wired_models import TrainedModels


@pytest.fixture
def person(db):
    """People who can sign in: `person("vera", "validator")`."""

    def add(name, *roles):
        user = AppUser(id=f"user-{name}", name=name, roles=list(roles), password_hash=None)
        with db.write() as session:
            session.add(user)
        return Actor(user.id, name, frozenset(Role(role) for role in roles))

    return add


@pytest.fixture
def maker(person):
    return person("mia", "analyst")


@pytest.fixture
def validator(person):
    return person("vera", "validator")


@pytest.fixture
def auditor(person):
    return person("otto", "auditor")


@pytest.fixture
def trained_model(db, maker):
    """One trained model more: `trained_model("run1")`."""

    def train(run_id, task="binary", name="Churn", owner=None):
        owner = owner or maker
        experiment = projects.create(db, owner, name)
        data = Dataset(
            experiment_id=experiment.id, name="telco.csv", sha256="ab" * 32, raw_sha256="cd" * 32,
            rows=1000, columns=[], options={}, notes=[], change="upload", bytes=1,
            created_by=owner.id, created_by_name=owner.name,
        )  # fmt: skip
        run = TrainingRun(
            id=run_id, experiment_id=experiment.id, dataset_id=data.id, dataset_sha256=data.sha256,
            state="succeeded", request={}, actor_id=owner.id, actor_name=owner.name,
        )  # fmt: skip
        result = TaskResult(
            run_id=run_id, task=task, state="succeeded", target="Churn", metric="roc_auc",
            winner_name="LightGBM", holdout={"roc_auc": 0.84},
            finished_at=now() - timedelta(hours=1),
        )  # fmt: skip
        with db.write() as session:
            session.add(data)
            session.add(run)
            session.flush()
            session.add(result)
        return ModelRef(run_id, task)

    return train


@pytest.fixture
def model(trained_model):
    return trained_model("run1")


@pytest.fixture
def models(db, tmp_path):
    return TrainedModels(db, tmp_path / "runs")
