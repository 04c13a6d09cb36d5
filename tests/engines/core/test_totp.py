"""The second factor: codes by RFC 6238, each good once."""

import time
from datetime import UTC, datetime

import pyotp
import pytest

from engines.core import totp, users
from engines.core.errors import InvalidInput, NotReady
from tests.engines.core.conftest import PASSWORD

RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # the seed of RFC 6238, appendix B


def switched_on(db, settings, actor):
    enrolment = totp.enrol(db, actor)
    codes = totp.confirm(db, settings.sessions, actor, pyotp.TOTP(enrolment.secret).now())
    return enrolment.secret, codes


def spend(db, actor, code):
    with db.write() as session:
        return totp.spend(session, users.find(session, actor.id), code)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_codes_are_those_of_the_standard(seconds, code):
    at = datetime.fromtimestamp(seconds, UTC)
    assert totp.matching_step(RFC_SECRET, code, at, after=0) == seconds // 30


def test_code_of_the_step_before_is_accepted_and_older_ones_are_not():
    at = datetime.fromtimestamp(1234567890 + 30, UTC)
    assert totp.matching_step(RFC_SECRET, "005924", at, after=0)
    much_later = datetime.fromtimestamp(1234567890 + 90, UTC)
    assert totp.matching_step(RFC_SECRET, "005924", much_later, after=0) is None


@pytest.mark.parametrize("code", ["", "abcdef", "٠٠٥٩٢٤", "0059245", "5924"])
def test_text_that_is_no_code_is_refused(code):
    at = datetime.fromtimestamp(1234567890, UTC)
    assert totp.matching_step(RFC_SECRET, code, at, after=0) is None


def test_enrol_shows_the_same_secret_until_confirmed_then_refuses(db, settings, add_person):
    ann = add_person("ann")
    first = totp.enrol(db, ann)
    assert totp.enrol(db, ann) == first
    assert first.qr_svg.startswith("<svg")
    assert "MLAAS" in first.uri
    assert not totp.enrolled(db, ann)
    switched_on(db, settings, ann)
    assert totp.enrolled(db, ann)
    with pytest.raises(NotReady):
        totp.enrol(db, ann)


def test_confirm_with_wrong_code_changes_nothing(db, settings, add_person):
    ann = add_person("ann")
    totp.enrol(db, ann)
    with pytest.raises(InvalidInput):
        totp.confirm(db, settings.sessions, ann, "000000x")
    assert not totp.enrolled(db, ann)


def test_code_is_good_once(db, settings, add_person):
    ann = add_person("ann")
    secret, _ = switched_on(db, settings, ann)
    assert not spend(db, ann, pyotp.TOTP(secret).now()), "it was spent on switching it on"
    following = pyotp.TOTP(secret).at(time.time() + 30)
    assert spend(db, ann, following)
    assert not spend(db, ann, following)


def test_recovery_code_is_good_once_however_it_is_typed(db, settings, add_person):
    ann = add_person("ann")
    _, codes = switched_on(db, settings, ann)
    assert len(set(codes)) == totp.RECOVERY_CODES
    assert spend(db, ann, codes[0].upper().replace("-", " "))
    assert not spend(db, ann, codes[0])
    assert spend(db, ann, codes[1])


def test_remove_takes_the_password(db, settings, add_person):
    ann = add_person("ann")
    switched_on(db, settings, ann)
    with pytest.raises(InvalidInput):
        totp.remove(db, settings.sessions, ann, "wrong")
    assert totp.enrolled(db, ann)
    totp.remove(db, settings.sessions, ann, PASSWORD)
    assert not totp.enrolled(db, ann)
