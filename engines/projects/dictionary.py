"""The data dictionary: what each column means, filled from the data and edited by its owner."""

from collections.abc import Sequence
from typing import Any

from sqlmodel import Session, col, select

from engines.core import events
from engines.core.access import Actor, Capability, needs
from engines.core.database import Database
from engines.core.errors import InvalidInput
from engines.core.tables import Column, ColumnType
from engines.projects.experiments import check_editable
from engines.projects.models import DictionaryEntry
from engines.projects.objective import Sensitivity

EDITABLE = ("meaning", "unit", "sensitivity")


@needs(Capability.EXPERIMENT_READ)
def dictionary(db: Database, actor: Actor, experiment_id: str) -> list[DictionaryEntry]:
    """The entries of an experiment, in the data's column order."""
    with db.read() as session:
        return _entries(session, experiment_id)


@needs(Capability.EXPERIMENT_WRITE)
def fill_dictionary(
    db: Database, actor: Actor, experiment_id: str, columns: Sequence[Column]
) -> list[DictionaryEntry]:
    """One entry per column of the data; what was written about a column of that name is kept."""
    check_editable(db, actor, experiment_id)
    with db.write() as session:
        kept = {entry.column_name: entry for entry in _entries(session, experiment_id)}
        for position, column in enumerate(columns):
            entry = kept.pop(column.name, None) or _fresh(experiment_id, column)
            entry.position, entry.type = position, column.type.value
            session.add(entry)
        for gone in kept.values():
            session.delete(gone)
        subject = f"experiment:{experiment_id}"
        events.record(session, actor, "dictionary.filled", subject, columns=len(columns))
    return dictionary(db, actor, experiment_id)


@needs(Capability.EXPERIMENT_WRITE)
def edit_dictionary(
    db: Database, actor: Actor, experiment_id: str, changes: dict[str, dict[str, Any]]
) -> int:
    """Apply {column name: {field: value}}; the number of changed entries. Raises InvalidInput."""
    check_editable(db, actor, experiment_id)
    for name, fields in changes.items():
        _check_change(name, fields)
    with db.write() as session:
        entries = {entry.column_name: entry for entry in _entries(session, experiment_id)}
        for name, fields in changes.items():
            if name not in entries:
                raise InvalidInput(f"The data has no column “{name}”.")
            session.add(entries[name].sqlmodel_update(fields))
        subject = f"experiment:{experiment_id}"
        events.record(session, actor, "dictionary.changed", subject, columns=sorted(changes))
    return len(changes)


def _entries(session: Session, experiment_id: str) -> list[DictionaryEntry]:
    query = select(DictionaryEntry).where(DictionaryEntry.experiment_id == experiment_id)
    return list(session.exec(query.order_by(col(DictionaryEntry.position))).all())


def _fresh(experiment_id: str, column: Column) -> DictionaryEntry:
    # An identifier points at a person or account more often than not: start closed.
    personal = column.type is ColumnType.IDENTIFIER
    sensitivity = Sensitivity.PERSONAL if personal else Sensitivity.INTERNAL
    return DictionaryEntry(
        experiment_id=experiment_id,
        position=0,
        column_name=column.name,
        type=column.type.value,
        sensitivity=sensitivity.value,
    )


def _check_change(name: str, fields: dict[str, Any]) -> None:
    for field, value in fields.items():
        if field not in EDITABLE:
            raise InvalidInput(f"“{field}” of column “{name}” is not edited here.")
        if field == "sensitivity" and value not in set(Sensitivity):
            raise InvalidInput(
                f"“{value}” is no sensitivity.", hint=f"Choose one of: {', '.join(Sensitivity)}."
            )
        if len(str(value or "")) > 500:
            raise InvalidInput(f"The {field} of “{name}” is longer than 500 characters.")
