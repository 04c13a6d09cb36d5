"""A finished churn run on the experiment's own table, and its explanation: each made once."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from engines import data_sources, explanation
from engines.core.access import Actor
from engines.core.model_ref import ModelRef
from engines.core.progress import Silent
from engines.training import Task, TrainingRequest
from engines.wiring import Services
from tests.harness.run_folders import telco
from tests.harness.runs import add_run

RUN = "churn-run"  # the same in every test, so that one explanation serves them all
ROWS = 1000


@dataclass(frozen=True)
class Churn:
    """The run's folder and, once somebody asked for it, its explanation's."""

    shared_data: Path
    place: Path

    def store(self, services: Services, person: Actor, experiment_id: str) -> ModelRef:
        """The run in these services' tables and folders, on the experiment's own data."""
        if not self._run.exists():
            telco(self._run, self.shared_data)
            frame = pd.read_csv(self.shared_data / "telco_churn.csv").drop(columns="customerID")
            frame.head(ROWS).to_csv(self._file, index=False)
        given = (services.datasets, person, experiment_id)
        data_sources.ingest_file(*given, self._file, self._file.name)
        table = services.datasets.current(person, experiment_id)
        assert table is not None
        request = TrainingRequest(experiment_id, table.dataset_id, (Task.BINARY,), "Churn")
        add_run(services, person, table, request, "roc_auc", id=RUN)
        shutil.copytree(self._run, services.runs_dir / RUN)
        return ModelRef(RUN, "binary")

    def explain(self, services: Services, person: Actor, model: ModelRef) -> None:
        """Its explanation, made by the job's work the first time and copied after that."""
        desk, kept = services.explaining, self.place / "explained"
        if not kept.exists():
            explanation.run_explain(desk, person, model, Silent())
            shutil.copytree(desk.folder / RUN, kept)
        elif not explanation.exists(desk, person, model):
            shutil.copytree(kept, desk.folder / RUN)

    @property
    def _run(self) -> Path:
        return self.place / "run"

    @property
    def _file(self) -> Path:
        return self.place / "table.csv"
