"""`python -m engines.observability.verify`: walk the audit chain; exit code 1 when it is broken."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa

from engines.core import settings
from engines.core.database import Database
from engines.core.errors import MlaasError, NotReady
from engines.observability.chain import ChainReport, walk


def main(arguments: Sequence[str] | None = None) -> int:
    """Print one sentence about the chain; 0 when whole, 1 when broken, 2 when it cannot be read."""
    options = _options(arguments)
    try:
        url = options.database or settings.load(Path(options.config)).database.url
        report = walk(_started(Database(url)), options.head)
    except MlaasError as error:
        sys.stderr.write(f"The audit chain cannot be read. {error}\n")
        return 2
    sys.stdout.write(_sentence(report) + "\n")
    return 0 if report.is_whole else 1


def _started(db: Database) -> Database:
    """The database, which holds a trail; looking makes no file. Raises NotReady when it does not.

    One that cannot be reached is left to the walk, which says so.
    """
    file = Path(db.url.database or "") if db.is_sqlite else None
    if file and not file.parent.exists():
        return db
    try:
        is_there = (not file or file.exists()) and sa.inspect(db.engine).has_table("audit_event")
    except sa.exc.OperationalError:
        return db
    if not is_there:
        raise NotReady(
            "There is no audit trail yet: MLAAS was never started on this database.",
            hint="Start it with make run, or name another one with --database.",
        )
    return db


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="verify", description=__doc__)
    parser.add_argument("--config", default="config.yaml", help="the configuration file")
    parser.add_argument("--database", default="", help="another database than the configured one")
    parser.add_argument(
        "--head", default="", help="a hash an earlier walk printed: it must be there"
    )
    return parser.parse_args(arguments)


def _sentence(report: ChainReport) -> str:
    if report.broken:
        where, why = report.broken.number, report.broken.reason
        return f"The audit chain breaks at row {where}: {why}; {report.rows} rows before it hold."
    return f"The audit chain is whole: {report.rows} rows, head {report.head}."


if __name__ == "__main__":
    sys.exit(main())
