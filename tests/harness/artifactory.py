"""An HTTP server that answers as JFrog's public REST documentation says Artifactory does.

It is kept strict: what Artifactory would reject, it rejects. `faults` makes it misbehave.
Sources: JFrog REST APIs (Deploy Artifact, Deploy Artifact by Checksum, Retrieve Artifact,
File Info, Folder Info, Item Properties, Set and Update Item Properties, Copy Item, Move Item,
Delete Item, Artifactory Query Language, Error Responses); the checksum policy's words are from
its logs.
"""

import fnmatch
import hashlib
import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

FORBIDDEN_IN_KEYS = set(")(}{][*+^$\\/~`!@#%&<>;=,±§ ")
FIELDS = {"repo", "path", "name", "size", "sha256", "type", "created", "property.*", "property"}
OPERATORS = {"$eq", "$ne", "$match"}


@dataclass
class Item:
    """One stored file."""

    content: bytes
    by: str
    created: str
    properties: dict[str, list[str]] = field(default_factory=dict)
    announced: dict[str, str] = field(default_factory=dict)

    @property
    def sums(self) -> dict[str, str]:
        """The checksums Artifactory computes."""
        return {kind: hashlib.new(kind, self.content).hexdigest() for kind in KINDS}


KINDS = ("md5", "sha1", "sha256")


@dataclass(frozen=True)
class Grant:
    """What a token may do in the repositories whose key matches, below the path prefix."""

    repositories: str = "*"
    rights: frozenset[str] = frozenset({"read", "deploy", "annotate", "delete"})
    below: str = ""


@dataclass
class Fault:
    """Answers of the server's that go wrong: `times` of them, for matching method and path.

    `kind`: a status as text, "timeout" (silence for `seconds`), "truncate" (half an answer),
    "lost" (done, but the connection ends before the answer), "cut" (ends after `after` bytes of
    the request's body), "garbage" (200 with something that is no JSON).
    """

    kind: str
    method: str = ".*"
    path: str = ".*"
    times: int = 1
    seconds: float = 0.0
    after: int = 0
    headers: dict[str, str] = field(default_factory=dict)


