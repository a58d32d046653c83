"""Introduces two people to each other, and shows the introductions that came.

Each of the two decides alone whether to vouch. The introducer writes each of the two a letter about the other: their
key, their name, and their devices' certificates. That opens no door. Their nodes call each other only once both have
added each other.
"""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct

from meshnode.app.letters import letters
from meshnode.app.naming import PersonRef, called, find, find_named, known, name_of, public_name, reference
from meshnode.app.owner import policy
from meshnode.app.people import cards, guests
from meshnode.app.people.cards import AddedView, CardToAdd
from meshnode.app.people.guests import Guest
from meshnode.app.people.people import give, per_mille, weight_for
from meshnode.errors import Field, NotFound, Refused, Usage, not_allowed
from meshnode.quoting import named
from meshnode.replica.replica import Replica
from meshnode.store import StoredIntroduction
from protocol import InvalidField, Kind, PersonId, Record, limits, normalize, parse_person, person_text
from protocol.letters import Introduction, OpenedLetter


class IntroductionOrder(Struct, frozen=True):
    """The two people to introduce to each other, and a message to both."""

    one: str
    other: str
    message: str = ""


class IntroductionView(Struct, frozen=True):
    """The two people, and those of them who were written to: a person who vouches for the other already is not."""

    people: tuple[PersonRef, PersonRef]
    told: tuple[PersonRef, ...]


class MetByLetter(Struct, frozen=True):
    """A person to whom you were introduced.

    `by` is the introducer, `message` what they wrote, `at` when (UNIX seconds).
    """

    person: PersonRef
    by: PersonRef
    message: str
    at: int


class IntroductionsView(Struct, frozen=True):
    """People to whom you were introduced and for whom you do not vouch yet, the latest first."""

    introductions: tuple[MetByLetter, ...]


def introduce(replica: Replica, order: IntroductionOrder) -> IntroductionView:
    """Write to two people whom the owner vouches for, to each about the other.

    Somebody who vouches for the other already needs no letter, and their node would drop it. Raises Refused, and writes
    to neither, if one of them cannot be written to.
    """
    # The owner may name a person whom they block, to be told so; nobody else learns of it.
    nameable = {*known(replica), *(person for person, _ in replica.store.blocked.all())}
    pair = find(replica, order.one, nameable), find(replica, order.other, nameable)
    if pair[0] == pair[1]:
        raise Usage("name two different people", field=Field.OTHER)
    for person in pair:
        _check_mine_to_introduce(replica, person)
        letters.check_can_write(replica, person)
    about = [_about(replica, person, normalize(order.message)) for person in pair]
    told = []
    for person, other in zip(pair, reversed(about), strict=True):
        if replica.trust_state.graph.weight(person, other.person) == 0:
            letters.send(replica, person, other)
            told.append(reference(replica, person))
    return IntroductionView((reference(replica, pair[0]), reference(replica, pair[1])), tuple(told))


def take(replica: Replica, opened: OpenedLetter) -> bool:
    """Keep an introduction, if a vouch connects its author with the owner: anybody could write one.

    Returns whether it was kept.
    """
    content = opened.content
    assert isinstance(content, Introduction)
    graph, me = replica.trust_state.graph, replica.me
    joined = graph.weight(me, opened.author) > 0 or graph.weight(opened.author, me) > 0
    pointless = content.person in (me, opened.author) or graph.weight(me, content.person) > 0
    if opened.author == me or not joined or pointless:
        return False
    replica.store.introductions.add(
        StoredIntroduction(
            content.person, opened.author, content.name, content.message, content.certificates, opened.created
        )
    )
    return True


def introductions(replica: Replica) -> IntroductionsView:
    """List the open introductions, without those by or to people blocked either way or vouched for already."""
    shown = [
        MetByLetter(
            PersonRef(person_text(met.person), called(replica, met.person, met.name)),
            reference(replica, met.introducer),
            met.message,
            met.at,
        )
        for met in _kept(replica)
        if policy.weight(replica, met.person) == 0
    ]
    return IntroductionsView(tuple(shown))


