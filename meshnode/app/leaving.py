"""Says goodbye for good, before a home is removed: on the last device of its owner all that others have of them is taken back.

While other devices remain, they alone are told: they go on speaking for the owner, and what this one wrote is theirs once it
is revoked there. In either case the owner types their own name, so that nobody leaves by mistake.
"""

from __future__ import annotations

from msgspec import Struct

from meshnode.app import notes
from meshnode.app.devices import wiped
from meshnode.app.devices.device_list import name_of as name_of_device
from meshnode.app.exchanges import blocking, handover
from meshnode.app.groups import membership
from meshnode.app.naming import name_of
from meshnode.app.owner import places, policy
from meshnode.errors import Field, Usage
from meshnode.quoting import quoted
from meshnode.replica import authoring
from meshnode.replica.replica import Replica
from meshnode.slices import Steps
from protocol import Kind, normalize_line, person_text


class LeavingView(Struct, frozen=True):
    """The things that leaving for good would end, and the name that confirms it.

    `person` is your id, and `name` what you type to confirm it. `devices` are the names of your other devices, and `this` is that of the one
    that answers; with other devices, nothing of `listings`, `groups`, `exchanges` and `vouches` (how many there are) is
    ended. `identity` says whether this one has your identity's key.
    """

    person: str
    name: str
    this: str
    devices: tuple[str, ...]
    identity: bool
    listings: int
    groups: int
    exchanges: int
    vouches: int


class LeavingOrder(Struct, frozen=True):
    """Your own name, as you have typed it.

    With `vouches`, your trust in everybody is taken back too. That is said once the others have heard the rest: from then
    on nobody is given anything of yours.
    """

    name: str
    vouches: bool = False


def view(replica: Replica) -> LeavingView:
    """Return what leaving would end."""
    own = policy.own(replica)
    others = [one.device for one in replica.trust_state.devices(replica.me) if one.device != replica.device]
    return LeavingView(
        person=person_text(replica.me),
        name=name_of(replica, replica.me),
        this=name_of_device(replica, replica.device),
        devices=tuple(sorted(name_of_device(replica, device) for device in others)),
        identity=replica.identity is not None,
        listings=len(places.own_listings(replica)),
        groups=len(replica.trust_state.joins(replica.me)),
        exchanges=sum(len(replica.store.exchanges.open_with(one)) for one in replica.trust_state.counterparts),
        vouches=0 if own is None else len(own.vouches),
    )


def leave(replica: Replica, order: LeavingOrder) -> Steps[LeavingView]:
    """Take back all that others have of the owner, if this is their last device, else tell the others; return what there was.

    Exchanges are called off first, while the others can still be written to. What fails is left out: a damaged node must
    not keep its owner. Raises Usage for another name.
    """
    before = view(replica)
    if normalize_line(order.name) != before.name:
        raise Usage(
            "this is not your name", "type it as it is written: {name}", field=Field.NAME, name=quoted(before.name)
        )
    yield
    attempt = replica.guard.attempt
    if before.devices:
        attempt("telling your other devices that this one goes", _tell_others, replica)
        return before
    for person in tuple(replica.trust_state.counterparts):
        attempt("calling off an exchange", blocking.end_with, replica, person)
        yield
    for record, _ in places.own_listings(replica):
        attempt("withdrawing a post", authoring.withdraw, replica, Kind.LISTING, record.header.slot)
        yield
    for _, join in tuple(replica.trust_state.joins(replica.me)):
        attempt("leaving a group", membership.leave, replica, join)
        yield
    if order.vouches:
        attempt("taking back your trust", policy.take_back_all, replica)
    return before


def _tell_others(replica: Replica) -> None:
    notes.follow(replica)
    with replica.transaction():
        wiped.note(replica)
    handover.tell_at_once(replica)
