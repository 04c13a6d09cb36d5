"""Explore a table: statistics, plots, missing cells, outliers, associations, quality, sampling."""

from engines.eda.explore import explore
from engines.eda.export import html_report, report_files
from engines.eda.figures import box, box_by, histogram, missing_bars, quality_bars
from engines.eda.figures_relations import heat_map, missing_patterns, outlier_bars, scatter
from engines.eda.gallery import gallery, sample_note
from engines.eda.models import EdaReport, ReportKind
from engines.eda.options import Options, SampleMethod, SamplePlan
from engines.eda.port import ReportLog, Study, Tables
from engines.eda.profile import profile_page, run_profile
from engines.eda.report import Report
from engines.eda.requests import (
    Standing,
    exported,
    is_current,
    log_again,
    may_explore,
    plotted,
    profile,
    report,
    request_profile,
    request_report,
    standings,
)
from engines.eda.work import run_explore

__all__ = [
    "EdaReport",
    "Options",
    "Report",
    "ReportKind",
    "ReportLog",
    "SampleMethod",
    "SamplePlan",
    "Standing",
    "Study",
    "Tables",
    "box",
    "box_by",
    "explore",
    "exported",
    "gallery",
    "heat_map",
    "histogram",
    "html_report",
    "is_current",
    "log_again",
    "may_explore",
    "missing_bars",
    "missing_patterns",
    "outlier_bars",
    "plotted",
    "profile",
    "profile_page",
    "quality_bars",
    "report",
    "report_files",
    "request_profile",
    "request_report",
    "run_explore",
    "run_profile",
    "sample_note",
    "scatter",
    "standings",
]
