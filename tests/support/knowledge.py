"""Judges one node by its own store: what must follow from the records that it holds, worked out from their bytes.

It reads like the spec and shares nothing with the package but the parsing of records: certificates, registers, doubt and
the one rule are worked out here by hand, for the world that this one node knows of. So it can be asked at any moment, in
the middle of a synchronization as well as at rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b

from meshnode.app.upkeep import UPKEEP_SECONDS
from meshnode.replica.access import access_key
from meshnode.store import RecordState, Row
from protocol import (
    REVOCATION_VERSION,
    Audience,
    Device,
    DeviceId,
    Join,
    Kind,
    PersonId,
    Policy,
    Profile,
    Record,
    body_of,
    limits,
)
from protocol.records.join import Group, GroupKind
from tests.support.large_world import LargeWorld
from tests.support.mesh import Node
from tests.support.model import BruteListing, brute_visible, brute_web
from tests.support.places import KM
from tests.support.statements import DEVICES_OF_ONE_PERSON, Stance, merged

ALLOW, DENY, UNKNOWN = "allow", "deny", "unknown"
Groups = dict[Group, set[PersonId]]
_Devices = set[tuple[PersonId, DeviceId]]
_PROVED = (RecordState.LIVE, RecordState.SUSPENDED, RecordState.HEADER, RecordState.PAST)


@dataclass(frozen=True)
class _Said:
    """One register of a person: the newest version known, header or not, and the newest with a body."""

    version: int
    policy: Policy
    suspended: bool


@dataclass
class _View:
    """The world as it is if these stances hold, and the groups as they are if these joins do."""

    stances: dict[PersonId, Stance]
    groups: Groups
    world: LargeWorld = field(init=False)

    def build(self, people: Iterable[PersonId], places: dict[PersonId, str]) -> None:
        """Make the model's world of them."""
        known = sorted(people)
        vouches = {(a, b): weight for a, stance in self.stances.items() for b, weight in stance.vouches.items()}
        blocks = {(a, b) for a, stance in self.stances.items() if stance.tags for b in known if stance.blocks(a, b)}
        cells = [members for group, members in self.groups.items() if group.kind == GroupKind.CELL]
        communities = [members for group, members in self.groups.items() if group.kind == GroupKind.COMMUNITY]
        self.world = LargeWorld(vouches, blocks, cells, communities, places, KM)


