"""Notices: an inbox for everybody, and e-mail and signed webhooks for those who want them."""

from engines.governance.notices.choices import address, choose, chosen
from engines.governance.notices.courier import Courier
from engines.governance.notices.deliveries import (
    DeliveryPage,
    DeliveryRow,
    deliveries,
    send_again,
)
from engines.governance.notices.inbox import (
    InboxFilter,
    InboxPage,
    InboxRow,
    inbox,
    mark_all_read,
    mark_read,
    mark_unread,
    unread,
)
from engines.governance.notices.kinds import LABELS, Kind, Link
from engines.governance.notices.models import Channel, DeliveryState
from engines.governance.notices.posting import post

__all__ = [
    "LABELS",
    "Channel",
    "Courier",
    "DeliveryPage",
    "DeliveryRow",
    "DeliveryState",
    "InboxFilter",
    "InboxPage",
    "InboxRow",
    "Kind",
    "Link",
    "address",
    "choose",
    "chosen",
    "deliveries",
    "inbox",
    "mark_all_read",
    "mark_read",
    "mark_unread",
    "post",
    "send_again",
    "unread",
]
