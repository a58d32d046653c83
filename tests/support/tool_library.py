"""Lets a tool library lend for months, as fast as it may, and counts what it takes up at every node that holds it.

A library posts its tools, lends them, answers everybody, gets them back, renews its posts, and ends some. Its members ask,
write, and bring things back; each is away for days at a time, so that letters are under way, and one of them carries for the
others. Everything is real but the time: records, letters, receipts, stores, quotas at the caps that are set.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from meshnode.app.exchanges import exchanges as cases
from meshnode.app.exchanges.exchanges import ExchangesQuery, MoveOrder, Request
from meshnode.app.listings import lifecycle
from meshnode.app.listings.view import ListingView
from meshnode.errors import MeshnodeError
from meshnode.slices import complete
from protocol import Kind, limits
from tests.app.neighbors import Neighbor, settle_in
from tests.support.mesh import Mesh
from tests.support.mesh_people import befriend

LIBRARY, CARRIER = "Library", "Carrier"
DAYS_A_MONTH = 30
PARTED = 5  # a member is away for one day in so many, another one each day
OTHERS = 3  # besides what is lent, a tool in so many days is posted and closed again
Result = TypeVar("Result")
WORDS = "Come at six, and bring the bag for it"


@dataclass
class ToolLibrary:
    """A library with its members, at a pace of so many loans a month.

    `run` lets a number of days go by. `refused` then holds what the library or a member was refused, which an honest one
    should never be.
    """

    loans: int
    members: int
    tools: int
    seed: int = 32
    refused: Counter[str] = field(default_factory=Counter)
    most: Counter[str] = field(
        default_factory=Counter
    )  # of each of the `counts` of any node, on the evening of any day
    lent: int = 0
    returned: int = 0
    day: int = 0

    def __post_init__(self) -> None:
        self.mesh = Mesh(self.seed)
        self.library = settle_in(self.mesh, LIBRARY)
        self._members = [settle_in(self.mesh, f"Member {number}") for number in range(self.members)]
        settle_in(self.mesh, CARRIER)
        for member in self._members:
            befriend(self.mesh, LIBRARY, member.node.name, 800, 800)
            self.mesh.wire(member.node.name, CARRIER)
        befriend(self.mesh, LIBRARY, CARRIER, 800, 800)
        self._out: deque[tuple[Neighbor, str, str]] = deque()
        self._due = 0.0
        self.mesh.settle()
        for number in range(self.tools):
            self._post(f"Tool {number}")
        self.mesh.settle()

    def run(self, days: int) -> ToolLibrary:
        """Let so many days go by."""
        for _ in range(days):
            self._one_day()
            for name in self.mesh.nodes:
                for what, count in self.counts(name).items():
                    self.most[what] = max(self.most[what], count)
        self.mesh.heal()
        self.mesh.advance(2 * limits.HOUR)
        return self

    def counts(self, name: str) -> dict[str, int]:
        """Return what the node of this person holds of the library."""
        records = self.mesh.nodes[name].replica.store.records
        use = records.usage_of(self.library.person)
        return {
            "records": use.other_records,
            "bytes": use.other_size,
            "letters": use.letters,
            "letter_bytes": use.letter_bytes,
            "letter_registers": use.letter_records,
            "undelivered": self.library.replica.store.letters.count_undelivered(self.library.replica.clock.now()),
        }

    def posts(self, name: str) -> set[bytes]:
        """Return the slots of the library's posts that this person's node has."""
        records = self.mesh.nodes[name].replica.store.records
        return {row.slot for row in records.rows(author=self.library.person, kinds=(Kind.LISTING,))}

    def states(self, name: str) -> Counter[str]:
        """Return how many exchanges this person's node shows in which state."""
        return Counter(
            seen.state for seen in complete(cases.exchanges(self.mesh.nodes[name].replica, ExchangesQuery())).exchanges
        )

    # --- one day -----------------------------------------------------------------------------------------------------

    def _one_day(self) -> None:
        mesh, day = self.mesh, self.day
        mesh.heal()
        mesh.advance(limits.HOUR)
        away = self._members[day % len(self._members)] if day % PARTED == 0 else None
        if away is not None:
            mesh.cut(LIBRARY, away.node.name)
            mesh.cut(CARRIER, away.node.name)
        self._keep_posts()
        self._due += self.loans / DAYS_A_MONTH
        self._lend([member for member in self._members if member is not away], int(self._due))
        self._due %= 1
        self.day += 1
        mesh.advance(limits.DAY - limits.HOUR)

    def _keep_posts(self) -> None:
        """Post something and close what was posted the last time, and renew what is not lent out, each once a month."""
        if self.day % OTHERS == 0:
            self._attempt("post", partial(self._post, f"Extra {self.day}"))
            if self.day:
                before = f"Extra {self.day - OTHERS}"
                self._attempt("close", partial(lifecycle.close, self.library.replica, self.library.catalog, before))
        out = {title for _, _, title in self._out}
        for number in range(self.day % DAYS_A_MONTH, self.tools, DAYS_A_MONTH):
            if f"Tool {number}" not in out:
                self._attempt("renew", partial(self._renew, f"Tool {number}"))
        self.mesh.settle()

    def _lend(self, members: list[Neighbor], number: int) -> None:
        """Lend so many things: members ask, both write, the things are handed over; what was lent first comes back."""
        lent = []
        for _ in range(number):
            member, title = members[self.lent % len(members)], f"Tool {self.lent % self.tools}"
            ask = partial(cases.respond, member.replica, member.catalog, title, Request("May I?", 1))
            asked = self._attempt("ask", ask)
            if asked is not None:
                self.lent += 1
                lent.append((member, asked.exchange, title))
        self.mesh.settle()
        for acts in (("accept", "say", "done"), ("say", "done")):
            for member, exchange, _ in lent:
                for act in acts:
                    self._move(self.library if "accept" in acts else member, exchange, act)
            self.mesh.settle()
        self._out += lent
        back = [self._out.popleft() for _ in range(len(self._out) - self.tools // 2)]
        for by_library in (False, True):
            for member, exchange, _ in back:
                self._move(self.library if by_library else member, exchange, "returned")
            self.mesh.settle()
        self.returned += len(back)

    def _move(self, actor: Neighbor, exchange: str, act: str) -> None:
        order = MoveOrder(act, WORDS if act == "say" else "")
        self._attempt(act, partial(cases.move, actor.replica, exchange, order))

    def _post(self, title: str) -> ListingView:
        return self.library.post(title, audience="network_wide", category="tools", lend=True, quantity=1)

    def _renew(self, title: str) -> ListingView:
        return lifecycle.renew(self.library.replica, self.library.catalog, title, lifecycle.Renewal())

    def _attempt(self, what: str, does: Callable[[], Result]) -> Result | None:
        """Do something that an honest person may do; note it where it is refused."""
        try:
            return does()
        except MeshnodeError as error:
            self.refused[f"{what}: {error}"] += 1
            return None
