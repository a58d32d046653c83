"""Answers questions about frames, comparisons and sessions."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Any

from conformance.asked import Asked, Told
from protocol import Record
from protocol.session import (
    Base,
    Event,
    PeerIdentified,
    PhotoRequested,
    RecordsReceived,
    RecordsRequested,
    SelfIdentification,
    Session,
    ToldTime,
    phase_of,
)
from protocol.wire import Item
from protocol.wire.frames import decode_frame, encode_frame
from protocol.wire.index import Index
from protocol.wire.reconcile import Reconciler, SessionHash


def _frame(asked: Asked) -> Told:
    return {"bytes": encode_frame(decode_frame(bytes.fromhex(asked["bytes"]))).hex()}


# --- reconciliation --------------------------------------------------------------------------------------------------


def _index(items: list[Any]) -> Index:
    return Index((created, blake2b(text.encode(), digest_size=32).digest()) for created, text in items)


def _session_hash(asked: Asked) -> SessionHash:
    return SessionHash(bytes.fromhex(asked["handshake_hash"]), asked["phase"], asked["number"])


def _hashes(asked: Asked) -> Told:
    session_hash, index = _session_hash(asked), _index(asked["items"])
    return {
        "root": session_hash.root(index).hex(),
        "fingerprints_of_first_and_rest": [
            fingerprint.hex() for fingerprint in session_hash.fingerprints(index, [0, 1, len(index)])
        ],
        "shorts": [short.hex() for short in session_hash.short_ids(index, 0, len(index))],
    }


def _compare(asked: Asked) -> Told:
    """Take part in a comparison, given the messages of the other side, and return those of this side."""
    index = _index(asked["items"])
    reconciler = Reconciler(index, _session_hash(asked))
    sent = []
    if asked["opens"]:
        sent.append(reconciler.open().hex())
    else:
        reconciler.begin()
    for message in asked["received"]:
        reply = reconciler.receive(bytes.fromhex(message))
        if reply is not None:
            sent.append(reply.hex())
    return {"sent": sent, "offers": [index.position(*item) for item in reconciler.offers], "done": reconciler.done}


# --- sessions --------------------------------------------------------------------------------------------------------


class _Node:
    """Does for a session what a node does, with a dict for a store."""

    def __init__(self, asked: Asked) -> None:
        side = asked["side"]
        own = Record.parse(bytes.fromhex(side["certificate"]))
        known = {
            bytes.fromhex(key): Record.parse(bytes.fromhex(wire)) for key, wire in side["known_certificates"].items()
        }
        self._store = {record.id: record for record in map(Record.parse, map(bytes.fromhex, side["records"]))}
        self._photos = {bytes.fromhex(hash_): bytes.fromhex(photo) for hash_, photo in side["photos"].items()}
        self._sets = [[(created, bytes.fromhex(id_)) for created, id_ in side[name]] for name in ("phase_0", "phase_1")]
        self._admitted = False
        self._now = 0.0
        self.sent: list[str] = []
        self._session = Session(
            initiator=asked["initiator"],
            handshake_hash=bytes.fromhex(asked["handshake_hash"]),
            remote_static=bytes.fromhex(asked["remote_static"]),
            me=SelfIdentification(own.header.author, own.header.device, own, bytes.fromhex(asked["run"])),
            find_certificate=known.get,
            kinds_of=lambda ids: {id_: self._store[id_].header.kind for id_ in ids if id_ in self._store},
            find_body=lambda id_: self._store[id_].body if id_ in self._store else None,
            now=self._now,
            told=lambda: ToldTime(asked["wall"], asked["stratum"]),
            introduce=side["shows_certificate"],
        )
        if side["admits_first"]:
            self._admit()
        self._go_on()

    def receive(self, frames: list[str]) -> None:
        """Take frames that arrive together."""
        self._handle(self._session.receive_many([bytes.fromhex(frame) for frame in frames], self._now))
        self._go_on()

    def publish(self, record: Record) -> None:
        """Sign a new record, which takes the place of the older version of its register."""
        older = [one for one in self._store.values() if one.register == record.register]
        for one in older:
            del self._store[one.id]
        self._store[record.id] = record
        bases = {_item(record): Base(_item(one), one.body or b"") for one in older}
        self._session.update(phase_of(record.header.kind), [_item(record)], list(map(_item, older)), bases)
        self._go_on()

    def ask_again(self, record: Record) -> None:
        """Ask for a record that was shown and not taken."""
        self._session.ask_again(phase_of(record.header.kind), [_item(record)])
        self._go_on()

    def fetch(self, photo: dict[str, Any]) -> None:
        """Ask for a photo that a listing names."""
        hash_, author = bytes.fromhex(photo["hash"]), bytes.fromhex(photo["author"])
        self._session.photos.fetch(hash_, photo["size"], author, self._now)
        self._go_on()

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self._now += seconds
        self._handle(self._session.tick(self._now))
        self._go_on()

    def _go_on(self) -> None:
        while True:
            frames = self._session.frames_to_send()
            self.sent += [frame.hex() for frame in frames]
            timer = self._session.next_timer()
            if timer is not None and timer <= self._now:
                self._handle(self._session.tick(self._now))
            elif not frames:
                return

    def _admit(self) -> None:
        self._admitted = True
        self._session.admit(*self._sets)

    def _handle(self, events: list[Event]) -> None:
        for event in events:
            match event:
                case PeerIdentified():
                    if not self._admitted:
                        self._admit()
                case RecordsReceived(records):
                    self._store.update({record.id: record for record in records if not record.header_only})
                    self._session.committed()
                case RecordsRequested(ids):
                    self._session.supply([self._store[id_] for id_ in ids if id_ in self._store])
                case PhotoRequested(photo):
                    self._session.photos.give(self._photos.get(photo))
                case _:
                    pass


def _item(record: Record) -> Item:
    return record.header.created, record.id


def _session(asked: Asked) -> Told:
    """Play one side of a session, step by step; the answer is every frame that this side sends."""
    node = _Node(asked)
    for step in asked["steps"]:
        if "receive" in step:
            node.receive(step["receive"])
        elif "publish" in step:
            node.publish(Record.parse(bytes.fromhex(step["publish"])))
        elif "fetch" in step:
            node.fetch(asked["photo"])
        elif "again" in step:
            node.ask_again(Record.parse(bytes.fromhex(step["again"])))
        else:
            node.wait(step["wait"])
    return {"sent": node.sent}


OPERATIONS: dict[str, dict[str, Callable[[Asked], Told]]] = {
    "frames.json": {"read": _frame},
    "reconcile.json": {"hashes": _hashes, "compare": _compare},
    "session.json": {"play": _session},
}
