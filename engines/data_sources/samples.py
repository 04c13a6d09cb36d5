"""Sample data sets, one click away."""

from dataclasses import dataclass
from pathlib import Path

from engines.core.access import Actor, Capability, needs
from engines.core.errors import NotFound
from engines.data_sources.datasets import Datasets
from engines.data_sources.intake import ingest_file
from engines.data_sources.models import Dataset


@dataclass(frozen=True)
class Sample:
    """A small public table that shows one kind of question."""

    file: str
    title: str
    question: str


SAMPLES = (
    Sample("telco_churn.csv", "Telco churn", "Which customers will leave? (yes or no)"),
    Sample("ames_house_prices.csv", "Ames house prices", "What will a house sell for? (a number)"),
    Sample("wholesale_customers.csv", "Wholesale customers", "Which customers are alike? (groups)"),
)


@needs(Capability.DATA_WRITE)
def use_sample(
    datasets: Datasets, actor: Actor, experiment_id: str, file: str, folder: Path
) -> Dataset:
    """Make a sample the experiment's data. Raises NotFound (no such sample) or NotAllowed."""
    known = {sample.file for sample in SAMPLES}
    if file not in known or not (folder / file).exists():
        raise NotFound(f"There is no sample “{file}”.", hint="Choose one of the list.")
    return ingest_file(datasets, actor, experiment_id, folder / file, file)
