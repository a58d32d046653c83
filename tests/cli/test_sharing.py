"""`share` as people type it: the forms that must work, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from meshnode.home import Home
from meshnode.store import Store
from protocol import PROFILE_SLOT, Kind, Precision, coarse, parse_body
from tests.cli.village import Village, meshnode


@pytest.mark.promise("Users can set their sharing preference")
def test_users_can_set_their_sharing_preference(village: Village) -> None:
    """A change of the preference moves the listings that follow it, on every node."""
    village("C", "share", "set", "--audience", "my_cell")
    village("C", "offer", "Drill")
    village.settle()
    assert village("A", "discover").out == ""
    reply = village("C", "share", "set", "--audience", "network_wide", "--precision", "city", "--radius", "25")
    assert (reply.code, reply.err) == (0, "")
    assert reply.out.splitlines() == [
        "By default, everyone on the network can see your posts. 1 post follows this.",
        "Your location is not shared. If you set one, others see it to about 7 km.",
        "Nearby means within 25 km.",
        "People learn when this computer has opened their messages, 10 to 60 minutes later.",
    ]
    assert village("C", "share", "show").out == reply.out
    village.settle()
    assert village("A", "discover").out.startswith("1. Drill\ttrusted friend of friend, ")


def test_every_form_answers_in_json(village: Village) -> None:
    reply = json.loads(village("A", "share", "set", "--place", "52.5200,13.4050", "--radius", "30km", "--json").out)
    assert reply["place"] == {"lat": 52.52, "lon": 13.405}
    assert reply["published"]["cell"] == coarse(52.52, 13.405, Precision.NEIGHBORHOOD)
    assert (reply["audience"], reply["precision"], reply["radius_km"]) == ("trusted_network", "neighborhood", 30)
    assert json.loads(village("A", "--json", "share", "show").out) == reply
    gone = json.loads(village("A", "share", "set", "--no-place", "--json").out)
    assert (gone["place"], gone["published"]) == (None, None)


def test_the_place_is_shown_with_what_others_learn_of_it(village: Village) -> None:
    reply = village("A", "share", "set", "--place", "52.5200,13.4050", "--precision", "region")
    first, second = reply.out.splitlines()[1], reply.err
    assert first.startswith(
        "Your exact location (52.52,13.405) stays on this computer. Others see an area about 50 km wide around"
    )
    assert second.startswith(
        "Your radius of 25 km is smaller than the area that others see of your location (region, about 50 km wide)"
    )


def test_a_listing_for_people_nearby_says_how_far_that_is(village: Village) -> None:
    village("A", "share", "set", "--audience", "anyone_local", "--radius", "10", "--place", "52.52,13.405")
    posted = village("A", "offer", "Chairs").out
    assert "Visible to anyone nearby (within 10 km), until" in posted
    village("A", "share", "set", "--radius", "5")
    assert "visible to: anyone nearby (within 5 km)" in village("A", "show", "Chairs").out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--radius", "-5"), "A radius cannot be negative. It goes from 1 to 20000 km"),
        (("--radius", "0"), "A radius of 0 km includes only yourself. The smallest is 1 km."),
        (("--radius", "20001"), "is larger than the earth. The largest is 20000 km."),
        (("--radius", "far"), "is not a radius. Write whole kilometers"),
        (("--radius", "2.5"), "is not a radius. Write whole kilometers"),
        (("--place", "91,0"), "is nowhere on earth"),
        (("--place", "0,181"), "is nowhere on earth"),
        (("--place", "home"), "is not a location"),
        (("--place", "1,1", "--no-place"), "--place and --no-place contradict each other"),
        (("--audience", "everybody"), "'everybody' is not one of"),
        (("--audience", "anyone_local"), '"Anyone nearby" needs your location. Set it: meshnode share set --place'),
        (("--precision", "street"), "'street' is not one of"),
        ((), "Say what to change"),
    ],
)
def test_what_cannot_be_is_one_line_and_changes_nothing(village: Village, words: tuple[str, ...], says: str) -> None:
    before = village("A", "share", "show", "--json").out
    ran = village("A", "share", "set", *words)
    assert (ran.code, ran.out) == (2, "")
    assert says in ran.err
    assert ran.err.count("\n") == 1
    assert village("A", "share", "show", "--json").out == before


def test_init_keeps_the_exact_place_in_its_home_and_publishes_a_coarse_one(tmp_path: Path) -> None:
    ran = meshnode("--home", str(tmp_path), "init", "--name", "Bob", "--place", "52.5200,13.4050", "--no-input")
    assert ran.code == 0
    assert ran.out.splitlines()[1] == "By default, people you're connected to through trust can see your posts."
    with Store.open(Home(tmp_path).store) as store:
        assert store.places.get(PROFILE_SLOT) == (52.52, 13.405)
        (record,) = store.records.bodies(Kind.PROFILE)
        profile = parse_body(Kind.PROFILE, record.body or b"")
        assert getattr(profile, "place", None) == coarse(52.52, 13.405, Precision.NEIGHBORHOOD)


def test_receipts_are_switched_off_and_on(village: Village) -> None:
    off = village("A", "share", "set", "--no-receipts")
    assert "Nobody learns when this computer has opened their messages." in off.out
    assert json.loads(village("A", "share", "show", "--json").out)["receipts"] is False
    assert json.loads(village("A", "share", "set", "--receipts", "--json").out)["receipts"] is True
