"""Introductions on the disk: kept by person and introducer, bounded, and forgotten."""

from __future__ import annotations

from meshnode.store import Store, StoredIntroduction
from protocol import limits
from tests.support.people import NOW, Person

ALICE, BOB, CAROL = Person("Alice"), Person("Bob"), Person("Carol")


def told(person: Person, by: Person = BOB, at: int = NOW, message: str = "") -> StoredIntroduction:
    certificates = (person.certificate(), person.on("phone").certificate())
    return StoredIntroduction(person.id, by.id, person.name, message, certificates, at)


def test_introductions_come_back_as_they_went_the_latest_first(store: Store) -> None:
    one, two = told(CAROL, message="Both keep bees.\nReally."), told(ALICE, at=NOW + 1)
    store.introductions.add(one)
    store.introductions.add(two)
    assert store.introductions.all(NOW + 2) == [two, one]
    assert [record.id for record in store.introductions.all(NOW + 2)[1].certificates] == [
        record.id for record in one.certificates
    ]


def test_a_later_word_of_the_same_introducer_takes_the_place_of_the_former(store: Store) -> None:
    store.introductions.add(told(CAROL, message="once"))
    store.introductions.add(told(CAROL, message="twice", at=NOW + 1))
    store.introductions.add(told(CAROL, by=ALICE))
    assert [(met.introducer, met.message) for met in store.introductions.all(NOW + 2)] == [
        (BOB.id, "twice"),
        (ALICE.id, ""),
    ]


def test_one_introducer_cannot_push_out_what_another_has_told(store: Store) -> None:
    store.introductions.add(told(CAROL, by=ALICE))
    crowd = [Person(f"friend {number}") for number in range(limits.INTRODUCTIONS_FROM_ONE_MAX + 2)]
    for number, person in enumerate(crowd):
        store.introductions.add(told(person, at=NOW + 1 + number))
    kept = [met.person for met in store.introductions.all(NOW + 100)]
    assert kept == [*(person.id for person in reversed(crowd[2:])), CAROL.id]


def test_who_was_added_or_waited_for_too_long_is_forgotten(store: Store) -> None:
    store.introductions.add(told(CAROL))
    store.introductions.add(told(CAROL, by=ALICE))
    store.introductions.forget(CAROL.id)
    assert store.introductions.all(NOW) == []
    store.introductions.add(told(ALICE))
    end = NOW + limits.INTRODUCTION_LIFE
    assert len(store.introductions.all(end - 1)) == 1
    assert store.introductions.all(end) == []
    store.introductions.purge(end)
    assert store.introductions.all(NOW) == []
