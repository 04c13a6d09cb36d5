"""The result in words, before any chart."""

import math
from typing import Any

from engines.results.read import TaskFiles
from engines.results.scores import Metric, fold_estimate, holdout_estimate, metric, number

BASELINE = ("baseline", "dummy", "naive")


def verdict(files: TaskFiles) -> list[str]:
    """Sentences for the analyst: who won, by how much, and what the hold-out says."""
    if not files.card.is_supervised:
        return [_unsupervised(files)]
    judged = metric(files.card.metric)
    found = [_choice(files, judged), _untried(files), _held(files, judged), _gap(files, judged)]
    return [sentence for sentence in found if sentence]


def _choice(files: TaskFiles, judged: Metric) -> str:
    board = files.leaderboard
    winner = files.winner
    folds = winner.get("folds", {}).get(judged.id, [])
    mean, asked = fold_estimate(folds), files.card.facts.get("folds", 0)
    name = winner.get("name") or files.card.algorithm
    where = f"on {len(folds)} of {asked} folds" if 0 < len(folds) < asked else "over the folds"
    told = f"**{name}** is chosen: {judged.title} {mean.text} {where}"
    return f"{told}{_against_baseline(board, mean.value, judged)}."


def _untried(files: TaskFiles) -> str:
    """How many candidates the time was too short for, and what gives them more."""
    board = files.leaderboard
    left = sum(line.get("state") == "stopped" and line.get("score") is None for line in board)
    if not left:
        return ""
    were = "was" if left == 1 else "were"
    return (
        f"The time was short: {left} of {len(board)} candidates {were} not tried. "
        "Train again with more time, “Best: for a set time”, to have them tried."
    )


def _against_baseline(board: list[dict[str, Any]], score: float, judged: Metric) -> str:
    base = next((line for line in board if _is_baseline(line)), None)
    if base is None or base.get("score") is None or math.isnan(score):
        return ""
    gain = (score - base["score"]) * (1 if judged.more_is_better else -1)
    if gain <= 0:
        return "; it does **not** beat the baseline, so the columns tell nothing about the target"
    return f", better than the baseline ({number(base['score'])}) by {number(gain)}"


def _is_baseline(line: dict[str, Any]) -> bool:
    words = f"{line.get('name', '')} {line.get('algorithm', '')}".lower()
    return any(word in words for word in BASELINE)


def _held(files: TaskFiles, judged: Metric) -> str:
    estimate = holdout_estimate(files, judged.id)
    if math.isnan(estimate.value):
        return ""
    rows = len(files.holdout)
    return (
        f"On the {rows:,} hold-out rows, which had no part in the choice: "
        f"{judged.title} **{estimate.text}**."
    )


def _gap(files: TaskFiles, judged: Metric) -> str:
    """A warning when the hold-out falls below what the folds promised."""
    folds = fold_estimate(files.folds.get(judged.id, []))
    held = files.holdout_scores.get(judged.id, math.nan)
    worse = held < folds.low if judged.more_is_better else held > folds.high
    if math.isnan(folds.low) or folds.low == folds.high or not worse:
        return ""
    return "The hold-out score is worse than the folds led to expect: beware of overfitting."


def _unsupervised(files: TaskFiles) -> str:
    judged = metric(files.card.metric)
    score = files.fit_scores.get(judged.id, math.nan)
    scored = "" if math.isnan(score) else f", {judged.title} {number(score)}"
    frame = files.assignments
    if "cluster" in frame:
        groups = frame.loc[frame["cluster"] != -1, "cluster"].nunique()  # -1 is no cluster
        said = f"finds {groups} clusters in {len(frame):,} rows"
    elif "anomaly" in frame:
        strange = int(frame["anomaly"].astype(bool).sum())
        said = f"flags {strange:,} of {len(frame):,} rows ({strange / len(frame):.1%}) as unusual"
    else:
        said = f"places {len(frame):,} rows on its components"
    return f"**{files.card.algorithm}** {said}{scored}."
