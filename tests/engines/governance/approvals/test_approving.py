"""From a draft to an approval: what is frozen, who is asked, in which order."""

import pytest

from engines.core.errors import InvalidInput, NotAllowed, NotReady
from engines.core.gate import Stage
from engines.core.model_ref import ModelRef
from engines.governance import approvals
from engines.governance.approvals import Decision, State, signing


def test_submit_freezes_content_and_asks_the_first_level(house):
    row = house.submit()
    kinds = {item["kind"] for item in row.items}
    assert kinds == {
        "data_snapshot", "code_commit", "environment_lock", "model_file", "holdout_metrics",
        "document", "questionnaire", "policy",
    }  # fmt: skip
    files = {item["name"] for item in row.items if item["kind"] == "model_file"}
    assert files == {"model.skops", "model.json", "metrics.json", "environment.json"}
    opened = approvals.open_submission(house.board, house.people["carl"], row.id)
    assert [(slot.role, slot.level) for slot in opened.waits_for] == [("checker", 1)]
    assert opened.changes == ()
    assert [each.submission.id for each in _waiting(house, "carl")] == [row.id]
    assert _waiting(house, "vera") == _waiting(house, "ana") == []


def test_levels_are_kept_and_the_last_vote_signs(house):
    row = house.submit()
    with pytest.raises(NotAllowed, match="waits for checker"):
        house.vote(row, "vera")
    assert house.vote(row, "carl").state == State.SUBMITTED
    with pytest.raises(NotAllowed, match="waits for validator"):
        house.vote(row, "cora")
    row = house.vote(row, "vera")
    assert row.state == State.APPROVED
    assert signing.verify(row.signed, row.signature, row.public_key)
    told = approvals.signed_statement(row)
    assert told["content_hash"] == row.content_hash
    assert [(vote["name"], vote["role"]) for vote in told["votes"]] == [
        ("carl", "checker"), ("vera", "validator"),
    ]  # fmt: skip
    assert not signing.verify(row.signed + " ", row.signature, row.public_key)


def test_submit_names_every_reason_that_blocks(house):
    house.facts.values = {"holdout.roc_auc": 0.5}
    house.file().unlink()
    draft = approvals.begin(house.board, house.people["ana"], house.model, Stage.TRAINING)
    with pytest.raises(NotReady) as refused:
        approvals.submit(house.board, house.people["ana"], draft.id)
    assert "The model's file is gone." in refused.value.message
    assert "ROC AUC on the hold-out: 0.5" in refused.value.message
    ready = approvals.readiness(house.board, house.people["ana"], house.model, Stage.TRAINING)
    assert len(ready.blocked) == 2


def test_missing_document_blocks_until_it_is_written(house):
    house.model = ModelRef("r2", "binary")
    house.undocumented("r2")
    with pytest.raises(NotReady, match="model card is not written"):
        house.submit()
    house.write("details", "What it is.")
    assert house.submit().state == State.SUBMITTED


def test_stages_come_in_order(house):
    with pytest.raises(NotReady, match="not approved for training"):
        house.submit(Stage.PUBLISHED)
    house.approve()
    with pytest.raises(NotReady, match="artifact repository"):
        house.submit(Stage.UAT)
    house.approve(Stage.PUBLISHED)
    assert house.approve(Stage.UAT).state == State.APPROVED
    assert house.approve(Stage.PROD).state == State.APPROVED
    held = approvals.standings(house.board, house.people["ana"], house.model)
    assert [each.holds for each in held] == [True] * 4


def test_return_and_reject_need_words_and_end_the_submission(house):
    row = house.submit()
    with pytest.raises(InvalidInput, match="comment"):
        house.vote(row, "carl", Decision.RETURN, "")
    assert house.vote(row, "carl", Decision.RETURN, "The text is thin.").state == State.RETURNED
    with pytest.raises(NotReady, match="returned"):
        house.vote(row, "cora")
    again = approvals.resubmit(house.board, house.people["ana"], row.id)
    assert house.vote(again, "cora", Decision.REJECT, "Not this.").state == State.REJECTED


def test_vote_on_changed_content_is_refused_and_names_it(house):
    row = house.submit()
    house.write("details", "Other words.")
    with pytest.raises(NotReady, match="document “model_card/details” has changed"):
        house.vote(row, "carl")
    with pytest.raises(NotReady, match="not the one you looked at"):
        approvals.vote(house.board, house.people["carl"], row.id, Decision.APPROVE, "0" * 64)


def test_withdraw_and_history(house):
    row = house.submit()
    approvals.withdraw(house.board, house.people["ana"], row.id, "Found a fault.")
    with pytest.raises(NotReady, match="withdrawn"):
        house.vote(row, "carl")
    acts = [e.act for e in approvals.history(house.board, house.people["carl"], row.id)]
    assert acts == ["submission.withdrawn", "submission.submitted", "submission.begun"]


def _waiting(house, name):
    return approvals.waiting(house.board, house.people[name])
