"""Builds a node from its parts: creates it, joins it to a person, and runs it as a daemon.

The parts start in the order in which they need each other and stop in reverse. Listening comes first and announcing
last: a node is ready when other nodes and its own commands can reach it.
"""

from __future__ import annotations

import logging
import os
import secrets
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import trio

from meshnode import background, web
from meshnode import log as logs
from meshnode.api import serve
from meshnode.app import misdated, rounds
from meshnode.app.devices import copies
from meshnode.app.devices.joining import start_as_device
from meshnode.app.exchanges import incoming
from meshnode.app.explain.problem import Problem
from meshnode.app.owner.certificates import certify_own_device, write_first_records
from meshnode.app.owner.places import Coordinates
from meshnode.app.peers.contacts import salvaged
from meshnode.app.upkeep import SLICE_SOONEST_SECONDS, make_room
from meshnode.app.waiting import WaitingCount
from meshnode.clock import Clock, ClockMemory
from meshnode.config import Config
from meshnode.errors import Failed, Forbidden, MeshnodeError, Refused, StorageFailed, of_system
from meshnode.firewall import find_firewall
from meshnode.home import Home
from meshnode.keyring import Keyring
from meshnode.local import running
from meshnode.net.address import Address
from meshnode.net.discovery import MdnsMode
from meshnode.net.enrolment_client import EnrolmentClient, EnrolmentOptions, EnrolmentResult
from meshnode.net.network import Network
from meshnode.net.network_options import NetworkOptions
from meshnode.net.scheduler import Scheduler
from meshnode.notify import Notifier, Screen
from meshnode.photos.checking import PhotoChecker
from meshnode.replica.ingest import Verifier, verify_one_by_one
from meshnode.replica.replica import Replica
from meshnode.replica.revocation import is_self_revoked
from meshnode.replica.verify import SharedVerifier
from meshnode.store import Store
from meshnode.store.file_mark import mark_of
from meshnode.store.store_thread import StoreThread
from protocol import UNSET_PREFERENCE, Code, Kind, PersonId, Preference, Record, device_slot, limits
from protocol.tokens import DeviceCode

log = logging.getLogger(__name__)

CLOCK = "clock"  # the name of what the clock remembers, in the store's small values
HOME_MARK = "home_mark"  # likewise, of the mark of the file that holds the store
CLOSE_SECONDS = 1.7  # for the last messages and requests; with closing the database, 2 s in all
PRIVATE_UMASK = 0o077  # for all files made here, also those that SQLite makes beside the database
UNNAMED = "Unnamed"  # a person whose store was lost before anybody else knew their name


@dataclass(frozen=True, slots=True)
class Ready:
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


def create_node(
    home: Home,
    *,
    name: str,
    place: tuple[float, float] | None,
    preference: Preference,
    passphrase: str | None = None,
) -> PersonId:
    """Create a new person and their first node in `home`, ready to run. Refused, changing nothing, if it has a node.

    `place` is latitude and longitude in degrees; it stays in `home`, and only an area around it is published. `passphrase`
    encrypts the identity key.
    """
    with _private_files():
        keyring = Keyring.create(home, passphrase, entropy=secrets.token_bytes)
        _create_store(home, keyring, name, None if place is None else Coordinates(*place), preference)
    return keyring.person


def _create_store(home: Home, keyring: Keyring, name: str, place: Coordinates | None, preference: Preference) -> None:
    with home.lock(), Store.open(home.store) as store:
        replica = _replica(store, keyring)
        write_first_records(replica, name=name, place=place, preference=preference)
        _look_for_copy(home, store, keyring, moved=False)
        replica.clock.remember()


