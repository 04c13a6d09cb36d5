"""The states of a submission, and what a checker may say to it."""

from enum import StrEnum


class State(StrEnum):
    """Where a submission stands; only `approved` ever lets a model be used."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    REVOKED = "revoked"
    VOID = "void"


OPEN = frozenset({State.DRAFT, State.SUBMITTED})
DECIDED = frozenset({State.APPROVED, State.EXPIRED, State.REVOKED, State.VOID})


class Decision(StrEnum):
    """A checker's answer."""

    APPROVE = "approve"
    RETURN = "return"
    REJECT = "reject"
