"""What an owner hides, and what they were shown as news, is the same on all their devices."""

from __future__ import annotations

import json

import pytest

from meshnode.app.catalog.catalog import Catalog
from meshnode.app.discover import read_marks
from meshnode.app.exchanges import handover
from meshnode.app.letters import letters
from meshnode.replica.replica import Replica
from meshnode.store import Seen
from protocol import Audience, DeviceId, limits
from protocol.letters import HandoverLetter, Note, NoteKind
from tests.app.exchanges.test_handover import hand
from tests.app.neighbors import Neighbor
from tests.mesh.test_later_devices import run
from tests.support.mesh import Mesh
from tests.support.mesh_people import befriend

FAR = 90 * limits.DAY


def devices(seed: int) -> tuple[Mesh, Neighbor, Neighbor, Neighbor]:
    """Return a mesh of Bob, and of Alice's laptop and Pi, who know each other and Bob."""
    mesh = Mesh(seed)
    for name in ("Laptop", "Bob"):
        mesh.add(name, audience=Audience.NETWORK_WIDE)
    befriend(mesh, "Laptop", "Bob", 900, 900)
    mesh.settle()
    mesh.join_device("Pi", "Laptop")
    mesh.wire("Laptop", "Pi")
    mesh.wire("Bob", "Pi")
    run(mesh, 2)
    laptop, bob, pi = (
        Neighbor(mesh.nodes[name], Catalog(mesh.nodes[name].replica)) for name in ("Laptop", "Bob", "Pi")
    )
    return mesh, laptop, bob, pi


def in_notes(replica: Replica, kind: int) -> int:
    return sum(of == kind for of, _ in replica.store.own_notes.all())


def test_what_is_hidden_on_one_device_is_hidden_on_the_other_and_shown_again_on_both() -> None:
    mesh, laptop, bob, pi = devices(541)
    bob.post("Old sofa")
    bob.post("Carrots")
    mesh.settle()
    assert set(pi.titles()) == {"Old sofa", "Carrots"}
    laptop.hide("Old sofa")
    run(mesh, 3)
    assert pi.titles() == ["Carrots"]
    pi.unhide("Old sofa")
    run(mesh, 3)
    assert set(laptop.titles()) == set(pi.titles()) == {"Old sofa", "Carrots"}


@pytest.mark.promise("All devices of one person know the same")
def test_a_device_that_is_added_later_hides_what_its_owner_hid_before() -> None:
    mesh = Mesh(542)
    for name in ("Laptop", "Bob"):
        mesh.add(name, audience=Audience.NETWORK_WIDE)
    befriend(mesh, "Laptop", "Bob", 900, 900)
    mesh.settle()
    laptop, bob = (Neighbor(mesh.nodes[name], Catalog(mesh.nodes[name].replica)) for name in ("Laptop", "Bob"))
    for title in ("Old sofa", "Carrots"):
        bob.post(title)
    mesh.settle()
    laptop.hide("Old sofa")
    assert laptop.news() == ["Carrots"]
    mesh.join_device("Pi", "Laptop")
    mesh.wire("Laptop", "Pi")
    pi = Neighbor(mesh.nodes["Pi"], Catalog(mesh.nodes["Pi"].replica))
    run(mesh, 3)
    assert (pi.titles(), pi.news()) == (["Carrots"], [])


def test_what_has_ended_is_told_to_nobody_and_leaves_no_note() -> None:
    mesh, laptop, bob, pi = devices(543)
    bob.post("Bread", type="offer", category="food")
    mesh.settle()
    laptop.hide("Bread")
    run(mesh, 3)
    assert in_notes(pi.replica, NoteKind.HIDDEN_LISTING) == 1
    mesh.advance(3 * limits.DAY)
    bob.post("Old sofa")
    mesh.settle()
    for one in (laptop, pi):
        one.hide("Old sofa")  # which forgets what has ended
    run(mesh, 3)
    for one in (laptop, pi):
        assert [
            json.loads(note.note.value or b"[]")[0]
            for (kind, _), note in one.replica.store.own_notes.all().items()
            if kind == NoteKind.HIDDEN_LISTING
        ] == ["Old sofa"]


