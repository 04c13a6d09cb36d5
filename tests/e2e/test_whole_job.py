"""The whole job, from sign-in to a prediction made elsewhere, on three kinds of data."""

from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from tests.e2e import journey

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]
SAMPLES = Path(__file__).parents[2] / "data" / "samples"


@pytest.fixture
def rows(tmp_path: Path):
    """A CSV of a few rows of a sample, without the column that is predicted."""

    def cut(name: str, target: str = "") -> Path:
        frame = pd.read_csv(SAMPLES / name, dtype=str, keep_default_na=False, encoding="utf-8-sig")
        kept = frame.drop(columns=target) if target else frame
        kept.head(25).to_csv(tmp_path / "rows.csv", index=False)
        return tmp_path / "rows.csv"

    return cut


def test_binary_from_an_uploaded_file_to_a_prediction_elsewhere(
    visitor: Page, take_picture: journey.Picture, rows, tmp_path: Path
) -> None:
    journey.sign_in(visitor, "analyst", then="/experiments")
    journey.create_experiment(visitor, "Customer churn")
    take_picture(visitor, "data-empty")
    journey.upload(visitor, SAMPLES / "telco_churn.csv")
    take_picture(visitor, "data-in-use")
    journey.explore(visitor)
    take_picture(visitor, "eda-in-use")
    journey.train(visitor)
    take_picture(visitor, "training-in-use")
    journey.go_on(visitor, "Results", "Results")
    expect(journey.main(visitor).get_by_text("ROC AUC").first).to_be_visible()
    take_picture(visitor, "results-in-use")
    everything = journey.download(visitor, "Everything of this run", tmp_path)
    names = {str(path.relative_to(everything)) for path in everything.rglob("*") if path.is_file()}
    assert {"binary/model.skops", "binary/predict.py", "binary/requirements.txt"} <= names
    assert any(name.startswith("clustering/") for name in names)
    assert any(name.startswith("eda/") or "explor" in name for name in names)
    csv = rows("telco_churn.csv", "Churn")
    answers = journey.predict_elsewhere(everything / "binary", csv, tmp_path / "venv")
    found = pd.read_csv(answers)
    assert len(found) == 25
    assert set(found["prediction"]) <= {"Yes", "No"}
    assert found["p_Yes"].between(0, 1).all()


def test_regression_from_a_sample_to_a_prediction_elsewhere(
    visitor: Page, rows, tmp_path: Path
) -> None:
    journey.sign_in(visitor, "analyst", then="/experiments")
    journey.create_experiment(visitor, "House prices")
    journey.take_sample(visitor, "Ames house prices")
    journey.explore(visitor)
    journey.train(visitor, "Unsupervised")
    journey.go_on(visitor, "Results", "Results")
    model = journey.download(visitor, "Model with predict.py", tmp_path)
    csv = rows("ames_house_prices.csv", "SalePrice")
    found = pd.read_csv(journey.predict_elsewhere(model, csv, tmp_path / "venv"))
    truth = pd.read_csv(SAMPLES / "ames_house_prices.csv")["SalePrice"].head(25)
    error = (found["prediction"] - truth).abs() / truth
    assert error.median() < 0.15


def test_clustering_from_a_file_with_a_byte_order_mark_to_groups_elsewhere(
    visitor: Page, rows, tmp_path: Path
) -> None:
    journey.sign_in(visitor, "analyst", then="/experiments")
    journey.create_experiment(visitor, "Kinds of customers")
    journey.upload(visitor, SAMPLES / "wholesale_customers.csv")
    journey.explore(visitor)
    journey.train(visitor, "Supervised")
    journey.go_on(visitor, "Results", "Results")
    expect(journey.main(visitor).get_by_text("clusters in 440 rows")).to_be_visible()
    model = journey.download(visitor, "Model with predict.py", tmp_path)
    csv = rows("wholesale_customers.csv")
    found = pd.read_csv(journey.predict_elsewhere(model, csv, tmp_path / "venv"))
    assert len(found) == 25
