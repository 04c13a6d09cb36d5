"""Load a stored model to explain it: through the gate, by skops, only types on our own list."""

from pathlib import Path
from typing import Any

from engines.core.access import Actor
from engines.core.gate import Purpose
from engines.core.model_card import CARD_FILE, MODEL_FILE, ModelCard, card_of
from engines.core.model_ref import ModelRef
from engines.core.runs import task_folder
from engines.core.trusted_types import TRUSTED_TYPES, untrusted
from engines.explanation.port import Desk


def folder_of(desk: Desk, actor: Actor, model: ModelRef) -> Path:
    """The model's own folder. Raises NotFound or NotAllowed."""
    return task_folder(desk.runs, actor, model.run_id, model.task)


def load(desk: Desk, actor: Actor, model: ModelRef) -> tuple[ModelCard, Any]:
    """The card and the fitted pipeline.

    Raises NotAllowed (the person, or the gate), NotFound or InvalidInput (an untrusted type).
    """
    folder = folder_of(desk, actor, model)
    permit = desk.gate.may_use(actor, model, Purpose.TRIAL)
    card = card_of(permit.read(folder, CARD_FILE))
    content = permit.read(folder, MODEL_FILE)
    # Imported here: pages know this package, and only an explanation should wait for skops.
    import skops.io
    from skops.io.exceptions import UntrustedTypesFoundException

    try:
        return card, skops.io.loads(content, trusted=list(TRUSTED_TYPES))
    except UntrustedTypesFoundException as error:
        raise untrusted(str(error), "Only models trained by MLAAS can be explained.") from error
