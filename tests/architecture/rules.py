"""The rules of the house. Each takes the project's root and names every breach it finds."""

import ast
import re
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.tree import EVERYTHING, Function, Module, modules, texts

FUNCTION_MEDIAN, FUNCTION_LONGEST, PAGE_LONGEST, MODULE_LONGEST = 8, 40, 150, 300

EMPTY_NAMES = re.compile(r"(^|_)(utils?|helpers?|managers?)(_|$)")
UNFINISHED = re.compile(
    r"\bTO" r"DO\b|\bFIX" r"ME\b|\bXX" r"X\b|\bst" r"ub\b|\braise NotImplemented" r"Error"
)
OF_ONE_MACHINE = re.compile(r"(?<![\w.~$}])/(wo" r"rk|ro" r"ot|ho" r"me|Us" r"ers)/[\w.]")

# A vendor's kit is known to its backend alone: the module of that name, and its parts mlflow_….
VENDORS = {
    "mlflow": "engines/tracking/mlflow",
    "pyhive": "engines/data_sources/hive",
    "airflow_client": "engines/orchestration/airflow",
    "artifactory": "engines/artifacts/artifactory",
    "pyspark": "engines/data_sources/spark",
    "splunklib": "engines/observability/splunk",
}
PICKLING = {"pickle", "cPickle", "cloudpickle", "dill", "shelve", "marshal"}
PICKLING_CALLS = {"read_pickle", "to_pickle", "load_pickle", "save_pickle"}
PAGE_MAY_IMPORT = {"streamlit", "pandas", "app", "engines"}
PAGE_MAY_NOT_IMPORT = {"threading", "multiprocessing", "subprocess", "time", "asyncio", "sqlite3"}


def functions_are_short(root: Path) -> Iterator[str]:
    """No function over the limit; half of the product's functions within the median."""
    for module in modules(root, EVERYTHING):
        for function in module.functions():
            if (length := _lines(function)) > FUNCTION_LONGEST:
                yield f"{_place(module, function)} {function.name}: {length} lines"
    lengths = [_code_lines(f) for module in modules(root) for f in module.functions()]
    if lengths and (median := statistics.median(lengths)) > FUNCTION_MEDIAN:
        yield f"half of the functions have more than {median} lines"


def files_are_short(root: Path) -> Iterator[str]:
    """Pages and modules keep to their lengths."""
    for module in modules(root):
        limit = PAGE_LONGEST if module.area == "pages" else MODULE_LONGEST
        if module.lines > limit:
            yield f"{module.path}: {module.lines} lines, {limit} allowed"


def names_mean_something(root: Path) -> Iterator[str]:
    """No file, class or function whose name would fit any other."""
    for module in modules(root, EVERYTHING):
        if any(EMPTY_NAMES.search(part) for part in Path(module.path).with_suffix("").parts):
            yield module.path
        for node in module.nodes:
            if isinstance(node, Function | ast.ClassDef) and EMPTY_NAMES.search(_snake(node.name)):
                yield f"{_place(module, node)} {node.name}"


def nothing_is_left_unfinished(root: Path) -> Iterator[str]:
    """No marks of unfinished work, no path of one person's machine."""
    for path, text in texts(root):
        for number, line in enumerate(text.splitlines(), 1):
            if UNFINISHED.search(line) or OF_ONE_MACHINE.search(line):
                yield f"{path}:{number}: {line.strip()[:80]}"


def pages_only_describe(root: Path) -> Iterator[str]:
    """Pages import the interface, the engines' public packages and little else; keep no state."""
    for module in modules(root, ("pages",)):
        for name in module.imports():
            if not _page_may_import(name):
                yield f"{module.path} imports {name}"
        if "session_state" in module.text:
            yield f"{module.path} keeps state of its own in session_state"


def streamlit_stays_in_front(root: Path) -> Iterator[str]:
    """Engines, jobs and DAGs do not know Streamlit."""
    for module in modules(root, ("engines", "dags", "spark_jobs")):
        for name in module.imports():
            if _top(name) in {"streamlit", "streamlit_authenticator"}:
                yield f"{module.path} imports {name}"


