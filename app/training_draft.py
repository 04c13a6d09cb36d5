"""What was typed into the request form, kept while other pages are visited."""

from dataclasses import dataclass
from typing import Any

import streamlit as st


@dataclass(frozen=True)
class Draft:
    """Where the form keeps what was typed: one draft per experiment and source of its values."""

    experiment_id: str
    source: str
    target: str

    @property
    def prefix(self) -> str:
        """What every key of this draft begins with."""
        return f"train:{self.experiment_id}:{self.source}:"

    def keep(self, name: str, by_target: bool = False) -> dict[str, Any]:
        """Widget arguments that keep the value while other pages are visited."""
        scope = f"{name}:{self.target}" if by_target else name
        return {"key": self.prefix + scope, "persist_state": "session"}

    def forget(self) -> None:
        """Drop what was typed, so that the suggestions show again."""
        for key in [key for key in st.session_state if str(key).startswith(self.prefix)]:
            del st.session_state[key]
