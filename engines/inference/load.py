"""Load a stored model: skops, and only types on our own list."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engines.core.errors import NotFound
from engines.core.model_card import MODEL_FILE, ModelCard, read_card
from engines.core.trusted_types import TRUSTED_TYPES, untrusted


@dataclass(frozen=True)
class StoredModel:
    """A fitted pipeline and what it says of itself."""

    card: ModelCard
    pipeline: Any


def load(folder: Path) -> StoredModel:
    """The model of a task's run folder.

    Raises NotFound (no model) or InvalidInput (a type that is not on our trusted list).
    """
    card = read_card(folder)
    if not (folder / MODEL_FILE).exists():
        raise NotFound("The model's file is gone.", hint="Train again to have it back.")
    # Imported here: pages know this package, and only a prediction should wait for skops.
    import skops.io
    from skops.io.exceptions import UntrustedTypesFoundException

    try:
        pipeline = skops.io.load(folder / MODEL_FILE, trusted=list(TRUSTED_TYPES))
    except UntrustedTypesFoundException as error:
        raise untrusted(str(error), "Only models trained by MLAAS can be used here.") from error
    return StoredModel(card, pipeline)
