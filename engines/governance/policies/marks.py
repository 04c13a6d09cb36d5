"""YAML with the line of every part, so that a fault can say where it is."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

Path = tuple[str | int, ...]
LONGEST_TEXT = 200_000  # characters
DEEPEST = 20
# The parser in C takes a tenth of the time; a PyYAML built without it has the same in Python.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, order=True)
class Fault:
    """One thing wrong with a policy file: where (from 1), what, and the repair."""

    line: int
    column: int
    message: str
    fix: str = ""

    def __str__(self) -> str:
        return f"Line {self.line}: {self.message} {self.fix}".strip()


class Marked:
    """The plain values of a YAML text, and where each part of them stands."""

    def __init__(self, value: Any, keys: dict[Path, yaml.Mark], values: dict[Path, yaml.Mark]):
        self.value, self._keys, self._values = value, keys, values

    def fault(self, path: Path, message: str, fix: str = "", at_key: bool = False) -> Fault:
        """A fault at that path, or at its nearest part that exists; `at_key` points at the key."""
        wanted = self._keys if at_key else self._values
        mark = None
        for length in range(len(path), -1, -1):
            if mark := wanted.get(path[:length]) or self._values.get(path[:length]):
                break
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        return Fault(line, column, message, fix)


class _Refused(Exception):
    """Composing stopped at a fault."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


def read_marked(text: str) -> Marked | Fault:
    """The text's values and marks, or the first fault of its YAML. Nothing but plain data loads."""
    if len(text) > LONGEST_TEXT:
        return Fault(1, 1, f"The text is longer than {LONGEST_TEXT:,} characters.", "Shorten it.")
    try:
        node = _composed(text)
        keys: dict[Path, yaml.Mark] = {}
        values: dict[Path, yaml.Mark] = {}
        for path, key, part in _walk(node, ()):
            if key is not None:
                keys[path] = key.start_mark
            values[path] = part.start_mark
        loader = yaml.SafeLoader("")
        return Marked(loader.construct_document(node), keys, values)
    except _Refused as refused:
        return refused.fault
    except yaml.YAMLError as error:
        return _yaml_fault(error)
    except (ValueError, RecursionError) as error:
        return Fault(1, 1, f"The text is no plain YAML: {error}.", "Write it as in the reference.")


def _composed(text: str) -> yaml.Node:
    _check_events(text)
    node = yaml.compose(text, Loader=LOADER)
    if not isinstance(node, yaml.MappingNode):
        raise _Refused(Fault(1, 1, "The file is no policy.", "Begin with “policy: its-name”."))
    return node


def _check_events(text: str) -> None:
    # Before anything is composed: that takes seconds for a text of nothing but brackets.
    depth = 0
    for event in yaml.parse(text, Loader=LOADER):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            message = "Anchors (&) and references (*) are not read here."
            raise _Refused(_at(event, message, "Write it out."))
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise _Refused(_at(event, f"Nested more than {DEEPEST} levels.", "Write it flatter."))


def _walk(
    node: yaml.Node, path: Path, key: yaml.Node | None = None
) -> Iterator[tuple[Path, yaml.Node | None, yaml.Node]]:
    yield path, key, node
    if isinstance(node, yaml.SequenceNode):
        for number, child in enumerate(node.value):
            yield from _walk(child, (*path, number))
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for name, child in node.value:
            _check_key(name, seen)
            yield from _walk(child, (*path, name.value), name)


def _check_key(name: yaml.Node, seen: set[str]) -> None:
    if not isinstance(name, yaml.ScalarNode):
        raise _Refused(_at(name, "A key is no plain word.", "Use one word before the colon."))
    if name.tag != "tag:yaml.org,2002:str":
        fix = f'Write it in quotes: "{name.value}".'
        raise _Refused(_at(name, f"YAML does not read the key {name.value} as text.", fix))
    if name.value in seen:
        raise _Refused(_at(name, f"“{name.value}” is here twice.", "Keep one of them."))
    seen.add(name.value)


def _at(place: yaml.Node | yaml.Event, message: str, fix: str) -> Fault:
    line, column = (mark.line + 1, mark.column + 1) if (mark := place.start_mark) else (1, 1)
    return Fault(line, column, message, fix)


def _yaml_fault(error: yaml.YAMLError) -> Fault:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = (
        getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be read"
    )
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    fix = "Look at the indentation, colons and quotes here and on the line above."
    return Fault(line, column, f"This is no YAML: {problem}.", fix)
