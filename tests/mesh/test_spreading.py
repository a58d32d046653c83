"""How a post goes round where everybody is connected with everybody: once to each, in few bytes, and nobody is left out.

Webs of several shapes live on one LAN, or on two that one person joins; a node with few sessions tells all at once and is
tested elsewhere. What a node is not told at once it hears of within LATE_SECONDS.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from itertools import combinations, pairwise

import pytest

from meshnode.app.peers.spread import LATE_SECONDS, SOON_SECONDS
from meshnode.replica.spreading import CHOSEN, FEW_SESSIONS
from protocol import Audience, limits
from protocol.session import Session
from protocol.wire.frames import Have, Records, decode_frame
from tests.support.mesh import Mesh
from tests.support.mesh_people import befriend, block, found, holds, invite, post, rewrite, sees, withdraw

LAN = 32
TRIPS = 0.2  # seconds: five trips over the slowest wire, without a wait
ALL_TOLD = 3 * SOON_SECONDS[1]  # seconds in which the last of three in a row is told
Vouches = list[tuple[str, str]]


def names(count: int, village: str = "P") -> list[str]:
    return [f"{village}{number:02}" for number in range(count)]


def star(people: Sequence[str]) -> Vouches:
    return [(people[0], other) for other in people[1:]]


def clique(people: Sequence[str]) -> Vouches:
    return list(combinations(people, 2))


def chain(people: Sequence[str]) -> Vouches:
    return list(pairwise(people))


def web(vouches: Vouches, *lans: Iterable[str], seed: int = 3) -> Mesh:
    """Return a mesh of these people, each of whom is connected with all others on the same LAN whom they recognize."""
    mesh = Mesh(seed)
    for name in sorted({name for pair in vouches for name in pair}):
        mesh.add(name, audience=Audience.NETWORK_WIDE)
    for one, other in vouches:
        befriend(mesh, one, other, 970, 970)
    contacts = {frozenset(pair) for pair in vouches}
    for lan in lans:
        for one, other in combinations(lan, 2):
            if frozenset((one, other)) not in contacts:
                mesh.wire(one, other, by_ear=True)
    mesh.settle()
    for _ in range(3):
        mesh.advance(1.0)
    mesh.advance(limits.MINUTE)
    return mesh


def reached(mesh: Mesh, title: str, author: str) -> set[str]:
    return {name for name in mesh.nodes if name == author or title in sees(mesh, name)}


def pass_minutes(mesh: Mesh, seconds: float) -> None:
    for _ in range(int(seconds // limits.MINUTE) + 1):
        mesh.advance(limits.MINUTE)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[type]:
    """Collects the types of all frames that are sent."""
    types: list[type] = []
    taken = Session.frames_to_send

    def frames_to_send(session: Session) -> list[bytes]:
        frames = taken(session)
        types.extend(type(decode_frame(frame)) for frame in frames)
        return frames

    monkeypatch.setattr(Session, "frames_to_send", frames_to_send)
    return types


# --- what it costs ---------------------------------------------------------------------------------------------------


def test_a_post_comes_to_each_of_a_lan_of_32_once_and_in_few_bytes(said: list[type]) -> None:
    people = names(LAN)
    mesh = web(star(people), people)
    assert len(mesh.connections()) == LAN * (LAN - 1) // 2
    costs = []
    for title in ("Soup", "Bread"):
        said.clear()
        before, begun = mesh.bytes_sent, mesh.time
        post(mesh, people[5], title)
        mesh.run_for(TRIPS)
        assert reached(mesh, title, people[5]) == set(people)
        mesh.settle()
        assert mesh.time - begun < ALL_TOLD
        assert said.count(Records) == LAN - 1, "nobody is given it twice"
        costs.append((said.count(Have), mesh.bytes_sent - before))
    (first, bytes_first), (later, bytes_later) = costs
    assert first < 1.1 * LAN * (LAN - 1) // 2, "two people tell each other once, and few do so at the same time"
    assert later <= (LAN - 1) * (CHOSEN + 1), "who is known to get it from elsewhere is told by a few"
    assert bytes_first < 50_000
    assert bytes_later < 20_000


def test_a_node_with_few_sessions_tells_all_at_once() -> None:
    people = names(FEW_SESSIONS + 1)
    mesh = web(chain(people))
    before = mesh.time
    post(mesh, people[0], "Soup")
    mesh.settle()
    assert reached(mesh, "Soup", people[0]) == set(people)
    assert mesh.time - before < len(people) * TRIPS


# --- who is told at once ---------------------------------------------------------------------------------------------


def test_who_hears_of_a_person_from_one_neighbor_alone_is_told_of_each_post_soon() -> None:
    """Zoe is connected with Anna alone, who has twelve other sessions, and gets from her what others write."""
    people = names(12)
    mesh = web([*star(people), (people[0], "Zoe")], people)
    assert "Zoe" not in {name for pair in mesh.connections() for name in pair if people[0] not in pair}
    for number in range(6):
        begun = mesh.time
        post(mesh, people[1 + number % 2], f"Offer {number}")
        mesh.settle()
        assert f"Offer {number}" in sees(mesh, "Zoe")
        assert mesh.time - begun < ALL_TOLD


def test_taking_back_waits_for_nobody() -> None:
    """A withdrawal, a narrower audience and a block come to all by the trips that they take."""
    people = names(14)
    mesh = web(star(people), people)
    author, blocked = people[3], people[9]
    posts = {title: post(mesh, author, title) for title in ("Soup", "Bread", "Cake")}
    mesh.settle()
    mesh.cut(author, people[7])  # who hears of it from others
    withdrawal = withdraw(mesh, author, posts["Soup"])
    narrowed = rewrite(mesh, author, posts["Bread"], "Less bread", may_reduce_access=True)
    block(mesh, author, blocked)
    mesh.run_for(2 * TRIPS)
    for name in set(people) - {author, blocked}:
        assert sees(mesh, name) == {"Less bread", "Cake"}, name
        assert holds(mesh, name, withdrawal)
        assert holds(mesh, name, narrowed)
    assert sees(mesh, blocked) == set()


# --- nobody is left out ----------------------------------------------------------------------------------------------

ONE, OTHER = names(12, "A"), names(12, "B")
SHAPES: dict[str, Callable[[], Mesh]] = {
    "star": lambda: web(star(ONE), ONE),
    "clique": lambda: web(clique(ONE), ONE),
    "chain": lambda: web(chain(ONE), ONE),
    "two stars": lambda: web([*star(ONE[:6]), *star(ONE[6:]), (ONE[0], ONE[6])], ONE),
    "two villages": lambda: web([*star(ONE), *star(OTHER), (ONE[3], OTHER[3])], ONE, OTHER),
}


@pytest.mark.parametrize(("seed", "shape"), list(enumerate(SHAPES)))
def test_every_post_comes_to_all_though_people_come_and_go(seed: int, shape: str) -> None:
    """Wires are cut and healed and computers switched off and on, while people post.

    All who are there in the end have every post after LATE_SECONDS, by no other comparisons than those that are due.
    """
    mesh, chance, written = SHAPES[shape](), random.Random(seed), dict[str, str]()
    people = sorted(mesh.nodes)
    for number in range(24):
        match chance.randrange(5):
            case 0:
                mesh.cut(*chance.sample(people, 2))
            case 1:
                left = chance.sample(people, len(people) // 2)
                mesh.partition(left, [name for name in people if name not in left])
            case 2:
                mesh.heal()
            case 3:
                off = chance.sample(people, 2)
                mesh.switch_off(off)
                mesh.run_for(chance.uniform(0.0, 1.0))
                mesh.switch_on(off)
            case _:
                pass
        author = chance.choice(people)
        written[f"Offer {number}"] = author
        post(mesh, author, f"Offer {number}")
        mesh.run_for(chance.uniform(0.0, 1.0))
    mesh.heal()
    pass_minutes(mesh, LATE_SECONDS)
    for title, author in written.items():
        assert reached(mesh, title, author) == set(people), title


def test_members_of_a_community_hear_of_its_posts_among_many_who_may_not() -> None:
    people = names(14)
    mesh = web(star(people), people)
    members = people[:5]
    found(mesh, members[0], "Village", "community")
    invite(mesh, members[0], "Village", *members[1:])
    mesh.settle()
    mesh.cut(members[1], members[2])
    for number in range(4):
        post(mesh, members[1], f"Meeting {number}", Audience.MY_COMMUNITY)
        mesh.settle()
        assert reached(mesh, f"Meeting {number}", members[1]) == set(members)


@pytest.mark.parametrize("seed", range(3))
def test_who_has_lost_the_one_neighbor_that_told_them_hears_of_it_from_another(seed: int) -> None:
    """Two of a LAN are connected with Zoe, of whom one is quicker; nobody but Zoe sees that this one is gone."""
    people = names(14)
    mesh = web([*star(people), (people[0], "Zoe")], people, (people[1], "Zoe"), seed=seed)
    for number in range(3):
        post(mesh, people[2], f"Offer {number}")
        mesh.settle()
    assert sees(mesh, "Zoe") == {"Offer 0", "Offer 1", "Offer 2"}
    mesh.cut(people[seed % 2], "Zoe")
    post(mesh, people[2], "Last offer")
    mesh.settle()
    pass_minutes(mesh, LATE_SECONDS)
    assert "Last offer" in sees(mesh, "Zoe")


def test_the_next_post_comes_at_once_to_who_needed_the_last() -> None:
    people = names(14)
    mesh = web([*star(people), (people[0], "Zoe")], people, (people[1], "Zoe"))
    for number in range(3):
        post(mesh, people[2], f"Offer {number}")
        mesh.settle()
    mesh.cut(people[0], "Zoe")
    post(mesh, people[2], "While it is found out")
    mesh.settle()
    pass_minutes(mesh, LATE_SECONDS)
    begun = mesh.time
    post(mesh, people[2], "From now on")
    mesh.settle()
    assert mesh.time - begun < ALL_TOLD
    assert {"While it is found out", "From now on"} <= sees(mesh, "Zoe")
