"""The gate: one function that every use of a model passes. What is not allowed is refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from engines.core import events
from engines.core.access import Actor, Capability, require
from engines.core.correlation import correlation_id
from engines.core.errors import NotAllowed
from engines.core.gate import STAGES, Permit, Purpose, Stage
from engines.core.model_ref import ModelRef
from engines.core.users import SYSTEM
from engines.governance import notices
from engines.governance.approvals import ballot, content, makers, standing, submissions
from engines.governance.approvals.content import Care, Change, Item, Kind
from engines.governance.approvals.models import GateDecision, Submission
from engines.governance.approvals.port import Board, Material
from engines.governance.approvals.standing import Standing
from engines.governance.approvals.states import State

NEEDED: Mapping[Purpose, Capability] = {
    Purpose.TRIAL: Capability.RESULTS_READ,
    Purpose.DOWNLOAD: Capability.MODEL_DOWNLOAD,
    Purpose.PUBLISH: Capability.ARTIFACT_PUBLISH,
    Purpose.PROMOTE: Capability.ARTIFACT_PROMOTE,
    Purpose.UAT: Capability.ARTIFACT_PROMOTE,
    Purpose.DEPLOY: Capability.ARTIFACT_PROMOTE,
    Purpose.SCORE: Capability.RESULTS_READ,
    Purpose.BATCH: Capability.RESULTS_READ,
}
STAGE: Mapping[Purpose, Stage] = {
    Purpose.DOWNLOAD: Stage.TRAINING,
    Purpose.PUBLISH: Stage.PUBLISHED,
    Purpose.PROMOTE: Stage.UAT,
    Purpose.UAT: Stage.UAT,
    Purpose.DEPLOY: Stage.PROD,
    Purpose.SCORE: Stage.PROD,
    Purpose.BATCH: Stage.PROD,
}
# Trying a model looks again at files that changed; what leaves or decides is read whole. Scoring
# reads the model's own files each time and trusts the remembered hash for the data.
CARE: Mapping[Purpose, Care] = {
    Purpose.TRIAL: Care.REMEMBERED,
    Purpose.DOWNLOAD: Care.MODEL,
    Purpose.SCORE: Care.MODEL,
}
BARRED = {
    Purpose.TRIAL: frozenset({State.REVOKED}),
    Purpose.DOWNLOAD: frozenset({State.REVOKED, State.VOID}),
}


@dataclass(frozen=True)
class _Verdict:
    """What is to be said: a reason means no; `voided` are approvals that do not hold any more."""

    reason: str = ""
    standing: Standing | None = None
    voided: tuple[Standing, ...] = ()


class ApprovalGate:
    """The gate over the approvals of one board."""

    def __init__(self, board: Board) -> None:
        self._board = board

    def may_use(
        self, actor: Actor, model: ModelRef, purpose: Purpose, at: datetime | None = None
    ) -> Permit:
        """Permission for this use, now or as of `at`.

        Refusals, and every use but a trial, leave a row and an audit event; an approval whose
        content is found changed is void from then on. Raises NotAllowed with the reason, NotFound
        for no such model, and whatever keeps the decision from being recorded.
        """
        require(actor, NEEDED[purpose])
        material = self._board.sources.of(model)
        self._board.experiments.check_readable(actor, material.experiment_id)
        asked = at or self._board.clock()
        with self._board.db.read() as session:
            found = content.collect(self._board, session, material, CARE.get(purpose, Care.ALL))
            verdict = self._judge(session, actor, material, purpose, at, found)
        decision = self._decision(actor, model, purpose, asked, verdict)
        if not decision.allowed or purpose is not Purpose.TRIAL or verdict.voided:
            self._record(actor, decision, verdict)
        if not decision.allowed:
            raise NotAllowed(
                f"This model may not be used for {purpose.value}: {decision.reason}",
                hint="The Approvals page shows what is missing.",
            )
        stage = Stage(decision.stage) if decision.stage else None
        return Permit(
            id=decision.id,
            model=model,
            purpose=purpose,
            at=decision.at,
            stage=stage,
            submission_id=decision.submission_id,
            content_hash=decision.content_hash,
            files={item.name: item.sha256 for item in found if item.kind == Kind.FILE},
        )

    def _judge(
        self,
        session: Session,
        actor: Actor,
        material: Material,
        purpose: Purpose,
        at: datetime | None,
        found: list[Item],
    ) -> _Verdict:
        chain = list(standing.chain(self._board, session, material, found, at))
        voided = tuple(each for each in chain if each.changes)
        if barred := BARRED.get(purpose):
            reason = _barred(session, material, chain, found, barred)
            if reason or purpose is Purpose.TRIAL:
                return _Verdict(reason, None, voided)
        reached = _reached(chain, STAGE[purpose])
        if not reached.holds and purpose is Purpose.DOWNLOAD:
            reason = self._stranger(session, actor, material, reached)
            return _Verdict(reason, None, voided)
        return _Verdict(reached.reason, reached, voided)

    def _stranger(
        self, session: Session, actor: Actor, material: Material, reached: Standing
    ) -> str:
        """Why an unapproved model is not for this person; "" for its makers and its reviewers."""
        if actor.id in makers.makers(session, material):
            return ""
        newest = standing.newest_frozen(session, material.model)
        if newest is not None and newest.state == State.SUBMITTED:
            waiting = ballot.slots(newest, [])
            if any(slot.role in actor.roles for slot in waiting):
                return ""
        return reached.reason

    def _decision(
        self, actor: Actor, model: ModelRef, purpose: Purpose, asked: datetime, verdict: _Verdict
    ) -> GateDecision:
        reached = verdict.standing
        row = reached.submission if reached else None
        return GateDecision(
            request_id=correlation_id(),
            at=self._board.clock(),
            as_of=asked,
            actor_id=actor.id,
            actor_name=actor.name,
            run_id=model.run_id,
            task=model.task,
            purpose=purpose.value,
            allowed=not verdict.reason,
            reason=verdict.reason,
            stage=reached.stage.value if reached else None,
            submission_id=row.id if row else None,
            content_hash=row.content_hash if row else None,
        )

    def _record(self, actor: Actor, decision: GateDecision, verdict: _Verdict) -> None:
        model = f"{decision.run_id}/{decision.task}"
        with self._board.db.write() as session:
            for each in verdict.voided:
                if each.submission is not None:
                    self._void(session, each.submission.id, each.changes)
            session.add(decision)
            act = "model.use_allowed" if decision.allowed else "model.use_refused"
            told = {"purpose": decision.purpose, "decision": decision.id}
            told |= {"as_of": decision.as_of.isoformat()}
            told |= {"submission": decision.submission_id or "", "reason": decision.reason}
            events.record(session, actor, act, f"model:{model}", **told)

    def _void(self, session: Session, submission_id: str, changes: tuple[Change, ...]) -> None:
        """End an approval whose content is not what was approved; found by whoever came first."""
        row = submissions.locked(session, submission_id)
        if row.state != State.APPROVED:
            return
        reason = "; ".join(map(str, changes[:5]))
        submissions.end(self._board, session, SYSTEM, row, State.VOID, reason)
        title = f"The approval of {row.title} for {row.stage_words} is void"
        submissions.tell_makers(session, row, notices.Kind.APPROVAL_ENDED, title)
        submissions.tell_voters(session, row, title)


def _reached(chain: list[Standing], stage: Stage) -> Standing:
    """The standing at the stage, or the first before it that does not hold."""
    upto = chain[: STAGES.index(stage) + 1]
    return next((each for each in upto if not each.holds), upto[-1])


def _barred(
    session: Session,
    material: Material,
    chain: list[Standing],
    found: list[Item],
    states: frozenset[State],
) -> str:
    """Why even its makers may not touch it: an approval was taken back, or its files differ."""
    for each in chain:
        ended = each.submission is not None and each.submission.state in states
        if ended or (each.changes and State.VOID in states):
            return each.reason
    newest = standing.newest_frozen(session, material.model)
    return _tampered(newest, found) if newest is not None else ""


def _tampered(newest: Submission, found: list[Item]) -> str:
    """Why the model's files are not those that were submitted last; "" when they are."""
    frozen = [item for item in content.of(newest) if item.kind == Kind.FILE]
    changed = content.changes(frozen, [item for item in found if item.kind == Kind.FILE])
    if not changed:
        return ""
    return f"Its files are not those that were submitted: {'; '.join(map(str, changed[:3]))}."
