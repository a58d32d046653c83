"""Makes the codes by which other machines become devices of the owner, and lists the devices."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from msgspec import Struct

from meshnode.app.devices.enrolment import device_name
from meshnode.app.devices.wiped import wiped
from meshnode.app.owner.certificates import identity_keys
from meshnode.app.people.cards import written
from meshnode.errors import Field, Refused, Usage, not_allowed
from meshnode.quoting import quoted
from meshnode.replica.replica import Replica
from protocol import DeviceId, InvalidField, check_text, device_text, limits, normalize_line
from protocol.tokens import DeviceCode, device_code_id


class DeviceOrder(Struct, frozen=True):
    """The device to add: its name, by default "Device 2" and so on, and how long its code works (seconds)."""

    name: str | None = None
    expires_in: int = limits.DEVICE_CODE_LIFE


class DeviceCodeView(Struct, frozen=True):
    """A code for one machine: the first machine that uses it becomes a device of yours.

    `words` stand for it on a network that both machines are on, for ten minutes; empty where they are not shown.
    """

    text: str
    name: str
    expires: int
    addresses: tuple[str, ...]
    words: str = ""


class DeviceView(Struct, frozen=True):
    """One of your devices; times in UNIX seconds.

    `this` is the one that answers; `seen` when it last met this device; `expires` when its certificate ends; `struck`
    that it was revoked; `wiped` when you removed its node (null: you did not), which leaves it to be revoked.
    """

    id: str
    name: str
    this: bool
    connected: bool
    seen: int | None
    expires: int | None
    struck: bool
    wiped: int | None


class DevicesView(Struct, frozen=True):
    """Your devices, this one first, the revoked ones last.

    `identity` says where your identity key is: `here`, `locked` or `elsewhere`.
    """

    devices: tuple[DeviceView, ...]
    identity: str


def add(replica: Replica, order: DeviceOrder, addresses: Sequence[tuple[str, int]]) -> DeviceCodeView:
    """Make a code by which another machine becomes a device of the owner.

    An earlier code that was not used stops working. Raises Forbidden without the identity key, Usage for a time or name
    out of range, Refused for too many devices.
    """
    identity_keys(replica)
    if not limits.MINUTE <= order.expires_in <= limits.DEVICE_CODE_LIFE_MAX:
        raise Usage(
            "a code can work for 1 to {most} minutes",
            most=limits.DEVICE_CODE_LIFE_MAX // limits.MINUTE,
            field=Field.EXPIRES_IN,
        )
    name = _name(replica, order.name)
    if len(replica.trust_state.devices(replica.me)) >= limits.DEVICES_MAX:
        raise Refused(
            "you have {most} devices already", "remove one with 'meshnode device revoke'", most=limits.DEVICES_MAX
        )
    code = DeviceCode(
        person=replica.me,
        dh_public=replica.keys.dh_public,
        secret=replica.entropy(limits.CARD_SECRET_BYTES),
        expires=replica.clock.now() + order.expires_in,
        addresses=tuple(addresses[: limits.CARD_ADDRESSES_MAX]),
    )
    replica.store.devices.add_code(device_code_id(code.secret), code.secret, name, code.expires)
    return DeviceCodeView(code.to_text(), name, code.expires, tuple(written(*address) for address in code.addresses))


def devices(replica: Replica, connected: Collection[DeviceId]) -> DevicesView:
    """List the owner's devices; `connected` are those with a session now."""
    trust_state, me = replica.trust_state, replica.me
    remembered = replica.store.devices.known()
    revoked = trust_state.revoked_devices(me)
    found = [*(one.device for one in trust_state.devices(me)), *revoked]
    found.sort(
        key=lambda device: (device != replica.device, device in revoked, name_of(replica, device).casefold(), device)
    )
    views, gone = [], wiped(replica)
    for device in found:
        certificate = trust_state.certificate(me, device)
        known = remembered.get(device)
        views.append(
            DeviceView(
                id=device_text(device),
                name=name_of(replica, device),
                this=device == replica.device,
                connected=device in connected,
                seen=known.seen if known is not None else None,
                expires=certificate.expires if certificate is not None and device not in revoked else None,
                struck=device in revoked,
                wiped=gone.get(device),
            )
        )
    return DevicesView(tuple(views), _identity_is(replica))


def name_of(replica: Replica, device: DeviceId) -> str:
    """Return the name of a device of the owner, or the beginning of its id if it has no name."""
    return device_name(replica, device) or device_text(device)[:11]


def _identity_is(replica: Replica) -> str:
    if replica.identity is not None:
        return "here"
    return "elsewhere" if replica.elsewhere else "locked"


def _name(replica: Replica, given: str | None) -> str:
    taken = {name_of(replica, one.device).casefold() for one in replica.trust_state.devices(replica.me)}
    if given is None:
        number = len(taken) + 1
        while f"device {number}" in taken:
            number += 1
        return f"Device {number}"
    name = normalize_line(given)
    try:
        check_text("name", name, limits.DEVICE_NAME_MAX, shortest=1)
    except InvalidField as error:
        raise not_allowed(error, "choose another name") from error
    if name.casefold() in taken:
        raise Refused(
            "you already have a device called {name}", "choose another name", field=Field.NAME, name=quoted(name)
        )
    return name
