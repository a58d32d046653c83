"""How much is left follows from the listing and the exchanges, in whatever order things happen and on however many devices."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from itertools import permutations

import pytest

from meshnode.app.catalog.catalog import Catalog
from meshnode.app.exchanges import exchanges as cases
from meshnode.app.exchanges.exchanges import MoveOrder
from meshnode.app.exchanges.stock import Claim, exceeding, quantity_left
from meshnode.app.exchanges.view import ExchangeView
from meshnode.app.listings import lifecycle, listings
from meshnode.app.listings.lifecycle import Renewal
from meshnode.app.listings.listings import ListingEdit
from meshnode.errors import MeshnodeError, Refused, Unconfirmed
from meshnode.slices import complete
from protocol import Kind, Listing, Quantity, body_of, left_of, limits
from tests.app.exchanging import all_of, inbox, make, offer, respond, states
from tests.app.neighbors import Neighbor, story
from tests.support.mesh import Mesh
from tests.support.mesh_people import acquaint

People = tuple[Neighbor, Neighbor, Neighbor]


def left(neighbor: Neighbor) -> list[Quantity | None]:
    """Return how much is left of each open listing of a person."""
    return [one.quantity for one in listings.mine(neighbor.replica, neighbor.catalog).listings]


def renew(neighbor: Neighbor, title: str, quantity: int | None = None) -> None:
    lifecycle.renew(neighbor.replica, neighbor.catalog, title, Renewal(quantity=quantity))


def phone_of(mesh: Mesh, owner: str) -> Neighbor:
    """Another device of somebody's, in touch with Bob as well."""
    node = mesh.add_device("Phone", owner)
    acquaint(mesh, owner, "Phone")
    mesh.wire(owner, "Phone")
    mesh.wire("Bob", "Phone")
    mesh.settle()
    return Neighbor(node, Catalog(node.replica))


# --- one thing stays one ---------------------------------------------------------------------------------------------


def test_what_is_promised_and_renewed_and_called_off_is_still_one(mesh: Mesh, people: People) -> None:
    alice, _, carol = people
    offer(mesh, carol, "Cot", quantity=1)
    exchange = respond(mesh, alice, "Cot")
    make(mesh, carol, exchange, "accept")
    with pytest.raises(Refused, match='all of "Cot" is promised or lent to Alice'):
        renew(carol, "Cot")
    make(mesh, alice, exchange, "cancel")
    assert states(mesh, carol) == ["cancelled"]
    assert left(carol) == [1]


def test_more_of_what_is_promised_is_said_with_a_number(mesh: Mesh, people: People) -> None:
    alice, _, carol = people
    offer(mesh, carol, "Cot", quantity=1)
    exchange = respond(mesh, alice, "Cot")
    make(mesh, carol, exchange, "accept")
    renew(carol, "Cot", 2)
    assert left(carol) == [2]
    make(mesh, alice, exchange, "cancel")
    assert states(mesh, carol) == ["cancelled"]
    assert left(carol) == [3]


def test_what_was_given_is_offered_again_as_it_was(mesh: Mesh, people: People) -> None:
    """Bread, say, every week."""
    alice, _, carol = people
    offer(mesh, carol, "Bread", quantity=2)
    for _ in range(3):
        exchange = respond(mesh, alice, "Bread", quantity=2)
        for neighbor, act in ((carol, "accept"), (carol, "done"), (alice, "done")):
            make(mesh, neighbor, exchange, act)
        assert states(mesh, carol)[0] == "completed"
        assert left(carol) == []
        renew(carol, "Bread")
        mesh.settle()
        assert left(carol) == [2]


@pytest.mark.parametrize(
    ("type_", "first", "then", "again"),
    [
        ("offer", "carol", "alice", []),  # the giver has handed it over: the taker's word does not bring it back
        ("offer", "carol", "carol", [1]),
        ("offer", "alice", "carol", [1]),
        ("offer", "alice", "alice", [1]),
        ("need", "carol", "alice", []),  # Carol says that she has got it: the need is met
        ("need", "carol", "carol", [1]),
        ("need", "alice", "alice", [1]),
    ],
)
def test_what_the_owner_has_handed_over_comes_back_by_no_word_but_theirs(
    mesh: Mesh, people: People, type_: str, first: str, then: str, again: list[int]
) -> None:
    """One of the two says that it was handed over, and one of them calls it off."""
    alice, _, carol = people
    who = {"alice": alice, "carol": carol}
    offer(mesh, carol, "Lamp", type=type_, quantity=1)
    exchange = respond(mesh, alice, "Lamp")
    make(mesh, carol, exchange, "accept")
    make(mesh, who[first], exchange, "done")
    make(mesh, who[then], exchange, "cancel")
    assert states(mesh, carol) == states(mesh, alice) == ["cancelled"]
    assert left(carol) == again
    if not again:
        renew(carol, "Lamp")  # it is back after all
        assert left(carol) == [1]


