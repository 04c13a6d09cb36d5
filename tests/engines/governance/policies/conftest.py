"""What the tests of policies share: the shipped files and the words around them."""

from pathlib import Path

import pytest

from engines import projects
from engines.governance import documents
from engines.governance.policies import Policy, Vocabulary, parse

FOLDER = Path(__file__).parents[4] / "policies"
SHIPPED = sorted(FOLDER.glob("*.yaml"))


@pytest.fixture(scope="session")
def vocabulary() -> Vocabulary:
    """The product's own questionnaire and documents."""
    kinds = documents.load_templates().kinds
    return Vocabulary(
        questions={each.key: each.choices for each in projects.QUESTIONS},
        documents={
            name: [section.key for section in kind.sections]
            for name, kind in kinds.items()
            if kind.writer != "record"
        },
    )


@pytest.fixture(scope="session")
def text() -> str:
    """The shipped default policy."""
    return (FOLDER / "default.yaml").read_text("utf-8")


@pytest.fixture(scope="session")
def policy(text: str, vocabulary: Vocabulary) -> Policy:
    """The shipped default policy, read."""
    return parse(text, vocabulary)
