"""The report as files: complete, self-contained, harmless, under public names."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from engines import eda
from engines.eda.labels import label, labels, visible
from engines.eda.public import under_public_names

SCRIPT = "<script>alert(1)</script>"
IMAGE = "<img src=x onerror=alert(2)>"


@pytest.fixture
def hostile(to_table):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            SCRIPT: rng.normal(size=80),
            IMAGE: rng.normal(size=80),
            "\u202egnp.exe": rng.choice(
                ["</script><script>alert(3)</script>", "=cmd|' /C calc'!A0"], 80
            ),
        }
    )
    frame.loc[:5, SCRIPT] = np.nan
    return to_table(frame)


def test_html_report_holds_everything_and_asks_no_network(telco, to_table):
    table = to_table(telco)
    report = eda.explore(table, eda.Options(target="Churn"))
    page = eda.report_files(report, table)["eda_report.html"].decode()
    assert "Plotly.newPlot" in page
    assert "plotly.js v" in page
    assert not re.search(r"<(script|link|img|iframe)[^>]+(src|href)=", page)
    assert "default-src 'none'" in page
    assert f"Quality {report.quality.score:g} of 100" in page


def test_hostile_names_and_values_stay_text_in_the_html_report(hostile):
    report = eda.explore(hostile, eda.Options(target="\u202egnp.exe"))
    page = eda.report_files(report, hostile)["eda_report.html"].decode()
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "\u202e" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_figure_files_cannot_end_a_script_and_carry_no_names_in_theirs(hostile):
    files = eda.report_files(eda.explore(hostile), hostile)
    assert all(re.fullmatch(r"eda_[\w-]+\.(json|html|txt)", name) for name in files)
    figures = {name: content for name, content in files.items() if name.endswith(".json")}
    assert "eda_histogram-C1.json" in figures
    for name, content in figures.items():
        assert json.loads(content)
        assert name == "eda_report.json" or b"</script" not in content


def test_an_anonymised_table_leaves_under_public_names_only(wholesale, to_table):
    table = to_table(wholesale, anonymised=True)
    report = eda.explore(table, eda.Options(target="Channel"))
    files = eda.report_files(report, table)
    told = b"".join(content for name, content in files.items() if name != "eda_report.html")
    page = files["eda_report.html"].decode()
    body = page[page.index("<body>") :]
    for name in wholesale.columns:
        assert name.encode() not in told
        assert name not in body
    assert "C3" in body


def test_public_names_keep_every_figure(wholesale, to_table):
    table = to_table(wholesale, anonymised=True)
    report = eda.explore(table)
    public = under_public_names(report, table.public_names)
    assert public.column("C3").numbers == report.column("Fresh").numbers
    assert public.matrices["pearson"].values == report.matrices["pearson"].values
    assert set(public.matrices["pearson"].columns) <= set(table.public_names.values())


def test_every_kind_of_figure_is_in_the_gallery(ames, to_table):
    table = to_table(ames)
    files = eda.report_files(eda.explore(table, eda.Options(target="ExterQual")), table)
    kinds = {re.sub(r"-C?\d+$", "", name.split(".")[0]) for name in files}
    assert kinds >= {
        "eda_histogram", "eda_box", "eda_box-by-target", "eda_scatter", "eda_association-pearson",
        "eda_association-spearman", "eda_association-cramers_v", "eda_association-mixed",
        "eda_missing-cells", "eda_missing-patterns", "eda_outliers", "eda_quality",
    }  # fmt: skip


def test_box_by_a_category_draws_one_box_per_value(telco, to_table):
    table = to_table(telco)
    from engines.eda.gallery import picked, plotted_sample

    report = eda.explore(table)
    pair = picked(plotted_sample(table), report, ["tenure", "Contract"])
    figure = eda.box_by(pair, "tenure", "Contract", {}, "all 7,043 rows")
    assert [trace.name for trace in figure.data] == sorted(telco["Contract"].unique())
    month = telco.loc[telco["Contract"] == "Month-to-month", "tenure"]
    assert np.median(figure.data[0].y) == month.median()


def test_scatter_draws_points_without_a_target_apart_from_the_scale(ames, to_table):
    from engines.eda.gallery import picked, plotted_sample

    paid = ames.assign(Paid=(ames["YrSold"] > 2007).astype(float).where(ames.index % 9 != 0))
    table = to_table(paid)
    report = eda.explore(table, eda.Options(target="Paid"))
    three = picked(plotted_sample(table), report, ["LotArea", "GrLivArea", "Paid"])
    figure = eda.scatter(three, "LotArea", "GrLivArea", "Paid", {}, "all rows")
    rest, scaled = figure.data
    assert len(rest.x) == paid["Paid"].isna().sum()
    assert set(scaled.marker.color) == {0.0, 1.0}
    assert len(scaled.x) + len(rest.x) == len(paid)


def test_scatter_states_how_many_points_it_shows(telco, to_table):
    from engines.eda.gallery import picked, plotted_sample

    table = to_table(telco)
    report = eda.explore(table)
    three = picked(plotted_sample(table), report, ["tenure", "MonthlyCharges", "Churn"])
    figure = eda.scatter(three, "tenure", "MonthlyCharges", "Churn", {}, eda.sample_note(report))
    assert "5,000 points from all 7,043 rows" in figure.layout.title.text
    assert {trace.name for trace in figure.data} == {"No", "Yes"}
    assert sum(len(trace.x) for trace in figure.data) == 5_000


def test_labels_are_escaped_short_and_show_hidden_characters():
    assert label("<b>&") == "&lt;b&gt;&amp;"
    assert len(visible("n" * 400)) == 40
    assert visible("a\u202eb\nc") == "a⟨U+202E⟩b c"
    assert labels({}, ["n" * 400, "n" * 401]) == ["n" * 39 + "…", "n" * 39 + "… (2)"]
