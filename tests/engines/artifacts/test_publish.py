"""Publishing: all or nothing, only with the gate's consent, one winner, and both sides agree."""

import json
import os
import shutil
import time
from dataclasses import replace
from zipfile import ZipFile

import pytest

from engines import artifacts
from engines.artifacts import Format, ReleaseRequest, ReleaseState, Repository, Scheme
from engines.core.errors import BackendUnavailable, InvalidInput, NotAllowed, NotReady
from engines.core.files import sha256_of
from engines.core.gate import Purpose
from engines.core.model_ref import ModelRef
from engines.core.progress import Silent
from tests.engines.artifacts.conftest import store_on
from tests.harness.artifactory import Fault
from tests.harness.audit import acts
from tests.harness.releases import FolderSources, OpenGate, Queue, depot_on

MODEL = ModelRef("r1", "binary")
FIRST = ReleaseRequest(MODEL, "churn", "1.0.0", notes="The first one.")
DEV = Repository.DEV


def published(depot, actor, asked=FIRST):
    row = artifacts.request_release(depot, actor, asked)
    return artifacts.publish(depot, actor, row.id, Silent())


def test_publish_stores_every_file_and_the_index_last(depot, analyst, tmp_path):
    release = published(depot, analyst)
    assert release.state == ReleaseState.PUBLISHED
    stored = {one.path: one for one in depot.store.list(DEV, "churn/1.0.0")}
    assert stored.keys() == {one["path"] for one in release.files} | {"churn/1.0.0/index.json"}
    depot.store.get(DEV, "churn/1.0.0/index.json", tmp_path / "index.json")
    index = json.loads((tmp_path / "index.json").read_text())
    assert index["files"] == release.files
    assert stored["churn/1.0.0/index.json"].properties["mlaas.version"] == "1.0.0"
    assert acts(depot.db) == ["release.requested", "release.published"]


def test_publish_lists_where_it_is_and_verifies(depot, analyst):
    release = published(depot, analyst)
    (view,) = artifacts.releases(depot, analyst, "e1")
    assert (view.release.id, view.present, view.next) == (release.id, (DEV,), Repository.UAT)
    checked = artifacts.verify(depot, analyst, release.id)
    assert len(checked) == len(release.files) + 1
    assert not [one for one in checked if one.fault]


def test_bundle_holds_what_runs_judges_and_traces_the_model(folder_depot, analyst, tmp_path):
    release = published(folder_depot, analyst)
    place = artifacts.retrieve(
        folder_depot, analyst, release.id, "packages/churn-1.0.0.zip", tmp_path / "z.zip", DEV
    )
    with ZipFile(place) as zipped:
        names = {name.removeprefix("churn-1.0.0/") for name in zipped.namelist()}
        manifest = json.loads(zipped.read("churn-1.0.0/manifest.json"))
        zipped.extractall(tmp_path / "out")
    assert names >= {
        "model.skops", "model.json", "metrics.json", "README.md", "predict.py", "requirements.txt",
        "requirements.lock", "sbom.cdx.json", "dependencies.json", "model_card.md", "approval.json",
        "approval.sig", "RELEASE_NOTES.md", "Dockerfile", "manifest.json", "onnx.json",
    }  # fmt: skip
    folder = tmp_path / "out" / "churn-1.0.0"
    assert manifest["files"] == {
        file.name: sha256_of(file) for file in folder.iterdir() if file.name != "manifest.json"
    }
    assert manifest["approval"]["content_hash"] == "c" * 64
    docker = (folder / "Dockerfile").read_text()
    assert "--network none" in docker
    assert "\nUSER 10001:10001\n" in docker
    assert docker.split("FROM python:")[1][:5] == "3.11."


def test_gate_that_refuses_stops_before_anything_is_written(folder_depot, analyst):
    depot = replace(folder_depot, gate=OpenGate({Purpose.PUBLISH: "It is not approved."}))
    with pytest.raises(NotAllowed, match="not approved"):
        artifacts.request_release(depot, analyst, FIRST)
    assert artifacts.releases(depot, analyst) == []
    assert depot.scheduler.requests == []


def test_approval_revoked_while_the_bundle_is_made_publishes_nothing(depot, analyst):
    row = artifacts.request_release(depot, analyst, FIRST)

    class Revoking(OpenGate):
        def may_use(self, actor, model, purpose, at=None):
            if len(self.asked) == 1:
                self.refused[Purpose.PUBLISH] = "The approval was revoked."
            return super().may_use(actor, model, purpose, at)

    with pytest.raises(NotAllowed, match="revoked"):
        artifacts.publish(replace(depot, gate=Revoking()), analyst, row.id, Silent())
    (view,) = artifacts.releases(depot, analyst)
    assert (view.release.state, view.present) == (ReleaseState.FAILED, ())
    assert "churn/1.0.0/index.json" not in {o.path for o in depot.store.list(DEV, "churn/1.0.0")}


