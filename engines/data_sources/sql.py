"""DuckDB sessions with bounded memory and no network, and quoting."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from engines.core.errors import BackendUnavailable, InvalidInput

MEMORY = "600MB"


@contextmanager
def session() -> Iterator[duckdb.DuckDBPyConnection]:
    """One in-memory DuckDB session that spills to a temporary folder of its own."""
    with TemporaryDirectory(prefix="mlaas-") as spill:
        connection = duckdb.connect(
            config={
                "memory_limit": MEMORY,
                "temp_directory": spill,
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
            }
        )
        try:
            yield connection
        finally:
            connection.close()


def name(identifier: str) -> str:
    """The identifier, quoted for SQL."""
    return '"' + identifier.replace('"', '""') + '"'


def text(value: str | Path) -> str:
    """The value as an SQL string."""
    return "'" + str(value).replace("'", "''") + "'"


@contextmanager
def disk_errors() -> Iterator[None]:
    """Turn a full disk, however reported, into one sentence. Raises BackendUnavailable."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        raise disk_full() from error
    except duckdb.IOException as error:
        if not any(word in str(error) for word in _FULL):
            raise
        raise disk_full() from error


_FULL = tuple(os.strerror(code) for code in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG))


def disk_full() -> BackendUnavailable:
    """The failure that says the disk is full."""
    return BackendUnavailable(
        "The server's disk is full, so the file could not be stored; nothing was changed.",
        hint="Ask the platform team for space, then try again; an upload goes on where it stopped.",
    )


@contextmanager
def reading_errors() -> Iterator[None]:
    """Turn what DuckDB says about an unreadable file into our words. Raises InvalidInput."""
    try:
        yield
    except duckdb.InvalidInputException as error:
        if "unicode" in str(error).lower():
            raise wrong_encoding() from error
        raise unreadable(error) from error
    except (duckdb.IOException, duckdb.DataError, duckdb.InternalException) as error:
        raise unreadable(error) from error


def wrong_encoding(line: int = 0) -> InvalidInput:
    """The failure that says the encoding does not fit the bytes."""
    where = f" on line {line:,}" if line else ""
    return InvalidInput(
        f"The file holds bytes{where} that are not text in the chosen encoding.",
        hint="Choose another encoding, for example Windows-1252, and look at the preview.",
    )


def unreadable(error: Exception) -> InvalidInput:
    """The failure for a file that cannot be read, with the first line of the reason."""
    return InvalidInput(
        f"The file cannot be read: {str(error).splitlines()[0]}",
        hint="Check delimiter, quote and encoding, or export the file again.",
    )
