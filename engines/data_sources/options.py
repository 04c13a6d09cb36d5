"""How a file is to be read: detected first, corrected by the user, stored with the result."""

import hashlib
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict

from engines.core.tables import ColumnType

FORMAT_VERSION = "1"  # raise it when the same options would give another Parquet file
ISO = "iso"  # the date pattern that needs no codes
WHOLE = "integer"  # the pattern of an identifier made of whole numbers

FileKind = Literal["text", "excel", "parquet"]


class Step(StrEnum):
    """A cleaning step, applied while the table is written."""

    TRIM_TEXT = "trim_text"
    DROP_DUPLICATES = "drop_duplicates"
    DROP_EMPTY_COLUMNS = "drop_empty_columns"


STEPS: dict[Step, str] = {
    Step.TRIM_TEXT: "Trim blanks around text",
    Step.DROP_DUPLICATES: "Drop repeated rows",
    Step.DROP_EMPTY_COLUMNS: "Drop columns without a value",
}


class Model(BaseModel):
    """Frozen, and unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Seen(Model):
    """A value that may mean "missing": how often the sample held it, and why it is suspected."""

    mark: str
    count: int
    evidence: str


class ColumnChoice(Model):
    """How one column is read. `marks` are the texts that mean "missing" in it.

    `pattern` is a date's format (`iso` or strptime codes), `integer` for a whole-number key, or
    the unit written beside numbers.
    """

    name: str
    type: ColumnType
    marks: tuple[str, ...] = ()
    pattern: str = ""


class ReadOptions(Model):
    """Everything that decides what table a file becomes. Same file, same options, same table."""

    kind: FileKind
    encoding: str = "utf-8"
    delimiter: str = ","
    quote: str = '"'
    header: bool = True
    skip_lines: int = 0
    decimal: str = "."
    thousands: str = ""
    sheet: str = ""
    skip_bad_rows: bool = False
    columns: tuple[ColumnChoice, ...] = ()
    steps: tuple[Step, ...] = ()

    def table_id(self, raw_sha256: str) -> str:
        """SHA-256 (hex) over the raw file's hash and these options: the stored table's name."""
        text = "\n".join((FORMAT_VERSION, raw_sha256, self.model_dump_json()))
        return hashlib.sha256(text.encode()).hexdigest()

    def column(self, name: str) -> ColumnChoice:
        """The choice for the column of that name. Raises KeyError."""
        return {column.name: column for column in self.columns}[name]

    def with_column(self, choice: ColumnChoice) -> "ReadOptions":
        """The same options with one column's choice replaced."""
        columns = tuple(choice if c.name == choice.name else c for c in self.columns)
        return self.model_copy(update={"columns": columns})


class Detection(Model):
    """What was found in a file: the options to start from, and what the user should know."""

    options: ReadOptions
    notes: tuple[str, ...]
    seen: dict[str, tuple[Seen, ...]]
    sheets: tuple[str, ...] = ()
    bad_rows: int = 0
    first_bad_line: int = 0
