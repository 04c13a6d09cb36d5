"""What documents tell of a model's explanation, under names that may leave."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from engines import explanation
from engines.core.access import Actor
from engines.core.facts import why_not_applicable
from engines.core.model_ref import ModelRef
from engines.explanation import Explanation
from engines.governance.documents import ExplanationFacts
from engines.wiring import Services

Rows = tuple[dict[str, Any], ...]
Names = Mapping[str, str]  # real name to the one that may leave
PERIODS = "drift.psi_max_period"


def explanation_of(svc: Services, actor: Actor, model: ModelRef) -> Explanation | None:
    """The model's explanation, when there is one of the model as it is."""
    if not explanation.exists(svc.explaining, actor, model):
        return None
    found = explanation.read(svc.explaining, actor, model)
    return found if found.is_current else None


def explained(found: Explanation, names: Names) -> ExplanationFacts:
    """An explanation as sentences and rows; notes name columns, so they stay when names may not."""
    told = found.told
    how = "exact" if told["exact"] else "estimated from a sample"
    first = (
        f"Method: {told['method']}, {how}, on {told['rows']:,} rows; the largest difference "
        f"between the answer and the sum of its parts is {told['additivity_gap']:.2g}."
    )
    ranked = found.importance.groupby("feature", sort=False)["importance"].mean()
    shares = ranked.sort_values(ascending=False).items()
    return ExplanationFacts(
        sentences=(first, *(told["notes"] if all(k == v for k, v in names.items()) else ())),
        importance=tuple({"feature": public(names, n), "importance": v} for n, v in shares),
        fairness=_fairness(found.differences, names),
        stability=_stability(found.stability, names),
        **_drifted(found, names),
    )


def _fairness(differences: pd.DataFrame, names: Names) -> Rows:
    return tuple(
        {
            "attribute": public(names, line["attribute"]),
            "measure": str(line["measure"]).replace("_", " "),
            "value": line["value"],
        }
        for line in differences.to_dict("records")
    )


def _stability(found: pd.DataFrame, names: Names) -> Rows:
    return tuple(
        {
            "segment": f"{public(names, line['column'])}: {line['segment']}",
            "rows": int(line["count"]),
            "score": line["value"],
        }
        for line in found.to_dict("records")
    )


def _drifted(found: Explanation, names: Names) -> dict[str, Any]:
    """The stability indices under names that may leave, per column and over time."""
    columns = [public(names, name) for name in found.drift["column"]]
    shown = replace(found, drift=found.drift.assign(column=columns))
    over_time = _rows(explanation.drift_over_time(shown))
    why = why_not_applicable(found.told["facts"].get(PERIODS))
    return {
        "drift": _rows(explanation.drift_by_column(shown)),
        "drift_periods": over_time,
        "drift_note": f"Not applicable: {why}." if why and not over_time else "",
    }


def _rows(frame: pd.DataFrame) -> Rows:
    return tuple({str(k): v for k, v in row.items()} for row in frame.to_dict("records"))


def public(names: Names, name: Any) -> str:
    """The name that may leave; what is no column stays as it is."""
    return names.get(str(name), str(name))
