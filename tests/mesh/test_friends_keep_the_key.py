"""Friends keep shares of a key: each gets one by letter, nobody else learns of it, and some of them bring the person back."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import pytest

from meshnode.app.letters import letters
from meshnode.app.letters.delivery import Delivery
from meshnode.app.owner import certificates
from meshnode.app.recovery import friends, kept_shares
from meshnode.app.recovery.friends import FriendsOrder, FriendsView
from meshnode.app.recovery.kept_shares import HelpOrder
from meshnode.errors import Forbidden, NotFound, Refused, Unconfirmed, Usage
from meshnode.recovery.shares import Gathering, read_share, split
from protocol import Audience, Kind, Letter, body_of, limits
from protocol.letters import KeyShare
from tests.support.mesh import Mesh
from tests.support.mesh_devices import problems, replica
from tests.support.mesh_people import befriend, block, person, vouch

NAMES = ("Alice", "Ann", "Bob", "Eve", "Zoe")
FRIENDS = ("Ann", "Bob", "Eve")


def village(seed: int = 111) -> Mesh:
    """Return a mesh of Alice and four people who trust her and whom she trusts, all in touch with Zoe."""
    mesh = Mesh(seed)
    for name in NAMES:
        mesh.add(name, audience=Audience.NETWORK_WIDE)
    for name in NAMES[1:]:
        befriend(mesh, "Alice", name, 900, 800)
    for name in FRIENDS:
        befriend(mesh, "Zoe", name, 700, 700)
    mesh.settle()
    return mesh


def choose(mesh: Mesh, *names: str, need: int = 2) -> FriendsView:
    """Let Alice choose these friends, and let the letters arrive."""
    friends.set_friends(replica(mesh, "Alice"), FriendsOrder(names, need, anyway=True))
    mesh.settle()
    for _ in range(3):  # until the receipts are due, are written, and are read
        mesh.advance(limits.RECEIPT_DELAY_MAX + limits.MINUTE)
    return friends.friends(replica(mesh, "Alice"))


def keeps(mesh: Mesh, name: str) -> str | None:
    """Return the words that `name` keeps for Alice."""
    share = replica(mesh, name).store.key_shares.kept().get(person(mesh, "Alice"))
    return None if share is None else share.words


def together(*words: str) -> bytes:
    gathering = Gathering()
    for each in words:
        gathering.add(read_share(each))
    return gathering.seed()


def seed(mesh: Mesh) -> bytes:
    identity = replica(mesh, "Alice").identity
    assert identity is not None
    return identity.seed


@pytest.mark.promise("Who loses every device comes back as the same person")
def test_any_two_of_three_friends_make_the_key_and_one_alone_does_not() -> None:
    mesh = village()
    chosen = choose(mesh, *FRIENDS)
    assert [(one.person.name, one.delivery, one.warning) for one in chosen.friends] == [
        (name, Delivery.DELIVERED.value, None) for name in FRIENDS
    ]
    helped = [kept_shares.help_back(replica(mesh, name), HelpOrder("Alice", anyway=True)).words for name in FRIENDS]
    for one, other in combinations(helped, 2):
        assert together(" ".join(one), " ".join(other)) == seed(mesh)
    with pytest.raises(Refused):
        together(" ".join(helped[0]))


def test_nobody_but_the_friends_has_the_words_or_learns_who_they_are() -> None:
    mesh = village()
    before = {name: set(replica(mesh, name).store.records.bodies(Kind.LETTER)) for name in NAMES}
    mesh.add_device("Alice's Pi", "Alice")
    mesh.wire("Alice's Pi", "Alice")
    mesh.settle()
    friends.set_friends(replica(mesh, "Alice"), FriendsOrder(FRIENDS, 2, anyway=True))
    mesh.settle()
    assert keeps(mesh, "Zoe") is None
    assert replica(mesh, "Alice's Pi").store.key_shares.kept() == {}
    assert kept_shares.kept(replica(mesh, "Alice")) == ()
    carried = set(replica(mesh, "Zoe").store.records.bodies(Kind.LETTER)) - before["Zoe"]
    assert len(carried) == len(FRIENDS)  # she carries them all, and can open none
    letters.send(replica(mesh, "Alice"), person(mesh, "Bob"), KeyShare(1, 0, ""))  # as short as any message
    mesh.settle()
    shapes = set()
    for record in replica(mesh, "Zoe").store.records.bodies(Kind.LETTER):
        letter = body_of(record)
        assert isinstance(letter, Letter)
        shapes.add((len(letter.sealed), len(letter.boxes)))
    assert len(shapes) == 1
    for name in ("Zoe", "Bob", "Alice's Pi"):
        assert friends.friends(replica(mesh, name)) == FriendsView(None, None, ())
        assert "recovery_friends" not in problems(mesh, name)


def test_none_of_the_owners_devices_keeps_a_share_so_a_passphrase_protects_the_key_still() -> None:
    mesh = village()
    choose(mesh, *FRIENDS)
    words = [keeps(mesh, name) for name in FRIENDS]
    database = replica(mesh, "Alice").store._database
    tables = [name for (name,) in database.all("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    dump = "\n".join(repr(row) for table in tables for row in database.all(f"SELECT * FROM {table}"))  # noqa: S608 - ours
    assert "friends who keep the key" in dump
    for text in words:
        assert text is not None
        assert text not in dump
        assert " ".join(text.split()[4:8]) not in dump


def test_a_later_set_replaces_the_earlier_one_and_friends_who_left_it_delete_their_share() -> None:
    mesh = village()
    choose(mesh, *FRIENDS)
    old = {name: keeps(mesh, name) for name in FRIENDS}
    choose(mesh, "Ann", "Bob", "Zoe", need=3)
    assert keeps(mesh, "Eve") is None
    new = [keeps(mesh, name) for name in ("Ann", "Bob", "Zoe")]
    assert all(new)
    assert not set(new) & set(old.values())
    assert together(*map(str, new)) == seed(mesh)
    with pytest.raises(Refused, match="another set"):
        together(str(new[0]), str(old["Eve"]))
    with pytest.raises(NotFound):
        kept_shares.help_back(replica(mesh, "Eve"), HelpOrder("Alice", anyway=True))


def test_taken_back_all_friends_delete_their_shares_and_an_old_letter_brings_none_back() -> None:
    mesh = village()
    mesh.switch_off(["Eve"])
    choose(mesh, *FRIENDS)
    friends.unset(replica(mesh, "Alice"))
    mesh.switch_on(["Eve"])
    mesh.advance(limits.HOUR)
    assert [keeps(mesh, name) for name in FRIENDS] == [None, None, None]
    letters.send(replica(mesh, "Alice"), person(mesh, "Bob"), KeyShare(1, 2, split(bytes(32), need=2, count=2)[0]))
    mesh.settle()
    assert keeps(mesh, "Bob") is None
    with pytest.raises(NotFound):
        friends.unset(replica(mesh, "Alice"))


def test_a_friends_share_is_on_all_their_devices_and_outlives_the_letter() -> None:
    mesh = village()
    mesh.join_device("Bob's Pi", "Bob")
    mesh.wire("Bob's Pi", "Bob")
    mesh.settle()
    choose(mesh, *FRIENDS)
    alice = person(mesh, "Alice")
    assert replica(mesh, "Bob's Pi").store.key_shares.of(alice) == replica(mesh, "Bob").store.key_shares.of(alice)
    for _ in range(3):
        mesh.advance(limits.LETTER_LIFE)
    assert keeps(mesh, "Bob") is not None
    seen = friends.friends(replica(mesh, "Alice"))
    assert [(one.delivery, one.warning) for one in seen.friends] == [(Delivery.DELIVERED.value, None)] * 3


def test_a_device_that_a_friend_adds_later_has_the_share_too_and_learns_that_it_was_taken_back() -> None:
    mesh = village()
    choose(mesh, *FRIENDS)
    mesh.join_device("Bob's Pi", "Bob")
    mesh.wire("Bob's Pi", "Bob")
    mesh.settle()
    mesh.advance(limits.HOUR)
    mesh.advance(limits.HOUR)
    assert keeps(mesh, "Bob's Pi") == keeps(mesh, "Bob")
    assert keeps(mesh, "Bob") is not None
    friends.unset(replica(mesh, "Alice"))
    mesh.settle()
    for _ in range(3):
        mesh.advance(limits.HOUR)
    assert keeps(mesh, "Bob's Pi") is None
    assert keeps(mesh, "Bob") is None


def give_up(mesh: Mesh, name: str) -> None:
    """Let `name` revoke the only device that they have, of which Alice hears."""
    leaving = replica(mesh, name)
    keys = leaving.keys
    revocation = certificates.revoke_device(
        leaving, leaving.device, dh_public=keys.dh_public, letter_public=keys.letter_public, kept=()
    )
    replica(mesh, "Alice").ingest.receive([revocation])


@pytest.mark.parametrize(
    ("change", "warning"),
    [
        (lambda mesh: block(mesh, "Alice", "Bob"), "you block them"),
        (lambda mesh: vouch(mesh, "Alice", "Bob", 0), "you no longer trust them"),
        (lambda mesh: give_up(mesh, "Bob"), "no device of theirs can be reached any longer"),
    ],
)
def test_the_owner_is_warned_of_a_friend_on_whom_they_cannot_rely_any_longer(
    change: Callable[[Mesh], None], warning: str
) -> None:
    mesh = village()
    choose(mesh, *FRIENDS)
    assert "recovery_friends" not in problems(mesh, "Alice")
    change(mesh)
    mesh.settle()
    said = {one.person.name: one.warning for one in friends.friends(replica(mesh, "Alice")).friends}
    assert said == {"Ann": None, "Bob": warning, "Eve": None}
    assert "recovery_friends" in problems(mesh, "Alice")


def test_a_share_that_does_not_arrive_in_time_is_named() -> None:
    mesh = village()
    mesh.switch_off(["Eve"])
    chosen = choose(mesh, *FRIENDS)
    assert {one.person.name: one.delivery for one in chosen.friends}["Eve"] == Delivery.UNDER_WAY.value
    mesh.advance(limits.LETTER_LIFE)
    said = {one.person.name: one.warning for one in friends.friends(replica(mesh, "Alice")).friends}
    assert said["Eve"] == "their share did not arrive in time"


REFUSED_ORDERS: tuple[tuple[FriendsOrder, type[Exception], str], ...] = (
    (FriendsOrder(("Ann", "Bob"), 2), Unconfirmed, "^Ann and Bob together can act as you"),
    (FriendsOrder(("Ann",), 2, anyway=True), Usage, "choose 2 to 16 friends"),
    (FriendsOrder(("Ann", "Bob"), 1, anyway=True), Usage, "choose 2 to 16 friends"),
    (
        FriendsOrder(("Ann", "Bob"), 3, anyway=True),
        Usage,
        "would take 3 friends to bring you back, and you have chosen 2",
    ),
    (FriendsOrder((), 0, anyway=True), Usage, "choose 2 to 16 friends"),
    (FriendsOrder(("Ann", "Ann"), 2, anyway=True), Usage, "name each friend once"),
    (FriendsOrder(("Ann", "Alice"), 2, anyway=True), Refused, "for yourself"),
    (FriendsOrder(("Ann", "Nobody"), 2, anyway=True), NotFound, "nobody"),
    (FriendsOrder(("Ann", "Zoe"), 2, anyway=True), Refused, "you do not trust Zoe directly"),
    (FriendsOrder(("Ann", "Eve"), 2, anyway=True), Refused, "Eve does not trust you directly"),
)


def test_what_cannot_be_chosen_is_refused_in_one_line_and_no_letter_goes_out() -> None:
    mesh = village()
    vouch(mesh, "Alice", "Zoe", 0)
    vouch(mesh, "Eve", "Alice", 0)
    mesh.settle()
    alice = replica(mesh, "Alice")
    for order, error, message in REFUSED_ORDERS:
        with pytest.raises(error, match=message):
            friends.set_friends(alice, order)
    assert not list(alice.store.records.bodies(Kind.LETTER, author=alice.me))
    assert friends.friends(alice).friends == ()


def test_without_the_identity_key_shares_are_neither_made_nor_taken_back() -> None:
    mesh = village()
    mesh.join_device("Pi", "Alice")
    mesh.wire("Pi", "Alice")
    mesh.settle()
    for act in (
        lambda pi: friends.set_friends(pi, FriendsOrder(FRIENDS, 2, anyway=True)),
        friends.unset,
    ):
        with pytest.raises(Forbidden):
            act(replica(mesh, "Pi"))


def test_the_words_are_shown_on_the_friends_own_word_alone() -> None:
    mesh = village()
    choose(mesh, *FRIENDS)
    bob = replica(mesh, "Bob")
    with pytest.raises(Unconfirmed, match="give yours to Alice alone, and only in person"):
        kept_shares.help_back(bob, HelpOrder("Alice"))
    with pytest.raises(NotFound):
        kept_shares.help_back(bob, HelpOrder("Zoe", anyway=True))
    assert [one.person.name for one in kept_shares.kept(bob)] == ["Alice"]


# --- people who mean harm ---------------------------------------------------------------------------------------------


def test_a_share_of_somebody_whom_the_reader_does_not_trust_is_not_kept() -> None:
    mesh = village()
    vouch(mesh, "Zoe", "Alice", 0)
    mesh.settle()
    text = split(bytes(32), need=2, count=2)[0]
    letters.send(replica(mesh, "Alice"), person(mesh, "Zoe"), KeyShare(5, 2, text))
    mesh.settle()
    assert replica(mesh, "Zoe").store.key_shares.of(person(mesh, "Alice")) is None


NO_SHARES = (
    KeyShare(5, 2, " ".join(["academic"] * 33)),  # the checksum is wrong
    KeyShare(5, 2, " ".join(["aaaaaaaa"] * 33)),  # no words of the list
    KeyShare(5, 3, split(bytes(32), need=2, count=2)[0]),  # of a set that takes fewer than it says
)


def test_words_that_are_no_share_are_put_aside() -> None:
    mesh = village()
    for share in NO_SHARES:
        letters.send(replica(mesh, "Alice"), person(mesh, "Zoe"), share)
    mesh.settle()
    assert replica(mesh, "Zoe").store.key_shares.of(person(mesh, "Alice")) is None


def test_however_many_shares_one_person_sends_one_is_kept() -> None:
    mesh = village()
    alice, zoe = replica(mesh, "Alice"), replica(mesh, "Zoe")
    texts = split(bytes(32), need=2, count=16)
    for number in range(40):
        letters.send(alice, zoe.me, KeyShare(number, 2, texts[number % 16]))
    mesh.settle()
    mesh.advance(limits.HOUR)
    assert zoe.store._database.value("SELECT count(*) FROM key_share") == 1
    held = zoe.store.key_shares.of(alice.me)
    assert held is not None
    assert held.made == 39
