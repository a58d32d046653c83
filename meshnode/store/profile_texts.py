"""Remembers which of the owner's devices brought up the name, the description and the place of the owner's profile.

There is one profile for all devices, and each version replaces the one before. A thief of one device can write it, and the
others then carry it on, with the next presence key for example. So that the owner can have their own texts back, the
device that first wrote a text answers for it, and not one that repeats it.
"""

from __future__ import annotations

import json
from collections.abc import Collection

from meshnode.store.meta import Meta
from protocol import DeviceId, Profile

_KEPT = "profile texts"  # their key among the small values of the store
_FIELDS = ("name", "about", "place")
_VALUES_KEPT = 8  # of one device and field: the first, and the latest; a thief may write very many

_Said = list[tuple[int, str | None]]  # versions and values, the oldest first


class ProfileTexts:
    """The texts of the owner's profile, by the device that brought them up."""

    def __init__(self, meta: Meta) -> None:
        self._meta = meta

    def note(self, device: DeviceId, version: int, profile: Profile, revoked: Collection[DeviceId]) -> None:
        """Note that `device` has written this profile.

        What another device said before is only repeated, unless that one is among the `revoked`.
        """
        kept = self._kept()
        for field in _FIELDS:
            by_device, value = kept.setdefault(field, {}), getattr(profile, field)
            others = [
                by_device[one] for one in by_device if one not in {device.hex(), *(gone.hex() for gone in revoked)}
            ]
            said = by_device.get(device.hex(), [])
            if any(value == known for other in others for _, known in other) or (said and version <= said[-1][0]):
                continue
            said = [*said, (version, value)]
            by_device[device.hex()] = said if len(said) <= _VALUES_KEPT else [said[0], *said[-_VALUES_KEPT + 1 :]]
        self._meta.set(_KEPT, json.dumps(kept))

    def latest(self, field: str, revoked: Collection[DeviceId]) -> str | None:
        """Return what the devices that are not among the `revoked` have said last.

        If none of them has said anything, it is the first that is known of any device.
        """
        by_device = self._kept().get(field, {})
        trusted = [said[-1] for device, said in by_device.items() if bytes.fromhex(device) not in revoked]
        if trusted:
            return max(trusted, key=lambda one: one[0])[1]
        return min((said[0] for said in by_device.values()), key=lambda one: one[0], default=(0, None))[1]

    def _kept(self) -> dict[str, dict[str, _Said]]:
        found: dict[str, dict[str, _Said]] = json.loads(self._meta.get(_KEPT) or "{}")
        return found
