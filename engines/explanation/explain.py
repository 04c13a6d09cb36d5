"""The work of an `explain` job: explain the hold-out, measure fairness, stability, drift; seal."""

import time
from typing import Any

import numpy as np
import pandas as pd

from engines.core import events
from engines.core.access import Actor, Capability, needs
from engines.core.model_card import read_card
from engines.core.model_ref import ModelRef
from engines.core.progress import Progress
from engines.core.tables import ColumnType
from engines.explanation import store
from engines.explanation.attribution import Attribution, Explainer, explainer, in_turns, joined
from engines.explanation.drift import drift, largest
from engines.explanation.exact import margin
from engines.explanation.fairness import Fairness, fairness, protected_columns
from engines.explanation.interactions import COLUMNS, PAIRS, SECOND, interactions
from engines.explanation.load import folder_of, load
from engines.explanation.pairs import METHOD, affordable, pair_values, ranked_pairs
from engines.explanation.port import Desk
from engines.explanation.rows import rows_of
from engines.explanation.stability import COLUMNS as STABILITY
from engines.explanation.stability import metric_of, stability
from engines.explanation.summary import OUTPUTS, Case, described, measured, protected, tables

EXACT_ROWS, SAMPLED_ROWS = 2_000, 100
EXACT_TURN, SAMPLED_TURN = 100, 2
SECONDS = 120.0  # for the values; what is explained by then is what is shown
SEGMENTED = 4
PAIRED_MOST = 10  # columns whose pairs are kept where all pairs are known
SEED = 17


@needs(Capability.EXPLAIN_RUN)
def run_explain(desk: Desk, actor: Actor, model: ModelRef, progress: Progress) -> None:
    """The work of an `explain` job: explain the model's hold-out and seal the result.

    Raises NotFound, NotAllowed (also by the gate), InvalidInput or BackendUnavailable.
    """
    began = time.monotonic()
    case = _opened(desk, actor, model, progress)
    frame, found = _explained(case, progress)
    took = time.monotonic() - began
    progress.log(f"Explained {len(frame):,} rows in {took:.1f} s; additivity gap {found.gap:.1e}")
    progress.report(0.75, "Looking for interactions")
    ranked = _ranked(case, found)
    together = _together(case, frame, ranked)
    progress.report(0.82, "Measuring fairness by protected attribute")
    fair, notes = _fairness(case)
    progress.report(0.9, "Measuring stability by segment and over time")
    steady = _stability(case, ranked)
    progress.report(0.96, "Comparing the hold-out with the rows trained on")
    moved = _drift(case)
    told = described(case, found) | together | {"notes": notes + fair.notes}
    facts = measured(case, fair.differences, steady) | largest(moved, bool(_times(case)))
    told |= {"facts": facts, "metric": metric_of(case.card)}
    measures = {
        "drift.parquet": moved,
        "fairness.parquet": fair.groups,
        "calibration.parquet": fair.curves,
        "differences.parquet": fair.differences,
        "stability.parquet": steady,
    }
    frames = tables(case, frame, found) | measures
    own = folder_of(desk, actor, model)
    store.seal(desk.folder, model, {"explanation.json": told}, frames, own)
    with desk.db.write() as session:
        events.record(session, actor, "model.explained", f"model:{model}", rows=len(frame))
    progress.report(1.0, "Done")


def _opened(desk: Desk, actor: Actor, model: ModelRef, progress: Progress) -> Case:
    progress.report(0.02, "Reading the data")
    folder = folder_of(desk, actor, model)
    origin = desk.origins.of(actor, model)
    table = desk.tables.table(actor, origin.dataset_id)
    rows = rows_of(read_card(folder), table, folder)
    progress.report(0.06, "Loading the model")
    card, pipeline = load(desk, actor, model)
    ready = explainer(card, pipeline, rows.background)
    progress.log(f"Method: {ready.method}; values add up in: {ready.space}")
    return Case(card, ready, rows, table, origin)


