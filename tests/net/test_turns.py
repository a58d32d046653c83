"""A node with more contacts than sessions serves everybody in turn: simulated in virtual time, with hostile ones among them.

The guests' dialers and the node's table of connections are the real ones; only sockets and the work in a session are
made up.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import count

import pytest

from meshnode.app.peers.accounts import NOBODY
from meshnode.config import SESSIONS
from meshnode.net.address import Address
from meshnode.net.connection_table import ConnectionTable
from meshnode.net.dial_outcome import DialOutcome
from meshnode.net.dialer import DialAttempt, Dialer, DialTarget
from meshnode.net.turns import RETURN_SECONDS, SERVED_SECONDS, TURN_SHORTEST, Rank
from protocol import limits

HUB, HUB_DEVICE = b"H" * 32, b"h" * 32
AT_HUB = Address("192.0.2.1", 4747)
COMPARE = 0.3  # seconds in which two nodes with equal sets find that out
DIALING = 0.05
KNOCKS_AGAIN = 1.0
END = 185.0  # of the simulation


@dataclass(eq=False)
class Guest:
    """A node that wants a session with the hub. `work`: seconds of transfer that are left; a hostile one never ends."""

    person: bytes
    device: bytes
    rank: Rank = Rank.CONTACT
    work: float = COMPARE
    hostile: bool = False
    account: bytes = b""
    wakes: float = 0.0
    dialer: Dialer = field(init=False)
    session: Link | None = None
    knocked: float | None = None
    longest_wait: float = 0.0
    sessions: int = 0
    sent_away: int = 0
    news_at: float | None = None


@dataclass(eq=False)
class Link:
    """A connection of a guest, as the hub's table sees it."""

    guest: Guest
    clock: Callable[[], float]
    since: float
    busy_until: float
    dialed: bool = False
    seated: float = 0.0
    run: bytes = b"run"

    @property
    def person(self) -> bytes:
        return self.guest.person

    @property
    def device(self) -> bytes:
        return self.guest.device

    @property
    def account(self) -> bytes:
        return self.guest.account or self.guest.person

    @property
    def rank(self) -> Rank:
        return self.guest.rank

    @property
    def idle(self) -> bool:
        return not self.guest.hostile and self.clock() >= self.busy_until


class Hub:
    """The hub and its guests, from 0 to END. At `posted` the hub gets a post that all may have."""

    def __init__(self, guests: list[Guest], *, posted: float = 60.0, sessions: int = limits.SESSIONS_MAX) -> None:
        self.guests = guests
        self.posted = posted
        self.now = 0.0
        self.table: ConnectionTable[Link] = ConnectionTable(HUB_DEVICE, sessions)
        self._order = count()
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        jitter = random.Random(1)
        for guest in guests:
            guest.dialer = Dialer(jitter.random)
            guest.dialer.want([DialTarget(HUB, 1, (AT_HUB,))], guest.wakes)
            self._at(guest.wakes, partial(self._dial, guest))
        self._at(posted, self._post)

    def run(self) -> None:
        """Let the time pass."""
        while self._events and self._events[0][0] <= END:
            self.now, _, event = heapq.heappop(self._events)
            event()
        for guest in self.guests:
            if guest.knocked is not None:
                guest.longest_wait = max(guest.longest_wait, END - guest.knocked)

    def _at(self, time: float, event: Callable[[], None]) -> None:
        heapq.heappush(self._events, (time, next(self._order), event))

    def _dial(self, guest: Guest) -> None:
        for attempt in guest.dialer.due(self.now):
            self._at(self.now + DIALING, partial(self._knock, guest, attempt))
        if guest.session is None and (timer := guest.dialer.next_timer()) is not None:
            self._at(max(timer, self.now + 0.001), lambda: self._dial(guest))

    def _knock(self, guest: Guest, attempt: DialAttempt | None) -> None:
        if guest.session is not None:
            return
        if guest.knocked is None:
            guest.knocked = self.now
        work = max(COMPARE, guest.work)
        link = Link(guest, lambda: self.now, self.now, self.now + work)
        refused: float | None = None
        for closing in self.table.admit(link, self.now):
            if closing.connection is link:
                refused = closing.pause
            else:
                self._send_away(closing.connection, closing.pause)
        if attempt is not None:
            outcome = DialOutcome.MET if refused is None else DialOutcome.BUSY
            guest.dialer.ended(attempt, outcome, self.now, device=HUB_DEVICE, pause=refused or 0.0)
        if refused is None:
            guest.session = link
            guest.longest_wait = max(guest.longest_wait, self.now - guest.knocked)
            guest.knocked = None
            guest.sessions += 1
            guest.dialer.connected(HUB, HUB_DEVICE, self.now)
            if self.now >= self.posted:
                self._at(self.now + COMPARE, lambda: self._bring_news(guest, link))
        else:
            self._again(guest)

    def _send_away(self, link: Link, pause: int) -> None:
        guest = link.guest
        guest.work = max(0.0, link.busy_until - self.now)
        guest.session = None
        guest.sent_away += 1
        guest.dialer.lost(HUB, HUB_DEVICE, self.now, good=True)
        guest.dialer.busy(HUB, pause, self.now)
        self._again(guest)

    def _again(self, guest: Guest) -> None:
        if guest.hostile:
            self._at(self.now + KNOCKS_AGAIN, lambda: self._knock(guest, None))
        else:
            self._dial(guest)

    def _post(self) -> None:
        for link in list(self.table.values()):
            self._at(self.now + DIALING, partial(self._bring_news, link.guest, link))

    def _bring_news(self, guest: Guest, link: Link) -> None:
        if guest.session is link and guest.news_at is None:
            guest.news_at = self.now


