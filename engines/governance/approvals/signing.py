"""Ed25519 signatures: made with a key from the secrets port, checked by anybody.

RFC 8032 through the `cryptography` library. The secret may hold several keys, the newest first:
that one signs, and what any of them signed is still known as ours.
"""

import base64
import binascii
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from engines.core.errors import NotReady
from engines.core.secrets import SIGNING_KEY, Secrets


@dataclass(frozen=True)
class Signature:
    """A signature and the public key that checks it, both in Base64."""

    signature: str
    public_key: str


def sign(secrets: Secrets, text: str) -> Signature:
    """Sign the UTF-8 bytes of a text. Raises NotReady for a key that cannot be used."""
    key = _keys(secrets)[0]
    made = key.sign(text.encode())
    return Signature(_base64(made), _public(key))


def public_keys(secrets: Secrets) -> list[str]:
    """The public keys whose signatures are ours, the newest first. Raises NotReady."""
    return [_public(key) for key in _keys(secrets)]


def verify(text: str, signature: str, public_key: str) -> bool:
    """True when the signature over the text was made with the key's private half."""
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key, validate=True))
        key.verify(base64.b64decode(signature, validate=True), text.encode())
    except (InvalidSignature, ValueError):
        return False
    return True


def _keys(secrets: Secrets) -> list[Ed25519PrivateKey]:
    try:
        found = secrets.get(SIGNING_KEY).replace(",", " ").split()
        return [Ed25519PrivateKey.from_private_bytes(base64.b64decode(one)) for one in found]
    except (ValueError, binascii.Error) as error:
        raise NotReady(
            "The key that signs approvals is no Ed25519 key.",
            hint="It must be 32 bytes in Base64; restore it from the backup.",
        ) from error


def _public(key: Ed25519PrivateKey) -> str:
    return _base64(key.public_key().public_bytes_raw())


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()
