"""Exchanges over carriers: two people who are never online together, letters that come twice, several devices, blocks."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from meshnode.app.exchanges import exchanges as cases
from meshnode.app.exchanges import stats
from meshnode.app.exchanges.exchanges import MoveOrder
from meshnode.app.listings import listings
from meshnode.errors import MeshnodeError, Refused
from meshnode.slices import complete
from protocol import Audience, Kind, limits
from protocol.letters import Stage
from tests.app.exchanging import all_of, completed, inbox, make, offer, respond, states
from tests.app.neighbors import Neighbor, neighbor
from tests.support.mesh import Mesh
from tests.support.mesh_people import acquaint, befriend, block, found, invite, row

SECRET = "The key is under the third stone."


def by_turns(mesh: Mesh, a: str, carrier: str, b: str) -> Callable[[str], None]:
    """Let only one of the two be in touch with the carrier at a time: the one who is named."""

    def turn(who: str) -> None:
        mesh.cut(*((carrier, b) if who == a else (a, carrier)))
        mesh.settle()
        mesh.heal_between([who, carrier])
        mesh.advance(1)
        mesh.advance(1)

    return turn


@pytest.mark.promise("Cross-community exchanges tracked for metrics")
def test_an_exchange_across_communities_completes_between_two_who_are_never_online_together() -> None:
    """Bob carries letters that Bob cannot read."""
    mesh = row("Alice", "Bob", "Carol", audience=Audience.NETWORK_WIDE, seed=71)
    for name, community in (("Alice", "Downtown"), ("Carol", "Eastside")):
        found(mesh, name, community, "community")
    alice, carol = neighbor(mesh, "Alice"), neighbor(mesh, "Carol")
    offer(mesh, carol, quantity=1)
    turn = by_turns(mesh, "Alice", "Bob", "Carol")
    turn("Alice")
    exchange = respond(mesh, alice, message=SECRET)
    turn("Carol")
    assert [asked.messages[0].text for asked in inbox(mesh, carol)] == [SECRET]
    make(mesh, carol, exchange, "accept", SECRET)
    make(mesh, carol, exchange, "done")
    turn("Alice")
    assert make(mesh, alice, exchange, "done").state == "completed"
    turn("Carol")
    for each in (alice, carol):
        assert states(mesh, each) == ["completed"]
        seen = stats.stats(each.replica)
        assert (seen.completed, seen.cross_community, seen.within_community) == (1, 1, 0)
    carried = mesh.nodes["Bob"].replica.store.records.rows(kinds=(Kind.LETTER, Kind.LISTING))
    wires = [record.wire for record in mesh.nodes["Bob"].replica.store.records.get_many([one.id for one in carried])]
    assert wires
    assert not any(SECRET.encode() in wire for wire in wires)
    assert complete(cases.exchanges(mesh.nodes["Bob"].replica, cases.ExchangesQuery())).exchanges == ()
    turn("Alice")
    assert alice.titles() == []  # the only one is taken


def test_moves_that_come_by_several_ways_and_over_restarts_count_once() -> None:
    mesh = row("Alice", "Bob", "Carol", audience=Audience.NETWORK_WIDE, seed=72)
    mesh.add("Dora", audience=Audience.NETWORK_WIDE)
    befriend(mesh, "Alice", "Dora", 900, 900)
    befriend(mesh, "Dora", "Carol", 900, 900)
    mesh.settle()
    offer(mesh, neighbor(mesh, "Carol"), quantity=3)
    mesh.cut("Bob", "Carol")
    mesh.cut("Dora", "Carol")
    exchange = respond(mesh, neighbor(mesh, "Alice"), message="May I?")
    mesh.cut("Alice", "Bob")
    mesh.cut("Alice", "Dora")
    mesh.heal_between(["Bob", "Carol"])
    mesh.settle()
    mesh.restart("Carol")  # with the letter stored and not yet opened
    mesh.heal_between(["Dora", "Carol", "Bob"])
    mesh.advance(1)
    carol = neighbor(mesh, "Carol")
    assert len(cases.one(carol.replica, exchange).messages) == 1
    make(mesh, carol, exchange, "accept")
    mesh.restart("Carol")
    mesh.heal()
    mesh.advance(1)
    mesh.advance(1)
    alice = neighbor(mesh, "Alice")
    assert states(mesh, alice) == states(mesh, neighbor(mesh, "Carol")) == ["agreed"]
    assert [result.quantity for result in alice.discover().results] == [2]


def test_a_block_in_the_middle_of_an_exchange_stops_what_is_on_its_way_and_only_calls_it_off() -> None:
    """Another device may have made the block, so that this one hears of it by the policy alone."""
    mesh = row("Alice", "Bob", "Carol", audience=Audience.NETWORK_WIDE, seed=73)
    alice, carol = neighbor(mesh, "Alice"), neighbor(mesh, "Carol")
    offer(mesh, carol)
    exchange = respond(mesh, alice)
    assert make(mesh, carol, exchange, "accept").state == "agreed"
    assert states(mesh, alice) == ["agreed"]
    mesh.cut("Bob", "Carol")
    make(mesh, alice, exchange, "say", SECRET)  # Bob has it already
    block(mesh, "Carol", "Alice")
    assert states(mesh, carol) == ["ended"]
    with pytest.raises(Refused, match="you block Alice"):
        make(mesh, carol, exchange, "done")
    mesh.heal()
    mesh.advance(1)
    mesh.advance(1)
    assert states(mesh, carol) == ["cancelled"]
    assert SECRET not in [message.text for message in cases.one(carol.replica, exchange).messages]
    assert states(mesh, alice) == ["cancelled"]
    with pytest.raises(Refused, match="canceled"):
        make(mesh, alice, exchange, "done")
    mesh.advance(limits.SUSPENDED_LIFE + limits.DAY)
    mesh.advance(60)
    (seen,) = all_of(mesh, alice)
    assert (seen.state, seen.with_.name) == ("cancelled", "Carol")
    assert stats.stats(alice.replica).completed == 0


def test_a_carrier_whom_one_of_them_blocks_carries_on_for_the_two() -> None:
    mesh = row("Alice", "Bob", "Carol", audience=Audience.NETWORK_WIDE, seed=74)
    befriend(mesh, "Alice", "Carol", 900, 900)
    found(mesh, "Bob", "Downtown", "community")
    invite(mesh, "Bob", "Downtown", "Alice")
    mesh.cut("Alice", "Carol")
    alice, carol = neighbor(mesh, "Alice"), neighbor(mesh, "Carol")
    offer(mesh, carol)
    exchange = respond(mesh, alice)
    assert len(inbox(mesh, carol)) == 1
    block(mesh, "Carol", "Bob")
    mesh.settle()
    make(mesh, carol, exchange, "accept")
    assert states(mesh, alice) == ["requested"]  # Bob no longer gets Carol's records
    mesh.heal()
    mesh.advance(1)
    assert states(mesh, alice) == ["agreed"]
    completed_at_both = make(mesh, alice, exchange, "done"), make(mesh, carol, exchange, "done")
    assert [seen.state for seen in completed_at_both] == ["agreed", "completed"]


def a_phone(mesh: Mesh, owner: str) -> Neighbor:
    """Another device of somebody's, in touch with the first and with Bob."""
    mesh.add_device("Phone", owner)
    acquaint(mesh, owner, "Phone")
    mesh.wire(owner, "Phone")
    mesh.settle()
    return neighbor(mesh, "Phone")


