"""Stored models answer frames, samples and single records, and refuse what does not fit."""

import os
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.preprocessing import FunctionTransformer

from engines import inference
from engines.core.errors import InvalidInput, NotAllowed, NotFound
from tests.harness.gates import READER, ClosedGate, OpenGate, SwappingGate, stored
from tests.harness.run_folders import ames, table_of, telco, wholesale


class Folders:
    """Runs that anybody may see."""

    def __init__(self, root):
        self.root = root

    def folder(self, actor, run_id):
        return self.root / run_id


@pytest.fixture(scope="module")
def runs(tmp_path_factory, shared_data):
    root = tmp_path_factory.mktemp("runs")
    telco(root / "r1", shared_data)
    ames(root / "r1", shared_data)
    wholesale(root / "r1", shared_data)
    return Folders(root)


@pytest.fixture(scope="module")
def churn(shared_data):
    frame = pd.read_csv(shared_data / "telco_churn.csv").drop(columns="customerID").head(60)
    frame["TotalCharges"] = pd.to_numeric(frame["TotalCharges"], errors="coerce")
    return frame


def example(runs, task="binary"):
    card = stored(runs.root, "r1", task).card
    return {feature.name: feature.example for feature in card.features}


def test_predict_frame_equals_the_pipeline(runs, churn):
    model = stored(runs.root, "r1", "binary")
    answers = inference.predict_frame(model, churn)
    direct = model.pipeline.predict_proba(churn.drop(columns="Churn"))
    assert np.allclose(answers["p_Yes"], direct[:, 1])
    assert set(answers["prediction"]) <= {"Yes", "No"}


def test_predict_frame_uses_the_threshold_of_the_card(runs, churn):
    model = stored(runs.root, "r1", "binary")
    everyone = replace(model, card=replace(model.card, threshold=1e-9))
    assert set(inference.predict_frame(everyone, churn)["prediction"]) == {"Yes"}


@pytest.mark.parametrize(
    ("task", "columns"),
    [
        ("regression", ["prediction"]),
        ("clustering", ["cluster"]),
        ("anomaly", ["anomaly", "anomaly_score"]),
        ("dimensionality_reduction", ["component_1", "component_2", "component_3"]),
    ],
)
def test_predict_frame_answers_every_task(runs, task, columns):
    model = stored(runs.root, "r1", task)
    answers = inference.predict_frame(model, pd.DataFrame([example(runs, task)]))
    assert list(answers) == columns
    assert len(answers) == 1


def test_predict_sample_shows_real_names_of_an_anonymised_model(
    runs, churn, tmp_path, analyst, shared_data
):
    table = table_of(churn, tmp_path / "t.parquet", anonymised=True)
    telco(tmp_path / "r2", shared_data, aliases=table.public_names)
    found = inference.predict_sample(
        Folders(tmp_path), OpenGate(), analyst, "r2", "binary", table, rows=10
    )
    assert list(found)[:3] == ["prediction", "p_No", "p_Yes"]
    assert list(found)[3:] == list(churn)
    assert len(found) == 10


def test_predict_sample_keeps_a_column_called_prediction_apart(runs, churn, tmp_path, analyst):
    table = table_of(churn.assign(prediction=1), tmp_path / "t.parquet")
    found = inference.predict_sample(runs, OpenGate(), analyst, "r1", "binary", table, rows=5)
    assert "prediction (model)" in found
    assert found.columns.is_unique


def test_predict_sample_needs_the_right_to_see_data(runs, make_actor, churn, tmp_path):
    table = table_of(churn, tmp_path / "t.parquet")
    with pytest.raises(NotAllowed):
        inference.predict_sample(runs, OpenGate(), make_actor("deployer"), "r1", "binary", table)


def test_predict_record_answers_with_class_and_probabilities(runs, analyst):
    answer = inference.predict_record(runs, OpenGate(), analyst, "r1", "binary", example(runs))
    assert answer["prediction"] in ("Yes", "No")
    assert answer["p_Yes"] + answer["p_No"] == pytest.approx(1)


def test_predict_record_accepts_missing_values(runs, analyst):
    record = {**example(runs), "TotalCharges": None, "Contract": None}
    assert inference.predict_record(runs, OpenGate(), analyst, "r1", "binary", record)


@pytest.mark.parametrize(
    ("column", "value", "sentence"),
    [
        ("tenure", "long", "“tenure” must be a number; row 1 has “long”."),
        ("MonthlyCharges", "inf", "“MonthlyCharges” must be a finite number"),
        ("Contract", "Weekly", "“Contract” has a category the model never saw, “Weekly”"),
    ],
)
def test_predict_record_refuses_what_does_not_fit(runs, analyst, column, value, sentence):
    with pytest.raises(InvalidInput) as refused:
        inference.predict_record(
            runs, OpenGate(), analyst, "r1", "binary", {**example(runs), column: value}
        )
    assert sentence in refused.value.message


def test_predict_record_names_the_missing_column(runs, analyst):
    record = example(runs)
    record["Tenure"] = record.pop("tenure")
    with pytest.raises(InvalidInput, match="“tenure” is missing; is “Tenure” meant"):
        inference.predict_record(runs, OpenGate(), analyst, "r1", "binary", record)


@pytest.mark.parametrize("task", ["../r1/binary", "multiclass", ""])
def test_predict_record_of_an_unknown_task_is_not_found(runs, analyst, task):
    with pytest.raises(NotFound):
        inference.predict_record(runs, OpenGate(), analyst, "r1", task, {})


def test_load_refuses_types_that_are_not_ours(runs, tmp_path):
    card = (runs.root / "r1" / "binary" / "model.json").read_bytes()
    folder = tmp_path / "r1" / "binary"
    folder.mkdir(parents=True)
    (folder / "model.json").write_bytes(card)
    skops.io.dump(FunctionTransformer(os.path.join), folder / "model.skops")
    with pytest.raises(InvalidInput, match=r"posixpath\.join"):
        stored(tmp_path, "r1", "binary")


def test_load_without_the_model_file_is_not_found(runs, tmp_path):
    card = (runs.root / "r1" / "binary" / "model.json").read_bytes()
    (tmp_path / "r1" / "binary").mkdir(parents=True)
    (tmp_path / "r1" / "binary" / "model.json").write_bytes(card)
    with pytest.raises(NotFound, match="file is gone"):
        stored(tmp_path, "r1", "binary")


def test_closed_gate_refuses_before_the_model_is_read(runs, analyst, tmp_path, churn):
    folder = tmp_path / "r1" / "binary"
    folder.mkdir(parents=True)
    (folder / "model.json").write_bytes((runs.root / "r1/binary/model.json").read_bytes())
    (folder / "model.skops").write_bytes(b"not a model")
    table = table_of(churn, tmp_path / "t.parquet")
    where = Folders(tmp_path), ClosedGate(), analyst, "r1", "binary"
    for ask in (
        lambda: inference.load(*where),
        lambda: inference.predict_record(*where, {}),
        lambda: inference.predict_sample(*where, table),
        lambda: inference.forecast(*where, 3),
    ):
        with pytest.raises(NotAllowed, match="gate is closed"):
            ask()


@pytest.mark.parametrize("name", ["model.skops", "model.json"])
def test_file_swapped_behind_the_gate_is_not_used(runs, tmp_path, name):
    shutil.copytree(runs.root / "r1" / "binary", tmp_path / "r1" / "binary")
    gate = SwappingGate(tmp_path, name)
    with pytest.raises(NotAllowed, match=f"“{name}” was changed while"):
        inference.load(Folders(tmp_path), gate, READER, "r1", "binary")
