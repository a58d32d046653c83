"""Keeps the owner's own numbers usable: refuses records of the owner's devices that leap far ahead of all others.

Only the owner's devices ever write the next version or the next stamp of the owner's registers. So they alone judge how
far one may be ahead of what is known; to everybody else the caps of the protocol are enough, and all judge alike
(protocol/README.md, "Numbers that grow"). What leaps was written by a thief of a device, or by a broken program.
"""

from __future__ import annotations

import json

from meshnode.store import Store
from protocol import Body, DeviceId, Kind, PersonId, Policy, Record, RecordId, body_of
from protocol.numbers import leaps, stamp_leaps

# The name, in the store's small values, of the leaps that were refused: [record id, device], both in hex.
_REFUSED = "leaps refused"
_REMEMBERED = 64  # the latest; more come only from a device that should have been revoked


class Leaps:
    """The records of the owner `me` that leap. Used in the store thread, inside transactions."""

    def __init__(self, store: Store, me: PersonId) -> None:
        self._store = store
        self._me = me

    def leaps(self, record: Record, body: Body | None) -> bool:
        """Whether this record of the owner's is void, since its version or its stamps leap; if so, note it."""
        header = record.header
        if header.author != self._me or header.kind == Kind.DEVICE:
            return False  # certificates are signed by the identity key
        newest = self._store.records.newest(record.register)
        known = newest.header.version if newest is not None and newest.id != record.id else 0
        if not (
            leaps(header.version, known, header.latest_expiry)
            or (isinstance(body, Policy) and stamp_leaps(body.clock, self._stamp_known(record.id)))
            or record.id in {one for one, _ in self._refused()}
        ):
            return False
        self._note(record)
        return True

    def devices(self) -> set[DeviceId]:
        """Return the devices of which a leap was refused."""
        return {device for _, device in self._refused()}

    def _stamp_known(self, besides: RecordId) -> int:
        """Return the highest stamp in all policies of the owner that are held; 0 for none."""
        held = [one for one in self._store.records.bodies(Kind.POLICY, author=self._me) if one.id != besides]
        bodies = [body_of(one) for one in held if one.body]
        return max((body.clock for body in bodies if isinstance(body, Policy)), default=0)

    def _refused(self) -> list[tuple[RecordId, DeviceId]]:
        return [(bytes.fromhex(one), bytes.fromhex(device)) for one, device in self._written()]

    def _written(self) -> list[tuple[str, str]]:
        return [(one, device) for one, device in json.loads(self._store.meta.get(_REFUSED) or "[]")]

    def _note(self, record: Record) -> None:
        entry = (record.id.hex(), record.header.device.hex())
        others = [one for one in self._written() if one != entry]
        self._store.meta.set(_REFUSED, json.dumps([*others, entry][-_REMEMBERED:]))
