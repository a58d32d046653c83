"""Makes the vectors of exchanges: moves, ids, tags, and the stages that sets of moves lead to."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from protocol import encode
from protocol.letters import Action, Move, community_tags, exchange_id, held_by, stage_of
from tests.support.exchanges import ASKER, OWNER, accepted, made, move, terms
from tests.support.people import grown
from tests.support.vectors_refused_letters import refused_moves

_HISTORIES = (
    "asker ask",
    "asker ask, owner accept",
    "asker ask, owner decline",
    "asker ask, owner accept, asker cancel",
    "asker ask, owner accept, owner decline",
    "asker ask, owner accept, owner done, asker cancel",
    "asker ask, owner accept, owner done, owner cancel",
    "asker ask, owner accept, asker done, owner cancel",
    "asker ask, owner accept, owner done",
    "asker ask, owner accept, asker done",
    "asker ask, owner accept, asker done, owner done",
    "asker ask, owner accept, asker done, owner done, owner cancel",
    "asker ask, owner accept, asker done, owner done, asker returned",
    "asker ask, owner accept, asker done, owner done, owner returned",
    "owner accept, asker done",
    # Of these some letters were lost.
    "asker ask, owner cancel",
    "asker ask, asker cancel, owner done",
    "asker ask, owner decline, owner cancel",
    "asker ask, owner done",
    "asker ask, asker done",
    "asker ask, owner returned",
    "asker ask, asker done, owner returned",
    "asker ask, owner done, asker returned",
)


def moves() -> dict[str, Move]:
    """Return one move of every kind, by what it is."""
    plain, lent = terms(), terms(lend=True, return_by=1_800_100_000, unit="pieces")
    groups = [grown("downtown"), grown("eastside")]
    tags = community_tags(exchange_id(ASKER.id, OWNER.id, plain), groups)
    return {
        "an ask with words and communities": move(Action.ASK, plain, text="May I?\nTomorrow?", communities=tags),
        "an ask for what is lent": move(Action.ASK, lent),
        "an ask for two and a half kilograms": move(Action.ASK, terms(quantity=Decimal("2.5"), unit="kg")),
        "an answer to a need that is not limited": move(Action.ASK, terms("need", quantity=None)),
        "an acceptance": move(Action.ACCEPT, plain, communities=tags[:1]),
        "an acceptance of what has another title by now": accepted(plain, title="Drill, without bits"),
        "a refusal": move(Action.DECLINE, plain, text="Not this week."),
        "a refusal because nothing is left": move(Action.DECLINE, plain, reason="gone"),
        "a refusal because the listing has changed": move(Action.DECLINE, plain, reason="changed"),
        "done": move(Action.DONE, plain),
        "a cancellation": move(Action.CANCEL, plain),
        "a cancellation because it was promised twice": move(Action.CANCEL, plain, reason="twice"),
        "a return": move(Action.RETURNED, lent),
        "a message": move(Action.SAY, plain, text="At six, by the gate?"),
    }


def exchanges_vectors() -> dict[str, Any]:
    """Return the content of exchanges.json."""
    return {
        "asker": ASKER.id.hex(),
        "owner": OWNER.id.hex(),
        "moves": [
            {
                "case": case,
                "exchange": one.exchange.hex(),
                "asks": one.action is Action.ASK,
                "fields": encode(one.to_fields()).hex(),
            }
            for case, one in moves().items()
        ],
        "communities": [_communities("downtown"), _communities("downtown", "eastside")],
        "states": [
            {
                "type": kind,
                "lend": lend,
                "moves": history,
                "state": _stage(kind, lend, history),
                "held": int(held_by(made(terms(kind, lend=lend), *history.split(", ")))),
            }
            for kind, lend in (("offer", False), ("offer", True), ("need", False), ("need", True))
            for history in _HISTORIES
        ],
        "refused": refused_moves(),
    }


def _communities(*names: str) -> dict[str, Any]:
    exchange, groups = exchange_id(ASKER.id, OWNER.id, terms()), [grown(name) for name in names]
    tags = community_tags(exchange, groups)
    return {
        "exchange": exchange.hex(),
        "groups": [group.hex() for group in groups],
        "tags": [tag.hex() for tag in tags],
    }


def _stage(kind: str, lend: bool, history: str) -> str:
    return stage_of(made(terms(kind, lend=lend), *history.split(", "))).name
