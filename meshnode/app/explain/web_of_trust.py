"""Shows the owner's web of trust as a tree, for a drawing: who is how many steps away, and through whom.

The nearest people are named. Those further away are counted by the neighbor through whom they come, so that a web of
thousands can be shown too.
"""

from __future__ import annotations

from collections import Counter

from msgspec import Struct

from meshnode.app.naming import PersonRef, known, reference, relation_to
from meshnode.replica.replica import Replica
from meshnode.slices import Steps, undisturbed
from protocol import PersonId, limits
from protocol.trust import as_trust, cost

WEB_DRAWN_MAX = 150  # people of a drawing: more cannot be told apart on a screen
PEOPLE_OF_A_STEP = 25  # named in one step, some 2 ms


class WebPerson(Struct, frozen=True):
    """A person in the drawing: how many vouches the best path to them has (`steps`), and how much you trust them.

    `before` is the id of the person before them on the way from you, who gives the last vouch, of `weight`; `through` is
    the id of your neighbor on that way.
    """

    person: PersonRef
    relation: str
    steps: int
    trust: float
    before: str
    weight: float
    through: str


class MoreThrough(Struct, frozen=True):
    """A neighbor through whom `count` more people come than are drawn."""

    person: PersonRef
    count: int


class WebView(Struct, frozen=True):
    """Your web of trust: `people` nearest first, then `more` who are not named.

    `others` counts the people whom you can name although no path of your trust leads to them, such as members of your
    groups and people who trust you.
    """

    me: PersonRef
    people: tuple[WebPerson, ...]
    more: tuple[MoreThrough, ...]
    others: int


def web_of_trust(replica: Replica) -> Steps[WebView]:
    """Return the owner's web of trust, all of one moment."""
    return (yield from undisturbed(lambda: replica.trust_state.version, lambda: _drawn(replica)))


def _drawn(replica: Replica) -> Steps[WebView]:
    me, trust_state = replica.me, replica.trust_state
    nameable = known(replica)
    yield
    regard = {person: found for person, found in trust_state.regard_and_hops(me).items() if person in nameable}
    regard.pop(me, None)
    yield
    through = trust_state.graph.introducers(me)
    yield
    nearest = sorted(regard, key=lambda person: (regard[person][1], regard[person][0], person))
    drawn, left = nearest[:WEB_DRAWN_MAX], nearest[WEB_DRAWN_MAX:]
    yield
    people = []
    for number, person in enumerate(drawn):
        length, steps = regard[person]
        first = through[person][0] if person in through else person
        before = me if steps == 1 else _before(replica, person, regard, through)
        people.append(
            WebPerson(
                person=reference(replica, person),
                relation=relation_to(replica, person).value,
                steps=steps,
                trust=as_trust(length),
                before=reference(replica, before).id,
                weight=trust_state.graph.weight(before, person) / limits.WEIGHT_MAX,
                through=reference(replica, first).id,
            )
        )
        if number % PEOPLE_OF_A_STEP == 0:
            yield
    behind = Counter(through[person][0] for person in left if person in through)
    more = [MoreThrough(reference(replica, neighbor), count) for neighbor, count in behind.items()]
    more.sort(key=lambda one: (-one.count, one.person.id))
    return WebView(reference(replica, me), tuple(people), tuple(more), len(nameable) - 1 - len(regard))


def _before(
    replica: Replica,
    person: PersonId,
    regard: dict[PersonId, tuple[int, int]],
    through: dict[PersonId, tuple[PersonId, int]],
) -> PersonId:
    """Return who is before the person on the best way from the owner: one step nearer, in the same neighbor's part."""
    graph, steps = replica.trust_state.graph, regard[person][1]

    def way(voucher: PersonId) -> tuple[bool, int, PersonId]:
        same_part = through.get(voucher, (None, 0))[0] == through.get(person, (None, 0))[0]
        return not same_part, regard[voucher][0] + cost(graph.weight(voucher, person)), voucher

    nearer = [one for one in graph.vouchers_of(person) if one in regard and regard[one][1] == steps - 1]
    return min(nearer, key=way) if nearer else replica.me
