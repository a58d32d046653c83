"""Holds what this node knows about people: certificates, policies, joins, profiles, and the trust graph made of them.

The trust state is read from the store, kept in memory and refreshed person by person. A policy counts only while its
device is certified, and a person's policies count only while none of them is suspended: a newer policy whose header is
known and whose body is missing could have taken anything back, so until the body comes that person has no policy in
use (fail closed). In the doubtful graph suspended policies still count. Where it would allow what the graph in use
denies, the decision is UNKNOWN: such records are hidden and not dropped.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from meshnode.replica.bodies import readable_body
from meshnode.replica.costs import Costs, PersonNumbers
from meshnode.replica.held_joins import Counts, HeldJoins, Revocations
from meshnode.replica.registers import Branch, PolicyRead, Register, register_of
from meshnode.store import RecordState, Store
from protocol import (
    Device,
    DeviceId,
    Join,
    Kind,
    PersonId,
    Policy,
    Profile,
    Record,
    RecordId,
    is_revocation,
    limits,
)
from protocol.trust import (
    EffectivePolicy,
    Memberships,
    Standing,
    TrustGraph,
    devices_that_count,
    merge_entries,
    standing_between,
)

REACH_PER_MILLE = 100  # the web ends here: trust >= 0.1
READ_REMEMBERED = 4096  # refreshes; a caller of `read_since` that comes more rarely gets None
_READ_KINDS = (Kind.DEVICE, Kind.POLICY, Kind.PROFILE)
CACHED_VIEWERS = 128  # one cached search a peer or viewer; bounds memory, not correctness


class Certificate(Struct, frozen=True):
    """A device that is certified or revoked by the identity key of its person."""

    person: PersonId
    device: DeviceId
    dh_public: bytes
    letter_public: bytes
    revoked: bool
    expires: int
    past: bool = False
    """Whether it had ended when it came: it still proves who wrote a record, but its device no longer acts for anybody."""


_Held = tuple[RecordState, Record]
_Regard = tuple[int, dict[PersonId, int], dict[PersonId, tuple[int, int]]]


class TrustState:
    """The people that this node knows of, and how they are connected.

    Ingest refreshes it inside each transaction, and `restore` undoes that after a rollback. All else only reads it.
    Used in the store thread.
    """

    def __init__(self) -> None:
        self.graph = TrustGraph()
        self.version = 0
        """Grows with every person that is read: results computed at another version may no longer be true."""
        self._read: deque[PersonId] = deque(maxlen=READ_REMEMBERED)
        self._doubtful_graph: TrustGraph | None = None
        self._certificates: dict[PersonId, dict[DeviceId, Certificate]] = {}
        self._dh_publics: dict[bytes, set[tuple[PersonId, DeviceId]]] = {}
        self._surplus: dict[PersonId, frozenset[DeviceId]] = {}  # certified devices that are too many to count
        self._registers: dict[PersonId, dict[DeviceId, Register]] = {}
        self._policies_read: dict[PersonId, dict[RecordId, PolicyRead]] = {}  # of people with several registers
        self._unreadable: set[PersonId] = set()
        self._suspended: set[PersonId] = set()
        self._given_up: frozenset[PersonId] = frozenset()
        self._past: set[PersonId] = set()
        self._says_more: set[PersonId] = set()  # of whose policies in use a part has ended
        self._profiles: dict[PersonId, Profile] = {}
        self.counterparts: frozenset[PersonId] = frozenset()
        """The people with whom the owner has an exchange that is not over, see `store.exchanges.counterparts`."""
        self._joins = HeldJoins(self.certified)
        self.groups = self._joins.groups
        """The members of each group now."""
        self._reach: dict[tuple[bool, PersonId], tuple[int, Costs]] = {}
        self._numbers = PersonNumbers()
        self._regard: dict[PersonId, _Regard] = {}

    # --- keeping up with the store -----------------------------------------------------------------------------

    def load(self, store: Store) -> None:
        """Read everybody from `store`, at start."""
        self.refresh(store, {row.author for row in store.records.rows(kinds=_READ_KINDS)})
        self.counterparts = store.exchanges.counterparts()

    def note_read(self, record: Record, policy: Policy) -> None:
        """Keep the body of a policy that was parsed already until its author is read, so that it is not parsed again."""
        header = record.header
        read = PolicyRead(header.device, header.version, header.min_valid_version, policy)
        self._policies_read.setdefault(header.author, {})[record.id] = read

    def refresh_counterparts(self, store: Store) -> frozenset[PersonId]:
        """Read from the store with whom exchanges are open, after one began or ended; return the people who changed."""
        before, self.counterparts = self.counterparts, store.exchanges.counterparts()
        moved = before ^ self.counterparts
        self.refresh(store, moved)
        return moved

    def refresh(self, store: Store, people: Iterable[PersonId]) -> frozenset[PersonId]:
        """Read `people` from the store again, after their certificates, policies, joins or profiles have changed.

        Returns those whose joins were read again too, since a device on which they rely was revoked.
        """
        relying: set[PersonId] = set()
        inviters: set[PersonId] = set()
        for person in sorted(people):
            self.version += 1
            self._read.append(person)
            states, known = store.records.graph_states_of(person), self._policies_read.get(person, {})
            records = {one.id: one for one in store.records.get_many([one for _, one in states if one not in known])}
            held = [(state, records[one]) for state, one in states if one in records]
            self._policies_read[person] = {one: known[one] for _, one in states if one in known}
            relying |= self._read_certificates(person, [kept for kept in held if kept[1].header.kind == Kind.DEVICE])
            inviters |= self._joins.read(store, person)
            self._read_policies(person, states, [kept for kept in held if kept[1].header.kind == Kind.POLICY])
            self._read_profile(person, [kept for kept in held if kept[1].header.kind == Kind.PROFILE])
        for person in sorted(relying):
            self.version += 1
            self._read.append(person)
            inviters |= self._joins.read(store, person)
            self._update_graphs(person)
        self.version += len(inviters)
        self._read.extend(sorted(inviters))
        return frozenset(relying)

    def read_since(self, version: int) -> frozenset[PersonId] | None:
        """Return everybody who was read after the state had this version; None if that is too long ago to know."""
        count = self.version - version
        if count > len(self._read):
            return None
        return frozenset(self._read[-number] for number in range(1, count + 1))

    def restore(self, store: Store, version: int) -> None:
        """Read again, after a rollback, everyone who was read since the state was at `version`."""
        people = self.read_since(version)
        if people is None:
            people = self.people() | frozenset(row.author for row in store.records.rows(kinds=_READ_KINDS))
        self.counterparts = store.exchanges.counterparts()
        self.refresh(store, people)

    def _read_certificates(self, person: PersonId, held: list[_Held]) -> set[PersonId]:
        """Read the certificates; return the people whose joins are to be read again for a revocation among them."""
        for stale in self._certificates.pop(person, {}).values():
            claims = self._dh_publics[stale.dh_public]
            claims.discard((person, stale.device))
            if not claims:
                del self._dh_publics[stale.dh_public]
        revoked: Revocations = {record.header.device: None for _, record in held if is_revocation(record.header)}
        for state, record in _usable(held):
            body = readable_body(record)
            if not isinstance(body, Device):
                continue
            device = record.header.device
            if body.revoked:
                revoked[device] = record.id
            certificate = Certificate(
                person,
                device,
                body.dh_public,
                body.letter_public,
                device in revoked,
                record.header.expires,
                state is RecordState.PAST,
            )
            self._certificates.setdefault(person, {})[device] = certificate
            self._dh_publics.setdefault(body.dh_public, set()).add((person, device))
        speaking = [one for one in self._certificates.get(person, {}).values() if not one.revoked]
        self._surplus.pop(person, None)
        if len(speaking) > limits.DEVICES_MAX:
            counting = devices_that_count(
                [one.device for one in speaking if not one.past], [one.device for one in speaking if one.past]
            )
            self._surplus[person] = frozenset(one.device for one in speaking) - counting
        return self._joins.set_revoked(person, revoked)

    def _read_policies(self, person: PersonId, states: list[tuple[RecordState, RecordId]], held: list[_Held]) -> None:
        """Read the policies that are held in these states; `held` are those that were not read before."""
        read = self._policies_read.pop(person)
        unreadable: set[DeviceId] = set()
        for state, record in held:
            header = record.header
            body = readable_body(record) if state is not RecordState.PENDING else None
            if isinstance(body, Policy):
                read[record.id] = PolicyRead(header.device, header.version, header.min_valid_version, body)
            elif (state is RecordState.HEADER or record.body) and state is not RecordState.PENDING:
                unreadable.add(header.device)
        branches: dict[DeviceId, list[Branch]] = {}
        for state, one in states:
            if one not in read or state is RecordState.PENDING:
                continue
            device, version, min_valid_version, policy = read[one]
            if state is RecordState.HEADER:
                # A header without its body says, long after the older policy is gone, that there is another one now.
                unreadable.add(device)
            elif self.certified(person, device):
                suspended, past = state is RecordState.SUSPENDED, state is RecordState.PAST
                branches.setdefault(device, []).append(Branch(version, min_valid_version, policy, suspended, past))
        unreadable = {device for device in unreadable if self.certified(person, device)}
        if len(read) > 1 or (read and unreadable):
            self._policies_read[person] = read  # when one of them changes, or a header comes, no other one is parsed
        registers = {device: register_of(found) for device, found in branches.items()}
        self._unreadable.discard(person)
        if unreadable - registers.keys():
            self._unreadable.add(person)
        if registers:
            self._registers[person] = registers
        else:
            self._registers.pop(person, None)
        self._update_graphs(person)

    def _update_graphs(self, person: PersonId) -> None:
        registers = self._registers.get(person, {})
        suspended = (
            any(register.suspended for register in registers.values())
            or person in self._unreadable
            or (bool(registers) and not any(register.in_use for register in registers.values()))
        )
        (self._past.add if any(register.past for register in registers.values()) else self._past.discard)(person)
        says_more = any(register.said is not register.entries for register in registers.values())
        (self._says_more.add if says_more else self._says_more.discard)(person)
        (self._suspended.add if suspended else self._suspended.discard)(person)
        effective = merge_entries(register.entries for _, register in sorted(registers.items())) if registers else None
        _set_if_changed(self.graph, person, None if suspended else effective)
        doubt = bool(self._suspended or self._joins.in_doubt)
        if doubt and self._doubtful_graph is None:
            self._doubtful_graph = self.graph.copy()  # nobody else's policy is suspended, so few may say more
            for one in self.may_say_more():
                self._set_possible(self._doubtful_graph, one)
            # Results of searches in an earlier doubtful graph are void.
            self._reach = {key: found for key, found in self._reach.items() if key[0]}
        elif not doubt:
            self._doubtful_graph = None
        if self._doubtful_graph is not None:
            self._set_possible(self._doubtful_graph, person)

    def _set_possible(self, graph: TrustGraph, person: PersonId) -> None:
        """Put into a doubtful graph what the policies of `person` say that are in use or suspended."""
        registers = self._registers.get(person)
        possible = merge_entries(register.said for _, register in sorted(registers.items())) if registers else None
        _set_if_changed(graph, person, None if self.is_given_up(person) else possible)

    def may_say_more(self) -> set[PersonId]:
        """Return everybody whose policies may say more in the doubtful graph than in the one in use, were there one."""
        return self._suspended | self._says_more

    def give_up_on(self, people: frozenset[PersonId]) -> frozenset[PersonId]:
        """Wait no longer for the policies of these people of which only headers are known, but for all others' again.

        What they say on other devices is then not possible either, as if nothing of them were known. Returns those for whom
        that is new.
        """
        moved, self._given_up = self._given_up ^ people, people
        for person in sorted(moved):
            self.version += 1
            self._read.append(person)
            self._update_graphs(person)
        return moved

    def is_given_up(self, person: PersonId) -> bool:
        """Whether a policy of `person`, of which only the header is known, was waited for too long."""
        return person in self._given_up and person in self._unreadable

    def _read_profile(self, person: PersonId, held: list[_Held]) -> None:
        self._profiles.pop(person, None)
        for state, record in _usable(held):
            if state is RecordState.SUSPENDED or not self.certified(person, record.header.device):
                continue
            body = readable_body(record)
            if isinstance(body, Profile):
                self._profiles[person] = body

    # --- devices -------------------------------------------------------------------------------------------------
    # Anybody can certify somebody else's public keys as those of their own device. So devices are looked up by person
    # and device together, and two people who claim one key have two certificates.

    def certificate(self, person: PersonId, device: DeviceId) -> Certificate | None:
        """Return the certificate of `person`'s `device`, revoked or not; None if none is held."""
        return self._certificates.get(person, {}).get(device)

    def revoked(self, person: PersonId, device: DeviceId) -> bool:
        """Whether `person` has revoked `device`; the header of the revocation is enough."""
        return device in self._joins.revoked(person)

    def revoked_devices(self, person: PersonId) -> list[DeviceId]:
        """Return the devices that `person` has revoked, in a fixed order."""
        return sorted(self._joins.revoked(person))

    def invited_for(self, person: PersonId, device: DeviceId, viewer: PersonId) -> bool:
        """Whether this device of `person` has signed an invitation in the chain of a join of a group that `viewer` is in."""
        return self._joins.invited_for(person, device, viewer)

    def decides_about_joins(self, person: PersonId, device: DeviceId) -> bool:
        """Whether `person` has revoked `device`, and it has signed an invitation in the chain of a join that is held."""
        return self.revoked(person, device) and self._joins.is_relied_on(person, device)

    def certified(self, person: PersonId, device: DeviceId) -> bool:
        """Whether `device` speaks for `person` now."""
        certificate = self.certificate(person, device)
        return certificate is not None and not certificate.revoked and not self.is_surplus(person, device)

    def is_surplus(self, person: PersonId, device: DeviceId) -> bool:
        """Whether `device` does not count, since `person` has certified so many; it may later, when one is revoked."""
        return device in self._surplus.get(person, ())

    def by_dh_public(self, dh_public: bytes) -> Certificate | None:
        """Return the device with this X25519 key; None if there is none, or if several people claim it.

        A false claimant cannot complete a handshake with the key, but must not be taken for its owner either: where
        several claim it, the peer has to show its certificate.
        """
        claims = list(self._dh_publics.get(dh_public, ()))
        found = self.certificate(*claims[0]) if len(claims) == 1 else None
        return None if found is None or not self.certified(found.person, found.device) else found

    def devices(self, person: PersonId) -> list[Certificate]:
        """Return the devices that speak for `person`, in a fixed order."""
        known = self._certificates.get(person, {})
        return [known[device] for device in sorted(known) if self.certified(person, device) and not known[device].past]

    def past_devices(self, person: PersonId) -> list[Certificate]:
        """Return the devices of `person` whose certificates had ended when they came, in a fixed order."""
        known = self._certificates.get(person, {})
        return [known[device] for device in sorted(known) if self.certified(person, device) and known[device].past]

    # --- people --------------------------------------------------------------------------------------------------

    def people(self) -> frozenset[PersonId]:
        """Return everybody of whom a certificate, policy or profile is held."""
        return frozenset(self._certificates) | frozenset(self._registers) | frozenset(self._profiles)

    def profile(self, person: PersonId) -> Profile | None:
        """Return the profile of `person`; None if none is in use here."""
        return self._profiles.get(person)

    def published_place(self, person: PersonId) -> str | None:
        """Return the place (an H3 cell) that `person` publishes; None where none is known."""
        profile = self._profiles.get(person)
        return profile.place if profile is not None else None

    def policy(self, person: PersonId) -> EffectivePolicy | None:
        """Return the effective policy of `person`; None while it is unknown or suspended."""
        return self.graph.policy(person)

    def has_policy(self, person: PersonId) -> bool:
        """Whether a policy of `person` is held, in use or suspended."""
        return person in self._registers

    def policy_version(self, person: PersonId, device: DeviceId) -> int:
        """Return the version of the policy in use that `device` wrote for `person`; 0 if none is."""
        register = self._registers.get(person, {}).get(device)
        return register.version if register is not None and register.in_use else 0

    def policy_versions(self, person: PersonId) -> tuple[tuple[DeviceId, int], ...]:
        """Return the versions of all policies of `person` that are held, in use or suspended, each with its device."""
        return tuple((device, one.version) for device, one in sorted(self._registers.get(person, {}).items()))

    def has_past_policy(self, person: PersonId) -> bool:
        """Whether a policy of `person` is held that had ended when it came."""
        return person in self._past

    def graph_with_suspended(self) -> TrustGraph | None:
        """Return the doubtful graph, in which suspended policies count; None while no policy or join is suspended."""
        return self._doubtful_graph

    # --- standing ------------------------------------------------------------------------------------------------

    def standing(self, author: PersonId, viewer: PersonId) -> Standing:
        """Return how `author` and `viewer` are connected in the graph in use."""
        reach, regard = self.reach_to(viewer).get(author), self.regard_from(viewer).get(author)
        return standing_between(author, viewer, self.graph, self.groups, reach=reach, regard=regard)

    def consent(self, author: PersonId, viewer: PersonId, graph: TrustGraph) -> Standing:
        """Return what decides about consent, in the graph in use or in the doubtful one."""
        reach = self.reach_in(graph, viewer).get(author)
        return standing_between(author, viewer, graph, self._groups_in(graph), reach=reach, regard=None)

    def in_slot(self, person: PersonId, slot: bytes, graph: TrustGraph) -> bool:
        """Whether `person` is in the group whose joins have `slot`, in the graph in use or in the doubtful one."""
        return self._groups_in(graph).in_slot(person, slot)

    def _groups_in(self, graph: TrustGraph) -> Memberships:
        return self.groups if graph is self.graph else self._joins.doubtful

    def groups_of(self, person: PersonId) -> tuple[frozenset[bytes], frozenset[bytes]]:
        """Return the ids of the groups of `person`: those that count now, and those with suspended joins."""
        return frozenset(self.groups.groups_of(person)), frozenset(self._joins.doubtful.groups_of(person))

    def people_with_joins(self) -> set[PersonId]:
        """Return everybody of whom a join is held, in use or in doubt."""
        return self._joins.people()

    def people_in_chains(self) -> set[PersonId]:
        """Return them, and everybody who has signed an invitation in the chain of one of these joins."""
        return self._joins.people() | self._joins.inviters()

    def joins(self, person: PersonId) -> list[tuple[DeviceId, Join]]:
        """Return the joins in use of `person`, each with the device that wrote it."""
        return self._joins.in_use(person)

    def makes_member(self, store: Store, person: PersonId, join: Join) -> bool:
        """Whether a join of `person` whose chain holds makes them a member, by the devices that are revoked."""
        return self._joins.counts(store, person, join) is Counts.YES

    def void_joins(self, person: PersonId) -> list[Join]:
        """Return the joins of `person` that are void, since a device that signed an invitation of the chain is revoked."""
        return self._joins.void(person)

    def reach_to(self, viewer: PersonId) -> Costs:
        """Return the cost of reach(author -> viewer) for every author whose web `viewer` is in."""
        return self.reach_in(self.graph, viewer)

    def reach_in(self, graph: TrustGraph, viewer: PersonId) -> Costs:
        """Return the same in `graph`: the one in use or the doubtful one."""
        key = (graph is self.graph, viewer)
        cached = self._reach.get(key)
        if cached is None or cached[0] != graph.version:
            found = Costs(self._numbers, graph.reach_to(viewer, REACH_PER_MILLE))
            cached = self._reach[key] = (graph.version, found)
            _trim(self._reach)
        return cached[1]

    def regard_from(self, viewer: PersonId) -> dict[PersonId, int]:
        """Return the cost of regard(viewer -> author) for every author whom `viewer` trusts enough."""
        return self._regard_of(viewer)[1]

    def hops(self, viewer: PersonId, author: PersonId) -> int | None:
        """Return how many vouches the best path from `viewer` to `author` has; None if `viewer` does not trust them."""
        found = self.regard_and_hops(viewer).get(author)
        return None if found is None else found[1]

    def regard_and_hops(self, viewer: PersonId) -> dict[PersonId, tuple[int, int]]:
        """Return what `regard_from` does, each cost with the number of vouches on the best path."""
        return self._regard_of(viewer)[2]

    def _regard_of(self, viewer: PersonId) -> _Regard:
        """Return the version of the graph that one search was made in, and what it found for everybody."""
        cached = self._regard.get(viewer)
        if cached is None or cached[0] != self.graph.version:
            found = self.graph.regard_and_hops_from(viewer, REACH_PER_MILLE)
            costs = {person: cost for person, (cost, _) in found.items()}
            cached = self._regard[viewer] = (self.graph.version, costs, found)
            _trim(self._regard)
        return cached


def _usable(held: list[_Held]) -> list[_Held]:
    """Return the records with a body that are not pending; they may be suspended."""
    return [(state, record) for state, record in held if record.body and state is not RecordState.PENDING]


def _set_if_changed(graph: TrustGraph, person: PersonId, policy: EffectivePolicy | None) -> None:
    if graph.policy(person) != policy:
        graph.set(person, policy)


def _trim(cache: dict[Any, Any]) -> None:
    while len(cache) > CACHED_VIEWERS:
        cache.pop(next(iter(cache)))
