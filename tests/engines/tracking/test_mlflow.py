"""The tracking contract, on the embedded store and on a real MLflow server."""

import json
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import pandas as pd
import pytest
import skops.io
import yaml
from sklearn.preprocessing import FunctionTransformer

from engines.core.correlation import correlated
from engines.core.errors import BackendUnavailable, InvalidInput
from engines.tracking.mlflow import MlflowTracker
from engines.training.port import RunLog
from tests.harness.ports import free_port
from tests.harness.run_folders import table_of, telco

ROOT = Path(__file__).parents[3]
START_SECONDS = 90


@dataclass(frozen=True)
class Server:
    """A running MLflow server."""

    uri: str
    data: Path


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    data, port = tmp_path_factory.mktemp("mlflow"), free_port()
    command = [sys.executable, "-m", "engines.tracking.server", "--port", str(port)]
    process = subprocess.Popen([*command, "--data", str(data)], cwd=ROOT)
    try:
        await_health(f"http://127.0.0.1:{port}", process)
        yield Server(f"http://127.0.0.1:{port}", data)
    finally:
        process.terminate()
        process.wait(20)


def await_health(uri, process):
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            return urlopen(f"{uri}/health", timeout=2).close()
        except URLError:
            time.sleep(0.2)
    raise AssertionError("the MLflow server did not start")


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory, shared_data):
    folder = tmp_path_factory.mktemp("runs") / "run1"
    telco(folder, shared_data)
    return folder


@pytest.fixture(scope="module", params=["embedded", "server"])
def tracker(request, tmp_path_factory):
    if request.param == "server":
        uri = request.getfixturevalue("server").uri
        return MlflowTracker(uri, link_base=uri, plots=draw)
    data = tmp_path_factory.mktemp("embedded")
    return MlflowTracker(
        f"sqlite:///{data}/mlflow.db", "http://mlflow.test/", data / "files", plots=draw
    )


def draw(folder):
    page = folder / "plots.html"
    page.write_text("<p>plots</p>")
    return [page]


def start(tracker, run_id, table, experiment_id="exp1", task="binary", **params):
    given = params or {"mode": "base", "split": {"holdout": 0.2}, "seed": 42}
    with correlated("corr-1"):
        return tracker.start(experiment_id, "Churn", run_id, task, table, given, {"by": "ann"})


def tracked(tracker, parent):
    return tracker._client.get_run(parent.split(".")[0])


def children(tracker, run):
    wanted = f"tags.`mlflow.parentRunId` = '{run.info.run_id}'"
    return tracker._client.search_runs([run.info.experiment_id], wanted)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    frame = pd.DataFrame({"age": [1.0, None], "name": ["a", "b"]})
    return table_of(frame, tmp_path_factory.mktemp("table") / "t.parquet", anonymised=True)


def test_tracker_satisfies_what_training_asks():
    log: RunLog = MlflowTracker("sqlite://")
    assert callable(log.start)


def test_start_keeps_parameters_data_set_environment_and_tags(tracker, table):
    run = tracked(tracker, start(tracker, "start1", table))
    assert run.info.status == "RUNNING"
    assert run.data.params["binary.split.holdout"] == "0.2"
    assert run.data.params["binary.seed"] == "42"
    assert run.data.tags["mlaas.correlation_id"] == "corr-1"
    assert re.fullmatch("[0-9a-f]{40}|unknown", run.data.tags["mlflow.source.git.commit"])
    lock = tracker._client.list_artifacts(run.info.run_id, "environment")
    assert [file.path for file in lock] == ["environment/requirements.txt"]


def test_start_of_an_anonymised_table_shows_only_aliases(tracker, table):
    run = tracked(tracker, start(tracker, "start2", table))
    dataset = run.inputs.dataset_inputs[0].dataset
    assert table.sha256 in dataset.source
    assert [c["name"] for c in json.loads(dataset.schema)["mlflow_colspec"]] == ["C1", "C2"]
    assert json.loads(dataset.profile) == {"num_rows": 2, "num_elements": 4}


def test_second_task_of_a_training_joins_its_run(tracker, table):
    first = start(tracker, "both", table)
    second = start(tracker, "both", table, task="clustering")
    assert tracked(tracker, first).info.run_id == tracked(tracker, second).info.run_id
    assert tracker.link(first) == tracker.link(second)
    assert tracked(tracker, first).data.params["clustering.mode"] == "base"


def test_start_twice_gives_the_same_run(tracker, table):
    assert start(tracker, "same", table) == start(tracker, "same", table)


