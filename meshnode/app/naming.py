"""Names people: how a person is mentioned, what they are to the owner of this node, and which person a text means.

People who block or are blocked, and people to whom nothing connects the owner, cannot be named. The error is the same
as for somebody who does not exist, so that a block does not show.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from heapq import nsmallest
from typing import NamedTuple
from weakref import WeakKeyDictionary

from meshnode.app.picking import ID_PREFIX_MIN, Candidate, alike, pick
from meshnode.app.words import searchable, words_of
from meshnode.errors import NotFound
from meshnode.replica.replica import Replica
from meshnode.replica.trust_state import TrustState
from meshnode.slices import Steps
from protocol import PersonId, people_written, person_text, short_id
from protocol.trust import TRUSTED, Relation, reaches, relation_of

NAMES_SPARE = 1_000  # forms of names that are kept beside those of the people known now
NAMES_OF_A_STEP = 500  # some 4 ms
NAMES_OFFERED = 50  # for completion; more than a person reads
_ID_TAG = "mp1"
ID_SHOWN = 11  # letters of an id in a list of candidates, its tag among them


@dataclass(frozen=True, slots=True)
class PersonRef:
    """A person as others are mentioned: the whole id, and the name that you or else they themselves have given them."""

    id: str
    name: str


def name_of(replica: Replica, person: PersonId) -> str:
    """Return the name by which `person` is shown: the owner's own name for them, else the one they give themselves."""
    return replica.store.own_names.all().get(person) or public_name(replica, person)


def called(replica: Replica, person: PersonId, name: str) -> str:
    """Return the owner's own name for `person`, or `name`, which a card or a letter gave them."""
    return replica.store.own_names.all().get(person) or name


def public_name(replica: Replica, person: PersonId) -> str:
    """Return the name that `person` goes by for everybody: the owner's own names must never leave this node.

    It is the one in their profile, else a remembered one, else the beginning of their id.
    """
    profile = replica.trust_state.profile(person)
    if profile is not None:
        return profile.name
    remembered = replica.store.meta.get(_remembered(person)) or replica.store.blocked.name(person)
    return remembered or short_id(person)


def remember_name(replica: Replica, person: PersonId, name: str) -> None:
    """Keep the name of a person whose profile may be missing here, because they are new or blocked."""
    if replica.store.meta.get(_remembered(person)) != name:
        replica.store.meta.set(_remembered(person), name)


def _remembered(person: PersonId) -> str:
    return f"name of {person.hex()}"


def reference(replica: Replica, person: PersonId) -> PersonRef:
    """Return how `person` is mentioned."""
    return PersonRef(person_text(person), name_of(replica, person))


def relation_to(replica: Replica, person: PersonId) -> Relation:
    """Return what `person` is to the owner of this node."""
    if person == replica.me:
        return Relation.YOURSELF
    own_vouch = replica.trust_state.graph.weight(replica.me, person)
    hops = None
    if not own_vouch and reaches(replica.trust_state.regard_from(replica.me).get(person), TRUSTED):
        hops = replica.trust_state.hops(replica.me, person)
    return relation_of(replica.trust_state.standing(person, replica.me), own_vouch=own_vouch, hops=hops)


def known(replica: Replica) -> frozenset[PersonId]:
    """Return everybody who may be named here: people in the web in either direction, vouchers, and group members.

    A person whose policy is missing here might block the owner, so they are named only if the owner vouches for them.
    """
    return _lately(replica).people


class _Known:
    """Everybody who may be named, and their names as they are compared: both kept while nothing changes them.

    Nearly every command asks, and one changed vouch far away changes the name of nobody.
    """

    def __init__(self) -> None:
        self._version = -1
        self._own_names: Mapping[PersonId, str] = {}
        self._forms: dict[PersonId, _Forms] = {}
        self._passing: set[PersonId] = set()  # whose name may change without their profile
        self.people: frozenset[PersonId] = frozenset()

    def refresh(self, replica: Replica) -> None:
        """Find out again what may have changed since the last call."""
        trust_state, own_names = replica.trust_state, replica.store.own_names.all()
        moved = self._passing
        if own_names is not self._own_names:
            moved |= {*self._own_names, *own_names}
        if self._version != trust_state.version:
            read = trust_state.read_since(self._version) if self._version >= 0 else None
            moved |= self._forms.keys() if read is None else read
            self.people = _known(trust_state, replica.me)
            if len(self._forms) > len(self.people) + NAMES_SPARE:
                moved |= self._forms.keys() - self.people
        for person in moved:
            self._forms.pop(person, None)
        self._version, self._own_names, self._passing = trust_state.version, own_names, set()

    def forms(self, replica: Replica, person: PersonId) -> _Forms:
        """Return the name of `person` in the forms in which it is compared; call `refresh` before."""
        found = self._forms.get(person)
        if found is None:
            name = name_of(replica, person)
            found = self._forms[person] = _Forms(name, alike(name), searchable(name))
            if replica.trust_state.profile(person) is None:
                self._passing.add(person)
        return found


class _Forms(NamedTuple):
    """A name, as it is shown, and as it is compared: with its accents, and folded."""

    name: str
    written: str
    folded: str


