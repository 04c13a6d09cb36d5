"""Data sets of an experiment: attach, correct, clean, undo, anonymise; who may."""

import pandas as pd
import pytest

from engines import projects
from engines.core.errors import MlaasError, NotAllowed, NotFound
from engines.core.experiments import ExperimentState
from engines.core.tables import ColumnType
from engines.data_sources import (
    ColumnChoice,
    clean,
    correct_type,
    current,
    detect,
    history,
    ingest,
    pending_upload,
    read_options,
    restore,
    set_anonymised,
    use_sample,
)
from engines.data_sources.options import Step
from tests.harness.audit import acts

DIRTY = "k,name,v\n1, a ,1\n1, a ,1\n2,b ,2\n3,,3\n"


@pytest.fixture
def dirty(datasets, analyst, uploaded):
    upload = uploaded(DIRTY)
    return ingest(datasets, analyst, upload, detect(datasets, analyst, upload).options)


@pytest.fixture
def telco(datasets, analyst, experiment_id, shared_data):
    return use_sample(datasets, analyst, experiment_id, "telco_churn.csv", shared_data)


def frame(datasets, actor, dataset):
    return pd.read_parquet(datasets.table(actor, dataset.id).path)


def test_sample_becomes_a_typed_table(datasets, analyst, experiment_id, telco):
    table = datasets.current(analyst, experiment_id)
    assert (table.rows, table.cells) == (7_043, 7_043 * 21)
    total = table.column("TotalCharges")
    assert (total.type, total.missing) == (ColumnType.NUMERIC, 11)
    assert table.column("customerID").type is ColumnType.IDENTIFIER
    assert table.columns[0].alias == "C1"
    read = frame(datasets, analyst, telco)
    assert read["TotalCharges"].dtype == "float64"
    assert read["Churn"].value_counts().to_dict() == {"No": 5174, "Yes": 1869}


def test_attach_moves_the_experiment_and_is_audited(datasets, analyst, experiment_id, telco):
    state = projects.get(datasets.db, analyst, experiment_id).state
    assert state == ExperimentState.DATA
    assert "dataset.attached" in acts(datasets.db)


def test_same_file_and_options_are_stored_once(datasets, analyst, shared_data, telco):
    other = projects.create(datasets.db, analyst, "Again").id
    again = use_sample(datasets, analyst, other, "telco_churn.csv", shared_data)
    assert (again.sha256, again.id == telco.id) == (telco.sha256, False)
    assert len(list(datasets.store_dir.glob("*.parquet"))) == 1
    assert len(list((datasets.store_dir / "raw").iterdir())) == 1


def test_same_data_attached_twice_stays_one_version(
    datasets, analyst, experiment_id, shared_data, telco
):
    again = use_sample(datasets, analyst, experiment_id, "telco_churn.csv", shared_data)
    assert again.id == telco.id
    assert len(history(datasets, analyst, experiment_id)) == 1


def test_ingest_removes_the_upload_and_keeps_the_raw_file(datasets, analyst, experiment_id, dirty):
    assert pending_upload(datasets, analyst, experiment_id) is None
    assert list(datasets.uploads_dir.glob("*.part")) == []
    assert datasets.raw_path(dirty.raw_sha256).read_text() == DIRTY


def test_correct_type_makes_a_version_that_restore_undoes(datasets, analyst, experiment_id, dirty):
    choice = ColumnChoice(name="k", type=ColumnType.CATEGORICAL)
    changed = correct_type(datasets, analyst, dirty.id, choice)
    assert changed.change == "Read “k” as categorical"
    assert list(frame(datasets, analyst, changed)["k"]) == ["1", "1", "2", "3"]
    back = restore(datasets, analyst, dirty.id)
    assert current(datasets, analyst, experiment_id).id == back.id == dirty.id
    assert len(history(datasets, analyst, experiment_id)) == 2
    assert acts(datasets.db)[-2:] == ["dataset.restored", "dictionary.filled"]


