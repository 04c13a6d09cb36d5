"""What an approval signs, and whether a stored approval is what was signed.

`grounds` is the hash of what it rests on beside the content (`_grounds`); `trail` the hash of the
newest audit event, so that no history from before can be written anew without it being missed.
Approvals signed by versions before these have neither.
"""

import json
from collections.abc import Sequence
from typing import Any

from sqlmodel import Session

from engines.core import events
from engines.core.secrets import Secrets
from engines.governance.approvals import ballot, content, signing
from engines.governance.approvals.models import Submission, Vote

FORMAT = "mlaas-approval/1"


def seal(secrets: Secrets, session: Session, submission: Submission, votes: Sequence[Vote]) -> None:
    """Sign the submission as it stands with these votes. Raises NotReady."""
    told = {**statement(submission, votes), "trail": events.head(session)}
    submission.signed = content.canonical(told)
    made = signing.sign(secrets, submission.signed)
    submission.signature, submission.public_key = made.signature, made.public_key


def statement(submission: Submission, votes: Sequence[Vote]) -> dict[str, Any]:
    """What is signed: the content's hash, stage, tier, votes, makers, policy and times."""
    return {
        "format": FORMAT,
        **_identity(submission),
        "policy": {
            "name": submission.policy_name,
            "version": submission.policy_version,
            "sha256": submission.policy_sha256,
        },
        "makers": sorted({*submission.makers, submission.submitter_id}),
        "votes": [_vote(vote) for vote in sorted(votes, key=lambda vote: (vote.at, vote.id))],
        "grounds": content.sha256(content.canonical(_grounds(submission, votes))),
    }


def fault(secrets: Secrets, submission: Submission, given: Sequence[Vote]) -> str:
    """Why the stored approval and votes are not what was signed with a key of ours; "" if so."""
    known = submission.public_key in signing.public_keys(secrets)
    if not known:
        return "Its approval is not signed with a key of this installation."
    if not signing.verify(submission.signed, submission.signature, submission.public_key):
        return "The signature of its approval is wrong."
    told = json.loads(submission.signed)
    votes = ballot.counted(submission, given, submission.makers)
    own = statement(submission, votes)
    if "grounds" not in told:
        own.pop("grounds")
    if any(told.get(name) != value for name, value in own.items()):
        return "The record of its approval is not what was signed."
    if content.content_hash(content.of(submission)) != submission.content_hash:
        return "The content list of its approval is not what was signed."
    return ""


def _identity(submission: Submission) -> dict[str, Any]:
    return {
        "submission": submission.id,
        "model": str(submission.model),
        "experiment": submission.experiment_id,
        "stage": submission.stage,
        "tier": submission.tier,
        "tier_position": submission.tier_position,
        "content_hash": submission.content_hash,
        "decided_at": _moment(submission.decided_at),
        "expires_at": _moment(submission.expires_at),
    }


def _grounds(submission: Submission, votes: Sequence[Vote]) -> dict[str, Any]:
    return {
        "requirements": submission.requirements,
        "facts": submission.facts,
        "checks": submission.checks,
        "answers": submission.answers,
        "comments": {vote.person_id: vote.comment for vote in votes},
    }


def _moment(value: Any) -> str | None:
    return value.isoformat() if value else None


def _vote(vote: Vote) -> dict[str, Any]:
    stood_in = {"in_place_of": vote.in_place_of} if vote.in_place_of else {}
    return stood_in | {
        "person": vote.person_id,
        "name": vote.person_name,
        "for": vote.principal_id,
        "for_name": vote.principal_name,
        "role": vote.role,
        "level": vote.level,
        "content_hash": vote.content_hash,
        "carried_from": vote.carried_from,
        "at": vote.at.isoformat(),
    }
