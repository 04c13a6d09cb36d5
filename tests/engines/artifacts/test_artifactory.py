"""Artifactory's failures: each gives the right error, and none looks like success."""

import ssl
import time
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from engines.artifacts.artifactory import ArtifactoryStore
from engines.artifacts.port import Repository
from engines.core.errors import BackendUnavailable, InvalidInput, NotAllowed, NotFound
from tests.engines.artifacts.conftest import KEYS, store_on
from tests.engines.artifacts.test_store import written
from tests.harness.artifactory import Fault, Grant, running

DEV, UAT, PROD = Repository
PATH = "churn/1.0.0/a.txt"

STATUSES = {
    400: (InvalidInput, "cannot use the request"),
    401: (NotAllowed, "does not accept the access token"),
    403: (NotAllowed, "refuses access"),
    404: (NotFound, "not in the repository"),
    409: (InvalidInput, "checksum or state conflict"),
    413: (InvalidInput, "larger than"),
    418: (BackendUnavailable, "answered 418"),
    429: (BackendUnavailable, "asked too much"),
    500: (BackendUnavailable, "answered 500"),
    503: (BackendUnavailable, "answered 503"),
    507: (BackendUnavailable, "no room left"),
}
BROKEN = ("truncate", "garbage", "lost", "timeout")


def acts(store, tmp_path):
    """Every act of the port on one file, by the request that decides it."""
    file, sha = written(tmp_path)
    return {
        "PUT": (PATH, lambda: store.put(DEV, PATH, file, sha)),
        "GET": ("^mlaas-dev/", lambda: store.get(DEV, PATH, tmp_path / "back")),
        "POST": ("api/search", lambda: store.list(DEV, "churn/1.0.0")),
        "PATCH": ("api/metadata", lambda: store.set_properties(DEV, PATH, {"a": "b"})),
        "DELETE": (PATH, lambda: store.delete(DEV, PATH)),
        "COPY": ("api/copy", lambda: store.copy(DEV, PATH, UAT)),
    }


def prepared(server, store, tmp_path, method):
    """The file is there for every act but its own deployment."""
    if method != "PUT":
        store.put(DEV, PATH, *written(tmp_path))
    return "POST" if method == "COPY" else method


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("method", ["PUT", "GET", "POST", "PATCH", "DELETE", "COPY"])
def test_status_gives_its_failure_and_changes_nothing(server, tmp_path, method, status):
    store = store_on(server)
    sent = prepared(server, store, tmp_path, method)
    path, act = acts(store, tmp_path)[method]
    before = {key: dict(items) for key, items in server.items.items()}
    server.faults.append(Fault(str(status), sent, path, times=9))
    failure, words = STATUSES[status]
    if (method, status) == ("DELETE", 404):
        act()  # what is gone is gone
    else:
        with pytest.raises(failure, match=words):
            act()
    assert {key: dict(items) for key, items in server.items.items()} == before
    assert not (tmp_path / "back").exists()


@pytest.mark.parametrize("kind", BROKEN)
@pytest.mark.parametrize("method", ["PUT", "GET", "POST", "COPY"])
def test_broken_answer_is_never_taken_for_success(server, tmp_path, method, kind):
    store = store_on(server, timeout=0.2)
    sent = prepared(server, store, tmp_path, method)
    path, act = acts(store, tmp_path)[method]
    server.faults.append(Fault(kind, sent, path, times=9, seconds=0.4))
    with pytest.raises((BackendUnavailable, InvalidInput)):
        act()
    assert not (tmp_path / "back").exists()
    server.faults.clear()
    act()  # and the next try finishes it


def test_short_trouble_is_waited_out(server, tmp_path):
    store = store_on(server)
    server.faults += [Fault("503", "PUT"), Fault("503", "GET")]
    store.put(DEV, PATH, *written(tmp_path))
    assert PATH in server.items["mlaas-dev"]


def test_retry_after_is_kept(server, tmp_path):
    store = store_on(server)
    server.faults.append(Fault("429", "PUT", headers={"Retry-After": "1"}))
    began = time.monotonic()
    store.put(DEV, PATH, *written(tmp_path))
    assert time.monotonic() - began >= 1.0


def test_retry_after_beyond_patience_is_told(server, tmp_path):
    server.faults.append(Fault("429", "PUT", times=9, headers={"Retry-After": "3600"}))
    with pytest.raises(BackendUnavailable, match="asks to wait 3600 seconds"):
        store_on(server).put(DEV, PATH, *written(tmp_path))
    assert len([a for a in server.asked if a.startswith("PUT")]) == 1


