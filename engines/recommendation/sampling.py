"""The rows that advice is computed from: few enough to answer while somebody waits."""

import pandas as pd
import polars as pl

from engines.core.tables import Table

SAMPLE_ROWS = 20_000
SEED = 20_240
CELLS = 4_000_000  # wide tables give up rows before they cost seconds


def sample(table: Table, rows: int = SAMPLE_ROWS) -> pd.DataFrame:
    """About `rows` rows of the table in their order, the same ones at each call.

    Rows are kept by a seeded hash of their number, so the file streams and is never held whole.
    """
    wanted = min(rows, max(CELLS // max(len(table.columns), 1), 500))
    scan = pl.scan_parquet(table.path, glob=False)
    if table.rows > wanted:
        limit = pl.lit(int(wanted / table.rows * (2**64 - 1)), dtype=pl.UInt64)
        number = pl.int_range(pl.len(), dtype=pl.UInt32).hash(seed=SEED)
        scan = scan.filter(number < limit)
    return scan.collect(engine="streaming").to_pandas()
