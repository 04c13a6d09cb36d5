"""The Artifacts page: empty, listing, one release, promotion, verification, publishing."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

from engines import artifacts, projects, wiring
from engines.artifacts import Depot, Release, ReleaseRequest, Repository
from engines.artifacts.audit import Audit
from engines.core.access import Actor
from engines.core.artifact_settings import Keep
from engines.core.database import now
from engines.core.errors import NotAllowed
from engines.core.gate import Purpose, Stage
from engines.core.model_ref import ModelRef
from engines.core.progress import Silent
from engines.governance import approvals
from engines.governance.approvals import Standing
from engines.wiring import Services
from tests.harness.releases import FolderSources, OpenGate, Queue
from tests.harness.run_folders import telco

OpenPage = Callable[..., AppTest]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Path:
    root = tmp_path_factory.mktemp("models")
    telco(root / "r1", shared_data)
    return root


@pytest.fixture
def depot(
    app_services: Services, models: Path, analyst: Actor, monkeypatch: pytest.MonkeyPatch
) -> Depot:
    """The application's own depot on a small model, its gate open and its queue still."""
    experiment = projects.create(app_services.db, analyst, "Churn [2026]").id
    parts = {"gate": OpenGate(), "scheduler": Queue()}
    sources = FolderSources(models, experiment=experiment)
    made = replace(app_services.depot, sources=sources, **parts)
    monkeypatch.setattr(wiring.Services, "depot", made)
    return made


@pytest.fixture
def release_id(depot: Depot, analyst: Actor) -> str:
    asked = ReleaseRequest(ModelRef("r1", "binary"), "churn", "1.0.0", notes="First [one](x).")
    row = artifacts.request_release(depot, analyst, asked)
    return artifacts.publish(depot, analyst, row.id, Silent()).id


def words(at: AppTest) -> str:
    parts = [at.markdown, at.caption, at.subheader, at.header, at.success, at.warning, at.error]
    return " ".join(each.value for part in parts for each in part)


def labels(at: AppTest) -> list[str]:
    return [button.label for button in at.button]


@pytest.mark.parametrize("role", ["analyst", "checker", "validator", "deployer", "auditor"])
def test_list_without_releases_says_so(open_page: OpenPage, role: str) -> None:
    at = open_page(role, "artifacts")
    assert not at.exception
    assert "No releases yet" in words(at)
    assert ("No model is approved for publishing" in words(at)) == (role in ("analyst", "deployer"))


def test_list_shows_each_release_with_its_place(open_page: OpenPage, release_id: str) -> None:
    at = open_page("auditor", "artifacts")
    assert "1 release" in words(at)
    assert "**churn 1.0.0**" in [link.proto.label for link in at.get("page_link")]
    assert not at.exception


def test_link_opens_the_release_with_files_properties_and_findings(
    open_page: OpenPage, release_id: str
) -> None:
    at = open_page("analyst", "artifacts", release=release_id)
    assert not at.exception
    assert "churn 1.0.0" in words(at)
    assert "First \\[one\\]\\(x\\)." in words(at)  # a name in the notes is text, not a link
    tables = [frame.value for frame in at.dataframe]
    listed = next(table for table in tables if "SHA-256" in table)
    assert {"files/model.skops", "files/sbom.cdx.json"} <= set(listed["File"])
    told = next(table for table in tables if "Property" in table)
    assert dict(zip(told["Property"], told["Value"], strict=True))["mlaas.version"] == "1.0.0"
    assert any("Licence" in table for table in tables)
    assert "ONNX: There are no hold" in words(at)
    assert "Nobody has looked for known vulnerabilities" in words(at)


def test_release_says_which_advisories_were_looked_at_and_when(
    open_page: OpenPage, release_id: str, app_services: Services
) -> None:
    folder = app_services.runs_dir / "r1" / "binary"
    folder.mkdir(parents=True)
    (folder / "environment.json").write_text('{"lock_sha256": "a"}')
    audit = Audit(lock_sha256="a", database="9 OSV records in pypi.zip", newest=now(),
                  checked_at=now(), vulnerable=("numpy 1: PYSEC-1",))  # fmt: skip
    (app_services.settings.paths.data / "audit.json").write_text(audit.model_dump_json())
    at = open_page("auditor", "artifacts", release=release_id)
    assert "**Known vulnerabilities: 1.** 9 OSV records in pypi.zip, newest record" in words(at)


