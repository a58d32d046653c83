"""Two people and their moves about one listing, ready to be put in any order."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from protocol.letters import Action, AuthoredMove, Move, Terms, exchange_id
from tests.support.people import NOW, Person, grown

ASKER, OWNER = Person("Bob"), Person("Alice")


def terms(type_: str = "offer", *, lend: bool = False, **fields: Any) -> Terms:
    """Return the terms of what Bob asks Alice for."""
    settings = {"title": "Drill", "category": "tools", "quantity": 1, **fields}
    return Terms(grown("nonce", size=16), grown("slot", size=16), type_, lend=lend, **settings)


def move(act: Action, asked: Terms, **fields: Any) -> Move:
    """Return a move in the exchange that these terms begin."""
    if act is Action.SAY:
        fields.setdefault("text", "Hello")
    exchange = exchange_id(ASKER.id, OWNER.id, asked)
    return Move(exchange, act, NOW, terms=asked if act is Action.ASK else None, **fields)


def accepted(asked: Terms, **now: Any) -> Move:
    """Return the acceptance of what is otherwise by now: these fields of its terms have changed."""
    exchange = exchange_id(ASKER.id, OWNER.id, asked)
    return Move(exchange, Action.ACCEPT, NOW, terms=replace(asked, **now))


def made(asked: Terms, *said: str) -> list[AuthoredMove]:
    """Return moves by their words: `asker ask`, `owner accept`."""
    found = []
    for words in said:
        who, act = words.split()
        found.append(AuthoredMove(who == "asker", move(Action[act.upper()], asked)))
    return found
