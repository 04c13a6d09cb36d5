"""People from the company's sign-in: the address they bring."""

import pytest

from engines.core import users
from engines.core.access import Role
from engines.core.provider_users import Vouched, user_of


def vouched(email):
    return Vouched("https://id.example.org", "4711", email, "ann", "Ann", frozenset({"team"}))


@pytest.mark.parametrize(
    ("brought", "kept"), [("ann@example.org", "ann@example.org"), ("", ""), ("ann\n@x.org", "")]
)
def test_verified_address_is_kept_when_it_is_one(db, brought, kept):
    assert user_of(db, vouched(brought), {"team": Role.ANALYST}).email == kept


def test_address_set_by_an_administrator_stays(db, admin):
    ann = user_of(db, vouched("ann@example.org"), {"team": Role.ANALYST})
    users.set_email(db, admin, ann.id, "other@example.org")
    again = user_of(db, vouched("ann@example.org"), {"team": Role.ANALYST})
    assert (again.id, again.email) == (ann.id, "other@example.org")
