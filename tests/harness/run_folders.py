"""Run folders as training leaves them, fitted on small parts of the real data sets."""

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import wraps
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import skops.io
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import (
    average_precision_score,
    r2_score,
    roc_auc_score,
    root_mean_squared_error,
)
from sklearn.model_selection import cross_val_predict, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from engines.core.model_card import Feature, ModelCard
from engines.core.tables import Column, ColumnType, Table
from engines.training import Task, TrainingRequest, algorithms, materials
from engines.training.folder import Folder, answers
from engines.training.folds import fit_fold
from engines.training.last_fit import fit_part, store
from engines.training.outlook import write as write_outlook
from engines.training.recipes import Recipe

LIBRARIES = ("scikit-learn", "pandas", "numpy", "scipy", "skops")


def prepare(frame: pd.DataFrame) -> Any:
    """Impute, scale and encode the frame's columns, as plain scikit-learn."""
    words = make_pipeline(
        SimpleImputer(strategy="most_frequent"),
        OneHotEncoder(handle_unknown="ignore", sparse_output=False),
    )
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    numeric = list(frame.select_dtypes("number"))
    others = [name for name in frame.columns if name not in numeric]
    return ColumnTransformer([("numbers", numbers, numeric), ("words", words, others)])


def features(frame: pd.DataFrame) -> tuple[Feature, ...]:
    """The card's features for a frame of numbers and words."""
    found = []
    for name in frame.columns:
        values = frame[name].dropna()
        if pd.api.types.is_numeric_dtype(values):
            kind = "integer" if pd.api.types.is_integer_dtype(values) else "numeric"
            found.append(Feature(name, kind, values.median().item()))
        else:
            seen = tuple(sorted(values.unique()))
            found.append(Feature(name, "categorical", values.mode()[0], seen))
    return tuple(found)


def write(
    folder: Path, model: Any, card: ModelCard, train: pd.DataFrame, files: dict[str, Any]
) -> Path:
    """Write one task's folder: model, card, example rows and the given JSON or Parquet files."""
    folder.mkdir(parents=True, exist_ok=True)
    skops.io.dump(model, folder / "model.skops")
    (folder / "model.json").write_text(json.dumps(card.as_json(), default=str))
    train.head(5).to_parquet(folder / "sample.parquet")
    for name, value in files.items():
        if isinstance(value, pd.DataFrame):
            value.to_parquet(folder / name)
        else:
            (folder / name).write_text(json.dumps(value))
    (folder.parent / "train.log").write_text("started\nfinished\n")
    return folder


def card(task: str, target: str, frame: pd.DataFrame, **more: Any) -> ModelCard:
    """A card with the installed versions."""
    versions = {name: version(name) for name in LIBRARIES}
    versions["python"] = ".".join(map(str, sys.version_info[:3]))
    given = {"classes": (), "metric": "", "algorithm": "", **more}
    return ModelCard(task=task, target=target, features=features(frame), versions=versions, **given)


def leaderboard(scores: dict[str, np.ndarray], metric: str) -> list[dict[str, Any]]:
    """Candidates with their fold values, best first."""
    rows = [
        {
            "name": name,
            "algorithm": name,
            "state": "succeeded",
            "metric": metric,
            "score": float(values.mean()),
            "metrics": {metric: float(values.mean())},
            "folds": {metric: values.tolist()},
            "seconds": 0.1,
            "is_winner": False,
        }
        for name, values in scores.items()
    ]
    rows.sort(key=lambda row: -row["score"])
    rows[0]["is_winner"] = True
    return rows


def importance(names: list[str]) -> list[dict[str, Any]]:
    """Falling importances for the given features."""
    return [
        {"feature": name, "importance": 0.1 / (n + 1), "std": 0.01} for n, name in enumerate(names)
    ]


def made_once(make: Callable[..., Path]) -> Callable[..., Path]:
    """`make(run, shared, …)`, made once in a process for the same choices and copied after that."""
    place = TemporaryDirectory(prefix="mlaas-runs-")  # goes with the process
    made: dict[str, Path] = {}

    @wraps(make)
    def copied(run: Path, shared: Path, *given: Any, **named: Any) -> Path:
        key = repr((shared, given, named))
        if key not in made:
            made[key] = make(Path(place.name) / str(len(made)), shared, *given, **named)
        task = made[key]
        shutil.copytree(task.parent, run, dirs_exist_ok=True)
        return run / task.name

    return copied