def people(number: int, *, first: int = 0, **more: object) -> list[Guest]:
    """Return guests who are different people with one device each, and who all wake at the same moment."""
    ids = [f"{first + index:032d}".encode() for index in range(number)]
    return [Guest(id_, id_, **more) for id_ in ids]  # type: ignore[arg-type]


def one_person(devices: int) -> list[Guest]:
    """Return the guests of one person with many devices."""
    return [Guest(b"P" * 32, f"{index:031d}p".encode()) for index in range(devices)]


def by_person(guests: list[Guest], measure: Callable[[Guest], float]) -> list[float]:
    """Return the measure of each person's best device: the others bring on what one of them gets."""
    found: dict[bytes, float] = {}
    for guest in guests:
        found[guest.person] = min(measure(guest), found.get(guest.person, END))
    return list(found.values())


CROWDS: dict[str, Callable[[], list[Guest]]] = {
    "70 contacts": lambda: people(70),
    "500 contacts": lambda: people(500),
    "70 contacts, all with much to transfer": lambda: people(70, work=100.0),
    "500 contacts, all with much to transfer": lambda: people(500, work=30.0),
    "100 contacts and 50 more who never let go": lambda: people(100) + people(50, first=1000, hostile=True),
    "64 who never let go, and then 300 contacts": lambda: (
        people(64, first=1000, hostile=True) + people(300, wakes=20.0)
    ),
    "70 contacts and a person with 8 devices": lambda: one_person(8) + people(70),
    "70 contacts and 60 of the web": lambda: people(70) + people(60, first=1000, rank=Rank.OTHER, hostile=True),
}


@pytest.mark.parametrize("crowd", CROWDS)
def test_everybody_who_calls_has_a_session_within_a_minute_and_a_post_reaches_all(crowd: str) -> None:
    guests = CROWDS[crowd]()
    hub = Hub(guests)
    hub.run()
    polite = [guest for guest in guests if not guest.hostile]
    assert len(hub.table) == limits.SESSIONS_MAX
    assert max(by_person(polite, lambda guest: guest.longest_wait)) <= SERVED_SECONDS
    news = by_person(polite, lambda guest: END if guest.news_at is None else guest.news_at - hub.posted)
    assert max(news) <= 2 * SERVED_SECONDS


