"""`predict.py` and `requirements.txt` of a download: made from the source that answers here."""

import inspect
from collections.abc import Iterable
from pathlib import Path
from textwrap import dedent
from zipfile import ZipFile

from engines.core import csv_export, forecasting, scoring
from engines.core.model_card import MODEL_FILE, ModelCard
from engines.core.trusted_types import TRUSTED_TYPES

ALWAYS = ("scikit-learn", "skops", "pandas", "numpy", "scipy")
MODULES = {"lightgbm": "lightgbm", "xgboost": "xgboost-cpu", "catboost": "catboost"}
FOR_STEPS = ("from collections.abc import Callable\n", "from numpy.typing import NDArray\n")
USE_ROWS = """python predict.py rows.csv answers.csv

Reads a CSV with the model's columns (model.json lists them), writes a CSV with its answers in
front."""
USE_STEPS = """python predict.py forecast.csv --steps 12

Continues the series from the end of its history (forecast.json), or from --history newer.csv,
and writes the moments that follow with their forecasts and bounds. Columns known ahead, if the
model has any, come with --future known.csv, a row for each step."""
HEAD = '''
"""Ask the model in this folder: python predict.py rows.csv answers.csv

Reads a CSV with the model's columns (model.json lists them), writes a CSV with its answers in
front.

Needs only what requirements.txt lists. The model is loaded with skops, and only if it holds
nothing but the types named here.
"""

import argparse
import json
import re
import sys
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import skops.io
from numpy.typing import NDArray

HERE = Path(__file__).resolve().parent
# Numbers that show which mark is the decimal one.
COMMA = r"[+-]?(?:\\d+,(?:\\d{1,2}|\\d{4,})|\\d{1,3}(?:\\.\\d{3})+,\\d+)"
POINT = r"[+-]?(?:\\d+\\.(?:\\d{1,2}|\\d{4,})|\\d{1,3}(?:,\\d{3})+\\.\\d+)"
'''
READ = '''
def read(path: Path) -> pd.DataFrame:
    """The rows as texts; what they mean is decided per column."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            names = file.readline()
        separator = max(",;\t", key=names.count)
        frame = pd.read_csv(
            path, sep=separator, dtype=str, encoding="utf-8-sig", keep_default_na=False
        )
    except UnicodeDecodeError as fault:
        raise SchemaFault(f"{path.name} is not UTF-8; save it as “CSV UTF-8”.") from fault
    if frame.empty:
        raise SchemaFault(f"{path.name} has no rows.")
    return frame.rename(columns=lambda name: unescaped(str(name))).map(unescaped)


def unescaped(text: str) -> str:
    """The text without the apostrophe that keeps a spreadsheet from running it."""
    return text[1:] if text[:1] == "'" and escape_cell(text[1:]) == text else text


def with_points(frame: pd.DataFrame, features: list[dict[str, Any]]) -> pd.DataFrame:
    """Numbers like 1.234,50 as 1234.50, when the numbers of the file are written so."""
    names = [f["name"] for f in features if str(f["dtype"]).startswith(NUMBERS)]
    texts = frame[[name for name in names if name in frame]].select_dtypes(("object", "string"))
    if not any(texts[name].astype(str).str.fullmatch(COMMA).any() for name in texts):
        return frame
    ready = {
        name: texts[name].str.replace(".", "", regex=False).str.replace(",", ".", regex=False)
        for name in texts
        if not texts[name].str.fullmatch(POINT).any()
    }
    return frame.assign(**ready)


def stored_model() -> Any:
    """The model, if it holds nothing but the trusted types."""
    return skops.io.load(HERE / "model.skops", trusted=TRUSTED_TYPES)


def write(answers: pd.DataFrame, path: Path) -> None:
    """The answers as CSV."""
    escape_formulas(answers).to_csv(path, index=False, encoding="utf-8")
    print(f"{len(answers)} answers written to {path}")
'''
ROWS = '''
def main() -> None:
    """Read rows, check them, ask the model, write the answers."""
    parser = argparse.ArgumentParser(description="Ask the model in this folder.")
    parser.add_argument("rows", type=Path, help="CSV with the model's columns")
    parser.add_argument("answers", type=Path, help="CSV to write")
    given = parser.parse_args()
    card = json.loads((HERE / "model.json").read_text(encoding="utf-8"))
    try:
        answers = ask(card, read(given.rows))
    except (ValueError, OSError) as fault:  # what pandas cannot read is a ValueError too
        sys.exit(f"error: {fault}")
    write(answers, given.answers)


def ask(card: dict[str, Any], frame: pd.DataFrame) -> pd.DataFrame:
    """The model's answers in front of the rows."""
    ready = conform(with_points(frame, card["features"]), card["features"])
    for sentence in unknown_categories(ready, card["features"]):
        print(f"warning: {sentence}", file=sys.stderr)
    answers = answer(stored_model(), card, ready)
    apart = {name: f"{name} (model)" for name in answers if name in frame}
    return pd.concat([answers.rename(columns=apart), frame], axis=1)


if __name__ == "__main__":
    main()
'''
STEPS = '''
def main() -> None:
    """Continue the series from its stored end, or from a newer one, and write the forecast."""
    card = json.loads((HERE / "model.json").read_text(encoding="utf-8"))
    stored = json.loads((HERE / "forecast.json").read_text(encoding="utf-8"))
    horizon = card["facts"]["series"]["horizon"]
    parser = argparse.ArgumentParser(description="Forecast with the model in this folder.")
    parser.add_argument("answers", type=Path, nargs="?", default=Path("forecast.csv"))
    parser.add_argument("--steps", type=int, default=horizon, help=f"how many; usually {horizon}")
    parser.add_argument("--history", type=Path, help="CSV of newer moments and their values")
    parser.add_argument("--future", type=Path, help="CSV of the columns known ahead")
    given = parser.parse_args()
    try:
        fresh = read(given.history) if given.history else None
        future = read(given.future) if given.future else None
        answers = forecast(stored_model(), card, stored, given.steps, future, fresh)
    except (ValueError, OSError) as fault:
        sys.exit(f"error: {fault}")
    if given.steps > horizon:
        print(f"warning: the model was scored {horizon} steps ahead, not more.", file=sys.stderr)
    write(answers, given.answers)


if __name__ == "__main__":
    main()
'''


