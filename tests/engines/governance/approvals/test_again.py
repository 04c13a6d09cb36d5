"""Submitted again: only what changed is asked for, and the difference is shown."""

import json
import time
from importlib import import_module

import pytest

from engines.core.errors import InvalidInput
from engines.governance import approvals
from engines.governance.approvals import Decision, FileHashes, State


def known(house, row, name):
    """Which parts the person need not look at again."""
    return {p.name: p.known for p in approvals.parts(house.board, house.people[name], row.id)}


def vote(house, row, name, confirmed, decision=Decision.APPROVE):
    """Vote after looking at these parts."""
    told = (decision, row.content_hash, "Seen.", confirmed)
    return approvals.vote(house.board, house.people[name], row.id, *told)


def test_only_changed_parts_are_asked_for_again(house):
    row = house.submit()
    assert set(known(house, row, "carl")) == {
        "code", "data", "document:model_card", "model", "policy", "questionnaire",
    }  # fmt: skip
    vote(house, row, "carl", None)
    vote(house, row, "vera", ["data"], Decision.RETURN)
    house.write("details", "More words.")
    again = approvals.resubmit(house.board, house.people["ana"], row.id)
    asked = [name for name, done in known(house, again, "carl").items() if not done]
    assert asked == ["document:model_card"]
    with pytest.raises(InvalidInput, match="not confirmed: model card"):
        vote(house, again, "carl", [])
    assert vote(house, again, "carl", ["document:model_card"]).state == State.SUBMITTED
    assert known(house, again, "vera")["data"]
    with pytest.raises(InvalidInput, match="not confirmed: code, model card, model"):
        vote(house, again, "vera", [])


def test_votes_carry_over_only_on_the_very_same_content(house):
    row = house.submit()
    house.vote(row, "carl")
    approvals.withdraw(house.board, house.people["ana"], row.id, "By mistake.")
    again = approvals.resubmit(house.board, house.people["ana"], row.id)
    opened = approvals.open_submission(house.board, house.people["vera"], again.id)
    assert [(v.person_name, bool(v.carried_from)) for v in opened.votes] == [("carl", True)]
    assert house.vote(again, "vera").state == State.APPROVED


@pytest.mark.parametrize("change", ["content", "rejected", "maker", "role"])
def test_votes_do_not_carry_over_when_anything_is_different(house, change):
    row = house.submit()
    house.vote(row, "carl")
    if change == "rejected":
        house.vote(row, "vera", Decision.REJECT, "No.")
    else:
        approvals.withdraw(house.board, house.people["ana"], row.id, "Wait.")
    if change == "content":
        house.write("details", "Other words.")
    elif change == "maker":
        from engines.core import events

        with house.board.db.write() as session:
            subject = f"experiment:{house.experiment}"
            events.record(session, house.people["carl"], "dataset.attached", subject)
    elif change == "role":
        from engines.core import users
        from engines.core.access import Role

        admin = house.people["adam"]
        users.set_roles(house.board.db, admin, "user-carl", [Role.AUDITOR], "Moved.")
    again = approvals.resubmit(house.board, house.people["ana"], row.id)
    opened = approvals.open_submission(house.board, house.people["vera"], again.id)
    assert opened.votes == ()


def test_difference_shows_metrics_parameters_schema_and_documents(house):
    row = house.submit()
    house.vote(row, "carl", Decision.RETURN, "Too weak.")
    house.train(run="r2", experiment=house.experiment)
    house.write("details", "What it is, at length.")
    metrics = {"holdout": {"roc_auc": 0.9}}
    house.file("metrics.json").write_text(json.dumps(metrics))
    retrained(house)
    again = house.submit()
    told = approvals.difference(house.board, house.people["carl"], again.id)
    assert told.previous.id == row.id
    assert [(d.name, d.before, d.after) for d in told.metrics] == [("roc_auc", 0.8, 0.9)]
    assert [(d.name, d.before, d.after) for d in told.parameters] == [("seed", 42, 7)]
    assert [d.name for d in told.documents] == ["model_card/details"]
    assert "+What it is, at length." in told.documents[0].text
    assert {str(change) for change in told.items} >= {"model file “metrics.json” has changed"}


def retrained(house):
    """The second run: another seed, a better score."""
    from sqlmodel import select

    from engines.training.models import TaskResult, TrainingRun

    with house.board.db.write() as session:
        run = session.get_one(TrainingRun, "r2")
        run.request = {**run.request, "seed": 7}
        result = session.exec(select(TaskResult).where(TaskResult.run_id == "r2")).one()
        result.holdout = {"roc_auc": 0.9}
        session.add_all([run, result])


def test_hash_is_read_anew_when_asked_and_remembered_when_settled(tmp_path, monkeypatch):
    module, read = import_module("engines.governance.approvals.file_hashes"), []
    digest = module._digest
    monkeypatch.setattr(module, "_digest", lambda path: read.append(path) or digest(path))
    file, hashes = tmp_path / "model.skops", FileHashes()
    file.write_bytes(b"a" * 1000)
    time.sleep(2.1)  # a file changed just now is not remembered
    first = hashes.of(file)
    assert hashes.of(file) == first
    assert len(read) == 1
    assert hashes.of(file, fresh=True) == first
    assert len(read) == 2
