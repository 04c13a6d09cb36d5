"""The project keeps its own rules, and each rule notices when it is broken."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.architecture import rules

ROOT = Path(__file__).parents[2]
Rule = Callable[[Path], Iterator[str]]

BREACHES = [
    (rules.functions_are_short, "engines/eda/a.py", "def f():\n" + "    x = 1\n" * 40),
    (rules.functions_are_short, "engines/eda/a.py", "def f():\n" + "    x = 1\n" * 8),
    (rules.functions_are_short, "tests/test_a.py", "def test_f():\n" + "    x = 1\n" * 40),
    (rules.files_are_short, "pages/a.py", "x = 1\n" * 151),
    (rules.files_are_short, "engines/eda/a.py", "x = 1\n" * 301),
    (rules.names_mean_something, "engines/eda/string_utils.py", ""),
    (rules.names_mean_something, "app/a.py", "class DataManager:\n    pass\n"),
    (rules.nothing_is_left_unfinished, "docs/a.md", "TO" + "DO: write this\n"),
    (rules.nothing_is_left_unfinished, "engines/a.py", "DATA = '/ho" + "me/someone/data'\n"),
    (rules.pages_only_describe, "pages/a.py", "import sqlalchemy\n"),
    (rules.pages_only_describe, "pages/a.py", "from engines.wiring import build\n"),
    (rules.pages_only_describe, "pages/a.py", "import time\n"),
    (rules.pages_only_describe, "pages/a.py", "st.session_state['x'] = 1\n"),
    (rules.streamlit_stays_in_front, "engines/eda/a.py", "import streamlit as st\n"),
    (rules.vendors_stay_in_their_backend, "engines/training/a.py", "import mlflow.sklearn\n"),
    (rules.dags_know_nothing_of_ours, "dags/a.py", "from engines import training\n"),
    (rules.nothing_is_pickled, "engines/a.py", "def f():\n    import pickle\n"),
    (rules.nothing_is_pickled, "engines/a.py", "joblib.dump(model, 'model')\n"),
    (rules.nothing_is_pickled, "engines/a.py", "numpy.load('x', allow_pickle=True)\n"),
    (rules.public_things_say_what_they_are, "engines/a.py", '"""A."""\ndef f():\n    pass\n'),
    (rules.public_things_say_what_they_are, "engines/a.py", "x = 1\n"),
    (rules.state_is_nobodys_global, "app/a.py", "def f():\n    global x\n    x = 1\n"),
    (
        rules.errors_are_shown_in_one_place,
        "pages/a.py",
        "try:\n    f()\nexcept Exception:\n    1\n",
    ),
]


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_project_keeps_the_rule(rule: Rule) -> None:
    breaches = list(rule(ROOT))
    assert not breaches, "\n".join(breaches)


@pytest.mark.parametrize(("rule", "path", "text"), BREACHES)
def test_breach_is_found(rule: Rule, path: str, text: str, tmp_path: Path) -> None:
    file = tmp_path / path
    file.parent.mkdir(parents=True)
    file.write_text(text)
    assert [breach for breach in rule(tmp_path) if path in breach or "half" in breach]


def test_every_rule_has_a_breach() -> None:
    assert set(rules.RULES) == {rule for rule, _path, _text in BREACHES}
