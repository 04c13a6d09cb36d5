"""What releasing needs of others, made small: a model's folder, a gate, a queue, the depot."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from engines import artifacts
from engines.artifacts import Depot, Placement, Repository
from engines.artifacts.port import ArtifactStore
from engines.core.access import Actor
from engines.core.database import Database, new_id
from engines.core.errors import NotAllowed, NotFound
from engines.core.gate import Permit, Purpose, Stage
from engines.core.model_card import read_card
from engines.core.model_ref import ModelRef
from engines.core.progress import Silent
from engines.core.scheduling import JobRequest, JobState, JobStatus
from engines.results.script import libraries, predict_script, requirements

EVIDENCE = {"model_card.md": b"# Card\n", "approval.json": b'{"votes": 2}', "approval.sig": b"c2ln"}


@dataclass
class OpenGate:
    """Lets everything through but the refused purposes, and remembers what it was asked."""

    refused: dict[Purpose, str] = field(default_factory=dict)
    content_hash: str = "c" * 64
    asked: list[tuple[str, Purpose]] = field(default_factory=list)

    def may_use(
        self, actor: Actor, model: ModelRef, purpose: Purpose, at: datetime | None = None
    ) -> Permit:
        """A permit, or the reason why not."""
        self.asked.append((actor.name, purpose))
        if purpose in self.refused:
            raise NotAllowed(self.refused[purpose])
        moment = at or datetime.now(UTC)
        return Permit(new_id(), model, purpose, moment, Stage.PUBLISHED, "s1", self.content_hash)


class AllReadable:
    """Experiments that everybody may see and change."""

    def check_readable(self, actor: Actor, experiment_id: str) -> None:
        """Never refuse."""

    check_editable = check_readable


@dataclass
class Queue:
    """Jobs that wait; `live` says which are still worked on."""

    requests: list[JobRequest] = field(default_factory=list)
    live: bool = True
    error: str = ""

    def submit(self, actor: Actor, request: JobRequest) -> None:
        """Keep the request."""
        self.requests.append(request)

    def cancel(self, actor: Actor, key: str, reason: str) -> None:
        """End the job."""
        self.live, self.error = False, f"Cancelled by {actor.name}: {reason}"

    def status(self, key: str) -> JobStatus:
        """Running while `live`, ended afterwards."""
        if key not in [one.key for one in self.requests]:
            raise NotFound("No such job.")
        ended = JobState.CANCELLED if self.error else JobState.FAILED
        state = JobState.RUNNING if self.live else ended
        at = datetime.now(UTC)
        return JobStatus(key, "publish", "e1", state, 0.0, "", self.error, 1, at, at, None)


@dataclass
class FolderSources:
    """Models below one folder, with the scripts that results makes."""

    root: Path
    rows: pd.DataFrame | None = None
    more: Mapping[str, bytes] = field(default_factory=lambda: dict(EVIDENCE))
    experiment: str = "e1"

    def experiment_id(self, actor: Actor, model: ModelRef) -> str:
        """The one experiment."""
        return self.experiment

    def folder(self, actor: Actor, model: ModelRef) -> Path:
        """The model's folder."""
        return self.root / model.run_id / model.task

    def scripts(self, actor: Actor, model: ModelRef) -> Mapping[str, bytes]:
        """The same as of a download."""
        folder = self.folder(actor, model)
        card = read_card(folder)
        return {
            "README.md": b"# A model\n",
            "predict.py": predict_script("series" in card.facts).encode(),
            "requirements.txt": requirements(libraries(folder), card).encode(),
        }

    def evidence(self, actor: Actor, model: ModelRef) -> Mapping[str, bytes]:
        """A card, an approval, its signature."""
        return self.more

    def holdout(self, actor: Actor, model: ModelRef) -> pd.DataFrame | None:
        """The rows given."""
        return self.rows


def depot_on(db: Database, store: ArtifactStore, root: Path, work: Path, **more: Any) -> Depot:
    """A depot on models below `root`; `more` replaces its parts."""
    parts: dict[str, Any] = {
        "experiments": AllReadable(), "gate": OpenGate(), "scheduler": Queue(),
        "sources": FolderSources(root), **more,
    }  # fmt: skip
    return Depot(db=db, store=store, work_dir=work, **parts)


def promoted(depot: Depot, actor: Actor, release_id: str, to: Repository, why: str) -> Placement:
    """Ask for the promotion, and do at once what its job does."""
    artifacts.request_promotion(depot, actor, release_id, to, why)
    return artifacts.promote(depot, actor, release_id, to, Silent())
