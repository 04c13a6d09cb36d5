"""The model as ONNX, handed out only where it answers as the model itself does.

Exact means: on every row of the hold-out, numbers (or the classes' shares) differ by at most
1e-6, absolutely and for numbers beyond 1 relatively, and every predicted class is the same.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils import check_array

from engines.core.model_card import Feature, ModelCard

EXACT = 1e-6
OPSET = {"": 18, "ai.onnx.ml": 3}
PRECISIONS = ("float64", "float32")  # some operators exist for one of them only
NUMBERS = ("integer", "numeric", "boolean")
TASKS = ("binary", "multiclass", "regression")
REASON_LONGEST = 300


@dataclass(frozen=True)
class OnnxResult:
    """The converted model and its largest difference, or the reason why it is left out."""

    content: bytes | None
    reason: str
    difference: float | None = None


def convert(pipeline: Any, card: ModelCard, rows: pd.DataFrame | None) -> OnnxResult:
    """Convert the pipeline and compare both on the hold-out's rows; never raises for a model."""
    if card.task not in TASKS:
        return OnnxResult(None, "ONNX is made for classification and regression only.")
    if rows is None or rows.empty:
        return OnnxResult(None, "There are no hold-out rows here to compare it on.")
    tried = [_attempt(pipeline, card, rows, precision) for precision in PRECISIONS]
    good = [one for one in tried if one.content is not None]
    measured = [one for one in tried if one.difference is not None]
    return (good or measured or tried)[0]


def _attempt(pipeline: Any, card: ModelCard, rows: pd.DataFrame, precision: str) -> OnnxResult:
    try:
        content = _converted(pipeline, card.features, precision)
        difference = _difference(content, pipeline, card, rows, precision)
    except Exception as error:
        # Converters raise whatever they like for a step they do not know; none is a fault of ours.
        return OnnxResult(None, f"It cannot be converted: {_short(error)}")
    if not difference <= EXACT:
        told = f"Its answers differ by {difference:.2g} on the hold-out; {EXACT:g} is allowed."
        return OnnxResult(None, told, difference)
    return OnnxResult(content, "", difference)


def _converted(pipeline: Any, features: Sequence[Feature], precision: str) -> bytes:
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, StringTensorType

    _register_boosters()
    pipeline = _without_casts(pipeline)
    number = DoubleTensorType if precision == "float64" else FloatTensorType
    kinds = {True: number, False: StringTensorType}
    inputs = [(one.name, kinds[one.dtype in NUMBERS]([None, 1])) for one in features]
    options = {id(pipeline): {"zipmap": False}} if hasattr(pipeline, "predict_proba") else None
    made = convert_sklearn(pipeline, "model", inputs, target_opset=OPSET, options=options)
    content: bytes = made.SerializeToString(deterministic=True)
    return content


def _without_casts(pipeline: Any) -> Any:
    """A copy without the steps that only make floats of numbers and drop infinities.

    ONNX's inputs are doubles already; the comparison on the hold-out tells whether that holds.
    """
    from sklearn.preprocessing import FunctionTransformer

    def plain(step: Any) -> Any:
        if isinstance(step, FunctionTransformer) and step.func in (check_array, np.nan_to_num):
            return FunctionTransformer()
        for name in ("steps", "transformers", "transformers_"):
            if parts := getattr(step, name, None):
                setattr(step, name, [(one[0], plain(one[1]), *one[2:]) for one in parts])
        return step

    return plain(deepcopy(pipeline))


def _register_boosters() -> None:
    """Teach skl2onnx the gradient boosters that are installed."""
    from lightgbm import LGBMClassifier, LGBMRegressor
    from onnxmltools.convert.lightgbm.operator_converters.LightGbm import convert_lightgbm
    from skl2onnx import update_registered_converter
    from skl2onnx.common.shape_calculator import (
        calculate_linear_classifier_output_shapes,
        calculate_linear_regressor_output_shapes,
    )

    choices = {"nocl": [True, False], "zipmap": [True, False, "columns"]}
    update_registered_converter(
        LGBMClassifier, "LightGbmLGBMClassifier", calculate_linear_classifier_output_shapes,
        convert_lightgbm, options=choices,
    )  # fmt: skip
    update_registered_converter(
        LGBMRegressor, "LightGbmLGBMRegressor", calculate_linear_regressor_output_shapes,
        convert_lightgbm, options={"split": None},
    )  # fmt: skip


def _difference(
    content: bytes, pipeline: Any, card: ModelCard, rows: pd.DataFrame, precision: str
) -> float:
    """The largest difference of any answer; infinite when a class differs."""
    from onnxruntime import InferenceSession

    session = InferenceSession(content, providers=["CPUExecutionProvider"])
    # Names with blanks are rewritten by the converter; the order is the card's.
    pairs = zip(session.get_inputs(), card.features, strict=True)
    given = {asked.name: _column(rows[one.name], one, precision) for asked, one in pairs}
    answers = session.run(None, given)
    truth = np.asarray(pipeline.predict(rows)).ravel()
    if not card.classes:
        return _gap(np.asarray(answers[0], float).ravel(), truth.astype(float))
    if list(map(str, np.asarray(answers[0]).ravel())) != list(map(str, truth)):
        return float("inf")
    return _gap(np.asarray(answers[1], float), np.asarray(pipeline.predict_proba(rows), float))


def _column(values: "pd.Series[Any]", feature: Feature, precision: str) -> NDArray[Any]:
    if feature.dtype in NUMBERS:
        return values.to_numpy(precision).reshape(-1, 1)
    return values.astype(object).where(values.notna(), "").astype(str).to_numpy().reshape(-1, 1)


def _gap(answers: NDArray[Any], truth: NDArray[Any]) -> float:
    if answers.shape != truth.shape:
        return float("inf")
    gaps = np.abs(answers - truth) / np.maximum(1.0, np.abs(truth))
    return float(np.max(gaps)) if np.isfinite(gaps).all() else float("inf")


def _short(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text[:REASON_LONGEST].rstrip(".") + "."
