"""Shapley values of a stored model's answers, in the space where its parts add up exactly."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engines.core.model_card import ModelCard
from engines.explanation.answers import Asked, asked
from engines.explanation.exact import answer, margin, shares
from engines.explanation.links import Link, carried
from engines.explanation.parts import CannotTakeApart, Kind, Part, parts
from engines.explanation.sampled import BACKGROUND, PERMUTATIONS, sampled_shares

Numbers = NDArray[np.float64]
LINKED = 1e-4  # an answer further from its parts' than this is explained by sampling instead
PROBES = 50
SPACES = {
    Link.LOGISTIC: "log-odds",
    Link.SOFTMAX: "score before softmax",
    Link.EXPONENTIAL: "log of 1 + {unit}",
}
WORDS = {
    Kind.BOOSTER: "TreeSHAP (tree-path-dependent)",
    Kind.FOREST: "TreeSHAP (tree-path-dependent)",
    Kind.LINE: "linear Shapley values",
}


@dataclass(frozen=True)
class Attribution:
    """Base (outputs), values (rows, columns, outputs) and answers (rows, outputs) in one space.

    `errors` are the standard errors of sampled values, None where values are exact.
    """

    base: Numbers
    values: Numbers
    answers: Numbers
    errors: Numbers | None = None

    @property
    def gap(self) -> float:
        """Greatest |answer − base − sum of the row's values|."""
        return float(np.abs(self.answers - self.base - self.values.sum(axis=1)).max(initial=0.0))


@dataclass(frozen=True)
class Explainer:
    """A stored model ready to explain rows; `parts` is empty when it is explained by sampling."""

    asked: Asked
    parts: tuple[Part, ...]
    background: pd.DataFrame
    reason: str = ""  # the part because of which it is sampled

    @property
    def is_exact(self) -> bool:
        """True when values are computed, not sampled."""
        return bool(self.parts)

    @property
    def space(self) -> str:
        """The space in which base and values add up to the answer."""
        if len(self.parts) == 1 and self.parts[0].link in SPACES:
            return SPACES[self.parts[0].link].format(unit=self.asked.unit)
        return self.asked.unit

    @property
    def method(self) -> str:
        """How the values are found, in words."""
        if not self.parts:
            behind = min(BACKGROUND, len(self.background))
            return (
                f"permutation sampling on raw columns ({PERMUTATIONS} permutations, both ways, "
                f"{behind} background rows), because of {self.reason}"
            )
        kinds = " and ".join(dict.fromkeys(WORDS[part.kind] for part in self.parts))
        if len(self.parts) == 1:
            return kinds
        bent = any(part.link != Link.SAME for part in self.parts)
        carry = ", each carried from its own margin into the answer along a line" if bent else ""
        return f"weighted sum of {len(self.parts)} members: {kinds}{carry}"

    def explain(self, frame: pd.DataFrame) -> Attribution:
        """Explain conforming rows."""
        if not self.parts:
            base, values, errors = sampled_shares(self.asked.ask, frame, self.background)
            return Attribution(base, values, self.asked.ask(frame), errors)
        if len(self.parts) == 1:
            base, values = shares(self.parts[0], frame, self.background)
            return Attribution(base, values, margin(self.parts[0], frame))
        return self._blended(frame)

    def _blended(self, frame: pd.DataFrame) -> Attribution:
        base: Any = 0.0
        values: Any = 0.0
        for part in self.parts:
            own = carried(part.link, *shares(part, frame, self.background))
            base, values = base + part.weight * own[0], values + part.weight * own[1]
        return Attribution(base, values, self.asked.ask(frame))


def explainer(card: ModelCard, model: Any, background: pd.DataFrame) -> Explainer:
    """The explainer for a stored model; `background` are conforming rows of its training part.

    A model whose parts do not give its own answers on the background is explained by sampling.
    """
    ready = Explainer(asked(card, model, background), (), background)
    try:
        found = tuple(parts(model))
        exact = replace(ready, parts=found)
        exact.explain(background.head(2))
    except CannotTakeApart as reason:
        return replace(ready, reason=str(reason))
    probes = background.head(PROBES)
    together = sum(part.weight * answer(part, probes) for part in found)
    if np.abs(together - ready.asked.ask(probes)).max() > LINKED * _size(ready.asked, probes):
        return replace(ready, reason="parts that do not add up to the model's answer")
    return exact


def in_turns(
    of: Explainer, frame: pd.DataFrame, rows: int, may_go_on: Callable[[int], bool]
) -> Iterator[Attribution]:
    """Explain the frame `rows` at a time, for as long as `may_go_on(rows done)`."""
    for first in range(0, len(frame), rows):
        if first and not may_go_on(first):
            return
        yield of.explain(frame.iloc[first : first + rows])


def joined(found: list[Attribution]) -> Attribution:
    """Attributions of consecutive rows as one."""
    errors = [one.errors for one in found if one.errors is not None]
    return Attribution(
        found[0].base,
        np.concatenate([one.values for one in found]),
        np.concatenate([one.answers for one in found]),
        np.concatenate(errors) if errors else None,
    )


def _size(model: Asked, rows: pd.DataFrame) -> float:
    """How big answers are: 1 for probabilities, the largest magnitude for numbers."""
    return max(1.0, float(np.abs(model.ask(rows)).max()))
