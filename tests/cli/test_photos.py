"""Cards in pictures: what phones and screens make of them is read, and a hostile picture costs one line."""

from __future__ import annotations

import os
import random
import resource
import subprocess
import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageFilter

from meshnode.cli import photos
from meshnode.errors import Usage
from meshnode.qr import codes
from meshnode.qr import photos as reading
from tests.cli.village import Village

Picture = Any
CARD = "mesh1" + "".join(random.Random(1).choices("023456789acdefghjklmnpqrstuvwxyz", k=900))


def code(text: str = CARD, scale: int = 6) -> Picture:
    """Return the QR code of a text as `card --png` makes it, in shades of gray."""
    saved = BytesIO()
    codes.qr_code(text).save(saved, kind="png", scale=scale, border=4)
    return Image.open(saved).convert("L")


def desk() -> Picture:
    """Return a photo of a desk with a card on it, which lies aslant."""
    photo = Image.effect_noise((2400, 1800), 50).convert("RGB")
    card = code().resize((900, 900)).rotate(11, expand=True, fillcolor=255).convert("RGB")
    photo.paste(card, (700, 300))
    return photo


def transparent() -> Picture:
    """Return a code in black on nothing."""
    dark = code().point(lambda shade: 255 - shade)
    picture = Image.new("RGBA", dark.size, (0, 0, 0, 0))
    picture.paste((0, 0, 0, 255), mask=dark)
    return picture


