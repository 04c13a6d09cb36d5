"""Plots of a supervised model, from its predictions on rows it was not fitted on."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray
from sklearn import metrics as sk

from engines.core.palette import GUIDE
from engines.results.read import TaskFiles
from engines.results.scores import leaderboard_frame, metric

MOST_POINTS = 2_000  # more dots make a browser slow and a picture no clearer
BINS = 10
SHOWN_FEATURES = 20
_GUIDE = {"dash": "dash", "width": 1, "color": GUIDE}


def leaderboard(files: TaskFiles) -> go.Figure:
    """Candidates by score, with the 95 % interval of the fold mean; given-up ones are hollow."""
    frame = leaderboard_frame(files).dropna(subset=["score"]).iloc[::-1]
    reach = frame["high"] - frame["score"]  # one fold has no interval, and gets no bar
    shape = np.where(frame["state"] == "stopped", "circle-open", "circle")
    bars = go.Scatter(
        x=frame["score"],
        y=frame["candidate"],
        mode="markers",
        error_x={"type": "data", "array": reach},
        marker={"size": 10, "symbol": np.where(frame["winner"], "star", shape)},
    )
    title = metric(files.card.metric).title
    return _titled(bars, "Candidates", f"{title}, mean of the folds with 95 % CI", "")


def roc(files: TaskFiles) -> go.Figure:
    """Receiver operating characteristic, one curve per class beyond two."""
    figure = go.Figure()
    for name, yes, share in _by_class(files):
        false, true, _ = sk.roc_curve(yes, share)
        area = sk.auc(false, true)
        figure.add_scatter(x=false, y=true, mode="lines", name=f"{name} (area {area:.3f})")
    _diagonal(figure, "chance")
    return _labelled(figure, "ROC curve", "False positive rate", "True positive rate")


def precision_recall(files: TaskFiles) -> go.Figure:
    """Precision over recall, one curve per class beyond two."""
    figure = go.Figure()
    for name, yes, share in _by_class(files):
        precision, recall, _ = sk.precision_recall_curve(yes, share)
        area = sk.average_precision_score(yes, share)
        figure.add_scatter(x=recall, y=precision, name=f"{name} (average precision {area:.3f})")
        _level(figure, float(yes.mean()), "dot")
    return _labelled(figure, "Precision and recall", "Recall", "Precision")


def calibration(files: TaskFiles) -> go.Figure:
    """Observed frequency per tenth of the predicted probability (reliability diagram)."""
    figure = go.Figure()
    for name, yes, share in _by_class(files):
        bins = pd.Series(np.clip((share * BINS).astype(int), 0, BINS - 1))
        grouped = pd.DataFrame({"share": share, "yes": yes}).groupby(bins.to_numpy())
        means, counts = grouped.mean(), grouped.size()
        figure.add_scatter(
            x=means["share"],
            y=means["yes"],
            name=name,
            mode="lines+markers",
            text=[f"{n} rows" for n in counts],
        )
    _diagonal(figure, "perfectly calibrated")
    return _labelled(figure, "Calibration", "Predicted probability", "Observed frequency")


def confusion(files: TaskFiles) -> go.Figure:
    """Counts of true against predicted classes, at the model's threshold."""
    frame = files.holdout
    classes = list(files.card.classes)
    counts = sk.confusion_matrix(frame["y_true"], frame["y_pred"], labels=classes)
    names = [str(c) for c in classes]
    heat = go.Heatmap(
        z=counts,
        x=names,
        y=names,
        text=counts,
        texttemplate="%{text:,}",
        autocolorscale=True,
        showscale=False,
    )
    figure = _titled(heat, "Confusion matrix", "Predicted", "True")
    figure.update_xaxes(type="category")
    figure.update_yaxes(type="category", autorange="reversed")
    return figure


def gain(files: TaskFiles) -> go.Figure:
    """Share of all positives found when rows are taken by falling probability."""
    figure = go.Figure()
    for name, yes, share in _by_class(files):
        taken, found = _cumulative(yes, share)
        figure.add_scatter(x=taken, y=found, name=name, mode="lines")
    _diagonal(figure, "at random")
    return _labelled(figure, "Cumulative gain", "Share of rows taken", "Share of positives found")


def lift(files: TaskFiles) -> go.Figure:
    """How many times more positives than at random are found, by share of rows taken."""
    figure = go.Figure()
    for name, yes, share in _by_class(files):
        taken, found = _cumulative(yes, share)
        figure.add_scatter(x=taken[1:], y=found[1:] / taken[1:], name=name, mode="lines")
    _level(figure, 1)
    return _labelled(figure, "Lift", "Share of rows taken", "Lift over random choice")


