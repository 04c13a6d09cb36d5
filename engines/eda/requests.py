"""Ask for a report, follow it, read it. The report's row is the truth; its files are a cache."""

from dataclasses import dataclass

import polars as pl
from sqlmodel import Session, col, select

from engines.core import events
from engines.core.access import Actor, Capability, needs
from engines.core.errors import MlaasError, NotFound
from engines.core.progress import Silent
from engines.core.scheduling import JobRequest, JobStatus
from engines.core.tables import Table
from engines.eda import store
from engines.eda.export import report_files
from engines.eda.models import EdaReport, ReportKind
from engines.eda.options import Options, check_options, digest
from engines.eda.port import Study
from engines.eda.report import Report
from engines.eda.work import explore_and_keep, table_of

JOB_SECONDS = 3_600.0
KEPT_IN_LIST = 20


@dataclass(frozen=True)
class Standing:
    """A requested report: its row, whether it can be opened, and its job when it has one."""

    row: EdaReport
    ready: bool
    job: JobStatus | None

    @property
    def is_running(self) -> bool:
        """True while a job waits or works on it."""
        return not self.ready and self.job is not None and self.job.is_live

    @property
    def options(self) -> Options:
        """The choices it was asked for with."""
        return Options.from_json(self.row.options)

    @property
    def failure(self) -> str:
        """Why there is no report, in a sentence, or an empty text."""
        if self.ready or self.job is None or self.job.is_live:
            return ""
        return self.job.error or f"The exploration was {self.job.state}."


@needs(Capability.EDA_RUN)
def request_report(
    study: Study,
    actor: Actor,
    experiment_id: str,
    experiment_name: str,
    options: Options,
) -> Standing:
    """Explore the experiment's present table: at once when small, else by a job.

    A report that exists is opened, not made again. The tracker gets it from the job; nobody waits
    for that. Raises InvalidInput, NotAllowed, NotReady (no data yet) or BackendUnavailable.
    """
    study.experiments.check_editable(actor, experiment_id)
    table = table_of(study, actor, experiment_id)
    check_options(table, options)
    row = _row(study, actor, experiment_name, table, ReportKind.EXPLORE, options)
    if standing(study, row).ready:
        return standing(study, row)
    if table.cells > study.inline_cells and not store.exists(study.folder, row):
        return _queued(study, actor, row)
    done = explore_and_keep(study, actor, row, table, Silent())
    return standing(study, _submitted(study, actor, done))


@needs(Capability.EDA_RUN)
def request_profile(
    study: Study, actor: Actor, experiment_id: str, experiment_name: str
) -> Standing:
    """Queue a ydata-profiling report of the experiment's present table.

    Raises NotAllowed, NotReady (no data yet) or BackendUnavailable.
    """
    study.experiments.check_editable(actor, experiment_id)
    table = table_of(study, actor, experiment_id)
    row = _row(study, actor, experiment_name, table, ReportKind.PROFILE, Options())
    return _queued(study, actor, row)


@needs(Capability.EDA_READ)
def may_explore(study: Study, actor: Actor, experiment_id: str) -> bool:
    """True when the actor may ask for reports of this experiment."""
    if not actor.may(Capability.EDA_RUN):
        return False
    try:
        study.experiments.check_editable(actor, experiment_id)
    except MlaasError:
        return False
    return True


@needs(Capability.EDA_RUN)
def log_again(study: Study, actor: Actor, report_id: str) -> Standing:
    """Queue one more try to keep the report at the tracker.

    Raises NotFound, NotAllowed or BackendUnavailable.
    """
    row = readable_row(study, actor, report_id)
    study.experiments.check_editable(actor, row.experiment_id)
    return standing(study, _submitted(study, actor, row))


def _row(
    study: Study, actor: Actor, name: str, table: Table, kind: ReportKind, options: Options
) -> EdaReport:
    """The request's row: the one there is, or a new one with its audit event."""
    key = digest(table, options)
    with study.db.write() as session:
        known = session.exec(
            select(EdaReport).where(
                EdaReport.experiment_id == table.experiment_id,
                EdaReport.dataset_id == table.dataset_id,
                EdaReport.kind == kind.value,
                EdaReport.digest == key,
            )
        ).first()
        return known or _new_row(session, actor, name, table, kind, key, options)


