"""Parts of the Data page before there is data: take a file or a sample, and say how to read it."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from app.components.upload import upload_zone
from app.services import services
from app.ui import boundary, state_badge
from engines import data_sources
from engines.core.access import Actor
from engines.core.tables import ColumnType
from engines.data_sources import ColumnChoice, Detection, ReadOptions, Seen, Upload

TYPES = {kind.value: kind.value.capitalize() for kind in ColumnType}
DECIMALS = {".": "point 1.5", ",": "comma 1,5"}
THOUSANDS = {
    "": "none", ",": "comma 1,000", ".": "point 1.000", " ": "blank 1 000", "'": "1'000",
    "’": "1’000", "\xa0": "hard blank 1 000", "\u202f": "narrow blank 1 000",
}  # fmt: skip
PREVIEW_ROWS = 20


def take_file(actor: Actor, experiment_id: str) -> None:
    """The drop zone, and what broke off half-way."""
    svc = services()
    if upload_zone(experiment_id, svc.settings.limits.upload_bytes):
        st.rerun()
    for upload in data_sources.broken_uploads(svc.datasets, actor, experiment_id):
        with st.container(horizontal=True, vertical_alignment="center"):
            state_badge("cancelled")
            st.text(f"{upload.name} broke off. Choose the same file again to go on.")
            if st.button("Discard", key=f"discard:{upload.id}", type="tertiary"):
                data_sources.discard_upload(svc.datasets, actor, upload.id)
                st.rerun()


def take_sample(actor: Actor, experiment_id: str) -> None:
    """The samples, one button each."""
    svc = services()
    for column, sample in zip(st.columns(3), data_sources.SAMPLES, strict=True):
        with column.container(border=True, height="stretch"):
            st.markdown(f"**{sample.title}**")
            st.caption(sample.question)
            if st.button("Use this sample", key=f"sample:{sample.file}", width="stretch"):
                with boundary(), st.spinner("Reading the sample…"):
                    folder = svc.settings.paths.samples
                    data_sources.use_sample(svc.datasets, actor, experiment_id, sample.file, folder)
                    st.rerun()


@st.cache_data(max_entries=64, ttl=900, show_spinner="Looking at the file…")
def look(_actor: Actor, actor_id: str, upload_id: str, form: str) -> Detection:
    """What was found in the person's upload; asked anew only when their choices change."""
    asked = ReadOptions.model_validate_json(form) if form else None
    return data_sources.detect(services().datasets, _actor, upload_id, asked)


def read_choices(found: Detection, upload: Upload) -> ReadOptions:
    """The choices about the whole file, filled with what was detected, as the user left them."""
    options = found.options
    if options.kind == "text":
        return options.model_copy(update=_text_choices(options, upload.id))
    if options.kind == "excel":
        return options.model_copy(update=_sheet_choices(found, upload.id))
    return options


def _sheet_choices(found: Detection, key: str) -> dict[str, Any]:
    options, sheets = found.options, found.sheets or (found.options.sheet,)
    first, second = st.columns([2, 1])
    sheet = first.selectbox("Sheet", sheets, sheets.index(options.sheet), key=f"sheet:{key}")
    titles = options.skip_lines if sheet == options.sheet else 0
    above = second.number_input(
        "Rows to skip at the top", 0, 1000, titles, key=f"skip:{key}:{sheets.index(sheet)}"
    )
    names = st.toggle("First row holds the names", options.header, key=f"header:{key}")
    return {"sheet": sheet, "header": names, "skip_lines": int(above)}


def _text_choices(options: ReadOptions, key: str) -> dict[str, Any]:
    first = st.columns(3)
    second = st.columns(3, vertical_alignment="bottom")
    names = data_sources.DELIMITERS
    return {
        "encoding": _choose(first[0], "Encoding", data_sources.ENCODINGS, options.encoding, key),
        "delimiter": _choose(first[1], "Delimiter", names, options.delimiter, key),
        "quote": _choose(first[2], "Quote", data_sources.QUOTES, options.quote, key),
        "decimal": _choose(second[0], "Decimal mark", DECIMALS, options.decimal, key),
        "thousands": _choose(second[1], "Thousands mark", THOUSANDS, options.thousands, key),
        "skip_lines": int(
            second[2].number_input(
                "Lines to skip at the top", 0, 1000, options.skip_lines, key=f"skip:{key}"
            )
        ),
        "header": st.toggle("First line holds the names", options.header, key=f"header:{key}"),
    }


