"""`export --photos`: the photos of one's own posts as files, under the names that the document gives them."""

from __future__ import annotations

import json
from pathlib import Path

from meshnode.app.catalog.catalog import Catalog
from meshnode.app.listings import lifecycle, listings, photos
from meshnode.app.listings.listings import ListingDraft
from meshnode.store.photos import PhotoState
from protocol import photo_hash
from tests.cli.village import Village

BENCH, CHAIR, BREAD = (word.encode() * 900 for word in ("bench", "chair", "bread"))


def offer(village: Village, who: str, title: str, photo: bytes) -> None:
    replica = village.replicas[who]
    given = photos.keep(replica, photo, b"small " + photo[:20])
    listings.post(replica, ListingDraft("offer", title, audience="network_wide", photos=(given,)))


def test_own_photos_are_saved_also_of_what_has_ended_and_none_of_others(village: Village, tmp_path: Path) -> None:
    offer(village, "A", "A bench", BENCH)
    offer(village, "A", "A chair", CHAIR)
    offer(village, "B", "Bread", BREAD)
    village.settle()
    alice = village.replicas["A"]
    lifecycle.close(alice, Catalog(alice), "A chair")
    ran = village("A", "export", "--photos", str(tmp_path / "photos"))
    assert ran.code == 0
    assert "2 photos saved in" in ran.err
    made = json.loads(ran.out)
    named = [post["photos"][0]["photo"] for post in (*made["listings"], *made["ended"])]
    saved = {path.stem: path.read_bytes() for path in (tmp_path / "photos").iterdir()}
    assert saved == dict(zip(named, (BENCH, CHAIR), strict=True))
    assert (tmp_path / "photos").stat().st_mode & 0o777 == 0o700


def test_photos_of_another_own_device_are_saved_too_and_it_is_said_what_is_not_here(
    village: Village, tmp_path: Path
) -> None:
    offer(village, "A", "A bench", BENCH)
    offer(village, "A", "A chair", CHAIR)
    alice = village.replicas["A"]
    name = photo_hash(alice.me, BENCH)
    alice.store.photos.delete([name, photo_hash(alice.me, CHAIR)])
    with alice.transaction():  # as if another device had made it
        alice.store.photos.add(name, alice.me, BENCH, PhotoState.CAME, 0)
        alice.store.photos.note_checked(name, b"made again")
    lifecycle.close(alice, Catalog(alice), "A bench")
    ran = village("A", "export", "--photos", str(tmp_path / "photos"))
    assert [path.read_bytes() for path in (tmp_path / "photos").iterdir()] == [b"made again"]
    assert "1 photo saved in" in ran.err
    assert "1 photo is not here yet" in ran.err
    assert village("A", "export", "--json", "--photos", str(tmp_path / "photos")).err == ""


def test_without_the_option_nothing_is_written(village: Village, tmp_path: Path) -> None:
    offer(village, "A", "A bench", BENCH)
    before = sorted(tmp_path.rglob("*.webp"))
    assert village("A", "export").code == 0
    assert sorted(tmp_path.rglob("*.webp")) == before == []
