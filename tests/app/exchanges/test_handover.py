"""Who may hand over what: own devices everything, others the letters of the two alone, and each in bounded parts."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from meshnode.app.devices import revocation
from meshnode.app.devices.device_list import name_of
from meshnode.app.discover import search, watches
from meshnode.app.discover.search import SearchQuery
from meshnode.app.exchanges import handover
from meshnode.app.explain.handing_over import HandingOverView, handing_over, letters_to_come
from meshnode.app.letters import letters
from meshnode.app.people import yourself
from meshnode.store import KeptLetter
from protocol import PersonId, limits
from protocol.letters import Handed, HandoverLetter, Note, NoteKind
from tests.app.exchanging import all_of, make, offer, respond
from tests.app.neighbors import Neighbor, neighbor
from tests.mesh.test_later_devices import pair, run, told
from tests.support.mesh import Mesh
from tests.support.mesh_people import acquaint, befriend, person
from tests.support.people import Person

People = tuple[Neighbor, Neighbor, Neighbor]
ZOE = Person("Zoe")


def kept_by(mesh: Mesh, name: str) -> list[KeptLetter]:
    """Return the letters that a node keeps of all exchanges."""
    store = mesh.nodes[name].replica.store
    return [kept for one in store.exchanges.all_shown() for kept in store.handovers.of_exchange(one.no)]


def as_handover(letters_kept: list[KeptLetter]) -> HandoverLetter:
    """Return the letter that hands these over."""
    handed = tuple(Handed(one.record, one.key, one.arrived) for one in letters_kept)
    return HandoverLetter(handed, tuple({one.signer.id: one.signer for one in letters_kept}.values()))


def hand(mesh: Mesh, giver: str, to: PersonId, content: HandoverLetter) -> None:
    letters.send(mesh.nodes[giver].replica, to, content)
    mesh.settle()
    mesh.advance(1)


def asked_and_lost(seed: int) -> Mesh:
    """Return a mesh in which Alice has asked Bob for a drill, Carol knows both, and Alice has a device that lacks it."""
    mesh = pair(seed)
    mesh.add("Carol")
    for name in ("Laptop", "Bob"):
        befriend(mesh, name, "Carol", 900, 900)
    offer(mesh, neighbor(mesh, "Bob"), quantity=2)
    make(mesh, neighbor(mesh, "Bob"), respond(mesh, neighbor(mesh, "Laptop"), message="May I?"), "accept", "Yes.")
    run(mesh)
    mesh.cut("Laptop", "Bob")
    mesh.cut("Laptop", "Carol")
    for name in ("Laptop", "Carol"):
        mesh.nodes[name].replica.store.handovers.looked_at = None
    return mesh


def test_somebody_else_hands_over_nothing_of_two_others() -> None:
    mesh = asked_and_lost(521)
    stolen = as_handover(kept_by(mesh, "Bob"))
    mesh.cut("Bob", "Carol")  # else Bob's node would hand it over, through Carol's
    mesh.add_device("New", "Laptop")
    befriend(mesh, "New", "Carol", 900, 900)
    hand(mesh, "Carol", person(mesh, "Laptop"), stolen)
    run(mesh, 2)
    assert told(mesh, "New") == []


def test_the_other_side_does_not_get_a_revoked_device_believed() -> None:
    """The ask was signed by the laptop, which was revoked since: a thief who has it could sign a new one."""
    mesh = asked_and_lost(522)
    mesh.add_device("New", "Laptop")
    befriend(mesh, "New", "Bob", 900, 900)
    acquaint(mesh, "New", "Laptop")
    new = mesh.nodes["New"].replica
    new.store.devices.call(mesh.nodes["Laptop"].replica.device, "Laptop")
    revocation.revoke(new, "Laptop")
    run(mesh, 3)
    assert told(mesh, "New") == []
    (kept,) = [one for one in kept_by(mesh, "Bob") if one.record.header.author == new.me]
    hand(mesh, "Bob", new.me, as_handover([kept]))
    assert told(mesh, "New") == []


def test_notes_and_wishes_of_another_person_do_nothing() -> None:
    mesh = pair(523)
    alice = person(mesh, "Laptop")
    mesh.join_device("Pi", "Laptop")
    mesh.wire("Laptop", "Pi")
    run(mesh, 2)
    offer(mesh, neighbor(mesh, "Bob"))
    respond(mesh, neighbor(mesh, "Laptop"))
    mesh.advance(1)
    missing = tuple((one.record.header.author, one.record.header.slot) for one in kept_by(mesh, "Laptop"))
    hand(mesh, "Bob", alice, HandoverLetter(notes=(Note(NoteKind.NAME, ZOE.id, b"\1Bobby", 9),), missing=missing))
    for name in ("Laptop", "Pi"):
        replica = mesh.nodes[name].replica
        assert ZOE.id not in replica.store.own_names.all()
        assert replica.store.handovers.owed_to() == []


@pytest.mark.promise("All devices of one person know the same")
def test_a_stolen_device_cannot_change_what_somebody_has_said() -> None:
    """What it hands over with one byte changed is put aside as a whole."""
    mesh = asked_and_lost(524)
    first = kept_by(mesh, "Laptop")[0]
    laptop = mesh.nodes["Laptop"].replica
    mesh.join_device("Pi", "Laptop")
    laptop.store.handovers.notice(laptop.me, [mesh.nodes["Pi"].replica.device], 0)  # it hands over nothing by itself
    mesh.wire("Laptop", "Pi")
    lie = as_handover([first])
    hand(mesh, "Laptop", laptop.me, replace(lie, letters=(replace(lie.letters[0], key=bytes(32)),)))
    assert told(mesh, "Pi") == []
    hand(mesh, "Laptop", laptop.me, lie)
    assert told(mesh, "Pi") != []


def test_a_long_history_follows_in_parts_and_what_is_open_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "HANDOVERS_TO_ONE_MAX", 1)
    monkeypatch.setattr(handover, "LETTER_ROOM", 5_000)
    mesh = pair(525)
    bob, laptop = neighbor(mesh, "Bob"), neighbor(mesh, "Laptop")
    for number in range(6):
        offer(mesh, bob, f"Drill {number}")
        exchange = respond(mesh, laptop, f"Drill {number}")
        mesh.advance(1)
        make(mesh, bob, exchange, "accept" if number == 0 else "decline")
        mesh.advance(1)
    run(mesh)
    mesh.join_device("Pi", "Laptop")
    mesh.wire("Laptop", "Pi")
    mesh.advance(1)
    mesh.advance(1)
    states = {one.state for one in all_of(mesh, neighbor(mesh, "Pi"))}
    assert "agreed" in states
    assert len(told(mesh, "Pi")) < 6
    giver, taker = mesh.nodes["Laptop"].replica, mesh.nodes["Pi"].replica
    run(mesh, 1)
    left = letters_to_come(taker)
    assert 0 < left < 12
    assert handing_over(giver) == (HandingOverView(name_of(giver, taker.device), left),)
    for _ in range(12):
        assert len(giver.store.letters.in_transit(to=laptop.person)) <= 2, (
            "one hands over, one says how much is to come"
        )
        run(mesh, 1)
    assert told(mesh, "Pi") == told(mesh, "Laptop")
    assert (letters_to_come(taker), handing_over(giver)) == (0, ())


def test_nonsense_in_a_note_of_what_is_to_come_is_written_over_and_stops_nothing() -> None:
    mesh = pair(526)
    mesh.join_device("Pi", "Laptop")
    laptop, pi = mesh.nodes["Laptop"].replica, mesh.nodes["Pi"].replica
    key = pi.device + laptop.device
    laptop.store.own_notes.set(Note(NoteKind.LETTERS_TO_COME, key, b"many", 1))
    handover.follow(laptop)
    assert laptop.store.own_notes.of_kind(NoteKind.LETTERS_TO_COME).get(key) != b"many"


def test_names_and_saved_searches_follow_on_all_devices_and_the_later_change_holds() -> None:
    mesh = pair(526)
    mesh.join_device("Pi", "Laptop")
    mesh.wire("Laptop", "Pi")
    run(mesh, 2)
    laptop, pi = neighbor(mesh, "Laptop"), neighbor(mesh, "Pi")
    yourself.call(laptop.replica, "Bob", yourself.OwnName("Bobby"), ())
    saved = watches.add(laptop.replica, laptop.catalog, laptop.watcher, SearchQuery(words="ladder"))
    run(mesh, 2)
    yourself.call(pi.replica, "Bobby", yourself.OwnName("Robert"), ())
    assert [watch.search for watch in pi.replica.store.discover.watches()] == ['{"words": "ladder"}']
    run(mesh, 2)
    watches.remove(laptop.replica, str(saved.id))
    run(mesh, 2)
    for each in (laptop, pi):
        assert each.replica.store.own_names.chosen() == {person(mesh, "Bob"): "Robert"}
        assert each.replica.store.discover.watches() == []


def test_nonsense_in_notes_is_put_to_no_use() -> None:
    mesh = pair(527)
    mesh.join_device("Pi", "Laptop")
    mesh.wire("Laptop", "Pi")
    run(mesh, 2)
    laptop = mesh.nodes["Laptop"].replica
    nonsense = [
        (NoteKind.NAME, b"short", b"\1Bobby"),
        (NoteKind.NAME, ZOE.id, b"\1"),
        (NoteKind.NAME, ZOE.id[::-1], b"\1\xff"),
        (NoteKind.NAME, bytes(32), b"\1two\nlines"),
        (NoteKind.SAVED_SEARCH, b"k", b"{"),
        (NoteKind.SAVED_SEARCH, b"l", b'{"words": 5}'),
        (NoteKind.SAVED_SEARCH, b"m", b'{"unheard": "of"}'),
        (NoteKind.SAVED_SEARCH, b"n", b'{"words": "ladder"}'),
        (9, b"later", b"of a newer version"),
    ]
    told_notes = tuple(Note(kind, key, value, 5) for kind, key, value in nonsense)
    too_high = Note(NoteKind.NAME, ZOE.id, b"\1Zoe", limits.STAMP_MAX)
    hand(mesh, "Laptop", laptop.me, HandoverLetter(notes=(*told_notes, too_high)))
    run(mesh, 1)
    pi = mesh.nodes["Pi"].replica
    assert pi.store.own_names.chosen() == {}
    assert pi.store.discover.watches() == []
    assert pi.store.own_notes.all()[9, b"later"].note.value == b"of a newer version"  # passed on as it is
    assert pi.guard.failures() == ()


def test_notes_that_are_known_still_change_when_there_is_room_for_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    mesh = pair(531)
    mesh.join_device("Pi", "Laptop")
    mesh.wire("Laptop", "Pi")
    laptop, pi = neighbor(mesh, "Laptop"), neighbor(mesh, "Pi")
    yourself.call(laptop.replica, "Bob", yourself.OwnName("Bobby"), ())
    run(mesh, 2)
    monkeypatch.setattr(limits, "OWN_NOTES_MAX", pi.replica.store.own_notes.count())
    yourself.call(laptop.replica, "Bobby", yourself.OwnName("Robert"), ())
    watches.add(laptop.replica, laptop.catalog, laptop.watcher, SearchQuery(words="ladder"))
    run(mesh, 2)
    assert pi.replica.store.own_names.chosen() == {person(mesh, "Bob"): "Robert"}
    for each in (laptop, pi):
        assert each.replica.store.own_notes.count() == limits.OWN_NOTES_MAX


def test_a_saved_search_too_long_for_a_note_keeps_nothing_else_back() -> None:
    mesh = pair(532)
    mesh.join_device("Pi", "Laptop")
    mesh.wire("Laptop", "Pi")
    run(mesh, 2)
    laptop, pi = neighbor(mesh, "Laptop"), neighbor(mesh, "Pi")
    for words in ("\N{MAGE}" * search.WORDS_MAX, "ladder"):
        watches.add(laptop.replica, laptop.catalog, laptop.watcher, SearchQuery(words=words))
    yourself.call(laptop.replica, "Bob", yourself.OwnName("Bobby"), ())
    run(mesh, 2)
    assert [watch.search for watch in pi.replica.store.discover.watches()] == ['{"words": "ladder"}']
    assert pi.replica.store.own_names.chosen() == {person(mesh, "Bob"): "Bobby"}
    assert len(laptop.replica.store.discover.watches()) == 2
    assert laptop.replica.guard.failures() == ()


def test_what_one_side_of_an_exchange_writes_is_kept_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    mesh = pair(528)
    offer(mesh, neighbor(mesh, "Bob"))
    exchange = respond(mesh, neighbor(mesh, "Laptop"))
    mesh.advance(1)
    monkeypatch.setattr(limits, "KEPT_OF_EXCHANGE_BYTES", 3_000)
    make(mesh, neighbor(mesh, "Bob"), exchange, "accept")
    for number in range(4):
        make(mesh, neighbor(mesh, "Bob"), exchange, "say", f"Word {number}")
    mesh.advance(1)
    store = mesh.nodes["Laptop"].replica.store
    (one,) = store.exchanges.all_shown()
    assert store.handovers.bytes_of(one.no, person(mesh, "Bob")) <= 3_000
    assert len(store.exchanges.moves(one)) == 6  # all are shown


def test_letters_of_exchanges_that_ended_longest_ago_are_dropped_first_and_open_ones_never() -> None:
    mesh = pair(529)
    for number in range(3):
        offer(mesh, neighbor(mesh, "Bob"), f"Drill {number}")
        exchange = respond(mesh, neighbor(mesh, "Laptop"), f"Drill {number}")
        mesh.advance(60)
        make(mesh, neighbor(mesh, "Bob"), exchange, "accept" if number == 0 else "decline")
        mesh.advance(60)
    handovers = mesh.nodes["Laptop"].replica.store.handovers
    exchanges = {one.title: one.no for one in mesh.nodes["Laptop"].replica.store.exchanges.all_shown()}
    handovers.trim(5_000)
    assert [len(handovers.of_exchange(exchanges[f"Drill {number}"])) for number in range(3)] == [2, 0, 2]
    handovers.trim(0)
    assert [len(handovers.of_exchange(exchanges[f"Drill {number}"])) for number in range(3)] == [2, 0, 0]
