"""What approvals ask of the rest of the product; `engines.wiring` answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from engines.core.access import Actor
from engines.core.database import Database, now
from engines.core.experiments import Experiments
from engines.core.model_ref import ModelRef
from engines.core.secrets import Secrets
from engines.governance.approvals.file_hashes import FileHashes
from engines.governance.documents import Templates

Fact = float | bool | str | None


@dataclass(frozen=True)
class Material:
    """What a model is made of, as the record and the disk have it now.

    `folder` holds the model's files, `data` is the table it was trained on; `schema` maps column to
    type; `makers` maps the ids of those who made it, by the tables, to what they did; `lineage` are
    the experiments this one was made from; `explanation` is the folder of its explanation.
    """

    model: ModelRef
    experiment_id: str
    title: str
    folder: Path
    data: Path
    code_commit: str
    lock_sha256: str
    holdout: Mapping[str, float]
    answers: Mapping[str, str]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    schema: Mapping[str, str] = field(default_factory=dict)
    characteristics: Mapping[str, Any] = field(default_factory=dict)
    makers: Mapping[str, str] = field(default_factory=dict)
    lineage: tuple[str, ...] = ()
    explanation: Path | None = None


class Sources(Protocol):
    """Where a model's material is found."""

    def of(self, model: ModelRef) -> Material:
        """The material of a trained model; whoever asks has checked. Raises NotFound."""


class Facts(Protocol):
    """What is measured of a model, for the policy's checks."""

    def of(self, actor: Actor, model: ModelRef) -> Mapping[str, Fact]:
        """Facts by name, as the policy reference lists them. Raises NotFound or NotAllowed."""


@dataclass(frozen=True)
class Board:
    """Everything that deciding about models needs; `clock` gives the present moment."""

    db: Database
    experiments: Experiments
    sources: Sources
    facts: Facts
    secrets: Secrets
    templates: Templates
    policy: str
    hashes: FileHashes = field(default_factory=FileHashes)
    clock: Callable[[], datetime] = now
