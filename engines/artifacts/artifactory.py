"""The real backend: JFrog Artifactory, by its documented REST interface.

Source: JFrog REST APIs, Artifacts and Storage (Deploy Artifact, Deploy Artifact by Checksum, File
Info, Item Properties, Update Item Properties, Copy Item, Delete Item, Artifactory Query Language).
The session with its token is dohq-artifactory's; certificates are always verified.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

import requests
from artifactory import ArtifactoryPath

from engines.artifacts.artifactory_answers import (
    WORTH_A_RETRY,
    as_json,
    failure,
    unreachable,
    wait_asked,
)
from engines.artifacts.folder import changed, missing, same_bytes
from engines.artifacts.layout import SLICE, check_path, check_properties
from engines.artifacts.port import Repository, Stored
from engines.core.errors import BackendUnavailable, MlaasError, NotFound

WAITS = (0.5, 2.0, 5.0)  # seconds before a further try
CONNECT_SECONDS = 10.0
UNCERTAIN = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)


class ArtifactoryStore:
    """Repositories of one Artifactory. `token` is asked anew for each call, so it can be renewed.

    `url` ends where repositories begin (…/artifactory); `authority` is a file of certificates to
    trust beside the usual ones, or None.
    """

    def __init__(
        self,
        url: str,
        keys: Mapping[str, str],
        token: Callable[[], str],
        timeout: float = 60.0,
        authority: Path | None = None,
        waits: Sequence[float] = WAITS,
    ) -> None:
        self._url, self._keys, self._token = url.rstrip("/"), keys, token
        self._timeout, self._waits = (min(CONNECT_SECONDS, timeout), timeout), tuple(waits)
        self._verify: bool | str = str(authority) if authority else True

    def put(self, where: Repository, path: str, content: Path, sha256: str) -> Stored:
        """As the port says: first by checksum, so that known bytes do not travel again."""
        try:
            return same_bytes(self._info(where, path), sha256)
        except NotFound:
            pass
        announced = {"X-Checksum-Sha256": sha256}
        address = f"{self._keys[where]}/{check_path(path)}"
        try:
            answer = self._send("PUT", address, headers={**announced, "X-Checksum-Deploy": "true"})
        except NotFound:
            answer = self._send("PUT", address, body=content, headers=announced)
        return _confirmed(path, as_json(answer), sha256)

    def get(self, where: Repository, path: str, into: Path) -> Stored:
        """As the port says."""
        stored = self._info(where, path)
        digest, partial = hashlib.sha256(), into.with_name(f".{into.name}.partial")
        try:
            with (
                self._stream(f"{self._keys[where]}/{path}", path) as parts,
                partial.open("wb") as f,
            ):
                for part in parts:
                    digest.update(part)
                    f.write(part)
            if digest.hexdigest() != stored.sha256:
                raise changed(path)
            partial.replace(into)
        finally:
            partial.unlink(missing_ok=True)
        return stored

    def stat(self, where: Repository, path: str) -> Stored:
        """As the port says."""
        stored = self._info(where, path)
        return Stored(path, stored.size, stored.sha256, self._properties(where, path))

    def list(self, where: Repository, folder: str) -> list[Stored]:
        """As the port says, by one AQL query."""
        inside = [{"path": {"$eq": check_path(folder)}}, {"path": {"$match": f"{folder}/*"}}]
        wanted = json.dumps({"repo": self._keys[where], "type": "file", "$or": inside})
        fields = '"repo","path","name","size","sha256","property.*"'
        found = as_json(
            self._send(
                "POST",
                "api/search/aql",
                text=f"items.find({wanted}).include({fields})",
                headers={"Content-Type": "text/plain"},
            )
        )
        if "notification" in found.get("range", {}):
            raise BackendUnavailable(
                "Artifactory lists only a part of the repository.",
                hint="Have the platform team raise its limit for query results.",
            )
        return sorted((_listed(one) for one in found["results"]), key=lambda one: one.path)

    def set_properties(self, where: Repository, path: str, properties: Mapping[str, str]) -> None:
        """As the port says."""
        self._send(
            "PATCH",
            f"api/metadata/{self._keys[where]}/{check_path(path)}",
            params={"recursiveProperties": "0"},
            text=json.dumps({"props": check_properties(properties)}),
            headers={"Content-Type": "application/json"},
        )

    def copy(self, source: Repository, path: str, to: Repository) -> Stored:
        """As the port says; an answer that got lost is settled by looking."""
        stored = self._info(source, path)
        try:
            return same_bytes(self._info(to, path), stored.sha256)
        except NotFound:
            pass
        answer = self._send(
            "POST",
            f"api/copy/{self._keys[source]}/{check_path(path)}",
            params={"to": f"/{self._keys[to]}/{path}", "failFast": "1", "suppressLayouts": "1"},
        )
        levels = [str(one.get("level", "")).upper() for one in as_json(answer).get("messages", [])]
        if "ERROR" in levels:
            raise BackendUnavailable(f"Artifactory could not copy {path}.", hint="Try again.")
        return same_bytes(self._info(to, path), stored.sha256)

    def delete(self, where: Repository, path: str) -> None:
        """As the port says."""
        try:
            self._send("DELETE", f"{self._keys[where]}/{check_path(path)}")
        except NotFound:
            return

    def _info(self, where: Repository, path: str) -> Stored:
        told = as_json(self._send("GET", f"api/storage/{self._keys[where]}/{check_path(path)}"))
        if "checksums" not in told:
            raise missing(path)  # a folder of that name
        return _stored(path, told)

    def _properties(self, where: Repository, path: str) -> dict[str, str]:
        try:
            answer = self._send("GET", f"api/storage/{self._keys[where]}/{path}?properties")
        except NotFound:
            return {}  # an item without any is answered like this
        return {key: ",".join(values) for key, values in as_json(answer)["properties"].items()}

    def _send(self, method: str, address: str, **given: Any) -> requests.Response:
        """One request, tried again while that can help. Raises our failures only."""
        for wait in (*self._waits, None):
            try:
                answer = self._once(method, address, **given)
            except UNCERTAIN as error:
                pause = wait
                trouble: MlaasError = unreachable(error)
            except requests.RequestException as error:
                raise unreachable(error) from error
            else:
                if answer.ok and answer.status_code < 300:
                    return answer
                pause, trouble = _pause(answer, wait), failure(answer, address)
            if pause is None:
                raise trouble
            time.sleep(pause)
        raise AssertionError("the last round has no pause")

    def _once(
        self,
        method: str,
        address: str,
        body: Path | None = None,
        text: str | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> requests.Response:
        sending = {"Content-Length": "0"} if body is None and text is None else {}
        with self._session() as session, _opened(body) as content:
            answer: requests.Response = session.request(
                method,
                f"{self._url}/{quote(address, safe='/?')}",
                data=text.encode() if text is not None else content,
                headers={**sending, **(headers or {})},
                params=dict(params or {}),
                timeout=self._timeout,
                verify=self._verify,
                allow_redirects=False,
            )
        return answer

    @contextmanager
    def _stream(self, address: str, path: str) -> Iterator[Iterator[bytes]]:
        with self._session() as session:
            try:
                answer = session.get(
                    f"{self._url}/{quote(address)}",
                    stream=True, timeout=self._timeout, verify=self._verify,
                )  # fmt: skip
                if answer.status_code != 200:
                    raise failure(answer, path)
                yield answer.iter_content(SLICE)
            except requests.RequestException as error:
                raise unreachable(error) from error

    def _session(self) -> Any:
        """A session of the library's, holding the token and no name or password of this machine."""
        place = ArtifactoryPath(
            f"{self._url}/", token=self._token(), timeout=self._timeout, verify=self._verify
        )
        return place.session


