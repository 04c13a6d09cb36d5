"""The Record page: by request, by model and moment, what nobody knows, and the way there."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

from app import record_view
from engines.core.correlation import correlated
from engines.core.database import now
from engines.core.errors import NotAllowed
from engines.core.gate import Purpose, Stage
from engines.governance import approvals
from engines.training import TaskResult
from engines.wiring import Services
from tests.harness.governed import Governed, governed
from tests.harness.pages import opened

ROOT = Path(__file__).parents[2]
Open = Callable[..., AppTest]


class Ticking:
    """A clock behind the real one, so that moments of a test lie apart and none is to come."""

    def __init__(self) -> None:
        self.behind = timedelta(days=10)

    def __call__(self) -> datetime:
        """The moment."""
        return now() - self.behind


@pytest.fixture
def clock() -> Ticking:
    return Ticking()


@pytest.fixture
def house(app_services: Services, clock: Ticking, monkeypatch: pytest.MonkeyPatch) -> Governed:
    """A model of Ana's, approved up to production ten days ago, asked for, revoked after five."""
    made = governed(app_services.db, app_services.settings.paths.data, clock=clock)
    made.train()
    made.approve_up_to(Stage.PROD)
    with correlated("request-1"):
        made.gate.may_use(made.people["ana"], made.model, Purpose.SCORE)
    clock.behind = timedelta(days=5)
    first = approvals.of_model(made.board, made.people["ana"], made.model)[-1]
    approvals.revoke(made.board, made.people["cora"], first.id, "A flaw.")
    with correlated("request-2"), pytest.raises(NotAllowed):
        made.gate.may_use(made.people["ana"], made.model, Purpose.SCORE)
    clock.behind = timedelta()
    monkeypatch.setattr(Services, "board", property(lambda _: made.board))
    return made


@pytest.fixture
def page(house: Governed, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Open a page as one of the people: `page("audrey", request="request-1")`."""

    def open_as(who: str, key: str = "record", **query: str) -> AppTest:
        at = opened(monkeypatch, house.people[who], key, **query)
        assert not at.exception, at.exception[0].stack_trace
        return at

    return open_as


def words(at: AppTest) -> str:
    parts = [at.markdown, at.caption, at.subheader, at.success, at.warning, at.error]
    return " ".join(each.value for part in parts for each in part)


def badges(at: AppTest) -> str:
    return " ".join(each.value for each in at.markdown)


def links(at: AppTest) -> list[str]:
    return [link.proto.label for link in at.get("page_link")]


def test_without_a_question_the_page_says_what_to_ask(page: Open) -> None:
    at = page("audrey")
    assert "Who decided?" in words(at)
    assert not at.success


@pytest.mark.parametrize("who", ["ana", "carl", "vera", "dora"])
def test_an_allowed_request_shows_model_data_policy_and_people(page: Open, who: str) -> None:
    at = page(who, request="request-1")
    assert at.success[0].value.startswith("**Allowed.** ana asked for scoring")
    said = words(at)
    for fact in (
        "**Permit:**", "**Stage:** Production", "**Data:** file, SHA-256",
        "House policy, version 1",
        "carl (checker)", "cora (checker)", "dora (deployer)", "commit `c0ffee`",
    ):  # fmt: skip
        assert fact in said
    assert {"**Churn · Binary classification**", "Submission"} <= set(links(at))
    assert not at.error


def test_a_refused_request_says_why(page: Open) -> None:
    at = page("audrey", request="request-2")
    assert at.error[0].value.startswith("**Refused.**")
    assert "A flaw" in at.error[0].value
    assert "**Ended:**" in words(at)


def test_an_unknown_request_is_told_in_one_sentence(page: Open) -> None:
    at = page("audrey", request="nobody")
    assert "The gate never saw a request with this id." in at.error[0].value
    assert not at.success


def test_a_model_is_answered_as_of_the_moment_in_the_address(page: Open, house: Governed) -> None:
    then = now() - timedelta(days=7)
    at = page("audrey", model=str(house.model), at=f"{then:%Y-%m-%dT%H:%M}")
    assert "was approved up to production" in at.success[0].value
    assert "`request-1`" in links(at)
    assert "`request-2`" not in links(at)
    assert "request-1" in links(at)[-1]


def test_a_model_is_answered_as_of_now_without_a_moment(page: Open, house: Governed) -> None:
    at = page("audrey", model=str(house.model))
    assert "Nobody had let" in at.warning[0].value
    assert "revoked" in at.warning[0].value
    assert {"`request-1`", "`request-2`"} <= set(links(at))


def test_a_model_before_its_time_and_one_nobody_knows(page: Open, house: Governed) -> None:
    at = page("audrey", model=str(house.model), at="2020-01-01T10:00")
    assert "It was not approved for training." in at.warning[0].value
    assert "Nobody had asked for this model by then." in words(at)
    assert "Nobody had let nobody/binary" in page("audrey", model="nobody/binary").warning[0].value


def test_the_page_is_refused_to_an_administrator(page: Open) -> None:
    assert "approval.read" in page("adam", request="request-1").error[0].value


def test_the_answer_is_offered_as_json(
    page: Open, house: Governed, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = {}
    real = record_view.st.download_button

    def kept(label, data, **rest):  # type: ignore[no-untyped-def]
        made[rest["file_name"]] = data()
        return real(label, data, **rest)

    monkeypatch.setattr(record_view.st, "download_button", kept)
    page("audrey", request="request-1")
    told = json.loads(made["record.json"])
    assert told["asked"] == {"request": "request-1"}
    assert told["decisions"][0]["approval"]["model"] == str(house.model)


def test_the_inventory_leads_to_the_record_as_of_its_day(page: Open, house: Governed) -> None:
    house.file("model.json").unlink()  # a card of the harness has no libraries
    with house.board.db.write() as session:
        session.execute(sa.update(TaskResult).values(finished_at=now() - timedelta(days=11)))
    day = (now() - timedelta(days=7)).date()
    at = page("audrey", "inventory", model=str(house.model), at=f"{day}")
    label = f"Who decided, as of {day}"
    link = next(each for each in at.get("page_link") if each.proto.label == label)
    assert f"at={day}T23%3A59" in link.proto.query_string
    assert "In production" in badges(at)
    assert "Who decided, as of now" in links(page("audrey", "inventory", model=str(house.model)))