def test_what_has_ended_makes_room_for_what_is_hidden_on_another_device(monkeypatch: pytest.MonkeyPatch) -> None:
    mesh, laptop, bob, pi = devices(549)
    bob.post("Bread", type="offer", category="food")
    mesh.settle()
    laptop.hide("Bread")
    run(mesh, 3)
    mesh.advance(3 * limits.DAY)
    for title in ("Old sofa", "Carrots"):
        bob.post(title)
    mesh.settle()
    monkeypatch.setattr(limits, "HIDDEN_MAX", 1)
    laptop.hide("Old sofa")
    run(mesh, 3)
    assert pi.titles() == ["Carrots"]


def test_what_was_shown_as_news_on_one_device_is_no_news_on_the_other() -> None:
    mesh, laptop, bob, pi = devices(544)
    for title in ("Carrots", "Beets"):
        bob.post(title)
    mesh.settle()
    assert set(pi.peek()) == set(laptop.news()) == {"Carrots", "Beets"}
    run(mesh, 3)
    assert pi.peek() == []
    bob.post("Leeks")
    mesh.settle()
    assert pi.news() == ["Leeks"]
    run(mesh, 3)
    assert laptop.peek() == []
    written = [in_notes(one.replica, NoteKind.SHOWN_LISTINGS) for one in (laptop, pi)]
    run(mesh, 6)
    assert [in_notes(one.replica, NoteKind.SHOWN_LISTINGS) for one in (laptop, pi)] == written == [2, 2], "no echo"


def test_marks_fill_notes_and_the_oldest_note_makes_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_marks, "READ_NOTES_MAX", 3)
    mesh, laptop, _, pi = devices(545)
    now, most = laptop.replica.clock.now(), read_marks.MARKS_MAX
    for begin in range(0, 5 * most, most):
        shown = [Seen(number, number, now + FAR) for number in range(begin, begin + most - 1)]
        read_marks.note_shown(laptop.replica, shown)
        run(mesh, 2)
    found = pi.replica.store.discover.seen(range(5 * most))
    assert len(found) == 5 * (most - 1)
    assert in_notes(pi.replica, NoteKind.SHOWN_LISTINGS) == 3
    assert all(
        len(note.note.value or b"") <= limits.NOTE_VALUE_MAX for note in pi.replica.store.own_notes.all().values()
    )


def test_of_very_many_marks_only_those_are_told_that_last_longest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_marks, "READ_NOTES_MAX", 2)
    mesh, laptop, _, pi = devices(546)
    now, most = laptop.replica.clock.now(), 2 * read_marks.MARKS_MAX
    read_marks.note_shown(laptop.replica, [Seen(one, 0, now + FAR + one) for one in range(2 * most)])
    run(mesh, 3)
    assert set(pi.replica.store.discover.seen(range(2 * most))) == set(range(most, 2 * most))


def test_nonsense_marks_and_hidden_listings_are_put_to_no_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "READ_MARKS_MAX", 1)
    mesh, laptop, _, pi = devices(547)
    now, key = laptop.replica.clock.now(), bytes(10)
    mark = read_marks._MARK.pack
    nonsense = [
        (NoteKind.HIDDEN_LISTING, b"short", b'["Sofa", 1, 2]'),
        (NoteKind.HIDDEN_LISTING, key, b'["Sofa", 1, "2"]'),
        (NoteKind.HIDDEN_LISTING, key[1:] + b"\1", b'["Sofa", 1, 2, 3]'),
        (NoteKind.HIDDEN_LISTING, key[1:] + b"\2", b'["two\\nlines", 1, 2]'),
        (NoteKind.HIDDEN_LISTING, key[1:] + b"\3", b'["Sofa", -1, 2]'),
        (NoteKind.HIDDEN_LISTING, key[1:] + b"\4", b"{"),
        (NoteKind.SHOWN_LISTINGS, pi.replica.device + b"\xff", mark(1, 1, now + 9)),
        (NoteKind.SHOWN_LISTINGS, laptop.replica.device + b"\1", mark(2, 1, now + 9) + b"1"),
        (NoteKind.SHOWN_LISTINGS, laptop.replica.device + b"\2", mark(3, 1, now + 9 + limits.LISTING_LIFE)),
        (NoteKind.SHOWN_LISTINGS, laptop.replica.device + b"\3", mark(4, 1, 5)),
        (NoteKind.SHOWN_LISTINGS, laptop.replica.device + b"\4", mark(1 << 63, 1, now + 9)),
        (NoteKind.SHOWN_LISTINGS, laptop.replica.device + b"\5", None),
        (NoteKind.SHOWN_LISTINGS, laptop.replica.device + b"\6", mark(6, 1, now + FAR) + mark(7, 1, now + FAR)),
    ]
    hand(mesh, "Laptop", laptop.person, HandoverLetter(notes=tuple(Note(*one, 5) for one in nonsense)))
    run(mesh, 2)
    assert pi.replica.store.discover.hidden() == []
    assert pi.replica.store.discover.count_seen() == 0
    assert pi.replica.guard.failures() == ()


