"""Models as training makes them, on small parts of real tables, and a desk to explain them at.

Each model is trained once, and explained once, for all tests; a test gets copies of the files.
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import skops.io
from pandas.util import hash_pandas_object

from engines.core.access import Actor
from engines.core.database import now
from engines.core.errors import NotAllowed
from engines.core.gate import Permit, Purpose
from engines.core.model_card import ModelCard
from engines.core.model_ref import ModelRef
from engines.core.progress import Silent
from engines.core.tables import Column, ColumnType, Table
from engines.explanation import Desk, Origin, run_explain, store
from engines.orchestration import LocalScheduler
from engines.training import Task, TrainingRequest, algorithms, materials
from engines.training import folder as folders
from engines.training.folds import ask, fit_fold, judged
from engines.training.recipes import Recipe, pipeline

FEW_ROUNDS = {"n_estimators": 20}


@dataclass
class Gatekeeper:
    """A gate that remembers who asked, and refuses when told to."""

    asked: list[tuple[str, str]] = field(default_factory=list)
    refusal: str = ""

    def may_use(self, actor: Actor, model: ModelRef, purpose: Purpose, at: Any = None) -> Permit:
        self.asked.append((str(model), str(purpose)))
        if self.refusal:
            raise NotAllowed(self.refusal)
        return Permit("p", model, purpose, now())


@dataclass
class Shelf:
    """Runs, tables and origins of these tests."""

    runs_dir: Path
    tables: dict[str, Table] = field(default_factory=dict)
    protected: str = ""

    def folder(self, actor: Actor, run_id: str) -> Path:
        return self.runs_dir / run_id

    def table(self, actor: Actor, dataset_id: str) -> Table:
        return self.tables[dataset_id]

    def of(self, actor: Actor, model: ModelRef) -> Origin:
        return Origin("e1", model.run_id, self.protected)


@dataclass(frozen=True)
class Made:
    """A trained model: its name, its material, its fitted pipeline."""

    model: ModelRef
    material: Any
    fitted: Any
    card: ModelCard
    table: Table
    folder: Path  # of this session, never written to again


@dataclass(frozen=True)
class Kept:
    """What was trained and explained in this session, by what was asked."""

    folder: Path
    materials: dict[str, tuple[Table, TrainingRequest, Any]] = field(default_factory=dict)
    made: dict[str, Made] = field(default_factory=dict)
    explained: dict[str, Path] = field(default_factory=dict)


def table_of(frame: pd.DataFrame, path: Path, anonymised: bool = False) -> Table:
    frame.to_parquet(path)
    columns = tuple(
        Column(name, f"C{n + 1}", _kind(frame[name]), int(frame[name].isna().sum()),
               int(frame[name].nunique()))
        for n, name in enumerate(frame)
    )  # fmt: skip
    return Table(path.stem, "e1", path, "0" * 64, len(frame), columns, anonymised)


def _kind(values: pd.Series) -> ColumnType:
    if pd.api.types.is_datetime64_any_dtype(values):
        return ColumnType.DATETIME
    return ColumnType.NUMERIC if pd.api.types.is_numeric_dtype(values) else ColumnType.CATEGORICAL


@pytest.fixture(scope="session")
def telco(shared_data: Path) -> pd.DataFrame:
    """Churn with missing numbers and a date, 900 rows."""
    frame = pd.read_csv(shared_data / "telco_churn.csv").drop(columns="customerID").head(900)
    frame["TotalCharges"] = pd.to_numeric(frame["TotalCharges"], errors="coerce")
    frame.loc[frame.index[::17], "MonthlyCharges"] = float("nan")
    when = pd.Timestamp("2024-01-01") + pd.to_timedelta(range(len(frame)), unit="D")
    return frame.assign(since=when)


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    return Kept(tmp_path_factory.mktemp("kept"))


@pytest.fixture
def gate() -> Gatekeeper:
    return Gatekeeper()


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "runs")


@pytest.fixture
def desk(db, shelf: Shelf, gate: Gatekeeper, tmp_path: Path) -> Desk:
    scheduler = LocalScheduler(db)
    return Desk(db, None, shelf, shelf, shelf, scheduler, gate, tmp_path / "explanations")


@pytest.fixture
def make(shelf: Shelf, kept: Kept) -> Callable[..., Made]:
    """Train one recipe and store it as a run: `make(frame, task, target, "lightgbm", …)`."""

    def trained(frame: pd.DataFrame, task: Task, target: str, *names: str, **asked: Any) -> Made:
        rows = hash_pandas_object(frame).sum()
        key = repr((rows, list(frame), task, target, names, sorted(asked.items())))
        if key not in kept.made:
            kept.made[key] = _trained(kept, frame, task, target, names, **asked)
        made, run = kept.made[key], f"run{len(shelf.tables)}"
        shutil.copytree(made.folder, shelf.runs_dir / run / task.value)
        shelf.tables[run] = made.table
        return replace(made, model=ModelRef(run, task.value))

    return trained


@pytest.fixture
def explain(desk: Desk, shelf: Shelf, analyst: Actor, kept: Kept) -> Callable[[Made], None]:
    """Explain a model by the job's work; the same once more only takes a copy of its files."""

    def explained(made: Made) -> None:
        key = repr((made.folder.parent.name, str(made.model), shelf.protected))
        place = store.place(desk.folder, made.model)
        if key not in kept.explained:
            run_explain(desk, analyst, made.model, Silent())
            kept.explained[key] = kept.folder / f"explained{len(kept.explained)}"
            shutil.copytree(place, kept.explained[key])
        if not place.exists():
            shutil.copytree(kept.explained[key], place)

    return explained


