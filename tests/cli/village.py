"""Runs commands in this process against real local APIs of the nodes in a simulated mesh."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import trio

from meshnode import web
from meshnode.api import serve
from meshnode.cli.main import run
from meshnode.home import Home
from meshnode.local import running
from meshnode.replica.replica import Replica
from meshnode.store.store_thread import StoreThread
from tests.api.context import StillNetwork
from tests.support.mesh import Mesh


@dataclass(frozen=True)
class Ran:
    """The exit code and the output of a command."""

    code: int
    out: str
    err: str


def meshnode(*words: str) -> Ran:
    """Run a command as the program does."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run(list(words))
    return Ran(code, out.getvalue(), err.getvalue())


@contextmanager
def daemon(replica: Replica, home: Path) -> Iterator[StillNetwork]:
    """Serve the local API of `replica` in `home`."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    Home(home).identity_key.touch(mode=0o600)
    network = StillNetwork()
    started = threading.Event()
    ends: list[Callable[[], None]] = []

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            context = await nursery.start(running.run, StoreThread(replica.changes.held), replica, network)
            await nursery.start(web.serve, context)
            await nursery.start(web.serve_phones, context)
            await nursery.start(serve, context, Home(home).socket)
            token = trio.lowlevel.current_trio_token()
            ends.append(lambda: token.run_sync_soon(nursery.cancel_scope.cancel))
            started.set()

    thread = threading.Thread(target=trio.run, args=(main,))
    thread.start()
    assert started.wait(20)
    try:
        yield network
    finally:
        ends[0]()
        thread.join(20)


@dataclass(frozen=True)
class Village:
    """The homes of Alice, Bob and Carol; `settle` lets their nodes exchange what there is."""

    mesh: Mesh
    homes: dict[str, Path]
    networks: dict[str, StillNetwork]
    replicas: dict[str, Replica]

    def settle(self) -> None:
        self.mesh.settle()

    def __call__(self, who: str, *words: str) -> Ran:
        return meshnode("--home", str(self.homes[who]), *words)
