"""What is found in a file before it is read: dialect, encoding, marks, types."""

import pytest

from engines.core.settings import Limits
from engines.core.tables import ColumnType
from engines.data_sources.detection import detect_file, judge_file, preview

T = ColumnType
SPANISH = "nombre,año\nJosé,1\nMuñoz,2\nÁngel,3\n"


def types(detection):
    return {c.name: c.type for c in detection.options.columns}


@pytest.fixture
def shared(shared_data, tmp_path):
    def look(name):
        return detect_file(shared_data / name, name, tmp_path / "staged", Limits())

    return look


def test_detect_telco_finds_identifier_and_number_with_blanks(shared):
    found = shared("telco_churn.csv")
    assert types(found)["customerID"] is T.IDENTIFIER
    assert types(found)["TotalCharges"] is T.NUMERIC
    assert types(found)["Churn"] is T.CATEGORICAL
    assert "“TotalCharges” has 11 cells of blanks only; they are missing." in found.notes


def test_detect_ames_reads_na_as_missing_and_says_where_it_may_be_a_category(shared):
    found = shared("ames_house_prices.csv")
    assert found.options.column("LotFrontage").type is T.INTEGER
    assert found.options.column("Alley").marks == ("NA",)
    (seen,) = found.seen["Alley"]
    assert (seen.mark, seen.count) == ("NA", 1369)
    assert "keep it" in seen.evidence
    assert found.options.column("MasVnrType").marks == ("NA",)  # "None" stays a category
    assert types(found)["Id"] is T.IDENTIFIER


def test_detect_air_quality_flags_the_sentinel_with_evidence(shared):
    found = shared("air_quality_dirty.csv")
    assert found.options.columns[0].name == "Date"  # no byte-order mark in the name
    assert found.options.columns[0].type is T.DATETIME
    flagged = [c.name for c in found.options.columns if c.marks == ("-200",)]
    assert len(flagged) == 13
    (seen,) = found.seen["C6H6(GT)"]
    assert (seen.count, seen.evidence) == (366, "every other value is ≥ 0.1")


def test_detect_dates_tells_month_first_from_the_values(shared):
    column = shared("bike_sharing_hourly.csv").options.column("dteday")
    assert (column.type, column.pattern) == (T.DATETIME, "%m/%d/%Y")
    assert shared("airline_passengers.csv").options.column("Month").pattern == "%Y-%m"


def test_detect_ambiguous_date_says_so(looked):
    found = looked("d,x\n1/2/2020,1\n3/4/2020,2\n")
    assert "In “d” day and month could be swapped; it is read month first." in found.notes
    german = looked("d;x\n1/2/2020;1,5\n3/4/2020;2,25\n")
    assert german.options.column("d").pattern == "%d/%m/%Y"


@pytest.mark.parametrize(
    ("encoding", "name"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("utf-16", "utf-16"), ("utf-16-le", "utf-16-le"),
     ("cp1252", "cp1252"), ("utf-32", "utf-32")],
)  # fmt: skip
def test_detect_encoding_gives_the_same_names(looked, file, tmp_path, encoding, name):
    found = looked(SPANISH.encode(encoding))
    assert found.options.encoding == name
    assert list(types(found)) == ["nombre", "año"]
    frame = preview(tmp_path / "a.csv", found.options, tmp_path / "staged")
    assert list(frame["nombre"]) == ["José", "Muñoz", "Ángel"]


def test_detect_cyrillic_is_not_taken_for_western(looked):
    text = "город,население\n" + "Москва,12\nСанкт-Петербург,5\nНовосибирск,1\n" * 30
    assert looked(text.encode("cp1251")).options.encoding == "cp1251"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_detect_delimiter(looked, delimiter):
    rows = ["name,in full", '"a, b; c",1', '"d | e",2']
    found = looked(
        "\n".join(
            row.replace(",", delimiter) if i == 0 else delimiter.join(row.rsplit(",", 1))
            for i, row in enumerate(rows)
        )
    )
    assert found.options.delimiter == delimiter
    assert len(found.options.columns) == 2


def test_detect_decimal_comma_and_thousands(looked, tmp_path):
    found = looked("price;count\n1.234,56;1\n99,5;2\n2.000.000,00;3\n")
    assert (found.options.decimal, found.options.thousands) == (",", ".")
    frame = preview(tmp_path / "a.csv", found.options, tmp_path / "staged")
    assert list(frame["price"]) == [1234.56, 99.5, 2_000_000.0]


def test_detect_thousands_commas(looked, tmp_path):
    found = looked('name,pay\na,"1,234"\nb,"12,000"\nc,"5,000,000"\n')
    assert (found.options.decimal, found.options.thousands) == (".", ",")
    frame = preview(tmp_path / "a.csv", found.options, tmp_path / "staged")
    assert list(frame["pay"]) == [1234, 12000, 5_000_000]


