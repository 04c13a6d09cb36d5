"""Submissions: begun, submitted with frozen content, withdrawn, submitted again, revoked."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from engines.core import events
from engines.core.access import Actor, Capability, needs
from engines.core.errors import InvalidInput, NotFound, NotReady
from engines.core.gate import Stage
from engines.core.model_ref import ModelRef
from engines.governance import notices, policies
from engines.governance.approvals import attested, ballot, carrying, content, makers
from engines.governance.approvals.models import Submission
from engines.governance.approvals.port import Board
from engines.governance.approvals.readiness import Readiness, readiness
from engines.governance.approvals.states import State

LONGEST = 5_000  # characters of a comment or reason


@needs(Capability.MODEL_SUBMIT)
def begin(board: Board, actor: Actor, model: ModelRef, stage: Stage) -> Submission:
    """A draft for one stage, or the one there is. Raises NotReady, NotFound or NotAllowed."""
    material = board.sources.of(model)
    board.experiments.check_editable(actor, material.experiment_id)
    try:
        with board.db.write() as session:
            return _draft(board, session, actor, model, stage, material.experiment_id)
    except sa.exc.IntegrityError as error:
        raise NotReady("Somebody else has just begun this submission.") from error


@needs(Capability.MODEL_SUBMIT)
def submit(board: Board, actor: Actor, submission_id: str, comment: str = "") -> Submission:
    """Freeze the content and ask for the votes that the policy names.

    Raises NotReady with every reason that stands in the way, NotFound or NotAllowed.
    """
    draft = _own(board, actor, submission_id)
    ready = readiness(board, actor, draft.model, draft.at_stage)
    if ready.blocked:
        raise NotReady(
            f"This cannot be submitted yet: {' '.join(ready.blocked)}",
            hint="Mend what is named, then submit again.",
        )
    with board.db.write() as session:
        row = locked(session, submission_id)
        expect(row, State.DRAFT)
        _freeze(board, session, actor, row, ready, checked_text(comment))
        carried = carrying.carry(board, session, row, ready.material)
        policies.mark_used(session, ready.policy.id)
        told = {"stage": row.stage, "model": str(row.model), "content": row.content_hash}
        told |= attested.mark_submission(board.secrets, row)
        events.record(session, actor, attested.SUBMITTED, subject(row), **told, carried=carried)
        ask_voters(session, row)
    return row


@needs(Capability.MODEL_SUBMIT)
def resubmit(board: Board, actor: Actor, submission_id: str, comment: str = "") -> Submission:
    """Submit the model again, in place of a submission that is not approved or holds no more.

    Only what changed since is asked of those who had confirmed the rest. Raises as `submit`.
    """
    former = _own(board, actor, submission_id)
    if former.state == State.SUBMITTED:
        withdraw(board, actor, submission_id, "Replaced by a new submission.")
    draft = begin(board, actor, former.model, former.at_stage)
    return submit(board, actor, draft.id, comment)


@needs(Capability.MODEL_SUBMIT)
def withdraw(board: Board, actor: Actor, submission_id: str, reason: str) -> Submission:
    """Take a draft or a submission back. Raises NotReady, InvalidInput or NotAllowed."""
    _own(board, actor, submission_id)
    with board.db.write() as session:
        row = locked(session, submission_id)
        expect(row, State.DRAFT, State.SUBMITTED)
        waited = row.state == State.SUBMITTED
        end(board, session, actor, row, State.WITHDRAWN, checked_reason(reason))
        if waited:
            tell_voters(session, row, f"{row.title} was withdrawn")
    return row


@needs(Capability.APPROVAL_REVOKE)
def revoke(board: Board, actor: Actor, submission_id: str, reason: str) -> Submission:
    """End an approval at once, and with it every later stage. Raises NotReady or InvalidInput."""
    with board.db.write() as session:
        row = locked(session, submission_id)
        expect(row, State.APPROVED)
        end(board, session, actor, row, State.REVOKED, checked_reason(reason))
        title = f"The approval of {row.title} for {row.stage_words} was revoked"
        tell_makers(session, row, notices.Kind.APPROVAL_ENDED, title)
    return row


def locked(session: Session, submission_id: str) -> Submission:
    """The row, held for this transaction: SQLite serialises writers, PostgreSQL locks the row."""
    query = select(Submission).where(Submission.id == submission_id).with_for_update()
    row = session.exec(query).first()
    if row is None:
        raise NotFound("There is no such submission.", hint="Choose one from the list.")
    return row


def expect(row: Submission, *states: State) -> None:
    """Raise NotReady unless the submission is in one of the states."""
    if row.state not in states:
        raise NotReady(f"This submission is {row.state}.", hint="Reload the page.")


def subject(row: Submission) -> str:
    """What audit rows about it name."""
    return f"submission:{row.id}"


def end(
    board: Board, session: Session, actor: Actor, row: Submission, state: State, reason: str
) -> None:
    """Move a submission to a final state, and record it in the same transaction."""
    approved = row.state == State.APPROVED
    row.state, row.reason = state.value, reason
    if approved:
        row.ended_at = board.clock()
    else:
        row.decided_at = board.clock()
    session.add(row)
    act = f"{'approval' if approved else 'submission'}.{state.value}"
    told = {"stage": row.stage, "model": str(row.model)}
    events.record(session, actor, act, subject(row), reason=reason, **told)


def ask_voters(session: Session, row: Submission) -> None:
    """Tell who can fill the lowest open level that something waits for them."""
    given = ballot.given(session, row)
    title = f"{row.title} asks for approval: {row.stage_words}"
    for role in sorted({slot.role for slot in ballot.votable(row, given)}):
        spare = {*row.makers, row.submitter_id, *(vote.person_id for vote in given)}
        kind = notices.Kind.APPROVAL_ASKED
        notices.post(session, role, kind, title, row.comment, link(row), spare=spare)


def tell_voters(session: Session, row: Submission, title: str) -> None:
    """Tell those who have voted."""
    people = [vote.person_id for vote in ballot.given(session, row)]
    notices.post(session, people, notices.Kind.APPROVAL_ENDED, title, row.reason, link(row))


def tell_makers(session: Session, row: Submission, kind: notices.Kind, title: str) -> None:
    """Tell the submitter and the other makers."""
    people = {*row.makers, row.submitter_id}
    notices.post(session, people, kind, title, row.reason, link(row))


def link(row: Submission) -> notices.Link:
    """Where people find it."""
    return notices.Link("approvals", {"submission": row.id})


def checked_reason(text: str) -> str:
    """The reason, trimmed. Raises InvalidInput when there is none."""
    if not text.strip():
        raise InvalidInput("A reason is needed.", hint="Say in a few words why.")
    return checked_text(text)


def checked_text(text: str) -> str:
    """A comment, trimmed. Raises InvalidInput when it is too long."""
    if len(text) > LONGEST:
        raise InvalidInput(f"The text is longer than {LONGEST:,} characters.", hint="Shorten it.")
    return text.strip()


def _draft(
    board: Board, session: Session, actor: Actor, model: ModelRef, stage: Stage, experiment_id: str
) -> Submission:
    mine = select(Submission).where(Submission.run_id == model.run_id)
    mine = mine.where(Submission.task == model.task, Submission.stage == stage)
    known = session.exec(mine.where(Submission.state == State.DRAFT)).first()
    if known is not None:
        return known
    if session.exec(mine.where(Submission.state == State.SUBMITTED)).first():
        raise NotReady("This model is submitted for that stage.", hint="Wait, or withdraw it.")
    row = Submission(
        run_id=model.run_id,
        task=model.task,
        experiment_id=experiment_id,
        stage=stage.value,
        previous_id=_previous(session, experiment_id, model, stage),
        submitter_id=actor.id,
        submitter_name=actor.name,
        created_at=board.clock(),
    )
    session.add(row)
    session.flush()
    told = {"stage": row.stage, "model": str(model)}
    events.record(session, actor, "submission.begun", subject(row), **told)
    return row


def _previous(session: Session, experiment_id: str, model: ModelRef, stage: Stage) -> str | None:
    """The submission before this one: of the same experiment, task and stage, whatever the run."""
    query = (
        select(Submission.id)
        .where(Submission.experiment_id == experiment_id, Submission.task == model.task)
        .where(Submission.stage == stage, col(Submission.submitted_at).is_not(None))
        .order_by(col(Submission.submitted_at).desc())
    )
    return session.exec(query.limit(1)).first()


def _own(board: Board, actor: Actor, submission_id: str) -> Submission:
    """A submission of an experiment that the actor may change."""
    with board.db.read() as session:
        row = session.get(Submission, submission_id)
    if row is None:
        raise NotFound("There is no such submission.", hint="Choose one from the list.")
    board.experiments.check_editable(actor, row.experiment_id)
    return row


def _freeze(
    board: Board, session: Session, actor: Actor, row: Submission, ready: Readiness, comment: str
) -> None:
    asked, moment, material = ready.requirements, board.clock(), ready.material
    values: dict[str, Any] = {
        "state": State.SUBMITTED.value,
        "title": material.title,
        "tier": ready.tier.key,
        "tier_position": ready.tier.position,
        "raised_to": ready.raised_to,
        "policy_name": ready.policy.name,
        "policy_version": ready.policy.version,
        "policy_sha256": ready.policy.sha256,
        "answers": dict(material.answers),
        "characteristics": dict(material.characteristics),
        "facts": dict(ready.facts),
        "requirements": _asked(asked),
        "checks": [_check(result) for result in ready.checks],
        "items": [asdict(item) for item in ready.items],
        "content_hash": content.content_hash(ready.items),
        "snapshot": {
            "metrics": dict(material.holdout),
            "schema": dict(material.schema),
            "parameters": dict(material.parameters),
        },
        "makers": makers.makers(session, material, ready.policy),
        "submitter_id": actor.id,
        "submitter_name": actor.name,
        "comment": comment,
        "submitted_at": moment,
        "answer_by": moment + timedelta(days=asked.answer_within_days),
    }
    session.add(row.sqlmodel_update(values))
    session.flush()


def _asked(asked: policies.Requirements) -> dict[str, Any]:
    fields = {"role", "count", "level"}
    return {
        "approvals": [each.model_dump(mode="json", include=fields) for each in asked.approvals],
        "documents": asked.document_map,
        "expires_days": asked.expires_days,
        "answer_within_days": asked.answer_within_days,
        "then": asked.then.value,
        "escalate_to": asked.escalate_to,
        "reasons": list(asked.reasons),
    }


def _check(result: policies.CheckResult) -> dict[str, Any]:
    return {
        **result.check.model_dump(mode="json", exclude_none=True),
        "value": result.value,
        "passed": result.passed,
        "applies": result.applies,
        "sentence": result.sentence,
    }
