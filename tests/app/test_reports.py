"""The routes of exploration reports: who gets them, and in what sandbox."""

from collections.abc import Callable

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.testclient import TestClient

from app import reports
from engines import data_sources, eda, projects
from engines.core.access import Actor
from engines.core.progress import Silent


@pytest.fixture
def client_of(app_services) -> Callable[[Actor | None], TestClient]:
    """A client whose requests come from the actor, as the gate would have it."""

    def signed(actor: Actor | None) -> TestClient:
        async def person(request, call_next):
            request.state.actor = actor
            return await call_next(request)

        gate = Middleware(BaseHTTPMiddleware, dispatch=person)
        return TestClient(Starlette(routes=reports.routes(app_services), middleware=[gate]))

    return signed


@pytest.fixture
def explored(app_services, analyst, tmp_path):
    """A report and a profile of a table with a script for a column name."""
    path = tmp_path / "hostile.csv"
    lines = ["<script>alert(1)</script>,x", *(f"{i % 5},{i}" for i in range(40))]
    path.write_text("\n".join(lines))
    made = projects.create(app_services.db, analyst, "Churn")
    data_sources.ingest_file(app_services.datasets, analyst, made.id, path, "hostile.csv")
    study = app_services.study
    report = eda.request_report(study, analyst, made.id, "Churn", eda.Options()).row.id
    profile = eda.request_profile(study, analyst, made.id, "Churn").row.id
    eda.run_profile(study, analyst, profile, Silent())
    return report, profile


def test_a_profile_is_served_in_a_sandbox_without_our_origin(explored, client_of, analyst):
    answer = client_of(analyst).get(f"/reports/{explored[1]}/profile")
    policy = answer.headers["content-security-policy"]
    assert answer.status_code == 200
    assert policy.startswith("sandbox allow-scripts;")
    assert "allow-same-origin" not in policy
    assert "default-src 'none'" in policy
    assert answer.headers["cache-control"] == "private, no-store"
    assert "Profile of all 40 rows" in answer.text


def test_a_report_is_kept_as_one_escaped_file(explored, client_of, analyst):
    answer = client_of(analyst).get(f"/reports/{explored[0]}/report.html")
    assert "attachment" in answer.headers["content-disposition"]
    assert answer.headers["content-security-policy"].startswith("sandbox allow-scripts;")
    assert "<script>alert" not in answer.text
    assert "&lt;script&gt;alert(1)" in answer.text


@pytest.mark.parametrize("role", ["deployer", "admin"])
def test_a_role_that_may_not_read_reports_is_refused(explored, client_of, make_actor, role):
    client = client_of(make_actor(role))
    for path in (f"/reports/{explored[1]}/profile", f"/reports/{explored[0]}/report.html"):
        answer = client.get(path)
        assert answer.status_code == 403
        assert "permission" in answer.text


def test_an_auditor_reads_the_profile_but_takes_no_file_away(explored, client_of, make_actor):
    client = client_of(make_actor("auditor"))
    assert client.get(f"/reports/{explored[1]}/profile").status_code == 200
    assert client.get(f"/reports/{explored[0]}/report.html").status_code == 403


def test_nobody_gets_nothing(explored, client_of):
    assert client_of(None).get(f"/reports/{explored[1]}/profile").status_code == 401


def test_an_unknown_report_is_not_found(client_of, analyst):
    answer = client_of(analyst).get("/reports/nothing/profile")
    assert answer.status_code == 404
    assert answer.text.startswith("There is no such report.")


def test_an_exploration_is_no_profile_and_a_profile_no_exploration(explored, client_of, analyst):
    client = client_of(analyst)
    assert client.get(f"/reports/{explored[0]}/profile").status_code == 404
    assert client.get(f"/reports/{explored[1]}/report.html").status_code == 404
