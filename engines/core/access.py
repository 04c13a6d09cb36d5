"""Who may do what: roles, capabilities, and the guard that every engine function carries."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import wraps
from typing import ParamSpec, TypeVar

from engines.core.errors import NotAllowed

P = ParamSpec("P")
T = TypeVar("T")


class Role(StrEnum):
    """What a person is in the flow; one person may hold several."""

    ANALYST = "analyst"
    CHECKER = "checker"
    VALIDATOR = "validator"
    DEPLOYER = "deployer"
    AUDITOR = "auditor"
    ADMIN = "admin"


class Capability(StrEnum):
    """One thing a person may be allowed to do."""

    EXPERIMENT_READ = "experiment.read"
    EXPERIMENT_WRITE = "experiment.write"
    DATA_READ = "data.read"
    DATA_WRITE = "data.write"
    EDA_READ = "eda.read"
    EDA_RUN = "eda.run"
    TRAINING_RUN = "training.run"
    RESULTS_READ = "results.read"
    MODEL_DOWNLOAD = "model.download"
    JOB_READ = "job.read"
    JOB_CANCEL = "job.cancel"
    AUDIT_READ = "audit.read"
    USERS_MANAGE = "users.manage"
    ACCOUNT_OWN = "account.own"
    INBOX_OWN = "inbox.own"
    APPROVAL_READ = "approval.read"
    MODEL_SUBMIT = "model.submit"
    APPROVAL_VOTE = "approval.vote"
    APPROVAL_REVOKE = "approval.revoke"
    DELEGATE_OWN = "delegation.own"
    POLICY_READ = "policy.read"
    POLICY_MANAGE = "policy.manage"
    DOCUMENT_WRITE = "document.write"
    VALIDATION_WRITE = "validation.write"
    FINDING_WRITE = "finding.write"
    INVENTORY_READ = "inventory.read"
    REPORT_EXPORT = "report.export"
    EXPLAIN_RUN = "explanation.run"
    ARTIFACT_READ = "artifact.read"
    ARTIFACT_PUBLISH = "artifact.publish"
    ARTIFACT_PROMOTE = "artifact.promote"


C = Capability
EVERYBODY = frozenset(
    {C.EXPERIMENT_READ, C.JOB_READ, C.ACCOUNT_OWN, C.INBOX_OWN, C.POLICY_READ, C.INVENTORY_READ}
)
READING = EVERYBODY | {C.RESULTS_READ, C.APPROVAL_READ, C.ARTIFACT_READ}
VOTING = frozenset({C.APPROVAL_VOTE, C.DELEGATE_OWN})
MATRIX: dict[Role, frozenset[Capability]] = {
    Role.ANALYST: READING
    | {C.EXPERIMENT_WRITE, C.DATA_READ, C.DATA_WRITE, C.EDA_READ, C.EDA_RUN}
    | {C.TRAINING_RUN, C.MODEL_DOWNLOAD, C.JOB_CANCEL}
    | {C.MODEL_SUBMIT, C.DOCUMENT_WRITE, C.EXPLAIN_RUN, C.ARTIFACT_PUBLISH},
    Role.CHECKER: READING
    | VOTING
    | {C.DATA_READ, C.EDA_READ}
    | {C.APPROVAL_REVOKE, C.FINDING_WRITE},
    Role.VALIDATOR: READING
    | VOTING
    | {C.DATA_READ, C.EDA_READ, C.MODEL_DOWNLOAD, C.EXPLAIN_RUN}
    | {C.APPROVAL_REVOKE, C.FINDING_WRITE, C.VALIDATION_WRITE, C.REPORT_EXPORT},
    Role.DEPLOYER: READING
    | VOTING
    | {C.MODEL_DOWNLOAD, C.ARTIFACT_PUBLISH, C.ARTIFACT_PROMOTE, C.JOB_CANCEL},
    Role.AUDITOR: READING | {C.EDA_READ, C.AUDIT_READ, C.FINDING_WRITE, C.REPORT_EXPORT},
    Role.ADMIN: EVERYBODY | {C.JOB_CANCEL, C.AUDIT_READ, C.USERS_MANAGE, C.POLICY_MANAGE},
}


@dataclass(frozen=True)
class Actor:
    """The person on whose behalf an engine function acts."""

    id: str
    name: str
    roles: frozenset[Role]

    def may(self, capability: Capability) -> bool:
        """True when any of the actor's roles carries the capability."""
        return any(capability in MATRIX[role] for role in self.roles)


def require(actor: Actor, capability: Capability) -> None:
    """Refuse the actor who lacks the capability. Raises NotAllowed."""
    if not actor.may(capability):
        held = ", ".join(sorted(actor.roles)) or "no role"
        raise NotAllowed(
            f"This needs the permission “{capability}”, and you hold {held}.",
            hint="Ask an administrator for a role that has it.",
        )


def needs(capability: Capability) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Guard a function that takes an `actor`; the capability stays readable as `.capability`."""

    def guard(function: Callable[P, T]) -> Callable[P, T]:
        signature = inspect.signature(function)

        @wraps(function)
        def checked(*args: P.args, **kwargs: P.kwargs) -> T:
            require(signature.bind(*args, **kwargs).arguments["actor"], capability)
            return function(*args, **kwargs)

        checked.capability = capability  # type: ignore[attr-defined]
        return checked

    return guard
