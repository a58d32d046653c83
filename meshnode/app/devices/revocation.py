"""Revokes a device of the owner, and has this device write again what is still wanted of it."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from msgspec import Struct

from meshnode.app.devices import reissue, sync_own_devices
from meshnode.app.devices.decisions import BLOCK, INVITATION, DecisionView, decisions
from meshnode.app.devices.device_list import name_of
from meshnode.app.groups import membership
from meshnode.app.naming import ID_SHOWN, remember_names
from meshnode.app.owner import policy, presence_key
from meshnode.app.owner.certificates import identity_keys, revoke_device
from meshnode.app.picking import Candidate, pick
from meshnode.errors import NotFound, Refused, Usage
from meshnode.quoting import named, quoted
from meshnode.replica.bodies import readable_body
from meshnode.replica.replica import Replica
from protocol import Device, DeviceId, InvalidField, Kind, PersonId, Record, device_slot, device_text, limits

log = logging.getLogger(__name__)


class RevokeOrder(Struct, frozen=True):
    """The things to keep of a device that is revoked; without any field, all of them.

    With `discard`, nothing that it wrote is kept; with `keep_blocks` too, the blocks made there are, and with
    `keep_groups` the owner's memberships and the invitations to groups that it signed and this node knows of. With `chosen`, of what it has decided
    about people only that is kept which `keep` names (`id` in DecisionsView).
    """

    discard: bool = False
    keep_blocks: bool = False
    keep_groups: bool = False
    chosen: bool = False
    keep: tuple[str, ...] = ()


class DecisionsView(Struct, frozen=True):
    """The decisions about people that one of your devices has made, and no other device of yours."""

    id: str
    name: str
    decisions: tuple[DecisionView, ...]


class RevokedView(Struct, frozen=True):
    """A device that can no longer act for you.

    This device wrote `kept` of its records again, and `dropped` the others. `decisions` are those about people that are
    yours from now on although only that device had made them. `ended` are the invitations that it signed and that no
    longer count: the people are no longer members by them, nor those whom they invited.
    """

    id: str
    name: str
    kept: int
    dropped: int
    decisions: tuple[DecisionView, ...]
    ended: tuple[DecisionView, ...]


def decided_on(replica: Replica, which: str) -> DecisionsView:
    """Return what the owner's device that `which` means has decided about people; errors as `find`."""
    device = find(replica, which)
    return DecisionsView(device_text(device), name_of(replica, device), _decisions(replica, device))


def revoke(replica: Replica, which: str, order: RevokeOrder | None = None) -> RevokedView:
    """Revoke a device of the owner: all that it wrote is void everywhere, and nobody who has its keys finds this node.

    This device writes again what is to be kept. Nothing that the other device has written can keep it from being
    revoked. Raises Refused for this device itself and for one that is revoked already, Forbidden without the identity
    key, and NotFound and Ambiguous as `find` does.
    """
    order = order or RevokeOrder()
    device = find(replica, which)
    name = name_of(replica, device)
    if device == replica.device:
        raise Refused("this is the device that you are using", "revoke it on another device that has your identity key")
    identity_keys(replica)
    if replica.trust_state.revoked(replica.me, device):
        raise Refused("{name} is revoked already", "'meshnode device list' shows your devices", name=named(name))
    certificate = replica.store.records.current((replica.me, Kind.DEVICE, device_slot(device)))
    keys = readable_body(certificate) if certificate is not None else None
    if not isinstance(keys, Device):
        raise Refused(
            "this node does not have the certificate of {name}",
            "try again after your devices have connected",
            name=named(name),
        )
    attempt = replica.guard.attempt
    attempt("keeping names", _remember_names, replica)
    written: list[Record] = replica.guard.result(
        "looking at what the device wrote", reissue.written_by, replica, device, otherwise=list
    )
    wanted = reissue.wanted(replica, written, discard=order.discard, keep_groups=order.keep_groups)
    made = _decisions(replica, device)
    keep = _kept(order, made)
    adopted = _adopted(made, keep)
    before: set[PersonId] = replica.guard.result("looking at your web", policy.web, replica, otherwise=set)
    attempt("taking over what the device decided", _absorb, replica, device, order.discard, keep)
    with replica.transaction():
        kept_invitations = (bytes.fromhex(one.id) for one in adopted if one.what == INVITATION)
        revoke_device(
            replica, device, dh_public=keys.dh_public, letter_public=keys.letter_public, kept=kept_invitations
        )
        replica.store.devices.add_pending_reissue(wanted, discard=order.discard, keep=keep)
        replica.store.people.forget_device(device)
        presence_key.rotate_at_once(replica)
    log.info("a device was revoked")
    attempt("remembering who was in your web", policy.note_former_web, replica, before)
    attempt("writing again what a revoked device wrote", reissue.write_pending, replica)
    attempt("offering again the invitations that are kept", membership.offer_again, replica)
    attempt("changing the key by which others recognize you", presence_key.rotate_if_due, replica)
    attempt("following your other devices", sync_own_devices.sync_names_and_blocks, replica)
    counted = [record for record in written if record.header.kind not in reissue.ALWAYS_REISSUED]
    kept = 0 if order.discard else len(counted)
    ended = tuple(one for one in made if one.what == INVITATION and one not in adopted)
    return RevokedView(device_text(device), name, kept, len(counted) - kept, adopted, ended)


