"""The question of record, answered for a page and as a file: by request, or by model and moment."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from engines.core.access import Actor, Capability, needs
from engines.core.errors import NotFound
from engines.core.gate import Stage
from engines.core.model_ref import ModelRef
from engines.governance.approvals import then
from engines.governance.approvals.models import GateDecision, Submission, Vote
from engines.governance.approvals.port import Board
from engines.governance.approvals.record import Record, carrying_id, record_of

FORMAT = "mlaas-record/1"


@dataclass(frozen=True)
class Ruling:
    """One decision of the gate, and the approval it looked at; None when there was none."""

    decision: GateDecision
    record: Record | None


@dataclass(frozen=True)
class StageRecord:
    """One stage of a model at a moment: the approval given last by then, and why it did not hold.

    `record` is None when none was given by then; `reason` is "" when the stage let the model be
    used, which needs every stage before it too.
    """

    stage: Stage
    record: Record | None
    reason: str

    @property
    def holds(self) -> bool:
        """True when the model might be used for this stage."""
        return not self.reason


@needs(Capability.APPROVAL_READ)
def rulings(board: Board, actor: Actor, request_id: str) -> list[Ruling]:
    """What the gate decided on a request, refusals too, oldest first; also found by a permit's id.

    Raises NotFound for what the gate never saw.
    """
    with board.db.read() as session:
        found = []
        for row in carrying_id(session, request_id.strip()):
            seen = session.get(Submission, row.submission_id) if row.submission_id else None
            record = record_of(board, session, seen, row.as_of, row) if seen else None
            found.append(Ruling(row, record))
    return found


@needs(Capability.APPROVAL_READ)
def stood(board: Board, actor: Actor, model: ModelRef, at: datetime) -> list[StageRecord]:
    """Every stage of a model as of a moment, in their order, whatever became of it since.

    Raises NotFound for a moment to come: nothing is on record of it.
    """
    if at > board.clock():
        raise NotFound("Nothing is on record of a moment to come.", hint="Choose an earlier one.")
    with board.db.read() as session:
        stages = then.past(session, at, model).get(model, then.NOTHING).stages
        found, before = [], ""
        for each in stages:
            row = session.get(Submission, each.submission_id) if each.submission_id else None
            record = record_of(board, session, row, at) if row else None
            own = each.reason if row else f"It was not approved for {then.WORDS[each.stage]}."
            found.append(StageRecord(each.stage, record, own or before))
            before = before or (f"It needs the stage before. {own}" if own else "")
    return found


def as_file(
    asked: dict[str, Any], answered_at: datetime, found: Sequence[Ruling | StageRecord]
) -> dict[str, Any]:
    """The answer as an object for JSON: what was asked, when it was answered, what was found."""
    told = {"format": FORMAT, "asked": asked, "answered_at": answered_at}
    rulings = [_ruling(each) for each in found if isinstance(each, Ruling)]
    stages = [_stage(each) for each in found if isinstance(each, StageRecord)]
    return told | ({"decisions": rulings} if rulings else {"stages": stages})


def _ruling(ruling: Ruling) -> dict[str, Any]:
    row = ruling.decision
    return {
        "permit": row.id if row.allowed else None,
        "decision": row.id,
        "request": row.request_id,
        "allowed": row.allowed,
        "reason": row.reason,
        "purpose": row.purpose,
        "at": row.at,
        "as_of": row.as_of,
        "asked_by": {"id": row.actor_id, "name": row.actor_name},
        "model": f"{row.run_id}/{row.task}",
        "stage": row.stage,
        "approval": _approval(ruling.record),
    }


def _stage(each: StageRecord) -> dict[str, Any]:
    told = {"stage": each.stage, "holds": each.holds, "reason": each.reason}
    return told | {"approval": _approval(each.record)}


def _approval(record: Record | None) -> dict[str, Any] | None:
    if record is None:
        return None
    row = record.submission
    policy = {"name": row.policy_name, "version": row.policy_version, "sha256": row.policy_sha256}
    return {
        "submission": row.id,
        "title": row.title,
        "model": str(record.model),
        "stage": row.stage,
        "tier": row.tier,
        "data_sha256": record.data_sha256,
        "policy": policy,
        "approvers": [_approver(vote) for vote in record.votes],
        "submitted_by": {"id": row.submitter_id, "name": row.submitter_name},
        "submitted_at": row.submitted_at,
        "decided_at": row.decided_at,
        "expires_at": row.expires_at,
        "ended_at": row.ended_at,
        "content_hash": row.content_hash,
        "items": [asdict(item) for item in record.items],
        "signed": row.signed,
        "signature": row.signature,
        "public_key": row.public_key,
        "fault": record.fault,
    }


def _approver(vote: Vote) -> dict[str, Any]:
    return {
        "id": vote.person_id,
        "name": vote.person_name,
        "for": vote.principal_name if vote.principal_id != vote.person_id else "",
        "role": vote.role,
        "in_place_of": vote.in_place_of or "",
        "level": vote.level,
        "at": vote.at,
        "comment": vote.comment,
    }
