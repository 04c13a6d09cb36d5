"""What the user may choose about an exploration, and the key that choice is cached under."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from engines.core.errors import InvalidInput
from engines.core.tables import Table
from engines.eda.report import VERSION

MAX_STRATA = 1_000
LARGEST_SEED = 2**32 - 1


class SampleMethod(StrEnum):
    """Which rows are analysed."""

    ALL = "all rows"
    RANDOM = "random"
    STRATIFIED = "stratified"
    SYSTEMATIC = "systematic"


@dataclass(frozen=True)
class SamplePlan:
    """Rows to analyse: `size` rows chosen by `method`; `by` names the strata's column."""

    method: SampleMethod = SampleMethod.ALL
    size: int = 10_000
    seed: int = 42
    by: str = ""


@dataclass(frozen=True)
class Options:
    """One exploration's choices. `target` is a column name or empty."""

    target: str = ""
    sample: SamplePlan = field(default_factory=SamplePlan)

    def as_json(self) -> dict[str, Any]:
        """The options as a JSON object, the shape they are stored in."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Options":
        """The options back from their JSON object."""
        sample = {**value["sample"], "method": SampleMethod(value["sample"]["method"])}
        return cls(target=value["target"], sample=SamplePlan(**sample))


def check_options(table: Table, options: Options) -> None:
    """Refuse choices the table cannot serve. Raises InvalidInput."""
    names = {column.name for column in table.columns}
    if options.target and options.target not in names:
        raise InvalidInput("The target is not a column of this table.", hint="Choose another.")
    if options.sample.method is not SampleMethod.ALL:
        _check_sample(table, options.sample, names)


def _check_sample(table: Table, plan: SamplePlan, names: set[str]) -> None:
    if not 1 <= plan.size <= table.rows:
        raise InvalidInput(
            f"A sample of {plan.size:,} rows cannot be taken from {table.rows:,}.",
            hint=f"Choose a size from 1 to {table.rows:,}.",
        )
    if not 0 <= plan.seed <= LARGEST_SEED:
        raise InvalidInput("The seed is out of range.", hint=f"Use 0 to {LARGEST_SEED}.")
    if plan.method is SampleMethod.STRATIFIED and plan.by not in names:
        raise InvalidInput(
            "A stratified sample needs a column to stratify by.", hint="Choose the column."
        )


def digest(table: Table, options: Options) -> str:
    """The cache key (16 hexadecimal characters): options, column types, names, version.

    The table's content is the other half of the key. Types are here since people correct them,
    and whether names are hidden, since files made before must not be shown after.
    """
    plan = SamplePlan() if options.sample.method is SampleMethod.ALL else options.sample
    types = [(column.name, column.type.value) for column in table.columns]
    content = [VERSION, options.target, asdict(plan), types, table.anonymised]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]
