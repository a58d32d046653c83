"""People for tests: keys made from a name, and valid records signed with them. The same name gives the same bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from protocol import (
    PROFILE_SLOT,
    REVOCATION_VERSION,
    UNSET_PREFERENCE,
    Audience,
    Block,
    Body,
    Device,
    DeviceId,
    DeviceKeys,
    IdentityKeys,
    Kind,
    Listing,
    PersonId,
    Policy,
    Preference,
    Profile,
    Record,
    Vouch,
    device_slot,
    signed,
)
from protocol.limits import DAY, DEVICE_LIFE, FOREVER, POLICY_LIFE, PROFILE_LIFE
from protocol.numbers import Stamp, UnixTime, Version
from protocol.trust import block_tag

NOW = 1_800_000_000
"""A Friday in January 2027: `now` in tests that give no time of their own."""


def grown(*seed: object, size: int = 32) -> bytes:
    """Return bytes that look random and are always the same for the same words."""
    return blake2b("/".join(map(str, seed)).encode(), digest_size=size).digest()


@dataclass(frozen=True)
class Person:
    """A person with one device. `Person("Alice").on("phone")` is the same person with another device."""

    name: str
    device_name: str = "laptop"
    identity: IdentityKeys = field(init=False, repr=False)
    keys: DeviceKeys = field(init=False, repr=False)
    presence_key: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        seeds = [grown(self.name, self.device_name, part) for part in ("sign", "dh", "letter")]
        object.__setattr__(self, "identity", IdentityKeys(grown(self.name, "identity")))
        object.__setattr__(self, "keys", DeviceKeys(*seeds))
        object.__setattr__(self, "presence_key", grown(self.name, "presence"))

    @property
    def id(self) -> PersonId:
        return self.identity.person_id

    @property
    def device(self) -> DeviceId:
        return self.keys.device_id

    def on(self, device_name: str) -> Person:
        return Person(self.name, device_name)

    def certificate(self, now: int = NOW, *, version: int = 1, life: int = DEVICE_LIFE, **header: Any) -> Record:
        """Return this device's certificate, signed by the identity."""
        body = Device(self._salt("device", version), self.keys.dh_public, self.keys.letter_public)
        return self.record(Kind.DEVICE, self.slot, body, now, version=version, life=life, **header)

    def revocation(self, now: int = NOW, *, kept: tuple[bytes, ...] = ()) -> Record:
        """Return the revocation of this device, signed by the identity; it keeps the invitations with these tags."""
        body = Device(self._salt("strike"), self.keys.dh_public, self.keys.letter_public, revoked=True, kept=kept)
        return self.record(Kind.DEVICE, self.slot, body, now, version=REVOCATION_VERSION, expires=FOREVER)

    def policy(
        self,
        vouches: Mapping[Person | PersonId, int] | None = None,
        blocks: Iterable[Person | PersonId] = (),
        *,
        unblocks: Iterable[Person | PersonId] = (),
        preference: Preference = UNSET_PREFERENCE,
        stamp: int = 1,
        now: int = NOW,
        version: int = 1,
        life: int = POLICY_LIFE,
        **header: Any,
    ) -> Record:
        """Return this device's policy. Weights are per mille; every entry has `stamp`, which is the policy's clock too."""
        body = self.policy_body(
            vouches, blocks, unblocks=unblocks, preference=preference, stamp=stamp, salt=self._salt("policy", version)
        )
        return self.record(Kind.POLICY, self.slot, body, now, version=version, life=life, **header)

    def policy_body(
        self,
        vouches: Mapping[Person | PersonId, int] | None = None,
        blocks: Iterable[Person | PersonId] = (),
        *,
        unblocks: Iterable[Person | PersonId] = (),
        preference: Preference = UNSET_PREFERENCE,
        stamp: int = 1,
        salt: bytes = bytes(16),
    ) -> Policy:
        """Return the body that `policy` signs."""
        tagged = [(block_tag(self.id, _id(who)), True) for who in blocks]
        tagged += [(block_tag(self.id, _id(who)), False) for who in unblocks]
        return Policy(
            salt,
            Stamp(max(stamp, preference.stamp)),
            tuple(Vouch(_id(who), weight, stamp) for who, weight in (vouches or {}).items()),
            tuple(Block(tag, blocked, stamp) for tag, blocked in tagged),
            preference,
        )

    def profile(
        self,
        now: int = NOW,
        *,
        name: str | None = None,
        about: str = "",
        place: str | None = None,
        version: int = 1,
        life: int = PROFILE_LIFE,
        **header: Any,
    ) -> Record:
        """Return this person's profile; `policy_version` is 1 unless given."""
        body = Profile(
            self._salt("profile", version),
            self.name if name is None else name,
            about,
            place,
            presence_key=self.presence_key,
        )
        header.setdefault("policy_version", 1)
        return self.record(Kind.PROFILE, PROFILE_SLOT, body, now, version=version, life=life, **header)

    def listing(
        self,
        title: str = "Fresh vegetables",
        *,
        type: str = "offer",  # noqa: A002 - the field's name
        audience: Audience = Audience.NETWORK_WIDE,
        now: int = NOW,
        version: int = 1,
        life: int = 30 * DAY,
        slot: bytes | None = None,
        expires: int | None = None,
        min_valid_version: int | None = None,
        latest_expiry: int | None = None,
        policy_version: int = 1,
        **fields: Any,
    ) -> Record:
        """Return an offer or need. The title decides the slot unless `slot` is given; `fields` are the body's."""
        slot = grown(self.name, title, size=16) if slot is None else slot
        body = Listing(type, title, **fields, salt=self._salt(title, version))
        return self.record(
            Kind.LISTING,
            slot,
            body,
            now,
            version=version,
            life=life,
            audience=audience,
            expires=expires,
            min_valid_version=min_valid_version,
            latest_expiry=latest_expiry,
            policy_version=policy_version,
        )

    def withdrawal(self, record: Record, now: int = NOW, **header: Any) -> Record:
        """Return the next version of `record`'s register, which takes it back."""
        old = record.header
        settings = {
            "expires": old.latest_expiry,
            "audience": old.audience,
            "policy_version": old.policy_version,
            **header,
        }
        return self.record(
            old.kind, old.slot, b"", now, version=old.version + 1, min_valid_version=old.version + 1, **settings
        )

    def record(
        self,
        kind: int,
        slot: bytes,
        body: Body | bytes,
        now: int = NOW,
        *,
        version: int = 1,
        life: int = 0,
        audience: Audience | int = Audience.FOLLOWS,
        policy_version: int = 0,
        expires: int | None = None,
        min_valid_version: int | None = None,
        latest_expiry: int | None = None,
    ) -> Record:
        """Return any record of this person's, signed by the identity or the device, as its kind asks.

        It expires `life` seconds from `now` or at `expires`; `min_valid_version` is `version` unless said (it narrows).
        """
        until = now + life if expires is None else expires
        return signed(
            kind=kind,
            author=self.id,
            device=self.device,
            slot=slot,
            version=Version(version),
            audience=audience,
            policy_version=Version(policy_version),
            created=UnixTime(now),
            expires=UnixTime(until),
            min_valid_version=Version(version if min_valid_version is None else min_valid_version),
            latest_expiry=UnixTime(until if latest_expiry is None else latest_expiry),
            body=body if isinstance(body, bytes) else body.to_body(),
            sign=self.identity.sign if kind == Kind.DEVICE else self.keys.sign,
        )

    @property
    def slot(self) -> bytes:
        """The slot of this device's certificate and policy."""
        return device_slot(self.device)

    def _salt(self, *about: object) -> bytes:
        return grown(self.name, self.device_name, "salt", *about, size=16)


def _id(who: Person | PersonId) -> PersonId:
    return who.id if isinstance(who, Person) else who
