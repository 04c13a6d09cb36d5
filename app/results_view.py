"""Parts of the Results page: which run and task, the verdict, scores, plots, downloads."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st
from plotly.graph_objects import Figure

from app import downloads
from app.charts import chart
from app.markdown import plain
from app.services import services
from app.training_view import said
from app.ui import download_table, empty_state, page_link
from engines import results, tracking, training
from engines.core.access import Actor, Capability
from engines.core.tables import Table
from engines.results import TaskFiles
from engines.training import TITLES, Task, TrainingRun

KEPT = 200  # drawings held in memory for all visitors
VERSIONS_SECONDS = 30


@dataclass(frozen=True)
class Opened:
    """What the page shows: one task of one run, and the table it was trained on, if allowed."""

    actor: Actor
    run: TrainingRun
    runs: list[TrainingRun]
    files: TaskFiles
    table: Table | None

    @property
    def stamp(self) -> int:
        """Changes whenever the task's files do: the part of a cache key that keeps it honest."""
        return stamp_of(self.files)

    @property
    def key(self) -> tuple[str, int, dict[str, str]]:
        """Folder, stamp and names: all that a drawing depends on."""
        return str(self.files.folder), self.stamp, dict(self.files.names)


def stamp_of(files: TaskFiles) -> int:
    """When the task's folder was last written, in nanoseconds."""
    return (files.folder / "model.json").stat().st_mtime_ns


def ended_runs(actor: Actor, experiment_id: str, empty: tuple[str, str]) -> list[TrainingRun]:
    """The runs that left results, newest first; where there are none, say so and end the page."""
    svc = services()
    runs = training.runs(svc.db, actor, experiment_id, svc.experiments)
    ended = [run for run in runs if run.state == "succeeded"]
    if not ended:
        empty_state(*empty, action="Train models", page="training", experiment=experiment_id)
        st.stop()
    return ended


def choose(actor: Actor, runs: list[TrainingRun]) -> Opened | None:
    """Ask for run and task, both kept in the address; None when the run has no model."""
    by_id = {run.id: run for run in runs}
    of_run, of_task = st.columns((2, 1), vertical_alignment="bottom")
    with of_run:
        run = by_id[chosen("Run", "run", list(by_id), {r.id: title(r) for r in runs})]
    with of_task:
        tasks = results.finished_tasks(services().runs, actor, run.id)
        if not tasks:
            st.info("This run left no model. Choose another, or train again.")
            return None
        task = chosen("Task", "task", tasks, {task: TITLES[Task(task)] for task in tasks})
    table = table_of(actor, run)
    files = results.open_task(services().runs, actor, run.id, task, names_of(table))
    return Opened(actor, run, runs, files, table)


def chosen(label: str, key: str, options: list[str], titles: Mapping[str, str]) -> str:
    """One of the options, taken from the address when it is there, and written back to it."""
    given = st.query_params.get(key, "")
    start = options.index(given) if given in options else 0
    slot = f"results:{key}:{','.join(options)}"
    if given in options and st.session_state.get(slot) not in (None, given):
        del st.session_state[slot]  # the address was changed from outside: a link
    found = st.selectbox(
        label, options, start, format_func=lambda one: titles[one], key=slot,
        on_change=_to_address, args=(key, slot),
    )  # fmt: skip
    return str(found)


def _to_address(key: str, slot: str) -> None:
    st.query_params[key] = st.session_state[slot]


def title(run: TrainingRun) -> str:
    """A run in one line: when, what, how, by whom."""
    asked = training.TrainingRequest.from_json(run.request)
    return f"{run.created_at:%Y-%m-%d %H:%M}, {said(asked)}, by {run.actor_name}"


def table_of(actor: Actor, run: TrainingRun) -> Table | None:
    """The run's table, for those who may see data."""
    if not actor.may(Capability.DATA_READ):
        return None
    return services().datasets.table(actor, run.dataset_id)


def names_of(table: Table | None) -> dict[str, str]:
    """Alias to real name of an anonymised table, for the page only."""
    if table is None or not table.anonymised:
        return {}
    return {alias: name for name, alias in table.public_names.items()}


def verdict(opened: Opened) -> None:
    """The result in words, and the way to MLflow."""
    with st.container(border=True):
        for sentence in _verdict(*opened.key):
            st.markdown(sentence)
        for note in _notes(opened):
            st.caption(plain(note))
        link = _result(opened).tracking_link
        with st.container(horizontal=True, vertical_alignment="center"):
            if link:
                st.link_button("Open the run in MLflow", link, icon=":material/open_in_new:")
            if opened.actor.may(Capability.APPROVAL_READ):
                _approval(opened)


def _approval(opened: Opened) -> None:
    """The way to this model's approval."""
    may = opened.actor.may(Capability.MODEL_SUBMIT)
    label = "Submit for approval" if may else "What an approval would need"
    model = f"{opened.run.id}/{opened.files.task}"
    page_link(label, "approval", icon=":material/approval:", model=model)


def _result(opened: Opened) -> training.TaskResult:
    svc = services()
    found = training.results(svc.db, opened.actor, opened.run.id, svc.experiments)
    return next(each for each in found if each.task == opened.files.task)


def _notes(opened: Opened) -> list[str]:
    return [*_result(opened).notes, *([opened.run.warning] if opened.run.warning else [])]


@st.cache_data(max_entries=KEPT, show_spinner=False)
def _verdict(folder: str, stamp: int, names: dict[str, str]) -> list[str]:
    return results.verdict(_read(folder, names))


@st.cache_data(max_entries=KEPT, show_spinner=False)
def drawn(folder: str, stamp: int, names: dict[str, str], key: str) -> Figure:
    """One figure of a task; "leaderboard" is one too."""
    files = _read(folder, names)
    return results.leaderboard_figure(files) if key == "leaderboard" else results.draw(files, key)


