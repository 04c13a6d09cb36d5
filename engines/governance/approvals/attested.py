"""Submissions, votes and escalations are signed into the audit trail as they happen.

The tables alone are not believed when an approval is given: whoever can write them, and even a row
of the trail, cannot write a signature. What does not fit its mark is not counted.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlmodel import Session, col, select

from engines.core.errors import NotReady
from engines.core.events import AuditEvent
from engines.core.secrets import Secrets
from engines.governance.approvals import signing
from engines.governance.approvals.content import canonical
from engines.governance.approvals.models import Submission, Vote

ASKED = (
    "id", "run_id", "task", "experiment_id", "stage", "tier", "tier_position", "raised_to",
    "policy_name", "policy_version", "policy_sha256", "answers", "characteristics", "facts",
    "requirements", "checks", "content_hash", "submitter_id", "makers", "submitted_at",
    "answer_by",
)  # fmt: skip
CAST = (
    "submission_id", "person_id", "person_name", "principal_id", "principal_name", "role",
    "in_place_of", "level", "decision", "comment", "content_hash", "parts", "at",
)  # fmt: skip
LATE = ("id", "escalated_at", "escalated_level")
SUBMITTED, VOTED, ESCALATED = "submission.submitted", "submission.voted", "submission.escalated"
COPIED = frozenset({"submission_id"})  # what is another in a vote that was taken over


def mark_submission(secrets: Secrets, row: Submission) -> dict[str, str]:
    """The mark of what was submitted and what is asked, for its audit event. Raises NotReady."""
    return _mark(secrets, SUBMITTED, _of(row, ASKED))


def mark_vote(secrets: Secrets, vote: Vote) -> dict[str, str]:
    """The mark of a vote as it was cast. Raises NotReady."""
    return _mark(secrets, VOTED, _of(vote, CAST))


def mark_escalation(secrets: Secrets, row: Submission) -> dict[str, str]:
    """The mark of what was opened to the role it was escalated to. Raises NotReady."""
    return _mark(secrets, ESCALATED, _of(row, LATE))


def check(secrets: Secrets, session: Session, row: Submission, votes: Sequence[Vote]) -> None:
    """Raise NotReady unless submission, escalation and votes are what was done here."""
    if not _is_marked(secrets, session, row.id, SUBMITTED, _of(row, ASKED)):
        raise _foreign("This submission is not the one that was made here.")
    late = row.escalated_at is not None
    if late and not _is_marked(secrets, session, row.id, ESCALATED, _of(row, LATE)):
        raise _foreign("This submission was not escalated here.")
    for vote in votes:
        cast = _as_cast(session, vote)
        if not _is_marked(secrets, session, cast.submission_id, VOTED, _of(cast, CAST)):
            raise _foreign(f"The vote of {vote.person_name} on it was not cast here.")


def _as_cast(session: Session, vote: Vote) -> Vote:
    """The vote that was given, of which this may be the copy. Raises NotReady."""
    cast, seen = vote, {vote.id}
    while cast.carried_from:
        before = session.get(Vote, cast.carried_from)
        same = [name for name in CAST if name not in COPIED]
        if before is None or before.id in seen or _of(before, same) != _of(cast, same):
            raise _foreign(f"The vote of {vote.person_name} is not the one it was taken over from.")
        seen.add(before.id)
        cast = before
    return cast


def _of(row: Submission | Vote, names: Sequence[str]) -> dict[str, Any]:
    told = {name: getattr(row, name) for name in names}
    return {n: v.isoformat() if hasattr(v, "isoformat") else v for n, v in told.items()}


def _mark(secrets: Secrets, act: str, told: dict[str, Any]) -> dict[str, str]:
    made = signing.sign(secrets, canonical({"act": act, **told}))
    return {"mark": made.signature, "mark_key": made.public_key}


def _is_marked(
    secrets: Secrets, session: Session, submission_id: str, act: str, told: dict[str, Any]
) -> bool:
    text, known = canonical({"act": act, **told}), signing.public_keys(secrets)
    return any(
        key in known and signing.verify(text, mark, key)
        for mark, key in _marks(session, submission_id, act)
    )


def _marks(session: Session, submission_id: str, act: str) -> Iterator[tuple[str, str]]:
    query = select(AuditEvent.detail).where(
        col(AuditEvent.subject) == f"submission:{submission_id}", col(AuditEvent.act) == act
    )
    for detail in session.exec(query):
        yield str(detail.get("mark", "")), str(detail.get("mark_key", ""))


def _foreign(text: str) -> NotReady:
    return NotReady(
        text,
        hint="Withdraw it and submit it again. Unless MLAAS was updated meanwhile, somebody wrote "
        "into the database: tell the security team.",
    )