class Knowledge:
    """All that a node can know at this moment, and what follows from it for the listings that it holds."""

    def __init__(self, node: Node) -> None:
        self.node = node
        records = node.replica.store.records
        self.rows = list(records.rows())
        graph = [row.id for row in self.rows if row.kind not in (Kind.LISTING, Kind.LETTER) and row.complete]
        self._bodies = {record.id: record for record in records.get_many(graph)}
        self._registers: dict[tuple[PersonId, int, bytes], list[Row]] = {}
        for row in self.rows:
            if row.state in _PROVED:
                self._registers.setdefault(row.register, []).append(row)
        self.revoked, self.certified, self.surplus = self._devices()
        self._proved_once = {(row.author, row.device) for row in self.rows if row.kind == Kind.DEVICE}
        self.said, unreadable = self._policies()
        self.in_doubt = unreadable | {
            person for person, registers in self.said.items() if any(said.suspended for said in registers.values())
        }
        places, self.with_profile = self._profiles()
        people = {row.author for row in self.rows} | {node.person}
        people |= {
            vouch.subject for said in self.said.values() for one in said.values() for vouch in one.policy.vouches
        }
        self.given_up = self._given_up(unreadable)
        possible = {
            person: merged(said.policy for said in each.values())
            for person, each in self.said.items()
            if person not in self.given_up
        }
        sure = {person: stance for person, stance in possible.items() if person not in self.in_doubt}
        groups, maybe_groups = self._groups()
        self.sure = _View(sure, groups)
        self.sure.build(people, places)
        self.doubtful: _View | None = None
        if self.in_doubt or groups != maybe_groups:
            self.doubtful = _View(possible, maybe_groups)
            self.doubtful.build(people, places)

    # --- what the records say ------------------------------------------------------------------------------------------

    def _body(self, row: Row) -> Record | None:
        record = self._bodies.get(row.id)
        return record if record is not None and record.body else None

    def _newest(self, rows: list[Row]) -> Row:
        return max(rows, key=lambda row: (row.version, row.device, row.id))

    def _devices(self) -> tuple[_Devices, _Devices, _Devices]:
        """Return the revoked devices, those that count, and those that are too many to count."""
        revoked: _Devices = set()
        certified: list[tuple[PersonId, bool, DeviceId]] = []
        for (person, kind, _), rows in self._registers.items():
            if kind == Kind.DEVICE:
                newest = self._newest(rows)
                record = self._body(newest)
                body = body_of(record) if record is not None else None
                if newest.version == REVOCATION_VERSION or (isinstance(body, Device) and body.revoked):
                    revoked.add((person, newest.device))
                elif record is not None:
                    certified.append((person, newest.state == RecordState.PAST, newest.device))
        counting: dict[PersonId, list[DeviceId]] = {}
        for person, _, device in sorted(certified):
            counting.setdefault(person, []).append(device)
        kept = {(who, one) for who, devices in counting.items() for one in devices[:DEVICES_OF_ONE_PERSON]}
        return revoked, kept, {(person, device) for person, _, device in certified} - kept

    def _policies(self) -> tuple[dict[PersonId, dict[DeviceId, _Said]], set[PersonId]]:
        said: dict[PersonId, dict[DeviceId, _Said]] = {}
        unreadable: set[PersonId] = set()
        for (person, kind, _), rows in self._registers.items():
            newest = self._newest(rows)
            if kind != Kind.POLICY or (person, newest.device) not in self.certified:
                continue
            if newest.state == RecordState.PAST:  # it has ended: its author's clock may be years behind
                continue
            whole = [row for row in rows if self._body(row) is not None]
            if not whole:
                unreadable.add(person)
                continue
            current = self._newest(whole)
            record = self._body(current)
            assert record is not None
            body = body_of(record)
            assert isinstance(body, Policy)
            suspended = current.version < newest.min_valid_version
            said.setdefault(person, {})[newest.device] = _Said(current.version, body, suspended)
        return said, unreadable

    def _given_up(self, unreadable: set[PersonId]) -> set[PersonId]:
        """Return the people whose missing policy the node waits for no longer; that is looked at between two rounds only."""
        trust_state = self.node.replica.trust_state
        return {person for person in unreadable if trust_state.is_given_up(person)}

    def _faults_of_waiting(self) -> Iterator[str]:
        """Yield where the node has waited too long, or not long enough, for a policy of which only the header is known."""
        records, clock = self.node.replica.store.records, self.node.replica.clock
        week_ago = clock.purge_before() - limits.PENDING_LIFE
        if not clock.trusted or not self.node.kept_up or self.in_doubt <= self.given_up:
            return
        overdue = {row.author for row in records.unseen_policies(week_ago - 2 * UPKEEP_SECONDS)} & self.in_doubt
        for person in sorted((overdue - self.given_up - {self.node.person}) & self.said.keys()):
            yield f"{self.node.name} still waits for a policy of {person.hex()[:8]}"

    def _profiles(self) -> tuple[dict[PersonId, str], set[PersonId]]:
        places, known = {}, set()
        for (person, kind, _), rows in self._registers.items():
            if kind == Kind.PROFILE:
                current = self._in_use(rows)
                body = body_of(current) if current is not None else None
                if isinstance(body, Profile):
                    known.add(person)
                    if body.place is not None:
                        places[person] = body.place
        return places, known

    def _in_use(self, rows: list[Row], *, doubtful: bool = False) -> Record | None:
        """Return the version of a register that may be used: the newest with a body, unless a newer header forbids it."""
        whole = [row for row in rows if row.complete and (row.author, row.device) in self.certified]
        if not whole:
            return None
        current = self._newest(whole)
        newest = self._newest(rows)
        if current.version < newest.min_valid_version and not doubtful:
            return None
        return self._body(current)

    def _groups(self) -> tuple[Groups, Groups]:
        sure: Groups = {}
        possible: Groups = {}
        for (person, kind, _), rows in self._registers.items():
            if kind != Kind.JOIN:
                continue
            for doubtful, found in ((False, sure), (True, possible)):
                record = self._in_use(rows, doubtful=doubtful)
                body = body_of(record) if record is not None else None
                if isinstance(body, Join) and self._counts(person, body, doubtful=doubtful):
                    found.setdefault(body.group, set()).add(person)
        return sure, possible

    def _counts(self, person: PersonId, join: Join, *, doubtful: bool) -> bool:
        """Whether each invitation of the chain counts that a revoked device has signed, or with `doubtful` may count."""
        signers = [Record.parse(step.certificate).header for step in join.steps[1:]]
        guests = [*(header.author for header in signers[1:]), person]
        for header, guest in zip(signers, guests, strict=False):
            if (header.author, header.device) not in self.revoked:
                continue
            tag = blake2b(b"meshnode invitation tag v1\0" + join.group_id + guest, digest_size=16).digest()
            revocation = self._body(self._newest(self._registers[header.author, Kind.DEVICE, header.device[:16]]))
            body = body_of(revocation) if revocation is not None else None
            if not (tag in body.kept if isinstance(body, Device) else doubtful):
                return False
        return True

    # --- what follows ----------------------------------------------------------------------------------------------------

    def decide(self, viewer: PersonId, row: Row) -> str:
        """Decide whether `viewer` may have this listing, by what this node knows."""
        author = row.author
        if author == viewer:
            return ALLOW
        if (viewer, author) in self.sure.world.blocks:
            return DENY
        if (author, row.device) in self.surplus:
            return UNKNOWN
        stance = self.sure.stances.get(author)
        said = self.said.get(author, {}).get(row.device)
        if stance is None or (row.policy_version and (said is None or said.version < row.policy_version)):
            return DENY if author in self.given_up else UNKNOWN
        answer = self._in_view(self.sure, viewer, row)
        if answer is DENY and self.doubtful is not None and self._in_view(self.doubtful, viewer, row) is not DENY:
            return UNKNOWN
        return answer

    def _in_view(self, view: _View, viewer: PersonId, row: Row) -> str:
        stance, author = view.stances.get(row.author), row.author
        if stance is None or stance.preference.paused:
            return DENY
        audience = Audience(stance.preference.audience if row.audience == Audience.FOLLOWS else row.audience)
        place = row.place or view.world.places.get(author)
        if brute_visible(view.world, BruteListing(author, audience.word, place, stance.preference.radius_km), viewer):
            return ALLOW
        placeless = (row.place is None and author not in self.with_profile) or viewer not in self.with_profile
        if audience is Audience.ANYONE_LOCAL and placeless and brute_web(view.world, author, viewer):
            return UNKNOWN
        return DENY

    # --- what is wrong ---------------------------------------------------------------------------------------------------

    def faults(self, viewers: Iterable[PersonId] = ()) -> Iterator[str]:
        """Yield in words what this node holds, decides or uses otherwise than follows from its own records."""
        me, name = self.node.person, self.node.name
        others = sorted({*viewers} - {me})
        yield from self._faults_of_waiting()
        for row in self.rows:
            what = f"version {row.version} of {Kind(row.kind).name.lower()} {row.slot.hex()[:8]}"
            writer = (row.author, row.device)
            if row.kind != Kind.DEVICE and writer in self.revoked:
                yield f"{name} keeps {what}, which a revoked device wrote"
            if row.kind != Kind.DEVICE and row.state in _PROVED and writer not in self._proved_once:
                yield f"{name} believes {what}, by a device that nobody certified"
            if row.kind == Kind.LISTING and row.author != me:
                yield from self._faults_about(row, what, others)
        for person in sorted(self.said):
            policy, stance = self.node.replica.trust_state.policy(person), self.sure.stances.get(person)
            held = None if policy is None else (dict(policy.vouches), policy.block_tags, policy.preference)
            meant = None if stance is None else (dict(stance.vouches), stance.tags, stance.preference)
            if held != meant:
                yield f"{name} merges the policy of {person.hex()[:8]} into {held} instead of {meant}"

    def _faults_about(self, row: Row, what: str, others: list[PersonId]) -> Iterator[str]:
        me, name = self.node.person, self.node.name
        mine = self.decide(me, row)
        newest = self._newest(self._registers[row.register]) if row.state in _PROVED else row
        if row.state == RecordState.LIVE and row.version < newest.min_valid_version:
            yield f"{name} uses {what} in spite of a newer header"
        if row.state == RecordState.LIVE and mine is DENY and self._body_is_held(row):
            yield f"{name} keeps {what}, which it knows that it may not have"
        if row.state == RecordState.PENDING and mine is ALLOW and (row.author, row.device) in self.certified:
            yield f"{name} does not use {what}, though it may"
        for viewer in (me, *others):
            decided = self.node.replica.access.decide(viewer, access_key(row)).value
            meant = self.decide(viewer, row)
            if decided != meant:
                whom = "itself" if viewer == me else viewer.hex()[:8]
                yield f"{name} decides {decided} about {what} for {whom}, and its records say {meant}"

    def _body_is_held(self, row: Row) -> bool:
        record = self.node.replica.store.records.get(row.id)
        return record is not None and bool(record.body)
