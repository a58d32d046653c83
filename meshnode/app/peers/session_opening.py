"""Makes the session of a conversation: what this end shows of itself, and what the session may ask this node."""

from __future__ import annotations

from functools import partial

from meshnode.app.peers.contacts import Dial, PskName
from meshnode.app.peers.shown_certificates import find_certificate, self_identification
from meshnode.app.peers.time_telling import TimeTelling
from meshnode.replica.replica import Replica
from protocol.session import Session
from protocol.wire import Initiator, Responder


def session_over(
    replica: Replica, channel: Initiator | Responder[PskName], dial: Dial | None, time: TimeTelling, now: float
) -> Session:
    """Return a session over `channel`, whose handshake is complete; `dial` says whom this end called, if it did.

    A caller shows by which groups they may be admitted, and with a card their certificate.
    """
    me = self_identification(replica, dial)
    return Session(
        initiator=dial is not None,
        handshake_hash=channel.handshake_hash,
        remote_static=channel.remote_static,
        me=me,
        introduce=bool(me.more) or (dial is not None and dial.card is not None),
        find_certificate=partial(find_certificate, replica),
        kinds_of=replica.store.records.kinds_of,
        find_body=replica.store.records.body_of,
        now=now,
        told=time.tell,
        header_room=replica.header_room,
    )
