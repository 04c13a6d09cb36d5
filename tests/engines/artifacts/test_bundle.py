"""The parts of a bundle: bill of materials, lock, ONNX, wheel, archives, versions."""

import json
import subprocess
import sys
import tarfile
from dataclasses import replace
from datetime import UTC, date, datetime
from importlib.metadata import version
from zipfile import ZipFile

import numpy as np
import pandas as pd
import pytest
from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline

from engines import artifacts
from engines.artifacts import Format, Scheme, onnx_model, sbom, versions
from engines.artifacts.dependencies import UNKNOWN, Dependency, dependencies, licence, lock, pins_of
from engines.artifacts.layout import suggested_name
from engines.core.errors import InvalidInput, NotReady
from engines.core.model_card import Feature, ModelCard
from engines.core.model_ref import ModelRef
from engines.core.progress import Silent
from engines.training.catalogue import Flavour
from engines.training.features import Roles, preparation
from tests.engines.artifacts.test_publish import FIRST
from tests.harness.gates import stored

AT = datetime(2026, 11, 23, tzinfo=UTC)
EVERY = replace(FIRST, formats=tuple(Format))


@pytest.fixture
def files(folder_depot, analyst, tmp_path):
    """The packages of a release in every format, fetched from the repository."""
    row = artifacts.request_release(folder_depot, analyst, EVERY)
    release = artifacts.publish(folder_depot, analyst, row.id, Silent())
    found = {}
    for one in release.files:
        name = one["path"].rsplit("/", 1)[1]
        found[name] = tmp_path / name
        inside = one["path"].removeprefix("churn/1.0.0/")
        artifacts.retrieve(
            folder_depot, analyst, release.id, inside, found[name], artifacts.Repository.DEV
        )
    return found


def test_bill_of_materials_keeps_its_schema_and_names_licences(files):
    text = files["sbom.cdx.json"].read_text()
    sbom.check(text)
    told = json.loads(text)
    parts = {one["name"]: one for one in told["components"]}
    assert parts["scikit-learn"]["version"] == version("scikit-learn")
    assert parts["pandas"]["licenses"][0]["license"]["id"] == "BSD-3-Clause"
    assert told["metadata"]["component"]["type"] == "machine-learning-model"
    assert set(parts) == set(pins_of(files["requirements.lock"].read_text()))


def test_bill_that_breaks_the_schema_is_refused():
    with pytest.raises(InvalidInput, match="breaks its schema"):
        sbom.check('{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{"name": 1}]}')


def test_bill_is_the_same_for_the_same_release():
    needed = [
        Dependency("numpy", "1.26.4", "BSD-3-Clause", True),
        Dependency("x", "1", UNKNOWN, False),
    ]
    made = [sbom.bill("churn", "1.0.0", "0" * 64, needed, AT) for _ in range(2)]
    assert made[0] == made[1]


def test_lock_holds_everything_that_is_needed_and_nothing_else():
    needed = dependencies({"scikit-learn": version("scikit-learn")})
    names = {one.name for one in needed}
    assert names >= {"scikit-learn", "numpy", "scipy", "joblib", "threadpoolctl"}
    assert "streamlit" not in names
    assert [one.name for one in needed if one.direct] == ["scikit-learn"]
    assert f"joblib=={version('joblib')}\n" in lock(needed)


def test_other_version_than_installed_is_refused():
    with pytest.raises(NotReady, match=r"numpy 1\.0 is needed"):
        dependencies({"numpy": "1.0"})


class Told(dict):
    """Metadata of a distribution that says only this."""

    def get_all(self, key):
        return self.get(key)


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        ({}, UNKNOWN),
        ({"License": ["UNKNOWN"]}, UNKNOWN),
        ({"License": ["Long\ntext of a licence"]}, UNKNOWN),
        ({"License": ["MIT"]}, "MIT"),
        ({"License-Expression": ["Apache-2.0 OR MIT"]}, "Apache-2.0 OR MIT"),
        ({"Classifier": ["License :: OSI Approved :: MIT License"]}, "MIT"),
        ({"Classifier": ["License :: OSI Approved"]}, UNKNOWN),
    ],
)
def test_licence_is_told_or_flagged(told, wanted):
    assert licence(Told(told)) == wanted


