"""The part of the doctor that needs the files: whether there is a node, who can read it, encryption, and free disk space.

The command line looks at these itself, because it runs as the home's owner even when the daemon does not run.
"""

from __future__ import annotations

import os
from typing import Any

from meshnode.cli import passphrase
from meshnode.cli.command import Settings
from meshnode.errors import MeshnodeError
from meshnode.home import Home
from meshnode.text import node as text
from meshnode.text import passphrase as passphrase_text

FREE_SHARE_MIN = 0.1  # below this a node accepts nothing more from others


def examine_home(call: Settings) -> list[dict[str, Any]]:
    """Return findings about the home, in the form of the daemon's own."""
    home = call.chosen_home()
    try:
        home.check()
    except MeshnodeError as error:
        return [_bad("home", error.message, error.hint)]
    except OSError as error:
        return [_bad("home", text.home_unreadable(home.path, error.strerror), text.HOME_UNREADABLE_HINT)]
    return [_good("home", text.home_private(home.path)), _encryption(call, home), _disk(home)]


def _encryption(call: Settings, home: Home) -> dict[str, Any]:
    if not home.encryption.exists():
        return _good("encryption", passphrase_text.PLAIN)
    if passphrase.lies_beside(call, home):
        return _bad("encryption", passphrase_text.ENCRYPTED, passphrase_text.LIES_BESIDE)
    return _good("encryption", passphrase_text.ENCRYPTED)


def _disk(home: Home) -> dict[str, Any]:
    disk = os.statvfs(home.path)
    share = disk.f_bavail / max(disk.f_blocks, 1)
    if share >= FREE_SHARE_MIN:
        return _good("disk", text.disk_free(share))
    return _bad("disk", text.disk_full(share), text.DISK_FULL_HINT)


def _good(code: str, message: str) -> dict[str, Any]:
    return {"code": code, "well": True, "message": message, "hint": ""}


def _bad(code: str, message: str, hint: str) -> dict[str, Any]:
    return {"code": code, "well": False, "message": message, "hint": hint}