def join(
    home: Home,
    code: DeviceCode,
    *,
    seconds: float,
    interfaces: tuple[str, ...] = (),
    mdns: bool = True,
    progress: Callable[[str], None],
) -> PersonId:
    """Make `home` a node of the person whose other device shows `code`, ready to run.

    Looks for that device for `seconds`, on these interfaces (none: on all); `progress` is called with lines for the person
    who waits. Returns the person. Raises Refused, changing nothing, if the home has a node already or the other device
    does not admit this one, and Failed if it was not reached. May be interrupted at any moment and done again.
    """
    if home.has_node and Keyring.open(home).device.dh_public == code.dh_public:
        raise Refused("this code was made by this node", "use it on the computer that will become a device")
    reading = Clock().reading()
    if reading.trusted and code.expires <= reading.now:
        raise Refused(
            "this code has expired, according to this computer's clock",
            "if its date is right, make a new code with 'meshnode device add' on the other computer",
        )
    options = EnrolmentOptions(seconds, interfaces, mdns)
    with _private_files():
        keys = Keyring.prepare_device(home, entropy=secrets.token_bytes)
        with home.lock():
            result = _search(EnrolmentClient(code, keys, options, secrets.token_bytes, progress))
            if result.grant is None or result.address is None:
                raise _join_error(result)
            _check_date(result.grant.records[0])
            keyring = Keyring.join(home, code.person, keys, [record.wire for record in result.grant.records])
            with Store.open(home.store) as store:
                replica = _replica(store, keyring)
                start_as_device(replica, result.grant, result.address)
                _look_for_copy(home, store, keyring, moved=False)
                replica.clock.remember()
    return code.person


def _search(client: EnrolmentClient) -> EnrolmentResult:
    try:
        return trio.run(client.run)
    except BaseExceptionGroup as group:
        if group.subgroup(KeyboardInterrupt) is not None:
            raise KeyboardInterrupt from group
        raise _cause(group) from group


def _join_error(result: EnrolmentResult) -> MeshnodeError:
    """Return the error that says why this machine was not admitted."""
    again = "make a new code with 'meshnode device add' on the other computer"
    match result.refused:
        case Code.CARD_USED:
            return Refused("this code was used by another computer", again)
        case Code.EXPIRED:
            return Refused("this code has expired", again)
        case Code.BUSY:
            return Refused(
                "you have the most devices that one person can have", "remove one with 'meshnode device revoke'"
            )
        case Code():
            return Refused(
                "the other computer did not certify this one",
                "{again}, and confirm the words; if its identity key has a passphrase, start its node with that first",
                again=again,
            )
    if result.silent:
        return Refused("the other computer does not know this code: it has expired, or a newer one was made", again)
    return Failed(
        "the other computer was not reached", "check that its node runs and both are on one network, then do it again"
    )


