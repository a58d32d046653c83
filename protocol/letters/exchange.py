"""What two people agree about a listing: the moves they make, and the state that any set of moves comes to.

Moves travel as sealed letters (README, "Exchanges"), so they may come late, twice, or in another order at each end. Hence
the state is a function of the set of moves and of nothing else: every act counts once for each side, and acts are
taken in the order of `Action`, not of time. Two moves that cross settle by that order, alike at both ends:

- a cancellation beats an acceptance that crosses it;
- an acceptance beats a refusal, which only two devices of one person can say at once: who has said yes takes it back
  by cancelling;
- what both have confirmed as done stays done, whatever cancellation crossed it.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple

from protocol.codec import encode
from protocol.letters.move import Action, Move, Terms


class Stage(Enum):
    """Where an exchange stands; the value says it in words."""

    UNHEARD = "nobody has asked yet"
    REQUESTED = "asked for, and not answered yet"
    AGREED = "both want it"
    GIVEN = "the giver says that it was handed over"
    RECEIVED = "the taker says that it was handed over"
    COMPLETED = "both say that it was handed over"
    GIVEN_BACK = "the taker says that what was lent is back"
    RETURNED = "the giver says that what was lent is back"
    DECLINED = "answered with no"
    CANCELLED = "called off by either"

    @property
    def word(self) -> str:
        """As programs name it: an agreement stays one until both have confirmed what came of it."""
        return _WORDS.get(self, self.name.lower())


_WORDS = {
    Stage.GIVEN: Stage.AGREED.name.lower(),
    Stage.RECEIVED: Stage.AGREED.name.lower(),
    Stage.GIVEN_BACK: Stage.COMPLETED.name.lower(),
}


class Role(Enum):
    """In what part somebody makes a move. Each of the two has two: of an offer the owner is the giver, of a need the asker."""

    ASKER = "the asker"
    OWNER = "the listing's owner"
    GIVER = "the giver"
    TAKER = "the taker"


# Stage x move x who -> state. What is not here does nothing. RETURNED counts for what is lent alone.
_CALLED_OFF = {(Action.CANCEL, Role.GIVER): Stage.CANCELLED, (Action.CANCEL, Role.TAKER): Stage.CANCELLED}
TRANSITIONS: dict[Stage, dict[tuple[Action, Role], Stage]] = {
    Stage.UNHEARD: {(Action.ASK, Role.ASKER): Stage.REQUESTED},
    Stage.REQUESTED: {
        (Action.ACCEPT, Role.OWNER): Stage.AGREED,
        (Action.DECLINE, Role.OWNER): Stage.DECLINED,
        (Action.CANCEL, Role.ASKER): Stage.CANCELLED,
    },
    Stage.AGREED: {(Action.DONE, Role.GIVER): Stage.GIVEN, (Action.DONE, Role.TAKER): Stage.RECEIVED, **_CALLED_OFF},
    Stage.GIVEN: {(Action.DONE, Role.TAKER): Stage.COMPLETED, **_CALLED_OFF},
    Stage.RECEIVED: {(Action.DONE, Role.GIVER): Stage.COMPLETED, **_CALLED_OFF},
    Stage.COMPLETED: {(Action.RETURNED, Role.TAKER): Stage.GIVEN_BACK, (Action.RETURNED, Role.GIVER): Stage.RETURNED},
    Stage.GIVEN_BACK: {(Action.RETURNED, Role.GIVER): Stage.RETURNED},
    Stage.RETURNED: {},
    Stage.DECLINED: {},
    Stage.CANCELLED: {},
}

# Where words may still be sent: a no, or a farewell, is not to be argued with.
MESSAGING_OPEN = frozenset(TRANSITIONS) - {Stage.UNHEARD, Stage.DECLINED, Stage.CANCELLED}


class AuthoredMove(NamedTuple):
    """A move, and whether the one who asked has made it (else the listing's owner)."""

    by_asker: bool
    move: Move


def roles(type_: str, *, asker: bool) -> frozenset[Role]:
    """The parts of one of the two, given the listing's type: whoever answers a need is the giver."""
    giver = asker == (type_ == "need")
    return frozenset({Role.ASKER if asker else Role.OWNER, Role.GIVER if giver else Role.TAKER})


def terms_of(moves: Iterable[AuthoredMove]) -> Terms | None:
    """What was asked for; None while the ask has not come. All asks of one exchange have the same terms."""
    return next((made.move.terms for made in moves if made.by_asker and made.move.terms is not None), None)


def stage_of(moves: Iterable[AuthoredMove]) -> Stage:
    """The state that these moves come to, in whatever order and however often each of them is there."""
    known = list(moves)
    terms = terms_of(known)
    if terms is None:
        return Stage.UNHEARD
    said = {(made.move.act, made.by_asker) for made in known}
    stage = Stage.UNHEARD
    for act in Action:
        for asker in (True, False):
            if (act, asker) in said:
                stage = stage_after(stage, act, terms, asker=asker) or stage
    return stage


def stage_after(stage: Stage, act: Action, terms: Terms, *, asker: bool) -> Stage | None:
    """Where an act of one of the two leads from `stage`; None where it may not be made. Words lead nowhere else."""
    if act is Action.SAY:
        return stage if stage in MESSAGING_OPEN else None
    if act is Action.RETURNED and not terms.lend:
        return None
    ways = TRANSITIONS[stage]
    return next((ways[act, part] for part in roles(terms.type, asker=asker) if (act, part) in ways), None)


def is_cross_community(moves: Iterable[AuthoredMove]) -> bool | None:
    """Whether the two have no community in common; None while either has named none, or has not spoken yet.

    Of two acceptances (two devices of one person may both say yes) the lesser encoding counts, at both ends.
    """
    known = list(moves)
    asked, accepted = _communities(known, Action.ASK, asker=True), _communities(known, Action.ACCEPT, asker=False)
    if not asked or not accepted:
        return None
    return asked.isdisjoint(accepted)


def _communities(moves: list[AuthoredMove], act: Action, *, asker: bool) -> frozenset[bytes]:
    found = [made.move for made in moves if made.move.act is act and made.by_asker == asker]
    first = min(found, key=lambda move: encode(move.to_fields()), default=None)
    return frozenset() if first is None else frozenset(first.communities)
