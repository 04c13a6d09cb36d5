"""Published versions: immutable, audited, one after the other."""

import pytest
import sqlalchemy as sa

from engines.core.errors import InvalidInput, NotAllowed, NotFound, NotReady
from engines.governance import policies
from engines.governance.policies import PolicyVersion
from tests.engines.governance.policies.conftest import FOLDER, SHIPPED
from tests.harness.audit import audit_events


@pytest.fixture
def admin(make_actor):
    return make_actor("admin")


@pytest.fixture
def installed(db, vocabulary):
    return policies.install(db, FOLDER, vocabulary)


def test_install_publishes_each_shipped_policy_once(db, vocabulary, installed, make_actor):
    assert {each.name for each in installed} == {path.stem for path in SHIPPED}
    assert policies.install(db, FOLDER, vocabulary) == []
    listed = policies.names(db, make_actor("auditor"))
    assert [each.name for each in listed] == sorted(path.stem for path in SHIPPED)
    assert {each.version for each in listed} == {1}


def test_publish_makes_the_next_version_and_records_it(db, vocabulary, installed, admin, text):
    edited = text.replace("at_least: 0.65", "at_least: 0.7")
    made = policies.publish(db, admin, edited, "Better models", vocabulary, based_on=1)
    assert made.version == 2
    assert policies.current(db, "default").text == edited
    assert policies.version(db, "default", 1).text == text
    assert [each.version for each in policies.history(db, admin, "default")] == [2, 1]
    newest = audit_events(db, "policy.published")[-1]
    assert newest.subject == "policy:default"
    assert newest.detail == {"version": 2, "sha256": made.sha256, "reason": "Better models"}


def test_undo_is_publishing_the_earlier_text_again(db, vocabulary, installed, admin, text):
    edited = text.replace("at_least: 0.65", "at_least: 0.7")
    policies.publish(db, admin, edited, "Better", vocabulary, based_on=1)
    undone = policies.publish(db, admin, text, "Too strict", vocabulary, based_on=2)
    assert undone.version == 3
    assert undone.sha256 == policies.version(db, "default", 1).sha256


def test_publish_on_an_older_version_is_refused(db, vocabulary, installed, admin, text):
    one, two = (text.replace("at_least: 0.65", f"at_least: 0.{n}") for n in (7, 8))
    policies.publish(db, admin, one, "first", vocabulary, based_on=1)
    with pytest.raises(NotReady, match="published meanwhile"):
        policies.publish(db, admin, two, "second", vocabulary, based_on=1)
    assert policies.current(db, "default").version == 2


@pytest.mark.parametrize(
    ("change", "reason", "words"),
    [
        (("0.65", "0.7"), "  ", "needs a reason"),
        (("0.65", "0.7"), "x" * 501, "longer than"),
        (("0.65", "0.65"), "why", "the same as version 1"),
        (("holdout.roc_auc", "holdout.roc_acu"), "why", "line|Line"),
    ],
)
def test_publish_refuses(db, vocabulary, installed, admin, text, change, reason, words):
    with pytest.raises(InvalidInput, match=words):
        policies.publish(db, admin, text.replace(*change), reason, vocabulary, based_on=1)
    assert policies.current(db, "default").version == 1


@pytest.mark.parametrize("role", ["analyst", "checker", "validator", "deployer", "auditor"])
def test_others_read_and_do_not_publish(db, vocabulary, installed, make_actor, text, role):
    actor = make_actor(role)
    assert policies.history(db, actor, "default")
    with pytest.raises(NotAllowed):
        policies.publish(db, actor, text + "\n", "why", vocabulary, based_on=1)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE policy_version SET text = 'x'",
        "UPDATE policy_version SET sha256 = 'x'",
        "UPDATE policy_version SET version = 7 WHERE name = 'default'",
        "UPDATE policy_version SET author_id = NULL",
        "DELETE FROM policy_version",
    ],
)
def test_database_refuses_to_change_a_version(db, installed, change):
    with pytest.raises(sa.exc.DBAPIError), db.engine.begin() as connection:
        connection.execute(sa.text(change))
    assert policies.current(db, "default").version == 1


def test_use_is_noted_once_and_never_taken_back(db, installed):
    made = policies.current(db, "default")
    with db.write() as session:
        policies.mark_used(session, made.id)
    first = policies.current(db, "default").used_at
    assert first is not None
    with db.write() as session:
        policies.mark_used(session, made.id)
    assert policies.current(db, "default").used_at == first
    with pytest.raises(sa.exc.DBAPIError), db.engine.begin() as connection:
        connection.execute(sa.text("UPDATE policy_version SET used_at = NULL"))


def test_same_number_twice_is_refused_by_the_database(db, installed):
    twin = policies.current(db, "default").model_dump(exclude={"id", "created_at"})
    with pytest.raises(sa.exc.IntegrityError), db.write() as session:
        session.add(PolicyVersion(**twin))


def test_unknown_policy_is_not_found_with_the_nearest_name(db, installed):
    with pytest.raises(NotFound) as missing:
        policies.current(db, "defalt")
    assert missing.value.hint == "Did you mean “default”?"
    with pytest.raises(NotFound):
        policies.version(db, "default", 9)
