"""What the handlers of the API stand on: the desk, the replica behind it, and the running network."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

import trio

from meshnode.api.feed import Feed
from meshnode.app.catalog.catalog import Catalog
from meshnode.app.discover.watches import Watcher
from meshnode.app.explain.status import NetworkStatus
from meshnode.replica.replica import Replica

Given = ParamSpec("Given")
Result = TypeVar("Result")


class StoreRunner(Protocol):
    """The one thread on which everything that touches the store runs."""

    def run(self, function: Callable[..., Any], /, *arguments: Any) -> Awaitable[Any]:
        """Run `function(*arguments)` there and return what it returns."""


@dataclass(slots=True)
class ApiContext:
    """One node as its API sees it."""

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
        use_case: Callable[Concatenate[Replica, Given], Result],
        *arguments: Given.args,
        **named: Given.kwargs,
    ) -> Result:
        """Run a use-case on the desk."""
        found: Result = await self.store_thread.run(lambda: use_case(self.replica, *arguments, **named))
        return found

    def break_off(self, error: BaseException) -> None:
        """Nothing more can be stored: end the API, and let `serve` raise `error` to the node."""
        self.broken = error
        self.stop.set()
