"""What an exploration asks of the other engines, and where it works."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from engines.core.access import Actor
from engines.core.database import Database
from engines.core.experiments import Experiments
from engines.core.scheduling import Scheduler
from engines.core.tables import Table


class Tables(Protocol):
    """Access to stored tables, checked for the acting person."""

    def table(self, actor: Actor, dataset_id: str) -> Table:
        """The table of a data set. Raises NotAllowed or NotFound."""

    def current(self, actor: Actor, experiment_id: str) -> Table | None:
        """The table the experiment works on now, or None before there is data."""


class ReportLog(Protocol):
    """Keeps the files of an exploration where experiments are tracked."""

    def log_report(
        self,
        experiment_id: str,
        experiment_name: str,
        files: Sequence[Path],
        tags: Mapping[str, str],
    ) -> str:
        """Keep the files in a run of their own; return a link to it. Raises BackendUnavailable."""


@dataclass(frozen=True)
class Study:
    """Where explorations work: database, ports, the folder of reports, and the size limit.

    Tables of more than `inline_cells` cells are explored by a job.
    """

    db: Database
    experiments: Experiments
    tables: Tables
    scheduler: Scheduler
    log: ReportLog
    folder: Path
    inline_cells: int
