"""Opens TCP connections, and says why one cannot be opened: dropped, refused, no computer there, or no way there.

What a failure means follows from the error and from how long it took: the kernel searches some seconds for a computer
on the own network before it reports that none is there, while a firewall or router that says no does so at once.
"""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable, Iterable, Sequence

import trio

from meshnode.app.explain.reachability import CallAnswer
from meshnode.app.explain.status import ConnectionAttempt
from meshnode.net.address import Address
from meshnode.net.dial_outcome import DialOutcome
from meshnode.net.races import NEXT_SECONDS

log = logging.getLogger(__name__)

CONNECT_SECONDS = 5.0  # longer than the kernel searches for a computer on the own network
SEARCHED_SECONDS = 0.9  # less than one round of that search

_OUTCOMES: dict[int, DialOutcome] = {
    errno.ECONNREFUSED: DialOutcome.CLOSED,
    errno.ECONNRESET: DialOutcome.CLOSED,
    errno.ETIMEDOUT: DialOutcome.DROPPED,
    errno.ENETUNREACH: DialOutcome.NO_WAY,
    errno.ENETDOWN: DialOutcome.NO_WAY,
    errno.EADDRNOTAVAIL: DialOutcome.NO_WAY,
    errno.EPERM: DialOutcome.PROHIBITED,
    errno.EACCES: DialOutcome.PROHIBITED,
}
_ANSWERS: dict[DialOutcome, CallAnswer] = {
    DialOutcome.DROPPED: CallAnswer.DROPPED,
    DialOutcome.PROHIBITED: CallAnswer.PROHIBITED,
    DialOutcome.CLOSED: CallAnswer.CLOSED,
    DialOutcome.SILENT: CallAnswer.SILENT,
    DialOutcome.NO_WAY: CallAnswer.NO_WAY,
    DialOutcome.UNREACHABLE: CallAnswer.OTHER,
    DialOutcome.NO_KEY: CallAnswer.OTHER,
    DialOutcome.OVERTAKEN: CallAnswer.OTHER,
    DialOutcome.NOT_YET: CallAnswer.OTHER,
}


async def call_first(hosts: Sequence[str], port: int) -> trio.SocketStream | DialOutcome:
    """Call several hosts, each a little after the one before, and return the first connection; the others are closed.

    Returns the outcome of the first host that nobody answered where there is none.
    """
    outcomes: dict[int, DialOutcome] = {}
    opened: list[trio.SocketStream] = []
    winner: trio.SocketStream | None = None

    async def one(number: int, host: str, others: trio.CancelScope) -> None:
        await trio.sleep(number * NEXT_SECONDS)
        result = await call(host, port)
        if isinstance(result, DialOutcome):
            outcomes[number] = result
        else:
            opened.append(result)
            others.cancel()

    try:
        async with trio.open_nursery() as nursery:
            for number, host in enumerate(hosts):
                nursery.start_soon(one, number, host, nursery.cancel_scope)
        winner = opened[0] if opened else None
    finally:
        for stream in opened:
            if stream is not winner:
                stream.socket.close()
    return winner or outcomes.get(min(outcomes, default=0), DialOutcome.NO_WAY)


async def call(host: str, port: int, seconds: float = CONNECT_SECONDS) -> trio.SocketStream | DialOutcome:
    """Return a connection to this address, or why there is none. Takes this many seconds at most."""
    begun = trio.current_time()
    try:
        with trio.fail_after(seconds):
            return await trio.open_tcp_stream(host, port)
    except trio.TooSlowError:
        return DialOutcome.DROPPED
    except UnicodeError:  # a name that DNS cannot carry
        return DialOutcome.UNREACHABLE
    except OSError as error:
        log.debug("dialing %s port %d: %s", host, port, error)
        return outcome_of(error, trio.current_time() - begun)


def outcome_of(error: BaseException, seconds: float) -> DialOutcome:
    """Return what it means that a connection failed with this error after so many seconds."""
    number = _number(error)
    if number in (errno.EHOSTUNREACH, errno.EHOSTDOWN):
        return DialOutcome.SILENT if seconds >= SEARCHED_SECONDS else DialOutcome.PROHIBITED
    return _OUTCOMES.get(number or 0, DialOutcome.UNREACHABLE)


def answer_of(outcome: DialOutcome) -> CallAnswer:
    """Return what the network below the node did; whatever came after a connection was opened is an answer."""
    return _ANSWERS.get(outcome, CallAnswer.ANSWERED)


def is_dropped_nearby(outcome: DialOutcome, host: str, *, near: bool, heard: bool) -> bool:
    """Whether a computer that is on our network has dropped this call.

    A call by IPv6 also gets no answer where no computer is there: only for IPv4 does the kernel say so. Then it counts if
    the node at the other end is `heard`.
    """
    return outcome in (DialOutcome.DROPPED, DialOutcome.PROHIBITED) and (heard or (near and ":" not in host))


def answer_from(outcome: DialOutcome, host: str, *, near: bool, heard: bool) -> CallAnswer:
    """Return the same as `answer_of`, with regard to the address: see `is_dropped_nearby`."""
    answer = answer_of(outcome)
    if answer is CallAnswer.DROPPED and near and not is_dropped_nearby(outcome, host, near=near, heard=heard):
        return CallAnswer.SILENT
    return answer


def explained(
    tried: Iterable[tuple[float, Address, DialOutcome]], to_wall: float, *, is_near: Callable[[str], bool], heard: bool
) -> tuple[ConnectionAttempt, ...]:
    """Return these attempts as the local API shows them; `to_wall` turns monotonic seconds into UNIX seconds."""
    return tuple(
        ConnectionAttempt(
            int(at + to_wall),
            str(address),
            outcome.value,
            answer_from(outcome, address.host, near=is_near(address.host), heard=heard),
            is_near(address.host),
        )
        for at, address, outcome in tried
    )


def _number(error: BaseException | None) -> int | None:
    """Return the number of the error that trio has wrapped, the first one where it has tried several addresses."""
    while error is not None:
        if isinstance(error, OSError) and error.errno is not None:
            return error.errno
        error = error.exceptions[0] if isinstance(error, BaseExceptionGroup) else error.__cause__
    return None
