"""Shows what is known of people, and vouches for them."""

from __future__ import annotations

from collections.abc import Collection
from math import inf

from msgspec import Struct

from meshnode.app.everybody import of_everybody
from meshnode.app.naming import (
    PersonRef,
    find,
    known,
    name_of,
    named,
    namesakes,
    public_name,
    reference,
    relation_to,
    remember_name,
)
from meshnode.app.owner import policy
from meshnode.app.paging import check_page, next_page
from meshnode.app.picking import alike
from meshnode.errors import Failed, Field, Refused, Unconfirmed, Usage
from meshnode.replica.replica import Replica
from meshnode.slices import Steps
from protocol import Kind, PersonId, Record, device_slot, fingerprint_words, limits, person_text, short_id
from protocol.tokens import Card
from protocol.trust import as_trust

DEFAULT_TRUST = 0.8
PER_PAGE = 200  # people


class PersonView(Struct, frozen=True):
    """A person, as far as this node knows them.

    `name` is the one by which they are shown, `public_name` the one that they give themselves, `own_name` your own name
    for them (null: none). `renamed` says that they gave themselves another name when you first vouched for them, by which
    they are still shown. `trust` is how much you trust them, `reach` how much they trust you, along the best path; `vouch` and `vouch_back`
    are the vouches that you give each other (null: none). `words` are read aloud to compare keys. `pending` says that
    you added their card and your nodes have not met yet.
    """

    id: str
    name: str
    public_name: str
    own_name: str | None
    renamed: bool
    about: str
    words: str
    relation: str
    trust: float | None
    reach: float | None
    vouch: float | None
    vouch_back: float | None
    connected: bool
    pending: bool


class PeopleView(Struct, frozen=True):
    """One page of the people with whom a vouch connects you, most trusted first; there are `total` in all.

    `others` counts the people of your web left out. `next` is the number of the next page, null on the last.
    """

    people: tuple[PersonView, ...]
    total: int
    others: int
    next: int | None


