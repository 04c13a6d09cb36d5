"""Every function that loads a model or hands one out passes the gate, or says why it need not."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
AREAS = ("engines", "app", "spark_jobs", "pages")

# Calls that bring a stored model to life.
LOADING = ("skops.io.load", "skops.io.loads", "InferenceSession", "onnx.load", "load_model")
# Functions that put a model's files where somebody can take them.
HANDING_OUT = {
    "engines/results/package.py": ("model_package", "run_package"),
    "engines/artifacts/publish.py": ("publish", "request_release"),
    "engines/artifacts/promote.py": ("promote", "request_promotion"),
}

# Where models are loaded, and which function asks the gate before.
GATED = {
    "engines/inference/load.py::_pipeline": "engines/inference/load.py::load",
    "engines/explanation/load.py::load": "engines/explanation/load.py::load",
    "engines/artifacts/bundle.py": "engines/artifacts/publish.py::publish",
    "engines/artifacts/onnx_model.py": "engines/artifacts/publish.py::publish",
}
# Where no gate is asked, each with the reason.
UNGATED = {
    "engines/training/folds.py::model": "training reads what it has just written, before it ends",
    "engines/tracking/mlflow_entities.py::write_model": "recording belongs to the training itself",
    "engines/results/script.py": "the text of predict.py, which runs where the package was taken",
}


def loads(text: str) -> Iterator[tuple[str, int]]:
    """(function, line) of every call that loads a model; "" outside any function."""
    yield from _loads(ast.parse(text), "")


def _loads(node: ast.AST, inside: str) -> Iterator[tuple[str, int]]:
    for child in ast.iter_child_nodes(node):
        name = child.name if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) else inside
        if isinstance(child, ast.Call) and _is_loading(ast.unparse(child.func)):
            yield inside, child.lineno
        yield from _loads(child, name)


def _is_loading(called: str) -> bool:
    return any(called == name or called.endswith(f".{name}") for name in LOADING)


def asks(path: str, function: str) -> bool:
    """True when the function, or a function of its module that it calls, asks the gate."""
    tree = ast.parse((ROOT / path).read_text())
    bodies = {n.name: n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}
    waiting, seen = [function], set()
    while waiting:
        name = waiting.pop()
        if name in seen or name not in bodies:
            continue
        seen.add(name)
        for call in (n for n in ast.walk(bodies[name]) if isinstance(n, ast.Call)):
            called = ast.unparse(call.func)
            if called.endswith(".may_use"):
                return True
            waiting.append(called.split(".")[-1])
    return False


def found() -> dict[str, list[int]]:
    """Every place that loads a model: path::function → lines."""
    places: dict[str, list[int]] = {}
    for area in AREAS:
        for file in sorted((ROOT / area).rglob("*.py")):
            path = file.relative_to(ROOT).as_posix()
            for function, line in loads(file.read_text()):
                places.setdefault(f"{path}::{function}", []).append(line)
    return places


def test_every_place_that_loads_a_model_is_known() -> None:
    known = {*GATED, *UNGATED}
    places = found()
    assert [p for p in places if p not in known and p.split("::")[0] not in known] == []
    used = {*places, *(place.split("::")[0] for place in places)}
    in_text = {"engines/results/script.py"}
    assert known - used - in_text == set()


def test_every_gated_place_asks_before() -> None:
    assert [by for by in GATED.values() if not asks(*by.split("::"))] == []


def test_everything_that_hands_a_model_out_asks() -> None:
    silent = [
        f"{path}::{name}"
        for path, names in HANDING_OUT.items()
        for name in names
        if not asks(path, name)
    ]
    assert silent == []


def test_loading_in_disguise_is_found() -> None:
    text = "def peek(file):\n    import skops.io\n    return skops.io.load(file, trusted=[])\n"
    assert list(loads(text)) == [("peek", 3)]


def test_every_reason_is_said() -> None:
    assert all(len(reason.split()) > 4 for reason in UNGATED.values())
