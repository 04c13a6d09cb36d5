"""`make migration m="…"`: write the database revision that leads to the models as they are now."""

import importlib
import pkgutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import sqlalchemy as sa
from sqlmodel import SQLModel

import engines
from engines.core import migrate
from engines.core.database import Database


def metadata() -> sa.MetaData:
    """The tables of every engine, found by importing every module that may hold some."""
    for module in pkgutil.walk_packages(engines.__path__, "engines."):
        if module.name.endswith(".models"):
            importlib.import_module(module.name)
    importlib.import_module("engines.core.events")
    return SQLModel.metadata


def main(message: str) -> None:
    """Migrate an empty database as far as it goes, and write down what is missing."""
    with TemporaryDirectory() as folder:
        db = Database(f"sqlite:///{Path(folder) / 'empty.db'}")
        migrate.upgrade(db)
        migrate.revise(db, metadata(), message)
        db.engine.dispose()


if __name__ == "__main__":
    main(sys.argv[1])
