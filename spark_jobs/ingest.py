"""Job: read a big file, or read it again under other options."""

from typing import Any

from engines import data_sources
from engines.core.access import Actor
from engines.core.progress import Progress
from engines.wiring import Services, job_main


def work(services: Services, actor: Actor, payload: dict[str, Any], progress: Progress) -> None:
    """Turn the upload, or the data set's raw file, into the experiment's data."""
    dataset = data_sources.run_ingest_job(services.datasets, actor, payload, progress)
    progress.log(f"Stored {dataset.rows:,} rows and {len(dataset.columns):,} columns")


if __name__ == "__main__":
    job_main(work)
