"""How much one step does: no call of the API looks at a whole web, or at all posts, without giving way.

Nothing is timed. The work that takes long is counted: searches of the whole web, questions to the visibility rule, and
exchanges that are put together for the owner. All step sizes are small here, and the web is much larger than they are: a
call that looks at everybody in one step is found out by its count.
"""

from __future__ import annotations

from collections.abc import Callable
from pkgutil import resolve_name
from typing import Any

import pytest

from meshnode.app import everybody, naming
from meshnode.app.catalog import catalog as catalogs
from meshnode.app.catalog import sight
from meshnode.app.catalog.catalog import Catalog
from meshnode.app.discover import discover, news, ordering
from meshnode.app.discover.watches import Watcher
from meshnode.app.exchanges import view as exchange_views
from meshnode.app.exchanges.exchanges import ExchangesQuery, Request, exchanges, respond
from meshnode.app.explain import audience, what_if, why, world
from meshnode.app.export import export
from meshnode.app.following import following
from meshnode.app.groups import groups
from meshnode.app.listings import listings
from meshnode.app.listings.listings import ListingDraft
from meshnode.app.owner import policy
from meshnode.app.owner.preference import SharingChange
from meshnode.app.people import blocks, people
from meshnode.net.contact_list import read_contacts
from meshnode.replica.replica import Replica
from meshnode.slices import Steps, complete
from meshnode.store import RecordState
from protocol import Audience, PersonId, Precision, Preference, Record, person_text
from tests.support.mesh import EPOCH, Mesh
from tests.support.people import Person

STEP = 5
COUNT = 60
FRIENDS = 4
EXCHANGES = 3 * STEP
ASKED_PER_PERSON = 4  # questions to the rule about one person, or one bucket of listings
TOWN = [Person(f"Neighbor {number}") for number in range(COUNT)]


class Counters:
    """Counts the work since `begin`."""

    def __init__(self) -> None:
        self.searches = self.asked = self.viewed = 0

    def begin(self) -> None:
        """Count from zero."""
        self.searches = self.asked = self.viewed = 0


@pytest.fixture
def counters(monkeypatch: pytest.MonkeyPatch) -> Counters:
    """Count whole searches of the web and questions to the rule, with small steps."""
    counted = Counters()
    for module, name in (
        (everybody, "STEP"),
        (catalogs, "STEP"),
        (sight, "STEP_ASKED"),
        (world, "PEOPLE_OF_A_STEP"),
        (what_if, "PEOPLE_OF_A_STEP"),
        (news, "STEP_SEEN"),
        (ordering, "STEP_RANKED"),
        (naming, "NAMES_OF_A_STEP"),
        (exchange_views, "STEP_VIEWED"),
    ):
        monkeypatch.setattr(module, name, STEP)

    # In so small a web, one block would count as a large change.
    monkeypatch.setattr("protocol.trust.incremental_paths._CHANGES_PART", 0)

    def count(function: str, what: str) -> None:
        plain = resolve_name(function)

        def counting(*arguments: Any, **named: Any) -> Any:
            setattr(counted, what, getattr(counted, what) + 1)
            return plain(*arguments, **named)

        monkeypatch.setattr(function, counting)

    count("protocol.trust.paths.paths_to", "searches")
    count("protocol.trust.paths.paths_from", "searches")
    for asking in ("replica.access", "app.catalog.sight", "app.explain.world"):
        count(f"meshnode.{asking}.visible", "asked")
    count("meshnode.app.exchanges.view.view", "viewed")
    return counted