def _pause(answer: requests.Response, wait: float | None) -> float | None:
    if wait is None or answer.status_code not in WORTH_A_RETRY:
        return None
    return wait_asked(answer, wait)


def _opened(body: Path | None) -> AbstractContextManager[BinaryIO | None]:
    """The file to send; requests tells its length, so the server notices when it is cut off."""
    return body.open("rb") if body and body.stat().st_size else nullcontext()


def _confirmed(path: str, told: Any, sha256: str) -> Stored:
    """What the server says it stored, if that is what was sent."""
    stored = _stored(path, told)
    if stored.sha256 != sha256:
        raise changed(path)
    return stored


def _stored(path: str, told: Any) -> Stored:
    try:
        return Stored(path, int(told["size"]), str(told["checksums"]["sha256"]))
    except (KeyError, TypeError, ValueError) as error:
        raise _strange() from error


def _listed(told: Any) -> Stored:
    try:
        found = {one["key"]: one.get("value", "") for one in told.get("properties", [])}
        place = f"{told['path']}/{told['name']}"
        return Stored(place, int(told["size"]), str(told["sha256"]), found)
    except (KeyError, TypeError, ValueError) as error:
        raise _strange() from error


def _strange() -> MlaasError:
    return BackendUnavailable(
        "Artifactory's answer says neither checksum nor size.", hint="Tell the platform team."
    )
