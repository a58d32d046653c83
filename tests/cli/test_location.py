"""Locations as people type and paste them, and how the commands ask about those that are far away."""

from __future__ import annotations

import re

import click
import pytest

from meshnode.cli.location import PlaceType
from tests.cli.village import Village

BERLIN = (52.52, 13.405)


@pytest.mark.parametrize(
    "typed",
    [
        "52.52,13.405",
        " 52.52 , 13.405 ",
        "52.52 13.405",
        "52,52 13,405",
        "+52.52,+13.405",
        "N52.52 E13.405",
        "52.52N, 13.405E",
        "52.52°,13.405°",
        "52.52° N, 13.405° E",
        "geo:52.52,13.405",
        "geo:52.52,13.405;u=35",
    ],
)
def test_one_place_may_be_written_in_many_ways(typed: str) -> None:
    assert PlaceType().convert(typed, None, None) == BERLIN


@pytest.mark.parametrize(
    ("typed", "read"), [("-33.92,-70.65", (-33.92, -70.65)), ("33.92S 70.65W", (-33.92, -70.65)), ("90,0", (90, 0))]
)
def test_south_and_west_are_negative(typed: str, read: tuple[float, float]) -> None:
    assert PlaceType().convert(typed, None, None) == read


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "52.52",
        "Berlin",
        "52.52;13.405",
        "52,52,13,405",
        "N52.52N,13",
        "E13.4 N52.5",
        "nan,13",
        "91,0",
        "0,181",
        "1e1,2",
    ],
)
def test_anything_else_is_refused_with_the_form_to_write(typed: str) -> None:
    with pytest.raises(click.BadParameter, match=r"Write LAT,LON such as 52\.52,13\.40"):
        PlaceType().convert(typed, None, None)


def test_a_location_far_away_needs_a_yes_and_is_shown_with_its_distance(village: Village) -> None:
    village("A", "share", "set", "--place", "52.52,13.405")
    refused = village("A", "offer", "Plums", "--place", "13.405,52.52")
    assert (refused.code, refused.err) == (
        5,
        "meshnode: 13.405,52.52 is 5,556 km from your location. Did you mean 52.52,13.405? If it is right, say so with --yes.\n",
    )
    for again in ("--preview", "--urgency=normal"):
        assert village("A", "offer", "Plums", "--place", "13.405,52.52", again).code == 5
    posted = village("A", "offer", "Plums", "--place", "52.40,13.05")
    assert "Its location is an area about 1 km wide around 52.4023,13.0511, 27km from you." in posted.out
    assert village("A", "edit", "Plums", "--place", "52,52").code == 5
    edited = village("A", "edit", "Plums", "--place", "52,52", "--yes")
    assert re.search(r"52\..*, 2[56][0-9]{2}km from you\.\n$", edited.out)


def test_a_move_far_away_is_said_and_a_mistyped_one_needs_a_yes(village: Village) -> None:
    village("A", "share", "set", "--place", "52.52,13.405")
    assert village("A", "share", "set", "--place", "13.405,52.52").code == 5
    moved = village("A", "share", "set", "--place", "48.85,2.35")
    assert (moved.code, re.search(r"That is 87[0-9] km from where you were\.", moved.err) is not None) == (0, True)
    assert village("A", "share", "set", "--place", "2.35,48.85", "--yes").code == 0