def test_approval_of_other_content_meanwhile_publishes_nothing(folder_depot, analyst):
    row = artifacts.request_release(folder_depot, analyst, FIRST)
    other = replace(folder_depot, gate=OpenGate(content_hash="d" * 64))
    with pytest.raises(NotReady, match="changed while the release was made"):
        artifacts.publish(other, analyst, row.id, Silent())
    assert artifacts.releases(folder_depot, analyst)[0].present == ()


def test_two_publishers_of_one_version_have_one_winner(depot, analyst, make_actor):
    other = make_actor("deployer")
    row = artifacts.request_release(depot, analyst, FIRST)
    with pytest.raises(NotReady, match=r"churn 1\.0\.0 is being published by analyst\."):
        artifacts.request_release(depot, other, FIRST)
    artifacts.publish(depot, analyst, row.id, Silent())
    with pytest.raises(NotReady, match=r"churn 1\.0\.0 was published already by analyst\."):
        artifacts.request_release(depot, other, FIRST)
    assert len(artifacts.releases(depot, analyst)) == 1


def test_two_processes_on_one_release_have_one_winner(folder_depot, analyst):
    row = artifacts.request_release(folder_depot, analyst, FIRST)

    class Second(OpenGate):
        """Another process finishes the whole release while the first one asks the gate."""

        def may_use(self, actor, model, purpose, at=None):
            if not self.asked:
                artifacts.publish(folder_depot, analyst, row.id, Silent())
            return super().may_use(actor, model, purpose, at)

    with pytest.raises(NotReady, match="taken over by somebody else"):
        artifacts.publish(replace(folder_depot, gate=Second()), analyst, row.id, Silent())
    (view,) = artifacts.releases(folder_depot, analyst)
    assert view.release.state == ReleaseState.PUBLISHED
    assert acts(folder_depot.db).count("release.published") == 1


def test_name_of_another_experiment_is_refused(folder_depot, analyst):
    published(folder_depot, analyst)
    folder_depot.sources.experiment = "e2"
    with pytest.raises(InvalidInput, match="another experiment"):
        artifacts.request_release(folder_depot, analyst, replace(FIRST, version="2.0.0"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": "../up"}, "cannot be the name"),
        ({"name": "Churn"}, "cannot be the name"),
        ({"version": "1.0"}, "not a version"),
        ({"version": "01.0.0"}, "not a version"),
        ({"version": "2026.2.30", "scheme": Scheme.DATE}, "not a date version"),
        ({"notes": " "}, "notes are missing"),
    ],
)
def test_request_that_cannot_be_is_refused(folder_depot, analyst, change, words):
    with pytest.raises(InvalidInput, match=words):
        artifacts.request_release(folder_depot, analyst, replace(FIRST, **change))


@pytest.mark.parametrize("status", [401, 403, 409, 413, 500, 507])
def test_upload_that_fails_anywhere_leaves_nothing_visible_and_a_retry_finishes(
    db, server, models, tmp_path, analyst, status
):
    depot = depot_on(db, store_on(server), models, tmp_path / "work")
    row = artifacts.request_release(depot, analyst, FIRST)
    server.faults.append(Fault(str(status), "PUT", "manifest.json", times=9))
    with pytest.raises((NotAllowed, InvalidInput, BackendUnavailable)):
        artifacts.publish(depot, analyst, row.id, Silent())
    assert "churn/1.0.0/index.json" not in server.items["mlaas-dev"]
    depot.scheduler.live = False
    (view,) = artifacts.releases(depot, analyst)
    assert (view.release.state, view.present) == (ReleaseState.FAILED, ())
    assert view.release.error
    server.faults.clear()
    again = artifacts.retry(depot, analyst, row.id)
    assert artifacts.publish(depot, analyst, again.id, Silent()).state == ReleaseState.PUBLISHED
    assert not [one for one in artifacts.verify(depot, analyst, row.id) if one.fault]


def test_answer_lost_after_the_index_was_stored_is_settled_as_published(
    db, server, models, tmp_path, analyst
):
    depot = depot_on(db, store_on(server, waits=()), models, tmp_path / "work")
    row = artifacts.request_release(depot, analyst, FIRST)
    server.faults.append(Fault("lost", "PATCH", "index.json", times=1))
    with pytest.raises(BackendUnavailable):
        artifacts.publish(depot, analyst, row.id, Silent())
    assert "churn/1.0.0/index.json" in server.items["mlaas-dev"]
    depot.scheduler.live = False
    assert artifacts.releases(depot, analyst)[0].release.state == ReleaseState.PUBLISHED


def test_process_that_ended_is_settled_when_its_job_is_over(folder_depot, analyst):
    queue = Queue()
    depot = replace(folder_depot, scheduler=queue)
    artifacts.request_release(depot, analyst, FIRST)
    assert artifacts.releases(depot, analyst)[0].release.state == ReleaseState.PUBLISHING
    queue.live = False
    (view,) = artifacts.releases(depot, analyst)
    assert view.release.state == ReleaseState.FAILED
    assert "ended before" in view.release.error
    taken = artifacts.request_release(depot, analyst, FIRST)  # the version is free again
    assert taken.id != view.release.id


