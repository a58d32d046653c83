"""Photos among real daemons: seen by the neighbors, without the place where they were taken, and gone with their post."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.lan.conftest import MakeLan
from tests.support.lan import Host
from tests.support.pictures import PLACE, camera_picture, size_of, things_in
from tests.support.waiting import eventually

PIECE = 200  # bytes: a photo lies on several pages of a database


def readable(host: Host, photo: bytes) -> list[str]:
    """Return the files of this host's home in which some part of the photo can be read."""
    pieces = [photo[start : start + PIECE] for start in range(PIECE, len(photo) - PIECE, 7 * PIECE)]
    files = [path for path in host.home.rglob("*") if path.is_file()]
    return [path.name for path in files if any(piece in path.read_bytes() for piece in pieces)]


def photos_of(host: Host, post: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = host.ask("show", post)["photos"]
    return found


def sees(host: Host, post: str) -> None:
    """Wait until a post is here with its photo: the thumbnail comes with it, the photo when nothing else is to come."""
    eventually(lambda: host.finds(post), f"{host.name} finds {post}")
    eventually(lambda: photos_of(host, post)[0]["thumbnail_here"], f"{host.name} has the thumbnail of {post}")
    eventually(lambda: photos_of(host, post)[0]["here"], f"{host.name} has the photo of {post}")


def loses(host: Host, post: str) -> None:
    eventually(lambda: host.finds(post) is None, f"{post} is gone at {host.name}'s")


def saved(host: Host, post: str, folder: Path) -> bytes:
    (file,) = host.ask("photo", post, "--save", str(folder))["saved"]
    return Path(file["file"]).read_bytes()


def test_a_photo_is_seen_two_doors_away_without_its_place_and_is_gone_with_its_post(
    lan: MakeLan, tmp_path: Path
) -> None:
    network = lan("Alice", "Bob", "Carol")
    alice, bob, carol = (network[name].init() for name in ("Alice", "Bob", "Carol"))
    for host in (alice, bob, carol):
        host.daemon()
    alice.meshnode("add", bob.meshnode("card").strip(), "--trust", "0.9")
    bob.meshnode("add", carol.meshnode("card").strip(), "--trust", "0.9")
    picture = tmp_path / "IMG_0001.jpg"
    picture.write_bytes(camera_picture(turned=True))
    assert PLACE in picture.read_bytes()

    words = ("--photo", str(picture), "--photo-words", "A green bench", "--audience", "network_wide")
    alice.meshnode("offer", "A bench", *words)
    alice.meshnode("offer", "The same bench", *words)
    for host in (bob, carol):
        sees(host, "A bench")
    assert photos_of(carol, "A bench")[0]["words"] == "A green bench"

    own, shown = (saved(host, "A bench", tmp_path / "saved" / host.name) for host in (alice, carol))
    assert size_of(own) == size_of(shown) == (1200, 1600), "it stands upright, and is small"
    assert PLACE not in own + shown
    assert things_in(own) == things_in(shown) == set()
    for host in (alice, bob, carol):
        assert not [path for path in host.home.rglob("*") if path.is_file() and PLACE in path.read_bytes()]

    alice.meshnode("withdraw", "A bench")
    for host in (bob, carol):
        loses(host, "A bench")
    assert photos_of(carol, "The same bench")[0]["here"], "another post has the same photo"
    assert readable(carol, shown)

    alice.meshnode("withdraw", "The same bench")
    for host in (bob, carol):
        loses(host, "The same bench")
    for host in (alice, bob, carol):
        host.running.stop()
        assert readable(host, own) == readable(host, shown) == [], host.name


def test_a_photo_that_a_neighbor_has_saved_is_exported_by_its_owner_alone_with_and_without_a_daemon(
    lan: MakeLan, tmp_path: Path
) -> None:
    network = lan("Alice", "Bob")
    alice, bob = (network[name].init() for name in ("Alice", "Bob"))
    for host in (alice, bob):
        host.daemon()
    alice.meshnode("add", bob.meshnode("card").strip(), "--trust", "0.9")
    picture = tmp_path / "bench.png"
    picture.write_bytes(camera_picture("PNG", (800, 600)))
    alice.meshnode("offer", "A bench", "--photo", str(picture), "--audience", "network_wide")
    sees(bob, "A bench")

    bob.meshnode("export", "--photos", str(tmp_path / "bobs"))
    assert list((tmp_path / "bobs").iterdir()) == []
    own = saved(alice, "A bench", tmp_path / "saved")
    for folder, running in (("with", True), ("without", False)):
        if not running:
            alice.running.stop()
        (post,) = alice.ask("export", "--photos", str(tmp_path / folder))["listings"]
        file = tmp_path / folder / f"{post['photos'][0]['photo']}.webp"
        assert file.read_bytes() == own
