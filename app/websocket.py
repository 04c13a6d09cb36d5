"""The WebSocket behind the gate: every click is checked against the database before it acts.

Streamlit runs a widget's callback before the script, so a check in the script alone would come
too late for a session that has been revoked.
"""

from collections import OrderedDict
from typing import Any, Protocol

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from app.media import Announced
from engines.core.sessions import SessionInfo, Stage

PROTOCOLS = "sec-websocket-protocol"
OWNERS_KEPT = 10_000
# What the pages here send. Streamlit knows more: emptying everybody's caches, debugging, uploads.
PASSED = frozenset({"rerun_script", "stop_script", "app_heartbeat", "backend_operation_request"})


class Check(Protocol):
    """Looks the session up again; `touch=False` does not count as activity."""

    async def __call__(self, touch: bool = True) -> SessionInfo | None:
        """The session as it is now, or None."""


class Owners:
    """Whose each Streamlit session is, so that nobody takes up the state of somebody else's."""

    def __init__(self) -> None:
        self._owners: OrderedDict[str, str] = OrderedDict()

    def note(self, streamlit_session: str, user_id: str) -> None:
        """Remember the owner, forgetting the oldest beyond the limit."""
        self._owners[streamlit_session] = user_id
        while len(self._owners) > OWNERS_KEPT:
            self._owners.popitem(last=False)

    def belongs(self, streamlit_session: str, user_id: str) -> bool:
        """True when this person opened that Streamlit session."""
        return self._owners.get(streamlit_session) == user_id


class LiveConnection:
    """One browser connection, wrapped: what comes in is checked, what goes out is listened to."""

    def __init__(
        self,
        receive: Receive,
        send: Send,
        info: SessionInfo,
        check: Check,
        owners: Owners,
        announced: Announced,
    ) -> None:
        self._receive = receive
        self._send = send
        self._info = info
        self._check = check
        self._owners = owners
        self._announced = announced

    def own_scope(self, scope: Scope) -> Scope:
        """The scope, without the Streamlit session to resume when that is somebody else's."""
        wanted = [part.strip() for part in Headers(scope=scope).get(PROTOCOLS, "").split(",")]
        if len(wanted) < 3 or self._owners.belongs(wanted[2], self._info.user_id):
            return scope
        own = {**scope, "headers": list(scope["headers"])}
        MutableHeaders(scope=own)[PROTOCOLS] = ", ".join(wanted[:2])
        return own

    async def receive(self) -> Message:
        """The next message that may pass."""
        while True:
            message = await self._receive()
            if message["type"] != "websocket.receive":
                return message
            passed = await self._passed(message)
            if passed is not None:
                return passed

    async def send(self, message: Message) -> None:
        """Pass a message on, noting the Streamlit session and the files it announces."""
        if message["type"] == "websocket.send":
            self._listen(message.get("bytes") or b"")
        await self._send(message)

    async def _passed(self, message: Message) -> Message | None:
        asked = _parsed(BackMsg(), message.get("bytes") or b"")
        if asked is None:
            return message  # not Streamlit's language: it will close the connection
        info = await self._check(touch=_is_activity(asked))
        if info and info.stage is Stage.FULL and info.user_id == self._info.user_id:
            return message if self._is_usual(asked) else None
        return _bare_rerun(asked)

    def _is_usual(self, asked: BackMsg) -> bool:
        """False for what our pages never ask, such as the file behind somebody else's button."""
        kind = asked.WhichOneof("type")
        if kind != "backend_operation_request":
            return kind is None or kind in PASSED
        operation = asked.backend_operation_request
        if operation.WhichOneof("payload") == "deferred_file":
            return self._announced.knows(self._info.id, operation.deferred_file.file_id)
        # Streamlit itself gives a table's rows to the session alone that shows the table.
        return bool(operation.WhichOneof("payload") == "dataframe_chunk")

    def _listen(self, data: bytes) -> None:
        said = _parsed(ForwardMsg(), data)
        if said is None:
            return
        if said.WhichOneof("type") == "new_session":
            self._owners.note(said.new_session.initialize.session_id, self._info.user_id)
        self._announced.listen(self._info.id, said)


def _is_activity(asked: BackMsg) -> bool:
    """True for what a person did; parts that redraw by themselves keep no session alive."""
    return asked.WhichOneof("type") == "rerun_script" and not asked.rerun_script.is_auto_rerun


def _bare_rerun(asked: BackMsg) -> Message | None:
    """A run of the page without widgets or fragment, which will say that the session is over."""
    if asked.WhichOneof("type") != "rerun_script":
        return None
    bare = BackMsg()
    bare.rerun_script.query_string = asked.rerun_script.query_string
    bare.rerun_script.page_script_hash = asked.rerun_script.page_script_hash
    return {"type": "websocket.receive", "bytes": bare.SerializeToString()}


def _parsed(empty: Any, data: bytes) -> Any:
    try:
        empty.ParseFromString(data)
    except DecodeError:
        return None
    return empty
