"""How this node is doing, in words: who it is, whom it is connected to, what it holds, and what is wrong.

The network side hands in a snapshot of itself (`NetworkState`), so that this file knows no socket; `node` builds it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from meshnode.app.devices.device_list import name_of as name_of_device
from meshnode.app.devices.enrolment import FORMER_DEVICE
from meshnode.app.listings import expiry
from meshnode.app.listings.view import body_of
from meshnode.app.naming import PersonRef, name_of, pending_cards, reference
from meshnode.app.peers.sync import Synced
from meshnode.app.people import spent_cards
from meshnode.app.people.cards import written
from meshnode.app.upkeep import certificate_ends
from meshnode.replica.replica import Replica
from meshnode.replica.revocation import is_self_revoked
from protocol import DeviceId, PersonId, device_text, limits

ENDING_NAMED = 3  # listings whose end is near, by title; the rest by number


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
class ConnectionAttempt:
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
    it is announced by mDNS; `heard` names whose announcements were recognized lately.
    """

    ready: bool
    port: int | None = None
    addresses: tuple[tuple[str, int], ...] = ()
    announcing: bool = False
    peers: tuple[Peer, ...] = ()
    heard: frozenset[PersonId] = frozenset()
    problems: tuple[Problem, ...] = ()


class NetworkStatus(Protocol):
    """The running network as the local API sees it; it is asked on the event loop, never from the desk's thread."""

    def state(self) -> NetworkState:
        """What there is to say now."""

    def attempts(self, person: PersonId) -> tuple[ConnectionAttempt, ...]:
        """The latest tries to reach `person`, newest last."""

    async def sync(self) -> tuple[Sequence[Synced], Collection[PersonId]]:
        """Look for everybody and compare with all, for a while; what came of it, and who was not met."""

    def look_again(self) -> None:
        """Contacts or cards changed: announce, recognize and dial by what is true now."""


@dataclass(frozen=True, slots=True)
class PeerView:
    """A session: whose, where, whether this node called, since when (UNIX seconds), and whether it is caught up.

    `device` is the name of another device of yours, empty for other people's.
    """

    id: str
    name: str
    device: str
    address: str
    dialed: bool
    since: int
    live: bool


@dataclass(frozen=True, slots=True)
class PeersView:
    """The sessions of this moment, the oldest first."""

    peers: tuple[PeerView, ...]


@dataclass(frozen=True, slots=True)
class StatusView:
    """How the node is doing.

    `records` counts what it holds, own and others'; `pending` the cards added here whose givers were not met yet;
    `alerts` the listings that came into view, that a watch of yours looks out for and that were not shown as news yet;
    `addresses` say where others can reach it; `announcing` whether it is announced on the local network; `devices` names
    your other devices.
    """

    person: PersonRef
    ready: bool
    peers: tuple[PeerView, ...]
    records: int
    pending: int
    alerts: int
    problems: tuple[Problem, ...]
    addresses: tuple[str, ...]
    announcing: bool
    devices: tuple[str, ...]


def status(replica: Replica, network: NetworkState) -> StatusView:
    """How the node is doing now."""
    return StatusView(
        person=reference(replica, replica.me),
        ready=network.ready,
        peers=peers(replica, network).peers,
        records=replica.store.records.count(),
        pending=len(waiting(replica)),
        alerts=replica.store.discover.count_alerts(replica.clock.now()),
        problems=problems(replica, network),
        addresses=tuple(written(host, port) for host, port in network.addresses),
        announcing=network.announcing,
        devices=tuple(
            sorted(
                name_of_device(replica, one.device)
                for one in replica.trust_state.devices(replica.me)
                if one.device != replica.device
            )
        ),
    )


def peers(replica: Replica, network: NetworkState) -> PeersView:
    """The sessions of this moment."""
    ordered = sorted(network.peers, key=lambda peer: (peer.since, peer.person, peer.device))
    return PeersView(
        tuple(
            PeerView(
                *_mentioned(replica, peer.person),
                _own_device(replica, peer),
                peer.address,
                peer.dialed,
                peer.since,
                peer.live,
            )
            for peer in ordered
        )
    )


