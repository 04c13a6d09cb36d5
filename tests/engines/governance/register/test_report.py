"""The regulatory report on a model that was really approved."""

from pathlib import Path

import pytest

from engines.core.errors import NotAllowed, NotFound, NotReady
from engines.core.model_ref import ModelRef
from engines.governance import policies, register
from tests.harness.governed import governed, vocabulary


@pytest.fixture
def house(db, tmp_path):
    made = governed(db, tmp_path)
    made.train()
    return made


SHIPPED = ("sr-26-2", "sr-11-7", "ss1-23", "osfi-e-23")


@pytest.fixture
def shipped(house, db):
    """The policies that come with the product."""
    policies.install(db, Path(__file__).parents[4] / "policies", vocabulary(house.board.templates))
    return {row.name for row in policies.names(db, house.people["audrey"])}


def test_one_evidence_set_answers_every_shipped_guidance(house, db, shipped):
    house.approve()
    auditor = house.people["audrey"]
    told = {}
    for name in shipped - {"house"}:
        report = register.regulatory_report(db, auditor, name, house.model)
        if not report.rows:
            continue
        told[name] = report
        assert {row.model for row in report.rows} == {str(house.model)}
        assert all(row.evidence for row in report.rows if row.state in ("met", "open"))
        page = register.report_file(db, auditor, report, "html").decode()
        assert report.title in page
        assert report.rows[0].requirement in page
        assert len(register.report_rows(report)) == len(report.rows)
    assert len(told) >= len(SHIPPED)
    assert len({report.title for report in told.values()}) == len(told)


def test_report_of_all_covers_what_is_approved(house, db, shipped):
    auditor = house.people["audrey"]
    with pytest.raises(NotReady, match="nothing to report"):
        register.regulatory_report(db, auditor, "sr-26-2")
    house.approve()
    report = register.regulatory_report(db, auditor, "sr-26-2")
    assert report.models == 1
    with pytest.raises(NotReady):
        register.regulatory_report(db, auditor, "sr-26-2", ModelRef("none", "binary"))
    with pytest.raises(NotFound):
        register.regulatory_report(db, auditor, "none")
    with pytest.raises(NotAllowed):
        register.regulatory_report(db, house.people["ana"], "sr-26-2")
