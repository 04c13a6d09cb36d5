"""Drafting and editing: what counts as written, what is kept, and who is refused."""

import hashlib
import math
from dataclasses import replace
from threading import Barrier, Thread

import pytest
import sqlalchemy as sa
from sqlmodel import select

from engines import projects
from engines.core.errors import InvalidInput, MlaasError, NotAllowed, NotFound, NotReady
from engines.governance import documents
from engines.governance.documents import STORED_KINDS, DocumentVersion, State
from tests.harness.audit import audit_events

CARD = "model_card"


def states(desk, model, kind):
    stored = documents.current(desk.db, model)
    return {s.rule.key: s.state for s in documents.standings(desk.templates, kind, stored)}


def test_draft_fills_what_the_run_knows_and_leaves_questions_open(desk, analyst, model, facts):
    made = documents.draft(desk, analyst, facts, "model_development")
    text = {section.section: section.text for section in made}
    assert "| Logistic regression | 0.842 | 0.820 | 0.860 | succeeded | yes |" in text["method"]
    assert r"months \| as customer" in text["data"]
    assert "| ROC AUC | higher | 0.842 | 0.820 | 0.860 | 0.831 |" in text["performance"]
    assert "1 of 2 automated tests passed." in text["tests"]
    assert "failed, warning only" in text["tests"]
    assert "figure:shap" in text["explanation"]
    assert "| scikit-learn | 1.4.2 |" in text["reproduction"]
    found = states(desk, model, "model_development")
    assert found["method"] == State.DRAFTED
    assert found["purpose"] == State.MISSING  # drafted, but its question is a person's to answer
    assert {"assumptions", "limitations"} <= {k for k, v in found.items() if v == State.MISSING}


def test_draft_tells_stability_indices_per_column_and_over_time(
    desk, analyst, validator, model, facts
):
    column = {"name": "tenure", "psi": 0.312, "chance": 0.02, "reading": "unstable",
              "period": math.nan, "period_reading": "–"}  # fmt: skip
    period = {"period": "2024-01-01 to 2024-02-01", "rows": 75, "psi": 0.14, "name": "tenure",
              "reading": "shifted"}  # fmt: skip
    for times, note, words in (
        ((period,), "", "| 2024-01-01 to 2024-02-01 | 75 | 0.140 | tenure | shifted |"),
        ((), "Not applicable: no time column.", "Not applicable: no time column."),
    ):
        told = replace(facts.explanation, drift=(column,), drift_periods=times, drift_note=note)
        full = replace(facts, explanation=told)
        made = documents.draft(desk, analyst, full, "model_development")
        made += documents.draft_validation(desk, validator, full, "validation_report")
        texts = [section.text for section in made if section.section == "explanation"]
        assert len(texts) == 2
        for text in texts:
            assert "| tenure | 0.312 | 0.020 | unstable | – | – |" in text
            assert "Siddiqi" in text
            assert words in text


def test_draft_counts_a_test_that_does_not_apply_on_neither_side(desk, analyst, model, facts):
    apart = {"label": "Stable over time", "value": "not applicable: no time column",
             "limit": "at most 0.250", "passed": True, "applies": False, "severity": "warn",
             "sentence": "Stable over time: not applicable, no time column."}  # fmt: skip
    told = replace(facts, checks=(*facts.checks, apart))
    made = documents.draft(desk, analyst, told, "model_development")
    (text,) = [section.text for section in made if section.section == "tests"]
    assert "1 of 2 automated tests passed. 1 does not apply to this model." in text
    assert "| at most 0.250 | not applicable | Stable over time: not applicable" in text


@pytest.mark.parametrize("kind", [k for k in STORED_KINDS if k != "validation_report"])
def test_makers_documents_are_complete_when_every_question_is_answered(
    desk, analyst, model, facts, kind
):
    documents.draft(desk, analyst, facts, kind)
    for gap in documents.missing(desk.db, desk.templates, model, {kind: []}):
        stored = {s.section: s for s in documents.current(desk.db, model)}
        base = stored[gap.section].version if gap.section in stored else 0
        documents.edit(desk, analyst, model, kind, gap.section, f"About {gap.title}.", base)
    assert documents.missing(desk.db, desk.templates, model, {kind: []}) == []


def test_drafted_text_saved_unchanged_does_not_count_as_written(desk, analyst, model, facts):
    made = {s.section: s for s in documents.draft(desk, analyst, facts, CARD)}
    with pytest.raises(InvalidInput, match="drafted text, unchanged"):
        documents.edit(desk, analyst, model, CARD, "intended_use", made["intended_use"].text, 1)
    assert states(desk, model, CARD)["intended_use"] == State.MISSING
    gaps = documents.missing(desk.db, desk.templates, model, {CARD: ["intended_use"]})
    assert [gap.reason for gap in gaps] == [
        "“Intended use” of the model card is only drafted from the run; "
        "a person has to answer its question."
    ]


def test_draft_again_never_touches_what_a_person_wrote(desk, analyst, model, facts):
    documents.draft(desk, analyst, facts, CARD)
    documents.edit(desk, analyst, model, CARD, "details", "My own words.", 1)
    assert documents.draft(desk, analyst, facts, CARD) == []
    newest = {s.section: s for s in documents.current(desk.db, model)}
    assert (newest["details"].text, newest["details"].version) == ("My own words.", 2)


