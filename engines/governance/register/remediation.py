"""Findings: opened by a reviewer, put right by their owner, closed by somebody else."""

from datetime import date
from typing import Any

from sqlmodel import Session, col, select

from engines.core import events
from engines.core.access import Actor, Capability, needs
from engines.core.database import Database, now
from engines.core.errors import InvalidInput, NotFound, NotReady
from engines.core.model_ref import ModelRef
from engines.core.models import AppUser
from engines.governance import notices
from engines.governance.approvals.models import Submission
from engines.governance.register.finding_states import (
    FindingState,
    check_move,
    next_states,
    severity,
    words,
)
from engines.governance.register.models import Finding, FindingStep
from engines.governance.register.port import Models

LONGEST_TITLE, LONGEST_TEXT, LONGEST_NOTE = 200, 5_000, 1_000  # characters


@needs(Capability.FINDING_WRITE)
def open_finding(
    db: Database,
    actor: Actor,
    models: Models,
    model: ModelRef,
    title: str,
    text: str,
    severity_name: str,
    owner_id: str,
    due_on: date,
    submission_id: str | None = None,
) -> Finding:
    """Open a finding about a model, or about one submission of it, and tell its owner.

    Raises InvalidInput, or NotFound for a model, submission or person that does not exist.
    """
    record = models.of(actor, model)
    with db.write() as session:
        finding = Finding(
            run_id=model.run_id,
            task=model.task,
            model_title=record.title,
            submission_id=_checked_submission(session, model, submission_id),
            state=FindingState.OPEN.value,
            opened_by=actor.id,
            opened_by_name=actor.name,
            makers=sorted(record.makers),
            **_fields(session, title, text, severity_name, owner_id, due_on),
        )
        session.add(finding)
        session.flush()
        _step(session, actor, finding, "", "")
        about = {"model": str(model), "severity": finding.severity, "owner": finding.owner_name}
        _record(session, actor, "finding.opened", finding, due=due_on, **about)
        _tell(session, actor, finding, "is yours")
    return finding


@needs(Capability.FINDING_WRITE)
def edit_finding(
    db: Database,
    actor: Actor,
    finding_id: str,
    title: str,
    text: str,
    severity_name: str,
    owner_id: str,
    due_on: date,
    reason: str,
    based_on: int,
) -> Finding:
    """Change what a finding says, whose it is or when it is due; `based_on` is the version seen.

    Raises InvalidInput, NotFound, or NotReady when it is closed or was changed meanwhile.
    """
    said = _checked_note(reason)
    with db.write() as session:
        finding = _locked(session, finding_id)
        _check_fresh(finding, based_on)
        if finding.state == FindingState.CLOSED:
            raise NotReady("This finding is closed.", hint="Reopen it, then change it.")
        values = _fields(session, title, text, severity_name, owner_id, due_on)
        changed = {k: v for k, v in values.items() if getattr(finding, k) != v}
        if not changed:
            return finding
        before = {key: getattr(finding, key) for key in changed}
        _save(session, finding, **changed)
        _step(session, actor, finding, finding.state, said)
        _record(
            session, actor, "finding.changed", finding, before=before, after=changed, reason=said
        )
        if "owner_id" in changed:
            _tell(session, actor, finding, "is yours now")
    return finding


@needs(Capability.INVENTORY_READ)
def move_finding(
    db: Database, actor: Actor, finding_id: str, state: str, note: str, based_on: int
) -> Finding:
    """Move a finding to its next state. The owner works on it; reviewers close or reopen it.

    Raises InvalidInput without a note, NotAllowed, NotFound, NotReady for a step that does not
    follow or when it was changed meanwhile.
    """
    said, wanted = _checked_note(note), _checked_state(state)
    with db.write() as session:
        finding = _locked(session, finding_id)
        _check_fresh(finding, based_on)
        check_move(finding, actor, involved(session, finding), wanted)
        before = finding.state
        closed_at = now() if wanted is FindingState.CLOSED else None
        _save(session, finding, state=wanted.value, closed_at=closed_at)
        _step(session, actor, finding, before, said)
        _record(session, actor, "finding.moved", finding, before=before, after=state, note=said)
        _tell(session, actor, finding, f"is {words(wanted)}")
    return finding


@needs(Capability.INVENTORY_READ)
def finding(db: Database, actor: Actor, finding_id: str) -> Finding:
    """One finding. Raises NotFound."""
    with db.read() as session:
        return _found(session.get(Finding, finding_id))


@needs(Capability.INVENTORY_READ)
def finding_steps(db: Database, actor: Actor, finding_id: str) -> list[FindingStep]:
    """Everything that happened to a finding, newest first."""
    with db.read() as session:
        query = select(FindingStep).where(FindingStep.finding_id == finding_id)
        return list(session.exec(query.order_by(col(FindingStep.number).desc())))


