"""A governed experiment for each test."""

from pathlib import Path

import pytest

from engines.core.database import Database
from engines.governance import documents
from tests.harness.governed import Governed, governed


@pytest.fixture(scope="session")
def templates() -> documents.Templates:
    """The shipped document templates, read once."""
    return documents.load_templates()


@pytest.fixture
def house(db: Database, tmp_path: Path, templates: documents.Templates) -> Governed:
    """A board with people, and one trained model of Ana's."""
    made = governed(db, tmp_path, templates=templates)
    made.train()
    return made