@pytest.fixture
def churn(make: Callable[..., Made], telco: pd.DataFrame, shelf: Shelf) -> Made:
    """A boosted churn model, not trained on gender, which the questionnaire calls protected."""
    shelf.protected = "gender, seniorcitizen; Religion"
    asked = {"left_out": ("gender",), "holdout_share": 0.5, "out_of_fold": True}
    return make(telco, Task.BINARY, "Churn", "lightgbm", **asked)


@pytest.fixture
def done(churn: Made, explain: Callable[[Made], None]) -> Made:
    """The churn model, explained."""
    explain(churn)
    return churn


def _trained(
    kept: Kept,
    frame: pd.DataFrame,
    task: Task,
    target: str,
    names: tuple[str, ...],
    anonymised: bool = False,
    out_of_fold: bool = False,
    parameters: dict[str, Any] | None = None,
    **asked: Any,
) -> Made:
    run = f"made{len(kept.made)}"
    table, request, made = _material(kept, frame, task, target, anonymised, asked)
    recipe = _recipe(task, names, parameters or {})
    fitted = pipeline(recipe, made.blueprint)
    fitted.fit(made.features.iloc[made.train], made.target[made.train])
    folder = folders.Folder(kept.folder / run, task.value)
    skops.io.dump(fitted, folder.path / "model.skops")
    folder.card(_card(request, table, made, task))
    folder.table("holdout.parquet", _answers(made, fitted))
    if out_of_fold:
        results = {n: fit_fold(made, recipe, n) for n in range(len(made.folds))}
        rows = folders.out_of_fold(made.features.index, made.target, results, made.classes)
        folder.table("oof.parquet", rows)
    folder.seal()
    stored = ModelCard.from_json(json.loads((folder.final / "model.json").read_text()))
    return Made(ModelRef(run, task.value), made, fitted, stored, table, folder.final)


def _material(
    kept: Kept, frame: pd.DataFrame, task: Task, target: str, anonymised: bool, asked: Any
) -> tuple[Table, TrainingRequest, Any]:
    """What every recipe for the same rows and request is fitted on; dealing rows takes a second."""
    rows = hash_pandas_object(frame).sum()
    key = repr((rows, list(frame), task, target, anonymised, sorted(asked.items())))
    if key not in kept.materials:
        name = f"table{len(kept.materials)}"
        table = table_of(frame, kept.folder / f"{name}.parquet", anonymised)
        request = TrainingRequest("e1", name, (task,), target, folds=2, **asked)
        made, _, _ = materials.material(materials.source(table, request), task)
        kept.materials[key] = (table, request, made)
    return kept.materials[key]


def _recipe(task: Task, names: tuple[str, ...], parameters: dict[str, Any]) -> Recipe:
    known = {algorithm.id: algorithm for algorithm in reversed(algorithms(task))}

    def one(name: str) -> Recipe:
        few = FEW_ROUNDS if name in ("lightgbm", "xgboost", "rf", "et", "gbc", "gbr") else {}
        return Recipe(known[name], {**few, **parameters})

    members = tuple((one(name), n + 1) for n, name in enumerate(names))
    return members[0][0] if len(names) == 1 else replace(one(names[0]), members=members)


def _answers(made: Any, fitted: Any) -> pd.DataFrame:
    rows = made.holdout
    if made.series:
        predicted = made.series.forecast(fitted.predict, made.features, rows)
        shares = pd.DataFrame().to_numpy()
    else:
        predicted, shares = ask(fitted, made.features.iloc[rows], made.classes)
    result = judged(made, rows, predicted, shares, 0.0)
    return folders.answers(made.features.index, made.target, result, made.classes)


def _card(request: TrainingRequest, table: Table, made: Any, task: Task) -> ModelCard:
    names = list(made.features.columns)
    back = {table.public_names[c.name]: c.type for c in table.columns}
    columns = [Column(name, name, back.get(name, ColumnType.NUMERIC), 0, 2) for name in names]
    facts = {"series": made.series.told} if made.series else {}
    facts |= {"time_column": table.public_names[request.time_column]} if request.time_column else {}
    return ModelCard(
        task=task.value,
        target=table.public_names[request.target],
        features=folders.features(columns, made.features),
        classes=made.classes,
        metric={"binary": "roc_auc", "multiclass": "f1_macro"}.get(task.value, "rmse"),
        algorithm="test",
        versions={},
        anonymised=table.anonymised,
        facts=facts,
    )
