"""A governed experiment on a fresh database: people, a trained model on disk, a small policy."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlmodel import select

from engines import projects
from engines.core.access import Actor, Role
from engines.core.database import Database
from engines.core.gate import Stage
from engines.core.model_ref import ModelRef
from engines.core.models import AppUser
from engines.core.secrets import EnvironmentSecrets
from engines.data_sources.models import Dataset
from engines.governance import approvals, documents, policies
from engines.governance.approvals import Board, Decision, FileHashes, Submission
from engines.training.models import TaskResult, TrainingRun
from engines.wired_content import ModelSources
from engines.wiring import ProjectExperiments

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SHA = "d" * 64
POLICY = """\
policy: house
title: House policy
about: A small one for tests.
materiality:
  exposure:
    amount_at_stake: {none: 1, below 1 million: 1, 1 to 50 million: 2, 50 million to 1 billion: 3,
                      above 1 billion: 4, unknown: 4}
  purpose:
    purpose: {exploration: 1, decision support: 2, automated decision: 3, risk management: 3,
              financial reporting: 4, regulatory capital: 4, unknown: 4}
tiers:
  - {key: low, title: Low, meaning: Little., starts_at: 1}
  - {key: high, title: High, meaning: Much., starts_at: 9}
stages:
  training:
    approvals:
      - {role: checker, count: 1, level: 1}
      - {role: validator, count: 1, level: 2}
    documents:
      - {kind: model_card, sections: [details]}
    checks:
      - {fact: holdout.roc_auc, label: ROC AUC on the hold-out, at_least: 0.65}
      - {fact: rows.train, label: Rows trained on, at_least: 200, severity: warn}
    expires_days: 365
    answer_within_days: 10
    then: %(then)s
  published:
    approvals: [{role: checker, count: 1, level: 1}]
    expires_days: 365
    answer_within_days: 10
    then: remind
  uat:
    approvals: [{role: deployer, count: 1, level: 1}]
    expires_days: 180
    answer_within_days: 10
    then: remind
  prod:
    approvals: [{role: checker, count: 2, level: 1}, {role: deployer, count: 1, level: 2}]
    expires_days: 90
    answer_within_days: 10
    then: remind
"""
PEOPLE: Mapping[str, tuple[str, ...]] = {
    "ana": ("analyst",),
    "carl": ("checker",),
    "cora": ("checker",),
    "vera": ("validator",),
    "dora": ("deployer",),
    "audrey": ("auditor",),
    "adam": ("admin",),
}
ANSWERS = {"purpose": "exploration", "amount_at_stake": "none"}


class GivenFacts:
    """Facts as a test sets them."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {"holdout.roc_auc": 0.8, "rows.train": 1000.0}

    def of(self, actor: Actor, model: ModelRef) -> dict[str, Any]:
        """The same facts for every model."""
        return self.values


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        """The moment; each look at it is a second later, so that orders are strict."""
        self.now += timedelta(seconds=1)
        return self.now

    def on(self, **by: float) -> datetime:
        """Move it forward."""
        self.now += timedelta(**by)
        return self.now


@dataclass
class Governed:
    """The board, its people, and one trained model of `owner`."""

    board: Board
    gate: approvals.ApprovalGate
    facts: GivenFacts
    clock: Clock
    folder: Path
    people: dict[str, Actor] = field(default_factory=dict)
    experiment: str = ""
    model: ModelRef = field(default_factory=lambda: ModelRef("none", "binary"))

    def person(self, name: str, *roles: str) -> Actor:
        """Add somebody who may sign in."""
        user = AppUser(id=f"user-{name}", name=name, roles=sorted(roles))
        with self.board.db.write() as session:
            session.add(user)
        self.people[name] = Actor(user.id, name, frozenset(Role(role) for role in roles))
        return self.people[name]

    def train(self, owner: str = "ana", experiment: str = "", run: str = "r1") -> ModelRef:
        """A trained model on disk and in the tables, with its card written."""
        actor = self.people[owner]
        if not experiment:
            made = projects.create(self.board.db, actor, "Churn", objective=dict(ANSWERS))
            experiment = made.id
        self.experiment = experiment
        self.undocumented(run, owner)
        self.write("details", "What it is.", owner)
        return self.model

    def undocumented(self, run: str, owner: str = "ana") -> ModelRef:
        """One more trained model of the experiment, of which nothing is written."""
        actor = self.people[owner]
        write_model(self.folder / "runs" / run / "binary")
        data = self.folder / "store" / f"{SHA}.parquet"
        data.parent.mkdir(exist_ok=True)
        data.write_bytes(b"rows")
        _tables(self.board.db, actor, self.experiment, run)
        self.model = ModelRef(run, "binary")
        return self.model

    def write(self, section: str, text: str, by: str = "ana", kind: str = "model_card") -> None:
        """Save a section of a document, on whatever version there is."""
        desk = documents.Desk(self.board.db, self.board.experiments, self, self.board.templates)
        known = {(s.kind, s.section): s.version for s in documents.current(desk.db, self.model)}
        edit = documents.edit_validation if kind == "validation_report" else documents.edit
        based_on = known.get((kind, section), 0)
        edit(desk, self.people[by], self.model, kind, section, text, based_on)

    def experiment_of(self, actor: Actor, run_id: str) -> str:
        """The experiment a run belongs to, for the documents."""
        return self.experiment

    def submit(self, stage: Stage = Stage.TRAINING, by: str = "ana") -> Submission:
        """Begin and submit."""
        draft = approvals.begin(self.board, self.people[by], self.model, stage)
        return approvals.submit(self.board, self.people[by], draft.id, "Please look.")

    def vote(
        self,
        row: Submission,
        by: str,
        decision: Decision = Decision.APPROVE,
        comment: str = "Seen.",
        for_id: str = "",
    ) -> Submission:
        """Vote on the content as submitted."""
        actor = self.people[by]
        told = (decision, row.content_hash, comment)
        return approvals.vote(self.board, actor, row.id, *told, for_id=for_id)

    def approve(self, stage: Stage = Stage.TRAINING) -> Submission:
        """Submit, and let everybody vote whom the small policy asks."""
        row = self.submit(stage)
        for name in VOTERS[stage]:
            row = self.vote(row, name)
        return row

    def approve_up_to(self, stage: Stage) -> Submission:
        """Approve every stage until this one."""
        for each in Stage:
            row = self.approve(each)
            if each is stage:
                return row
        raise AssertionError(stage)

    def file(self, name: str = "model.skops") -> Path:
        """A file of the model."""
        return self.folder / "runs" / self.model.run_id / self.model.task / name


