"""The publishing job as the worker starts it, behind the real gate, with real approvals."""

import base64
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from engines import artifacts
from engines.artifacts import ReleaseRequest, ReleaseState, Repository, copies
from engines.core.database import new_id, now
from engines.core.errors import NotAllowed
from engines.core.gate import Stage
from engines.core.scheduling import JobRequest
from engines.governance import approvals
from engines.wiring import Services, build
from tests.harness.governed import SHA, Governed, governed
from tests.harness.run_folders import telco

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow
DEV, UAT = Repository.DEV, Repository.UAT


@pytest.fixture
def house(db, settings, shared_data, monkeypatch) -> Governed:
    """Ana's real model of churn, its card written, nothing approved yet."""
    monkeypatch.setenv("MLAAS_GOVERNANCE__POLICY", "house")
    made = governed(db, settings.paths.data, clock=now)
    made.train()
    telco(settings.paths.data / "runs" / "r1", shared_data)
    frame = pd.read_csv(shared_data / "telco_churn.csv").drop(columns="customerID").head(1000)
    frame["TotalCharges"] = pd.to_numeric(frame["TotalCharges"], errors="coerce")
    frame.to_parquet(settings.paths.data / "store" / f"{SHA}.parquet")
    return made


@pytest.fixture
def services(house, settings) -> Services:
    """The product's own services on the same folder."""
    governance = settings.governance.model_copy(update={"policy": "house"})
    return build(settings.model_copy(update={"governance": governance}))


def request(house: Governed, services: Services):
    asked = ReleaseRequest(house.model, "churn", "1.0.0", notes="The first one.")
    return artifacts.request_release(services.depot, house.people["ana"], asked)


def run_job(key: str, kind: str = "publish") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", f"spark_jobs.{kind}", "--job", key]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=dict(os.environ))


def visible(services: Services) -> bool:
    found = services.depot.store.list(DEV, "churn/1.0.0")
    return "churn/1.0.0/index.json" in {one.path for one in found}


def test_approved_model_is_published_with_its_signed_approvals(house, services, tmp_path):
    house.approve_up_to(Stage.PUBLISHED)
    row = request(house, services)
    done = run_job(row.job_key)
    assert done.returncode == 0, done.stderr[-2000:]
    ana = house.people["ana"]
    view = artifacts.release(services.depot, ana, row.id)
    assert (view.release.state, view.present) == (ReleaseState.PUBLISHED, (DEV,))
    assert visible(services)
    place = artifacts.retrieve(
        services.depot, ana, row.id, "packages/churn-1.0.0.zip", tmp_path / "z.zip", DEV
    )
    with zipfile.ZipFile(place) as zipped:
        files = {n.removeprefix("churn-1.0.0/"): zipped.read(n) for n in zipped.namelist()}
    for stage in ("training", "published"):
        key = load_pem_public_key(files[f"approval-{stage}.pem"])
        signature = base64.b64decode(files[f"approval-{stage}.sig"])
        key.verify(signature, files[f"approval-{stage}.json"])
    assert b"What it is." in files["model_card.md"]
    told = json.loads(files["manifest.json"])
    assert told["approval"]["stage"] == "published"
    assert told["model"] == "r1/binary"
    assert "hold-out rows" not in json.loads(files["onnx.json"])["reason"]


def test_model_that_is_not_approved_is_not_queued(house, services):
    house.approve_up_to(Stage.TRAINING)
    with pytest.raises(NotAllowed, match="not approved for"):
        request(house, services)
    assert artifacts.releases(services.depot, house.people["ana"]) == []


def test_byte_changed_before_the_job_runs_publishes_nothing(house, services):
    house.approve_up_to(Stage.PUBLISHED)
    row = request(house, services)
    content = bytearray(house.file().read_bytes())
    content[-1] ^= 1
    house.file().write_bytes(bytes(content))
    assert run_job(row.job_key).returncode == 1
    view = artifacts.release(services.depot, house.people["ana"], row.id)
    assert view.release.state == ReleaseState.FAILED
    assert "model.skops" in view.release.error
    assert not visible(services)


def test_removal_leaves_what_is_approved_for_uat_and_removes_the_rest(house, services):
    house.approve_up_to(Stage.PUBLISHED)
    row = request(house, services)
    assert run_job(row.job_key).returncode == 0
    dora, depot = house.people["dora"], services.depot

    def removed() -> int:
        begun = copies.begin_removal(services.db, dora, row, DEV, "It is old.", new_id())
        assert begun is not None
        payload = {"release_id": row.id, "where": "dev"}
        job = JobRequest("remove", begun.job_key, row.experiment_id, payload)
        depot.scheduler.submit(dora, job)
        return run_job(begun.job_key, "remove").returncode

    approved = house.approve(Stage.UAT)
    assert removed() == 1
    assert "approved for UAT" in artifacts.release(depot, dora, row.id).kept.error
    assert visible(services)
    approvals.revoke(house.board, house.people["carl"], approved.id, "A fault was found.")
    assert removed() == 0
    assert artifacts.release(depot, dora, row.id).release.state == ReleaseState.REMOVED
    assert depot.store.list(DEV, "churn/1.0.0") == []


def test_promotion_needs_the_approval_of_its_stage(house, services):
    house.approve_up_to(Stage.PUBLISHED)
    row = request(house, services)
    assert run_job(row.job_key).returncode == 0
    dora = house.people["dora"]
    with pytest.raises(NotAllowed, match="not approved for"):
        artifacts.request_promotion(services.depot, dora, row.id, UAT, "Tests passed")
    approved = house.approve(Stage.UAT)
    asked = artifacts.request_promotion(services.depot, dora, row.id, UAT, "Tests passed")
    done = run_job(asked.job_key, "promote")
    assert done.returncode == 0, done.stderr[-2000:]
    assert artifacts.release(services.depot, dora, row.id).present == (DEV, UAT)
    approvals.revoke(house.board, house.people["carl"], approved.id, "A fault was found.")
    with pytest.raises(NotAllowed):
        artifacts.request_promotion(services.depot, dora, row.id, Repository.PROD, "On we go")