def add(replica: Replica, given: CardToAdd, connected: Collection[PersonId]) -> AddedView:
    """Add a person by their card, or by their name or id if the owner was introduced to them or they wait as a guest."""
    guest = guests.find(replica, given.card)
    if guest is not None:
        return _nod(replica, guest, given.trust, connected)
    met = _kept(replica)
    if not met:
        return _await(replica, given) or cards.add(replica, given, connected)
    try:
        person = find_named(
            given.card, {each.person: called(replica, each.person, each.name) for each in reversed(met)}
        )
    except NotFound:
        return _await(replica, given) or cards.add(replica, given, connected)
    return _accept(replica, [introduced for introduced in met if introduced.person == person], given.trust, connected)


# --- inside ----------------------------------------------------------------------------------------------------------


def _accept(
    replica: Replica, met: list[StoredIntroduction], trust: float | None, connected: Collection[PersonId]
) -> AddedView:
    """Vouch for a person whom these letters introduced, and take in the certificates of their devices."""
    latest = met[0]
    before = policy.weight(replica, latest.person)
    give(replica, latest.person, weight_for(replica, latest.person, trust), latest.name)
    # Only now, since the certificates of a person whom nothing connects to the owner would not stay.
    replica.ingest.receive([record for introduced in met for record in introduced.certificates])
    replica.store.introductions.forget(latest.person)
    answered = replica.trust_state.graph.weight(latest.person, replica.me) > 0
    return AddedView(
        person=PersonRef(person_text(latest.person), called(replica, latest.person, latest.name)),
        trust=policy.weight(replica, latest.person) / limits.WEIGHT_MAX,
        met=latest.person in connected,
        pending=not answered,
        again=before > 0,
        state=(cards.AddedState.CONNECTED if answered else cards.AddedState.NOT_MET).value,
    )


def _await(replica: Replica, given: CardToAdd) -> AddedView | None:
    """Let in a guest who is not in the list yet, if the text names one."""
    awaited = guests.wait_for(replica, given.card, None if given.trust is None else per_mille(given.trust))
    if awaited is None:
        return None
    return AddedView(
        person=PersonRef(awaited.called, awaited.called),
        trust=(awaited.weight or 0) / limits.WEIGHT_MAX,
        met=False,
        pending=True,
        again=False,
        state=cards.AddedState.AWAITED.value,
    )


def _nod(replica: Replica, guest: Guest, trust: float | None, connected: Collection[PersonId]) -> AddedView:
    """Vouch for a person who has used a card made for many; their node comes again by itself."""
    person = parse_person(guest.person.id)
    give(replica, person, guest.weight if trust is None else per_mille(trust), guest.person.name)
    guests.forget(replica, person)
    return AddedView(
        person=guest.person,
        trust=policy.weight(replica, person) / limits.WEIGHT_MAX,
        met=person in connected,
        pending=True,
        again=False,
        state=cards.AddedState.NOT_MET.value,
    )


def _kept(replica: Replica) -> list[StoredIntroduction]:
    """Return the introductions on which the owner may still act, the latest first."""
    graph, me = replica.trust_state.graph, replica.me
    return [
        met
        for met in replica.store.introductions.all(replica.clock.now())
        if not graph.blocked_either_way(me, met.person) and not graph.blocked_either_way(me, met.introducer)
    ]


def _check_mine_to_introduce(replica: Replica, person: PersonId) -> None:
    name = named(name_of(replica, person))
    if person == replica.me:
        raise Refused("you cannot introduce yourself", "'meshnode card' makes a card to hand over")
    if policy.blocks(replica, person):
        raise policy.blocked(name_of(replica, person))
    if policy.weight(replica, person) == 0:
        raise Refused(
            "you do not trust {name} directly",
            "say how much you trust them: meshnode vouch NAME --trust 0.5",
            name=name,
        )


def _about(replica: Replica, person: PersonId, message: str) -> Introduction:
    try:
        return Introduction(person, public_name(replica, person), message, _certificates(replica, person))
    except InvalidField as fault:
        raise not_allowed(fault) from fault


def _certificates(replica: Replica, person: PersonId) -> tuple[Record, ...]:
    records = replica.store.records.bodies(Kind.DEVICE, author=person)
    good = [record for record in records if replica.trust_state.certified(person, record.header.device)]
    good.sort(key=lambda record: (-record.header.created, record.id))
    return tuple(good[: limits.LETTER_DEVICES_MAX])
