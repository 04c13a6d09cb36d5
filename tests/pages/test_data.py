"""The Data page, as each role sees it."""

from datetime import timedelta

import pytest

from engines import data_sources, projects


def button(at, label):
    return next(b for b in at.button if b.label == label)


def words(at):
    shown = [*at.markdown, *at.caption, *at.subheader, *at.error, *at.info, *at.text, *at.warning]
    return " ".join(x.value for x in shown)


@pytest.fixture
def experiment(app_services, analyst):
    return projects.create(app_services.db, analyst, "Churn")


@pytest.fixture
def sample(app_services, analyst, experiment, shared_data):
    return data_sources.use_sample(
        app_services.datasets, analyst, experiment.id, "wholesale_customers.csv", shared_data
    )


@pytest.fixture
def upload(app_services, analyst, experiment):
    def put(content, name="a.csv"):
        datasets, raw = app_services.datasets, content.encode()
        made = data_sources.start_upload(datasets, analyst, experiment.id, name, len(raw))
        data_sources.write_slice(datasets, analyst, made.id, 0, raw)
        return data_sources.finish_upload(datasets, analyst, made.id)

    return put


def test_page_without_data_offers_upload_and_three_samples(open_page, experiment):
    at = open_page("analyst", "data", experiment=experiment.id)
    assert not at.exception
    assert [b.label for b in at.button].count("Use this sample") == 3
    assert len(at.get("bidi_component")) == 1


def test_sample_is_one_click_away(open_page, experiment, app_services, analyst):
    at = open_page("analyst", "data", experiment=experiment.id)
    at.button(key="sample:telco_churn.csv").click().run()
    assert not at.exception
    table = app_services.datasets.current(analyst, experiment.id)
    assert (table.rows, len(table.columns)) == (7_043, 21)
    assert at.metric[0].value == "7,043"
    assert projects.get(app_services.db, analyst, experiment.id).state == "data"


@pytest.mark.parametrize("role", ["checker", "validator"])
def test_reader_sees_data_and_no_way_to_change_it(open_page, sample, experiment, role):
    at = open_page(role, "data", experiment=experiment.id)
    assert not at.exception
    assert at.metric[0].value == "440"
    assert [b.label for b in at.button] == []
    assert at.toggle(key=f"anonymise:{sample.id}:False").disabled


@pytest.mark.parametrize("role", ["deployer", "auditor", "admin"])
def test_role_without_the_right_sees_no_data(open_page, sample, experiment, role):
    at = open_page(role, "data", experiment=experiment.id)
    assert not at.metric
    assert "data.read" in words(at)


def test_upload_shows_what_was_found_and_is_taken(
    open_page, upload, experiment, app_services, analyst
):
    upload("name;price\nä;1,5\nb;NA\n", "prices.csv")
    at = open_page("analyst", "data", experiment=experiment.id)
    assert not at.exception
    chosen = {box.label: box.value for box in at.selectbox}
    assert (chosen["Delimiter"], chosen["Decimal mark"]) == (";", ",")
    button(at, "Use this data").click().run()
    table = app_services.datasets.current(analyst, experiment.id)
    assert [(c.name, c.type.value, c.missing) for c in table.columns] == [
        ("name", "categorical", 0),
        ("price", "numeric", 1),
    ]
    assert at.metric[0].value == "2"


def test_corrected_delimiter_changes_the_preview_at_once(open_page, upload, experiment):
    made = upload("a;b|c\n1;2|3\n4;5|6\n")
    at = open_page("analyst", "data", experiment=experiment.id)
    before = list(at.dataframe[-1].value.columns)
    other = "|" if before == ["a", "b|c"] else ";"
    at.selectbox(key=f"Delimiter:{made.id}").set_value(other).run()
    assert list(at.dataframe[-1].value.columns) != before


def test_bad_file_is_one_sentence_and_can_be_discarded(open_page, upload, experiment):
    upload("a,b,c\n")
    at = open_page("analyst", "data", experiment=experiment.id)
    assert [e.value.split("**")[1] for e in at.error] == ["The file has column names but no rows."]
    button(at, "Discard this file").click().run()
    assert not at.error
    assert [b.label for b in at.button].count("Use this sample") == 3


def test_ragged_lines_are_left_out_when_ticked(open_page, upload, experiment):
    made = upload("a,b\n1,2\n3\n4,5\n")
    at = open_page("analyst", "data", experiment=experiment.id)
    assert "1 lines do not have as many fields" in words(at)
    button(at, "Use this data").click().run()
    assert "do not have as many fields" in at.error[0].value
    at.checkbox(key=f"bad:{made.id}").check().run()
    button(at, "Use this data").click().run()
    assert at.metric[0].value == "2"


