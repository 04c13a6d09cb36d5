"""First run: folders, database, the first administrator and, when asked for, a demonstration."""

from collections.abc import Mapping

from engines.core import migrate, totp
from engines.core.database import Database
from engines.core.first_users import ensure_administrator, ensure_demo_users
from engines.core.secret_store import secret_store
from engines.core.settings import Settings
from engines.governance import policies

DEMO_ANALYST = "analyst"


def prepare(settings: Settings, environ: Mapping[str, str]) -> None:
    """Make everything ready to start; what is there already is left as it is.

    Passwords made here are printed once and kept nowhere. Raises InvalidInput for a password from
    the environment that cannot be accepted or a policy file with a fault, NotReady for a data key
    that cannot be used, and BackendUnavailable.
    """
    for folder in (settings.paths.data, settings.paths.logs):
        folder.mkdir(parents=True, exist_ok=True)
    db = Database(settings.database.url)
    migrate.upgrade(db)
    _seal(settings, db)
    _install_policies(settings, db)
    _announce("the first administrator", {"admin": ensure_administrator(db, environ)})
    if environ.get("DEMO") == "1":
        _demonstrate(settings, db, environ)
    db.engine.dispose()


def _seal(settings: Settings, db: Database) -> None:
    if unreadable := totp.seal_all(db, secret_store(settings)):
        print(
            f"The second factor of {unreadable} of the users cannot be read with this data key.",
            "Put the former key back (docs/runbooks/secrets.md), or let them use recovery codes.",
            flush=True,
        )


def _install_policies(settings: Settings, db: Database) -> None:
    """Take the policy files that are new. Raises InvalidInput naming a bad file and its line."""
    folder = settings.governance.policies
    if policies.not_installed(db, folder):
        from app.policy_words import vocabulary  # seconds that other starts are spared
        from engines.governance.documents import load_templates

        words = vocabulary(load_templates(settings.governance.templates))
        policies.install(db, folder, words)


def _demonstrate(settings: Settings, db: Database, environ: Mapping[str, str]) -> None:
    from app.demonstration import load_samples  # half a second that other starts are spared

    created = ensure_demo_users(db, environ)
    if environ.get("MLAAS_DEMO_PASSWORD"):
        created = dict.fromkeys(created, "the one in MLAAS_DEMO_PASSWORD")
    _announce("the demonstration", created)
    if DEMO_ANALYST in created:
        load_samples(settings, DEMO_ANALYST)


def _announce(whose: str, passwords: Mapping[str, str | None]) -> None:
    made = {name: password for name, password in passwords.items() if password}
    if made:
        print(f"Sign-in of {whose}, shown this once:", flush=True)
    for name, password in made.items():
        print(f"    {name:<10} {password}", flush=True)
