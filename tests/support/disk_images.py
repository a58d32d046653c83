"""Images of a node's disk in a simulated mesh: taken, put back over the node, or run as a second machine."""

from __future__ import annotations

from msgspec.structs import replace

from meshnode.app.devices import copies
from meshnode.store import Store
from meshnode.store.database import Database
from protocol import DeviceKeys
from tests.support.mesh import Mesh


def image_of(mesh: Mesh, name: str) -> bytes:
    """Return an image of the disk of a node as it is now."""
    return mesh.nodes[name].replica.store._database.image()


def put_back(mesh: Mesh, name: str, image: bytes) -> None:
    """Put an image of its disk back over a node, and start it."""
    node = mesh.nodes[name]
    mesh.restart(name, replace(node.replica, store=_store_with(image)))


def clone(mesh: Mesh, name: str, image: bytes, second: str) -> None:
    """Start a second machine, called `second`, from an image of the disk of a node."""
    mesh.add_clone(second, name, replace(mesh.nodes[name].replica, store=_store_with(image)))


def renew_if_due(mesh: Mesh, name: str) -> None:
    """Let a node take a new device key if it has found out that it was copied, as a daemon does when it starts again."""
    replica = mesh.nodes[name].replica
    if copies.new_key_due(replica) and copies.may_take_new_key(replica):
        former = replica.device
        keys = DeviceKeys(replica.entropy(32), replica.entropy(32), replica.entropy(32))
        copies.note_new_key(replica.store, former, keys.device_id)
        letters = (*replica.former_letter_keys, replica.keys.letter_private)
        mesh.restart(name, replace(replica, keys=keys, former_letter_keys=letters))


def _store_with(image: bytes) -> Store:
    database = Database.open(":memory:")
    database.load(image)
    return Store(database)
