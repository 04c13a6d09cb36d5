"""The gate in front of every model: who wants to use it for what, and the permission given.

`engines.governance` answers. An engine that loads a model or hands one out takes a `Gate`, asks it
first, and does nothing when it raises.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from engines.core.access import Actor
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
    trial, or a maker's own download, which `approved` tells apart.
    """

    id: str
    model: ModelRef
    purpose: Purpose
    at: datetime
    stage: Stage | None = None
    submission_id: str | None = None
    content_hash: str | None = None

    @property
    def approved(self) -> bool:
        """True when an approval that holds stands behind this permission."""
        return self.submission_id is not None


class Gate(Protocol):
    """The one question before a model is used."""

    def may_use(
        self, actor: Actor, model: ModelRef, purpose: Purpose, at: datetime | None = None
    ) -> Permit:
        """Permission for this use, recorded. Raises NotAllowed with the reason, also recorded."""