READABLE: dict[str, Callable[[], tuple[Picture, str]]] = {
    "card.png": lambda: (code(), "PNG"),
    "card.JPG": lambda: (code(), "JPEG"),
    "card.webp": lambda: (code(), "WEBP"),
    "card.gif": lambda: (code(), "GIF"),
    "turned.png": lambda: (code().rotate(90), "PNG"),
    "aslant.png": lambda: (code().rotate(17, expand=True, fillcolor=255), "PNG"),
    "blurred.png": lambda: (code().filter(ImageFilter.GaussianBlur(2)), "PNG"),
    "small.png": lambda: (code(scale=2), "PNG"),
    "dark.jpeg": lambda: (code().point(lambda shade: shade // 3 + 10), "JPEG"),
    "negative.png": lambda: (code().point(lambda shade: 255 - shade), "PNG"),
    "transparent.png": lambda: (transparent(), "PNG"),
    "desk.jpg": lambda: (desk(), "JPEG"),
    "huge.jpg": lambda: (code().resize((9000, 9000)), "JPEG"),
}


@pytest.mark.parametrize("name", READABLE)
def test_what_phones_and_screens_make_is_read(name: str, tmp_path: Path) -> None:
    picture, form = READABLE[name]()
    picture.save(tmp_path / name, form)
    assert photos.is_picture(str(tmp_path / name))
    assert photos.card_in(str(tmp_path / name)) == CARD


def test_a_card_that_was_saved_as_a_picture_is_added_by_another(village: Village, tmp_path: Path) -> None:
    picture = tmp_path / "card of carol.png"
    village("C", "card", "--png", str(picture))
    assert village("A", "add", str(picture)).out.startswith("You trust Carol (0.8).")


def refused(path: Path | str) -> str:
    """Return the one line by which a picture is refused."""
    with pytest.raises(Usage) as caught:
        photos.card_in(str(path))
    assert caught.value.hint
    assert "\n" not in caught.value.line
    return caught.value.line


def saved(path: Path, picture: Picture, form: str = "PNG") -> Path:
    picture.save(path, form)
    return path


def side_by_side(*texts: str) -> Picture:
    codes = [code(text) for text in texts]
    both = Image.new("L", (sum(one.width for one in codes) + 60, max(one.height for one in codes)), 255)
    at = 0
    for one in codes:
        both.paste(one, (at, 0))
        at += one.width + 60
    return both


def test_a_picture_without_one_card_says_what_to_do(tmp_path: Path) -> None:
    assert "from closer" in refused(saved(tmp_path / "blank.png", Image.new("L", (800, 600), 200)))
    assert "no card of meshnode" in refused(saved(tmp_path / "other.png", code("https://example.org")))
    assert "shows 2 cards" in refused(saved(tmp_path / "two.png", side_by_side(CARD, CARD[:-9] + "023456789")))
    assert photos.card_in(str(saved(tmp_path / "both.png", side_by_side(CARD, "https://example.org")))) == CARD
    assert photos.card_in(str(saved(tmp_path / "same.png", side_by_side(CARD, CARD)))) == CARD


def bomb(side: int) -> bytes:
    """Return a picture of that many pixels a side in a few kilobytes."""
    small = BytesIO()
    Image.new("1", (side, side)).save(small, "PNG", optimize=True)
    return small.getvalue()


def whole() -> bytes:
    made = BytesIO()
    code().save(made, "PNG")
    return made.getvalue()


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "truncated.png": (lambda: whole()[:900], "is damaged"),
    "bits.png": (lambda: whole()[:60] + bytes(range(256)) + whole()[316:], "is damaged"),
    "bomb.png": (lambda: bomb(20_000), "is too large"),
    "text.png": (lambda: b"Dear neighbor, here is my card.\n" * 50, "is no picture"),
    "empty.jpg": (lambda: b"", "is no picture"),
    "drawing.png": (lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is no picture"),
    "program.gif": (lambda: b"\x7fELF" + bytes(4096), "is no picture"),
    "phone.heic": (lambda: b"\x00\x00\x00\x18ftypheic" + bytes(4096), "as JPEG"),
    "renamed.jpg": (lambda: b"\x00\x00\x00\x18ftypmif1" + bytes(4096), "as JPEG"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_or_foreign_file_costs_one_line(name: str, tmp_path: Path) -> None:
    make, says = HOSTILE[name]
    (tmp_path / name).write_bytes(make())
    assert says in refused(tmp_path / name)


def test_what_is_no_file_is_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "directory.png").mkdir()
    assert "is not a file" in refused(tmp_path / "pipe.png")
    assert "is not a file" in refused(tmp_path / "directory.png")
    assert "cannot be opened" in refused(tmp_path / "missing.png")
    assert "is not a file" in refused("/dev/zero")
    with (tmp_path / "endless.png").open("wb") as file:
        file.truncate(reading.PICTURE_BYTES_MAX + 1)
    assert "is too large" in refused(tmp_path / "endless.png")


def test_a_child_that_dies_or_babbles_is_a_damaged_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = saved(tmp_path / "card.png", code())
    for program in (
        "import os; os.kill(os.getpid(), 9)",
        "print('x' * 100)",
        "print('[1]')",
        "print('{\"codes\": 1}')",
    ):
        child = tmp_path / "child.py"
        child.write_text(program)
        monkeypatch.setattr(reading, "READER", child)
        refused(picture)


def test_the_child_can_do_nothing_but_read_the_picture(tmp_path: Path) -> None:
    """Run its limits in a process, and try what a decoder that was taken over would try."""
    tries = tmp_path / "tries.py"
    tries.write_text(
        f"""
import resource, sys
sys.path.insert(0, {os.fspath(reading.READER.parents[2])!r})
from meshnode import boxed
boxed.confine()
boxed.close_files()
for attempt in (lambda: open("/etc/passwd"), lambda: bytearray(2**31), lambda: __import__("socket").socket()):
    try:
        attempt()
        print("did it")
    except (OSError, MemoryError, ImportError):
        print("refused")
print(resource.getrlimit(resource.RLIMIT_CPU)[1], resource.getrlimit(resource.RLIMIT_FSIZE)[1])
"""
    )
    ran = subprocess.run([sys.executable, str(tries)], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["refused"] * 3 + ["10", "0"]
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 0  # of the child alone


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("photo.jpg", True),
        ("my card.PNG", True),
        ("~/Pictures/card.heic", True),
        ("mesh1abc", False),
        ("MESH1ABC 023 456", False),
        ("mesh1.png", True),
        ("Bob", False),
        ("Bob/Carol", False),
        ("mp1abcdefgh", False),
        ("-", False),
    ],
)
def test_a_picture_is_told_from_a_card_and_from_a_name(
    typed: str, expected: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Bob").write_text("a file of this name is no picture")
    assert photos.is_picture(typed) is expected


def test_a_path_needs_no_suffix(tmp_path: Path) -> None:
    path = saved(tmp_path / "scan", code())
    assert photos.is_picture(str(path))
    assert photos.card_in(str(path)) == CARD
