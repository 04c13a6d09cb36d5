"""Evidence for outsiders: the audit trail and every submission as JSON Lines, signed at the end.

`tools/verify_export.py` checks the file without MLAAS and without its database. Lines, each with
its `kind`: one header (format, public keys), events in the order of their chain, policy versions,
delegations, submissions with content, votes and signatures, the gate's decisions (permits and
refusals), and the end, which signs everything before it.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, BinaryIO

from sqlmodel import Session, col, select

from engines.core import events
from engines.core.access import Actor, Capability, needs
from engines.core.database import Database, now
from engines.core.events import FIRST, AuditEvent
from engines.core.secrets import Secrets
from engines.governance.approvals import signing
from engines.governance.approvals.content import canonical
from engines.governance.approvals.models import Delegation, GateDecision, Submission, Vote
from engines.governance.policies import PolicyVersion

FORMAT = "mlaas-evidence/2"
BATCH = 1_000
OF_EVENT = (
    "number", "actor_id", "actor_name", "act", "subject", "detail", "correlation_id",
    "previous_hash", "hash",
)  # fmt: skip
OF_SUBMISSION = (
    "id", "title", "stage", "state", "tier", "tier_position", "policy_name", "policy_version",
    "policy_sha256", "requirements", "items", "content_hash", "makers", "submitter_id",
    "submitter_name", "reason", "signed", "signature", "public_key", "answers", "facts", "checks",
)  # fmt: skip
MOMENTS = ("created_at", "submitted_at", "decided_at", "expires_at", "ended_at")
OF_VOTE = (
    "person_id", "person_name", "principal_id", "principal_name", "role", "in_place_of", "level",
    "decision", "comment", "content_hash", "carried_from",
)  # fmt: skip
OF_DELEGATION = (
    "id", "giver_id", "giver_name", "taker_id", "taker_name", "role", "reason",
)  # fmt: skip
PERIOD = ("created_at", "begins_at", "ends_at", "ended_at")
OF_DECISION = (
    "id", "request_id", "actor_id", "actor_name", "purpose", "allowed", "reason", "stage",
    "submission_id", "content_hash",
)  # fmt: skip
COUNTED = ("event", "policy", "delegation", "submission", "decision")


@dataclass(frozen=True)
class Evidence:
    """What an export holds: how many of each, the newest hash of the trail, and the file's own."""

    events: int
    policies: int
    delegations: int
    submissions: int
    decisions: int
    head: str
    sha256: str


