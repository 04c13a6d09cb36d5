"""Approvals: submissions that freeze content, votes by four eyes, and the gate."""

from engines.governance.approvals.ballot import Slot
from engines.governance.approvals.by_experiment import of_experiments
from engines.governance.approvals.content import Change, Item, content_hash
from engines.governance.approvals.deadlines import Ticked, tick
from engines.governance.approvals.delegating import delegate, delegations, end_delegation
from engines.governance.approvals.diff import Difference, Differing, DocumentChange, difference
from engines.governance.approvals.file_hashes import FileHashes
from engines.governance.approvals.gate import ApprovalGate
from engines.governance.approvals.listing import (
    Event,
    Filter,
    Listed,
    Listing,
    Opened,
    find,
    history,
    of_model,
    open_submission,
    remark,
    remarks,
    waiting,
)
from engines.governance.approvals.models import (
    Delegation,
    GateDecision,
    Remark,
    Submission,
    Vote,
)
from engines.governance.approvals.past import PastSubmission, past_submissions
from engines.governance.approvals.people import concerned, names, signing_in, voters
from engines.governance.approvals.port import Board, Facts, Material, Sources
from engines.governance.approvals.question import Ruling, StageRecord, as_file, rulings, stood
from engines.governance.approvals.rating import raise_tier
from engines.governance.approvals.readiness import Readiness, readiness
from engines.governance.approvals.record import (
    Record,
    approval_facts,
    decisions,
    signed_statement,
    who_decided,
)
from engines.governance.approvals.standing import Standing, standings
from engines.governance.approvals.states import Decision, State
from engines.governance.approvals.submissions import begin, resubmit, revoke, submit, withdraw
from engines.governance.approvals.votes import Part, parts, vote

__all__ = [
    "ApprovalGate",
    "Board",
    "Change",
    "Decision",
    "Delegation",
    "Difference",
    "Differing",
    "DocumentChange",
    "Event",
    "Facts",
    "FileHashes",
    "Filter",
    "GateDecision",
    "Item",
    "Listed",
    "Listing",
    "Material",
    "Opened",
    "Part",
    "PastSubmission",
    "Readiness",
    "Record",
    "Remark",
    "Ruling",
    "Slot",
    "Sources",
    "StageRecord",
    "Standing",
    "State",
    "Submission",
    "Ticked",
    "Vote",
    "approval_facts",
    "as_file",
    "begin",
    "concerned",
    "content_hash",
    "decisions",
    "delegate",
    "delegations",
    "difference",
    "end_delegation",
    "find",
    "history",
    "names",
    "of_experiments",
    "of_model",
    "open_submission",
    "parts",
    "past_submissions",
    "raise_tier",
    "readiness",
    "remark",
    "remarks",
    "resubmit",
    "revoke",
    "rulings",
    "signed_statement",
    "signing_in",
    "standings",
    "stood",
    "submit",
    "tick",
    "vote",
    "voters",
    "waiting",
    "who_decided",
    "withdraw",
]
