"""What a submission would need now, and what stands in its way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from engines.core.access import Actor, Capability, needs
from engines.core.gate import STAGES, Stage
from engines.core.model_card import MODEL_FILE
from engines.core.model_ref import ModelRef
from engines.governance import documents, policies
from engines.governance.approvals import content, rating, standing
from engines.governance.approvals.content import Care, Item, Kind
from engines.governance.approvals.file_hashes import LINK, MISSING
from engines.governance.approvals.port import Board, Fact, Material

GAPS = "documents.missing"


@dataclass(frozen=True)
class Readiness:
    """A model held against the policy for one stage; `blocked` are the reasons, or empty."""

    material: Material
    stage: Stage
    policy: policies.PolicyVersion
    tier: policies.Tier
    raised_to: str | None
    requirements: policies.Requirements
    facts: Mapping[str, Fact]
    checks: tuple[policies.CheckResult, ...]
    gaps: tuple[documents.Gap, ...]
    items: tuple[Item, ...]
    blocked: tuple[str, ...]


@needs(Capability.RESULTS_READ)
def readiness(board: Board, actor: Actor, model: ModelRef, stage: Stage) -> Readiness:
    """Judge the model as it is now by the policy in force. Raises NotFound or NotAllowed."""
    material = board.sources.of(model)
    board.experiments.check_readable(actor, material.experiment_id)
    facts = dict(board.facts.of(actor, model))
    policy = policies.current(board.db, board.policy)
    rules = policy.policy  # read once: it is parsed from its text
    with board.db.read() as session:
        tier = rating.tier_of(session, rules, material)
        found = content.collect(board, session, material, Care.ALL)
        written = documents.current_in(session, model)
        before = _stage_before(board, session, material, found, stage)
        lifted = rating.raised(session, model)
    asked = policies.required(rules, stage, tier, material.characteristics)
    gaps = documents.gaps(board.templates, written, asked.document_map)
    facts[GAPS] = len(gaps)
    checks = policies.judge(asked.checks, facts)
    items = content.with_policy(found, policy)
    reasons = [*before, *_absent(items), *(gap.reason for gap in gaps), *_failed(checks, asked)]
    return Readiness(
        material=material,
        stage=stage,
        policy=policy,
        tier=tier,
        raised_to=lifted.tier if lifted else None,
        requirements=asked,
        facts=facts,
        checks=tuple(checks),
        gaps=tuple(gaps),
        items=tuple(items),
        blocked=tuple(reasons),
    )


def _stage_before(
    board: Board, session: Session, material: Material, found: Sequence[Item], stage: Stage
) -> list[str]:
    place = STAGES.index(stage)
    if place == 0:
        return []
    before = STAGES[place - 1]
    reached = standing.reaching(board, session, material, found, before)
    return [] if reached.holds else [f"{reached.reason} That comes first."]


def _absent(items: Sequence[Item]) -> list[str]:
    names = {item.name for item in items if item.kind == Kind.FILE}
    gone = [] if MODEL_FILE in names else ["The model's file is gone."]
    for item in items:
        if item.kind in (Kind.DATA, Kind.FILE) and item.sha256 in (MISSING, LINK):
            gone.append(
                f"The {item.kind.replace('_', ' ')} “{item.name}” is gone or no plain file."
            )
    return gone


def _failed(checks: Sequence[policies.CheckResult], asked: policies.Requirements) -> list[str]:
    found = [check.sentence for check in checks if check.blocks and check.check.fact != GAPS]
    if not asked.approvals:
        found.append("The policy names nobody who would have to approve it.")
    return found
