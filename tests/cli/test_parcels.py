"""`carry`: what it prints, as text and as JSON, what it refuses, and that it never replaces a file."""

from __future__ import annotations

import json
from pathlib import Path

from meshnode.cli.parcels import MAGIC
from protocol.parcels import PARCEL_MAGIC
from tests.cli.village import Village


def test_the_commands_know_a_parcel_by_how_it_begins() -> None:
    assert MAGIC == PARCEL_MAGIC


def test_a_parcel_goes_out_and_in_by_a_folder(village: Village, tmp_path: Path) -> None:
    village("A", "offer", "Carrots")
    ran = village("A", "carry", "out", str(tmp_path), "--for", "Bob", "--again", "--json")
    made = json.loads(ran.out)
    assert [one["person"]["name"] for one in made["people"]] == ["Bob"]
    assert Path(made["file"]).stat().st_size == made["size"]
    (taken,) = json.loads(village("B", "carry", "in", str(tmp_path), "--json").out)["parcels"]
    assert (taken["person"]["name"], taken["problem"], taken["file"]) == ("Alice", None, made["file"])
    assert village("B", "carry", "in", made["file"]).out.startswith("From Alice: nothing new.")


def test_a_file_that_is_there_is_never_replaced(village: Village, tmp_path: Path) -> None:
    file = tmp_path / "notes"
    file.write_text("milk")
    ran = village("A", "carry", "out", str(file), "--again")
    assert (ran.code, file.read_text()) == (5, "milk")
    assert ran.err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["notes"]


def test_what_is_no_parcel_is_refused_in_one_line(village: Village, tmp_path: Path) -> None:
    village("A", "carry", "out", str(tmp_path / "for-bob"), "--for", "Bob", "--again")
    other = tmp_path / "other"
    other.write_bytes(b"../" * 40_000)
    for who, file, code in (
        ("B", other, 5),
        ("C", tmp_path / "for-bob", 5),
        ("B", tmp_path / "none", 1),
        ("B", tmp_path / "empty", 3),
    ):
        (tmp_path / "empty").mkdir(exist_ok=True)
        ran = village(who, "carry", "in", str(file))
        assert (ran.code, ran.out, ran.err.count("\n")) == (code, "", 1), ran.err


def test_with_nothing_new_no_file_is_written(village: Village, tmp_path: Path) -> None:
    village("A", "carry", "out", str(tmp_path / "first"))
    ran = village("A", "carry", "out", str(tmp_path / "second"))
    assert "nothing new" in ran.out
    assert not (tmp_path / "second").exists()