VOTERS: Mapping[Stage, Sequence[str]] = {
    Stage.TRAINING: ("carl", "vera"),
    Stage.PUBLISHED: ("carl",),
    Stage.UAT: ("dora",),
    Stage.PROD: ("carl", "cora", "dora"),
}


def governed(
    db: Database,
    folder: Path,
    then: str = "remind",
    templates: documents.Templates | None = None,
    clock: Callable[[], datetime] | None = None,
) -> Governed:
    """A board on this database and folder, with people and the small policy, without a model."""
    facts, ticking = GivenFacts(), Clock()
    board = Board(
        db=db,
        experiments=ProjectExperiments(db),
        sources=ModelSources(db, folder / "runs", folder / "store", folder / "explanations"),
        facts=facts,
        secrets=EnvironmentSecrets(folder / "secrets", environ={}),
        templates=templates or documents.load_templates(),
        policy="house",
        hashes=FileHashes(),
        clock=clock or ticking,
    )
    house = Governed(board, approvals.ApprovalGate(board), facts, ticking, folder)
    for name, roles in PEOPLE.items():
        house.person(name, *roles)
    shipped = folder / "policies"
    shipped.mkdir(exist_ok=True)
    (shipped / "house.yaml").write_text(POLICY % {"then": then})
    policies.install(db, shipped, vocabulary(board.templates))
    return house


def vocabulary(templates: documents.Templates) -> policies.Vocabulary:
    """The words that the product's policies may use."""
    kinds = {k: [s.key for s in kind.sections] for k, kind in templates.kinds.items()}
    questions = {question.key: question.choices for question in projects.QUESTIONS}
    return policies.Vocabulary(questions=questions, documents=kinds)


def write_model(folder: Path) -> None:
    """The files of a trained model; what is in them does not matter to approvals."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.skops").write_bytes(b"a fitted pipeline" * 100)
    (folder / "model.json").write_text(json.dumps({"task": "binary", "target": "Churn"}))
    (folder / "metrics.json").write_text(json.dumps({"holdout": {"roc_auc": 0.8}}))
    made_with = {"git_commit": "c0ffee", "lock_sha256": "l" * 64}
    (folder / "environment.json").write_text(json.dumps(made_with))


def _tables(db: Database, actor: Actor, experiment: str, run: str) -> None:
    person = {"actor_id": actor.id, "actor_name": actor.name}
    column = {"name": "age", "alias": "C1", "type": "integer", "missing": 0, "distinct": 9}
    with db.write() as session:
        known = select(Dataset).where(Dataset.experiment_id == experiment)
        data = session.exec(known).first() or Dataset(
            experiment_id=experiment, name="t", sha256=SHA, raw_sha256=SHA, rows=1000,
            columns=[column], options={}, notes=[], change="Added", bytes=4,
            created_by=actor.id, created_by_name=actor.name,
        )  # fmt: skip
        session.add(data)
        session.flush()
        asked = {"tasks": ["binary"], "target": "Churn", "seed": 42}
        session.add(
            TrainingRun(
                id=run, experiment_id=experiment, dataset_id=data.id, dataset_sha256=SHA,
                state="succeeded", request=asked, **person,
            )
        )  # fmt: skip
        session.flush()
        holdout = {"roc_auc": 0.8}
        session.add(
            TaskResult(
                run_id=run, task="binary", state="succeeded", target="Churn", metric="roc_auc",
                winner_name="Ridge", holdout=holdout,
            )
        )  # fmt: skip