def _choose(place: Any, label: str, choices: Any, chosen: str, key: str) -> str:
    names = choices if isinstance(choices, dict) else {choice: choice for choice in choices}
    known = list(names)
    if chosen not in known:
        known.append(chosen)
    return str(
        place.selectbox(
            label,
            known,
            index=known.index(chosen),
            format_func=lambda value: names.get(value, value),
            key=f"{label}:{key}",
        )
    )


def bad_lines_choice(found: Detection, key: str) -> bool:
    """Ask whether to leave out lines with a wrong number of fields, when there are any."""
    if not found.bad_rows:
        return False
    st.warning(
        f"{found.bad_rows:,} lines do not have as many fields as the header; "
        f"the first is line {found.first_bad_line:,}.",
        icon=":material/warning:",
    )
    return st.checkbox("Leave these lines out", key=f"bad:{key}")


def column_choices(found: Detection, key: str) -> tuple[ColumnChoice, ...]:
    """The columns with type, marks for “missing” and date format, to be corrected in place."""
    columns = found.options.columns
    marks = sorted({s.mark for seen in found.seen.values() for s in seen} | {"NA", "?", "-"})
    edited = st.data_editor(
        pd.DataFrame([_column_row(i, c, found) for i, c in enumerate(columns, start=1)]),
        hide_index=True,
        disabled=["alias", "name", "seen"],
        key=f"columns:{key}:{hash(found.options)}",
        alt="Columns of the file with type and marks for missing values",
        column_config={
            "alias": st.column_config.TextColumn("Alias", width="small", pinned=True),
            "name": st.column_config.TextColumn("Column", pinned=True),
            "type": st.column_config.SelectboxColumn("Type", options=list(TYPES), required=True),
            "marks": st.column_config.MultiselectColumn(
                "Read as missing", options=marks, accept_new_options=True
            ),
            "pattern": st.column_config.TextColumn("Date format", help="“iso”, or like %d.%m.%Y"),
            "seen": st.column_config.TextColumn("Seen in the file", width="large"),
        },
    )
    return tuple(
        _choice(column, row) for column, row in zip(columns, edited.to_dict("records"), strict=True)
    )


def _column_row(number: int, column: ColumnChoice, found: Detection) -> dict[str, Any]:
    return {
        "alias": f"C{number}",
        "name": column.name,
        "type": column.type.value,
        "marks": list(column.marks),
        "pattern": column.pattern if column.type is ColumnType.DATETIME else "",
        "seen": "; ".join(_seen_words(seen) for seen in found.seen.get(column.name, ())),
    }


def _seen_words(seen: Seen) -> str:
    return f"“{seen.mark}” {seen.count:,} times: {seen.evidence}"


def _choice(former: ColumnChoice, row: Mapping[Any, Any]) -> ColumnChoice:
    return corrected(former, row["type"], row["marks"], row["pattern"] or "")


def corrected(former: ColumnChoice, kind: str, marks: Any, pattern: str) -> ColumnChoice:
    """A column's choice with the user's type, marks and date format."""
    chosen = ColumnType(kind)
    kept = pattern if chosen is ColumnType.DATETIME else former.pattern
    if chosen is not former.type and chosen is not ColumnType.DATETIME:
        kept = former.pattern if former.pattern == "integer" else ""
    return ColumnChoice(
        name=former.name,
        type=chosen,
        marks=tuple(str(mark) for mark in (marks if marks is not None else ())),
        pattern=kept,
    )


def preview(actor: Actor, upload: Upload, options: ReadOptions) -> None:
    """The first rows as they would be read."""
    st.caption(f"The first {PREVIEW_ROWS} rows under these choices")
    rows = data_sources.preview_file(services().datasets, actor, upload.id, options, PREVIEW_ROWS)
    st.dataframe(rows, hide_index=True, alt="First rows of the file")
