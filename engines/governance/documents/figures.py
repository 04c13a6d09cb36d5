"""Figures of a model for paper: drawn from its own files, under names that may leave."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn import metrics as sk

from engines.core.palette import CATEGORICAL, GUIDE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, HEIGHT, DOTS = 6.4, 4.0, 144  # inches, inches, dots per inch
EDGE, LINE = 1.0, 0.3  # inches
SHOWN, MOST_POINTS, BINS = 15, 2_000, 10
BLUE, GREY = CATEGORICAL[0], GUIDE


@dataclass(frozen=True)
class Material:
    """What figures are drawn from.

    `holdout` has the columns row, y_true, y_pred and p_<class>; `leaderboard` rows hold candidate,
    score, low, high, winner; `importance` rows feature, importance, std; `shap` rows feature,
    importance.
    """

    classes: tuple[Any, ...]
    holdout: pd.DataFrame
    metric: str = ""
    leaderboard: tuple[Mapping[str, Any], ...] = ()
    importance: tuple[Mapping[str, Any], ...] = ()
    shap: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Plot:
    """One figure: its caption, whether the material has it, how it is drawn.

    `lines` counts the rows of a figure that grows with them.
    """

    caption: str
    has: Callable[[Material], bool]
    draw: Callable[["Axes", Material], None]
    lines: Callable[[Material], int] | None = None


def captions(material: Material) -> dict[str, str]:
    """The figures that can be drawn, {key: caption}, in the order of a document."""
    return {key: plot.caption for key, plot in PLOTS.items() if plot.has(material)}


def picture(material: Material, key: str) -> bytes | None:
    """One figure as PNG; None when there is none of that key. The same material, the same bytes."""
    plot = PLOTS.get(key)
    if plot is None or not plot.has(material):
        return None
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # not at every start
    from matplotlib.figure import Figure

    height = min(HEIGHT, EDGE + LINE * plot.lines(material)) if plot.lines else HEIGHT
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    plot.draw(axes, material)
    axes.spines[["top", "right"]].set_visible(False)
    into = BytesIO()
    figure.savefig(into, format="png", dpi=DOTS, metadata={"Software": None})
    return into.getvalue()


def _leaderboard(axes: "Axes", material: Material) -> None:
    rows = [row for row in material.leaderboard if _is_number(row["score"])][::-1][-SHOWN:]
    scores = np.array([row["score"] for row in rows], dtype=float)
    reach = np.array([_reach(row) for row in rows])
    colours = [BLUE if row["winner"] else GREY for row in rows]
    axes.errorbar(scores, range(len(rows)), xerr=reach, fmt="none", ecolor=GREY, capsize=3)
    axes.scatter(scores, range(len(rows)), c=colours, zorder=3)
    axes.set_yticks(range(len(rows)), [_label(row["candidate"]) for row in rows])
    axes.set_xlabel(f"{material.metric}, mean of the folds with 95 % CI (blue: chosen)")


def _reach(row: Mapping[str, Any]) -> float:
    return float(row["high"] - row["score"]) if _is_number(row["high"]) else 0.0


def _roc(axes: "Axes", material: Material) -> None:
    for name, yes, share in _by_class(material):
        false, true, _ = sk.roc_curve(yes, share)
        axes.plot(false, true, label=f"{_label(name)} (area {sk.auc(false, true):.3f})")
    axes.plot([0, 1], [0, 1], "--", color=GREY, linewidth=1, label="chance")
    axes.set(xlabel="False positive rate", ylabel="True positive rate")
    axes.legend()


def _precision_recall(axes: "Axes", material: Material) -> None:
    for name, yes, share in _by_class(material):
        precision, recall, _ = sk.precision_recall_curve(yes, share)
        axes.plot(recall, precision, label=_label(name))
    axes.set(xlabel="Recall", ylabel="Precision", ylim=(0, 1.05))
    axes.legend()


def _calibration(axes: "Axes", material: Material) -> None:
    for name, yes, share in _by_class(material):
        bins = np.clip((share * BINS).astype(int), 0, BINS - 1)
        means = pd.DataFrame({"share": share, "yes": yes}).groupby(bins).mean()
        axes.plot(means["share"], means["yes"], "o-", label=_label(name))
    axes.plot([0, 1], [0, 1], "--", color=GREY, linewidth=1, label="perfectly calibrated")
    axes.set(xlabel="Predicted probability", ylabel="Observed frequency")
    axes.legend()


def _confusion(axes: "Axes", material: Material) -> None:
    classes = list(material.classes)
    frame = material.holdout
    counts = sk.confusion_matrix(frame["y_true"], frame["y_pred"], labels=classes)
    axes.imshow(counts, cmap="Blues", aspect="auto")
    for (row, column), count in np.ndenumerate(counts):
        dark = count > counts.max() / 2
        place = {"ha": "center", "va": "center", "color": "white" if dark else "black"}
        axes.text(column, row, f"{count:,}", **place)
    names = [_label(name) for name in classes]
    axes.set_xticks(range(len(names)), names)
    axes.set_yticks(range(len(names)), names)
    axes.set(xlabel="Predicted", ylabel="True")


def _residuals(axes: "Axes", material: Material) -> None:
    frame = _some(material.holdout)
    axes.scatter(frame["y_pred"], frame["y_true"] - frame["y_pred"], s=10, alpha=0.5, c=BLUE)
    axes.axhline(0, linestyle="--", color=GREY, linewidth=1)
    axes.set(xlabel="Predicted", ylabel="True minus predicted")


def _truth(axes: "Axes", material: Material) -> None:
    frame = _some(material.holdout)
    axes.scatter(frame["y_true"], frame["y_pred"], s=10, alpha=0.5, c=BLUE)
    ends = [float(frame["y_true"].min()), float(frame["y_true"].max())]
    axes.plot(ends, ends, "--", color=GREY, linewidth=1)
    axes.set(xlabel="True", ylabel="Predicted")


def _importance(axes: "Axes", material: Material) -> None:
    _bars(axes, material.importance, "Loss of score when the column is shuffled")


def _shap(axes: "Axes", material: Material) -> None:
    _bars(axes, material.shap, "Mean absolute SHAP value")


def _bars(axes: "Axes", rows: tuple[Mapping[str, Any], ...], label: str) -> None:
    shown = rows[:SHOWN][::-1]
    reach = [row.get("std") or 0 for row in shown]
    axes.barh(range(len(shown)), [row["importance"] for row in shown], xerr=reach, color=BLUE)
    axes.set_yticks(range(len(shown)), [_label(row["feature"]) for row in shown])
    axes.set_xlabel(label)


def _by_class(material: Material) -> list[tuple[str, NDArray[np.bool_], NDArray[np.float64]]]:
    """Name, truth and probability per class; for two classes the positive one alone."""
    frame, classes = material.holdout, material.classes
    found = []
    for name in classes[1:] if len(classes) == 2 else classes:
        yes = (frame["y_true"] == name).to_numpy()
        if f"p_{name}" in frame and 0 < yes.sum() < len(yes):
            found.append((str(name), yes, frame[f"p_{name}"].to_numpy(dtype="float64")))
    return found


def _label(text: object) -> str:
    """A name as the figure's text: short, and never read as a formula."""
    words = str(text).replace("$", r"\$")
    return words if len(words) <= 32 else f"{words[:31]}…"


