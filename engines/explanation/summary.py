"""What one explanation says, as the JSON and the tables that are sealed."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from engines.core.model_card import ModelCard
from engines.core.tables import Table
from engines.explanation.attribution import Attribution, Explainer
from engines.explanation.fairness import protected_columns
from engines.explanation.port import Origin
from engines.explanation.rows import Rows
from engines.explanation.stability import metric_of, spread

OUTPUTS = 10


@dataclass(frozen=True)
class Case:
    """One model with the rows it is explained on."""

    card: ModelCard
    model: Explainer
    rows: Rows
    table: Table
    origin: Origin

    @property
    def outputs(self) -> tuple[str, ...]:
        """The outputs that are kept."""
        return self.model.asked.names[:OUTPUTS]


def described(case: Case, found: Attribution) -> dict[str, Any]:
    """How the values were found, on how many rows, and how well they add up."""
    card, model, rows = case.card, case.model, len(found.values)
    return {
        "task": card.task,
        "algorithm": card.algorithm,
        "target": card.target,
        "anonymised": card.anonymised,
        "features": [feature.name for feature in card.features],
        "outputs": list(case.outputs),
        "space": model.space,
        "method": model.method,
        "exact": model.is_exact,
        "base": found.base.tolist(),
        "rows": rows,
        "rows_held": len(case.rows.held),
        "additivity_gap": found.gap,
        "additivity_scale": max(1.0, float(np.abs(found.answers).max(initial=0.0))),
        "standard_error": None if found.errors is None else float(found.errors.mean()),
        "importance": importance(case, found),
        "protected": protected(case),
    }


def protected(case: Case) -> list[str]:
    """The protected columns under the model's names, whether it was trained on them or not."""
    public = case.table.public_names if case.card.anonymised else {}
    named, _ = protected_columns(case.origin.protected, [c.name for c in case.table.columns])
    return [public.get(name, name) for name in named]


def importance(case: Case, found: Attribution) -> list[dict[str, Any]]:
    """Mean absolute value per column and output, with its standard error over rows."""
    sizes = np.abs(found.values)
    means = sizes.mean(axis=0)
    errors = sizes.std(axis=0) / np.sqrt(len(sizes))
    order = np.argsort(-means.mean(axis=1), kind="stable")
    names = list(case.rows.held.columns)
    return [
        {"feature": names[n], "output": output, "importance": means[n, k], "error": errors[n, k]}
        for n in order
        for k, output in enumerate(case.outputs)
    ]


def measured(case: Case, differences: pd.DataFrame, steady: pd.DataFrame) -> dict[str, Any]:
    """The facts on which policies may rest."""
    found: dict[str, Any] = {"fairness.attributes": int(differences["attribute"].nunique())}
    for measure in ("selection_rate_difference", "equal_opportunity_difference"):
        values = differences.loc[differences["measure"] == measure, "value"]
        found |= {f"fairness.{measure}": float(values.max())} if len(values) else {}
    reach = spread(steady)
    return found if reach is None else found | {f"stability.{metric_of(case.card)}_spread": reach}


def tables(case: Case, frame: pd.DataFrame, found: Attribution) -> dict[str, pd.DataFrame]:
    """The values (one line per row and output) and the rows they belong to."""
    names = list(frame.columns)
    parts = []
    for k, output in enumerate(case.outputs):
        told = {"row": frame.index, "output": output, "answer": found.answers[:, k]}
        values = pd.DataFrame(found.values[:, :, k], columns=[f"value:{name}" for name in names])
        parts.append(pd.concat([pd.DataFrame(told).reset_index(drop=True), values], axis=1))
    rows = frame.rename_axis("row number").reset_index()
    return {
        "values.parquet": pd.concat(parts, ignore_index=True),
        "rows.parquet": rows,
        "background.parquet": case.rows.background,
    }