class Refused(Exception):
    """An error answer."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class Artifactory(ThreadingHTTPServer):
    """The server's state: repositories, tokens, limits, faults, and what was asked."""

    daemon_threads = True

    def __init__(self, repositories: tuple[str, ...], tokens: dict[str, Grant]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.items: dict[str, dict[str, Item]] = {key: {} for key in repositories}
        self.tokens, self.faults, self.asked = tokens, [], []
        self.largest, self.room, self.query_limit = 50_000_000, 200_000_000, 10_000
        self.lock = threading.RLock()

    @property
    def url(self) -> str:
        """Where repositories begin."""
        return f"http://127.0.0.1:{self.server_address[1]}/artifactory"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is nothing to print."""

    def fault(self, method: str, path: str) -> Fault | None:
        """The fault that strikes this request, counted down."""
        with self.lock:
            for fault in self.faults:
                fits = re.fullmatch(fault.method, method) and re.search(fault.path, path)
                if fault.times and fits:
                    fault.times -= 1
                    return fault
        return None


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    server: Artifactory

    def log_message(self, *_args: Any) -> None:
        """Say nothing."""

    def handle_any(self) -> None:
        """Answer as documented, or as a fault wants it."""
        parts = urlsplit(self.path)
        path = unquote(parts.path).removeprefix("/artifactory/")
        self.server.asked.append(f"{self.command} {path}")
        fault = self.server.fault(self.command, path)
        if fault and fault.kind == "timeout":
            time.sleep(fault.seconds)
        if fault and fault.kind == "cut":
            self.rfile.read(fault.after)
            return self.hang_up()
        body = self.body()
        if body is None:
            return self.hang_up()  # the client broke off: nothing is stored
        if fault and fault.kind.isdigit():
            return self.refuse(int(fault.kind), "made to fail", fault.headers)
        if fault and fault.kind == "garbage":
            return self.answer(200, b"<html>maintenance</html>", "text/html")
        try:
            with self.server.lock:
                answered = self.route(path, parse_qs(parts.query, keep_blank_values=True), body)
        except Refused as refusal:
            return self.refuse(refusal.status, refusal.message)
        if fault and fault.kind == "lost":
            return self.hang_up()
        return self.answer(*answered, cut=bool(fault and fault.kind == "truncate"))

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = handle_any  # noqa: N815

    def body(self) -> bytes | None:
        """The whole body, or None when the client ended early."""
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            return self.chunks()
        length = int(self.headers.get("Content-Length") or 0)
        content = self.rfile.read(length)
        return content if len(content) == length else None

    def chunks(self) -> bytes | None:
        """A body sent in chunks."""
        parts = []
        while True:
            line = self.rfile.readline().strip()
            if not line:
                return None
            size = int(line, 16)
            part = self.rfile.read(size)
            self.rfile.readline()
            if not size:
                return b"".join(parts)
            parts.append(part)

    def hang_up(self) -> None:
        """End the connection without a word."""
        self.close_connection = True
        self.connection.close()

    def refuse(self, status: int, message: str, headers: dict[str, str] | None = None) -> None:
        """The documented form of an error."""
        told = json.dumps({"errors": [{"status": status, "message": message}]}).encode()
        self.answer(status, told, "application/json", headers)

    def answer(
        self,
        status: int,
        body: bytes = b"",
        kind: str = "application/json",
        headers: dict[str, str] | None = None,
        cut: bool = False,
    ) -> None:
        """Send the answer, or half of it."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[: len(body) // 2] if cut else body)
        if cut:
            self.wfile.flush()
            self.hang_up()

    def route(self, path: str, query: dict[str, list[str]], body: bytes) -> tuple[Any, ...]:
        """Which documented act this is."""
        self.grant()
        if path == "api/search/aql" and self.command == "POST":
            return self.search(body.decode())
        prefix = next(one for one in ROUTES if path.startswith(one))
        acts, rest = ROUTES[prefix], path.removeprefix(prefix)
        if self.command not in acts:
            raise Refused(405, "Method Not Allowed")
        repository, _, inside = rest.partition("/")
        self.check_place(repository, inside)
        return acts[self.command](self, repository, inside, query, body)

    def check_place(self, repository: str, inside: str) -> None:
        """The repository exists, and the path stays inside it."""
        if repository not in self.server.items:
            raise Refused(404, f"Repository {repository} not found")
        if any(part in {"", ".", ".."} for part in inside.split("/")) and inside:
            raise Refused(400, "Invalid path")

    def grant(self) -> Grant:
        """What this token may do."""
        kind, _, token = self.headers.get("Authorization", "").partition(" ")
        if kind != "Bearer":
            raise Refused(401, "Authentication is required")
        if token not in self.server.tokens:
            raise Refused(401, "Bad credentials")
        return self.server.tokens[token]

    def need(self, right: str, repository: str, inside: str) -> None:
        """Refuse who lacks the right there."""
        grant = self.grant()
        known = fnmatch.fnmatch(repository, grant.repositories) and inside.startswith(grant.below)
        if not known or right not in grant.rights:
            raise Refused(403, f"Not enough permissions to {right} {repository}/{inside}")

    def item(self, repository: str, inside: str) -> Item:
        """The file."""
        if inside not in self.server.items[repository]:
            raise Refused(404, "Unable to find item")
        return self.server.items[repository][inside]

    def deploy(self, repository: str, inside: str, _query: Any, body: bytes) -> tuple[Any, ...]:
        """Deploy Artifact, Deploy Artifact by Checksum."""
        self.need("deploy", repository, inside)
        sums = self.announced()
        if self.headers.get("X-Checksum-Deploy", "").lower() == "true":
            content = self.known(sums)
        else:
            content = body
            self.check_size(content)
        fresh = Item(content, "mlaas", stamp(), announced=sums)
        for kind, given in sums.items():
            if fresh.sums[kind] != given:
                raise Refused(409, rejected(repository, inside, kind, given, fresh.sums[kind]))
        self.store(repository, inside, fresh)
        return 201, self.file_info(repository, inside)

    def announced(self) -> dict[str, str]:
        """The checksum headers, each of its proper length."""
        found = {}
        for kind, length in zip(KINDS, (32, 40, 64), strict=True):
            if given := self.headers.get(f"X-Checksum-{kind}"):
                if not re.fullmatch(f"[0-9a-f]{{{length}}}", given):
                    raise Refused(400, f"{given} is not a valid {kind} checksum")
                found[kind] = given
        return found

    def known(self, sums: dict[str, str]) -> bytes:
        """Content with that checksum which this token may read."""
        if not set(sums) & {"sha1", "sha256"}:
            raise Refused(400, "Checksum deploy failed: no checksum header")
        grant = self.grant()
        for repository, items in self.server.items.items():
            for item in items.values():
                if (
                    fnmatch.fnmatch(repository, grant.repositories)
                    and sums.items() <= item.sums.items()
                ):
                    return item.content
        raise Refused(404, "Checksum deploy failed. No existing file with those checksums")

    def check_size(self, content: bytes) -> None:
        """Neither larger than allowed nor than the room that is left."""
        if len(content) > self.server.largest:
            raise Refused(413, "Request Entity Too Large")
        used = sum(len(i.content) for items in self.server.items.values() for i in items.values())
        if used + len(content) > self.server.room:
            raise Refused(507, "Datastore disk is too high")

    def store(self, repository: str, inside: str, item: Item) -> None:
        """Write; replacing needs the right to delete, and a folder cannot become a file."""
        items = self.server.items[repository]
        if inside in items:
            self.need("delete", repository, inside)
        if any(name.startswith(f"{inside}/") for name in items):
            raise Refused(409, f"{inside} is a folder")
        items[inside] = item

    def retrieve(self, repository: str, inside: str, _query: Any, _body: bytes) -> tuple[Any, ...]:
        """Retrieve Artifact."""
        self.need("read", repository, inside)
        item = self.item(repository, inside)
        return (
            200,
            item.content,
            "application/octet-stream",
            {"X-Checksum-Sha256": item.sums["sha256"]},
        )

    def delete(self, repository: str, inside: str, _query: Any, _body: bytes) -> tuple[Any, ...]:
        """Delete Item, a file or a folder with everything in it."""
        self.need("delete", repository, inside)
        items = self.server.items[repository]
        gone = [name for name in items if name == inside or name.startswith(f"{inside}/")]
        if not gone:
            raise Refused(404, f"Could not locate artifact '{repository}:{inside}'")
        for name in gone:
            del items[name]
        return 204, b""

    def info(self, repository: str, inside: str, query: Any, _body: bytes) -> tuple[Any, ...]:
        """File Info, Folder Info, Item Properties."""
        self.need("read", repository, inside)
        if "properties" in query:
            found = self.item(repository, inside).properties
            if not found:
                raise Refused(404, "No properties could be found.")
            return 200, json.dumps({"properties": found, "uri": self.path}).encode()
        if inside in self.server.items[repository]:
            return 200, self.file_info(repository, inside)
        below = {
            n for n in self.server.items[repository] if n.startswith(f"{inside}/") or not inside
        }
        if not below and inside:
            raise Refused(404, "Unable to find item")
        children = sorted({name.removeprefix(inside).strip("/").split("/")[0] for name in below})
        told = {
            "repo": repository,
            "path": f"/{inside}",
            "children": [{"uri": f"/{c}"} for c in children],
        }
        return 200, json.dumps(told).encode()

    def file_info(self, repository: str, inside: str) -> bytes:
        """What is told of a file; the size is text, as documented."""
        item = self.server.items[repository][inside]
        return json.dumps(
            {
                "repo": repository,
                "path": f"/{inside}",
                "created": item.created,
                "createdBy": item.by,
                "downloadUri": f"{self.server.url}/{repository}/{inside}",
                "mimeType": "application/octet-stream",
                "size": str(len(item.content)),
                "checksums": item.sums,
                "originalChecksums": item.announced,
                "uri": f"{self.server.url}/api/storage/{repository}/{inside}",
            }
        ).encode()

    def put_properties(
        self, repository: str, inside: str, query: Any, _body: bytes
    ) -> tuple[Any, ...]:
        """Set Item Properties: p=v[,v2];p2=v3, special characters behind a backslash."""
        self.need("annotate", repository, inside)
        item = self.item(repository, inside)
        given = {}
        for part in re.split(r"(?<!\\)[;|]", query.get("properties", [""])[0]):
            key, equals, values = part.partition("=")
            if not equals:
                raise Refused(400, "Properties are not key=value")
            check_key(key)
            given[key] = [re.sub(r"\\(.)", r"\1", v) for v in re.split(r"(?<!\\),", values)]
        item.properties |= given
        return 204, b""

    def patch_properties(
        self, repository: str, inside: str, _query: Any, body: bytes
    ) -> tuple[Any, ...]:
        """Update Item Properties: JSON, null removes."""
        self.need("annotate", repository, inside)
        item = self.item(repository, inside)
        if self.headers.get("Content-Type") != "application/json":
            raise Refused(415, "Unsupported Media Type")
        for key, value in json.loads(body)["props"].items():
            check_key(key)
            if value is None:
                item.properties.pop(key, None)
            else:
                item.properties[key] = value if isinstance(value, list) else [value]
        return 204, b""

    def transfer(self, repository: str, inside: str, query: Any, _body: bytes) -> tuple[Any, ...]:
        """Copy Item and Move Item, files only; properties go along."""
        move = "/api/move/" in self.path
        to = query.get("to", [""])[0]
        if not to.startswith("/"):
            raise Refused(400, "The target path must start with a slash")
        target, _, place = to[1:].partition("/")
        self.check_place(target, place)
        self.need("delete" if move else "read", repository, inside)
        self.need("deploy", target, place)
        item = self.item(repository, inside)
        if query.get("dry") != ["1"]:
            fresh = Item(item.content, "mlaas", item.created, dict(item.properties), item.announced)
            self.store(target, place, fresh)
            if move:
                del self.server.items[repository][inside]
        verb = "moving" if move else "copying"
        text = f"{verb} {repository}:{inside} to {target}:{place} completed successfully"
        return 200, json.dumps({"messages": [{"level": "INFO", "message": text}]}).encode()

    def search(self, text: str) -> tuple[Any, ...]:
        """The part of AQL that finds items by repo, path, name and type."""
        if self.headers.get("Content-Type") != "text/plain":
            raise Refused(415, "Unsupported Media Type")
        asked = re.fullmatch(r"items\.find\((\{.*\})\)(?:\.include\(([^)]*)\))?\s*", text, re.S)
        if not asked:
            raise Refused(400, f"Failed to parse query: {text}")
        criteria = json.loads(asked[1])
        fields = json.loads(f"[{asked[2] or ''}]")
        if set(fields) - FIELDS:
            raise Refused(400, "Failed to parse query: unknown field")
        if fields and not {"repo", "path", "name"} <= set(fields):
            raise Refused(400, "Only an administrator may leave out repo, path and name")
        grant, found = self.grant(), []
        for repository, items in self.server.items.items():
            for inside, item in sorted(items.items()):
                line = line_of(repository, inside, item)
                if fnmatch.fnmatch(repository, grant.repositories) and fits(criteria, line):
                    found.append(line)
        span: dict[str, Any] = {"start_pos": 0, "end_pos": len(found), "total": len(found)}
        if len(found) > self.server.query_limit:
            found = found[: self.server.query_limit]
            span["notification"] = "AQL query reached the search hard limit, results are trimmed."
        return 200, json.dumps({"results": found, "range": span}).encode()


ROUTES: dict[str, dict[str, Any]] = {
    "api/storage/": {"GET": Handler.info, "PUT": Handler.put_properties},
    "api/metadata/": {"PATCH": Handler.patch_properties},
    "api/copy/": {"POST": Handler.transfer},
    "api/move/": {"POST": Handler.transfer},
    "api/": {},
    "": {
        "PUT": Handler.deploy,
        "GET": Handler.retrieve,
        "HEAD": Handler.retrieve,
        "DELETE": Handler.delete,
    },
}


def line_of(repository: str, inside: str, item: Item) -> dict[str, Any]:
    """One item as AQL tells it; the size is a number here."""
    folder, _, name = inside.rpartition("/")
    told = [{"key": k, "value": v} for k, values in item.properties.items() for v in values]
    return {
        "repo": repository,
        "path": folder or ".",
        "name": name,
        "type": "file",
        "size": len(item.content),
        "sha256": item.sums["sha256"],
        "created": item.created,
        **({"properties": told} if told else {}),
    }


def fits(criteria: dict[str, Any], line: dict[str, Any]) -> bool:
    """Whether the item answers every criterion."""
    for name, wanted in criteria.items():
        if name in {"$or", "$and"}:
            several = any if name == "$or" else all
            if not several(fits(one, line) for one in wanted):
                return False
            continue
        compare, value = next(iter(wanted.items())) if isinstance(wanted, dict) else ("$eq", wanted)
        if name not in FIELDS or compare not in OPERATORS:
            raise Refused(400, f"Failed to parse query: {name} {compare}")
        same = (
            fnmatch.fnmatchcase(line[name], value) if compare == "$match" else line[name] == value
        )
        if same is (compare == "$ne"):
            return False
    return True


def check_key(key: str) -> None:
    """Refuse a property's name with characters that the documentation forbids."""
    if not key or set(key) & FORBIDDEN_IN_KEYS:
        raise Refused(400, f"Property key {key!r} has forbidden characters")


def rejected(repository: str, inside: str, kind: str, given: str, actual: str) -> str:
    """The words of the checksum policy."""
    return (
        f"Checksum policy 'LocalRepoChecksumPolicy: CLIENT' rejected the artifact "
        f"'{repository}:{inside}'. Checksums info: {kind} original='{given}', actual='{actual}'"
    )


def stamp() -> str:
    """Now, as ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@contextmanager
def running(
    repositories: tuple[str, ...] = ("mlaas-dev", "mlaas-uat", "mlaas-prod"),
    tokens: dict[str, Grant] | None = None,
) -> Iterator[Artifactory]:
    """The server on a free port of this machine, until the block ends."""
    server = Artifactory(repositories, {"good-token": Grant()} if tokens is None else tokens)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
