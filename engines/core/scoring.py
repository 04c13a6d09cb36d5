"""How a stored model is asked: data made to fit, answers read.

Imports nothing of ours and takes the card as plain JSON, because the download's `predict.py` is
made of this very source: what the page answers and what the script answers cannot differ.
"""

from difflib import get_close_matches
from typing import Any

import numpy as np
import pandas as pd

NUMBERS = ("integer", "numeric", "int", "float", "uint")
MISSING = ("", "na", "n/a", "nan", "null", "none", "?")
TRUE = ("true", "t", "yes", "y", "1", "1.0")
FALSE = ("false", "f", "no", "n", "0", "0.0")
ISO_MOMENT = r"\d{4}-\d{2}(-\d{2}([T ]\d{2}:\d{2}.*)?)?"
YEAR = r"(?<!\d)\d{4}(?!\d)"


class SchemaFault(ValueError):
    """Data that does not fit the model; the text is one sentence for the user."""


def conform(frame: pd.DataFrame, features: list[dict[str, Any]]) -> pd.DataFrame:
    """The model's columns in its order and types; other columns are dropped, rows kept.

    Raises SchemaFault for a column that is missing or a value of the wrong type.
    """
    wanted = [feature["name"] for feature in features]
    for name in wanted:
        if name not in frame.columns:
            near = get_close_matches(name, [str(c) for c in frame.columns], n=1)
            guess = f"; is “{near[0]}” meant?" if near else "."
            raise SchemaFault(f"The column “{name}” is missing{guess}")
        if int((frame.columns == name).sum()) > 1:
            raise SchemaFault(f"The column “{name}” is there more than once.")
    ready = {feature["name"]: typed(frame[feature["name"]], feature) for feature in features}
    return pd.DataFrame(ready, index=frame.index, columns=wanted)


def typed(values: pd.Series, feature: dict[str, Any]) -> pd.Series:
    """One column in the type the model was fitted on. Raises SchemaFault."""
    kind = str(feature.get("dtype", ""))
    values = without_marks(values, feature)
    if kind.startswith(NUMBERS):
        return numbers(without_unit(values, str(feature.get("pattern") or "")), feature["name"])
    if kind.startswith("bool"):
        return booleans(values, feature["name"])
    if kind.startswith("datetime"):
        return moments(values, feature["name"], str(feature.get("pattern") or ""))
    return words(values, feature)


def without_marks(values: pd.Series, feature: dict[str, Any]) -> pd.Series:
    """The column with marks like "NA" and "?" as missing, unless they are categories of it.

    What meant "missing" in the data the model was fitted on does so here, too; -200, for example.
    """
    own = [str(mark) for mark in feature.get("marks") or ()]
    if not (values.dtype == object or isinstance(values.dtype, pd.StringDtype)):
        return values.mask(values.isin(plain_numbers(own))) if own else values
    known = {str(k).lower() for k in feature.get("categories") or ()}
    marks = [mark for mark in MISSING if mark not in known]
    text = values.astype("string").str.strip()
    absent = text.str.lower().isin(marks) | text.isin(own)
    if str(feature.get("dtype", "")).startswith(NUMBERS):
        absent |= pd.to_numeric(text, errors="coerce").isin(plain_numbers(own))
    return values.mask(absent.fillna(False).to_numpy(dtype=bool))


def without_unit(values: pd.Series, unit: str) -> pd.Series:
    """Numbers in text without the unit that the data wrote beside them."""
    if not unit or pd.api.types.is_numeric_dtype(values):
        return values
    text = values.astype("string").str.strip()
    if unit == "()":  # negative numbers stand in brackets
        text = text.str.replace(r"^\((.*)\)$", r"-\1", regex=True)
    else:
        text = text.str.replace(unit, "", regex=False).str.replace(" ", "")
    return text.astype(object).where(values.notna(), np.nan)


def plain_numbers(marks: list[str]) -> list[float]:
    """The marks that are numbers."""
    found = pd.to_numeric(pd.Series(marks, dtype=object), errors="coerce")
    return [float(number) for number in found.dropna()]


def numbers(values: pd.Series, name: str) -> pd.Series:
    """The column as numbers; infinities count as missing in numbers, and are refused in text."""
    ready = pd.to_numeric(values, errors="coerce")
    refuse(values, values.notna() & ready.isna(), name, "a number")
    if pd.api.types.is_integer_dtype(ready):
        return ready
    ready = ready.astype("float64")
    endless = np.isinf(ready)
    if values.dtype == object:
        refuse(values, endless, name, "a finite number")
    return ready.mask(endless)


def booleans(values: pd.Series, name: str) -> pd.Series:
    """The column as 1.0 and 0.0, missing where blank; true/false, yes/no and 1/0 are read."""
    text = values.astype("string").str.strip().str.lower()
    ready = pd.Series(np.nan, index=values.index, dtype="float64")
    ready[text.isin(TRUE).fillna(False).to_numpy(dtype=bool)] = 1.0
    ready[text.isin(FALSE).fillna(False).to_numpy(dtype=bool)] = 0.0
    refuse(values, values.notna() & ready.isna(), name, "true or false")
    return ready


