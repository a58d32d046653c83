"""Everything that a thief can sign with a stolen device, kind by kind: what is left of it once the device is revoked.

The thief does each thing with the Pi of Alice, and it takes effect on other nodes. Then Alice revokes the Pi on her
laptop, and keeps nothing of it. docs/threat-model.md has the same table for people.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from meshnode.app.owner import policy
from meshnode.app.owner.certificates import certify
from meshnode.app.owner.profile import set_profile
from meshnode.app.peers import contacts
from meshnode.app.peers.conversation import Conversation
from meshnode.app.people import cards, introductions
from meshnode.errors import Forbidden
from protocol import Audience, Kind, Precision, Preference, Record
from tests.app.exchanging import make, offer, respond, states
from tests.app.neighbors import neighbor
from tests.support.mesh import Mesh
from tests.support.mesh_devices import presence_key, replica, revoke, village
from tests.support.mesh_people import (
    acquaint,
    befriend,
    block,
    found,
    invite,
    person,
    post,
    rewrite,
    sees,
    vouch,
    withdraw,
)
from tests.support.people import Person

CELL, OTHER_CELL = "Elm Street", "Thieves"


def robbed() -> Mesh:
    """Return a mesh of Alice's laptop and her stolen Pi, her friends Bob and Carol, and Mallory, whom the thief knows."""
    mesh = village(72)
    mesh.add("Mallory", audience=Audience.NETWORK_WIDE)
    mesh.wire("Pi", "Bob")
    befriend(mesh, "Laptop", "Carol", 800, 800)
    acquaint(mesh, "Pi", "Mallory")
    befriend(mesh, "Bob", "Mallory", 900, 900)
    post(mesh, "Laptop", "Ladder")
    found(mesh, "Laptop", CELL)
    mesh.settle()
    return mesh


def ladder(mesh: Mesh) -> Record:
    """Return the owner's own post."""
    laptop = replica(mesh, "Laptop")
    return next(laptop.store.records.bodies(Kind.LISTING, author=laptop.me))


def is_in(mesh: Mesh, name: str, group: str) -> bool:
    """Whether Bob's node takes somebody for a member of a group of that name."""
    known = replica(mesh, "Bob").trust_state.groups.groups_of(person(mesh, name))
    return any(one.name == group for one in known.values())


def says(mesh: Mesh, name: str) -> int:
    """Return the weight of Alice's vouch for somebody, as Bob's node knows it."""
    return replica(mesh, "Bob").trust_state.graph.weight(person(mesh, "Laptop"), person(mesh, name))


def preference(mesh: Mesh) -> Preference:
    """Return Alice's sharing preference, as Bob's node knows it."""
    known = replica(mesh, "Bob").trust_state.policy(person(mesh, "Laptop"))
    assert known is not None
    return known.preference


def name_of_alice(mesh: Mesh) -> str:
    """Return Alice's name, as Bob's node knows it."""
    profile = replica(mesh, "Bob").trust_state.profile(person(mesh, "Laptop"))
    assert profile is not None
    return profile.name


def letters_held(mesh: Mesh) -> bool:
    """Whether Bob's node holds a letter that the Pi has written, and carries it."""
    pi = replica(mesh, "Pi")
    rows = replica(mesh, "Bob").store.records.rows(kinds=(Kind.LETTER,), author=pi.me)
    return any(row.device == pi.device and not row.withdrawn for row in rows)


def introduce(mesh: Mesh) -> None:
    """Let the thief introduce Mallory to Carol."""
    vouch(mesh, "Pi", "Mallory", 900)
    mesh.settle()
    introductions.introduce(replica(mesh, "Pi"), introductions.IntroductionOrder("Mallory", "Carol", "Trust them"))


def write_to_somebody_away(mesh: Mesh) -> None:
    """Let the thief write to Carol, who is away."""
    for other in ("Laptop", "Bob"):
        mesh.cut("Carol", other)
    introduce(mesh)


def introduced(mesh: Mesh) -> bool:
    """Whether Carol is shown the introduction, and no session with Mallory comes of it."""
    found = introductions.introductions(replica(mesh, "Carol")).introductions
    return [one.message for one in found] == ["Trust them"] and ("Mallory", "Carol") not in mesh.connections()


def agree(mesh: Mesh) -> None:
    """Let Bob ask for something of Alice's, and the thief agree in her name."""
    offer(mesh, neighbor(mesh, "Laptop"), "Drill")
    exchange = respond(mesh, neighbor(mesh, "Bob"), "Drill")
    make(mesh, neighbor(mesh, "Pi"), exchange, "accept")


def agreed(mesh: Mesh) -> bool:
    """Whether Bob has an agreement with Alice."""
    return states(mesh, neighbor(mesh, "Bob")) == ["agreed"]


@dataclass(frozen=True)
class Deed:
    """Something that a thief does with a stolen device: what it is, how it is done, and whether it has an effect."""

    kind: Kind
    what: str
    do: Callable[[Mesh], object]
    has_effect: Callable[[Mesh], bool]
    stays: bool = False


def _invite(mesh: Mesh) -> None:
    vouch(mesh, "Pi", "Mallory", 900)
    mesh.wire("Pi", "Mallory")
    mesh.settle()
    invite(mesh, "Pi", CELL, "Mallory")


