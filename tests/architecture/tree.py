"""The project's Python files, read once, as the rules look at them."""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

PRODUCT = ("app", "pages", "engines", "dags", "spark_jobs")
EVERYTHING = (*PRODUCT, "benchmarks", "tests", "tools", "docs")
GENERATED = "engines/core/migrations/versions/"

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """One Python file: its path inside the project, its text and its syntax tree."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The parsed file."""
        return ast.parse(self.text)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """Every part of the tree."""
        return list(ast.walk(self.tree))

    @property
    def lines(self) -> int:
        """How long it is."""
        return len(self.text.splitlines())

    @property
    def area(self) -> str:
        """The folder at the top: app, pages, engines …"""
        return self.path.split("/")[0]

    def functions(self) -> Iterator[Function]:
        """Every function, nested ones and methods included."""
        for node in self.nodes:
            if isinstance(node, Function):
                yield node

    def imports(self) -> Iterator[str]:
        """The dotted name of everything it imports, wherever in the file."""
        for node in self.nodes:
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield from (f"{node.module}.{alias.name}" for alias in node.names)


def modules(root: Path, areas: tuple[str, ...] = PRODUCT) -> list[Module]:
    """The files of those areas, in order."""
    found = [path for area in areas for path in sorted((root / area).rglob("*.py"))]
    read = [_module(root, path) for path in found]
    return [module for module in read if not module.path.startswith(GENERATED)]


@cache
def _module(root: Path, path: Path) -> Module:
    return Module(path.relative_to(root).as_posix(), path.read_text())


def texts(root: Path) -> list[tuple[str, str]]:
    """Path and text of what people read: code, documents, settings, scripts."""
    suffixes = {".py", ".md", ".toml", ".yaml", ".yml", ".sh", ".js", ".css", ".in", ""}
    tracked = [p for p in _files(root) if Path(p).suffix in suffixes]
    return [(p, (root / p).read_text(errors="replace")) for p in tracked if (root / p).is_file()]


def _files(root: Path) -> list[str]:
    if not (root / ".git").exists():
        return [p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file()]
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    return listing.stdout.splitlines()
