"""What releasing works with: the database, the gate, the store, and what other engines know."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pandas as pd
from sqlmodel import Session

from engines.artifacts.models import Release
from engines.artifacts.port import ArtifactStore
from engines.core.access import Actor
from engines.core.database import Database
from engines.core.experiments import Experiments
from engines.core.gate import Gate
from engines.core.model_ref import ModelRef
from engines.core.scheduling import Scheduler


class Sources(Protocol):
    """What a release is made of, as the engines that know it give it."""

    def experiment_id(self, actor: Actor, model: ModelRef) -> str:
        """The experiment the model belongs to. Raises NotFound, NotAllowed."""

    def folder(self, actor: Actor, model: ModelRef) -> Path:
        """The model's folder. Raises NotFound, NotAllowed."""

    def scripts(self, actor: Actor, model: ModelRef) -> Mapping[str, bytes]:
        """README.md, predict.py and requirements.txt, made for this model."""

    def evidence(self, actor: Actor, model: ModelRef) -> Mapping[str, bytes]:
        """Model card, approvals and their signature, by file name; empty when there are none."""

    def holdout(self, actor: Actor, model: ModelRef) -> pd.DataFrame | None:
        """The hold-out's rows with the model's columns; None when they are gone or forbidden."""


class Announce(Protocol):
    """Tells people what became of a release, inside the transaction of the act."""

    def __call__(self, session: Session, release: Release, news: "News") -> None:
        """Tell it; what cannot be told does not happen."""


@dataclass(frozen=True)
class News:
    """`act` as the audit row names it, in which repository, the reason given or the failure.

    `asker` is the id of whoever asked for the act.
    """

    act: str
    where: str
    why: str
    asker: str


def tell_nobody(session: Session, release: Release, news: News) -> None:
    """For a depot that has nobody to tell."""


@dataclass(frozen=True)
class Depot:
    """Where releases are made and kept. `work_dir` holds a bundle while it is made."""

    db: Database
    experiments: Experiments
    gate: Gate
    store: ArtifactStore
    scheduler: Scheduler
    sources: Sources
    work_dir: Path
    announce: Announce = tell_nobody
