"""Published versions: read them, publish a new one, note that one was used."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa
from sqlmodel import Session, col, select

from engines.core import events
from engines.core.access import Actor, Capability, needs
from engines.core.database import Database, now
from engines.core.errors import InvalidInput, NotFound, NotReady
from engines.governance.policies.models import PolicyVersion
from engines.governance.policies.reading import parse
from engines.governance.policies.vocabulary import Vocabulary, did_you_mean

SHIPPED = Actor(id="mlaas", name="MLAAS", roles=frozenset())
LONGEST_REASON = 500


def current(db: Database, name: str) -> PolicyVersion:
    """The newest version of the policy. Raises NotFound."""
    with db.read() as session:
        return current_in(session, name)


def current_in(session: Session, name: str) -> PolicyVersion:
    """The newest version of the policy, inside the caller's transaction. Raises NotFound."""
    found = _newest(session, name)
    if found is None:
        raise NotFound(f"There is no policy “{name}”.", hint=did_you_mean(name, _names(session)))
    return found


def version(db: Database, name: str, number: int) -> PolicyVersion:
    """One version of the policy. Raises NotFound."""
    wanted = select(PolicyVersion).where(
        PolicyVersion.name == name, PolicyVersion.version == number
    )
    with db.read() as session:
        found = session.exec(wanted).first()
    if found is None:
        raise NotFound(
            f"The policy “{name}” has no version {number}.", hint="Choose one from the list."
        )
    return found


@needs(Capability.POLICY_READ)
def names(db: Database, actor: Actor) -> list[PolicyVersion]:
    """The newest version of every policy, by name."""
    newest = (
        sa.select(col(PolicyVersion.name), sa.func.max(PolicyVersion.version).label("newest"))
        .group_by(col(PolicyVersion.name))
        .subquery()
    )
    wanted = (
        select(PolicyVersion)
        .join(
            newest,
            sa.and_(newest.c.name == PolicyVersion.name, newest.c.newest == PolicyVersion.version),
        )
        .order_by(col(PolicyVersion.name))
    )
    with db.read() as session:
        return list(session.exec(wanted))


@needs(Capability.POLICY_READ)
def history(db: Database, actor: Actor, name: str) -> list[PolicyVersion]:
    """Every version of the policy, newest first; empty when there is none."""
    wanted = (
        select(PolicyVersion)
        .where(PolicyVersion.name == name)
        .order_by(col(PolicyVersion.version).desc())
    )
    with db.read() as session:
        return list(session.exec(wanted))


def mark_used(session: Session, version_id: str) -> None:
    """Note, in the transaction of a submission, that it rests on this version."""
    session.execute(
        sa.update(PolicyVersion)
        .where(col(PolicyVersion.id) == version_id, col(PolicyVersion.used_at).is_(None))
        .values(used_at=now())
    )


@needs(Capability.POLICY_MANAGE)
def publish(
    db: Database, actor: Actor, text: str, reason: str, vocabulary: Vocabulary, based_on: int
) -> PolicyVersion:
    """Make the text the policy's newest version; submissions from now on follow it.

    `based_on` is the version the editor started from, 0 for a new policy. Raises InvalidInput (a
    fault with its line, no reason, nothing changed) or NotReady (somebody published meanwhile).
    """
    policy = parse(text, vocabulary)
    with db.write() as session:
        newest = _newest(session, policy.name)
        _check_change(newest, text, reason, based_on)
        made = _add(session, actor, policy.name, text, reason.strip(), newest)
        _record(session, actor, made)
    return made


def install(db: Database, folder: Path, vocabulary: Vocabulary) -> list[PolicyVersion]:
    """Publish version 1 of each policy file whose name the database does not know yet.

    What an organisation published stays as it is. Raises InvalidInput naming file and line.
    """
    read = [(parse(text, vocabulary, file), text) for file, text in shipped(folder).items()]
    with db.write() as session:
        known = set(_names(session))
        made = [
            _add(session, SHIPPED, policy.name, text, "Shipped with MLAAS", None)
            for policy, text in read
            if policy.name not in known
        ]
        for each in made:
            _record(session, SHIPPED, each)
    return made


def not_installed(db: Database, folder: Path) -> list[str]:
    """The policy files whose stem is no name the database knows; cheap enough for every start."""
    with db.read() as session:
        known = set(_names(session))
    return [file.name for file in sorted(folder.glob("*.yaml")) if file.stem not in known]


def shipped(folder: Path) -> dict[str, str]:
    """The text of every policy file in the folder, by file name."""
    return {file.name: file.read_text("utf-8") for file in sorted(folder.glob("*.yaml"))}


def _newest(session: Session, name: str) -> PolicyVersion | None:
    wanted = (
        select(PolicyVersion)
        .where(PolicyVersion.name == name)
        .order_by(col(PolicyVersion.version).desc())
        .limit(1)
    )
    return session.exec(wanted).first()


def _names(session: Session) -> Sequence[str]:
    return session.exec(select(PolicyVersion.name).distinct()).all()


def _check_change(newest: PolicyVersion | None, text: str, reason: str, based_on: int) -> None:
    if not reason.strip():
        raise InvalidInput("Publishing needs a reason.", hint="Say in a few words what changes.")
    if len(reason) > LONGEST_REASON:
        raise InvalidInput(
            f"The reason is longer than {LONGEST_REASON} characters.", hint="Shorten it."
        )
    number = newest.version if newest else 0
    if number != based_on:
        raise NotReady(
            f"Version {number} of this policy was published meanwhile, and you worked on "
            f"version {based_on}."
            if based_on
            else f"A policy of this name has version {number}.",
            hint="Compare your text with it, and publish again.",
        )
    if newest and newest.sha256 == _digest(text):
        raise InvalidInput(
            f"The text is the same as version {number}.", hint="Change it, or leave it."
        )


def _add(
    session: Session,
    actor: Actor,
    name: str,
    text: str,
    reason: str,
    newest: PolicyVersion | None,
) -> PolicyVersion:
    made = PolicyVersion(
        name=name,
        version=newest.version + 1 if newest else 1,
        sha256=_digest(text),
        text=text,
        reason=reason,
        author_id=actor.id,
        author_name=actor.name,
    )
    session.add(made)
    session.flush()
    return made


def _record(session: Session, actor: Actor, made: PolicyVersion) -> None:
    events.record(
        session,
        actor,
        "policy.published",
        f"policy:{made.name}",
        version=made.version,
        sha256=made.sha256,
        reason=made.reason,
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
