"""No maker decides, whatever they are besides; no voice counts twice."""

from datetime import timedelta

import pytest

from engines.core import events, provider_users, users
from engines.core.access import Actor, Role
from engines.core.errors import InvalidInput, NotAllowed, NotReady
from engines.core.gate import Stage
from engines.core.models import AppUser
from engines.governance import approvals, policies
from engines.governance.approvals import Decision, State
from tests.harness.audit import audit_events
from tests.harness.governed import POLICY, vocabulary


def become(house, name: str, *roles: str) -> Actor:
    """Give a person other roles, as an administrator does."""
    user = house.people[name]
    admin = house.people["adam"]
    users.set_roles(house.board.db, admin, user.id, [Role(r) for r in roles], "New duties.")
    house.people[name] = Actor(user.id, user.name, frozenset(Role(r) for r in roles))
    return house.people[name]


def lend(house, giver: str, taker: str, role: str = "checker", days: int = 10):
    """Delegate a vote from now on."""
    now = house.clock.now
    people = house.people[giver], house.people[taker].id
    return approvals.delegate(
        house.board, *people, Role(role), now, now + timedelta(days=days), "Holiday."
    )


def test_creator_with_every_role_is_refused(house):
    row = house.submit()
    become(house, "ana", "analyst", "checker", "validator", "deployer", "admin")
    with pytest.raises(NotAllowed, match="four eyes"):
        house.vote(row, "ana")


def test_role_change_between_making_and_voting_changes_nothing(house):
    row = house.submit()
    become(house, "ana", "checker")
    with pytest.raises(NotAllowed, match="four eyes"):
        house.vote(row, "ana")


def test_administrator_has_no_vote(house):
    row = house.submit()
    with pytest.raises(NotAllowed, match=r"approval\.vote"):
        house.vote(row, "adam")


def test_data_editor_and_author_are_makers(house):
    for act, name in (("dataset.attached", "carl"), ("dictionary.changed", "cora")):
        with house.board.db.write() as session:
            subject = f"experiment:{house.experiment}"
            events.record(session, house.people[name], act, subject)
    row = house.submit()
    for name in ("carl", "cora"):
        with pytest.raises(NotAllowed, match="four eyes"):
            house.vote(row, name)


def test_writer_of_a_document_is_a_maker_and_of_the_validation_report_is_not(house):
    become(house, "vera", "validator", "checker")
    house.write("scope", "What was validated.", "vera", "validation_report")
    row = house.submit()
    assert house.people["vera"].id not in row.makers
    assert house.vote(row, "vera").state == State.SUBMITTED


def test_maker_of_the_experiment_that_was_cloned_is_a_maker_of_the_clone(house):
    house.person("otto", "analyst")
    source = house.experiment
    house.train("otto", run="r9")
    with house.board.db.write() as session:
        subject = f"experiment:{house.experiment}"
        events.record(session, house.people["otto"], "experiment.cloned", subject, source=source)
    row = house.submit(by="otto")
    become(house, "ana", "checker")
    with pytest.raises(NotAllowed, match="four eyes"):
        house.vote(row, "ana")


def test_author_of_the_policy_is_a_maker(house):
    become(house, "cora", "checker", "admin")
    text = POLICY % {"then": "remind"} + "# stricter\n"
    words = vocabulary(house.board.templates)
    policies.publish(house.board.db, house.people["cora"], text, "Stricter.", words, 1)
    row = house.submit()
    with pytest.raises(NotAllowed, match="wrote the policy"):
        house.vote(row, "cora")


def test_second_vote_of_a_person_is_refused_and_counted_once(house):
    row = house.submit()
    become(house, "carl", "checker", "validator")
    house.vote(row, "carl")
    with pytest.raises(NotReady, match="You have voted"):
        house.vote(row, "carl")
    assert len(approvals.open_submission(house.board, house.people["cora"], row.id).votes) == 1


def test_delegate_votes_once_for_the_giver_who_then_has_no_vote_left(house):
    house.person("ned", "checker")
    lend(house, "carl", "ned")
    row = house.submit()
    house.vote(row, "ned", for_id="user-carl")
    vote = approvals.open_submission(house.board, house.people["ned"], row.id).votes[0]
    assert (vote.person_id, vote.principal_id) == ("user-ned", "user-carl")
    with pytest.raises(NotAllowed, match="waits for validator"):
        house.vote(row, "carl")


def test_voice_used_by_a_delegate_does_not_count_again(house):
    house.approve_up_to(Stage.UAT)
    lend(house, "carl", "cora")
    row = house.submit(Stage.PROD)
    house.vote(row, "cora", for_id="user-carl")
    with pytest.raises(NotReady, match="carl has been counted"):
        house.vote(row, "carl")
    with pytest.raises(NotReady, match="You have voted"):
        house.vote(row, "cora")


def test_maker_votes_neither_as_delegate_nor_through_one(house):
    become(house, "ana", "analyst", "checker")
    lend(house, "carl", "ana")
    lend(house, "ana", "cora")
    row = house.submit()
    with pytest.raises(NotAllowed, match="four eyes"):
        house.vote(row, "ana", for_id="user-carl")
    with pytest.raises(NotAllowed, match="ana cannot decide"):
        house.vote(row, "cora", for_id="user-ana")


