"""What happened: structured logs for operators, the audit trail for auditors."""

from engines.observability.chain import Break, ChainReport, verify_chain
from engines.observability.logs import TRACE, bound, configure, trace
from engines.observability.redaction import Redactor
from engines.observability.search import (
    PAGE_SIZE,
    EventFilter,
    EventPage,
    acts,
    as_rows,
    export_events,
    people,
    search_events,
)

__all__ = [
    "PAGE_SIZE",
    "TRACE",
    "Break",
    "ChainReport",
    "EventFilter",
    "EventPage",
    "Redactor",
    "acts",
    "as_rows",
    "bound",
    "configure",
    "export_events",
    "people",
    "search_events",
    "trace",
    "verify_chain",
]
