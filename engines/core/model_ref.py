"""The name of one model: one trained task of one run."""

import re
from dataclasses import dataclass

from engines.core.errors import InvalidInput

RUN_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
TASK = re.compile(r"[a-z_]{1,40}")


@dataclass(frozen=True, order=True)
class ModelRef:
    """One model. As text it is `run_id/task`, which is also its folder below the runs' folder."""

    run_id: str
    task: str

    def __post_init__(self) -> None:
        if not (RUN_ID.fullmatch(self.run_id) and TASK.fullmatch(self.task)):
            raise InvalidInput(
                f"“{self.run_id}/{self.task}” names no model.",
                hint="A model is named by its run and its task, as in 3f2a/regression.",
            )

    def __str__(self) -> str:
        return f"{self.run_id}/{self.task}"

    @classmethod
    def parse(cls, text: str) -> "ModelRef":
        """The model that the text names. Raises InvalidInput."""
        run_id, _, task = text.partition("/")
        return cls(run_id, task)
