"""Gives a service the passphrase of its encrypted home, as a credential that systemd encrypts for this computer.

See LoadCredentialEncrypted in systemd.exec(5). The passphrase itself never passes through this program: the owner types it
to systemd.
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from meshnode.errors import Refused
from meshnode.service import unit_file
from meshnode.service.unit import literal

NAME = "meshnode.passphrase"
SYSTEM_STORE = Path("/etc/credstore.encrypted")
SYSTEM_SINCE, USER_SINCE = 250, 256  # the versions of systemd that open such credentials for services, and for a user's
_ASK = "systemd-ask-password -n Passphrase"
_DROP_IN = "passphrase.conf"


def give(units: Path, unit: str, store: Path, *, user: bool, systemd: int) -> None:
    """Let the unit in the directory `units` have the credential that lies in the directory `store`.

    `systemd` is its version, 0 if it is not known. Raises Refused, with the command that makes it, where there is no
    credential, and where this systemd opens none.
    """
    if 0 < systemd < (USER_SINCE if user else SYSTEM_SINCE):
        raise Refused(
            "the node is encrypted, and systemd {version} cannot give its passphrase to this service",
            "name a file with the passphrase by passphrase_file in the settings, best on a stick that you take out",
            version=systemd,
        )
    file = store / NAME
    if not file.exists():
        store.mkdir(mode=0o700, parents=True, exist_ok=True)
        seal = "systemd-creds --user encrypt" if user else "sudo systemd-creds encrypt"
        raise Refused(
            "the node is encrypted, and its service has no passphrase",
            "type this, then do it again: {command}",
            command=f"{_ASK} | {seal} --name={NAME} - {shlex.quote(str(file))}",
        )
    unit_file.write(drop_in(units, unit), f"[Service]\nLoadCredentialEncrypted={NAME}:{literal(str(file))}\n")


def take_away(units: Path, unit: str) -> None:
    """Let the unit start without the credential; the credential itself stays."""
    path = drop_in(units, unit)
    path.unlink(missing_ok=True)
    if path.parent.is_dir() and not os.listdir(path.parent):  # noqa: PTH208 - whether there is anything
        path.parent.rmdir()


def drop_in(units: Path, unit: str) -> Path:
    """Return the file by which systemd gives the credential to the unit."""
    return units / f"{unit}.d" / _DROP_IN
