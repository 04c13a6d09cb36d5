"""The second factor: time-based one-time codes (RFC 6238) and recovery codes.

Six digits, SHA-1, steps of 30 seconds, one step of clock drift either way. A code is good once:
the step of the last accepted code is kept, and only later steps are accepted. In the database the
secrets are encrypted with the data key.
"""

import hashlib
import io
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest

import pyotp
import segno
from sqlmodel import Session, col, or_, select

from engines.core import events, passwords, throttle
from engines.core.access import Actor, Capability, needs
from engines.core.cipher import Cipher, data_cipher, is_sealed
from engines.core.database import Database, now
from engines.core.errors import BackendUnavailable, InvalidInput, NotReady
from engines.core.models import AppUser
from engines.core.secrets import Secrets
from engines.core.settings import Sessions
from engines.core.users import find

ISSUER = "MLAAS"
STEP_SECONDS = 30
DRIFT_STEPS = 1
RECOVERY_CODES = 8


@dataclass(frozen=True)
class Enrolment:
    """What an authenticator needs: the secret (base 32), its address, and that as a QR code."""

    secret: str
    uri: str
    qr_svg: str


@needs(Capability.ACCOUNT_OWN)
def enrolled(db: Database, actor: Actor) -> bool:
    """True when signing in takes a code."""
    with db.read() as session:
        return find(session, actor.id).totp_secret is not None


@needs(Capability.ACCOUNT_OWN)
def enrol(db: Database, secrets: Secrets, actor: Actor) -> Enrolment:
    """Begin: the same secret until it is confirmed, so a page may ask again. Raises NotReady."""
    cipher = data_cipher(secrets)
    with db.write() as session:
        user = find(session, actor.id)
        if user.totp_secret or user.subject:
            raise NotReady("A second factor is already set up, here or at the identity provider.")
        secret = _pending(cipher, user)
    uri = pyotp.TOTP(secret).provisioning_uri(name=actor.name, issuer_name=ISSUER)
    return Enrolment(secret, uri, _svg(uri))


@needs(Capability.ACCOUNT_OWN)
def confirm(db: Database, secrets: Secrets, limits: Sessions, actor: Actor, code: str) -> list[str]:
    """Finish with a first code; gives the recovery codes, shown once. Raises InvalidInput."""
    throttle.admit(db, limits, throttle.own_key(actor.id))
    recovery = [_recovery_code() for _ in range(RECOVERY_CODES)]
    cipher = data_cipher(secrets)
    with db.write() as session:
        user = find(session, actor.id)
        pending = cipher.open(user.totp_pending) if user.totp_pending else ""
        step = matching_step(pending, code, now(), after=0)
        if step is None:
            raise InvalidInput("This code is not right.", hint="Check the clock of your phone.")
        user.totp_secret, user.totp_pending, user.totp_last_step = user.totp_pending, None, step
        user.recovery_hashes = [_recovery_hash(code) for code in recovery]
        throttle.clear(session, throttle.own_key(actor.id))
        events.record(session, actor, "user.second_factor_set", f"user:{user.id}")
    return recovery


@needs(Capability.ACCOUNT_OWN)
def remove(db: Database, limits: Sessions, actor: Actor, password: str) -> None:
    """Go back to the password alone. Raises InvalidInput for a wrong password."""
    throttle.admit(db, limits, throttle.own_key(actor.id))
    with db.read() as session:
        known = find(session, actor.id).password_hash
    if not passwords.matches(password, known):
        raise InvalidInput("The password is not right.")
    with db.write() as session:
        user = find(session, actor.id)
        user.totp_secret, user.totp_pending, user.recovery_hashes = None, None, []
        throttle.clear(session, throttle.own_key(actor.id))
        events.record(session, actor, "user.second_factor_removed", f"user:{user.id}")


def spend(session: Session, secrets: Secrets, user: AppUser, code: str) -> bool:
    """Accept a code or a recovery code once, inside the caller's write transaction.

    Recovery codes need no data key. Raises BackendUnavailable or NotReady when it is not there.
    """
    session.refresh(user, with_for_update=True)
    hashed = _recovery_hash(code)
    left = [kept for kept in user.recovery_hashes if not compare_digest(kept, hashed)]
    if len(left) < len(user.recovery_hashes):
        user.recovery_hashes = left
        return True
    secret = data_cipher(secrets).open(user.totp_secret) if user.totp_secret else ""
    step = matching_step(secret, code, now(), after=user.totp_last_step)
    if step is not None:
        user.totp_last_step = step
    return step is not None


def seal_all(db: Database, secrets: Secrets) -> int:
    """Encrypt under the newest key what is stored in clear or under an older one.

    For the start of the application. Gives how many people's secrets no key can read: they sign in
    with a recovery code, or an administrator removes their second factor.
    """
    held = or_(col(AppUser.totp_secret).is_not(None), col(AppUser.totp_pending).is_not(None))
    cipher, unreadable = data_cipher(secrets), 0
    with db.write() as session:
        for user in session.exec(select(AppUser).where(held).with_for_update()).all():
            try:
                user.totp_secret = _resealed(cipher, user.totp_secret)
                user.totp_pending = _resealed(cipher, user.totp_pending)
            except BackendUnavailable:
                unreadable += 1
    return unreadable


def matching_step(secret: str, code: str, at: datetime, after: int) -> int | None:
    """The 30-second step whose code this is, later than `after`, or None."""
    digits = code.replace(" ", "")
    if not secret or not (digits.isascii() and digits.isdigit()):
        return None
    current = int(at.timestamp()) // STEP_SECONDS
    totp = pyotp.TOTP(secret)
    for step in range(current - DRIFT_STEPS, current + DRIFT_STEPS + 1):
        if step > after and compare_digest(totp.at(step * STEP_SECONDS), digits):
            return step
    return None


def _pending(cipher: Cipher, user: AppUser) -> str:
    """The secret shown already, or a fresh one; also when the data key has been lost since."""
    if user.totp_pending:
        with suppress(BackendUnavailable):
            return cipher.open(user.totp_pending)
    secret = pyotp.random_base32()
    user.totp_pending = cipher.seal(secret)
    return secret


def _resealed(cipher: Cipher, stored: str | None) -> str | None:
    if not stored or cipher.is_current(stored):
        return stored
    return cipher.seal(cipher.open(stored) if is_sealed(stored) else stored)


def _svg(text: str) -> str:
    out = io.BytesIO()
    segno.make(text, error="m").save(
        out, kind="svg", scale=5, border=4, light="#fff", xmldecl=False
    )
    return out.getvalue().decode()


def _recovery_code() -> str:
    word = pyotp.random_base32()[:16].lower()  # 80 random bits
    return "-".join(word[at : at + 4] for at in range(0, 16, 4))


def _recovery_hash(code: str) -> str:
    plain = code.replace(" ", "").replace("-", "").lower()
    return hashlib.sha256(plain.encode()).hexdigest()
