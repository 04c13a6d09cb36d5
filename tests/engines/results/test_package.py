"""Downloads hold what they promise, and run where nothing of ours is installed."""

import io
import json
import shutil
import subprocess
import sys
import venv
from zipfile import ZipFile

import numpy as np
import pandas as pd
import pytest

from engines import inference, results
from engines.core.errors import NotAllowed, NotFound
from engines.results.script import predict_script
from tests.harness.audit import audit_events
from tests.harness.gates import ClosedGate, OpenGate, SwappingGate, stored
from tests.harness.run_folders import telco

MODEL_FILES = {
    "README.md", "predict.py", "requirements.txt", "model.json", "model.skops",
    "leaderboard.csv", "leaderboard.json", "metrics.json", "importance.json",
}  # fmt: skip


@pytest.fixture(scope="module")
def rows(shared_data):
    frame = pd.read_csv(shared_data / "telco_churn.csv", dtype=str, keep_default_na=False)
    return frame.tail(40).assign(note='=cmd|"/c calc"!A1')


def unpacked(place, folder):
    with ZipFile(place) as zipped:
        zipped.extractall(folder)
    place.unlink()
    return folder


def run_script(python, folder, *arguments):
    return subprocess.run(
        [python, "-I", str(folder / "predict.py"), *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=folder,
    )


def test_model_package_holds_everything_to_run_it(db, runs, analyst):
    place = results.model_package(db, runs, OpenGate(), analyst, "r1", "binary")
    with ZipFile(place) as zipped:
        assert set(zipped.namelist()) == MODEL_FILES
        assert zipped.testzip() is None
        pins = zipped.read("requirements.txt").decode().split()
        told = zipped.read("README.md").decode()
    place.unlink()
    assert [pin.split("==")[0] for pin in pins] == [
        "numpy", "pandas", "scikit-learn", "scipy", "skops",
    ]  # fmt: skip
    assert "scikit-learn==1.4.2" in pins
    assert "It predicts `Churn`" in told
    assert "hold-out rows, which had no part in the choice" in told
    assert "| `tenure` | integer |" in told


def test_model_package_is_audited_and_leaves_no_scratch(db, runs, analyst):
    results.model_package(db, runs, OpenGate(), analyst, "r1", "binary").unlink()
    (event,) = audit_events(db)
    assert (event.act, event.subject) == ("model.downloaded", "run:r1")
    assert event.detail["task"] == "binary"
    assert not list((runs.root / "r1").glob(".download-*"))


def test_model_package_is_refused_without_the_right(db, runs, make_actor):
    with pytest.raises(NotAllowed):
        results.model_package(db, runs, OpenGate(), make_actor("checker"), "r1", "binary")


def test_run_package_holds_every_task_plots_tables_logs_and_reports(db, runs, analyst, tmp_path):
    report = tmp_path / "profile.html"
    report.write_text("<p>profile</p>")
    place = results.run_package(
        db, runs, OpenGate(), analyst, "r1", {"exploration/profile.html": report}
    )
    with ZipFile(place) as zipped:
        names = set(zipped.namelist())
        held = pd.read_csv(io.BytesIO(zipped.read("binary/holdout_predictions.csv")))
    place.unlink()
    assert {f"binary/{name}" for name in MODEL_FILES} <= names
    assert {"binary/plots.html", "regression/plots.html", "clustering/plots.html"} <= names
    assert {"logs/train.log", "exploration/profile.html"} <= names
    assert {"binary/out_of_fold_predictions.csv", "clustering/assignments.csv"} <= names
    assert len(held) == 200


def test_run_package_without_a_model_is_not_found(db, runs, analyst):
    (runs.root / "empty").mkdir(exist_ok=True)
    with pytest.raises(NotFound, match="no model yet"):
        results.run_package(db, runs, OpenGate(), analyst, "empty")


def test_package_of_an_anonymised_run_shows_only_aliases(db, analyst, tmp_path, shared_data, runs):
    frame = pd.read_csv(shared_data / "telco_churn.csv", nrows=1).drop(columns="customerID")
    aliases = {name: f"C{n + 1}" for n, name in enumerate(frame)}
    telco(tmp_path / "hidden", shared_data, aliases)
    place = results.run_package(db, type(runs)(tmp_path), OpenGate(), analyst, "hidden")
    with ZipFile(place) as zipped:
        texts = [n for n in zipped.namelist() if n.endswith((".md", ".json", ".csv", ".txt"))]
        everything = b"".join(zipped.read(name) for name in texts)
    for name in frame.columns:
        assert name.encode() not in everything


def test_predict_script_names_our_own_trusted_types():
    text = predict_script()
    compile(text, "predict.py", "exec")
    assert '    "lightgbm.sklearn.LGBMClassifier",\n' in text
    assert "engines" not in text
    assert "pickle" not in text


def test_predict_script_answers_as_the_page_does(db, runs, analyst, rows, tmp_path):
    folder = unpacked(
        results.model_package(db, runs, OpenGate(), analyst, "r1", "binary"), tmp_path
    )
    rows.to_csv(tmp_path / "rows.csv", index=False)
    done = run_script(sys.executable, folder, "rows.csv", "answers.csv")
    assert done.returncode == 0, done.stderr
    answers = pd.read_csv(tmp_path / "answers.csv")
    direct = inference.predict_frame(stored(runs.root, "r1", "binary"), rows)
    assert answers["prediction"].tolist() == direct["prediction"].tolist()
    assert np.allclose(answers["p_Yes"], direct["p_Yes"])
    assert answers["note"].str.startswith("'=cmd").all()


@pytest.fixture
def script(tmp_path):
    """The names of a `predict.py`, without running it."""
    known = {"__name__": "predict", "__file__": str(tmp_path / "predict.py")}
    exec(compile(predict_script(), "predict.py", "exec"), known)
    return known


def test_predict_script_reads_semicolons_and_undoes_escapes(script, tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("\ufeffa;'=b;c\n1,5;'=1+1;'tis\n", "utf-8")
    assert script["read"](path).to_dict("list") == {"a": ["1,5"], "=b": ["=1+1"], "c": ["'tis"]}


def test_predict_script_reads_decimal_commas_where_the_file_shows_them(script):
    features = [{"name": name, "dtype": "numeric"} for name in ("rate", "whole")]
    features += [{"name": "code", "dtype": "categorical"}]
    rows = pd.DataFrame({"rate": ["1,5", "NA"], "whole": ["55.180", "1"], "code": ["1,5", "x"]})
    read = script["conform"](script["with_points"](rows, features), features)
    assert read["rate"].tolist()[0] == 1.5
    assert read["whole"].tolist() == [55180, 1]
    assert read["code"].tolist() == ["1,5", "x"]
    points = rows.assign(rate=["1.5", "2.25"])
    assert script["with_points"](points, features) is points


def test_predict_script_names_a_foreign_encoding(script, tmp_path):
    path = tmp_path / "rows.csv"
    path.write_bytes("city,n\nKöln,1\n".encode("cp1252"))
    with pytest.raises(script["SchemaFault"], match="not UTF-8; save it as"):
        script["read"](path)


@pytest.mark.parametrize(
    ("column", "value", "sentence"),
    [
        ("tenure", "long", "error: “tenure” must be a number; row 1 has “long”."),
        (None, None, "error: The column “tenure” is missing"),
    ],
)
def test_predict_script_ends_with_one_sentence_on_bad_rows(
    db, runs, analyst, rows, tmp_path, column, value, sentence
):
    folder = unpacked(
        results.model_package(db, runs, OpenGate(), analyst, "r1", "binary"), tmp_path
    )
    bad = rows.assign(**{column: value}) if column else rows.drop(columns="tenure")
    bad.to_csv(tmp_path / "rows.csv", index=False)
    done = run_script(sys.executable, folder, "rows.csv", "answers.csv")
    assert done.returncode == 1
    assert done.stderr.strip().startswith(sentence)
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "answers.csv").exists()


def test_predict_script_refuses_a_tampered_model(db, runs, analyst, rows, tmp_path):
    folder = unpacked(
        results.model_package(db, runs, OpenGate(), analyst, "r1", "binary"), tmp_path
    )
    tampered = tmp_path / "tampered.skops"
    with ZipFile(folder / "model.skops") as old, ZipFile(tampered, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "schema.json":
                tree = json.loads(content)
                tree["__class__"], tree["__module__"] = "system", "os"
                content = json.dumps(tree).encode()
            new.writestr(name, content)
    tampered.rename(folder / "model.skops")
    rows.to_csv(tmp_path / "rows.csv", index=False)
    done = run_script(sys.executable, folder, "rows.csv", "answers.csv")
    assert done.returncode != 0
    assert "os.system" in done.stderr or "ntrusted" in done.stderr


@pytest.fixture
def forecaster(db, runs, analyst, tmp_path):
    """The unpacked download of a forecaster."""
    place = results.model_package(db, runs, OpenGate(), analyst, "air", "time_series")
    return unpacked(place, tmp_path / "air")


def test_predict_script_of_a_series_forecasts_as_the_page_does(runs, analyst, forecaster):
    done = run_script(sys.executable, forecaster, "--steps", 14)
    assert done.returncode == 0, done.stderr
    assert "was scored 12 steps ahead" in done.stderr
    answers = pd.read_csv(forecaster / "forecast.csv", parse_dates=["Month"])
    direct = inference.forecast(runs, OpenGate(), analyst, "air", "time_series", 14)
    assert answers["Month"].tolist() == direct["Month"].tolist()
    assert np.allclose(answers["prediction"], direct["prediction"])
    told = (forecaster / "README.md").read_text()
    assert "predict.py forecast.csv --steps 12" in told
    assert "the columns `Month`, `Passengers`" in told


def test_predict_script_of_a_series_goes_on_from_a_newer_history(forecaster):
    newer = "Month,Passengers\n1961-01,450\n1961-02,\n1961-03,460\n"
    (forecaster / "newer.csv").write_text(newer)
    done = run_script(sys.executable, forecaster, "f.csv", "--steps", 2, "--history", "newer.csv")
    assert done.returncode == 0, done.stderr
    assert pd.read_csv(forecaster / "f.csv")["Month"].tolist() == ["1961-04-01", "1961-05-01"]


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ("Month,Visitors\n1961-01,1\n", "error: The history has no column “Passengers”."),
        ("Month,Passengers\n1961-01,many\n", "error: “Passengers” must be a number; row 1"),
        ("", "error: No columns to parse from file"),
    ],
)
def test_predict_script_of_a_series_ends_with_one_sentence(forecaster, rows, sentence):
    (forecaster / "newer.csv").write_text(rows)
    done = run_script(sys.executable, forecaster, "--history", "newer.csv")
    assert done.returncode == 1
    assert done.stderr.strip().startswith(sentence)
    assert "Traceback" not in done.stderr
    assert not (forecaster / "forecast.csv").exists()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_predict_script_runs_in_a_fresh_virtual_environment(
    db, runs, analyst, rows, tmp_path, forecaster
):
    folder = unpacked(
        results.model_package(db, runs, OpenGate(), analyst, "r1", "binary"), tmp_path / "model"
    )
    venv.create(tmp_path / "venv", with_pip=True)
    python = str(tmp_path / "venv" / "bin" / "python")
    install = [python, "-m", "pip", "install", "-q", "--prefer-binary"]
    done = subprocess.run(
        [*install, "-r", str(folder / "requirements.txt")], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    rows.to_csv(folder / "rows.csv", index=False)
    done = run_script(python, folder, "rows.csv", "answers.csv")
    assert done.returncode == 0, done.stderr
    answers = pd.read_csv(folder / "answers.csv")
    direct = inference.predict_frame(stored(runs.root, "r1", "binary"), rows)
    assert answers["prediction"].tolist() == direct["prediction"].tolist()
    assert np.allclose(answers["p_Yes"], direct["p_Yes"])
    pins = (forecaster / "requirements.txt").read_text()
    assert pins == (folder / "requirements.txt").read_text()
    done = run_script(python, forecaster, "--steps", 12)
    assert done.returncode == 0, done.stderr
    ahead = inference.forecast(runs, OpenGate(), analyst, "air", "time_series", 12)["prediction"]
    assert np.allclose(pd.read_csv(forecaster / "forecast.csv")["prediction"], ahead)


def test_closed_gate_keeps_every_package_in(db, runs, analyst):
    for pack in (
        lambda: results.model_package(db, runs, ClosedGate(), analyst, "r1", "binary"),
        lambda: results.run_package(db, runs, ClosedGate(), analyst, "r1"),
    ):
        with pytest.raises(NotAllowed, match="closed for download"):
            pack()
    assert not list((runs.root / "r1").glob(".download-*"))


def test_readme_of_an_unapproved_model_says_so(db, runs, analyst):
    gate = OpenGate()
    place = results.model_package(db, runs, gate, analyst, "r1", "binary")
    with ZipFile(place) as zipped:
        assert "**This model is not approved.**" in zipped.read("README.md").decode()
    place.unlink()
    assert [(str(model), purpose.value) for model, purpose in gate.asked] == [
        ("r1/binary", "download")
    ]


@pytest.mark.parametrize("name", ["model.skops", "model.json", "metrics.json"])
def test_file_swapped_behind_the_gate_is_not_handed_out(db, runs, analyst, tmp_path, name):
    shutil.copytree(runs.root / "r1" / "binary", tmp_path / "r1" / "binary")
    own = type(runs)(tmp_path)
    with pytest.raises(NotAllowed, match=f"“{name}” was changed while"):
        results.model_package(db, own, SwappingGate(tmp_path, name), analyst, "r1", "binary")
    assert not list((tmp_path / "r1").glob(".download-*"))


def test_page_of_plots_that_lies_beside_the_model_is_not_handed_out(db, runs, analyst, tmp_path):
    shutil.copytree(runs.root / "r1" / "binary", tmp_path / "r1" / "binary")
    page = tmp_path / "r1" / "binary" / "plots.html"
    page.write_text("<script>forged()</script>")
    place = results.run_package(db, type(runs)(tmp_path), OpenGate(), analyst, "r1")
    with ZipFile(place) as zipped:
        assert b"forged()" not in zipped.read("binary/plots.html")
    assert page.read_text() == "<script>forged()</script>"  # nothing is written beside the model