@pytest.mark.parametrize("type_", ["offer", "need"])
def test_what_is_lent_is_one_unless_said_otherwise(mesh: Mesh, people: People, type_: str) -> None:
    alice, bob, carol = people
    offer(mesh, carol, "Ladder", type=type_, lend=True)
    offer(mesh, carol, "Chairs", type=type_, lend=True, quantity=4)
    assert sorted(map(str, left(carol))) == ["1", "4"]
    first, second = respond(mesh, alice, "Ladder"), respond(mesh, bob, "Ladder")
    make(mesh, carol, first, "accept")
    assert {one.exchange: one.state for one in all_of(mesh, carol)} == {first: "agreed", second: "declined"}


def test_what_comes_to_be_lent_is_one_as_well(mesh: Mesh, people: People) -> None:
    alice = people[0]
    offer(mesh, alice, "Ladder")
    listings.edit(alice.replica, alice.catalog, "Ladder", ListingEdit(lend=True))
    assert left(alice) == [1]
    listings.edit(alice.replica, alice.catalog, "Ladder", ListingEdit(quantity=None))
    assert left(alice) == [None]  # said otherwise


def test_a_gift_without_a_number_is_promised_to_a_second_only_on_their_owners_word(mesh: Mesh, people: People) -> None:
    alice, bob, carol = people
    offer(mesh, carol, "Sofa")
    first, second = respond(mesh, alice, "Sofa"), respond(mesh, bob, "Sofa")
    make(mesh, carol, first, "accept")
    with pytest.raises(Unconfirmed, match='"Sofa" is promised to Alice already'):
        make(mesh, carol, second, "accept")
    cases.move(carol.replica, second, MoveOrder("accept", anyway=True))
    assert sorted(states(mesh, carol)) == ["agreed", "agreed"]


# --- any order, one device and two -----------------------------------------------------------------------------------


class Desk:
    """The listing of one owner, and the owner's word on how many there are, as a person with a pencil keeps it."""

    def __init__(self, mesh: Mesh, owner: Neighbor, askers: tuple[Neighbor, ...], chance: random.Random) -> None:
        self.mesh, self.owner, self.askers, self.chance = mesh, owner, askers, chance
        self.total: Quantity = 3
        offer(mesh, owner, "Chairs", quantity=3, lend=chance.random() < 0.5, type=chance.choice(("offer", "need")))

    def step(self) -> None:
        """Do one thing that a person might do; what is refused changes nothing."""
        steps: list[Callable[[], None]] = [
            self._ask,
            self._ask,
            self._owner_moves,
            self._owner_moves,
            self._asker_moves,
        ]
        steps += [self._asker_moves, self._edit, self._renew, self._close]
        with suppress(MeshnodeError):  # not now
            self.chance.choice(steps)()
        for each in (self.owner, *self.askers, self.owner):
            cases.catch_up(each.replica)
            self.mesh.settle()

    def promised(self) -> Quantity:
        """Return how many are promised, given or lent out, by what the exchanges say."""
        return sum(_held(one) for one in all_of(self.mesh, self.owner))

    def _ask(self) -> None:
        respond(self.mesh, self.chance.choice(self.askers), "Chairs", quantity=self.chance.randint(1, 2))

    def _move(self, each: Neighbor, acts: tuple[str, ...]) -> None:
        of_each = all_of(self.mesh, each)
        if of_each:
            cases.move(each.replica, self.chance.choice(of_each).exchange, MoveOrder(self.chance.choice(acts)))

    def _owner_moves(self) -> None:
        self._move(self.owner, ("accept", "accept", "accept", "done", "done", "cancel", "decline", "returned"))

    def _asker_moves(self) -> None:
        self._move(self.chance.choice(self.askers), ("done", "done", "cancel", "returned"))

    def _edit(self) -> None:
        number = self.chance.randint(1, 4)
        listings.edit(self.owner.replica, self.owner.catalog, "Chairs", ListingEdit(quantity=number))
        self.total = number + self.promised()

    def _renew(self) -> None:
        number = self.chance.choice((None, 2))
        before = self.total - self.promised()
        renew(self.owner, "Chairs", number)
        if number is not None:
            self.total = number + self.promised()
        elif before <= 0:
            self.total = left(self.owner)[0] or 0
            self.total += self.promised()

    def _close(self) -> None:
        if self.chance.random() < 0.3:
            lifecycle.close(self.owner.replica, self.owner.catalog, "Chairs")
            renew(self.owner, "Chairs", 1 if self.total <= self.promised() else None)
            self.total = max(self.total, 1 + self.promised()) if self.total <= self.promised() else self.total


