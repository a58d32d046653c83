"""Fuzzes a whole node: records that others signed, the owner's stolen device among them, and conversations with a liar."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from meshnode.app import upkeep
from meshnode.app.devices import revocation
from meshnode.app.explain.status import NetworkState, status
from meshnode.app.peers import contacts
from meshnode.app.peers.conversation import Conversation
from meshnode.replica.replica import Replica
from protocol import DeviceKeys, IdentityKeys, LocalError, Record, check_header, limits, verify_signature
from protocol.wire import SeenEphemerals
from tests.fuzz.harness import Harness, Refused, answer_of
from tests.fuzz.records import SAMPLES, Author, signed_anyhow
from tests.fuzz.source import Source
from tests.fuzz.wire import edited_frame
from tests.fuzz.worlds import Reused
from tests.support import hostile_sibling
from tests.support.guards import watched
from tests.support.mesh import Mesh
from tests.support.mesh_devices import revoke, village
from tests.support.mesh_people import befriend, post
from tests.support.people import grown

CALLS = 400_000  # upkeep reads all that is in the store
FLIGHTS = 24


class Village:
    """Alice with her laptop and her Pi, which somebody stole; her friend Bob; and Mallory, whom nobody knows."""

    def __init__(self) -> None:
        self.mesh = village()
        self.ladder = post(self.mesh, "Laptop", "Ladder").header.slot
        self.mesh.settle()
        self.mesh.cut("Laptop", "Pi")
        self.laptop = self.mesh.nodes["Laptop"].replica
        stranger = IdentityKeys(grown("Mallory", "identity"))
        keys = DeviceKeys(*(grown("Mallory", part) for part in ("sign", "dh", "letter")))
        self.authors: tuple[Author, ...] = (
            _author(self.mesh.nodes["Bob"].replica),
            _author(self.mesh.nodes["Pi"].replica),
            Author(stranger.person_id, keys, stranger.sign),
            Author(self.laptop.me, self.mesh.nodes["Bob"].replica.keys, keys.sign),
        )


def _author(replica: Replica) -> Author:
    sign = replica.identity.sign if replica.identity is not None else replica.keys.sign
    return Author(replica.me, replica.keys, sign)


VILLAGES = Reused(Village, 120)


def _records(source: Source, place: Village, authors: Sequence[Author]) -> tuple[Author, list[Record]]:
    author = source.pick(authors)
    now = place.laptop.clock.now()
    made = [signed_anyhow(source, author, now) for _ in range(1 + source.below(3))]
    return author, [record for record in made if isinstance(record, Record)]


def ingest(data: bytes) -> None:
    """Whatever others sign is taken or refused, and nothing that was taken makes the node's own work fail."""
    source = Source(data)
    place = VILLAGES.next()
    author, records = _records(source, place, place.authors)
    with watched() as failed:
        place.laptop.ingest.receive(records, author.id, more=source.below(2) == 1)
        if source.below(4) == 1:
            place.mesh.time += source.pick((1.0, limits.HOUR, limits.DAY))
        goes_on(place.laptop)
    assert not failed, failed


def siblings(data: bytes) -> None:
    """Whatever the stolen device has brought into the store, the node goes on, and the owner revokes the device."""
    source = Source(data)
    place = VILLAGES.next()
    _, records = _records(source, place, place.authors[1:2])
    for record in records:
        if not isinstance(answer_of(check_header, record.header), Refused) and verify_signature(record):
            hostile_sibling.slip_in(place.laptop, record)
    place.laptop.guard.try_again()
    goes_on(place.laptop)
    if source.below(16) == 1:
        VILLAGES.renew()
        revoke(place.mesh, discard=source.below(2) == 1)
        assert place.laptop.trust_state.revoked(place.laptop.me, place.authors[1].keys.device_id)
        assert isinstance(revocation.find(place.laptop, "Pi"), bytes)
        goes_on(place.laptop)


def goes_on(replica: Replica) -> None:
    """Do what a node does all by itself, and show its state."""
    assert 1 <= upkeep.upkeep(replica) <= limits.DAY
    status(replica, NetworkState(ready=True))


class Friends:
    """Alice and Bob, who trust each other and have a few posts; Bob will lie."""

    def __init__(self) -> None:
        self.mesh = Mesh(5)
        for name in ("Alice", "Bob"):
            self.mesh.add(name)
        befriend(self.mesh, "Alice", "Bob", 900, 900)
        self.mesh.settle()
        self.count = 0


FRIENDS = Reused(Friends, 60)


def conversation(data: bytes) -> None:
    """A friend whose frames are changed costs this conversation, and nothing else."""
    source = Source(data)
    place = FRIENDS.next()
    alice, bob = (place.mesh.nodes[name].replica for name in ("Alice", "Bob"))
    place.count += 1
    for name in ("Alice", "Bob"):
        post(place.mesh, name, f"{name}'s saw {place.count}")
    calls = source.below(2) == 1
    caller, callee = (alice, bob) if calls else (bob, alice)
    dial = contacts.dial_keys(caller, callee.me)[0]
    calling = Conversation.dialing(caller, dial, place.mesh.time)
    answering = Conversation.answering(callee, SeenEphemerals(), place.mesh.time)
    honest, liar = (calling, answering) if calls else (answering, calling)
    _lies(liar, source)
    with watched() as failed:
        for _ in range(FLIGHTS):
            honest.receive(liar.data_to_send(), place.mesh.time)
            honest.tick(place.mesh.time)
            sent = honest.data_to_send()
            assert len(sent) <= limits.SESSION_BUFFER_BYTES
            try:
                liar.receive(sent, place.mesh.time)
                liar.tick(place.mesh.time)
            except LocalError:
                break  # its own node cannot follow its lies
            place.mesh.time += source.pick((0.0, 0.0, 0.3, 31.0))
            if honest.end is not None and not sent:
                break
        goes_on(alice)
    assert not failed, failed


def _lies(liar: Conversation, source: Source) -> None:
    """Let this end of a conversation change, repeat and make up frames as the input says."""
    send = liar._channel.send

    def lying(frame: bytes) -> bytes:
        match source.below(10) if source.left else 0:
            case 1:
                return send(edited_frame(source) or b"\0")
            case 2:
                return send(frame) + send(edited_frame(source) or b"\0")
            case 3:
                return send(frame) + send(frame)
            case 4:
                return send(source.edited_bytes(frame) or b"\0")
            case _:
                return send(frame)

    liar._channel.send = lying  # type: ignore[method-assign, assignment]


def _choices(authors: int) -> Iterator[bytes]:
    for author in range(authors):
        for sample in range(len(SAMPLES)):
            yield bytes((author, 0, sample))
            yield bytes((author, 0, sample, 1, 1, 2, 7, sample, 7, 4, 1, 1, 1))


def _talks() -> Iterator[bytes]:
    for first in range(2):
        yield bytes((first,))
        yield from (
            bytes([first] + [0] * at + [lie, at, 0, 1, 1, at]) for at in (0, 1, 3, 6, 9) for lie in (1, 2, 3, 4)
        )


HARNESSES = (
    Harness("ingest", ingest, partial(_choices, 4), CALLS),
    Harness("siblings", siblings, partial(_choices, 1), CALLS),
    Harness("conversation", conversation, _talks, CALLS),
)
