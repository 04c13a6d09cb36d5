"""The download routes over HTTP: a zip for those who may, one sentence for those who may not."""

import io
import shutil
from zipfile import ZipFile

import anyio
import httpx
import pytest
from starlette.applications import Starlette

from app.downloads import evidence_url, model_url, routes, run_url
from engines import projects
from engines.core.errors import NotReady
from engines.governance import register
from engines.training import TaskResult, TrainingRequest, TrainingRun
from engines.training.tasks import Task
from tests.harness.audit import audit_events
from tests.harness.run_folders import telco
from tools import verify_export


@pytest.fixture(scope="module")
def made(tmp_path_factory, shared_data):
    return telco(tmp_path_factory.mktemp("made"), shared_data)


@pytest.fixture
def run(app_services, analyst, made):
    """A finished run of the analyst's, with its folder."""
    experiment = projects.create(app_services.db, analyst, "Churn")
    request = TrainingRequest(experiment.id, "d1", (Task.BINARY,), "Churn")
    row = TrainingRun(
        experiment_id=experiment.id, dataset_id="d1", dataset_sha256="0" * 64, state="succeeded",
        request=request.as_json(), notes=[], actor_id=analyst.id, actor_name=analyst.name,
    )  # fmt: skip
    with app_services.db.write() as session:
        session.add(row)
        session.flush()
        session.add(TaskResult(run_id=row.id, task="binary", state="succeeded", metric="roc_auc"))
    shutil.copytree(made, app_services.runs_dir / row.id / "binary")
    return row


@pytest.fixture
def fetch(app_services, analyst):
    """Fetch a path as an actor, by default the analyst."""

    def get(path, actor=analyst):
        app = Starlette(routes=routes(app_services, actor_of=lambda _request: actor))

        async def go():
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://mlaas") as client:
                return await client.get(path)

        return anyio.run(go)

    return get


@pytest.mark.parametrize(
    ("name", "begins"), [("Prêts 2024/25: Q1", "prets-2024-25-q1-binary-"), ("Отток", "binary-")]
)
def test_zip_is_called_after_its_experiment(fetch, run, app_services, analyst, name, begins):
    projects.update(app_services.db, analyst, run.experiment_id, name, "", {})
    answer = fetch(model_url(run.id, "binary"))
    assert f'filename="{begins}{run.id[:8]}.zip"' in answer.headers["content-disposition"]


def test_model_comes_as_a_zip_and_leaves_nothing_behind(fetch, run, app_services):
    answer = fetch(model_url(run.id, "binary"))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["cache-control"] == "no-store"
    assert f'filename="churn-binary-{run.id[:8]}.zip"' in answer.headers["content-disposition"]
    assert int(answer.headers["content-length"]) == len(answer.content)
    with ZipFile(io.BytesIO(answer.content)) as zipped:
        assert "predict.py" in zipped.namelist()
    assert not list((app_services.runs_dir / run.id).glob(".download-*"))


def test_run_comes_as_a_zip_of_everything(fetch, run):
    with ZipFile(io.BytesIO(fetch(run_url(run.id)).content)) as zipped:
        names = zipped.namelist()
    assert {"binary/predict.py", "binary/plots.html", "binary/holdout_predictions.csv"} <= set(
        names
    )


@pytest.mark.parametrize(("path", "act"), [("model", "model"), ("run", "run")])
def test_download_is_audited_with_the_person(fetch, run, app_services, analyst, path, act):
    fetch(model_url(run.id, "binary") if path == "model" else run_url(run.id))
    (event,) = audit_events(app_services.db, f"{act}.downloaded")
    assert (event.actor_id, event.subject) == (analyst.id, f"run:{run.id}")
    assert event.correlation_id


@pytest.mark.parametrize("role", ["checker", "auditor", "admin"])
def test_download_without_the_right_is_refused_in_words(fetch, run, make_actor, role):
    for path in (model_url(run.id, "binary"), run_url(run.id)):
        answer = fetch(path, actor=make_actor(role))
        assert answer.status_code == 403
        assert "model.download" in answer.text


def test_download_of_a_stranger_is_refused(fetch, run):
    assert fetch(run_url(run.id), actor=None).status_code == 401


@pytest.mark.parametrize(
    "path",
    ["/downloads/run/nobody.zip", "/downloads/model/nobody/binary.zip", "/downloads/run/...zip"],
)
def test_download_of_an_unknown_run_is_not_found(fetch, path):
    assert fetch(path).status_code == 404


@pytest.mark.parametrize("task", ["multiclass", "..", "%2e%2e"])
def test_download_of_an_unknown_task_is_not_found(fetch, run, task):
    assert fetch(model_url(run.id, task)).status_code == 404


def test_evidence_is_sent_whole_from_the_disk_and_leaves_nothing(
    fetch, app_services, make_actor, run, tmp_path
):
    auditor, folder = make_actor("auditor"), app_services.settings.paths.data
    answer = fetch(evidence_url(), actor=auditor)
    assert answer.status_code == 200
    assert 'filename="evidence.jsonl"' in answer.headers["content-disposition"]
    file = tmp_path / "evidence.jsonl"
    file.write_bytes(answer.content)
    assert (
        verify_export.verify(file, register.evidence_keys(app_services.secrets, auditor))[0] == ""
    )
    (event,) = audit_events(app_services.db, "audit.exported")
    assert event.actor_name == "auditor"
    assert not list(folder.glob(".evidence-*"))


def test_evidence_that_cannot_be_made_leaves_nothing(fetch, app_services, make_actor, monkeypatch):
    def broken(*_given):
        raise NotReady("The key is gone.")

    monkeypatch.setattr(register, "write_evidence", broken)
    assert fetch(evidence_url(), actor=make_actor("auditor")).status_code == 409
    assert not list(app_services.settings.paths.data.glob(".evidence-*"))


def test_evidence_is_refused_to_others(fetch, analyst):
    answer = fetch(evidence_url(), actor=analyst)
    assert (answer.status_code, "audit.read" in answer.text) == (403, True)
