"""The child process that makes pictures again: nothing but the picture comes out, whatever goes in."""

from __future__ import annotations

import pytest

from meshnode.errors import Usage
from meshnode.photos import child
from protocol.limits import PHOTO_BYTES_MAX, THUMBNAIL_BYTES_MAX
from tests.support.pictures import PLACE, SCRIPT, SVG, bomb, camera_picture, polyglot, size_of, things_in, webp


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF"])
async def test_a_photo_is_made_small_and_keeps_nothing_but_the_picture(form: str) -> None:
    given = camera_picture(form)
    made = await child.add(given)
    assert PLACE in given or form == "GIF"
    for data, most, side in ((made.photo, PHOTO_BYTES_MAX, 1600), (made.thumbnail, THUMBNAIL_BYTES_MAX, 320)):
        assert len(data) <= most
        assert max(size_of(data)) == side
        assert PLACE not in data
        assert things_in(data) == set()


@pytest.mark.parametrize("size", [(1, 1), (16, 16), (160, 120), (320, 320)])
async def test_a_photo_of_the_size_of_a_thumbnail_has_one_of_its_own(size: tuple[int, int]) -> None:
    for given in (camera_picture(size=size), webp(size=size)):
        made = await child.add(given)
        assert size_of(made.photo) == size_of(made.thumbnail)
        assert made.photo != made.thumbnail


async def test_a_photo_that_was_taken_upright_stays_upright() -> None:
    made = await child.add(camera_picture(size=(800, 400), turned=True))
    assert size_of(made.photo) == (400, 800)


async def test_a_polyglot_is_a_picture_alone_afterwards() -> None:
    made = await child.add(polyglot())
    assert SCRIPT not in made.photo + made.thumbnail


@pytest.mark.parametrize(
    ("picture", "why"),
    [
        (b"", "no photo"),
        (b"hello", "no photo"),
        (SVG, "no photo"),
        (bomb(), "too large"),
        (camera_picture()[:4000], "damaged or cut short"),
        (camera_picture("PNG")[:4000], "damaged or cut short"),
        (camera_picture("WEBP")[:4000], "damaged or cut short"),
        (bytes(child.PICTURE_BYTES_MAX + 1), "too large"),
    ],
    ids=["nothing", "text", "SVG", "bomb", "cut JPEG", "cut PNG", "cut WebP", "24 MB"],
)
async def test_what_is_no_photo_is_refused_in_words(picture: bytes, why: str) -> None:
    with pytest.raises(Usage, match=why) as refused:
        await child.add(picture)
    assert refused.value.hint


async def test_what_came_is_shown_only_as_it_was_made_here() -> None:
    came = [webp(), webp(behind=SCRIPT), SVG, bomb(), camera_picture("PNG"), webp()[:-20], b"", camera_picture("JPEG")]
    shown = await child.show(came)
    assert [one is not None for one in shown] == [True, True, False, False, False, False, False, True]
    for one in shown:
        assert one is None or (SCRIPT not in one and PLACE not in one and things_in(one) == set())


async def test_a_child_that_is_stopped_costs_one_photo_and_not_its_neighbors(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, run = [], child._run

    async def stopped_by_the_second(what: str, given: bytes) -> bytes:
        asked.append(given)
        return b"" if b"stops it" in given else await run(what, given)

    monkeypatch.setattr(child, "_run", stopped_by_the_second)
    shown = await child.show([webp(), b"stops it", webp(color="red")])
    assert [one is not None for one in shown] == [True, False, True]
    assert len(asked) == 5, "all, each of the three, and a sound one to see whether it is this machine"