def moments(values: pd.Series, name: str, pattern: str = "") -> pd.Series:
    """The column as dates and times: ISO 8601, or text written as in the model's own data.

    Anything else is refused: 03/02/2024 would be February to one reader and March to another.
    """
    if pd.api.types.is_datetime64_any_dtype(values):
        return in_nanoseconds(values)
    text = values.astype("string").str.strip()
    ready = read_moments(text, pattern)
    # 9999-12-31 and the like are dates beyond what can be counted: missing, as in a stored table.
    beyond = read_moments(text.str.replace(YEAR, "2000", regex=True), pattern).notna()
    wrong = values.notna() & ready.isna() & ~beyond
    refuse(values, wrong, name, f"a date like {example_of(pattern)}")
    return in_nanoseconds(ready)


def read_moments(text: pd.Series, pattern: str) -> pd.Series:
    """Moments without a zone, missing where not readable; those with one are taken to UTC."""
    is_iso = text.str.fullmatch(ISO_MOMENT).fillna(False).to_numpy(dtype=bool)
    ready = pd.to_datetime(text.where(is_iso), format="ISO8601", errors="coerce", utc=True)
    ready = ready.dt.tz_localize(None)
    if pattern:
        ready = ready.fillna(pd.to_datetime(text, format=pattern, errors="coerce"))
    return ready


def example_of(pattern: str) -> str:
    """How a date may be written, shown on the last day of January 2024."""
    told = "2024-01-31"
    return f"{told} or {pd.Timestamp(told).strftime(pattern)}" if pattern else told


def in_nanoseconds(values: pd.Series) -> pd.Series:
    """Moments in pandas' usual unit, whatever the file's was; those beyond its years are missing.

    A fitted model counts the units, so they must be the same for each source of rows.
    """
    if not pd.api.types.is_datetime64_any_dtype(values):
        return values
    try:
        ready: pd.Series = values.dt.as_unit("ns")
    except pd.errors.OutOfBoundsDatetime:
        ready = pd.to_datetime(values.astype(str), errors="coerce")
    return ready


def words(values: pd.Series, feature: dict[str, Any]) -> pd.Series:
    """The column as categories or text; numbers when the model's categories are numbers."""
    known = feature.get("categories") or ()
    if known and all(isinstance(k, int | float) and not isinstance(k, bool) for k in known):
        return numbers(values, feature["name"])
    present = values.notna()
    ready = values.astype(object).where(present, None)
    ready[present] = ready[present].map(str)
    return ready.where(present, np.nan)


def refuse(values: pd.Series, wrong: Any, name: str, needed: str) -> None:
    """Raise SchemaFault with the first value marked in `wrong` (booleans, one per row)."""
    marks = np.asarray(wrong, dtype=bool)
    if marks.any():
        row = int(marks.argmax())
        bad = str(values.iloc[row])[:60]
        raise SchemaFault(f"“{name}” must be {needed}; row {row + 1} has “{bad}”.")


def unknown_categories(frame: pd.DataFrame, features: list[dict[str, Any]]) -> list[str]:
    """A sentence for each category the model has never seen, first value of each column."""
    found = []
    for feature in features:
        known = set(feature.get("categories") or ())
        strange = [v for v in frame[feature["name"]].dropna().unique() if known and v not in known]
        if strange:
            some = ", ".join(f"“{v}”" for v in sorted(map(str, known))[:8])
            found.append(
                f"“{feature['name']}” has a category the model never saw, "
                f"“{str(strange[0])[:60]}”; it knows {some}{' …' if len(known) > 8 else ''}."
            )
    return found


def answer(model: Any, card: dict[str, Any], frame: pd.DataFrame) -> pd.DataFrame:
    """The model's answers for conforming rows, one row each, index kept.

    Columns: `prediction`, and `p_<class>` per class; for unsupervised tasks `cluster`,
    `anomaly` with `anomaly_score` (higher is stranger), or `component_1`, `component_2` …
    """
    task = card["task"]
    if task in ("binary", "multiclass"):
        return class_answer(model, card, frame)
    if task == "clustering":
        return pd.DataFrame({"cluster": model.predict(frame)}, index=frame.index)
    if task == "anomaly":
        strange = {
            "anomaly": np.asarray(model.predict(frame)) == -1,
            "anomaly_score": -np.asarray(model.decision_function(frame)),
        }
        return pd.DataFrame(strange, index=frame.index)
    if task == "dimensionality_reduction":
        parts = np.asarray(model.transform(frame))
        names = [f"component_{n + 1}" for n in range(parts.shape[1])]
        return pd.DataFrame(parts, index=frame.index, columns=names)
    return pd.DataFrame({"prediction": np.asarray(model.predict(frame))}, index=frame.index)


def class_answer(model: Any, card: dict[str, Any], frame: pd.DataFrame) -> pd.DataFrame:
    """Class and probabilities; with two classes the second is answered from the threshold on."""
    classes = np.asarray(list(card["classes"]), dtype=object)
    if not hasattr(model, "predict_proba"):
        raw = np.asarray(model.predict(frame))
        found = raw if set(raw) <= set(classes) else classes[raw.astype(int)]
        return pd.DataFrame({"prediction": found}, index=frame.index)
    shares = np.asarray(model.predict_proba(frame), dtype="float64")
    chosen = shares.argmax(axis=1)
    if len(classes) == 2:
        chosen = (shares[:, 1] >= card.get("threshold", 0.5)).astype(int)
    columns = {"prediction": classes[chosen]}
    columns |= {f"p_{name}": shares[:, n] for n, name in enumerate(classes)}
    return pd.DataFrame(columns, index=frame.index)
