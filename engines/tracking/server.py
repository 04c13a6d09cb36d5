"""Start the MLflow server beside the application: `python -m engines.tracking.server`.

One process on the loopback address, SQLite and a folder for its files, no telemetry, no job
runners, and only the given host names and origins answered.
"""

import argparse
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import uvicorn

from engines.core import settings

APPLICATION = "mlflow.server.fastapi_app:app"


def environment(folder: Path, port: int, public_url: str = "") -> dict[str, str]:
    """The variables from which MLflow's server configures itself, as its own command sets them.

    `folder` holds `mlflow.db` and `mlflow-artifacts`; answers go to loopback names on `port` and
    to `public_url`'s host only, so a page elsewhere can neither read nor rebind its way in.
    """
    hosts = [f"127.0.0.1:{port}", f"localhost:{port}"]
    origins = [f"http://{host}" for host in hosts]
    if public_url:
        hosts.append(urlsplit(public_url).netloc)
        origins.append(public_url.rstrip("/"))
    store = f"sqlite:///{(folder / 'mlflow.db').absolute()}"
    return {
        "_MLFLOW_SERVER_FILE_STORE": store,
        "_MLFLOW_SERVER_REGISTRY_STORE": store,
        "_MLFLOW_SERVER_ARTIFACT_ROOT": "mlflow-artifacts:/",
        "_MLFLOW_SERVER_SERVE_ARTIFACTS": "true",
        "_MLFLOW_SERVER_ARTIFACT_DESTINATION": str((folder / "mlflow-artifacts").absolute()),
        "_MLFLOW_SGI_NAME": "uvicorn",
        "MLFLOW_SERVER_ALLOWED_HOSTS": ",".join(hosts),
        "MLFLOW_SERVER_CORS_ALLOWED_ORIGINS": ",".join(origins),
        "MLFLOW_SERVER_X_FRAME_OPTIONS": "DENY",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
    }


def serve(variables: Mapping[str, str], host: str, port: int) -> None:
    """Run the server in this process until it is told to stop."""
    os.environ.update(variables)
    # By name, so the vendor is imported only after the variables are set.
    uvicorn.run(APPLICATION, host=host, port=port, access_log=False, log_level="warning")


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the configuration, let the command line override it, and serve."""
    chosen = settings.load()
    address = urlsplit(chosen.tracking.uri)
    parser = argparse.ArgumentParser(prog="python -m engines.tracking.server", description=__doc__)
    parser.add_argument("--host", default=address.hostname or "127.0.0.1")
    parser.add_argument("--port", type=int, default=address.port or 5000)
    parser.add_argument("--data", type=Path, default=chosen.paths.data)
    given = parser.parse_args(arguments)
    given.data.mkdir(parents=True, exist_ok=True)
    serve(environment(given.data, given.port, chosen.tracking.public_url), given.host, given.port)


if __name__ == "__main__":
    main()