def test_all_devices_of_both_learn_of_every_move() -> None:
    mesh = row("Alice", "Bob", "Carol", audience=Audience.NETWORK_WIDE, seed=75)
    phone = a_phone(mesh, "Carol")
    alice, carol = neighbor(mesh, "Alice"), neighbor(mesh, "Carol")
    offer(mesh, carol, quantity=2)
    exchange = respond(mesh, alice, message="May I?")
    for each in (carol, phone):
        assert [seen.messages[0].text for seen in inbox(mesh, each)] == ["May I?"]
    make(mesh, phone, exchange, "accept")
    mesh.advance(1)
    assert states(mesh, carol) == states(mesh, phone) == states(mesh, alice) == ["agreed"]
    assert [result.quantity for result in alice.discover().results] == [1]  # and not 0: one device takes it off
    make(mesh, carol, exchange, "done")
    make(mesh, alice, exchange, "done")
    mesh.advance(1)
    assert states(mesh, carol) == states(mesh, phone) == states(mesh, alice) == ["completed"]
    assert stats.stats(phone.replica) == stats.stats(carol.replica)


def test_what_one_device_asks_for_the_others_know_too() -> None:
    mesh = row("Alice", "Bob", "Carol", audience=Audience.NETWORK_WIDE, seed=76)
    phone = a_phone(mesh, "Alice")
    offer(mesh, neighbor(mesh, "Carol"))
    exchange = respond(mesh, phone)
    mesh.advance(1)
    assert states(mesh, neighbor(mesh, "Alice")) == ["requested"]
    with pytest.raises(Refused, match="already asked for that"):
        respond(mesh, neighbor(mesh, "Alice"))
    make(mesh, neighbor(mesh, "Carol"), exchange, "accept")
    mesh.advance(1)
    assert states(mesh, phone) == states(mesh, neighbor(mesh, "Alice")) == ["agreed"]


