"""Says where a node's home is, as text.

A command has 30 ms in all, and `pathlib`, `typing` and platformdirs would take a third of them. `home` and `config` give
the same directory as a Path.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

VARIABLE = "MESHNODE_HOME"
SOCKET = "api.sock"
CONFIG = "config.toml"


def home_path(given: str | None = None, environ: Mapping[str, str] = os.environ) -> str:
    """Return the absolute path of the home: the one given, else MESHNODE_HOME, else the user's data directory."""
    if given is None:
        given = environ.get(VARIABLE) or _default(environ)
    return os.path.abspath(os.path.expanduser(given))


def _default(environ: Mapping[str, str]) -> str:
    """Return the user's data directory for this program: where platformdirs, which knows all systems, finds it on Linux."""
    if sys.platform != "linux" or "ANDROID_ROOT" in environ or not os.path.isabs(environ.get("HOME", "")):
        from platformdirs import user_data_dir

        return user_data_dir("meshnode", appauthor=False)
    directory = environ.get("XDG_DATA_HOME", "")
    if not os.path.isabs(directory):
        directory = os.path.join(environ["HOME"], ".local", "share")
    return os.path.join(directory, "meshnode")
