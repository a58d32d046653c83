"""Decides whether the device that has just proved who it is may converse with this node, before it is answered.

It asks in turn about revocations, the person whom this node has called, the date, a card, and who is admitted at all.
"""

from __future__ import annotations

from typing import NamedTuple

from meshnode.app.devices import copies
from meshnode.app.groups import membership
from meshnode.app.owner import former_web
from meshnode.app.peers.contacts import Dial, PskName, admits, keep_keys_of
from meshnode.app.peers.shown_certificates import has_expired
from meshnode.app.peers.time_telling import TimeTelling
from meshnode.app.people import cards
from meshnode.replica.replica import Replica
from meshnode.replica.revocation import learns_of_own_revocation, revocation_of
from protocol import Code, DeviceId, PersonId, Record
from protocol.session import PeerIdentified
from protocol.wire import Initiator, Responder


class TurnedAway(NamedTuple):
    """The goodbye to a device that may not converse: with the `revocation` that it may not have, or the time before it."""

    code: Code
    revocation: Record | None = None
    tells_time: bool = False


class Welcome(NamedTuple):
    """A device that may converse.

    `shown` are slots of joins by which it has proved to share a group. One that is not `admitted` belongs to somebody who
    has left the web lately, and is shown only what takes back.
    """

    shown: frozenset[bytes]
    admitted: bool


def identify(
    replica: Replica,
    event: PeerIdentified,
    dial: Dial | None,
    channel: Initiator | Responder[PskName],
    times: TimeTelling,
) -> TurnedAway | Welcome:
    """Return whether the device may converse; `dial` says whom this node has called, if it has.

    What the device has shown takes effect: a revocation of this one, the use of a card, the time that it goes by.
    """
    person, device = event.person, event.device
    if learns_of_own_revocation(replica, event):
        return TurnedAway(Code.REFUSED)
    if (revocation := revocation_here(replica, dial, person, device)) is not None:
        return TurnedAway(Code.REFUSED, revocation)
    # A person can certify the keys of another's device as their own: then somebody else answers than we have called.
    other = dial is not None and (person, device) != (dial.person, dial.device)
    if other or replica.trust_state.revoked(person, device):
        return TurnedAway(Code.FORGED)
    times.hear(person, event.told)  # before judging by the date, which may be the wrong one here
    # Our own card admits before any date does: else two whose dates are years apart would never get acquainted.
    card = channel.psk_name.card if isinstance(channel, Responder) else None
    if card is not None and (refusal := cards.redeem(replica, card, person)) is not None:
        return TurnedAway(refusal)
    if card is not None:  # what they tell counts from now on, since the owner vouches for them by the card
        times.hear(person, event.told)
        keep_keys_of(replica, event.certificate)
    answer = welcome(replica, event)
    if isinstance(answer, Welcome) and (person, device) == (replica.me, replica.device):
        copies.note_other_machine(replica)
    return answer


def welcome(replica: Replica, event: PeerIdentified) -> TurnedAway | Welcome:
    """Return whether a device that has proved who it is may show anything, by the date and by who is admitted."""
    if has_expired(replica, event):
        return TurnedAway(Code.EXPIRED, tells_time=True)  # the peer may not know the date, and learns it by this
    shown = membership.proved_common_groups(replica, event)
    admitted = admits(replica, event.person, shown)
    if not admitted and not former_web.left_lately(replica, event.person):
        return TurnedAway(Code.REFUSED)
    return Welcome(shown, admitted)


def revocation_here(replica: Replica, dial: Dial | None, person: PersonId, device: DeviceId | None) -> Record | None:
    """Return the revocation of the device at the other end, if its person has revoked it; None before it is known."""
    there = dial.device if dial is not None else device
    return None if there is None else revocation_of(replica, person, there)


def keep_shown(replica: Replica, event: PeerIdentified, welcome: Welcome) -> None:
    """Take in what a device that is admitted has shown of itself, as far as it may not be known here."""
    certified = replica.trust_state.certified(event.person, event.device)
    if welcome.admitted and (welcome.shown or not certified):
        own = [record for record in event.extra if record.header.author == event.person]
        replica.ingest.receive([event.certificate, *own], event.person)
