"""Write documents: draft them from the run, edit their sections; every version stays."""

import hashlib
import re
from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session, col, select

from engines.core import events
from engines.core.access import Actor, Capability, needs
from engines.core.errors import InvalidInput, NotAllowed, NotReady
from engines.core.model_ref import ModelRef
from engines.governance.documents.desk import Desk
from engines.governance.documents.facts import Facts
from engines.governance.documents.models import DocumentVersion
from engines.governance.documents.standing import Section, told
from engines.governance.documents.versions import current_in

LONGEST_TEXT = 100_000
UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True)
class Place:
    """One section of one model's document."""

    model: ModelRef
    kind: str
    section: str


@needs(Capability.DOCUMENT_WRITE)
def edit(
    desk: Desk, actor: Actor, model: ModelRef, kind: str, section: str, text: str, based_on: int
) -> Section:
    """Save a section of the maker's documents; the version before stays in its history.

    `based_on` is the version the text was written on, 0 for the first. Raises InvalidInput,
    NotAllowed, NotFound, and NotReady when a newer version was saved meanwhile (nothing is lost).
    """
    _check_writer(desk, kind, "maker")
    experiment_id = desk.origins.experiment_of(actor, model.run_id)
    desk.experiments.check_editable(actor, experiment_id)
    return _save(desk, actor, experiment_id, Place(model, kind, section), text, based_on)


@needs(Capability.VALIDATION_WRITE)
def edit_validation(
    desk: Desk, actor: Actor, model: ModelRef, kind: str, section: str, text: str, based_on: int
) -> Section:
    """Save a section of the validation report, as somebody who had no part in the model.

    Raises as `edit`, and NotAllowed for the experiment's owner and its documents' writers.
    """
    _check_writer(desk, kind, "validator")
    experiment_id = desk.origins.experiment_of(actor, model.run_id)
    _check_independent(desk, actor, model, experiment_id)
    return _save(desk, actor, experiment_id, Place(model, kind, section), text, based_on)


@needs(Capability.DOCUMENT_WRITE)
def draft(desk: Desk, actor: Actor, facts: Facts, kind: str) -> list[Section]:
    """Draft the sections of a maker's document from the run; the sections that were new or changed.

    What a person wrote is never touched. Raises InvalidInput that names a template's file and line,
    NotAllowed or NotFound.
    """
    _check_writer(desk, kind, "maker")
    experiment_id = desk.origins.experiment_of(actor, facts.model.run_id)
    desk.experiments.check_editable(actor, experiment_id)
    return _draft(desk, actor, experiment_id, facts, kind)


@needs(Capability.VALIDATION_WRITE)
def draft_validation(desk: Desk, actor: Actor, facts: Facts, kind: str) -> list[Section]:
    """Draft the validation report's sections from the run. Raises as `draft`."""
    _check_writer(desk, kind, "validator")
    experiment_id = desk.origins.experiment_of(actor, facts.model.run_id)
    _check_independent(desk, actor, facts.model, experiment_id)
    return _draft(desk, actor, experiment_id, facts, kind)


def _check_writer(desk: Desk, kind: str, writer: str) -> None:
    asked = desk.templates.kind(kind)
    if asked.writer != writer:
        who = {"maker": "the model's makers", "validator": "validators"}.get(asked.writer)
        raise NotAllowed(
            f"“{asked.title}” is written by {who}." if who else f"“{asked.title}” is not edited.",
            hint="Choose a document of your own role.",
        )


def _check_independent(desk: Desk, actor: Actor, model: ModelRef, experiment_id: str) -> None:
    with desk.db.read() as session:
        stored = current_in(session, model)
    validated = {k for k, kind in desk.templates.kinds.items() if kind.writer == "validator"}
    wrote = any(s.author_id == actor.id for s in stored if s.kind not in validated)
    if wrote or _owns(desk, actor, experiment_id):
        raise NotAllowed(
            "You had a part in making this model, so you cannot validate it.",
            hint="Another validator has to write the report.",
        )


def _owns(desk: Desk, actor: Actor, experiment_id: str) -> bool:
    """An owner may change the experiment, or could if it were not in the archive."""
    try:
        desk.experiments.check_editable(actor, experiment_id)
    except NotAllowed:
        return False
    except NotReady:
        return True
    return True


