"""Makes a home a node of a person who has one already: searches for their other device, which admits this one."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

import trio

from meshnode.app.devices import copies
from meshnode.app.devices.joining import start_as_device
from meshnode.app.meetings.typed import TypedMeeting, check_met
from meshnode.clock import Clock
from meshnode.encryption import encrypt_new, unlocked
from meshnode.errors import Failed, MeshnodeError, Refused
from meshnode.home import Home
from meshnode.keyring import Keyring
from meshnode.net.enrolment_client import EnrolmentClient, EnrolmentOptions, EnrolmentResult
from meshnode.net.meeting_client import search_for_words
from meshnode.node.failures import cause_of
from meshnode.node.opening import look_for_copy, open_replica, open_store, private_files
from meshnode.node.rekeying import change_passphrase
from meshnode.node.restoring import former_device
from meshnode.sealing import check_passphrase
from protocol import Code, PersonId, Record, limits
from protocol.tokens import DeviceCode, WordCode

Result = TypeVar("Result")


def join(
    home: Home,
    code: DeviceCode,
    *,
    passphrase: str | None = None,
    seconds: float,
    interfaces: tuple[str, ...] = (),
    mdns: bool = True,
    progress: Callable[[str], None],
) -> PersonId:
    """Make `home` a node of the person whose other device shows `code`, ready to run.

    Looks for that device for `seconds`, on these interfaces (none: on all); `progress` is called with lines for the person
    who waits. With a `passphrase` the home is encrypted. Returns the person. Raises Refused, changing nothing, if the home has a node already or the other device
    does not admit this one, and Failed if it was not reached. May be interrupted at any moment and done again.
    """
    if home.has_node and not home.encryption.exists() and Keyring.open(home).device.dh_public == code.dh_public:
        raise Refused("this code was made by this node", "use it on the computer that will become a device")
    reading = Clock().reading()
    if reading.trusted and code.expires <= reading.now:
        raise Refused(
            "this code has expired, according to this computer's clock",
            "if its date is right, make a new code with 'meshnode device add' on the other computer",
        )
    if passphrase is not None:
        check_passphrase(passphrase)  # before the code is used, which works once
    options = EnrolmentOptions(seconds, interfaces, mdns)
    with private_files():
        former = former_device(home, code.person)
        home.make(restored=True)
        with home.lock():
            home = _begun(home, passphrase if former is None else None)
            keys = Keyring.prepare_device(home, entropy=secrets.token_bytes)
            result = _run(EnrolmentClient(code, keys, options, secrets.token_bytes, progress).run)
            if result.grant is None or result.address is None:
                raise _join_error(result)
            _check_date(result.grant.records[0])
            keyring = Keyring.join(
                home, code.person, keys, [record.wire for record in result.grant.records], entropy=secrets.token_bytes
            )
            with open_store(home) as store:
                if former is not None:
                    copies.note_new_key(store, former, keys.device_id)
                replica = open_replica(store, keyring)
                start_as_device(replica, result.grant, result.address)
                look_for_copy(home, store, keyring, moved=former is not None)  # what was restored has new keys already
                replica.clock.remember()
            home.restored.unlink(missing_ok=True)
    if former is not None and passphrase is not None:
        change_passphrase(home, None, passphrase)  # what was restored lies there in the clear
    return code.person


def _begun(home: Home, passphrase: str | None) -> Home:
    """Return a home without a node as the keys of a device are to be written to it, encrypted if there is a passphrase.

    Keys of an attempt that was interrupted are used again if they are so already: a code works once.
    """
    if passphrase is None:
        home.forget_attempt()
        return home
    with suppress(MeshnodeError):  # it had another passphrase, or is damaged
        again = unlocked(home, passphrase)
        if again.key is not None:
            home.coming_back.unlink(missing_ok=True)
            return again
    home.forget_attempt()
    home.device_key.unlink(missing_ok=True)  # of an attempt without a passphrase
    return encrypt_new(home, passphrase, entropy=secrets.token_bytes)


def ask_for_code(words: WordCode, interfaces: tuple[str, ...] = ()) -> str:
    """Return the device code for which these words stand, as text, from the machine on this network that shows them.

    Raises Refused or Failed, with the reason, if it is not found or does not believe this machine: there is one try.
    """
    return _run(partial(_ask_for_code, words, interfaces))


async def _ask_for_code(words: WordCode, interfaces: tuple[str, ...]) -> str:
    found = await search_for_words(
        partial(TypedMeeting, words, secrets.token_bytes, None), words.number, interfaces, secrets.token_bytes
    )
    check_met(found)
    return found.device_code


def _run(work: Callable[[], Awaitable[Result]]) -> Result:
    try:
        return trio.run(work)
    except BaseExceptionGroup as group:
        if group.subgroup(KeyboardInterrupt) is not None:
            raise KeyboardInterrupt from group
        raise cause_of(group) from group


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