def _new_row(
    session: Session,
    actor: Actor,
    name: str,
    table: Table,
    kind: ReportKind,
    key: str,
    options: Options,
) -> EdaReport:
    row = EdaReport(
        experiment_id=table.experiment_id,
        experiment_name=name,
        dataset_id=table.dataset_id,
        sha256=table.sha256,
        kind=kind.value,
        digest=key,
        options=options.as_json(),
        requested_by=actor.id,
    )
    session.add(row)
    subject = f"experiment:{table.experiment_id}"
    detail = {"kind": kind.value, "dataset": table.dataset_id, "options": row.options}
    events.record(session, actor, "eda.requested", subject, **detail)
    return row


def _queued(study: Study, actor: Actor, row: EdaReport) -> Standing:
    """Submit the job unless the report is ready or a job is live on it."""
    present = standing(study, row)
    if present.ready or present.is_running:
        return present
    return standing(study, _submitted(study, actor, row))


def _submitted(study: Study, actor: Actor, row: EdaReport) -> EdaReport:
    """Submit a job on the row: it makes what is missing and sends it to the tracker."""
    with study.db.write() as session:
        kept = session.get_one(EdaReport, row.id)
        kept.attempt += 1
        kept.log_error = ""
        kept.job_key = f"{row.kind}-{row.id}-{kept.attempt}"
        session.add(kept)
    request = JobRequest(
        kind=row.kind,
        key=kept.job_key,
        experiment_id=row.experiment_id,
        payload={"report_id": row.id},
        timeout_seconds=JOB_SECONDS,
    )
    study.scheduler.submit(actor, request)
    return kept


def is_current(standing: Standing, table: Table) -> bool:
    """True when it is about the table as it stands: same columns, types and names."""
    return standing.row.digest == digest(table, standing.options)


def standing(study: Study, row: EdaReport) -> Standing:
    """The row with its readiness and its job's present state."""
    ready = row.done_at is not None and store.exists(study.folder, row)
    job = None if ready or not row.job_key else _job(study, row.job_key)
    return Standing(row=row, ready=ready, job=job)


def _job(study: Study, key: str) -> JobStatus | None:
    try:
        return study.scheduler.status(key)
    except NotFound:
        return None


@needs(Capability.EDA_READ)
def standings(
    study: Study, actor: Actor, experiment_id: str, kind: ReportKind, dataset_id: str = ""
) -> list[Standing]:
    """The experiment's reports, of one data set when given, newest first.

    Raises NotAllowed or NotFound.
    """
    study.experiments.check_readable(actor, experiment_id)
    wanted = (
        select(EdaReport)
        .where(EdaReport.experiment_id == experiment_id, EdaReport.kind == kind.value)
        .order_by(col(EdaReport.requested_at).desc())
        .limit(KEPT_IN_LIST)
    )
    if dataset_id:
        wanted = wanted.where(EdaReport.dataset_id == dataset_id)
    with study.db.read() as session:
        rows = list(session.exec(wanted))
    return [standing(study, row) for row in rows]


@needs(Capability.EDA_READ)
def report(study: Study, actor: Actor, report_id: str) -> Report:
    """The stored report. Raises NotFound, NotAllowed or NotReady."""
    return store.load(study.folder, readable_row(study, actor, report_id))


@needs(Capability.EDA_READ)
def plotted(study: Study, actor: Actor, report_id: str, positions: list[int]) -> pl.DataFrame:
    """Columns of the plotted rows by their position in the table, each once, in that order.

    Raises NotFound, NotAllowed or NotReady.
    """
    row = readable_row(study, actor, report_id)
    return store.load_sample(study.folder, row, positions)


@needs(Capability.EDA_READ)
def profile(study: Study, actor: Actor, report_id: str) -> bytes:
    """The stored ydata-profiling page. Raises NotFound, NotAllowed or NotReady."""
    row = readable_row(study, actor, report_id, ReportKind.PROFILE)
    return store.load_profile(study.folder, row)


@needs(Capability.EDA_READ)
def exported(study: Study, actor: Actor, report_id: str) -> dict[str, bytes]:
    """The report's files by name, under public names. Raises NotFound, NotAllowed, NotReady."""
    row = readable_row(study, actor, report_id)
    table = study.tables.table(actor, row.dataset_id)
    sample = store.load_sample(study.folder, row, list(range(len(table.columns))))
    return report_files(store.load(study.folder, row), table, sample)


def readable_row(
    study: Study, actor: Actor, report_id: str, kind: ReportKind = ReportKind.EXPLORE
) -> EdaReport:
    """The row of that id and kind, for whoever may see its experiment. Raises NotFound."""
    with study.db.read() as session:
        row = session.get(EdaReport, report_id)
    if row is None or row.kind != kind:
        raise NotFound("There is no such report.", hint="Open the experiment's Explore page.")
    study.experiments.check_readable(actor, row.experiment_id)
    return row
