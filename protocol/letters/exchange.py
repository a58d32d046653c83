"""The stage of an exchange, which follows from the moves that are known (protocol/README.md, "Exchanges").

Moves are the contents of letters, so they may arrive late, twice, or in a different order at each end. So the stage depends
on the set of moves and on nothing else: each side's actions count once, and are taken in the order of `Action`, not of
time. That order decides moves that cross, alike at both ends:

- a cancellation beats an acceptance that crosses it;
- an acceptance beats a refusal. Only two devices of one person can send both, and that person can still cancel;
- an exchange that both have confirmed as done is done, even if a cancellation crossed the confirmation.

A letter may be lost for good, too. So a move says also those earlier moves of the same person without which they could not
have made it: who cancels or confirms has accepted before.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple

from protocol.codec import encode
from protocol.letters.move import Action, Move, Terms
from protocol.quantity import Quantity


class Stage(Enum):
    """The stage of an exchange; the value explains it to people."""

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
        """The word for programs, `state` in JSON. An agreement keeps its word until both have confirmed the handover."""
        return _WORDS.get(self, self.name.lower())


_WORDS = {
    Stage.GIVEN: Stage.AGREED.name.lower(),
    Stage.RECEIVED: Stage.AGREED.name.lower(),
    Stage.GIVEN_BACK: Stage.COMPLETED.name.lower(),
}


class Role(Enum):
    """The role in which somebody makes a move. Each of the two people has two roles, see `roles`."""

    ASKER = "the asker"
    OWNER = "the listing's owner"
    GIVER = "the giver"
    TAKER = "the taker"


# For each stage, the moves that change it and the stage they lead to. All other moves do nothing. RETURNED counts only for
# what is lent.
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

# The earlier move of the same person that each move of the asker (True) or the owner cannot be without.
_FOLLOWS_ON: dict[tuple[Action, bool], Action] = {
    (Action.DONE, False): Action.ACCEPT,
    (Action.CANCEL, False): Action.ACCEPT,
    (Action.RETURNED, False): Action.DONE,
    (Action.RETURNED, True): Action.DONE,
}

# The stages in which messages may still be sent: nobody can be pestered after a refusal or a cancellation.
MESSAGING_OPEN = frozenset(TRANSITIONS) - {Stage.UNHEARD, Stage.DECLINED, Stage.CANCELLED}

UNFINISHED = frozenset({Stage.REQUESTED, Stage.AGREED, Stage.GIVEN, Stage.RECEIVED})
"""The stages in which something can still come of an exchange, or be called off."""
LENT_OUT = frozenset({Stage.COMPLETED, Stage.GIVEN_BACK})
"""The stages in which a lent thing was handed over and is not back yet."""


class AuthoredMove(NamedTuple):
    """A move, and whether the asker made it; if not, the owner of the listing did."""

    by_asker: bool
    move: Move


def roles(type_: str, *, asker: bool) -> frozenset[Role]:
    """Return the roles of the asker or of the owner. Of an offer the owner is the giver, of a need the asker is."""
    giver = asker == (type_ == "need")
    return frozenset({Role.ASKER if asker else Role.OWNER, Role.GIVER if giver else Role.TAKER})


def terms_of(moves: Iterable[AuthoredMove]) -> Terms | None:
    """Return the terms of the ask; None while no ask is known. All asks of one exchange have the same terms."""
    asks = (made.move.terms for made in moves if made.by_asker and made.move.action is Action.ASK)
    return next(asks, None)


def held_by(moves: Iterable[AuthoredMove]) -> Quantity:
    """Return how much these moves hold of the listing: what was agreed on, until it is free again.

    It is free again after a cancellation, and what was offered to be lent when it is back. If the listing's owner has
    said that it was handed over, only the owner's own cancellation frees it: what is gone does not come back by the
    word of the person who has it.
    """
    known = list(moves)
    terms, stage = terms_of(known), stage_of(known)
    said = _said(known)
    if terms is None or stage is Stage.REQUESTED or (Action.ACCEPT, False) not in said:
        return 0
    handed_over = (Action.DONE, False) in said and (Action.CANCEL, False) not in said
    if stage is Stage.CANCELLED and not handed_over:
        return 0
    if stage is Stage.RETURNED and terms.type == "offer":
        return 0
    return 1 if terms.quantity is None else terms.quantity


def was_agreed(moves: Iterable[AuthoredMove]) -> bool:
    """Whether the owner of the listing ever accepted, whatever has happened since."""
    return (Action.ACCEPT, False) in _said(moves)


def stage_of(moves: Iterable[AuthoredMove]) -> Stage:
    """Return the stage that these moves make. Their order and their repetitions do not matter."""
    known = list(moves)
    terms = terms_of(known)
    if terms is None:
        return Stage.UNHEARD
    said = _said(known)
    stage = Stage.UNHEARD
    for action in Action:
        for asker in (True, False):
            if (action, asker) in said:
                stage = stage_after(stage, action, terms, asker=asker) or stage
    return stage


def _said(moves: Iterable[AuthoredMove]) -> set[tuple[Action, bool]]:
    """Return each action that was taken, with whether by the asker; also where only a later move of the person shows it."""
    said = {(made.move.action, made.by_asker) for made in moves}
    for action, asker in tuple(said):
        earlier = _FOLLOWS_ON.get((action, asker))
        while earlier is not None:
            said.add((earlier, asker))
            earlier = _FOLLOWS_ON.get((earlier, asker))
    return said


def stage_after(stage: Stage, action: Action, terms: Terms, *, asker: bool) -> Stage | None:
    """Return the stage that an action of the asker or the owner leads to from `stage`; None if it is not allowed there.

    A message changes no stage.
    """
    if action is Action.SAY:
        return stage if stage in MESSAGING_OPEN else None
    if action is Action.RETURNED and not terms.lend:
        return None
    following = TRANSITIONS[stage]
    return next(
        (following[action, role] for role in roles(terms.type, asker=asker) if (action, role) in following), None
    )


def is_cross_community(moves: Iterable[AuthoredMove]) -> bool | None:
    """Whether the two have no community in common; None until both have named one.

    Two devices of one person may both accept: then the acceptance with the lesser encoding counts, at both ends.
    """
    known = list(moves)
    asked, accepted = _communities(known, Action.ASK, asker=True), _communities(known, Action.ACCEPT, asker=False)
    if not asked or not accepted:
        return None
    return asked.isdisjoint(accepted)


def _communities(moves: list[AuthoredMove], action: Action, *, asker: bool) -> frozenset[bytes]:
    found = [made.move for made in moves if made.move.action is action and made.by_asker == asker]
    first = min(found, key=lambda move: encode(move.to_fields()), default=None)
    return frozenset() if first is None else frozenset(first.communities)