def _found_with_bob(mesh: Mesh) -> None:
    found(mesh, "Pi", OTHER_CELL)
    mesh.settle()
    invite(mesh, "Pi", OTHER_CELL, "Bob")


def _narrow(mesh: Mesh) -> None:
    policy.set_preference(replica(mesh, "Pi"), Preference(Audience.MY_CELL, Precision.CITY, 25, 0))


def _widen(mesh: Mesh) -> None:
    policy.set_preference(replica(mesh, "Pi"), Preference(Audience.NETWORK_WIDE, Precision.EXACT, 20_000, 0))


def _knows_presence_key(mesh: Mesh) -> bool:
    """Whether the Pi, which hears of no other key, can recognize Alice's announcements."""
    return presence_key(mesh, "Pi") == presence_key(mesh, "Bob")


DEEDS = [
    Deed(Kind.POLICY, "a vouch", lambda mesh: vouch(mesh, "Pi", "Mallory", 1000), lambda mesh: says(mesh, "Mallory") > 0),
    Deed(Kind.POLICY, "a vouch taken back", lambda mesh: vouch(mesh, "Pi", "Carol", 0), lambda mesh: says(mesh, "Carol") == 0),
    Deed(Kind.POLICY, "a block", lambda mesh: block(mesh, "Pi", "Carol"), lambda mesh: "Ladder" not in sees(mesh, "Carol")),
    Deed(Kind.POLICY, "a wider preference", _widen, lambda mesh: preference(mesh).radius_km == 20_000),
    Deed(Kind.POLICY, "a narrower preference", _narrow, lambda mesh: preference(mesh).audience == Audience.MY_CELL, stays=True),
    Deed(Kind.PROFILE, "a name", lambda mesh: set_profile(replica(mesh, "Pi"), name="Trudy"), lambda mesh: name_of_alice(mesh) == "Trudy"),
    Deed(Kind.PROFILE, "the presence key that the thief knows", lambda _: None, _knows_presence_key),
    Deed(Kind.JOIN, "a group founded in the owner's name", lambda mesh: found(mesh, "Pi", OTHER_CELL), lambda mesh: is_in(mesh, "Laptop", OTHER_CELL)),
    Deed(Kind.JOIN, "an invitation to that group", _found_with_bob, lambda mesh: is_in(mesh, "Bob", OTHER_CELL)),
    Deed(Kind.JOIN, "an invitation to a group of the owner", _invite, lambda mesh: is_in(mesh, "Mallory", CELL)),
    Deed(Kind.LISTING, "a post", lambda mesh: post(mesh, "Pi", "Bait"), lambda mesh: "Bait" in sees(mesh, "Bob")),
    Deed(Kind.LISTING, "a post of the owner edited", lambda mesh: rewrite(mesh, "Pi", ladder(mesh), "Bait", may_reduce_access=False), lambda mesh: "Bait" in sees(mesh, "Bob")),
    Deed(Kind.LISTING, "a post of the owner withdrawn", lambda mesh: withdraw(mesh, "Pi", ladder(mesh)), lambda mesh: "Ladder" not in sees(mesh, "Bob"), stays=True),
    Deed(Kind.LETTER, "a letter on its way", write_to_somebody_away, letters_held),
    Deed(Kind.LETTER, "an introduction that was read", introduce, introduced, stays=True),
    Deed(Kind.LETTER, "an exchange agreed", agree, agreed, stays=True),
]  # fmt: skip


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.what)
def test_of_all_that_a_stolen_device_has_signed_only_that_stays_which_the_table_names(deed: Deed) -> None:
    mesh = robbed()
    deed.do(mesh)
    mesh.settle()
    mesh.advance(60)
    assert deed.has_effect(mesh)
    revoke(mesh, discard=True)
    mesh.settle()
    mesh.advance(60)
    assert deed.has_effect(mesh) is deed.stays


def test_every_kind_of_record_is_in_the_table_or_needs_the_identity_key() -> None:
    assert {deed.kind for deed in DEEDS} == set(Kind) - {Kind.DEVICE}
    mesh = robbed()
    pi, accomplice = replica(mesh, "Pi"), Person("Accomplice")
    with pytest.raises(Forbidden):
        certify(pi, accomplice.device, accomplice.keys.dh_public, accomplice.keys.letter_public)


def test_a_card_that_a_thief_has_handed_out_opens_no_other_device_of_the_owner() -> None:
    mesh = robbed()
    mesh.add("Dora")
    pi, laptop, dora = (mesh.nodes[name] for name in ("Pi", "Laptop", "Dora"))
    card = cards.make(pi.replica, cards.CardOrder(uses=5), [("127.0.0.1", 4747)]).text
    cards.add(dora.replica, cards.CardToAdd(card, 0.9), ())
    revoke(mesh, discard=True)
    mesh.settle()
    way = next(way for way in contacts.dial_keys(dora.replica, pi.person) if way.card is not None)
    for node in (laptop, pi):
        calling = Conversation.dialing(dora.replica, way, mesh.time)
        answering = Conversation.answering(node.replica, node.seen, mesh.time)
        answering.receive(calling.data_to_send(), mesh.time)
        assert not answering.data_to_send()
    assert policy.weight(laptop.replica, dora.person) == 0
