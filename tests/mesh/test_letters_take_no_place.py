"""Whatever letters come, and however many exchanges there are, a person's posts are taken in, at home and by others."""

from __future__ import annotations

import pytest

from meshnode.app.exchanges import exchanges as cases
from meshnode.app.exchanges.exchanges import MoveOrder, Request
from meshnode.app.letters import receipts
from meshnode.app.owner import policy
from meshnode.replica.replica import Replica
from protocol import Kind, Record, limits
from protocol.letters import Introduction, seal
from tests.app.neighbors import Neighbor, neighbor, settle_in
from tests.support.mesh import EPOCH, Mesh
from tests.support.mesh_people import befriend
from tests.support.people import Person, grown

MALLORY = Person("Mallory")
SMALLER = 25  # the caps of these tests are smaller by this than the real ones
CAPS = (
    "AUTHOR_RECORDS_MAX",
    "AUTHOR_LETTERS_MAX",
    "AUTHOR_LETTER_BYTES_MAX",
    "AUTHOR_LETTER_REGISTERS_MAX",
    "LETTERS_UNDER_WAY_MAX",
    "RECEIPTS_MAX",
    "RECEIPTS_OF_ALL_A_DAY",
)
DAYS = 10  # stand for 30, with three times as many exchanges on each
EXCHANGES = 500 // SMALLER
MEMBERS = 3


@pytest.fixture(autouse=True)
def _smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    for cap in CAPS:
        monkeypatch.setattr(limits, cap, getattr(limits, cap) // SMALLER)


def silent_letter(victim: Replica, number: int) -> Record:
    """An introduction of the author, which has no effect."""
    slot = grown("silent", number, size=16)
    letter = seal(
        Introduction(MALLORY.id, "x", "", (MALLORY.certificate(EPOCH),)),
        author=MALLORY.id,
        addressee=victim.me,
        slot=slot,
        letter_keys=[victim.keys.letter_public],
        entropy=grown("entropy", number),
    )
    return MALLORY.record(Kind.LETTER, slot, letter, EPOCH, life=limits.LETTER_LIFE)


def test_thousands_of_letters_that_nobody_sees_silence_nobody() -> None:
    """Fault: each letter makes a receipt, each receipt is a register, and beyond 2,000 of them nothing new is taken in."""
    mesh = Mesh(31)
    victim = settle_in(mesh, "Victim")
    settle_in(mesh, "Friend")
    befriend(mesh, "Victim", "Friend", 800, 800)
    mesh.settle()
    policy.vouch(victim.replica, MALLORY.id, 10)
    known = [MALLORY.certificate(EPOCH), MALLORY.policy({victim.person: 900}, now=EPOCH)]
    victim.replica.ingest.receive(known, MALLORY.id)
    own = {row.id for row in victim.replica.store.records.rows(author=victim.person)}
    for begin in range(0, 2200 // SMALLER, 20):
        some = [silent_letter(victim.replica, number) for number in range(begin, begin + 20)]
        victim.replica.ingest.receive(some, MALLORY.id)
        mesh.advance(60)
        victim.replica.ingest.receive([MALLORY.withdrawal(letter, EPOCH) for letter in some], MALLORY.id)
    assert {row.id for row in victim.replica.store.records.rows(author=victim.person)} == own
    assert receipts.seconds_until_due(victim.replica) is None
    victim.post("After the attack", audience="network_wide")
    mesh.settle()
    assert neighbor(mesh, "Friend").titles() == ["After the attack"]


def test_five_hundred_exchanges_a_month_silence_no_tool_library() -> None:
    """In small: 20 exchanges, under caps smaller by 25. Members are often away, so that much is under way."""
    mesh = Mesh(32)
    library = settle_in(mesh, "Library")
    members = [settle_in(mesh, f"Member {number}") for number in range(MEMBERS)]
    settle_in(mesh, "Carrier")
    for number in range(MEMBERS):
        befriend(mesh, "Library", f"Member {number}", 800, 800)
        mesh.wire(f"Member {number}", "Carrier")
    befriend(mesh, "Library", "Carrier", 800, 800)
    mesh.settle()
    per_day = EXCHANGES / DAYS
    begun: list[tuple[Neighbor, str]] = []
    for day in range(DAYS):
        away = members[day % MEMBERS]
        mesh.heal()
        mesh.advance(limits.HOUR)
        mesh.cut("Library", away.node.name)
        mesh.cut("Carrier", away.node.name)
        title = f"Tool of day {day}"
        library.post(title, audience="network_wide", category="tools")
        mesh.settle()
        while len(begun) < per_day * (day + 1):
            member = members[(len(begun) + 1) % MEMBERS]
            if member is away:
                member = members[(len(begun) + 2) % MEMBERS]
            asked = cases.respond(
                member.replica, neighbor(mesh, member.node.name).catalog, title, Request("May I?", None)
            )
            begun.append((member, asked.exchange))
            mesh.settle()
            mesh.advance(limits.HOUR)
            for actor, act in ((library, "accept"), (library, "say"), (library, "done"), (member, "done")):
                cases.move(actor.replica, asked.exchange, MoveOrder(act, "At six" if act == "say" else "", anyway=True))
                mesh.settle()
            mesh.advance(limits.HOUR)
        mesh.advance(limits.DAY - 4 * limits.HOUR)
        assert title in neighbor(mesh, "Carrier").titles()
    mesh.heal()
    mesh.advance(limits.HOUR)
    assert len(begun) == EXCHANGES
    mine = {row.slot for row in library.replica.store.records.rows(author=library.person, kinds=(Kind.LISTING,))}
    for name in mesh.nodes:
        held = mesh.nodes[name].replica.store.records
        use = held.usage_of(library.person)
        assert use.letter_records < limits.AUTHOR_LETTER_REGISTERS_MAX // 2
        assert use.letters < limits.AUTHOR_LETTERS_MAX // 2
        assert {row.slot for row in held.rows(author=library.person, kinds=(Kind.LISTING,))} == mine
    assert len(mine) == DAYS