class _Lines:
    """The file as it grows: counts, and hashes what was written."""

    def __init__(self, out: BinaryIO) -> None:
        self._out, self._hash = out, hashlib.sha256()
        self.written, self.head = dict.fromkeys(COUNTED, 0), FIRST

    @property
    def sha256(self) -> str:
        """SHA-256 (hex) of everything written so far."""
        return self._hash.hexdigest()

    def write(self, line: dict[str, Any]) -> None:
        """Write one object as one line."""
        # Not `canonical`: what the trail says of a number that is none must be told as it was.
        text = json.dumps(line, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        raw = text.encode() + b"\n"
        self._out.write(raw)
        self._hash.update(raw)
        if line["kind"] in self.written:
            self.written[line["kind"]] += 1


@needs(Capability.AUDIT_READ)
def write_evidence(db: Database, actor: Actor, secrets: Secrets, out: BinaryIO) -> Evidence:
    """Write the whole evidence as of one moment; the export's own audit row is part of it.

    Raises NotReady when the signing key cannot be used.
    """
    keys = signing.public_keys(secrets)
    with db.write() as session:
        events.record(session, actor, "audit.exported", "audit:evidence", format=FORMAT)
    lines = _Lines(out)
    made = {"made_at": now().isoformat(), "made_by": actor.name}
    lines.write({"kind": "header", "format": FORMAT, "public_keys": keys, **made})
    with db.read() as session:
        _one_moment(session)
        for line in _events(session):
            lines.head = line["hash"]
            lines.write(line)
        for line in chain(
            _policies(session), _delegations(session), _submissions(session), _decisions(session)
        ):
            lines.write(line)
    return _end(lines, secrets)


@needs(Capability.AUDIT_READ)
def evidence_keys(secrets: Secrets, actor: Actor) -> list[str]:
    """The public keys in Base64, newest first, that a verifier is to trust. Raises NotReady."""
    return signing.public_keys(secrets)


def _end(lines: _Lines, secrets: Secrets) -> Evidence:
    count = lines.written
    end = {"kind": "end", "sha256": lines.sha256, "head": lines.head, "lines": count}
    made = signing.sign(secrets, canonical(end))
    lines.write({**end, "signature": made.signature, "public_key": made.public_key})
    return Evidence(
        events=count["event"],
        policies=count["policy"],
        delegations=count["delegation"],
        submissions=count["submission"],
        decisions=count["decision"],
        head=lines.head,
        sha256=lines.sha256,
    )


def _one_moment(session: Session) -> None:
    """Let all queries of the session see the same moment; SQLite does so by itself."""
    if session.get_bind().dialect.name == "postgresql":
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


def _events(session: Session) -> Iterator[dict[str, Any]]:
    ordered = select(AuditEvent).order_by(col(AuditEvent.number))
    for event in session.exec(ordered, execution_options={"yield_per": BATCH}):
        yield {"kind": "event", "at": event.at.isoformat(), **_of(event, OF_EVENT)}
        session.expunge(event)


def _policies(session: Session) -> Iterator[dict[str, Any]]:
    named = (col(PolicyVersion.name), col(PolicyVersion.version))
    for row in session.exec(select(PolicyVersion).order_by(*named)):
        own = _of(row, ("name", "version", "sha256", "text", "author_id", "author_name"))
        yield {"kind": "policy", "created_at": row.created_at.isoformat(), **own}


def _submissions(session: Session) -> Iterator[dict[str, Any]]:
    ordered = select(Submission).order_by(col(Submission.created_at), col(Submission.id))
    votes = _votes(session)
    for row in session.exec(ordered, execution_options={"yield_per": BATCH}):
        yield {
            "kind": "submission",
            "model": str(row.model),
            "experiment": row.experiment_id,
            **_of(row, OF_SUBMISSION),
            **_moments(row, MOMENTS),
            "votes": votes.get(row.id, []),
        }
        session.expunge(row)


def _delegations(session: Session) -> Iterator[dict[str, Any]]:
    ordered = select(Delegation).order_by(col(Delegation.created_at), col(Delegation.id))
    for row in session.exec(ordered):
        own = {**_of(row, OF_DELEGATION), **_moments(row, PERIOD)}
        yield {"kind": "delegation", **own}


def _decisions(session: Session) -> Iterator[dict[str, Any]]:
    ordered = select(GateDecision).order_by(col(GateDecision.at), col(GateDecision.id))
    for row in session.exec(ordered, execution_options={"yield_per": BATCH}):
        own = {**_of(row, OF_DECISION), **_moments(row, ("at", "as_of"))}
        yield {"kind": "decision", "model": f"{row.run_id}/{row.task}", **own}
        session.expunge(row)


def _votes(session: Session) -> dict[str, list[dict[str, Any]]]:
    """Every vote by its submission, the oldest first."""
    found: dict[str, list[dict[str, Any]]] = {}
    for vote in session.exec(select(Vote).order_by(col(Vote.at), col(Vote.id))):
        line = {"at": vote.at.isoformat(), **_of(vote, OF_VOTE)}
        found.setdefault(vote.submission_id, []).append(line)
    return found


def _of(row: Any, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def _moments(row: Any, names: tuple[str, ...]) -> dict[str, str | None]:
    told = {name: getattr(row, name) for name in names}
    return {name: at.isoformat() if at else None for name, at in told.items()}
