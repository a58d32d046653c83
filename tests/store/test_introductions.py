"""Introductions in the store: kept by person and introducer, limited, and deleted."""

from __future__ import annotations

from meshnode.store import Store, StoredIntroduction
from protocol import limits
from tests.support.people import NOW, Person

ALICE, BOB, CAROL = Person("Alice"), Person("Bob"), Person("Carol")


def introduced(person: Person, by: Person = BOB, at: int = NOW, message: str = "") -> StoredIntroduction:
    certificates = (person.certificate(), person.on("phone").certificate())
    return StoredIntroduction(person.id, by.id, person.name, message, certificates, at)


def test_introductions_are_read_as_they_were_stored_the_latest_first(store: Store) -> None:
    one, two = introduced(CAROL, message="Both keep bees.\nReally."), introduced(ALICE, at=NOW + 1)
    store.introductions.add(one)
    store.introductions.add(two)
    assert store.introductions.all(NOW + 2) == [two, one]
    assert [record.id for record in store.introductions.all(NOW + 2)[1].certificates] == [
        record.id for record in one.certificates
    ]


def test_a_later_introduction_by_the_same_person_replaces_the_earlier_one(store: Store) -> None:
    store.introductions.add(introduced(CAROL, message="once"))
    store.introductions.add(introduced(CAROL, message="twice", at=NOW + 1))
    store.introductions.add(introduced(CAROL, by=ALICE))
    assert [(met.introducer, met.message) for met in store.introductions.all(NOW + 2)] == [
        (BOB.id, "twice"),
        (ALICE.id, ""),
    ]


def test_one_introducer_cannot_push_out_the_introductions_of_another(store: Store) -> None:
    store.introductions.add(introduced(CAROL, by=ALICE))
    crowd = [Person(f"friend {number}") for number in range(limits.INTRODUCTIONS_FROM_ONE_MAX + 2)]
    for number, person in enumerate(crowd):
        store.introductions.add(introduced(person, at=NOW + 1 + number))
    kept = [met.person for met in store.introductions.all(NOW + 100)]
    assert kept == [*(person.id for person in reversed(crowd[2:])), CAROL.id]


def test_introductions_that_were_decided_or_are_too_old_are_deleted(store: Store) -> None:
    store.introductions.add(introduced(CAROL))
    store.introductions.add(introduced(CAROL, by=ALICE))
    store.introductions.forget(CAROL.id)
    assert store.introductions.all(NOW) == []
    store.introductions.add(introduced(ALICE))
    end = NOW + limits.INTRODUCTION_LIFE
    assert len(store.introductions.all(end - 1)) == 1
    assert store.introductions.all(end) == []
    store.introductions.purge(end)
    assert store.introductions.all(NOW) == []
