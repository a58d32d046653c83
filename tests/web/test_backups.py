"""The page Backup: it makes the key and shows its secret once, gives a backup away in pieces, and speaks of encryption."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio

from meshnode.app import backup_state
from meshnode.backup import BackupReader, DailyBackups
from meshnode.home import Home
from meshnode.local.file_stream import PIECE_BYTES, FilePieces, FileStream
from protocol import limits
from tests.support.homes import maker_of, new_home, running
from tests.support.mesh import Mesh
from tests.web.plain_browser import Page, PlainBrowser, PlainPhone

Browsers = tuple[PlainBrowser, PlainBrowser, PlainBrowser]
SECRET = re.compile(r"AGE-SECRET-KEY-1[0-9A-Z]+")
PASSPHRASE = "seven words that nobody else has typed"


@asynccontextmanager
async def browser_of(home: Home, passphrase: str | None = None) -> AsyncIterator[PlainBrowser]:
    """Return a browser that is signed in at the page of a home on a disk."""
    with running(home, passphrase) as replica:
        browser = PlainBrowser(replica)
        browser.context.backups = maker_of(home, replica)
        await browser.sign_in()
        yield browser


async def make_key(browser: PlainBrowser) -> Page:
    """Press the button that makes the key."""
    return await browser.send(await browser.get("/backups"), "/backups/key", "Make the key")


def left_in(home: Home) -> list[str]:
    """Return what a backup has left in a home."""
    return [path.name for path in home.path.iterdir() if path.name.startswith(".backup")]


async def test_a_backup_from_the_page_opens_with_the_secret_that_it_showed(tmp_path: Path) -> None:
    home = new_home(tmp_path / "alice")
    async with browser_of(home) as alice:
        page = await alice.get("/backups")
        assert "No backup was made yet." in page.text
        assert "Make one now and save it" not in page.text
        shown = await make_key(alice)
        (secret,) = SECRET.findall(shown.html)
        page = await alice.get("/backups")
        saved = await alice.send(page, "/backups", "Make one now and save it")
        assert re.fullmatch(
            r'attachment; filename="meshnode-backup-\d{4}-\d\d-\d\d\.age"', saved.headers["content-disposition"]
        )
        assert int(saved.headers["content-length"]) == len(saved.body)
        assert left_in(home) == []
        assert "Last backup: " in (await alice.get("/backups")).text
    (tmp_path / "b.age").write_bytes(saved.body)
    assert BackupReader(tmp_path / "b.age", secret).unpack(tmp_path / "read").name == "Alice"


async def test_the_secret_is_shown_once_and_stays_nowhere(tmp_path: Path) -> None:
    home = new_home(tmp_path / "alice")
    async with browser_of(home) as alice:
        (secret,) = SECRET.findall((await make_key(alice)).html)
        for address in ("/backups", "/", "/status"):
            assert secret not in (await alice.get(address)).html
    assert not [path for path in home.path.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]


async def test_a_form_for_a_key_that_is_sent_twice_makes_one_key(tmp_path: Path) -> None:
    async with browser_of(new_home(tmp_path / "alice")) as alice:
        before = await alice.get("/backups")
        assert SECRET.search((await alice.send(before, "/backups/key", "Make the key")).html)
        keys = alice.context.backups and alice.context.backups.recipients()
        again = await alice.send(before, "/backups/key", "Make the key")
        assert again.status == 409
        assert "the key of your backups has changed meanwhile" in again.text
        assert not SECRET.search(again.html)
        assert alice.context.backups
        assert alice.context.backups.recipients() == keys
        assert SECRET.search((await alice.send(again, "/backups/key", "Make a new key")).html)
        assert alice.context.backups.recipients() != keys


async def test_the_daily_backups_and_a_failed_one_are_shown(tmp_path: Path) -> None:
    async with browser_of(new_home(tmp_path / "alice")) as alice:
        await make_key(alice)
        assert alice.context.backups
        assert "None was made yet." in (await alice.get("/backups")).text
        assert await DailyBackups(alice.context.backups).make_if_due()
        page = await alice.get("/backups")
        assert re.search(r"<li>\d{4}-\d\d-\d\d</li>", page.html)
        assert str(alice.context.backups.directory) in page.text
        backup_state.note_failed(alice.context.replica, "the stick is <b>gone</b>")
        page = await alice.get("/backups")
        assert "The last try failed: the stick is <b>gone</b>" in page.text
        assert "<b>gone" not in page.html


@pytest.mark.parametrize(
    ("passphrase", "said", "command"),
    [(None, "is not encrypted: somebody who has its disk can read it.", "passphrase set"),
     (PASSPHRASE, "Everything in the home is encrypted.", "passphrase change")],
)  # fmt: skip
async def test_it_says_whether_the_home_is_encrypted_and_with_which_command_that_changes(
    tmp_path: Path, passphrase: str | None, said: str, command: str
) -> None:
    home = new_home(tmp_path / "alice", passphrase=passphrase)
    async with browser_of(home, passphrase) as alice:
        page = await alice.get("/backups")
        assert said in page.text
        assert f"stop the node, then type in a terminal: meshnode {command}" in page.text


async def test_a_node_that_keeps_nothing_on_a_disk_says_so(browsers: Browsers) -> None:
    alice = browsers[0]
    page = await alice.get("/backups")
    assert "This node keeps nothing on a disk." in page.text
    fields = {"token": page.form("/sign-out").fields["token"]}
    for address in ("/backups", "/backups/key"):
        assert (await alice.post(address, fields)).status == 409


async def test_without_a_key_nothing_is_made(tmp_path: Path) -> None:
    async with browser_of(new_home(tmp_path / "alice")) as alice:
        fields = (await alice.get("/backups")).form("/backups/key").fields
        page = await alice.post("/backups", fields)
        assert page.status == 409
        assert "there is no key for your backups" in page.text


async def test_home_reminds_kindly_after_a_month_and_no_phone(mesh: Mesh, browsers: Browsers) -> None:
    alice, bob, _ = browsers
    assert "/backups" not in (await alice.get("/")).links.values()
    mesh.advance(backup_state.ASKED_AFTER + limits.DAY)
    assert (await alice.get("/")).links["Backup"] == "/backups"
    assert "No backup was made for 30 days." in (await alice.get("/")).text
    status = await alice.get("/status")
    assert status.links["Backup"] == "/backups"
    assert "meshnode backup" not in status.text
    assert "No backup" not in (await PlainPhone(bob).let_in()).text
    backup_state.note_made(alice.context.replica)
    assert "No backup was made" not in (await alice.get("/")).text


async def test_a_download_is_never_whole_in_memory_and_its_file_is_closed(tmp_path: Path) -> None:
    whole = bytes(range(256)) * (3 * PIECE_BYTES // 256) + b"end"
    (tmp_path / "b.age").write_bytes(whole)
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    file = (tmp_path / "b.age").open("rb")
    await FileStream(FilePieces(file), len(whole), {})({"type": "http", "method": "POST"}, trio.sleep_forever, send)
    pieces = [message["body"] for message in sent[1:]]
    assert b"".join(pieces) == whole
    assert max(map(len, pieces)) == PIECE_BYTES
    assert file.closed


async def test_a_browser_that_goes_away_leaves_no_open_file(tmp_path: Path) -> None:
    (tmp_path / "b.age").write_bytes(b"x" * 10)
    file = (tmp_path / "b.age").open("rb")

    async def send(_: Any) -> None:
        raise OSError("it has gone away")

    with pytest.raises(OSError, match="gone away"):
        await FileStream(FilePieces(file), 10, {})({"type": "http"}, trio.sleep_forever, send)
    assert file.closed
