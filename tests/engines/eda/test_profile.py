"""The ydata-profiling report: made once, by a job, without network or telemetry."""

import os

import pandas as pd
import pytest

from engines import eda
from engines.core.errors import InvalidInput
from engines.core.events import AuditEvent
from engines.core.progress import Silent
from engines.core.scheduling import JobState
from engines.eda.models import ReportKind


def test_a_profile_is_queued_then_made_and_read(wholesale, to_table, on, analyst):
    study = on(to_table(wholesale[["Fresh", "Milk", "Region"]], anonymised=True))
    asked = eda.request_profile(study, analyst, "experiment", "Churn")
    assert (asked.job.kind, asked.job.state) == ("profile", JobState.QUEUED)
    eda.run_profile(study, analyst, asked.row.id, Silent())
    page = eda.profile(study, analyst, asked.row.id).decode()
    assert "Profile of all 440 rows" in page
    assert "Fresh" not in page
    assert os.environ["YDATA_PROFILING_NO_ANALYTICS"] == "True"
    assert eda.standings(study, analyst, "experiment", ReportKind.PROFILE)[0].ready
    with study.db.read() as session:
        assert session.get(AuditEvent, 2).act == "eda.profiled"


def test_columns_that_trouble_profilers_are_survived(to_table):
    frame = pd.DataFrame(
        {
            "<script>alert(1)</script>": range(30),
            "nested": [[{"a": 1}]] * 30,
            "nothing": [None] * 30,
            "inf": [float("inf"), 1.0, 2.0] * 10,
            "\u202ename": ["a", "b", "c"] * 10,
        }
    )
    assert "Profile of all 30 rows" in eda.profile_page(to_table(frame), Silent())


def test_an_empty_table_cannot_be_profiled(wholesale, to_table):
    with pytest.raises(InvalidInput, match="no rows"):
        eda.profile_page(to_table(wholesale.head(0)), Silent())