def test_notes_too_long_for_one_letter_go_out_in_several_each_of_which_is_written_once() -> None:
    mesh, laptop, _, pi = devices(548)
    for number in range(20):
        note = Note(9, bytes([1, number]), bytes(limits.NOTE_VALUE_MAX), number + 1)
        laptop.replica.store.own_notes.set(note)
    mesh.advance(limits.NOTES_PAUSE)
    assert laptop.replica.store.own_notes.untold(1) == []
    assert laptop.replica.store.records.usage_of(laptop.person).letter_records <= 4
    run(mesh, 2)
    assert len(pi.replica.store.own_notes.all()) == 20


def test_a_note_that_follows_soon_takes_the_place_of_the_letter_that_was_not_read_yet() -> None:
    mesh, laptop, _, pi = devices(549)
    mesh.cut("Laptop", "Pi")
    mesh.cut("Bob", "Pi")
    for number in range(5):
        laptop.replica.store.own_notes.set(Note(9, bytes([1, number]), b"short", number + 1))
        run(mesh, 1)
    assert len(laptop.replica.store.letters.in_transit(to=laptop.person)) == 1
    mesh.heal()
    run(mesh, 2)
    assert len(pi.replica.store.own_notes.all()) == 5


def test_long_notes_are_told_once_while_the_other_device_is_away() -> None:
    """Letters that are full are not written again: once the owner could write to nobody any more."""
    mesh, laptop, _, _ = devices(548)
    mesh.cut("Laptop", "Pi")
    notes, letters = laptop.replica.store.own_notes, laptop.replica.store.letters
    for number in range(40):
        notes.set(Note(NoteKind.SAVED_SEARCH, bytes([number]), bytes(limits.NOTE_VALUE_MAX), 1))
        before = laptop.replica.store.records.usage_of(laptop.replica.me).letter_records
        handover.tell_at_once(laptop.replica)
        assert laptop.replica.store.records.usage_of(laptop.replica.me).letter_records <= before + 1
        assert not notes.untold(1)
    assert len(letters.in_transit(to=laptop.replica.me)) < limits.HANDOVERS_MAX


def test_a_device_that_has_just_told_a_note_asks_for_what_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else it would take back the letter that tells the note, and write it again, without end."""
    mesh, laptop, bob, _ = devices(550)
    mesh.cut("Laptop", "Pi")
    mesh.cut("Bob", "Pi")
    replica, written = laptop.replica, list[HandoverLetter]()
    real = letters.send_to_own_devices

    def counted(replica: Replica, content: HandoverLetter, awaited: frozenset[DeviceId]) -> bytes:
        written.append(content)
        assert len(written) <= 2
        return real(replica, content, awaited)

    monkeypatch.setattr(letters, "send_to_own_devices", counted)
    replica.store.own_notes.set(Note(9, b"key", b"short", 1))
    run(mesh, 1)
    missing = (bob.person, bytes(16))
    replica.store.handovers.note_missing(*missing, replica.clock.now() + FAR)
    run(mesh, 1)
    assert [(len(one.notes), one.missing) for one in written] == [(1, ()), (0, (missing,))]