def test_edit_keeps_versions_author_hash_and_audit_row(desk, analyst, model, experiment):
    first = documents.edit(desk, analyst, model, CARD, "ethics", "One\r\ntwo", 0)
    second = documents.edit(desk, analyst, model, CARD, "ethics", "One\nthree", 1)
    assert first.sha256 == hashlib.sha256(b"One\ntwo").hexdigest()
    old = documents.history(desk, analyst, model, CARD, "ethics")
    assert [(s.version, s.author_id, s.text) for s in old] == [
        (2, analyst.id, "One\nthree"),
        (1, analyst.id, "One\ntwo"),
    ]
    assert "-two\n+three" in documents.difference(first.text, second.text)
    row = audit_events(desk.db, "document.edited")[-1]
    assert row.subject == f"experiment:{experiment.id}"
    assert row.detail["sections"] == {"ethics": {"version": 2, "sha256": second.sha256}}
    assert documents.hashes(desk.db, model) == {"model_card/ethics": second.sha256}


def test_edit_on_an_older_version_is_refused_and_loses_nothing(desk, analyst, model):
    documents.edit(desk, analyst, model, CARD, "ethics", "From the first tab", 0)
    with pytest.raises(NotReady, match="analyst saved version 1 of this section"):
        documents.edit(desk, analyst, model, CARD, "ethics", "From the second tab", 0)
    newest = documents.current(desk.db, model)
    assert [s.text for s in newest] == ["From the first tab"]
    assert len(audit_events(desk.db, "document.edited")) == 1


def test_two_tabs_saving_at_once_leave_one_version(desk, analyst, model):
    start, outcomes = Barrier(4), []

    def save(number):
        start.wait()
        try:
            documents.edit(desk, analyst, model, CARD, "ethics", f"Tab {number}", 0)
            outcomes.append("saved")
        except NotReady:
            outcomes.append("refused")

    tabs = [Thread(target=save, args=(n,)) for n in range(4)]
    for tab in tabs:
        tab.start()
    for tab in tabs:
        tab.join()
    assert sorted(outcomes) == ["refused"] * 3 + ["saved"]
    assert len(documents.history(desk, analyst, model, CARD, "ethics")) == 1


def test_saved_versions_cannot_be_changed_or_deleted(desk, analyst, model):
    documents.edit(desk, analyst, model, CARD, "ethics", "Kept", 0)
    for statement in (
        "UPDATE governance_document SET text = 'x'",
        "DELETE FROM governance_document",
    ):
        with pytest.raises(sa.exc.DBAPIError, match="never changed"), desk.db.write() as session:
            session.execute(sa.text(statement))
    with desk.db.read() as session:
        assert [row.text for row in session.exec(select(DocumentVersion))] == ["Kept"]


def test_audit_failure_takes_the_version_with_it(desk, analyst, model, monkeypatch):
    def broken(*_args, **_kwargs):
        raise RuntimeError("no audit")

    monkeypatch.setattr("engines.core.events.record", broken)
    with pytest.raises(RuntimeError):
        documents.edit(desk, analyst, model, CARD, "ethics", "Not audited", 0)
    assert documents.current(desk.db, model) == []


@pytest.mark.parametrize(
    ("kind", "section", "text", "error"),
    [
        (CARD, "ethics", "  \n ", InvalidInput),
        (CARD, "ethics", "x" * 100_001, InvalidInput),
        (CARD, "nowhere", "text", NotFound),
        ("poem", "ethics", "text", NotFound),
        ("validation_report", "scope", "text", NotAllowed),
        ("approval_record", "decision", "text", NotAllowed),
    ],
)
def test_edit_of_what_cannot_be_is_refused(desk, analyst, model, kind, section, text, error):
    with pytest.raises(error):
        documents.edit(desk, analyst, model, kind, section, text, 0)
    assert documents.current(desk.db, model) == []


def test_edit_of_another_persons_experiment_is_refused(desk, make_actor, model):
    other = make_actor("analyst", name="other")
    with pytest.raises(NotAllowed, match="owns this experiment"):
        documents.edit(desk, other, model, CARD, "ethics", "Mine?", 0)


def test_validator_writes_the_report_and_nothing_else(desk, validator, model, facts):
    drafted = documents.draft_validation(desk, validator, facts, "validation_report")
    assert {"scope", "outcomes", "tests"} <= {s.section for s in drafted}
    made = documents.edit_validation(
        desk, validator, model, "validation_report", "conclusion", "Fit.", 0
    )
    assert (made.author_name, made.generated) == ("Vera", False)
    for write in (documents.edit, documents.edit_validation):
        with pytest.raises(NotAllowed):
            write(desk, validator, model, CARD, "ethics", "Mine?", 0)


def test_owner_cannot_validate_even_with_the_role_or_from_the_archive(
    desk, make_actor, model, experiment, analyst
):
    both = make_actor("analyst", "validator", name="analyst")
    assert both.id == analyst.id
    attempt = (desk, both, model, "validation_report", "conclusion", "Fit.", 0)
    with pytest.raises(NotAllowed, match="you cannot validate it"):
        documents.edit_validation(*attempt)
    projects.archive(desk.db, analyst, experiment.id, "done")
    with pytest.raises(MlaasError, match="you cannot validate it"):
        documents.edit_validation(*attempt)


def test_missing_of_an_unknown_section_is_refused(desk, model):
    with pytest.raises(NotFound):
        documents.missing(desk.db, desk.templates, model, {CARD: ["nowhere"]})