def waiting(replica: Replica) -> list[PersonRef]:
    """Whose cards were added here and who has not vouched back yet."""
    graph, me = replica.trust_state.graph, replica.me
    givers = {card.giver: card.name for card in pending_cards(replica) if not graph.weight(card.giver, me)}
    return [PersonRef(reference(replica, giver).id, name) for giver, name in givers.items()]


def problems(replica: Replica, network: NetworkState) -> tuple[Problem, ...]:
    """Everything that is wrong as far as this node can tell, the gravest first."""
    found = [Problem(known.code, known.message, known.hint) for known in replica.store.problems]
    clock = replica.clock.reading().problem
    if clock is not None:
        found.append(Problem("clock_doubtful", *clock))
    if any(one.header.author == replica.me for one, _ in replica.store.records.forks()):
        found.append(
            Problem(
                "forked",
                "Two different records of yours have the same number: a key was copied, or an old backup was restored",
                "run only one node with these keys, and make a new home for the other",
            )
        )
    found.extend(_crowding(replica))
    found.extend(_of_this_device(replica))
    found.extend(_ending(replica))
    found.extend(network.problems)
    found.extend(
        Problem(
            "card_used", f"The card of {name} that you added was used by somebody else", f"ask {name} for a new one"
        )
        for name in spent_cards.by_giver(replica).values()
    )
    return tuple(found)


def _ending(replica: Replica) -> Iterator[Problem]:
    """What the owner posted and would have to renew if he wants it to stay."""
    ending = expiry.ending(replica)
    if ending:
        titles = ", ".join(body_of(record).title for record in ending[:ENDING_NAMED])
        count = "1 of your posts ends" if len(ending) == 1 else f"{len(ending)} of your posts end"
        more = f" and {len(ending) - ENDING_NAMED} more" if len(ending) > ENDING_NAMED else ""
        yield Problem("ending", f"{count} within a day: {titles}{more}", "to keep it: meshnode renew LISTING")


def _of_this_device(replica: Replica) -> Iterator[Problem]:
    """What keeps this device from speaking for its owner, or will."""
    if is_self_revoked(replica):
        yield Problem(
            "device_revoked",
            "This device was revoked: it can no longer act for you, and what it wrote does not count",
            "to use this computer again, add it as a new device with 'meshnode device join' in a new home",
        )
        return
    ends = certificate_ends(replica)
    if ends is not None:
        yield Problem(
            "certificate_ending",
            f"The certificate of this device ends in {max(ends, 0) // limits.DAY} days",
            "connect it with the device that has your identity key, and it is renewed"
            if replica.elsewhere
            else "start the node with 'meshnode run --unlock', and it is renewed",
        )
    former = replica.store.meta.get(FORMER_DEVICE)
    if former is not None and replica.trust_state.certified(replica.me, bytes.fromhex(former)):
        yield Problem(
            "former_device",
            "The key that this computer had before its store was lost can still act for you",
            f"if nobody should use it any more: meshnode device revoke {device_text(bytes.fromhex(former))[:11]}",
        )


def _crowding(replica: Replica) -> Iterator[Problem]:
    """What keeps others' records from being taken in."""
    if replica.quota.disk_is_full:
        yield Problem("disk_full", "The disk is nearly full: nothing more is accepted from others", "free some space")
    for person in replica.quota.crowded_by():
        yield Problem(
            "crowded",
            f"{name_of(replica, person)} has sent nearly as much as one person may",
            "more from them is refused. 'meshnode block NAME' deletes what came from them",
        )
    if replica.quota.is_full:
        yield Problem(
            "full",
            "Records of others take up nearly all the space that they may",
            "there is still space for people you vouch for",
        )


def _own_device(replica: Replica, peer: Peer) -> str:
    return name_of_device(replica, peer.device) if peer.person == replica.me else ""


def _mentioned(replica: Replica, person: PersonId) -> tuple[str, str]:
    mention = reference(replica, person)
    return mention.id, mention.name
