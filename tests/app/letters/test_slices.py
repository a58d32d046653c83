"""Letters are opened for a short while at a time, in turn for each introducer of their authors."""

from __future__ import annotations

import pytest

from meshnode.app.exchanges import incoming
from meshnode.app.letters import inbox
from meshnode.app.owner import policy
from meshnode.replica.replica import Replica
from meshnode.store.letters import PAGE, Position, StoredLetter
from protocol import Kind, Record, limits
from protocol.letters import Introduction, seal
from tests.support.clock import FakeClock, FakeMachine
from tests.support.mail import stored_letters
from tests.support.network import replica_of
from tests.support.people import Person, grown

ALICE, MALLORY, ZOE = Person("Alice"), Person("Mallory"), Person("Zoe")
PUPPETS = [Person(f"Puppet {number}") for number in range(6)]
LETTERS = 40


class SlowMachine(FakeMachine):
    """A machine on which a millisecond passes at each look at the time."""

    def running(self) -> float:
        self.passed += 0.001
        return self.passed


def letter(author: Person, to: Replica, number: int) -> Record:
    now = to.clock.now()
    slot = grown(author.name, number, size=16)
    sealed = seal(
        Introduction(ZOE.id, f"Zoe {number}", "", (ZOE.certificate(now),)),
        author=author.id,
        addressee=to.me,
        slot=slot,
        letter_keys=[to.keys.letter_public],
        entropy=grown(author.name, "entropy", number),
    )
    return author.record(Kind.LETTER, slot, sealed, now, life=limits.LETTER_LIFE)


def flooded() -> Replica:
    """Bob's node, with letters of Mallory and of Mallory's puppets, and then one of Alice."""
    bob = replica_of("Bob", clock=FakeClock(machine=SlowMachine()))
    now = bob.clock.now()
    for friend in (ALICE, MALLORY):
        policy.vouch(bob, friend.id, 800)
    made_up = MALLORY.policy({bob.me: 900, **dict.fromkeys(PUPPETS, 1000)}, now=now)
    bob.ingest.receive([ALICE.certificate(now), ALICE.policy({bob.me: 900}, now=now)], ALICE.id)
    bob.ingest.receive([MALLORY.certificate(now), made_up], MALLORY.id)
    for puppet in PUPPETS:
        bob.ingest.receive([puppet.certificate(now), puppet.policy({MALLORY: 1000}, now=now)], MALLORY.id)
    authors = [MALLORY, *PUPPETS]
    bob.ingest.receive([letter(authors[number % len(authors)], bob, number) for number in range(LETTERS)], MALLORY.id)
    bob.ingest.receive([letter(ALICE, bob, 0)], ALICE.id)
    return bob


def unread(replica: Replica) -> list[bytes]:
    return [stored.author for stored in stored_letters(replica.store)]


def test_one_slice_opens_a_few_letters_and_the_next_goes_on() -> None:
    bob = flooded()
    slices, left = 0, LETTERS + 1
    while inbox.may_have_unopened(bob):
        incoming.open_letters(bob)
        now_left = len(unread(bob))
        assert 1 <= left - now_left <= inbox.SLICE_SECONDS / 0.001
        left, slices = now_left, slices + 1
    assert left == 0
    assert slices > 1


def test_many_letters_of_one_introducer_keep_nobody_else_waiting() -> None:
    """Fault: a person and their puppets send letters, and those of others are opened only after all of them."""
    bob = flooded()
    incoming.open_letters(bob)
    assert unread(bob)
    assert ALICE.id not in unread(bob)


def test_a_look_at_very_many_letters_is_taken_in_slices_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fault: all letters that a node carries were read in one call, which took a third of a second."""
    bob = flooded()
    pages = 10
    carried = [
        letter(author, bob, 1000 + number) for author in PUPPETS for number in range(pages * PAGE // len(PUPPETS))
    ]
    bob.ingest.receive(carried, MALLORY.id)
    read: list[object] = []
    plain = bob.store.letters.stored

    def stored(*after: Position) -> tuple[list[StoredLetter], Position | None]:
        read.append(after)
        return plain(*after)

    monkeypatch.setattr(bob.store.letters, "stored", stored)
    monkeypatch.setattr(inbox, "SLICE_SECONDS", 0.003)
    calls = 0
    while len(unread(bob)) > len(carried):
        before = len(read)
        incoming.open_letters(bob)
        calls += 1
        assert inbox.may_have_unopened(bob)
        assert len(read) - before <= 4
    assert calls > pages / 4


def test_every_letter_is_found_however_many_there_are_of_how_many_authors() -> None:
    bob = flooded()
    bob.ingest.receive([letter(author, bob, 1000 + number) for author in PUPPETS for number in range(PAGE)], MALLORY.id)
    while inbox.may_have_unopened(bob):
        incoming.open_letters(bob)
    assert unread(bob) == []


def test_a_look_that_fails_is_begun_again_when_the_next_letter_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    bob = flooded()
    with monkeypatch.context() as broken:
        broken.setattr(inbox, "_is_for_this_device", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            incoming.open_letters(bob)
    bob.ingest.receive([letter(ALICE, bob, 1)], ALICE.id)
    while inbox.may_have_unopened(bob):
        incoming.open_letters(bob)
    assert unread(bob) == []


def test_a_letter_that_comes_while_others_wait_is_found_before_they_are_all_opened() -> None:
    bob = flooded()
    incoming.open_letters(bob)
    bob.ingest.receive([letter(MALLORY, bob, number) for number in range(100, 700)], MALLORY.id)
    for _ in range(3):
        incoming.open_letters(bob)
    bob.ingest.receive([letter(ALICE, bob, 1)], ALICE.id)
    for _ in range(inbox.SLICES_A_LOOK + 2):
        incoming.open_letters(bob)
    assert MALLORY.id in unread(bob)
    assert ALICE.id not in unread(bob)


def test_the_node_comes_back_soon_while_letters_wait() -> None:
    bob = flooded()
    assert incoming.follow_letters(bob) == incoming.SLICE_PAUSE_SECONDS
    while inbox.may_have_unopened(bob):
        incoming.follow_letters(bob)
    assert incoming.follow_letters(bob) > incoming.SLICE_PAUSE_SECONDS


def test_a_node_in_doubt_about_the_date_does_not_look_for_receipts_all_the_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bob = flooded()
    while inbox.may_have_unopened(bob):
        incoming.follow_letters(bob)
    monkeypatch.setattr(FakeClock, "trusted", property(lambda _: False))
    assert incoming.follow_letters(bob) == incoming.PAUSE_SECONDS
