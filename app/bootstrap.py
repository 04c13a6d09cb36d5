"""First run: folders, database, the first administrator and, when asked for, a demonstration."""

from collections.abc import Mapping

from engines.core import migrate
from engines.core.database import Database
from engines.core.first_users import ensure_administrator, ensure_demo_users
from engines.core.settings import Settings


def prepare(settings: Settings, environ: Mapping[str, str]) -> None:
    """Make everything ready to start; what is there already is left as it is.

    Passwords made here are printed once and kept nowhere. Raises InvalidInput for a password from
    the environment that cannot be accepted, and BackendUnavailable.
    """
    for folder in (settings.paths.data, settings.paths.logs):
        folder.mkdir(parents=True, exist_ok=True)
    db = Database(settings.database.url)
    migrate.upgrade(db)
    _announce("the first administrator", {"admin": ensure_administrator(db, environ)})
    if environ.get("DEMO") == "1":
        _announce("the demonstration", ensure_demo_users(db, environ))
    db.engine.dispose()


def _announce(whose: str, passwords: Mapping[str, str | None]) -> None:
    made = {name: password for name, password in passwords.items() if password}
    if made:
        print(f"Sign-in of {whose}, shown this once:")
    for name, password in made.items():
        print(f"    {name:<10} {password}", flush=True)
