"""Who stands how to whom, as far as this node knows: certificates, policies, joins, profiles, the graph over them.

The circle is a reading of the store, kept in memory and refreshed person by person. A policy counts only while its
device is certified, and a person counts only while none of his registers is suspended: a newer policy that we know of
but may not read could have taken anything back, so until its body comes we hold him for silent (fail closed).
`before` is the graph in which suspended policies still count. What it would allow and `graph` does not is doubtful,
and doubt is no evidence: such records are hidden, not dropped.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from meshnode.store import RecordState, Store
from protocol import (
    Body,
    Device,
    DeviceId,
    Join,
    Kind,
    PersonId,
    Policy,
    Profile,
    Record,
    RemoteError,
    body_of,
    is_revocation,
)
from protocol.trust import EffectivePolicy, Memberships, Standing, TrustGraph, merge, standing_between

REACH_PER_MILLE = 100  # the web ends here: trust >= 0.1
READ_REMEMBERED = 4096  # people read anew lately; whoever looks more seldom asks about everybody
_READ_KINDS = (Kind.DEVICE, Kind.POLICY, Kind.PROFILE)
CACHED_VIEWERS = 128  # one cached search a peer or viewer; bounds memory, not correctness


@dataclass(frozen=True, slots=True)
class Certificate:
    """A device that its person's identity vouches for, or has struck."""

    person: PersonId
    device: DeviceId
    dh_public: bytes
    letter_public: bytes
    revoked: bool
    expires: int


@dataclass(frozen=True, slots=True)
class Register:
    """One device's policy as it is in use, or as it was before a newer one that we may not read."""

    version: int
    policy: Policy
    suspended: bool


_Cached = tuple[RecordState, Record]