def test_anonymised_names_show_beside_the_real_ones(
    open_page, sample, experiment, app_services, analyst
):
    at = open_page("analyst", "data", experiment=experiment.id)
    at.toggle(key=f"anonymise:{sample.id}:False").set_value(True).run()
    table = app_services.datasets.current(analyst, experiment.id)
    assert table.public_names["Channel"] == "C1"
    columns = next(d.value for d in at.dataframe if "Alias" in d.value.columns)
    assert list(columns["Column"])[:2] == ["Channel", "Region"]
    assert list(columns["Alias"])[:2] == ["C1", "C2"]


def test_few_missing_cells_are_not_said_to_be_none(open_page, upload, experiment):
    upload("a,b\n" + "1,2\n" * 2_000 + "1,\n")
    at = open_page("analyst", "data", experiment=experiment.id)
    button(at, "Use this data").click().run()
    assert {m.label: m.value for m in at.metric}["Missing cells"] == "under 0.1%"


def test_data_in_use_leads_to_its_exploration(open_page, sample, experiment):
    at = open_page("analyst", "data", experiment=experiment.id)
    assert "Explore the data" in [link.proto.label for link in at.get("page_link")]


def test_filter_and_sort_show_the_rows_asked_for(open_page, sample, experiment):
    at = open_page("analyst", "data", experiment=experiment.id)
    at.selectbox(key="filter_column").set_value("Channel").run()
    at.selectbox(key="filter_match").set_value("=").run()
    at.text_input(key="filter_value").set_value("1").run()
    at.selectbox(key="sort").set_value("Fresh").run()
    assert "298 rows match" in words(at)
    rows = at.dataframe[0].value
    assert set(rows["Channel"]) == {1}
    assert rows["Fresh"].is_monotonic_increasing


def test_correction_makes_a_version_and_history_undoes_it(
    open_page, sample, experiment, app_services, analyst
):
    at = open_page("analyst", "data", experiment=experiment.id)
    key = f"type:{sample.id}:Channel"
    at.selectbox(key=key).set_value("categorical").run()
    button(at, "Read again with this correction").click().run()
    assert not at.exception
    table = app_services.datasets.current(analyst, experiment.id)
    assert table.column("Channel").type == "categorical"
    at.button(key=f"restore:{sample.id}").click().run()
    table = app_services.datasets.current(analyst, experiment.id)
    assert (table.dataset_id, table.column("Channel").type) == (sample.id, "integer")


def test_cleaning_steps_are_applied_and_listed(
    open_page, upload, experiment, app_services, analyst
):
    upload("a,b\n1,x\n1,x\n2,y\n")
    at = open_page("analyst", "data", experiment=experiment.id)
    button(at, "Use this data").click().run()
    made = data_sources.current(app_services.datasets, analyst, experiment.id)
    at.checkbox(key=f"step:{made.id}:drop_duplicates").check().run()
    button(at, "Apply these steps").click().run()
    assert at.metric[0].value == "2"
    assert "Drop repeated rows: a.csv" in words(at)


def test_big_file_is_queued_and_followed(
    open_page, upload, experiment, app_services, analyst, monkeypatch
):
    monkeypatch.setattr("engines.data_sources.intake.INLINE_BYTES", 5)
    made = upload("a,b\n1,2\n")
    at = open_page("analyst", "data", experiment=experiment.id)
    button(at, "Use this data").click().run()
    assert not at.exception
    assert app_services.scheduler.status(f"ingest-{made.id}-1").state == "queued"
    assert [b.label for b in at.button] == []
    app_services.scheduler.cancel(analyst, f"ingest-{made.id}-1", "wrong file")
    again = open_page("analyst", "data", experiment=experiment.id)
    assert "cancelled" in again.error[0].value.lower() or "wrong file" in again.error[0].value
    assert button(again, "Use this data")


def test_broken_upload_is_shown_and_discarded(
    open_page, experiment, app_services, analyst, monkeypatch
):
    monkeypatch.setattr("engines.data_sources.uploads.QUIET", timedelta(0))
    made = data_sources.start_upload(app_services.datasets, analyst, experiment.id, "half.csv", 100)
    at = open_page("analyst", "data", experiment=experiment.id)
    assert "half.csv broke off. Choose the same file again to go on." in words(at)
    at.button(key=f"discard:{made.id}").click().run()
    assert "broke off" not in words(at)
