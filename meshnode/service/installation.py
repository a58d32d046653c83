"""Installs, removes and shows the service that keeps the node of one user, or of the whole computer, running."""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from meshnode.errors import Failed, Forbidden, NotFound, Refused
from meshnode.service import credential, unit, unit_file
from meshnode.service.installed_program import check_open_to_services, program_words
from meshnode.service.systemd import Systemd, lingers

SYSTEM_UNITS = Path("/etc/systemd/system")
PACKAGED_UNITS = (Path("/usr/lib/systemd/system"), Path("/lib/systemd/system"))


class ServiceView(Struct, frozen=True):
    """How the service is. `scope` is `user` or `system`, `state` is systemd's word for it, such as active or failed.

    `at_boot` says that it starts with the computer; a user's own service then needs `lingers`. `log` is the command that
    shows the node's log. `home` and `unit` (the file) are null where it is not installed.
    """

    installed: bool
    scope: str
    running: bool
    state: str
    at_boot: bool
    lingers: bool | None
    restarts: int
    home: str | None
    unit: str | None
    log: str


def status(*, system: bool) -> ServiceView:
    """Return how the service is. Failed where systemd does not run."""
    manager = Systemd(system=system)
    known = manager.state()
    file = known.get("FragmentPath", "")
    user = None if system else _user_name()
    linger = None if user is None else lingers(user)
    enabled = known.get("UnitFileState") in ("enabled", "enabled-runtime")
    return ServiceView(
        installed=known.get("LoadState") == "loaded",
        scope="system" if system else "user",
        running=known.get("ActiveState") == "active",
        state=known.get("ActiveState", "unknown"),
        at_boot=enabled and linger is not False,
        lingers=linger,
        restarts=int(known["NRestarts"]) if known.get("NRestarts", "").isdigit() else 0,
        home=_home_in(Path(file)) if file else None,
        unit=file or None,
        log=f"journalctl {manager.log_options}",
    )


def install_for_user(home: Path, *, needs_passphrase: bool) -> ServiceView:
    """Install and start the service that runs the node in `home` for this user; again where it is installed already.

    Refused where a service of this user runs the node in another home, or where it `needs_passphrase` and systemd has none
    for it.
    """
    manager = Systemd(system=False)
    file, former = _user_units() / unit.NAME, installed_home()
    if former is not None and former != str(home):
        raise Refused(
            "your service runs the node in {path} already", "remove it first: meshnode service remove", path=former
        )
    version = manager.version()
    if needs_passphrase:
        credential.give(file.parent, unit.NAME, _user_config() / "credstore.encrypted", user=True, systemd=version)
    else:
        credential.take_away(file.parent, unit.NAME)
    unit_file.write(file, unit.user_unit(program_words(), home, systemd=version))
    return _start(manager)


def install_for_system(
    create_node: Callable[[tuple[str, ...]], None], needs_passphrase: Callable[[Path], bool]
) -> ServiceView:
    """Install and start the service of the whole computer, with a user of its own. Forbidden without root's rights.

    Where the service's home has no node yet, `create_node` is called with the command to which `init` is to be added.
    Refused where the node in that home `needs_passphrase` and systemd has none for it.
    """
    manager = Systemd(system=True)
    if os.geteuid() != 0:
        raise Forbidden("only root installs services of the system", "use: sudo meshnode service install --system")
    program = program_words()
    check_open_to_services(Path(program[0]))
    _make_user()
    _make_home()
    if not (unit.SYSTEM_HOME / "identity.key").exists():
        create_node((*program, "--home", str(unit.SYSTEM_HOME)))
    version = manager.version()
    if needs_passphrase(unit.SYSTEM_HOME):
        credential.give(SYSTEM_UNITS, unit.NAME, credential.SYSTEM_STORE, user=False, systemd=version)
    else:
        credential.take_away(SYSTEM_UNITS, unit.NAME)
    if not (program == unit.PACKAGED_PROGRAM and any((place / unit.NAME).exists() for place in PACKAGED_UNITS)):
        unit_file.write(SYSTEM_UNITS / unit.NAME, unit.system_unit(program, systemd=version, packaged=False))
    return _start(manager)


def installed_home() -> str | None:
    """Return the home of the node that the service of this user runs; None where none is installed."""
    return _home_in(_user_units() / unit.NAME)


def runs(home: Path) -> bool:
    """Whether the service of this user is installed, and is the one that runs the node in `home`."""
    return installed_home() == str(home) and status(system=False).running


def remove(*, system: bool) -> ServiceView:
    """End the service and remove it; the node and its home stay. NotFound where there is none; returns how it was."""
    before = status(system=system)
    if not before.installed or before.unit is None:
        raise NotFound("there is no service to remove", "'meshnode service status' shows what is installed")
    if system and os.geteuid() != 0:
        raise Forbidden("only root removes services of the system", "use: sudo meshnode service remove --system")
    manager = Systemd(system=system)
    manager.stop_and_disable()
    file = Path(before.unit)
    if file.parent not in PACKAGED_UNITS:  # that of the package goes with the package
        file.unlink(missing_ok=True)
    credential.take_away(SYSTEM_UNITS if system else _user_units(), unit.NAME)
    manager.reload()
    return before


def _start(manager: Systemd) -> ServiceView:
    manager.reload()
    manager.enable()
    manager.start_again()
    return status(system=manager.system)


def _user_units() -> Path:
    return _user_config() / "systemd" / "user"


def _user_config() -> Path:
    base = os.environ.get("XDG_CONFIG_HOME") or ""
    return Path(base) if base.startswith("/") else Path.home() / ".config"


def _home_in(file: Path) -> str | None:
    """Return the home of the node that the unit in `file` runs; None where it runs none, or there is no such file."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    given = (line.partition("=")[2] for line in lines if line.startswith(f"{unit.HOME_FIELD}="))
    return next((home.replace("%%", "%") for home in given), None)


def _user_name() -> str | None:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # a user without a name
        return None


def _make_user() -> None:
    """Make the user of the system's unit, as the package does."""
    try:
        pwd.getpwnam(unit.SYSTEM_USER)
    except KeyError:
        done = subprocess.run(
            ["systemd-sysusers", "--inline", unit.SYSUSERS_LINE], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise Failed(
                "the user {name} cannot be made ({reason})", name=unit.SYSTEM_USER, reason=" ".join(done.stderr.split())
            ) from None


def _make_home() -> None:
    owner = pwd.getpwnam(unit.SYSTEM_USER)
    unit.SYSTEM_HOME.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.chown(unit.SYSTEM_HOME, owner.pw_uid, owner.pw_gid)
    unit.SYSTEM_HOME.chmod(0o700)