def test_wheel_installs_and_predicts_as_the_model_does(files, tmp_path, models, shared_data):
    wheel = next(file for name, file in files.items() if name.endswith(".whl"))
    place = tmp_path / "site"
    install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index"]
    done = subprocess.run(
        [*install, "--target", str(place), str(wheel)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    rows = pd.read_csv(shared_data / "telco_churn.csv").tail(20)
    rows.to_csv(tmp_path / "rows.csv", index=False)
    code = (
        "import pandas as pd, mlaas_model_churn as m; print(m.__version__);"
        "m.predict(pd.read_csv('rows.csv')).to_csv('answers.csv', index=False)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True,
        env={"PYTHONPATH": str(place), "PATH": "/usr/bin"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == "1.0.0\n"
    from engines import inference

    direct = inference.predict_frame(stored(models, "r1", "binary"), rows)
    answers = pd.read_csv(tmp_path / "answers.csv")
    assert answers["prediction"].tolist() == direct["prediction"].tolist()
    assert np.allclose(answers["p_Yes"], direct["p_Yes"])


def test_zip_and_tar_hold_the_same_files(files):
    with ZipFile(files["churn-1.0.0.zip"]) as zipped:
        whole = {name: zipped.read(name) for name in zipped.namelist()}
        assert {info.date_time for info in zipped.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    with tarfile.open(files["churn-1.0.0.tar.gz"]) as tar:
        entries = {entry.name: tar.extractfile(entry).read() for entry in tar}
        assert {(e.mtime, e.uid, e.uname) for e in tar} == {(0, 0, "")}
    assert whole == entries


def test_release_of_a_forecaster_holds_its_history(folder_depot, analyst):
    asked = replace(EVERY, model=ModelRef("air", "time_series"), name="air")
    row = artifacts.request_release(folder_depot, analyst, asked)
    release = artifacts.publish(folder_depot, analyst, row.id, Silent())
    assert "air/1.0.0/files/forecast.json" in {one["path"] for one in release.files}
    assert release.facts["onnx"] == "ONNX is made for classification and regression only."


def numbers(shared_data):
    """Real rows of numbers only, with their two targets."""
    frame = pd.read_csv(shared_data / "wholesale_customers.csv", encoding="utf-8-sig").astype(float)
    X = frame[["Fresh", "Milk", "Frozen", "Delicassen"]]
    return X, (frame["Channel"] > 1).map({True: "hotel", False: "retail"}), frame["Grocery"]


def fitted(X, y, flavour, learner):
    prep = preparation(Roles(tuple(X), (), (), ()), flavour, 0)
    return Pipeline([("prep", prep), ("model", learner)]).fit(X[:300], y[:300])


def card(task, X, classes=()):
    features = tuple(Feature(name, "numeric") for name in X)
    return ModelCard(task, "t", features, classes, "m", "a", {})


@pytest.mark.parametrize(
    ("flavour", "learner"),
    [
        (Flavour.LINEAR, LogisticRegression()),
        (Flavour.TREE, LGBMClassifier(n_estimators=20, verbose=-1)),
    ],
    ids=["linear", "boosted"],
)
def test_onnx_of_numbers_is_exact_and_handed_out(shared_data, flavour, learner):
    X, y, _ = numbers(shared_data)
    model = fitted(X, y, flavour, learner)
    result = onnx_model.convert(model, card("binary", X, ("hotel", "retail")), X[300:])
    assert result.reason == ""
    assert result.difference <= onnx_model.EXACT
    assert result.content


def test_onnx_that_differs_is_left_out_with_the_reason(shared_data, monkeypatch):
    X, _, y = numbers(shared_data)
    model = fitted(X, y, Flavour.LINEAR, Ridge())
    monkeypatch.setattr(onnx_model, "EXACT", 1e-14)
    result = onnx_model.convert(model, card("regression", X), X[300:])
    assert result.content is None
    assert result.reason.startswith("Its answers differ by")


def test_onnx_that_cannot_be_made_is_left_out_with_the_reason(models, shared_data):

    loaded = stored(models, "r1", "binary")
    rows = pd.read_csv(shared_data / "telco_churn.csv").tail(50)
    rows["TotalCharges"] = pd.to_numeric(rows["TotalCharges"], errors="coerce")
    result = onnx_model.convert(loaded.pipeline, loaded.card, rows)
    assert result.content is None
    assert result.reason.startswith("It cannot be converted:")
    assert "no hold-out rows" in onnx_model.convert(loaded.pipeline, loaded.card, None).reason


def test_onnx_of_a_boosted_regression_is_exact(shared_data):
    X, _, y = numbers(shared_data)
    model = fitted(X, y, Flavour.TREE, LGBMRegressor(n_estimators=20, verbose=-1))
    result = onnx_model.convert(model, card("regression", X), X[300:])
    assert result.difference is not None
    assert (result.content is not None) == (result.difference <= onnx_model.EXACT)


INTERFACE = versions.Interface(
    "binary of churn", ("a: numeric", "b: text"), ("No", "Yes"), "1" * 64
)


@pytest.mark.parametrize(
    ("change", "wanted", "words"),
    [
        ({}, "1.2.4", "Only documents"),
        ({"model_sha256": "2" * 64}, "1.3.0", "trained anew"),
        ({"features": ("a: numeric",)}, "2.0.0", "gone b: text"),
        ({"features": ("a: numeric", "b: numeric")}, "2.0.0", "new b: numeric; gone b: text"),
        ({"target": "binary of default"}, "2.0.0", "answers something else"),
        ({"classes": ("No", "Maybe", "Yes")}, "2.0.0", "other classes"),
    ],
)
def test_next_semantic_version_follows_the_change(change, wanted, words):
    said = versions.suggest(
        Scheme.SEMANTIC, replace(INTERFACE, **change), INTERFACE, ["1.2.3", "1.0.10"], AT.date()
    )
    assert said.version == wanted
    assert words in said.reason


def test_next_date_version_counts_within_the_day():
    day, taken = date(2026, 11, 3), []
    for wanted in ("2026.11.3", "2026.11.3.1", "2026.11.3.2"):
        said = versions.suggest(Scheme.DATE, INTERFACE, None, taken, day)
        assert said.version == versions.check_version(said.version, Scheme.DATE) == wanted
        taken.append(said.version)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Customer churn, monthly!", "customer-churn-monthly"),
        ("2026 Q1", "model-2026-q1"),
        ("…", "model"),
    ],
)
def test_name_is_suggested_from_words(text, wanted):
    assert suggested_name(text) == wanted