def _held(one: ExchangeView) -> Quantity:
    owner_done, owner_cancelled = one.done, any(said.yours and said.act == "cancel" for said in one.messages)
    agreed = any(said.act == "accept" for said in one.messages)
    free = one.state == "cancelled" and (not owner_done or owner_cancelled)
    back = one.state == "returned" and one.listing.type == "offer"
    return (one.quantity or 1) if agreed and not free and not back else 0


@pytest.mark.parametrize("seed", range(8))
def test_on_one_device_what_is_left_is_always_what_there_is_less_what_is_promised(seed: int) -> None:
    mesh = Mesh(seed)
    alice, bob, carol = story(mesh)
    desk = Desk(mesh, carol, (alice, bob), random.Random(seed))
    for _ in range(40):
        desk.step()
        expected = desk.total - desk.promised()
        assert expected >= 0
        assert left(carol) == ([expected] if expected else []), desk.total


@pytest.mark.parametrize("seed", range(10))
def test_on_two_devices_that_act_apart_nothing_is_promised_that_is_not_there(seed: int) -> None:
    """Whatever both devices agreed on while they were apart: when they have met, both say the same, and it adds up."""
    mesh, chance = Mesh(100 + seed), random.Random(seed)
    alice, bob, carol = story(mesh)
    phone = phone_of(mesh, "Carol")
    offer(mesh, carol, "Chairs", quantity=2)
    slot = listings.find(carol.replica, carol.catalog, "Chairs").header.slot
    for _ in range(3):
        for each in (alice, bob, alice, bob):
            try:
                respond(mesh, each, "Chairs", quantity=chance.randint(1, 2))
            except MeshnodeError:
                continue
        for each in (carol, phone):
            cases.catch_up(each.replica)
        mesh.settle()
        mesh.cut("Carol", "Phone")
        mesh.cut("Carol", "Bob")
        for each in chance.choices((carol, phone), k=6):
            with suppress(MeshnodeError):
                _act(each, chance)
            mesh.advance(1)
        mesh.heal()
        for _ in range(6):
            mesh.advance(60)
        for each in (carol, phone, alice, bob) * 2:
            cases.catch_up(each.replica)
            mesh.advance(60)
        by_device = [{one.exchange: one.state for one in all_of(mesh, each)} for each in (carol, phone)]
        assert by_device[0] == by_device[1]
        for asker in (alice, bob):
            assert {one.exchange: one.state for one in all_of(mesh, asker)}.items() <= by_device[0].items()
        held = carol.replica.store.exchanges.held(slot)
        assert held == phone.replica.store.exchanges.held(slot)
        assert left(carol) == left(phone)
        only_agreed = any(one.state == "agreed" and not (one.done or one.other_done) for one in all_of(mesh, carol))
        for each in (carol, phone):
            there = quantity_left(each.replica, slot)
            assert there is None or there >= 0 or not only_agreed
        record = carol.replica.store.records.current((carol.person, Kind.LISTING, slot))
        if record is not None and record.body:  # nobody is told of a promise that is not kept, and none is forgotten
            body = body_of(record)
            assert isinstance(body, Listing)
            assert body.promised == held
            assert body.quantity is not None
            assert body.quantity > 0


def _act(each: Neighbor, chance: random.Random) -> None:
    """Do one thing on one device of the owner: mostly answer, and now and then change, close or renew the post."""
    what = chance.random()
    if what < 0.1:
        listings.edit(each.replica, each.catalog, "Chairs", ListingEdit(text=f"{what}"))
    elif what < 0.2:
        renew(each, "Chairs", chance.choice((None, 1)))
    elif what < 0.25:
        lifecycle.close(each.replica, each.catalog, "Chairs")
    else:
        mine = complete(cases.exchanges(each.replica, cases.ExchangesQuery())).exchanges
        order = MoveOrder(chance.choice(("accept", "accept", "accept", "cancel", "done")))
        cases.move(each.replica, chance.choice(mine).exchange, order)


