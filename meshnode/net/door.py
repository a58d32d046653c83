"""Decides whether a person who has proven who they are gets a session, before this node has done any work for them.

The caller is asked for three things, by the account of the person who answers for them: whether that account has used up
its share of the store thread's time, whether its people break the protocol, and whether a session is free. A caller who
is turned away hears in how many seconds to come back, and has cost a handshake and nothing else. Who comes back again and
again before that costs no handshake either (`refused_callers`).
"""

from __future__ import annotations

from typing import Generic

from meshnode.net.connection_table import Closing, ConnectionTable, Kept
from meshnode.net.fair_share import FairShare
from meshnode.net.intake import Intake
from meshnode.net.misbehavior import Misbehavior
from meshnode.net.refused_callers import RefusedCallers
from meshnode.net.turns import Rank
from protocol import Code, DeviceId, PersonId, limits


class Door(Generic[Kept]):
    """Holds the open connections, the work and the faults of each account. Times are monotonic seconds."""

    def __init__(self, me: DeviceId, sessions: int = limits.SESSIONS_MAX) -> None:
        self.connected: ConnectionTable[Kept] = ConnectionTable(me, sessions)
        self.fair_share = FairShare()
        self.intake = Intake()
        self.misbehavior = Misbehavior()
        self.refused = RefusedCallers()

    def turned_away(self, account: PersonId, person: PersonId, now: float) -> int:
        """Return in how many seconds a connection with `person` may begin, whichever side dials; 0 for now."""
        return max(
            self.fair_share.turned_away(account, now),
            self.misbehavior.turned_away(account, person, now),
        )

    def admit(self, new: Kept, now: float) -> list[Closing[Kept]]:
        """Add a connection whose other end has just proven who it is. Return the connections to close.

        The new one may be among them. The owner's own devices are never turned away.
        """
        pause = 0 if new.rank is Rank.OWN else self.turned_away(new.account, new.person, now)
        return [Closing(new, Code.BUSY, pause)] if pause else self.connected.admit(new, now)
