"""What `config.yaml` and the environment decide, read once into one frozen model."""

import os
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import yaml
from pydantic import AfterValidator, Field, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    YamlConfigSettingsSource,
)

from engines.core.access import Role
from engines.core.addresses import checked_url
from engines.core.artifact_settings import Artifacts
from engines.core.errors import InvalidInput
from engines.core.notice_settings import Notices
from engines.core.secrets import DATA_KEY
from engines.core.section import Section


class Backends(Section):
    """The backend chosen for each port that is built."""

    scheduler: Literal["local"] = "local"
    compute: Literal["process"] = "process"
    tracking: Literal["mlflow"] = "mlflow"
    identity: Literal["local", "oidc"] = "local"
    secrets: Literal["environment"] = "environment"
    log_shipping: Literal["files"] = "files"
    artifacts: Literal["folder", "artifactory"] = "folder"


class Server(Section):
    """Where the web application listens."""

    host: str = "127.0.0.1"
    port: int = 8501
    secure_cookie: bool = False  # True behind TLS; plain http on loopback cannot carry it
    trusted_proxies: str = ""  # addresses, comma-separated, whose X-Forwarded-For is believed
    # Where people find MLAAS; links in e-mail and webhooks begin with it.
    public_url: Annotated[str, AfterValidator(checked_url)] = ""


class DatabaseSettings(Section):
    """The state database, as an SQLAlchemy address without a password in it."""

    url: str = "sqlite:///data/mlaas.db"


class Tracking(Section):
    """The MLflow server: `uri` is asked by us, `public_url` is the link people follow."""

    uri: str = "http://127.0.0.1:5000"
    public_url: str = ""

    @property
    def link_base(self) -> str:
        """The address to put into links."""
        return (self.public_url or self.uri).rstrip("/")


class Paths(Section):
    """Folders of the embedded stores and of the samples."""

    data: Path = Path("data")
    samples: Path = Path("data/samples")
    logs: Path = Path("data/logs")


class Limits(Section):
    """Sizes and times beyond which work is refused, or done another way."""

    upload_bytes: int = 2 * 1024**3
    upload_bytes_per_user: int = 10 * 1024**3  # uploads and the raw files kept of them
    raw_kept_days: int = Field(default=30, ge=1)  # after the last experiment stopped using one
    columns: int = 5_000
    inline_cells: int = 2_000_000  # EDA on more cells than this runs as a job
    # A job on this machine trains on at most so many cells, rows drawn at random beyond.
    training_cells: int = Field(default=20_000_000, ge=100_000)
    job_minutes: int = 240
    workers: int = 0  # 0: one per core


class Governance(Section):
    """Where an organisation keeps what takes the place of our own governance files."""

    templates: Path | None = None  # document templates; a file there replaces ours of that name
    policy: str = "default"  # name of the policy that submissions are judged by
    policies: Path = Path("policies")  # files taken at the first start whose names are new
    advisories_days: int = Field(default=30, ge=1)  # older ones tell nothing of vulnerabilities


class Jobs(Section):
    """How jobs begin, and how long what they leave behind is kept.

    `preload` keeps a process with all learners imported (400 MB) from which jobs are forked at
    once; without it each job imports for two to five seconds.
    """

    preload: bool = True
    keep_days: int = Field(default=90, ge=1)  # finished jobs and their logs; the audit trail stays


class Sessions(Section):
    """When a sign-in ends, and how guessing is slowed down."""

    idle_minutes: int = 60
    absolute_hours: int = 12
    failures_before_wait: int = 5
    wait_seconds: int = 30
    longest_wait_seconds: int = 900


class Oidc(Section):
    """The OpenID Connect provider, and what the groups it names mean here."""

    metadata_url: str = ""  # ends in /.well-known/openid-configuration
    client_id: str = ""
    client_secret: str = "oidc_client_secret"  # noqa: S105  the name of the secret, not its value
    public_url: str = ""  # where people find MLAAS; the provider sends them back there
    groups_claim: str = "groups"
    roles: dict[str, Role] = Field(default_factory=dict)  # group at the provider: role here