def test_detect_without_header_names_the_columns(looked):
    found = looked("1,2.5,a\n2,3.5,b\n3,4.5,c\n")
    assert not found.options.header
    assert list(types(found)) == ["column_1", "column_2", "column_3"]


def test_detect_title_lines_are_skipped(looked, tmp_path):
    found = looked("Report of May\n\na,b,c\n1,2,3\n4,5,6\n")
    assert list(types(found)) == ["a", "b", "c"]
    assert len(preview(tmp_path / "a.csv", found.options, tmp_path / "staged")) == 2


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["true", "False", "TRUE"], T.BOOLEAN),
        (["Yes", "No", "Yes"], T.CATEGORICAL),
        (["00123", "00456", "00123"], T.CATEGORICAL),
        (["1", "2", "?"], T.INTEGER),
        (["1", "2.5", "NA"], T.NUMERIC),
        (["1e3", "-.5", "inf"], T.NUMERIC),
        (["99999999999999999999", "1", "2"], T.CATEGORICAL),
        (["2020-01-01", "2020-02-30", "x"], T.CATEGORICAL),
        (["2020-01-01 10:00:00", "", "2021-05-05 11:30:00"], T.DATETIME),
        (["01.02.2020", "31.12.2020", "-"], T.DATETIME),
        (["12-Jan-2020", "31-Dec-2021", "01-Feb-2022"], T.DATETIME),
        (["?", "?", "NA"], T.EMPTY),
        (["", "", ""], T.EMPTY),
    ],
)
def test_detect_type_of_column(looked, cells, expected):
    found = looked("k,v\n" + "".join(f"{i},{c}\n" for i, c in enumerate(cells)))
    assert types(found)["v"] is expected


def test_detect_infinities_are_reported_and_read_as_missing(looked, tmp_path):
    found = looked("a,b\n1.5,1\ninf,2\n-inf,3\n")
    assert "“a” holds infinities (2); they are read as missing." in found.notes
    frame = preview(tmp_path / "a.csv", found.options, tmp_path / "staged")
    assert frame["a"].isna().sum() == 2


def test_detect_word_among_numbers_is_offered_as_mark(looked):
    rows = "".join(f"{i},{i * 3}\n" for i in range(40)) + "40,not taken\n41,not taken\n"
    found = looked("k,v\n" + rows)
    assert found.options.column("v").marks == ("not taken",)
    assert found.seen["v"][0].evidence == "all other values are numbers"


def test_detect_high_sentinel_is_only_reported(looked):
    rows = "".join(f"{i},{i % 50}\n" for i in range(200)) + "1,99999\n" * 5
    found = looked("k,v\n" + rows)
    assert found.options.column("v").marks == ()
    assert found.seen["v"][0].mark == "99999"


def test_detect_balance_with_deep_negatives_flags_nothing(shared):
    assert "balance" not in shared("bank_marketing.csv").seen
    assert "pdays" not in shared("bank_marketing.csv").seen


def test_judge_again_under_corrected_choices_changes_columns(looked, tmp_path):
    found = looked("a;b\n1,5;2\n2,5;3\n")
    assert found.options.column("a").type is T.NUMERIC
    form = found.options.model_copy(update={"decimal": ".", "thousands": ""})
    again = judge_file(tmp_path / "a.csv", form, tmp_path / "staged", Limits())
    assert again.options.column("a").type is T.CATEGORICAL


def test_detect_formula_cells_stay_text(looked, tmp_path):
    found = looked("k,v\n1,=cmd|' /C calc'!A0\n2,=1+1\n")
    frame = preview(tmp_path / "a.csv", found.options, tmp_path / "staged")
    assert list(frame["v"]) == ["=cmd|' /C calc'!A0", "=1+1"]


@pytest.mark.parametrize(
    ("titles", "skipped"),
    [
        ("Loan book,,\nprinted,2024-01-01,\n,,\n", 3),
        ("# exported 2024-05-01\n# system: core, branch 7\n", 2),
        ("# a, b, c\n", 1),
        ("Customer,,Loan\n", 0),
        ('"Loan book\nof May"\n', 2),
        ("", 0),
    ],
)
def test_detect_titles_as_wide_as_the_table_are_skipped(looked, titles, skipped):
    rows = "".join(f"{n},c{n % 3},{n}.5\n" for n in range(40))
    found = looked(f"{titles}id,city,amount\n{rows}")
    assert found.options.skip_lines == skipped
    if skipped or not titles:
        assert [c.name for c in found.options.columns] == ["id", "city", "amount"]


def test_detect_name_with_a_line_break_stays_one_name(looked):
    found = looked('"amount\nin EUR",city\n' + "1.5,Rome\n2.5,Oslo\n" * 20)
    assert [c.name for c in found.options.columns] == ["amount in EUR", "city"]


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("{n};c{n};{n},5;\n", ["id", "city", "amount", "column_4"]),
        ("row {n};{n};c{n};{n},5\n", ["column_1", "id", "city", "amount"]),
    ],
)
def test_detect_names_stay_when_each_line_has_one_field_more(looked, tmp_path, line, names):
    found = looked("id;city;amount\n" + "".join(line.format(n=n) for n in range(40)))
    assert [c.name for c in found.options.columns] == names
    assert found.bad_rows == 0
    frame = preview(tmp_path / "a.csv", found.options, tmp_path / "staged")
    assert frame["amount"].tolist()[:3] == [0.5, 1.5, 2.5]
    assert len(frame) == 40


