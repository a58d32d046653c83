"""A disk that dies under a running node: it stops at once, and says in one line what happened and what to do."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from meshnode.errors import Failed, StorageFailed, StorageFull, of_system
from tests.support.processes import NO_INTERFACE, log_of, meshnode, ready

PROJECT = Path(__file__).resolve().parents[2]
END_SECONDS = 10.0

# Runs a node whose disk fails in every way from the moment that it is to take a post: it takes no commit and removes no
# file. Any earlier, the node could find out by work of its own, and end before it is asked for anything.
DYING = """
import errno, os, pathlib, sys
from meshnode.app.listings import listings
from meshnode.store import connecting
from tests.support.failing_disk import FailingDisk, eio_on_fsync

is_dead = False
disk = FailingDisk("dying")
def sync():
    if is_dead:
        eio_on_fsync()
disk.fail_sync = sync
connecting.checksums = lambda: disk.name
unlink = pathlib.Path.unlink
def failing_unlink(path, missing_ok=False):
    if is_dead:
        raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))
    unlink(path, missing_ok=missing_ok)
pathlib.Path.unlink = failing_unlink
post = listings.post
def last_post(*given):
    global is_dead
    is_dead = True
    return post(*given)
listings.post = last_post
from meshnode.cli.main import main
main(sys.argv[1:])
"""


def test_the_owner_is_told_that_the_disk_failed_whatever_else_fails_then(tmp_path: Path) -> None:
    home = tmp_path / "alice"
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    words = [sys.executable, "-c", DYING, "--home", str(home)]
    subprocess.run([*words, "init", "--name", "Alice", "--no-input"], env=environment, check=True, timeout=60)
    with log_of(home).open("w") as log:
        command = [*words, "run", "--no-mdns", *NO_INTERFACE]
        daemon = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        ready(home)
        posted = meshnode(home, "offer", "Apples")
        assert posted.returncode == 1
        assert daemon.wait(END_SECONDS) == 1
    finally:
        daemon.kill()
    last = log_of(home).read_text().splitlines()[-1]
    for said in (posted.stderr, last):
        assert "disk failed" in said
        assert "Restart the computer" in said
        assert "Error" not in said.replace("I/O error", "")


# An error of the system, the class of what it means to a node, and a word that its sentence has.
MEANINGS = {
    errno.EIO: (StorageFailed, "failed"),
    errno.ENODEV: (StorageFailed, "failed"),
    errno.EROFS: (StorageFailed, "can no longer be written"),
    errno.ENOSPC: (StorageFull, "full"),
    errno.EDQUOT: (StorageFull, "full"),
    errno.ENOMEM: (Failed, "memory"),
    errno.EMFILE: (Failed, "files"),
    errno.EACCES: (Failed, "allow"),
}


@pytest.mark.parametrize("number", MEANINGS)
def test_an_error_of_the_system_is_said_in_words(number: int) -> None:
    kind, word = MEANINGS[number]
    found = of_system(OSError(number, os.strerror(number)))
    assert type(found) is kind
    assert word in found.message


@pytest.mark.parametrize("number", sorted(errno.errorcode))
def test_every_error_of_the_system_is_one_line_with_a_next_step(number: int) -> None:
    for found in (of_system(OSError(number, os.strerror(number))), of_system(OSError(number, "", "/home/alice/x"))):
        assert "\n" not in found.line
        assert found.hint
        assert "OSError" not in found.line


def test_an_error_without_a_number_is_said_too() -> None:
    assert of_system(OSError()).hint
