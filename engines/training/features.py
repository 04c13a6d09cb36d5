"""One plain scikit-learn ColumnTransformer from raw columns to numbers, fitted inside each fold.

Only classes and functions of scikit-learn, NumPy and pandas appear in it, so a stored model is
read anywhere these are installed.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    OneHotEncoder,
    OrdinalEncoder,
    PowerTransformer,
    SplineTransformer,
    StandardScaler,
    TargetEncoder,
)
from sklearn.utils import check_array

from engines.core.scoring import in_nanoseconds
from engines.core.tables import Column, ColumnType
from engines.training.catalogue import Flavour

FEW_CATEGORIES = 12  # above this a category is encoded by its target mean instead of one-hot
MOST_CATEGORIES = 25
NOT_A_TIME = int(np.iinfo("int64").min)  # what pandas turns a missing moment into
DAY = 86_400e9  # nanoseconds
CYCLES = {"day": (DAY, 7), "week": (7 * DAY, 8), "year": (365.2425 * DAY, 13)}


@dataclass(frozen=True)
class Roles:
    """Which columns of the cleaned frame are treated in which way."""

    numbers: tuple[str, ...]
    few: tuple[str, ...]
    many: tuple[str, ...]
    dates: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """Every feature column."""
        return [*self.numbers, *self.few, *self.many, *self.dates]


def roles(columns: list[Column], frame: pd.DataFrame) -> Roles:
    """Sort the columns by type and, for categories, by their number of values in `frame`."""
    plain = (ColumnType.INTEGER, ColumnType.NUMERIC, ColumnType.BOOLEAN)
    numbers = [c.name for c in columns if c.type in plain]
    dates = [c.name for c in columns if c.type == ColumnType.DATETIME]
    rest = [c.name for c in columns if c.name not in {*numbers, *dates}]
    few = [name for name in rest if frame[name].nunique() <= FEW_CATEGORIES]
    many = [name for name in rest if name not in few]
    return Roles(tuple(numbers), tuple(few), tuple(many), tuple(dates))


def cleaned(frame: pd.DataFrame, columns: list[Column]) -> pd.DataFrame:
    """The feature columns in four plain kinds: float, object text, datetime; infinities missing."""
    return pd.DataFrame({c.name: _plain(frame[c.name], c.type) for c in columns})


def _plain(values: "pd.Series[Any]", kind: ColumnType) -> "pd.Series[Any]":
    if kind in (ColumnType.INTEGER, ColumnType.NUMERIC, ColumnType.BOOLEAN):
        numbers = pd.to_numeric(values, errors="coerce").astype("float64")
        return numbers.replace([np.inf, -np.inf], np.nan)
    if kind == ColumnType.DATETIME:
        return in_nanoseconds(pd.to_datetime(values, errors="coerce"))
    return values.astype(object).where(values.notna(), np.nan).map(str, na_action="ignore")


def preparation(
    of: Roles, flavour: Flavour, seed: int, supervised: bool = True, target: str = "auto"
) -> ColumnTransformer:
    """The unfitted transformer for one flavour; without a target, rare categories are merged.

    `target` is TargetEncoder's: "continuous" must be said, or whole numbers count as classes.
    """
    steps: list[tuple[str, Any, Any]] = []
    if of.numbers:
        steps.append(("numbers", _numbers(flavour), list(of.numbers)))
    if of.few or (of.many and not supervised):
        names = [*of.few, *(() if supervised else of.many)]
        steps.append(("few", _few(flavour), names))
    if of.many and supervised:
        steps.append(("many", _many(flavour, seed, target), list(of.many)))
    steps += [(f"date_{n}", _dates(flavour), name) for n, name in enumerate(of.dates)]
    return ColumnTransformer(steps, sparse_threshold=0.0 if flavour != Flavour.LINEAR else 0.3)


def _numbers(flavour: Flavour) -> Pipeline:
    as_float = {"dtype": "float64", "force_all_finite": False}
    no_infinity = {"nan": np.nan, "posinf": np.nan, "neginf": np.nan}
    steps: list[tuple[str, Any]] = [
        ("float", FunctionTransformer(check_array, kw_args=as_float)),
        ("finite", FunctionTransformer(np.nan_to_num, kw_args=no_infinity)),
    ]
    if flavour == Flavour.TREE:
        return Pipeline(steps)
    impute = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    steps.append(("impute", impute))
    if flavour == Flavour.FILLED:
        return Pipeline(steps)
    scale = PowerTransformer() if flavour == Flavour.EVEN else StandardScaler()
    return Pipeline([*steps, ("scale", scale)])


def _few(flavour: Flavour) -> Any:
    if flavour in (Flavour.TREE, Flavour.FILLED):
        absent = np.nan if flavour == Flavour.TREE else -1
        return OrdinalEncoder(
            handle_unknown="use_encoded_value", unknown_value=absent, encoded_missing_value=absent
        )
    return OneHotEncoder(
        handle_unknown="infrequent_if_exist",
        min_frequency=5,
        max_categories=MOST_CATEGORIES,
        sparse_output=flavour == Flavour.LINEAR,
    )


def _many(flavour: Flavour, seed: int, target: str) -> Any:
    encoder = TargetEncoder(target_type=target, random_state=seed)
    if flavour in (Flavour.TREE, Flavour.FILLED):
        return encoder
    return Pipeline([("encode", encoder), ("scale", StandardScaler())])


def _dates(flavour: Flavour) -> Pipeline:
    """A moment as its distance from the others and its place in day, week and year."""
    parts: list[tuple[str, Any]] = [("elapsed", StandardScaler())]
    parts += [(name, _cycle(period, knots)) for name, (period, knots) in CYCLES.items()]
    as_utc = {"errors": "coerce", "utc": True}
    return Pipeline([
        ("parse", FunctionTransformer(pd.to_datetime, kw_args=as_utc)),
        ("nanoseconds", FunctionTransformer(pd.to_numeric)),
        ("column", FunctionTransformer(np.expand_dims, kw_args={"axis": 1})),
        ("impute", SimpleImputer(missing_values=NOT_A_TIME, strategy="median")),
        ("parts", FeatureUnion(parts)),
    ])  # fmt: skip


def _cycle(period: float, knots: int) -> SplineTransformer:
    places = np.linspace(0, period, knots)[:, None]
    return SplineTransformer(knots=places, degree=2, extrapolation="periodic", include_bias=False)
