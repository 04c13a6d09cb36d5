"""Facts for the policies' checks: what was measured of a model, and nothing that was not."""

import json
from datetime import timedelta
from pathlib import Path

from engines.artifacts.audit import Audit
from engines.core.database import now
from engines.core.model_ref import ModelRef
from engines.wired_facts import VULNERABILITIES, ModelFacts

MODEL = ModelRef("r1", "binary")


def test_scores_gaps_and_libraries_come_from_the_models_own_files(db, analyst, tmp_path) -> None:
    folder = tmp_path / "r1" / "binary"
    folder.mkdir(parents=True)
    told = {"holdout": {"roc_auc": 0.8}, "folds": {"roc_auc": [0.7, 0.8], "f1": [None]}}
    (folder / "metrics.json").write_text(json.dumps(told))
    audit = tmp_path / "audit.json"
    facts = ModelFacts(db, tmp_path, audit_file=audit)
    found = facts.of(analyst, MODEL)
    assert found["holdout.roc_auc"] == 0.8
    assert abs(found["validation.roc_auc"] - 0.75) < 1e-9
    assert abs(found["gap.roc_auc"] - 0.05) < 1e-9
    assert found["scan.model_files"] == "clean"
    assert "Nobody has looked" in str(found["dependencies.audit"])
    assert VULNERABILITIES not in found


def written(file: Path, lock: str, age: timedelta = timedelta()) -> None:
    """An audit of that lock, by advisories of that age."""
    made = Audit(
        lock_sha256=lock, database="pypi.zip", newest=now() - age, checked_at=now(),
        vulnerable=("numpy 1: X-1, repaired in 2",), development=("ruff 1: X-2",),
    )  # fmt: skip
    file.write_text(made.model_dump_json())


def test_vulnerabilities_are_those_of_the_models_own_lock(db, analyst, tmp_path) -> None:
    folder, audit = tmp_path / "r1" / "binary", tmp_path / "audit.json"
    folder.mkdir(parents=True)
    (folder / "environment.json").write_text(json.dumps({"lock_sha256": "a" * 64}))
    facts = ModelFacts(db, tmp_path, audit_file=audit)
    written(audit, "b" * 64)
    assert VULNERABILITIES not in facts.of(analyst, MODEL)
    assert "of another lock file" in str(facts.audited(analyst, MODEL)["dependencies.audit"])
    written(audit, "a" * 64)
    found = facts.of(analyst, MODEL)
    assert found[VULNERABILITIES] == 1
    assert str(found["dependencies.audit"]).startswith("pypi.zip, newest record ")


def test_old_advisories_leave_vulnerabilities_unknown(db, analyst, tmp_path) -> None:
    folder, audit = tmp_path / "r1" / "binary", tmp_path / "audit.json"
    folder.mkdir(parents=True)
    (folder / "environment.json").write_text(json.dumps({"lock_sha256": "a"}))
    written(audit, "a", timedelta(days=8))
    week = ModelFacts(db, tmp_path, audit_file=audit, audit_days=7).audited(analyst, MODEL)
    assert VULNERABILITIES not in week
    assert "After 7 days they count as unknown" in str(week["dependencies.audit"])
    month = ModelFacts(db, tmp_path, audit_file=audit).audited(analyst, MODEL)
    assert month[VULNERABILITIES] == 1


def test_nothing_measured_leaves_the_facts_out(db, analyst, tmp_path: Path) -> None:
    assert ModelFacts(db, tmp_path).of(analyst, MODEL) == {}
