"""People of a simulated world whose nodes do not keep the rules. Nothing is asked of what their own nodes hold."""

from __future__ import annotations

from types import MethodType
from typing import TYPE_CHECKING

from meshnode.replica.access import Access, AccessKey, AccessPolicy
from protocol import DeviceKeys, Kind, Listing, PersonId, limits, signed
from tests.support.people import grown

if TYPE_CHECKING:
    from tests.support.world import World


class Forger:
    """Brings versions of other people's records, signed by a device that those people never certified."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._number = 0

    def lie_to(self, name: str) -> None:
        """Bring the node called `name` a newer version of a record that it holds, whole or only its header."""
        world, replica = self._world, self._world.replica(name)
        held = [
            row for row in replica.store.records.rows(kinds=(Kind.LISTING, Kind.POLICY)) if row.author != replica.me
        ]
        if not held:
            return
        row = world.chance.choice(held)
        self._number += 1
        keys = DeviceKeys(*(grown("forger", self._number, part) for part in range(3)))
        now = replica.clock.now()
        record = signed(
            kind=Kind.LISTING,
            author=row.author,
            device=keys.device_id,
            slot=row.slot,
            version=row.version + 1,
            audience=row.audience,
            policy_version=row.policy_version,
            created=now,
            expires=now + limits.DAY,
            min_valid_version=row.version + 1,
            latest_expiry=now + limits.LISTING_LIFE,
            body=Listing("offer", "Not mine", salt=bytes(16)).to_body(),
            sign=keys.sign,
        )
        source = world.person(world.chance.choice(world.names))
        replica.ingest.receive([record if world.chance.random() < 0.3 else record.without_body()], source)


class Withholder:
    """Passes on listings, but not the policies by which others could tell whether they may have them."""

    def __init__(self, world: World, name: str) -> None:
        self.name = name
        node = world.mesh.nodes[name]
        me, honest = node.person, node.replica.access.decide

        def decide(_: AccessPolicy, viewer: PersonId, key: AccessKey) -> Access:
            if key[0] == Kind.POLICY and me not in (viewer, key[1]):
                return Access.DENY
            return honest(viewer, key)

        node.replica.access.decide = MethodType(decide, node.replica.access)  # type: ignore[method-assign]
