"""Voting: one voice a person, on exactly the content that was looked at, never by a maker."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from sqlmodel import Session

from engines.core import events
from engines.core.access import Actor, Capability, needs
from engines.core.errors import InvalidInput, NotAllowed, NotFound, NotReady
from engines.core.gate import STAGES
from engines.core.models import AppUser
from engines.governance import notices
from engines.governance.approvals import (
    attested,
    ballot,
    carrying,
    content,
    delegating,
    makers,
    people,
    sealed,
    standing,
    submissions,
)
from engines.governance.approvals.ballot import Slot
from engines.governance.approvals.content import Care
from engines.governance.approvals.models import Submission, Vote
from engines.governance.approvals.port import Board, Material
from engines.governance.approvals.states import Decision, State


@dataclass(frozen=True)
class Voice:
    """In whose name and role somebody votes."""

    principal_id: str
    principal_name: str
    slot: Slot


@dataclass(frozen=True)
class Part:
    """One part of the content as a reviewer meets it; `known`: confirmed by them before."""

    name: str
    hash: str
    known: bool


@needs(Capability.APPROVAL_VOTE)
def vote(
    board: Board,
    actor: Actor,
    submission_id: str,
    decision: Decision,
    content_hash: str,
    comment: str = "",
    confirmed: Collection[str] | None = None,
    for_id: str = "",
) -> Submission:
    """Approve, return with comments, or reject: the submission as it stands afterwards.

    `content_hash` is that of the content looked at; `confirmed` the parts looked at (None: all);
    `for_id` somebody whose vote was delegated to the actor. Raises NotReady (content or state
    changed, a level waits), NotAllowed (a maker, no role, voted already), InvalidInput, NotFound.
    """
    ask = _Ask(board, actor, submission_id, Decision(decision), content_hash, comment, confirmed)
    try:
        return ask.cast(for_id)
    except NotAllowed as refusal:
        with board.db.write() as session:
            subject, act = f"submission:{submission_id}", "submission.vote_refused"
            events.record(session, actor, act, subject, reason=refusal.message, speaks_for=for_id)
        raise


@needs(Capability.APPROVAL_READ)
def parts(board: Board, actor: Actor, submission_id: str) -> list[Part]:
    """The parts of a submission's content, and which of them the actor has confirmed before."""
    with board.db.read() as session:
        row = session.get(Submission, submission_id)
        if row is None:
            raise NotFound("There is no such submission.")
        before = carrying.confirmed(session, row, actor.id)
    board.experiments.check_readable(actor, row.experiment_id)
    now = content.parts(content.of(row))
    return [Part(name, digest, before.get(name) == digest) for name, digest in now.items()]


