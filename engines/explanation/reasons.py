"""Reason codes for one decision: which columns moved the answer, which way, how far, in words.

For adverse-action notices (Regulation B, 12 CFR 1002.9, asks for the specific principal reasons):
no column is held back; one that the questionnaire calls protected is named and marked.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd

from engines.core import scoring
from engines.core.access import Actor, Capability, needs
from engines.core.errors import InvalidInput
from engines.core.gate import Purpose
from engines.core.model_card import ModelCard
from engines.core.model_ref import ModelRef
from engines.explanation import store
from engines.explanation.attribution import Attribution, Explainer, explainer
from engines.explanation.load import load
from engines.explanation.port import Desk

MOST = 4


class Direction(StrEnum):
    """Which way a column moves the answer."""

    RAISES = "raises"
    LOWERS = "lowers"


@dataclass(frozen=True)
class Ready:
    """A loaded model that can explain records; `protected` are the marked columns among its own."""

    model: ModelRef
    card: ModelCard
    explainer: Explainer
    protected: frozenset[str]


@dataclass(frozen=True)
class Reason:
    """One column's share of one answer, in the explanation's space."""

    feature: str
    value: Any
    direction: Direction
    contribution: float
    is_protected: bool
    sentence: str


@dataclass(frozen=True)
class Reasons:
    """The answer to one record with its reasons, the strongest first.

    `shares` holds every column's value, so base plus their sum is the answer up to `gap`.
    """

    output: str
    space: str
    base: float
    answer: float
    shares: dict[str, float]
    values: dict[str, Any]
    gap: float
    error: float | None
    reasons: list[Reason]


@needs(Capability.RESULTS_READ)
def ready(desk: Desk, actor: Actor, model: ModelRef) -> Ready:
    """The model loaded for reasons; a page may keep it, since `reasons` asks the gate each time.

    Raises NotFound, NotAllowed (also by the gate), NotReady (not explained yet) or InvalidInput.
    """
    folder = store.opened(desk.folder, model)
    card, pipeline = load(desk, actor, model)
    told = json.loads((folder / "explanation.json").read_text("utf-8"))
    background = pd.read_parquet(folder / "background.parquet")
    made = explainer(card, pipeline, background)
    return Ready(model, card, made, frozenset(told["protected"]))


@needs(Capability.RESULTS_READ)
def reasons(
    desk: Desk,
    actor: Actor,
    model: ModelRef,
    record: Mapping[str, Any],
    adverse: Direction = Direction.RAISES,
    output: str = "",
    most: int = MOST,
    prepared: Ready | None = None,
    names: Mapping[str, str] | None = None,
) -> Reasons:
    """Why the model answers one record (its own column names, None for missing) as it does.

    `adverse` is the direction that hurts: the reasons are the columns that move the answer that
    way. `output` is one of the explained outputs; empty means the one with the highest answer.
    `names` (public to real) are used in sentences. `prepared` is what `ready` gave for this model.
    Raises NotFound, NotAllowed (also by the gate), NotReady or InvalidInput.
    """
    desk.gate.may_use(actor, model, Purpose.TRIAL)
    desk.runs.folder(actor, model.run_id)
    usable = prepared if prepared and prepared.model == model else ready(desk, actor, model)
    frame = _conforming(usable.card, record)
    found = usable.explainer.explain(frame)
    place = _place(usable.explainer.asked.names, found, output)
    return _told(usable, found, place, adverse, most, frame, dict(names or {}))


def _conforming(card: ModelCard, record: Mapping[str, Any]) -> pd.DataFrame:
    features = card.as_json()["features"]
    try:
        frame = scoring.conform(pd.DataFrame([dict(record)]), features)
    except scoring.SchemaFault as fault:
        raise InvalidInput(str(fault), hint="Correct the record and try again.") from fault
    unknown = scoring.unknown_categories(frame, features)
    if unknown:
        raise InvalidInput(unknown[0], hint="Choose one of the known categories.")
    return frame


def _place(names: tuple[str, ...], found: Attribution, output: str) -> int:
    if not output:
        return int(found.answers[0].argmax())
    if output not in names:
        raise InvalidInput(f"The model has no output “{output}”.", hint=f"It has {names}.")
    return names.index(output)


def _told(
    of: Ready,
    found: Attribution,
    place: int,
    adverse: Direction,
    most: int,
    frame: pd.DataFrame,
    names: dict[str, str],
) -> Reasons:
    values = found.values[0, :, place]
    row = {str(name): _plain(frame[name].iloc[0]) for name in frame}
    output = of.explainer.asked.names[place]
    sign = 1.0 if adverse == Direction.RAISES else -1.0
    order = [n for n in np.argsort(-sign * values, kind="stable") if sign * values[n] > 0]
    about = _about(of, names.get(output, output))
    return Reasons(
        output=names.get(output, output),
        space=about,
        base=float(found.base[place]),
        answer=float(found.answers[0, place]),
        shares={names.get(n, n): float(v) for n, v in zip(row, values, strict=True)},
        values={names.get(n, n): value for n, value in row.items()},
        gap=found.gap,
        error=None if found.errors is None else float(found.errors[0, :, place].max()),
        reasons=[
            _reason(of, list(row)[n], row[list(row)[n]], float(values[n]), about, names)
            for n in order[:most]
        ],
    )


def _reason(
    of: Ready, name: str, value: Any, share: float, about: str, names: dict[str, str]
) -> Reason:
    shown = names.get(name, name)
    way = Direction.RAISES if share > 0 else Direction.LOWERS
    said = "is missing" if value is None else f"is {_words(value)}"
    mark = " (a protected attribute)" if name in of.protected else ""
    sentence = f"“{shown}”{mark} {said}: it {way} the {about} by {abs(share):,.3g}."
    return Reason(shown, value, way, share, name in of.protected, sentence)


def _about(of: Ready, output: str) -> str:
    """What is moved, as in: log-odds of “Yes”."""
    space = of.explainer.space
    is_named = of.card.classes or len(of.explainer.asked.names) > 1
    return f"{space} of “{output}”" if is_named else f"answer ({space})"


def _plain(value: Any) -> Any:
    if pd.isna(value):
        return None
    return value.item() if isinstance(value, np.generic) else value


def _words(value: Any) -> str:
    return f"{value:,.6g}" if isinstance(value, int | float) else f"“{value}”"
