"""The register: inventory, findings, risk, figures for the dashboard, evidence for outsiders."""

from engines.governance.register.assessment import (
    CONTROLS,
    FACTORS,
    Question,
    Rating,
    Risk,
    assess,
    assessments,
    rate,
)
from engines.governance.register.evidence import Evidence, write_evidence
from engines.governance.register.finding_list import (
    FindingFilter,
    FindingPage,
    finding_rows,
    findings,
    is_overdue,
)
from engines.governance.register.finding_states import FindingState, Severity
from engines.governance.register.models import Assessment, Finding, FindingStep, InventoryEntry
from engines.governance.register.port import ModelRecord, Models
from engines.governance.register.remediation import (
    edit_finding,
    finding,
    finding_steps,
    move_finding,
    open_finding,
    possible_moves,
    possible_owners,
)
from engines.governance.register.reviews import downstream, set_review, set_upstream
from engines.governance.register.stocktaking import (
    InventoryFilter,
    InventoryPage,
    InventoryRow,
    Status,
    inventory,
    inventory_row,
    inventory_table,
)

__all__ = [
    "CONTROLS",
    "FACTORS",
    "Assessment",
    "Evidence",
    "Finding",
    "FindingFilter",
    "FindingPage",
    "FindingState",
    "FindingStep",
    "InventoryEntry",
    "InventoryFilter",
    "InventoryPage",
    "InventoryRow",
    "ModelRecord",
    "Models",
    "Question",
    "Rating",
    "Risk",
    "Severity",
    "Status",
    "assess",
    "assessments",
    "downstream",
    "edit_finding",
    "finding",
    "finding_rows",
    "finding_steps",
    "findings",
    "inventory",
    "inventory_row",
    "inventory_table",
    "is_overdue",
    "move_finding",
    "open_finding",
    "possible_moves",
    "possible_owners",
    "rate",
    "set_review",
    "set_upstream",
    "write_evidence",
]
