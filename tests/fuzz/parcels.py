"""Fuzzes parcels: the file as it arrives, what its chunks hold, and a whole parcel that a node takes in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from conformance.parcels import chunks_holding, parcel_of_one
from meshnode.app.listings import listings, photos
from meshnode.app.listings.listings import ListingDraft
from meshnode.errors import Refused
from protocol import Kind, RemoteError, decode, photo_hash, photo_parts
from protocol.limits import FRAME_MAX_BYTES
from protocol.parcels import (
    ParcelPhoto,
    ParcelReader,
    Part,
    SignedOpening,
    encode_parcel_frame,
)
from tests.fuzz.harness import Harness
from tests.fuzz.source import Source, as_bytes
from tests.fuzz.worlds import Reused
from tests.support.mesh import Mesh
from tests.support.mesh_people import befriend
from tests.support.parcels import carry, sealed_by, taken
from tests.support.vectors_parcels import BOB, FRAMES, KEY, encoded, opened, plain, whole

CALLS = 60_000
NODE_CALLS = 600_000  # what a node does with a parcel is in a store
INPUTS = 40  # of one world
WHOLE = whole()
SOUND = [encode_parcel_frame(opened()), *encoded(FRAMES["receipts and records"])[1:], *encoded(FRAMES["a photo"])[1:]]
PHOTO, SMALL = bytes(range(250)) * 170, bytes(range(250))  # two parts, and one


def parcel_file(data: bytes) -> None:
    """Whatever a file holds: it is read, or refused with a code, and nothing waits in memory but a chunk and a frame."""
    source = Source(data)
    begun, chunks = WHOLE
    at = source.below(len(begun)) if source.below(2) else len(begun) + source.below(len(chunks))
    changed = source.take(source.below(40))
    file = b"".join([begun, chunks])
    file = (file[:at] + changed + file[at + len(changed) :])[: None if source.below(4) else at]
    reader = ParcelReader([BOB.keys.letter_private])
    try:
        while file:
            piece = 300 + source.byte() * 100
            for frame in reader.receive(file[:piece]):
                if isinstance(frame, SignedOpening):
                    frame.check(reader.key, BOB.id)
            file = file[piece:]
            assert len(reader._received) < 16_384 + piece
            assert len(reader._plain) <= 16_384 + FRAME_MAX_BYTES + 2
        reader.finish()
    except RemoteError:
        return


def parcel_frames(data: bytes) -> None:
    """Whatever the chunks of a part hold: frames come out as they went in, or a code."""
    source = Source(data)
    held = plain([SOUND[0], *_frames(source)])
    if source.below(4) == 1:
        held = source.edited_bytes(held)
    reader = ParcelReader([BOB.keys.letter_private])
    try:
        for frame in reader.receive(_sealed(held)):
            again = encode_parcel_frame(frame)
            assert decode(again, max_bytes=FRAME_MAX_BYTES) is not None
            if isinstance(frame, SignedOpening):
                frame.check(reader.key, BOB.id)
        reader.finish()
    except RemoteError:
        return


def _frames(source: Source, sounds: Sequence[bytes] = SOUND) -> Iterator[bytes]:
    for _ in range(source.below(4)):
        sound = decode(source.pick(sounds), max_bytes=FRAME_MAX_BYTES)
        written = as_bytes(source.edited(sound))
        yield written[:FRAME_MAX_BYTES] or b"\xc0"


def _sealed(held: bytes) -> bytes:
    chunks = chunks_holding(KEY, held)
    return b"".join(parcel_of_one(Part(KEY, 0, len(chunks)), BOB.keys.letter_public, chunks))


class Post:
    """A node that takes parcels in, and its friend who makes them: it lacks the photo of a post of the friend's."""

    def __init__(self) -> None:
        mesh = self.mesh = Mesh(79)
        for name in ("Alice", "Bob"):
            mesh.add(name)
        befriend(mesh, "Alice", "Bob", 900, 900)
        carry(mesh, "Alice", "Bob")
        self.alice, self.bob = self.mesh.nodes["Alice"].replica, self.mesh.nodes["Bob"].replica
        given = photos.keep(self.alice, PHOTO, SMALL)
        listings.post(self.alice, ListingDraft("offer", "A bench", audience="trusted_network", photos=(given,)))
        self.bob.ingest.receive(list(self.alice.store.records.bodies(Kind.LISTING, author=self.alice.me)))
        named = [(photo_hash(self.alice.me, data), part) for data in (PHOTO, SMALL) for part in photo_parts(data)]
        self.sounds = [*SOUND, *(encode_parcel_frame(ParcelPhoto(name, part)) for name, part in named)]


POSTS = Reused(Post, INPUTS)


def parcel(data: bytes) -> None:
    """A friend who sends anything sealed and signed: it is taken, or refused in one line, and never an error of the node."""
    source, post = Source(data), POSTS.next()
    frames = list(_frames(source, post.sounds))
    said = ""
    try:
        taken(post.bob, sealed_by(post.alice, post.bob, frames), piece=1_000 + source.byte() * 300)
    except Refused as refused:
        said = refused.line
    assert "\n" not in said


def _seeds() -> Iterator[bytes]:
    for number in range(8):
        yield bytes([number, number * 7 % 256, 3, 9, number])


HARNESSES = (
    Harness("parcel_file", parcel_file, _seeds, calls=CALLS),
    Harness("parcel_frames", parcel_frames, _seeds, calls=CALLS),
    Harness("parcel", parcel, _seeds, calls=NODE_CALLS),
)
