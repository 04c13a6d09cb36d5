"""Every page has its chapter, every engine its place in the contracts and its reference."""

from pathlib import Path

ROOT = Path(__file__).parents[2]


def _engines() -> set[str]:
    return {path.parent.name for path in (ROOT / "engines").glob("*/__init__.py")}


def test_every_page_has_a_chapter() -> None:
    pages = {path.stem for path in (ROOT / "pages").glob("*.py")}
    chapters = {path.stem for path in (ROOT / "docs" / "user").glob("*.md")}
    assert pages - chapters == set()


def test_every_engine_has_a_reference() -> None:
    documented = {path.stem for path in (ROOT / "docs" / "engines").glob("*.md")}
    assert _engines() - documented == set()


def test_every_engine_is_held_to_the_layers() -> None:
    layers = (ROOT / "pyproject.toml").read_text().split("layers = [")[1].split("]")[0]
    assert {name for name in _engines() if f"engines.{name}" not in layers} == set()


def test_decisions_have_numbers_of_their_own() -> None:
    numbers = [path.name[:4] for path in (ROOT / "docs" / "adr").glob("0*.md")]
    assert len(numbers) == len(set(numbers))


def test_pictures_in_the_readme_exist() -> None:
    text = (ROOT / "README.md").read_text()
    shown = [
        part.split(")")[0] for part in text.split("](")[1:] if part.split(")")[0].endswith(".png")
    ]
    assert shown
    assert [path for path in shown if not (ROOT / path).is_file()] == []
