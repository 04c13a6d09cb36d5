"""Passwords: what is accepted, how they are hashed, how they are compared.

bcrypt is called directly: streamlit-authenticator's Hasher makes the same hashes, but importing it
pulls the user interface into the engines.
"""

import secrets
import unicodedata

import bcrypt

from engines.core.errors import InvalidInput

FEWEST_CHARACTERS = 12
MOST_BYTES = 72  # bcrypt reads no further
ROUNDS = 12
# A hash of nothing anybody knows: comparing with it costs an unknown user the same time.
NOBODY = "$2b$12$P3ybDGDWI1Qf.Q1UekqiEOY4M/1KZeTiqSd1IIoQupJRh6Y0nr9ea"
ALPHABET = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"


def check(password: str, user_name: str) -> None:
    """Accept a new password, or say what is wrong with it. Raises InvalidInput."""
    if len(password) < FEWEST_CHARACTERS:
        raise InvalidInput(f"The password needs at least {FEWEST_CHARACTERS} characters.")
    if len(_encoded(password)) > MOST_BYTES:
        raise InvalidInput(
            f"The password is longer than {MOST_BYTES} bytes.",
            hint="Letters with accents take two bytes, other scripts up to four.",
        )
    if "\0" in password or len(set(password)) < 5:
        raise InvalidInput("The password repeats too few characters to be safe.")
    if user_name.casefold() in password.casefold():
        raise InvalidInput("The password must not contain the user name.")


def hashed(password: str) -> str:
    """A bcrypt hash (`$2b$`) with a fresh salt."""
    return bcrypt.hashpw(_encoded(password), bcrypt.gensalt(ROUNDS)).decode()


def matches(password: str, password_hash: str | None) -> bool:
    """Compare in constant time; without a hash it is just as slow and always False."""
    encoded = _encoded(password)
    usable = password_hash is not None and len(encoded) <= MOST_BYTES
    known = password_hash if usable and password_hash else NOBODY
    return bcrypt.checkpw(encoded[:MOST_BYTES], known.encode()) and usable


def generated() -> str:
    """A random password of 20 characters (116 bits) without look-alikes."""
    return "".join(secrets.choice(ALPHABET) for _ in range(20))


def _encoded(password: str) -> bytes:
    # The same letter can be typed as one code point or two; both must hash alike.
    return unicodedata.normalize("NFC", password).encode()
