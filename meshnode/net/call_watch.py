"""Gathers what speaks for a firewall: whether anybody called in, who answers no call, and which firewall is on here."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Collection, Iterator, Mapping

import trio

from meshnode.app.explain.reachability import CallAnswer, Firewall
from meshnode.net.address import Address
from meshnode.net.calls import answer_of, is_dropped_nearby
from meshnode.net.dial_outcome import DialOutcome
from protocol import PersonId

LOOK_SECONDS = 60.0  # between two looks at the firewall of this computer
UNANSWERED_SECONDS = 600.0  # for how long a call without an answer counts; calls are repeated more often than that

FindFirewall = Callable[[int], Firewall | None]


def no_firewall(port: int) -> Firewall | None:
    """Stand in for `meshnode.firewall.find_firewall` where the computer's own firewall is not to be looked at."""
    return None


class CallWatch:
    """Notes who calls in, and looks for the firewall of this computer until somebody has. `find` is called in a thread."""

    def __init__(self, find: FindFirewall) -> None:
        self.called_in: int | None = None
        """When somebody last called this node from another computer, in UNIX seconds."""
        self.firewall: Firewall | None = None
        """The firewall that is switched on here, as long as nobody has called in."""
        self._find = find

    def called(self, host: str, wall: int, *, own: bool) -> None:
        """Note a call from `host`; `own` says that it is an address of this computer."""
        if not own and not ipaddress.ip_address(host.partition("%")[0]).is_loopback:
            self.called_in, self.firewall = wall, None

    async def run(self, port: Callable[[], int]) -> None:
        """Look for the firewall of our `port` now and then, until somebody has called in or the task is cancelled."""
        while self.called_in is None:
            self._note(await trio.to_thread.run_sync(self._find, port(), abandon_on_cancel=True))
            await trio.sleep(LOOK_SECONDS)

    def _note(self, found: Firewall | None) -> None:
        self.firewall = found if self.called_in is None else None


def unanswered(
    latest: Mapping[PersonId, Mapping[Address, DialOutcome]],
    *,
    heard: Collection[PersonId],
    connected: Collection[PersonId],
    is_near: Callable[[str], bool],
) -> Iterator[PersonId]:
    """Yield the people on a network with us who have dropped all calls.

    `latest` has the end of the latest call to each address, `heard` the people who are announced here.
    """
    for person, outcomes in latest.items():
        dropped = any(
            is_dropped_nearby(outcome, address.host, near=is_near(address.host), heard=person in heard)
            for address, outcome in outcomes.items()
        )
        answered = any(answer_of(outcome) is CallAnswer.ANSWERED for outcome in outcomes.values())
        if dropped and not answered and person not in connected:
            yield person


def of_other_versions(
    latest: Mapping[PersonId, Mapping[Address, DialOutcome]], connected: Collection[PersonId]
) -> Iterator[PersonId]:
    """Yield the people whose node answers, but has no version of the protocol in common with this one."""
    for person, outcomes in latest.items():
        if person not in connected and DialOutcome.OTHER_VERSION in outcomes.values():
            yield person