@made_once
def telco(run: Path, shared: Path, aliases: dict[str, str] | None = None, C: float = 1.0) -> Path:
    """A binary model of churn on 800 rows; under aliases when given."""
    frame = pd.read_csv(shared / "telco_churn.csv").drop(columns="customerID").head(1000)
    frame["TotalCharges"] = pd.to_numeric(frame["TotalCharges"], errors="coerce")
    frame = frame.rename(columns=aliases or {})
    target = (aliases or {}).get("Churn", "Churn")
    X, y = frame.drop(columns=target), frame[target]
    model = Pipeline([("prepare", prepare(X)), ("model", LogisticRegression(C=C, max_iter=500))])
    folds = cross_val_score(model, X[:800], y[:800], scoring="roc_auc", cv=3)
    inner = cross_val_predict(model, X[:800], y[:800], cv=3, method="predict_proba")
    model.fit(X[:800], y[:800])
    shares = model.predict_proba(X[800:])
    values = {
        "roc_auc": roc_auc_score(y[800:], shares[:, 1]),
        "average_precision": average_precision_score(y[800:] == "Yes", shares[:, 1]),
    }
    board = leaderboard({"Logistic regression": folds, "Baseline": np.full(3, 0.5)}, "roc_auc")
    board[0]["parameters"] = {"C": C}
    return write(
        run / "binary",
        model,
        card(
            "binary",
            target,
            X,
            classes=("No", "Yes"),
            metric="roc_auc",
            algorithm="Logistic regression",
            anonymised=bool(aliases),
            facts={"rows": 1000},
        ),
        X,
        {
            "holdout.parquet": _classes(np.arange(800, 1000), y[800:], shares),
            "oof.parquet": _classes(np.arange(800), y[:800], inner),
            "metrics.json": {"folds": {"roc_auc": folds.tolist()}, "holdout": values, "ci": {}},
            "leaderboard.json": board,
            "importance.json": importance(list(X.columns)),
        },
    )


def _classes(rows: np.ndarray, truth: pd.Series, shares: np.ndarray) -> pd.DataFrame:
    guess = np.where(shares[:, 1] >= 0.5, "Yes", "No")
    columns = {"row": rows, "y_true": truth.to_numpy(), "y_pred": guess}
    return pd.DataFrame({**columns, "p_No": shares[:, 0], "p_Yes": shares[:, 1]})


@made_once
def ames(run: Path, shared: Path) -> Path:
    """A regression model of house prices on eight columns."""
    names = ["LotArea", "OverallQual", "YearBuilt", "GrLivArea", "GarageCars", "Neighborhood"]
    frame = pd.read_csv(shared / "ames_house_prices.csv").head(900)
    X, y = frame[[*names, "KitchenQual", "CentralAir"]], frame["SalePrice"].astype(float)
    model = Pipeline([("prepare", prepare(X)), ("model", Ridge())])
    folds = cross_val_score(model, X[:700], y[:700], scoring="r2", cv=3)
    inner = cross_val_predict(model, X[:700], y[:700], cv=3)
    model.fit(X[:700], y[:700])
    guess = model.predict(X[700:])
    values = {"rmse": root_mean_squared_error(y[700:], guess), "r2": r2_score(y[700:], guess)}
    return write(
        run / "regression",
        model,
        card("regression", "SalePrice", X, metric="r2", algorithm="Ridge"),
        X,
        {
            "holdout.parquet": _numbers(np.arange(700, 900), y[700:], guess),
            "oof.parquet": _numbers(np.arange(700), y[:700], inner),
            "metrics.json": {"folds": {"r2": folds.tolist()}, "holdout": values, "ci": {}},
            "leaderboard.json": leaderboard({"Ridge": folds, "Baseline": np.zeros(3)}, "r2"),
            "importance.json": importance(list(X.columns)),
        },
    )


@made_once
def airline(run: Path, shared: Path, known: bool = False, anonymised: bool = False) -> Path:
    """A forecast of airline passengers a year ahead by ridge, made of training's own parts."""
    frame = pd.read_csv(shared / "airline_passengers.csv", parse_dates=[0])
    frame["flights"] = frame["Passengers"].shift(1).bfill() / 10  # told a month ahead
    table = dated_table(frame, run.parent / f"{run.name}.parquet", anonymised)
    request = TrainingRequest(
        "e1", "d1", (Task.TIME_SERIES,), "Passengers", "Month", folds=3,
        known_ahead=("flights",) if known else (),
    )  # fmt: skip
    made, _, _ = materials.material(materials.source(table, request), Task.TIME_SERIES)
    algorithm = next(a for a in algorithms(Task.TIME_SERIES) if a.id == "ridge")
    folds = {n: fit_fold(made, Recipe(algorithm), n) for n in range(len(made.folds))}
    target = table.public_names["Passengers"]
    into = Folder(run, "time_series")
    winner = Recipe(algorithm)
    parts = [fit_part(made, winner, False)]
    held = store(made, winner, parts, into.path / "model.skops")
    told = card(
        "time_series", target, made.features, metric="rmse", algorithm="Ridge",
        anonymised=anonymised, facts={"series": made.series.told},
    )  # fmt: skip
    kinds = {table.public_names["Month"]: "datetime"}
    typed = tuple(replace(f, dtype=kinds.get(f.name, f.dtype)) for f in told.features)
    told = replace(told, features=typed)
    into.card(told)
    write_outlook(into, made, made.series, told, held, folds)
    _write_scores(into, made, held, folds)
    (run / "train.log").write_text("started\nfinished\n")
    return into.seal()


