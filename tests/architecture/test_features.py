"""docs/reference/features.md tells the truth: what it names exists."""

import ast
import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "docs" / "reference" / "features.md"
NUMBER = re.compile(r"[A-Z]\d{0,2}\.\d{2}")
CELLS = 5


def rows(text: str) -> list[list[str]]:
    """The table's rows, cell by cell."""
    lines = [line for line in text.splitlines() if NUMBER.match(line.strip("| "))]
    return [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines]


def faults(text: str) -> list[str]:
    """What a row claims and the project does not have."""
    found = []
    for row in rows(text):
        if len(row) != CELLS:
            found.append(f"{row[0]}: {len(row)} cells")
            continue
        number, _feature, page, functions, tests = row
        found += [f"{number}: no page {p}" for p in _code(page) if not (ROOT / p).is_file()]
        found += [f"{number}: no function {f}" for f in _code(functions) if not _has_function(f)]
        found += [f"{number}: no test {t}" for t in _code(tests) if not _has_test(t)]
        if not _code(tests):
            found.append(f"{number}: no test named")
    return found


def _code(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def _has_function(name: str) -> bool:
    parts = name.split(".")
    for split in range(len(parts) - 1, 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:split]))
        except ModuleNotFoundError:
            continue
        for attribute in parts[split:]:
            found = getattr(found, attribute, None)
        return found is not None
    return False


def _has_test(name: str) -> bool:
    path, _, function = name.partition("::")
    if not (ROOT / path).is_file():
        return False
    defined = {n.name for n in ast.walk(ast.parse((ROOT / path).read_text())) if hasattr(n, "name")}
    return function.split("::")[-1].split("[")[0] in defined


def test_every_row_names_things_that_exist() -> None:
    found = faults(TABLE.read_text())
    assert not found, "\n".join(found)


def test_no_number_has_two_rows() -> None:
    numbers = [row[0] for row in rows(TABLE.read_text())]
    assert len(numbers) == len(set(numbers))


HERE = "tests/architecture/test_features.py"
THIS = f"`{HERE}::test_no_number_has_two_rows`"


@pytest.mark.parametrize(
    "row",
    [
        f"| E01.01 | a | `pages/nowhere.py` | `engines.projects.create` | {THIS} |",
        f"| E01.01 | a | – | `engines.projects.conjure` | {THIS} |",
        f"| E01.01 | a | – | `engines.nothing.create` | {THIS} |",
        f"| E01.01 | a | – | `engines.projects.create` | `{HERE}::test_x` |",
        "| E01.01 | a | – | `engines.projects.create` | |",
        f"| E01.01 | a | `engines.projects.create` | {THIS} |",
    ],
)
def test_false_claim_is_found(row: str) -> None:
    assert faults(row)


def test_true_claim_is_accepted() -> None:
    row = f"| E01.01 | a | `app/main.py` | `engines.core.database.Database.read` | {THIS} |"
    assert faults(row) == []
