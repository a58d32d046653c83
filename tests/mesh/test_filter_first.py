"""Filter first: what a peer may not have leaves no trace in what it is sent, neither bytes nor lengths, counts or order.

Each test runs one story twice with the same random numbers, once with and once without things that are not for Bob. It
compares the two transcripts: every plaintext frame, and every byte on the wire.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from meshnode.app.owner import policy
from meshnode.store import RecordState
from protocol import Audience, Kind, Listing, PersonId, Record, signed
from protocol.letters import Opened, Receipt, seal
from protocol.limits import DAY, LETTER_LIFE
from protocol.numbers import UnixTime, Version
from tests.support.mesh import EPOCH, Mesh
from tests.support.mesh_people import befriend, post, rewrite, sees, vouch
from tests.support.people import Person, grown
from tests.support.tap import Tap, set_tap

ERIN = Person("Erin")  # Alice's friend, too far from Bob for what she posts to the trusted
STRANGERS = [Person(f"Stranger {number}") for number in range(20)]


@dataclass
class Story:
    """Alice's node holds things for Bob and things that are not for Bob; the two meet, and life goes on."""

    mesh: Mesh
    tap: Tap
    wire: list[tuple[str, str, bytes]] = field(default_factory=list)

    @property
    def transcript(self) -> tuple[list[bytes], list[bytes], list[tuple[str, str, bytes]]]:
        """All frames from Alice to Bob, all from Bob to Alice, all bytes between the two, in order."""
        alice, bob = (self.mesh.nodes[name].replica.keys for name in ("Alice", "Bob"))
        return (
            self.tap.between(alice.device_id, bob.dh_public),
            self.tap.between(bob.device_id, alice.dh_public),
            self.wire,
        )


Hide = Callable[[Mesh], None]


def run(monkeypatch: pytest.MonkeyPatch, before: Hide | None = None, meanwhile: Hide | None = None) -> Story:
    """`before` happens at Alice's node before she meets Bob, `meanwhile` while they talk."""
    with monkeypatch.context() as patch:
        mesh = Mesh(21)
        for name in ("Alice", "Bob", "Carol"):
            mesh.add(name)
        alice = mesh.nodes["Alice"].replica
        alice.ingest.receive([ERIN.certificate(EPOCH), erins_policy(mesh)])
        policy.vouch(alice, ERIN.id, 900)
        befriend(mesh, "Alice", "Carol", 900, 900)
        for number in range(40):
            post(mesh, "Carol", f"For the web {number}", Audience.NETWORK_WIDE)
        mesh.settle()
        if before is not None:
            before(mesh)
        mesh.settle()

        story = Story(mesh, set_tap(patch))

        def note(sender: object, receiver: object, data: bytes) -> None:
            names = {id(node): name for name, node in mesh.nodes.items()}
            ends = names[id(sender)], names[id(receiver)]
            if set(ends) == {"Alice", "Bob"}:
                story.wire.append((*ends, data))

        mesh.tap = note
        befriend(mesh, "Alice", "Bob", 300, 900)
        mesh.settle()
        if meanwhile is not None:
            meanwhile(mesh)
        mesh.settle()
        listing = post(mesh, "Carol", "One more", Audience.NETWORK_WIDE)
        mesh.settle()
        rewrite(mesh, "Carol", listing, "One more, narrowed", Audience.MY_CELL, may_reduce_access=True)
        mesh.settle()
        vouch(mesh, "Bob", "Alice", 500)
        mesh.advance(700)  # the sets are compared again
        assert "For the web 0" in sees(mesh, "Bob")
    return story


# --- what is not for Bob; none of it draws on Alice's chance ---------------------------------------------------------


def into_alice(mesh: Mesh, *records: Record, source: PersonId | None = ERIN.id) -> None:
    outcome = mesh.nodes["Alice"].replica.ingest.receive(records, source)
    assert not outcome.faults


def erins_policy(mesh: Mesh) -> Record:
    return ERIN.policy({mesh.nodes["Alice"].person: 900}, now=EPOCH)


def own(mesh: Mesh, number: int, version: int = 1, body: bytes | None = None) -> Record:
    """A listing of Alice's for her cell."""
    alice = mesh.nodes["Alice"].replica
    said = Listing(salt=grown("salt", number, size=16), type="offer", title="Secret" * (number % 20 + 1)).to_body()
    return signed(
        kind=Kind.LISTING,
        author=alice.me,
        device=alice.device,
        slot=grown("slot", number, size=16),
        version=Version(version),
        audience=Audience.MY_CELL,
        policy_version=Version(1),
        created=UnixTime(EPOCH + number),
        expires=UnixTime(EPOCH + 30 * DAY),
        min_valid_version=Version(version),
        latest_expiry=UnixTime(EPOCH + 30 * DAY),
        body=said if body is None else body,
        sign=alice.keys.sign,
    )