def vendors_stay_in_their_backend(root: Path) -> Iterator[str]:
    """A vendor's kit is imported by its backend module and nowhere else."""
    for module in modules(root):
        for name in module.imports():
            if not module.path.startswith(VENDORS.get(_top(name), "")):
                yield f"{module.path} imports {name}"


def dags_know_nothing_of_ours(root: Path) -> Iterator[str]:
    """DAGs orchestrate; they live in another environment."""
    for module in modules(root, ("dags",)):
        for name in module.imports():
            if _top(name) in {"app", "engines", "pages", "spark_jobs"}:
                yield f"{module.path} imports {name}"


def nothing_is_pickled(root: Path) -> Iterator[str]:
    """No module reads or writes a pickle, by whatever name."""
    for module in modules(root):
        for name in module.imports():
            if _top(name) in PICKLING or name in {"joblib.load", "joblib.dump"}:
                yield f"{module.path} imports {name}"
        for node in module.nodes:
            if isinstance(node, ast.Call) and _pickles(node):
                yield f"{_place(module, node)} {ast.unparse(node.func)}"


def public_things_say_what_they_are(root: Path) -> Iterator[str]:
    """Every module, public class, function and method carries a docstring."""
    for module in modules(root):
        if module.text.strip() and not ast.get_docstring(module.tree):
            yield module.path
        for node in _public(module.tree.body):
            if not ast.get_docstring(node) and not _is_declared_field(node):
                yield f"{_place(module, node)} {node.name}"


def state_is_nobodys_global(root: Path) -> Iterator[str]:
    """No function rebinds a module's names."""
    for module in modules(root):
        for node in module.nodes:
            if isinstance(node, ast.Global):
                yield f"{_place(module, node)} global {', '.join(node.names)}"


def errors_are_shown_in_one_place(root: Path) -> Iterator[str]:
    """Pages never catch everything; `app/ui.py` does it once for all."""
    for module in modules(root, ("pages",)):
        for node in module.nodes:
            if isinstance(node, ast.ExceptHandler) and _catches_all(node):
                yield f"{_place(module, node)} catches everything"


def _lines(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def _code_lines(function: Function) -> int:
    """Length without the docstring, which is asked for by another rule."""
    first = function.body[0]
    if not ast.get_docstring(function, clean=False):
        return _lines(function)
    return _lines(function) - ((first.end_lineno or first.lineno) - first.lineno + 1)


def _place(module: Module, node: ast.stmt | ast.expr | ast.ExceptHandler) -> str:
    return f"{module.path}:{node.lineno}"


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def _top(name: str) -> str:
    return name.split(".")[0]


def _page_may_import(name: str) -> bool:
    top = _top(name)
    if top == "engines":
        inside = name.split(".")[1:]
        return not any(part.startswith("_") for part in inside) and inside[:1] != ["wiring"]
    known = top in PAGE_MAY_IMPORT or top in sys.stdlib_module_names
    return known and top not in PAGE_MAY_NOT_IMPORT


def _pickles(call: ast.Call) -> bool:
    called = ast.unparse(call.func)
    allowed = any(
        keyword.arg == "allow_pickle" and getattr(keyword.value, "value", True)
        for keyword in call.keywords
    )
    return (
        allowed
        or called.split(".")[-1] in PICKLING_CALLS
        or called in {"joblib.load", "joblib.dump"}
    )


def _public(body: list[ast.stmt]) -> Iterator[Function | ast.ClassDef]:
    for node in body:
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from _public(node.body)


def _is_declared_field(node: Function | ast.ClassDef) -> bool:
    """A property that a Protocol only names; the Protocol's own docstring speaks for it."""
    marked = any(ast.unparse(mark) == "property" for mark in node.decorator_list)
    return marked and ast.unparse(node.body[0]) == "..."


def _catches_all(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or ast.unparse(handler.type) in {"Exception", "BaseException"}


RULES = (
    functions_are_short,
    files_are_short,
    names_mean_something,
    nothing_is_left_unfinished,
    pages_only_describe,
    streamlit_stays_in_front,
    vendors_stay_in_their_backend,
    dags_know_nothing_of_ours,
    nothing_is_pickled,
    public_things_say_what_they_are,
    state_is_nobodys_global,
    errors_are_shown_in_one_place,
)
