"""Job: explain a model's answers, and measure its fairness and stability."""

from typing import Any

from engines import explanation
from engines.core.access import Actor
from engines.core.model_ref import ModelRef
from engines.core.progress import Progress
from engines.wiring import Services, job_main


def work(services: Services, actor: Actor, payload: dict[str, Any], progress: Progress) -> None:
    """Explain the model named in the payload."""
    model = ModelRef(payload["run_id"], payload["task"])
    explanation.run_explain(services.explaining, actor, model, progress)


if __name__ == "__main__":
    job_main(work)