def _explained(case: Case, progress: Progress) -> tuple[pd.DataFrame, Attribution]:
    """The rows explained within the time there is, and their values."""
    exact = case.model.is_exact
    frame = _some(case.rows.held, EXACT_ROWS if exact else SAMPLED_ROWS)
    until = time.monotonic() + SECONDS

    def may_go_on(done: int) -> bool:
        share = done / len(frame)
        progress.report(0.1 + 0.62 * share, f"Explaining row {done:,} of {len(frame):,}")
        return time.monotonic() < until

    turn = EXACT_TURN if exact else SAMPLED_TURN
    found = joined(list(in_turns(case.model, frame, turn, may_go_on)))
    return frame.head(len(found.values)), _fewer_outputs(found)


def _fewer_outputs(found: Attribution) -> Attribution:
    errors = None if found.errors is None else found.errors[:, :, :OUTPUTS]
    return Attribution(
        found.base[:OUTPUTS], found.values[:, :, :OUTPUTS], found.answers[:, :OUTPUTS], errors
    )


def _some(rows: pd.DataFrame, count: int) -> pd.DataFrame:
    return rows.sample(min(count, len(rows)), random_state=SEED)


def _together(case: Case, frame: pd.DataFrame, ranked: list[str]) -> dict[str, Any]:
    """How pairs of columns act together, and how that was found."""
    parts, most = case.model.parts, PAIRED_MOST
    rows = affordable(parts[0], len(frame)) if len(parts) == 1 else 0
    if rows:
        values = pair_values(parts[0], frame.head(rows))[..., :OUTPUTS]
        pairs, method = ranked_pairs(values, list(frame.columns), ranked[:most]), METHOD
    else:
        some, most, method = _some(case.rows.held, PAIRS), COLUMNS, SECOND
        pairs = interactions(_score(case.model), some, ranked[:most])
        rows = len(some)
    told = {"method": method, "rows": rows, "columns": min(most, len(ranked))}
    return {"interactions": pairs, "paired": told}


def _score(model: Explainer) -> Any:
    """The model in the space its values add up in."""
    return (lambda rows: margin(model.parts[0], rows)) if len(model.parts) == 1 else model.asked.ask


def _ranked(case: Case, found: Attribution) -> list[str]:
    """The columns by their mean absolute value, greatest first."""
    sizes = np.abs(found.values).mean(axis=(0, 2))
    return [case.rows.held.columns[n] for n in np.argsort(-sizes, kind="stable")]


def _fairness(case: Case) -> tuple[Fairness, list[str]]:
    """Fairness by the attributes that the questionnaire names, trained on or not."""
    _, unknown = protected_columns(case.origin.protected, [c.name for c in case.table.columns])
    notes = [
        f"“{name}”, which the questionnaire calls protected, is no column." for name in unknown
    ]
    names = protected(case) if len(case.rows.answers) else []
    held = case.rows.raw.loc[case.rows.answers["row"]] if names else case.rows.raw.head(0)
    return fairness(case.card, case.rows.answers, {name: held[name] for name in names}), notes


def _stability(case: Case, ranked: list[str]) -> pd.DataFrame:
    answers = case.rows.answers
    if not len(answers):
        return pd.DataFrame(columns=STABILITY)
    segments = {name: case.rows.held[name] for name in ranked[:SEGMENTED]}
    held = case.rows.raw.loc[answers["row"]]
    return stability(case.card, answers, segments, {name: held[name] for name in _times(case)})


def _drift(case: Case) -> pd.DataFrame:
    """The hold-out, and its periods where there is a time column, against the rows trained on."""
    rows, times = case.rows, _times(case)
    moments = rows.raw.loc[rows.answers["row"], times[0]] if times and len(rows.answers) else None
    return drift(case.card, rows.trained, rows.held, rows.folds, rows.answers, moments)


def _times(case: Case) -> list[str]:
    """The time column the model was split by, else the table's first date."""
    told = case.card.facts
    given = told.get("time_column") or (told.get("series") or {}).get("time")
    public = case.table.public_names if case.card.anonymised else {}
    dates = [c.name for c in case.table.columns if c.type == ColumnType.DATETIME]
    return [given] if given else [public.get(name, name) for name in dates[:1]]
