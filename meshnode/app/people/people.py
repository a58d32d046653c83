"""What is known of people, and vouching for them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from meshnode.app.naming import find, known, name_of, pending_cards, remember_name
from meshnode.app.owner import policy
from meshnode.errors import Refused, Usage
from meshnode.replica.replica import Replica
from protocol import PersonId, fingerprint_words, limits, person_text
from protocol.trust import TRUSTED, Relation, as_trust, reaches, relation_of

NO_ROOM_TO_VOUCH = "your policy has no room for another vouch"


@dataclass(frozen=True, slots=True)
class PersonView:
    """What is known of a person.

    `trust` is what you think of him, `reach` how far his own trust extends to you, `vouch` and `vouch_back` what each
    of you says of the other (null: nothing); `words` are for reading to each other, to compare keys.
    """

    id: str
    name: str
    about: str
    words: str
    relation: str
    trust: float | None
    reach: float | None
    vouch: float | None
    vouch_back: float | None
    connected: bool
    pending: bool


@dataclass(frozen=True, slots=True)
class PeopleView:
    """People you are in touch with, strongest first; `others` counts those of your web who are not listed."""

    people: tuple[PersonView, ...]
    others: int


def view(
    replica: Replica,
    person: PersonId,
    connected: Collection[PersonId],
    waiting: Collection[PersonId] | None = None,
) -> PersonView:
    """What is known of `person`. `waiting` are those whose cards are pending, where the caller knows them already."""
    waiting = _waiting(replica) if waiting is None else waiting
    trust_state, me = replica.trust_state, replica.me
    profile = trust_state.profile(person)
    regard, reach = trust_state.regard_from(me).get(person), trust_state.reach_to(me).get(person)
    back = trust_state.graph.weight(person, me)
    given = policy.weight(replica, person)
    return PersonView(
        id=person_text(person),
        name=name_of(replica, person),
        about=profile.about if profile else "",
        words=" ".join(fingerprint_words(person)),
        relation=relation_to(replica, person).value,
        trust=None if regard is None or person == me else as_trust(regard),
        reach=None if reach is None or person == me else as_trust(reach),
        vouch=given / limits.WEIGHT_MAX if given else None,
        vouch_back=back / limits.WEIGHT_MAX if back else None,
        connected=person in connected,
        pending=person in waiting,
    )


def _waiting(replica: Replica) -> frozenset[PersonId]:
    return frozenset(card.giver for card in pending_cards(replica))


@dataclass(frozen=True, slots=True)
class PeopleQuery:
    """Whether to list everybody of your web, or only those whom a vouch joins to you."""

    all: bool = False


@dataclass(frozen=True, slots=True)
class VouchOrder:
    """How much you trust somebody: 0.001 to 1."""

    trust: float


def relation_to(replica: Replica, person: PersonId) -> Relation:
    """What `person` is to this node's own."""
    if person == replica.me:
        return Relation.YOURSELF
    own_vouch = policy.weight(replica, person)
    hops = None
    if not own_vouch and reaches(replica.trust_state.regard_from(replica.me).get(person), TRUSTED):
        hops = replica.trust_state.hops(replica.me, person)
    return relation_of(replica.trust_state.standing(person, replica.me), own_vouch=own_vouch, hops=hops)


def people(replica: Replica, connected: Collection[PersonId], *, everybody: bool) -> PeopleView:
    """Those you vouch for or who vouch for you; with `everybody`, all of your web whom you know by name."""
    me, graph = replica.me, replica.trust_state.graph
    everyone = known(replica) - {me}
    chosen = everyone if everybody else {p for p in everyone if graph.weight(me, p) or graph.weight(p, me)}
    waiting = _waiting(replica)
    views = [view(replica, person, connected, waiting) for person in chosen]
    views.sort(key=lambda seen: (-(seen.trust or 0), seen.name.casefold(), seen.id))
    return PeopleView(tuple(views), len(everyone) - len(chosen))


def person(replica: Replica, who: str, connected: Collection[PersonId]) -> PersonView:
    """What is known of the person `who` names."""
    return view(replica, find(replica, who), connected)


def per_mille(trust: float) -> int:
    """A trust of 0.001 to 1 as the whole number that is signed. Usage if it is out of range or finer than that."""
    weight = round(trust * limits.WEIGHT_MAX)
    if not 1 <= weight <= limits.WEIGHT_MAX:
        raise Usage("trust goes from 0.001 to 1", "'meshnode unvouch NAME' takes a vouch back")
    if abs(trust * limits.WEIGHT_MAX - weight) > 1e-6:
        raise Usage("trust has three decimals at most")
    return weight


def vouch(replica: Replica, who: str, trust: float, connected: Collection[PersonId]) -> PersonView:
    """Vouch for the person `who` names, in place of whatever was said of him before."""
    weight = per_mille(trust)
    subject = find(replica, who)
    give(replica, subject, weight, name_of(replica, subject))
    return view(replica, subject, connected)


def give(replica: Replica, subject: PersonId, weight: int, name: str) -> None:
    """Vouch for `subject`, known as `name`, with `weight` per mille; Refused as `check_vouch` says."""
    check_vouch(replica, subject)
    policy.vouch(replica, subject, weight)
    remember_name(replica, subject, name)


def check_vouch(replica: Replica, subject: PersonId) -> None:
    """Raise Refused for oneself, for people whom one blocks, and if the policy has no room for another vouch."""
    if subject == replica.me:
        raise Refused("nobody vouches for himself")
    if policy.blocks(replica, subject):
        raise Refused("you block that person", "'meshnode unblock NAME' comes first")
    if not policy.has_room_to_vouch(replica, subject):
        raise Refused(NO_ROOM_TO_VOUCH, "'meshnode unvouch NAME' makes room")


def unvouch(replica: Replica, who: str, connected: Collection[PersonId]) -> PersonView:
    """Take back the vouch for the person `who` names; he need not be visible otherwise."""
    subject = vouched(replica, who)
    policy.vouch(replica, subject, 0)
    return view(replica, subject, connected)


def vouched(replica: Replica, who: str) -> PersonId:
    """The person vouched for whom `who` names, visible or not."""
    own = policy.own(replica)
    return find(replica, who, among=own.vouches if own is not None else ())
