"""Texts of the page about the node itself that code chooses: its status, its devices, and what it holds."""

from __future__ import annotations

from typing import Any

from meshnode.quoting import named
from meshnode.text import devices, forms, node
from meshnode.text.catalog import message, plural

DECISIONS_KEPT = message("These decisions about people were made there and are kept. To change one, open the person:")
NO_BACKUP = message("No backup was made for 30 days. If this computer breaks, your keys and contacts are lost with it.")
DONE = {
    "synced": message("Everybody in reach was asked for what is new."),
    "device-confirmed": message("It becomes one of your devices now."),
    "device-refused": message("It was refused. The code no longer works: somebody else may have it. Make a new one."),
    "search-saved": message("The search is saved. New matches appear here and under Home."),
    "search-removed": message("The search is removed."),
}
KILO, MEGA = 1_000, 1_000_000


def size(count: int) -> str:
    """Return a number of bytes as people write it: 12 kB, 3.4 MB."""
    if count >= MEGA:
        return message("{size} MB", size=forms.number(round(count / MEGA, 1)))
    return message("{size} kB", size=forms.number(-(-count // KILO)))


def holds(storage: dict[str, Any]) -> list[str]:
    """Say what the node holds (StorageView of the API), a sentence a line."""
    own = plural(
        storage["own_records"],
        "Of yours: 1 item, {size}.",
        "Of yours: {n} items, {size}.",
        size=size(storage["own_size"]),
    )
    others = plural(
        storage["records"],
        "Of others: 1 item, {size} of {most} that they may send.",
        "Of others: {n} items, {size} of {most} that they may send.",
        size=size(storage["size"]),
        most=size(storage["size_most"]),
    )
    return [own, others]


def state(status: dict[str, Any]) -> list[str]:
    """Return the state of the node without its problems (StatusView of the API), a sentence a line."""
    names = list(dict.fromkeys(node.whose(one) for one in status["peers"]))
    lines = [message("Ready.") if status["ready"] else message("Starting.")]
    lines.append(
        message("Connected to {names}.", names=forms.listed(names)) if names else message("Not connected to anyone.")
    )
    lines.append(plural(status["records"], "This node holds 1 item.", "This node holds {n} items."))
    if status["devices"]:
        lines.append(
            message("Your other devices: {names}.", names=forms.listed([named(one) for one in status["devices"]]))
        )
    lines += devices.to_come(status)
    if status["pending"]:
        lines.append(
            plural(
                status["pending"],
                "1 card is waiting for the other person's node.",
                "{n} cards are waiting for the other people's nodes.",
            )
        )
    if status["addresses"]:
        addresses = ", ".join(status["addresses"])
        lines.append(message("Other nodes reach it at {addresses}.", addresses=addresses))
    return lines


def revoked(reply: dict[str, Any]) -> list[str]:
    """Say that a device can no longer act (RevokedView of the API), and what happens to what it created."""
    return [DECISIONS_KEPT if line == devices.DECISIONS_KEPT else line.strip() for line in devices.revoked(reply)]


def decision(one: dict[str, Any]) -> str:
    """Return what a device has decided about a person (DecisionView of the API)."""
    return devices.decision(one).strip()


def match(alert: dict[str, Any]) -> str:
    """Return when a match of a saved search came, as it follows the title."""
    return forms.moment(alert["at"])