@pytest.mark.parametrize("why", ["over", "not begun", "ended", "role gone", "disabled"])
def test_delegation_out_of_force_gives_no_vote(house, why):
    house.person("ned", "checker")
    made = lend(house, "carl", "ned")
    row = house.submit()
    if why == "over":
        house.clock.on(days=11)
    elif why == "not begun":
        house.clock.on(days=-5)
    elif why == "ended":
        approvals.end_delegation(house.board, house.people["carl"], made.id)
    elif why == "role gone":
        become(house, "carl", "deployer")
    else:
        users.disable(house.board.db, house.people["adam"], "user-carl", "Left.")
    with pytest.raises(NotAllowed, match="delegated to you"):
        house.vote(row, "ned", for_id="user-carl")


def test_delegate_refuses_what_makes_no_sense(house):
    now = house.clock.now
    carl, board = house.people["carl"], house.board
    later = now + timedelta(days=5)
    with pytest.raises(InvalidInput, match="somebody else"):
        approvals.delegate(board, carl, carl.id, Role.CHECKER, now, later, "x")
    with pytest.raises(NotAllowed, match="do not vote as validator"):
        approvals.delegate(board, carl, "user-cora", Role.VALIDATOR, now, later, "x")
    with pytest.raises(InvalidInput, match="no role that votes"):
        approvals.delegate(board, carl, "user-ana", Role.CHECKER, now, later, "x")
    with pytest.raises(InvalidInput, match="at most 90 days"):
        approvals.delegate(
            board, carl, "user-cora", Role.CHECKER, now, now + timedelta(days=91), "x"
        )
    with pytest.raises(InvalidInput, match="no length"):
        approvals.delegate(board, carl, "user-cora", Role.CHECKER, later, now, "x")


def test_refused_vote_is_in_the_audit_trail(house):
    row = house.submit()
    become(house, "ana", "checker")
    with pytest.raises(NotAllowed):
        house.vote(row, "ana")
    (refused,) = audit_events(house.board.db, "submission.vote_refused")
    assert (refused.actor_name, refused.subject) == ("ana", f"submission:{row.id}")


def test_disabled_person_has_no_vote(house):
    row = house.submit()
    users.disable(house.board.db, house.people["adam"], "user-carl", "Left.")
    with pytest.raises(NotAllowed, match="disabled"):
        house.vote(row, "carl")


def test_roles_are_those_of_now_not_of_the_session(house):
    row = house.submit()
    users.set_roles(house.board.db, house.people["adam"], "user-carl", [Role.AUDITOR], "Moved.")
    with pytest.raises(NotAllowed, match="holds no role that votes"):
        house.vote(row, "carl")
    with house.board.db.read() as session:
        assert session.get(AppUser, "user-carl").roles == ["auditor"]


def test_vote_for_nobody_who_delegated_is_refused(house):
    row = house.submit()
    with pytest.raises(NotAllowed, match="delegated to you"):
        house.vote(row, "cora", Decision.APPROVE, for_id="user-carl")


@pytest.mark.parametrize("why", ["disabled", "role gone", "unknown"])
def test_who_may_vote_no_more_is_no_delegate_either(house, why):
    house.person("ned", "checker")
    lend(house, "carl", "ned")
    row = house.submit()
    ned, adam, db = house.people["ned"], house.people["adam"], house.board.db
    if why == "disabled":
        users.disable(db, adam, ned.id, "Left.")
    elif why == "role gone":
        users.set_roles(db, adam, ned.id, [Role.AUDITOR], "Moved.")
    else:
        house.people["ned"] = Actor("made-up", "ned", frozenset({Role.CHECKER}))
    for for_id in ("user-carl", ""):
        with pytest.raises(NotAllowed, match=r"disabled|no role that votes|no user"):
            house.vote(row, "ned", for_id=for_id)


def test_delegated_vote_is_not_delegated_on(house):
    house.person("ned", "checker")
    lend(house, "carl", "cora")
    lend(house, "cora", "ned")
    row = house.submit()
    with pytest.raises(NotAllowed, match="delegated to you"):
        house.vote(row, "ned", for_id="user-carl")


def with_address(house, name: str, address: str) -> None:
    """Write an e-mail address into somebody's account."""
    users.set_email(house.board.db, house.people["adam"], f"user-{name}", address)


def company_account(house, address: str) -> str:
    """The account that the company's sign-in makes for an address; its name."""
    told = ("https://id.example", address, address, "", "", frozenset({"risk"}))
    roles = {"risk": Role.CHECKER}
    user = provider_users.user_of(house.board.db, provider_users.Vouched(*told), roles)
    house.people[user.name] = user.actor
    return user.name


def test_maker_who_comes_back_through_the_company_sign_in_is_still_the_maker(house):
    with_address(house, "ana", "Ana@example.org")
    twin = company_account(house, "ana@example.org")
    row = house.submit()
    assert house.people[twin].id in row.makers
    with pytest.raises(NotAllowed, match="trained it, under another account"):
        house.vote(row, twin)


def test_two_accounts_of_one_address_have_one_vote(house):
    house.approve_up_to(Stage.UAT)
    with_address(house, "carl", "carl@example.org")
    twin = company_account(house, "carl@example.org")
    row = house.submit(Stage.PROD)
    house.vote(row, "carl")
    with pytest.raises(NotReady, match="You have voted"):
        house.vote(row, twin)
    lend(house, twin, "cora")
    with pytest.raises(NotReady, match="has been counted"):
        house.vote(row, "cora", for_id=house.people[twin].id)
