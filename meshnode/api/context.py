"""Holds what every handler of the API works with: the store's thread, the replica, the running network and the events."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Concatenate, ParamSpec, TypeVar

import trio

from meshnode.api.feed import Feed
from meshnode.app.catalog.catalog import Catalog
from meshnode.app.discover.watches import Watcher
from meshnode.app.explain.status import NetworkStatus
from meshnode.replica.replica import Replica, StoreRunner

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


@dataclass(slots=True)
class ApiContext:
    """One node as its API sees it. `serve` ends once `stop` is set, and raises `broken` if there is an error in it."""

    store_thread: StoreRunner
    replica: Replica
    network: NetworkStatus
    catalog: Catalog
    feed: Feed
    broken: BaseException | None = None
    stop: trio.Event = field(default_factory=trio.Event)
    watcher: Watcher = field(init=False)

    def __post_init__(self) -> None:
        self.watcher = Watcher(self.replica, self.catalog)

    async def run(
        self,
        use_case: Callable[Concatenate[Replica, Arguments], Result],
        *arguments: Arguments.args,
        **named: Arguments.kwargs,
    ) -> Result:
        """Run a use case in the store's thread and return its result, or raise its error. A started one is completed."""
        return await self.store_thread.run(lambda: use_case(self.replica, *arguments, **named))

    def fail(self, error: BaseException) -> None:
        """End the API because nothing can be stored any longer; `serve` raises `error` to the node."""
        self.broken = error
        self.stop.set()
