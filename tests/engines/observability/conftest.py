"""Audit rows on both databases."""

from collections.abc import Callable, Iterator

import pytest
from sqlmodel import SQLModel

from engines.core import events
from engines.core.access import Actor
from engines.core.correlation import correlated
from engines.core.database import Database
from engines.core.events import append_only_statements
from tests.harness.fixtures import postgres  # noqa: F401 - a fixture
from tests.harness.postgres import PostgresServer


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def any_db(request: pytest.FixtureRequest, db: Database) -> Iterator[Database]:
    """A fresh database with its audit triggers, once on each backend."""
    if request.param == "sqlite":
        yield db
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    on_server = Database(server.create())
    SQLModel.metadata.create_all(on_server.engine)
    with on_server.engine.begin() as connection:
        for statement in append_only_statements("postgresql"):
            connection.exec_driver_sql(statement)
    yield on_server
    on_server.engine.dispose()
    server.drop(on_server.url.render_as_string(hide_password=False))


@pytest.fixture
def trail(any_db: Database, make_actor: Callable[..., Actor]) -> Database:
    """Six events of two people."""
    ann, ben = make_actor("analyst", name="ann"), make_actor("admin", name="Ben")
    acts = [
        (ann, "experiment.created", "experiment:1", {"name": "Churn größer 100%"}),
        (ann, "dataset.attached", "experiment:1", {"rows": 7043}),
        (ben, "user.created", "user:7", {"roles": ["analyst"]}),
        (ann, "training.started", "experiment:1", {"note": "50_50 split"}),
        (ben, "user.disabled", "user:7", {}),
        (ann, "job.cancelled", "job:9", {"reason": "wrong target"}),
    ]
    for number, (actor, act, subject, detail) in enumerate(acts, 1):
        with correlated(f"click-{number}"), any_db.write() as session:
            events.record(session, actor, act, subject, **detail)
    return any_db