def test_candidates_and_trials_hang_below_their_parents(tracker, table):
    parent = start(tracker, "tree", table)
    folds = {"roc_auc": [0.7, 0.8, 0.9]}
    trials = [{"params": {"C": 3}, "metrics": {"roc_auc": 0.81}}, {"params": {"C": 4}}]
    tracker.log_candidate(parent, "Logistic", {"C": 1.0}, folds, {"roc_auc": 0.8}, trials)
    [child] = children(tracker, tracked(tracker, parent))
    assert child.data.tags["mlaas.correlation_id"] == "corr-1"
    assert child.data.metrics["mean_roc_auc"] == 0.8
    history = tracker._client.get_metric_history(child.info.run_id, "roc_auc")
    assert [(point.step, point.value) for point in history] == [(0, 0.7), (1, 0.8), (2, 0.9)]
    below = children(tracker, child)
    assert sorted(run.data.params["C"] for run in below) == ["3", "4"]
    assert {run.info.status for run in [child, *below]} == {"FINISHED"}


def test_what_carries_a_key_is_recorded_once_and_completed(tracker, table):
    parent = start(tracker, "keyed", table)
    trial = {"key": "t1", "number": 7, "params": {"C": 3}, "metrics": {"roc_auc": 0.81}}
    given_up = {**trial, "key": "t2", "state": "stopped", "reason": "Given up after 1 of 3 folds."}
    told = ("Logistic", {"C": 1}, {"roc_auc": [0.7, 0.8]}, {"roc_auc": 0.75})
    first = tracker.log_candidate(parent, *told, [trial], key="c1", state="running")
    child = tracker._client.get_run(first)
    assert (child.info.status, dict(child.data.params)) == ("RUNNING", {})
    for _ in range(2):
        again = tracker.log_candidate(parent, *told, [trial, given_up], key="c1")
        assert again == first
    child = tracker._client.get_run(first)
    assert (child.info.status, child.data.params["C"]) == ("FINISHED", "1")
    assert len(tracker._client.get_metric_history(first, "roc_auc")) == 2
    assert len(children(tracker, tracked(tracker, parent))) == 1
    below = {run.data.tags["mlaas.key"]: run for run in children(tracker, child)}
    assert (below["t1"].info.status, below["t2"].info.status) == ("FINISHED", "KILLED")
    assert below["t1"].info.run_name == "Logistic, trial 7"
    assert below["t2"].data.tags["mlaas.reason"] == "Given up after 1 of 3 folds."


@pytest.mark.parametrize(("state", "status"), [("failed", "FAILED"), ("stopped", "KILLED")])
def test_candidate_that_did_not_succeed_says_why(tracker, table, state, status):
    parent = start(tracker, f"candidate-{state}", table)
    child = tracker.log_candidate(
        parent, "Lasso", {"alpha": 1}, {}, {}, key="c", state=state, reason="It was behind."
    )
    run = tracker._client.get_run(child)
    assert (run.info.status, run.data.tags["mlaas.reason"]) == (status, "It was behind.")


def test_finish_twice_registers_one_version(tracker, table, run_folder):
    parent = start(tracker, "once", table, "exp-once")
    links = {tracker.finish(parent, run_folder / "binary") for _ in range(2)}
    assert len(links) == 1
    assert [version.version for version in tracker.versions("exp-once")] == [1]


def test_tracker_works_in_another_process_after_it_was_used(tracker, table):
    parent = start(tracker, "elsewhere", table)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        again = pool.submit(start, tracker, "elsewhere", table).result(60)
    assert again == parent


def test_many_parameters_and_infinite_metrics_are_kept_or_left_out(tracker, table):
    parent = start(tracker, "many", table)
    wide = {f"p{n}": n for n in range(250)}
    child = tracker.log_candidate(parent, "Wide", wide, {"r2": [float("nan"), 0.5]}, {})
    run = tracker._client.get_run(child)
    assert len(run.data.params) == 250
    assert run.data.metrics["r2"] == 0.5


def test_finish_keeps_files_plots_and_scores_and_end_closes(tracker, table, run_folder):
    parent = start(tracker, "finish", table)
    link = tracker.finish(parent, run_folder / "binary", register=False)
    run = tracked(tracker, parent)
    assert link.endswith(f"/#/runs/{run.info.run_id}")
    assert run.info.status == "RUNNING", "another task may follow"
    assert run.data.params["binary.winner"] == "Logistic regression"
    tracker.end(parent)
    assert tracked(tracker, parent).info.status == "FINISHED"
    assert 0.5 < run.data.metrics["binary.holdout_roc_auc"] < 1
    names = {Path(f.path).name for f in tracker._client.list_artifacts(run.info.run_id, "binary")}
    assert {"metrics.json", "plots.html", "leaderboard.json"} <= names
    assert "model.skops" not in names


