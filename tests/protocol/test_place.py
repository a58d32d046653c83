"""Places: cells of four sizes, which are recognized without h3, and distances that are the same everywhere."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import h3
import pytest
from hypothesis import given
from hypothesis import strategies as st

import protocol
from protocol import (
    LocalError,
    Precision,
    across_km,
    center,
    coarse,
    coarser,
    distance_km,
    distance_words,
    is_cell,
    outline,
    precision_of,
)

HOME = (52.5200, 13.4050)
LATITUDES = st.floats(-90, 90)
LONGITUDES = st.floats(-180, 180)
POINTS = st.tuples(LATITUDES, LONGITUDES)
PRECISIONS = st.sampled_from(Precision)


@given(POINTS, PRECISIONS)
def test_a_point_lies_in_a_cell_of_the_size_asked_for(point: tuple[float, float], precision: Precision) -> None:
    cell = coarse(*point, precision)
    assert is_cell(cell)
    assert h3.get_resolution(cell) == precision
    assert h3.great_circle_distance(h3.cell_to_latlng(cell), point) <= across_km(precision)


@given(st.integers(0, 2**64 - 1) | st.integers(0x84, 0x8D).map(lambda top: top << 52 | 0x12345FFFFFFFF))
def test_any_number_is_a_cell_exactly_if_h3_says_so(number: int) -> None:
    text = f"{number:015x}"
    assert is_cell(text) == (len(text) == 15 and h3.is_valid_cell(text) and h3.get_resolution(text) in {4, 6, 8, 12})


@given(POINTS, PRECISIONS, st.integers(0, 59))
def test_a_cell_with_one_bit_turned_is_judged_as_h3_judges_it(
    point: tuple[float, float], precision: Precision, bit: int
) -> None:
    text = f"{int(coarse(*point, precision), 16) ^ 1 << bit:015x}"
    assert is_cell(text) == (h3.is_valid_cell(text) and h3.get_resolution(text) in {4, 6, 8, 12})


def test_the_child_that_pentagons_lack_is_no_cell() -> None:
    for pentagon in h3.get_pentagons(4):
        index = int(pentagon, 16)
        missing = f"{index | 1 << 3 * (15 - 4):015x}"
        there = f"{index | 2 << 3 * (15 - 4):015x}"
        assert is_cell(pentagon)
        assert not is_cell(missing)
        assert is_cell(there) == h3.is_valid_cell(there)


@pytest.mark.parametrize(
    "text",
    ["", "8928308280fffff", "881f1d4811fffff ", "881F1D4811FFFFF", "0881f1d4811fffff", "8" * 4000, "８81f1d4811fffff",
     "081f1d4811fffff", "ffffffffffffffff", "881f1d4811ffffg", "-81f1d4811fffff"],
)  # fmt: skip
def test_other_text_names_no_place(text: str) -> None:
    assert not is_cell(text)
    with pytest.raises(LocalError, match="not a place"):
        distance_km(text, coarse(*HOME, Precision.CITY))
    with pytest.raises(LocalError, match="not a place"):
        across_km(text)


@pytest.mark.parametrize(
    ("lat", "lon"), [(91, 0), (-90.1, 0), (0, 181), (0, -180.5), (math.nan, 0), (0, math.nan), (math.inf, 0)]
)
def test_points_off_the_globe_are_refused(lat: float, lon: float) -> None:
    with pytest.raises(LocalError, match="latitude"):
        coarse(lat, lon, Precision.EXACT)


@given(POINTS, POINTS, PRECISIONS, PRECISIONS)
def test_distance_is_symmetric_and_measured_between_centers(
    a: tuple[float, float], b: tuple[float, float], fine: Precision, rough: Precision
) -> None:
    here, there = coarse(*a, fine), coarse(*b, rough)
    distance = distance_km(here, there)
    assert distance == distance_km(there, here)
    exact = h3.great_circle_distance(h3.cell_to_latlng(here), h3.cell_to_latlng(there))
    assert abs(distance - exact) <= 0.0005001
    assert distance == round(distance, 3)


def test_the_same_cell_is_no_distance_and_a_cell_within_is_some() -> None:
    city, home = coarse(*HOME, Precision.CITY), coarse(*HOME, Precision.EXACT)
    assert distance_km(city, city) == 0
    assert 0 < distance_km(city, home) < across_km(Precision.CITY)


def test_distance_is_told_no_finer_than_the_cells_are() -> None:
    near, far = (52.5380, 13.4050), (52.5920, 13.4050)

    def told(point: tuple[float, float], precision: Precision) -> str:
        return distance_words(coarse(*HOME, precision), coarse(*point, precision))

    assert told(near, Precision.EXACT) == "2km away"
    assert told(far, Precision.NEIGHBORHOOD) == "8km away"
    assert told(HOME, Precision.EXACT) == "less than 1km away"
    assert told(far, Precision.CITY).startswith("about ")
    assert told(HOME, Precision.CITY) == "in the same area"
    rough = distance_words(coarse(*HOME, Precision.EXACT), coarse(54.0, 13.4, Precision.REGION))
    assert rough.startswith("about 1")


def test_judging_places_that_are_equal_or_junk_loads_no_h3() -> None:
    """Importing h3 takes 48 ms, which a node that computes no distances must not spend."""
    cell = coarse(*HOME, Precision.CITY)
    script = (
        "import sys, protocol\n"
        f"assert protocol.is_cell({cell!r}) and protocol.distance_km({cell!r}, {cell!r}) == 0\n"
        "assert 'h3' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], cwd=Path(protocol.__file__).parents[1], check=True)


@given(POINTS, PRECISIONS, PRECISIONS)
def test_a_cell_made_coarser_lies_around_the_point_and_is_never_finer(
    point: tuple[float, float], fine: Precision, wanted: Precision
) -> None:
    cell = coarser(coarse(*point, fine), wanted)
    assert precision_of(cell) == min(fine, wanted)
    assert h3.great_circle_distance(center(cell), point) <= across_km(cell)


def test_text_that_is_no_cell_cannot_be_made_coarser() -> None:
    for ask in (precision_of, center, lambda cell: coarser(cell, Precision.REGION)):
        with pytest.raises(LocalError):
            ask("nowhere")


@given(POINTS, PRECISIONS)
def test_the_corners_of_a_cell_lie_around_its_center(point: tuple[float, float], precision: Precision) -> None:
    cell = coarse(*point, precision)
    corners = outline(cell)
    assert 5 <= len(corners) <= 10
    for corner in corners:
        assert across_km(cell) / 4 < h3.great_circle_distance(center(cell), corner) < across_km(cell)
