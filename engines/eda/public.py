"""A report under the names that may leave the platform."""

from typing import Any

from engines.eda.labels import Names
from engines.eda.report import Report

NAMED = {"name", "column", "first", "second", "by", "target"}
LISTED = {"columns", "forest_columns"}


def under_public_names(report: Report, names: Names) -> Report:
    """The same report with every column name replaced; texts never hold one."""
    if all(real == public for real, public in names.items()):
        return report
    return Report.model_validate(_renamed(report.model_dump(mode="json"), names))


def _renamed(value: Any, names: Names) -> Any:
    if isinstance(value, list):
        return [_renamed(each, names) for each in value]
    if not isinstance(value, dict):
        return value
    return {key: _field(key, each, names) for key, each in value.items()}


def _field(key: str, value: Any, names: Names) -> Any:
    if key in NAMED and isinstance(value, str):
        return names.get(value, value)
    if key in LISTED and value and isinstance(value[0], str):
        return [names.get(each, each) for each in value]
    if key == "values" and isinstance(value, dict):
        return {names.get(each, each): shown for each, shown in value.items()}
    return _renamed(value, names)
