"""The trained models, put together from the engines that each know a part of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engines import data_sources, projects, results, training
from engines.core.access import Actor, Capability, needs
from engines.core.database import Database
from engines.core.errors import NotFound
from engines.core.model_card import read_card
from engines.core.model_ref import ModelRef
from engines.governance.register import ModelRecord
from engines.training import TrainedTask

GONE = projects.Title("an experiment that is gone", "", "", True)


@dataclass(frozen=True)
class TrainedModels:
    """Every trained model: its run, its experiment's owner, its data.

    Models that were read once are kept: they do not change, and there are thousands.
    """

    db: Database
    runs_dir: Path
    _kept: dict[str, TrainedTask] = field(default_factory=dict)

    @needs(Capability.INVENTORY_READ)
    def all(self, actor: Actor) -> Sequence[ModelRecord]:
        """All models, newest first."""
        titles = projects.titles(self.db, actor)
        data = data_sources.names(self.db, actor)
        return [_record(task, titles, data) for task in self._trained(actor)]

    @needs(Capability.INVENTORY_READ)
    def of(self, actor: Actor, model: ModelRef) -> ModelRecord:
        """One of them. Raises NotFound."""
        found = training.trained(self.db, actor, model.run_id, model.task)
        if not found:
            raise NotFound("There is no such model.", hint="Choose one from the inventory.")
        titles = projects.titles(self.db, actor, found[0].experiment_id)
        return _record(found[0], titles, data_sources.names(self.db, actor, found[0].dataset_id))

    @needs(Capability.INVENTORY_READ)
    def libraries(self, actor: Actor, model: ModelRef) -> Mapping[str, str]:
        """Library to exact version, as the model was trained with. Raises NotFound."""
        return read_card(self.runs_dir / model.run_id / model.task).versions

    def _trained(self, actor: Actor) -> list[TrainedTask]:
        ids = training.trained_ids(self.db, actor)
        if not self._kept.keys() >= set(ids):
            self._kept.update((task.id, task) for task in training.trained(self.db, actor))
        return [self._kept[each] for each in ids if each in self._kept]


def _record(
    task: TrainedTask,
    titles: Mapping[str, projects.Title],
    data: Mapping[str, tuple[str, int]],
) -> ModelRecord:
    title = titles.get(task.experiment_id, GONE)
    name, rows = data.get(task.dataset_id, ("", 0))
    return ModelRecord(
        model=ModelRef(task.run_id, task.task),
        task_title=training.TITLES[training.Task(task.task)],
        experiment_id=task.experiment_id,
        experiment=title.name,
        owner_id=title.owner_id,
        owner=title.owner_name,
        archived=title.archived,
        algorithm=task.algorithm,
        target=task.target,
        metric=task.metric,
        metric_title=results.metric(task.metric).title,
        score=task.score,
        trained_at=task.trained_at,
        data=name,
        data_sha256=task.dataset_sha256,
        rows=rows,
        makers=frozenset({title.owner_id, task.trainer_id} - {""}),
    )
