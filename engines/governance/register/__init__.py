"""The register: inventory, findings, risk, figures for the dashboard, evidence for outsiders."""

from engines.governance.register.analytics import CycleTime, Overview, overview
from engines.governance.register.analytics import as_rows as overview_rows
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
from engines.governance.register.coverage import (
    STANDS,
    Coverage,
    CoverageFilter,
    CoverageRow,
    coverage_table,
    policy_coverage,
)
from engines.governance.register.evidence import Evidence, evidence_keys, write_evidence
from engines.governance.register.figures import (
    cycle_figure,
    reasons_figure,
    refusals_figure,
    waiting_figure,
)
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
from engines.governance.register.report import (
    WORDS,
    Report,
    ReportRow,
    regulatory_report,
    report_file,
    report_rows,
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
    "STANDS",
    "WORDS",
    "Assessment",
    "Coverage",
    "CoverageFilter",
    "CoverageRow",
    "CycleTime",
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
    "Overview",
    "Question",
    "Rating",
    "Report",
    "ReportRow",
    "Risk",
    "Severity",
    "Status",
    "assess",
    "assessments",
    "coverage_table",
    "cycle_figure",
    "downstream",
    "edit_finding",
    "evidence_keys",
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
    "overview",
    "overview_rows",
    "policy_coverage",
    "possible_moves",
    "possible_owners",
    "rate",
    "reasons_figure",
    "refusals_figure",
    "regulatory_report",
    "report_file",
    "report_rows",
    "set_review",
    "set_upstream",
    "waiting_figure",
    "write_evidence",
]
