"""The request form of the Training page: filled with suggestions or with an earlier run."""

from dataclasses import replace

import streamlit as st

from app.services import services
from app.training_draft import Draft
from app.training_request import FIRST_GROUPS
from app.training_time import over_time
from app.training_values import starting_values
from engines.core.tables import Table
from engines.recommendation import Recommendation
from engines.training import (
    BUDGET_MAX,
    BUDGET_MIN,
    FOLDS_MAX,
    FOLDS_MIN,
    HOLDOUT_MAX,
    HOLDOUT_MIN,
    METRICS,
    SUPERVISED,
    TITLES,
    Mode,
    Task,
    TrainingRequest,
    algorithms,
)

MODES = {Mode.BASE: "Base: quick", Mode.BEST: "Best: for a set time"}


def ask(
    table: Table, advice: Recommendation, start: TrainingRequest, draft: Draft
) -> TrainingRequest:
    """The whole form, filled with `start`; the request as it now stands."""
    supervised, unsupervised = _kinds(start, draft)
    left, right = st.columns(2, gap="large")
    with left:
        predicted = _supervised(table, advice, start, draft) if supervised else start
        groups = _groups(start, draft) if unsupervised else ()
    with right:
        mode, minutes = _mode(start, draft)
    task = next((t for t in predicted.tasks if t in SUPERVISED), None) if supervised else None
    with right:
        metric = _metric(task, advice, start, draft) if task else ""
        left_out = _left_out(table, predicted.target, start, draft)
    tasks = ((task,) if task else ()) + groups
    chosen = replace(
        predicted, tasks=tasks, mode=mode, budget_seconds=minutes * 60, metric=metric,
        left_out=left_out, target=predicted.target if task else "",
    )  # fmt: skip
    with st.expander("Advanced: candidates, starting values, folds, held-out share, seed"):
        request = _advanced(advice, chosen, draft)
    _size(table)
    return request


def _size(table: Table) -> None:
    limit = services().settings.limits.training_cells
    if table.cells > limit:
        st.caption(
            f"The table has {table.cells:,} cells, and training on this machine takes {limit:,}: "
            "it learns from rows drawn at random. A time series is used whole."
        )


def _kinds(start: TrainingRequest, draft: Draft) -> tuple[bool, bool]:
    with st.container(horizontal=True, gap="large"):
        supervised = st.checkbox(
            "Supervised",
            any(task in SUPERVISED for task in start.tasks),
            help="Learn to predict a target column.",
            **draft.keep("supervised"),
        )
        unsupervised = st.checkbox(
            "Unsupervised",
            any(task not in SUPERVISED for task in start.tasks),
            help="Look for groups, axes or unusual rows; needs no target.",
            **draft.keep("unsupervised"),
        )
    return supervised, unsupervised


def _supervised(
    table: Table, advice: Recommendation, start: TrainingRequest, draft: Draft
) -> TrainingRequest:
    target = _target(table, advice, draft)
    guesses = [Task(choice.value) for choice in advice.tasks]
    options = [*guesses, *(task for task in TITLES if task in SUPERVISED and task not in guesses)]
    first = next((task for task in start.tasks if task in SUPERVISED), options[0])
    task = st.selectbox(
        "Task",
        options,
        index=options.index(first),
        format_func=lambda option: _marked(TITLES[option], option in guesses[:1]),
        help=" ".join(choice.reason for choice in advice.tasks) or "No task fits this target.",
        **draft.keep("task", by_target=True),
    )
    return over_time(table, advice, replace(start, target=target, tasks=(task,)), draft)


def _target(table: Table, advice: Recommendation, draft: Draft) -> str:
    ranked = {choice.value: choice for choice in advice.targets}
    names = [*ranked, *(column.name for column in table.columns if column.name not in ranked)]
    key = f"{draft.prefix}target"

    def follow() -> None:
        st.query_params["target"] = st.session_state[key]

    return st.selectbox(
        "Target: the column to predict",
        names,
        index=names.index(advice.target) if advice.target else 0,
        format_func=lambda name: _marked(name, name == next(iter(ranked), "")),
        help="\n".join(f"* {choice.value}: {choice.reason}" for choice in advice.targets),
        key=key,
        on_change=follow,
    )


def _marked(text: str, is_suggested: bool) -> str:
    return f"{text} (suggested)" if is_suggested else text


