"""Report files on disk, named by content: `<sha256>/<digest>/`. A write is whole or not there."""

import os
import tempfile
from pathlib import Path

import polars as pl
from pydantic import ValidationError

from engines.core.errors import BackendUnavailable, NotReady
from engines.eda.explore import Explored
from engines.eda.models import EdaReport, ReportKind
from engines.eda.report import Report

REPORT = "report.json"
SAMPLE = "sample.parquet"
PROFILE = "profile.html"


def place(folder: Path, row: EdaReport) -> Path:
    """The folder of one report's files."""
    return folder / row.sha256 / row.digest


def exists(folder: Path, row: EdaReport) -> bool:
    """True when the files are there, whoever asked for them first."""
    name = REPORT if row.kind == ReportKind.EXPLORE else PROFILE
    return (place(folder, row) / name).exists()


def keep(folder: Path, row: EdaReport, explored: Explored) -> None:
    """Write sample and report; the report last, since it says that all is there.

    Raises BackendUnavailable when the disk refuses.
    """
    target = place(folder, row)
    try:
        with tempfile.TemporaryDirectory(dir=_made(target)) as draft:
            explored.sample.write_parquet(Path(draft) / SAMPLE)
            (Path(draft) / REPORT).write_text(explored.report.model_dump_json(), encoding="utf-8")
            for name in (SAMPLE, REPORT):
                (Path(draft) / name).replace(target / name)
    except OSError as error:
        raise disk_refused(error) from error


def keep_profile(folder: Path, row: EdaReport, page: str) -> None:
    """Write the profile's HTML. Raises BackendUnavailable when the disk refuses."""
    target = place(folder, row)
    try:
        with tempfile.TemporaryDirectory(dir=_made(target)) as draft:
            (Path(draft) / PROFILE).write_text(page, encoding="utf-8")
            (Path(draft) / PROFILE).replace(target / PROFILE)
    except OSError as error:
        raise disk_refused(error) from error


def disk_refused(error: OSError) -> BackendUnavailable:
    """The failure a user sees when a report cannot be written."""
    reason = os.strerror(error.errno) if error.errno else "unknown reason"
    return BackendUnavailable(
        f"The report could not be written to disk: {reason.lower()}.",
        hint="Tell the platform team; nothing else was lost.",
    )


def _made(target: Path) -> Path:
    target.mkdir(parents=True, exist_ok=True)
    return target


def load(folder: Path, row: EdaReport) -> Report:
    """The stored report. Raises NotReady when there is none, or an unreadable one."""
    try:
        text = (place(folder, row) / REPORT).read_bytes()
        return Report.model_validate_json(text)
    except (OSError, ValidationError) as error:
        raise NotReady("The report is not there yet.", hint="Start the exploration.") from error


def load_sample(folder: Path, row: EdaReport, positions: list[int]) -> pl.DataFrame:
    """Columns of the plotted rows by position. Raises NotReady."""
    try:
        return pl.read_parquet(place(folder, row) / SAMPLE, columns=positions)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise NotReady("The report is not there yet.", hint="Start the exploration.") from error


def load_profile(folder: Path, row: EdaReport) -> bytes:
    """The profile's HTML. Raises NotReady."""
    try:
        return (place(folder, row) / PROFILE).read_bytes()
    except OSError as error:
        raise NotReady("The profile is not there yet.", hint="Start it on the page.") from error
