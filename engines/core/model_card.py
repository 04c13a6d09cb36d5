"""What a stored model says of itself (`model.json`): the noun training writes and others read."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from engines.core.errors import NotFound

CARD_FILE = "model.json"
MODEL_FILE = "model.skops"


@dataclass(frozen=True)
class Feature:
    """One column the model expects, under the name it was fitted with.

    `dtype` is a ColumnType value (integer, numeric, boolean, categorical, datetime, text);
    `example` a usual value; `categories` the values seen in training, empty when open-ended.
    `marks` are the texts that meant "missing" in the data, `pattern` how its dates were written
    (strptime codes; empty: ISO 8601) or the unit beside its numbers.
    """

    name: str
    dtype: str
    example: Any = None
    categories: tuple[Any, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    marks: tuple[str, ...] = ()
    pattern: str = ""


@dataclass(frozen=True)
class ModelCard:
    """A model's task, inputs and outputs, and what it was made with.

    `classes` are in the order of `predict_proba`'s columns; for two classes the second is the
    positive one and is answered from `threshold` on. `versions` maps library to exact version.
    """

    task: str
    target: str
    features: tuple[Feature, ...]
    classes: tuple[Any, ...]
    metric: str
    algorithm: str
    versions: dict[str, str]
    threshold: float = 0.5
    anonymised: bool = False
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def is_supervised(self) -> bool:
        """True when the model predicts a target."""
        return bool(self.target)

    def as_json(self) -> dict[str, Any]:
        """The card as a JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "ModelCard":
        """The card back from its JSON object; what this version does not know becomes a fact."""
        own = {name: value[name] for name in cls.__dataclass_fields__ if name in value}
        features = tuple(_feature(one) for one in value["features"])
        extra = {name: value[name] for name in value if name not in own}
        facts = {**own.pop("facts", {}), **extra}
        own["classes"] = tuple(value.get("classes") or ())
        own["target"] = value.get("target") or ""
        own["threshold"] = value.get("threshold") or 0.5
        return cls(**{**own, "features": features, "facts": facts})


def _feature(value: Mapping[str, Any]) -> Feature:
    own = {name: value[name] for name in Feature.__dataclass_fields__ if name in value}
    lists = {key: tuple(value.get(key) or ()) for key in ("categories", "marks")}
    return Feature(**{**own, **lists})


def card_of(content: bytes) -> ModelCard:
    """The card in the bytes of its file."""
    return ModelCard.from_json(json.loads(content))


def read_card(folder: Path) -> ModelCard:
    """The card in a task's run folder. Raises NotFound when there is no model."""
    try:
        return ModelCard.from_json(json.loads((folder / CARD_FILE).read_text("utf-8")))
    except FileNotFoundError as error:
        raise NotFound(
            "This run has no model for that task.", hint="Choose another run, or train again."
        ) from error
