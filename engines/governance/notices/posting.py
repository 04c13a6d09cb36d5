"""Say something to people, inside the transaction of the act it is about."""

import re
from collections.abc import Collection

from sqlmodel import Session, col, select

from engines.core.access import Role
from engines.core.models import AppUser
from engines.governance.notices.kinds import Kind, Link
from engines.governance.notices.models import Notice, NoticeCopy

LONGEST_TITLE, LONGEST_TEXT = 200, 2_000  # characters
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
CONTROL_BUT_LINES = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


def post(
    session: Session,
    to: Role | Collection[str],
    kind: Kind,
    title: str,
    text: str = "",
    link: Link | None = None,
    *,
    spare: Collection[str] = (),
) -> str | None:
    """Put a notice into inboxes: of the people with these ids, or of every holder of the role.

    It stands or falls with the caller's transaction; e-mail and webhooks follow once that is
    committed. People in `spare` are left out. Gives the notice's id, None when nobody is left.
    """
    # A role read back from the database is a plain string, and must not be taken for its letters.
    people = (_holders(session, Role(to)) if isinstance(to, str) else set(to)) - set(spare)
    if not people:
        return None
    notice = Notice(
        kind=Kind(kind).value,
        title=CONTROL.sub(" ", title).strip()[:LONGEST_TITLE],
        text=CONTROL_BUT_LINES.sub(" ", text).strip()[:LONGEST_TEXT],
        page=link.page if link else "",
        query={key: str(value) for key, value in link.query.items()} if link else {},
    )
    session.add(notice)
    session.flush()  # the copies refer to it
    for person in sorted(people):
        session.add(NoticeCopy(notice_id=notice.id, user_id=person, made_at=notice.made_at))
    return notice.id


def _holders(session: Session, role: Role) -> set[str]:
    # Roles are a list in JSON, which no portable query looks into; people are few.
    enabled = select(AppUser.id, AppUser.roles).where(col(AppUser.disabled_at).is_(None))
    return {user_id for user_id, roles in session.exec(enabled) if role.value in roles}
