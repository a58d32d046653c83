"""Introducing two people to each other, and what becomes of it: each decides for himself whether to vouch for the other.

The introducer tells each by letter who the other is: his key, his name, his devices' certificates. That opens no door.
Only when both have added each other can their nodes call one another without him.
"""

from __future__ import annotations

from dataclasses import dataclass

from meshnode.app import letters, policy
from meshnode.app.naming import PersonRef, find, name_of, reference
from meshnode.app.replica import Replica
from meshnode.errors import Refused, Usage
from meshnode.store import Introduced
from protocol import Introducing, InvalidField, Kind, Opened, PersonId, Record, limits, person_text, tidy


@dataclass(frozen=True, slots=True)
class IntroductionOrder:
    """Whom to introduce to each other, and what to say to both."""

    one: str
    other: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class IntroductionView:
    """The two who were written to."""

    people: tuple[PersonRef, PersonRef]


@dataclass(frozen=True, slots=True)
class MetByLetter:
    """Somebody to whom you were introduced: `by` is who did it, `message` what he wrote, `at` when (UNIX seconds)."""

    person: PersonRef
    by: PersonRef
    message: str
    at: int


@dataclass(frozen=True, slots=True)
class IntroductionsView:
    """People to whom you were introduced and for whom you do not vouch yet, the latest first."""

    introductions: tuple[MetByLetter, ...]


def introduce(replica: Replica, order: IntroductionOrder) -> IntroductionView:
    """Write to two people whom I vouch for, to each about the other. Refused, nobody being written to, if one cannot be."""
    pair = find(replica, order.one), find(replica, order.other)
    if pair[0] == pair[1]:
        raise Usage("name two different people")
    for person in pair:
        _check_mine_to_introduce(replica, person)
        letters.check_can_write(replica, person)
    about = [_about(replica, person, tidy(order.message)) for person in pair]
    for person, other in zip(pair, reversed(about), strict=True):
        letters.send(replica, person, other)
    return IntroductionView((reference(replica, pair[0]), reference(replica, pair[1])))


def take(replica: Replica, opened: Opened) -> None:
    """A letter introduces somebody. It counts only from those with whom a vouch joins us, for anybody could write it."""
    content = opened.content
    assert isinstance(content, Introducing)
    graph, me = replica.circle.graph, replica.me
    joined = graph.weight(me, opened.author) > 0 or graph.weight(opened.author, me) > 0
    pointless = content.person in (me, opened.author) or graph.weight(me, content.person) > 0
    if opened.author == me or not joined or pointless:
        return
    replica.store.introductions.add(
        Introduced(content.person, opened.author, content.name, content.message, content.certificates, opened.created)
    )


def introductions(replica: Replica) -> IntroductionsView:
    """The introductions to think about: none by or to whom I am at odds with, none to whom I vouch for already."""
    shown = [
        MetByLetter(
            PersonRef(person_text(met.person), met.name), reference(replica, met.introducer), met.message, met.at
        )
        for met in pending(replica)
    ]
    return IntroductionsView(tuple(shown))


def pending(replica: Replica) -> list[Introduced]:
    """What `introductions` lists, as it was stored."""
    graph, me = replica.circle.graph, replica.me
    return [
        met
        for met in replica.store.introductions.all(replica.clock.now())
        if graph.weight(me, met.person) == 0
        and not graph.at_odds(me, met.person)
        and not graph.at_odds(me, met.introducer)
    ]


# --- inside ----------------------------------------------------------------------------------------------------------


def _check_mine_to_introduce(replica: Replica, person: PersonId) -> None:
    name = name_of(replica, person)
    if person == replica.me:
        raise Refused("you cannot introduce yourself", "'meshnode card' makes a card to hand over")
    if policy.blocks(replica, person):
        raise Refused(f"you block {name}", "'meshnode unblock NAME' comes first")
    if policy.weight(replica, person) == 0:
        raise Refused(f"you do not vouch for {name}", "introduce people whom you would vouch for yourself")


def _about(replica: Replica, person: PersonId, message: str) -> Introducing:
    try:
        return Introducing(person, name_of(replica, person), message, _certificates(replica, person))
    except InvalidField as fault:
        raise Usage(str(fault)) from fault


def _certificates(replica: Replica, person: PersonId) -> tuple[Record, ...]:
    records = replica.store.records.bodies(Kind.DEVICE, author=person)
    good = [record for record in records if replica.circle.certified(person, record.header.device)]
    good.sort(key=lambda record: (-record.header.created, record.id))
    return tuple(good[: limits.LETTER_DEVICES_MAX])
