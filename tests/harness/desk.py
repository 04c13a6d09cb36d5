"""The engines on a running product's data: what people do there outside a browser."""

import json
import time
from dataclasses import dataclass, field
from datetime import timedelta

from app.documents_facts import facts_of
from engines import data_sources, projects, training
from engines.core import users
from engines.core.access import Actor
from engines.core.database import now
from engines.core.experiments import ExperimentState
from engines.core.gate import Stage
from engines.core.model_ref import ModelRef
from engines.governance import approvals, documents, register
from engines.training import Candidate, Task, TaskResult, TrainingRequest, TrainingRun, environment
from engines.wiring import Services
from tests.harness.run_folders import telco

WINNER = "Logistic regression"
FEATURES = {"tenure", "MonthlyCharges", "Contract", "InternetService", "PaymentMethod"}
MEDIUM = {
    "purpose": "automated decision", "amount_at_stake": "none", "customers_affected": "none",
    "vendor_model": "no",
}  # fmt: skip


@dataclass
class Desk:
    """The engines on the running product's data, for what people do outside a browser."""

    svc: Services
    model: ModelRef = field(default_factory=lambda: ModelRef("none", "binary"))

    def person(self, name: str) -> Actor:
        """The user of that name."""
        with self.svc.db.read() as session:
            found = users.named(session, name)
        assert found is not None
        return found.actor

    def train(self) -> None:
        """A small model of telco churn, of the middle tier, by the product's own worker."""
        svc, maker = self.svc, self.person("analyst")
        made = projects.create(svc.db, maker, "Churn to approve", "", MEDIUM)
        folder = svc.settings.paths.samples
        data = data_sources.use_sample(svc.datasets, maker, made.id, "telco_churn.csv", folder)
        names = {column["name"] for column in data.columns}
        request = TrainingRequest(
            made.id, data.id, (Task.BINARY,), "Churn", algorithms=("lr",), folds=3,
            left_out=tuple(sorted(names - FEATURES - {"Churn"})),
        )  # fmt: skip
        where = (svc.experiments, svc.datasets, svc.scheduler)
        run = training.start(svc.db, maker, request, *where)
        while training.run(svc.db, maker, run.id, svc.experiments).state in ("queued", "running"):
            time.sleep(0.3)
        self.model = ModelRef(run.id, "binary")

    def plant(self, name: str = "Churn to watch") -> None:
        """A model fitted here on a thousand rows and put where training leaves it: in seconds."""
        svc, maker = self.svc, self.person("analyst")
        made = projects.create(svc.db, maker, name, "", MEDIUM)
        samples = svc.settings.paths.samples
        data = data_sources.use_sample(svc.datasets, maker, made.id, "telco_churn.csv", samples)
        asked = TrainingRequest(made.id, data.id, (Task.BINARY,), "Churn", algorithms=("lr",))
        run = TrainingRun(
            experiment_id=made.id, dataset_id=data.id, dataset_sha256=data.sha256,
            state="succeeded", request=asked.as_json(), actor_id=maker.id,
            actor_name=maker.name, finished_at=now(),
        )  # fmt: skip
        folder = telco(svc.runs_dir / run.id, samples)
        (folder / "environment.json").write_text(json.dumps(environment.fingerprint()))
        scores = json.loads((folder / "metrics.json").read_text("utf-8"))["holdout"]
        with svc.db.write() as session:
            session.add(run)
            session.flush()
            session.add_all(_outcome(run.id, scores))
        svc.experiments.advance(maker, made.id, ExperimentState.TRAINED)
        self.model = ModelRef(run.id, Task.BINARY.value)

    def document(self, but: str = "") -> None:
        """Draft the documents and answer what is asked of a person, `but` one section."""
        svc, maker = self.svc, self.person("analyst")
        run = training.run(svc.db, maker, self.model.run_id, svc.experiments)
        facts = facts_of(svc, maker, run, self.model.task)
        for kind in ("model_development", "model_card", "data_sheet"):
            documents.draft(svc.documents, maker, facts, kind)
        for gap in approvals.readiness(svc.board, maker, self.model, Stage.TRAINING).gaps:
            if gap.section != but:
                self.write(gap.kind, gap.section, "Answered by the one who made it.")

    def write(self, kind: str, section: str, text: str, by: str = "analyst") -> None:
        """Save a section on whatever version there is."""
        desk, model = self.svc.documents, self.model
        known = {(s.kind, s.section): s.version for s in documents.current(desk.db, model)}
        save = documents.edit_validation if kind == "validation_report" else documents.edit
        save(desk, self.person(by), model, kind, section, text, known.get((kind, section), 0))

    def validate(self) -> None:
        """The validator writes the report that publishing asks for."""
        maker = self.person("analyst")
        for gap in approvals.readiness(self.svc.board, maker, self.model, Stage.PUBLISHED).gaps:
            self.write(gap.kind, gap.section, "Examined: fit for its purpose.", "validator")

    def submit(self, stage: Stage) -> str:
        """Ask for the stage; the submission's id."""
        board, maker = self.svc.board, self.person("analyst")
        draft = approvals.begin(board, maker, self.model, stage)
        return approvals.submit(board, maker, draft.id, "The next step.").id

    def approve(self, submission: str, *names: str) -> None:
        """Votes for it."""
        for name in names:
            actor = self.person(name)
            row = approvals.open_submission(self.svc.board, actor, submission).submission
            told = (approvals.Decision.APPROVE, row.content_hash, "Looked at.")
            approvals.vote(self.svc.board, actor, submission, *told)

    def find(self, title: str) -> str:
        """A finding about the model, by the validator, for the checker to put right; its id."""
        owner, day = self.person("checker").id, now().date() + timedelta(days=30)
        told = (title, "Seen in the data.", "high", owner, day)
        where = (self.svc.db, self.person("validator"), self.svc.models, self.model)
        return register.open_finding(*where, *told).id


def _outcome(run_id: str, scores: dict[str, float]) -> list[TaskResult | Candidate]:
    """A training's result: a logistic regression that beats the baseline."""
    board = {"dummy": ("Baseline", 0.5, False), "lr": (WINNER, scores["roc_auc"], True)}
    lines = [
        Candidate(
            run_id=run_id, task="binary", algorithm=algorithm, name=name, metric="roc_auc",
            state="succeeded", score=score, is_winner=won,
        )
        for algorithm, (name, score, won) in board.items()
    ]  # fmt: skip
    result = TaskResult(
        run_id=run_id, task="binary", state="succeeded", target="Churn", metric="roc_auc",
        winner_name=WINNER, holdout=scores, facts={"rows": 800},
    )  # fmt: skip
    return [*lines, result]
