"""Chooses whose records make way where room is short, and deletes them: the farthest people of the largest account.

Unused room may be borrowed: one account alone may take up all of it. It is given back when a smaller account needs it,
and within an account nearer people need it before farther ones. The order follows from the accounts and the web of trust
alone, not from what came first, so that nodes with the same room and the same people come to keep about the same. An
author goes as a whole: posts without policies, or policies without certificates, would only wait. Where it is room for
letters that is short, only the author's letters go.
"""

from __future__ import annotations

from bisect import insort
from collections import deque
from typing import NamedTuple

from meshnode.replica.accounts import Account
from meshnode.replica.quota import Caps, Charge, Quota, figure
from meshnode.replica.reevaluate import Reevaluator
from meshnode.replica.trust_state import TrustState
from meshnode.store import Row, Store, StoreUsage
from protocol import PersonId, limits

_GRAPH_RECORDS = Caps._fields.index("graph_records")
_LETTERS = tuple(Caps._fields.index(name) for name in ("letters", "letter_bytes", "letter_tombstones"))

Gone = list[tuple[Row, int]]
"""Rows that were deleted, as they were before, each with its size in bytes."""


class _Rank(NamedTuple):
    """Says who makes way first: whose rank is greater. Strangers of whom only a certificate is held come first."""

    bare: bool
    distance: int
    author: PersonId


