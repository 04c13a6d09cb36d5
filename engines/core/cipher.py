"""Encryption at rest of short texts, such as second-factor secrets, with the data key."""

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from engines.core.errors import BackendUnavailable, NotReady
from engines.core.secrets import DATA_KEY, Secrets

BEGIN = "gAAAA"  # of every Fernet token: its version, and the high bytes of its time


class Cipher:
    """Fernet (AES-128-CBC with HMAC-SHA-256) under one or more keys, the newest first.

    The first key encrypts; the others still decrypt, so that a key can be renewed.
    """

    def __init__(self, keys: str) -> None:
        try:
            fernets = [Fernet(key) for key in keys.replace(",", " ").split()]
            self._newest, self._all = fernets[0], MultiFernet(fernets)
        except (ValueError, IndexError) as error:
            raise NotReady(
                "The data key is no key: it needs 32 bytes, written in URL-safe base 64.",
                hint="Restore it, or see the runbook on secrets.",
            ) from error

    def seal(self, text: str) -> str:
        """The text encrypted under the newest key; never twice the same."""
        return self._all.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """The text again. Raises BackendUnavailable when none of the keys fits."""
        try:
            return self._all.decrypt(sealed.encode()).decode()
        except InvalidToken as error:
            raise BackendUnavailable(
                "What is stored encrypted cannot be read: the data key is another one.",
                hint="Tell the platform team; the runbook on secrets says what to do.",
            ) from error

    def is_current(self, sealed: str) -> bool:
        """True when the newest key encrypted it."""
        try:
            self._newest.decrypt(sealed.encode())
        except InvalidToken:
            return False
        return True


def data_cipher(secrets: Secrets) -> Cipher:
    """The cipher under the data key as it is now. Raises NotReady or NotFound."""
    return Cipher(secrets.get(DATA_KEY))


def is_sealed(text: str) -> bool:
    """True for what `Cipher.seal` gave; second-factor secrets have no small letters."""
    return text.startswith(BEGIN)