def residuals(files: TaskFiles) -> go.Figure:
    """Error (true minus predicted) against the predicted value."""
    frame = _some(files.holdout)
    dots = go.Scatter(
        x=frame["y_pred"],
        y=frame["y_true"] - frame["y_pred"],
        mode="markers",
        marker={"opacity": 0.5},
        text=[f"row {row}" for row in frame["row"]],
    )
    figure = _titled(dots, "Residuals", "Predicted", "True minus predicted")
    _level(figure, 0)
    return figure


def residual_histogram(files: TaskFiles) -> go.Figure:
    """How the errors are spread."""
    frame = files.holdout
    bars = go.Histogram(x=frame["y_true"] - frame["y_pred"], nbinsx=40)
    return _titled(bars, "Spread of the residuals", "True minus predicted", "Rows")


def truth(files: TaskFiles) -> go.Figure:
    """Predicted against true values."""
    frame = _some(files.holdout)
    dots = go.Scatter(
        x=frame["y_true"], y=frame["y_pred"], mode="markers", marker={"opacity": 0.5}, name="rows"
    )
    figure = _titled(dots, "Predicted and true values", "True", "Predicted")
    ends = [float(frame["y_true"].min()), float(frame["y_true"].max())]
    figure.add_scatter(x=ends, y=ends, mode="lines", line=_GUIDE, name="perfect")
    return figure


def over_time(files: TaskFiles) -> go.Figure:
    """True and predicted values in the order of the hold-out rows."""
    frame = files.holdout.sort_values("row")
    figure = go.Figure()
    figure.add_scatter(x=frame["row"], y=frame["y_true"], mode="lines", name="true")
    figure.add_scatter(x=frame["row"], y=frame["y_pred"], mode="lines", name="predicted")
    return _labelled(figure, "Hold-out over time", "Row", files.card.target)


def importance(files: TaskFiles) -> go.Figure:
    """Loss of score when a feature is shuffled, or without a target the share of its variance
    that goes with the answer; the most important on top."""
    frame = files.importance.head(SHOWN_FEATURES).iloc[::-1]
    bars = go.Bar(
        x=frame["importance"],
        y=frame["feature"].astype(str),
        orientation="h",
        error_x={"type": "data", "array": frame["std"]},
    )
    if files.card.is_supervised:
        figure = _titled(bars, "Feature importance", "Loss of score when shuffled", "")
    else:
        figure = _titled(bars, "Telling columns", "Share of variance that goes with the answer", "")
    figure.update_yaxes(type="category")
    return figure


def _by_class(files: TaskFiles) -> list[tuple[str, NDArray[np.bool_], NDArray[np.float64]]]:
    """Name, truth and probability per class; for two classes the positive one alone."""
    frame, classes = files.holdout, list(files.card.classes)
    asked = classes[1:] if len(classes) == 2 else classes
    found = []
    for name in asked:
        column = f"p_{name}"
        yes = (frame["y_true"] == name).to_numpy()
        if column in frame and 0 < yes.sum() < len(yes):
            found.append((str(name), yes, frame[column].to_numpy(dtype="float64")))
    return found


def _cumulative(
    yes: NDArray[np.bool_], share: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    order = np.argsort(-share, kind="stable")
    found = np.concatenate([[0.0], np.cumsum(yes[order]) / yes.sum()])
    taken = np.linspace(0, 1, len(found))
    kept = np.unique(np.linspace(0, len(found) - 1, MOST_POINTS).astype(int))
    return taken[kept], found[kept]


def _some(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.sample(MOST_POINTS, random_state=0) if len(frame) > MOST_POINTS else frame


def _diagonal(figure: go.Figure, name: str) -> None:
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", name=name, line=_GUIDE)


def _level(figure: go.Figure, height: float, dash: str = "dash") -> None:
    figure.add_hline(y=height, line_dash=dash, line_width=1, line_color=GUIDE)


def _titled(trace: object, title: str, x: str, y: str) -> go.Figure:
    figure = _labelled(go.Figure(trace), title, x, y)
    return figure.update_layout(showlegend=False)


def _labelled(figure: go.Figure, title: str, x: str, y: str) -> go.Figure:
    return figure.update_layout(title=title, xaxis_title=x, yaxis_title=y)
