"""Texts about the service that keeps a node running."""

from __future__ import annotations

from typing import Any

from meshnode.text.catalog import message, plural

HELP = message("Keep the node running by systemd: after you close the terminal, and after a restart.")
INSTALL_HELP = message(
    "Install and start the service that runs this node.\n\n"
    "It runs as you. With --system it is a service of the whole computer, such as a Raspberry Pi, with a user and a home "
    "of its own; that needs sudo. Installing it again is harmless, and puts the service right after an update."
)
REMOVE_HELP = message("Stop the service and remove it. The node and its home stay as they are.")
STATUS_HELP = message("Show whether the service is installed, whether it runs, and where its log is.")
SYSTEM = message("The service of the whole computer, not yours.")
REMOVED = message("The service is removed. The node is as it was: 'meshnode run' starts it.")
NOT_INSTALLED = message("No service is installed. Install it: meshnode service install")
RUNNING = message("The service runs.")
AT_BOOT = message("It starts with this computer.")


def create_hint(command: str) -> str:
    """Say how to create the node of the system's service."""
    return message("create it: sudo -u meshnode {command} init --name NAME", command=command)


def no_node(home: object) -> str:
    """Say that the system's service has no node to run."""
    return message("there is no node in {home} for the service to run", home=home)


def status(view: dict[str, Any]) -> list[str]:
    """Return how the service is, a sentence a line."""
    if not view["installed"]:
        return [NOT_INSTALLED]
    lines = [RUNNING if view["running"] else message("The service does not run ({state}).", state=view["state"])]
    if view["home"]:
        lines.append(message("It runs the node in {home}.", home=view["home"]))
    if view["at_boot"]:
        lines.append(AT_BOOT)
    elif view["lingers"] is False:
        lines.append(
            message("It runs while you are logged in. To keep it running always: sudo loginctl enable-linger $USER")
        )
    else:
        lines.append(message("It does not start with this computer. To change that: meshnode service install"))
    if view["restarts"]:
        lines.append(
            plural(view["restarts"], "It was started again once after an error.", "It was started again {n} times.")
        )
    if view["scope"] == "system" and view["home"]:
        lines.append(message("Its commands: sudo -u meshnode meshnode --home {home} status", home=view["home"]))
    lines.append(message("Its log: {command}", command=view["log"]))
    return lines
