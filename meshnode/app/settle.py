"""Judging again what is already held, after the circle changed: what waited may be freed, what we lost is dropped.

This is where revoking, blocking and narrowing reach the copies: a record that its author's consent no longer reaches
us with is deleted, on positive evidence only. Its newest header stays as a tombstone, so that nothing comes back.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from meshnode.app.circle import Circle
from meshnode.app.judge import Answer, Answers, Judge, question
from meshnode.store import Row, State, Store
from protocol import Kind, PersonId, RecordId


@dataclass(slots=True)
class Settled:
    """What judging again changed: ids `freed` for use, ids `dropped`, and the people whose part of the circle moved."""

    freed: list[RecordId] = field(default_factory=list)
    dropped: list[RecordId] = field(default_factory=list)
    people: set[PersonId] = field(default_factory=set)


def settle(store: Store, circle: Circle, judge: Judge, me: PersonId, now: int) -> Settled:
    """Free what waited and drop what `me` may no longer have, until neither changes anything. In a transaction.

    A freed policy can free more, a dropped one can only take away, and nothing dropped comes back by itself: so this
    ends, at the latest when nothing is left to free or drop.
    """
    settled = Settled()
    while True:
        freed = _free(store, circle, judge, me, now)
        dropped = _drop(store, circle, judge, me, now)
        moved = {row.author for row in [*freed, *dropped] if row.kind != Kind.LISTING}
        settled.freed.extend(row.id for row in freed)
        settled.dropped.extend(row.id for row in dropped)
        settled.people |= moved
        if not moved:
            return settled
        circle.refresh(store, moved)


def _free(store: Store, circle: Circle, judge: Judge, me: PersonId, now: int) -> list[Row]:
    freed = []
    for row in list(store.records.rows(states=(State.HELD,))):
        if not circle.certified(row.author, row.device):
            continue
        if row.kind == Kind.POLICY or judge.may_have(me, row, now) is Answer.YES:
            freed.append(row)
    store.records.set_state([row.id for row in freed], State.LIVE)
    return freed


def _drop(store: Store, circle: Circle, judge: Judge, me: PersonId, now: int) -> list[Row]:
    """Delete what the one rule, asked anew, says no to; each question is asked once, however many records pose it."""
    answers = Answers(judge, me)
    silent = _fallen_silent(store, circle)
    dropped = []
    for row in store.records.rows(states=(State.LIVE, State.HELD, State.SUSPENDED)):
        if row.author == me or row.expires <= now:
            continue
        if answers[question(row)] is Answer.NO or row.author in silent:
            dropped.append(row)
    store.records.drop_bodies([row.id for row in dropped])
    return dropped


def _fallen_silent(store: Store, circle: Circle) -> set[PersonId]:
    """Authors whose newer policy we know of and may not read, for so long that the older one is gone."""
    headers = store.records.rows(kinds=(Kind.POLICY,), states=(State.HEADER,))
    return {row.author for row in headers if not circle.has_policy(row.author)}
