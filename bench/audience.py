"""Players' devices, as many as asked for, in a process of their own: each follows a run and answers when told to.

Told what to do on standard input, line by line as JSON; says on standard output what came of it, in the same way.
"""

import asyncio
import json
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import msgspec

PATIENCE = 30.0
BACK = (0.2, 1.0)  # seconds until a device whose stream broke comes back


class _Shown(msgspec.Struct):
    id: str


class _Snapshot(msgspec.Struct):
    """Of a snapshot what a device is asked about."""

    version: int
    released: list[_Shown] = []


_decode = msgspec.json.Decoder(_Snapshot).decode


@dataclass
class Device:
    """A browser that follows a run; `ports` are those where it finds streams, one by chance each time."""

    ports: Sequence[int]
    address: str
    cookie: str = ""
    first: dict[str, float] = field(default_factory=dict)  # by release: when it came
    latest: bytes = b""
    version: int = -1
    older: int = 0  # snapshots that came after a newer one of the same connection
    events: int = 0
    opened: int = 0
    refused: dict[int, int] = field(default_factory=dict)
    writer: asyncio.StreamWriter | None = None
    going: bool = True

    async def follow(self) -> None:
        """Until told to stop; whatever breaks, it comes back."""
        while self.going:
            with suppress(OSError, asyncio.IncompleteReadError, ValueError):
                await self._once()
            if self.going:
                await asyncio.sleep(random.uniform(*BACK))

    def drop(self) -> None:
        """As if the network were gone."""
        if self.writer is not None:
            self.writer.transport.abort()

    def stop(self) -> None:
        self.going = False
        self.drop()

    @property
    def released(self) -> list[str]:
        """What this device has been sent, in its order."""
        return [one["id"] for one in json.loads(self.latest)["released"]] if self.latest else []

    async def _once(self) -> None:
        reader, self.writer = await asyncio.open_connection("127.0.0.1", random.choice(self.ports), limit=2**22)
        try:
            self.writer.write(request("GET", self.address, self.cookie))
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)
            status = int(head[9:12])
            if status != 200:
                self.refused[status] = self.refused.get(status, 0) + 1
                return
            self.opened += 1
            newest = -1
            while True:
                event = await reader.readuntil(b"\n\n")
                came = time.time()
                self.events += 1
                data = event.partition(b"\ndata: ")[2]
                if not event.startswith(b"id: "):
                    continue
                snapshot = _decode(data)
                self.older += snapshot.version < newest
                newest = snapshot.version
                self.version, self.latest = snapshot.version, data
                for one in snapshot.released:
                    self.first.setdefault(one.id, came)
        finally:
            self.writer.close()


def request(method: str, address: str, cookie: str = "", body: bytes | None = None) -> bytes:
    """A request as a browser sends it."""
    head = [f"{method} {address} HTTP/1.1", "Host: 127.0.0.1"]
    head += [f"Cookie: {cookie}"] if cookie else []
    head += ["Content-Type: application/json", f"Content-Length: {len(body)}"] if body is not None else []
    return "\r\n".join([*head, "", ""]).encode() + (body or b"")


@dataclass(frozen=True)
class Given:
    """How an answer was taken: status 0 where the line was cut; seconds."""

    id: str
    status: int
    outcome: str
    took: float


async def give(port: int, address: str, cookie: str, task: str, answer: Any) -> Given:
    """Send one answer on a connection of its own."""
    answer_id = str(uuid4())
    began = time.perf_counter()
    body = json.dumps({"id": answer_id, "task": task, "answer": answer}).encode()
    try:
        status, content = await ask(port, request("POST", address, cookie, body))
    except (OSError, ValueError, asyncio.IncompleteReadError):
        return Given(answer_id, 0, "", time.perf_counter() - began)
    outcome = json.loads(content).get("outcome", "") if status == 200 else ""
    return Given(answer_id, status, outcome, time.perf_counter() - began)


async def ask(port: int, sent: bytes) -> tuple[int, bytes]:
    """Status and content of an answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
    try:
        writer.write(sent)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
        return int(head[9:12]), await reader.readexactly(length)
    finally:
        writer.close()


class Audience:
    """The process, for whoever tells it what to do."""

    def __init__(self, run: str, cookies: Sequence[str], streams: Sequence[int], pages: Sequence[int]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bench.audience"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.said = self.tell(run=run, cookies=list(cookies), streams=list(streams), pages=list(pages))

    def tell(self, **what: Any) -> Any:
        """What came of something it was told."""
        assert self.process.stdin and self.process.stdout
        print(json.dumps(what), file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        assert line, f"the audience ended with {self.process.wait()}"
        return json.loads(line)

    def end(self) -> None:
        """Leave the room."""
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(PATIENCE)


async def _main() -> None:
    """Open all streams; then answer, or report, as told."""
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    room = json.loads(await lines.readline())
    address = f"/runs/{room['run']}"
    devices = [Device(room["streams"], f"{address}/stream?as=player", cookie) for cookie in room["cookies"]]
    began = time.perf_counter()
    going = [asyncio.create_task(device.follow()) for device in devices]
    while not all(device.latest for device in devices) and time.perf_counter() - began < PATIENCE:
        await asyncio.sleep(0.05)
    _say(opened=sum(bool(device.latest) for device in devices), took=time.perf_counter() - began)
    while line := await lines.readline():
        told = json.loads(line)
        if told["do"] == "answer":
            waits = [told["within"] * number / len(devices) for number in range(len(devices))]
            deeds = [
                _later(wait, give(random.choice(room["pages"]), f"{address}/answers", cookie, told["task"], answer))
                for wait, cookie, answer in zip(waits, room["cookies"], told["answers"], strict=True)
            ]
            given = await asyncio.gather(*deeds)
            _say(answers=[[one.id, one.status, one.outcome, one.took] for one in given])
        elif told["do"] == "report":
            await asyncio.sleep(told["after"])
            _say(
                first=[device.first for device in devices], events=sum(device.events for device in devices),
                older=sum(device.older for device in devices), opened=sum(device.opened for device in devices),
                released=[device.released for device in devices],
            )  # fmt: skip
    for device in devices:
        device.stop()
    for one in going:
        one.cancel()


async def _later(wait: float, deed: Any) -> Any:
    await asyncio.sleep(wait)
    return await deed


def _say(**what: Any) -> None:
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    asyncio.run(_main())
