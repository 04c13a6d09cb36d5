"""Templates: an organisation's folder takes the place of ours; faults name file and line."""

import shutil
from datetime import UTC, datetime

import pytest
import yaml

from engines.core.errors import InvalidInput, NotFound
from engines.core.settings import Governance, Settings
from engines.governance import documents
from engines.governance.documents.templates import SHIPPED
from engines.governance.documents.wording import literal, paragraphs
from engines.wiring import build

MITCHELL = [
    "Model details", "Intended use", "Factors", "Metrics", "Evaluation data", "Training data",
    "Quantitative analyses", "Ethical considerations", "Caveats and recommendations",
]  # fmt: skip
GEBRU = [
    "Motivation", "Composition", "Collection process", "Preprocessing, cleaning and labelling",
    "Uses", "Distribution", "Maintenance",
]  # fmt: skip


@pytest.fixture
def house(tmp_path):
    """An organisation's folder, and a way to put a file there."""

    def put(name, text):
        place = tmp_path / "house" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, "utf-8")
        return tmp_path / "house"

    return put


def test_model_card_and_data_sheet_have_the_usual_headings():
    assert [s.title for s in documents.sections("model_card")] == MITCHELL
    assert [s.title for s in documents.sections("data_sheet")] == GEBRU


def test_every_shipped_template_is_used():
    used = {s.template for kind in documents.KINDS for s in documents.sections(kind)}
    there = {str(path.relative_to(SHIPPED)) for path in SHIPPED.rglob("*.md")}
    assert there == used - {""}


def test_a_file_of_the_house_takes_the_place_of_ours(house, facts):
    folder = house("model_card/details.md", "House style for {{ title }}.")
    templates = documents.load_templates(folder)
    drafted = templates.draft(templates.kind("model_card").section("details"), facts.context())
    assert drafted == "House style for Churn."
    assert "method" in {s.key for s in documents.sections("model_development", templates)}


def test_a_house_may_ask_for_sections_of_its_own(house):
    kind = yaml.safe_load((SHIPPED / "data_sheet.yaml").read_text())
    kind["sections"].append({"key": "privacy", "title": "Privacy", "ask": "Who agreed?"})
    templates = documents.load_templates(house("data_sheet.yaml", yaml.safe_dump(kind)))
    assert documents.sections("data_sheet", templates)[-1].needs_person


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("fine\n\n{{ titel }}", 3, "“titel” is no fact of a model"),
        ("fine\n{% if title %}", 2, "Unexpected end of template"),
        ("fine\n{{ title | nosuch }}", 2, "No filter named 'nosuch'"),
    ],
)
def test_fault_in_a_template_is_found_when_it_is_loaded(house, text, line, what):
    folder = house("model_card/details.md", text)
    with pytest.raises(InvalidInput, match=what) as told:
        documents.load_templates(folder)
    assert told.value.message.startswith(f"The template model_card/details.md, line {line}, ")


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("a\nb\n{{ explanation.nothing }}", 3, "has no attribute 'nothing'"),
        ("a\n{{ columns | table({'nowhere': 'X'}) }}", 2, "nowhere"),
        ("a\n{{ rows / 0 }}", 2, "division by zero"),
        ("a\n\n\n{{ title.__class__.__mro__ }}", 4, "unsafe"),
        ("{{ columns.append(1) }}", 1, "append"),
        ("{% for n in range(999999999) %}x{% endfor %}", 1, "Range too big"),
    ],
)
def test_fault_while_drafting_names_file_and_line(house, facts, text, line, what):
    templates = documents.load_templates(house("model_card/details.md", text))
    section = templates.kind("model_card").section("details")
    with pytest.raises(InvalidInput, match=what) as told:
        templates.draft(section, facts.context())
    assert f"model_card/details.md, line {line}, " in told.value.message


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("title: X\nabout: [", 2, "expected the node content"),
        ("title: X\nabout: y\nwriter: anybody\nsections: []\n", 3, "writer"),
        (
            "title: X\nabout: y\nwriter: maker\nsections:\n"
            "  - {key: one, title: One, ask: a}\n  - {key: Two, title: Two, ask: a}\n",
            6,
            "sections.1.key",
        ),
        (
            "title: X\nabout: y\nwriter: maker\nsections:\n  - {key: one, title: One}\n",
            5,
            "a section needs a template",
        ),
        ("just words", 1, "Kind"),
    ],
)
def test_fault_in_a_list_of_sections_names_file_and_line(house, text, line, what):
    folder = house("data_sheet.yaml", text)
    with pytest.raises(InvalidInput, match=what) as told:
        documents.load_templates(folder)
    assert f"data_sheet.yaml, line {line}, " in told.value.message


def test_missing_template_or_folder_is_refused(house, tmp_path):
    text = "title: X\nabout: y\nwriter: maker\nsections:\n- {key: one, title: O, template: ../x}\n"
    with pytest.raises(InvalidInput, match="is missing"):
        documents.load_templates(house("data_sheet.yaml", text))
    with pytest.raises(InvalidInput, match="does not exist"):
        documents.load_templates(tmp_path / "nowhere")


def test_unknown_kind_is_refused():
    with pytest.raises(NotFound):
        documents.sections("poem")


def test_setting_names_the_houses_folder(settings, house, tmp_path):
    shutil.copytree(SHIPPED, tmp_path / "house")
    folder = house("model_card/details.md", "Ours: {{ title }}")
    chosen = settings.model_copy(update={"governance": Governance(templates=folder)})
    assert isinstance(chosen, Settings)
    found = build(chosen).templates
    assert found.draft(found.kind("model_card").section("details"), {"title": "T"}) == "Ours: T"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("# no heading", r"\# no heading"),
        ("1. no list", r"1\. no list"),
        ("- no list", r"\- no list"),
        ("a|b *c* <d> [e](f) `g`", r"a\|b \*c\* \<d\> \[e\](f) \`g\`"),
        ("total_amount", "total_amount"),
        ("two\nlines", "two lines"),
        (0.5, "0.500"),
        (-0.5, "-0.500"),
        (1234, "1,234"),
        (float("nan"), "–"),
        (True, "yes"),
        (datetime(2026, 3, 1, 9, 5, tzinfo=UTC), "2026-03-01 09:05 UTC"),
    ],
)
def test_values_are_taken_literally(value, shown):
    assert literal(value) == shown


def test_paragraphs_of_a_person_stay_apart():
    assert paragraphs("one\nstill one\n\n# two") == "one still one\n\n\\# two"
