"""Missing cells: which columns are empty together, and in how many rows."""

from itertools import combinations

import numpy as np
import numpy.typing as npt

from engines.eda.report import Missing, MissingPair, MissingPattern, number

PATTERNS_SHOWN = 30
PAIRS_SHOWN = 50
COLUMNS_PAIRED = 200

Marks = npt.NDArray[np.bool_]


class MissingMarks:
    """Collects, column by column, where cells are empty: one bit per cell, one key per row."""

    def __init__(self, rows: int, seed: int = 0) -> None:
        self._rows = rows
        self._keys = np.zeros(rows, dtype=np.uint64)
        self._bits: dict[str, npt.NDArray[np.uint8]] = {}
        self._counts: dict[str, int] = {}
        self._random = np.random.default_rng(seed)

    def add(self, name: str, marks: Marks) -> None:
        """Take in one column. Rows with the same empty cells end with the same key.

        The keys are Zobrist hashes: random 64-bit words, combined by exclusive or.
        """
        if not marks.any():
            return
        word = np.uint64(self._random.integers(1, 2**63, dtype=np.int64))
        self._keys[marks] ^= word
        self._bits[name] = np.packbits(marks)
        self._counts[name] = int(marks.sum())

    def analyse(self, columns: int) -> Missing:
        """Patterns with counts, pairs with counts, and totals over `columns` columns."""
        _, first, counts = np.unique(self._keys, return_index=True, return_counts=True)
        names = list(self._bits)
        marks = self._marks_at(names, first)
        cells = sum(self._counts.values())
        empty = ~marks.any(axis=1) if names else np.ones(len(counts), dtype=bool)
        return Missing(
            cells=cells,
            share=cells / (self._rows * columns) if self._rows and columns else 0.0,
            complete_rows=int(counts[empty].sum()),
            patterns=_patterns(names, marks, counts),
            pattern_count=len(counts),
            pairs=self._pairs(names, marks, counts),
            note=_note(names),
        )

    def _marks_at(self, names: list[str], rows: npt.NDArray[np.intp]) -> Marks:
        """Which of the columns are empty in the given rows; shape (rows, columns)."""
        marks = np.zeros((len(rows), len(names)), dtype=bool)
        for position, name in enumerate(names):
            marks[:, position] = (self._bits[name][rows >> 3] >> (7 - (rows & 7))) & 1
        return marks

    def _pairs(
        self, names: list[str], marks: Marks, counts: npt.NDArray[np.intp]
    ) -> list[MissingPair]:
        used = names[:COLUMNS_PAIRED]
        chosen = marks[:, : len(used)].astype(np.float64)
        together = chosen.T @ (chosen * counts[:, None])
        pairs = [
            self._pair(used[i], used[j], round(together[i, j]))
            for i, j in combinations(range(len(used)), 2)
            if together[i, j] > 0
        ]
        return sorted(pairs, key=lambda pair: -pair.rows)[:PAIRS_SHOWN]

    def _pair(self, first: str, second: str, both: int) -> MissingPair:
        a, b, n = self._counts[first], self._counts[second], self._rows
        spread = float(a) * (n - a) * b * (n - b)
        phi = (n * both - a * b) / np.sqrt(spread) if spread > 0 else None
        return MissingPair(first=first, second=second, rows=both, phi=number(phi))


def _patterns(names: list[str], marks: Marks, counts: npt.NDArray[np.intp]) -> list[MissingPattern]:
    order = np.argsort(-counts, kind="stable")[:PATTERNS_SHOWN]
    return [
        MissingPattern(
            columns=[name for name, mark in zip(names, marks[i], strict=True) if mark],
            rows=int(counts[i]),
        )
        for i in order
    ]


def _note(names: list[str]) -> str:
    if len(names) <= COLUMNS_PAIRED:
        return ""
    return f"Pairs are counted among the first {COLUMNS_PAIRED} columns with missing cells."
