"""Which raw column each prepared column comes from, and shares folded back onto raw columns."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, TargetEncoder

from engines.explanation.parts import CannotTakeApart

Places = NDArray[np.int64]


def sources(preparation: ColumnTransformer, names: list[str]) -> Places:
    """For each prepared column the place in `names` of its raw column. Raises CannotTakeApart."""
    found: list[Places] = []
    for name, step, columns in preparation.transformers_:
        width = _width(preparation, name)
        if width:
            asked = [columns] if isinstance(columns, str) else list(columns)
            places = np.array([names.index(column) for column in asked])
            found.append(_through(step, places, width))
    return np.concatenate(found) if found else np.empty(0, dtype="int64")


def folded(values: NDArray[np.float64], places: Places, columns: int) -> NDArray[np.float64]:
    """Shares (rows, prepared, outputs) summed per raw column, so that they add up as before."""
    shape = (len(values), columns, values.shape[2])
    total = np.zeros(shape)
    for place in range(columns):
        total[:, place] = values[:, places == place].sum(axis=1)
    return total


def _width(preparation: ColumnTransformer, name: str) -> int:
    part = preparation.output_indices_[name]
    return int(part.stop - part.start)


def _through(step: Any, places: Places, width: int) -> Places:
    """Follow columns through the steps of one transformer."""
    if len(places) == 1:
        return np.repeat(places, width)
    steps = [one for _, one in step.steps] if isinstance(step, Pipeline) else [step]
    for one in steps:
        places = _after(one, places)
    if len(places) != width:
        raise CannotTakeApart(f"{type(steps[-1]).__name__} as preparation")
    return places


def _after(step: Any, places: Places) -> Places:
    if isinstance(step, SimpleImputer):
        marks = step.indicator_
        return places if marks is None else np.concatenate([places, places[marks.features_]])
    if isinstance(step, OneHotEncoder):
        return np.repeat(places, _kept_categories(step))
    if isinstance(step, TargetEncoder) and step.target_type_ == "multiclass":
        return np.repeat(places, len(step.classes_))
    return places


def _kept_categories(step: OneHotEncoder) -> list[int]:
    """Columns made of each input: its categories, the infrequent ones together as one."""
    counts = [len(known) for known in step.categories_]
    rare = getattr(step, "infrequent_categories_", [None] * len(counts))
    return [n if few is None else n - len(few) + 1 for n, few in zip(counts, rare, strict=True)]