@needs(Capability.INVENTORY_READ)
def possible_moves(db: Database, actor: Actor, finding_id: str) -> list[FindingState]:
    """Where the actor may move the finding now."""
    with db.read() as session:
        known = _found(session.get(Finding, finding_id))
        return next_states(known, actor, involved(session, known))


@needs(Capability.INVENTORY_READ)
def possible_owners(db: Database, actor: Actor) -> dict[str, str]:
    """Everybody who can own a finding: id to name, by name."""
    enabled = select(AppUser.id, AppUser.name).where(col(AppUser.disabled_at).is_(None))
    with db.read() as session:
        return dict(session.exec(enabled.order_by(AppUser.name)).all())


def involved(session: Session, finding: Finding) -> frozenset[str]:
    """Who made the model, ever owned the finding, or said that it is resolved."""
    steps = select(FindingStep).where(FindingStep.finding_id == finding.id)
    found = {finding.owner_id, *finding.makers}
    for step in session.exec(steps):
        found.add(step.owner_id)
        if step.after == FindingState.RESOLVED and step.before != step.after:
            found.add(step.person_id)
    return frozenset(found)


def _fields(
    session: Session, title: str, text: str, severity_name: str, owner_id: str, due_on: date
) -> dict[str, Any]:
    cleaned = " ".join(title.split())
    if not cleaned:
        raise InvalidInput("The finding has no title.", hint="Say in one line what is wrong.")
    if len(cleaned) > LONGEST_TITLE or len(text) > LONGEST_TEXT:
        raise InvalidInput(
            f"A title holds {LONGEST_TITLE} characters, a description {LONGEST_TEXT:,}.",
            hint="Shorten it.",
        )
    owner = session.get(AppUser, owner_id)
    if owner is None or owner.disabled_at:
        raise NotFound("The owner is nobody who can sign in.", hint="Choose somebody else.")
    return {
        "title": cleaned,
        "text": text.strip(),
        "severity": severity(severity_name).value,
        "owner_id": owner.id,
        "owner_name": owner.name,
        "due_on": due_on,
    }


def _checked_submission(session: Session, model: ModelRef, submission_id: str | None) -> str | None:
    if not submission_id:
        return None
    submission = session.get(Submission, submission_id)
    if submission is None or submission.model != model:
        raise NotFound("This model has no such submission.", hint="Choose one of its own.")
    return submission.id


def _checked_note(note: str) -> str:
    if not note.strip():
        raise InvalidInput("A reason is missing.", hint="Say in a few words why.")
    return note.strip()[:LONGEST_NOTE]


def _checked_state(state: str) -> FindingState:
    if state not in set(FindingState):
        raise InvalidInput(f"“{state}” is no state of a finding.")
    return FindingState(state)


def _check_fresh(finding: Finding, based_on: int) -> None:
    if finding.version != based_on:
        raise NotReady(
            "Somebody changed this finding while you looked at it.",
            hint="Look at it again, then repeat your change.",
        )


def _locked(session: Session, finding_id: str) -> Finding:
    query = select(Finding).where(Finding.id == finding_id).with_for_update()
    return _found(session.exec(query).first())


def _found(finding: Finding | None) -> Finding:
    if finding is None:
        raise NotFound("There is no such finding.", hint="Choose one from the list.")
    return finding


def _save(session: Session, finding: Finding, **values: Any) -> None:
    finding.sqlmodel_update({**values, "version": finding.version + 1, "updated_at": now()})
    session.add(finding)


def _step(session: Session, actor: Actor, finding: Finding, before: str, note: str) -> None:
    session.add(
        FindingStep(
            finding_id=finding.id,
            number=finding.version,
            person_id=actor.id,
            person_name=actor.name,
            before=before,
            after=finding.state,
            owner_id=finding.owner_id,
            owner_name=finding.owner_name,
            note=note,
        )
    )


def _record(session: Session, actor: Actor, act: str, finding: Finding, **detail: Any) -> None:
    events.record(session, actor, act, f"finding:{finding.id}", title=finding.title, **detail)


def _tell(session: Session, actor: Actor, finding: Finding, what: str) -> None:
    """Tell the owner and whoever opened it, apart from the one who acts."""
    title = f"Finding “{finding.title}” {what}"
    text = f"{finding.model_title}: {finding.severity}, due {finding.due_on:%Y-%m-%d}."
    link = notices.Link("findings", {"finding": finding.id})
    people = {finding.owner_id, finding.opened_by}
    notices.post(session, people, notices.Kind.FINDING, title, text, link, spare={actor.id})
