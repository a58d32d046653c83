"""Lets those who have changed what is to be served wait until it is served so."""

from __future__ import annotations

import trio

from meshnode.wakeup import Wakeup

WAIT_SECONDS = 5.0  # opening a few sockets takes far less, even on a busy machine


class Following:
    """Joins a server with those who change its settings. Belongs to the event loop."""

    def __init__(self) -> None:
        self.runs = False
        """Whether there is a server that follows."""
        self._work = Wakeup()
        self._asked = 0
        self._done = 0
        self._followed = Wakeup()

    async def settle(self) -> None:
        """Wait until the server has followed the settings as they are now, for `WAIT_SECONDS` at most."""
        self._asked += 1
        mine = self._asked
        self._work.set()
        with trio.move_on_after(WAIT_SECONDS if self.runs else 0):
            while self._done < mine:
                await self._followed.wait()

    @property
    def asked(self) -> int:
        """The number of the latest change. A server takes it before it reads the settings."""
        return self._asked

    def follow(self, number: int) -> None:
        """Note that the server serves as the settings said at the change with this number."""
        self._done = number
        self._followed.set()

    async def change(self) -> None:
        """Wait for the next change."""
        await self._work.wait()
