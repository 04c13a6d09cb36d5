"""Names and values as they may be drawn: short, harmless, and without hidden direction marks."""

import html
import re
import unicodedata

LONGEST = 40
# Direction overrides and invisible characters can make a name read as another.
HIDDEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")

Names = dict[str, str]


def label(text: str, longest: int = LONGEST) -> str:
    """Text for a Plotly figure, which reads HTML: escaped, shortened, hidden marks shown."""
    return html.escape(visible(text, longest), quote=False)


def visible(text: str, longest: int = LONGEST) -> str:
    """The text on one line, shortened, with hidden characters written as their code points."""
    shown = HIDDEN.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text)
    shown = "".join(" " if unicodedata.category(c) == "Cc" else c for c in shown)
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


def labels(names: Names, chosen: list[str]) -> list[str]:
    """Labels of several columns under their public names; equal ones are numbered apart."""
    seen: dict[str, int] = {}
    result = []
    for name in chosen:
        text = label(names.get(name, name))
        seen[text] = seen.get(text, 0) + 1
        result.append(text if seen[text] == 1 else f"{text} ({seen[text]})")
    return result
