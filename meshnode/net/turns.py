"""Decides who gets a session while all are taken: by need and in turn.

A node with more contacts than sessions gives each a turn. A session is taken from somebody else only if that one has had
a turn: its two sides have said all there is to say, or it has lasted for its share of a minute. The person sent away is
told when to come back, and so is the one who finds no place. People who have waited longest since their last turn go
first, so a person who calls again and again, or who never ends a transfer, delays the others by no more than a turn.
Direct contacts go before everybody else; an eighth of the sessions is kept for the others. The owner's own devices
never give way.

The others are counted by account, which is that of the direct contact who answers for them (`app.peers.accounts`): a
session is taken from the account that has more of them, and the account that has waited longest goes first. So Sybils,
all behind one contact, delay nobody behind another one. Sessions that no other account asks for are lent.

Pure bookkeeping, driven by `ConnectionTable`: it opens no socket, and times are monotonic seconds that are passed in.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection
from enum import IntEnum
from typing import Generic, Protocol, TypeVar

from msgspec import Struct, field

from protocol import DeviceId, PersonId

SERVED_SECONDS = 60.0  # within which all who call get a session, as long as a turn does not become too short for it
TURN_PART = 0.8  # of that time is divided into turns; the rest is for people who come back a little late
TURN_SHORTEST = 5.0  # seconds: to open a session costs work, and two that have little to say are done by then
RETURN_SECONDS = 15.0  # after which a person is to come back who was sent away with nothing left to say
RETURN_TURNS = 1.5  # or after so many rounds of shortest turns, if that is longer: a minute for 500 people
WAIT_SHORTEST = 1.0  # seconds: a person who finds no place does not call again at once
LATE_SECONDS = 5.0  # a person who is later than this has lost the place that was kept, and the turn
OTHERS_PART = 8  # one in so many sessions is kept for people who are no direct contacts
TURNS_REMEMBERED = 8192  # the last ones of people and of devices

_NEVER = float("-inf")
_PersonDevice = tuple[PersonId, DeviceId]
_Account = tuple[PersonId, "Rank"]


class Rank(IntEnum):
    """How near the person at the other end of a session is to the owner."""

    OTHER = 0
    CONTACT = 1
    OWN = 2


class Seat(Protocol):
    """A session: with whom, since when it has its place, and whether its two sides have nothing left to say for now."""

    seated: float

    @property
    def person(self) -> PersonId: ...
    @property
    def device(self) -> DeviceId: ...
    @property
    def rank(self) -> Rank: ...
    @property
    def account(self) -> PersonId: ...
    @property
    def idle(self) -> bool: ...


SeatT = TypeVar("SeatT", bound=Seat)


class Place(Struct, Generic[SeatT], frozen=True):
    """The answer to a person who calls: a place at once, for which `leaving` has to go if it is set; or none for now.

    `pause` says in how many seconds the one who has to go, or to wait, is to come back.
    """

    given: bool
    leaving: SeatT | None = None
    pause: int = 0


_Order = tuple[float, float, float, float]  # the last turn of account, person and device; the first call since


class _Waiting(Struct, frozen=True):
    """A device that was told to come back at the time `due` for a place. The least `order` goes first."""

    order: _Order
    due: float


class _Queue(Struct):
    """The devices of direct contacts, or of others, that are expected back, by person and device."""

    waiting: dict[_PersonDevice, _Waiting] = field(default_factory=dict)
    away: dict[_PersonDevice, float] = field(default_factory=dict)  # sent away with nothing left to say; until when

    def ahead(self, key: _PersonDevice, order: _Order, *, due: float) -> int:
        """Return how many of those who wait, and whose time has come by `due`, go before this one."""
        return sum(one.due <= due and one.order < order and other != key for other, one in self.waiting.items())

    def late(self, now: float) -> list[_PersonDevice]:
        """Expect no longer those who have not come back in time; return those of them for whom a place was kept."""
        late = [key for key, one in self.waiting.items() if one.due + LATE_SECONDS < now]
        for key in late:
            del self.waiting[key]
        for key in [key for key, due in self.away.items() if due + LATE_SECONDS < now]:
            del self.away[key]
        return late


class Turns(Generic[SeatT]):
    """Gives out `sessions` places; remembers who waits for one, who was sent away, and when each had the last turn."""

    def __init__(self, sessions: int) -> None:
        self._sessions = sessions
        self._for_others = sessions // OTHERS_PART
        self._queues = {Rank.OTHER: _Queue(), Rank.CONTACT: _Queue()}
        self._served: dict[PersonId | _PersonDevice | _Account, float] = {}  # the last turn; the latest comes last

    def place(self, new: SeatT, held: Collection[SeatT], now: float) -> Place[SeatT]:
        """Return whether `new` gets a place beside or instead of the sessions `held`, of which it is none."""
        for queue in self._queues.values():
            for key in queue.late(now):
                self._note_turn(key, now)
        queue, key = self._queues[_rank(new)], _key(new)
        free = self._sessions - len(held)
        ends = self._ends(new, held, now)
        ready = [seat for end, seat in ends if end <= now]
        if free + len(ready) <= queue.ahead(key, self._order(new, now), due=now):
            return Place(given=False, pause=self._wait(new, ends, held, now))
        queue.waiting.pop(key, None)
        queue.away.pop(key, None)
        self._note_turn(key, now, _account(new))
        new.seated = now
        if free > 0:
            return Place(given=True)
        count, seats = Counter(seat.person for seat in held), Counter(map(_account, held))
        leaving = min(
            ready,
            key=lambda seat: (count[seat.person] == 1, seat.rank, -seats[_account(seat)], not seat.idle, seat.seated),
        )
        self._note_turn(_key(leaving), now, _account(leaving))
        rest = [new, *(seat for seat in held if seat is not leaving)]
        return Place(given=True, leaving=leaving, pause=self._send_away(leaving, rest, now))

    # --- whose turn is over ------------------------------------------------------------------------------------------

    def _eligible(self, new: SeatT, held: Collection[SeatT]) -> list[SeatT]:
        """Return the sessions of which one may make room for `new`, as soon as it has had its turn."""
        others = sum(seat.rank is Rank.OTHER for seat in held)
        count = Counter(seat.person for seat in held)
        seats = Counter(map(_account, held))
        mine, ours = count[new.person], seats[_account(new)]

        def may_go(seat: SeatT) -> bool:
            if seat.rank is Rank.OWN:
                return False
            if mine and seat.person != new.person and count[seat.person] < mine + 2:
                return False  # a further device takes no place from a person who has fewer
            if (
                ours
                and _rank(seat) is _rank(new)
                and _account(seat) != _account(new)
                and seats[_account(seat)] < ours + 2
            ):
                return False  # nor does a further person take one from an account that has fewer
            if new.rank is Rank.OTHER:
                return seat.rank is Rank.OTHER or others < self._for_others
            return seat.rank is not Rank.OTHER or others > self._for_others

        return [seat for seat in held if may_go(seat)]

    def _ends(self, new: SeatT, held: Collection[SeatT], now: float) -> list[tuple[float, SeatT]]:
        """Return the sessions that may make room for `new`, each with the end of its turn, the earliest first.

        A session that has just begun is expected to be idle after the shortest turn. One that an account holds beyond what
        the account of `new` has is lent, and ends then in any case.
        """
        turns = {rank: self._turn(rank, held) for rank in self._queues}
        seats = Counter(map(_account, held))

        def is_lent(seat: SeatT) -> bool:
            return _rank(seat) is _rank(new) and seats[_account(seat)] >= seats[_account(new)] + 2

        def end(seat: SeatT) -> float:
            if _rank(seat) < _rank(new):
                return _NEVER
            shortest = seat.seated + TURN_SHORTEST
            return shortest if now < shortest or seat.idle or is_lent(seat) else seat.seated + turns[_rank(seat)]

        return sorted(((end(seat), seat) for seat in self._eligible(new, held)), key=lambda found: found[0])

    def _turn(self, rank: Rank, held: Collection[SeatT]) -> float:
        """Return for how many seconds a session that is not idle keeps its place while others wait."""
        places, people = self._share(rank, held)
        return min(SERVED_SECONDS, max(TURN_SHORTEST, SERVED_SECONDS * TURN_PART * places / max(1, people)))

    def _share(self, rank: Rank, held: Collection[SeatT]) -> tuple[int, int]:
        """Return how many places there are for direct contacts, or for others, and how many people want one.

        With fewer than OTHERS_PART sessions none is kept for others: they count on one that a contact leaves.
        """
        alike = [seat.person for seat in held if _rank(seat) is rank]
        reserved = self._for_others if rank is Rank.CONTACT else self._sessions - self._for_others
        queue = self._queues[rank]
        people = {*alike, *(person for person, _ in queue.waiting), *(person for person, _ in queue.away)}
        return max(1, self._sessions - min(reserved, len(held) - len(alike))), len(people)

    # --- who waits ---------------------------------------------------------------------------------------------------

    def _order(self, seat: SeatT, now: float) -> _Order:
        """Return what decides who goes first: the longest time since the last turn, and then the longest wait."""
        key = _key(seat)
        waiting = self._queues[_rank(seat)].waiting.get(key)
        called = now if waiting is None else waiting.order[-1]
        account, person, device = (self._served.get(one, _NEVER) for one in (_account(seat), seat.person, key))
        return account, person, device, called

    def _wait(self, seat: SeatT, ends: list[tuple[float, SeatT]], held: Collection[SeatT], now: float) -> int:
        """Note that this one waits for one of the places that become free at `ends`. Return after how many seconds."""
        queue, order = self._queues[_rank(seat)], self._order(seat, now)
        free_at = now + RETURN_SECONDS
        if ends:
            rounds, number = divmod(queue.ahead(_key(seat), order, due=math.inf), len(ends))
            free_at = max(now, ends[number][0]) + rounds * self._turn(_rank(seat), held)
        pause = math.ceil(min(SERVED_SECONDS, max(WAIT_SHORTEST, free_at - now)))
        queue.waiting[_key(seat)] = _Waiting(order, now + pause)
        return pause

    def _send_away(self, leaving: SeatT, held: Collection[SeatT], now: float) -> int:
        """Return in how many seconds this person is to come back: soon if something is left to say."""
        if not leaving.idle:
            return self._wait(leaving, self._ends(leaving, held, now), held, now)
        places, people = self._share(_rank(leaving), held)
        pause = math.ceil(max(RETURN_SECONDS, RETURN_TURNS * TURN_SHORTEST * people / places))
        self._queues[_rank(leaving)].away[_key(leaving)] = now + pause
        return pause

    def _note_turn(self, key: _PersonDevice, now: float, account: _Account | None = None) -> None:
        for one in (key[0], key, *((account,) if account is not None else ())):
            self._served.pop(one, None)
            self._served[one] = now
        while len(self._served) > TURNS_REMEMBERED:
            del self._served[next(iter(self._served))]


def _key(seat: Seat) -> _PersonDevice:
    return seat.person, seat.device


def _account(seat: Seat) -> _Account:
    """Return whose sessions this one is counted among: a direct contact's own ones are apart from their people's."""
    return (seat.account, _rank(seat)) if seat.rank is Rank.OTHER else (seat.person, _rank(seat))


def _rank(seat: Seat) -> Rank:
    """Return the rank by which a session waits and gives way: the owner's own devices are contacts."""
    return min(seat.rank, Rank.CONTACT)
