"""Facts for the policies' checks: what was measured of a model, and nothing that was not."""

import json
from pathlib import Path

from engines.core.model_ref import ModelRef
from engines.wired_facts import ModelFacts
from tools.audit import write_down

MODEL = ModelRef("r1", "binary")


def test_scores_gaps_and_libraries_come_from_the_models_own_files(db, analyst, tmp_path) -> None:
    folder = tmp_path / "r1" / "binary"
    folder.mkdir(parents=True)
    told = {"holdout": {"roc_auc": 0.8}, "folds": {"roc_auc": [0.7, 0.8], "f1": [None]}}
    (folder / "metrics.json").write_text(json.dumps(told))
    audit = tmp_path / "audit.json"
    write_down(["numpy 1: X-1, repaired in 2"], audit)
    lock = json.loads(audit.read_text())["lock_sha256"]
    facts = ModelFacts(db, tmp_path, audit_file=audit)
    found = facts.of(analyst, MODEL)
    assert found["holdout.roc_auc"] == 0.8
    assert abs(found["validation.roc_auc"] - 0.75) < 1e-9
    assert abs(found["gap.roc_auc"] - 0.05) < 1e-9
    assert found["scan.model_files"] == "clean"
    assert "dependencies.vulnerabilities" not in found  # of another lock, or none
    (folder / "environment.json").write_text(json.dumps({"lock_sha256": lock}))
    assert facts.of(analyst, MODEL)["dependencies.vulnerabilities"] == 1


def test_nothing_measured_leaves_the_facts_out(db, analyst, tmp_path: Path) -> None:
    assert ModelFacts(db, tmp_path).of(analyst, MODEL) == {}
