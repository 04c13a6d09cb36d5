"""What notices are about, and where one leads."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlencode

from engines.core.errors import InvalidInput

PAGE = re.compile(r"[a-z][a-z_]{0,39}")


class Kind(StrEnum):
    """What a notice is about; people choose by kind what also comes by e-mail."""

    APPROVAL_ASKED = "approval.asked"
    APPROVAL_REMINDER = "approval.reminder"
    APPROVAL_RETURNED = "approval.returned"
    APPROVAL_DECIDED = "approval.decided"
    APPROVAL_ENDED = "approval.ended"
    DELEGATION = "delegation"
    FINDING = "finding"
    REVIEW_DUE = "review.due"
    POLICY = "policy"
    ARTIFACT = "artifact"
    JOB = "job"


LABELS: Mapping[Kind, str] = {
    Kind.APPROVAL_ASKED: "A decision is asked of you",
    Kind.APPROVAL_REMINDER: "A decision is still missing",
    Kind.APPROVAL_RETURNED: "A submission came back",
    Kind.APPROVAL_DECIDED: "A submission was approved or rejected",
    Kind.APPROVAL_ENDED: "An approval ended: expired, revoked, void or withdrawn",
    Kind.DELEGATION: "Approvals were delegated",
    Kind.FINDING: "A finding was opened, changed or is due",
    Kind.REVIEW_DUE: "A model's review is due",
    Kind.POLICY: "A policy was published",
    Kind.ARTIFACT: "A release was published, promoted or removed, or could not be",
    Kind.JOB: "A job ended",
}

# Sent by e-mail to those who have not chosen: what waits for them.
ASKING = frozenset(
    {
        Kind.APPROVAL_ASKED,
        Kind.APPROVAL_REMINDER,
        Kind.APPROVAL_RETURNED,
        Kind.FINDING,
        Kind.REVIEW_DUE,
    }
)


@dataclass(frozen=True)
class Link:
    """A page of the product and the query in its address."""

    page: str
    query: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what is no page of ours, such as another site's address."""
        if not PAGE.fullmatch(self.page):
            raise InvalidInput(f"“{self.page[:50]}” is no page a notice can lead to.")

    def address(self, public_url: str) -> str:
        """The link as it works outside the product."""
        query = f"?{urlencode(self.query)}" if self.query else ""
        return f"{public_url}/{self.page}{query}"