def predict_script(is_series: bool = False) -> str:
    """The text of `predict.py`: one file, with our own list of trusted types written in it.

    That of a series forecasts from the history's end; the others answer rows.
    """
    trusted = "".join(f'    "{name}",\n' for name in TRUSTED_TYPES)
    head = HEAD.replace(USE_ROWS, USE_STEPS) if is_series else HEAD
    for line in () if is_series else FOR_STEPS:
        head = head.replace(line, "")
    needed = [_body(scoring), *([_body(forecasting)] if is_series else [])]
    parts = [
        head.strip(),
        f"TRUSTED_TYPES = [\n{trusted}]",
        _body(csv_export, until="def to_safe_csv"),
        *needed,
        READ.strip(),
        (STEPS if is_series else ROWS).strip(),
    ]
    return "\n\n\n".join(parts) + "\n"


def _body(module: object, until: str = "") -> str:
    """A module's source after its docstring and imports."""
    source = dedent(inspect.getsource(module))  # type: ignore[arg-type]
    lines = source.split("\n")
    imports = [n for n, line in enumerate(lines) if line.startswith(("import ", "from "))]
    body = "\n".join(lines[max(imports) + 1 :])
    return (body.split(until)[0] if until else body).strip()


def libraries(folder: Path) -> list[str]:
    """The distributions the model in this folder needs, by the modules its types live in."""
    with ZipFile(folder / MODEL_FILE) as stored:
        told = stored.read("schema.json").decode()
    return [*ALWAYS, *(dist for module, dist in MODULES.items() if f'"{module}.' in told)]


def requirements(names: Iterable[str], card: ModelCard) -> str:
    """Exact pins, one a line: the versions the model was fitted with."""
    from importlib.metadata import version

    found = {name: card.versions.get(name) or version(name) for name in names}
    return "".join(f"{name}=={release}\n" for name, release in sorted(found.items()))
