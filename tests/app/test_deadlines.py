"""The process that does what time asks of submissions, and the worker's way to start it."""

import subprocess
import sys
from datetime import timedelta

from app.deadlines import main
from app.worker import Hourly
from engines.core.database import now
from engines.core.gate import Stage
from engines.governance.approvals import State, Submission
from tests.harness.audit import acts


def test_main_expires_what_is_over(app_services) -> None:
    over = now() - timedelta(days=1)
    row = Submission(
        run_id="r1", task="binary", experiment_id="e1", title="Churn", stage=Stage.TRAINING,
        state=State.APPROVED, submitter_id="u1", submitter_name="ana", expires_at=over,
    )  # fmt: skip
    with app_services.db.write() as session:
        session.add(row)
    assert main() == 0
    with app_services.db.read() as session:
        assert session.get_one(Submission, row.id).state == State.EXPIRED


def test_main_runs_retention_when_it_is_configured(app_services, monkeypatch) -> None:
    assert main() == 0
    assert "retention.ran" not in acts(app_services.db)
    monkeypatch.setenv("MLAAS_ARTIFACTS__REMOVE_EVERY_HOURS", "24")
    monkeypatch.setenv("MLAAS_ARTIFACTS__KEEP", '{"dev": {"newest": 1, "days": 30}}')
    assert main() == 0
    assert main() == 0
    assert acts(app_services.db).count("retention.ran") == 1


def test_hourly_starts_one_process_at_a_time_and_not_too_early() -> None:
    keeper = Hourly("timeit", every_seconds=0.0, first_after=0.0)
    keeper._command = [sys.executable, "-c", "import time; time.sleep(60)"]
    keeper.begin()
    first = keeper._process
    assert isinstance(first, subprocess.Popen)
    keeper.begin()
    assert keeper._process is first
    first.kill()
    first.wait()
    keeper.begin()
    assert keeper._process is not first
    keeper._process.kill()
    keeper._process.wait()
    later = Hourly("timeit")
    later.begin()
    assert later._process is None