def test_same_release_gives_the_same_bytes(folder_depot, analyst, tmp_path, db, models):
    every = tuple(Format)
    release = published(folder_depot, analyst, replace(FIRST, formats=every))
    from engines.artifacts import bundle

    sources, sums = folder_depot.sources, []
    for number in range(2):
        place = tmp_path / f"again{number}"
        place.mkdir()
        material = bundle.Material(
            sources.folder(analyst, MODEL), sources.scripts(analyst, MODEL),
            sources.evidence(analyst, MODEL), None, release.facts["approval"],
        )  # fmt: skip
        made = bundle.build(release, material, place, Silent())
        sums.append({name: sha256_of(file) for name, file in made.files.items()})
    stored = {one["path"].removeprefix("churn/1.0.0/"): one["sha256"] for one in release.files}
    assert sums[0] == sums[1] == stored


def test_suggestion_follows_what_changed(folder_depot, analyst):
    said = artifacts.suggestion(folder_depot, analyst, MODEL, "churn")
    assert said.version == "1.0.0"
    published(folder_depot, analyst)
    same = artifacts.suggestion(folder_depot, analyst, MODEL, "churn")
    assert (same.version, same.reason) == ("1.0.1", "Only documents changed.")
    anew = artifacts.suggestion(folder_depot, analyst, ModelRef("r2", "binary"), "churn")
    assert (anew.version, anew.reason) == ("1.1.0", "It was trained anew on the same columns.")
    other = artifacts.suggestion(folder_depot, analyst, ModelRef("r1", "regression"), "churn")
    assert other.version == "2.0.0"
    assert "answers something else" in other.reason


def test_publish_needs_the_capability(folder_depot, make_actor):
    with pytest.raises(NotAllowed):
        artifacts.request_release(folder_depot, make_actor("checker"), FIRST)


def test_next_attempt_of_the_job_sends_only_what_is_missing(db, server, models, tmp_path, analyst):
    depot = depot_on(db, store_on(server, waits=()), models, tmp_path / "work")
    row = artifacts.request_release(depot, analyst, FIRST)
    server.faults += [Fault("404", "PUT", "z/|packages/"), Fault("503", "PUT", "packages/")]
    with pytest.raises(BackendUnavailable):
        artifacts.publish(depot, analyst, row.id, Silent())
    before = len(server.asked)
    artifacts.publish(depot, analyst, row.id, Silent())
    sent = [line for line in server.asked[before:] if line.startswith("PUT")]
    assert {line.rsplit("/", 1)[1] for line in sent} == {"churn-1.0.0.zip", "index.json"}


def test_file_changed_while_the_bundle_is_made_publishes_nothing(
    folder_depot, analyst, models, tmp_path
):
    root = tmp_path / "own"
    shutil.copytree(models / "r1", root / "r1")

    class Changing(OpenGate):
        """Somebody edits a file of the model just before it is asked for the last time."""

        def may_use(self, actor, model, purpose, at=None):
            if self.asked:
                (root / "r1" / "binary" / "metrics.json").write_text("{}")
            return super().may_use(actor, model, purpose, at)

    depot = replace(folder_depot, sources=FolderSources(root))
    row = artifacts.request_release(depot, analyst, FIRST)
    depot = replace(depot, gate=Changing())
    with pytest.raises(NotReady, match="changed while the release was made"):
        artifacts.publish(depot, analyst, row.id, Silent())
    assert artifacts.releases(depot, analyst)[0].present == ()


def test_file_swapped_between_two_looks_of_the_gate_is_not_published(
    folder_depot, analyst, models, tmp_path
):
    root = tmp_path / "own"
    shutil.copytree(models / "r1", root / "r1")
    file = root / "r1" / "binary" / "metrics.json"
    true = file.read_bytes()

    class Looking(OpenGate):
        """Each time the gate looks the file is the true one; in between it is another."""

        def may_use(self, actor, model, purpose, at=None):
            file.write_bytes(true)
            files = {one.name: sha256_of(one) for one in file.parent.iterdir()}
            file.write_text("{}")
            return replace(super().may_use(actor, model, purpose, at), files=files)

    depot = replace(folder_depot, sources=FolderSources(root))
    row = artifacts.request_release(depot, analyst, FIRST)
    with pytest.raises(NotReady, match="changed while the release was made"):
        artifacts.publish(replace(depot, gate=Looking()), analyst, row.id, Silent())
    assert artifacts.releases(depot, analyst)[0].present == ()


def test_scratch_of_killed_processes_goes_after_a_day(folder_depot, analyst):
    folder_depot.work_dir.mkdir()
    for name, age in (("release-old", 90_000), ("release-new", 60)):
        (folder_depot.work_dir / name).mkdir()
        os.utime(folder_depot.work_dir / name, (time.time() - age,) * 2)
    published(folder_depot, analyst)
    assert [each.name for each in folder_depot.work_dir.iterdir()] == ["release-new"]
