"""Brings both compared sets to agree, phase GRAPH first: roots, then ranges, repeated until the roots are equal.

The initiator sends its root first, the responder answers with its own, and both conclude the same from them. After an
exchange each side has what the other offered, or was told that it cannot be given. So honest sets agree after one
exchange unless something new came in between; the number of exchanges is capped for sets that never become equal.
Spec: protocol/README.md, "Session" (comparing).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct

from protocol.errors import Code, LocalError, RemoteError
from protocol.limits import PASSES_MAX
from protocol.session.events import Phase
from protocol.session.peer_set import PeerSet
from protocol.session.states import Trigger
from protocol.wire.frames import Compare, Frame, Roots
from protocol.wire.marks import Marks
from protocol.wire.reconcile import Reconciler, SessionHash


class ComparisonResult(Struct, frozen=True):
    """The result of one exchange: own items that the other side lacks, and how many items it offers us."""

    phase: Phase
    offers: Marks
    expected: int


class Reconciliation:
    """Runs the comparisons of both phases in one session, which drives it.

    In COMPARING the session calls `step` until it returns None, and `take_roots` when Roots come; in EXCHANGING it passes
    each Compare to `take_message`, until that returns a result. It thaws the peer's set once it has read the result, and
    calls `restart` to compare again. `send` is called with the frames to send, in order. A RemoteError means that the
    peer broke the protocol, and ends all comparisons.
    """

    def __init__(
        self,
        peer_sets: Mapping[Phase, PeerSet],
        handshake_hash: bytes,
        send: Callable[[Frame], None],
        *,
        initiator: bool,
    ) -> None:
        self._peer_sets = peer_sets
        self._handshake_hash = handshake_hash
        self._send = send
        self._initiator = initiator
        self._phase = Phase.GRAPH
        self._exchanges = 0  # of this phase, since it was begun
        self._number = 0  # comparisons of the session: each has hashes of its own
        self._ours: Roots | None = None
        self._theirs: Roots | None = None
        self._hello_roots: dict[Phase, tuple[bytes, bytes]] = {}
        self._reconciler: Reconciler | None = None
        self._agreed: set[Phase] = set()

    def hello_roots(self) -> tuple[bytes, bytes]:
        """Return the roots of both phases for our Hello: those of comparison number 0."""
        return self._root(Phase.GRAPH), self._root(Phase.CONTENT)

    def use_hello_roots(self, ours: tuple[bytes, bytes], theirs: tuple[bytes, bytes]) -> None:
        """Use the roots in both Hellos for comparison number 0, so that no Roots are sent for it.

        They serve the second phase too, unless the first has to exchange anything.
        """
        self._hello_roots = {phase: (ours[phase], theirs[phase]) for phase in Phase}
        self._take_hello_roots()

    def restart(self) -> None:
        """Begin to compare both phases again."""
        self._phase, self._exchanges = Phase.GRAPH, 0
        self._agreed.clear()

    def agreed(self) -> tuple[Marks, ...]:
        """Return the items of the phases in which the last comparison has found both sides alike: both have all of these."""
        return tuple(self._peer_sets[phase].shared() for phase in sorted(self._agreed))

    def take_roots(self, roots: Roots) -> None:
        """Take the other side's root. RemoteError OUT_OF_ORDER if the last one was not used yet."""
        if self._theirs is not None:
            raise RemoteError(Code.OUT_OF_ORDER, "a second root")
        self._theirs = roots

    def step(self) -> Trigger | None:
        """Send our root if it is our turn. Once both are known, return what follows from them; None before.

        RemoteError OUT_OF_ORDER if the other side's root is of another comparison.
        """
        if self._ours is None and (self._initiator or self._theirs is not None):
            self._ours = Roots(self._phase, self._number, self._root(self._phase))
            self._send(self._ours)
        if self._ours is None or self._theirs is None:
            return None
        ours, theirs = self._ours, self._theirs
        if (theirs.phase, theirs.number) != (ours.phase, ours.number):
            raise RemoteError(Code.OUT_OF_ORDER, "the root of another comparison")
        self._ours = self._theirs = None
        if ours.root != theirs.root and self._exchanges < PASSES_MAX:
            self._hello_roots.clear()  # what is exchanged now may change the second phase
            self._exchanges += 1
            self._exchange()
            return Trigger.ROOTS_DIFFER
        if ours.root == theirs.root:
            self._peer_sets[self._phase].agreed()
            self._agreed.add(self._phase)
        self._exchanges = 0
        if self._phase is Phase.CONTENT:
            self._hello_roots.clear()
            self._number += 1
            return Trigger.ALL_SETTLED
        self._phase = Phase.CONTENT
        if self._hello_roots:
            self._take_hello_roots()
        else:
            self._number += 1
        return Trigger.PHASE_SETTLED

    def take_message(self, message: bytes) -> ComparisonResult | None:
        """Read a message of the exchange and answer it. Return the result once both sides have said all, else None.

        RemoteError as for `Reconciler.receive`; LocalError if no exchange is under way.
        """
        reconciler = self._reconciler
        if reconciler is None:
            raise LocalError("nothing is being compared")
        reply = reconciler.receive(message)
        if reply is not None:
            self._send(Compare(reply))
        if not reconciler.done:
            return None
        self._reconciler = None
        self._peer_sets[self._phase].index.forget_order()
        return ComparisonResult(self._phase, reconciler.offers, reconciler.expected)

    def _exchange(self) -> None:
        peer_set = self._peer_sets[self._phase]
        peer_set.freeze()
        self._reconciler = Reconciler(peer_set.index, self._hash(self._phase))
        self._number += 1
        if self._initiator:
            self._send(Compare(self._reconciler.open()))
        else:
            self._reconciler.begin()

    def _take_hello_roots(self) -> None:
        ours, theirs = self._hello_roots[self._phase]
        self._ours, self._theirs = Roots(self._phase, 0, ours), Roots(self._phase, 0, theirs)

    def _root(self, phase: Phase) -> bytes:
        peer_set = self._peer_sets[phase]
        peer_set.root_made()
        root = self._hash(phase).root(peer_set.index)
        peer_set.index.forget_order()
        return root

    def _hash(self, phase: Phase) -> SessionHash:
        return SessionHash(self._handshake_hash, phase, self._number)
