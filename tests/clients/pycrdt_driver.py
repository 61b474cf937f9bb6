"""Drives pycrdt for the integration tests, with the same lines as driver.mjs: one JSON command a line
on standard input, one JSON answer a line on standard output."""

import asyncio
import json
import sys
import time

from pycrdt_client.connection import Client
from pycrdt_client.content import edit, read, same

LOOK_EVERY_S = 0.01

clients: dict[str, Client] = {}


def say(message: dict) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def fault(text: str) -> None:
    say({"event": "fault", "say": text})


async def connect(client: str, **options) -> dict:
    made = Client(fault=fault, **options)
    clients[client] = made
    made.reconnect()
    return {"client_id": made.doc.client_id}


async def destroy(client: str) -> None:
    await clients.pop(client).disconnect()


async def disconnect(client: str) -> None:
    await clients[client].disconnect()


async def reconnect(client: str) -> None:
    clients[client].reconnect()


async def set_token(client: str, token: str) -> None:
    clients[client].token = token


async def status(client: str) -> dict:
    return clients[client].status()


async def edit_document(client: str, ops: list) -> None:
    edit(clients[client].doc, ops)


async def read_document(client: str, roots: dict) -> dict:
    return read(clients[client].doc, roots)


async def wait(client: str, ms: int, state=None, content=None, roots=None) -> None:
    one = clients[client]
    deadline = time.monotonic() + ms / 1000

    def reached() -> bool:
        if state is not None:
            return one.status()[state] is True
        return same(read(one.doc, roots), content)

    while not reached():
        if time.monotonic() > deadline:
            found = one.status() if state is not None else read(one.doc, roots)
            raise TimeoutError(f"after {ms} ms {client} is not there: {json.dumps(found)[:2000]}")
        await asyncio.sleep(LOOK_EVERY_S)


async def set_presence(client: str, state: dict) -> None:
    clients[client].set_presence(state)


async def presence(client: str) -> list:
    states = clients[client].awareness.states
    return [{"client_id": one, "state": state} for one, state in states.items()]


COMMANDS = {
    "connect": connect,
    "destroy": destroy,
    "disconnect": disconnect,
    "reconnect": reconnect,
    "set_token": set_token,
    "status": status,
    "edit": edit_document,
    "read": read_document,
    "wait": wait,
    "set_presence": set_presence,
    "presence": presence,
}


async def run(line: str) -> None:
    command = json.loads(line)
    number, name = command.pop("id"), command.pop("do")
    try:
        if name not in COMMANDS:
            raise ValueError(f"there is no command {name}")
        answer = await COMMANDS[name](**command)
        say({"id": number, "ok": {} if answer is None else answer})
    except Exception as error:
        say({"id": number, "error": f"{type(error).__name__}: {error}"})


async def main() -> None:
    reader = asyncio.StreamReader(limit=64 << 20)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    say({"event": "ready"})
    running: set[asyncio.Task] = set()
    while line := await reader.readline():
        task = asyncio.create_task(run(line.decode()))
        running.add(task)
        task.add_done_callback(running.discard)


asyncio.run(main())
