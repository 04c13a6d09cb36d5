"""A run of every task, as training leaves it."""

from pathlib import Path

import pytest

from tests.harness.run_folders import airline, ames, telco, wholesale


class Folders:
    """Runs that anybody may see."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, actor: object, run_id: str) -> Path:
        """The run's folder, unchecked."""
        return self.root / run_id


@pytest.fixture(scope="session")
def runs(tmp_path_factory, shared_data):
    root = tmp_path_factory.mktemp("runs")
    telco(root / "r1", shared_data)
    telco(root / "r2", shared_data, C=0.001)
    ames(root / "r1", shared_data)
    wholesale(root / "r1", shared_data)
    airline(root / "air", shared_data)
    return Folders(root)
