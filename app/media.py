"""Which of Streamlit's files were announced to which session: nobody else is given them.

Streamlit serves a file to whoever names it, and the name is a hash of what is in it. So the gate
listens to what goes out: only an address that a session was sent, as the address of a file and not
in words on the page, opens to that session.
"""

import re
import sys
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime import memory_media_file_storage as storage

MEDIA = "/media/"
ADDRESS = re.compile(r"/media/([0-9a-f]{16,128})(?:\.\w{1,16})?")
SESSIONS_KEPT = 10_000
FILES_KEPT = 1_000  # of one session, the latest


class Announced:
    """The files and the buttons that make files on demand, by session of ours."""

    def __init__(self) -> None:
        self._by_session: OrderedDict[str, OrderedDict[str, None]] = OrderedDict()

    def listen(self, session_id: str, said: ForwardMsg) -> None:
        """Remember what this message announces, forgetting the oldest beyond the limits."""
        for name in announced_by(said):
            files = self._by_session.setdefault(session_id, OrderedDict())
            self._by_session.move_to_end(session_id)
            files[name] = None
            files.move_to_end(name)
            if len(files) > FILES_KEPT:
                files.popitem(last=False)
        while len(self._by_session) > SESSIONS_KEPT:
            self._by_session.popitem(last=False)

    def knows(self, session_id: str, name: str) -> bool:
        """True when that file or button was announced to the session."""
        return bool(name) and name in self._by_session.get(session_id, ())

    def opens(self, session_id: str, path: str) -> bool:
        """True when the path is that of a file announced to the session."""
        found = ADDRESS.fullmatch(path)
        return found is not None and self.knows(session_id, found[1])


def name_files_by_all_they_hold() -> None:
    """Let Streamlit hash files whole, so that no two share a name.

    Beyond 1 MiB it takes samples of 64 KiB: two tables of one length that differ between the
    samples would be one file, and the second person would be given the first one's.
    """
    storage._PARTIAL_HASH_THRESHOLD = sys.maxsize  # type: ignore[misc]


def announced_by(said: ForwardMsg) -> Iterator[str]:
    """Names of files, and of buttons whose file is made when pressed, that a message carries."""
    kind = said.WhichOneof("type")
    if kind == "delta":
        yield from _of_delta(said.delta)
    elif kind == "logo":
        yield from _names(said.logo.image, said.logo.icon_image)
    elif kind == "page_config_changed":
        yield from _names(said.page_config_changed.favicon)
    elif kind == "backend_operation_response":
        yield from _names(said.backend_operation_response.deferred_file.url)


def _of_delta(delta: Any) -> Iterator[str]:
    kind = delta.WhichOneof("type")
    if kind == "new_element":
        yield from _of_element(delta.new_element)
    elif kind == "new_transient":
        for element in delta.new_transient.elements:
            yield from _of_element(element)


def _of_element(element: Any) -> Iterator[str]:
    kind = element.WhichOneof("type")
    if kind == "download_button":
        yield from _names(element.download_button.url)
        if element.download_button.deferred_file_id:
            yield element.download_button.deferred_file_id
    elif kind == "imgs":
        yield from _names(*(image.url for image in element.imgs.imgs))
    elif kind == "video":
        subtitles = (track.url for track in element.video.subtitles)
        yield from _names(element.video.url, *subtitles)
    elif kind in ("audio", "favicon"):
        yield from _names(getattr(element, kind).url)


def _names(*addresses: str) -> Iterator[str]:
    for address in addresses:
        if found := ADDRESS.fullmatch(address):
            yield found[1]