def test_a_yes_and_a_no_said_at_once_on_two_devices_come_to_a_yes_everywhere() -> None:
    mesh = row("Alice", "Bob", "Carol", audience=Audience.NETWORK_WIDE, seed=77)
    phone = a_phone(mesh, "Carol")
    carol, alice = neighbor(mesh, "Carol"), neighbor(mesh, "Alice")
    offer(mesh, carol)
    exchange = respond(mesh, alice)
    mesh.advance(1)
    mesh.cut("Carol", "Phone")
    make(mesh, phone, exchange, "decline")
    make(mesh, carol, exchange, "accept")
    mesh.heal()
    mesh.advance(1)
    mesh.advance(1)
    assert states(mesh, alice) == states(mesh, carol) == states(mesh, phone) == ["agreed"]


def test_in_one_community_an_exchange_needs_no_vouch() -> None:
    mesh = Mesh(78)
    for name in ("Mia", "Alice", "Bob"):
        mesh.add(name)
    befriend(mesh, "Mia", "Alice", 800, 100)
    befriend(mesh, "Mia", "Bob", 800, 100)
    mesh.settle()
    found(mesh, "Mia", "Downtown", "community")
    invite(mesh, "Mia", "Downtown", "Alice", "Bob")
    alice, bob = neighbor(mesh, "Alice"), neighbor(mesh, "Bob")
    offer(mesh, alice, audience="my_community")
    completed(mesh, alice, bob, respond(mesh, bob))
    assert stats.stats(alice.replica).within_community == stats.stats(bob.replica).within_community == 1


@pytest.mark.parametrize("seed", range(6))
def test_whatever_they_do_apart_all_come_to_the_same_once_they_have_met(seed: int) -> None:
    """Several people ask for more than there is; moves cross, letters take any way, links break and heal."""
    chance = random.Random(seed)
    mesh = row("Alice", "Bob", "Carol", "Dora", audience=Audience.NETWORK_WIDE, seed=100 + seed)
    befriend(mesh, "Dora", "Alice", 900, 900)
    mesh.settle()
    desks = {name: neighbor(mesh, name) for name in ("Alice", "Bob", "Carol", "Dora")}
    for name, kind in (("Alice", "offer"), ("Carol", "need")):
        offer(mesh, desks[name], f"{name}'s", type=kind, quantity=2, lend=chance.random() < 0.5)
    acts = ("accept",) * 4 + ("done",) * 6 + ("returned",) * 2 + ("decline", "cancel", "say")
    for _ in range(90):
        name = chance.choice(list(desks))
        each, what = desks[name], chance.choice(("Alice's", "Carol's"))
        try:
            if chance.random() < 0.3:
                respond(mesh, each, what)
            else:
                mine = complete(cases.exchanges(each.replica, cases.ExchangesQuery())).exchanges
                if mine:
                    order = MoveOrder(chance.choice(acts), "Well?")
                    cases.move(each.replica, chance.choice(mine).exchange, order)
        except MeshnodeError:
            pass  # not now
        if chance.random() < 0.3:
            mesh.cut(*chance.sample(list(desks), 2))
        elif chance.random() < 0.3:
            mesh.heal()
        mesh.settle()
    mesh.heal()
    for _ in range(6):
        mesh.advance(1)
    seen = {name: {found.exchange: found for found in all_of(mesh, each)} for name, each in desks.items()}
    both: dict[str, list[str]] = {}
    for of_one in seen.values():
        for found_one in of_one.values():
            both.setdefault(found_one.exchange, []).append(found_one.state)
    assert both
    assert all(len(at_ends) == 2 and len(set(at_ends)) == 1 for at_ends in both.values()), both
    for name in ("Alice", "Carol"):
        _quantity_adds_up(desks[name])


def _quantity_adds_up(owner: Neighbor) -> None:
    """The quantity left and the quantity given add up to the quantity at first."""
    kept = [one for one in owner.replica.store.exchanges.all_shown() if not one.asked]
    assert all(one.held == 0 for one in kept if one.stage in (Stage.DECLINED, Stage.REQUESTED))
    own = listings.mine(owner.replica, owner.catalog).listings
    assert sum(one.quantity or 0 for one in own) + sum(one.held for one in kept) == 2
