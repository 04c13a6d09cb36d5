"""Pages of the product in Streamlit's own test runner, opened by a person."""

from functools import cache
from pathlib import Path

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

import app.session
import app.ui
from engines.core.access import Actor

# Every AppTest reads what each installed package says of itself, a second's work.
manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)

MAIN = Path(__file__).parents[2] / "app" / "main.py"


def opened(monkeypatch: pytest.MonkeyPatch, actor: Actor, key: str, **query: str) -> AppTest:
    """The page of that key with that address, as the person sees it."""
    monkeypatch.setattr(app.session, "current_actor", lambda: actor)
    monkeypatch.setattr(app.ui, "current_actor", lambda: actor)
    at = AppTest.from_file(str(MAIN), default_timeout=30).run()
    for name, value in query.items():
        at.query_params[name] = value
    return at.switch_page(f"../pages/{key}.py").run()
