"""The Audit page: who may open it, what it finds, what it says about the chain."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from engines import projects
from engines.core import events
from engines.core.access import Actor
from engines.wiring import Services

OpenPage = Callable[..., AppTest]


def words(at: AppTest) -> str:
    parts = [at.markdown, at.caption, at.subheader, at.success, at.warning, at.error]
    return " ".join(each.value for part in parts for each in part)


@pytest.fixture
def trail(app_services: Services, analyst: Actor) -> Services:
    """A trail of three acts of the analyst."""
    made = projects.create(app_services.db, analyst, "Churn")
    projects.archive(app_services.db, analyst, made.id, "no longer needed")
    projects.restore(app_services.db, analyst, made.id)
    return app_services


@pytest.mark.parametrize("role", ["analyst", "checker", "validator", "deployer"])
def test_audit_is_refused_to_other_roles(open_page: OpenPage, trail: Services, role: str) -> None:
    at = open_page(role, "audit")
    assert not at.exception
    assert not at.table
    assert "audit.read" in at.error[0].value


@pytest.mark.parametrize("role", ["auditor", "admin"])
def test_audit_lists_events_newest_first(open_page: OpenPage, trail: Services, role: str) -> None:
    at = open_page(role, "audit")
    assert not at.exception
    assert "3 events, newest first" in words(at)
    table = at.table[0].value
    assert [act.replace("\\", "") for act in table["Act"]] == [
        "experiment.restored", "experiment.archived", "experiment.created",
    ]  # fmt: skip
    assert set(table["Who"]) == {"analyst"}
    assert "reason\\: no longer needed" in table["Detail"].iloc[1]


def test_audit_without_events_says_so(open_page: OpenPage) -> None:
    assert "Nothing has happened yet" in words(open_page("auditor", "audit"))


@pytest.mark.parametrize(
    ("query", "acts"),
    [
        ({"search": "longer"}, ["experiment.archived"]),
        ({"act": "experiment.created"}, ["experiment.created"]),
        ({"search": "analyst restored"}, ["experiment.restored"]),
    ],
)
def test_filters_come_from_the_address(
    open_page: OpenPage, trail: Services, query: dict[str, str], acts: list[str]
) -> None:
    at = open_page("auditor", "audit", **query)
    assert not at.exception
    assert [act.replace("\\", "") for act in at.table[0].value["Act"]] == acts


def test_person_is_kept_in_the_address_by_id_and_a_name_narrows_nothing(
    open_page: OpenPage, trail: Services, analyst: Actor
) -> None:
    at = open_page("auditor", "audit")
    at.selectbox(key="who").select(analyst.id).run()
    assert at.query_params["who"] == analyst.id
    assert "3 events" in words(at)
    assert "3 events" in words(open_page("auditor", "audit", who="analyst", since="yesterday"))


def test_filter_that_matches_nothing_says_so(open_page: OpenPage, trail: Services) -> None:
    at = open_page("auditor", "audit", search="nowhere")
    assert "Nothing matches" in words(at)
    at = open_page("auditor", "audit", since="2030-01-02", until="2030-01-01")
    assert "The first day lies after the last." in words(at)


def test_verify_says_whole_and_then_names_the_changed_row(
    open_page: OpenPage, trail: Services
) -> None:
    def verified() -> str:
        at = open_page("auditor", "audit")
        next(b for b in at.button if b.label == "Verify chain").click().run()
        assert not at.exception
        return words(at)

    assert "The chain is whole:** 3 rows" in verified()
    table = "" if trail.db.is_sqlite else " ON audit_event"
    with trail.db.engine.begin() as connection:
        connection.exec_driver_sql(f"DROP TRIGGER audit_event_no_update{table}")
        connection.exec_driver_sql("UPDATE audit_event SET act = 'x' WHERE number = 2")
    assert "The chain breaks at row 2:**" in verified()


def test_table_is_paged(open_page: OpenPage, app_services: Services, analyst: Actor) -> None:
    with app_services.db.write() as session:
        for number in range(51):
            events.record(session, analyst, "test.act", f"thing:{number}")
    assert len(open_page("auditor", "audit").table[0].value) == 50
    assert list(open_page("auditor", "audit", events="2").table[0].value["No."]) == ["1"]


def test_evidence_is_a_link_to_the_route_that_sends_it(open_page: OpenPage) -> None:
    at = open_page("auditor", "audit")
    (link,) = at.get("link_button")
    assert (link.proto.label, link.proto.url) == ("Evidence", "/downloads/evidence.jsonl")
