"""The ydata-profiling report: made by a job, kept as one HTML file, served in a sandbox."""

import os
import warnings
from typing import Any

import pandas as pd

from engines.core.access import Actor, Capability, needs
from engines.core.errors import InvalidInput
from engines.core.progress import Progress
from engines.core.tables import Table
from engines.eda import store
from engines.eda.labels import visible
from engines.eda.port import Study
from engines.eda.work import finish, requested

MOST_ROWS = 200_000
FULL_CELLS = 400_000  # beyond this the report is the minimal one
MOST_COLUMNS = 300
TEXT_KEPT = 500


@needs(Capability.EDA_RUN)
def run_profile(study: Study, actor: Actor, report_id: str, progress: Progress) -> None:
    """The work of a `profile` job. Raises NotFound, NotAllowed, InvalidInput."""
    row = requested(study, report_id)
    study.experiments.check_editable(actor, row.experiment_id)
    table = study.tables.table(actor, row.dataset_id)
    if not store.exists(study.folder, row):
        store.keep_profile(study.folder, row, profile_page(table, progress))
    finish(study, actor, row, "eda.profiled")
    progress.report(1.0, "Done")


def profile_page(table: Table, progress: Progress) -> str:
    """HTML of ydata-profiling over the table, under public names; no network, no telemetry.

    Minimal beyond 400,000 cells; beyond 200,000 rows a random sample, said in its title.
    Raises InvalidInput when nothing can be profiled.
    """
    if not table.rows or not table.columns:
        raise InvalidInput("This table has no rows to profile.", hint="Upload a fuller file.")
    progress.report(0.05, "Reading the table")
    frame = _frame(table)
    minimal = frame.size > FULL_CELLS
    progress.log(
        f"{len(frame):,} rows x {frame.shape[1]} columns, {'minimal' if minimal else 'full'}"
    )
    os.environ["YDATA_PROFILING_NO_ANALYTICS"] = "True"
    report = _profile(frame, _title(table, frame), minimal)
    progress.report(0.2, "Describing the columns")
    _described(report)
    progress.report(0.8, "Drawing the report")
    return str(report.to_html())


def _frame(table: Table) -> pd.DataFrame:
    """The rows to profile under public names, in types ydata-profiling can take."""
    names = [column.name for column in table.columns[:MOST_COLUMNS]]
    frame = pd.read_parquet(table.path)[names]
    if len(frame) > MOST_ROWS:
        frame = frame.sample(MOST_ROWS, random_state=0).sort_index()
    public = table.public_names
    frame.columns = pd.Index([visible(public[name], 100) for name in names])
    plain = [_plain(frame.iloc[:, i]) for i in range(frame.shape[1])]
    frame = pd.concat(plain, axis=1)
    return frame.loc[:, ~frame.columns.duplicated()]


def _plain(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """Nested values as text, long texts cut, everything else as it is."""
    if column.dtype != object:
        return column
    return column.map(lambda value: str(value)[:TEXT_KEPT], na_action="ignore")


def _title(table: Table, frame: pd.DataFrame) -> str:
    if len(frame) < table.rows:
        return f"Profile of {len(frame):,} random rows of {table.rows:,}"
    return f"Profile of all {table.rows:,} rows"


def _profile(frame: pd.DataFrame, title: str, minimal: bool) -> Any:
    from ydata_profiling import ProfileReport

    settings: dict[str, Any] = {"title": title, "progress_bar": False, "minimal": minimal}
    if not minimal:
        settings["interactions"] = {"continuous": False}
    return ProfileReport(frame, pool_size=1, **settings)


def _described(report: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        report.get_description()
