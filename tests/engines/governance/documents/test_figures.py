"""Figures for paper, drawn from what a training left behind."""

from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from engines.core.model_card import read_card
from engines.governance import documents
from engines.governance.documents import Material
from tests.harness.run_folders import telco


@pytest.fixture(scope="module")
def churn(tmp_path_factory, shared_data):
    folder = telco(tmp_path_factory.mktemp("run"), shared_data)
    rows = (
        {"candidate": "A $x$", "score": 0.8, "low": 0.7, "high": 0.9, "winner": True},
        {"candidate": "B", "score": 0.5, "low": None, "high": None, "winner": False},
        {"candidate": "failed", "score": None, "low": None, "high": None, "winner": False},
    )
    ranked = ({"feature": "x" * 60, "importance": 0.2, "std": 0.01},)
    return Material(
        read_card(folder).classes,
        pd.read_parquet(folder / "holdout.parquet"),
        "ROC AUC",
        rows,
        ranked,
        ranked,
    )


def test_every_figure_of_a_classifier_is_a_picture(churn):
    keys = documents.captions(churn)
    assert list(keys) == [
        "leaderboard", "roc", "precision_recall", "calibration", "confusion", "importance", "shap",
    ]  # fmt: skip
    for key in keys:
        picture = Image.open(BytesIO(documents.picture(churn, key)))
        assert picture.width == 921
        assert 150 < picture.height <= 576
        assert len(picture.convert("L").getcolors()) > 10  # something is drawn


def test_figures_of_a_regressor_compare_with_the_truth():
    truth = np.linspace(0, 1, 3000)
    frame = pd.DataFrame({"row": range(3000), "y_true": truth, "y_pred": truth + 0.1})
    material = Material((), frame)
    assert list(documents.captions(material)) == ["residuals", "truth"]
    assert documents.picture(material, "truth") == documents.picture(material, "truth")


def test_figure_that_cannot_be_drawn_is_none(churn):
    empty = Material((), pd.DataFrame())
    assert documents.captions(empty) == {}
    assert documents.picture(empty, "roc") is None
    assert documents.picture(churn, "../secret") is None