class TrustState:
    """The people this node knows of and how they stand to each other."""

    def __init__(self) -> None:
        self.graph = TrustGraph()
        self.version = 0
        """Grows whenever anybody was read anew: what was true of the circle before may not be any more."""
        self._read: deque[PersonId] = deque(maxlen=READ_REMEMBERED)
        self._before: TrustGraph | None = None
        self._certificates: dict[PersonId, dict[DeviceId, Certificate]] = {}
        self._dh_publics: dict[bytes, set[tuple[PersonId, DeviceId]]] = {}
        self._struck: dict[PersonId, set[DeviceId]] = {}
        self._registers: dict[PersonId, dict[DeviceId, Register]] = {}
        self._unread: set[PersonId] = set()
        self._suspended: set[PersonId] = set()
        self._profiles: dict[PersonId, Profile] = {}
        self.groups = Memberships()
        """Who is in which group now."""
        self._groups_before = Memberships()  # the same, were no suspended join suspended
        self._joins: dict[PersonId, list[tuple[DeviceId, Join]]] = {}
        self._suspended_joins: set[PersonId] = set()
        self._reach: dict[tuple[bool, PersonId], tuple[int, dict[PersonId, int]]] = {}
        self._regard: dict[PersonId, tuple[int, dict[PersonId, int]]] = {}
        self._hops: dict[PersonId, tuple[int, dict[PersonId, int | None]]] = {}

    # --- keeping up with the store -----------------------------------------------------------------------------

    def load(self, store: Store) -> None:
        """Read everybody from `store`, at start."""
        self.refresh(store, {row.author for row in store.records.rows(kinds=_READ_KINDS)})

    def refresh(self, store: Store, people: Iterable[PersonId]) -> None:
        """Read `people` anew: call it after their certificates, policies, joins or profiles changed."""
        for person in sorted(people):
            self.version += 1
            self._read.append(person)
            held = store.records.graph_records_of(person)
            self._read_certificates(person, [kept for kept in held if kept[1].header.kind == Kind.DEVICE])
            self._read_joins(store, person)
            self._read_policies(person, [kept for kept in held if kept[1].header.kind == Kind.POLICY])
            self._read_profile(person, [kept for kept in held if kept[1].header.kind == Kind.PROFILE])

    def read_since(self, version: int) -> frozenset[PersonId] | None:
        """Who was read anew since then; None if that is too long ago to know."""
        count = self.version - version
        if count > len(self._read):
            return None
        return frozenset(self._read[-number] for number in range(1, count + 1))

    def restore(self, store: Store, version: int) -> None:
        """Read again, after a rollback, everyone who was read since the state was at `version`."""
        people = self.read_since(version)
        if people is None:
            people = self.people() | frozenset(row.author for row in store.records.rows(kinds=_READ_KINDS))
        self.refresh(store, people)

    def _read_certificates(self, person: PersonId, held: list[_Cached]) -> None:
        for stale in self._certificates.pop(person, {}).values():
            claims = self._dh_publics[stale.dh_public]
            claims.discard((person, stale.device))
            if not claims:
                del self._dh_publics[stale.dh_public]
        self._struck.pop(person, None)
        revoked = {record.header.device for _, record in held if is_revocation(record.header)}
        for _, record in _in_use(held):
            body = _read(record)
            if not isinstance(body, Device):
                continue
            device = record.header.device
            if body.revoked:
                revoked.add(device)
            certificate = Certificate(
                person, device, body.dh_public, body.letter_public, device in revoked, record.header.expires
            )
            self._certificates.setdefault(person, {})[device] = certificate
            self._dh_publics.setdefault(body.dh_public, set()).add((person, device))
        if revoked:
            self._struck[person] = revoked

    def _read_joins(self, store: Store, person: PersonId) -> None:
        """Joins were proved at the door. They come after certificates, and before policies say where doubt is."""
        suspended = {row.id for row in store.records.rows((Kind.JOIN,), person, (RecordState.SUSPENDED,))}
        known = []
        in_use = []
        for record in store.records.bodies(Kind.JOIN, author=person):
            body = _read(record)
            if not isinstance(body, Join) or not self.certified(person, record.header.device):
                continue
            known.append(body.group)
            if record.id not in suspended:
                in_use.append((record.header.device, body))
        (self._suspended_joins.add if len(known) > len(in_use) else self._suspended_joins.discard)(person)
        self._joins[person] = in_use
        self.groups.set(person, [join.group for _, join in in_use])
        self._groups_before.set(person, known)

    def _read_policies(self, person: PersonId, held: list[_Cached]) -> None:
        registers: dict[DeviceId, Register] = {}
        # Long after what a header superseded is gone, the header still says that this device has said something else.
        headers = [record.header for state, record in held if state is RecordState.HEADER]
        unread = {header.device for header in headers if self.certified(person, header.device)}
        for state, record in _in_use(held):
            device = record.header.device
            if not self.certified(person, device):
                continue
            body = _read(record)
            if isinstance(body, Policy):
                registers[device] = Register(record.header.version, body, state is RecordState.SUSPENDED)
            else:
                unread.add(device)
        self._unread.discard(person)
        if unread - registers.keys():
            self._unread.add(person)
        if registers:
            self._registers[person] = registers
        else:
            self._registers.pop(person, None)
        self._weigh(person)

    def _weigh(self, person: PersonId) -> None:
        registers = self._registers.get(person, {})
        suspended = any(register.suspended for register in registers.values()) or person in self._unread
        (self._suspended.add if suspended else self._suspended.discard)(person)
        effective = merge([register.policy for _, register in sorted(registers.items())]) if registers else None
        _set_if_changed(self.graph, person, None if suspended else effective)
        doubt = bool(self._suspended or self._suspended_joins)
        if doubt and self._before is None:
            self._before = self._graph_before()
            self._reach.clear()  # searches of an earlier graph of doubt must not be taken for this one's
        elif not doubt:
            self._before = None
        if self._before is not None:
            _set_if_changed(self._before, person, effective)

    def _graph_before(self) -> TrustGraph:
        graph = TrustGraph()
        for person, registers in self._registers.items():
            graph.set(person, merge([register.policy for _, register in sorted(registers.items())]))
        return graph

    def _read_profile(self, person: PersonId, held: list[_Cached]) -> None:
        self._profiles.pop(person, None)
        for state, record in _in_use(held):
            if state is RecordState.SUSPENDED or not self.certified(person, record.header.device):
                continue
            body = _read(record)
            if isinstance(body, Profile):
                self._profiles[person] = body

    # --- devices -------------------------------------------------------------------------------------------------
    # A certificate is one person's word: anybody can certify somebody else's public keys as his own. So devices are
    # looked up by person and device together, and two who claim one key have two certificates.

    def certificate(self, person: PersonId, device: DeviceId) -> Certificate | None:
        """What `person` says of `device`, struck or not."""
        return self._certificates.get(person, {}).get(device)

    def revoked(self, person: PersonId, device: DeviceId) -> bool:
        """Whether `person` has said the last word on `device`, be it only its header that we know."""
        return device in self._struck.get(person, ())

    def revoked_devices(self, person: PersonId) -> list[DeviceId]:
        """The devices on which `person` has said the last word, in a fixed order."""
        return sorted(self._struck.get(person, ()))

    def certified(self, person: PersonId, device: DeviceId) -> bool:
        """Whether `device` speaks for `person` now."""
        certificate = self.certificate(person, device)
        return certificate is not None and not certificate.revoked

    def by_dh_public(self, dh_public: bytes) -> Certificate | None:
        """The device that shakes hands with this X25519 key; None if there is none, or more than one claims to.

        A false claimant cannot speak with the key, but he must not be taken for its owner either: where several claim
        it, the caller has to show which certificate is his.
        """
        claims = list(self._dh_publics.get(dh_public, ()))
        found = self.certificate(*claims[0]) if len(claims) == 1 else None
        return None if found is None or found.revoked else found

    def devices(self, person: PersonId) -> list[Certificate]:
        """The devices that speak for `person`, in a fixed order."""
        known = self._certificates.get(person, {})
        return [known[device] for device in sorted(known) if not known[device].revoked]

    # --- people --------------------------------------------------------------------------------------------------

    def people(self) -> frozenset[PersonId]:
        """Everybody of whom a certificate, policy or profile is held."""
        return frozenset(self._certificates) | frozenset(self._registers) | frozenset(self._profiles)

    def profile(self, person: PersonId) -> Profile | None:
        """What `person` says about himself, where we may know it."""
        return self._profiles.get(person)

    def published_place(self, person: PersonId) -> str | None:
        """Return the place (an H3 cell) that `person` publishes; None where none is known."""
        profile = self._profiles.get(person)
        return profile.place if profile is not None else None

    def policy(self, person: PersonId) -> EffectivePolicy | None:
        """The effective policy of `person`; None while it is unknown or suspended."""
        return self.graph.policy(person)

    def has_policy(self, person: PersonId) -> bool:
        """Whether a policy of `person` is held, in use or suspended."""
        return person in self._registers

    def policy_version(self, person: PersonId, device: DeviceId) -> int:
        """Version of the policy in use that `device` wrote for `person`; 0 if none is."""
        register = self._registers.get(person, {}).get(device)
        return register.version if register is not None and not register.suspended else 0

    def in_doubt(self) -> TrustGraph | None:
        """The graph in which suspended policies still count; None while no policy or join is suspended."""
        return self._before

    # --- standing ------------------------------------------------------------------------------------------------

    def standing(self, author: PersonId, viewer: PersonId) -> Standing:
        """How `author` and `viewer` stand to each other."""
        reach, regard = self.reach_to(viewer).get(author), self.regard_from(viewer).get(author)
        return standing_between(author, viewer, self.graph, self.groups, reach=reach, regard=regard)

    def consent(self, author: PersonId, viewer: PersonId, graph: TrustGraph) -> Standing:
        """The part of their standing that decides about consent, in the graph in use or in the one `in_doubt` gives."""
        reach = self.reach_in(graph, viewer).get(author)
        return standing_between(author, viewer, graph, self._groups_in(graph), reach=reach, regard=None)

    def in_slot(self, person: PersonId, slot: bytes, graph: TrustGraph) -> bool:
        """Whether `person` is in the group whose joins are in `slot`, in the graph in use or in the one of doubt."""
        return self._groups_in(graph).in_slot(person, slot)

    def _groups_in(self, graph: TrustGraph) -> Memberships:
        return self.groups if graph is self.graph else self._groups_before

    def joins(self, person: PersonId) -> list[tuple[DeviceId, Join]]:
        """The joins in use of `person`, each with the device that wrote it."""
        return list(self._joins.get(person, ()))

    def reach_to(self, viewer: PersonId) -> dict[PersonId, int]:
        """Cost of reach(author -> viewer) for every author in whose web `viewer` is."""
        return self.reach_in(self.graph, viewer)

    def reach_in(self, graph: TrustGraph, viewer: PersonId) -> dict[PersonId, int]:
        """The same in `graph`: the one in use or the one of doubt."""
        key = (graph is self.graph, viewer)
        cached = self._reach.get(key)
        if cached is None or cached[0] != graph.version:
            cached = self._reach[key] = (graph.version, graph.reach_to(viewer, REACH_PER_MILLE))
            _bound(self._reach)
        return cached[1]

    def regard_from(self, viewer: PersonId) -> dict[PersonId, int]:
        """Cost of regard(viewer -> author) for everybody whom `viewer` holds in some regard."""
        cached = self._regard.get(viewer)
        if cached is None or cached[0] != self.graph.version:
            cached = self._regard[viewer] = (self.graph.version, self.graph.regard_from(viewer, REACH_PER_MILLE))
            _bound(self._regard)
        return cached[1]

    def hops(self, viewer: PersonId, author: PersonId) -> int | None:
        """How many vouches the best way from `viewer` to `author` has; None if there is no way."""
        cached = self._hops.get(viewer)
        if cached is None or cached[0] != self.graph.version:
            cached = self._hops[viewer] = (self.graph.version, {})
            _bound(self._hops)
        if author not in cached[1]:
            path = self.graph.trust(viewer, author)
            cached[1][author] = None if path is None else path.hops
        return cached[1][author]


def _read(record: Record) -> Body | None:
    """What a stored record says; None if this version cannot read it, though the one that stored it could."""
    try:
        return body_of(record)
    except RemoteError:
        return None


def _in_use(held: list[_Cached]) -> list[_Cached]:
    """Those that say something and are proved; they may be suspended."""
    return [(state, record) for state, record in held if record.body and state is not RecordState.PENDING]


def _set_if_changed(graph: TrustGraph, person: PersonId, policy: EffectivePolicy | None) -> None:
    if graph.policy(person) != policy:
        graph.set(person, policy)


def _bound(cache: dict[Any, Any]) -> None:
    while len(cache) > CACHED_VIEWERS:
        cache.pop(next(iter(cache)))