def _check_date(certificate: Record) -> None:
    """Raise Failed if the two dates differ by a day: records from the other machine would be refused here."""
    reading = Clock().reading()
    if reading.trusted and abs(certificate.header.created - reading.now) > limits.CLOCK_SKEW:
        raise Failed("this computer's date differs from the other computer's", "set it, then do this again")


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

    `passphrase` decrypts the identity key, without which this device certifies no others. `moved` says that this home is
    no copy though its files are: the former ones are gone. Drives everything: the network,
    the local API, upkeep and letters. Raises the errors of keyring, home and store if the node cannot start (NotFound,
    Forbidden, Refused, Failed), and StorageFailed if nothing more can be stored. Errors of other nodes never end it.
    """
    started = time.monotonic()
    logs.set_up(config.log_level)
    config.home.check()
    with _private_files(), config.home.lock():
        again = True
        while again:
            with _opened(config.home, passphrase, moved=moved, receipts=config.receipts) as replica:
                try:
                    again = trio.run(_main, config, replica, ready, screen, started)
                except BaseExceptionGroup as group:
                    raise _cause(group) from group
            ready, moved, started = _ready_again, False, time.monotonic()


def is_locked(home: Home) -> bool:
    """Whether the identity key in `home` is encrypted, so that it needs its passphrase. Errors as Keyring.open."""
    return Keyring.open(home).locked


def answer_apart(
    home: Home, method: str, path: str, query: str, body: bytes | None, *, passphrase: str | None = None
) -> tuple[int, bytes]:
    """Answer one request of the local API for a node that does not run: status and JSON.

    Nothing else is done with what is in the store: no upkeep, and no first records. Raises Refused if a node runs in
    `home`, and the errors of keyring, home and store as `run`.
    """
    from meshnode.api import direct  # it takes a tenth of a second, which a start must not take twice

    logs.set_up("critical")  # what fails beside the request is for the doctor to show
    home.check()
    with _private_files(), home.lock(), _opened(home, passphrase, moved=False, begin=False) as replica:
        try:
            return trio.run(direct.answer, StoreThread(replica.changes.held), replica, method, path, query, body)
        except BaseExceptionGroup as group:
            raise _cause(group) from group


def _ready_again(_: Ready) -> None:
    """Say nothing more: the user knows that the node runs, and it has only taken a new device key."""


@contextmanager
def _private_files() -> Iterator[None]:
    """Make all files that are created meanwhile, by SQLite too, readable to the owner alone."""
    before = os.umask(PRIVATE_UMASK)
    try:
        yield
    finally:
        os.umask(before)


@contextmanager
def _opened(
    home: Home, passphrase: str | None, *, moved: bool, receipts: bool = True, begin: bool = True
) -> Iterator[Replica]:
    """Open the keys and the store in `home`; with `begin`, write first records that are missing."""
    keyring = Keyring.open(home, passphrase)
    verifier = SharedVerifier(os.cpu_count() or 1)
    try:
        with Store.open(home.store) as store:
            _look_for_copy(home, store, keyring, moved=moved)
            if store.fresh_after_damage:
                # The versions that the old key signed are no longer known: signing with it could fork this person.
                if keyring.elsewhere:
                    raise Forbidden(
                        store.problems[0].message,
                        "to use this computer again, make it a new device: 'meshnode device join' in a new home",
                    )
                if keyring.locked:
                    raise Forbidden(store.problems[0].message, store.problems[0].hint)
                _take_new_key(store, keyring)
                store.device_renewed()
                log.warning("the store was lost; this device has taken a new key")
            replica = _replica(store, keyring, verifier, receipts=receipts)
            if copies.new_key_due(replica) and copies.may_take_new_key(replica):
                _take_new_key(store, keyring)
                log.warning("this device was copied; it has taken a new key")
                replica = _replica(store, keyring, verifier, receipts=receipts)
            if begin:
                _begin(replica, keyring.admission)
                misdated.follow(replica)
            yield replica
            replica.clock.remember()
    finally:
        verifier.close()


def _take_new_key(store: Store, keyring: Keyring) -> None:
    former = keyring.device.device_id
    keyring.new_device(entropy=secrets.token_bytes)
    copies.note_new_key(store, former, keyring.device.device_id)


def _look_for_copy(home: Home, store: Store, keyring: Keyring, *, moved: bool) -> None:
    """Note whether the files of this home are copies. Raises Forbidden where nothing can be signed safely then."""
    mark, former = mark_of(home.store), store.meta.get(HOME_MARK)
    if mark is not None and mark != former:
        store.meta.set(HOME_MARK, mark)
        if former is not None:
            copies.note_copied_home(store)
    if moved:
        copies.keep_key(store)
    elif copies.is_copied_home(store) and keyring.identity is None:
        raise Forbidden(
            "the node in {path} is a copy, and two nodes must not write with one key",
            "if the former one is gone, go on with: meshnode run --moved. Else make this computer a new device:"
            " 'meshnode device join' in a new home"
            if keyring.elsewhere
            else "if the former one is gone, go on with: meshnode run --moved. Else let this one take a new key:"
            " meshnode run --unlock",
            path=home.path,
        )


def _replica(
    store: Store, keyring: Keyring, verifier: Verifier = verify_one_by_one, *, receipts: bool = True
) -> Replica:
    return Replica.open(
        store,
        keyring.person,
        keyring.device,
        _clock(store),
        secrets.token_bytes,
        identity=keyring.identity,
        elsewhere=keyring.elsewhere,
        receipts=receipts,
        former_letter_keys=keyring.former_letter_keys(),
        verifier=verifier,
    )


def _clock(store: Store) -> Clock:
    memory = ClockMemory.from_text(store.meta.get(CLOCK))
    return Clock(memory, lambda memory: store.meta.set(CLOCK, memory.to_text()))


def _begin(replica: Replica, admission: tuple[bytes, ...] | None) -> None:
    """Write the first records if they are missing. Raises an error with a message for the owner; no other keeps a node down."""
    try:
        _write_missing_records(replica, admission)
    except MeshnodeError:
        raise
    except Exception as error:  # noqa: BLE001 - the owner must be able to revoke, block and export whatever is in the store
        replica.guard.note("writing your first records", error)


def _write_missing_records(replica: Replica, admission: tuple[bytes, ...] | None) -> None:
    """Write this device's first records if an `init` or `device join` was interrupted, or the store was lost."""
    if is_self_revoked(replica):
        return
    if admission is not None:
        if replica.trust_state.certificate(replica.me, replica.device) is None:
            replica.ingest.receive([Record.parse(wire) for wire in admission])
        return
    certificate = replica.store.records.current((replica.me, Kind.DEVICE, device_slot(replica.device)))
    profile = replica.trust_state.profile(replica.me)
    if certificate is not None and profile is not None:
        return
    if replica.identity is None:
        raise Forbidden("your identity key is locked", "give its passphrase: only it can certify this device")
    if certificate is None:
        certify_own_device(replica)
    if profile is None and not salvaged(replica):
        # If contacts still have the true profile, a new one could win over it.
        policy = replica.trust_state.policy(replica.me)  # what it says of sharing stays, if only the profile is missing
        preference = UNSET_PREFERENCE if policy is None else policy.preference
        write_first_records(replica, name=UNNAMED, place=None, preference=preference)


