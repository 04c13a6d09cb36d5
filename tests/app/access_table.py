"""Tries every guarded engine function as every role; run as a process of its own, prints JSON."""

import importlib
import inspect
import json
import pkgutil
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import engines
from engines.core.access import Actor, Role
from engines.core.errors import NotAllowed


class Reached(BaseException):
    """The body of a function began to work, so its guard let the actor in."""


class Tripwire:
    """An argument that tells as soon as anybody uses it."""

    def __getattr__(self, name: str) -> Any:
        raise Reached

    def __call__(self, *_args: Any, **_kwargs: Any) -> Any:
        raise Reached

    def __iter__(self) -> Iterator[Any]:
        raise Reached


def modules() -> list[ModuleType]:
    """Every module of the engines; migrations are data."""
    found = pkgutil.walk_packages(engines.__path__, "engines.")
    return [importlib.import_module(m.name) for m in found if ".migrations" not in m.name]


def functions() -> dict[str, Callable[..., Any]]:
    """Every function and method the engines define, by qualified name; Protocols only promise."""
    found: dict[str, Callable[..., Any]] = {}
    for module in modules():
        for name, value in vars(module).items():
            if getattr(value, "__module__", "") != module.__name__:
                continue
            if inspect.isfunction(value):
                found[f"{module.__name__}.{name}"] = value
            elif inspect.isclass(value) and not getattr(value, "_is_protocol", False):
                methods = {n: m for n, m in vars(value).items() if inspect.isfunction(m)}
                found |= {f"{module.__name__}.{value.__name__}.{n}": m for n, m in methods.items()}
    return found


def is_refused(function: Callable[..., Any], role: Role) -> bool:
    """Call with tripwires for everything but the actor; True when the guard refused."""
    actor = Actor("somebody", "somebody", frozenset({role}))
    wanted = inspect.signature(function).parameters.values()
    given = {p.name: Tripwire() for p in wanted if p.default is p.empty and _is_named(p)}
    try:
        function(**(given | {"actor": actor}))
    except NotAllowed:
        return True
    except (Reached, Exception):
        return False
    return False


def _is_named(parameter: inspect.Parameter) -> bool:
    return parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)


def table() -> list[tuple[str, str, str, bool]]:
    """(function, capability, role, refused) for every guarded function and role."""
    return [
        (name, str(function.capability), role.value, is_refused(function, role))
        for name, function in functions().items()
        if hasattr(function, "capability")
        for role in Role
    ]


def unguarded() -> list[str]:
    """Public functions that take an actor and carry no capability.

    Public is what an engine's package exports, and everything plain in the core. A function that
    takes a session is one step of its caller's transaction, and the caller has checked.
    """
    exported = _exported()
    found = []
    for name, function in functions().items():
        asked = inspect.signature(function).parameters
        asks = "actor" in asked and "session" not in asked
        if asks and _is_public(name, exported) and not hasattr(function, "capability"):
            found.append(name)
    return sorted(found)


def _exported() -> set[str]:
    found = pkgutil.walk_packages(engines.__path__, "engines.")
    packages = [importlib.import_module(m.name) for m in found if m.ispkg]
    values = [getattr(p, name) for p in packages for name in getattr(p, "__all__", ())]
    return {f"{getattr(v, '__module__', '')}.{getattr(v, '__name__', '')}" for v in values}


def _is_public(name: str, exported: set[str]) -> bool:
    if any(part.startswith("_") for part in name.split(".")):
        return False
    owner = name.rsplit(".", 1)[0]
    return name.startswith("engines.core.") or name in exported or owner in exported


if __name__ == "__main__":
    json.dump({"tried": table(), "unguarded": unguarded()}, sys.stdout)
