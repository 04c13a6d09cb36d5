"""Pages of rows: offset, sort, filter, export."""

import pytest

from engines.core.errors import InvalidInput, NotAllowed
from engines.data_sources import (
    Match,
    RowFilter,
    export_rows,
    page_rows,
    set_anonymised,
    use_sample,
)


@pytest.fixture
def telco(datasets, analyst, experiment_id, shared_data):
    return use_sample(datasets, analyst, experiment_id, "telco_churn.csv", shared_data).id


def test_page_holds_the_rows_asked_for(datasets, analyst, telco):
    page = page_rows(datasets, analyst, telco, offset=7_040, limit=50)
    assert (len(page.frame), page.total) == (3, 7_043)
    assert page.frame["customerID"].tolist()[-1] == "3186-AJIEK"


def test_sort_puts_missing_last(datasets, analyst, telco):
    up = page_rows(datasets, analyst, telco, limit=3, sort="TotalCharges")
    assert up.frame["TotalCharges"].tolist() == [18.8, 18.85, 18.85]
    down = page_rows(datasets, analyst, telco, limit=2, sort="TotalCharges", descending=True)
    assert down.frame["TotalCharges"].tolist() == [8684.8, 8672.45]


@pytest.mark.parametrize(
    ("chosen", "total"),
    [
        (RowFilter("Churn", Match.EQUALS, "Yes"), 1_869),
        (RowFilter("tenure", Match.ABOVE, "71"), 362),
        (RowFilter("tenure", Match.BELOW, "9.5"), 1_854),
        (RowFilter("tenure", Match.EQUALS, "9.5"), 0),
        (RowFilter("PaymentMethod", Match.CONTAINS, "CHECK"), 3_977),
        (RowFilter("TotalCharges", Match.MISSING), 11),
        (RowFilter("tenure", Match.EQUALS, "many"), 0),
        (RowFilter("Churn", Match.EQUALS, "' OR 1=1 --"), 0),
    ],
)
def test_filter_counts_what_matches(datasets, analyst, telco, chosen, total):
    page = page_rows(datasets, analyst, telco, limit=5, chosen=chosen)
    assert page.total == total
    assert len(page.frame) == min(5, total)


def test_unknown_column_is_refused(datasets, analyst, telco):
    with pytest.raises(InvalidInput, match="no column"):
        page_rows(datasets, analyst, telco, sort='x" FROM secrets --')


def test_export_of_anonymised_data_shows_aliases(datasets, analyst, telco):
    chosen = RowFilter("Churn", Match.EQUALS, "Yes")
    set_anonymised(datasets, analyst, telco, True)
    page = export_rows(datasets, analyst, telco, chosen)
    assert list(page.frame.columns) == [f"C{i}" for i in range(1, 22)]
    assert len(page.frame) == page.total == 1_869


def test_export_of_much_data_is_cut(datasets, analyst, telco, monkeypatch):
    monkeypatch.setattr("engines.data_sources.rows.EXPORTED_CELLS", 210)
    page = export_rows(datasets, analyst, telco)
    assert (len(page.frame), page.total) == (10, 7_043)


def test_rows_without_the_right_are_refused(datasets, make_actor, telco):
    with pytest.raises(NotAllowed):
        page_rows(datasets, make_actor("admin"), telco)
