"""Holds what every handler of the API works with: the store's thread, the replica, the running network and the events."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Concatenate, ParamSpec, TypeVar

import trio

from meshnode.app.catalog.catalog import Catalog
from meshnode.app.discover.watches import Watcher
from meshnode.app.explain.status import NetworkStatus
from meshnode.app.following import following
from meshnode.app.page_access import PageAccess
from meshnode.app.phones.access import PhoneAccess
from meshnode.backup import BackupMaker
from meshnode.local.feed import Feed
from meshnode.local.following import Following
from meshnode.local.parcels import ParcelDesk
from meshnode.replica.replica import Replica, StoreRunner
from meshnode.slices import Steps, in_slices

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


@dataclass(slots=True)
class LocalContext:
    """One node as its API sees it. `serve` ends once `stop` is set, and raises `broken` if there is an error in it."""

    store_thread: StoreRunner
    replica: Replica
    network: NetworkStatus
    catalog: Catalog
    feed: Feed
    backups: BackupMaker | None = None
    """Makes backups of the home; None where there is none, as in memory."""
    broken: BaseException | None = None
    stop: trio.Event = field(default_factory=trio.Event)
    watcher: Watcher = field(init=False)
    page: PageAccess = field(init=False)
    phones: PhoneAccess = field(init=False)
    parcels: ParcelDesk = field(init=False)
    phone_page: Following = field(default_factory=Following)
    """Serves the page to phones as the settings say."""
    _followed: int = -1  # the version of the trust state that was followed last

    def __post_init__(self) -> None:
        self.watcher = Watcher(self.replica, self.catalog)
        self.page = PageAccess(self.replica)
        self.phones = PhoneAccess(self.replica)
        self.parcels = ParcelDesk(self.store_thread, self.replica)

    async def run(
        self,
        use_case: Callable[Concatenate[Replica, Arguments], Result],
        *arguments: Arguments.args,
        **named: Arguments.kwargs,
    ) -> Result:
        """Run a use case in the store's thread and return its result, or raise its error. A started one is completed.

        It is run when a change of trust has been followed, and one that takes the catalog when that has been filled, so
        that it is not held up by either.
        """
        await self._prepare(arguments)
        return await self.store_thread.run(lambda: use_case(self.replica, *arguments, **named))

    async def run_steps(
        self,
        use_case: Callable[Concatenate[Replica, Arguments], Steps[Result]],
        *arguments: Arguments.args,
        **named: Arguments.kwargs,
    ) -> Result:
        """Run a use case that takes long in slices, between which others have their turn in the store's thread."""
        await self._prepare(arguments)
        return await in_slices(self.store_thread, use_case(self.replica, *arguments, **named))

    async def _prepare(self, arguments: Iterable[object]) -> None:
        """Follow a change of trust first, and fill the catalog, if it is among the arguments and much is missing in it."""
        version = self.replica.trust_state.version
        if version != self._followed:
            await in_slices(self.store_thread, following(self.replica))
            self._followed = version
        if self.catalog.is_behind and any(argument is self.catalog for argument in arguments):
            await in_slices(self.store_thread, self.catalog.preparing())

    def fail(self, error: BaseException) -> None:
        """End the API because nothing can be stored any longer; `serve` raises `error` to the node."""
        self.broken = error
        self.stop.set()
