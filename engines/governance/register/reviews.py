"""When a model is reviewed next, and which models it rests on."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from sqlmodel import Session, select

from engines.core import events
from engines.core.access import Actor, Capability, needs
from engines.core.database import Database, now
from engines.core.errors import InvalidInput
from engines.core.model_ref import ModelRef
from engines.governance.register.models import InventoryEntry
from engines.governance.register.port import Models

LONGEST_REVIEW = timedelta(days=3_650)
MOST_UPSTREAM = 50


@needs(Capability.INVENTORY_READ)
def downstream(db: Database, actor: Actor, model: ModelRef) -> list[ModelRef]:
    """The models that name this one among those they rest on."""
    with db.read() as session:
        entries = session.exec(select(InventoryEntry)).all()
    return [ModelRef(e.run_id, e.task) for e in entries if str(model) in e.upstream]


@needs(Capability.FINDING_WRITE)
def set_review(
    db: Database, actor: Actor, models: Models, model: ModelRef, review_on: date, reason: str
) -> InventoryEntry:
    """Say by when the model is to be reviewed next. Raises InvalidInput or NotFound."""
    if not reason.strip():
        raise InvalidInput("A reason is missing.", hint="Say in a few words why.")
    today = now().date()
    if not today <= review_on <= today + LONGEST_REVIEW:
        raise InvalidInput(
            "The next review lies in the past or more than ten years ahead.",
            hint="Choose a day from today on.",
        )
    models.of(actor, model)
    with db.write() as session:
        entry = _entry(session, actor, model)
        before, entry.review_on = entry.review_on, review_on
        detail = {"before": before, "after": review_on, "reason": reason.strip()}
        events.record(session, actor, "review.set", f"model:{model}", **detail)
    return entry


@needs(Capability.FINDING_WRITE)
def set_upstream(
    db: Database, actor: Actor, models: Models, model: ModelRef, upstream: Iterable[ModelRef]
) -> InventoryEntry:
    """Say which models' answers this one takes in. Raises InvalidInput for a circle, NotFound."""
    wanted = sorted({str(models.of(actor, each).model) for each in upstream})
    if len(wanted) > MOST_UPSTREAM:
        raise InvalidInput(f"At most {MOST_UPSTREAM} upstream models can be named.")
    models.of(actor, model)
    with db.write() as session:
        entry = _entry(session, actor, model)
        _check_circle(session, str(model), wanted)
        before, entry.upstream = entry.upstream, wanted
        detail = {"before": before, "after": wanted}
        events.record(session, actor, "upstream.set", f"model:{model}", **detail)
    return entry


def _entry(session: Session, actor: Actor, model: ModelRef) -> InventoryEntry:
    entry = session.get(InventoryEntry, (model.run_id, model.task), with_for_update=True)
    who: dict[str, Any] = {
        "updated_by": actor.id,
        "updated_by_name": actor.name,
        "updated_at": now(),
    }
    entry = entry or InventoryEntry(run_id=model.run_id, task=model.task, **who)
    entry.sqlmodel_update(who)
    session.add(entry)
    return entry


def _check_circle(session: Session, model: str, upstream: Iterable[str]) -> None:
    """Refuse what would make a model rest on itself."""
    known = {f"{e.run_id}/{e.task}": e.upstream for e in session.exec(select(InventoryEntry))}
    waiting, seen = list(upstream), set()
    while waiting:
        name = waiting.pop()
        if name == model:
            raise InvalidInput(
                "The model would rest on its own answers.", hint="Leave out the upstream model."
            )
        if name not in seen:
            seen.add(name)
            waiting += known.get(name, [])