def test_verify_says_that_every_file_is_what_was_published(
    open_page: OpenPage, release_id: str, depot: Depot
) -> None:
    at = open_page("auditor", "artifacts", release=release_id)
    press(at, "Verify checksums now")
    assert "files are what was published" in words(at)
    place = Path(depot.store._root) / "mlaas-dev/churn/1.0.0/files/README.md"  # type: ignore[attr-defined]
    place.write_text("changed")
    press(at, "Verify checksums now")
    assert "files/README.md in dev" in words(at)


def press(at: AppTest, label: str) -> None:
    next(button for button in at.button if button.label == label).click().run()


def test_promotion_says_beforehand_what_the_gate_would_refuse(
    open_page: OpenPage, app_services: Services, depot: Depot, analyst: Actor,
    release_id: str, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    held = [Standing(Stage.TRAINING, None, True), Standing(Stage.PUBLISHED, None, True)]
    missing = Standing(Stage.UAT, None, False, "It is not approved for UAT.")
    monkeypatch.setattr(approvals, "standings", lambda *_: [*held, missing])
    at = open_page("deployer", "artifacts", release=release_id)
    assert "**The gate would refuse it:** It is not approved for UAT." in words(at)
    links = {link.proto.label: link.proto.query_string for link in at.get("page_link")}
    assert "stage=uat" in links["What its approval needs"]
    assert {"Who decided", "In the inventory", "The model's results"} <= links.keys()
    monkeypatch.setattr(approvals, "standings", lambda *_: [*held, replace(missing, holds=True)])
    at = open_page("deployer", "artifacts", release=release_id)
    assert "It is approved for UAT." in words(at)
    ended = replace(held[1], holds=False, reason="Its approval is revoked: A flaw.")
    monkeypatch.setattr(approvals, "standings", lambda *_: [held[0], ended, missing])
    at = open_page("auditor", "artifacts", release=release_id)
    assert "refuses its use in dev now:** Its approval is revoked\\: A flaw." in words(at)


def test_promote_asks_for_a_reason_and_moves_the_release(
    open_page: OpenPage, release_id: str, depot: Depot
) -> None:
    at = open_page("deployer", "artifacts", release=release_id)
    press(at, "Promote to uat")
    assert "A reason is missing" in words(at)
    at.text_input[0].set_value("Tests passed")
    press(at, "Promote to uat")
    assert not at.exception
    assert "**deployer promotes it to uat.**" in words(at)
    assert "Promote to uat" not in labels(at)
    deployer = Actor("user-deployer", "deployer", frozenset({"deployer"}))
    artifacts.promote(depot, deployer, release_id, Repository.UAT, Silent())
    assert "Promote to prod" in labels(open_page("deployer", "artifacts", release=release_id))


def test_promotion_that_was_cancelled_says_so_in_one_sentence(
    open_page: OpenPage, release_id: str, depot: Depot
) -> None:
    at = open_page("deployer", "artifacts", release=release_id)
    at.text_input[0].set_value("Tests passed")
    press(at, "Promote to uat")
    press(at, "Cancel the promotion")
    assert "Cancel the promotion now" in labels(at)
    (_, job) = depot.scheduler.requests  # type: ignore[attr-defined]
    depot.scheduler.cancel(Actor("d", "deployer", frozenset()), job.key, "Not yet")
    at = open_page("deployer", "artifacts", release=release_id)
    assert "**It was not promoted to uat.** Cancelled by deployer\\: Not yet" in words(at)
    assert "Promote to uat" in labels(at)


def test_promote_that_the_gate_refuses_shows_the_reason(
    open_page: OpenPage, release_id: str, depot: Depot
) -> None:
    depot.gate.refused[Purpose.UAT] = "The approval for uat has expired."  # type: ignore[attr-defined]
    at = open_page("deployer", "artifacts", release=release_id)
    at.text_input[0].set_value("Tests passed")
    press(at, "Promote to uat")
    assert "The approval for uat has expired." in words(at)


@pytest.mark.parametrize("role", ["analyst", "checker", "validator", "auditor"])
def test_only_deployers_are_offered_promotion(
    open_page: OpenPage, release_id: str, role: str
) -> None:
    at = open_page(role, "artifacts", release=release_id)
    assert "Promote to uat" not in labels(at)


def test_failed_release_says_why_and_can_be_tried_again(
    open_page: OpenPage, depot: Depot, analyst: Actor
) -> None:
    asked = ReleaseRequest(ModelRef("r1", "binary"), "churn", "1.0.0", notes="First.")
    row = artifacts.request_release(depot, analyst, asked)
    at = open_page("analyst", "artifacts", release=row.id)
    assert "Try again" not in labels(at)
    depot.gate.refused[Purpose.PUBLISH] = "Not approved any more."  # type: ignore[attr-defined]
    with pytest.raises(NotAllowed):
        artifacts.publish(depot, analyst, row.id, Silent())
    at = open_page("analyst", "artifacts", release=row.id)
    assert "Nothing was published" in words(at)
    assert "Not approved any more." in words(at)
    depot.gate.refused.clear()  # type: ignore[attr-defined]
    press(at, "Try again")
    assert artifacts.release(depot, analyst, row.id).release.state == "publishing"


def test_link_to_no_release_is_one_sentence(open_page: OpenPage) -> None:
    at = open_page("analyst", "artifacts", release="nothing")
    assert "There is no such release." in words(at)
    assert not at.exception


def test_form_publishes_an_approved_model_as_a_job(
    open_page: OpenPage, depot: Depot, monkeypatch: pytest.MonkeyPatch
) -> None:
    import app.artifacts_publish as form

    one = SimpleNamespace(
        id="s1", run_id="r1", task="binary", experiment_id=depot.sources.experiment
    )  # type: ignore[attr-defined]
    monkeypatch.setattr(form, "approved", lambda actor, experiment_id: [one])
    at = open_page("analyst", "artifacts")
    texts = {each.label: each for each in at.text_input}
    assert (texts["Name"].value, texts["Version"].value) == ("churn-2026", "1.0.0")
    assert "This is the first release under this name." in words(at)
    press(at, "Publish")
    assert "The release notes are missing." in words(at)
    at.text_area[0].set_value("The first one.")
    press(at, "Publish")
    assert not at.exception
    (view,) = artifacts.releases(depot, Actor("a", "a", frozenset({"auditor"})))
    assert (view.release.title, view.release.formats) == ("churn-2026 1.0.0", ["zip"])
    (job,) = depot.scheduler.requests  # type: ignore[attr-defined]
    assert (job.kind, job.payload) == ("publish", {"release_id": view.release.id})


def test_link_to_an_experiment_lists_its_releases_only(
    open_page: OpenPage, app_services: Services, release_id: str, analyst: Actor
) -> None:
    other = projects.create(app_services.db, analyst, "Another").id
    at = open_page("auditor", "artifacts", experiment=other)
    assert "No releases yet" in words(at)
    assert "Only of one experiment." in words(at)


def test_retention_lists_what_is_due_and_queues_its_removal(
    open_page: OpenPage, app_services: Services, release_id: str, depot: Depot, analyst: Actor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    newer = ReleaseRequest(ModelRef("r1", "binary"), "churn", "1.1.0", notes="Newer.")
    row = artifacts.request_release(depot, analyst, newer)
    artifacts.publish(depot, analyst, row.id, Silent())
    long_ago = now() - timedelta(days=40)
    with app_services.db.write() as session:
        session.execute(sa.update(Release).values(created_at=long_ago))
    assert "Retention" not in [e.label for e in open_page("deployer", "artifacts").expander]
    rules = {"keep": {"dev": Keep(newest=1, days=30)}}
    keep = app_services.settings.artifacts.model_copy(update=rules)
    ruled = app_services.settings.model_copy(update={"artifacts": keep})
    monkeypatch.setitem(vars(app_services), "settings", ruled)
    at = open_page("deployer", "artifacts")
    assert "churn 1.0.0 from dev: older than 30 days, and 1 are newer" in words(at)
    press(at, "Remove 1 from the repository")
    assert not at.exception
    assert "No release is due." in words(at)
    assert "leaving dev" in words(at)
    said = "**deployer removes it from dev:** older than 30 days, and 1 are newer"
    at = open_page("deployer", "artifacts", release=release_id)
    assert said in words(at)
    assert "Cancel the removal" in labels(at)
    assert "Promote to uat" not in labels(at)
    at = open_page("analyst", "artifacts", release=release_id)
    assert said in words(at)
    assert "Cancel the removal" not in labels(at)
    job = depot.scheduler.requests[-1]  # type: ignore[attr-defined]
    depot.scheduler.cancel(Actor("d", "deployer", frozenset()), job.key, "Not yet")
    at = open_page("deployer", "artifacts", release=release_id)
    assert "**It was not removed from dev.** Cancelled by deployer\\: Not yet" in words(at)
    assert "Promote to uat" in labels(at)
    assert artifacts.release(depot, analyst, row.id).present == (Repository.DEV,)