def test_correct_marks_brings_a_category_back(datasets, analyst, experiment_id, shared_data):
    made = use_sample(datasets, analyst, experiment_id, "ames_house_prices.csv", shared_data)
    assert datasets.table(analyst, made.id).column("PoolQC").missing == 1_453
    kept = ColumnChoice(name="PoolQC", type=ColumnType.CATEGORICAL, marks=())
    changed = correct_type(datasets, analyst, made.id, kept)
    column = datasets.table(analyst, changed.id).column("PoolQC")
    assert (column.missing, column.distinct) == (0, 4)


def test_sentinel_given_by_the_user_becomes_missing(datasets, analyst, dirty):
    choice = read_options(dirty).column("v").model_copy(update={"marks": ("3",)})
    changed = correct_type(datasets, analyst, dirty.id, choice)
    assert frame(datasets, analyst, changed)["v"].isna().sum() == 1


def test_clean_trims_and_drops_repeated_rows_in_order(datasets, analyst, dirty):
    changed = clean(datasets, analyst, dirty.id, (Step.DROP_DUPLICATES, Step.TRIM_TEXT))
    assert changed.change == "Drop repeated rows; Trim blanks around text"
    read = frame(datasets, analyst, changed)
    assert list(read["k"]) == [1, 2, 3]
    assert list(read["name"].dropna()) == ["a", "b"]
    assert "Dropped 1 repeated rows." in changed.notes
    assert clean(datasets, analyst, changed.id, ()).sha256 == dirty.sha256


def test_anonymise_shows_aliases_only_outside(datasets, analyst, telco):
    set_anonymised(datasets, analyst, telco.id, True)
    table = datasets.table(analyst, telco.id)
    assert table.public_names["Churn"] == "C21"
    assert "Churn" in frame(datasets, analyst, telco).columns
    assert acts(datasets.db)[-1] == "dataset.anonymised"


def test_anonymised_choice_carries_over_to_the_next_version(datasets, analyst, dirty):
    set_anonymised(datasets, analyst, dirty.id, True)
    assert clean(datasets, analyst, dirty.id, (Step.TRIM_TEXT,)).anonymised


def test_unknown_sample_is_not_found(datasets, analyst, experiment_id, shared_data):
    for name in ("README.md", "../telco_churn.csv", "pmlb_phoneme.csv"):
        with pytest.raises(NotFound):
            use_sample(datasets, analyst, experiment_id, name, shared_data)


def test_other_analyst_may_not_change_the_data(datasets, make_actor, dirty):
    other = make_actor("analyst", name="other")
    for act in (
        lambda: clean(datasets, other, dirty.id, (Step.TRIM_TEXT,)),
        lambda: restore(datasets, other, dirty.id),
        lambda: set_anonymised(datasets, other, dirty.id, True),
    ):
        with pytest.raises(MlaasError) as refused:
            act()
        assert isinstance(refused.value, NotAllowed | NotFound)


@pytest.mark.parametrize("role", ["deployer", "auditor", "admin"])
def test_role_without_data_read_sees_nothing(datasets, make_actor, dirty, role):
    with pytest.raises(NotAllowed):
        datasets.table(make_actor(role), dirty.id)
    with pytest.raises(NotAllowed):
        history(datasets, make_actor(role), dirty.experiment_id)


def test_raw_file_gone_is_one_sentence(datasets, analyst, dirty):
    datasets.raw_path(dirty.raw_sha256).unlink()
    with pytest.raises(NotFound, match="raw file of this data set is gone"):
        clean(datasets, analyst, dirty.id, (Step.TRIM_TEXT,))


def test_dictionary_follows_the_data_in_use(datasets, analyst, experiment_id, telco, shared_data):
    def columns():
        entries = projects.dictionary(datasets.db, analyst, experiment_id)
        return [entry.column_name for entry in entries]

    assert columns()[0] == "customerID"
    use_sample(datasets, analyst, experiment_id, "wholesale_customers.csv", shared_data)
    assert columns()[:2] == ["Channel", "Region"]
    restore(datasets, analyst, telco.id)
    assert (columns()[0], len(columns())) == ("customerID", 21)
