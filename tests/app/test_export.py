"""The export has everything that is the owner's, nothing that others share, and no secret in any form."""

from __future__ import annotations

import base64
import json

from meshnode.app import export
from meshnode.app.discover import hiding
from meshnode.app.discover.search import SearchQuery
from meshnode.app.discover.watches import Watcher, add
from meshnode.app.exchanges import exchanges
from meshnode.app.groups import groups
from meshnode.app.listings import lifecycle
from meshnode.app.people import blocks
from meshnode.local.schema import dump
from meshnode.slices import complete
from tests.app.neighbors import Neighbor
from tests.support.mesh import Mesh

People = tuple[Neighbor, Neighbor, Neighbor]


def exported(neighbor: Neighbor) -> tuple[export.ExportView, str]:
    """Return the document, and its JSON."""
    made = complete(export.export(neighbor.replica, neighbor.catalog, Watcher(neighbor.replica, neighbor.catalog)))
    return made, dump(made)


def test_the_export_has_everything_of_the_owner_and_nothing_of_others(mesh: Mesh, people: People) -> None:
    alice, bob, carol = people
    alice.post("Chair")
    alice.post("Soup")
    lifecycle.close(alice.replica, alice.catalog, "Soup")
    bob.post("Bread", audience="network_wide")
    carol.post("Jam", audience="network_wide")
    groups.new(alice.replica, groups.GroupOrder("cell", "Elm Street"))
    mesh.settle()
    exchanges.respond(alice.replica, alice.catalog, "Bread", exchanges.Request(message="May I?"))
    hiding.hide(alice.replica, alice.catalog, "Jam")
    add(alice.replica, alice.catalog, Watcher(alice.replica, alice.catalog), SearchQuery(words="ladder"))
    blocks.block(alice.replica, "Carol")
    made, text = exported(alice)
    assert made.person.name == "Alice"
    assert [listing.title for listing in made.listings] == ["Chair"]
    assert [(ended.title, ended.how) for ended in made.ended] == [("Soup", "closed")]
    assert [(exchange.listing.title, exchange.messages[0].text) for exchange in made.exchanges] == [("Bread", "May I?")]
    assert [(vouch.person.name, vouch.trust) for vouch in made.vouches] == [("Bob", 0.7)]
    assert [block.person.name for block in made.blocks] == ["Carol"]
    assert [group.name for group in made.groups] == ["Elm Street"]
    assert [watch.words for watch in made.watches] == ["ladder"]
    assert [hidden.title for hidden in made.hidden] == ["Jam"]
    assert json.loads(text)["format"] == 1


def test_the_export_has_no_secret_in_any_form(people: People) -> None:
    alice = people[0]
    card = alice.card(uses=3)
    replica = alice.replica
    secrets = [replica.keys.dh_private, *(issued.secret for issued in replica.store.cards.issued_live(0))]
    secrets += [value for value in vars_of(replica.keys) + vars_of(replica.identity) if len(value) == 32]
    public = {replica.me, replica.device}
    _, text = exported(alice)
    assert card not in text
    for secret in set(secrets) - public:
        for form in (
            secret.hex(),
            base64.b64encode(secret).decode().rstrip("="),
            base64.b32encode(secret).decode().rstrip("="),
        ):
            assert form.lower() not in text.lower()


def vars_of(keys: object) -> list[bytes]:
    """Return every byte string that an object of keys holds."""
    names = [name for kind in type(keys).__mro__ for name in getattr(kind, "__slots__", ())]
    values = [getattr(keys, name, None) for name in [*names, *getattr(keys, "__dict__", {})]]
    return [bytes(value) for value in values if isinstance(value, bytes)]
