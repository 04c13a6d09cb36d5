"""The table an experiment works on, as every engine sees it."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any


class ColumnType(StrEnum):
    """What a column holds, in the analyst's terms."""

    INTEGER = "integer"
    NUMERIC = "numeric"
    BOOLEAN = "boolean"
    CATEGORICAL = "categorical"
    DATETIME = "datetime"
    TEXT = "text"
    IDENTIFIER = "identifier"
    EMPTY = "empty"


@dataclass(frozen=True)
class Column:
    """One column: its real name, its alias C1..CN, what it holds, and how it was read.

    `marks` are the texts that meant "missing", `pattern` a date's format (strptime codes) or a
    number's unit.
    """

    name: str
    alias: str
    type: ColumnType
    missing: int
    distinct: int
    marks: tuple[str, ...] = ()
    pattern: str = ""

    def as_json(self) -> dict[str, Any]:
        """The column as a JSON object, the shape it is stored in."""
        return {**self.__dict__, "type": self.type.value, "marks": list(self.marks)}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Column":
        """The column back from its JSON object."""
        kinds = {"type": ColumnType(value["type"]), "marks": tuple(value.get("marks") or ())}
        return cls(**{**value, **kinds})


@dataclass(frozen=True)
class Table:
    """One stored, immutable table: a Parquet file under real names, named by its content hash."""

    dataset_id: str
    experiment_id: str
    path: Path
    sha256: str
    rows: int
    columns: tuple[Column, ...]
    anonymised: bool

    @property
    def cells(self) -> int:
        """Rows times columns."""
        return self.rows * len(self.columns)

    @property
    def public_names(self) -> dict[str, str]:
        """Real name to the name that may leave the platform: C1..CN when anonymised."""
        return {c.name: c.alias if self.anonymised else c.name for c in self.columns}

    def column(self, name: str) -> Column:
        """The column of that real name. Raises KeyError."""
        return {c.name: c for c in self.columns}[name]
