"""The words of the Approvals pages: what is asked, of whom, since when, what stands in the way."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from app.markdown import plain
from engines.core.access import Actor, Capability
from engines.core.gate import Stage
from engines.governance.approvals import Decision, Opened, Slot, State, Submission
from engines.training import TITLES, Task

STAGES: Mapping[Stage, str] = {
    Stage.TRAINING: "Training",
    Stage.PUBLISHED: "Publishing",
    Stage.UAT: "UAT",
    Stage.PROD: "Production",
}
ASKED: Mapping[Stage, str] = {
    Stage.TRAINING: "to be approved as trained",
    Stage.PUBLISHED: "to be published to the artifact repository",
    Stage.UAT: "to be used in UAT",
    Stage.PROD: "to be used in production",
}
DECISIONS: Mapping[Decision, str] = {
    Decision.APPROVE: "Approve",
    Decision.RETURN: "Return with comments",
    Decision.REJECT: "Reject",
}
VOTED: Mapping[str, tuple[str, str]] = {
    Decision.APPROVE: (":material/check_circle:", "approved"),
    Decision.RETURN: (":material/undo:", "returned it"),
    Decision.REJECT: (":material/block:", "rejected it"),
}
KINDS: Mapping[str, str] = {
    "data_snapshot": "Data",
    "code_commit": "Code",
    "environment_lock": "Environment",
    "model_file": "Model file",
    "holdout_metrics": "Hold-out metrics",
    "document": "Document",
    "questionnaire": "Questionnaire",
    "explanation": "Explanation",
    "policy": "Policy",
}
OVER: Mapping[str, str] = {
    State.DRAFT: "**This is a draft.** Nothing is frozen and nobody is asked yet.",
    State.RETURNED: "**It was returned.** The makers mend it and submit again.",
    State.REJECTED: "**It was rejected.** The model may not be used for this.",
    State.WITHDRAWN: "**It was withdrawn** by its makers. Nobody decides any more.",
    State.EXPIRED: "**The approval has expired.** The model may not be used until approved again.",
    State.REVOKED: "**The approval was revoked.** The model may not be used for anything.",
    State.VOID: "**The approval is void:** its content is not what was approved.",
}

AFTER_CHANGE: Mapping[str, str] = {
    State.SUBMITTED: "Votes on it are refused; it has to be submitted again.",
    State.APPROVED: "Whatever needs this approval is refused.",
    State.VOID: "Whatever needs this approval is refused.",
}


def title(row: Submission) -> str:
    """A submission by name; a draft has no title yet."""
    task = TITLES[Task(row.task)] if row.task in set(Task) else row.task
    return row.title or f"{task} of run {row.run_id[:6]}"


def people(count: int, role: str) -> str:
    """So many people of a role: “a checker”, “2 checkers”."""
    return f"a {role}" if count == 1 else f"{count} {role}s"


def waits(slots: Iterable[Slot]) -> str:
    """Whose votes are missing: “2 checkers and a validator”."""
    return " and ".join(people(slot.missing, slot.role) for slot in slots if slot.missing)


def age(since: datetime | None, moment: datetime) -> str:
    """How long ago in whole days or hours."""
    return _length(moment - since) if since else ""


def due(by: datetime | None, moment: datetime) -> str:
    """When an answer is due, counted from the moment."""
    if by is None:
        return ""
    return f"overdue by {_length(moment - by)}" if by < moment else f"due in {_length(by - moment)}"


def escalated(row: Submission, stand_ins: Sequence[Slot], moment: datetime) -> str:
    """How long ago a late submission was escalated, and who may decide instead."""
    since = f"Escalated {age(row.escalated_at, moment)} ago"
    roles = " or ".join(sorted({f"a {slot.role}" for slot in stand_ins}))
    return f"{since}: {roles} may decide, too" if roles else since


def _length(span: timedelta) -> str:
    hours = int(span.total_seconds() // 3600)
    if hours >= 48:
        return f"{hours // 24} days"
    if hours:
        return f"{hours} hours" if hours > 1 else "an hour"
    return "less than an hour"


def verdict(opened: Opened, moment: datetime) -> str:
    """What is asked, of whom, until when; or how it ended."""
    row = opened.submission
    if row.state == State.SUBMITTED:
        later = [slot for slot in opened.slots if slot.missing and slot not in opened.waits_for]
        then = f", then for {waits(later)}" if later else ""
        until = f" An answer is {due(row.answer_by, moment)}." if row.answer_by else ""
        late = f" {escalated(row, opened.stand_ins, moment)}." if row.escalated_at else ""
        return f"**It waits for {waits(opened.waits_for)}**{then}.{until}{late}"
    if row.state == State.APPROVED:
        if opened.changes:
            return "**The approval does not hold:** the content is not what was approved."
        if opened.above:
            return f"**The approval does not hold:** {plain(opened.above)} Submit it again."
        until = f" until {row.expires_at:%Y-%m-%d}" if row.expires_at else ""
        return f"**Approved{until}.** It holds for exactly the content listed under Content."
    return OVER[row.state]


def refusal(actor: Actor, opened: Opened, roles_lent: Collection[str]) -> str:
    """Why this person has no vote here; "" when they may vote. The engine checks it again."""
    if opened.submission.state != State.SUBMITTED:
        return "No vote is open."
    if what := opened.makers.get(actor.id):
        return f"You are a maker of this ({made(what)}), so you cannot decide about it."
    if not actor.may(Capability.APPROVAL_VOTE):
        return "Your role reads submissions and does not vote."
    if any(vote.person_id == actor.id for vote in opened.votes):
        return "You have voted on this."
    may = {slot.role.value for slot in (*opened.waits_for, *opened.stand_ins)}
    if not may & {*actor.roles, *roles_lent}:
        return f"It waits for {waits(opened.waits_for)}, which you are not."
    return ""


def detail(told: Mapping[str, object], left_out: str = "") -> str:
    """What the record says of an act, in words; `left_out` is what stands elsewhere."""
    known = {name: value for name, value in told.items() if value and name != left_out}
    return "; ".join(f"{name.replace('_', ' ')}: {said(value)}" for name, value in known.items())


def said(value: object) -> str:
    """A value of the record for people: stages and decisions by name, moments to the minute.

    Hashes and signatures by their beginning: whole, they stand in the Summary and in the files.
    """
    if isinstance(value, Mapping):
        return ", ".join(_named(str(name), one) for name, one in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(said(one) for one in value)
    text = str(value)
    if known := NAMES.get(text):
        return known
    if MOMENT.match(text):
        return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M} UTC"
    return f"{text[:12]}…" if len(text) >= HASH and " " not in text else text


def _named(name: str, value: object) -> str:
    words = name.replace("_", " ")
    return f"{words} ({said(value)})" if isinstance(value, Mapping) else f"{words} {said(value)}"


def made(what: str) -> str:
    """What a maker did; the record's names of acts in words."""
    return ACTS.get(what, what)


