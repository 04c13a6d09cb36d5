"""Policies: which approvals, documents and checks a model of which risk needs, as data."""

from engines.governance.policies.conditions import when_words
from engines.governance.policies.coverage import (
    EvidenceSet,
    RequirementState,
    Standing,
    coverage,
)
from engines.governance.policies.format import (
    Approval,
    Check,
    DocumentRule,
    Evidence,
    Numbered,
    Policy,
    Severity,
    StageRule,
    Then,
    TierRule,
)
from engines.governance.policies.judging import (
    CheckResult,
    Fact,
    Vote,
    bound_words,
    judge,
    votes_missing,
)
from engines.governance.policies.marks import Fault
from engines.governance.policies.models import PolicyVersion
from engines.governance.policies.preview import (
    Outcome,
    PastSubmission,
    PreviewRow,
    missing_sections,
    outcome,
    preview,
)
from engines.governance.policies.reading import faults, load, parse
from engines.governance.policies.requirements import Requirements, required
from engines.governance.policies.tiers import Tier, tier, tier_of
from engines.governance.policies.versions import (
    current,
    current_in,
    history,
    install,
    mark_used,
    names,
    not_installed,
    publish,
    shipped,
    version,
)
from engines.governance.policies.vocabulary import (
    CHARACTERISTICS,
    Vocabulary,
    fact_names,
    fact_words,
)

__all__ = [
    "CHARACTERISTICS",
    "Approval",
    "Check",
    "CheckResult",
    "DocumentRule",
    "Evidence",
    "EvidenceSet",
    "Fact",
    "Fault",
    "Numbered",
    "Outcome",
    "PastSubmission",
    "Policy",
    "PolicyVersion",
    "PreviewRow",
    "RequirementState",
    "Requirements",
    "Severity",
    "StageRule",
    "Standing",
    "Then",
    "Tier",
    "TierRule",
    "Vocabulary",
    "Vote",
    "bound_words",
    "coverage",
    "current",
    "current_in",
    "fact_names",
    "fact_words",
    "faults",
    "history",
    "install",
    "judge",
    "load",
    "mark_used",
    "missing_sections",
    "names",
    "not_installed",
    "outcome",
    "parse",
    "preview",
    "publish",
    "required",
    "shipped",
    "tier",
    "tier_of",
    "version",
    "votes_missing",
    "when_words",
]