def view(
    replica: Replica,
    person: PersonId,
    connected: Collection[PersonId],
    waiting: Collection[PersonId] | None = None,
) -> PersonView:
    """Return what is known of `person`. `waiting` are the givers of pending cards, if the caller has them already."""
    waiting = _waiting(replica) if waiting is None else waiting
    trust_state, own_names, me = replica.trust_state, replica.store.own_names, replica.me
    profile = trust_state.profile(person)
    regard, reach = trust_state.regard_from(me).get(person), trust_state.reach_to(me).get(person)
    back = trust_state.graph.weight(person, me)
    given = policy.weight(replica, person)
    kept, chosen, called = own_names.all().get(person), own_names.chosen(), public_name(replica, person)
    return PersonView(
        id=person_text(person),
        name=name_of(replica, person),
        public_name=called,
        own_name=chosen.get(person),
        renamed=person not in chosen and kept is not None and kept != called,
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


def pending_cards(replica: Replica) -> list[Card]:
    """Return the cards that were added here and whose givers this node has not met yet."""
    return [taken.card for taken in replica.store.cards.taken_pending(replica.clock.now())]


def _waiting(replica: Replica) -> frozenset[PersonId]:
    return frozenset(card.giver for card in pending_cards(replica))


class PeopleQuery(Struct, frozen=True):
    """The people to list: everybody in your web, or only people with whom a vouch connects you; and the page of them."""

    all: bool = False
    page: int = 1


class VouchOrder(Struct, frozen=True):
    """A vouch to give: how much you trust the person, from 0.001 to 1.

    `anyway` gives it to somebody whom the name may not mean.
    """

    trust: float
    anyway: bool = False


class NamesQuery(Struct, frozen=True):
    """The beginning of a name or id."""

    begin: str = ""


class NamesView(Struct, frozen=True):
    """People whose name or id begins so, the ones whom you vouch for first; there are `more` that fit."""

    people: tuple[PersonRef, ...]
    more: int


def names(replica: Replica, query: NamesQuery) -> NamesView:
    """Return the people whose name or id begins as the query says, for completion."""
    found, more = named(replica, query.begin)
    return NamesView(tuple(found), more)


def listing_people(replica: Replica, connected: Collection[PersonId], query: PeopleQuery) -> Steps[PeopleView]:
    """Return one page of the people whom you vouch for or who vouch for you; with `all`, of all who may be named here.

    Raises Usage for a page that there cannot be.
    """
    check_page(query.page)
    end = query.page * PER_PAGE
    waiting: frozenset[PersonId] = frozenset()
    everyone: list[PersonId] = []

    def given() -> object:
        nonlocal waiting
        waiting = _waiting(replica)
        return waiting, dict(replica.store.own_names.all())

    def shown() -> list[PersonId]:
        nonlocal everyone
        everyone = _most_trusted_first(replica, _vouched_either_way(replica) if not query.all else known(replica))
        return everyone[end - PER_PAGE : end]

    found = yield from of_everybody(replica, shown, lambda person: view(replica, person, connected, waiting), given)
    total = len(everyone)
    others = len(known(replica)) - 1 - total
    return PeopleView(tuple(found.values()), total, others, next_page(query.page, PER_PAGE, total))


def _vouched_either_way(replica: Replica) -> frozenset[PersonId]:
    graph = replica.trust_state.graph
    return known(replica) & {*graph.vouched_by(replica.me), *graph.vouchers_of(replica.me)}


def _most_trusted_first(replica: Replica, people: Collection[PersonId]) -> list[PersonId]:
    """Return these people without the owner, by trust, then by name; those of whom no profile is held by id."""
    trust_state, own_names, me = replica.trust_state, replica.store.own_names.all(), replica.me
    regard = trust_state.regard_from(me)

    def order(person: PersonId) -> tuple[float, str, PersonId]:
        cost, profile = regard.get(person), trust_state.profile(person)
        name = own_names.get(person) or (profile.name if profile is not None else "")
        return cost if cost is not None else inf, name.casefold(), person

    return sorted((one for one in people if one != me), key=order)


def vouched_for(replica: Replica, *, mutual: bool = False) -> list[PersonRef]:
    """Return the people whom the owner vouches for, most trusted first; with `mutual`, those who do the same."""
    graph = replica.trust_state.graph
    people = known(replica) & graph.vouched_by(replica.me).keys()
    if mutual:
        people &= set(graph.vouchers_of(replica.me))
    return [reference(replica, person) for person in _most_trusted_first(replica, people)]


def person(replica: Replica, who: str, connected: Collection[PersonId]) -> PersonView:
    """Return what is known of the person whom `who` means."""
    return view(replica, find(replica, who), connected)


def per_mille(trust: float) -> int:
    """Return a trust of 0.001 to 1 as the whole number that is signed; Usage if it is out of range or finer."""
    # Only then a whole number is looked for: a float can be so large that times a thousand it is infinite.
    weight = round(trust * limits.WEIGHT_MAX) if 0 < trust <= 1 else 0
    if not 1 <= weight <= limits.WEIGHT_MAX:
        raise Usage("trust goes from 0.001 to 1", "to take back your trust: meshnode unvouch NAME", field=Field.TRUST)
    if abs(trust * limits.WEIGHT_MAX - weight) > 1e-6:
        raise Usage("trust can have at most three decimals", field=Field.TRUST)
    return weight


def vouch(
    replica: Replica, who: str, trust: float, connected: Collection[PersonId], *, anyway: bool = False
) -> PersonView:
    """Vouch for the person whom `who` means, instead of any earlier vouch for them.

    Raises Unconfirmed for a new vouch where `who` might not mean that person, unless the owner wants it `anyway`.
    """
    weight = per_mille(trust)
    subject = find(replica, who)
    if not anyway and not policy.weight(replica, subject):
        check_meant(replica, who, subject)
    give(replica, subject, weight, public_name(replica, subject))
    return view(replica, subject, connected)


def weight_for(replica: Replica, subject: PersonId, trust: float | None) -> int:
    """Return the vouch to give `subject`, per mille: the one that was asked for, or the earlier one, or one of 0.8."""
    return per_mille(trust) if trust is not None else policy.weight(replica, subject) or per_mille(DEFAULT_TRUST)


def no_room() -> Refused:
    """Return the error for an owner who can vouch for nobody further."""
    return Refused("the list of people you trust is full", "make room with 'meshnode unvouch NAME'")


def who_we_are(replica: Replica) -> tuple[Record, str]:
    """Return the certificate of this device and the owner's name, as a card shows them. Failed before the node has both."""
    certificate = replica.store.records.current((replica.me, Kind.DEVICE, device_slot(replica.device)))
    profile = replica.trust_state.profile(replica.me)
    if certificate is None or profile is None:
        raise Failed("this node has no certificate or name yet", "'meshnode doctor' shows what is missing")
    return certificate, profile.name


def give(replica: Replica, subject: PersonId, weight: int, name: str) -> None:
    """Vouch for `subject`, known as `name`, with `weight` per mille; raises Refused as `check_vouch` does."""
    check_vouch(replica, subject)
    with replica.transaction():
        policy.vouch(replica, subject, weight)
        remember_name(replica, subject, name)
        if name != short_id(subject):
            replica.store.own_names.keep_first(subject, name)


def check_meant(replica: Replica, who: str, subject: PersonId) -> None:
    """Raise Unconfirmed, which tells how to make sure, where `who` may have meant somebody else than `subject`.

    That is so where it is no whole name and no whole id, where others have a name that looks alike, and where nobody whom
    the owner vouches for answers for a person of whom the owner has never said anything.
    """
    name, id_ = name_of(replica, subject), person_text(subject)
    written = alike(who)
    certain = written == id_ or (written == alike(name) and not namesakes(replica, subject, name))
    answered = subject in replica.trust_state.regard_from(replica.me) or subject in replica.store.own_names.all()
    if subject == replica.me or (certain and answered):
        return
    words = " ".join(fingerprint_words(subject))
    raise Unconfirmed(
        'this is {name}. Let them read these words to you: "{words}"'
        if answered
        else 'this is {name}, for whom nobody you trust answers. Let them read these words to you: "{words}"',
        "if they are the same, type: meshnode vouch {id_} --trust NUMBER --yes",
        name=name,
        words=words,
        id_=id_,
    )


def check_vouch(replica: Replica, subject: PersonId) -> None:
    """Raise Refused for the owner, for a person whom they block, and if the policy has no room for another vouch."""
    if subject == replica.me:
        raise Refused("you cannot vouch for yourself")
    if policy.blocks(replica, subject):
        raise Refused("you block that person", "unblock them first with 'meshnode unblock NAME'")
    if not policy.has_room_to_vouch(replica, subject):
        raise no_room()


def unvouch(replica: Replica, who: str, connected: Collection[PersonId]) -> PersonView:
    """Take back the vouch for the person whom `who` means, even if nothing else makes them visible."""
    subject = vouched(replica, who)
    policy.vouch(replica, subject, 0)
    return view(replica, subject, connected)


def vouched(replica: Replica, who: str) -> PersonId:
    """Return the person whom `who` means among all whom the owner vouches for, visible or not."""
    own = policy.own(replica)
    return find(replica, who, among=own.vouches if own is not None else (), destructive=True)