class Logging(Section):
    """What is written to the rotating JSON files."""

    level: Literal["ERROR", "WARNING", "INFO", "DEBUG", "TRACE"] = "INFO"
    file_bytes: int = 10_000_000
    files_kept: int = 5


class Settings(BaseSettings):
    """The whole configuration. `MLAAS_SECTION__KEY` in the environment overrides the file."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix="MLAAS_", env_nested_delimiter="__"
    )

    backends: Backends = Backends()
    server: Server = Server()
    database: DatabaseSettings = DatabaseSettings()
    tracking: Tracking = Tracking()
    paths: Paths = Paths()
    limits: Limits = Limits()
    jobs: Jobs = Jobs()
    governance: Governance = Governance()
    sessions: Sessions = Sessions()
    oidc: Oidc = Oidc()
    logging: Logging = Logging()
    notices: Notices = Notices()
    artifacts: Artifacts = Artifacts()
    secret_names: dict[str, str] = Field(default_factory=dict)  # secret: environment variable

    @property
    def secrets(self) -> list[str]:
        """The values of the secrets that are set; for hiding them in logs, never for show."""
        token = self.secret_names.get(self.artifacts.token, self.artifacts.token.upper())
        variables = [*self.secret_names.values(), token]
        values = [os.environ.get(variable, "") for variable in variables]
        keys = os.environ.get(self.secret_names.get(DATA_KEY, DATA_KEY.upper()), "")
        return [value for value in [*values, *keys.replace(",", " ").split()] if value]

    @property
    def public_url(self) -> str:
        """Where people find MLAAS, for links that leave it; without a slash at the end."""
        here = f"http://{self.server.host}:{self.server.port}"
        return (self.server.public_url or self.oidc.public_url or here).rstrip("/")

    @model_validator(mode="after")
    def provider_is_described(self) -> "Settings":
        """Refuse an OpenID Connect backend of which something is missing."""
        if self.backends.identity == "oidc":
            needed = {"metadata_url", "client_id", "public_url", "roles"}
            missing = sorted(name for name in needed if not getattr(self.oidc, name))
            if missing:
                raise ValueError(f"identity oidc needs oidc.{', oidc.'.join(missing)}")
            for address in (self.oidc.metadata_url, self.oidc.public_url):
                _check_private(address)
        return self

    @model_validator(mode="after")
    def repository_is_described(self) -> "Settings":
        """Refuse an artifact repository of which something is missing."""
        self.artifacts.can_be_used(self.backends.artifacts)
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Our environment first, then MLflow's own variable, then what the file said."""
        return env_settings, MlflowVariable(settings_cls), init_settings


def _check_private(address: str) -> None:
    """Identities travel encrypted, or not beyond this machine."""
    parts = urlsplit(address)
    here = parts.scheme == "http" and parts.hostname in {"127.0.0.1", "localhost", "::1"}
    if parts.scheme != "https" and not here:
        raise ValueError(f"{address} must begin with https")


def load(path: Path = Path("config.yaml")) -> Settings:
    """Read the configuration once. Raises InvalidInput with the key at fault."""
    try:
        return Settings(**_file(path))
    except (ValidationError, yaml.YAMLError) as error:
        raise InvalidInput(
            f"The configuration cannot be used: {_first_fault(error)}.",
            hint=f"Correct {path.name}, or the MLAAS_ variable that overrides it, and start again.",
        ) from error


class MlflowVariable(InitSettingsSource):
    """`MLFLOW_TRACKING_URI`, the variable that MLflow's own tools read."""

    def __init__(self, settings_cls: type[BaseSettings]) -> None:
        uri = os.environ.get("MLFLOW_TRACKING_URI")
        super().__init__(settings_cls, {"tracking": {"uri": uri}} if uri else {})


def _file(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    return YamlConfigSettingsSource(Settings, yaml_file=path)()


def _first_fault(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return str(error).replace("\n", " ")
    fault = error.errors()[0]
    where = ".".join(map(str, fault["loc"]))
    what = fault["msg"].removeprefix("Value error, ").lower()
    return f"{where}: {what}" if where else what