NAMES: Mapping[str, str] = {
    **{stage.value: title for stage, title in STAGES.items()},
    **{decision.value: title for decision, title in DECISIONS.items()},
}
MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}")
HASH = 40  # characters without a space: nothing to be read
ACTS: Mapping[str, str] = {
    "experiment.created": "created the experiment",
    "experiment.changed": "changed the experiment",
    "experiment.moved": "moved the experiment on",
    "experiment.archived": "archived the experiment",
    "experiment.restored": "restored the experiment",
    "dictionary.changed": "changed the data dictionary",
    "dictionary.filled": "filled the data dictionary",
    "dataset.attached": "brought the data",
    "dataset.restored": "restored the data",
    "dataset.anonymised": "anonymised the data",
    "training.started": "trained it",
    "submission.begun": "began the submission",
    "submission.submitted": "submitted it",
    "submission.voted": "voted",
    "submission.vote_refused": "was refused a vote",
    "submission.remarked": "wrote in the discussion",
    "submission.returned": "returned it",
    "submission.rejected": "rejected it",
    "submission.withdrawn": "withdrew it",
    "submission.reminded": "reminded of it",
    "submission.escalated": "escalated it, for it is late",
    "approval.given": "gave the last vote: approved and signed",
    "approval.revoked": "revoked the approval",
    "approval.expired": "ended the approval: its time is over",
    "approval.void": "found the content changed: the approval is void",
}
