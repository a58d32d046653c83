"""`carry`: what it prints, as text and as JSON, what it refuses, and that it never replaces a file."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest

from meshnode.cli.parcels import MAGIC
from meshnode.text import parcels as text
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


def test_a_file_that_cannot_be_read_keeps_no_other_from_being_taken_in(
    village: Village, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = json.loads(village("A", "carry", "out", str(tmp_path), "--for", "Bob", "--again", "--json").out)["file"]
    (tmp_path / "locked").write_bytes(b"x")
    opened = os.open

    def refusing(path: Any, *words: Any, **more: Any) -> int:
        if Path(path).name == "locked":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return opened(path, *words, **more)

    monkeypatch.setattr(os, "open", refusing)
    ran = village("B", "carry", "in", str(tmp_path))
    assert (ran.code, ran.out) == (0, "From Alice: nothing new.\n")
    assert ran.err == '"locked": The file cannot be read: Permission denied.\n'
    Path(made).unlink()
    alone = village("B", "carry", "in", str(tmp_path))
    assert (alone.code, alone.err.count("\n")) == (1, 1)


def test_people_of_one_name_are_told_apart() -> None:
    bobs = [{"id": f"mp1{letter * 12}", "name": "Bob"} for letter in "abc"]
    made = {
        "size": 9,
        "file": "x",
        "people": [{"person": bob, "records": 1, "photos": 0, "photos_left": 0} for bob in bobs[:2]],
    }
    said = list(text.contents({**made, "unreachable": bobs[2:]}))
    assert [line.partition(":")[0] for line in said] == [
        "For Bob (mp1aaaaaaaa)", "For Bob (mp1bbbbbbbb)", "Bob (mp1cccccccc)",
    ]  # fmt: skip
    taken = [{"person": bob, "problem": None, "new": 1, "connected": False, "photos": 0} for bob in bobs[:2]]
    assert [line.partition(":")[0] for _, line in text.all_taken({"parcels": taken})] == [
        "From Bob (mp1aaaaaaaa)", "From Bob (mp1bbbbbbbb)",
    ]  # fmt: skip


def test_a_parcel_that_one_has_made_oneself_is_known_and_keeps_no_other_back(village: Village, tmp_path: Path) -> None:
    made = json.loads(village("A", "carry", "out", str(tmp_path), "--for", "Bob", "--again", "--json").out)["file"]
    own = village("A", "carry", "in", made)
    assert (own.code, own.out) == (5, "")
    assert own.err == "meshnode: This is a parcel that you have made yourself. Give it to those whom it is for.\n"
    village("B", "carry", "out", str(tmp_path), "--for", "Alice", "--again")
    both = village("A", "carry", "in", str(tmp_path))
    assert (both.code, both.out) == (0, "From Bob: nothing new.\n")
    assert f'"{Path(made).name}": This is a parcel that you have made yourself.' in both.err
    assert "Nothing in this parcel is for you" in village("C", "carry", "in", made).err


def test_photos_are_told_beside_items_and_what_is_left_of_them() -> None:
    person = {"id": "mp1aaaaaaaaaaaa", "name": "Bob"}
    some = {"person": person, "records": 0, "photos": 2, "photos_left": 1}
    made = {"size": 9, "file": "x", "people": [some], "unreachable": []}
    assert list(text.contents(made)) == ["For Bob: 2 photos.", "1 photo is left for the next parcel to Bob."]
    taken = {"person": person, "connected": False, "new": 3, "photos": 1}
    assert text.taken(taken) == "From Bob: 3 new items. From Bob: 1 new photo."
    assert text.taken({**taken, "new": 0}) == "From Bob: 1 new photo."