def test_wrong_token_and_missing_rights_are_told_apart(tmp_path):
    tokens = {
        "good-token": Grant(),
        "reader": Grant(rights=frozenset({"read"})),
        "deployer": Grant(rights=frozenset({"read", "deploy"})),
        "elsewhere": Grant(below="other/"),
    }
    with running(tokens=tokens) as server:
        file = written(tmp_path)
        with pytest.raises(NotAllowed, match=r"token .*Bad credentials"):
            store_on(server, "wrong").put(DEV, PATH, *file)
        for token in ("reader", "elsewhere"):
            with pytest.raises(NotAllowed, match="Not enough permissions"):
                store_on(server, token).put(DEV, PATH, *file)
        store_on(server, "deployer").put(DEV, PATH, *file)
        store_on(server, "deployer").put(DEV, PATH, *file)  # needs no right to overwrite
        with pytest.raises(NotAllowed, match="to delete"):
            store_on(server, "deployer").delete(DEV, PATH)
        with pytest.raises(NotAllowed, match="to annotate"):
            store_on(server, "deployer").set_properties(DEV, PATH, {"a": "b"})


def test_unknown_repository_is_not_found(server, tmp_path):
    store = ArtifactoryStore(server.url, {"dev": "nowhere"}, lambda: "good-token", waits=())
    with pytest.raises(NotFound, match="Repository nowhere not found"):
        store.put(DEV, PATH, *written(tmp_path))


def test_limits_of_size_and_room_are_told_apart(server, tmp_path):
    server.largest = 10
    with pytest.raises(InvalidInput, match="larger than"):
        store_on(server).put(DEV, PATH, *written(tmp_path))
    server.largest, server.room = 100, 10
    with pytest.raises(BackendUnavailable, match="no room"):
        store_on(server).put(DEV, PATH, *written(tmp_path))
    assert server.items["mlaas-dev"] == {}


def test_known_bytes_do_not_travel_twice(server, tmp_path):
    store = store_on(server)
    file, sha = written(tmp_path)
    store.put(DEV, PATH, file, sha)
    server.largest = 0  # nothing can be sent any more
    assert store.put(DEV, "churn/1.0.0/b.txt", file, sha).sha256 == sha


def test_upload_cut_at_any_byte_leaves_nothing_and_a_retry_finishes_it(server, tmp_path):
    store = store_on(server, waits=())
    file, sha = written(tmp_path, b"x" * 50_000)
    for after in (0, 1, 7, 4_096, 49_999):
        server.faults += [Fault("404", "PUT", PATH), Fault("cut", "PUT", PATH, after=after)]
        with pytest.raises(BackendUnavailable):
            store.put(DEV, PATH, file, sha)
        assert server.items["mlaas-dev"] == {}
    assert store.put(DEV, PATH, file, sha).size == 50_000


def test_trimmed_list_is_refused(server, tmp_path):
    store = store_on(server)
    store.put(DEV, PATH, *written(tmp_path))
    server.query_limit = 0
    with pytest.raises(BackendUnavailable, match="only a part"):
        store.list(DEV, "churn/1.0.0")


def test_changed_bytes_in_the_repository_are_refused(server, tmp_path):
    store = store_on(server)
    store.put(DEV, PATH, *written(tmp_path))
    server.faults.append(Fault("truncate", "GET", "^mlaas-dev/"))
    with pytest.raises(BackendUnavailable, match="broke off"):
        store.get(DEV, PATH, tmp_path / "back")
    assert list(tmp_path.glob("*back*")) == []


def test_server_that_is_not_there_is_unavailable(tmp_path):
    store = ArtifactoryStore("http://127.0.0.1:9", KEYS, lambda: "t", waits=())
    with pytest.raises(BackendUnavailable, match="cannot be reached"):
        store.stat(DEV, PATH)


def test_certificate_nobody_vouches_for_is_refused_and_a_named_authority_is_trusted(tmp_path):
    authority, pair = certificate(tmp_path)
    with running() as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        url = server.url.replace("http://127.0.0.1", "https://localhost")
        given = (url, KEYS, lambda: "good-token")
        with pytest.raises(BackendUnavailable, match="certificate that is not trusted"):
            ArtifactoryStore(*given, waits=()).put(DEV, PATH, *written(tmp_path))
        assert server.items["mlaas-dev"] == {}
        trusting = ArtifactoryStore(*given, authority=authority, waits=())
        assert trusting.put(DEV, PATH, *written(tmp_path)).size == 16


def certificate(folder):
    """A certificate for this machine that only itself vouches for, and it with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    at = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(at - timedelta(days=1))
        .not_valid_after(at + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    public = made.public_bytes(Encoding.PEM)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "authority.pem").write_bytes(public)
    (folder / "pair.pem").write_bytes(private + public)
    return folder / "authority.pem", folder / "pair.pem"


def test_token_travels_in_the_header_only(server, tmp_path):
    store_on(server).put(DEV, PATH, *written(tmp_path))
    assert not [line for line in server.asked if "good-token" in line]
    server.faults.append(Fault("500", "GET"))
    with pytest.raises(BackendUnavailable) as told:
        store_on(server).stat(DEV, PATH)
    assert "good-token" not in str(told.value)
