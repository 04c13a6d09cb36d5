"""Column names: visible, normalised, unique."""

import unicodedata
from collections.abc import Iterable

LONGEST = 200  # characters


def clean(name: str) -> str:
    """The name in NFC without control, format and bidirectional characters, blanks collapsed."""
    visible = "".join(_shown(c) for c in unicodedata.normalize("NFC", name))
    return " ".join(visible.split())[:LONGEST]


def _shown(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cc":
        return " "
    return "" if category in ("Cf", "Co", "Cs", "Cn") else character


def unique(names: Iterable[str]) -> tuple[list[str], list[str]]:
    """Clean, distinct names, and a note for each change. An empty name becomes `column_N`."""
    taken: set[str] = set()
    result: list[str] = []
    notes: list[str] = []
    for position, given in enumerate(names, start=1):
        wanted = clean(given) or f"column_{position}"
        final = _free(wanted, taken)
        taken.add(final.casefold())
        result.append(final)
        if final != given.strip():
            notes.append(_note(position, clean(given), wanted, final))
    return result, notes


def _free(wanted: str, taken: set[str]) -> str:
    # Names that differ only in case count as equal: SQL would not tell them apart.
    final, number = wanted, 1
    while final.casefold() in taken:
        number += 1
        final = f"{wanted}_{number}"
    return final


def _note(position: int, given: str, wanted: str, final: str) -> str:
    if not given:
        return f"Column {position} has no name and is called “{final}”."
    if final != wanted:
        return f"The name “{wanted}” occurs more than once; column {position} is called “{final}”."
    return f"Column {position} had invisible or unusual characters and is called “{final}”."
