"""Where a model stands: which stages it is approved for, now or at some moment, and why not."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from engines.core.access import Actor, Capability, needs
from engines.core.errors import NotFound
from engines.core.gate import STAGES, Stage
from engines.core.model_ref import ModelRef
from engines.governance.approvals import ballot, content, rating, sealed, then
from engines.governance.approvals.content import Care, Change, Item
from engines.governance.approvals.models import Submission
from engines.governance.approvals.port import Board, Material
from engines.governance.approvals.states import DECIDED


@dataclass(frozen=True)
class Standing:
    """One stage of a model: its deciding submission, and whether that lets the model be used.

    `reason` says why it does not; `changes` name the content that is not what was approved.
    """

    stage: Stage
    submission: Submission | None
    holds: bool
    reason: str = ""
    changes: tuple[Change, ...] = ()


@needs(Capability.RESULTS_READ)
def standings(board: Board, actor: Actor, model: ModelRef) -> list[Standing]:
    """The model at every stage, in their order. Raises NotFound or NotAllowed."""
    material = board.sources.of(model)
    board.experiments.check_readable(actor, material.experiment_id)
    with board.db.read() as session:
        found = content.collect(board, session, material, Care.REMEMBERED)
        return list(chain(board, session, material, found))


def chain(
    board: Board,
    session: Session,
    material: Material,
    found: Sequence[Item],
    at: datetime | None = None,
) -> Iterator[Standing]:
    """Every stage in order, on content that was collected before; now, or as of a moment.

    Now is not a moment: what is on record as ended stays ended, whatever the clock says.
    """
    for stage in STAGES:
        yield _standing(board, session, material, found, stage, at)


def reaching(
    board: Board,
    session: Session,
    material: Material,
    found: Sequence[Item],
    stage: Stage,
) -> Standing:
    """The standing at `stage`, or the first earlier one that does not hold: each needs the last."""
    for standing in chain(board, session, material, found):
        if not standing.holds or standing.stage is stage:
            return standing
    raise NotFound(f"There is no stage {stage}.")


def decisive(
    session: Session, model: ModelRef, stage: Stage, at: datetime | None
) -> Submission | None:
    """The submission that was decided last, or last by then."""
    query = (
        select(Submission)
        .where(Submission.run_id == model.run_id, Submission.task == model.task)
        .where(Submission.stage == stage, col(Submission.state).in_(DECIDED))
        .where(col(Submission.decided_at).is_not(None))
        .order_by(col(Submission.decided_at).desc())
    )
    if at is not None:
        query = query.where(col(Submission.decided_at) <= at)
    return session.exec(query.limit(1)).first()


def newest_frozen(session: Session, model: ModelRef) -> Submission | None:
    """The submission of any stage that froze the model's content last."""
    query = (
        select(Submission)
        .where(Submission.run_id == model.run_id, Submission.task == model.task)
        .where(col(Submission.submitted_at).is_not(None))
        .order_by(col(Submission.submitted_at).desc())
    )
    return session.exec(query.limit(1)).first()


def differences(session: Session, submission: Submission, found: Sequence[Item]) -> list[Change]:
    """What of the frozen content is not as it was, with the policy version of then."""
    policy = content.frozen_policy(session, submission)
    return content.changes(content.of(submission), content.with_policy(found, policy))


def _standing(
    board: Board,
    session: Session,
    material: Material,
    found: Sequence[Item],
    stage: Stage,
    at: datetime | None,
) -> Standing:
    submission = decisive(session, material.model, stage, at)
    if submission is None:
        return Standing(stage, None, False, f"It is not approved for {then.WORDS[stage]}.")
    ending = then.endings(session, [submission.id]).get(submission.id)
    moment = at or board.clock()
    if over := then.over(submission, ending, moment, is_past=at is not None):
        return Standing(stage, submission, False, over)
    if fault := sealed.fault(board.secrets, submission, ballot.given(session, submission)):
        return Standing(stage, submission, False, fault)
    if changed := differences(session, submission, found):
        told = "; ".join(map(str, changed[:3]))
        reason = f"Its approval for {then.WORDS[stage]} is void: {told}."
        return Standing(stage, submission, False, reason, tuple(changed))
    if above := rating.above(session, submission, at):
        return Standing(stage, submission, False, above)
    return Standing(stage, submission, True)
