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
    ledger: Ledger, table: Table, request: TrainingRequest, folder: Path, workers: int
) -> None:
    """Train the ledger's task; its folder appears whole or not at all. Raises InvalidInput."""
    into = Folder(folder, ledger.result.task)
    of = source(table, request)
    if ledger.task in SUPERVISED:
        supervised.train(ledger, of, into, workers)
    else:
        unsupervised.train(ledger, of, into, workers)
    into.seal()
