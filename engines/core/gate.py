"""The gate in front of every model: who wants to use it for what, and the permission given.

`engines.governance` answers. An engine that loads a model or hands one out takes a `Gate`, asks it
first, and does nothing when it raises. Files are then taken by `Permit.read`, so that what is used
is what the gate has seen, whatever happens to the folder in between.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from engines.core.access import Actor
from engines.core.errors import NotAllowed, NotFound
from engines.core.model_ref import ModelRef


class Stage(StrEnum):
    """How far a model is let; each stage asks for the one before it."""

    TRAINING = "training"
    PUBLISHED = "published"
    UAT = "uat"
    PROD = "prod"


STAGES = tuple(Stage)


class Purpose(StrEnum):
    """What somebody wants of a model."""

    TRIAL = "trial"  # the analysts try it in the experiment
    DOWNLOAD = "download"
    PUBLISH = "publish"
    PROMOTE = "promote"
    UAT = "uat"
    DEPLOY = "deploy"
    SCORE = "score"
    BATCH = "batch"


@dataclass(frozen=True)
class Permit:
    """One permission given: the model, the purpose, and the approval it rests on.

    `stage`, `submission_id` and `content_hash` are None where no approval was needed or given: a
    trial, or a maker's own download, which `approved` tells apart. `files` maps the name of each
    file of the model to the SHA-256 the gate saw; None from a gate that looks at none.
    """

    id: str
    model: ModelRef
    purpose: Purpose
    at: datetime
    stage: Stage | None = None
    submission_id: str | None = None
    content_hash: str | None = None
    files: Mapping[str, str] | None = None

    @property
    def approved(self) -> bool:
        """True when an approval that holds stands behind this permission."""
        return self.submission_id is not None

    def read(self, folder: Path, name: str) -> bytes:
        """The bytes of one file in the model's folder, which must be those the gate saw.

        Raises NotFound when it is gone and NotAllowed when it is another.
        """
        try:
            content = (folder / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError) as error:
            raise NotFound(
                f"The model's file is gone: “{name}”.", hint="Train again to have it back."
            ) from error
        self.check(name, hashlib.sha256(content).hexdigest())
        return content

    def check(self, name: str, sha256: str) -> None:
        """Raise NotAllowed unless the gate saw a file of this name with this hash."""
        if self.files is not None and self.files.get(name) != sha256:
            raise NotAllowed(
                f"“{name}” was changed while the model was being opened, so it is not used.",
                hint="Try again; if it stays, tell the platform team.",
            )


class Gate(Protocol):
    """The one question before a model is used."""

    def may_use(
        self, actor: Actor, model: ModelRef, purpose: Purpose, at: datetime | None = None
    ) -> Permit:
        """Permission for this use, recorded. Raises NotAllowed with the reason, also recorded."""