async def _main(
    config: Config, replica: Replica, ready: Callable[[Ready], None], screen: Screen | None, started: float
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
            signaled.set()
            stop.set()

    with trio.open_signal_receiver(*_stopping_signals()) as signals:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(stop_for_new_key)
            nursery.start_soon(stop_for_signal, signals)
            await nursery.start(network.run)
            context = await nursery.start(running.run, store_thread, replica, network)
            await nursery.start(serve, context, config.home.socket)
            if config.page:
                await nursery.start(web.serve, context)
                await nursery.start(web.serve_phones, context)
            waiting = await store_thread.run(rounds.count_waiting, replica)
            _report_ready(config.home, replica, network, ready, waiting, started)
            network.start_discovery()
            nursery.start_soon(background.run, guard, "upkeep", scheduler.run)
            nursery.start_soon(background.run, guard, "opening letters", letter_scheduler.run)
            nursery.start_soon(background.run, guard, "making room", room_scheduler.run)
            nursery.start_soon(background.run, guard, "looking at the clock", looker.run)
            nursery.start_soon(background.run, guard, "notifying you", notifier.run)
            nursery.start_soon(
                background.run, guard, "looking at photos that came", PhotoChecker(replica, store_thread).run
            )
            await stop.wait()
            with trio.move_on_after(CLOSE_SECONDS):
                await background.once(guard, "saying goodbye", network.close)
            nursery.cancel_scope.cancel()
    return renew.is_set() and not signaled.is_set()


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


def _cause(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return our error out of the groups that nurseries wrap around it; for any other, log it and return Failed.

    A failed disk goes first: it makes other things fail too, such as removing the socket of the local API.
    """
    errors = list(_leaves(group))
    ours = [error for error in errors if isinstance(error, MeshnodeError)]
    for kind in (StorageFailed, MeshnodeError):
        for error in ours:
            if isinstance(error, kind):
                return error
    log.critical("the node stopped after an error", exc_info=group)
    if isinstance(errors[0], OSError):
        return of_system(errors[0])
    return Failed("the node stopped after an error ({kind})", "its log shows more", kind=type(errors[0]).__name__)


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """Yield the errors in a group, each followed by the error during whose handling it came up."""
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from _leaves(one)
    else:
        yield error
    if error.__context__ is not None and not error.__suppress_context__:
        yield from _leaves(error.__context__)
