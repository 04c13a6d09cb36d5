"""Create experiments, change them, archive them, and move them along the flow."""

from typing import Any

from sqlmodel import Session

from engines.core import events
from engines.core.access import Actor, Capability, needs
from engines.core.database import Database, now
from engines.core.errors import InvalidInput, NotAllowed, NotFound, NotReady
from engines.core.experiments import ExperimentState
from engines.projects.models import Experiment
from engines.projects.objective import checked

LONGEST_NAME = 120
LONGEST_DESCRIPTION = 5_000
STEPS = tuple(ExperimentState)


@needs(Capability.EXPERIMENT_WRITE)
def create(
    db: Database,
    actor: Actor,
    name: str,
    description: str = "",
    objective: dict[str, Any] | None = None,
) -> Experiment:
    """Create an experiment owned by the actor. Raises InvalidInput."""
    experiment = Experiment(
        name=_checked_name(name),
        description=_checked_description(description),
        objective=checked(objective or {}),
        owner_id=actor.id,
        owner_name=actor.name,
    )
    with db.write() as session:
        session.add(experiment)
        events.record(session, actor, "experiment.created", _subject(experiment.id), name=name)
    return experiment


@needs(Capability.EXPERIMENT_READ)
def get(db: Database, actor: Actor, experiment_id: str) -> Experiment:
    """One experiment. Raises NotFound."""
    with db.read() as session:
        return _found(session, experiment_id)


@needs(Capability.EXPERIMENT_WRITE)
def update(
    db: Database,
    actor: Actor,
    experiment_id: str,
    name: str,
    description: str,
    objective: dict[str, Any],
) -> Experiment:
    """Replace name, description and questionnaire. Raises InvalidInput, NotAllowed, NotReady."""
    values = {
        "name": _checked_name(name),
        "description": _checked_description(description),
        "objective": checked(objective),
    }
    with db.write() as session:
        experiment = _editable(session, actor, experiment_id)
        changed = {k: v for k, v in values.items() if getattr(experiment, k) != v}
        _save(session, experiment, **changed)
        if changed:
            detail = {"changed": sorted(changed)}
            events.record(session, actor, "experiment.changed", _subject(experiment_id), **detail)
    return experiment


@needs(Capability.EXPERIMENT_WRITE)
def archive(db: Database, actor: Actor, experiment_id: str, reason: str) -> None:
    """Put an experiment into the archive; `restore` undoes it. Raises InvalidInput, NotAllowed."""
    if not reason.strip():
        raise InvalidInput("Archiving needs a reason.", hint="Say in a few words why.")
    with db.write() as session:
        experiment = _editable(session, actor, experiment_id)
        _save(session, experiment, archived_at=now())
        subject = _subject(experiment_id)
        events.record(session, actor, "experiment.archived", subject, reason=reason)


@needs(Capability.EXPERIMENT_WRITE)
def restore(db: Database, actor: Actor, experiment_id: str) -> None:
    """Bring an experiment back from the archive. Raises NotAllowed, NotFound."""
    with db.write() as session:
        experiment = _owned(session, actor, experiment_id)
        _save(session, experiment, archived_at=None)
        events.record(session, actor, "experiment.restored", _subject(experiment_id))


@needs(Capability.EXPERIMENT_WRITE)
def check_editable(db: Database, actor: Actor, experiment_id: str) -> None:
    """Return when the actor may change the experiment. Raises NotAllowed, NotFound, NotReady."""
    with db.read() as session:
        _editable(session, actor, experiment_id)


@needs(Capability.EXPERIMENT_WRITE)
def advance(db: Database, actor: Actor, experiment_id: str, state: ExperimentState) -> None:
    """Move the experiment forward to `state`; it never moves back."""
    with db.write() as session:
        experiment = _editable(session, actor, experiment_id)
        if STEPS.index(state) <= STEPS.index(ExperimentState(experiment.state)):
            return
        before = experiment.state
        _save(session, experiment, state=state.value)
        subject = _subject(experiment_id)
        events.record(session, actor, "experiment.moved", subject, before=before, after=state)


def _subject(experiment_id: str) -> str:
    return f"experiment:{experiment_id}"


def _found(session: Session, experiment_id: str) -> Experiment:
    experiment = session.get(Experiment, experiment_id)
    if experiment is None:
        raise NotFound(
            "There is no such experiment.", hint="The link may be old; choose one from the list."
        )
    return experiment


def _owned(session: Session, actor: Actor, experiment_id: str) -> Experiment:
    experiment = _found(session, experiment_id)
    if experiment.owner_id != actor.id:
        raise NotAllowed(
            f"Only {experiment.owner_name}, who owns this experiment, can change it.",
            hint="Ask the owner, or create an experiment of your own.",
        )
    return experiment


def _editable(session: Session, actor: Actor, experiment_id: str) -> Experiment:
    experiment = _owned(session, actor, experiment_id)
    if experiment.is_archived:
        raise NotReady("This experiment is in the archive.", hint="Restore it, then change it.")
    return experiment


def _save(session: Session, experiment: Experiment, **values: Any) -> None:
    experiment.sqlmodel_update({**values, "updated_at": now()})
    session.add(experiment)


def _checked_name(name: str) -> str:
    cleaned = " ".join(name.split())
    if not cleaned:
        raise InvalidInput("The experiment has no name.", hint="Give it a short name.")
    if len(cleaned) > LONGEST_NAME:
        raise InvalidInput(
            f"The name has {len(cleaned)} characters; at most {LONGEST_NAME} fit.",
            hint="Shorten it; the description holds the rest.",
        )
    return cleaned


def _checked_description(description: str) -> str:
    if len(description) > LONGEST_DESCRIPTION:
        raise InvalidInput(
            f"The description is longer than {LONGEST_DESCRIPTION:,} characters.",
            hint="Shorten it.",
        )
    return description.strip()
