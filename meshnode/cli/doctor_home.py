"""What the doctor looks at by itself, as the home's owner: whether a node is there, who may read it, room on the disk."""

from __future__ import annotations

import os
from typing import Any

from meshnode.errors import MeshnodeError
from meshnode.home import Home

FREE_SHARE_MIN = 0.1  # below this a node accepts nothing more from others


def examine_home(home: Home) -> list[dict[str, Any]]:
    """Findings about the home itself, in the form of the daemon's own."""
    try:
        home.check()
    except MeshnodeError as error:
        return [_ill("home", error.message, error.hint)]
    except OSError as error:
        return [_ill("home", f"{home.path} cannot be read ({error.strerror})", "look at its owner and mode")]
    return [_well("home", f"The node in {home.path} is its owner's alone"), _room(home)]


def _room(home: Home) -> dict[str, Any]:
    quota = os.statvfs(home.path)
    share = quota.f_bavail / max(quota.f_blocks, 1)
    free = f"{share:.0%} of the disk is free"
    if share >= FREE_SHARE_MIN:
        return _well("disk", free)
    return _ill("disk", f"Only {free}", "make room: below 10% the node accepts nothing more from others")


def _well(code: str, message: str) -> dict[str, Any]:
    return {"code": code, "well": True, "message": message, "hint": ""}


def _ill(code: str, message: str, hint: str) -> dict[str, Any]:
    return {"code": code, "well": False, "message": message, "hint": hint}
