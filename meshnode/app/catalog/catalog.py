"""Keeps in memory the listings this node may show, so that a search through a hundred thousand reads no disk.

The catalog is filled from the store in small steps and follows its commits: what they add and remove is noted at once,
and read before the next search. Listings of people whom the owner would not be shown at the widest wish are left out,
and are read when that changes. What the visibility rule says of the others is kept in `sight.Sights`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import islice

from meshnode.app.catalog.details import Details
from meshnode.app.catalog.entries import Bucket, BucketKey, Entry, available_until, newest_first
from meshnode.app.catalog.ids import ID_LENGTH, key_of, number_of
from meshnode.app.catalog.listing_index import ListingIndex
from meshnode.app.catalog.matching import Meaning, entries_in, numbers_meant
from meshnode.app.catalog.outside import Outside
from meshnode.app.catalog.shown import HiddenListings, Shown
from meshnode.app.catalog.sight import AT_ALL, Held, Sights, within_regard
from meshnode.app.catalog.word_index import DocIds
from meshnode.app.words import searchable
from meshnode.replica.access import Access, access_key
from meshnode.replica.changes import Change
from meshnode.replica.replica import Replica
from meshnode.replica.standing_tracker import StandingTracker
from meshnode.slices import Steps
from meshnode.store import RecordState, Row
from protocol import Kind, Listing, PersonId, Record, RecordId, RemoteError, limits, parse_body

STEP = 50  # listings read in one step, some 5 ms; between two steps the store thread may do other work
STEP_ENDED = 500  # likewise, of those that are no longer in use
NOTED_MAX = 20_000  # changes noted before it is cheaper to read everything again
FEW_PART = 3  # below so small a part of all, listings are quicker taken one by one than all are looked at
LEFT_MAX = 20_000  # listings of people whom the owner no longer trusts: these may come back soon, so some are kept


class Catalog:
    """Knows the listings in use of everybody whom the owner could be shown, own ones too.

    Runs in the store thread only. Call `catch_up` before asking anything of it.
    """

    def __init__(self, replica: Replica) -> None:
        self._replica = replica
        self._buckets: dict[PersonId, dict[BucketKey, Bucket]] = {}
        self._filling: Iterator[Record] | None = None
        self._stored: list[RecordId] = []  # noted since the last `catch_up`
        self._ended: list[Row] = []
        self._tracker = StandingTracker(replica.trust_state, replica.me, regard=True)
        self._trust_version = -1  # the version of the trust state that was followed last
        self._ended_by = 0  # the time by which listings that had ended were dropped last
        self.generation = 0
        """Grows when everything is read again: from then on doc ids number other listings than before."""
        self.noted = 0
        """Grows with every commit that changes listings in use."""
        self.index: ListingIndex[Bucket]
        """Finds listings by their words and kinds."""
        self.details: Details
        """Has the place and the policy version of each listing."""
        self.sights: Sights
        """Says which listings the rule shows."""
        self.shown: Shown
        """Knows what the owner was shown as news."""
        self.hidden: HiddenListings
        """Knows what the owner hides."""
        self._taken = 0  # how much of what other devices have told was taken in, when this looked last
        self._begin()
        replica.changes.subscribe(self._note, at_commit=True)

    # --- following the store -------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        self._buckets.clear()
        self._stored.clear()
        self._ended.clear()
        self._filling = self._replica.store.records.bodies(Kind.LISTING)
        self.index, self.details = ListingIndex(), Details()
        self.sights = Sights(self._replica, Held(self.index, self.details, self.buckets))
        self.shown = Shown()
        self.hidden = HiddenListings(self._replica.store.discover.hidden())
        self._within: dict[PersonId, bool] = {}  # by author of a listing, whether the owner could be shown any
        self._held: set[PersonId] = set()  # those of these authors whose listings are here, or are being read
        self._entering: dict[
            PersonId, Iterator[Record] | None
        ] = {}  # those of them whose listings are still to be read
        self._left: dict[PersonId, None] = {}  # those of them who are within no longer, the first to leave first
        self._left_count = 0
        self._outside = Outside()
        self._next_expiry = limits.FOREVER
        self._renamed: set[PersonId] = set()  # people who may have another name now
        self._replaced: dict[int, Entry] = {}  # by number, what left in this `catch_up`; a newer version may follow
        self._new = DocIds()
        self._updated: dict[int, int] = {}  # by doc id of a newer version, that of the one before
        self.generation += 1

    def _note(self, change: Change) -> None:
        self._renamed |= change.people
        before = len(self._stored) + len(self._ended)
        self._stored.extend(row.id for row in change.stored if row.kind == Kind.LISTING)
        self._ended.extend(row for row in change.ended if row.kind == Kind.LISTING)
        self.noted += len(self._stored) + len(self._ended) - before
        if len(self._stored) + len(self._ended) > NOTED_MAX:
            self._begin()

    @property
    def is_behind(self) -> bool:
        """Whether much may still have to be read or decided. Any thread may ask."""
        return (
            self._has_much_to_read()
            or self._trust_version != self._replica.trust_state.version
            or self.index.is_sparse(NOTED_MAX)
            or self.sights.behind(AT_ALL)
        )

    def _has_much_to_read(self) -> bool:
        return self._filling is not None or bool(self._entering) or len(self._stored) + len(self._ended) > STEP

    def preparing(self) -> Steps[None]:
        """Take the steps that a search would have to take at once; when they are done, little is left to do."""
        for search in (self._replica.trust_state.reach_to, self._replica.trust_state.regard_from):
            search(self._replica.me)
            yield
        self._replica.introducers.answers()
        yield
        if self.index.is_sparse(NOTED_MAX):
            self._begin()
        while True:
            self._follow_trust()
            while self._has_much_to_read() or self._has_many_left():
                self._read_some()
                yield
            self.catch_up()
            yield
            yield from self.sights.preparing(AT_ALL)
            if not (self._has_much_to_read() or self.sights.behind(AT_ALL)):
                return

    def catch_up(self) -> None:
        """Read what the store has and the catalog has not, and drop what has ended or expired."""
        if self._replica.clock.ended_by() < self._ended_by:
            self._begin()  # what had ended by a wrong clock is read again
        self._ended_by = self._replica.clock.ended_by()
        if self._taken != self._replica.store.discover.taken:
            self._take_marks()
        self._follow_trust()
        while self._filling is not None or self._stored or self._ended or self._entering:
            self._read_some()
        self._replaced.clear()
        now = self._replica.clock.ended_by()
        if self._next_expiry <= now:
            for bucket in self._all_buckets():
                for entry in bucket.drop_expired(now):
                    self.index.remove(entry.doc_id)
            self._next_expiry = min((bucket.next_expiry for bucket in self._all_buckets()), default=limits.FOREVER)
            self._left_count = sum(map(self._count, self._left))

    def _take_marks(self) -> None:
        """Read again what was shown as news and what is hidden: another device of the owner has told of it."""
        discover = self._replica.store.discover
        self._taken, self.shown, self.hidden = discover.taken, Shown(), HiddenListings(discover.hidden())
        for entry in self.entries_of({key_of(number) for number in self.hidden.numbers}).values():
            self.hidden.note(entry)

    def _read_some(self) -> None:
        """Take one step: read a few listings, of those that are held, then of those that came and went since."""
        if self._filling is not None:
            records = list(islice(self._filling, STEP))
            self._add_records(records)
            if len(records) < STEP:
                self._filling = None
        elif self._ended:
            gone, self._ended = self._ended[:STEP_ENDED], self._ended[STEP_ENDED:]
            for row in gone:
                self._remove(row)
        elif self._stored:
            some, self._stored = self._stored[:STEP], self._stored[STEP:]
            self._add_records(self._replica.store.records.get_many(list(dict.fromkeys(some))))
        elif self._entering:
            self._read_entering()
        else:
            self._drop_left()

    def _add_records(self, records: list[Record]) -> None:
        rows = self._replica.store.records.rows_of([record.id for record in records])
        live = {row.id for row in rows if row.kind == Kind.LISTING and row.state == RecordState.LIVE}
        for record in records:
            if record.id not in live or not record.body:
                continue
            author = record.header.author
            if author not in self._within:
                self._within[author] = self._is_within(author)
                if self._within[author]:
                    self._held.add(author)
            if author not in self._held:
                self._outside.add(author, number_of(author, record.header.slot), record.id)
                continue
            try:
                body = parse_body(Kind.LISTING, record.body)
            except RemoteError:
                continue  # written by a later version, or damaged: there is nothing to show
            assert isinstance(body, Listing)
            self._add(record, body)

    def _add(self, record: Record, body: Listing) -> None:
        header = record.header
        key = (header.device, header.audience, body.urgency == "emergency")
        buckets = self._buckets.setdefault(header.author, {})
        bucket = buckets.get(key)
        if bucket is None:
            bucket = buckets[key] = Bucket(header.author, key)
        at, is_there = bucket.index_of(header.created, record.id)
        if is_there:
            return
        entry = Entry(
            record=record.id,
            doc_id=self.index.add(bucket, header.author, self._replica.introducers.introducer(header.author), body),
            number=number_of(header.author, header.slot),
            created=header.created,
            expires=available_until(header.expires, body),
            title=searchable(body.title),
        )
        self.details.add(body.place, header.policy_version)
        self.hidden.note(entry)
        before = self._replaced.pop(entry.number, None)
        if before is None or before.title_hash != entry.title_hash:
            self._new.add(entry.doc_id)
        else:
            self._updated[entry.doc_id] = self._updated.pop(before.doc_id, before.doc_id)
        bucket.entries.insert(at, entry)
        self._left_count += header.author in self._left
        bucket.next_expiry = min(bucket.next_expiry, entry.expires)
        self._next_expiry = min(self._next_expiry, entry.expires)

    def _remove(self, row: Row) -> None:
        if row.author not in self._held:
            self._outside.discard(row.author, number_of(row.author, row.slot), row.id)
            return
        buckets = self._buckets.get(row.author, {})
        for emergency in (False, True):
            bucket = buckets.get((row.device, row.audience, emergency))
            if bucket is None:
                continue
            at, is_there = bucket.index_of(row.created, row.id)
            if is_there:
                self.index.remove(bucket.entries[at].doc_id)
                self._replaced[bucket.entries[at].number] = bucket.entries[at]
                bucket.entries = bucket.entries[:at] + bucket.entries[at + 1 :]
                self._left_count -= row.author in self._left
            if not bucket.entries:
                del buckets[bucket.key]
        if not buckets:
            self._buckets.pop(row.author, None)

    def arrivals(self) -> tuple[int, dict[int, int]]:
        """Return the bits of the listings that are new since the last call, and the new versions of known ones.

        Of the latter it has by doc id that of the version before. A version under another title counts as new.
        """
        arrived = int(self._new), self._updated
        self._new, self._updated = DocIds(), {}
        return arrived

    # --- following trust -----------------------------------------------------------------------------------------------

    def _follow_trust(self) -> None:
        """Forget the answers about authors whose standing has changed, and note who came within the owner's regard."""
        moved = self._tracker.since_last()
        self._trust_version = self._replica.trust_state.version
        renamed, self._renamed = self._renamed, set()
        if moved is None:
            self.sights.forget_all()
            authors = set(self._within)
        elif moved or renamed:
            authors = moved.among(self._within) | (renamed & self._within.keys())
            for author in authors:
                self.sights.forget(author, self._buckets.get(author, {}).values())
        else:
            return
        for author in authors:
            is_within = self._is_within(author)
            if is_within is not self._within[author]:
                self._within[author] = is_within
                (self._enter if is_within else self._leave)(author)

    def _is_within(self, author: PersonId) -> bool:
        return author == self._replica.me or within_regard(self._replica, author)

    def _enter(self, author: PersonId) -> None:
        if author in self._left:
            del self._left[author]
            self._left_count -= self._count(author)
        if author not in self._held:
            self._held.add(author)
            self._entering[author] = None
            self._outside.drop(author)

    def _leave(self, author: PersonId) -> None:
        self._left[author] = None
        self._left_count += self._count(author)

    def _count(self, author: PersonId) -> int:
        return sum(len(bucket.entries) for bucket in self._buckets.get(author, {}).values())

    def _read_entering(self) -> None:
        """Read some of the listings of the first person who came within."""
        author, listings = next(iter(self._entering.items()))
        if listings is None:
            listings = self._entering[author] = self._replica.store.records.bodies(Kind.LISTING, author)
        records = list(islice(listings, STEP))
        self._add_records(records)
        if len(records) < STEP:
            del self._entering[author]

    def _has_many_left(self) -> bool:
        return self._left_count > LEFT_MAX

    def _drop_left(self) -> None:
        """Take out the listings of the person who left first."""
        author = next(iter(self._left))
        self._left_count -= self._count(author)
        del self._left[author]
        self._held.discard(author)
        for bucket in self._buckets.pop(author, {}).values():
            for entry in bucket.entries:
                self.index.remove(entry.doc_id)
                self._outside.add(author, entry.number, entry.record)

    # --- asking --------------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        """The number of listings that are kept with their words and titles."""
        return sum(map(self._count, self._buckets))

    def _all_buckets(self) -> Iterator[Bucket]:
        return (bucket for buckets in self._buckets.values() for bucket in buckets.values())

    def buckets(self) -> list[Bucket]:
        """Return all buckets of other authors."""
        return [bucket for bucket in self._all_buckets() if bucket.author != self._replica.me]

    def authors(self) -> list[PersonId]:
        """Return the other authors of listings in use."""
        return [author for author in self._buckets if author != self._replica.me]

    def authors_not_shown(self) -> list[PersonId]:
        """Return the other authors of listings whom the owner would not be shown at the widest wish."""
        return [author for author, is_within in self._within.items() if not is_within]

    def buckets_by(self, authors: Collection[PersonId]) -> list[Bucket]:
        """Return the buckets of these authors."""
        return [bucket for author in authors for bucket in self._buckets.get(author, {}).values()]

    def doc_ids_by(self, authors: Collection[PersonId]) -> int:
        """Return the bits of the listings in use of these authors; they may have the bits of others that are removed."""
        buckets = self.buckets_by(authors)
        if sum(len(bucket.entries) for bucket in buckets) * FEW_PART > len(self.index):
            return self.index.in_buckets(buckets)
        return int(DocIds(entry.doc_id for entry in entries_in(buckets)))

    def alike(self, doc_id: int) -> int:
        """Return the bits of the listings about which the rule says the same as of this one, which may be removed."""
        bucket, place = self.index.bucket_of(doc_id), self.details.place(doc_id)
        having = self.index.doc_ids_in_bucket(bucket)
        return int(DocIds(one for one in having if self.details.place(one) == place))

    def entries_of(self, keys: Collection[int]) -> dict[int, Entry]:
        """Return by key the listings in use that have one of these keys."""
        if not keys:
            return {}
        return {key: entry for entry in entries_in(self._all_buckets()) if (key := entry.key) in keys}

    def doc_ids_of(self, records: Collection[RecordId]) -> int:
        """Return the bits of those of these records that are in use."""
        wanted = set(records)
        return (
            int(DocIds(one.doc_id for one in entries_in(self._all_buckets()) if one.record in wanted)) if wanted else 0
        )

    def own(self) -> list[Entry]:
        """Return the owner's own listings, newest first."""
        return sorted(entries_in(self._buckets.get(self._replica.me, {}).values()), key=newest_first)

    def hidden_in_use(self) -> set[int]:
        """Return the numbers of the listings that the owner hides and that are in use, here or outside."""
        return self.hidden.in_use(self.index.is_live) | self.hidden.numbers.intersection(self._outside.numbers())

    def matching(self, text: str, *, own_only: bool) -> list[RecordId]:
        """Return the listings that `text` may mean, for `picking.pick` to choose from.

        Of the owner's own, with `own_only`, what fits in any way. Among everybody's only what fits best. An id means a
        listing of anybody's who lets the owner have it, a word only one that the owner could be shown.
        """
        self.catch_up()
        buckets = list(self._buckets.get(self._replica.me, {}).values())
        own = self.index.in_buckets(buckets)
        by_id = self._with_id(numbers_meant(text), own_only=own_only)
        if by_id and len(text.strip()) == ID_LENGTH:
            return by_id
        if own_only:
            chosen = Meaning(self.index, buckets, own, self._name_of, self.doc_ids_by).all_ways(text)
        else:
            among = own | self.sights.of(AT_ALL).visible
            chosen = Meaning(self.index, [*buckets, *self.buckets()], among, self._name_of, self.doc_ids_by).best_way(
                text
            )
        return list(dict.fromkeys((*by_id, *(entry.record for entry in chosen))))

    def _name_of(self, author: PersonId) -> str:
        return self.sights.author(author).name

    def _with_id(self, numbers: range, *, own_only: bool) -> list[RecordId]:
        """Return the listings with one of these ids: the owner's, and those that the owner may have."""
        if not numbers:
            return []
        me = self._replica.me
        if own_only:
            return [entry.record for entry in self.own() if entry.number in numbers]
        least, most = numbers[0], numbers[-1]
        found = [entry.record for entry in entries_in(self._all_buckets()) if least <= entry.number <= most]
        found += self._outside.with_numbers(numbers)
        access = self._replica.access
        rows = self._replica.store.records.rows_of(found)
        return [row.id for row in rows if row.author == me or access.decide(me, access_key(row)) is Access.ALLOW]
