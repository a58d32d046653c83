"""Decides again about held records after the trust state has changed: releases pending records and drops lost ones.

This is how a revocation, a block or a narrower policy reaches the copies that others hold: a record that this node may
no longer have is deleted, but only where the decision is DENY, never where it is UNKNOWN. Its header stays as a
tombstone, so that no older version comes back.

One change of trust can concern everybody in a large web. A commit decides about a part of them, those first whose own
records have changed, and the next commits about the others. What is held meanwhile is neither shown nor passed on where
it is denied: the code that does that asks for a decision of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from msgspec import Struct, field

from meshnode.replica.access import Access, AccessPolicy, access_key, key_for
from meshnode.replica.access_keys import AccessKey
from meshnode.replica.bodies import readable_body
from meshnode.replica.branches import versions_in_use
from meshnode.replica.standing_tracker import StandingTracker
from meshnode.replica.trust_state import TrustState
from meshnode.store import RecordState, Row, Store
from protocol import Kind, PersonId, Profile, RecordId, body_of, limits

_UNDECIDED = "gathering"  # a value in the store: there are records that wait to be decided about
DECIDED_AT_ONCE = 800  # access keys of one commit, some 30 ms; a person has about eight
_READ_EFFORT = 4  # what it takes to read somebody's keys from the store, in decisions
_IN_USE = (RecordState.LIVE, RecordState.SUSPENDED, RecordState.PAST)
WEB_KINDS = frozenset({Kind.DEVICE, Kind.POLICY})  # they connect people: without the rest they say little
_NOT_ABOUT_PEOPLE = frozenset({Kind.LISTING, Kind.LETTER})  # they do not say who trusts whom


class Reevaluation(Struct):
    """The changes that a reevaluation has made.

    `released` are ids of pending records that are in use now. `dropped` are rows that are no longer held or no longer
    in use, as they were before. `people` are those whose certificates, policies, joins or profiles are among them.
    """

    released: list[RecordId] = field(default_factory=list)
    dropped: list[Row] = field(default_factory=list)
    people: set[PersonId] = field(default_factory=set)


class _Gathering(Struct):
    """People of whose records one peer is still bringing a part, and until when that is waited for."""

    until: float
    people: set[PersonId] = field(default_factory=set)


class Reevaluator:
    """Reevaluates the records held by the node of the person `me`.

    It remembers the access keys of held records, not the records. The caller drives it inside a transaction: `note` for
    records that came, `reevaluate` when people have changed, and `begin` after a rollback.
    """

    def __init__(self, store: Store, trust_state: TrustState, access: AccessPolicy, me: PersonId) -> None:
        self._store = store
        self._trust_state = trust_state
        self._access = access
        self._me = me
        self._keys: dict[PersonId, set[AccessKey]] = {}  # by author, of those whose keys were read from the store
        self._gathering: dict[PersonId | None, _Gathering] = {}
        self._undecided: set[PersonId] = set()
        self._tracker = StandingTracker(trust_state, me)

    def begin(self) -> None:
        """Take the present decisions as those by which the store holds what it holds.

        To be called once the trust state was read, and again after a rollback: every commit leaves the two in step,
        except while somebody is still to be decided about. Then the next reevaluations decide about everybody. Some keys
        may have been undone, so they are read again from the store when needed.
        """
        self._keys.clear()
        self._gathering.clear()
        self._undecided.clear()
        self._tracker.since_last()
        if self._store.meta.get(_UNDECIDED) is not None:
            self._tracker.forget()

    @property
    def is_busy(self) -> bool:
        """Whether there are people to decide about for whom the last commit had no time."""
        return bool(self._undecided)

    def gather(self, source: PersonId | None, people: Collection[PersonId], now: float, *, more: bool) -> bool:
        """Note that records of `people` came from `source`, and whether more are on their way; `now` is monotonic seconds.

        While they are, certificates and policies of these people are not dropped: in the middle of a large web most
        people seem to be connected to nobody. Returns whether people whose records had to wait are to be decided about
        now.
        """
        known = self._gathering.pop(source, None)
        if more and (known is None or now < known.until):
            known = known or _Gathering(now + limits.GATHERING_SECONDS)
            known.people.update(people)
            self._gathering[source] = known
        elif known is not None:
            self._undecided.update(known.people)
        for other in [other for other, one in self._gathering.items() if now >= one.until]:
            self._undecided.update(self._gathering.pop(other).people)
        return self._mark() or self.is_busy

    def _mark(self) -> bool:
        """Note in the store whether anybody is to be decided about, in case the node ends; return whether nobody is any longer."""
        marked, waits = self._store.meta.get(_UNDECIDED) is not None, bool(self._gathering or self._undecided)
        if waits and not marked:
            self._store.meta.set(_UNDECIDED, "1")
        elif marked and not waits:
            self._store.meta.delete(_UNDECIDED)
            return True
        return False

    def is_late(self, now: float) -> bool:
        """Whether somebody has brought only a part of a web for too long; `now` is in monotonic seconds."""
        return any(now >= one.until for one in self._gathering.values())

    def note(self, keys: Iterable[AccessKey]) -> None:
        """Remember the access keys of records that were stored."""
        for key in keys:
            known = self._keys.get(key[1])
            if known is not None:
                known.add(key_for(self._me, key))

    def reevaluate(
        self, people: Collection[PersonId], now: int, *, waited_for: Collection[PersonId] = ()
    ) -> Reevaluation:
        """Release pending records and drop denied ones until neither changes anything; return what has changed.

        Where very many are to be decided about, `is_busy` is true afterwards: then call this again soon, in another
        transaction. `people` are those whose records have just changed; the trust state has read them. `waited_for` are those of
        whom a suspended policy has just been deleted because its newer version never came. `now` is in UNIX seconds, 0
        in doubt. A released policy can release more records, a dropped one only drops more, and no dropped record comes
        back: so the loop ends.
        """
        result, left = Reevaluation(), DECIDED_AT_ONCE
        while True:
            pending = list(self._store.records.rows(states=(RecordState.PENDING,)))
            released, ended = self._release_pending(pending, now)
            moved = _people_affected([*released, *ended])
            self._trust_state.refresh(self._store, moved)  # a released join or policy may keep its author here
            dropped, left = self._drop({*people, *moved}, waited_for, now, left)
            result.released += [row.id for row in released]
            result.dropped += [*ended, *dropped]
            lost = _people_affected(dropped)
            self._trust_state.refresh(self._store, lost)
            people = moved | lost
            result.people |= people
            if not people:
                self._mark()
                return result

    def release(self, pending: Iterable[Row], now: int) -> Reevaluation:
        """Release those of these pending records that need not wait any longer; they are about listings and letters."""
        released, ended = self._release_pending(pending, now)
        return Reevaluation([row.id for row in released], ended)

    def drop_certificates(self, people: Collection[PersonId]) -> list[Row]:
        """Drop the certificates of people of whom no policy is held and whom the owner does not vouch for.

        They were kept because an exchange with them was open, while their policy was dropped. Returns the rows as they
        were before.
        """
        me, graph = self._me, self._trust_state.graph
        dropped = [
            row
            for person in sorted(people)
            if person != me and not self._trust_state.has_policy(person) and not graph.weight(me, person)
            for row in self._store.records.rows(kinds=(Kind.DEVICE,), author=person, states=_IN_USE)
        ]
        self._store.records.drop_bodies([row.id for row in dropped])
        self._trust_state.refresh(self._store, {row.author for row in dropped})
        return dropped

    # --- pending records ---------------------------------------------------------------------------------------------

    def _release_pending(self, pending: Iterable[Row], now: int) -> tuple[list[Row], list[Row]]:
        """Return those of these that were released, and those that they took out of use or that were deleted.

        What is withdrawn comes last, since it takes back what may be released before it.
        A deleted one must be among the dropped, or no peer would show it again: when more of the web is known, this
        node may have it.
        """
        released: list[Row] = []
        ended: list[Row] = []
        for row in sorted(pending, key=lambda row: row.withdrawn):
            state = self._state_for(row, now)
            if state is None:
                self._store.records.delete([row.id])
                ended.append(row)
            elif state is not RecordState.PENDING:
                ended += self._release(row, state)
                released.append(row)
                self.note((access_key(row),))
        return released, ended

    def _state_for(self, row: Row, now: int) -> RecordState | None:
        """Return the new state of a pending record; None if it is to be deleted."""
        if self._trust_state.revoked(row.author, row.device):
            return None
        if not self._trust_state.certified(row.author, row.device):
            return RecordState.PENDING
        if row.complete:
            if row.kind == Kind.POLICY or (row.withdrawn and self._store.records.newest(row.register)):
                return RecordState.PAST if row.expires <= now else RecordState.LIVE
            decision = self._access.may_have(self._me, row, now)
            if decision is not Access.DENY:
                return RecordState.LIVE if decision is Access.ALLOW else RecordState.PENDING
        # This node may not have the body. The header is of use if there is an older version to supersede.
        return RecordState.HEADER if self._store.records.newest(row.register) else None

    def _release(self, row: Row, state: RecordState) -> list[Row]:
        """Put a pending record into its register; return the row that it took out of use, if any."""
        records = self._store.records
        newest, new = records.newest(row.register), records.get(row.id)
        if newest is not None and new is not None and newest.rank[:2] == new.rank[:2]:
            records.note_fork(newest, new)
        in_use = records.in_use(row.register)
        before = records.rows_of([one.id for one in in_use])
        stay: list[RecordId] = []
        if new is not None and row.kind == Kind.POLICY:
            whole = new if state is not RecordState.HEADER else new.without_body()
            stay = versions_in_use(in_use, whole, readable_body(whole))
        records.set_state([row.id], state, stay)
        after = records.rows_of([one.id for one in in_use])
        return [old for old in before if not any(same.state == old.state for same in after)]

    # --- lost records ------------------------------------------------------------------------------------------------

    def _drop(
        self, people: Collection[PersonId], waited_for: Collection[PersonId], now: int, left: int
    ) -> tuple[list[Row], int]:
        """Drop the bodies of records that are denied now; each access key is decided about once, and `left` keys at most.

        Returns the rows that were dropped, and how many more keys may be decided about in this commit.
        """
        unreadable = {person for person in people if self._is_unreadable(person, now)}
        unreadable |= {
            person for person in waited_for if person != self._me and self._trust_state.policy(person) is None
        }
        denied, left = self._authors_of_denied(people, left)
        dropped = [
            row
            for author in sorted(unreadable | denied)
            for row in self._store.records.rows(author=author, states=_IN_USE)
            if not self._keeps(row, unreadable=author in unreadable)
        ]
        self._list_blocked(dropped, now)
        self._store.records.drop_bodies([row.id for row in dropped])
        return dropped, left

    def _list_blocked(self, dropped: Iterable[Row], now: int) -> None:
        """Put the people on the owner's list of blocked people whose profiles are dropped since the owner blocks them.

        Another device of the owner may have blocked them: of that this node has only a tag, and soon no name.
        """
        for row in dropped:
            if row.kind == Kind.PROFILE and self._trust_state.graph.blocks(self._me, row.author):
                record = self._store.records.get(row.id)
                body = body_of(record) if record is not None and record.body else None
                self._store.blocked.add(row.author, now, body.name if isinstance(body, Profile) else None)

    def _keeps(self, row: Row, *, unreadable: bool) -> bool:
        if row.author == self._me or (row.kind in WEB_KINDS and self.is_gathered(row.author)):
            return True
        if row.kind == Kind.DEVICE:
            if self._trust_state.decides_about_joins(row.author, row.device):
                return True  # else the invitations that it has signed would count again
            # Without the keys of people whom we vouch for, we could not reach them or learn of their next policy.
            unreadable = False
            if self._trust_state.graph.weight(self._me, row.author) > 0:
                return True
        return not unreadable and self._access.decide(self._me, access_key(row)) is not Access.DENY

    def _authors_of_denied(self, first: Collection[PersonId], left: int) -> tuple[set[PersonId], int]:
        """Return the authors of whom at least one record is denied now, and how many more keys may be decided about."""
        moved = self._tracker.since_last()
        if moved is None:
            self._undecided |= self._store.records.authors()
        else:
            self._undecided |= moved.among(moved.people if not moved.tags else self._trust_state.people())
        self._undecided.discard(self._me)
        lost: set[PersonId] = set()
        for author in self._in_turn(first):
            if left <= 0:
                break
            self._undecided.remove(author)
            left -= 0 if author in self._keys else _READ_EFFORT
            keys, gathered = self._keys_of(author), self.is_gathered(author)
            denied = {
                key
                for key in keys
                if not (gathered and key[0] in WEB_KINDS) and self._access.decide(self._me, key) is Access.DENY
            }
            left -= len(keys)
            if denied:
                keys -= denied
                lost.add(author)
        return lost, left

    def _in_turn(self, first: Collection[PersonId]) -> Iterator[PersonId]:
        """Yield those about whom is to be decided, those first whose own records have changed."""
        ahead = self._undecided.intersection(first)
        yield from sorted(ahead)
        yield from sorted(self._undecided - ahead)

    def _keys_of(self, author: PersonId) -> set[AccessKey]:
        """Return the access keys of what is held of `author`; read from the store at the first call."""
        keys = self._keys.get(author)
        if keys is None:
            rows = self._store.records.rows(author=author, states=_IN_USE)
            keys = self._keys[author] = {key_for(self._me, access_key(row)) for row in rows}
        return keys

    def is_gathered(self, person: PersonId) -> bool:
        """Whether records of this person came as a part of what somebody is still bringing."""
        return any(person in one.people for one in self._gathering.values())

    def _is_unreadable(self, person: PersonId, now: int) -> bool:
        """Whether only the header of this person's policy is held, because the suspended older one was deleted."""
        if person == self._me or self._trust_state.has_policy(person):
            return False
        headers = self._store.records.rows(kinds=(Kind.POLICY,), author=person, states=(RecordState.HEADER,))
        return any(row.expires > now for row in headers)


def _people_affected(rows: Iterable[Row]) -> set[PersonId]:
    """Return the authors of those records that the trust state is made of."""
    return {row.author for row in rows if row.kind not in _NOT_ABOUT_PEOPLE}