def _save(
    desk: Desk, actor: Actor, experiment_id: str, place: Place, text: str, based_on: int
) -> Section:
    desk.templates.kind(place.kind).section(place.section)
    cleaned = _checked(text)
    try:
        with desk.db.write() as session:
            before = _newest(session, place)
            _check_base(before, based_on)
            if before and before.text == cleaned:
                raise InvalidInput(*UNCHANGED[before.generated])
            saved = _append(session, actor, experiment_id, place, cleaned, before, False)
            _record(session, actor, "document.edited", experiment_id, place.model, [saved])
    except sa.exc.IntegrityError as error:  # somebody was faster by a moment
        raise NotReady(*OVERTAKEN) from error
    return saved


OVERTAKEN = (
    "Somebody else saved this section while you were writing; nothing was overwritten.",
    "Your text is still in the editor: look at the newer one, then save again.",
)
UNCHANGED = {
    False: ("The text is the same as the saved one.", "Change it, then save."),
    True: (
        "This is the drafted text, unchanged.",
        "A draft becomes yours when you have answered the question in your own words.",
    ),
}


def _check_base(before: Section | None, based_on: int) -> None:
    if before and before.version != based_on:
        raise NotReady(
            f"{before.author_name} saved version {before.version} of this section while you were "
            "writing; nothing was overwritten.",
            hint=OVERTAKEN[1],
        )


def _draft(desk: Desk, actor: Actor, experiment_id: str, facts: Facts, kind: str) -> list[Section]:
    context = facts.context()
    rules = desk.templates.kind(kind).sections
    texts = {rule.key: desk.templates.draft(rule, context)[:LONGEST_TEXT] for rule in rules}
    try:
        with desk.db.write() as session:
            places = [Place(facts.model, kind, key) for key in texts]
            saved = [_redraft(session, actor, experiment_id, p, texts[p.section]) for p in places]
            found = [section for section in saved if section]
            if found:
                _record(session, actor, "document.drafted", experiment_id, facts.model, found)
    except sa.exc.IntegrityError as error:
        raise NotReady(*OVERTAKEN) from error
    return found


def _redraft(
    session: Session, actor: Actor, experiment_id: str, place: Place, text: str
) -> Section | None:
    before = _newest(session, place)
    is_persons = before is not None and not before.generated
    if not text or is_persons or (before and before.text == text):
        return None
    return _append(session, actor, experiment_id, place, text, before, True)


def _checked(text: str) -> str:
    cleaned = UNSEEN.sub("", text.replace("\r\n", "\n")).strip()
    if not cleaned:
        raise InvalidInput("The section is empty.", hint="Write at least a sentence.")
    if len(cleaned) > LONGEST_TEXT:
        raise InvalidInput(
            f"The section has {len(cleaned):,} characters; at most {LONGEST_TEXT:,} fit.",
            hint="Shorten it, or refer to a document kept elsewhere.",
        )
    return cleaned


def _newest(session: Session, place: Place) -> Section | None:
    query = select(DocumentVersion).where(
        DocumentVersion.run_id == place.model.run_id,
        DocumentVersion.task == place.model.task,
        DocumentVersion.kind == place.kind,
        DocumentVersion.section == place.section,
    )
    row = session.exec(query.order_by(col(DocumentVersion.version).desc()).limit(1)).first()
    return told(row) if row else None


def _append(
    session: Session,
    actor: Actor,
    experiment_id: str,
    place: Place,
    text: str,
    before: Section | None,
    generated: bool,
) -> Section:
    row = DocumentVersion(
        experiment_id=experiment_id,
        run_id=place.model.run_id,
        task=place.model.task,
        kind=place.kind,
        section=place.section,
        version=before.version + 1 if before else 1,
        text=text,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        generated=generated,
        author_id=actor.id,
        author_name=actor.name,
    )
    session.add(row)
    session.flush()
    return told(row)


def _record(
    session: Session,
    actor: Actor,
    act: str,
    experiment_id: str,
    model: ModelRef,
    saved: list[Section],
) -> None:
    """The audit row: which sections got which text."""
    events.record(
        session,
        actor,
        act,
        f"experiment:{experiment_id}",
        run=model.run_id,
        task=model.task,
        kind=saved[0].kind,
        sections={s.section: {"version": s.version, "sha256": s.sha256} for s in saved},
    )
