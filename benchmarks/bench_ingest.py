"""Ingest of flights_3m exported to CSV, against pandas, pyarrow and polars.

`python -m benchmarks.bench_ingest` prints one table. Each contender runs three times in turn, each
time in a process of its own; time and processor time (after imports) and peak resident memory are
medians. All of them read the same CSV, parse its dates and write Parquet with Zstandard; ours also
detects dialect and types, hashes the file, looks for lines it cannot use, and counts missing and
distinct values per column.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

FLIGHTS = Path(__file__).parent.parent.parent / "shared" / "data" / "flights_3m.parquet"
ROUNDS = 3
GOAL_RATIO, GOAL_MB = 1.5, 1_000


def ours(source: Path, target: Path) -> Callable[[], object]:
    """What an upload goes through: detect, then write and count."""
    from engines.core.files import sha256_of
    from engines.core.progress import Silent
    from engines.core.settings import Limits
    from engines.data_sources.detection import detect_file
    from engines.data_sources.ingestion import write_table

    def run() -> object:
        limits, scratch = Limits(), target / "scratch"
        options = detect_file(source, source.name, scratch, limits).options
        raw = sha256_of(source)
        return write_table(source, raw, options, target, scratch, limits, Silent())

    return run


def with_polars(source: Path, target: Path) -> Callable[[], object]:
    """Streaming, dates parsed."""
    import polars as pl

    return lambda: pl.scan_csv(source, try_parse_dates=True).sink_parquet(target / "polars.parquet")


def with_polars_text_dates(source: Path, target: Path) -> Callable[[], object]:
    """Streaming, dates left as text: less work than the others do."""
    import polars as pl

    return lambda: pl.scan_csv(source).sink_parquet(target / "text.parquet")


def with_pyarrow(source: Path, target: Path) -> Callable[[], object]:
    """Streaming in record batches."""
    from pyarrow import csv, parquet

    def run() -> None:
        reader = csv.open_csv(source)
        path = target / "arrow.parquet"
        with parquet.ParquetWriter(path, reader.schema, compression="zstd") as writer:
            for batch in reader:
                writer.write_batch(batch)

    return run


def with_pandas(source: Path, target: Path) -> Callable[[], object]:
    """In memory."""
    import pandas as pd

    path = target / "pandas.parquet"
    return lambda: pd.read_csv(source, parse_dates=["date"]).to_parquet(path, compression="zstd")


CONTENDERS = {
    "mlaas": ours,
    "polars": with_polars,
    "polars, dates as text": with_polars_text_dates,
    "pyarrow": with_pyarrow,
    "pandas": with_pandas,
}


def measure(name: str, source: Path) -> dict[str, float]:
    """Run one contender in this process: seconds, processor seconds and peak megabytes."""
    with TemporaryDirectory(prefix="mlaas-bench-") as folder:
        run = CONTENDERS[name](source, Path(folder))
        begun, busy = time.perf_counter(), time.process_time()
        run()
        seconds, processor = time.perf_counter() - begun, time.process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "processor": processor, "megabytes": peak}


def in_own_process(*arguments: str) -> str:
    """Run this module in a fresh process; its last line. A process inherits the peak memory of the
    one that starts it, so nothing big may happen here."""
    command = [sys.executable, "-m", "benchmarks.bench_ingest", *arguments]
    answer = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return answer.stdout.splitlines()[-1]


def compare(source: Path) -> dict[str, dict[str, float]]:
    """Medians per contender; the rounds are interleaved, so that a busy machine hits all alike."""
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in CONTENDERS}
    for _ in range(ROUNDS):
        for name, results in runs.items():
            results.append(json.loads(in_own_process("--one", name, "--source", str(source))))
    return {
        name: {key: statistics.median(run[key] for run in results) for key in results[0]}
        for name, results in runs.items()
    }


def report(medians: dict[str, dict[str, float]], size: int) -> None:
    """Print the table and the verdict."""
    print(f"Ingest of flights_3m as CSV ({size / 1e6:,.0f} MB, 3,000,000 x 5), median of {ROUNDS}")
    print(f"{'':24}{'seconds':>10}{'CPU s':>10}{'peak MB':>10}{'x polars':>10}")
    polars = medians["polars"]["seconds"]
    for name, run in medians.items():
        ratio = run["seconds"] / polars
        times = f"{run['seconds']:>10.2f}{run['processor']:>10.2f}"
        print(f"{name:24}{times}{run['megabytes']:>10,.0f}{ratio:>10.2f}")
    mine = medians["mlaas"]
    met = mine["seconds"] <= GOAL_RATIO * polars and mine["megabytes"] < GOAL_MB
    print(
        f"Goal (at most {GOAL_RATIO} x polars, under {GOAL_MB:,} MB): {'met' if met else 'MISSED'}"
    )


def export(target: Path) -> None:
    """Write the flights as CSV."""
    import polars as pl

    flights = pl.scan_parquet(FLIGHTS)
    flights.sink_csv(target, datetime_format="%Y-%m-%d %H:%M:%S")
    print(target)


def main() -> None:
    """Print the comparison, or measure one contender when asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one", choices=CONTENDERS)
    parser.add_argument("--source", type=Path)
    parser.add_argument("--export", type=Path)
    asked = parser.parse_args()
    if asked.export:
        export(asked.export)
    elif asked.one:
        print(json.dumps(measure(asked.one, asked.source)))
    else:
        with TemporaryDirectory(prefix="mlaas-flights-") as folder:
            source = Path(in_own_process("--export", f"{folder}/flights.csv"))
            report(compare(source), source.stat().st_size)


if __name__ == "__main__":
    main()
