"""The role matrix: published as it is, and held by every engine function and every route."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from starlette.routing import WebSocketRoute
from streamlit.runtime import Runtime

from app import asgi
from app.gate import OPEN_PATHS
from app.navigation import PAGES
from app.services import services
from engines.core.access import MATRIX, Actor, Capability, Role, needs, require
from engines.core.errors import NotAllowed
from tools.role_matrix import TARGET, markdown

ROOT = Path(__file__).parents[2]

# Public functions that take an actor and carry no capability, each with the reason.
UNGUARDED = {
    "engines.core.access.require": "it is the guard",
    "engines.core.runs.task_folder": "it asks the Runs it is given, which check the experiment",
    "engines.governance.approvals.gate.ApprovalGate.may_use": "it asks for the purpose's own",
    "engines.orchestration.local.LocalScheduler.submit": "the engine that submits has checked",
}

OURS = {"X-Requested-With": "mlaas"}
FILE = {"name": "a.csv", "size": 1, "experiment": "x", "modified": 1}

# Routes of ours beyond signing in: what each needs, and a request sound enough to reach the check.
ROUTES: dict[tuple[str, str], tuple[Capability, dict[str, Any]]] = {
    ("POST", "/uploads"): (Capability.DATA_WRITE, {"json": FILE}),
    ("GET", "/uploads/x"): (Capability.DATA_WRITE, {}),
    ("PUT", "/uploads/x"): (Capability.DATA_WRITE, {"params": {"offset": 0}, "content": b"x"}),
    ("DELETE", "/uploads/x"): (Capability.DATA_WRITE, {}),
    ("POST", "/uploads/x/finish"): (Capability.DATA_WRITE, {"content": b""}),
    ("GET", "/reports/x/profile"): (Capability.EDA_READ, {}),
    ("GET", "/reports/x/report.html"): (Capability.EDA_READ, {}),
    ("GET", "/downloads/model/x/x.zip"): (Capability.MODEL_DOWNLOAD, {}),
    ("GET", "/downloads/run/x.zip"): (Capability.MODEL_DOWNLOAD, {}),
    ("GET", "/downloads/evidence.jsonl"): (Capability.AUDIT_READ, {}),
    ("GET", "/downloads/release/x/x/x"): (Capability.MODEL_DOWNLOAD, {}),
    ("GET", "/experiments"): (Capability.EXPERIMENT_READ, {}),
}


@pytest.fixture(scope="module")
def report():
    """Every guarded function tried as every role, by a process that did nothing else before."""
    command = [sys.executable, "-m", "tests.app.access_table"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def tried(report):
    """(function, capability, role, refused) for every guarded function and role."""
    return report["tried"]


def test_every_function_refuses_exactly_the_roles_without_its_capability(tried):
    wrong = [
        f"{name} as {role}: refused={refused}"
        for name, capability, role, refused in tried
        if refused == (Capability(capability) in MATRIX[Role(role)])
    ]
    assert wrong == []


def test_the_table_covers_the_engines(tried):
    names = {name for name, *_ in tried}
    assert {"engines.core.users.create_user", "engines.projects.experiments.create"} <= names
    assert len(tried) == len(names) * len(Role)
    assert len(names) > 40


def test_every_public_function_with_an_actor_is_guarded(report):
    assert set(report["unguarded"]) == UNGUARDED.keys()


def test_the_guard_of_a_made_up_function_follows_the_matrix():
    @needs(Capability.AUDIT_READ)
    def look(actor: Actor) -> str:
        return "seen"

    for role in Role:
        actor = Actor("a", "a", frozenset({role}))
        if Capability.AUDIT_READ in MATRIX[role]:
            assert look(actor) == "seen"
        else:
            with pytest.raises(NotAllowed):
                look(actor)
            with pytest.raises(NotAllowed):
                require(actor, Capability.AUDIT_READ)


def test_published_matrix_is_current():
    assert TARGET.read_text(encoding="utf-8") == markdown(), "run `make roles`"


def test_every_role_may_use_its_own_account():
    assert all(Capability.ACCOUNT_OWN in MATRIX[role] for role in Role)


def ours():
    """(method, path) of every route of ours beyond signing in; HEAD comes with GET."""
    return {
        (method, filled(route.path))
        for route in asgi.routes(services())
        for method in route.methods - {"HEAD"}
        if route.path not in OPEN_PATHS
    }


def test_every_route_of_ours_is_in_the_table(app_services):
    assert ours() == ROUTES.keys()


def all_routes(monkeypatch):
    monkeypatch.setattr(Runtime, "_instance", None)  # there may be one in a process
    app = asgi.build(services())
    return app._build_starlette_app().routes


def filled(path):
    return re.sub(r"\{[^}]*\}", "x", path) or "/"


def test_every_route_refuses_who_is_not_signed_in(app_services, served, monkeypatch):
    tried = []
    with served.client() as client:
        for route in all_routes(monkeypatch):
            path = filled(route.path)
            if isinstance(route, WebSocketRoute) or path in OPEN_PATHS:
                continue
            for method in getattr(route, "methods", None) or {"GET"}:
                answer = client.request(method, path, headers={"Accept": "*/*"})
                assert answer.status_code == 401, f"{method} {path}"
                tried.append(path)
    assert len(tried) > 15


@pytest.mark.parametrize("role", list(Role))
def test_every_route_of_ours_refuses_exactly_the_roles_without_its_capability(served, role):
    with served.signed_in(role) as client:
        for (method, path), (capability, request) in ROUTES.items():
            answer = client.request(method, path, headers=OURS, **request)
            refused = answer.status_code == 403
            assert refused == (capability not in MATRIX[role]), f"{method} {path}: {answer.text}"
            assert answer.status_code < 500


@pytest.mark.parametrize("role", list(Role))
def test_every_page_opens_for_exactly_the_roles_with_its_capability(open_page, role):
    at = open_page(role.value, "experiments")
    for spec in (each for each in PAGES if each.path.exists()):
        at.switch_page(f"../pages/{spec.key}.py").run()
        refused = any("needs the permission" in error.value for error in at.error)
        assert refused == (spec.capability not in MATRIX[role]), spec.key
        assert not at.exception, spec.key
