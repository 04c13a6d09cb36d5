"""The README that travels with a downloaded model."""

from engines.core.gate import Permit
from engines.core.model_card import ModelCard
from engines.results.read import TaskFiles
from engines.results.scores import metrics_frame, number
from engines.results.verdict import verdict

RUN = """## How to run

```
python3.11 -m venv venv
venv/bin/pip install -r requirements.txt
venv/bin/python predict.py rows.csv answers.csv
```

`rows.csv` holds one row per case with the columns listed below, in any order; further columns
are passed through. Dates are written as 2024-01-31 or as in the data the model learned from.
`answers.csv` holds the model's answers in front of the same rows. A missing
column, a wrong type or an unreadable file ends with one sentence and writes nothing; a category
the model never saw is warned about.
"""
FORECAST = """## How to run

```
python3.11 -m venv venv
venv/bin/pip install -r requirements.txt
venv/bin/python predict.py forecast.csv --steps {horizon}
```

`forecast.csv` holds the next {horizon} moments of `{time}`, each with its forecast and the bounds
of its interval. `forecast.json` is the end of the history the model looks back on, {back} steps.
To go on from newer values, add `--history newer.csv`, a CSV with the columns {columns}: at least
half of the last {back} steps must be in it or in `forecast.json`.{known} A column that is missing,
a wrong type or an unreadable file ends with one sentence and writes nothing.

The hold-out was forecast in turns of {horizon} steps, each knowing only what came before it;
beyond {horizon} steps the model has not been scored and gives no interval.
"""
NOT_APPROVED = """## Approval

**This model is not approved.** It left MLAAS for development or review and must not decide about
anything."""
LIMITS = """## Limits

* The scores hold for rows like those it was trained on; check them again on newer data.
* Feature importance says what the model uses, not what causes the target.
* Use the exact library versions of `requirements.txt`; other versions may refuse the file.
* `model.skops` is not a pickle. `predict.py` refuses it if it holds types it does not name.
"""


def readme(files: TaskFiles, permit: Permit | None = None) -> str:
    """What the model is, its data, scores, how to run it, and its limits; Markdown.

    With the gate's permit it also says whether the model is approved.
    """
    card = files.card
    title = f"# {card.algorithm}: {card.task.replace('_', ' ')}"
    aim = f" It predicts `{card.target}`." if card.target else ""
    about = f"A model trained by MLAAS.{aim}\n\n{' '.join(verdict(files))}"
    hidden = "\nColumn names are replaced by C1, C2 … (anonymised).\n" if card.anonymised else ""
    if card.facts.get("lags"):
        hidden += f"\nA column `{card.target} lag N` is the target N steps before, made here.\n"
    run = _forecast(card) if card.facts.get("series") else RUN
    told = [title, about, *_approval(permit), _scores(files), run]
    return "\n\n".join([*told, f"## Columns\n{hidden}", _columns(files), LIMITS])


def _approval(permit: Permit | None) -> list[str]:
    """What stands behind the permission to take the model along."""
    if permit is None:
        return []
    if not permit.approved:
        return [NOT_APPROVED]
    return [
        f"## Approval\n\nApproved for {permit.stage}: submission `{permit.submission_id}`, "
        f"content `{permit.content_hash}`, as of {permit.at:%Y-%m-%d %H:%M} UTC. An approval may "
        "end later; ask MLAAS before the model decides about anything."
    ]


def _forecast(card: ModelCard) -> str:
    series = card.facts["series"]
    names = [series["time"], *filter(None, [series["clock"]]), card.target]
    known = ", ".join(f"`{name}`" for name in series["known"])
    told = f" The future values of {known} come with `--future known.csv`." if known else ""
    columns = ", ".join(f"`{name}`" for name in names)
    return FORECAST.format(**{**series, "columns": columns, "known": told})


def _scores(files: TaskFiles) -> str:
    """The scores as a Markdown table, with whatever columns the task has."""
    frame = metrics_frame(files)
    if frame.empty:
        return "## Scores\n\nThis task has no scores."
    rows = [
        " | ".join(number(v) if isinstance(v, float) else str(v) for v in row)
        for row in frame.itertuples(index=False)
    ]
    heads = [" | ".join(frame.columns), "|".join(["---"] * len(frame.columns))]
    return "## Scores\n\n" + "\n".join(f"| {line} |" for line in [*heads, *rows])


def _columns(files: TaskFiles) -> str:
    rows = [
        f"| `{_cell(f.name)}` | {f.dtype} | {_cell(f.example)} | "
        f"{_cell(', '.join(map(str, f.categories[:10])))}{' …' if len(f.categories) > 10 else ''} |"
        for f in files.card.features
    ]
    return "| column | type | example | categories |\n|---|---|---|---|\n" + "\n".join(rows)


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ").replace("`", "'")[:200]
