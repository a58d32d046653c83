"""Lets one task tell others that something has changed, again and again, which a `trio.Event` can do only once."""

from __future__ import annotations

import trio


class Wakeup:
    """A level-triggered event that resets itself.

    `set` wakes every task that waits. If none waits, the next `wait` returns at once; several calls of `set` in between
    count as one. A task that was woken therefore looks at the state itself and may find nothing new. Both methods belong
    to the event loop; another thread calls `set` through `TrioToken.run_sync_soon`.
    """

    def __init__(self) -> None:
        self._event = trio.Event()

    def set(self) -> None:
        """Wake the tasks that wait, or the next one that will."""
        self._event.set()

    async def wait(self) -> None:
        """Return once `set` was called after the last `wait` that returned. May be cancelled at any time."""
        event = self._event
        await event.wait()
        if self._event is event:  # else another task that was woken with this one has reset it already
            self._event = trio.Event()
