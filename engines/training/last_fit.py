"""The last fit: the winner on the whole training part, stored, then asked the hold-out once."""

import time
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED

import numpy as np
import skops.io
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import LabelEncoder

from engines.core.errors import InvalidInput
from engines.training.contest import Entrant
from engines.training.folds import FoldResult, Material, ask, judged
from engines.training.ledger import Ledger
from engines.training.pool import Job, Pool
from engines.training.recipes import Recipe, assembled, pipeline
from engines.training.tasks import CLASSIFICATION


def fit(ledger: Ledger, pool: Pool, made: Material, winner: Entrant, file: Path) -> FoldResult:
    """Fit the winner, a blend's members side by side, and store it in `file`.

    Raises InvalidInput when it cannot be fitted or stored.
    """
    began, name, recipe = time.monotonic(), winner.candidate.name, winner.recipe
    ledger.say(0.86, f"fitting {name} on the whole training part")
    members = [member for member, _ in recipe.members] or [recipe]
    jobs = [Job(n, fit_part, (m, len(members) > 1)) for n, m in enumerate(members)]
    parts = everything(jobs, pool)
    stored = Job("whole", store, (recipe, [parts[n] for n in range(len(jobs))], file))
    found: FoldResult = everything([stored], pool)["whole"]
    score, took = found.scores.get(ledger.metric.id, float("nan")), time.monotonic() - began
    ledger.log(f"Hold-out, scored once: {ledger.metric.title} {score:.4g} ({took:.1f} s)")
    return found


def fit_part(material: Material, recipe: Recipe, is_member: bool) -> Pipeline:
    """Fit one recipe on the training part; a classifier's member on numbered labels."""
    target = material.target[material.train]
    if is_member and material.blueprint.task in CLASSIFICATION:
        target = LabelEncoder().fit_transform(target)
    return pipeline(recipe, material.blueprint).fit(material.features.iloc[material.train], target)


def store(material: Material, recipe: Recipe, parts: list[Pipeline], file: Path) -> FoldResult:
    """Put the parts together, store the model, and answer the hold-out with what was stored."""
    began = time.monotonic()
    made = assembled(recipe, material.blueprint, parts, material.target[material.train])
    # Its description of many trees is mostly blanks; packed it is a tenth of the size or less.
    skops.io.dump(made, file, compression=ZIP_DEFLATED, compresslevel=1)
    # A model that could not be read back fails here.
    stored, rows = material.model(file), material.holdout
    if material.series:
        predicted = material.series.forecast(stored.predict, material.features, rows)
        return judged(material, rows, predicted, np.empty((0, 0)), began)
    predicted, shares = ask(stored, material.features.iloc[rows], material.classes)
    return judged(material, rows, predicted, shares, began)


def everything(jobs: list[Job], pool: Pool) -> dict[Any, Any]:
    """Every job's value by its tag. Raises InvalidInput when one failed."""
    found = {}
    for done in pool.run(jobs):
        if done.error:
            raise InvalidInput(
                f"The winner could not be fitted or stored: {done.error}.", hint="Train again."
            )
        found[done.tag] = done.value
    return found
