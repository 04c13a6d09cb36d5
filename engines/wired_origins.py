"""Whence a model comes, as the explanation asks it: from training and the questionnaire."""

from dataclasses import dataclass

from engines import projects, training
from engines.core.access import Actor, Capability, needs
from engines.core.database import Database
from engines.core.experiments import Experiments
from engines.core.model_ref import ModelRef
from engines.explanation import Origin


@dataclass(frozen=True)
class ModelOrigins:
    """The runs' experiments and data sets, and what their questionnaires call protected."""

    db: Database
    experiments: Experiments

    @needs(Capability.RESULTS_READ)
    def of(self, actor: Actor, model: ModelRef) -> Origin:
        """The model's origin. Raises NotFound or NotAllowed."""
        run = training.run(self.db, actor, model.run_id, self.experiments)
        asked = projects.get(self.db, actor, run.experiment_id).objective
        protected = str(asked.get("protected_attributes") or "")
        return Origin(run.experiment_id, run.dataset_id, protected)
