"""Runs a node until a signal: its parts start in the order in which they need each other, and stop in reverse.

Listening comes first and announcing last: a node is ready when other nodes and its own commands can reach it.
"""

from __future__ import annotations

import logging
import secrets
import signal
import time
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import trio
from msgspec import Struct

from meshnode import background, web
from meshnode import log as logs
from meshnode.api import serve
from meshnode.app import rounds
from meshnode.app.exchanges import incoming
from meshnode.app.explain.problem import Problem
from meshnode.app.upkeep import SLICE_SOONEST_SECONDS, make_room
from meshnode.app.waiting import WaitingCount
from meshnode.backup import BackupMaker, DailyBackups
from meshnode.config import Config
from meshnode.firewall import find_firewall
from meshnode.home import Home
from meshnode.local import running
from meshnode.net.address import Address
from meshnode.net.discovery import MdnsMode
from meshnode.net.network import Network
from meshnode.net.network_options import NetworkOptions
from meshnode.net.scheduler import Scheduler
from meshnode.node import watchdog
from meshnode.node.failures import cause_of
from meshnode.node.memory import keep_memory_private
from meshnode.node.opening import UNNAMED, opened, private_files
from meshnode.notify import Notifier, Screen
from meshnode.photos.checking import PhotoChecker
from meshnode.replica.replica import Replica
from meshnode.service_manager import ServiceManager
from meshnode.store.store_thread import StoreThread
from protocol import PersonId

if TYPE_CHECKING:  # the web stack is imported while the rest of the node starts
    from meshnode.local.context import LocalContext

log = logging.getLogger(__name__)

CLOSE_SECONDS = 1.7  # for the last messages and requests; with closing the database, 2 s in all


class Ready(Struct, frozen=True):
    """Describes the node once it can be reached; `seconds` is how long that took."""

    home: Path
    person: PersonId
    name: str
    port: int
    addresses: tuple[tuple[str, int], ...]
    problems: tuple[Problem, ...]
    """Everything that keeps it from meeting others, as far as the network knows."""
    waiting: WaitingCount
    seconds: float


def run(
    config: Config,
    *,
    ready: Callable[[Ready], None],
    passphrase: str | None = None,
    screen: Screen | None = None,
    moved: bool = False,
) -> None:
    """Run the node until SIGINT, SIGTERM or SIGHUP, then stop it within 2 s and return.

    `ready` is called once it can be reached.
    `screen` is called, in a thread of its own, with a line for the owner about each thing that comes to wait for them.

    `passphrase` unlocks an encrypted home; where the identity key alone has one, the device certifies no others without it.
    `moved` says that this home is no copy though its files are: the former ones are gone. Drives everything: the network,
    the local API, upkeep and letters. Raises the errors of keyring, home and store if the node cannot start (NotFound,
    Forbidden, Refused, Failed), and StorageFailed if nothing more can be stored. Errors of other nodes never end it.
    """
    started = time.monotonic()
    logs.set_up(config.log_level)
    keep_memory_private()
    manager = ServiceManager()
    config.home.check()
    with private_files(), config.home.lock():
        again = True
        while again:
            with opened(config.home, passphrase, moved=moved, receipts=config.receipts) as replica:
                try:
                    again = trio.run(_main, config, replica, manager, ready, screen, started)
                except BaseExceptionGroup as group:
                    raise cause_of(group) from group
            ready, moved, started = _ready_again, False, time.monotonic()


def _ready_again(_: Ready) -> None:
    """Say nothing more: the user knows that the node runs, and it has only taken a new device key."""