def promise_twice(mesh: Mesh, people: People) -> tuple[Neighbor, str, str]:
    """Let Carol's laptop promise her one cot to Bob and then, apart from it, her phone to Alice; both meet afterwards.

    Returns the phone, and the exchanges with Bob and with Alice.
    """
    alice, bob, carol = people
    phone = phone_of(mesh, "Carol")
    offer(mesh, carol, "Cot", quantity=1)
    first, second = respond(mesh, bob, "Cot"), respond(mesh, alice, "Cot")
    for each in (carol, phone):
        assert states(mesh, each) == ["requested", "requested"]
    mesh.cut("Carol", "Phone")
    mesh.cut("Bob", "Phone")
    make(mesh, carol, first, "accept")
    mesh.advance(60)
    cases.move(phone.replica, second, MoveOrder("accept"))
    mesh.heal()
    for _ in range(4):
        mesh.advance(60)
    return phone, first, second


@pytest.mark.parametrize("closes", ["laptop", "phone"])
def test_no_device_opens_what_another_one_has_closed_since(mesh: Mesh, people: People, closes: str) -> None:
    """Both promised the last one while apart, so both remember that it was taken; then it came back and was closed."""
    _, bob, carol = people
    phone, first, _ = promise_twice(mesh, people)
    make(mesh, bob, first, "cancel")
    closer = carol if closes == "laptop" else phone
    cases.catch_up(closer.replica)  # so that this device opens it again, and the other one hears of it
    mesh.settle()
    assert left(carol) == left(phone) == [1]
    lifecycle.close(closer.replica, closer.catalog, "Cot")
    for _ in range(4):
        mesh.advance(60)
    assert left(carol) == left(phone) == []


def test_of_two_to_whom_two_devices_promised_one_thing_the_same_one_keeps_it_everywhere(
    mesh: Mesh, people: People
) -> None:
    alice, bob, carol = people
    phone, first, second = promise_twice(mesh, people)
    for each in (carol, phone):
        assert {one.exchange: one.state for one in all_of(mesh, each)} == {first: "agreed", second: "cancelled"}
    assert (states(mesh, bob), states(mesh, alice)) == (["agreed"], ["cancelled"])
    (told,) = inbox(mesh, alice)
    assert (told.reason, told.with_.name) == ("twice", "Carol")
    assert [one.reason for one in inbox(mesh, phone) if one.exchange == second] == ["twice"]  # the owner as well
    assert left(carol) == left(phone) == []


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_order_in_which_claims_are_looked_at_does_not_matter(order: tuple[int, ...]) -> None:
    claims = [Claim(True, 20, b"b", 2), Claim(True, 10, b"c", 1), Claim(False, 30, b"a", 2)]
    found = exceeding(3, [claims[at] for at in order])
    assert found == [claims[0]]  # the last was handed over, the second was accepted first


def test_what_was_handed_over_is_never_called_off_even_if_it_is_too_much() -> None:
    claims = [Claim(False, 1, b"a", 2), Claim(False, 2, b"b", 2), Claim(True, 0, b"c", 1)]
    assert exceeding(1, claims) == [claims[2]]


@pytest.mark.parametrize("quantity", [1, 5])
@pytest.mark.parametrize("promised", [0, 3])
@pytest.mark.parametrize("held", [0, 3, 8])
def test_what_is_left_is_all_there_is_less_what_is_held(quantity: int, promised: int, held: int) -> None:
    body = Listing("offer", "Chairs", quantity=quantity, promised=promised, salt=bytes(limits.SALT_BYTES))
    assert left_of(body, held) == quantity + promised - held
    assert left_of(Listing("offer", "Advice", salt=bytes(limits.SALT_BYTES)), held) is None


def test_others_see_how_much_there_was_in_all_and_nothing_about_to_whom_it_went(mesh: Mesh, people: People) -> None:
    alice, bob, carol = people
    offer(mesh, carol, "Chairs", quantity=4)
    make(mesh, carol, respond(mesh, alice, "Chairs", quantity=3), "accept")
    record = listings.find(bob.replica, bob.catalog, "Chairs")
    seen = body_of(record)
    assert isinstance(seen, Listing)
    assert (seen.quantity, seen.promised) == (1, 3)
