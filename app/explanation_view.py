"""The Explain tab of the Results page: what moves a model's answers, and reasons for one."""

from typing import Any

import pandas as pd
import streamlit as st

from app.charts import chart
from app.drift_view import drift, moved
from app.markdown import plain
from app.results_view import Opened
from app.services import services
from app.ui import boundary, confirm, download_table, live
from engines import explanation
from engines.core.access import Actor, Capability
from engines.core.model_ref import ModelRef
from engines.core.scheduling import JobStatus
from engines.explanation import Desk, Direction, Explanation, Ready, Reasons

ROWS = ("All rows", "One column", "One row")  # show values of single rows
VIEWS = ("All rows", "One column", "Pairs of columns", "One row", "Drift")
ADVERSE = {Direction.RAISES: "raises the answer", Direction.LOWERS: "lowers the answer"}
NAMED = 3


def explain(opened: Opened) -> None:
    """The verdict, the importance of the columns, then one of the closer views."""
    found = present(opened)
    if found is None:
        return
    _verdict(found)
    chart(explanation.importance_bars(found), "explain:importance")
    download_table("Importance as CSV", _public(opened).importance, "importance.csv")
    views: tuple[str, ...] = VIEWS
    if found.values.empty:
        st.info("Values of single rows are data, which your role may not see.")
        views = tuple(view for view in VIEWS if view not in ROWS)
    view = st.segmented_control("View", views, default=views[0], required=True, key="explain:view")
    _closer(opened, found, str(view))
    again(opened)


def _closer(opened: Opened, found: Explanation, view: str) -> None:
    if view == "Drift":
        drift(found, _public(opened))
        return
    if view == "Pairs of columns":
        _pairs(found)
        return
    output = _output(found)
    if view == "One row":
        _row(opened, found, output)
    else:
        {"All rows": _all, "One column": _column}[view](found, output)


def present(opened: Opened) -> Explanation | None:
    """The explanation, or None after saying what stands in its place."""
    desk, model = services().explaining, model_of(opened)
    job = explanation.follow(desk, opened.actor, model)
    if job and job.is_live:
        _follow(desk, opened.actor, model)
        _stopping(desk, opened.actor, job)
    if not explanation.exists(desk, opened.actor, model):
        if not (job and job.is_live):
            _ask(opened, job)
        return None
    found = explanation.read(desk, opened.actor, model, opened.files.names)
    if not found.is_current:
        st.warning("The model's files have changed since it was explained. Explain it again.")
    return found


def model_of(opened: Opened) -> ModelRef:
    """The name of the model on the page."""
    return ModelRef(opened.run.id, opened.files.task)


def again(opened: Opened) -> None:
    """The way to explain the model once more, for who may."""
    if not opened.actor.may(Capability.EXPLAIN_RUN):
        return
    st.caption(
        "Explaining again takes up a changed questionnaire. An approval covers the explanation "
        "it was given on: when that changes, the approval is void."
    )
    if st.button("Explain again", key="explain:again", icon=":material/refresh:"):
        _start(opened)


def _ask(opened: Opened, job: JobStatus | None) -> None:
    if job and job.error:
        st.error(f"**{plain(job.error)}**", icon=":material/error:")
    st.markdown("#### Not explained yet")
    if not opened.actor.may(Capability.EXPLAIN_RUN):
        st.caption("An analyst or a validator can explain this model.")
        return
    st.caption(
        "A job explains up to 2,000 hold-out rows (100 for models that need sampling, two minutes "
        "at most), and measures fairness and stability."
    )
    if st.button("Explain this model", type="primary", icon=":material/play_arrow:"):
        _start(opened)


def _start(opened: Opened) -> None:
    with boundary():
        explanation.request(services().explaining, opened.actor, model_of(opened))
        st.rerun()


@live(every="2s")
def _follow(desk: Desk, actor: Actor, model: ModelRef) -> None:
    """The job's progress; redraws the page when it has ended."""
    job = explanation.follow(desk, actor, model)
    if job is None or not job.is_live:
        st.rerun()
        return
    share = min(1.0, max(0.0, job.fraction))
    st.progress(share, text=plain(job.step) or "Waiting for a worker")


def _stopping(desk: Desk, actor: Actor, job: JobStatus) -> None:
    if actor.may(Capability.JOB_CANCEL) and st.button("Cancel", key=f"cancel:{job.key}"):
        confirm(
            "Stop this job?",
            "Nothing of it is kept; it can be started again.",
            lambda reason: desk.scheduler.cancel(actor, job.key, reason),
            "Stop it",
        )


def _verdict(found: Explanation) -> None:
    """What moves the answer most, how that was found, and how well it adds up."""
    told = found.told
    strongest = ", ".join(f"**{plain(name)}**" for name in found.features[:NAMED])
    with st.container(border=True):
        st.markdown(f"The columns that move the answer most: {strongest}.")
        st.caption(
            plain(f"Found by {told['method']} on {told['rows']:,} of {told['rows_held']:,} rows.")
        )
        st.caption(plain(_sums(told)))
        st.caption(plain(moved(found)))
        for note in told["notes"]:
            st.caption(plain(note))


