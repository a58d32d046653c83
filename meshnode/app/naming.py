"""Names people: how a person is mentioned, what they are to the owner of this node, and which person a text means.

People who block or are blocked, and people to whom nothing connects the owner, cannot be named. The error is the same
as for somebody who does not exist, so that a block does not show.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from heapq import nsmallest
from typing import NamedTuple
from weakref import WeakKeyDictionary

from msgspec import Struct

from meshnode.app.lookalikes import look_alike, skeletons
from meshnode.app.picking import ID_PREFIX_MIN, Candidate, alike, near, pick
from meshnode.app.words import searchable, words_of
from meshnode.errors import NotFound
from meshnode.quoting import quoted
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


class PersonRef(Struct, frozen=True):
    """A person as others are mentioned: the whole id, and the name that you or else they themselves have given them."""

    id: str
    name: str


def name_of(replica: Replica, person: PersonId) -> str:
    """Return the name by which `person` is shown: the owner's own name for them, else the one they give themselves.

    Where somebody else's name looks like that of the owner or of a person whom the owner vouches for, the beginning of
    the id follows it: nobody passes for a person whom the owner trusts.
    """
    own = replica.store.own_names.all().get(person)
    if own is not None:
        return own
    name = public_name(replica, person)
    return f"{name} ({person_text(person)[:ID_SHOWN]})" if imitates(replica, person, name) else name


def imitates(replica: Replica, person: PersonId, name: str) -> bool:
    """Whether `name` of `person` looks like the name of the owner or of somebody whom they vouch for or have named."""
    close = _close_names(replica)
    return person not in close.people and close.has(name)


def namesakes(replica: Replica, person: PersonId, name: str) -> list[PersonId]:
    """Return everybody else who may be named here and whose name looks like `name`."""
    return [other for other in known(replica) if other != person and look_alike(name, public_name(replica, other))]


class _CloseNames(Struct, frozen=True):
    """The names that nobody else may pass for, as they were at one version of the trust state."""

    version: int
    own_names: Mapping[PersonId, str]
    people: frozenset[PersonId]
    skeletons: frozenset[str]

    def has(self, name: str) -> bool:
        """Whether `name` looks like one of them."""
        return not self.skeletons.isdisjoint(skeletons(name))


_close_lately: WeakKeyDictionary[TrustState, _CloseNames] = WeakKeyDictionary()
"""By trust state, the latest: every name that is shown asks."""


def _close_names(replica: Replica) -> _CloseNames:
    trust_state, own_names = replica.trust_state, replica.store.own_names.all()
    lately = _close_lately.get(trust_state)
    if lately is None or lately.version != trust_state.version or lately.own_names is not own_names:
        people = frozenset({replica.me, *trust_state.graph.vouched_by(replica.me), *own_names})
        names = {*own_names.values(), *(public_name(replica, person) for person in people)}
        looks = frozenset(look for name in names for look in skeletons(name))
        lately = _close_lately[trust_state] = _CloseNames(trust_state.version, own_names, people, looks)
    return lately


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


def remember_names(replica: Replica, people: Iterable[PersonId]) -> None:
    """Keep the names in the profiles of these people: a profile is deleted when its author is blocked."""
    for person in people:
        profile = replica.trust_state.profile(person)
        if profile is not None:
            remember_name(replica, person, profile.name)


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


class _Forms(NamedTuple):
    """A name as it is shown, and as it is compared: with its accents, and folded.

    `imitates` says that it looks like the `public` name of somebody close to the owner.
    """

    name: str
    public: str
    imitates: bool
    written: str
    folded: str


class _Known:
    """Everybody who may be named, and their names as they are compared: both kept while nothing changes them.

    Nearly every command asks, and one changed vouch far away changes the name of nobody.
    """

    def __init__(self) -> None:
        self._version = -1
        self._close: _CloseNames | None = None
        self._forms: dict[PersonId, _Forms] = {}
        self._passing: set[PersonId] = set()  # whose name may change without their profile
        self.people: frozenset[PersonId] = frozenset()
        self.web: frozenset[PersonId] = frozenset()
        """The people whom somebody the owner vouches for answers for, and members of the owner's groups."""

    def refresh(self, replica: Replica) -> None:
        """Find out again what may have changed since the last call."""
        trust_state, close, before = replica.trust_state, _close_names(replica), self._close
        moved, self._passing = self._passing, set()
        if self._version != trust_state.version:
            read = trust_state.read_since(self._version) if self._version >= 0 else None
            moved |= self._forms.keys() if read is None else read
            self.people = _known(trust_state, replica.me)
            self.web = frozenset({*trust_state.regard_from(replica.me), *trust_state.groups.co_members(replica.me)})
            if len(self._forms) > len(self.people) + NAMES_SPARE:
                moved |= self._forms.keys() - self.people
        if before is not close:
            moved |= self._renamed(before, close)
        for person in moved:
            self._forms.pop(person, None)
        self._version, self._close = trust_state.version, close

    def _renamed(self, before: _CloseNames | None, close: _CloseNames) -> set[PersonId]:
        """Return whose name is shown otherwise since other people are close to the owner, or have other names."""
        if before is None:
            return set()
        renamed = {*before.people, *close.people} if before.own_names is not close.own_names else set[PersonId]()
        renamed |= before.people ^ close.people
        if before.skeletons != close.skeletons:
            renamed |= {
                person for person, forms in self._forms.items() if forms.imitates is not close.has(forms.public)
            }
        return renamed

    def forms(self, replica: Replica, person: PersonId) -> _Forms:
        """Return the name of `person` in the forms in which it is compared; call `refresh` before."""
        found = self._forms.get(person)
        if found is None:
            name, public = name_of(replica, person), public_name(replica, person)
            imitates = _close_names(replica).has(public)
            found = self._forms[person] = _Forms(name, public, imitates, alike(name), searchable(name))
            if replica.trust_state.profile(person) is None:
                self._passing.add(person)
        return found


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
    """Return the person whom `text` means. `destructive` as in `picking.pick`.

    People are found by the names by which they are shown. A name means somebody close to the owner (see `_circles`) if it
    fits one of them in any way, and only otherwise anybody further away. People whom the owner calls by
    a name of their own are close by the name that they give themselves, too. Where nobody is found, people who have
    renamed themselves are found by their new name.

    Raises NotFound if it means nobody whom the owner may see, Ambiguous if it may mean several.
    """
    found = candidates(replica, text, known(replica) if among is None else set(among))
    return _chosen(text, found, destructive=destructive)


