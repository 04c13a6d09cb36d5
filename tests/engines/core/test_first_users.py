"""The first administrator and the demo users."""

import pytest

from engines.core import sign_in
from engines.core.errors import InvalidInput
from engines.core.first_users import ensure_administrator, ensure_demo_users
from engines.core.sessions import Stage
from engines.core.sign_in import Visitor

HERE = Visitor("10.0.0.1", "Firefox")


def test_first_administrator_gets_a_password_to_change(db, settings):
    password = ensure_administrator(db, {})
    entered = sign_in.with_password(db, settings.sessions, HERE, "admin", password)
    assert entered.stage is Stage.PASSWORD
    assert ensure_administrator(db, {}) is None


def test_administrator_password_from_the_environment_is_kept(db, settings):
    chosen = "from the environment"
    assert ensure_administrator(db, {"MLAAS_ADMIN_PASSWORD": chosen}) is None
    entered = sign_in.with_password(db, settings.sessions, HERE, "admin", chosen)
    assert entered.stage is Stage.FULL


def test_weak_administrator_password_is_refused(db):
    with pytest.raises(InvalidInput):
        ensure_administrator(db, {"MLAAS_ADMIN_PASSWORD": "admin"})


def test_demo_users_are_made_once(db, settings):
    made = ensure_demo_users(db, {})
    assert set(made) == {"analyst", "checker", "validator", "deployer", "auditor"}
    assert len(set(made.values())) == 5
    entered = sign_in.with_password(db, settings.sessions, HERE, "checker", made["checker"])
    assert entered.stage is Stage.FULL
    assert ensure_demo_users(db, {}) == {}


def test_demo_password_is_everybodys(db):
    made = ensure_demo_users(db, {"MLAAS_DEMO_PASSWORD": "the demo phrase"})
    assert set(made.values()) == {"the demo phrase"}