def test_finish_registers_skops_with_signature_and_example(tracker, table, run_folder, tmp_path):
    for run_id in ("reg1", "reg2"):
        parent = start(tracker, run_id, table, "exp-register")
        tracker.finish(parent, run_folder / "binary")
    versions = tracker.versions("exp-register")
    assert [(v.version, v.run_id) for v in versions] == [(2, "reg2"), (1, "reg1")]
    assert versions[0].name == "churn-exp-regi-binary"
    assert versions[0].aliases == ("candidate",)
    assert versions[0].tags["mlaas.algorithm"] == "Logistic regression"
    assert float(versions[0].tags["holdout_roc_auc"]) > 0.5
    model = tracked(tracker, parent).outputs.model_outputs[0].model_id
    files = {f.path for f in tracker._client.list_logged_model_artifacts(model)}
    assert {"MLmodel", "model.skops", "input_example.json", "requirements.txt"} <= files
    assert not {name for name in files if name.endswith((".pkl", ".joblib", ".pickle"))}
    assert "tenure" in stored_signature(tracker, model, tmp_path)


def stored_signature(tracker, model_id, place):
    from mlflow.artifacts import download_artifacts

    uri = tracker._client.get_logged_model(model_id).artifact_location
    at = download_artifacts(f"{uri}/MLmodel", dst_path=str(place), tracking_uri=tracker.uri)
    return str(yaml.safe_load(Path(at).read_text())["signature"])


def test_finish_with_an_untrusted_type_is_refused(tracker, table, run_folder, tmp_path):
    parent = start(tracker, "untrusted", table)
    (tmp_path / "model.json").write_bytes((run_folder / "binary" / "model.json").read_bytes())
    skops.io.dump(FunctionTransformer(os.path.join), tmp_path / "model.skops")
    with pytest.raises(InvalidInput, match="not trusted"):
        tracker.finish(parent, tmp_path)


@pytest.mark.parametrize(("state", "status"), [("failed", "FAILED"), ("cancelled", "KILLED")])
def test_abandon_closes_what_is_open_and_nothing_else(tracker, table, state, status):
    parent = start(tracker, f"broken-{state}", table)
    other = start(tracker, f"other-{state}", table)
    trial = {"key": "t", "params": {}, "metrics": {}, "state": "running"}
    child = tracker.log_candidate(parent, "Ridge", {}, {}, {}, [trial], key="c", state="running")
    done = tracker.log_candidate(parent, "Lasso", {}, {}, {}, key="d")
    tracker.abandon(f"broken-{state}", state, "out of time")
    assert tracked(tracker, parent).info.status == status
    left = [tracker._client.get_run(child), *children(tracker, tracker._client.get_run(child))]
    assert [run.info.status for run in left] == [status, status]
    assert {run.data.tags["mlaas.reason"] for run in left} == {"out of time"}
    assert tracker._client.get_run(done).info.status == "FINISHED"
    assert tracked(tracker, parent).data.tags["mlaas.reason"] == "out of time"
    assert tracked(tracker, other).info.status == "RUNNING"


def test_log_report_keeps_files_under_the_experiment(tracker, tmp_path):
    page = tmp_path / "overview.html"
    page.write_text("<p>overview</p>")
    link = tracker.log_report("exp-report", "Report", [page], {"dataset": "d1"})
    run = link.rsplit("/", 1)[1]
    assert [f.path for f in tracker._client.list_artifacts(run, "exploration")] == [
        "exploration/overview.html"
    ]


def test_versions_of_an_unknown_experiment_are_none(tracker):
    assert tracker.versions("nobody") == []


def test_link_asks_no_server_and_is_empty_without_a_handle():
    tracker = MlflowTracker("http://127.0.0.1:9", "http://127.0.0.1:9/")
    assert tracker.link("abc.binary") == "http://127.0.0.1:9/#/runs/abc"
    assert tracker.link("") == ""


def test_server_that_is_down_fails_within_seconds(table):
    tracker = MlflowTracker(f"http://127.0.0.1:{free_port()}")
    began = time.monotonic()
    with pytest.raises(BackendUnavailable, match="tracking server"):
        start(tracker, "down", table)
    assert time.monotonic() - began < 10


def test_server_dying_in_the_middle_fails_within_seconds():
    tracker = MlflowTracker(f"http://127.0.0.1:{free_port()}")
    assert tracker._client
    began = time.monotonic()
    with pytest.raises(BackendUnavailable):
        tracker.log_candidate("gone.binary", "Logistic", {}, {}, {})
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    ("header", "value"), [("Host", "evil.test"), ("Origin", "http://evil.test")]
)
def test_server_refuses_foreign_hosts_and_origins(server, header, value):
    body = b'{"name": "x"}'
    address = f"{server.uri}/api/2.0/mlflow/experiments/create"
    asked = Request(address, body, {header: value, "Content-Type": "application/json"})
    with pytest.raises(HTTPError) as refused:
        urlopen(asked, timeout=5)
    assert refused.value.code == 403


def test_server_keeps_its_files_under_the_data_folder(server, tmp_path):
    tracker = MlflowTracker(server.uri, server.uri)
    page = tmp_path / "a.txt"
    page.write_text("a")
    tracker.log_report("exp-place", "Place", [page], {})
    assert list((server.data / "mlflow-artifacts").rglob("a.txt"))
    assert (server.data / "mlflow.db").exists()
