"""The Approvals page for each person: the queue, a submission's tabs, the acts and why not."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app import approval_words, approvals_view
from engines.core.access import Role
from engines.core.database import now
from engines.core.gate import Stage
from engines.governance import approvals, policies
from engines.governance.approvals import Decision, State
from engines.governance.documents import Gap
from engines.wiring import Services
from tests.harness.governed import POLICY, Governed, governed, vocabulary
from tests.harness.pages import opened

ROOT = Path(__file__).parents[2]
TABS = (
    "Summary", "Content", "Metrics", "Checks", "Documents", "Changes", "Discussion", "History"
)  # fmt: skip
Open = Callable[..., AppTest]


@pytest.fixture
def house(app_services: Services, monkeypatch: pytest.MonkeyPatch) -> Governed:
    """People, a small policy and a trained model of Ana's; the page works on its board."""
    made = governed(app_services.db, app_services.settings.paths.data, clock=now)
    made.train()
    monkeypatch.setattr(Services, "board", property(lambda _: made.board))
    return made


@pytest.fixture
def page(house: Governed, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Open the page as one of the people: `page("carl", submission=id)`."""

    def open_as(who: str, key: str = "", **query: str) -> AppTest:
        usual = "approval" if query.keys() & {"submission", "model"} else "approvals"
        at = opened(monkeypatch, house.people[who], key or usual, **query)
        assert not at.exception, at.exception[0].stack_trace
        return at

    return open_as


def words(at: AppTest) -> str:
    parts = [at.markdown, at.caption, at.subheader, at.success, at.info, at.warning, at.error]
    return " ".join(each.value for part in parts for each in part)


def links(at: AppTest) -> list[str]:
    return [link.proto.label for link in at.get("page_link")]


def buttons(at: AppTest) -> set[str]:
    return {button.label for button in at.button}


def test_empty_queue_offers_a_maker_the_one_next_act(page: Open) -> None:
    at = page("ana")
    assert "No submissions yet" in words(at)
    assert "Submit a model from Results" in links(at)


def test_empty_queue_tells_a_reader_nothing_to_do(page: Open) -> None:
    at = page("audrey")
    assert "No submissions yet" in words(at)
    assert "Submit a model from Results" not in links(at)


def test_page_is_refused_to_an_administrator(page: Open) -> None:
    assert "approval.read" in page("adam").error[0].value


def test_a_vote_that_waits_comes_first_for_its_level_only(page: Open, house: Governed) -> None:
    house.submit()
    assert "Waiting for your vote: 1" in words(page("carl"))
    assert "Nothing waits for your vote." in words(page("vera"))
    assert "for a checker" in words(page("vera"))


def test_escalated_submission_shows_its_age_and_waits_for_the_role_above(
    page: Open, house: Governed
) -> None:
    escalates = POLICY % {"then": "escalate\n    escalate_to: deployer"}
    known = vocabulary(house.board.templates)
    policies.publish(house.board.db, house.people["adam"], escalates, "Late.", known, based_on=1)
    long_ago = replace(house.board, clock=lambda: now() - timedelta(days=14))
    draft = approvals.begin(long_ago, house.people["ana"], house.model, Stage.TRAINING)
    row = approvals.submit(long_ago, house.people["ana"], draft.id, "Please look.")
    assert "Escalated" not in words(page("dora"))
    assert approvals.tick(house.board, now() - timedelta(days=3)).late == 1
    said = "Escalated 3 days ago: a deployer may decide, too"
    at = page("dora")
    assert "Waiting for your vote: 1" in words(at)
    assert said in words(at)
    at = page("dora", submission=row.id)
    assert said in words(at)
    assert "Vote" in buttons(at)
    house.vote(row, "dora")
    assert "dora** (deployer, in place of a checker)" in words(page("vera", submission=row.id))


def test_a_returned_submission_waits_for_its_maker(page: Open, house: Governed) -> None:
    house.vote(house.submit(), "carl", Decision.RETURN, "Say more.")
    assert "Yours to go on with: 1" in words(page("ana"))


def test_list_is_handed_out_whole(page: Open, house: Governed) -> None:
    row = house.vote(house.submit(), "carl", Decision.RETURN, "Say more.")
    house.submit()
    rows = approvals_view._table(house.people["audrey"], approvals.Filter())
    assert [each["state"] for each in rows] == ["Submitted", "Returned"]
    assert (rows[1]["submission"], rows[1]["stage"]) == (row.id, "Training")
    assert "CSV" in [button.proto.label for button in page("audrey").get("download_button")]


def test_filters_come_from_the_address(page: Open, house: Governed) -> None:
    house.submit()
    assert "1 submission, newest first" in words(page("audrey", name="churn", states="submitted"))
    assert "Nothing matches" in words(page("audrey", name="loans"))
    assert "Nothing matches" in words(page("audrey", states="approved"))


def test_the_page_says_what_is_missing_before_submitting(page: Open, house: Governed) -> None:
    model = house.undocumented("r2")
    at = page("ana", model=str(model))
    assert "One thing stands in the way" in words(at)
    assert "of the model card is not written" in words(at).replace("“", "").replace("”", "")
    assert "has no vote on it" in words(at)
    submit = next(button for button in at.button if button.label == "Submit")
    assert submit.disabled


def test_the_page_says_ready_with_tier_votes_and_checks(page: Open, house: Governed) -> None:
    at = page("ana", model=str(house.model))
    said = words(at)
    assert "Ready to submit." in said
    assert "Tier: Low" in said
    assert "level 1: a checker; level 2: a validator" in said
    assert "House policy, version 1" in said
    checks = at.table[0].value
    assert list(checks["Value"]) == ["0.8", "1,000"]
    assert not next(button for button in at.button if button.label == "Submit").disabled


def test_missing_sections_are_told_by_document_with_the_way_to_each(
    page: Open, house: Governed, monkeypatch: pytest.MonkeyPatch
) -> None:
    gaps = tuple(
        Gap("model_card", key, title, f"“{title}” of the model card is not written.")
        for key, title in (("details", "Model details"), ("caveats", "Caveats"))
    )
    ready = approvals.readiness(house.board, house.people["ana"], house.model, Stage.TRAINING)
    blocked = replace(ready, gaps=gaps, blocked=tuple(gap.reason for gap in gaps))
    monkeypatch.setattr(approvals, "readiness", lambda *_: blocked)
    at = page("ana", model=str(house.model))
    assert "One thing stands in the way" in words(at)
    told = words(at).replace("\\", "")
    assert "Model card: 2 sections are not written: Model details, Caveats." in told
    link = next(each for each in at.get("page_link") if each.proto.label == "Write: Model card")
    assert "kind=model_card&section=details" in link.proto.query_string


def test_content_and_policy_are_told_by_their_titles(page: Open, house: Governed) -> None:
    row = house.submit()
    items = page("carl", submission=row.id, view="Content").table[0].value["Item"]
    assert "Model card: Model details" in [item.replace("\\", "") for item in items]
    assert "House policy, version 1" in words(page("carl", submission=row.id))
    house.file("model.json").write_text("{}")
    house.write("details", "Something else.")
    said = words(page("carl", submission=row.id))
    assert "document “Model card: Model details” has changed" in said.replace("\\", "")


def test_a_later_stage_in_the_address_names_the_stage_before(page: Open, house: Governed) -> None:
    at = page("ana", model=str(house.model), stage="uat")
    assert "It is not approved for training" in words(at)


def test_a_draft_is_kept_and_found_again(page: Open, house: Governed) -> None:
    at = page("ana", model=str(house.model))
    next(button for button in at.button if button.label == "Keep as draft").click().run()
    assert not at.exception
    assert "Yours to go on with: 1" in words(page("ana"))
    draft = approvals.of_model(house.board, house.people["ana"], house.model)[0]
    at = page("ana", submission=draft.id)
    assert "This is a draft." in words(at)
    assert "Go on with this draft" in links(at)


def test_readers_of_a_model_to_submit_get_no_button(page: Open, house: Governed) -> None:
    assert "Submit" not in buttons(page("carl", model=str(house.model)))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ana", {"Withdraw"}),
        ("carl", {"Vote", "Raise the tier"}),
        ("vera", {"Raise the tier"}),
        ("dora", set()),
        ("audrey", set()),
    ],
)
def test_each_person_sees_the_acts_they_may_do(
    page: Open, house: Governed, name: str, expected: set[str]
) -> None:
    row = house.submit()
    every = {"Vote", "Withdraw", "Revoke", "Raise the tier"}
    assert buttons(page(name, submission=row.id)) & every == expected


def test_summary_says_first_whose_vote_is_missing(page: Open, house: Governed) -> None:
    at = page("vera", submission=house.submit().id)
    assert at.info[0].value.startswith("**It waits for a checker**, then for a validator.")
    assert "It waits for a checker, which you are not." in words(at)
    assert "ana: submitted it" in words(at)


def test_maker_with_a_voting_role_is_told_why_they_have_no_vote(
    page: Open, house: Governed
) -> None:
    both = house.person("mia", "analyst", "checker")
    model = house.train("mia", run="r9")
    draft = approvals.begin(house.board, both, model, Stage.TRAINING)
    approvals.submit(house.board, both, draft.id, "Please look.")
    at = page("mia", submission=draft.id)
    assert "You are a maker of this" in words(at)
    assert "Vote" not in buttons(at)


def test_delegated_vote_is_offered_to_who_got_it(page: Open, house: Governed) -> None:
    row = house.submit()
    begins, ends = now() - timedelta(days=1), now() + timedelta(days=2)
    carl = house.people["carl"]
    assert "Vote" not in buttons(page("dora", submission=row.id))
    approvals.delegate(house.board, carl, "user-dora", Role.CHECKER, begins, ends, "Away.")
    assert "Vote" in buttons(page("dora", submission=row.id))


@pytest.mark.parametrize("view", TABS)
def test_every_tab_opens(page: Open, house: Governed, view: str) -> None:
    at = page("audrey", submission=house.approve().id, view=view)
    assert not at.error, at.error[0].value


def test_content_lists_every_item_as_submitted(page: Open, house: Governed) -> None:
    at = page("audrey", submission=house.submit().id, view="Content")
    table = at.table[0].value
    assert set(table["Now"]) == {"✓ as submitted"}
    assert {"model.skops", "model.json"} <= set(table["Item"])
    assert "the data it was trained on" in set(table["What it is"])
    assert all(len(shown.strip("`")) == 64 for shown in table["SHA-256"])


def test_one_changed_byte_is_named_and_the_approval_does_not_hold(
    page: Open, house: Governed
) -> None:
    row = house.approve()
    content = house.file().read_bytes()
    house.file().write_bytes(content[:-1] + b"!")
    at = page("audrey", submission=row.id, view="Content")
    assert "The approval does not hold" in at.error[0].value
    assert "model.skops" in at.error[0].value
    table = at.table[0].value.set_index("Item")["Now"]
    assert table["model.skops"] == "✗ changed"
    assert table["model.json"] == "✓ as submitted"


def test_approved_submission_says_until_when_and_may_be_revoked(
    page: Open, house: Governed
) -> None:
    row = house.approve()
    at = page("vera", submission=row.id)
    assert at.success[0].value.startswith("**Approved until ")
    assert "Revoke" in buttons(at)
    assert "Revoke" not in buttons(page("ana", submission=row.id))


def test_ended_submission_can_be_submitted_again_by_its_owner(page: Open, house: Governed) -> None:
    row = house.vote(house.submit(), "carl", Decision.REJECT, "Not good enough.")
    at = page("ana", submission=row.id)
    assert "It was rejected." in words(at)
    assert "Not good enough" in words(at)
    assert "Submit again" in links(at)
    assert "Submit again" not in links(page("audrey", submission=row.id))


def test_changes_show_what_differs_from_the_submission_before(page: Open, house: Governed) -> None:
    house.vote(house.submit(), "carl", Decision.RETURN, "Say more.")
    house.write("details", "What it is, in more words.")
    second = house.submit()
    at = page("carl", submission=second.id, view="Changes")
    assert "+What it is, in more words." in at.code[0].value


def test_discussion_keeps_what_is_said_as_it_was_typed(page: Open, house: Governed) -> None:
    row = house.submit()
    at = page("carl", submission=row.id, view="Discussion")
    at.text_area[0].set_value("Why **so** few rows?")
    next(button for button in at.button if button.label == "Add comment").click().run()
    assert not at.exception
    said = approvals.remarks(house.board, house.people["ana"], row.id)
    assert [each.text for each in said] == ["Why **so** few rows?"]
    assert r"Why \*\*so\*\* few rows?" in words(page("ana", submission=row.id, view="Discussion"))


def test_history_lists_the_acts_newest_first(page: Open, house: Governed) -> None:
    row = house.approve()
    table = page("audrey", submission=row.id, view="History").table[0].value
    assert list(table["What"][:2]) == [r"gave the last vote\: approved and signed", "voted"]
    detail = table["Detail"].iloc[0].replace("\\", "")
    assert f"stage: Training; content: {row.content_hash[:12]}…" in detail
    assert not re.search(r"\dT\d\d:", detail)
    assert str(house.model) not in detail
    assert table["Who"].iloc[-1] == "ana"


def test_unknown_submission_is_one_sentence(page: Open) -> None:
    at = page("carl", submission="nothing")
    assert "There is no such submission." in at.error[0].value


def test_experiment_in_the_address_shows_its_steps_and_submissions(
    page: Open, house: Governed
) -> None:
    house.submit()
    at = page("ana", experiment=house.experiment)
    assert "1 submission, newest first" in words(at)
    assert "**Approve**" in links(at)


def test_list_of_experiments_names_what_is_submitted_and_approved(
    page: Open, house: Governed
) -> None:
    house.submit()
    found = approvals.of_experiments(house.board.db, house.people["adam"], [house.experiment])
    assert found == {house.experiment: State.SUBMITTED}
    assert ":material/hourglass_top: Submitted" in words(page("ana", "experiments"))


def test_check_that_does_not_apply_is_not_shown_as_passed() -> None:
    def script() -> None:
        from app.approval_submit import checks_table

        check = {"fact": "drift.psi_max_period", "label": "Stable over time", "at_most": 0.25,
                 "severity": "warn", "value": "not applicable: no time column", "passed": True,
                 "applies": False, "sentence": "Not applicable."}  # fmt: skip
        checks_table([check], {})

    at = AppTest.from_function(script).run()
    assert not at.exception
    assert list(at.table[0].value["Outcome"]) == ["– not applicable"]


def test_checks_say_where_the_vulnerabilities_come_from() -> None:
    def script() -> None:
        from app.approval_submit import checks_table

        check = {"fact": "dependencies.vulnerabilities", "label": "Libraries", "at_most": 0,
                 "severity": "warn", "value": 0, "passed": True, "sentence": "0."}  # fmt: skip
        checks_table([check], {"dependencies.audit": "9 OSV records in pypi.zip"})

    at = AppTest.from_function(script).run()
    assert not at.exception
    assert "Known vulnerabilities: 9 OSV records in pypi.zip" in words(at)


def test_detail_of_the_record_is_told_in_words() -> None:
    detail = {
        "stage": "prod", "expires": "2026-11-24T02:12:37.012136+00:00", "signature": "s" * 88,
        "sections": {"data_quality": {"version": 2}}, "names": ["a", "b"], "model": "m",
    }  # fmt: skip
    assert approval_words.detail(detail, left_out="model") == (
        "stage: Production; expires: 2026-11-24 02:12 UTC; signature: ssssssssssss…; "
        "sections: data quality (version 2); names: a, b"
    )
