"""The basic model registry: which versions of an experiment's models exist."""

from engines.core.access import Actor, Capability, needs
from engines.core.experiments import Experiments
from engines.tracking.port import ModelVersion, Tracker


@needs(Capability.RESULTS_READ)
def versions(
    tracker: Tracker, experiments: Experiments, actor: Actor, experiment_id: str
) -> list[ModelVersion]:
    """The registered versions of an experiment's models, newest first.

    Raises NotAllowed, NotFound or BackendUnavailable.
    """
    experiments.check_readable(actor, experiment_id)
    return tracker.versions(experiment_id)
