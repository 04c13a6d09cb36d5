"""What modelscan and fickling say of a model file: advice, in sentences."""

import logging
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

CLEAN = "nothing found."
LONGEST = 300


def advice(file: Path) -> Iterator[tuple[str, str]]:
    """(tool, sentence) of each scanner; one that fails says so, which is advice too."""
    for tool, ask in (("modelscan", _modelscan), ("fickling", _fickling)):
        try:
            yield tool, " ".join(ask(file).split())[:LONGEST]
        except Exception as error:
            # Foreign scanners on hostile files: whatever they raise must not hide the finding.
            yield tool, f"could not read it ({type(error).__name__})."


def _modelscan(file: Path) -> str:
    from modelscan.modelscan import ModelScan

    logging.getLogger("modelscan").setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder:
        # It goes by names: a pickle under another name would be passed over.
        known = Path(folder) / (f"{file.name}.pkl" if _is_pickle(file) else file.name)
        shutil.copyfile(file, known)
        told = ModelScan().scan(str(known))
    issues = [f"{one['severity']}: {one['description']}" for one in told["issues"]]
    return "; ".join(issues) or CLEAN


def _fickling(file: Path) -> str:
    from fickling.analysis import check_safety
    from fickling.fickle import Pickled

    if not _is_pickle(file):
        return "no pickle, nothing to say."
    with file.open("rb") as content:
        result = check_safety(Pickled.load(content))
    return f"{result.severity.name}: {result.to_dict()['analysis']}"


def _is_pickle(file: Path) -> bool:
    with file.open("rb") as content:
        return content.read(1) == b"\x80"
