"""Load a stored model to explain it: through the gate, by skops, only types on our own list."""

from pathlib import Path
from typing import Any

from engines.core.access import Actor
from engines.core.errors import NotFound
from engines.core.gate import Purpose
from engines.core.model_card import MODEL_FILE, ModelCard, read_card
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
    desk.gate.may_use(actor, model, Purpose.TRIAL)
    card = read_card(folder)
    if not (folder / MODEL_FILE).exists():
        raise NotFound("The model's file is gone.", hint="Train again to have it back.")
    # Imported here: pages know this package, and only an explanation should wait for skops.
    import skops.io
    from skops.io.exceptions import UntrustedTypesFoundException

    try:
        return card, skops.io.load(folder / MODEL_FILE, trusted=list(TRUSTED_TYPES))
    except UntrustedTypesFoundException as error:
        raise untrusted(str(error), "Only models trained by MLAAS can be explained.") from error
