"""Counting votes: which are still asked for, in their order, and who could give them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlmodel import Session, col, select

from engines.core.access import Role
from engines.governance.approvals.models import Submission, Vote
from engines.governance.approvals.states import Decision


@dataclass(frozen=True)
class Slot:
    """One role on one level, with the votes asked and given.

    `in_place_of` is the role that did not answer in time, where this one may vote instead.
    """

    level: int
    role: Role
    asked: int
    given: int
    in_place_of: Role | None = None

    @property
    def missing(self) -> int:
        """How many votes are still to come."""
        return max(self.asked - self.given, 0)


def given(session: Session, submission: Submission) -> list[Vote]:
    """Every vote on the submission, the oldest first."""
    mine = select(Vote).where(Vote.submission_id == submission.id)
    return list(session.exec(mine.order_by(col(Vote.at), col(Vote.id))))


def counted(submission: Submission, votes: Sequence[Vote], makers: Mapping[str, str]) -> list[Vote]:
    """The votes that count: a yes to exactly this content, by and for people who are no makers."""
    return [
        vote
        for vote in votes
        if vote.decision == Decision.APPROVE
        and vote.content_hash == submission.content_hash
        and vote.person_id not in makers
        and vote.principal_id not in makers
    ]


def slots(submission: Submission, votes: Sequence[Vote]) -> list[Slot]:
    """What the policy asked, by level and role, and how much of it these votes fill."""
    asked: Counter[tuple[int, str]] = Counter()
    for each in submission.requirements.get("approvals", []):
        asked[each["level"], each["role"]] += each["count"]
    yes = [vote for vote in votes if vote.decision == Decision.APPROVE]
    had = Counter((vote.level, vote.fills) for vote in yes)
    return [
        Slot(level, Role(role), n, had[level, role]) for (level, role), n in sorted(asked.items())
    ]


def open_slots(submission: Submission, votes: Sequence[Vote]) -> list[Slot]:
    """The unfilled slots of the lowest level that has any; higher levels wait."""
    missing = [slot for slot in slots(submission, votes) if slot.missing]
    lowest = min((slot.level for slot in missing), default=0)
    return [slot for slot in missing if slot.level == lowest]


def stand_ins(submission: Submission, votes: Sequence[Vote]) -> list[Slot]:
    """The open slots of the level that was late, as those of the role it was escalated to."""
    role = submission.requirements.get("escalate_to")
    if submission.escalated_at is None or not role:
        return []
    return [
        replace(slot, role=Role(role), in_place_of=slot.role)
        for slot in open_slots(submission, votes)
        if slot.level == submission.escalated_level and slot.role != role
    ]


def votable(submission: Submission, votes: Sequence[Vote]) -> list[Slot]:
    """Every slot that a vote may fill now, those of the roles that were asked first."""
    return [*open_slots(submission, votes), *stand_ins(submission, votes)]