def _write_scores(into: Folder, made: Any, held: Any, folds: dict[int, Any]) -> None:
    values = np.array([folds[n].scores["rmse"] for n in folds])
    board = leaderboard({"Baseline": values * 2, "Ridge": values}, "rmse")
    for line in board:
        line["is_winner"] = line["name"] == "Ridge"
    into.json("leaderboard.json", board)
    scores = {name: [folds[n].scores[name] for n in folds] for name in held.scores}
    into.json("metrics.json", {"folds": scores, "holdout": held.scores, "ci": {}})
    into.json("importance.json", importance(list(made.features)))
    into.table("holdout.parquet", answers(made.features.index, made.target, held, ()))


def dated_table(frame: pd.DataFrame, place: Path, anonymised: bool = False) -> Table:
    """The frame stored as a Table, its dates known as dates."""
    made = table_of(frame, place, anonymised)
    dates = set(frame.select_dtypes("datetime"))
    columns = [replace(c, type=ColumnType.DATETIME) if c.name in dates else c for c in made.columns]
    return replace(made, columns=tuple(columns))


def _numbers(rows: np.ndarray, truth: pd.Series, guess: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"row": rows, "y_true": truth.to_numpy(), "y_pred": guess})


@made_once
def wholesale(run: Path, shared: Path) -> Path:
    """Clusters, components and anomalies of wholesale customers; gives the clustering folder."""
    frame = pd.read_csv(shared / "wholesale_customers.csv", encoding="utf-8-sig")
    plane = make_pipeline(StandardScaler(), PCA(2, random_state=0)).fit_transform(frame)
    axes = {"row": np.arange(len(frame)), "pc1": plane[:, 0], "pc2": plane[:, 1]}
    for task, make in {
        "clustering": _clusters,
        "anomaly": _anomalies,
        "dimensionality_reduction": _components,
    }.items():
        _write_unsupervised(run / task, make(frame), frame, axes)
    return run / "clustering"


@dataclass(frozen=True)
class Unsupervised:
    """A fitted model without a target, its answers for every row, and its scores."""

    model: Any
    name: str
    answers: dict[str, Any]
    scores: dict[str, float]
    facts: dict[str, Any] = field(default_factory=dict)


def _fitted(frame: pd.DataFrame, learner: Any) -> Pipeline:
    return Pipeline([("prepare", prepare(frame)), ("model", learner)]).fit(frame)


def _clusters(frame: pd.DataFrame) -> Unsupervised:
    model = _fitted(frame, KMeans(3, n_init=3, random_state=0))
    return Unsupervised(model, "K-means", {"cluster": model.predict(frame)}, {"silhouette": 0.4})


def _anomalies(frame: pd.DataFrame) -> Unsupervised:
    model = _fitted(frame, IsolationForest(n_estimators=50, random_state=0))
    strange = {
        "anomaly": model.predict(frame) == -1,
        "anomaly_score": -model.decision_function(frame),
    }
    return Unsupervised(model, "Isolation forest", strange, {"agreement": 0.7})


def _components(frame: pd.DataFrame) -> Unsupervised:
    model = _fitted(frame, PCA(3, random_state=0))
    space, shares = model.transform(frame), model[-1].explained_variance_ratio_.tolist()
    columns = {f"component_{n + 1}": space[:, n] for n in range(3)}
    told = {"explained_variance": shares}
    return Unsupervised(model, "PCA", columns, {"explained_variance": sum(shares[:2])}, told)


def _write_unsupervised(
    folder: Path, made: Unsupervised, frame: pd.DataFrame, axes: dict[str, Any]
) -> None:
    metric, score = next(iter(made.scores.items()))
    line = {"name": made.name, "algorithm": made.name, "state": "succeeded", "is_winner": True}
    line |= {"score": score, "metric": metric, "metrics": made.scores, "folds": {}, "seconds": 0.1}
    told = card(folder.name, "", frame, algorithm=made.name, metric=metric, facts=made.facts)
    files = {
        "assignments.parquet": pd.DataFrame({**axes, **made.answers}),
        "metrics.json": {"folds": {}, "holdout": {}, "ci": {}, "fit": made.scores},
        "leaderboard.json": [line],
    }
    write(folder, made.model, told, frame, files)


def table_of(frame: pd.DataFrame, place: Path, anonymised: bool = False) -> Table:
    """The frame stored as a Table, typed by what pandas says."""
    frame.to_parquet(place)
    columns = []
    for n, name in enumerate(frame.columns):
        number = pd.api.types.is_numeric_dtype(frame[name])
        kind = ColumnType.NUMERIC if number else ColumnType.CATEGORICAL
        missing, distinct = int(frame[name].isna().sum()), int(frame[name].nunique())
        columns.append(Column(str(name), f"C{n + 1}", kind, missing, distinct))
    return Table("d1", "e1", place, "0" * 64, len(frame), tuple(columns), anonymised)