def _groups(start: TrainingRequest, draft: Draft) -> tuple[Task, ...]:
    options = [task for task in TITLES if task not in SUPERVISED]
    chosen = st.multiselect(
        "Without a target",
        options,
        default=[task for task in start.tasks if task in options] or list(FIRST_GROUPS),
        format_func=TITLES.__getitem__,
        help="Clustering groups alike rows; reduction sums columns up; anomalies are odd rows.",
        **draft.keep("groups"),
    )
    return tuple(chosen)


def _mode(start: TrainingRequest, draft: Draft) -> tuple[Mode, float]:
    mode = st.segmented_control(
        "How much effort",
        list(MODES),
        default=start.mode,
        required=True,
        format_func=MODES.__getitem__,
        help="Base compares candidates as they are; Best also tunes them until the time is up.",
        **draft.keep("mode"),
    )
    if mode is not Mode.BEST:
        return Mode.BASE, start.budget_seconds / 60
    minutes = st.number_input(
        "Time budget for each task, minutes",
        BUDGET_MIN / 60,
        BUDGET_MAX / 60,
        value=start.budget_seconds / 60,
        step=0.5,
        help="Training of a task, with its saving, ends within 5 % of this time.",
        **draft.keep("minutes"),
    )
    return Mode.BEST, float(minutes)


def _metric(task: Task, advice: Recommendation, start: TrainingRequest, draft: Draft) -> str:
    titles = {metric.id: metric.title for metric in METRICS[task]}
    reasons = {choice.value: choice.reason for choice in advice.metrics if choice.value in titles}
    options = [*reasons, *(identifier for identifier in titles if identifier not in reasons)]
    chosen = st.selectbox(
        "Metric that chooses the winner",
        options,
        index=options.index(start.metric) if start.metric in options else 0,
        format_func=lambda option: _marked(titles[option], option in list(reasons)[:1]),
        help="\n".join(f"* {titles[key]}: {reason}" for key, reason in reasons.items()),
        **draft.keep(f"metric:{task}", by_target=True),
    )
    return str(chosen)


def _left_out(table: Table, target: str, start: TrainingRequest, draft: Draft) -> tuple[str, ...]:
    options = [column.name for column in table.columns if column.name != target]
    chosen = st.multiselect(
        "Columns left out",
        options,
        default=[name for name in start.left_out if name in options],
        placeholder="None: every column is used",
        help="Not used as features. The suggestions say why each of theirs is here.",
        **draft.keep("left_out", by_target=True),
    )
    return tuple(chosen)


def _advanced(advice: Recommendation, request: TrainingRequest, draft: Draft) -> TrainingRequest:
    folds = st.slider(
        "Folds", FOLDS_MIN, FOLDS_MAX, request.folds,
        help=f"How often each candidate is tried on rows it has not seen. "
        f"{advice.evaluation.reason}",
        **draft.keep("folds", by_target=True),
    )  # fmt: skip
    share = st.slider(
        "Held-out share, %",
        int(HOLDOUT_MIN * 100),
        int(HOLDOUT_MAX * 100),
        value=round(request.holdout_share * 100),
        help="Rows that no choice ever sees; the final score is measured on them.",
        **draft.keep("holdout", by_target=True),
    )
    seed = st.number_input(
        "Seed", 0, 2**31 - 1, request.seed,
        help="The same seed on the same data gives the same result.", **draft.keep("seed"),
    )  # fmt: skip
    clusters = _clusters(request, draft)
    candidates = _candidates(advice, request, draft)
    return replace(
        request, algorithms=candidates, folds=int(folds), holdout_share=share / 100,
        seed=int(seed), clusters=clusters, starting_values=starting_values(advice, request, draft),
    )  # fmt: skip


def _candidates(advice: Recommendation, request: TrainingRequest, draft: Draft) -> tuple[str, ...]:
    names = {
        algorithm.id: algorithm.name
        for task in request.tasks
        for algorithm in algorithms(task)
        if not algorithm.baseline
    }
    chosen = st.multiselect(
        "Candidates",
        list(names),
        default=[key for key in request.algorithms if key in names],
        format_func=lambda key: names.get(key, key),
        placeholder="All that suit the table",
        help="Name some to try only those; empty lets the platform choose.",
        **draft.keep(f"candidates:{'-'.join(request.tasks)}"),
    )
    return tuple(chosen)


def _clusters(request: TrainingRequest, draft: Draft) -> int:
    if Task.CLUSTERING not in request.tasks:
        return 0
    help_text = "0 tries several numbers and keeps the one with the best silhouette."
    return int(
        st.number_input(
            "Clusters", 0, 50, request.clusters, help=help_text, **draft.keep("clusters")
        )
    )
