"""A model's tier: by its questionnaire, or a higher one that a reviewer has set."""

from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from engines.core import events
from engines.core.access import Actor, Capability, needs
from engines.core.errors import InvalidInput
from engines.core.model_ref import ModelRef
from engines.governance import policies
from engines.governance.approvals import content
from engines.governance.approvals.models import RaisedTier, Submission
from engines.governance.approvals.port import Board, Material


@needs(Capability.APPROVAL_REVOKE)
def raise_tier(
    board: Board, actor: Actor, model: ModelRef, tier: str, reason: str
) -> policies.Tier:
    """Lift the model's tier by hand; approvals for a lower one stop letting it be used.

    Raises InvalidInput for a lower or unknown tier or without a reason, NotFound or NotAllowed.
    """
    if not reason.strip():
        raise InvalidInput("A reason is needed.", hint="Say in a few words why.")
    material = board.sources.of(model)
    board.experiments.check_readable(actor, material.experiment_id)
    policy = policies.current(board.db, board.policy).policy
    with board.db.write() as session:
        before = tier_of(session, policy, material)
        found = policies.tier(policy, material.answers, tier)
        if found.position <= before.position:
            raise InvalidInput(
                f"The tier is “{before.title}” already.", hint="It can only be raised."
            )
        row = RaisedTier(
            run_id=model.run_id,
            task=model.task,
            tier=found.key,
            position=found.position,
            reason=reason.strip(),
            person_id=actor.id,
            person_name=actor.name,
            at=board.clock(),
        )
        session.add(row)
        told = {"before": before.key, "after": found.key, "reason": reason.strip()}
        events.record(session, actor, "tier.raised", f"model:{model}", **told)
    return found


def raised(session: Session, model: ModelRef, at: datetime | None = None) -> RaisedTier | None:
    """The highest tier that was set by hand, until now or by then."""
    return lifted(session, at, model).get(model)


def lifted(
    session: Session, at: datetime | None = None, model: ModelRef | None = None
) -> dict[ModelRef, RaisedTier]:
    """The highest tier set by hand for each model, or for one; until now or by then."""
    query = select(RaisedTier).order_by(col(RaisedTier.position))
    if model is not None:
        query = query.where(RaisedTier.run_id == model.run_id, RaisedTier.task == model.task)
    if at is not None:
        query = query.where(RaisedTier.at <= at)
    return {ModelRef(row.run_id, row.task): row for row in session.exec(query)}


def tier_of(session: Session, policy: policies.Policy, material: Material) -> policies.Tier:
    """The tier by the answers, or the higher one set by hand where this policy still knows it."""
    computed = policies.tier(policy, material.answers)
    lifted = raised(session, material.model)
    places = {rule.key: place for place, rule in enumerate(policy.tiers)}
    if lifted and places.get(lifted.tier, 0) > computed.position:
        return policies.tier(policy, material.answers, lifted.tier)
    return computed


def above(session: Session, submission: Submission, at: datetime | None) -> str:
    """Why the model is, or was then, above the tier it was approved for; "" when it was not."""
    found = raised(session, submission.model, at)
    return too_high(session, submission, found) if found else ""


def too_high(session: Session, submission: Any, lifted: RaisedTier) -> str:
    """Why a tier set by hand is above the one that was approved; "" when it is not.

    The answers are part of the content, so nothing else can lift a model since. `submission` is
    one, or a row of the same columns.
    """
    if lifted.tier in (submission.tier, submission.raised_to):
        return ""
    version = content.frozen_policy(session, submission)
    if version is None:
        return "The policy version of its approval is gone."
    places = {rule.key: place for place, rule in enumerate(version.policy.tiers)}
    if places.get(lifted.tier, 0) <= submission.tier_position:
        return ""
    return f"It is approved for the tier “{submission.tier}”, and is now “{lifted.tier}”."
