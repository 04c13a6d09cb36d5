"""How engines say of a fact that it cannot be asked of a model; a missing one is another thing."""

_BEGINS = "not applicable: "


def not_applicable(why: str) -> str:
    """The value of a fact that does not apply, with the reason: “no time column”."""
    return f"{_BEGINS}{why}"


def why_not_applicable(value: object) -> str:
    """The reason in such a value; empty for every other value."""
    is_one = isinstance(value, str) and value.startswith(_BEGINS)
    return str(value).removeprefix(_BEGINS) if is_one else ""
