"""Load a stored model: through the gate, by skops, and only types on our own list."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from engines.core.access import Actor, Capability, needs
from engines.core.gate import Gate, Purpose
from engines.core.model_card import CARD_FILE, MODEL_FILE, ModelCard, card_of
from engines.core.model_ref import ModelRef
from engines.core.runs import Runs, task_folder
from engines.core.trusted_types import TRUSTED_TYPES, untrusted


@dataclass(frozen=True)
class StoredModel:
    """A fitted pipeline and what it says of itself."""

    card: ModelCard
    pipeline: Any
    files: Callable[[str], bytes]  # the bytes of another file of the model, as the gate saw it


@needs(Capability.RESULTS_READ)
def load(
    runs: Runs, gate: Gate, actor: Actor, run_id: str, task: str, purpose: Purpose = Purpose.TRIAL
) -> StoredModel:
    """The model of a run's task, when the gate lets it be used for the purpose.

    Raises NotAllowed (the person, or the gate), NotFound (no model) or InvalidInput (a type that is
    not on our trusted list).
    """
    folder = task_folder(runs, actor, run_id, task)
    permit = gate.may_use(actor, ModelRef(run_id, task), purpose)
    files = partial(permit.read, folder)
    return StoredModel(card_of(files(CARD_FILE)), _pipeline(files(MODEL_FILE)), files)


def _pipeline(content: bytes) -> Any:
    # Imported here: pages know this package, and only a prediction should wait for skops.
    import skops.io
    from skops.io.exceptions import UntrustedTypesFoundException

    try:
        return skops.io.loads(content, trusted=list(TRUSTED_TYPES))
    except UntrustedTypesFoundException as error:
        raise untrusted(str(error), "Only models trained by MLAAS can be used here.") from error
