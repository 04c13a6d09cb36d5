"""An audit trail to read."""

from collections.abc import Callable

import pytest

from engines.core import events
from engines.core.access import Actor
from engines.core.correlation import correlated
from engines.core.database import Database


@pytest.fixture
def trail(db: Database, make_actor: Callable[..., Actor]) -> Database:
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
        with correlated(f"click-{number}"), db.write() as session:
            events.record(session, actor, act, subject, **detail)
    return db
