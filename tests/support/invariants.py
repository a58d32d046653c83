"""What must hold on the nodes of a simulated world at any moment of rest, beside what each may hold: room, news and peace.

- What others take up is bounded, in records, bytes and memory, by author and by the person who answers for them. It is
  counted here from the rows of the store, by hand.
- Nothing that takes something back waits: of two nodes in touch, none uses what the other knows to be taken back.
- Talk ends: where nothing happens any longer, nobody gives a record to somebody again and again. This one is counted, and
  is no fault yet: of somebody whom a node can tell to be connected with nobody, each neighbor brings the policy again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from meshnode.replica.access import Access
from meshnode.replica.quota import Caps, figures
from meshnode.replica.replica import Replica
from meshnode.store import RecordState, Row, StoreUsage
from protocol import Kind, PersonId, Record, limits
from tests.support.mesh import Node

if TYPE_CHECKING:
    from tests.support.world import World

SMALL_ROOM = {"size": 120_000, "graph_records": 60, "policies": 30_000, "letters": 20, "resident": 600_000}
"""What the nodes with little room keep of others: less than there is, so that somebody must make way."""
_PROVED = (RecordState.LIVE, RecordState.SUSPENDED, RecordState.HEADER, RecordState.PAST)
_COLUMNS = "SELECT author, kind, size, complete AND NOT withdrawn, place IS NOT NULL FROM record WHERE role IS NOT NULL"

# --- room ----------------------------------------------------------------------------------------------------------------


def counted(replica: Replica) -> dict[PersonId, StoreUsage]:
    """Return what the records of each author take up, counted from the rows of the store."""
    found: dict[int, StoreUsage] = {}
    for author, kind, size, whole, placed in replica.store._database.all(_COLUMNS):
        found.setdefault(author, StoreUsage()).add(kind, size, whole=bool(whole), placed=bool(placed), sign=1)
    return {replica.store.records._persons.key(number): use for number, use in found.items()}


def room_faults(node: Node) -> Iterator[str]:
    """Yield in words which bounds on what others may take up this node does not keep, or does not know rightly.

    People for whom nobody answers any longer may have more than the room of strangers, until others need it.
    """
    replica, name = node.replica, node.name
    quota, by_author = replica.quota, counted(replica)
    for author, use in by_author.items():
        yield from _author_faults(node, author, use)
    del by_author[replica.me]
    quota.accounts.refresh()
    by_account: dict[PersonId | None, StoreUsage] = {}
    others, safe = StoreUsage(), StoreUsage()
    for author, use in by_author.items():
        account = quota.introducers.introducer(author)
        by_account.setdefault(account, StoreUsage()).add_all(use)
        others.add_all(use)
        if _is_safe(replica, author):
            safe.add_all(use)
    kept = quota.accounts.uses()
    for account in by_account.keys() | kept.keys():
        if by_account.get(account) != kept.get(account):
            whose = "strangers" if account is None else account.hex()[:8]
            yield f"{name} keeps {kept.get(account)} in the account of {whose}, not {by_account.get(account)}"
    if replica.ingest.make_room():
        return  # it is deleting what is too much, a few records at a time
    if over := _over(others, quota.caps, safe):
        yield f"{name} keeps more of others than they may take up: {over}"
    yield from _waiting_faults(node)


def _author_faults(node: Node, author: PersonId, use: StoreUsage) -> Iterator[str]:
    known, whose = node.replica.store.records.usage_of(author), author.hex()[:8]
    if use != known:
        yield f"{node.name} takes the use of {whose} for {known}, not {use}"
    too_many = use.other_records > limits.AUTHOR_RECORDS_MAX or use.letter_records > limits.AUTHOR_LETTER_REGISTERS_MAX
    too_much = use.other_size > limits.AUTHOR_BYTES_MAX or use.letter_bytes > limits.AUTHOR_LETTER_BYTES_MAX
    if author != node.replica.me and (too_many or too_much):
        yield f"{node.name} keeps more of {whose} than of any author: {use}"


def _over(use: StoreUsage, caps: Caps, beside: StoreUsage) -> list[str]:
    """Return which caps are exceeded by `use`; what is `beside` them is always let in, and takes no room from them."""
    pairs = zip(Caps._fields, figures(use), figures(beside), caps, strict=True)
    return [
        f"{name} {used} of {cap}" for name, used, free, cap in pairs if used > free + (1 + ("letter" in name)) * cap
    ]


def _is_safe(replica: Replica, person: PersonId) -> bool:
    """Whether the owner chose this person, who always finds room."""
    groups, near = replica.trust_state.groups, replica.trust_state.graph.weight(replica.me, person) > 0
    shares = groups.shares_cell(replica.me, person) or groups.shares_community(replica.me, person)
    return near or shares or person in replica.trust_state.counterparts


def _waiting_faults(node: Node) -> Iterator[str]:
    replica = node.replica
    waiting: Counter[PersonId | None] = Counter()
    sql = "SELECT received_from, count(*) FROM record WHERE role IS NULL AND received_from IS NOT NULL GROUP BY received_from"
    for number, count in replica.store._database.all(sql):
        waiting[replica.quota.introducers.introducer(replica.store.records._persons.key(number))] += count
    for account, count in sorted(waiting.items(), key=lambda one: one[0] or b""):
        most = limits.PENDING_FROM_STRANGERS_MAX if account is None else limits.PENDING_FROM_ONE_MAX
        if count > 2 * most:
            yield f"{node.name} lets {count} records wait that one introducer answers for"


# --- news ----------------------------------------------------------------------------------------------------------------


def delays(giver: Node, taker: Node) -> Iterator[str]:
    """Yield what `taker` uses though `giver`, with whom it is in touch, knows that it was taken back and says so.

    A node says so to those to whom it serves the newer version, and to those who show it the older one.
    """
    now = giver.replica.clock.now()
    used = {}
    waiting = set()
    for row in taker.replica.store.records.rows():
        in_use = row.state == RecordState.LIVE and row.complete and not row.withdrawn  # a withdrawn one shows nothing
        if in_use and Kind.DEVICE < row.kind < Kind.LETTER:
            used[row.register] = row
        elif row.state == RecordState.PENDING:
            waiting.add(row.register)
    newest: dict[tuple[PersonId, int, bytes], Row] = {}
    for row in giver.replica.store.records.rows(states=_PROVED):
        register = row.register
        if register in used and register not in waiting:
            known = newest.get(register)
            if known is None or known.version < row.version:
                newest[register] = row
    for register, row in newest.items():
        mine = used[register]
        if mine.author not in (giver.person, taker.person) and row.expires <= now:
            continue  # what has expired takes nothing back that has not expired with it
        served = row.state == RecordState.LIVE and row.complete
        if mine.version < row.min_valid_version and (
            (served and giver.replica.access.may_have(taker.person, row, now) is Access.ALLOW)
            or taker.replica.access.may_have(giver.person, mine, now) is Access.ALLOW
        ):
            what = f"version {mine.version} of {Kind(mine.kind).name.lower()} {mine.slot.hex()[:8]}"
            yield f"{taker.name} uses {what}, which {giver.name} knows to be taken back by version {row.version}"


# --- peace ---------------------------------------------------------------------------------------------------------------


class Peace:
    """Notes what people give to each other while nothing happens, round by round."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._rounds: list[set[tuple[PersonId, PersonId, bytes]]] = []

    def begin_round(self) -> None:
        """Begin to note what is given."""
        self._rounds.append(set())

    def note(self, giver: PersonId, taker: PersonId, record: Record) -> None:
        """Note that a record was given."""
        if self._rounds:
            self._rounds[-1].add((giver, taker, record.id))

    def end(self) -> list[str]:
        """Return in words what was given in every round, and forget all rounds."""
        rounds, self._rounds = self._rounds, []
        names, found = self._world.name_of, []
        for giver, taker, record in sorted(set.intersection(*rounds) if rounds else set()):
            one, other = names.get(giver, giver.hex()[:8]), names.get(taker, taker.hex()[:8])
            if not {one, other} & (self._world.liars.keys() | self._world.cramped):
                found.append(f"{one} gives {other} the record {record.hex()[:8]} again and again")
        return found
