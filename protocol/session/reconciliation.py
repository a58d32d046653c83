"""Bringing two sets to agree: roots, then ranges, again until the roots are equal; first the graph, then the rest.

The initiator says its root first, the responder answers with its own, and both draw the same conclusion. After every
exchange each side holds what the other offered, or has been told that it cannot be had, so honest sets meet in one
pass unless something new came in between. Passes are capped for peers whose views never meet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from protocol.errors import Code, LocalError, RemoteError
from protocol.limits import PASSES_MAX
from protocol.session.events import Phase
from protocol.session.peer_set import PeerSet
from protocol.session.states import Trigger
from protocol.wire.frames import Compare, Frame, Roots
from protocol.wire.index import Item
from protocol.wire.reconcile import Reconciler, SessionHash


@dataclass(frozen=True, slots=True)
class ComparisonResult:
    """What came of a comparison: own items that the other side lacks, and how many it has for us."""

    phase: Phase
    offers: Iterator[Item]
    expected: int


class Reconciliation:
    """The comparisons of one session. `send` takes the frames to send, in order."""

    def __init__(
        self,
        holdings: Mapping[Phase, PeerSet],
        handshake_hash: bytes,
        send: Callable[[Frame], None],
        *,
        initiator: bool,
    ) -> None:
        self._holdings = holdings
        self._handshake_hash = handshake_hash
        self._send = send
        self._initiator = initiator
        self._phase = Phase.GRAPH
        self._passes = 0  # exchanges of this phase
        self._number = 0  # comparisons of the session: each has hashes of its own
        self._ours: Roots | None = None
        self._theirs: Roots | None = None
        self._hello_roots: dict[Phase, tuple[bytes, bytes]] = {}
        self._reconciler: Reconciler | None = None

    def hello_roots(self) -> tuple[bytes, bytes]:
        """The roots of both phases for our Hello: comparison number 0."""
        return self._root(Phase.GRAPH), self._root(Phase.CONTENT)

    def use_hello_roots(self, ours: tuple[bytes, bytes], theirs: tuple[bytes, bytes]) -> None:
        """Both Hellos bore roots, so the first comparison is already made, in the second phase too unless the first has
        to exchange anything."""
        self._hello_roots = {phase: (ours[phase], theirs[phase]) for phase in Phase}
        self._take_hello_roots()

    def again(self) -> None:
        """Compare both phases anew."""
        self._phase, self._passes = Phase.GRAPH, 0

    def take_roots(self, roots: Roots) -> None:
        """The other side says its root."""
        if self._theirs is not None:
            raise RemoteError(Code.OUT_OF_ORDER, "a second root")
        self._theirs = roots

    def step(self) -> Trigger | None:
        """Say our root when it is our turn; once both are known, say what follows from them."""
        if self._ours is None and (self._initiator or self._theirs is not None):
            self._ours = Roots(self._phase, self._number, self._root(self._phase))
            self._send(self._ours)
        if self._ours is None or self._theirs is None:
            return None
        ours, theirs = self._ours, self._theirs
        if (theirs.phase, theirs.number) != (ours.phase, ours.number):
            raise RemoteError(Code.OUT_OF_ORDER, "the root of another comparison")
        self._ours = self._theirs = None
        if ours.root != theirs.root and self._passes < PASSES_MAX:
            self._hello_roots.clear()  # what is exchanged now may change the second phase
            self._passes += 1
            self._exchange()
            return Trigger.DIFFERENT
        self._passes = 0
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
        """Read a message of the exchange and answer it; returns the outcome when that was the last."""
        reconciler = self._reconciler
        if reconciler is None:
            raise LocalError("nothing is being compared")
        reply = reconciler.receive(message)
        if reply is not None:
            self._send(Compare(reply))
        if not reconciler.done:
            return None
        self._reconciler = None
        index = self._holdings[self._phase].index
        return ComparisonResult(self._phase, map(index.item_at, reconciler.offers), reconciler.expected)

    def _exchange(self) -> None:
        holding = self._holdings[self._phase]
        holding.freeze()
        self._reconciler = Reconciler(holding.index, self._lens(self._phase))
        self._number += 1
        if self._initiator:
            self._send(Compare(self._reconciler.open()))
        else:
            self._reconciler.begin()

    def _take_hello_roots(self) -> None:
        ours, theirs = self._hello_roots[self._phase]
        self._ours, self._theirs = Roots(self._phase, 0, ours), Roots(self._phase, 0, theirs)

    def _root(self, phase: Phase) -> bytes:
        holding = self._holdings[phase]
        holding.compared()
        return self._lens(phase).root(holding.index)

    def _lens(self, phase: Phase) -> SessionHash:
        return SessionHash(self._handshake_hash, phase, self._number)
