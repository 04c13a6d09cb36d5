"""Passwords: accepted, hashed, compared."""

import time
import unicodedata

import pytest
from streamlit_authenticator.utilities.hasher import Hasher

from engines.core import passwords
from engines.core.errors import InvalidInput


def test_hash_is_the_one_streamlit_authenticator_makes():
    hashed = passwords.hashed("correct horse battery")
    assert Hasher.is_hash(hashed)
    assert Hasher.check_pw("correct horse battery", hashed)
    assert passwords.matches("correct horse battery", Hasher.hash("correct horse battery"))


def test_other_password_does_not_match():
    assert not passwords.matches("correct horse batter", passwords.hashed("correct horse battery"))


def test_password_of_73_bytes_is_refused_and_never_matches():
    with pytest.raises(InvalidInput, match="72 bytes"):
        passwords.check("abcdefgh" * 9 + "i", "ann")
    hashed = passwords.hashed("abcdefgh" * 9)
    assert passwords.matches("abcdefgh" * 9, hashed)
    assert not passwords.matches("abcdefgh" * 9 + "i", hashed)


def test_accents_typed_either_way_match():
    composed = "crème brûlée pour tous"
    hashed = passwords.hashed(composed)
    assert passwords.matches(unicodedata.normalize("NFD", composed), hashed)


@pytest.mark.parametrize(
    "password", ["short", "aaaaaaaaaaaaaaaa", "ann and the others", "a\0bcdefghijklmnop"]
)
def test_weak_password_is_refused(password):
    with pytest.raises(InvalidInput):
        passwords.check(password, "ann")


def test_generated_passwords_are_accepted_and_differ():
    made = {passwords.generated() for _ in range(50)}
    assert len(made) == 50
    for password in made:
        passwords.check(password, "admin")


def test_nobody_takes_as_long_as_somebody():
    hashed = passwords.hashed("correct horse battery")

    def seconds(known):
        begun = time.process_time()
        assert not passwords.matches("something else", known)
        return time.process_time() - begun

    somebody = min(seconds(hashed) for _ in range(3))
    nobody = min(seconds(None) for _ in range(3))
    assert 0.6 < nobody / somebody < 1.7
