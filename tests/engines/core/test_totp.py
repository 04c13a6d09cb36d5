"""The second factor: codes by RFC 6238, each good once."""

import time
from datetime import UTC, datetime

import pyotp
import pytest
from sqlmodel import select

from engines.core import totp, users
from engines.core.cipher import Cipher, is_sealed
from engines.core.errors import BackendUnavailable, InvalidInput, NotReady
from engines.core.models import AppUser
from engines.core.secrets import DATA_KEY, EnvironmentSecrets, data_key
from tests.engines.core.conftest import PASSWORD

RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # the seed of RFC 6238, appendix B


def switched_on(db, secrets, settings, actor):
    enrolment = totp.enrol(db, secrets, actor)
    codes = totp.confirm(db, secrets, settings.sessions, actor, pyotp.TOTP(enrolment.secret).now())
    return enrolment.secret, codes


def spend(db, secrets, actor, code):
    with db.write() as session:
        return totp.spend(session, secrets, users.find(session, actor.id), code)


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


def test_enrol_shows_the_same_secret_until_confirmed_then_refuses(
    db, secrets, settings, add_person
):
    ann = add_person("ann")
    first = totp.enrol(db, secrets, ann)
    assert totp.enrol(db, secrets, ann) == first
    assert first.qr_svg.startswith("<svg")
    assert "MLAAS" in first.uri
    assert not totp.enrolled(db, ann)
    switched_on(db, secrets, settings, ann)
    assert totp.enrolled(db, ann)
    with pytest.raises(NotReady):
        totp.enrol(db, secrets, ann)


def test_confirm_with_wrong_code_changes_nothing(db, secrets, settings, add_person):
    ann = add_person("ann")
    totp.enrol(db, secrets, ann)
    with pytest.raises(InvalidInput):
        totp.confirm(db, secrets, settings.sessions, ann, "000000x")
    assert not totp.enrolled(db, ann)


def test_code_is_good_once(db, secrets, settings, add_person):
    ann = add_person("ann")
    secret, _ = switched_on(db, secrets, settings, ann)
    assert not spend(db, secrets, ann, pyotp.TOTP(secret).now()), "it was spent on switching it on"
    following = pyotp.TOTP(secret).at(time.time() + 30)
    assert spend(db, secrets, ann, following)
    assert not spend(db, secrets, ann, following)


def test_recovery_code_is_good_once_however_it_is_typed(db, secrets, settings, add_person):
    ann = add_person("ann")
    _, codes = switched_on(db, secrets, settings, ann)
    assert len(set(codes)) == totp.RECOVERY_CODES
    assert spend(db, secrets, ann, codes[0].upper().replace("-", " "))
    assert not spend(db, secrets, ann, codes[0])
    assert spend(db, secrets, ann, codes[1])


def test_remove_takes_the_password(db, secrets, settings, add_person):
    ann = add_person("ann")
    switched_on(db, secrets, settings, ann)
    with pytest.raises(InvalidInput):
        totp.remove(db, settings.sessions, ann, "wrong")
    assert totp.enrolled(db, ann)
    totp.remove(db, settings.sessions, ann, PASSWORD)
    assert not totp.enrolled(db, ann)


def stored(db, actor):
    with db.read() as session:
        user = users.find(session, actor.id)
        return user.totp_secret, user.totp_pending


def under(tmp_path, *keys):
    return EnvironmentSecrets(tmp_path, environ={DATA_KEY.upper(): ",".join(keys)})


def following(secret):
    return pyotp.TOTP(secret).at(time.time() + 30)


def test_secret_is_not_readable_in_the_database(db, secrets, settings, add_person):
    ann = add_person("ann")
    secret = totp.enrol(db, secrets, ann).secret
    assert is_sealed(stored(db, ann)[1])
    switched_on(db, secrets, settings, ann)
    sealed, pending = stored(db, ann)
    assert pending is None
    assert secret not in sealed
    assert Cipher(secrets.get(DATA_KEY)).open(sealed) == secret


def test_secrets_stored_in_clear_are_sealed_at_the_start(db, secrets, add_person):
    people = [add_person(name) for name in ("ann", "ben", "cid")]
    with db.write() as session:
        for user in session.exec(select(AppUser).where(AppUser.name != "cid")):
            user.totp_secret, user.totp_pending = RFC_SECRET, RFC_SECRET
    assert totp.seal_all(db, secrets) == 0
    before = [stored(db, person) for person in people]
    assert all(is_sealed(text) for pair in before[:2] for text in pair)
    assert before[2] == (None, None)
    assert spend(db, secrets, people[0], following(RFC_SECRET))
    assert totp.seal_all(db, secrets) == 0
    assert [stored(db, person) for person in people] == before, "nothing is written again"


def test_key_is_renewed_without_anybody_enrolling_again(db, settings, add_person, tmp_path):
    old, new, ann = data_key(), data_key(), add_person("ann")
    secret, _ = switched_on(db, under(tmp_path, old), settings, ann)
    before = stored(db, ann)
    assert totp.seal_all(db, under(tmp_path, new, old)) == 0
    assert stored(db, ann) != before
    assert spend(db, under(tmp_path, new), ann, following(secret))


def test_lost_key_leaves_the_recovery_codes(db, settings, add_person, tmp_path):
    ann = add_person("ann")
    secret, codes = switched_on(db, under(tmp_path, data_key()), settings, ann)
    lost = under(tmp_path, data_key())
    assert totp.seal_all(db, lost) == 1
    with pytest.raises(BackendUnavailable, match="data key is another one"):
        spend(db, lost, ann, following(secret))
    assert spend(db, lost, ann, codes[0])


def test_enrolment_begun_under_a_lost_key_begins_anew(db, add_person, tmp_path):
    ann = add_person("ann")
    first = totp.enrol(db, under(tmp_path, data_key()), ann).secret
    now_under = under(tmp_path, data_key())
    second = totp.enrol(db, now_under, ann).secret
    assert second not in ("", first)
    assert totp.enrol(db, now_under, ann).secret == second
