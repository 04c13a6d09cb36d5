"""What a report takes: compute or find it, keep it, move the experiment on, log it."""

import json
import tempfile
from pathlib import Path

from engines.core import events
from engines.core.access import Actor, Capability, needs
from engines.core.correlation import correlation_id
from engines.core.database import now
from engines.core.errors import BackendUnavailable, NotFound, NotReady
from engines.core.experiments import ExperimentState
from engines.core.progress import Progress
from engines.core.tables import Table
from engines.eda import store
from engines.eda.explore import examine
from engines.eda.export import figure_json, html_report
from engines.eda.gallery import gallery
from engines.eda.models import EdaReport
from engines.eda.options import Options
from engines.eda.port import Study
from engines.eda.public import under_public_names


def table_of(study: Study, actor: Actor, experiment_id: str) -> Table:
    """The experiment's present table. Raises NotReady before there is one."""
    table = study.tables.current(actor, experiment_id)
    if table is None:
        raise NotReady("This experiment has no data yet.", hint="Upload a file on the Data page.")
    return table


@needs(Capability.EDA_RUN)
def run_explore(study: Study, actor: Actor, report_id: str, progress: Progress) -> None:
    """The work of an `explore` job. Raises NotFound, NotAllowed, InvalidInput."""
    row = requested(study, report_id)
    study.experiments.check_editable(actor, row.experiment_id)
    table = study.tables.table(actor, row.dataset_id)
    made = row.done_at is not None and store.exists(study.folder, row)
    done = row if made else explore_and_keep(study, actor, row, table, progress)
    progress.report(0.96, "Logging to the tracking server")
    log_report(study, done, table)
    progress.report(1.0, "Done")


def requested(study: Study, report_id: str) -> EdaReport:
    """The row of that id. Raises NotFound."""
    with study.db.read() as session:
        row = session.get(EdaReport, report_id)
    if row is None:
        raise NotFound("There is no such report.", hint="Ask for it again on the Explore page.")
    return row


def explore_and_keep(
    study: Study, actor: Actor, row: EdaReport, table: Table, progress: Progress
) -> EdaReport:
    """Compute the report unless its files are there, keep it, advance the experiment."""
    if not store.exists(study.folder, row):
        explored = examine(table, Options.from_json(row.options), progress)
        store.keep(study.folder, row, explored)
    score = store.load(study.folder, row).quality.score
    done = finish(study, actor, row, "eda.explored", score=score)
    study.experiments.advance(actor, row.experiment_id, ExperimentState.EXPLORED)
    return done


def finish(study: Study, actor: Actor, row: EdaReport, act: str, **detail: object) -> EdaReport:
    """Mark the report as done, with its audit event."""
    with study.db.write() as session:
        kept = session.get_one(EdaReport, row.id)
        kept.done_at = now()
        session.add(kept)
        subject = f"experiment:{row.experiment_id}"
        events.record(session, actor, act, subject, report=row.id, **detail)
    return kept


def log_report(study: Study, row: EdaReport, table: Table) -> EdaReport:
    """Send the report's files to the tracker; a tracker that is away costs only the link."""
    report = store.load(study.folder, row)
    sample = store.load_sample(study.folder, row, list(range(len(table.columns))))
    names = table.public_names
    drawn = gallery(report, sample, names)
    shown = under_public_names(report, names)
    figures = {stem: json.loads(figure_json(figure)) for stem, figure in drawn.items()}
    files = {
        "eda_report.html": html_report(shown, drawn),
        "eda_report.json": shown.model_dump_json(indent=1).encode(),
        "eda_figures.json": json.dumps(figures).encode(),
        "eda_log.txt": "\n".join(report.log).encode(),
    }
    tags = {
        "mlaas.dataset_sha256": row.sha256,
        "mlaas.quality_score": f"{report.quality.score:g}",
        "mlaas.correlation_id": correlation_id(),
        "mlaas.report_id": row.id,
    }
    return _sent(study, row, files, tags)


def _sent(study: Study, row: EdaReport, files: dict[str, bytes], tags: dict[str, str]) -> EdaReport:
    link, failure = "", ""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in files]
        for path in paths:
            path.write_bytes(files[path.name])
        try:
            link = study.log.log_report(row.experiment_id, row.experiment_name, paths, tags)
        except BackendUnavailable as error:
            failure = str(error)
    with study.db.write() as session:
        kept = session.get_one(EdaReport, row.id)
        kept.link, kept.log_error = link, failure
        session.add(kept)
    return kept