def test_detect_lines_without_names_get_numbered_ones(looked):
    found = looked("1;a;2,5\n" * 20)
    assert [c.name for c in found.options.columns] == ["column_1", "column_2", "column_3"]


@pytest.mark.parametrize(
    ("cells", "unit", "numbers"),
    [
        (["12 kg", "7.5 kg", "0"], "kg", [12, 7.5, 0]),
        (["12.5%", "-3%", "4 %"], "%", [12.5, -3, 4]),
        (["€1,250.50", "€ 99.90", "-€3.20"], "€", [1250.5, 99.9, -3.2]),
        (["1,250.50 EUR", "99.90 EUR", "-3.20 EUR"], "EUR", [1250.5, 99.9, -3.2]),
        (["(1,250.50)", "99.90", "0"], "()", [-1250.5, 99.9, 0]),
        (["36 months", "60 months", "NA"], "months", [36, 60, None]),
    ],
)
def test_detect_numbers_with_a_unit_are_numbers(looked, tmp_path, cells, unit, numbers):
    found = looked("other|amount\n" + "".join(f"x|{cell}\n" for cell in cells * 10))
    column = found.options.column("amount")
    assert (column.type, column.pattern) == (T.NUMERIC, unit)
    assert any(note.startswith(f"“amount” is read as numbers without “{unit}”: “{cells[0]}” is")
               for note in found.notes)  # fmt: skip
    frame = preview(tmp_path / "a.csv", found.options, tmp_path / "staged")
    read = frame["amount"].head(3).astype(object)
    assert read.where(read.notna(), None).tolist() == numbers


@pytest.mark.parametrize("cells", [["12 kg", "7 g"], ["A1", "A2"], ["1 May", "2 June"]])
def test_detect_numbers_with_several_units_or_codes_stay_words(looked, cells):
    found = looked("other,amount\n" + "".join(f"x,{cell}\n" for cell in cells * 10))
    assert found.options.column("amount").type is T.CATEGORICAL


@pytest.mark.parametrize(
    ("mark", "cells"),
    [
        ("'", ["1'250.50", "99.90"]),
        ("\xa0", ["1\xa0250,50", "99,90"]),
        ("\u202f", ["1\u202f250,50"]),
    ],
)
def test_detect_thousands_of_other_countries(looked, tmp_path, mark, cells):
    found = looked("other;amount\n" + "".join(f"x;{cell}\n" for cell in cells * 10))
    assert found.options.thousands == mark
    assert found.options.column("amount").type is T.NUMERIC
    frame = preview(tmp_path / "a.csv", found.options, tmp_path / "staged")
    assert frame["amount"][0] == 1250.5


def test_detect_says_which_values_keep_a_column_from_being_numbers(looked):
    rows = "".join(f"{n},0{n % 9}123\n" for n in range(30))
    found = looked(f"age,zip\n{rows}Total,80331\n")
    assert found.options.column("age").type is T.CATEGORICAL
    assert any("30 of 31 values are numbers, but not “Total”" in note for note in found.notes)
    assert not any("“zip”" in note for note in found.notes)


def test_detect_says_when_dates_are_written_in_several_ways(looked):
    days = [f"2024-01-{n:02}" if n % 2 else f"{n:02}/01/2024" for n in range(1, 29)]
    found = looked("when,x\n" + "".join(f"{day},{n}\n" for n, day in enumerate(days)))
    assert found.options.column("when").type is T.CATEGORICAL
    told = "its dates are not all written one way, for example “2024-01-01” and “02/01/2024”"
    assert any(told in note for note in found.notes)


def test_detect_dates_without_marks_by_name_and_by_what_months_have(looked, tmp_path):
    days = [f"2024{month:02}{day:02}" for month in (1, 2, 3) for day in (1, 15, 28)]
    rows = "".join(f"{day},{day}\n" for day in [*days, "99991231"])
    found = looked(f"value_date,number\n{rows}")
    column = found.options.column("value_date")
    assert (column.type, column.pattern) == (T.DATETIME, "%Y%m%d")
    assert found.options.column("number").type is T.INTEGER


@pytest.mark.parametrize("names", ["a;b;c\n", "Loans in EUR\n\na;b;c\n", ""])
def test_detect_delimiter_beside_a_decimal_comma_in_every_cell(looked, names):
    found = looked(names + "1,5;2,25;3,5\n" * 40)
    assert (found.options.delimiter, found.options.decimal) == (";", ",")
    assert {c.type for c in found.options.columns} == {T.NUMERIC}
