"""Four eyes: who made a model, by the record. A maker never decides about it.

People are known by their user id, so neither a role given later, nor a delegation, nor a clone of
the experiment makes anybody new; nor does a second account with the same e-mail address.
"""

import sqlalchemy as sa
from sqlmodel import Session, col, select

from engines.core.access import Actor
from engines.core.errors import NotAllowed
from engines.core.events import AuditEvent
from engines.governance.approvals import people
from engines.governance.approvals.models import Submission
from engines.governance.approvals.port import Material
from engines.governance.documents import DocumentVersion
from engines.governance.policies.models import PolicyVersion

OF_EXPERIMENT = ("experiment.%", "dataset.%", "dictionary.%")
OF_RUN = ("training.started",)
BY_VALIDATORS = "validation_report"  # a validator's own duty; they still vote as validator
NOBODY = frozenset({"", "system", "mlaas"})  # shipped things and the worker


def makers(
    session: Session, material: Material, policy: PolicyVersion | None = None
) -> dict[str, str]:
    """User id → what that person did for the model."""
    found = dict(material.makers)
    for person, act in _acts(session, material):
        found.setdefault(person, act)
    for person, kind in _authors(session, material):
        found.setdefault(person, f"wrote the {kind.replace('_', ' ')}")
    if policy is not None:
        found.setdefault(policy.author_id, "wrote the policy it is judged by")
    known = {person: what for person, what in sorted(found.items()) if person not in NOBODY}
    return _by_account(session, known)


def of_submission(
    session: Session, submission: Submission, material: Material, policy: PolicyVersion | None
) -> dict[str, str]:
    """Makers by the record of now, and whoever was one when it was submitted."""
    found = makers(session, material, policy)
    known = {**submission.makers, **found, submission.submitter_id: "submitted it"}
    return _by_account(session, known)


def refuse_maker(made: dict[str, str], person_id: str, who: str) -> None:
    """Raise NotAllowed when the person is a maker; `who` begins the sentence."""
    if what := made.get(person_id):
        raise NotAllowed(
            f"{who} cannot decide about this model: four eyes are asked for ({what}).",
            hint="Somebody who had no part in making it has to decide.",
        )


def acting(actor: Actor) -> str:
    """The acting person as the beginning of a sentence."""
    return f"{actor.name}, a maker,"


def _by_account(session: Session, known: dict[str, str]) -> dict[str, str]:
    """The makers with every other account of theirs."""
    owners = people.accounts(session, known)
    others = {account: owner for account, owner in owners.items() if account not in known}
    return known | {
        account: f"{known[owner]}, under another account" for account, owner in others.items()
    }


def _acts(session: Session, material: Material) -> list[tuple[str, str]]:
    experiments = [f"experiment:{one}" for one in (material.experiment_id, *material.lineage)]
    act = col(AuditEvent.act)
    made = sa.or_(*(act.like(pattern) for pattern in OF_EXPERIMENT))
    of_experiment = sa.and_(col(AuditEvent.subject).in_(experiments), made)
    run = sa.and_(col(AuditEvent.subject) == f"run:{material.model.run_id}", act.in_(OF_RUN))
    query = select(AuditEvent.actor_id, AuditEvent.act).where(sa.or_(of_experiment, run))
    return [(person, act) for person, act in session.exec(query.distinct())]


def _authors(session: Session, material: Material) -> list[tuple[str, str]]:
    model = material.model
    query = select(DocumentVersion.author_id, DocumentVersion.kind).where(
        DocumentVersion.run_id == model.run_id,
        DocumentVersion.task == model.task,
        DocumentVersion.kind != BY_VALIDATORS,
    )
    return list(session.exec(query.distinct()))