async def _main(
    config: Config,
    replica: Replica,
    manager: ServiceManager,
    ready: Callable[[Ready], None],
    screen: Screen | None,
    started: float,
) -> bool:
    """Run all parts until a signal; return whether to begin again, since a new device key is due."""
    store_thread = StoreThread(replica.changes.held)
    peers = tuple(Address(host, port) for host, port in config.peers)
    options = NetworkOptions(config.port, config.interfaces, MdnsMode(config.mdns), peers, config.sessions)
    network = Network(replica, store_thread, options, jitter=secrets.SystemRandom().random, find_firewall=find_firewall)
    notifier = Notifier(replica, store_thread, config.notify_command, screen)
    network.problem_sources.append(notifier.problems)
    token, stop = trio.lowlevel.current_trio_token(), trio.Event()
    renew, signaled = trio.Event(), trio.Event()
    backups = BackupMaker(config.home, config.backups, replica, store_thread)
    guard = replica.guard
    scheduler = Scheduler(
        partial(store_thread.run, rounds.run_upkeep, replica, partial(token.run_sync_soon, renew.set))
    )
    letter_scheduler = Scheduler(partial(store_thread.run, incoming.follow_letters, replica), incoming.SOONEST_SECONDS)

    room_scheduler = Scheduler(partial(store_thread.run, make_room, replica), SLICE_SOONEST_SECONDS)

    def wake() -> None:
        scheduler.changed()
        letter_scheduler.changed()
        room_scheduler.changed()

    replica.changes.subscribe(lambda _: token.run_sync_soon(wake, idempotent=True))
    looker = Scheduler(partial(store_thread.run, rounds.look_at_the_clock, replica), incoming.SOONEST_SECONDS)

    def date_changed() -> None:
        looker.changed()
        scheduler.changed()

    replica.clock.subscribe(lambda _: token.run_sync_soon(date_changed, idempotent=True))

    async def stop_for_new_key() -> None:
        await renew.wait()
        stop.set()

    async def stop_for_signal(signals: AsyncIterator[int]) -> None:
        async for number in signals:
            log.info("stopping", extra={"signal": signal.Signals(number).name})
            if number == signal.SIGHUP:
                log.warning("the terminal was closed; 'meshnode service install' keeps the node running without one")
            manager.stopping()
            signaled.set()
            stop.set()

    with trio.open_signal_receiver(*_stopping_signals()) as signals:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(stop_for_new_key)
            nursery.start_soon(stop_for_signal, signals)
            await nursery.start(network.run)
            context = await nursery.start(running.run, store_thread, replica, network, backups)
            await nursery.start(serve, context, config.home.socket)
            if config.page:
                await nursery.start(web.serve, context)
                await nursery.start(web.serve_phones, context)
            waiting = await store_thread.run(rounds.count_waiting, replica)
            _report_ready(config.home, replica, network, ready, waiting, started)
            manager.ready(f"listening on port {network.port}")
            network.start_discovery()
            for work, task in (
                ("telling the service manager", partial(watchdog.run, manager, store_thread)),
                ("upkeep", scheduler.run),
                ("opening letters", letter_scheduler.run),
                ("making room", room_scheduler.run),
                ("looking at the clock", looker.run),
                ("notifying you", notifier.run),
                ("making daily backups", DailyBackups(backups).run),
                ("looking at photos that came", PhotoChecker(replica, store_thread).run),
            ):
                nursery.start_soon(background.run, guard, work, task)
            _start_carrying(nursery, config, context, store_thread)
            await stop.wait()
            with trio.move_on_after(CLOSE_SECONDS):
                await background.once(guard, "saying goodbye", network.close)
            nursery.cancel_scope.cancel()
    return renew.is_set() and not signaled.is_set()


def _start_carrying(nursery: trio.Nursery, config: Config, context: LocalContext, store_thread: StoreThread) -> None:
    """Look after the folder of parcels, if there is one in the settings. Few nodes have one, so its code is loaded here."""
    if config.carry_watch:
        from meshnode.node.carrier import Carrier, CarrySettings

        settings = CarrySettings(Path(config.carry_watch).expanduser(), config.carry_write)
        carrier = Carrier(context.parcels, context.replica, store_thread, settings)
        nursery.start_soon(background.run, context.replica.guard, "carrying parcels", carrier.run)


def _stopping_signals() -> tuple[signal.Signals, ...]:
    """Return the signals that stop the node. SIGHUP, a closed terminal, is one unless the starter ignores it (nohup)."""
    ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return (signal.SIGINT, signal.SIGTERM) if ignored else (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _report_ready(
    home: Home,
    replica: Replica,
    network: Network,
    ready: Callable[[Ready], None],
    waiting: WaitingCount,
    started: float,
) -> None:
    profile = replica.trust_state.profile(replica.me)
    state = network.state()
    seconds = round(time.monotonic() - started, 3)
    log.info("ready", extra={"port": network.port, "seconds": seconds})
    name = profile.name if profile is not None else UNNAMED
    ready(Ready(home.path, replica.me, name, network.port, state.addresses, state.problems, waiting, seconds))