class RoomMaker:
    """Deletes what makes way, inside the transactions of ingest, on the node of the person `me`.

    What hung on somebody whom the owner blocks goes at once: all records of people for whom nobody answers any longer.
    When the owner takes back a vouch, such people are left with the room of strangers. All goes in slices of
    `EVICTED_AT_ONCE` authors and about `EVICTED_RECORDS_AT_ONCE` records, since no call may hold the node for long. Ingest calls `begin` for each batch,
    `make_way_for` where a record finds no room, and `finish` when all of the batch was taken.
    """

    def __init__(
        self, store: Store, quota: Quota, trust_state: TrustState, reevaluator: Reevaluator, me: PersonId
    ) -> None:
        self._store = store
        self._quota = quota
        self._trust_state = trust_state
        self._reevaluator = reevaluator
        self._me = me
        self._before: tuple[frozenset[PersonId], frozenset[bytes]] | None = None
        self._leaving: deque[PersonId] = deque()
        self._trim = False
        self._left = self._records_left = 0  # authors and records in this slice
        self._orders: dict[tuple[Account, int], list[_Rank]] = {}
        self._read: set[tuple[Account, int]] = set()  # the orders that were read in this part of a batch
        self._in_part = False

    @property
    def is_busy(self) -> bool:
        """Whether there is more to delete than one slice."""
        return bool(self._leaving) or self._trim

    def begin(self) -> None:
        """Begin a batch, or the next part of it, and a slice with it."""
        self._left, self._records_left = limits.EVICTED_AT_ONCE, limits.EVICTED_RECORDS_AT_ONCE
        if self._in_part:  # it was rolled back, and nobody has made way
            self._orders.clear()
        self._read.clear()
        self._in_part = True

    # --- for one record ----------------------------------------------------------------------------------------------

    def make_way_for(self, charge: Charge, account: Account) -> tuple[bool, Gone]:
        """Delete what makes way for a record of this account; return whether it fits now, and what is gone.

        Of other accounts the largest makes way, as long as it stays larger than this one becomes; of this account only
        people who are farther away than the author. The author's own records never make way for one of them: what is
        held of an author for whom nobody answers is in another account than what somebody brings of them.
        """
        quota, gone = self._quota, Gone()
        rank = _Rank(bare=False, distance=quota.distance(charge.author), author=charge.author)
        needed = charge.usage()
        while short := quota.caps.short(quota.others(), charge):
            at = short[0]
            quota.accounts.refresh()
            largest = self._largest(at)
            becomes = figure(quota.accounts.use(account), at) + figure(needed, at)
            if largest != account and becomes <= figure(quota.accounts.use(largest), at):
                author = self._farthest(largest, at, spared=charge.author)
            else:
                author = self._farthest(account, at, rank, spared=charge.author)
            if author is None or not self._left:
                return False, gone
            gone += self._delete(author, letters=at in _LETTERS)
        return True, gone

    def let_go(self, author: PersonId) -> Gone:
        """Delete the certificates of an author for whose policy no room was found, if nothing else of them is held.

        They are of no use without it, and another's policy may have their room. Returns what is gone.
        """
        bare = self._quota.records.usage_of(author).bare and not self._quota.is_near(author)
        return self._delete(author) if bare and self._left else []

    def _largest(self, at: int) -> Account:
        """Return the account that uses most of this limit and has somebody who could make way."""
        uses = self._quota.accounts.uses()
        left = {account: (figure(use, at), account or b"") for account, use in uses.items()}
        while left:
            largest = max(left, key=left.__getitem__)
            if self._last(largest, at) is not None:
                return largest
            del left[largest]
        return None

    def _farthest(
        self, account: Account, at: int, beyond: _Rank | None = None, *, spared: PersonId | None = None
    ) -> PersonId | None:
        """Return the farthest author of this account who uses something of the limit, if farther than `beyond`.

        It is not `spared`.
        """
        last = self._last(account, at, spared)
        order = self._orders[account, at]
        if last is None or (beyond is not None and order[last] <= beyond):
            return None
        return order.pop(last).author

    def _last(self, account: Account, at: int, spared: PersonId | None = None) -> int | None:
        """Return where the farthest author who may make way is in the order of this account; None if there is nobody.

        The order is read once a batch, however many parts that has: people who came with the batch itself make way later,
        if there are others. Where an author has another rank by now, they are put where they belong.
        """
        order = self._orders.get((account, at))
        if order is None:
            order = self._read_order(account, at)
        last = len(order) - 1
        while last >= 0:
            rank = order[last]
            if rank.author == spared:
                last -= 1
                continue
            now = self._rank(account, at, *self._quota.accounts.of(rank.author))
            if now == rank and not self._is_safe(rank.author):
                return last
            del order[last]
            if now is not None and now != rank:
                insort(order, now)
            last = len(order) - 1
        if (account, at) in self._read:
            return None
        self._read_order(account, at)
        return self._last(account, at, spared)

    def _read_order(self, account: Account, at: int) -> list[_Rank]:
        self._read.add((account, at))
        ranks = (self._rank(account, at, account, *found) for found in self._quota.accounts.authors_of(account))
        order = self._orders[account, at] = sorted(rank for rank in ranks if rank is not None)
        return order

    @staticmethod
    def _rank(
        account: Account, at: int, now: Account, author: PersonId, use: StoreUsage, distance: int
    ) -> _Rank | None:
        """Return the rank in this account of an author who is in the account `now`; None if not in it, or not by this limit."""
        if now != account or not figure(use, at):
            return None
        return _Rank(account is None and use.bare, distance, author)

    def _delete(self, author: PersonId, *, letters: bool = False) -> Gone:
        gone = self._store.records.held_of(author, letters=letters)
        self._records_left -= len(gone)
        self._left = self._left - 1 if self._records_left > 0 else 0
        self._store.records.delete([row.id for row, _ in gone])
        return gone

    # --- for a whole batch -------------------------------------------------------------------------------------------

    def before_own_policy(self) -> None:
        """Note for whom somebody answers, and whom the owner blocks, before a policy of the owner changes that."""
        self._before = frozenset(self._quota.introducers.answers()), self._blocks()

    def finish(self, *, more: bool) -> Gone:
        """Delete the next slice of what nobody answers for any longer; return what is gone.

        `more` is as for `Ingest.receive`: what is still coming may say who answers for whom.
        """
        self._in_part = False
        self._read.clear()
        self._follow_own_policy()
        self._trim = self._trim or (not more and self._has_strays())
        gone = Gone()
        while self._left and self._leaving:
            author = self._leaving.popleft()
            gone += self._delete(author) if not self._is_safe(author) else ()
        if self._trim and not self._leaving:
            gone += self._trim_strangers()
        if not (more or self.is_busy):
            self._orders.clear()
        return gone

    def _follow_own_policy(self) -> None:
        """Let those leave who hung on somebody whom the owner blocks now; the blocks decide about that person."""
        if self._before is None:
            return
        (answered, blocks), self._before = self._before, None
        self._trim = True
        if self._blocks() <= blocks:
            return
        graph = self._trust_state.graph
        lost = answered - self._quota.introducers.answers().keys()
        self._leaving.extend(
            sorted(one for one in lost if not self._is_safe(one) and not graph.blocked_either_way(self._me, one))
        )

    def _blocks(self) -> frozenset[bytes]:
        policy = self._trust_state.policy(self._me)
        return frozenset() if policy is None else policy.block_tags

    def _has_strays(self) -> bool:
        """Whether nobody answers for somebody who was admitted because of whom their records came from."""
        settled = {person for person in self._quota.unsettled if not self._reevaluator.is_gathered(person)}
        self._quota.unsettled -= settled
        return any(self._quota.introducers.introducer(person) is None for person in settled)

    def _trim_strangers(self) -> Gone:
        """Cut the account of people for whom nobody answers down to its own room; it may exceed that when trust changes."""
        quota, gone = self._quota, Gone()
        caps = quota.caps.for_strangers()
        for at in range(len(caps)):
            while self._is_over(at, caps):
                author = self._farthest(None, at)
                if author is None:
                    break
                if not self._left:
                    return gone
                gone += self._delete(author, letters=at in _LETTERS)
        self._trim = False
        return gone

    def _is_over(self, at: int, caps: Caps) -> bool:
        accounts = self._quota.accounts
        accounts.refresh()
        too_bare = at == _GRAPH_RECORDS and accounts.bare > self._quota.bare_most
        return too_bare or figure(accounts.use(None), at) > caps[at]

    def _is_safe(self, person: PersonId) -> bool:
        """Whether nothing of this person makes way: the owner chose them, or more of them is coming."""
        trust_state, me = self._trust_state, self._me
        if person == me or self._quota.is_near(person):
            return not trust_state.graph.blocked_either_way(me, person)
        if self._reevaluator.is_gathered(person) or person in trust_state.counterparts:
            return True
        groups = trust_state.groups
        shares = groups.shares_cell(me, person) or groups.shares_community(me, person)
        return shares and not trust_state.graph.blocked_either_way(me, person)