def _is_number(value: Any) -> bool:
    return value is not None and bool(np.isfinite(value))


def _some(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.sample(MOST_POINTS, random_state=0) if len(frame) > MOST_POINTS else frame


def _has_shares(material: Material) -> bool:
    return bool(material.classes) and bool(_by_class(material))


def _has_classes(material: Material) -> bool:
    return bool(material.classes) and len(material.classes) <= SHOWN and len(material.holdout) > 0


def _has_numbers(material: Material) -> bool:
    frame = material.holdout
    return not material.classes and len(frame) > 0 and {"y_true", "y_pred"} <= set(frame)


PLOTS = {
    "leaderboard": Plot(
        "Candidates by score",
        lambda m: bool(m.leaderboard),
        _leaderboard,
        lambda m: len(m.leaderboard),
    ),
    "roc": Plot("ROC curve on the hold-out", _has_shares, _roc),
    "precision_recall": Plot(
        "Precision and recall on the hold-out", _has_shares, _precision_recall
    ),
    "calibration": Plot("Calibration on the hold-out", _has_shares, _calibration),
    "confusion": Plot("Confusion matrix on the hold-out", _has_classes, _confusion),
    "residuals": Plot("Residuals on the hold-out", _has_numbers, _residuals),
    "truth": Plot("Predicted and true values on the hold-out", _has_numbers, _truth),
    "importance": Plot(
        "Feature importance", lambda m: bool(m.importance), _importance, lambda m: len(m.importance)
    ),
    "shap": Plot("SHAP importance", lambda m: bool(m.shap), _shap, lambda m: len(m.shap)),
}
