"""Groups, components and strange rows: models without a target are explained as well."""

import pandas as pd
import pytest

from engines import explanation
from engines.core.facts import not_applicable
from engines.core.model_ref import ModelRef
from engines.core.progress import Silent
from engines.explanation import explain as work
from engines.explanation.answers import asked
from tests.harness.run_folders import table_of, wholesale

OUTPUTS = {
    "clustering": ["cluster 0", "cluster 1", "cluster 2"],
    "anomaly": ["anomaly score"],
    "dimensionality_reduction": ["component 1", "component 2", "component 3"],
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory, shared_data):
    """Run folders of the three tasks on the wholesale customers, and the table."""
    folder = tmp_path_factory.mktemp("wholesale")
    wholesale(folder / "run0", shared_data)
    frame = pd.read_csv(shared_data / "wholesale_customers.csv", encoding="utf-8-sig")
    return folder, table_of(frame, folder / "table.parquet")


@pytest.mark.parametrize("task", list(OUTPUTS))
def test_model_without_a_target_is_explained_on_a_sample(
    desk, shelf, analyst, trained, task, monkeypatch
):
    monkeypatch.setattr(work, "SAMPLED_ROWS", 4)
    shelf.runs_dir, shelf.tables = trained[0], {"run0": trained[1]}
    shelf.protected = "Region"
    model = ModelRef("run0", task)
    explanation.run_explain(desk, analyst, model, Silent())
    found = explanation.read(desk, analyst, model)
    assert found.outputs == OUTPUTS[task]
    assert (found.told["rows"], found.told["rows_held"]) == (4, 440)
    assert "permutation sampling" in found.told["method"]
    assert found.told["additivity_gap"] < 1e-9
    assert found.importance["importance"].max() > 0
    assert found.groups.empty
    assert found.drift.empty
    facts = explanation.facts(desk, analyst, model)
    assert facts.pop("drift.psi_max_period") == not_applicable("no time column")
    assert set(facts) == {"explanation.additivity_gap", "explanation.rows", "fairness.attributes"}
    record = found.rows.drop(columns="row number").iloc[0].to_dict()
    told = explanation.reasons(desk, analyst, model, record)
    assert told.base + sum(told.shares.values()) == pytest.approx(told.answer)
    named = "answer (score)" if task == "anomaly" else f"of “{told.output}”"
    assert named in told.space


def test_cluster_of_which_no_background_row_is_there_is_an_output_too(trained):
    import skops.io

    from engines.core.model_card import read_card

    folder, table = trained
    file = folder / "run0" / "clustering" / "model.skops"
    model = skops.io.load(file, trusted=skops.io.get_untrusted_types(file=file))
    frame = pd.read_parquet(table.path)
    one = frame[model.predict(frame) == 2]
    of = asked(read_card(file.parent), model, one)
    assert list(of.names) == OUTPUTS["clustering"]
    assert of.ask(one).mean(axis=0).tolist() == [0, 0, 1]