class Town:
    """A node of whose owner four people of sixty are friends, in a web in which each knows eight others.

    It is warm: it has read all posts, names and contacts, and then somebody far away has changed a vouch.
    """

    def __init__(self) -> None:
        self.replica: Replica = Mesh(1).add("Alice").replica
        self._version = 0
        for number, person in enumerate(TOWN):
            self.put(person.certificate(EPOCH))
            self.say(number)
            self.put(person.profile(EPOCH, name=f"Neighbor {number}"))
            for audience_of in (Audience.FOLLOWS, Audience.NETWORK_WIDE):
                self.put(person.listing(f"Ladder {number} {audience_of.word}", audience=audience_of, now=EPOCH))
        for person in TOWN[:FRIENDS]:
            policy.vouch(self.replica, person.id, 900)
        groups.new(self.replica, groups.GroupOrder("cell", "Garden"))
        listings.post(self.replica, ListingDraft("offer", "My ladder"))
        self.catalog = Catalog(self.replica)
        self.watcher = Watcher(self.replica, self.catalog)
        complete(news.peek(self.replica, self.catalog, self.watcher))
        complete(naming.preparing(self.replica))
        for number in range(EXCHANGES):
            respond(self.replica, self.catalog, f"Ladder {number} network_wide", Request())
        complete(read_contacts(self.replica))
        self.say(COUNT // 2)

    def put(self, record: Record) -> None:
        """Put a record into the store, as if it had been taken in."""
        self.replica.store.records.put(record, state=RecordState.LIVE, received_from=TOWN[0].id, arrived=EPOCH)
        self.replica.trust_state.refresh(self.replica.store, {record.header.author})

    def say(self, number: int) -> None:
        """Let a person vouch for the next ones and the ones before, and friends for the owner."""
        self._version += 1
        vouches: dict[Person | PersonId, int] = {
            TOWN[(number + step) % COUNT]: 999 - self._version for step in (-9, -3, -2, -1, 1, 2, 3, 9)
        }
        if number < FRIENDS:
            vouches[self.replica.me] = 900
        version = self._version
        preference = Preference(Audience.NETWORK_WIDE, Precision.CITY, 30, version)
        self.put(TOWN[number].policy(vouches, preference=preference, version=version, stamp=version, now=EPOCH))


FRIEND, STRANGER = (person_text(TOWN[number].id) for number in (1, 25))
EVERYTHING = discover.DiscoverQuery(trust=0.1, anywhere=True)

IN_STEPS: dict[str, Callable[[Town], Steps[object]]] = {
    "following trust": lambda town: following(town.replica),
    "read contacts": lambda town: read_contacts(town.replica),
    "first reading": lambda town: Catalog(town.replica).preparing(),
    "discover": lambda town: discover.discover(town.replica, town.catalog, EVERYTHING),
    "people": lambda town: people.listing_people(town.replica, (), people.PeopleQuery(all=True)),
    "names": lambda town: naming.preparing(town.replica),
    "news": lambda town: news.peek(town.replica, town.catalog, town.watcher),
    "news seen": lambda town: news.look(town.replica, town.catalog, town.watcher, news.NewsLook()),
    "news cleared": lambda town: news.look(town.replica, town.catalog, town.watcher, news.NewsLook(clear=True)),
    "why a person": lambda town: why.why(town.replica, town.catalog, STRANGER),
    "why a post": lambda town: why.why(town.replica, town.catalog, "Ladder 25 network_wide"),
    "preview": lambda town: audience.preview(town.replica, ListingDraft("offer", "Rake")),
    "audience": lambda town: audience.audience(town.replica, town.catalog, "My ladder"),
    "exchanges": lambda town: exchanges(town.replica, ExchangesQuery()),
    "export": lambda town: export(town.replica, town.catalog, town.watcher),
    "what if: vouch": lambda town: what_if.vouch(town.replica, town.catalog, STRANGER, 0.9),
    "what if: unvouch": lambda town: what_if.unvouch(town.replica, town.catalog, FRIEND),
    "what if: block": lambda town: what_if.block(town.replica, town.catalog, FRIEND),
    "what if: sharing": lambda town: what_if.share(town.replica, town.catalog, SharingChange(audience="my_cell")),
}

AT_ONCE: dict[str, Callable[[Town], object]] = {
    "vouch": lambda town: people.vouch(town.replica, STRANGER, 0.9, ()),
    "unvouch": lambda town: people.unvouch(town.replica, FRIEND, ()),
    "block": lambda town: blocks.block(town.replica, FRIEND),
    "unblock": lambda town: blocks.unblock(town.replica, FRIEND),
    "invite": lambda town: groups.invite(town.replica, "Garden", None, FRIEND),
    "find a person": lambda town: people.person(town.replica, "Neighbor 25", ()),
    "complete a name": lambda town: people.names(town.replica, people.NamesQuery("nei")),
    "post": lambda town: listings.post(town.replica, ListingDraft("offer", "Rake")),
    "evaluate watches": lambda town: town.watcher.evaluate(),
}


@pytest.mark.parametrize("call", IN_STEPS)
def test_no_step_searches_the_web_twice_or_asks_about_many_people(call: str, counters: Counters) -> None:
    steps = IN_STEPS[call](Town())
    taken = 0
    for _ in range(100_000):
        counters.begin()
        try:
            next(steps)
        except StopIteration:
            break
        finally:
            taken += 1
            assert counters.searches <= 1
            assert counters.asked <= STEP * ASKED_PER_PERSON
            assert counters.viewed <= STEP
    assert taken > 1


@pytest.mark.parametrize("call", AT_ONCE)
def test_a_call_that_is_made_at_once_searches_no_whole_web(call: str, counters: Counters) -> None:
    """The searches of the owner are kept and follow what changes, blocks too."""
    town = Town()
    if call == "unblock":
        blocks.block(town.replica, FRIEND)
    counters.begin()
    AT_ONCE[call](town)
    assert counters.searches == 0
