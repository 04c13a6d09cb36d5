"""The suggestions on the Training page: the verdict first, the reasons on request."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from app.services import services
from engines import training
from engines.core.access import Actor, Capability, require
from engines.core.errors import NotAllowed
from engines.core.tables import Table
from engines.projects import Experiment
from engines.recommendation import Algorithm, Recommendation, recommend
from engines.training import TITLES


@st.cache_data(max_entries=200, show_spinner="Looking at the data …")
def _advice(
    sha256: str, columns: int, objective: dict[str, str], target: str, _actor: Actor, _table: Table
) -> Recommendation:
    return recommend(_actor, services().experiments, _table, objective, target)


def advice_for(
    actor: Actor, table: Table, objective: dict[str, str], target: str
) -> Recommendation:
    """The advice for the table's content; its owner is checked each time, the work done once."""
    services().experiments.check_readable(actor, table.experiment_id)
    return _advice(table.sha256, hash(table.columns), objective, target, actor, table)


def suggestions(advice: Recommendation) -> None:
    """The verdict in words, what to look at first, and the reasons one at a time."""
    with st.container(border=True):
        st.markdown(f"**Suggestion.** {advice.verdict}")
        st.caption(advice.evaluation.reason)
        for concern in advice.concerns:
            show, icon = (st.info, ":material/help:") if concern.question else WARNING
            show(concern.text, icon=icon)
        parts = REASONS if advice.task else {k: v for k, v in REASONS.items() if k in GROUP_REASONS}
        shown = st.segmented_control(
            "Reasons", list(parts), key="why", bind="query-params", label_visibility="collapsed"
        )
        if shown:
            parts[shown](advice)


WARNING = (st.warning, ":material/warning:")


def _algorithms(advice: Recommendation) -> None:
    for place, (task, ranked) in enumerate(advice.algorithms.items()):
        with st.expander(TITLES[training.Task(task.value)], expanded=place == 0):
            _ranking(ranked)


def _ranking(ranked: Sequence[Algorithm]) -> None:
    rows = [
        {
            "Algorithm": algorithm.name,
            "Why": algorithm.reason,
            "Expected time": algorithm.time.value,
            "Readable": "yes" if algorithm.interpretable else "no",
        }
        for algorithm in ranked
    ]
    st.table(pd.DataFrame(rows).set_index("Algorithm"))


def _metrics(advice: Recommendation) -> None:
    titles = {m.id: m.title for metrics in training.METRICS.values() for m in metrics}
    for choice in advice.metrics:
        st.markdown(f"* **{titles.get(choice.value, choice.value)}**: {choice.reason}")


def _signals(advice: Recommendation) -> None:
    st.caption(
        f"Measured on {advice.signal_rows:,} sampled rows before any training. Information: the "
        "share of the target's uncertainty one column removes alone. Importance: its share in a "
        "quick forest that sees all columns."
    )
    frame = pd.DataFrame([signal.__dict__ for signal in advice.signals])
    bar = st.column_config.ProgressColumn
    config: dict[str, Any] = {
        "feature": "Column",
        "information": bar("Information", max_value=1.0, format="%.3f"),
        "importance": bar("Importance", max_value=1.0, format="%.3f"),
    }
    st.dataframe(frame, hide_index=True, column_config=config, height=300)


def _left_out(advice: Recommendation) -> None:
    if not advice.leave_out:
        st.markdown("Every column may be used.")
    for choice in advice.leave_out:
        st.markdown(f"* `{choice.value}`: {choice.reason}")


def _values(advice: Recommendation) -> None:
    frame = pd.DataFrame([value.__dict__ for value in advice.hyperparameters])
    frame = frame.astype({"start": str, "low": str, "high": str})
    st.caption("Where a search is best begun. Best mode searches around such values by itself.")
    st.dataframe(frame.rename(columns=str.capitalize), hide_index=True, height=300)


REASONS = {
    "Algorithms": _algorithms,
    "Metric": _metrics,
    "Feature importance": _signals,
    "Left out": _left_out,
    "Starting values": _values,
}
GROUP_REASONS = frozenset({"Algorithms", "Left out"})


def may_train(actor: Actor, experiment: Experiment) -> bool:
    """True for who may start a run here; others read why not."""
    try:
        require(actor, Capability.TRAINING_RUN)
        services().experiments.check_editable(actor, experiment.id)
    except NotAllowed as refusal:
        st.caption(f"You can look, not train. {refusal.message}")
        return False
    return True