def _adopted(made: Iterable[DecisionView], keep: frozenset[bytes] | None) -> tuple[DecisionView, ...]:
    """Return the decisions that are kept; of invitations as many as a revocation can name, of people known here first."""
    adopted = [one for one in made if keep is None or bytes.fromhex(one.id) in keep]
    invitations = [one for one in adopted if one.what == INVITATION]
    surplus = set(invitations[limits.KEPT_INVITATIONS_MAX :])
    return tuple(one for one in adopted if one not in surplus)


def _absorb(replica: Replica, device: DeviceId, blocks_only: bool, keep: frozenset[bytes] | None) -> None:
    try:
        reissue.absorb_policy(replica, device, blocks_only=blocks_only, keep=keep)
    except InvalidField as error:  # there is no stamp above its own, or no room: later as much as fits is absorbed
        log.warning("a policy was not absorbed", extra={"why": str(error)})


def _decisions(replica: Replica, device: DeviceId) -> tuple[DecisionView, ...]:
    return replica.guard.result("looking at what the device decided", decisions, replica, device, otherwise=tuple)


def _kept(order: RevokeOrder, made: Iterable[DecisionView]) -> frozenset[bytes] | None:
    """Return the subjects and tags of the decisions to keep; None for all. Raises Usage for one that was not made there."""
    if not order.discard and not order.chosen:
        return None
    ids = {one.id: one.what for one in made}
    unknown = [name for name in order.keep if name not in ids]
    if unknown:
        raise Usage(
            "that device has made no decision called {unknown}",
            "'meshnode device revoke' asks about each",
            unknown=quoted(unknown[0]),
        )
    chosen = set(order.keep)
    if order.discard and order.keep_blocks:
        chosen |= {name for name, what in ids.items() if what == BLOCK}
    if order.discard and order.keep_groups:
        chosen |= {name for name, what in ids.items() if what == INVITATION}
    return frozenset(map(bytes.fromhex, chosen))


def _remember_names(replica: Replica) -> None:
    """Keep the names of everybody for whom the owner ever vouched."""
    remember_names(replica, policy.spoken_of(replica))


def find(replica: Replica, which: str) -> DeviceId:
    """Return the owner's device that `which` means; one in use goes before a revoked one.

    NotFound, and Usage and Ambiguous as in `picking.pick` for what cannot be undone.
    """
    in_use = [_candidate(replica, one.device, preferred=True) for one in replica.trust_state.devices(replica.me)]
    revoked = [_candidate(replica, one, preferred=False) for one in replica.trust_state.revoked_devices(replica.me)]
    device = pick(which, in_use, noun="device", destructive=True)
    device = device or pick(which, revoked, noun="device", destructive=True)
    if device is None:
        raise NotFound(
            "no device of yours is called {which}", "'meshnode device list' shows your devices", which=repr(which)
        )
    return device


def _candidate(replica: Replica, device: DeviceId, *, preferred: bool) -> Candidate[DeviceId]:
    name, id_ = name_of(replica, device), device_text(device)
    return Candidate(device, id_, name, lambda: f"{quoted(name)} ({id_[:ID_SHOWN]})", preferred=preferred)
