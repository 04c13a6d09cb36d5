"""The theme's colours, as Streamlit reads them, and those of figures in files."""

import tomllib
from pathlib import Path

from engines.core import palette

THEME = tomllib.loads((Path(__file__).parents[2] / ".streamlit" / "config.toml").read_text())[
    "theme"
]


def test_theme_names_ten_of_each_chart_colour_because_fewer_lose_all() -> None:
    sets = [THEME["chartCategoricalColors"]]
    for side in ("light", "dark"):
        sets += [THEME[side]["chartSequentialColors"], THEME[side]["chartDivergingColors"]]
    assert [len(set(colours)) for colours in sets] == [10] * 5


def test_theme_and_files_carry_the_same_colours() -> None:
    light = THEME["light"]
    assert tuple(THEME["chartCategoricalColors"]) == palette.CATEGORICAL
    assert tuple(light["chartSequentialColors"]) == palette.SEQUENTIAL
    assert tuple(light["chartDivergingColors"]) == palette.DIVERGING
    assert (light["textColor"], light["backgroundColor"]) == (palette.INK, palette.PAPER)
