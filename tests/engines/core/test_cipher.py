"""Encryption at rest: sealed texts open under their key, and under a newer one beside it."""

import pytest

from engines.core.cipher import Cipher, is_sealed
from engines.core.errors import BackendUnavailable, NotReady
from engines.core.secrets import data_key

SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


def test_sealed_text_opens_and_does_not_show() -> None:
    cipher = Cipher(data_key())
    sealed = cipher.seal(SECRET)
    assert cipher.open(sealed) == SECRET
    assert SECRET not in sealed
    assert cipher.seal(SECRET) != sealed
    assert is_sealed(sealed)
    assert not is_sealed(SECRET)


@pytest.mark.parametrize("between", [",", "\n", " ", ", "])
def test_older_keys_open_and_the_newest_seals(between: str) -> None:
    old, new = data_key(), data_key()
    sealed, both = Cipher(old).seal(SECRET), Cipher(f"{new}{between}{old}")
    assert both.open(sealed) == SECRET
    assert not both.is_current(sealed)
    assert Cipher(new).open(both.seal(SECRET)) == SECRET


def test_text_under_another_key_or_altered_is_refused() -> None:
    cipher = Cipher(data_key())
    sealed = cipher.seal(SECRET)
    altered = sealed[:-8] + ("A" if sealed[-8] != "A" else "B") + sealed[-7:]
    for wrong in (Cipher(data_key()).seal(SECRET), altered, SECRET, ""):
        with pytest.raises(BackendUnavailable, match="cannot be read"):
            cipher.open(wrong)


@pytest.mark.parametrize("keys", ["", "  ", "short", "é" * 44, "=" * 44])
def test_text_that_is_no_key_is_one_sentence(keys: str) -> None:
    with pytest.raises(NotReady, match="is no key"):
        Cipher(keys)
