"""Earlier submissions, as the preview of a changed policy judges them again."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from engines.core.access import Actor, Capability, needs
from engines.core.gate import Stage
from engines.governance import policies
from engines.governance.approvals import ballot, content
from engines.governance.approvals.content import Kind
from engines.governance.approvals.models import Submission
from engines.governance.approvals.port import Board
from engines.governance.approvals.states import State

MOST = 500


@dataclass(frozen=True)
class PastSubmission:
    """One submission as it was judged; documents are “kind/section” names that were written."""

    id: str
    title: str
    stage: Stage
    answers: Mapping[str, str]
    raised_to: str | None
    characteristics: Mapping[str, Any]
    facts: Mapping[str, policies.Fact]
    documents: frozenset[str]
    votes: tuple[policies.Vote, ...]
    policy_name: str
    policy_version: int


@needs(Capability.POLICY_MANAGE)
def past_submissions(board: Board, actor: Actor) -> list[PastSubmission]:
    """The last 500 submissions of every model, the newest first."""
    sent = select(Submission).where(col(Submission.state) != State.DRAFT)
    sent = sent.where(col(Submission.submitted_at).is_not(None))
    with board.db.read() as session:
        rows = session.exec(sent.order_by(col(Submission.submitted_at).desc()).limit(MOST))
        return [_told(session, row) for row in rows]


def _told(session: Session, row: Submission) -> PastSubmission:
    written = {item.name for item in content.of(row) if item.kind == Kind.DOCUMENT}
    votes = ballot.counted(row, ballot.given(session, row), row.makers)
    return PastSubmission(
        id=row.id,
        title=row.title,
        stage=row.at_stage,
        answers=row.answers,
        raised_to=row.raised_to,
        characteristics=row.characteristics,
        facts=row.facts,
        documents=frozenset(written),
        votes=tuple(policies.Vote(vote.fills, vote.level) for vote in votes),
        policy_name=row.policy_name,
        policy_version=row.policy_version,
    )
