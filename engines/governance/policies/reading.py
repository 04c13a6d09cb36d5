"""From text to policy: every fault with its line and its repair, or the policy itself."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from engines.core.errors import InvalidInput
from engines.governance.policies.format import Policy
from engines.governance.policies.marks import Fault, Marked, Path, read_marked
from engines.governance.policies.meaning import meaning_faults
from engines.governance.policies.vocabulary import Vocabulary, did_you_mean

PLAIN_WORDS = {
    "missing": ("“{name}” is missing.", "Add “{name}:” here."),
    "string_type": ("“{name}” is no text.", "Write it in quotes."),
    "int_type": ("“{name}” is no whole number.", "Write a number without quotes."),
    "int_from_float": ("“{name}” is no whole number.", "Write a whole number."),
    "dict_type": ("“{name}” holds no keys.", "Indent its keys below it."),
    "model_type": ("“{name}” holds no keys.", "Indent its keys below it."),
    "tuple_type": ("“{name}” is no list.", "Write it as [a, b] or as lines that begin with “-”."),
    "too_short": ("“{name}” is empty.", "Fill it, or leave it out."),
    "string_too_short": ("“{name}” is empty.", "Fill it."),
    "string_too_long": ("“{name}” is too long.", "Shorten it."),
    "string_pattern_mismatch": (
        "“{name}” is no key.",
        "Use small letters, digits, - and _; begin with a letter.",
    ),
}
BRANCHES = re.compile(r"^(bool|str|int|float|tuple\[.*|Range|dict\[.*|constrained-.*|function-.*)$")


def faults(text: str, vocabulary: Vocabulary | None = None) -> tuple[Fault, ...]:
    """Everything wrong with the text, by line; empty when it is sound.

    Without a vocabulary, questions and document kinds are taken as they are written.
    """
    return _read(text, vocabulary)[1]


def parse(text: str, vocabulary: Vocabulary | None = None, source: str = "") -> Policy:
    """The policy that the text holds. Raises InvalidInput with source, line and repair."""
    policy, found = _read(text, vocabulary)
    if policy is None or found:
        first = found[0]
        place = f"{source}, line {first.line}" if source else f"Line {first.line}"
        raise InvalidInput(f"{place}: {first.message}", hint=first.fix)
    return policy


def load(folder: FilePath, vocabulary: Vocabulary | None = None) -> dict[str, Policy]:
    """Every policy file of the folder, by name. Raises InvalidInput on the first bad one."""
    found: dict[str, Policy] = {}
    for file in sorted(folder.glob("*.yaml")):
        policy = parse(file.read_text("utf-8"), vocabulary, file.name)
        if policy.name in found:
            raise InvalidInput(
                f"{file.name}, line 1: the policy “{policy.name}” is in another file too.",
                hint="Give one of them another name.",
            )
        found[policy.name] = policy
    return found


def _read(text: str, vocabulary: Vocabulary | None) -> tuple[Policy | None, tuple[Fault, ...]]:
    marked = read_marked(text)
    if isinstance(marked, Fault):
        return None, (marked,)
    try:
        policy = Policy.model_validate(marked.value)
    except ValidationError as error:
        return None, _form_faults(marked, error)
    return policy, tuple(sorted(set(meaning_faults(policy, marked, vocabulary))))


def _form_faults(marked: Marked, error: ValidationError) -> tuple[Fault, ...]:
    """One fault for each place: of the alternatives a value failed, the first speaks.

    Where a key is unknown, what is missing beside it is most likely that key, misspelt.
    """
    found: dict[Path, Fault] = {}
    each_real = [(_real(e["loc"], marked.value), e) for e in error.errors(include_url=False)]
    misspelt = {path[:-1] for path, e in each_real if e["type"] == "extra_forbidden"}
    for path, each in each_real:
        if path not in found and not (each["type"] == "missing" and path[:-1] in misspelt):
            found[path] = _form_fault(marked, path, each)
    return tuple(sorted(found.values()))


def _real(location: Path, value: Any) -> Path:
    """The location without pydantic's names for alternatives and keys."""
    path: list[str | int] = []
    for part in location:
        inside = isinstance(value, Mapping) and part in value
        if part == "[key]" or (not inside and isinstance(part, str) and BRANCHES.match(part)):
            continue
        path.append(part)
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            value = None
    return tuple(path)


def _form_fault(marked: Marked, path: Path, error: Any) -> Fault:
    name, kind = str(path[-1]) if path else "policy", error["type"]
    if kind == "extra_forbidden":
        message = f"“{name}” is not known here."
        return marked.fault(path, message, did_you_mean(name, _fields_at(path[:-1])), at_key=True)
    if kind in ("enum", "literal_error"):
        known = re.findall(r"'([^']*)'", error["ctx"]["expected"])
        message = f"“{error['input']}” is no {name if not isinstance(path[-1], int) else 'choice'}."
        return marked.fault(path, message, did_you_mean(error["input"], known))
    if kind in PLAIN_WORDS:
        message, fix = (words.format(name=name) for words in PLAIN_WORDS[kind])
        return marked.fault(path[:-1] if kind == "missing" else path, message, fix)
    said = str(error.get("ctx", {}).get("error", error["msg"]))
    return marked.fault(path, f"“{name}”: {said}.", "Compare it with the policy reference.")


def _fields_at(path: Path) -> list[str]:
    """The keys that a policy may have at the path."""
    here: set[Any] = {Policy}
    for part in path:
        here = {inner for kind in here for inner in _inside(kind, part)}
    return sorted(
        {n for kind in here for m in _models(kind) for n in m.model_fields},
    )


def _inside(kind: Any, part: str | int) -> Iterator[Any]:
    for model in _models(kind):
        if part in model.model_fields:
            yield model.model_fields[str(part)].annotation
    if not isinstance(kind, type):
        yield from get_args(kind)


def _models(kind: Any) -> Iterator[type[BaseModel]]:
    """The models that the type is, or holds as an alternative or as its items."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
    for inner in get_args(kind):
        yield from _models(inner)
