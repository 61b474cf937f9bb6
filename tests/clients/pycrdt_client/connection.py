"""One pycrdt document on one y-websocket socket, with pycrdt's own provider and awareness."""

import asyncio
import traceback
from urllib.parse import quote

from pycrdt import Awareness, Doc, Provider, YMessageType, create_awareness_message, read_message
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

RETRY_AFTER_S = 0.1
RENEW_PRESENCE_EVERY_S = 15


class Channel:
    """A socket as pycrdt's provider sees it. Presence, which the provider ignores, is applied here."""

    def __init__(self, socket, awareness: Awareness) -> None:
        self._socket = socket
        self._awareness = awareness

    @property
    def path(self) -> str:
        return self._socket.request.path

    def __aiter__(self) -> "Channel":
        return self

    async def __anext__(self) -> bytes:
        return await self.recv()

    async def send(self, message: bytes) -> None:
        await self._socket.send(message)

    async def recv(self) -> bytes:
        message = await self._socket.recv(decode=False)
        if message[0] == YMessageType.AWARENESS:
            self._awareness.apply_awareness_update(read_message(message[1:]), "remote")
        return message


class Client:
    def __init__(self, fault, lib, url, plan, token, client_id=None, token_by="query") -> None:
        if lib != "pycrdt":
            raise ValueError(f"this driver has no {lib}")
        self.doc = Doc(client_id=client_id)
        self.awareness = Awareness(self.doc)
        self.token = token
        self._url = f"{url.rstrip('/')}/{quote(plan)}"
        self._token_by = token_by
        self._fault = fault
        self.awareness.observe(self._presence_changed)
        self._announcements: set[asyncio.Task] = set()
        self._task: asyncio.Task | None = None
        self._provider: Provider | None = None
        self._socket = None
        self._opens = 0
        self._closes: list[dict] = []
        self._errors: list[str] = []
        self._gave_up = False

    def reconnect(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._stay_connected())

    async def disconnect(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _stay_connected(self) -> None:
        while not self._gave_up:
            try:
                await self._connect_once()
            except (OSError, InvalidHandshake) as error:
                self._errors.append(str(error))
            except Exception:
                self._fault(traceback.format_exc())
                raise
            await asyncio.sleep(RETRY_AFTER_S)

    async def _connect_once(self) -> None:
        url, headers = self._url, {}
        if self._token_by == "query":
            url = f"{url}?token={quote(self.token)}"
        else:
            headers["Authorization"] = f"Bearer {self.token}"
        async with connect(url, additional_headers=headers, max_size=None) as socket:
            self._opens += 1
            try:
                await self._serve(socket)
            except* ConnectionClosed:
                pass
            finally:
                self._socket = self._provider = None
        self._closes.append({"code": socket.close_code, "reason": socket.close_reason})
        # What a retry cannot mend, as y-websocket reads close codes.
        self._gave_up = socket.close_code is not None and 4400 <= socket.close_code < 4500

    async def _serve(self, socket) -> None:
        self._socket = socket
        self._provider = Provider(self.doc, Channel(socket, self.awareness))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._provider.start())
            tasks.create_task(self._renew_presence())

    async def _renew_presence(self) -> None:
        await self._announce()
        while True:
            await asyncio.sleep(RENEW_PRESENCE_EVERY_S)
            self.awareness.set_local_state(self.awareness.get_local_state())

    def _presence_changed(self, topic: str, event) -> None:
        """The own state changed, or somebody said that this client is gone, which it then denies."""
        changes, _ = event
        changed = changes["added"] + changes["updated"] + changes["removed"]
        if topic == "update" and self.awareness.client_id in changed:
            task = asyncio.get_running_loop().create_task(self._announce())
            self._announcements.add(task)
            task.add_done_callback(self._announcements.discard)

    async def _announce(self) -> None:
        if self._socket is None:
            return
        update = self.awareness.encode_awareness_update([self.awareness.client_id])
        try:
            await self._socket.send(create_awareness_message(update))
        except ConnectionClosed:
            # It is announced again on the next socket.
            pass

    def set_presence(self, state: dict) -> None:
        self.awareness.set_local_state(state)

    def status(self) -> dict:
        return {
            "client_id": self.doc.client_id,
            "opens": self._opens,
            "closes": self._closes,
            "errors": self._errors,
            "text_frames": 0,
            "connected": self._socket is not None,
            "synced": self._provider is not None and self._provider.synced.is_set(),
            "gave_up": self._gave_up,
        }
