"""A model's documents: drafted from the run, completed by people, kept in every version."""

from engines.governance.documents.desk import Desk, Origins
from engines.governance.documents.facts import ApprovalFacts, ExplanationFacts, Facts, Row
from engines.governance.documents.figures import Material, captions, picture
from engines.governance.documents.models import DocumentVersion
from engines.governance.documents.render import (
    FORMATS,
    Heading,
    approval_record,
    preview,
    render,
    to_file,
)
from engines.governance.documents.standing import (
    STORED_KINDS,
    Gap,
    Section,
    Standing,
    State,
    gaps,
    standings,
)
from engines.governance.documents.templates import (
    KINDS,
    Kind,
    SectionRule,
    Templates,
    load_templates,
    sections,
)
from engines.governance.documents.versions import (
    current,
    current_in,
    difference,
    hashes,
    hashes_in,
    history,
    missing,
    read,
)
from engines.governance.documents.writing import draft, draft_validation, edit, edit_validation

__all__ = [
    "FORMATS",
    "KINDS",
    "STORED_KINDS",
    "ApprovalFacts",
    "Desk",
    "DocumentVersion",
    "ExplanationFacts",
    "Facts",
    "Gap",
    "Heading",
    "Kind",
    "Material",
    "Origins",
    "Row",
    "Section",
    "SectionRule",
    "Standing",
    "State",
    "Templates",
    "approval_record",
    "captions",
    "current",
    "current_in",
    "difference",
    "draft",
    "draft_validation",
    "edit",
    "edit_validation",
    "gaps",
    "hashes",
    "hashes_in",
    "history",
    "load_templates",
    "missing",
    "picture",
    "preview",
    "read",
    "render",
    "sections",
    "standings",
    "to_file",
]
