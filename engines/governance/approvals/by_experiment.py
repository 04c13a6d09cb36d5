"""How far the models of experiments have come towards an approval, for lists and the stepper."""

from collections.abc import Collection

from sqlmodel import col, select

from engines.core.access import Actor, Capability, needs
from engines.core.database import Database, now
from engines.governance.approvals.models import Submission
from engines.governance.approvals.states import State

SHOWN = (State.SUBMITTED, State.APPROVED)


@needs(Capability.EXPERIMENT_READ)
def of_experiments(db: Database, actor: Actor, experiment_ids: Collection[str]) -> dict[str, State]:
    """Experiment id → approved when an approval of any stage stands, else submitted when one waits.

    Read from the record without looking at the content: a list says what was decided, the gate
    says what may be used. Nothing is stored for it, because approvals end.
    """
    query = (
        select(Submission.experiment_id, Submission.state)
        .where(col(Submission.experiment_id).in_(experiment_ids), col(Submission.state).in_(SHOWN))
        .where(col(Submission.expires_at).is_(None) | (col(Submission.expires_at) > now()))
    )
    with db.read() as session:
        found = set(session.exec(query.distinct()))
    waiting = {experiment: State.SUBMITTED for experiment, _ in found}
    approved = {experiment for experiment, state in found if state == State.APPROVED}
    return waiting | dict.fromkeys(approved, State.APPROVED)