def _sums(told: dict[str, Any]) -> str:
    exact = f"Base and values add up in {told['space']}"
    gap = f"largest difference from the model's own answer: {told['additivity_gap']:.2g}"
    if told["standard_error"] is None:
        return f"{exact}; {gap}."
    return f"{exact}; {gap}. Sampled: mean standard error {told['standard_error']:.2g}."


def _public(opened: Opened) -> Explanation:
    return explanation.read(services().explaining, opened.actor, model_of(opened))


def _output(found: Explanation) -> str:
    if len(found.outputs) == 1:
        return found.outputs[0]
    return str(st.selectbox("Output", found.outputs, key="explain:output"))


def _all(found: Explanation, output: str) -> None:
    chart(explanation.beeswarm(found, output), "explain:beeswarm")


def _column(found: Explanation, output: str) -> None:
    one, two = st.columns(2)
    name = one.selectbox("Column", found.features, key="explain:column")
    others = ["", *(other for other in found.features if other != name)]
    partner = two.selectbox(
        "Colour by", others, index=others.index(_partner(found, name)), key=f"explain:by:{name}"
    )
    chart(explanation.dependence(found, name, partner, output), "explain:dependence")


def _partner(found: Explanation, name: str) -> str:
    """The column that acts most together with this one, or none."""
    pairs = found.interactions
    if pairs.empty:
        return ""
    own = pairs[(pairs["one"] == name) | (pairs["two"] == name)]
    return "" if own.empty else str(next(v for v in own.iloc[0][["one", "two"]] if v != name))


PAIR_HEADS = {
    "one": "Column", "two": "Other column", "strength": "Strength", "error": "Standard error",
}  # fmt: skip
PAIRED = {
    True: "Mean size of what two columns add to the answer only together, by SHAP interaction "
    "values on {rows:,} rows",
    False: "Mean size of the second difference over {rows:,} pairs of rows",
}


def _pairs(found: Explanation) -> None:
    paired = found.told["paired"]
    how = PAIRED[paired["method"].startswith("SHAP")].format(rows=paired["rows"])
    st.caption(
        f"{how}: 0 where two columns' effects add up, in {plain(found.told['space'])}. "
        f"Among the {len({*found.interactions['one'], *found.interactions['two']})} columns that "
        "move the answer most, over all outputs."
    )
    if not found.interactions["strength"].any():
        st.info("The effects of all these columns add up: no two act together.")
        return
    chart(explanation.interaction_heat(found), "explain:interactions")
    st.dataframe(found.interactions.round(4).rename(columns=PAIR_HEADS), hide_index=True)


def _row(opened: Opened, found: Explanation, output: str) -> None:
    rows = found.rows["row number"].tolist()
    row = st.selectbox("Row of the data (hold-out)", rows, key="explain:row")
    place = rows.index(row)
    own = {alias: found.rows[name].iloc[place] for alias, name in _names(opened, found).items()}
    record = {name: None if pd.isna(value) else value for name, value in own.items()}
    why(opened, record, output)


def _names(opened: Opened, found: Explanation) -> dict[str, str]:
    """The model's own name of each column to the one that is shown."""
    return {name: opened.files.names.get(name, name) for name in _own(opened, found)}


def _own(opened: Opened, found: Explanation) -> list[str]:
    back = {shown: name for name, shown in opened.files.names.items()}
    return [back.get(name, name) for name in found.features]


def why(opened: Opened, record: dict[str, Any], output: str = "") -> None:
    """Reason codes and waterfall for one record under the model's own names, if it is explained."""
    if not explanation.exists(services().explaining, opened.actor, model_of(opened)):
        return
    adverse = st.radio(
        "A reason is a column that", list(ADVERSE), format_func=lambda way: ADVERSE[way],
        horizontal=True, key="explain:adverse",
    )  # fmt: skip
    with boundary():
        _show(_reasons(opened, record, Direction(adverse), output))


def _reasons(opened: Opened, record: dict[str, Any], adverse: Direction, output: str) -> Reasons:
    desk, model = services().explaining, model_of(opened)
    back = {shown: name for name, shown in opened.files.names.items()}
    return explanation.reasons(
        desk, opened.actor, model, record, adverse, back.get(output, output),
        prepared=_ready(opened.stamp, str(model), opened.actor), names=opened.files.names,
    )  # fmt: skip


@st.cache_resource(max_entries=4, ttl=600, show_spinner="Loading the model")
def _ready(stamp: int, model: str, _actor: Actor) -> Ready:
    return explanation.ready(services().explaining, _actor, ModelRef.parse(model))


def _show(told: Reasons) -> None:
    for number, reason in enumerate(told.reasons, 1):
        st.markdown(f"{number}. {plain(reason.sentence)}")
    if not told.reasons:
        st.markdown("No column moves this answer that way.")
    figure = explanation.waterfall(told.base, told.answer, told.shares, told.values, told.space)
    chart(figure, "explain:waterfall")
    error = f"; standard error of a value at most {told.error:.2g}" if told.error else ""
    st.caption(
        f"Base and values differ from the model's own answer by {told.gap:.2g}{error}. "
        "No column is held back; protected ones are marked."
    )