def candidates(replica: Replica, text: str, among: Collection[PersonId] | None = None) -> list[Candidate[PersonId]]:
    """Return the people whom `text` can mean, of those closest to the owner whom it fits, for `picking` to choose from.

    They are people who may be named here, or some of those `among`. People whose id begins with `text` are always there.
    """
    pool = known(replica) if among is None else among
    by_id = _by_id(replica, alike(text), pool)
    for named_so in _named_so(replica, text, pool):
        fitting = near(text, _candidates(replica, {**named_so, **by_id}))
        if fitting:
            return fitting
    return []


def _named_so(replica: Replica, text: str, pool: Collection[PersonId]) -> Iterator[dict[PersonId, str]]:
    """Yield people by a name that `text` may mean, those closest to the owner first."""
    close, web = _circles(replica, pool)
    chosen, kept = replica.store.own_names.chosen(), replica.store.own_names.all()
    yield _near(replica, text, close)
    yield {person: public_name(replica, person) for person in chosen if person in pool}
    yield _near(replica, text, web)
    yield {person: public_name(replica, person) for person in kept if person in pool}


def _circles(replica: Replica, pool: Collection[PersonId]) -> tuple[set[PersonId], set[PersonId]]:
    """Return those of `pool` who have names, in two circles: of whom the owner has said something, and of their web.

    To the first belong the owner and everybody whom they vouch for, have named or block. To the second belong the people
    whom somebody they vouch for answers for, and members of their groups. Everybody else, such as strangers who merely
    vouch for the owner, is found by id only: strangers may take any name.
    """
    policy = replica.trust_state.policy(replica.me)
    spoken_of = {
        replica.me,
        *(policy.vouches if policy is not None else ()),
        *replica.store.own_names.all(),
        *(person for person, _ in replica.store.blocked.all()),
    }
    first = spoken_of.intersection(pool)
    return first, set(_lately(replica).web.intersection(pool)) - first


def _near(replica: Replica, text: str, people: Iterable[PersonId]) -> dict[PersonId, str]:
    """Return all of these people whom `text` can mean by their name, and maybe others: to compare few is quicker.

    `picking` compares thoroughly, which would take long for the ten thousand people of a large web.
    """
    written, words, lately = alike(text), words_of(text), _lately(replica)
    found: dict[PersonId, str] = {}
    for person in people:
        forms = lately.forms(replica, person)
        if written in forms.written or (words and all(word in forms.folded for word in words)):
            found[person] = forms.name
    return found


def _by_id(replica: Replica, written: str, pool: Collection[PersonId]) -> dict[PersonId, str]:
    """Return the people whose id begins with what is `written`, which may lack the tag of ids, by name."""
    letters = written.removeprefix(_ID_TAG)
    if len(letters) < ID_PREFIX_MIN:
        return {}
    return {person: name_of(replica, person) for person in people_written(letters, pool)}


def named(replica: Replica, begun: str) -> tuple[list[PersonRef], int]:
    """Return people whose name or id begins with `begun`, the ones whom the owner vouches for first, and how many more.

    No more than NAMES_OFFERED are returned, for a person to choose from.
    """
    form, lately = alike(begun), _lately(replica)
    close, web = _circles(replica, lately.people)
    forms = ((person, lately.forms(replica, person)) for person in {*close, *web})
    fitting = {person: forms.name for person, forms in forms if forms.written.startswith(form)}
    fitting = fitting or _by_id(replica, form, lately.people)
    first = nsmallest(
        NAMES_OFFERED,
        fitting,
        key=lambda person: (person not in close or person == replica.me, fitting[person], person),
    )
    return [PersonRef(person_text(person), fitting[person]) for person in first], len(fitting) - len(first)


def find_named(text: str, named: Mapping[PersonId, str]) -> PersonId:
    """Do as `find` among people of these names."""
    return _chosen(text, [_candidate(person, name, preferred=False) for person, name in named.items()])


def _candidates(replica: Replica, named: Mapping[PersonId, str]) -> list[Candidate[PersonId]]:
    vouched = replica.trust_state.graph.vouched_by(replica.me)
    return [_candidate(person, name, preferred=person in vouched) for person, name in named.items()]


def _chosen(text: str, found: list[Candidate[PersonId]], *, destructive: bool = False) -> PersonId:
    person = pick(text, found, noun="person", destructive=destructive)
    if person is None:
        raise NotFound(
            "nobody you can see is called {text}", "'meshnode people' lists the people you know", text=repr(text)
        )
    return person


def _candidate(person: PersonId, name: str, *, preferred: bool) -> Candidate[PersonId]:
    id_ = person_text(person)
    told = f" ({id_[:ID_SHOWN]})"
    return Candidate(person, id_, name, lambda: quoted(name.removesuffix(told)) + told, preferred=preferred)
