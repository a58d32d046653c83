"""Reports the state of this node in words: its owner, its connections, what it holds, and what is wrong.

The network hands in a snapshot of itself (`NetworkState`), so that this file knows no socket.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Protocol

from msgspec import Struct, field

from meshnode import CONTRACT
from meshnode.app import date
from meshnode.app.catalog.ids import listing_id
from meshnode.app.devices.device_list import name_of as name_of_device
from meshnode.app.explain.backup_problems import of_backups
from meshnode.app.explain.device_problems import leaping, met_twice, of_this_device, voided
from meshnode.app.explain.given_addresses import GivenAddress, GivenAddressView
from meshnode.app.explain.given_addresses import addresses as given_addresses
from meshnode.app.explain.handing_over import HandingOverView, handing_over, letters_to_come
from meshnode.app.explain.lapsing import lapsing
from meshnode.app.explain.problem import Problem, found_problem
from meshnode.app.explain.reachability import CallAnswer, Firewall, Reason, of_node
from meshnode.app.explain.recovery_problems import of_recovery
from meshnode.app.listings import expiry
from meshnode.app.listings.view import body_of
from meshnode.app.meetings.typed import MeetingResult, TypedMeeting
from meshnode.app.naming import PersonRef, called, name_of, reference
from meshnode.app.owner import pause, policy
from meshnode.app.peers.accounts import NOBODY
from meshnode.app.peers.sync import Synced
from meshnode.app.people.cards import spent_elsewhere, written
from meshnode.app.people.people import pending_cards
from meshnode.app.phones.phones import seen_lately
from meshnode.app.phones.settings import LocalSubnet
from meshnode.app.recovery import words
from meshnode.app.waiting import WaitingCount, count
from meshnode.guard import Failure
from meshnode.quoting import first_few, named, quoted
from meshnode.replica.quota import Shortage
from meshnode.replica.refused_record import EXPIRED, NotTaken
from meshnode.replica.replica import Replica
from meshnode.text.catalog import message, plural
from protocol import DeviceId, PersonId, Record, person_text
from protocol.letters import Stage

ENDING_NAMED = 3  # listings that end soon are named by title up to this number; the rest are counted
NAMED = 3  # people from whom something cannot be taken, likewise


class Peer(Struct, frozen=True):
    """One session with a device: `address` as people write it, `since` in UNIX seconds, `live` once up to date.

    `missing` says how many records it has shown that cannot be taken now, for each reason.
    """

    person: PersonId
    device: DeviceId
    address: str
    dialed: bool
    since: int
    live: bool
    missing: tuple[tuple[NotTaken, int], ...] = ()


class ConnectionAttempt(Struct, frozen=True):
    """One attempt to connect to somebody: when (UNIX seconds), to which address, and in a few words how it ended.

    `answer` says what the network below the node did; `near`, whether this computer is on the address's network.
    """

    when: int
    address: str
    outcome: str
    answer: CallAnswer = CallAnswer.OTHER
    near: bool = False


class NetworkState(Struct, frozen=True):
    """The state of the network at one moment.

    `addresses` are where others can reach this node, best first, as a card carries them; `announcing` says whether
    it is announced by mDNS; `heard` are the people whose announcements were recognized lately. `interfaces` are those
    in use, and `left_out` virtual ones that are not used because the owner has chosen none. `called_in` is when somebody
    last called this node from another computer (UNIX seconds, None: nobody since it was started); `firewall` is the one
    that is switched on here; `turns` says in how many seconds people are dialed again with whom a busy node takes turns;
    `unanswered` are people on a common network who do not answer a single call; `other_versions` are people whose nodes
    have no version of the protocol in common with this one; `misbehaving` are the accounts (see
    `app.peers.accounts`) of people who have broken the protocol again and again.
    """

    ready: bool
    port: int | None = None
    addresses: tuple[tuple[str, int], ...] = ()
    announcing: bool = False
    interfaces: tuple[str, ...] = ()
    subnets: tuple[LocalSubnet, ...] = ()
    """The addresses in use with their subnets, best first."""
    left_out: tuple[str, ...] = ()
    given: tuple[GivenAddress, ...] = ()
    """The addresses that the owner has given, as the network dials them."""
    peers: tuple[Peer, ...] = ()
    heard: frozenset[PersonId] = frozenset()
    turns: Mapping[PersonId, int] = field(default_factory=dict)
    called_in: int | None = None
    firewall: Firewall | None = None
    unanswered: tuple[PersonId, ...] = ()
    other_versions: tuple[PersonId, ...] = ()
    misbehaving: tuple[PersonId, ...] = ()
    problems: tuple[Problem, ...] = ()


class NetworkStatus(Protocol):
    """The running network as the local API sees it. Use it on the event loop only, never in the store thread."""

    def state(self) -> NetworkState:
        """Return the state at this moment."""

    async def check_peers(self) -> None:
        """Find out who is still there, so that `state` counts nobody as connected who is not. Takes two seconds at most."""

    def attempts(self, person: PersonId) -> tuple[ConnectionAttempt, ...]:
        """Return the latest attempts to connect to `person`, newest last."""

    async def sync(self) -> tuple[Sequence[Synced], Collection[PersonId]]:
        """Look for everybody and synchronize with all who are there, for some seconds.

        Returns the result for each of them, and the people who were not reached.
        """

    def numbers_heard(self) -> frozenset[int]:
        """Return the numbers under which others on the network show word codes."""

    async def meet(self, number: int, make: Callable[[], TypedMeeting], peer: tuple[str, int] | None) -> MeetingResult:
        """Look for the machine that shows the word code of this number, at `peer` if that is given, and try it there."""

    def look_again(self) -> None:
        """Announce, recognize and dial by the contacts and cards as they are now. Call it when they changed."""


class PeerView(Struct, frozen=True):
    """A session: with whom, at which address, whether this node dialed, since when (UNIX seconds), whether up to date.

    `device` is the name of another device of yours, empty for other people's.
    """

    id: str
    name: str
    device: str
    address: str
    dialed: bool
    since: int
    live: bool


class PeersView(Struct, frozen=True):
    """The present sessions, the oldest first, and the addresses of other nodes that you have given."""

    peers: tuple[PeerView, ...]
    given: tuple[GivenAddressView, ...]


class StatusView(Struct, frozen=True):
    """The state of the node.

    `contract` is the version of this contract: it grows when a field goes or changes its meaning. `records` counts what it holds, own and others'; `pending` the cards added here whose givers have not vouched back;
    `held_in_doubt` what has ended by a date that may be right, and is held because it may be wrong;
    `alerts` the listings that match a watch of yours and were not shown as news yet, `fits` those of them that fit a need of yours; `waiting` counts the people and things
    that wait for you. `addresses` say where others can
    reach it, `announcing` whether it is announced on the local network; `devices` names your other devices.
    `interfaces` are the network interfaces in use, `left_out` the virtual ones that are not used unless you choose them;
    `given` are the addresses of other nodes that you have given. `phones_seen` counts the phones that have used your page
    within a day. `words_confirmed` says that you have written down your recovery words, or that another device has your
    identity key. `letters_to_come` counts the older messages that your other devices still hand over to this one, and
    `handing_over` says to which of your devices this one hands over how many. `paused` is since when you are away, with all your posts hidden
    (UNIX seconds; null: you are not).
    """

    contract: int
    person: PersonRef
    ready: bool
    peers: tuple[PeerView, ...]
    records: int
    pending: int
    held_in_doubt: int
    alerts: int
    fits: int
    waiting: WaitingCount
    problems: tuple[Problem, ...]
    addresses: tuple[str, ...]
    announcing: bool
    devices: tuple[str, ...]
    interfaces: tuple[str, ...]
    left_out: tuple[str, ...]
    given: tuple[GivenAddressView, ...]
    phones_seen: int
    words_confirmed: bool
    letters_to_come: int
    handing_over: tuple[HandingOverView, ...]
    paused: int | None


def status(replica: Replica, network: NetworkState) -> StatusView:
    """Return the state of the node now."""
    return StatusView(
        contract=CONTRACT,
        person=reference(replica, replica.me),
        ready=network.ready,
        peers=peers(replica, network).peers,
        records=replica.store.records.count(),
        pending=len(waiting(replica)),
        held_in_doubt=held_in_doubt(replica),
        alerts=replica.store.discover.count_alerts(replica.clock.now()),
        fits=replica.store.discover.count_fits(replica.clock.now()),
        waiting=count(replica),
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
        interfaces=network.interfaces,
        left_out=network.left_out,
        given=given_addresses(replica, network.given).addresses,
        phones_seen=seen_lately(replica),
        words_confirmed=words.is_confirmed(replica),
        letters_to_come=letters_to_come(replica),
        handing_over=handing_over(replica),
        paused=pause.since(replica),
    )


def held_in_doubt(replica: Replica) -> int:
    """Return how much has ended by a date that may be right, and is held because the date is in doubt."""
    latest = replica.clock.latest_in_doubt()
    return 0 if latest is None else replica.store.records.count_due(latest)


def peers(replica: Replica, network: NetworkState) -> PeersView:
    """Return the present sessions, the oldest first, and the given addresses."""
    ordered = sorted(network.peers, key=lambda peer: (peer.since, peer.person, peer.device))
    return PeersView(
        given=given_addresses(replica, network.given).addresses,
        peers=tuple(
            PeerView(
                *_id_and_name(replica, peer.person),
                _own_device(replica, peer),
                peer.address,
                peer.dialed,
                peer.since,
                peer.live,
            )
            for peer in ordered
        ),
    )


def waiting(replica: Replica) -> list[PersonRef]:
    """Return the people whose cards were added here and who have not vouched back yet."""
    graph, me = replica.trust_state.graph, replica.me
    givers = {card.giver: card.name for card in pending_cards(replica) if not graph.weight(card.giver, me)}
    return [PersonRef(reference(replica, giver).id, called(replica, giver, name)) for giver, name in givers.items()]


def problems(replica: Replica, network: NetworkState) -> tuple[Problem, ...]:
    """Return everything that is wrong as far as this node can tell, the most serious first."""
    found = [found_problem(known.code, known.message, known.hint) for known in replica.store.problems]
    wrong_date = date.problem(replica, replica.clock.reading())
    if wrong_date is not None:
        found.append(found_problem("clock_doubtful" if not replica.clock.trusted else "clock_differs", *wrong_date))
    if any(one.header.author == replica.me for one, _ in replica.store.records.forks()):
        found.append(
            found_problem(
                "forked",
                "Two different items of yours have the same number: a key was copied, or an old backup restored",
                "run only one node with these keys, and make a new home for the other",
            )
        )
    if not policy.has_room_to_vouch(replica):
        found.append(
            found_problem(
                "policy_full",
                "The list of people you trust is full, so nobody new can use a card of yours",
                "make room with 'meshnode unvouch NAME'",
            )
        )
    found.extend(_set_aside(replica))
    found.extend(_crowding(replica))
    found.extend(_missing(replica, network.peers))
    found.extend(_misbehaving(replica, network.misbehaving))
    found.extend(_of_other_versions(replica, network.other_versions))
    found.extend(of_this_device(replica))
    found.extend(leaping(replica))
    found.extend(voided(replica))
    found.extend(of_recovery(replica))
    found.extend(met_twice(replica, [(peer.person, peer.device, peer.since) for peer in network.peers]))
    found.extend(_ending(replica))
    found.extend(of_backups(replica))
    guard = replica.guard
    found.extend(guard.result("looking for what lapses", lambda: list(lapsing(replica)), otherwise=list[Problem]))
    found.extend(network.problems)
    blocked = firewall_reason(replica, network)
    if blocked is not None and not blocked.well and not network.peers and network.unanswered:
        found.append(found_problem(blocked.code, blocked.message, blocked.hint))
    found.extend(
        found_problem(
            "card_used",
            "The card of {name} that you added was used by somebody else, or has ended",
            "ask {name} for a new one, and add it: meshnode add",
            (person,),
            name=name,
        )
        for person, name in ((person, named(name)) for person, name in spent_elsewhere(replica).items())
    )
    return tuple(found)


def firewall_reason(replica: Replica, network: NetworkState) -> Reason | None:
    """Return what is known of a firewall between this node and all others; None if nothing speaks for one."""
    return of_node(
        network.firewall,
        network.port or 0,
        called_in=network.called_in is not None,
        connected=bool(network.peers),
        unanswered=[named(name_of(replica, person)) for person in network.unanswered],
    )


def _of_other_versions(replica: Replica, people: Sequence[PersonId]) -> Iterator[Problem]:
    """Yield for each of these people that their node and this one do not understand each other."""
    for person in people:
        name = named(name_of(replica, person))
        yield found_problem(
            "other_version",
            "The node of {name} and yours have versions of meshnode that do not understand each other",
            "update meshnode here, and ask {name} to update theirs",
            (person_text(person),),
            name=name,
        )


def _ending(replica: Replica) -> Iterator[Problem]:
    """Yield the warning about listings that end soon unless the owner renews them."""
    ending = expiry.ending(replica)
    if ending:
        titles = first_few([quoted(body_of(record).title) for record in ending], ENDING_NAMED)
        count = plural(len(ending), "1 of your posts ends", "{n} of your posts end")
        asked = any(_is_asked_for(replica, record) for record in ending)
        yield found_problem(
            "ending",
            "{count} within a day: {titles}, and somebody waits for your answer"
            if asked
            else "{count} within a day: {titles}",
            "to answer and keep it longer: meshnode accept EXCHANGE --renew"
            if asked
            else "to keep one longer: meshnode renew LISTING",
            tuple(listing_id(replica.me, record.header.slot) for record in ending),
            count=count,
            titles=titles,
        )


def _is_asked_for(replica: Replica, record: Record) -> bool:
    """Whether somebody has asked for this listing of the owner and has no answer yet."""
    return any(one.stage is Stage.REQUESTED for one in replica.store.exchanges.about(record.header.slot))


def _set_aside(replica: Replica) -> Iterator[Problem]:
    """Yield what this node does by itself and has failed to do: once for each kind of work, with how often."""
    works: dict[str, list[Failure]] = {}
    for failure in replica.guard.failures():
        works.setdefault(failure.work, []).append(failure)
    for work, failures in works.items():
        latest = max(failures, key=lambda failure: failure.at)
        times = plural(len(failures), "1 item", "{n} items")
        here = message("{work} for {times}", work=work, times=times) if len(failures) > 1 else work
        aside = any(failure.set_aside for failure in failures)
        yield found_problem(
            "set_aside" if aside else "stumbled",
            "This node failed in {work} ({reason}), and has set that aside; all else goes on"
            if aside
            else "This node failed in {work} ({reason})",
            latest.hint or ("to try it again: meshnode doctor. Its log shows more" if aside else "its log shows more"),
            work=here,
            reason=latest.reason,
        )


def _crowding(replica: Replica) -> Iterator[Problem]:
    """Yield what keeps this node from storing more records of others."""
    if replica.quota.disk_is_full:
        yield found_problem(
            "disk_full", "The disk is nearly full: this node stores nothing more from others", "free some space"
        )
    for person in replica.quota.filling():
        yield found_problem(
            "crowded",
            "The people whom you know through {name} take up a large part of the space",
            "they make way for others who need it. 'meshnode block NAME' removes what hangs on that person",
            (person_text(person),),
            name=named(name_of(replica, person)),
        )
    if replica.quota.strangers_are_full:
        yield found_problem(
            "strangers",
            "People whom nobody you trust knows take up all the space that strangers share here",
            "more of them is refused. When you vouch for somebody who knows one of them, that one finds room",
        )
    if replica.quota.is_full:
        yield found_problem(
            "full",
            "What others have sent takes up nearly all the space that it may",
            "the people you trust directly can still send theirs",
        )


def _missing(replica: Replica, peers: Sequence[Peer]) -> Iterator[Problem]:
    """Yield what others have shown and this node cannot take now: how much, from whom and why."""
    counts: dict[NotTaken, dict[PersonId, int]] = {}
    for peer in peers:
        for reason, number in peer.missing:
            known = counts.setdefault(reason, {})
            known[peer.person] = max(number, known.get(peer.person, 0))
    for reason, by_person in counts.items():
        most = max(by_person.values())
        items = "1 item" if most == 1 else f"{most} items"
        names = first_few([named(name_of(replica, person)) for person in sorted(by_person)], NAMED)
        why, hint = _WHY_NOT_TAKEN[reason]
        yield found_problem(
            "not_taken", "{items} from {names} cannot be taken now: {why}", hint, items=items, names=names, why=why
        )


def _misbehaving(replica: Replica, accounts: Sequence[PersonId]) -> Iterator[Problem]:
    """Yield who answers for people whose nodes break the protocol again and again."""
    for account in accounts:
        if account == NOBODY:
            yield found_problem(
                "misbehaving",
                "Nodes of people for whom nobody you trust answers send what no honest node sends",
                "they are kept waiting for some hours. You need do nothing",
            )
        else:
            yield found_problem(
                "misbehaving",
                "The node of {name}, or of people they trust, sends what no honest node sends",
                "those people are kept waiting for some hours. Ask whom they trust; 'meshnode block NAME' ends it",
                (person_text(account),),
                name=named(name_of(replica, account)),
            )


_WHY_NOT_TAKEN: dict[NotTaken, tuple[str, str]] = {
    Shortage.DISK: (Shortage.DISK.value, "free some space; then they come by themselves"),
    Shortage.AUTHOR: (Shortage.AUTHOR.value, "they come by themselves when older ones have ended"),
    Shortage.INTRODUCER: (Shortage.INTRODUCER.value, "they come by themselves when there is room"),
    Shortage.STRANGERS: (Shortage.STRANGERS.value, "they come when somebody you trust vouches for their author"),
    Shortage.ALL: (Shortage.ALL.value, "they come by themselves when others have ended"),
    Shortage.WAITING: (Shortage.WAITING.value, "they come by themselves when those have arrived"),
    EXPIRED: ("by this computer's date they have ended", "if that date is wrong, set it: meshnode clock"),
}


def _own_device(replica: Replica, peer: Peer) -> str:
    return name_of_device(replica, peer.device) if peer.person == replica.me else ""


def _id_and_name(replica: Replica, person: PersonId) -> tuple[str, str]:
    mention = reference(replica, person)
    return mention.id, mention.name
