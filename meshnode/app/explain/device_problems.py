"""Reports what is wrong with devices: this one, which may no longer act for its owner, and copied or revoked ones of anybody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from meshnode.app.devices import lost_device
from meshnode.app.devices.copies import WAS_COPIED, has_room, new_key_due
from meshnode.app.devices.device_list import name_of as name_of_device
from meshnode.app.devices.wiped import wiped
from meshnode.app.explain.problem import Problem, days, found_problem
from meshnode.app.naming import name_of
from meshnode.app.upkeep import certificate_ends
from meshnode.quoting import named, quoted
from meshnode.replica.replica import Replica
from meshnode.replica.revocation import is_self_revoked
from protocol import DeviceId, PersonId, device_text, group_text, person_text

_COPIED = "The data of this computer was copied to another one, or an old copy of it was put back"

NOTICED_SECONDS = 180  # within which the end of a connection is noticed, whatever has happened to the other computer


def of_this_device(replica: Replica) -> Iterator[Problem]:
    """Yield what keeps this device from acting for its owner, or soon will."""
    if is_self_revoked(replica):
        yield found_problem(
            "device_revoked",
            "This device was revoked: it can no longer act for you, and what it wrote no longer counts",
            "to use this computer again, make it a new device: 'meshnode device join' in a new home",
        )
        return
    ends = certificate_ends(replica)
    if ends is not None:
        yield found_problem(
            "certificate_ending",
            "The certificate of this device ends in {days}",
            "connect it to the device that has your identity key, which renews it"
            if replica.elsewhere
            else "start the node with the passphrase of your identity, which renews it",
            days=days(ends),
        )
    if new_key_due(replica):
        yield found_problem("copied", _COPIED, _how_to_take_new_key(replica))
    for device in sorted(wiped(replica)):
        yield found_problem(
            "wiped_device",
            "You have wiped {name}. A copy of its keys could still act for you",
            "revoke it on a device that has your identity key: meshnode device revoke {device}"
            if replica.elsewhere
            else "revoke it: meshnode device revoke {device}",
            (device_text(device),),
            name=quoted(name_of_device(replica, device)),
            device=device_text(device)[:11],
        )
    lost = lost_device.waiting(replica)
    if lost is not None:
        device, met, contacts = lost
        yield found_problem(
            "lost_device",
            "Your computer before is revoked once your contacts have brought back what it wrote ({met} of {contacts} were met)",
            "if it was stolen, end it at once: meshnode device revoke {device}",
            (device_text(device),),
            met=met,
            contacts=contacts,
            device=device_text(device)[:11],
        )
        return
    former = replica.former_device
    if former is not None and replica.trust_state.certified(replica.me, former):
        copied = replica.store.meta.get(WAS_COPIED) is not None
        yield found_problem(
            "copied" if copied else "former_device",
            "{copied}. This computer writes under a new key now, and the former one can still act for you"
            if copied
            else "The key that this computer had before its store was lost can still act for you",
            "if no other computer uses it: meshnode device revoke {former}",
            (device_text(former),),
            copied=_COPIED,
            former=device_text(former)[:11],
        )


def leaping(replica: Replica) -> Iterator[Problem]:
    """Yield the owner's devices that write what no device can have come to write."""
    for device in sorted(replica.ingest.leaps.devices()):
        if device != replica.device and replica.trust_state.certified(replica.me, device):
            name = quoted(name_of_device(replica, device))
            yield found_problem(
                "device_leaps",
                "Your device {name} writes numbers that no device can have come to, so they are not taken here",
                "if it was lost or stolen, revoke it: meshnode device revoke {device}",
                name=name,
                device=device_text(device)[:11],
            )


def voided(replica: Replica) -> Iterator[Problem]:
    """Yield the groups that the owner is no longer in, since a device that signed an invitation was revoked."""
    for join in replica.trust_state.void_joins(replica.me):
        yield Problem(
            "invitation_void",
            f"You are no longer in {quoted(join.group.name)}: a device was revoked that signed the invitation of yours, or of"
            " somebody through whom you were invited",
            "ask a member to invite you again",
            (group_text(join.group_id),),
        )


def met_twice(replica: Replica, sessions: Sequence[tuple[PersonId, DeviceId, int]]) -> Iterator[Problem]:
    """Yield the devices with which two computers are connected at once: their disk was copied.

    `sessions` are the present ones, each with the time since when it has lasted (UNIX seconds). A computer that has only
    started again can have a second one for as long as it takes to notice that the first has ended; that is not counted.
    """
    lasting = replica.clock.now() - NOTICED_SECONDS
    computers = Counter((person, device) for person, device, since in sessions if since < lasting)
    for (person, device), count in sorted(computers.items()):
        if count < 2 or device == replica.device:
            continue  # of this device, the owner is told what to do
        if person == replica.me:
            yield found_problem(
                "device_met_twice",
                "{count} computers have the keys of your device {device}: its disk was copied",
                "type 'meshnode status' on each of them, and do what it says there",
                (device_text(device),),
                count=count,
                device=named(name_of_device(replica, device)),
            )
        else:
            name = named(name_of(replica, person))
            yield found_problem(
                "device_met_twice",
                "{count} computers have the keys of one device of {name}: its disk was copied",
                "tell {name} to type 'meshnode status' on each of them, and to do what it says there",
                (person_text(person), device_text(device)),
                count=count,
                name=name,
            )


def _how_to_take_new_key(replica: Replica) -> str:
    if replica.elsewhere:
        return "to use this computer beside the other one, make it a new device: 'meshnode device join' in a new home"
    if not has_room(replica):
        return "revoke the devices that you no longer use ('meshnode device list'), then start this node again"
    return "start this node once with the passphrase of your identity, so that it takes a new key: meshnode run"
