"""The second factor: time-based one-time codes (RFC 6238) and recovery codes.

Six digits, SHA-1, steps of 30 seconds, one step of clock drift either way. A code is good once:
the step of the last accepted code is kept, and only later steps are accepted.
"""

import hashlib
import io
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest

import pyotp
import segno
from sqlmodel import Session

from engines.core import events, passwords, throttle
from engines.core.access import Actor, Capability, needs
from engines.core.database import Database, now
from engines.core.errors import InvalidInput, NotReady
from engines.core.models import AppUser
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
def enrol(db: Database, actor: Actor) -> Enrolment:
    """Begin: the same secret until it is confirmed, so a page may ask again. Raises NotReady."""
    with db.write() as session:
        user = find(session, actor.id)
        if user.totp_secret or user.subject:
            raise NotReady("A second factor is already set up, here or at the identity provider.")
        user.totp_pending = user.totp_pending or pyotp.random_base32()
        secret = user.totp_pending
    uri = pyotp.TOTP(secret).provisioning_uri(name=actor.name, issuer_name=ISSUER)
    return Enrolment(secret, uri, _svg(uri))


@needs(Capability.ACCOUNT_OWN)
def confirm(db: Database, limits: Sessions, actor: Actor, code: str) -> list[str]:
    """Finish with a first code; gives the recovery codes, shown once. Raises InvalidInput."""
    throttle.admit(db, limits, throttle.own_key(actor.id))
    recovery = [_recovery_code() for _ in range(RECOVERY_CODES)]
    with db.write() as session:
        user = find(session, actor.id)
        step = matching_step(user.totp_pending or "", code, now(), after=0)
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


def spend(session: Session, user: AppUser, code: str) -> bool:
    """Accept a code or a recovery code once, inside the caller's write transaction."""
    session.refresh(user, with_for_update=True)
    step = matching_step(user.totp_secret or "", code, now(), after=user.totp_last_step)
    if step is not None:
        user.totp_last_step = step
        return True
    hashed = _recovery_hash(code)
    left = [kept for kept in user.recovery_hashes if not compare_digest(kept, hashed)]
    spent = len(left) < len(user.recovery_hashes)
    user.recovery_hashes = left
    return spent


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