_known_lately: WeakKeyDictionary[TrustState, _Known] = WeakKeyDictionary()


def _lately(replica: Replica) -> _Known:
    lately = _known_lately.get(replica.trust_state)
    if lately is None:
        lately = _known_lately[replica.trust_state] = _Known()
    lately.refresh(replica)
    return lately


def preparing(replica: Replica) -> Steps[None]:
    """Bring the names of all who may be named into the forms in which they are compared, before anybody is looked for."""
    people = sorted(known(replica))
    yield
    for first in range(0, len(people), NAMES_OF_A_STEP):
        lately = _lately(replica)
        for person in people[first : first + NAMES_OF_A_STEP]:
            lately.forms(replica, person)
        yield


def _known(trust_state: TrustState, me: PersonId) -> frozenset[PersonId]:
    graph = trust_state.graph
    others = {
        *trust_state.reach_to(me),
        *trust_state.regard_from(me),
        *graph.vouchers_of(me),
        *trust_state.groups.co_members(me),
    }
    others &= graph.people_with_policies()
    return frozenset({me, *graph.vouched_by(me), *others} - graph.all_blocked_either_way(me))


def find(
    replica: Replica, text: str, among: Iterable[PersonId] | None = None, *, destructive: bool = False
) -> PersonId:
    """Return the person whom `text` means; people whom the owner vouches for go first. `destructive` as in `picking.pick`.

    People are found by the names by which they are shown. Only where nobody is, those whom the owner calls by a name of
    their own are found by the names that they give themselves.

    Raises NotFound if it means nobody whom the owner may see, Ambiguous if it may mean several.
    """
    pool = known(replica) if among is None else set(among)
    try:
        return _chosen(text, candidates(replica, text, pool), destructive=destructive)
    except NotFound:
        renamed = {person: public_name(replica, person) for person in replica.store.own_names.all() if person in pool}
        if not renamed:
            raise
        return _chosen(text, _candidates(replica, renamed), destructive=destructive)


def _near(replica: Replica, text: str, pool: Collection[PersonId]) -> dict[PersonId, str]:
    """Return all people whom `text` can mean in any way, and maybe others, by name: to compare few is quicker.

    `pick` compares thoroughly, which would take long for the ten thousand people of a large web.
    """
    written, words, lately = alike(text), words_of(text), _lately(replica)
    found: dict[PersonId, str] = {}
    for person in pool:
        name, form, folded = lately.forms(replica, person)
        if written in form or (words and all(word in folded for word in words)):
            found[person] = name
    letters = written.removeprefix(_ID_TAG)
    if len(letters) >= ID_PREFIX_MIN:
        found.update((person, name_of(replica, person)) for person in people_written(letters, pool))
    return found


def named(replica: Replica, begun: str) -> tuple[list[PersonRef], int]:
    """Return people whose name or id begins with `begun`, the ones whom the owner vouches for first, and how many more.

    No more than NAMES_OFFERED are returned, for a person to choose from.
    """
    form, lately = alike(begun), _lately(replica)
    forms = ((person, lately.forms(replica, person)) for person in lately.people)
    fitting = {person: forms.name for person, forms in forms if forms.written.startswith(form)}
    letters = form.removeprefix(_ID_TAG)
    if not fitting and len(letters) >= ID_PREFIX_MIN:
        fitting = {person: name_of(replica, person) for person in people_written(letters, known(replica))}
    vouched = replica.trust_state.graph.vouched_by(replica.me)
    first = nsmallest(NAMES_OFFERED, fitting, key=lambda person: (person not in vouched, fitting[person], person))
    return [PersonRef(person_text(person), fitting[person]) for person in first], len(fitting) - len(first)


def find_named(text: str, named: Mapping[PersonId, str]) -> PersonId:
    """Do as `find` among people of these names."""
    return _chosen(text, [_candidate(person, name, preferred=False) for person, name in named.items()])


def candidates(replica: Replica, text: str, among: Iterable[PersonId] | None = None) -> list[Candidate[PersonId]]:
    """Return all whom `text` can mean of those who may be named here, or of those `among`, for `picking` to choose from."""
    pool = known(replica) if among is None else set(among)
    return _candidates(replica, _near(replica, text, pool))


def _candidates(replica: Replica, named: Mapping[PersonId, str]) -> list[Candidate[PersonId]]:
    vouched = replica.trust_state.graph.vouched_by(replica.me)
    return [_candidate(person, name, preferred=person in vouched) for person, name in named.items()]


def _chosen(text: str, found: list[Candidate[PersonId]], *, destructive: bool = False) -> PersonId:
    person = pick(text, found, noun="person", destructive=destructive)
    if person is None:
        raise NotFound(f"nobody you can see is called {text!r}", "'meshnode people' lists the people you know")
    return person


def _candidate(person: PersonId, name: str, *, preferred: bool) -> Candidate[PersonId]:
    id_ = person_text(person)
    return Candidate(person, id_, name, lambda: f"{name} ({id_[:ID_SHOWN]})", preferred=preferred)