def erins(number: int) -> Record:
    return ERIN.listing(f"For the trusted {number}", audience=Audience.TRUSTED_NETWORK, now=EPOCH + number)


def own_listings(mesh: Mesh) -> None:
    into_alice(mesh, *(own(mesh, number) for number in range(300)), source=None)


def listings_of_a_friend(mesh: Mesh) -> None:
    into_alice(mesh, *(erins(number) for number in range(300)))
    assert len(sees(mesh, "Alice")) >= 300


def withdrawn_and_replaced(mesh: Mesh) -> None:
    into_alice(mesh, *(own(mesh, number) for number in range(20)), source=None)
    into_alice(mesh, *(own(mesh, number, version=2) for number in range(10)), source=None)
    into_alice(mesh, *(own(mesh, number, version=3, body=b"") for number in range(5)), source=None)
    into_alice(mesh, erins(1))
    into_alice(mesh, ERIN.withdrawal(erins(1), EPOCH + 5))


def what_waits_to_be_proved(mesh: Mesh) -> None:
    into_alice(mesh, *(stranger.listing(now=EPOCH) for stranger in STRANGERS))
    into_alice(mesh, *(stranger.profile(EPOCH) for stranger in STRANGERS))


def people_who_vouch_for_alice_alone(mesh: Mesh) -> None:
    alice = mesh.nodes["Alice"].person
    for stranger in STRANGERS:
        into_alice(mesh, stranger.certificate(EPOCH), stranger.policy({alice: 300}, now=EPOCH), stranger.profile(EPOCH))
        into_alice(mesh, stranger.listing(now=EPOCH))


def letters_that_bob_may_not_carry(mesh: Mesh) -> None:
    """From people whose web ends at Alice, to one whose key Bob does not know."""
    alice = mesh.nodes["Alice"].person
    for stranger in STRANGERS:
        letter = seal(
            Receipt((Opened(bytes(16), (bytes(8),)),)),
            author=stranger.id,
            addressee=ERIN.id,
            slot=bytes(16),
            letter_keys=[ERIN.keys.letter_public],
            entropy=grown(stranger.name),
        )
        into_alice(mesh, stranger.certificate(EPOCH), stranger.policy({alice: 300}, now=EPOCH))
        into_alice(mesh, stranger.record(Kind.LETTER, bytes(16), letter, EPOCH, life=LETTER_LIFE, policy_version=1))
    assert len(list(mesh.nodes["Alice"].replica.store.records.bodies(Kind.LETTER))) == len(STRANGERS)


HIDDEN = {
    hide.__name__: hide
    for hide in (
        own_listings,
        listings_of_a_friend,
        withdrawn_and_replaced,
        what_waits_to_be_proved,
        people_who_vouch_for_alice_alone,
        letters_that_bob_may_not_carry,
    )
}


@pytest.mark.parametrize("hide", HIDDEN.values(), ids=HIDDEN)
def test_what_is_hidden_when_they_meet_changes_not_one_byte(monkeypatch: pytest.MonkeyPatch, hide: Hide) -> None:
    assert run(monkeypatch, before=hide).transcript == run(monkeypatch).transcript


@pytest.mark.parametrize("hide", HIDDEN.values(), ids=HIDDEN)
def test_what_is_hidden_and_comes_while_they_talk_changes_not_one_byte(
    monkeypatch: pytest.MonkeyPatch, hide: Hide
) -> None:
    assert run(monkeypatch, meanwhile=hide).transcript == run(monkeypatch).transcript


def test_the_comparison_would_notice_one_visible_record(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: the same story with one record more that is for Bob."""

    def show(mesh: Mesh) -> None:
        into_alice(mesh, ERIN.listing("For the web", audience=Audience.NETWORK_WIDE, now=EPOCH))

    shown, without = run(monkeypatch, before=show).transcript, run(monkeypatch).transcript
    assert all(one != other for one, other in zip(shown, without, strict=True))


def test_bob_cannot_tell_whether_the_records_that_bob_brings_were_there_already(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Bob's node somehow holds records of Erin's that Alice may have and Bob may not."""
    brought = [erins(number) for number in range(30)]

    def bring(mesh: Mesh) -> None:
        bob = mesh.nodes["Bob"].replica
        for record in [ERIN.certificate(EPOCH), erins_policy(mesh), *brought]:
            bob.store.records.put(record, state=RecordState.LIVE, received_from=ERIN.id, arrived=EPOCH)
        bob.trust_state.refresh(bob.store, [ERIN.id])

    def bring_and_hold(mesh: Mesh) -> None:
        bring(mesh)
        into_alice(mesh, *brought)

    assert run(monkeypatch, before=bring_and_hold).transcript == run(monkeypatch, before=bring).transcript
