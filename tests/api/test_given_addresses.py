"""Addresses of other nodes can be given, listed and taken back over HTTP, and bad ones get one line that says why."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from msgspec.structs import replace

from meshnode.app.explain.given_addresses import GivenAddress
from meshnode.app.peers.given_addresses import GIVEN_MAX
from tests.api.context import Caller

# Typed by hand, and kept as.
GOOD = {
    "192.168.1.20:4747": "192.168.1.20:4747",
    " 192.168.1.20:7000\n": "192.168.1.20:7000",
    "192.168.1.20": "192.168.1.20:4747",
    "pi.local": "pi.local:4747",
    "bücher.example:80": "bücher.example:80",
    "[fd00::7]:4748": "[fd00::7]:4748",
    "[fd00::7]": "[fd00::7]:4747",
    "[fe80::1%eth0]:4747": "[fe80::1%eth0]:4747",
}
BAD = (
    "", ":", ":4747", "pi:", "pi:0", "pi:65536", "pi:port", "pi:-1", "pi: 1", "pi:²", "a b:1", "fd00::7", "fd00::7:4747",
    "[]:4747", "[fd00::7:4747", "http://pi:80", "pi:4747/", "me@pi:1", "pi\x1b[31m:1", "pi\x00:1", "a" * 256 + ":1", "pi,b:1",
)  # fmt: skip


@pytest.mark.parametrize("typed", GOOD)
async def test_an_address_is_given_kept_listed_and_taken_back(alice: Caller, typed: str) -> None:
    added = await alice("POST", "/v1/addresses", {"address": typed})
    assert (added.status, added.body["address"], added.body["kept"]) == (201, GOOD[typed], True)
    assert alice.network.looked == 1
    listed = (await alice("GET", "/v1/addresses")).body["addresses"]
    assert [one["address"] for one in listed] == [GOOD[typed]]
    for path in ("/v1/status", "/v1/peers"):
        assert (await alice("GET", path)).body["given"] == listed
    removed = await alice("DELETE", f"/v1/addresses/{quote(GOOD[typed])}")
    assert (removed.status, removed.body["address"]) == (200, GOOD[typed])
    assert (await alice("GET", "/v1/addresses")).body["addresses"] == []


@pytest.mark.parametrize("typed", BAD)
async def test_a_malformed_address_gets_one_line_that_says_how_to_write_one(alice: Caller, typed: str) -> None:
    answer = await alice("POST", "/v1/addresses", {"address": typed})
    assert (answer.status, answer.body["error"]["code"]) == (400, "usage")
    assert answer.body["error"]["hint"]
    assert all(one.isprintable() for one in answer.body["error"]["message"])
    assert (await alice("GET", "/v1/addresses")).body["addresses"] == []


async def test_giving_an_address_twice_keeps_it_once(alice: Caller) -> None:
    for _ in range(2):
        assert (await alice("POST", "/v1/addresses", {"address": "10.0.0.7"})).status == 201
    assert len((await alice("GET", "/v1/addresses")).body["addresses"]) == 1


async def test_the_address_of_this_node_itself_is_refused(alice: Caller) -> None:
    answer = await alice("POST", "/v1/addresses", {"address": "127.0.0.1:4747"})
    assert (answer.status, answer.body["error"]["code"]) == (409, "refused")


async def test_an_address_that_was_not_given_cannot_be_taken_back(alice: Caller) -> None:
    answer = await alice("DELETE", "/v1/addresses/10.0.0.9")
    assert answer.status == 404
    assert "meshnode peer list" in answer.body["error"]["hint"]


async def test_there_is_a_most_of_them(alice: Caller) -> None:
    for number in range(GIVEN_MAX):
        assert (await alice("POST", "/v1/addresses", {"address": f"10.0.0.{number}"})).status == 201
    answer = await alice("POST", "/v1/addresses", {"address": "10.0.1.1"})
    assert (answer.status, answer.body["error"]["code"]) == (409, "refused")
    assert "peer remove" in answer.body["error"]["hint"]


async def test_an_address_of_a_setting_is_listed_with_who_was_found_and_taken_back_where_it_was_set(
    callers: tuple[Caller, Caller, Caller],
) -> None:
    alice, bob, _ = callers
    given = (GivenAddress("10.0.0.7", 4747, bob.replica.me, "connected"),)
    alice.network.now = replace(alice.network.now, given=given)
    [listed] = (await alice("GET", "/v1/addresses")).body["addresses"]
    assert (listed["kept"], listed["person"]["name"], listed["outcome"]) == (False, "Bob", "connected")
    answer = await alice("DELETE", "/v1/addresses/10.0.0.7:4747")
    assert (answer.status, answer.body["error"]["code"]) == (409, "refused")
    assert "config.toml" in answer.body["error"]["message"]