def test_nobody_is_sent_away_while_there_is_room() -> None:
    guests = people(limits.SESSIONS_MAX - 8, work=100.0) + one_person(8)
    Hub(guests).run()
    assert [guest.sessions for guest in guests] == [1] * len(guests)
    assert sum(guest.sent_away for guest in guests) == 0


def test_few_too_many_cost_few_turns() -> None:
    """With six contacts too many, six of seventy are away at a time, and the others keep their sessions for minutes."""
    guests = people(70)
    Hub(guests).run()
    assert sum(guest.sent_away for guest in guests) <= 6 * (END / RETURN_SECONDS + 1)


def test_the_devices_of_one_person_take_no_turn_from_people_who_have_one_device() -> None:
    many, others = one_person(8), people(70)
    Hub(many + others).run()
    assert max(guest.longest_wait for guest in others) <= TURN_SHORTEST + 2
    assert min(guest.sessions for guest in many) >= 1


def test_work_that_takes_more_than_a_turn_is_finished_in_several() -> None:
    guests = people(200, work=40.0)
    Hub(guests).run()
    assert max(guest.work for guest in guests if guest.session is None) < 40.0
    assert max(guest.sessions for guest in guests) > 1


def test_people_of_the_web_keep_an_eighth_of_the_sessions_among_any_number_of_contacts() -> None:
    guests = people(200) + people(20, first=1000, rank=Rank.OTHER)
    hub = Hub(guests)
    hub.run()
    assert sum(link.rank is Rank.OTHER for link in hub.table.values()) == limits.SESSIONS_MAX // 8
    assert max(guest.longest_wait for guest in guests) <= SERVED_SECONDS


@pytest.mark.parametrize("sessions", range(SESSIONS[0], 10))
def test_a_node_that_may_have_few_sessions_serves_contacts_and_people_of_the_web_too(sessions: int) -> None:
    """With fewer than eight none is kept for people of the web: those who have one leave it to the next contact."""
    web = people(sessions, first=1000, rank=Rank.OTHER)
    guests = web + people(sessions + 2, wakes=20.0)
    hub = Hub(guests, sessions=sessions)
    hub.run()
    assert len(hub.table) == sessions
    assert all(guest.sessions for guest in guests)
    assert any(guest.sent_away for guest in web)


def test_an_own_device_is_never_sent_away() -> None:
    own = Guest(b"me" * 16, b"d" * 32, rank=Rank.OWN)
    Hub([own, *people(300, work=100.0)]).run()
    assert (own.sessions, own.sent_away) == (1, 0)


def behind(account: bytes, number: int, *, first: int, **more: object) -> list[Guest]:
    """Return people of the web for whom the same contact answers."""
    return people(number, first=first, rank=Rank.OTHER, account=account, **more)


SYBILS: dict[str, Callable[[], list[Guest]]] = {
    "behind one contact": lambda: behind(b"M" * 32, 80, first=5000, hostile=True),
    "for whom nobody answers": lambda: behind(NOBODY, 80, first=5000, hostile=True),
    "behind one contact, and others for whom nobody answers": lambda: (
        behind(b"M" * 32, 40, first=5000, hostile=True) + behind(NOBODY, 40, first=6000, hostile=True)
    ),
    "behind one contact, and contacts enough for all sessions": lambda: (
        behind(b"M" * 32, 20, first=5000, hostile=True) + people(60)
    ),
}


@pytest.mark.parametrize("sybils", SYBILS)
def test_any_number_of_sybils_who_never_let_go_delay_people_behind_other_contacts_by_one_turn(
    sybils: str,
) -> None:
    honest = [
        guest for n in range(3) for guest in behind(bytes([n + 1]) * 32, 1, first=2000 + n, wakes=20.0, work=30.0)
    ]
    Hub([*SYBILS[sybils](), *honest]).run()
    assert max(guest.longest_wait for guest in honest) <= TURN_SHORTEST + 2


def test_sessions_that_no_other_account_asks_for_are_lent() -> None:
    hub = Hub(behind(b"M" * 32, limits.SESSIONS_MAX, first=5000))
    hub.run()
    assert len(hub.table) == limits.SESSIONS_MAX