@dataclass(frozen=True)
class _Ask:
    """One vote on its way."""

    board: Board
    actor: Actor
    submission_id: str
    decision: Decision
    content_hash: str
    comment: str
    confirmed: Collection[str] | None

    def cast(self, for_id: str) -> Submission:
        comment = submissions.checked_text(self.comment)
        if self.decision is not Decision.APPROVE and not comment:
            raise InvalidInput("A comment is needed.", hint="Say what has to change, or why not.")
        material = self._look()
        try:
            with self.board.db.write() as session:
                row = submissions.locked(session, self.submission_id)
                self._check(session, row, material)
                voice = self._voice(session, row, material, for_id)
                self._save(session, row, voice, comment)
                self._conclude(session, row, material)
        except sa.exc.IntegrityError as error:
            raise NotReady("This vote has been counted already.") from error
        return row

    def _look(self) -> Material:
        """Read every file before the transaction, so that it need not wait for disks."""
        with self.board.db.read() as session:
            row = session.get(Submission, self.submission_id)
            if row is None:
                raise NotFound("There is no such submission.", hint="Choose one from the list.")
            self.board.experiments.check_readable(self.actor, row.experiment_id)
            material = self.board.sources.of(row.model)
            content.collect(self.board, session, material, Care.ALL)
        return material

    def _check(self, session: Session, row: Submission, material: Material) -> None:
        submissions.expect(row, State.SUBMITTED)
        if row.content_hash != self.content_hash:
            raise NotReady("The submission is not the one you looked at.", hint="Reload the page.")
        found = content.collect(self.board, session, material, Care.REMEMBERED)
        if changed := standing.differences(session, row, found):
            told = "; ".join(map(str, changed[:3]))
            raise NotReady(
                f"The content has changed since it was submitted: {told}.",
                hint="It has to be submitted again.",
            )
        if self.decision is not Decision.APPROVE:
            return
        attested.check(self.board.secrets, session, row, ballot.given(session, row))
        if row.answer_by and self.board.clock() >= row.answer_by and _ends(row):
            raise NotReady("The time for an answer is over.", hint="It has to be submitted again.")
        if place := STAGES.index(row.at_stage):
            before = STAGES[place - 1]
            reached = standing.reaching(self.board, session, material, found, before)
            if not reached.holds:
                raise NotReady(f"{reached.reason} That comes first.")

    def _voice(self, session: Session, row: Submission, material: Material, for_id: str) -> Voice:
        policy = content.frozen_policy(session, row)
        made = makers.of_submission(session, row, material, policy)
        makers.refuse_maker(made, self.actor.id, self.actor.name)
        user = people.present(session, self.actor)
        given = ballot.given(session, row)
        if people.accounts(session, [user.id]).keys() & {vote.person_id for vote in given}:
            raise NotReady("You have voted on this submission.", hint="One vote a person counts.")
        slots = ballot.votable(row, given)
        if for_id and for_id != self.actor.id:
            voice = _delegated(session, self.board, self.actor, for_id, slots)
            makers.refuse_maker(made, voice.principal_id, voice.principal_name)
        else:
            voice = Voice(self.actor.id, self.actor.name, _own(user, slots))
        voices = people.accounts(session, [voice.principal_id])
        if voices.keys() & {vote.principal_id for vote in given}:
            raise NotReady(f"The vote of {voice.principal_name} has been counted already.")
        return voice

    def _save(self, session: Session, row: Submission, voice: Voice, comment: str) -> None:
        known = carrying.confirmed(session, row, self.actor.id)
        every = content.parts(content.of(row))
        looked = set(every if self.confirmed is None else self.confirmed)
        looked |= {part for part, digest in every.items() if known.get(part) == digest}
        if self.decision is Decision.APPROVE and (unseen := sorted(every.keys() - looked)):
            names = ", ".join(part.replace("document:", "").replace("_", " ") for part in unseen)
            raise InvalidInput(f"These parts are not confirmed: {names}.", hint="Look at them.")
        cast = Vote(
            submission_id=row.id,
            person_id=self.actor.id,
            person_name=self.actor.name,
            principal_id=voice.principal_id,
            principal_name=voice.principal_name,
            role=voice.slot.role.value,
            in_place_of=voice.slot.in_place_of.value if voice.slot.in_place_of else None,
            level=voice.slot.level,
            decision=self.decision.value,
            comment=comment,
            content_hash=row.content_hash,
            parts={part: digest for part, digest in every.items() if part in looked},
            at=self.board.clock(),
        )
        session.add(cast)
        session.flush()
        told = {"decision": self.decision, "role": voice.slot.role, "level": voice.slot.level}
        told |= {"content": row.content_hash, "comment": comment, "model": str(row.model)}
        if voice.principal_id != self.actor.id:
            told |= {"speaks_for": voice.principal_id}
        if voice.slot.in_place_of:
            told |= {"in_place_of": voice.slot.in_place_of}
        told |= attested.mark_vote(self.board.secrets, cast)
        events.record(session, self.actor, attested.VOTED, submissions.subject(row), **told)

    def _conclude(self, session: Session, row: Submission, material: Material) -> None:
        if self.decision is Decision.APPROVE:
            self._approve(session, row, material)
            return
        returned = self.decision is Decision.RETURN
        state = State.RETURNED if returned else State.REJECTED
        submissions.end(self.board, session, self.actor, row, state, self.comment.strip())
        kind = notices.Kind.APPROVAL_RETURNED if returned else notices.Kind.APPROVAL_DECIDED
        submissions.tell_makers(session, row, kind, f"{row.title} was {state.value}")

    def _approve(self, session: Session, row: Submission, material: Material) -> None:
        """Count again from the table; with every slot filled, sign and approve."""
        policy = content.frozen_policy(session, row)
        made = makers.of_submission(session, row, material, policy)
        votes = ballot.counted(row, ballot.given(session, row), made)
        if any(slot.missing for slot in ballot.slots(row, votes)):
            submissions.ask_voters(session, row)
            return
        moment = self.board.clock()
        row.state, row.decided_at, row.makers = State.APPROVED.value, moment, made
        row.expires_at = moment + timedelta(days=row.requirements["expires_days"])
        sealed.seal(self.board.secrets, session, row, votes)
        session.add(row)
        told = {"stage": row.stage, "model": str(row.model), "content": row.content_hash}
        told |= {"signature": row.signature, "expires": row.expires_at.isoformat()}
        act = "approval.given"
        events.record(session, self.actor, act, submissions.subject(row), **told)
        kind = notices.Kind.APPROVAL_DECIDED
        submissions.tell_makers(
            session, row, kind, f"{row.title} is approved for {row.stage_words}"
        )


def _ends(row: Submission) -> bool:
    """True when the policy ends a submission that was not answered in time."""
    return row.requirements["then"] in ("return", "reject")


def _own(user: AppUser, slots: Sequence[Slot]) -> Slot:
    """The first open slot for a role that the person holds at this moment."""
    roles = user.actor.roles
    for slot in slots:
        if slot.role in roles:
            return slot
    waits = ", ".join(f"{slot.role} (level {slot.level})" for slot in slots) or "nobody"
    raise NotAllowed(f"This waits for {waits}, and you hold no such role.")


def _delegated(
    session: Session, board: Board, actor: Actor, for_id: str, slots: Sequence[Slot]
) -> Voice:
    """The voice of somebody who delegated the role of an open slot to the actor."""
    for row in delegating.in_force(session, actor.id, board.clock()):
        for slot in slots:
            if (row.giver_id, row.role) == (for_id, slot.role):
                return Voice(row.giver_id, row.giver_name, slot)
    raise NotAllowed(
        "No vote that is asked for here was delegated to you by that person.",
        hint="A delegation is for one role and a period.",
    )
