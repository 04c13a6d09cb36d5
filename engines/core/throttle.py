"""Slow guessing down without locking anybody out.

Attempts are counted before the password is looked at, so parallel guesses cannot slip through.
They are counted per person and address and, more generously, per address. A browser in which the
person signed in before is counted by itself: who guesses elsewhere cannot slow its owner
(OWASP, "Slow Down Online Guessing Attacks with Device Cookies"). Waits double and always expire,
and an attempt made during a wait does not prolong it.
"""

import hashlib
from contextlib import suppress
from datetime import datetime, timedelta
from ipaddress import IPv4Address, ip_address, ip_network
from math import ceil

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, delete, select

from engines.core.database import Database, now
from engines.core.errors import NotReady
from engines.core.models import SignInWait
from engines.core.settings import Sessions

ADDRESS_SHARE = 10  # one address may stand for many people behind a proxy


def keys(user_name: str, address: str, browser_hash: str | None = None) -> dict[str, int]:
    """The keys an attempt is counted under, each with its multiple of the allowed attempts."""
    if browser_hash:
        return {_key("browser", browser_hash): 1}
    place = network(address)
    pair = _key("pair", f"{user_name.strip().casefold()}\n{place}")
    return {pair: 1, _key("address", place): ADDRESS_SHARE}


def network(address: str) -> str:
    """The address as far as it stands for somebody: of IPv6, the first 64 bits are one line's.

    Whoever has a line has 2**64 addresses, and could else guess from each of them anew.
    """
    try:
        known = ip_address(address.split("%")[0])
    except ValueError:
        return address
    if isinstance(known, IPv4Address):
        return str(known)
    if known.ipv4_mapped:
        return str(known.ipv4_mapped)
    return str(ip_network((known, 64), strict=False))


def code_keys(user_id: str, browser_hash: str | None = None) -> dict[str, int]:
    """The key for second-factor codes: a person's whole, so guessers gain nothing by moving about.

    A known browser is again counted by itself, and so stays open to its owner.
    """
    return {_key("browser-code", browser_hash) if browser_hash else _key("code", user_id): 1}


def own_key(user_id: str) -> dict[str, int]:
    """The key under which somebody already signed in is counted when asked to prove it again."""
    return {_key("own", user_id): 1}


def admit(db: Database, limits: Sessions, counted: dict[str, int]) -> None:
    """Count one attempt under every key. Raises NotReady with the seconds while one must wait."""
    at = now()
    with db.write() as session:
        # A fixed order, so that two attempts lock rows alike on PostgreSQL.
        rows = {key: _row(session, key, at) for key in sorted(counted)}
        waiting = _seconds_left(list(rows.values()), at)
        if not waiting:
            for key, row in rows.items():
                _count(row, limits, limits.failures_before_wait * counted[key], at)
    if waiting:
        raise NotReady(
            "Too many attempts to sign in failed.",
            hint=f"Try again in {waiting} seconds; what you type until then is not looked at.",
        )


def clear(session: Session, counted: dict[str, int]) -> None:
    """Forget the attempts of somebody who proved to be right; an address keeps most of its own."""
    for key, share in counted.items():
        row = session.get(SignInWait, key)
        if row and share == 1:
            session.delete(row)
        elif row:
            row.attempts = max(0, row.attempts - 1)
            row.waits_until = None


def forget_old(session: Session, limits: Sessions) -> None:
    """Drop counters that have had no attempt for twice the longest wait."""
    stale = now() - _memory(limits)
    session.exec(delete(SignInWait).where(col(SignInWait.counted_at) < stale))


def _key(kind: str, value: str) -> str:
    # Hashed: a user name may be anything that was typed, a password in the wrong field included.
    return f"{kind}:{hashlib.sha256(value.encode()).hexdigest()}"


def _row(session: Session, key: str, at: datetime) -> SignInWait:
    locked = select(SignInWait).where(SignInWait.key == key).with_for_update()
    row = session.exec(locked).first()
    if row is None:
        # Two first attempts may meet on PostgreSQL: the second then counts on the first's row.
        with suppress(IntegrityError), session.begin_nested():
            session.add(SignInWait(key=key, counted_at=at))
        row = session.exec(locked).one()
    return row


def _count(row: SignInWait, limits: Sessions, allowed: int, at: datetime) -> None:
    if at - row.counted_at > _memory(limits):
        row.attempts = 0
    row.attempts += 1
    row.counted_at = at
    beyond = row.attempts - allowed
    row.waits_until = at + _wait(limits, beyond) if beyond >= 0 else None


def _wait(limits: Sessions, beyond: int) -> timedelta:
    seconds = limits.wait_seconds * 2 ** min(beyond, 20)
    return timedelta(seconds=min(seconds, limits.longest_wait_seconds))


def _memory(limits: Sessions) -> timedelta:
    return timedelta(seconds=2 * limits.longest_wait_seconds)


def _seconds_left(rows: list[SignInWait], at: datetime) -> int:
    left = [(row.waits_until - at).total_seconds() for row in rows if row.waits_until]
    return ceil(max([0.0, *left]))
