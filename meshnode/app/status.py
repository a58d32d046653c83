"""How this node is doing, in words: who it is, whom it is connected to, what it holds, and what is wrong.

The network side hands in a snapshot of itself (`NetworkState`), so that this file knows no socket; `node` builds it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from protocol import DeviceId, PersonId


@dataclass(frozen=True, slots=True)
class Peer:
    """One session with somebody: `address` as people write it, `since` in UNIX seconds, `live` once caught up."""

    person: PersonId
    device: DeviceId
    address: str
    dialed: bool
    since: int
    live: bool


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to reach somebody: when (UNIX seconds), where, and in a few plain words how it ended."""

    when: int
    address: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong: a stable code for programs, and one line each on what it is and what to do about it."""

    code: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class NetworkState:
    """What the network side says about itself at one moment.

    `addresses` are where others can reach this node, best first, as a card carries them; `announcing` says whether
    it is announced by mDNS; `heard` names whose announcements were recognised lately.
    """

    ready: bool
    port: int | None = None
    addresses: tuple[tuple[str, int], ...] = ()
    announcing: bool = False
    peers: tuple[Peer, ...] = ()
    heard: frozenset[PersonId] = frozenset()
    problems: tuple[Problem, ...] = ()


class Network(Protocol):
    """The running network as the local API sees it; it is asked on the event loop, never from the desk's thread."""

    def state(self) -> NetworkState:
        """What there is to say now."""

    def attempts(self, person: PersonId) -> tuple[Attempt, ...]:
        """The latest tries to reach `person`, newest last."""

    def look_again(self) -> None:
        """Contacts or cards changed: announce, recognise and dial by what is true now."""
