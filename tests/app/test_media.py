"""Files that Streamlit keeps in memory: each goes to the session it was announced to alone."""

import pytest
from sqlmodel import select
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.media_file_storage import MediaFileKind
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage

from app.gate import Gate
from app.media import FILES_KEPT, SESSIONS_KEPT, Announced, announced_by
from engines import projects
from engines.core.models import AppUser
from tests.app.test_gate import cookie_of, rerun, stream, until_finished

NAME = "0123456789abcdef" * 2


def said(socket, wanted):
    """The next message of the wanted type."""
    while True:
        message = ForwardMsg()
        message.ParseFromString(socket.recv(timeout=30))
        if message.WhichOneof("type") == wanted:
            return message


def open_audit(socket):
    """Open the Audit page; Streamlit's session, and the button that makes a file when pressed."""
    asked = BackMsg()
    asked.rerun_script.page_name = "audit"
    socket.send(asked.SerializeToString())
    session, button = "", ""
    while True:
        message = ForwardMsg()
        message.ParseFromString(socket.recv(timeout=30))
        session = message.new_session.initialize.session_id or session
        element = message.delta.new_element
        if element.WhichOneof("type") == "download_button":
            button = element.download_button.deferred_file_id or button
        if message.WhichOneof("type") == "script_finished" and button:
            return session, button


def press(socket, session, button):
    asked = BackMsg()
    asked.backend_operation_request.request_id = "one"
    asked.backend_operation_request.session_id = session
    asked.backend_operation_request.deferred_file.file_id = button
    socket.send(asked.SerializeToString())


@pytest.fixture
def auditors(served):
    """The auditor's client, the address of the audit trail they had made, and its button's id."""
    with served.signed_in("auditor") as client, stream(served, cookie_of(client)) as socket:
        session, button = open_audit(socket)
        press(socket, session, button)
        answer = said(socket, "backend_operation_response").backend_operation_response
        yield client, answer.deferred_file.url, button


def test_file_goes_to_whom_it_was_announced(auditors):
    client, address, _ = auditors
    answer = client.get(address)
    assert answer.status_code == 200
    assert "user.signed_in" in answer.text
    assert answer.headers["cache-control"] == "private, no-store"


def test_file_of_somebody_else_is_not_found(served, auditors):
    _, address, _ = auditors
    stem = address.rsplit(".", 1)[0]
    with served.signed_in("analyst") as other:
        for path in (address, stem, f"{stem}.png", f"{address}?x=1", f"/media/./{stem[7:]}"):
            for method in ("GET", "HEAD", "OPTIONS"):
                answer = other.request(method, path, headers={"Accept": "*/*"})
                assert answer.status_code == 404, f"{method} {path}"
                assert "user.signed_in" not in answer.text


def test_file_is_not_found_in_another_session_of_the_same_person(served, auditors):
    with served.signed_in("auditor") as again:
        assert again.get(auditors[1]).status_code == 404


def test_address_in_words_on_the_page_opens_nothing(served, auditors):
    _, address, _ = auditors
    with served.db.read() as session:
        ann = session.exec(select(AppUser).where(AppUser.name == "analyst")).one().actor
    projects.create(served.db, ann, address)
    with served.signed_in("analyst") as client, stream(served, cookie_of(client)) as socket:
        rerun(socket)
        words, _ = until_finished(socket)
        assert address.rsplit("/", 1)[1].split(".")[0] in words
        assert client.get(address).status_code == 404


def test_button_of_somebody_else_makes_no_file(served, auditors):
    with served.signed_in("analyst") as client, stream(served, cookie_of(client)) as socket:
        rerun(socket)
        _, session = until_finished(socket)
        press(socket, session, auditors[2])
        for _ in range(2):
            rerun(socket)
            heard = []
            while "script_finished" not in heard:
                message = ForwardMsg()
                message.ParseFromString(socket.recv(timeout=30))
                heard.append(message.WhichOneof("type"))
            assert "backend_operation_response" not in heard


@pytest.mark.parametrize("what", ["clear_cache", "set_run_on_save", "load_git_info"])
def test_message_that_no_page_sends_is_dropped_and_the_page_goes_on(served, what):
    with served.signed_in("analyst") as client, stream(served, cookie_of(client)) as socket:
        asked = BackMsg()
        setattr(asked, what, True)
        socket.send(asked.SerializeToString())
        asked = BackMsg()
        asked.backend_operation_request.install_skills.SetInParent()
        socket.send(asked.SerializeToString())
        rerun(socket)
        words, _ = until_finished(socket)
    assert "Experiments" in words


def message(path, value):
    """A message with one field set: `delta.new_element.imgs.imgs.url`."""
    made = ForwardMsg()
    *steps, last = path.split(".")
    here = made
    for step in steps:
        here = getattr(here, step)
        here = here.add() if hasattr(here, "add") else here
    setattr(here, last, value)
    return made


@pytest.mark.parametrize(
    "path",
    ["delta.new_element.download_button.url", "delta.new_element.imgs.imgs.url",
     "delta.new_element.audio.url", "delta.new_element.video.url",
     "delta.new_element.video.subtitles.url", "delta.new_element.favicon.url",
     "delta.new_transient.elements.imgs.imgs.url", "logo.image", "logo.icon_image",
     "page_config_changed.favicon", "backend_operation_response.deferred_file.url"],
)  # fmt: skip
def test_address_of_a_file_is_announced_wherever_streamlit_puts_one(path):
    assert list(announced_by(message(path, f"/media/{NAME}.png"))) == [NAME]


@pytest.mark.parametrize(
    ("path", "value"),
    [("delta.new_element.markdown.body", f"/media/{NAME}.png"),
     ("delta.new_element.link_button.url", f"/media/{NAME}.png"),
     ("delta.new_element.download_button.label", f"/media/{NAME}.png"),
     ("delta.new_element.imgs.imgs.url", f"see /media/{NAME}.png"),
     ("delta.new_element.imgs.imgs.url", f"https://example.org/media/{NAME}.png"),
     ("delta.new_element.imgs.imgs.url", "/media/../secrets"),
     ("delta.new_element.imgs.imgs.url", "data:image/png;base64,AAAA")],
)  # fmt: skip
def test_words_and_other_addresses_announce_nothing(path, value):
    assert list(announced_by(message(path, value))) == []


def test_oldest_files_and_sessions_are_forgotten():
    announced = Announced()
    for n in range(FILES_KEPT + 1):
        announced.listen("s", message("logo.image", f"/media/{n:032x}.png"))
    assert not announced.opens("s", f"/media/{0:032x}.png")
    assert announced.opens("s", f"/media/{FILES_KEPT:032x}.png")
    for n in range(SESSIONS_KEPT):
        announced.listen(f"session {n}", message("logo.image", f"/media/{NAME}.png"))
    assert not announced.opens("s", f"/media/{FILES_KEPT:032x}.png")
    assert announced.opens("session 0", f"/media/{NAME}.png")


def test_big_files_that_differ_anywhere_are_two_files(db, settings):
    Gate(None, db, settings)
    storage, first = MemoryMediaFileStorage("/media"), bytearray(3_000_000)
    second = bytearray(first)
    second[700_000] = 1  # between the samples that Streamlit would hash
    kind = MediaFileKind.DOWNLOADABLE
    names = [storage.load_and_get_id(bytes(c), "text/csv", kind, "a.csv") for c in (first, second)]
    assert names[0] != names[1]
    assert storage.get_file(names[1]).content == second
