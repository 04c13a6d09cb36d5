"""The last fit and what it tells of the columns, on the phoneme table."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engines.core.errors import InvalidInput
from engines.training import Task, TrainingRequest, importance, last_fit
from engines.training.catalogue import Algorithm, algorithms
from engines.training.folds import Material
from engines.training.importance import shuffled_loss
from engines.training.last_fit import fit_part, store
from engines.training.materials import material, source
from engines.training.pool import Job, Pool
from engines.training.recipes import Recipe, pipeline
from tests.engines.training.conftest import EXPERIMENT, as_table

NAMED = {algorithm.id: algorithm for algorithm in algorithms(Task.BINARY)}
BLEND = Algorithm("blend", "Blend", ())


@pytest.fixture
def phoneme(shared_data: Path, tmp_path: Path) -> Material:
    frame = pd.read_csv(shared_data / "pmlb_phoneme.csv").head(900)
    frame["target"] = frame["target"].map({0: "oral", 1: "nasal"})
    frame["noise"] = np.random.default_rng(7).normal(size=len(frame))
    request = TrainingRequest(EXPERIMENT, "data-one", (Task.BINARY,), "target")
    return material(source(as_table(frame, tmp_path / "t.parquet"), request), Task.BINARY)[0]


def test_blend_from_its_members_own_fits_answers_as_one_fitted_whole(
    phoneme: Material, tmp_path: Path
) -> None:
    trees = Recipe(NAMED["lightgbm"], {"n_estimators": 20})
    blend = Recipe(BLEND, {}, ((trees, 2), (Recipe(NAMED["lr"]), 1)))
    parts = [fit_part(phoneme, member, True) for member, _ in blend.members]
    found = store(phoneme, blend, parts, tmp_path / "model.skops")
    whole = pipeline(blend, phoneme.blueprint)
    whole.fit(phoneme.features.iloc[phoneme.train], phoneme.target[phoneme.train])
    expected = whole.predict_proba(phoneme.features.iloc[phoneme.holdout])
    np.testing.assert_allclose(found.shares, expected, rtol=1e-12)
    answers = phoneme.model(tmp_path / "model.skops").predict(phoneme.features.head())
    assert set(answers) <= {"oral", "nasal"}


def test_a_part_that_cannot_be_fitted_gives_one_sentence(phoneme: Material) -> None:
    wrong = Job("part", fit_part, (Recipe(NAMED["lightgbm"], {"num_leaves": -3}), False))
    with Pool(phoneme, 1) as pool, pytest.raises(InvalidInput, match="could not be fitted"):
        last_fit.everything([wrong], pool)


def test_shuffling_a_telling_column_loses_more_than_shuffling_noise(
    phoneme: Material, tmp_path: Path
) -> None:
    file = tmp_path / "model.skops"
    recipe = Recipe(NAMED["lightgbm"], {"n_estimators": 60})
    store(phoneme, recipe, [fit_part(phoneme, recipe, False)], file)
    names = tuple(phoneme.blueprint.roles.names)
    together = shuffled_loss(phoneme, file, "roc_auc", names, 180, 3)
    assert set(together) == set(names)
    assert {len(drops) for drops in together.values()} == {3}
    losses = {name: float(np.mean(drops)) for name, drops in together.items()}
    assert max(losses.values()) > 0.03 > losses["noise"]
    alone = shuffled_loss(phoneme, file, "roc_auc", names[:1], 180, 3)
    assert alone[names[0]] == pytest.approx(together[names[0]])


def test_the_cost_of_the_importance_is_bounded_for_wide_tables(phoneme: Material) -> None:
    rows, calls = importance.cost(phoneme)
    assert 0 < calls <= 2 * len(phoneme.blueprint.roles.names)
    assert rows <= len(phoneme.holdout) * (3 * len(phoneme.blueprint.roles.names) + calls)
