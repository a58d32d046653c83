"""A card as a drawing, a picture and a printed page: the code in them is the card, and a failure makes no card."""

from __future__ import annotations

import json
import stat
import zlib
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import segno

from meshnode.cli import pictures
from meshnode.qr.codes import BORDER
from protocol.tokens import Card
from tests.cli.terminal import Terminal
from tests.cli.village import Village


def squares(card: str) -> list[list[bool]]:
    """Return the dark squares of the card's QR code, row by row."""
    return [[bool(dark) for dark in row] for row in segno.make(card.upper(), error="l", micro=False).matrix]


def squares_of_png(picture: bytes) -> list[list[bool]]:
    """Return the dark squares of a picture of one bit for each pixel, black on white."""
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    chunks: dict[bytes, bytes] = {}
    at = 8
    while at < len(picture):
        length = int.from_bytes(picture[at : at + 4], "big")
        chunks[picture[at + 4 : at + 8]] = picture[at + 8 : at + 8 + length]
        at += 12 + length
    width, height = (int.from_bytes(chunks[b"IHDR"][start : start + 4], "big") for start in (0, 4))
    assert chunks[b"IHDR"][8] == 1, "one bit for each pixel"
    rows, line = zlib.decompress(chunks[b"IDAT"]), 1 + (width + 7) // 8
    scale, edge = int(pictures.SCALE["png"]), BORDER * int(pictures.SCALE["png"])
    starts = range(edge, height - edge, scale)
    return [[not rows[y * line + 1 + x // 8] >> (7 - x % 8) & 1 for x in starts] for y in starts]


def test_a_picture_holds_the_card_and_only_its_owner_can_read_it(village: Village, tmp_path: Path) -> None:
    drawing, picture = tmp_path / "card.svg", tmp_path / "card.png"
    printed = village("A", "card", "--svg", str(drawing), "--png", str(picture)).out.strip()
    assert Card.parse(printed).name == "Alice"
    assert squares_of_png(picture.read_bytes()) == squares(printed)
    side = float(ET.parse(drawing).getroot().attrib["width"])  # noqa: S314 - made by this test
    assert side == (len(squares(printed)) + 2 * BORDER) * pictures.SCALE["svg"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in (drawing, picture)} == {0o600}


def test_on_a_terminal_it_is_said_where_the_picture_is(village: Village, tmp_path: Path) -> None:
    picture = tmp_path / "card.png"
    with Terminal("--home", str(village.homes["A"]), "card", "--png", str(picture)) as terminal:
        shown = terminal.read_all()
    assert f"Saved in {picture}." in shown
    assert "For one person, until " in shown
    assert "mesh1" not in shown


@pytest.mark.parametrize("words", [("--png", "there"), ("--svg", "nowhere/card"), ("--svg", "new", "--png", "there")])
def test_where_a_file_cannot_be_new_no_card_is_made(
    village: Village, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").write_text("mine")
    ran = village("A", "card", *words)
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["there"]
    assert (tmp_path / "there").read_text() == "mine"


def test_where_the_card_is_refused_no_file_is_left(village: Village, tmp_path: Path) -> None:
    ran = village("A", "card", "--uses", "0", "--png", str(tmp_path / "card.png"))
    assert (ran.code, ran.out) == (2, "")
    assert not (tmp_path / "card.png").exists()


def printer(directory: Path, script: str) -> None:
    program = directory / "lp"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o700)


def test_a_card_is_printed(village: Village, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    printer(tmp_path, f"cat > {tmp_path}/page")
    printed = village("A", "card", "--print").out.strip()
    assert Card.parse(printed).name == "Alice"
    assert (tmp_path / "page").read_bytes().startswith(b"%PDF-")


def test_where_no_program_prints_no_card_is_made(
    village: Village, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    ran = village("A", "card", "--print")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        "meshnode: There is no program that prints (lp). Save the card with --png FILE, and print that file.\n"
    )


def test_a_card_that_the_printer_refuses_is_not_lost(
    village: Village, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    printer(tmp_path, "echo lp: no default destination >&2; exit 1")
    ran = village("A", "card", "--print")
    assert Card.parse(ran.out).name == "Alice"
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert ran.err.startswith("meshnode: The card was not printed (lp: no default destination).")
    assert json.loads(village("A", "card", "--print", "--json").out)["text"].startswith("mesh1")
