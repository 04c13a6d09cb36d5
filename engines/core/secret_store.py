"""The backend of the secrets port that the settings choose; light, as every start needs it."""

from engines.core.secrets import EnvironmentSecrets, Secrets
from engines.core.settings import Settings


def secret_store(settings: Settings) -> Secrets:
    """Where secrets come from: the environment, and keys of our own in `data/secrets`."""
    return EnvironmentSecrets(settings.paths.data / "secrets", settings.secret_names)
