"""Two or more runs side by side."""

from collections.abc import Mapping, Sequence

import pandas as pd
import plotly.graph_objects as go

from engines.core.errors import InvalidInput
from engines.results.read import TaskFiles
from engines.results.scores import Metric, fold_estimate, holdout_estimate, metric, number

FEWEST_RUNS = 2


def compare(runs: Mapping[str, TaskFiles], only_differences: bool = False) -> pd.DataFrame:
    """A table with one row per fact and one column per run; values are texts.

    `runs` maps a label to the same task's files. Raises InvalidInput for fewer than two runs.
    """
    if len(runs) < FEWEST_RUNS:
        raise InvalidInput("A comparison needs two runs.", hint="Choose one more run.")
    columns = {label: _facts(files) for label, files in runs.items()}
    names = dict.fromkeys(name for facts in columns.values() for name in facts)
    table = {label: [facts.get(name, "–") for name in names] for label, facts in columns.items()}
    frame = pd.DataFrame(table, index=pd.Index(list(names), name="fact"))
    return frame[frame.nunique(axis=1) > 1] if only_differences else frame


def _facts(files: TaskFiles) -> dict[str, str]:
    card = files.card
    facts = {
        "task": card.task.replace("_", " "),
        "algorithm": card.algorithm,
        "target": card.target or "–",
        "judged by": metric(card.metric).title,
        "columns": str(len(card.features)),
        "anonymised": "yes" if card.anonymised else "no",
    }
    scores = {f"folds: {metric(k).title}": fold_estimate(v).text for k, v in files.folds.items()}
    held = {f"hold-out: {metric(k).title}": number(v) for k, v in files.holdout_scores.items()}
    fitted = {f"fit: {metric(k).title}": number(v) for k, v in files.fit_scores.items()}
    return {**facts, **scores, **held, **fitted, **_settings(files), **_columns(files)}


def _settings(files: TaskFiles) -> dict[str, str]:
    """Plain facts and the winner's hyperparameters; longer structures are left out."""
    plain = {k: v for k, v in files.card.facts.items() if isinstance(v, str | int | float)}
    chosen = files.winner.get("parameters") or {}
    told = {k: str(v) for k, v in plain.items()}
    return {**told, **{f"setting {k}": str(v) for k, v in chosen.items()}}


def _columns(files: TaskFiles) -> dict[str, str]:
    versions = {f"library {k}": v for k, v in files.card.versions.items()}
    return {"column names": ", ".join(f.name for f in files.card.features), **versions}


def comparison_figure(runs: Mapping[str, TaskFiles]) -> go.Figure:
    """The judged metric of each run, on the folds and on the hold-out, with 95 % intervals."""
    first = metric(next(iter(runs.values())).card.metric)
    if not all(files.card.is_supervised for files in runs.values()):
        return _fits(runs, first)
    figure = go.Figure()
    folds = [fold_estimate(files.folds.get(first.id, [])) for files in runs.values()]
    held = [holdout_estimate(files, first.id) for files in runs.values()]
    for name, found in (("folds", folds), ("hold-out (not used to choose)", held)):
        above = [e.high - e.value for e in found]
        below = [e.value - e.low for e in found]
        error = {"type": "data", "symmetric": False, "array": above, "arrayminus": below}
        values = [e.value for e in found]
        figure.add_scatter(x=_labels(runs), y=values, error_y=error, name=name, mode="markers")
    title = f"{first.title} with 95 % CI"
    return figure.update_layout(title="Runs compared", xaxis_title="", yaxis_title=title)


def _fits(runs: Mapping[str, TaskFiles], judged: Metric) -> go.Figure:
    values = [files.fit_scores.get(judged.id) for files in runs.values()]
    figure = go.Figure(go.Scatter(x=_labels(runs), y=values, mode="markers"))
    return figure.update_layout(title="Runs compared", xaxis_title="", yaxis_title=judged.title)


def _labels(runs: Mapping[str, TaskFiles]) -> Sequence[str]:
    return list(runs)
