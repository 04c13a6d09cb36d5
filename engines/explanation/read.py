"""Read a sealed explanation: as a whole, as facts for policies, as hashes for an approval."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from engines.core.access import Actor, Capability, needs
from engines.core.files import sha256_of
from engines.core.model_ref import ModelRef
from engines.explanation import store
from engines.explanation.drift import COLUMNS as DRIFT
from engines.explanation.interactions import COLUMNS, PAIRS, SECOND
from engines.explanation.load import folder_of
from engines.explanation.port import Desk

Fact = float | bool | str | None
VALUE = "value:"


@dataclass(frozen=True)
class Explanation:
    """One model's explanation, under the names it was read with.

    `told` is the summary (space, method, base, gap …); `importance` has feature, output,
    importance, error; `interactions` one, two, strength, error; `groups`, `curves`, `differences`,
    `stability` and `drift` as Fairness and the functions of those names describe. `values` (row,
    output, answer, a column per feature) and `rows` (the features' own values) are empty for those
    who may not see data.
    """

    told: dict[str, Any]
    importance: pd.DataFrame
    interactions: pd.DataFrame
    groups: pd.DataFrame
    curves: pd.DataFrame
    differences: pd.DataFrame
    stability: pd.DataFrame
    drift: pd.DataFrame
    values: pd.DataFrame
    rows: pd.DataFrame
    is_current: bool

    @property
    def features(self) -> list[str]:
        """The model's columns, the most important first."""
        return list(dict.fromkeys(self.importance["feature"]))

    @property
    def outputs(self) -> list[str]:
        """What is explained: the positive class, the classes, or the number."""
        return list(self.told["outputs"])


@needs(Capability.RESULTS_READ)
def exists(desk: Desk, actor: Actor, model: ModelRef) -> bool:
    """True when the model has an explanation. Raises NotFound or NotAllowed."""
    folder_of(desk, actor, model)
    return store.exists(desk.folder, model)


@needs(Capability.RESULTS_READ)
def read(
    desk: Desk, actor: Actor, model: ModelRef, names: Mapping[str, str] | None = None
) -> Explanation:
    """The sealed explanation, shown under `names` (public to real), for a page that may.

    Raises NotFound, NotAllowed, NotReady (none yet) or InvalidInput (a file was changed).
    """
    own = folder_of(desk, actor, model)
    folder, shown = store.opened(desk.folder, model), dict(names or {})
    told = json.loads((folder / "explanation.json").read_text("utf-8"))
    told["space"] = _space(told["space"], told["target"], shown)
    told["target"] = shown.get(told["target"], told["target"])
    told.setdefault("paired", {"method": SECOND, "rows": PAIRS, "columns": COLUMNS})
    told["outputs"] = [shown.get(name, name) for name in told["outputs"]]
    may_see = actor.may(Capability.DATA_READ)
    values = _values(folder, shown) if may_see else pd.DataFrame()
    rows = _frame(folder, "rows") if may_see else pd.DataFrame()
    return Explanation(
        told=told,
        importance=_named(pd.DataFrame(told["importance"]), shown, "feature", "output"),
        interactions=_named(pd.DataFrame(told["interactions"]), shown, "one", "two"),
        groups=_named(_frame(folder, "fairness"), shown, "attribute", "output"),
        curves=_named(_frame(folder, "calibration"), shown, "attribute", "output"),
        differences=_named(_frame(folder, "differences"), shown, "attribute", "output"),
        stability=_named(_frame(folder, "stability"), shown, "column"),
        drift=_named(_drift(folder), shown, "column"),
        values=values,
        rows=rows.rename(columns=shown),
        is_current=store.is_current(desk.folder, model, own),
    )


@needs(Capability.RESULTS_READ)
def facts(desk: Desk, actor: Actor, model: ModelRef) -> dict[str, Fact]:
    """What policies may rest on, by name; empty without an explanation of the model as it is.

    `explanation.additivity_gap` is relative to the largest answer where that is above 1.
    Raises NotFound, NotAllowed or InvalidInput (a file was changed).
    """
    own = folder_of(desk, actor, model)
    if not store.exists(desk.folder, model) or not store.is_current(desk.folder, model, own):
        return {}
    folder = store.opened(desk.folder, model)
    told = json.loads((folder / "explanation.json").read_text("utf-8"))
    gap = told["additivity_gap"] / told["additivity_scale"]
    return {**told["facts"], "explanation.additivity_gap": gap, "explanation.rows": told["rows"]}


@needs(Capability.RESULTS_READ)
def hashes(desk: Desk, actor: Actor, model: ModelRef) -> dict[str, str]:
    """SHA-256 of every sealed file, the manifest's own included; empty without an explanation."""
    folder_of(desk, actor, model)
    if not store.exists(desk.folder, model):
        return {}
    place = store.place(desk.folder, model)
    files = store.manifest(desk.folder, model)["files"]
    return {**files, store.MANIFEST: sha256_of(place / store.MANIFEST)}


def _values(folder: Path, shown: dict[str, str]) -> pd.DataFrame:
    found = _named(_frame(folder, "values"), shown, "output")
    plain = {name: name.removeprefix(VALUE) for name in map(str, found) if name.startswith(VALUE)}
    return found.rename(columns={k: shown.get(v, v) for k, v in plain.items()})


def _space(space: str, target: str, shown: dict[str, str]) -> str:
    """The space's words, with the target's shown name where it is named."""
    if not target or target not in shown:
        return space
    return " ".join(shown[target] if word == target else word for word in space.split(" "))


def _drift(folder: Path) -> pd.DataFrame:
    """Empty where the explanation was sealed before drift was measured."""
    is_there = (folder / "drift.parquet").exists()
    return _frame(folder, "drift") if is_there else pd.DataFrame(columns=DRIFT)


def _frame(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_parquet(folder / f"{name}.parquet")


def _named(frame: pd.DataFrame, shown: dict[str, str], *columns: str) -> pd.DataFrame:
    told = {c: frame[c].map(lambda name: shown.get(name, name)) for c in columns if c in frame}
    return frame.assign(**told)
