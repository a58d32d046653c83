"""Runs a node as `meshnode` does, and writes down for how long anything holds its event loop or its store thread.

The bench starts it in place of the program: python -m bench.watched HOLDS SOCKET [arguments of meshnode]. Holds are
appended to the file HOLDS, one JSON object a line. Records that are written to the Unix socket SOCKET, each after its
length, are taken in as if a peer had sent them: so the bench changes trust far away.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, TextIO, TypeVar, TypeVarTuple

import trio

from meshnode.cli.main import run as run_program
from meshnode.node import daemon
from meshnode.replica.parts import in_parts
from meshnode.replica.replica import Replica
from meshnode.store.store_thread import StoreThread
from protocol import Record

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")

BEAT = 0.005  # seconds between two looks at the event loop
SHORTEST = 0.005  # shorter holds are not written down
LENGTH_BYTES = 4  # before each record on the socket


class Holds:
    """The file of holds."""

    def __init__(self, path: Path) -> None:
        self._file: TextIO = path.open("a", buffering=1, encoding="utf-8")

    def note(self, thread: str, begun: float, worked: float, call: str) -> None:
        """Write down that `call` has held `thread` since `begun`, and for how long the thread has worked in that time."""
        seconds = time.monotonic() - begun
        if seconds >= SHORTEST:
            line = {"thread": thread, "begun": begun, "seconds": seconds, "worked": worked, "call": call}
            self._file.write(json.dumps(line) + "\n")


class WatchedStoreThread(StoreThread):
    """The store thread, with each function that it runs timed."""

    holds: Holds

    def _call(self, function: Callable[[*Arguments], Result], *arguments: *Arguments) -> Result:
        begun, worked = time.monotonic(), time.thread_time()
        try:
            return super()._call(function, *arguments)
        finally:
            self.holds.note("store", begun, time.thread_time() - worked, _named(function))


def _named(function: Any) -> str:
    inner = function.func if isinstance(function, partial) else function
    return str(getattr(inner, "__qualname__", inner))


def packed(wires: Iterable[bytes]) -> bytes:
    """Return these records as they are written to the socket."""
    return b"".join(len(wire).to_bytes(LENGTH_BYTES, "big") + wire for wire in wires)


def unpacked(data: bytes) -> Iterator[bytes]:
    """Yield the records that were written."""
    at = 0
    while at < len(data):
        begin = at + LENGTH_BYTES
        at = begin + int.from_bytes(data[at:begin], "big")
        yield data[begin:at]


async def _watch_loop(holds: Holds) -> None:
    """Note by how much later than asked this task runs again: so long the loop was held, by whatever it was."""
    while True:
        asked, worked = time.monotonic() + BEAT, time.thread_time()
        await trio.sleep(BEAT)
        holds.note("loop", asked, time.thread_time() - worked, "")


async def _take_in(replica: Replica, store_thread: StoreThread, stream: trio.SocketStream) -> None:
    received = bytearray()
    async for data in stream:
        received += data
    records = [Record.parse(wire) for wire in unpacked(bytes(received))]
    for part, more in in_parts(records, replica.me):
        await store_thread.run(partial(replica.ingest.receive, part, records[0].header.author, more=more))
    await stream.send_all(b".")


def run(holds: Holds, socket: str, arguments: list[str]) -> int:
    """Run the node with these arguments of the command line, watched."""
    WatchedStoreThread.holds = holds
    whole_main = vars(daemon)["_main"]
    made: list[StoreThread] = []

    def store_thread(*given: Any) -> StoreThread:
        made.append(WatchedStoreThread(*given))
        return made[0]

    async def watched(config: Any, replica: Replica, *more: Any) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_watch_loop, holds)
            listener = trio.socket.socket(trio.socket.AF_UNIX, trio.socket.SOCK_STREAM)
            await listener.bind(socket)
            listener.listen()

            async def serve(stream: trio.SocketStream) -> None:
                await _take_in(replica, made[0], stream)

            nursery.start_soon(trio.serve_listeners, serve, [trio.SocketListener(listener)])
            await whole_main(config, replica, *more)
            nursery.cancel_scope.cancel()

    replaced: dict[str, object] = {"StoreThread": store_thread, "_main": watched}
    vars(daemon).update(replaced)
    return run_program(arguments)


if __name__ == "__main__":
    file, address, *rest = sys.argv[1:]
    sys.exit(run(Holds(Path(file)), address, rest))
