"""One task of a run, with or without a target, into its folder."""

from pathlib import Path

from engines.core.tables import Table
from engines.training import supervised, unsupervised
from engines.training.folder import Folder
from engines.training.ledger import Ledger
from engines.training.materials import source
from engines.training.request import TrainingRequest
from engines.training.tasks import SUPERVISED


def train(
    ledger: Ledger,
    table: Table,
    request: TrainingRequest,
    folder: Path,
    workers: int,
    most_cells: int = 0,
) -> None:
    """Train the ledger's task; its folder appears whole or not at all. Raises InvalidInput."""
    into = Folder(folder, ledger.result.task)
    of = source(table, request, most_cells)
    if told := of.facts.get("drawn"):
        ledger.note(
            f"{told['rows']:,} of {table.rows:,} rows are used, drawn at random: training on this "
            "machine has a limit of cells, which the platform team can raise."
        )
    if ledger.task in SUPERVISED:
        supervised.train(ledger, of, into, workers)
    else:
        unsupervised.train(ledger, of, into, workers)
    into.seal()
