"""A share of a stored table's rows, drawn at random, for what cannot take in all of them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

AT_ONCE = 250_000  # rows read before those that were not drawn are dropped

Numbers = NDArray[np.int64]


def draw(rows: int, most: int, seed: int) -> Numbers:
    """Numbers of `most` rows out of `rows`, each once, rising; the same for the same seed."""
    chosen = np.random.default_rng(seed).choice(rows, min(most, rows), replace=False)
    return np.sort(chosen).astype("int64")


def read(path: Path, numbers: Numbers, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """These rows of a Parquet file, under their numbers; never more than a slice beside them."""
    taken, begin = [], 0
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(AT_ONCE, columns=None if columns is None else [*columns]):
            end = begin + batch.num_rows
            inside = numbers[np.searchsorted(numbers, begin) : np.searchsorted(numbers, end)]
            taken.append(batch.take(pa.array(inside - begin)))
            begin = end
    frame: pd.DataFrame = pa.Table.from_batches(taken).to_pandas().set_axis(numbers, axis="index")
    return frame if columns is None else frame[[*columns]]
