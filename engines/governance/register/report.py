"""The regulatory report: one evidence set, read by the requirements of each guidance."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from engines.core import events
from engines.core.access import Actor, Capability, needs
from engines.core.database import Database, now
from engines.core.errors import NotReady
from engines.core.model_ref import ModelRef
from engines.governance import documents, policies
from engines.governance.approvals.models import Submission, Vote
from engines.governance.approvals.states import Decision, State
from engines.governance.documents import wording
from engines.governance.policies import Standing

WORDS = {
    Standing.MET: "met",
    Standing.OPEN: "open",
    Standing.BY_HAND: "to be shown by people",
    Standing.NOT_ASKED: "not asked of this model",
}


@dataclass(frozen=True)
class ReportRow:
    """One requirement for one model: what it says, how it stands, and the evidence."""

    model: str
    title: str
    requirement: str
    theme: str
    says: str
    state: Standing
    evidence: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """A policy's requirements for the models in scope, as of `at`."""

    policy: str
    title: str
    guidance: str
    note: str
    at: datetime
    models: int
    rows: tuple[ReportRow, ...]

    @property
    def counts(self) -> Mapping[Standing, int]:
        """How many rows stand how."""
        return Counter(row.state for row in self.rows)


@needs(Capability.REPORT_EXPORT)
def regulatory_report(
    db: Database, actor: Actor, policy_name: str, model: ModelRef | None = None
) -> Report:
    """The current version of a policy, requirement by requirement.

    Of one model as it was submitted last, or of all models that have an approval. Raises NotFound
    for an unknown policy, NotReady when nothing in scope was submitted.
    """
    version = policies.current(db, policy_name)
    with db.read() as session:
        found = _submissions(session, model)
        votes = votes_of(session, [each.run_id for each in found] if model else None)
    if not found:
        if model is None:
            message = "There is nothing to report on: no model has an approval that stands."
            raise NotReady(message, hint="Choose a model to see where it stands.")
        raise NotReady(
            "There is nothing to report on: this model was never submitted.",
            hint="Submit it for approval first.",
        )
    policy = version.policy
    rows = [row for each in found for row in rows_of(policy, each, votes)]
    guidance = policy.guidance
    return Report(
        policy=f"{version.name} {version.version}",
        title=guidance.title if guidance else policy.title,
        guidance=f"{guidance.issuer}. {guidance.status}" if guidance else policy.about,
        note=f"{guidance.note} {guidance.compared or ''}".strip() if guidance else "",
        at=now(),
        models=len(found),
        rows=tuple(rows),
    )


@needs(Capability.REPORT_EXPORT)
def report_file(db: Database, actor: Actor, report: Report, form: str) -> bytes:
    """The report as html, docx or pdf; writes an audit row. Raises InvalidInput."""
    heading = documents.Heading(report.title, report.policy, "")
    told = [
        (theme, _section(report, theme)) for theme in dict.fromkeys(r.theme for r in report.rows)
    ]
    content = documents.to_file(f"{report.title}: evidence", _preface(report), told, form, heading)
    with db.write() as session:
        detail = {"form": form, "models": report.models, "bytes": len(content)}
        events.record(session, actor, "report.exported", f"policy:{report.policy}", **detail)
    return content


def report_rows(report: Report) -> list[dict[str, Any]]:
    """The report as rows of a table."""
    return [
        {
            "policy": report.policy, "model": row.model, "title": row.title,
            "requirement": row.requirement, "theme": row.theme, "says": row.says,
            "status": WORDS[row.state], "evidence": " ".join(row.evidence),
        }
        for row in report.rows
    ]  # fmt: skip


def _submissions(session: Session, model: ModelRef | None) -> list[Submission]:
    """The newest submission of each model in scope."""
    query = select(Submission).where(col(Submission.submitted_at).is_not(None))
    if model:
        query = query.where(Submission.run_id == model.run_id, Submission.task == model.task)
    else:
        query = query.where(Submission.state == State.APPROVED)
    ordered = query.order_by(col(Submission.submitted_at))
    newest = {row.model: row for row in session.exec(ordered)}
    return sorted(newest.values(), key=lambda row: (row.title, str(row.model)))


def votes_of(session: Session, runs: Sequence[str] | None) -> dict[ModelRef, list[policies.Vote]]:
    """The approving votes on what is approved or still open, by model."""
    query = select(Vote, Submission).join(Submission, col(Submission.id) == col(Vote.submission_id))
    query = query.where(Vote.decision == Decision.APPROVE)
    query = query.where(col(Submission.state).in_([State.APPROVED, State.SUBMITTED]))
    query = query.where(col(Submission.run_id).in_(runs)) if runs is not None else query
    found: dict[ModelRef, list[policies.Vote]] = {}
    for vote, submission in session.exec(query):
        counted = vote.content_hash == submission.content_hash
        if counted and vote.person_id not in submission.makers:
            found.setdefault(submission.model, []).append(_as_counted(vote))
    return found


def _as_counted(vote: Vote) -> policies.Vote:
    """The vote in the role whose place it took."""
    return policies.Vote(vote.fills, vote.level, vote.role if vote.in_place_of else "")


def rows_of(
    policy: policies.Policy, row: Submission, votes: Mapping[ModelRef, Sequence[policies.Vote]]
) -> list[ReportRow]:
    """Every requirement of the policy for the model as that submission froze it."""
    known = {rule.key for rule in policy.tiers}
    computed = policies.tier(policy, row.answers)
    raised = row.raised_to in known and policy.place(row.raised_to) > computed.position
    evidence = policies.EvidenceSet(
        tier=policies.tier(policy, row.answers, row.raised_to) if raised else computed,
        characteristics=row.characteristics,
        facts=row.facts,
        documents=frozenset(i["name"] for i in row.items if i["kind"] == "document"),
        votes=votes.get(row.model, ()),
    )
    return [
        ReportRow(
            model=str(row.model),
            title=row.title,
            requirement=each.requirement.id,
            theme=each.requirement.theme,
            says=each.requirement.says,
            state=each.state,
            evidence=each.evidence,
        )
        for each in policies.coverage(policy, evidence)
    ]


def _preface(report: Report) -> str:
    told = [f"{WORDS[state]}: {n}" for state, n in sorted(report.counts.items())]
    models = "1 model" if report.models == 1 else f"{report.models:,} models"
    return "\n\n".join(
        wording.literal(text)
        for text in (
            report.guidance,
            report.note,
            f"{models}, policy {report.policy}, as of {report.at:%Y-%m-%d %H:%M} UTC. "
            f"Requirements {', '.join(told)}.",
        )
        if text
    )


def _section(report: Report, theme: str) -> documents.Section:
    own = [row for row in report.rows if row.theme == theme]
    parts = []
    for requirement in dict.fromkeys((row.requirement, row.says) for row in own):
        about = [row for row in own if (row.requirement, row.says) == requirement]
        cells = [
            {"m": f"{r.title} ({r.model[:8]})", "s": WORDS[r.state], "e": " ".join(r.evidence)}
            for r in about
        ]
        titles = {"m": "Model", "s": "Status", "e": "Evidence"}
        parts.append(f"**{wording.literal(requirement[0])}:** {wording.literal(requirement[1])}")
        parts.append(wording.table(cells, titles))
    return documents.Section("report", theme, "\n\n".join(parts), "", "", 0, "", report.at, True)