def _read(folder: str, names: dict[str, str]) -> TaskFiles:
    return results.read_task(Path(folder), names)


def overview(opened: Opened) -> None:
    """Leaderboard and metrics; the hold-out stands apart from what chose the winner."""
    st.subheader("Leaderboard", anchor=False)
    chart(drawn(*opened.key, "leaderboard"), "leaderboard")
    board = results.leaderboard_frame(opened.files)
    scored(board)
    download_table("Leaderboard as CSV", board, "leaderboard.csv")
    st.subheader("Metrics", anchor=False)
    if opened.files.card.is_supervised:
        st.caption(
            "The folds chose the winner; their interval is at 95 % (corrected resampled t-test). "
            "The hold-out was scored once, after the choice."
        )
    metrics = results.metrics_frame(opened.files)
    scored(metrics)
    download_table("Metrics as CSV", metrics, "metrics.csv")


def scored(frame: pd.DataFrame) -> None:
    """A table of scores: four decimals, heads in words, a mark for the winner."""
    shown = frame.round(dict.fromkeys(frame.select_dtypes("number"), 4))
    if "winner" in shown:
        shown.insert(0, "winner", shown.pop("winner").map({True: "★", False: ""}))
    heads = {name: HEADS.get(str(name), str(name).capitalize()) for name in shown}
    if "state" in shown:
        shown["state"] = shown["state"].replace("stopped", "stopped early")
    st.dataframe(
        shown.rename(columns=heads), hide_index=True, placeholder="–", column_config=EXPLAINED
    )


EXPLAINED: dict[str, Any] = {
    "★": st.column_config.TextColumn(width=40, help="The winner"),
    "Candidate": st.column_config.TextColumn(width=260),
    "State": st.column_config.TextColumn(help="Stopped early: out of time, or too far behind."),
}
HEADS = {
    "winner": "★",
    "low": "95 % CI from",
    "high": "95 % CI to",
    "folds": "Folds, mean",
    "hold-out (not used to choose)": "Hold-out (not used to choose)",
}


def plots(opened: Opened) -> None:
    """One plot at a time, from rows that had no part in the fit."""
    found = {plot.key: plot for plot in results.plots_of(opened.files)}
    key = chosen("Plot", "plot", list(found), {k: plot.title for k, plot in found.items()})
    st.caption(found[key].about)
    chart(drawn(*opened.key, key), f"plot:{key}")
    if opened.files.card.is_supervised and key != "importance":
        st.caption(f"Drawn from the {len(opened.files.holdout):,} hold-out rows.")


def groups(opened: Opened) -> None:
    """What sets clusters, or unusual rows, apart; under real names, for those who may see data."""
    if opened.table is None:
        st.info("Profiles are drawn from the data, which your role may not see.")
        return
    means, heat = _profile(*opened.key, opened.table)
    chart(heat, "profile")
    st.dataframe(means.reset_index(names="column"), hide_index=True)
    public = means.rename(index=opened.table.public_names)
    download_table("Profile as CSV", public.reset_index(names="column"), "profile.csv")


@st.cache_data(max_entries=KEPT, show_spinner=False, hash_funcs={Table: lambda table: table.sha256})
def _profile(
    folder: str, stamp: int, names: dict[str, str], table: Table
) -> tuple[pd.DataFrame, Figure]:
    files = _read(folder, names)
    return results.profile(files, table), results.profile_heat(files, table)


def files(opened: Opened) -> None:
    """Downloads and the model's versions in the registry."""
    if not opened.actor.may(Capability.MODEL_DOWNLOAD):
        st.info("Downloading models needs the role of analyst, validator or deployer.")
    else:
        run, task = opened.run.id, opened.files.task
        with st.container(horizontal=True):
            one, everything = downloads.model_url(run, task), downloads.run_url(run)
            st.link_button("Model with predict.py", one, icon=":material/download:")
            st.link_button("Everything of this run", everything, icon=":material/folder_zip:")
        st.caption(
            "The model's zip holds README, predict.py and pinned requirements. The zip of "
            "everything adds plots, hold-out predictions, logs and the exploration's reports."
        )
        st.code(HOW, language="bash")
    if st.toggle("Show the versions in the model registry", key="versions", bind="query-params"):
        _versions(opened)
    page_link(
        "Train again",
        "training",
        icon=":material/arrow_forward:",
        experiment=opened.run.experiment_id,
    )


HOW = """python3.11 -m venv venv && venv/bin/pip install -r requirements.txt
venv/bin/python predict.py rows.csv answers.csv"""


def _versions(opened: Opened) -> None:
    svc = services()
    svc.experiments.check_readable(opened.actor, opened.run.experiment_id)
    rows = _registered(opened.run.experiment_id, opened.actor)
    if not rows:
        st.info("No version is registered yet.")
        return
    config = {"link": st.column_config.LinkColumn("MLflow", display_text="open")}
    st.dataframe(pd.DataFrame(rows), hide_index=True, column_config=config)


@st.cache_data(ttl=VERSIONS_SECONDS, show_spinner="Asking the registry", max_entries=200)
def _registered(experiment_id: str, _actor: Actor) -> list[dict[str, Any]]:
    svc = services()
    found = tracking.versions(svc.tracker, svc.experiments, _actor, experiment_id)
    return [
        {
            "model": version.name,
            "version": version.version,
            "task": version.task,
            "algorithm": version.tags.get("mlaas.algorithm", ""),
            "aliases": ", ".join(version.aliases),
            "registered": version.created_at,
            "run": version.run_id[:6],
            "link": version.link,
        }
        for version in found
    ]
